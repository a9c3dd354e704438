use std::fs;
use std::path::PathBuf;

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::data_folder;
use crate::s3_client::http_client;
use crate::{Authority, Port, Process};

mod accounts;
mod apply;
mod etcd;

pub use accounts::Account;

/// A Kubernetes API: kube-apiserver with etcd, and nothing that would run a pod. RBAC
/// holds: the users of [`Self::USERS`] may do nothing until they are granted it.
pub struct Kubernetes {
    apiserver: Option<Process>,
    etcd: Process,
    port: Port,
    etcd_port: Port,
    _etcd_peer_port: Port,
    authority: Authority,
    folder: TempDir,
    more: Vec<String>,
}

impl Kubernetes {
    /// The token of the one who may do all.
    pub const ADMIN: &str = "admin-token";
    /// Users who have no right of their own: the token of `alice` is `alice-token`.
    pub const USERS: [&str; 4] = ["alice", "bob", "carol", "dave"];

    /// Starts both.
    ///
    /// # Panics
    /// When one is not installed or does not come up.
    pub async fn start() -> Self {
        let mut kubernetes = Self::stopped().await;
        kubernetes.resume().await;
        kubernetes
    }

    /// Starts etcd alone; [`Self::resume`] starts the API server.
    pub async fn stopped() -> Self {
        Self::stopped_with(&[]).await
    }

    /// Starts etcd alone. The API server will get these arguments more.
    pub async fn stopped_with(arguments: &[&str]) -> Self {
        let folder = data_folder();
        let authority = Authority::new();
        let (port, etcd_port, peer_port) = (Port::take(), Port::take(), Port::take());
        let write = |name: &str, content: &str| {
            fs::write(folder.path().join(name), content).unwrap();
        };
        let identity = authority.issue(&["127.0.0.1", "localhost"]);
        write("ca.crt", authority.pem());
        write("apiserver.crt", &identity.certificate);
        write("apiserver.key", &identity.key);
        let accounts = rcgen::KeyPair::generate().unwrap();
        write("accounts.key", &accounts.serialize_pem());
        write("accounts.pub", &accounts.public_key_pem());
        let mut tokens = format!("{},admin,admin,\"system:masters\"\n", Self::ADMIN);
        for user in Self::USERS {
            tokens += &format!("{user}-token,{user},{user}\n");
        }
        write("tokens.csv", &tokens);
        let etcd = start_etcd(&folder, &etcd_port, &peer_port).await;
        Self {
            apiserver: None,
            etcd,
            port,
            etcd_port,
            _etcd_peer_port: peer_port,
            authority,
            folder,
            more: arguments.iter().map(ToString::to_string).collect(),
        }
    }

    /// Its address: `https://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// Its port.
    pub const fn port(&self) -> u16 {
        self.port.number()
    }

    /// The authority that its certificate is of.
    pub fn authority(&self) -> &str {
        self.authority.pem()
    }

    /// The certificate that it shows.
    pub fn certificate(&self) -> String {
        fs::read_to_string(self.folder.path().join("apiserver.crt")).unwrap()
    }

    /// The pids of the API server, while it runs, and of etcd.
    pub fn pids(&self) -> (Option<u32>, u32) {
        (self.apiserver.as_ref().map(Process::pid), self.etcd.pid())
    }

    /// Ends the API server at once, as where its machine is switched off: its way to stop
    /// in order takes a minute. etcd stays; [`Self::resume`] starts it again.
    pub fn kill(&mut self) {
        self.apiserver = None;
    }

    /// Suspends the API server: it accepts connections and answers nothing; or lets it go on.
    pub fn freeze(&mut self, frozen: bool) {
        let process = self.apiserver.as_mut().expect("the API server is stopped");
        process.signal(if frozen { "STOP" } else { "CONT" });
    }

