//! Stores whose destinations are in every state, and an exporter that watches them.

use std::time::Duration;

use s3_exporter_api::UnixTime;
use s3_exporter_testkit::{Fault, Memory, S3sServer, Upload};
use serde_json::Value;

use crate::common::Exporter;

pub const HOUR: i64 = 3600;
pub const DAY: i64 = 24 * HOUR;

/// A backend of the configuration.
pub fn backend(name: &str, server: &S3sServer) -> String {
    format!(
        "[backends.{name}]\ntype = \"s3\"\nregion = \"us-east-1\"\nendpoint = \"{}\"\n\
         access_key_id = \"{}\"\nsecret_access_key = \"{}\"\nrequest_timeout = \"1h\"\n\
         price_per_1000_requests = 0.005\n",
        server.endpoint(),
        S3sServer::ACCESS_KEY,
        S3sServer::SECRET_KEY
    )
}

/// A destination of it; its name is that of its bucket.
pub fn destination(bucket: &str, backend: &str, more: &str) -> String {
    format!(
        "[[destinations]]\nname = \"{bucket}\"\nbucket = \"{bucket}\"\nbackend = \"{backend}\"\n{more}\n"
    )
}

/// Waits until the status is as it should be.
pub async fn until(exporter: &Exporter, what: &str, fits: impl Fn(&Value) -> bool) {
    for _ in 0..1200 {
        if fits(&exporter.status().await) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let status = exporter.status().await;
    panic!("never {what}: {status:#}\n{}", exporter.log());
}

/// A destination's part of the status.
pub fn of<'a>(status: &'a Value, name: &str) -> &'a Value {
    let all = status["destinations"].as_array().unwrap();
    let of = all.iter().find(|of| of["destination"] == name);
    of.unwrap_or_else(|| panic!("no {name}: {status:#}"))
}

/// Dumps of a job, one a day, the newest so many seconds ago; their keys say when.
pub fn daily(job: &str, newest: i64) -> Vec<Upload> {
    let uploads = (0..12).map(|nth| {
        let begun = UnixTime::now().as_millis() / 1000 - newest - nth * DAY;
        let time = jiff::Timestamp::from_second(begun).unwrap();
        let key = format!("{job}-{}.sql.gz", time.strftime("%Y%m%dT%H%M%SZ"));
        let taken = UnixTime::from_millis((begun + 20) * 1000);
        Upload::new(key, 5_000_000 + 1000 * nth as u64).at(taken)
    });
    uploads.collect()
}

/// The same of a cluster.
pub fn of_cluster(cluster: &str, newest: i64) -> Vec<Upload> {
    daily(&format!("{cluster}-db"), newest)
}

/// The exporter and its stores.
pub struct Stage {
    pub exporter: Exporter,
    _servers: [S3sServer; 4],
}

/// What is seen of each destination: its name, the words of its state, and their class.
pub const STATES: [(&str, &str, &str); 7] = [
    ("good", "good", "good"),
    ("late", "critical", "bad"),
    ("empty", "critical", "bad"),
    ("denied", "failing: denied", "bad"),
    ("new", "not yet scanned", "warn"),
    ("ill", "failing: unavailable", "bad"),
    ("slow", "out of date", "warn"),
];

const OFTEN: &str = "interval = \"1s\"";

impl Stage {
    /// Starts all, and waits until each destination is in its state.
    pub async fn start() -> Self {
        let store = Memory::new().with_page_size(10);
        let start = || S3sServer::builder().server("MinIO").store(&store).start();
        let servers = [start(), start(), start(), start()];
        let [_, never, ill, slow] = &servers;
        store.put_all("good", of_cluster("lab-1", HOUR));
        let late = [of_cluster("lab-1", HOUR), of_cluster("lab-2", 9 * DAY)];
        store.put_all("late", late.into_iter().flatten());
        let foreign = (0..30).map(|nth| Upload::new(format!("tmp/{nth:02}"), 1000 + nth));
        store.put_all("late", foreign);
        store.create_bucket("empty");
        for bucket in ["denied", "new", "ill", "slow"] {
            store.put_all(bucket, daily("db", HOUR));
        }
        store.deny("denied", true);
        never.faults().delay(Duration::from_secs(3600));
        // What is well is scanned once, lest it be late where this machine is.
        let mut config = "[scan]\ninterval = \"1h\"\naudit_interval = \"0s\"\n".to_owned();
        for (name, server) in ["well", "never", "ill", "slow"].into_iter().zip(&servers) {
            config += &backend(name, server);
        }
        let clusters = "clusters = [\"lab-1\"]\nmax_age = \"25h\"";
        config += &destination("good", "well", clusters);
        let clusters = "clusters = [\"lab-1\", \"lab-2\", \"idle\"]\nmax_age = \"25h\"";
        config += &destination("late", "well", clusters);
        config += &destination("empty", "well", "");
        config += &destination("denied", "well", "");
        config += &destination("new", "never", "");
        config += &destination("ill", "ill", OFTEN);
        config += &destination("slow", "slow", OFTEN);
        let exporter = Exporter::with_config(&config, &[]).await;
        until(&exporter, "scanned", |now| {
            let scanned = ["good", "late", "empty", "ill", "slow"];
            scanned.iter().all(|name| of(now, name)["state"] == "ok")
        })
        .await;
        let unavailable = Fault::error(503, "Ill", "of no use");
        ill.faults().always(Some(unavailable));
        slow.faults().delay(Duration::from_secs(3600));
        until(&exporter, "in each state", |now| {
            let failing = ["denied", "ill"];
            failing
                .iter()
                .all(|name| of(now, name)["state"] == "failing")
                && of(now, "slow")["outdated"] == true
                && of(now, "new")["scanning"].is_object()
        })
        .await;
        Self {
            exporter,
            _servers: servers,
        }
    }
}

/// A page of each kind, and of each state.
pub const PAGES: [&str; 9] = [
    "/",
    "/status/good",
    "/status/late",
    "/status/empty",
    "/status/denied",
    "/status/new",
    "/status/slow",
    "/status/late/lab-2",
    "/status/late/idle",
];
