//! Destinations, backends and settings that come, go and change.

use std::time::{Duration, Instant};

use s3_exporter_testkit::{Fault, S3sServer};

use super::{
    COMPATIBLE, Exporter, SUCCESSFUL, TIME, backend, destination, fill, hourly, of, own, reload,
    scans, until_listed,
};
use crate::common::truth::Figures;
use crate::common::watch::Watch;

#[tokio::test]
async fn destinations_come_go_and_change_and_those_that_stay_do_not_notice() {
    let server = S3sServer::start();
    let objects = ["stay", "go", "change", "come"].map(|name| fill(&server, name, 30));
    let config = |destinations: &[String]| {
        let store = backend("store", &server, "");
        format!("{COMPATIBLE}{store}{}", destinations.concat())
    };
    let clusters = "clusters = [\"a\", \"never\"]";
    let [stay, go, change, come] =
        ["stay", "go", "change", "come"].map(|name| hourly(name, clusters));
    let before = config(&[stay.clone(), go, change]);
    let mut exporter = Exporter::with_config(&before, &[]).await;
    let watch = Watch::start(&exporter, &["stay", "change"]);
    watch.allow("stay", &Figures::expected(&objects[0], &["a", "never"]));
    watch.allow("change", &Figures::expected(&objects[2], &["a", "never"]));
    let before = until_listed(&mut exporter, &["stay", "go", "change"]).await;
    assert_eq!(own(&before, SUCCESSFUL), 1.0);
    assert_eq!(own(&before, TIME), own(&before, TIME).max(1.0));

    let changed = format!("{clusters}\nmax_age = \"25h\"\nexpect = \"all\"");
    let after = config(&[come, stay, hourly("change", &changed)]);
    let answer = reload(&exporter, &after).await;
    assert_eq!(
        answer,
        "the configuration is in effect with 3 destinations; destinations added: 1, \
         destinations removed: 1, destinations changed: 1\n"
    );
    // All of it with the first scrape.
    let now = exporter.metrics().await;
    assert_eq!(of(&now, "go").names().len(), 0, "{}", now.ours());
    assert_eq!(of(&now, "stay"), of(&before, "stay"));
    assert_eq!(
        now.of("change", "objectstore_max_age_seconds"),
        Some(90_000.0)
    );
    assert!(now.of("come", "objectstore_destination_info").is_some());
    assert!(own(&now, TIME) > own(&before, TIME));
    let own_resolver = |name: &str| now.get("objectstore_resolver_clusters", &[("resolver", name)]);
    assert_eq!(own_resolver("destination:go"), None);
    assert_eq!(own_resolver("destination:stay"), Some(2.0));

    let now = until_listed(&mut exporter, &["come"]).await;
    let shown = Figures::shown(&now, "come");
    shown.assert_are(&Figures::expected(&objects[3], &["a", "never"]), "come");
    assert_eq!(of(&now, "stay"), of(&before, "stay"));
    // What has changed goes on as well: only its setting is another one.
    let setting = |line: &&str| !line.starts_with("objectstore_max_age_seconds");
    let without =
        |text: String| -> Vec<_> { text.lines().filter(setting).map(str::to_owned).collect() };
    assert_eq!(
        without(of(&now, "change").ours()),
        without(of(&before, "change").ours())
    );
    watch.end().await;
    assert_eq!(server.faults().requests(), 4, "one listing of each");
}