    /// Starts the API server, again after [`Self::kill`] with the same port and data.
    pub async fn resume(&mut self) {
        assert!(self.apiserver.is_none(), "the API server runs already");
        let path = |name: &str| self.folder.path().join(name).display().to_string();
        let arguments = [
            format!("--etcd-servers=http://127.0.0.1:{}", self.etcd_port),
            "--bind-address=127.0.0.1".to_owned(),
            "--advertise-address=127.0.0.1".to_owned(),
            format!("--secure-port={}", self.port),
            format!("--tls-cert-file={}", path("apiserver.crt")),
            format!("--tls-private-key-file={}", path("apiserver.key")),
            format!("--cert-dir={}", path("certs")),
            "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
            format!(
                "--service-account-signing-key-file={}",
                path("accounts.key")
            ),
            format!("--service-account-key-file={}", path("accounts.pub")),
            format!("--token-auth-file={}", path("tokens.csv")),
            "--authorization-mode=RBAC".to_owned(),
            "--service-cluster-ip-range=10.0.0.0/24".to_owned(),
            "--endpoint-reconciler-type=none".to_owned(),
            "--disable-admission-plugins=ServiceAccount".to_owned(),
        ];
        let arguments = arguments.iter().chain(&self.more);
        let arguments: Vec<_> = arguments.map(String::as_str).collect();
        let folder = self.folder.path();
        let mut process = Process::serve("kube-apiserver", &arguments, &[], folder);
        let ready = || async { self.send(Method::GET, "/readyz", None).await.is_ok() };
        process.until("it is ready", ready).await;
        self.apiserver = Some(process);
    }

    /// Writes a kubeconfig with this token, and gives its path.
    pub fn kubeconfig(&self, name: &str, token: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        let text = self.kubeconfig_text(&self.endpoint(), &json!({ "token": token }));
        fs::write(&path, text).unwrap();
        path
    }

    /// A kubeconfig for this server, or what stands before it, and this `user`. Its
    /// context is named `seed`.
    pub fn kubeconfig_text(&self, server: &str, user: &Value) -> String {
        let authority = self.folder.path().join("ca.crt");
        // Any JSON is YAML.
        serde_json::to_string_pretty(&json!({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "seed",
            "contexts": [{"name": "seed", "context": {"cluster": "seed", "user": "user"}}],
            "clusters": [{
                "name": "seed",
                "cluster": {"server": server, "certificate-authority": authority},
            }],
            "users": [{"name": "user", "user": user}],
        }))
        .unwrap()
    }

    /// Sends a request as the one who may do all, and gives the answer; where it is
    /// refused, its status and text.
    ///
    /// # Errors
    /// Any status but a 2xx, and no answer.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, String> {
        let patch = method == Method::PATCH;
        // A client of its own for each: one that is shared would die with the first
        // test's runtime.
        let mut request = http_client(Some(self.authority.pem()))
            .request(method, format!("{}{path}", self.endpoint()))
            .bearer_auth(Self::ADMIN);
        if let Some(body) = body {
            let kind = match patch {
                true => "application/merge-patch+json",
                false => "application/json",
            };
            request = request.header("content-type", kind).body(body.to_string());
        }
        let answer = request.send().await.map_err(|error| error.to_string())?;
        let status = answer.status();
        let text = answer.text().await.map_err(|error| error.to_string())?;
        match status.is_success() {
            true => Ok(serde_json::from_str(&text).unwrap_or(Value::String(text))),
            false => Err(format!("{status}: {text}")),
        }
    }

    /// Creates an object in the collection at `path`.
    ///
    /// # Panics
    /// When it is refused; so do the ones below.
    pub async fn create(&self, path: &str, object: &Value) -> Value {
        self.must(Method::POST, path, Some(object)).await
    }

    /// Changes an object by a merge patch.
    pub async fn patch(&self, path: &str, patch: &Value) {
        self.must(Method::PATCH, path, Some(patch)).await;
    }

    /// Deletes an object.
    pub async fn delete(&self, path: &str) {
        self.must(Method::DELETE, path, None).await;
    }

    async fn must(&self, method: Method, path: &str, body: Option<&Value>) -> Value {
        let answer = self.send(method.clone(), path, body).await;
        answer.unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    /// Installs the CRD of Kubermatic's clusters: `clusters.kubermatic.k8c.io`.
    pub async fn install_clusters(&self) {
        self.install_crd("kubermatic.k8c.io", "clusters", "Cluster")
            .await;
    }

    /// Installs a CRD of a cluster-scoped kind in version `v1`, and waits until it is served.
    pub async fn install_crd(&self, group: &str, plural: &str, kind: &str) {
        let any = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
        self.install_crd_of(("Cluster", group, plural, kind), &any)
            .await;
    }

    /// The same of a kind whose objects are in namespaces, and are like this schema.
    pub async fn install_namespaced_crd(
        &self,
        group: &str,
        plural: &str,
        kind: &str,
        schema: &Value,
    ) {
        self.install_crd_of(("Namespaced", group, plural, kind), schema)
            .await;
    }

    async fn install_crd_of(
        &self,
        (scope, group, plural, kind): (&str, &str, &str, &str),
        schema: &Value,
    ) {
        let crd = json!({
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": format!("{plural}.{group}")},
            "spec": {
                "group": group,
                "scope": scope,
                "names": {"plural": plural, "singular": kind.to_lowercase(), "kind": kind},
                "versions": [{
                    "name": "v1",
                    "served": true,
                    "storage": true,
                    "schema": {"openAPIV3Schema": schema},
                }],
            },
        });
        let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        self.create(path, &crd).await;
        let objects = format!("/apis/{group}/v1/{plural}");
        let mut tries = 0;
        while let Err(error) = self.send(Method::GET, &objects, None).await {
            tries += 1;
            assert!(tries < 600, "{plural}.{group} is not served: {error}");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }

    /// Creates a namespace, where there is none of this name.
    pub async fn create_namespace(&self, name: &str) {
        let namespace =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        let made = self.send(Method::POST, "/api/v1/namespaces", Some(&namespace));
        if let Err(refused) = made.await {
            assert!(
                refused.starts_with("409"),
                "the namespace {name}: {refused}"
            );
        }
    }

    /// Creates a Kubermatic cluster.
    pub async fn create_cluster(&self, name: &str) -> Value {
        let cluster = json!({
            "apiVersion": "kubermatic.k8c.io/v1",
            "kind": "Cluster",
            "metadata": {"name": name},
        });
        self.create("/apis/kubermatic.k8c.io/v1/clusters", &cluster)
            .await
    }

    /// Deletes a Kubermatic cluster.
    pub async fn delete_cluster(&self, name: &str) {
        self.delete(&format!("/apis/kubermatic.k8c.io/v1/clusters/{name}"))
            .await;
    }

    /// Lets a user do `verbs` on a cluster-scoped kind, and nothing else that an earlier
    /// call granted.
    pub async fn grant(&self, user: &str, verbs: &[&str], group: &str, plural: &str) {
        let roles = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
        let bindings = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
        let name = format!("{user}-{plural}.{group}");
        let role = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": name},
            "rules": [{"apiGroups": [group], "resources": [plural], "verbs": verbs}],
        });
        let binding = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": name},
            "subjects": [{"kind": "User", "name": user, "apiGroup": "rbac.authorization.k8s.io"}],
            "roleRef": {"kind": "ClusterRole", "name": name, "apiGroup": "rbac.authorization.k8s.io"},
        });
        let at = format!("{roles}/{name}");
        if self.send(Method::GET, &at, None).await.is_ok() {
            self.patch(&at, &json!({"rules": role["rules"]})).await;
            return;
        }
        self.create(roles, &role).await;
        self.create(bindings, &binding).await;
    }
}

