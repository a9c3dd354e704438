//! Answers that never end cost bounded memory.

use s3_exporter_testkit::{Fault, S3sServer};

use crate::common::Exporter;
use crate::faults::row::{Row, small};
use crate::faults::stage::Stage;
use crate::faults::trouble::Trouble;

/// The highest memory of the process, which has six destinations with a body of at most
/// 8 MiB each. (57 MiB were seen.)
const MOST: u64 = 96 << 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_never_end_cost_bounded_memory() {
    let row = |fault, name, status, announced| {
        let server = S3sServer::start();
        server.store().put_all("small", small());
        let keys = (S3sServer::ACCESS_KEY, S3sServer::SECRET_KEY);
        let endless = Fault::Endless { status, announced };
        Row::new(
            fault,
            name,
            server.endpoint(),
            keys,
            Trouble::Answers(server, endless),
        )
    };
    let rows = vec![
        row("a listing that never ends", "endless", 200, None)
            .fails("protocol", &["more than 8388608 bytes"]),
        row(
            "an error answer that never ends",
            "endless-error",
            500,
            None,
        )
        .fails("unavailable", &["the store is not available (500)"]),
        row(
            "an error answer of a terabyte",
            "terabyte",
            403,
            Some(1 << 40),
        )
        .fails("denied", &["access denied (403)"]),
    ];
    let mut exporter = Stage::default().run(rows).await;
    let most = highest_memory(&exporter);
    println!("VmHWM {} MiB", most >> 20);
    assert!(most < MOST, "{} MiB", most >> 20);
    assert!(exporter.terminate().await.success());
}

/// `VmHWM`, in bytes.
fn highest_memory(exporter: &Exporter) -> u64 {
    let path = format!("/proc/{}/status", exporter.pid());
    let status = std::fs::read_to_string(path).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: u64 = line
        .unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap();
    kib * 1024
}
