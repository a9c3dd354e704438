//! The table's cases: one row a fault, all of them at the same time in one exporter.

use std::collections::BTreeSet;
use std::sync::Arc;

use s3_exporter_testkit::servers::{MinIo, Toxiproxy};
use s3_exporter_testkit::{Authority, tool};
use tokio::sync::OnceCell;

use crate::faults::stage::{Outcomes, Stage};
use crate::faults::table::rows;
use crate::faults::trouble::Hosts;

/// What came of the table, which is run once for all of its cases.
static TABLE: OnceCell<Outcomes> = OnceCell::const_new();

/// A test for each row, which says what came of it.
macro_rules! cases {
    ($($name:ident)*) => {
        const CASES: &[&str] = &[$(stringify!($name)),*];
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let outcomes = TABLE.get_or_init(table).await;
                let row = stringify!($name).replace('_', "-");
                outcomes[&*row].as_ref().unwrap_or_else(|wrong| panic!("{wrong}"));
            }
        )*
    };
}

cases! {
    refused
    unnamed
    silent
    slow
    cut
    reset
    reset_early
    killed
    revoked
    deleted
    internal
    slowdown
    too_many
    sorry
    region
    portal
    gzip
    skewed
    expired
    self_signed
    stranger
    wrong_name
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_fault_is_told_harms_nobody_else_and_heals() {
    let outcomes = TABLE.get_or_init(table).await;
    let wrong: Vec<_> = outcomes.iter().filter(|(_, of)| of.is_err()).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let rows: BTreeSet<_> = outcomes.keys().map(|row| row.replace('-', "_")).collect();
    let cases = CASES.iter().map(ToString::to_string).collect();
    assert_eq!(rows, cases, "each row has a case");
}

/// Runs all rows.
async fn table() -> Outcomes {
    let authority = Arc::new(Authority::new());
    let toxiproxy = Toxiproxy::start().await;
    let minio = Arc::new(MinIo::start().await);
    let hosts = Hosts::new();
    let rows = rows(&toxiproxy, &minio, &hosts, &authority).await;
    let stage = Stage {
        authority,
        environment: vec![
            (
                "LD_PRELOAD".to_owned(),
                tool("libnss_wrapper.so").display().to_string(),
            ),
            (
                "NSS_WRAPPER_HOSTS".to_owned(),
                hosts.path().display().to_string(),
            ),
        ],
        alone: false,
    };
    let (mut exporter, outcomes) = stage.outcomes(rows).await;
    assert!(exporter.terminate().await.success());
    outcomes
}