/// The name is the same, and what it means is not.
#[tokio::test]
async fn a_destination_of_other_objects_begins_anew() {
    let server = S3sServer::start();
    let objects = fill(&server, "d", 30);
    let quick = "request_timeout = \"1s\"";
    let config = |prefix: &str| {
        let more = format!("interval = \"1s\"\nclusters = [\"a\"]\nprefix = \"{prefix}\"");
        format!(
            "{}{}",
            backend("store", &server, quick),
            destination("d", "store", &more)
        )
    };
    let mut exporter = Exporter::with_config(&config(""), &[]).await;
    until_listed(&mut exporter, &["d"]).await;

    server.faults().always(Some(Fault::Silence));
    let answer = reload(&exporter, &config("a-daily-2020")).await;
    assert!(
        answer.ends_with("; destinations begun anew: 1\n"),
        "{answer}"
    );
    let now = exporter.metrics().await;
    assert!(Figures::shown(&now, "d").is_empty(), "{}", now.ours());
    assert_eq!(scans(&now, "d"), (0.0, 0.0));
    let info = [("destination", "d"), ("prefix", "a-daily-2020")];
    assert_eq!(now.get("objectstore_destination_info", &info), Some(1.0));

    server.faults().always(None);
    let now = until_listed(&mut exporter, &["d"]).await;
    let own: Vec<_> = objects
        .into_iter()
        .filter(|object| object.key.starts_with("a-daily-2020"))
        .collect();
    assert_eq!(
        now.of("d", "objectstore_listed_objects"),
        Some(own.len() as f64)
    );
}

#[tokio::test]
async fn another_secret_connects_again_and_the_counters_go_on() {
    const WRONG: &str = "wrong-secret-of-a-test";
    let (server, other) = (S3sServer::start(), S3sServer::start());
    fill(&server, "d", 3);
    fill(&other, "beside", 3);
    let config = |secret: &str| {
        let store = backend("store", &server, "").replace(S3sServer::SECRET_KEY, secret);
        let beside = destination("beside", "other", "interval = \"1h\"");
        [store, backend("other", &other, ""), hourly("d", ""), beside].concat()
    };
    let mut exporter = Exporter::with_config(&config(WRONG), &[]).await;
    let before = exporter
        .until("the secret is refused", |now| {
            now.failing("d") == ["credentials"]
                && now.of("beside", "objectstore_scan_success") == Some(1.0)
        })
        .await;
    assert_eq!(scans(&before, "d"), (1.0, 1.0));
    let attempts = |metrics: &super::Metrics| {
        let list = [("destination", "d"), ("operation", "ListObjectsV2")];
        metrics
            .get("objectstore_api_requests_total", &list)
            .unwrap()
    };

    let answer = reload(&exporter, &config(S3sServer::SECRET_KEY)).await;
    assert!(
        answer.ends_with("; destinations changed: 1, backends connected again: 1\n"),
        "{answer}"
    );
    let now = until_listed(&mut exporter, &["d"]).await;
    assert_eq!(scans(&now, "d"), (2.0, 1.0));
    assert_eq!(attempts(&now), attempts(&before) + 1.0);
    assert_eq!(of(&now, "beside"), of(&before, "beside"));

    // What is the same is left alone, however often it is read.
    let answer = reload(&exporter, &config(S3sServer::SECRET_KEY)).await;
    assert!(
        answer.ends_with("; nothing of them has changed\n"),
        "{answer}"
    );
    assert_eq!(of(&exporter.metrics().await, "d"), of(&now, "d"));
    for secret in [WRONG, S3sServer::SECRET_KEY] {
        assert!(!exporter.log().contains(secret));
    }
}

