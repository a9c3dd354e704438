//! A running exporter reads its configuration again: what has changed is done, what has not
//! goes on, and what is bad changes nothing.

use std::collections::BTreeMap;
use std::path::Path;

use s3_exporter_testkit::{S3sServer, Upload};

use crate::common::truth::backup;
use crate::common::{Exporter, Metrics};

mod changes;
mod followed;
mod gate;
mod looks;
mod refused;
mod resolvers;
mod running;
mod signals;

/// The family that tells whether the latest reload was good.
const SUCCESSFUL: &str = "objectstore_exporter_config_last_reload_successful";
/// And when the latest good one was.
const TIME: &str = "objectstore_exporter_config_last_reload_success_timestamp_seconds";

/// The other sets of names, which a [`Watch`](crate::common::watch::Watch) compares with ours.
const COMPATIBLE: &str = "[metrics]\ncompat = [\"kubermatic_s3\", \"kubermatic_etcdbackup\"]\n";

/// The bucket of a destination. (S3 takes no name of less than three letters.)
fn bucket(destination: &str) -> String {
    format!("bucket-{destination}")
}

/// The bucket of a destination with so many objects of the cluster `a`; what it holds.
fn fill(server: &S3sServer, destination: &str, objects: u64) -> Vec<Upload> {
    let bucket = &bucket(destination);
    let uploads: Vec<_> = (0..objects).map(|nth| backup("a", nth)).collect();
    server.store().create_bucket(bucket);
    server.store().put_all(bucket, uploads.clone());
    uploads
}

/// A backend that is this server; `more` are lines of its own.
fn backend(name: &str, server: &S3sServer, more: &str) -> String {
    format!(
        "[backends.{name}]\ntype = \"s3\"\nendpoint = \"{}\"\naccess_key_id = \"{}\"\n\
         secret_access_key = \"{}\"\n{more}\n",
        server.endpoint(),
        S3sServer::ACCESS_KEY,
        S3sServer::SECRET_KEY
    )
}

/// A destination; `more` are lines of its own.
fn destination(name: &str, backend: &str, more: &str) -> String {
    format!(
        "[[destinations]]\nname = \"{name}\"\nbucket = \"bucket-{name}\"\nbackend = \"{backend}\"\n{more}\n"
    )
}

/// As [`destination`], with an hour between scans, so that each scan has another cause.
fn hourly(name: &str, more: &str) -> String {
    destination(name, "store", &format!("interval = \"1h\"\n{more}"))
}

/// Replaces the configuration as a tool would: nobody ever reads half of it.
fn write(exporter: &Exporter, config: &str) {
    replace(&exporter.file("config.toml"), config);
}

fn replace(path: &Path, text: &str) {
    let new = path.with_extension("new");
    std::fs::write(&new, text).unwrap();
    std::fs::rename(new, path).unwrap();
}

/// Replaces the configuration and has it read: what it answers when all is well.
async fn reload(exporter: &Exporter, config: &str) -> String {
    write(exporter, config);
    let (status, text) = exporter.reload().await;
    assert_eq!(status, 200, "{text}");
    text
}

/// Waits until each of these has been listed.
async fn until_listed(exporter: &mut Exporter, destinations: &[&str]) -> Metrics {
    let is_listed = |metrics: &Metrics| {
        destinations
            .iter()
            .all(|name| metrics.of(name, "objectstore_scan_success") == Some(1.0))
    };
    exporter
        .until(&format!("{destinations:?} are listed"), is_listed)
        .await
}

/// Everything that is shown of a destination.
fn of(metrics: &Metrics, destination: &str) -> Metrics {
    metrics.with(&[("destination", destination)])
}

/// The scans of a destination that have ended, and those of them that failed.
fn scans(metrics: &Metrics, destination: &str) -> (f64, f64) {
    let failed: BTreeMap<_, _> = of(metrics, destination)
        .by("objectstore_scan_failures_total", "kind")
        .into_iter()
        .map(|(kind, count)| (kind.to_owned(), count))
        .collect();
    let all = metrics.of(destination, "objectstore_scans_total");
    (all.unwrap(), failed.values().sum())
}

/// The process's own figure.
fn own(metrics: &Metrics, name: &str) -> f64 {
    metrics.get(name, &[]).unwrap()
}
