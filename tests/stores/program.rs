//! What `s3-exporter once` shows of a store's buckets.

use s3_exporter_testkit::Port;
use s3_exporter_testkit::servers::S3Store;

use serde_json::Value;

use crate::common::Metrics;
use crate::common::command::Program;

/// What it shows, and what it says of its failures.
pub struct Shown {
    pub metrics: Metrics,
    log: Vec<Value>,
}

impl Shown {
    /// Of the destination, which has one such series.
    pub fn of(&self, destination: &str, metric: &str) -> Option<f64> {
        self.metrics.of(destination, metric)
    }

    /// The innermost cause of what the log tells of a destination.
    pub fn cause(&self, destination: &str) -> String {
        let of = |line: &&Value| line["destination"] == destination && line["error"].is_string();
        let line = self.log.iter().find(of);
        let line = line.unwrap_or_else(|| panic!("no error of {destination}: {:?}", self.log));
        let error = line["error"].as_str().unwrap();
        let cause = error.rsplit(": ").next().unwrap();
        cause.split(';').next().unwrap().to_owned()
    }
}

/// The buckets are all destinations by their own name; `data` by type `minio`, too. Three that fail: a
/// bucket that is not there, a wrong secret, and an address where nobody listens.
pub async fn once(store: &S3Store) -> Shown {
    let nobody = Port::take();
    let (endpoint, id, secret) = (&*store.endpoint, store.access_key, store.secret_key);
    let away = format!("http://127.0.0.1:{nobody}");
    let mut config = String::new();
    for (name, kind, endpoint, secret) in [
        ("s3", "s3", endpoint, secret),
        ("minio", "minio", endpoint, secret),
        ("wrong", "s3", endpoint, "not-the-secret"),
        ("away", "s3", &*away, secret),
    ] {
        config += &format!(
            "[backends.{name}]\ntype = \"{kind}\"\nendpoint = \"{endpoint}\"\nregion = \"us-east-1\"\n\
             access_key_id = \"{id}\"\nsecret_access_key = \"{secret}\"\n"
        );
    }
    for (name, backend, bucket, also) in [
        ("data", "s3", "data", ""),
        ("data-minio", "minio", "data", ""),
        ("odd", "s3", "odd", ""),
        ("odd-minio", "minio", "odd", ""),
        ("versions", "s3", "versions", "also = [\"versions\"]"),
        ("uploads", "s3", "uploads", "also = [\"uploads\"]"),
        ("missing", "s3", "missing", ""),
        ("wrong", "wrong", "data", ""),
        ("away", "away", "data", ""),
    ] {
        config += &format!(
            "[[destinations]]\nname = \"{name}\"\nbackend = \"{backend}\"\nbucket = \"{bucket}\"\n{also}\n"
        );
    }
    let program = Program::new(&["once", "--config", "config.toml"]);
    let output = tokio::task::spawn_blocking(move || program.file("config.toml", &config).run());
    let output = output.await.unwrap();
    assert_eq!(output.code, Some(1), "{output:?}");
    Shown {
        metrics: Metrics::parse(&output.stdout),
        log: output
            .stderr
            .iter()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect(),
    }
}
