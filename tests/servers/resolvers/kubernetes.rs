use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use reqwest::Method;
use s3_exporter::resolver::kubernetes::KubernetesResolver as Config;
use s3_exporter_testkit::servers::Kubernetes;
use s3_exporter_testkit::{Authority, Proxy, S3sServer};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::resolvers::gate::{Gate, State};
use crate::resolvers::{Running, listed};

/// One server for all tests that leave it running; each has a kind of its own there.
static SHARED: OnceCell<Kubernetes> = OnceCell::const_new();

pub async fn shared() -> &'static Kubernetes {
    SHARED.get_or_init(Kubernetes::start).await
}

/// A cluster-scoped kind `Widget` in a group of its own.
struct Widgets {
    server: &'static Kubernetes,
    group: String,
}

impl Widgets {
    async fn install(test: &str) -> Self {
        let widgets = Self::missing(test).await;
        widgets
            .server
            .install_crd(&widgets.group, "widgets", "Widget")
            .await;
        widgets
    }

    async fn missing(test: &str) -> Self {
        Self {
            server: shared().await,
            group: format!("{test}.test"),
        }
    }

    fn path(&self) -> String {
        format!("/apis/{}/v1/widgets", self.group)
    }

    fn object(&self, name: &str) -> Value {
        json!({
            "apiVersion": format!("{}/v1", self.group),
            "kind": "Widget",
            "metadata": {"name": name},
        })
    }

    async fn create(&self, name: &str) -> Value {
        self.server.create(&self.path(), &self.object(name)).await
    }

    async fn patch(&self, name: &str, patch: Value) {
        self.server
            .patch(&format!("{}/{name}", self.path()), &patch)
            .await;
    }

    async fn delete(&self, name: &str) {
        self.server.delete(&format!("{}/{name}", self.path())).await;
    }

    async fn delete_crd(&self) {
        let crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        self.server
            .delete(&format!("{crds}/widgets.{}", self.group))
            .await;
    }

    /// What to watch, with a kubeconfig of the one who may do all.
    fn config(&self) -> Config {
        let name = format!("{}.kubeconfig", self.group);
        self.config_with(self.server.kubeconfig(&name, Kubernetes::ADMIN))
    }

    fn config_with(&self, kubeconfig: PathBuf) -> Config {
        config(kubeconfig, &format!("{}/v1", self.group), "Widget")
    }
}

fn config(kubeconfig: PathBuf, api_version: &str, kind: &str) -> Config {
    Config {
        kubeconfig: Some(kubeconfig),
        context: None,
        api_version: api_version.to_owned(),
        kind: kind.to_owned(),
        label_selector: None,
        field_selector: None,
        namespace: None,
    }
}

fn start(config: Config) -> Running {
    Running::start(config)
}

#[tokio::test]
async fn names_come_and_go_with_their_objects() {
    let widgets = Widgets::install("names").await;
    let created = widgets.create("a").await;
    widgets.create("b").await;
    let mut running = start(widgets.config());
    let now = running.knows(&["a", "b"]).await;

    let time = created["metadata"]["creationTimestamp"].as_str().unwrap();
    let time: jiff::Timestamp = time.parse().unwrap();
    let clusters = now.clusters.unwrap();
    let (_, a) = clusters.iter().next().unwrap();
    assert_eq!(a.created.unwrap().as_millis(), time.as_millisecond());

    widgets.create("c").await;
    running.knows(&["a", "b", "c"]).await;
    widgets.delete("a").await;
    running.knows(&["b", "c"]).await;

    // One that waits for a finalizer is gone for us at once.
    let mut waits = widgets.object("d");
    waits["metadata"]["finalizers"] = json!(["names.test/wait"]);
    widgets.server.create(&widgets.path(), &waits).await;
    running.knows(&["b", "c", "d"]).await;
    widgets.delete("d").await;
    running.knows(&["b", "c"]).await;
    let at = format!("{}/d", widgets.path());
    let there = widgets.server.send(Method::GET, &at, None).await.unwrap();
    assert!(there["metadata"]["deletionTimestamp"].is_string());
    // And it does not come back when a session lists it.
    let mut second = start(widgets.config());
    second.knows(&["b", "c"]).await;
    widgets
        .patch("d", json!({"metadata": {"finalizers": null}}))
        .await;
    widgets.create("e").await;
    let quiet = running.knows(&["b", "c", "e"]).await;
    running.confirmed_after(quiet.last_success).await;
    assert!(running.history().iter().all(|set| set.len() > 1));
}

