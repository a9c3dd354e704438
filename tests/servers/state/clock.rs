//! A clock that jumps does no harm: nothing waits for it, and no age is hidden by it. The
//! clock is that of the process alone, by libfaketime.

use std::path::Path;

use s3_exporter_api::UnixTime;
use s3_exporter_testkit::{Fault, tool};

use crate::common::truth::Figures;
use crate::common::{Exporter, Metrics};
use crate::state::{LAST_SUCCESS, SUCCESS, config, destination, saying, store};

const HOUR: f64 = 3600.0;
const DAY: f64 = 24.0 * HOUR;

/// Sets the clock of those who look there, by so many days.
fn set(file: &Path, days: i32) {
    // Replaced whole, for it is read at every look at the clock.
    let new = file.with_extension("new");
    std::fs::write(&new, format!("{days:+}d\n")).unwrap();
    std::fs::rename(new, file).unwrap();
}

async fn start(config: &str, clock: &Path) -> Exporter {
    let preload = format!("LD_PRELOAD={}", tool("libfaketimeMT.so.1").display());
    let file = format!("FAKETIME_TIMESTAMP_FILE={}", clock.display());
    let wrapper = [
        "env",
        &preload,
        &file,
        "FAKETIME_NO_CACHE=1",
        "FAKETIME_DONT_FAKE_MONOTONIC=1",
    ];
    Exporter::under(&wrapper, config).await
}

/// How far the latest success is from now, in seconds.
fn distance(metrics: &Metrics) -> f64 {
    metrics.of("good", LAST_SUCCESS).unwrap() - UnixTime::now().as_seconds()
}

#[tokio::test]
async fn set_back_and_forth() {
    let (server, right) = store("good");
    let folder = tempfile::tempdir().unwrap();
    let (state, clock) = (folder.path().join("state"), folder.path().join("clock"));
    let config = config(&server, &state) + &destination("good", "1s");

    // While it runs: scans go on, and are of the time that the clock says then.
    set(&clock, 0);
    let mut exporter = start(&config, &clock).await;
    for days in [0, 2, -3, 0, 5] {
        set(&clock, days);
        let follows = |metrics: &Metrics| {
            metrics.of("good", SUCCESS) == Some(1.0)
                && (distance(metrics) - f64::from(days) * DAY).abs() < HOUR
        };
        let metrics = exporter
            .until(&format!("scans at {days} days"), follows)
            .await;
        Figures::shown(&metrics, "good").assert_are(&right, &format!("at {days} days"));
        assert_eq!(
            metrics.of("good", "objectstore_scan_failures_total{}"),
            None
        );
    }
    assert!(exporter.terminate().await.success());

    // What was kept is from the future then, and the store does not answer: its age grows
    // from now on, so that an alert on it comes.
    set(&clock, 0);
    server.faults().always(Some(Fault::Silence));
    let exporter = start(&config, &clock).await;
    let metrics = exporter.metrics().await;
    Figures::shown(&metrics, "good").assert_are(&right, "with the clock set back");
    assert!(
        (-HOUR..=0.0).contains(&distance(&metrics)),
        "{}",
        distance(&metrics)
    );
    let log = exporter.log_lines();
    assert_eq!(
        saying(&log, "what was kept is from the future").len(),
        1,
        "{}",
        exporter.log()
    );
    let status = exporter.status().await;
    assert!(
        status.to_string().contains("\"age_seconds\":0."),
        "{status}"
    );
    assert!(
        !status.to_string().contains("\"age_seconds\":-"),
        "{status}"
    );
}
