//! Our own clock is wrong: a real MinIO says so.

use std::sync::Arc;

use s3_exporter_testkit::servers::MinIo;
use s3_exporter_testkit::tool;

use crate::common::Exporter;
use crate::common::truth::Figures;
use crate::faults::row::{CLUSTERS, Row, small, total_failures};
use crate::faults::stage::Stage;
use crate::faults::trouble::{Clock, LISTS, Trouble};

async fn minio() -> Arc<MinIo> {
    let minio = Arc::new(MinIo::start().await);
    minio.client().create_bucket("small").await;
    minio.client().put_archived("small", &small()).await;
    minio
}

/// Puts the exporter's time of day under `clock`. Waiting is as it was, as on a real machine
/// whose clock is wrong.
fn environment(clock: &Clock) -> Vec<(String, String)> {
    let library = tool("libfaketimeMT.so.1").display().to_string();
    let file = clock.path().display().to_string();
    let variables = [
        ("LD_PRELOAD", &*library),
        ("FAKETIME_TIMESTAMP_FILE", &file),
        ("FAKETIME_NO_CACHE", "1"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ("DONT_FAKE_MONOTONIC", "1"),
    ];
    let owned = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    owned.to_vec()
}

fn row(minio: &MinIo, clock: Clock) -> Row {
    let fault = "the clocks of the machine and the store differ by 15 minutes";
    let keys = (MinIo::ACCESS_KEY, MinIo::SECRET_KEY);
    Row::new(
        fault,
        "clock",
        minio.endpoint(),
        keys,
        Trouble::Skewed(clock),
    )
    .fails(
        "denied",
        &[
            "our clock and the store's differ too much",
            "set the clock of this machine",
        ],
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_clock_is_told_and_heals() {
    let (minio, clock) = (minio().await, Clock::new());
    let stage = Stage {
        environment: environment(&clock),
        alone: true,
        ..Stage::default()
    };
    let row = row(&minio, clock).only(&["minio"]).bare();
    let mut exporter = stage.run(vec![row]).await;
    assert!(exporter.terminate().await.success());
}

/// The AWS SDK takes the time from the store's answer, and signs for that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_s3_a_wrong_clock_does_no_harm() {
    let (minio, clock) = (minio().await, Clock::new());
    clock.set("+2h");
    let config = "[scan]\ninterval = \"1s\"\n".to_owned()
        + &row(&minio, clock.clone()).only(&["s3"]).config();
    let environment = environment(&clock);
    let environment: Vec<_> = environment.iter().map(|(k, v)| (&**k, &**v)).collect();
    let mut exporter = Exporter::with_config_in(&config, &[], &environment).await;
    let metrics = exporter
        .until("it is scanned again and again", |metrics| {
            metrics.of("clock-s3", "objectstore_scans_total") >= Some(3.0)
        })
        .await;
    assert_eq!(total_failures(&metrics), 0.0, "{}", metrics.ours());
    let right = Figures::expected(&small(), &CLUSTERS);
    Figures::shown(&metrics, "clock-s3").assert_are(&right, "clock-s3");
    let denied = [LISTS[0], ("kind", "denied")];
    let denied = metrics.get("objectstore_api_request_failures_total", &denied);
    assert_eq!(denied, Some(1.0), "{}", metrics.ours());
    assert!(exporter.terminate().await.success());
}