#[tokio::test]
async fn selectors_choose_the_objects() {
    let widgets = Widgets::install("selectors").await;
    let labelled = |value: &str| json!({"metadata": {"labels": {"tier": value}}});
    for (name, tier) in [("a", "gold"), ("b", "tin"), ("c", "gold"), ("d", "gold")] {
        widgets.create(name).await;
        widgets.patch(name, labelled(tier)).await;
    }
    let mut running = start(Config {
        label_selector: Some("tier=gold".to_owned()),
        field_selector: Some("metadata.name!=c".to_owned()),
        ..widgets.config()
    });
    running.knows(&["a", "d"]).await;
    widgets.patch("b", labelled("gold")).await;
    running.knows(&["a", "b", "d"]).await;
    widgets.patch("a", labelled("tin")).await;
    running.knows(&["b", "d"]).await;

    let mut wrong = start(Config {
        label_selector: Some("a=b=c".to_owned()),
        ..widgets.config()
    });
    wrong
        .fails(&["(400)", "check label_selector and field_selector"])
        .await;
}

#[tokio::test]
async fn a_namespaced_kind_counts_each_name_once() {
    let server = shared().await;
    let at = |namespace: &str| format!("/api/v1/namespaces/{namespace}/configmaps");
    for namespace in ["left", "right"] {
        let object =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
        server.create("/api/v1/namespaces", &object).await;
    }
    for (namespace, name) in [("left", "a"), ("left", "b"), ("right", "b"), ("right", "c")] {
        let object = json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": name, "labels": {"backed-up": "yes"}},
        });
        server.create(&at(namespace), &object).await;
    }
    let kubeconfig = server.kubeconfig("maps.kubeconfig", Kubernetes::ADMIN);
    let all = Config {
        label_selector: Some("backed-up".to_owned()),
        ..config(kubeconfig, "v1", "ConfigMap")
    };
    let one = Config {
        namespace: Some("right".to_owned()),
        ..all.clone()
    };
    let (mut all, mut one) = (start(all), start(one));
    all.knows(&["a", "b", "c"]).await;
    one.knows(&["b", "c"]).await;
    server.delete(&format!("{}/b", at("right"))).await;
    one.knows(&["c"]).await;
    server.delete(&format!("{}/a", at("left"))).await;
    all.knows(&["b", "c"]).await;
    server.delete(&format!("{}/b", at("left"))).await;
    all.knows(&["c"]).await;
}

#[tokio::test]
async fn a_namespace_for_a_kind_that_has_none_is_refused() {
    let widgets = Widgets::install("nonamespace").await;
    let mut running = start(Config {
        namespace: Some("default".to_owned()),
        ..widgets.config()
    });
    let expected = "widgets.nonamespace.test are in no namespace, but `namespace` is \"default\"";
    running.fails(&[expected]).await;
}

#[tokio::test]
async fn a_list_of_many_pages_is_told_whole() {
    let widgets = Widgets::install("pages").await;
    let mut names: Vec<_> = (0..1100).map(|n| format!("c{n:04}")).collect();
    for some in names.chunks(50) {
        futures::future::join_all(some.iter().map(|name| widgets.create(name))).await;
    }
    let mut running = start(widgets.config());
    let all: Vec<_> = names.iter().map(String::as_str).collect();
    running.knows(&all).await;
    assert_eq!(running.history(), std::slice::from_ref(&all));
    // A burst is told in sets that are 200 ms apart, however long it takes.
    let started = Instant::now();
    let more: Vec<_> = (0..300).map(|n| format!("d{n:04}")).collect();
    for some in more.chunks(10) {
        futures::future::join_all(some.iter().map(|name| widgets.create(name))).await;
    }
    names.extend(more);
    let all: Vec<_> = names.iter().map(String::as_str).collect();
    running.knows(&all).await;
    let (sets, took) = (running.history().len() as u128, started.elapsed());
    assert!(
        sets <= 3 + took.as_millis() / 200,
        "{sets} sets in {took:?}"
    );
}

