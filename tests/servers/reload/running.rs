//! Reloads while scans run.

use std::time::{Duration, Instant};

use s3_exporter_testkit::{Fault, S3sServer};

use super::{Exporter, backend, destination, fill, hourly, of, reload, scans, until_listed};

/// Nothing that hangs ends by itself within this test.
const PATIENT: &str = "request_timeout = \"10m\"";

/// However often the configuration is read, and whatever else is changed by it, scans begin
/// when they would have begun.
#[tokio::test]
async fn the_schedule_goes_on() {
    let server = S3sServer::start();
    for bucket in ["often", "seldom", "changes"] {
        fill(&server, bucket, 3);
    }
    let config = |hours: u32| {
        [
            backend("store", &server, ""),
            destination("often", "store", "interval = \"1s\""),
            hourly("seldom", ""),
            hourly("changes", &format!("max_age = \"{hours}h\"")),
        ]
        .concat()
    };
    let began = Instant::now();
    let mut exporter = Exporter::with_config(&config(2), &[]).await;
    let before = until_listed(&mut exporter, &["often", "seldom", "changes"]).await;
    let mut reloads = 0;
    let now = loop {
        reloads += 1;
        reload(&exporter, &config(2 + reloads % 2)).await;
        let now = exporter.metrics().await;
        if scans(&now, "often").0 >= scans(&before, "often").0 + 8.0 {
            break now;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{}", now.ours());
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    // Up to a twentieth of the interval is jitter.
    let most = began.elapsed().as_secs_f64() / 0.95 + 1.0;
    let all = scans(&now, "often").0;
    assert!(all <= most, "{all} scans, and there was time for {most}");
    assert_eq!(of(&now, "seldom"), of(&before, "seldom"));
    assert_eq!(
        scans(&now, "changes"),
        (1.0, 0.0),
        "after {reloads} reloads"
    );
}

#[tokio::test]
async fn a_scan_that_runs_goes_on_unless_it_would_ask_in_another_way() {
    let server = S3sServer::start();
    fill(&server, "d", 3);
    let config = |timeout: &str, more: &str| {
        let timeout = format!("request_timeout = \"{timeout}\"");
        format!(
            "{}{}",
            backend("store", &server, &timeout),
            hourly("d", more)
        )
    };
    server.faults().next([Some(Fault::Silence)]);
    let mut exporter = Exporter::with_config(&config("10m", ""), &[]).await;
    server.faults().stalled(1).await;

    for more in ["max_age = \"25h\"", "clusters = [\"a\"]\ninterval = \"2h\""] {
        let answer = reload(&exporter, &config("10m", "max_age = \"25h\"")).await;
        assert!(!answer.contains("begun anew"), "{more}: {answer}");
    }
    assert_eq!(server.faults().requests(), 1, "it still waits for that one");
    assert_eq!(scans(&exporter.metrics().await, "d"), (0.0, 0.0));

    reload(&exporter, &config("9m", "max_age = \"25h\"")).await;
    let now = until_listed(&mut exporter, &["d"]).await;
    assert_eq!(
        scans(&now, "d"),
        (1.0, 0.0),
        "what was given up is no failure"
    );
    assert_eq!(server.faults().requests(), 2);
}

/// There is one request in the whole process, and a store that never answers has it.
#[tokio::test]
async fn a_scan_of_what_is_removed_is_given_up() {
    let (silent, server) = (S3sServer::start(), S3sServer::start());
    fill(&silent, "go", 3);
    fill(&server, "stay", 3);
    silent.faults().always(Some(Fault::Silence));
    let backends = [
        "[scan]\nmax_requests_in_flight = 1\n",
        &backend("silent", &silent, PATIENT),
        &backend("store", &server, PATIENT),
    ]
    .concat();
    let go = destination("go", "silent", "interval = \"1h\"");
    let mut exporter = Exporter::with_config(&format!("{backends}{go}"), &[]).await;
    silent.faults().stalled(1).await;
    let both = format!("{backends}{go}{}", hourly("stay", ""));
    reload(&exporter, &both).await;
    assert_eq!(server.faults().requests(), 0, "it waits for its turn");

    let stay = format!("{backends}{}", hourly("stay", ""));
    reload(&exporter, &stay).await;
    until_listed(&mut exporter, &["stay"]).await;
}

/// The same, and the bound is raised.
#[tokio::test]
async fn bounds_on_requests_hold_at_once() {
    let (silent, server) = (S3sServer::start(), S3sServer::start());
    fill(&silent, "hangs", 3);
    for bucket in ["in-all", "of-store"] {
        fill(&server, bucket, 3);
    }
    silent.faults().always(Some(Fault::Silence));
    let config = |in_all: u32| {
        [
            &format!("[scan]\nmax_requests_in_flight = {in_all}\n"),
            &backend("silent", &silent, PATIENT),
            &backend("store", &server, PATIENT),
            &destination("hangs", "silent", "interval = \"1h\""),
        ]
        .map(String::as_str)
        .concat()
    };
    let mut exporter = Exporter::with_config(&config(1), &[]).await;
    silent.faults().stalled(1).await;
    reload(&exporter, &format!("{}{}", config(1), hourly("in-all", ""))).await;
    assert_eq!(server.faults().requests(), 0, "it waits for its turn");
    reload(&exporter, &format!("{}{}", config(2), hourly("in-all", ""))).await;
    until_listed(&mut exporter, &["in-all"]).await;
    assert_eq!(silent.faults().requests(), 1, "that one goes on");
}

#[tokio::test]
async fn another_interval_holds_at_once() {
    let server = S3sServer::start();
    fill(&server, "d", 3);
    let config = |interval: &str| {
        let more = format!("interval = \"{interval}\"");
        [
            backend("store", &server, ""),
            destination("d", "store", &more),
        ]
        .concat()
    };
    let mut exporter = Exporter::with_config(&config("1h"), &[]).await;
    until_listed(&mut exporter, &["d"]).await;
    reload(&exporter, &config("1s")).await;
    exporter
        .until("two more scans", |now| scans(now, "d").0 >= 3.0)
        .await;
}
