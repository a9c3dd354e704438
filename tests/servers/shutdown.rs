//! Told to stop, it ends with exit code 0 and does not wait for what it waited for before. (That
//! is within two seconds where the machine has nothing else to do.)

use std::path::Path;
use std::time::{Duration, Instant};

use s3_exporter_testkit::servers::MinIo;
use s3_exporter_testkit::{Fault, Faults, Proxy, S3sServer, Upload};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::common::{Exporter, Metrics};

/// Half of what it would take to wait for any of it: a request is given a minute, and the rest
/// does not end at all. A machine that is busy takes its time, so it is no less.
const LIMIT: Duration = Duration::from_secs(30);

/// How long anything may take that is waited for: it ends a hang, and says nothing of speed.
const PATIENCE: Duration = Duration::from_secs(60);

/// Sends the signal and waits for the end.
async fn ends(mut exporter: Exporter, signal: &str) {
    let asked = Instant::now();
    exporter.signal(signal);
    let status = exporter.wait().await;
    let took = asked.elapsed();
    let log = exporter.log();
    assert_eq!(status.code(), Some(0), "{status}\n{log}");
    assert!(took < LIMIT, "{took:?}\n{log}");
    let stopping = format!("\"signal\":\"SIG{signal}\"");
    assert!(
        log.contains(&stopping) && log.contains("\"stopped\""),
        "{log}"
    );
    assert!(
        !log.contains("\"level\":\"error\"") && !log.contains("panic"),
        "{log}"
    );
}

/// Watches one bucket of this store.
async fn watch(kind: &str, endpoint: &str, keys: [&str; 2]) -> Exporter {
    let [id, secret] = keys;
    let config = format!(
        "[backends.store]\ntype = \"{kind}\"\nendpoint = \"{endpoint}\"\nregion = \"us-east-1\"\n\
         access_key_id = \"{id}\"\nsecret_access_key = \"{secret}\"\n\
         [[destinations]]\nbucket = \"backups\"\nclusters = [\"a\"]\ninterval = \"1s\"\n"
    );
    Exporter::with_config(&config, &[]).await
}

/// Waits until a request meets the fault, and so is in the middle of a scan.
async fn in_the_middle(exporter: &Exporter, faults: &Faults) {
    let stalled = tokio::time::timeout(PATIENCE, faults.stalled(1)).await;
    assert!(
        stalled.is_ok(),
        "no scan meets the fault:\n{}",
        exporter.log()
    );
}

#[tokio::test]
async fn in_the_middle_of_a_scan_of_a_store_that_hangs() {
    for kind in ["s3", "minio"] {
        for (fault, signal) in [(Fault::Silence, "TERM"), (Fault::Stall, "INT")] {
            let server = S3sServer::start();
            server.store().create_bucket("backups");
            server.store().put("backups", &Upload::new("a-1", 1));
            server.faults().always(Some(fault));
            let keys = [S3sServer::ACCESS_KEY, S3sServer::SECRET_KEY];
            let exporter = watch(kind, &server.endpoint(), keys).await;
            in_the_middle(&exporter, server.faults()).await;
            ends(exporter, signal).await;
        }
    }
}

#[tokio::test]
async fn between_two_pages_of_a_real_minio() {
    let minio = MinIo::start().await;
    let client = minio.client();
    client.create_bucket("backups").await;
    let uploads: Vec<_> = (0..2500)
        .map(|n| Upload::new(format!("a-{n:04}"), 1))
        .collect();
    client.put_archived("backups", &uploads).await;
    let keys = [MinIo::ACCESS_KEY, MinIo::SECRET_KEY];
    for (kind, signal) in [("minio", "TERM"), ("s3", "INT")] {
        let proxy = Proxy::start(&minio.endpoint());
        let mut exporter = watch(kind, &proxy.endpoint(), keys).await;
        let listed = exporter.until("a complete scan", |metrics| {
            metrics.get("objectstore_objects", &[("cluster", "a")]) == Some(2500.0)
        });
        listed.await;
        // The next scan gets one page, and hangs.
        let before = proxy.faults().requests();
        proxy.faults().next([None]);
        proxy.faults().always(Some(Fault::Silence));
        in_the_middle(&exporter, proxy.faults()).await;
        assert!(proxy.faults().requests() > before + 1);
        let metrics = exporter.metrics().await;
        assert_eq!(metrics.get("objectstore_listed_objects", &[]), Some(2500.0));
        ends(exporter, signal).await;
    }
}