#[tokio::test]
async fn an_api_server_that_starts_late_stops_and_returns() {
    let mut server = Kubernetes::stopped().await;
    let kubeconfig = server.kubeconfig("kubeconfig", Kubernetes::ADMIN);
    let mut running = start(config(kubeconfig, "kubermatic.k8c.io/v1", "Cluster"));
    let endpoint = server.endpoint();
    running
        .fails(&[&endpoint, "cannot be reached", "Connection refused"])
        .await;
    assert!(running.now().clusters.is_none());

    server.resume().await;
    let missing = "has no kind Cluster in kubermatic.k8c.io/v1; install its CRD";
    running.fails(&[missing]).await;
    server.install_clusters().await;
    server.create_cluster("a").await;
    server.create_cluster("b").await;
    running.knows(&["a", "b"]).await;
    let before = running.history().len();

    server.kill();
    running
        .fails(&["cannot be reached", "Connection refused"])
        .await;
    assert_eq!(listed(&running.now()), ["a", "b"]);
    server.resume().await;
    running.knows(&["a", "b"]).await;
    server.delete_cluster("a").await;
    running.knows(&["b"]).await;

    // It hangs: connections stand, and nothing comes.
    server.freeze(true);
    running.fails(&["no answer within"]).await;
    assert_eq!(listed(&running.now()), ["b"]);
    server.freeze(false);
    running.knows(&["b"]).await;
    assert_eq!(running.history()[before..], [["b"]]);
}

#[tokio::test]
async fn what_happens_while_the_way_is_cut_is_seen_afterwards() {
    let widgets = Widgets::install("cut").await;
    widgets.create("a").await;
    widgets.create("b").await;
    let gate = Gate::before(widgets.server.port()).await;
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = folder.path().join("kubeconfig");
    write_user(
        &kubeconfig,
        &gate.endpoint(),
        json!({"token": Kubernetes::ADMIN}),
    )
    .await;
    let mut running = start(widgets.config_with(kubeconfig));
    running.knows(&["a", "b"]).await;
    for (state, old, new) in [(State::Closed, "a", "c"), (State::Silent, "b", "d")] {
        let before = listed(&running.now());
        gate.set(state);
        running.fails(&[&gate.endpoint()]).await;
        widgets.delete(old).await;
        widgets.create(new).await;
        assert_eq!(listed(&running.now()), before);
        gate.set(State::Open);
        running
            .until("it is well again", |now| {
                now.is_success() && !listed(now).contains(&old.to_owned())
            })
            .await;
    }
    running.knows(&["c", "d"]).await;
}

#[tokio::test]
async fn a_crd_may_come_late_and_taking_it_away_keeps_the_names() {
    let widgets = Widgets::missing("crd").await;
    let mut running = start(widgets.config());
    running
        .fails(&["no kind Widget in crd.test/v1", "install its CRD"])
        .await;
    assert!(running.now().clusters.is_none());
    widgets
        .server
        .install_crd("crd.test", "widgets", "Widget")
        .await;
    running.knows(&[]).await;
    for n in 0..30 {
        widgets.create(&format!("c{n:02}")).await;
    }
    let all: Vec<_> = (0..30).map(|n| format!("c{n:02}")).collect();
    let all: Vec<_> = all.iter().map(String::as_str).collect();
    running.knows(&all).await;
    let sets = running.history().len();

    widgets.delete_crd().await;
    running.fails(&["no kind Widget in crd.test/v1"]).await;
    assert_eq!(listed(&running.now()), all);
    assert_eq!(running.history().len(), sets, "no set in between");

    // Restored, and that there are fewer objects now is the truth.
    widgets
        .server
        .install_crd("crd.test", "widgets", "Widget")
        .await;
    widgets.create("c07").await;
    running.knows(&["c07"]).await;
}