async fn start_etcd(folder: &TempDir, port: &Port, peer_port: &Port) -> Process {
    let client = format!("http://127.0.0.1:{port}");
    let peer = format!("http://127.0.0.1:{peer_port}");
    let data = folder.path().join("etcd").display().to_string();
    let arguments = [
        "--data-dir",
        &data,
        "--listen-client-urls",
        &client,
        "--advertise-client-urls",
        &client,
        "--listen-peer-urls",
        &peer,
        // A test's data is not worth a wait for the disk.
        "--unsafe-no-fsync",
    ];
    let mut etcd = Process::serve("etcd", &arguments, &[], folder.path());
    let (http, health) = (http_client(None), format!("{client}/health"));
    etcd.until("it is healthy", || async {
        let answer = http.get(&health).send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    })
    .await;
    etcd
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_keeps_its_objects_over_a_restart_and_knows_users_and_rights() {
        let mut kubernetes = Kubernetes::start().await;
        kubernetes.install_clusters().await;
        kubernetes.create_cluster("one").await;
        kubernetes.kill();
        kubernetes.resume().await;
        let path = "/apis/kubermatic.k8c.io/v1/clusters/one";
        let one = kubernetes.send(Method::GET, path, None).await.unwrap();
        assert_eq!(one["metadata"]["name"], "one");

        let get = || async {
            http_client(Some(kubernetes.authority()))
                .get(format!("{}{path}", kubernetes.endpoint()))
                .bearer_auth("alice-token")
                .send()
                .await
                .unwrap()
                .status()
        };
        assert_eq!(get().await, 403);
        kubernetes
            .grant("alice", &["get"], "kubermatic.k8c.io", "clusters")
            .await;
        while get().await != 200 {} // RBAC follows within milliseconds
        kubernetes
            .grant("alice", &["list"], "kubermatic.k8c.io", "clusters")
            .await;
        while get().await != 403 {}
        kubernetes.delete_cluster("one").await;
        let gone = kubernetes.send(Method::GET, path, None).await.unwrap_err();
        assert!(gone.starts_with("404"), "{gone}");
    }
}
