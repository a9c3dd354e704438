//! Troubles with an API server that runs: rights, tokens, and the kind itself.

use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

use s3_exporter_testkit::servers::Kubernetes;
use serde_json::json;

use crate::troubles::kubernetes;
use crate::troubles::stage::{Stage, kubernetes_resolver};

const FIRST: [&str; 3] = ["alpha", "beta", "without-any"];
const ALL_RIGHTS: [&str; 3] = ["get", "list", "watch"];

fn group(test: &str) -> String {
    format!("{test}.test")
}

/// Installs a kind for the test, with three objects.
async fn install(server: &Kubernetes, group: &str) {
    server.install_crd(group, "widgets", "Widget").await;
    create(server, group, &FIRST).await;
}

async fn create(server: &Kubernetes, group: &str, names: &[&str]) {
    for name in names {
        let object = json!({
            "apiVersion": format!("{group}/v1"), "kind": "Widget", "metadata": {"name": name},
        });
        let path = format!("/apis/{group}/v1/widgets");
        server.create(&path, &object).await;
    }
}

async fn delete(server: &Kubernetes, group: &str, name: &str) {
    let path = format!("/apis/{group}/v1/widgets/{name}");
    server.delete(&path).await;
}

pub async fn rights_that_are_taken_and_given_back() {
    let server = kubernetes().await;
    let group = group("taken");
    install(server, &group).await;
    server.grant("dave", &ALL_RIGHTS, &group, "widgets").await;
    let kubeconfig = server.kubeconfig("taken.kubeconfig", "dave-token");
    let mut stage = Stage::set(
        &kubernetes_resolver(&kubeconfig, &group, "Widget"),
        &[],
        &[],
    )
    .await;
    stage.is_well_with(&FIRST).await;

    // The watch stands and would go on telling; but that we may not know is known.
    let advice = format!("allow get, list, watch on widgets.{group} to the user \"dave\"");
    server
        .grant("dave", &["get", "list"], &group, "widgets")
        .await;
    stage
        .fails(&["access denied (403)", "cannot watch", &advice])
        .await;
    server.grant("dave", &ALL_RIGHTS, &group, "widgets").await;
    stage.is_well_with(&FIRST).await;

    // What happened in between is seen afterwards.
    server.grant("dave", &["get"], &group, "widgets").await;
    stage.fails(&["access denied (403)", &advice]).await;
    delete(server, &group, "alpha").await;
    create(server, &group, &["gamma"]).await;
    stage.until_scanned().await;
    let last = ["beta", "gamma", "without-any"];
    stage.allow(&["beta", "without-any"]); // gamma has no figures before it is scanned for
    stage.allow(&last);
    server.grant("dave", &ALL_RIGHTS, &group, "widgets").await;
    stage.is_well_with(&last).await;
    stage.end().await;
}

pub async fn a_token_that_expires_and_is_rotated() {
    let server = kubernetes().await;
    let group = group("rotated");
    install(server, &group).await;
    let account = server.create_account("exporter").await;
    server
        .grant(&account.user(), &ALL_RIGHTS, &group, "widgets")
        .await;
    // As kubelet lays out a token: token -> ..data/token, ..data -> ..1
    let folder = tempfile::tempdir().unwrap();
    let write = |version: &str, life: Duration| {
        let token = server.account_token(&account, life);
        fs::create_dir(folder.path().join(version)).unwrap();
        fs::write(folder.path().join(version).join("token"), &token).unwrap();
        token
    };
    let swap = |version: &str| {
        symlink(version, folder.path().join("..data_tmp")).unwrap();
        fs::rename(
            folder.path().join("..data_tmp"),
            folder.path().join("..data"),
        )
        .unwrap();
    };
    let token = folder.path().join("token");
    symlink("..data/token", &token).unwrap();
    let first = write("..1", Duration::from_secs(15));
    swap("..1");
    let kubeconfig = folder.path().join("kubeconfig");
    let text = server.kubeconfig_text(&server.endpoint(), &json!({ "tokenFile": token }));
    fs::write(&kubeconfig, text).unwrap();
    let mut stage = Stage::set(
        &kubernetes_resolver(&kubeconfig, &group, "Widget"),
        &[],
        &[],
    )
    .await;
    stage.is_well_with(&FIRST).await;

    // It expires, and nobody has put a new one there.
    let advice = [
        "does not accept our credentials (401)",
        kubeconfig.to_str().unwrap(),
    ];
    stage.fails(&advice).await;
    delete(server, &group, "beta").await;
    stage.until_scanned().await;
    stage.allow(&["alpha", "without-any"]);
    let second = write("..2", Duration::from_secs(3600));
    swap("..2");
    stage.is_well_with(&["alpha", "without-any"]).await;

    // It is revoked: the account goes, and its tokens with it. One of another account is good.
    let path = format!(
        "/api/v1/namespaces/accounts/serviceaccounts/{}",
        account.name()
    );
    server.delete(&path).await;
    stage.fails(&advice).await;
    let account = server.create_account("exporter").await;
    let third = server.account_token(&account, Duration::from_secs(3600));
    fs::create_dir(folder.path().join("..3")).unwrap();
    fs::write(folder.path().join("..3/token"), &third).unwrap();
    swap("..3");
    stage.is_well_with(&["alpha", "without-any"]).await;

    let log = stage.exporter.log();
    for secret in [first, second, third] {
        assert!(!log.contains(&secret), "a token is in the log");
    }
    stage.end().await;
}

pub async fn a_crd_that_is_deleted_and_made_again() {
    let server = kubernetes().await;
    let group = group("deleted");
    install(server, &group).await;
    let kubeconfig = server.kubeconfig("deleted.kubeconfig", Kubernetes::ADMIN);
    let mut stage = Stage::set(
        &kubernetes_resolver(&kubeconfig, &group, "Widget"),
        &[],
        &[],
    )
    .await;
    stage.is_well_with(&FIRST).await;

    // Its objects go one by one, and none of that is shown.
    let crd = format!("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.{group}");
    server.delete(&crd).await;
    let missing = format!("has no kind Widget in {group}/v1; install its CRD");
    stage.fails(&[&missing]).await;

    // Made again, it has no objects at first, and that is what the API says; then some.
    stage.allow(&[]);
    server.install_crd(&group, "widgets", "Widget").await;
    stage.is_well_with(&[]).await;
    for some in [&["gamma"][..], &["alpha"], &["alpha", "gamma"]] {
        stage.allow(some); // they come one by one
    }
    create(server, &group, &["gamma", "alpha"]).await;
    stage.is_well_with(&["alpha", "gamma"]).await;
    stage.end().await;
}
