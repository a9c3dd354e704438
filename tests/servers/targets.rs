//! `/probe`: targets that are scanned when somebody asks for them.

use std::path::Path;
use std::time::{Duration, Instant};

use reqwest::{Client, Response, StatusCode};
use s3_exporter_testkit::servers::{MinIo, Prometheus, Sample};
use s3_exporter_testkit::{Fault, S3sServer, Upload};

use crate::common::backups::{CLUSTERS, FIGURES, OBJECTS, assert_figures, fill};
use crate::common::{Exporter, Metrics};
use crate::docs::blocks;

mod found;

const TIMEOUT: &str = "X-Prometheus-Scrape-Timeout-Seconds";

/// A configuration of modules alone, over this store.
fn config(server: &S3sServer, more: &str) -> String {
    format!(
        "[backends.store]\ntype = \"s3\"\nendpoint = \"{}\"\nregion = \"us-east-1\"\n\
         access_key_id = \"{}\"\nsecret_access_key = \"{}\"\nrequest_timeout = \"2s\"\n{more}\n",
        server.endpoint(),
        S3sServer::ACCESS_KEY,
        S3sServer::SECRET_KEY,
    )
}

/// Asks, as a Prometheus that waits for so many seconds.
async fn ask(exporter: &Exporter, query: &str, seconds: &str) -> Response {
    let client = Client::builder().no_proxy().build().unwrap();
    let request = client.get(exporter.url(&format!("/probe?{query}")));
    request.header(TIMEOUT, seconds).send().await.unwrap()
}

/// The metrics of a target.
async fn probe(exporter: &Exporter, query: &str, seconds: &str) -> Metrics {
    let answer = ask(exporter, query, seconds).await;
    let status = answer.status();
    let text = answer.text().await.unwrap();
    assert_eq!(status, StatusCode::OK, "{query}: {text}");
    Metrics::parse(&text)
}

/// Whether it was a success, and whether a scan goes on.
fn state(metrics: &Metrics) -> (Option<f64>, Option<f64>) {
    let of = |name| metrics.get(name, &[]);
    (of("probe_success"), of("objectstore_probe_scan_running"))
}

const GOOD: (Option<f64>, Option<f64>) = (Some(1.0), Some(0.0));
const FAILED: (Option<f64>, Option<f64>) = (Some(0.0), Some(0.0));

/// As docs/probe.md has it, with the addresses of here.
#[tokio::test]
async fn a_prometheus_asks_as_the_document_says() {
    let minio = MinIo::start().await;
    for bucket in ["etcd-a", "etcd-b", "etcd-test"] {
        fill(&minio.client(), bucket).await;
    }
    let all = blocks::of(Path::new("docs/probe.md"));
    let of = |language| {
        let mut blocks = all.iter().filter(|block| block.language == language);
        blocks.next().unwrap().text.clone()
    };
    let config = of("toml")
        .replace("https://minio.example:9000", &minio.endpoint())
        .replace("[\"lab-1\", \"lab-2\"]", &format!("{CLUSTERS:?}"));
    let environment = [
        ("ACCESS_KEY_ID", MinIo::ACCESS_KEY),
        ("SECRET_ACCESS_KEY", MinIo::SECRET_KEY),
    ];
    let exporter = Exporter::with_config_in(&config, &[], &environment).await;
    let scraped = of("yaml")
        .replace("127.0.0.1:9340", &exporter.address())
        .replace("scrape_interval: 5m", "scrape_interval: 2s")
        .replace("scrape_timeout: 30s", "scrape_timeout: 2s")
        .replace(
            "etcd-b/daily/",
            &format!("etcd-b/{}, etcd-test", CLUSTERS[1]),
        );
    let prometheus = Prometheus::start(&scraped).await;
    // A scan may outlast a scrape, and the next one has it then.
    let expected = "probe_success == 1 or up{instance=\"etcd-test\"} == 0";
    let all = |samples: &[Sample]| samples.len() == 3;
    prometheus.until(expected, all).await;
    for (target, objects) in [
        ("etcd-a".to_owned(), OBJECTS),
        // What begins like that: the object of no cluster, too.
        (format!("etcd-b/{}", CLUSTERS[1]), 4.0),
    ] {
        let of = |name: &str| format!("{name}{{instance=\"{target}\"}}");
        assert_eq!(prometheus.value(&of("probe_success")).await, 1.0);
        let one = |samples: &[Sample]| samples.len() == 1;
        let listed = of("objectstore_listed_objects");
        let listed = &prometheus.until(&listed, one).await[0];
        assert_eq!(listed.value, objects, "{target}");
        assert_eq!(listed.labels["destination"], target);
    }
    let test = prometheus.value("up{instance=\"etcd-test\"}").await;
    assert_eq!(test, 0.0, "the module refuses it");
    prometheus.until(&of("promql"), <[Sample]>::is_empty).await;
    // The same to whoever asks by hand, and in both spellings.
    let whole = probe(&exporter, "module=etcd&target=etcd-a", "10").await;
    assert_figures(&whole, &FIGURES);
    let apart = probe(&exporter, "module=etcd&bucket=etcd-a&prefix=", "10").await;
    // All but what the resolver says of itself, which has heard of its names again meanwhile.
    for figures in [
        "objectstore_listed_",
        "objectstore_objects",
        "objectstore_scan_last",
    ] {
        assert_eq!(whole.beginning(figures), apart.beginning(figures));
    }
    assert!(!exporter.log().contains(MinIo::SECRET_KEY));
}

