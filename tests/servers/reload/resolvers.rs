//! Sources of names that change.

use s3_exporter_testkit::S3sServer;

use super::{
    COMPATIBLE, Exporter, Metrics, backend, bucket, destination, hourly, of, reload, until_listed,
};
use crate::common::truth::{Figures, backup};
use crate::common::watch::Watch;

fn config(server: &S3sServer, resolver: &str) -> String {
    let lab = format!("[resolvers.lab]\n{resolver}\n");
    let destination = destination("d", "store", "interval = \"1s\"\nresolver = \"lab\"");
    let general = COMPATIBLE.to_owned();
    [general, backend("store", server, ""), lab, destination].concat()
}

fn resolver(metrics: &Metrics, name: &str) -> Option<f64> {
    metrics.get(name, &[("resolver", "lab")])
}

#[tokio::test]
async fn the_last_names_stay_until_another_source_delivers() {
    let server = S3sServer::start();
    server.store().create_bucket(&bucket("d"));
    let objects: Vec<_> = (0..30)
        .map(|nth| backup(["a", "b", "c"][nth as usize % 3], nth))
        .collect();
    server.store().put_all(&bucket("d"), objects.clone());
    let list = |names: &str| config(&server, &format!("type = \"static\"\nclusters = [{names}]"));
    let of_names = |names: &[&str]| Figures::expected(&objects, names);

    let mut exporter = Exporter::with_config(&list("\"a\", \"b\""), &[]).await;
    let watch = Watch::start(&exporter, &["d"]);
    watch.allow("d", &of_names(&["a", "b"]));
    until_listed(&mut exporter, &["d"]).await;

    // A name goes at once, without a listing; one that comes has figures after the next.
    watch.allow("d", &of_names(&["b"]));
    watch.allow("d", &of_names(&["b", "c"]));
    let answer = reload(&exporter, &list("\"b\", \"c\"")).await;
    assert!(answer.ends_with("; resolvers changed: 1\n"), "{answer}");
    exporter
        .until("the new names", |now| {
            Figures::shown(now, "d") == of_names(&["b", "c"])
        })
        .await;
    watch.only("d", &of_names(&["b", "c"])).await;

    // Another kind of source, which does not work: what is known stays, and is not called right.
    let kubernetes = config(&server, "type = \"kubernetes\"\nkubeconfig = \"missing\"");
    reload(&exporter, &kubernetes).await;
    let now = exporter
        .until("it fails", |now| {
            resolver(now, "objectstore_resolver_success") == Some(0.0)
        })
        .await;
    assert_eq!(resolver(&now, "objectstore_resolver_clusters"), Some(2.0));
    let scans = |metrics: &Metrics| {
        of(metrics, "d")
            .get("objectstore_scans_total", &[])
            .unwrap()
    };
    let now = exporter
        .until("two more scans", |later| scans(later) >= scans(&now) + 2.0)
        .await;
    assert_eq!(now.of("d", "objectstore_scan_success"), Some(1.0));
    assert_eq!(resolver(&now, "objectstore_resolver_success"), Some(0.0));

    reload(&exporter, &list("\"b\", \"c\"")).await;
    exporter
        .until("it is well again", |now| {
            resolver(now, "objectstore_resolver_success") == Some(1.0)
        })
        .await;
    watch.end().await;
}

/// A resolver comes to a destination, goes, and with it what it said.
#[tokio::test]
async fn a_destination_gets_another_resolver() {
    let server = S3sServer::start();
    server.store().create_bucket(&bucket("d"));
    let objects: Vec<_> = (0..4)
        .map(|nth| backup(["a", "b"][nth as usize % 2], nth))
        .collect();
    server.store().put_all(&bucket("d"), objects.clone());
    let config = |names: &str| {
        let more = format!("interval = \"1s\"\n{names}");
        format!(
            "{}{}",
            backend("store", &server, ""),
            destination("d", "store", &more)
        )
    };
    let mut exporter = Exporter::with_config(&config(""), &[]).await;
    until_listed(&mut exporter, &["d"]).await;
    for (names, expected) in [
        ("clusters = [\"a\"]", vec!["a"]),
        ("clusters = [\"b\"]", vec!["b"]),
        ("", vec![]),
    ] {
        reload(&exporter, &config(names)).await;
        let now = exporter
            .until("the figures of its clusters", |now| {
                Figures::shown(now, "d") == Figures::expected(&objects, &expected)
            })
            .await;
        let resolvers = now.all("objectstore_resolver_clusters", &[]).len();
        assert_eq!(resolvers, usize::from(!names.is_empty()));
        assert_eq!(super::scans(&now, "d").1, 0.0, "{}", now.ours());
    }
}

/// Whoever reloads waits for what comes of it, however long the interval is.
#[tokio::test]
async fn names_that_a_reload_brings_have_figures_at_once() {
    let server = S3sServer::start();
    server.store().create_bucket(&bucket("d"));
    let objects: Vec<_> = (0..9)
        .map(|nth| backup(["a", "b", "c"][nth as usize % 3], nth))
        .collect();
    server.store().put_all(&bucket("d"), objects.clone());
    let store = backend("store", &server, "");
    let inline = |names: &str| format!("{store}{}", hourly("d", names));
    let resolver = |names: &str| {
        let lab = format!("[resolvers.lab]\ntype = \"static\"\n{names}\n");
        format!("{store}{lab}{}", hourly("d", "resolver = \"lab\""))
    };
    let files = [("one.txt", "a\n"), ("two.txt", "a\nb\n")];
    let mut exporter = Exporter::with_config(&inline("clusters = [\"a\"]"), &files).await;
    until_listed(&mut exporter, &["d"]).await;
    for (config, names) in [
        (inline("clusters = [\"a\", \"b\"]"), &["a", "b"][..]),
        (inline("clusters_file = \"one.txt\""), &["a"]),
        (inline("clusters_file = \"two.txt\""), &["a", "b"]),
        (resolver("clusters = [\"a\"]"), &["a"]),
        (resolver("clusters = [\"a\", \"c\"]"), &["a", "c"]),
        (resolver("clusters_file = \"two.txt\""), &["a", "b"]),
    ] {
        reload(&exporter, &config).await;
        exporter
            .until(&format!("the figures of {names:?}"), |now| {
                Figures::shown(now, "d") == Figures::expected(&objects, names)
            })
            .await;
    }
}
