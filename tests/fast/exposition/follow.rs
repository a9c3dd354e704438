//! Scrapes follow what is published.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use s3_exporter::config::Compat;
use s3_exporter::exposition::{Exposition, Format};
use s3_exporter::resolver::{Publisher, channel};
use s3_exporter::snapshot::DestinationSnapshot;
use s3_exporter::snapshot::SnapshotSource;
use s3_exporter_api::{FailureKind, Operation};
use tokio::sync::watch;

use crate::sample;

struct Scene {
    destinations: Vec<watch::Sender<Arc<DestinationSnapshot>>>,
    resolver: Publisher,
    exposition: Arc<Exposition>,
}

/// Two destinations that nobody has scanned yet, and a resolver that has said nothing.
fn scene() -> Scene {
    let snapshot = |name| {
        Arc::new(sample::unscanned(sample::destination(
            name,
            name,
            Some("kkp"),
        )))
    };
    let (a, of_a) = watch::channel(snapshot("a"));
    let (b, of_b) = watch::channel(snapshot("b"));
    let (resolver, names) = channel("kkp");
    let source = SnapshotSource::new(vec![of_a, of_b], BTreeMap::from([("kkp".into(), names)]));
    let metrics = sample::metrics(&[Compat::KubermaticS3], "cluster");
    let exposition = Arc::new(Exposition::new(source, &metrics));
    let following = Arc::clone(&exposition);
    tokio::spawn(async move { following.follow().await });
    Scene {
        destinations: vec![a, b],
        resolver,
        exposition,
    }
}

impl Scene {
    fn scrape(&self) -> String {
        let pieces = self.exposition.scrape(&[], Format::Text, false);
        String::from_utf8(pieces.concat()).unwrap()
    }

    /// The first scrape that has this line.
    async fn scrape_with(&self, line: &str) -> String {
        for _ in 0..2000 {
            let text = self.scrape();
            if text.lines().any(|l| l == line) {
                return text;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("no such line after 10 s: {line}\n{}", self.scrape());
    }

    fn publish(&self, at: usize, change: impl FnOnce(&mut DestinationSnapshot)) {
        self.destinations[at].send_modify(|published| change(Arc::make_mut(published)));
    }
}

const OBJECTS: &str = r#"objectstore_objects{destination="a",bucket="a",cluster="x"} 3"#;
const ALIAS: &str = r#"kubermatic_s3_object_count{destination="a",bucket="a",cluster="x"} 3"#;
const FAILED: &str = r#"objectstore_scan_success{destination="a",bucket="a"} 0"#;
const GOOD: &str = r#"objectstore_scan_success{destination="a",bucket="a"} 1"#;

#[tokio::test]
async fn figures_and_outcome_change_together() {
    let scene = scene();
    assert!(!scene.scrape().contains("objectstore_objects{"));
    let found = sample::figures(
        sample::ago(5),
        sample::totals(0, 0, 0, 0),
        &[("x", sample::totals(3, 0, 9, 60))],
    );
    scene.publish(0, |of| {
        of.latest = sample::attempt(5, None);
        of.figures = Some(found.clone());
    });
    let text = scene.scrape_with(GOOD).await;
    assert!(text.contains(OBJECTS) && text.contains(ALIAS), "{text}");

    // A failure leaves our figures, and takes the seed's series away.
    scene.publish(0, |of| {
        of.latest = sample::attempt(4, Some((FailureKind::Connect, "refused")))
    });
    let text = scene.scrape_with(FAILED).await;
    assert!(text.contains(OBJECTS) && !text.contains(ALIAS), "{text}");

    scene.publish(0, |of| of.latest = sample::attempt(3, None));
    let text = scene.scrape_with(GOOD).await;
    assert!(text.contains(OBJECTS) && text.contains(ALIAS), "{text}");

    // The cluster is gone, and so is its series.
    scene.publish(0, |of| {
        of.figures = Some(sample::figures(
            sample::ago(1),
            sample::totals(3, 0, 9, 60),
            &[],
        ))
    });
    let text = scene
        .scrape_with(r#"objectstore_unassigned_objects{destination="a",bucket="a"} 3"#)
        .await;
    assert!(!text.contains(r#"cluster="x""#), "{text}");
    scene.publish(1, |of| of.latest = sample::attempt(1, None));
    scene
        .scrape_with(r#"objectstore_scan_success{destination="b",bucket="b"} 1"#)
        .await;
}

#[tokio::test]
async fn requests_and_concurrency_are_of_this_moment() {
    let scene = scene();
    let published = scene.destinations[0].borrow().clone();
    published.meter.attempt(Operation::ListObjectsV2);
    published
        .concurrency
        .store(2, std::sync::atomic::Ordering::Relaxed);
    let text = scene.scrape();
    for line in [
        r#"objectstore_api_requests_total{destination="a",bucket="a",operation="ListObjectsV2"} 1"#,
        r#"objectstore_scan_concurrency{destination="a",bucket="a"} 2"#,
    ] {
        assert!(text.contains(line), "{line} is missing in {text}");
    }
}

#[tokio::test]
async fn resolvers_are_followed() {
    let scene = scene();
    let text = scene.scrape();
    assert!(
        text.contains("objectstore_resolver_success{resolver=\"kkp\"} 0"),
        "{text}"
    );
    assert!(!text.contains("objectstore_resolver_clusters"), "{text}");
    let names = sample::clusters(&[("x", Some(sample::ago(9)))]);
    scene.resolver.deliver((*names).clone());
    let text = scene
        .scrape_with("objectstore_resolver_clusters{resolver=\"kkp\"} 1")
        .await;
    let created = format!(
        "objectstore_cluster_created_timestamp_seconds{{resolver=\"kkp\",cluster=\"x\"}} {}",
        sample::ago(9).as_seconds()
    );
    assert!(text.contains(&created), "{text}");

    // That it is still well is shown, though nothing else has changed.
    let last_success = |text: &str| {
        let name = "objectstore_resolver_last_success_timestamp_seconds{resolver=\"kkp\"} ";
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap();
        line.parse::<f64>().unwrap()
    };
    let before = last_success(&text);
    tokio::time::sleep(Duration::from_millis(3)).await;
    scene.resolver.confirm();
    let confirmed = last_success(&scene.scrape());
    assert!(confirmed > before);

    // Nothing runs between these lines: what has changed is not prepared yet, and the time does
    // not go back meanwhile.
    scene.resolver.fail("gone");
    assert_eq!(last_success(&scene.scrape()), confirmed);
    let text = scene
        .scrape_with("objectstore_resolver_success{resolver=\"kkp\"} 0")
        .await;
    assert!(text.contains(&created), "the last known set stays: {text}");

    scene.resolver.confirm();
    scene
        .scrape_with("objectstore_resolver_success{resolver=\"kkp\"} 1")
        .await;
    tokio::time::sleep(Duration::from_millis(3)).await;
    scene.resolver.confirm();
    let confirmed = last_success(&scene.scrape());
    scene.resolver.deliver((*sample::clusters(&[])).clone());
    assert!(last_success(&scene.scrape()) >= confirmed);
    scene
        .scrape_with("objectstore_resolver_clusters{resolver=\"kkp\"} 0")
        .await;
}