#[tokio::test]
async fn a_complete_scan_answers_for_the_interval_and_a_failed_one_does_not() {
    let server = S3sServer::start();
    server.store().put_all("aaa", [Upload::new("x-1", 7)]);
    let more = "[probe.modules.m]\nbuckets = [\"*\"]\ninterval = \"1h\"";
    let exporter = Exporter::with_config(&config(&server, more), &[]).await;
    server.store().deny("aaa", true);
    let denied = probe(&exporter, "target=aaa", "30").await;
    assert_eq!(state(&denied), FAILED);
    assert_eq!(denied.failing("aaa"), ["denied"]);
    assert!(!denied.has("objectstore_listed_objects"));
    server.store().deny("aaa", false);
    let first = probe(&exporter, "target=aaa", "30").await;
    assert_eq!(state(&first), GOOD);
    assert_eq!(first.of("aaa", "objectstore_listed_objects"), Some(1.0));
    let requests = server.faults().requests();
    server.store().put_all("aaa", [Upload::new("x-2", 7)]);
    server.store().deny("aaa", true);
    let second = probe(&exporter, "target=aaa", "30").await;
    let beside = |of: &Metrics| of.beginning("objectstore_");
    assert_eq!(beside(&second), beside(&first), "with its age");
    assert_eq!(server.faults().requests(), requests, "nothing was asked");
}

/// It goes on, whoever leaves, and all who come meanwhile share it.
#[tokio::test]
async fn a_scan_that_outlasts_the_scrape_is_had_by_the_next() {
    let server = S3sServer::start();
    server.store().put_all("aaa", [Upload::new("x-1", 7)]);
    let more = "[probe.modules.m]\nbuckets = [\"aaa\"]";
    let exporter = Exporter::with_config(&config(&server, more), &[]).await;
    // It is asked again once the request's time is over.
    server.faults().next([Some(Fault::Silence)]);
    let first = probe(&exporter, "target=aaa", "0.2").await;
    assert_eq!(state(&first), (Some(0.0), Some(1.0)));
    assert!(!first.has("objectstore_listed_objects") && !first.has("objectstore_scan_success"));
    assert_eq!(first.failing("aaa"), [""; 0], "it has not failed");
    let two = tokio::join!(
        probe(&exporter, "target=aaa", "40"),
        probe(&exporter, "bucket=aaa", "40")
    );
    for metrics in [two.0, two.1] {
        assert_eq!(state(&metrics), GOOD);
        assert_eq!(metrics.of("aaa", "objectstore_listed_objects"), Some(1.0));
        assert_eq!(metrics.of("aaa", "objectstore_scans_total"), Some(1.0));
    }
}

/// The figures of before stay meanwhile.
#[tokio::test]
async fn figures_stay_while_the_next_scan_runs() {
    let server = S3sServer::start();
    server.store().put_all("aaa", [Upload::new("x-1", 7)]);
    let more = "[probe.modules.m]\nbuckets = [\"aaa\"]\ninterval = \"1s\"";
    let exporter = Exporter::with_config(&config(&server, more), &[]).await;
    assert_eq!(state(&probe(&exporter, "target=aaa", "30").await), GOOD);
    server.faults().always(Some(Fault::Silence));
    let deadline = Instant::now() + Duration::from_secs(60);
    let metrics = loop {
        let metrics = probe(&exporter, "target=aaa", "0.2").await;
        if state(&metrics).1 == Some(1.0) {
            break metrics;
        }
        assert!(Instant::now() < deadline, "the interval never ends");
    };
    assert_eq!(state(&metrics), (Some(1.0), Some(1.0)));
    assert_eq!(metrics.of("aaa", "objectstore_listed_objects"), Some(1.0));
}