#[tokio::test]
async fn names_of_metrics_and_the_level_of_the_log_change_at_once() {
    let server = S3sServer::start();
    fill(&server, "d", 3);
    let config = |general: &str| {
        let destination = destination("d", "store", "interval = \"1s\"\nclusters = [\"a\"]");
        [general, &backend("store", &server, ""), &destination].concat()
    };
    let mut exporter = Exporter::with_config(&config(""), &[]).await;
    let before = until_listed(&mut exporter, &["d"]).await;
    assert!(before.beginning("kubermatic_").names().is_empty());

    let general = "[metrics]\ncompat = [\"kubermatic_s3\"]\ncluster_label = \"backup_cluster\"\n\
                   [log]\nlevel = \"debug\"\n";
    reload(&exporter, &config(general)).await;
    let now = exporter.metrics().await;
    let renamed = [("destination", "d"), ("backup_cluster", "a")];
    assert_eq!(now.get("objectstore_objects", &renamed), Some(3.0));
    assert!(
        now.all("objectstore_objects", &[("cluster", "a")])
            .is_empty()
    );
    let compatible = [("destination", "d"), ("cluster", "a")];
    assert_eq!(
        now.get("kubermatic_s3_object_count", &compatible),
        Some(3.0)
    );
    let is_debug = |line: &serde_json::Value| {
        line["level"] == "debug" && line["msg"].as_str() == Some("scan complete")
    };
    exporter
        .until_log("a scan is told of", |lines| lines.iter().any(is_debug))
        .await;

    reload(&exporter, &config("[log]\nlevel = \"error\"\n")).await;
    let lines = exporter.log_lines().len();
    let now = exporter.metrics().await;
    assert!(now.beginning("kubermatic_").names().is_empty());
    assert_eq!(now.get("objectstore_objects", &compatible), Some(3.0));
    exporter
        .until("two more scans", |later| {
            scans(later, "d").0 >= scans(&now, "d").0 + 2.0
        })
        .await;
    assert_eq!(exporter.log_lines().len(), lines, "{}", exporter.log());
}

/// With a state directory: what was removed by mistake has its figures, and their age, as soon
/// as it is back.
#[tokio::test]
async fn a_destination_that_comes_back_goes_on_from_what_was_kept() {
    let server = S3sServer::start();
    let objects = fill(&server, "d", 3);
    fill(&server, "stay", 3);
    let general = [
        "[state]\ndirectory = \"state\"\n",
        &backend("store", &server, "request_timeout = \"10m\""),
        &hourly("stay", ""),
    ]
    .concat();
    let both = format!("{general}{}", hourly("d", "clusters = [\"a\"]"));
    let mut exporter = Exporter::with_config(&both, &[]).await;
    let before = until_listed(&mut exporter, &["d", "stay"]).await;
    let files = || std::fs::read_dir(exporter.file("state")).unwrap().flatten();
    let names = || files().map(|file| file.file_name().to_string_lossy().into_owned());
    let deadline = Instant::now() + Duration::from_secs(60);
    while !names().any(|name| name.ends_with("-d.state")) {
        let names: Vec<_> = names().collect();
        assert!(Instant::now() < deadline, "{names:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    reload(&exporter, &general).await;
    assert!(of(&exporter.metrics().await, "d").names().is_empty());

    server.faults().always(Some(Fault::Silence));
    reload(&exporter, &both).await;
    let now = exporter.metrics().await;
    Figures::shown(&now, "d").assert_are(&Figures::expected(&objects, &["a"]), "kept");
    let time = "objectstore_scan_last_success_timestamp_seconds";
    assert_eq!(now.of("d", time), before.of("d", time));
    assert_eq!(of(&now, "stay"), of(&before, "stay"));
}

/// Who takes `ordered = true` back is not told to set it: no answer ever showed the order.
#[tokio::test]
async fn an_order_that_was_only_said_is_not_missed() {
    let server = S3sServer::builder().server("nginx").start();
    fill(&server, "d", 3);
    let config = |more: &str| {
        let often = destination("d", "store", "interval = \"1s\"");
        [backend("store", &server, more), often].concat()
    };
    let mut exporter = Exporter::with_config(&config("ordered = true"), &[]).await;
    let now = until_listed(&mut exporter, &["d"]).await;
    let answer = reload(&exporter, &config("")).await;
    assert!(
        answer.ends_with("backends connected again: 1\n"),
        "{answer}"
    );
    let (before, _) = scans(&now, "d");
    exporter
        .until("four more scans", |now| scans(now, "d").0 >= before + 4.0)
        .await;
    let log = exporter.log();
    assert!(!log.contains("did not show any more"), "{log}");
}
