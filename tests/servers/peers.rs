//! Whoever comes from another exporter: its names, at the paths where it has them, have its values. What
//! it answers over the same buckets is recorded in `tests/servers/peers`; with the path of its program in
//! `PEER_RIBBYBIBBY` it is run, and recorded anew.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use reqwest::Client;
use s3_exporter_api::UnixTime;
use s3_exporter_testkit::servers::MinIo;
use s3_exporter_testkit::{Port, Process, Upload};

use crate::common::backups::{FIRST, HEALTHY, SECOND, THIRD, fill};
use crate::common::{Exporter, Metrics};
use crate::docs::blocks;

mod ribbybibby;
mod tropnikovvl;

/// A peer that runs over a MinIO.
struct Peer {
    process: Process,
    port: Port,
}

/// The buckets that were there when the answers were recorded.
async fn buckets(minio: &MinIo) {
    let client = minio.client();
    fill(&client, "backups").await;
    client.create_bucket("empty").await;
    client.create_bucket("odd").await;
    let object = |key: &str, size, millis: f64| {
        Upload::new(key, size).at(UnixTime::from_millis(millis as i64))
    };
    let objects = [
        object("a b/+%ü", 11, FIRST * 1000.0),
        object("folder/newest", 0, THIRD * 1000.0),
        object("folder/x", 12, SECOND * 1000.0 + 789.0),
        object("folder/y", 13, FIRST * 1000.0),
    ];
    client.put_archived("odd", &objects).await;
}

impl Peer {
    /// Starts it with these arguments, each `ADDRESS` in them being where it is to listen.
    async fn start(
        program: &Path,
        arguments: &[&str],
        environment: &[(&str, &str)],
        folder: &Path,
        path: &str,
    ) -> Self {
        let port = Port::take();
        let own: Vec<_> = arguments
            .iter()
            .map(|word| word.replace("PORT", &port.to_string()))
            .collect();
        let own: Vec<_> = own.iter().map(String::as_str).collect();
        let log = folder.join("peer.log");
        let process = Process::start(program, &own, environment, &log);
        let mut peer = Self { process, port };
        let url = peer.url(path);
        let client = Client::builder().no_proxy().build().unwrap();
        peer.process
            .until("it answers", || async {
                client.get(&url).send().await.is_ok()
            })
            .await;
        peer
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// An answer; nothing where it gives none.
    async fn get(&self, path: &str) -> String {
        let client = Client::builder().no_proxy().build().unwrap();
        match client.get(self.url(path)).send().await {
            Ok(answer) => answer.text().await.unwrap(),
            Err(_) => String::new(),
        }
    }
}

fn recorded(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/servers/peers");
    folder.join(name)
}

/// Its series, by name and labels; those that are empty are none to Prometheus.
fn series(text: &str) -> BTreeMap<(String, BTreeMap<String, String>), f64> {
    let samples = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    let series = samples.map(|line| {
        let (series, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = series.split_once('{').unwrap_or((series, ""));
        let labels = labels.trim_end_matches('}').split(',');
        let labels = labels.filter_map(|label| label.split_once("=\""));
        let labels =
            labels.map(|(name, value)| (name.to_owned(), value.trim_end_matches('"').to_owned()));
        let labels = labels.filter(|(_, value)| !value.is_empty()).collect();
        ((name.to_owned(), labels), value.parse().unwrap())
    });
    series.collect()
}

/// The first block of a document in this language, with the store's address, and a free port, in it.
fn configured(document: &str, minio: &MinIo) -> String {
    let blocks = blocks::of(Path::new(document));
    let block = blocks.iter().find(|block| block.language == "toml");
    let text = block.unwrap().text.clone();
    assert!(text.contains("https://minio.example:9000"), "{text}");
    text.replace("https://minio.example:9000", &minio.endpoint())
}

/// What a test may give to ours in its environment.
const KEYS: [(&str, &str); 2] = [
    ("AWS_ACCESS_KEY_ID", MinIo::ACCESS_KEY),
    ("AWS_SECRET_ACCESS_KEY", MinIo::SECRET_KEY),
];