#[tokio::test]
async fn scans_and_targets_are_bounded() {
    let server = S3sServer::start();
    for bucket in ["aaa", "bbb", "ccc"] {
        server.store().put_all(bucket, [Upload::new("x-1", 7)]);
    }
    let more = "[probe]\nmax_scans = 1\nmax_targets = 2\n[probe.modules.m]\nbuckets = [\"*\"]\ninterval = \"1h\"";
    let exporter = Exporter::with_config(&config(&server, more), &[]).await;
    server.faults().always(Some(Fault::Silence));
    let running = (Some(0.0), Some(1.0));
    assert_eq!(state(&probe(&exporter, "target=aaa", "0.2").await), running);
    server.faults().stalled(1).await;
    // The second waits for its turn, and there is no room for a third.
    assert_eq!(state(&probe(&exporter, "target=bbb", "0.2").await), running);
    assert_eq!(server.faults().requests(), 1);
    let third = ask(&exporter, "target=ccc", "30").await;
    assert_eq!(third.status(), StatusCode::SERVICE_UNAVAILABLE);
    let text = third.text().await.unwrap();
    assert!(text.contains("raise probe.max_targets"), "{text}");
    server.faults().always(None);
    for target in ["aaa", "bbb"] {
        let metrics = probe(&exporter, &format!("target={target}"), "40").await;
        assert_eq!(state(&metrics), GOOD);
    }
    // Nothing is scanned now: of the two the one goes that was not asked for the longest.
    assert_eq!(state(&probe(&exporter, "target=ccc", "40").await), GOOD);
    let requests = server.faults().requests();
    assert_eq!(state(&probe(&exporter, "target=bbb", "40").await), GOOD);
    assert_eq!(server.faults().requests(), requests, "it was remembered");
    assert_eq!(state(&probe(&exporter, "target=aaa", "40").await), GOOD);
    assert!(server.faults().requests() > requests, "it was forgotten");
}

/// Nothing of these is asked of the store.
#[tokio::test]
async fn whoever_asks_for_something_else_is_told_why_not() {
    let server = S3sServer::start();
    let more = "[backends.disk]\ntype = \"file\"\n\
        [probe.modules.m]\nbackend = \"store\"\nbuckets = [\"backup-*\", \"!backup-old\", \"arn:**\"]\n\
        [probe.modules.all]\nbackend = \"store\"\nbuckets = [\"**\"]\n\
        [probe.modules.disk]\nbackend = \"disk\"\nbuckets = [\"/srv/*\"]";
    let exporter = Exporter::with_config(&config(&server, more), &[]).await;
    let long = format!("module=all&bucket=a&prefix={}", "x".repeat(1025));
    let table = [
        (
            "",
            "module is missing: expected one of \"all\", \"disk\", \"m\"",
        ),
        ("module=M&target=backup-a", "module \"M\" is not defined"),
        ("module=m", "target is missing"),
        ("module=m&target=", "target is missing"),
        (
            "module=m&target=etcd",
            "\"etcd\" is none that the module \"m\" allows: expected one of \"backup-*\"",
        ),
        ("module=m&target=backup-old/x", "is none that the module"),
        ("module=m&target=/backup-a", "bucket \"\" is empty"),
        ("module=m&target=backup-a&bucket=backup-b", "given together"),
        ("module=m&target=backup-a&prefix=b", "given together"),
        ("module=m&module=all&target=a", "duplicate field `module`"),
        ("module=all&target=..", "is no bucket's name"),
        ("module=all&target=.", "is no bucket's name"),
        ("module=all&bucket=a/b", "is no bucket's name"),
        ("module=all&target=a%3Fdelete", "is no bucket's name"),
        ("module=all&target=a%23", "is no bucket's name"),
        ("module=all&target=a%0d%0aX", "is no bucket's name"),
        ("module=all&target=a%20b", "is no bucket's name"),
        ("module=m&target=arn:x/../../other", "is no bucket's name"),
        ("module=all&target=a/%00", "holds a control character"),
        ("module=all&target=a/%ff", "is no UTF-8"),
        (
            "module=disk&target=/srv/../etc",
            "expected the absolute path",
        ),
        (
            "module=disk&target=/etc",
            "is none that the module \"disk\" allows",
        ),
        ("module=disk&target=srv", "expected the absolute path"),
        (&*long, "is longer than any key"),
    ];
    for (query, says) in table {
        let answer = ask(&exporter, query, "10").await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{query}");
        let text = answer.text().await.unwrap();
        assert!(text.contains(says) && text.len() < 2000, "{query}: {text}");
    }
    // All at once.
    let answer = ask(&exporter, "module=m&bucket=etcd&prefix=%01", "soon").await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    let text = answer.text().await.unwrap();
    let faults: Vec<_> = text.lines().collect();
    assert_eq!(faults.len(), 3, "{text}");
    assert!(faults[2].contains("no number of seconds"), "{text}");
    assert_eq!(server.faults().requests(), 0);
    assert!(!exporter.log().contains(S3sServer::SECRET_KEY));
}