#[tokio::test]
async fn a_missing_right_names_the_right_and_the_user() {
    let widgets = Widgets::install("rights").await;
    widgets.create("a").await;
    let (server, group) = (widgets.server, "rights.test");
    let mut running =
        start(widgets.config_with(server.kubeconfig("alice.kubeconfig", "alice-token")));
    let advice = "allow get, list, watch on widgets.rights.test to the user \"alice\"";
    running
        .fails(&["access denied (403)", "cannot list resource", advice])
        .await;
    server.grant("alice", &["list"], group, "widgets").await;
    running.fails(&["cannot watch resource", advice]).await;
    assert!(running.now().clusters.is_none(), "half a right is none");
    server
        .grant("alice", &["get", "list", "watch"], group, "widgets")
        .await;
    running.knows(&["a"]).await;
    // Taken away again while the watch stands.
    server.grant("alice", &["get"], group, "widgets").await;
    running.fails(&["access denied (403)", advice]).await;
    assert_eq!(listed(&running.now()), ["a"]);
}

#[tokio::test]
async fn a_token_that_is_refused_is_read_again() {
    let widgets = Widgets::install("tokens").await;
    widgets.create("a").await;
    let folder = tempfile::tempdir().unwrap();
    let (kubeconfig, token) = (
        folder.path().join("kubeconfig"),
        folder.path().join("token"),
    );
    fs::write(&token, "expired-token").unwrap();
    let endpoint = widgets.server.endpoint();
    write_user(&kubeconfig, &endpoint, json!({"tokenFile": "token"})).await;
    let mut running = start(widgets.config_with(kubeconfig.clone()));
    let message = running
        .fails(&["(401)", kubeconfig.to_str().unwrap()])
        .await;
    assert!(!message.contains("expired-token"), "{message}");
    fs::write(&token, Kubernetes::ADMIN).unwrap();
    running.knows(&["a"]).await;
    // A kubeconfig that changes is followed though the old one works.
    write_user(&kubeconfig, &endpoint, json!({"token": "another"})).await;
    running.fails(&["(401)"]).await;
    write_user(&kubeconfig, &endpoint, json!({"token": Kubernetes::ADMIN})).await;
    running.knows(&["a"]).await;
    // One that is gone does no harm to a connection that stands.
    fs::remove_file(&kubeconfig).unwrap();
    widgets.create("b").await;
    running.knows(&["a", "b"]).await;
}

/// kube-apiserver answers to plain requests in words; others do so with an alert of TLS.
#[tokio::test]
async fn a_wrong_scheme_names_the_right_one_and_heals() {
    let widgets = Widgets::install("schemes").await;
    widgets.create("a").await;
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = folder.path().join("kubeconfig");
    let (endpoint, plain) = (widgets.server.endpoint(), S3sServer::start());
    let alert = Proxy::start_tls(&plain.endpoint(), &Authority::new().issue(&["127.0.0.1"]));
    let user = json!({"token": Kubernetes::ADMIN});
    let longer = json!({"token": "x".repeat(2000)}); // as those of service accounts are
    let mut running = start(widgets.config_with(kubeconfig.clone()));
    let other = |address: &str, from: &str, to: &str| address.replace(from, to);
    for (address, user, says) in [
        (
            other(&plain.endpoint(), "http:", "https:"),
            &user,
            "speaks plain HTTP: write http://",
        ),
        (
            other(&endpoint, "https:", "http:"),
            &user,
            "speaks TLS: write https://",
        ),
        (
            other(&endpoint, "https:", "http:"),
            &longer,
            "speaks TLS: write https://",
        ),
        (
            other(&alert.endpoint(), "https:", "http:"),
            &user,
            "speaks TLS: write https://",
        ),
    ] {
        write_user(&kubeconfig, &address, user.clone()).await;
        let says = format!("the API server {says} in its address in kubeconfig");
        let message = running.fails(&[&address, &says]).await;
        assert!(message.contains(kubeconfig.to_str().unwrap()), "{message}");
    }
    write_user(&kubeconfig, &endpoint, user).await;
    running.knows(&["a"]).await;
}

