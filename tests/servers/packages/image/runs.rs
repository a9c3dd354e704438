//! The exporter in the files of the image, as the image's user: nothing of this machine is there.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use s3_exporter_testkit::servers::{Kubernetes, MinIo};
use s3_exporter_testkit::{Authority, Port};

use super::files::Image;
use crate::common::Metrics;
use crate::common::backups::{CLUSTERS, FIGURES, assert_figures, fill};
use crate::packages::{PATIENCE, output};

/// The libraries of the base: those of glibc, and libgcc's.
const LIBRARIES: [&str; 6] = [
    "ld-linux-x86-64.so.2",
    "ld-linux-aarch64.so.1",
    "libc.so.6",
    "libdl.so.2",
    "libgcc_s.so.1",
    "libm.so.6",
];

#[test]
fn it_needs_no_library_that_the_base_has_not() {
    let image = Image::assemble();
    let dynamic = output(
        Command::new("readelf")
            .arg("-d")
            .arg(image.file(&image.program())),
    );
    let needed = dynamic.lines().filter(|line| line.contains("(NEEDED)"));
    let needed = needed.map(|line| line.rsplit_once('[').unwrap().1.trim_end_matches(']'));
    let needed: Vec<_> = needed.collect();
    assert!(needed.contains(&"libc.so.6"), "{needed:?}");
    for library in needed {
        assert!(
            LIBRARIES.contains(&library),
            "{library} is not in the base of the image"
        );
    }
}

#[test]
fn it_says_what_it_is() {
    let labels = Image::assemble().labels;
    let value = |name: &str| {
        let name = format!("org.opencontainers.image.{name}");
        let label = labels.iter().find(|(own, _)| *own == name);
        label
            .unwrap_or_else(|| panic!("{name}: {labels:?}"))
            .1
            .as_str()
    };
    assert_eq!(value("title"), "s3-exporter");
    assert_eq!(value("licenses"), "Apache-2.0");
    assert!(value("base.name").starts_with("gcr.io/distroless/cc-"));
    for name in ["description", "version", "revision"] {
        assert!(
            !["", "unknown"].contains(&value(name)),
            "{name}: {labels:?}"
        );
    }
}

#[tokio::test]
async fn it_watches_a_store_and_a_cluster_over_https() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let authority = Authority::new();
    let minio = MinIo::builder().tls(&authority).start().await;
    fill(&minio.client(), "backups").await;
    let kubernetes = Kubernetes::start().await;
    kubernetes.install_clusters().await;
    for name in CLUSTERS {
        kubernetes.create_cluster(name).await;
    }

    let folder = tempfile::tempdir().unwrap();
    // The authority lies beside it: nothing of this machine is there.
    let kubeconfig = kubernetes.kubeconfig("image.kubeconfig", Kubernetes::ADMIN);
    let mut text: Value = serde_json::from_slice(&std::fs::read(kubeconfig).unwrap()).unwrap();
    let cluster = &mut text["clusters"][0]["cluster"];
    let authority_file = cluster["certificate-authority"].as_str().unwrap();
    std::fs::copy(authority_file, folder.path().join("cluster.pem")).unwrap();
    cluster["certificate-authority"] = "cluster.pem".into();
    std::fs::write(folder.path().join("kubeconfig"), text.to_string()).unwrap();
    std::fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();
    let port = Port::take();
    // By its name: that of 127.0.0.1 in the image's /etc/hosts.
    let endpoint = minio.endpoint().replace("127.0.0.1", "localhost");
    let config = format!(
        "[server]\nlisten = [\"127.0.0.1:{port}\"]\n[backends.b]\ntype = \"minio\"\nendpoint = \"{endpoint}\"\n\
         access_key_id = \"{}\"\nsecret_access_key = \"{}\"\nca_bundle = \"ca.pem\"\n\
         [resolvers.k]\ntype = \"kubernetes\"\nkubeconfig = \"kubeconfig\"\n\
         [[destinations]]\nbucket = \"backups\"\nresolver = \"k\"\n",
        MinIo::ACCESS_KEY,
        MinIo::SECRET_KEY
    );
    std::fs::write(folder.path().join("config.toml"), config).unwrap();

    let image = Image::assemble();
    for missing in ["tmp", "bin/sh", "usr/bin/sh", "bin/bash", "usr/bin/env"] {
        assert!(!image.file(missing).exists(), "{missing}");
    }
    let mut container = image.start(folder.path(), &[]).await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let deadline = Instant::now() + PATIENCE;
    let metrics = loop {
        let answer = client
            .get(format!("http://127.0.0.1:{port}/metrics"))
            .send()
            .await;
        if let Ok(answer) = answer {
            let metrics = Metrics::parse(&answer.text().await.unwrap());
            if metrics.get("objectstore_scan_success", &[]) == Some(1.0) {
                break metrics;
            }
        }
        let log = container.process.log();
        assert!(container.process.exited().is_none(), "{log}");
        assert!(Instant::now() < deadline, "{log}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    assert_figures(&metrics, &FIGURES);
    assert_eq!(metrics.get("objectstore_resolver_success", &[]), Some(1.0));

    assert_eq!(container.field("Uid:"), "65534 65534 65534 65534");
    assert_eq!(container.field("Groups:"), "");
    assert_eq!(container.field("CapEff:"), "0000000000000000");
    assert_eq!(container.writable_mounts(), ["/proc"]);
    assert_eq!(container.field("NoNewPrivs:"), "1");
    assert_eq!(
        image.healthcheck(&container),
        (Some(0), "healthy\n".to_owned())
    );
    assert_eq!(
        container.stop().await,
        Some(0),
        "{}",
        container.process.log()
    );
}

/// What a health check says of a container whose exporter is stuck, and that the image is as empty
/// as it should be: `check` names the authorities of the base.
#[tokio::test]
async fn its_health_check_sees_that_nothing_answers() {
    let folder = tempfile::tempdir().unwrap();
    let port = Port::take();
    let config = format!(
        "[server]\nlisten = [\"127.0.0.1:{port}\"]\n[backends.b]\ntype = \"minio\"\nendpoint = \"http://127.0.0.1:1\"\n\
         access_key_id = \"a\"\nsecret_access_key = \"b\"\n[[destinations]]\nbucket = \"backups\"\n"
    );
    std::fs::write(folder.path().join("config.toml"), config).unwrap();
    let image = Image::assemble();
    let mut container = image.start(folder.path(), &[]).await;
    let deadline = Instant::now() + PATIENCE;
    while image.healthcheck(&container).0 != Some(0) {
        assert!(Instant::now() < deadline, "{}", container.process.log());
    }
    container.freeze(true);
    let (code, text) = image.healthcheck(&container);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("no answer from"), "{text}");
    container.freeze(false);
    assert_eq!(image.healthcheck(&container).0, Some(0));
    assert_eq!(container.stop().await, Some(0));
}