/// As any module is gone or changed, so are its targets.
#[tokio::test]
async fn a_reload_changes_what_may_be_asked_for() {
    let server = S3sServer::start();
    server.store().put_all("aaa", [Upload::new("x-1", 7)]);
    let nothing = "[[destinations]]\nbucket = \"aaa\"";
    let exporter = Exporter::with_config(&config(&server, nothing), &[]).await;
    let answer = ask(&exporter, "module=m&target=aaa", "10").await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    let text = answer.text().await.unwrap();
    assert!(text.contains("[probe.modules.NAME]"), "{text}");
    let reload = async |more: &str| {
        std::fs::write(exporter.file("config.toml"), config(&server, more)).unwrap();
        let (status, text) = exporter.reload().await;
        assert_eq!(status, 200, "{text}");
    };
    let module =
        "[probe.modules.m]\nbuckets = [\"aaa\"]\ninterval = \"1h\"\nclusters_file = \"names\"\n";
    std::fs::write(exporter.file("names"), "x\n").unwrap();
    reload(module).await;
    let metrics = probe(&exporter, "target=aaa", "30").await;
    assert_eq!(metrics.by("objectstore_objects", "cluster").len(), 1);
    let resolvers = metrics.by("objectstore_resolver_clusters", "resolver");
    assert_eq!(resolvers.keys().copied().collect::<Vec<_>>(), ["module:m"]);
    let requests = server.faults().requests();
    // Another module changes nothing for this one.
    reload(&format!("{module}[probe.modules.n]\nbuckets = [\"bbb\"]\n")).await;
    probe(&exporter, "module=m&target=aaa", "30").await;
    assert_eq!(server.faults().requests(), requests);
    // A name that goes is gone at once, without another scan; one that comes waits for the next.
    std::fs::write(exporter.file("names"), "y\n").unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let metrics = probe(&exporter, "module=m&target=aaa", "30").await;
        if !metrics.has("objectstore_objects") {
            let of = |name| metrics.of("aaa", name);
            assert_eq!(of("objectstore_unassigned_objects"), Some(1.0));
            assert_eq!(of("objectstore_listed_objects"), Some(1.0));
            break;
        }
        assert!(Instant::now() < deadline, "it is still there");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(server.faults().requests(), requests);
    reload("[probe.modules.m]\nbuckets = [\"aaa\"]\nseparator = \"_\"\n").await;
    let metrics = probe(&exporter, "target=aaa", "30").await;
    assert!(!metrics.has("objectstore_objects"));
    assert!(server.faults().requests() > requests);
}

/// Where any path has the metrics, this one goes on having them.
#[tokio::test]
async fn a_scrape_of_the_seed_at_this_path_goes_on_working() {
    let server = S3sServer::start();
    server.store().put_all("aaa", [Upload::new("x-1", 7)]);
    let endpoint = server.endpoint();
    let arguments = ["-endpoint", &endpoint, "-bucket", "aaa", "-cluster", "x"];
    let environment = [
        ("ACCESS_KEY_ID", S3sServer::ACCESS_KEY),
        ("SECRET_ACCESS_KEY", S3sServer::SECRET_KEY),
    ];
    let exporter = Exporter::start(&arguments, &environment).await;
    assert!(
        exporter
            .get("/probe?target=bbb")
            .await
            .contains("objectstore_scan_interval_seconds")
    );
}