#[tokio::test]
async fn a_faulty_kubeconfig_is_told_by_its_file_and_heals() {
    let widgets = Widgets::install("kubeconfigs").await;
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = folder.path().join("kubeconfig");
    let name = kubeconfig.to_str().unwrap();
    let endpoint = widgets.server.endpoint();
    let mut running = start(Config {
        context: Some("sead".to_owned()),
        ..widgets.config_with(kubeconfig.clone())
    });
    running.fails(&[name, "there is no such file"]).await;
    fs::write(
        &kubeconfig,
        "users:\n- name: u\n  user: {token: [hunter2hunter2}\n",
    )
    .unwrap();
    let message = running
        .fails(&[name, "it is not a kubeconfig: see line 3"])
        .await;
    assert!(!message.contains("hunter2"), "{message}");
    let good = widgets
        .server
        .kubeconfig_text(&endpoint, &json!({"token": Kubernetes::ADMIN}));
    fs::write(&kubeconfig, &good).unwrap();
    running
        .fails(&[name, "there is no context \"sead\" in it; it has \"seed\""])
        .await;
    fs::write(&kubeconfig, good.replace("\"seed\"", "\"sead\"")).unwrap();
    running.knows(&[]).await;
}

#[tokio::test]
async fn a_certificate_of_a_stranger_is_not_trusted() {
    let widgets = Widgets::install("strangers").await;
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = folder.path().join("kubeconfig");
    let user = json!({"token": Kubernetes::ADMIN});
    let good = widgets
        .server
        .kubeconfig_text(&widgets.server.endpoint(), &user);
    let stranger = folder.path().join("stranger.crt");
    fs::write(&stranger, s3_exporter_testkit::Authority::new().pem()).unwrap();
    let mut bad: Value = serde_json::from_str(&good).unwrap();
    bad["clusters"][0]["cluster"]["certificate-authority"] = json!(stranger);
    fs::write(&kubeconfig, bad.to_string()).unwrap();
    let mut running = start(widgets.config_with(kubeconfig.clone()));
    running
        .fails(&[
            "certificate is not trusted",
            "check the address and the certificate authority",
        ])
        .await;
    fs::write(&kubeconfig, good).unwrap();
    running.knows(&[]).await;
}

#[tokio::test]
async fn an_exec_plug_in_gives_the_token_and_its_failure_shows_no_secret() {
    let widgets = Widgets::install("exec").await;
    let folder = tempfile::tempdir().unwrap();
    let (kubeconfig, plugin) = (
        folder.path().join("kubeconfig"),
        folder.path().join("plug-in"),
    );
    let script = |script: &str| {
        fs::write(&plugin, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&plugin, fs::Permissions::from_mode(0o755)).unwrap();
    };
    let version = "client.authentication.k8s.io/v1";
    let credential = |token: &str| {
        let status = json!({"token": token});
        json!({"apiVersion": version, "kind": "ExecCredential", "status": status}).to_string()
    };
    script("echo hunter2\necho 'please log in' >&2\nexit 3");
    let exec = json!({"apiVersion": version, "command": plugin, "interactiveMode": "IfAvailable", "env": [{"name": "SECRET", "value": "hunter2"}], "args": ["hunter2"]});
    write_user(
        &kubeconfig,
        &widgets.server.endpoint(),
        json!({"exec": exec}),
    )
    .await;
    let mut running = start(widgets.config_with(kubeconfig.clone()));
    let message = running
        .fails(&[
            kubeconfig.to_str().unwrap(),
            "the exec plug-in failed",
            "please log in",
        ])
        .await;
    assert!(!message.contains("hunter2"), "{message}");
    script("echo '{\"status\": {\"token\": [\"hunter2\"]}}'");
    let message = running.fails(&["not an ExecCredential"]).await;
    assert!(!message.contains("hunter2"), "{message}");
    // Longer than our patience, and then well.
    let token = credential(Kubernetes::ADMIN);
    script(&format!("sleep 12\necho '{token}'"));
    running.fails(&["takes very long"]).await;
    running.knows(&[]).await;
}

async fn write_user(path: &Path, server: &str, user: Value) {
    let text = shared().await.kubeconfig_text(server, &user);
    // Renamed, so that no half is read.
    let new = path.with_extension("new");
    fs::write(&new, text).unwrap();
    fs::rename(&new, path).unwrap();
}