#[tokio::test]
async fn while_minio_is_frozen() {
    let mut minio = MinIo::start().await;
    minio.client().create_bucket("backups").await;
    let endpoint = minio.endpoint();
    let keys = [MinIo::ACCESS_KEY, MinIo::SECRET_KEY];
    let mut exporter = watch("minio", &endpoint, keys).await;
    let scanned = |metrics: &Metrics| metrics.get("objectstore_scan_success", &[]) == Some(1.0);
    exporter.until("a complete scan", scanned).await;
    let (_, port) = endpoint.rsplit_once(':').unwrap();
    let port = port.parse().unwrap();
    let deadline = Instant::now() + PATIENCE;
    minio.freeze(true);
    let mut frozen = Instant::now();
    while !has_unread_bytes(port) {
        let log = exporter.log();
        assert!(Instant::now() < deadline, "no request is waiting:\n{log}");
        tokio::time::sleep(Duration::from_millis(20)).await;
        // One that it had read before would wait unseen, with no other behind it.
        if frozen.elapsed() > Duration::from_secs(5) {
            minio.freeze(false);
            tokio::time::sleep(Duration::from_millis(500)).await;
            minio.freeze(true);
            frozen = Instant::now();
        }
    }
    ends(exporter, "TERM").await;
}

/// Whether anybody has sent to this port what was not read yet (see proc(5), `net/tcp`).
fn has_unread_bytes(port: u16) -> bool {
    let sockets = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let end = format!(":{port:04X}");
    sockets.lines().skip(1).any(|socket| {
        let fields: Vec<_> = socket.split_whitespace().collect();
        let unread = fields[4].split(':').next_back();
        fields[1].ends_with(&end) && unread.is_some_and(|unread| unread != "00000000")
    })
}

#[tokio::test]
async fn with_connections_open() {
    let server = S3sServer::start();
    server.store().create_bucket("backups");
    let keys = [S3sServer::ACCESS_KEY, S3sServer::SECRET_KEY];
    let exporter = watch("s3", &server.endpoint(), keys).await;
    let mut connections = Vec::new();
    for request in [
        "",
        "GET /metrics HT",
        "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n",
    ] {
        let mut connection = TcpStream::connect(exporter.address()).await.unwrap();
        connection.write_all(request.as_bytes()).await.unwrap();
        if request.ends_with("\r\n\r\n") {
            let mut answer = [0; 15];
            connection.read_exact(&mut answer).await.unwrap();
            assert_eq!(&answer, b"HTTP/1.1 200 OK");
        }
        connections.push(connection); // stays open, and the rest of the answer unread
    }
    let address = exporter.address();
    ends(exporter, "TERM").await;
    TcpStream::connect(address).await.unwrap_err();
    drop(connections);
}

#[tokio::test]
async fn while_an_api_server_is_silent() {
    // Connections wait in its queue for good.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("https://{}", silent.local_addr().unwrap());
    let kubeconfig = kubeconfig(&address, serde_json::json!({"token": "t"}));
    let files = [("kubeconfig", &*kubeconfig)];
    let exporter = Exporter::with_config(&with_kubernetes(Path::new("kubeconfig")), &files).await;
    let accepted = tokio::time::timeout(PATIENCE, silent.accept()).await;
    assert!(accepted.is_ok(), "it does not connect:\n{}", exporter.log());
    ends(exporter, "TERM").await;
}

/// What opens the kubeconfig waits on a thread of its own, as for a file system that is silent.
#[tokio::test]
async fn while_a_plug_in_of_kubeconfig_is_silent() {
    let folder = tempfile::tempdir().unwrap();
    let began = folder.path().join("began");
    let script = format!("touch {}; exec sleep 600", began.display());
    let kubeconfig = kubeconfig(
        "https://127.0.0.1:1",
        serde_json::json!({"exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": "sh",
            "args": ["-c", script],
            "interactiveMode": "Never",
        }}),
    );
    let files = [("kubeconfig", &*kubeconfig)];
    let exporter = Exporter::with_config(&with_kubernetes(Path::new("kubeconfig")), &files).await;
    let beginning = async {
        while !began.exists() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let begun = tokio::time::timeout(PATIENCE, beginning).await;
    assert!(begun.is_ok(), "it is not run:\n{}", exporter.log());
    ends(exporter, "TERM").await;
}

/// A kubeconfig for this server and this user.
fn kubeconfig(server: &str, user: serde_json::Value) -> String {
    let kubeconfig = serde_json::json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": user}],
    });
    kubeconfig.to_string()
}

/// The names come from the API that a kubeconfig leads to.
fn with_kubernetes(kubeconfig: &Path) -> String {
    format!(
        "[backends.store]\ntype = \"s3\"\nregion = \"us-east-1\"\nanonymous = true\n\
         [resolvers.kkp]\ntype = \"kubernetes\"\nkubeconfig = {kubeconfig:?}\n\
         [[destinations]]\nbucket = \"backups\"\nresolver = \"kkp\"\n"
    )
}
