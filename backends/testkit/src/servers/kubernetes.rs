use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rcgen::KeyPair;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::data_folder;
use crate::s3_client::http_client;
use crate::{Authority, Port, Process};

/// Kubermatic's clusters, by their path in the API.
const CLUSTERS: &str = "/apis/kubermatic.k8c.io/v1/clusters";
const CRDS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const CRD: &str = "clusters.kubermatic.k8c.io";
const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";

/// A kube-apiserver with its etcd, and nothing else of Kubernetes: objects come and go as
/// the API is asked, no controller touches them.
pub struct Kubernetes {
    api: Option<Process>,
    _etcd: Process,
    port: Port,
    etcd_ports: [Port; 2],
    authority: Authority,
    folder: TempDir,
    http: Client,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KubeUser {
    /// May do all.
    Admin,
    /// May get, list and watch `clusters.kubermatic.k8c.io`, as the chart's role says.
    Watcher,
    /// Is known and may do nothing.
    Nobody,
}

impl KubeUser {
    const ALL: [Self; 3] = [Self::Admin, Self::Watcher, Self::Nobody];

    const fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Watcher => "watcher",
            Self::Nobody => "nobody",
        }
    }

    /// The bearer token.
    pub fn token(self) -> String {
        format!("token-of-{}", self.name())
    }
}

impl Kubernetes {
    /// Starts both, makes the three users' rights and the resource `Cluster`.
    pub async fn start() -> Self {
        let kubernetes = Self::start_bare().await;
        kubernetes.create_crd().await;
        kubernetes
    }

    /// The same without the resource `Cluster`.
    ///
    /// # Panics
    /// When one is not installed or does not come up, as everything here that gives no
    /// `Result`.
    pub async fn start_bare() -> Self {
        let folder = data_folder();
        let authority = Authority::new();
        write_files(folder.path(), &authority);
        let etcd_ports = [Port::take(), Port::take()];
        let etcd = start_etcd(folder.path(), &etcd_ports).await;
        let http = http_client(Some(authority.pem()));
        let mut kubernetes = Self {
            api: None,
            _etcd: etcd,
            port: Port::take(),
            etcd_ports,
            authority,
            folder,
            http,
        };
        kubernetes.resume().await;
        kubernetes.create_role().await;
        kubernetes.grant().await;
        kubernetes
    }

    /// Its address: `https://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// The authority that signed its certificate.
    pub const fn authority(&self) -> &Authority {
        &self.authority
    }

    /// A kubeconfig for the user, whose context has the user's name.
    pub fn kubeconfig(&self, user: KubeUser) -> PathBuf {
        self.kubeconfig_with(user, &user.token(), &self.endpoint())
    }

