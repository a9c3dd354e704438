//! What is kept over a restart, and what becomes of it when the folder, the clock or the
//! process itself goes wrong.

mod clock;
mod folder;
mod gone;
mod killed;
mod resolver;
mod restart;

use std::fs;
use std::path::{Path, PathBuf};

use s3_exporter::destination::ListingId;
use s3_exporter::state::{SavedState, Unusable, parse};
use s3_exporter_testkit::{S3sServer, Upload};
use serde_json::Value;

use crate::common::Metrics;
use crate::common::truth::{Figures, backup, time};

const SUCCESS: &str = "objectstore_scan_success";
const LAST_SUCCESS: &str = "objectstore_scan_last_success_timestamp_seconds";

/// Keeps its state there and knows one store; destinations are still to come.
fn config(store: &S3sServer, state: &Path) -> String {
    format!(
        "[state]\ndirectory = {state:?}\n[backends.store]\ntype = \"s3\"\nregion = \"us-east-1\"\n\
         endpoint = \"{}\"\naccess_key_id = \"{}\"\nsecret_access_key = \"{}\"\n",
        store.endpoint(),
        S3sServer::ACCESS_KEY,
        S3sServer::SECRET_KEY,
    )
}

/// A destination of that store for the clusters a and b.
fn destination(bucket: &str, interval: &str) -> String {
    format!(
        "[[destinations]]\nbucket = \"{bucket}\"\nclusters = [\"a\", \"b\"]\ninterval = \"{interval}\"\n"
    )
}

/// A store with the backups of two clusters and a foreign file in this bucket.
fn store(bucket: &str) -> (S3sServer, Figures) {
    let server = S3sServer::start();
    let uploads = [
        backup("a", 1),
        backup("a", 2),
        backup("b", 3),
        Upload::new("b-empty", 0).at(time(4)),
        Upload::new("notes.txt", 77).at(time(5)),
    ];
    let right = Figures::expected(&uploads, &["a", "b"]);
    server.store().put_all(bucket, uploads);
    (server, right)
}

/// The latest scan of the destination was complete.
fn scanned(destination: &str) -> impl Fn(&Metrics) -> bool {
    move |metrics| metrics.of(destination, SUCCESS) == Some(1.0)
}

/// The files in the folder whose names end so.
fn files(state: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(state).into_iter().flatten();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = paths
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .collect();
    files.sort();
    files
}

/// What is kept there of the one destination.
fn kept(state: &Path) -> Option<Result<(ListingId, SavedState), Unusable>> {
    let files = files(state, ".state");
    assert!(files.len() < 2, "{files:?}");
    Some(parse(&fs::read(files.first()?).unwrap()))
}

/// The lines of the log at this level.
fn at_level<'a>(log: &'a [Value], level: &str) -> Vec<&'a Value> {
    log.iter().filter(|line| line["level"] == level).collect()
}

/// The lines whose message begins so.
fn saying<'a>(log: &'a [Value], message: &str) -> Vec<&'a Value> {
    let says = |line: &&Value| {
        line["msg"]
            .as_str()
            .unwrap_or_default()
            .starts_with(message)
    };
    log.iter().filter(says).collect()
}