    /// A kubeconfig with another token or address, such as a proxy's.
    pub fn kubeconfig_with(&self, user: KubeUser, token: &str, endpoint: &str) -> PathBuf {
        let name = user.name();
        let ca = self.folder.path().join("ca.crt");
        // JSON is YAML.
        let text = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "test", "cluster": {
                "server": endpoint, "certificate-authority": ca}}],
            "users": [{"name": name, "user": {"token": token}}],
            "contexts": [{"name": name, "context": {"cluster": "test", "user": name}}],
            "current-context": name,
        });
        let path = self.folder.path().join(format!("kubeconfig-{name}"));
        fs::write(&path, text.to_string()).unwrap();
        path
    }

    /// Stops the API server as an operator would; etcd stays.
    pub async fn stop(&mut self) {
        if let Some(mut process) = self.api.take() {
            process.signal("TERM");
            process.wait().await;
        }
    }

    /// Ends the API server at once.
    pub fn kill(&mut self) {
        self.api = None;
    }

    /// Starts the API server again, on the same port.
    pub async fn resume(&mut self) {
        assert!(self.api.is_none(), "kube-apiserver runs already");
        let path = |name: &str| self.folder.path().join(name).to_string_lossy().into_owned();
        let arguments = [
            format!("--etcd-servers=http://127.0.0.1:{}", self.etcd_ports[0]),
            "--bind-address=127.0.0.1".to_owned(),
            format!("--secure-port={}", self.port),
            format!("--cert-dir={}", path("certs")),
            format!("--tls-cert-file={}", path("tls.crt")),
            format!("--tls-private-key-file={}", path("tls.key")),
            "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
            format!("--service-account-signing-key-file={}", path("sa.key")),
            format!("--service-account-key-file={}", path("sa.pub")),
            format!("--token-auth-file={}", path("tokens.csv")),
            "--authorization-mode=RBAC".to_owned(),
            "--service-cluster-ip-range=10.0.0.0/24".to_owned(),
            "--endpoint-reconciler-type=none".to_owned(),
            "--disable-admission-plugins=ServiceAccount".to_owned(),
        ];
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let mut process =
            Process::serve("kube-apiserver", &arguments, &[], self.folder.path());
        let url = format!("{}/readyz", self.endpoint());
        process
            .until("it is ready", || async {
                let request = self.http.get(&url).bearer_auth(KubeUser::Admin.token());
                let answer = request.send().await;
                answer.is_ok_and(|answer| answer.status().is_success())
            })
            .await;
        self.api = Some(process);
    }

    /// Makes the resource `Cluster`, and waits until it is served.
    pub async fn create_crd(&self) {
        let names = json!({
            "kind": "Cluster", "listKind": "ClusterList", "plural": "clusters",
            "singular": "cluster"});
        let schema = json!({
            "openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}});
        self.create(
            CRDS,
            json!({
                "apiVersion": "apiextensions.k8s.io/v1",
                "kind": "CustomResourceDefinition",
                "metadata": {"name": CRD},
                "spec": {
                    "group": "kubermatic.k8c.io", "scope": "Cluster", "names": names,
                    "versions": [
                        {"name": "v1", "served": true, "storage": true, "schema": schema}],
                },
            }),
        )
        .await;
        self.wait_for("the resource to be served", CLUSTERS, StatusCode::OK)
            .await;
    }

    /// Removes the resource `Cluster` with all clusters.
    pub async fn delete_crd(&self) {
        self.delete(&format!("{CRDS}/{CRD}")).await;
        self.wait_for("the resource to go", CLUSTERS, StatusCode::NOT_FOUND)
            .await;
    }

    /// Makes a cluster.
    pub async fn create_cluster(&self, name: &str) {
        self.create_cluster_with(json!({"name": name})).await;
    }

    /// Makes a cluster with these metadata: labels, finalizers.
    pub async fn create_cluster_with(&self, metadata: Value) {
        self.create(
            CLUSTERS,
            json!({
                "apiVersion": "kubermatic.k8c.io/v1", "kind": "Cluster",
                "metadata": metadata, "spec": {},
            }),
        )
        .await;
    }

    /// Deletes a cluster. One with finalizers stays and is being deleted.
    pub async fn delete_cluster(&self, name: &str) {
        self.delete(&format!("{CLUSTERS}/{name}")).await;
    }

    /// Changes a cluster by a merge patch.
    pub async fn patch_cluster(&self, name: &str, patch: Value) {
        let path = format!("{CLUSTERS}/{name}");
        let result = self.request(Method::PATCH, &path, Some(patch)).await;
        result.unwrap_or_else(|(status, text)| panic!("changing {path}: {status} {text}"));
    }

    /// Gives [`KubeUser::Watcher`] the rights of the chart's role.
    pub async fn grant(&self) {
        self.create(
            &format!("{RBAC}/clusterrolebindings"),
            json!({
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
                "metadata": {"name": "s3-exporter"},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
                    "name": "s3-exporter"},
                "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User",
                    "name": KubeUser::Watcher.name()}],
            }),
        )
        .await;
    }

    /// Takes these rights back.
    pub async fn revoke(&self) {
        self.delete(&format!("{RBAC}/clusterrolebindings/s3-exporter"))
            .await;
    }

    /// Asks the API as the admin.
    ///
    /// # Errors
    /// The status and the body of an answer that is not a success.
    pub async fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, (StatusCode, String)> {
        let kind = match method {
            Method::PATCH => "application/merge-patch+json",
            _ => "application/json",
        };
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.endpoint()))
            .bearer_auth(KubeUser::Admin.token())
            .header("content-type", kind);
        if let Some(body) = body {
            request = request.body(body.to_string());
        }
        let answer = request
            .send()
            .await
            .unwrap_or_else(|error| panic!("{path}: {error:?}"));
        let status = answer.status();
        let text = answer.text().await.unwrap();
        if !status.is_success() {
            return Err((status, text));
        }
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    async fn create_role(&self) {
        self.create(
            &format!("{RBAC}/clusterroles"),
            json!({
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
                "metadata": {"name": "s3-exporter"},
                "rules": [{"apiGroups": ["kubermatic.k8c.io"], "resources": ["clusters"],
                    "verbs": ["get", "list", "watch"]}],
            }),
        )
        .await;
    }

    async fn create(&self, path: &str, object: Value) {
        let result = self.request(Method::POST, path, Some(object)).await;
        result.unwrap_or_else(|(status, text)| panic!("creating in {path}: {status} {text}"));
    }

    async fn delete(&self, path: &str) {
        let result = self.request(Method::DELETE, path, None).await;
        result.unwrap_or_else(|(status, text)| panic!("deleting {path}: {status} {text}"));
    }

    async fn wait_for(&self, what: &str, path: &str, wanted: StatusCode) {
        for _ in 0..1500 {
            let result = self.request(Method::GET, path, None).await;
            let status = result.err().map_or(StatusCode::OK, |(status, _)| status);
            if status == wanted {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("waited 30 s for {what}");
    }
}

fn write_files(folder: &Path, authority: &Authority) {
    let identity = authority.issue(&["127.0.0.1", "localhost"]);
    let accounts = KeyPair::generate().unwrap();
    let tokens: String = KubeUser::ALL
        .iter()
        .map(|user| {
            let group = if *user == KubeUser::Admin {
                "system:masters"
            } else {
                "people"
            };
            format!(
                "{},{},{},\"{group}\"\n",
                user.token(),
                user.name(),
                user.name()
            )
        })
        .collect();
    let files = [
        ("ca.crt", authority.pem().to_owned()),
        ("tls.crt", identity.certificate),
        ("tls.key", identity.key),
        ("sa.key", accounts.serialize_pem()),
        ("sa.pub", accounts.public_key_pem()),
        ("tokens.csv", tokens),
    ];
    for (name, text) in files {
        fs::write(folder.join(name), text).unwrap();
    }
}

async fn start_etcd(folder: &Path, [client, peer]: &[Port; 2]) -> Process {
    let client = format!("http://127.0.0.1:{client}");
    let arguments = [
        format!("--data-dir={}", folder.join("etcd").display()),
        format!("--listen-client-urls={client}"),
        format!("--advertise-client-urls={client}"),
        format!("--listen-peer-urls=http://127.0.0.1:{peer}"),
        format!("--initial-advertise-peer-urls=http://127.0.0.1:{peer}"),
        format!("--initial-cluster=default=http://127.0.0.1:{peer}"),
    ];
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let mut process = Process::serve("etcd", &arguments, &[], folder);
    let http = http_client(None);
    let url = format!("{client}/health");
    process
        .until("it is healthy", || async {
            let answer = http.get(&url).send().await;
            answer.is_ok_and(|answer| answer.status().is_success())
        })
        .await;
    process
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn status(kubernetes: &Kubernetes, user: KubeUser, method: Method) -> StatusCode {
        let url = format!("{}{CLUSTERS}", kubernetes.endpoint());
        let request = kubernetes
            .http
            .request(method, url)
            .bearer_auth(user.token());
        request.send().await.unwrap().status()
    }

    async fn names(kubernetes: &Kubernetes) -> Vec<String> {
        let list = kubernetes
            .request(Method::GET, CLUSTERS, None)
            .await
            .unwrap();
        let items = list["items"].as_array().unwrap().iter();
        items
            .map(|item| item["metadata"]["name"].as_str().unwrap().to_owned())
            .collect()
    }

    #[tokio::test]
    async fn it_keeps_clusters_over_a_restart_and_knows_who_may_see_them() {
        let mut kubernetes = Kubernetes::start().await;
        kubernetes.create_cluster("lg69pmx8wf").await;
        kubernetes
            .create_cluster_with(json!({"name": "stays", "finalizers": ["a/b"]}))
            .await;
        kubernetes.stop().await;
        kubernetes.resume().await;
        assert_eq!(names(&kubernetes).await, ["lg69pmx8wf", "stays"]);
        kubernetes.delete_cluster("lg69pmx8wf").await;
        kubernetes.delete_cluster("stays").await;
        assert_eq!(names(&kubernetes).await, ["stays"]);
        kubernetes
            .patch_cluster("stays", json!({"metadata": {"finalizers": null}}))
            .await;
        assert!(names(&kubernetes).await.is_empty());

        assert_eq!(
            status(&kubernetes, KubeUser::Watcher, Method::GET).await,
            200
        );
        assert_eq!(
            status(&kubernetes, KubeUser::Watcher, Method::DELETE).await,
            403
        );
        assert_eq!(
            status(&kubernetes, KubeUser::Nobody, Method::GET).await,
            403
        );
        kubernetes.revoke().await;
        let mut answer = status(&kubernetes, KubeUser::Watcher, Method::GET).await;
        for _ in 0..1500 {
            if answer == 403 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
            answer = status(&kubernetes, KubeUser::Watcher, Method::GET).await;
        }
        assert_eq!(answer, 403);
        kubernetes.grant().await;
        kubernetes.delete_crd().await;
        kubernetes.create_crd().await;
    }
}
