//! `make demo`, as its user runs it.

use std::net::TcpListener;
use std::path::PathBuf;

use s3_exporter_testkit::Process;
use tokio::sync::Mutex;

use crate::common::{self, Metrics};

/// One demo at a time: where one has the usual port, its end would free it for another.
pub static TURN: Mutex<()> = Mutex::const_new(());

pub struct Demo {
    process: Process,
    pub address: String,
    _folder: tempfile::TempDir,
}

impl Demo {
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let program = common::example("demo");
        let mut process = Process::start(&program, &[], &[], &log);
        let printed = || async { std::fs::read_to_string(&log).unwrap().contains("Ctrl-C") };
        process.until("it says how to end it", printed).await;
        let text = process.log();
        let line = text.lines().find(|line| line.contains("status page"));
        let url = line.unwrap().split_whitespace().nth(2).unwrap();
        let address = url.trim_end_matches('/').to_owned();
        Self {
            process,
            address,
            _folder: folder,
        }
    }

    async fn get(&self, path: &str, accept: &str) -> String {
        let request = reqwest::Client::new().get(format!("{}{path}", self.address));
        let answer = request.header("accept", accept).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.text().await.unwrap()
    }

    /// The metrics, once each of the destinations has figures.
    pub async fn metrics(&mut self) -> Metrics {
        let url = format!("{}/metrics", self.address);
        let scanned = || async {
            let text = reqwest::get(&url).await.unwrap().text().await.unwrap();
            Metrics::parse(&text)
                .all("objectstore_scan_success", &[])
                .len()
                == 4
        };
        self.process
            .until("each destination is scanned", scanned)
            .await;
        Metrics::parse(&self.get("/metrics", "*/*").await)
    }

    /// The folder of its configuration, as it says.
    pub fn folder(&self) -> PathBuf {
        let text = self.process.log();
        let line = text
            .lines()
            .find(|line| line.trim_start().starts_with("configuration "));
        let file = line.unwrap().split_whitespace().nth(1).unwrap();
        PathBuf::from(file).parent().unwrap().to_owned()
    }
}

#[tokio::test]
async fn it_shows_what_it_says_and_ends_with_ctrl_c() {
    let _turn = TURN.lock().await;
    let mut demo = Demo::start().await;
    let metrics = demo.metrics().await;
    let of = |name: &str, destination: &str, cluster: &str| {
        metrics.get(name, &[("destination", destination), ("cluster", cluster)])
    };
    let newest = "objectstore_newest_object_timestamp_seconds";

    // Both backends are there, and all of it works.
    for (destination, backend) in [
        ("etcd", "cloud"),
        ("velero", "cloud"),
        ("etcd-copy", "onprem"),
        ("postgres", "onprem"),
    ] {
        let labels = [("destination", destination), ("backend", backend)];
        assert_eq!(
            metrics.get("objectstore_destination_info", &labels),
            Some(1.0),
            "{destination}"
        );
        let success = metrics.get("objectstore_scan_success", &labels[..1]);
        assert_eq!(success, Some(1.0), "{destination}: {}", demo.process.log());
    }
    let now = s3_exporter_api::UnixTime::now().as_seconds();
    let hours = |destination, cluster| (now - of(newest, destination, cluster).unwrap()) / 3600.0;
    for (destination, cluster) in [
        ("etcd", "lg69pmx8wf"),
        ("etcd", "c7hv2kq9tz"),
        ("velero", "lg69pmx8wf"),
        ("etcd-copy", "c7hv2kq9tz"),
        ("postgres", "orders"),
    ] {
        assert!(
            hours(destination, cluster) < 25.0,
            "{destination} {cluster}"
        );
        assert!(of("objectstore_objects", destination, cluster) >= Some(14.0));
    }
    assert!(hours("etcd", "p4wn8dx3bm") > 25.0, "none is late");
    assert_eq!(
        of("objectstore_empty_objects", "etcd", "x2mzr5t6jq"),
        Some(1.0)
    );
    assert_eq!(of("objectstore_objects", "etcd", "x2mzr5t6jq"), Some(21.0));
    assert!(
        hours("etcd", "x2mzr5t6jq") > 6.0,
        "the empty one counts as a backup"
    );
    assert_eq!(of(newest, "etcd", "n9kf4hs7vc"), Some(0.0));
    assert_eq!(of(newest, "velero", "n9kf4hs7vc"), None);
    let leftovers = metrics.get("objectstore_unassigned_objects", &[("destination", "etcd")]);
    assert_eq!(leftovers, Some(20.0));

    // What is wrong with the jobs of a cluster whose newest object is well.
    let finding = |cluster: &str, finding: &str| {
        let labels = [
            ("destination", "postgres"),
            ("cluster", cluster),
            ("finding", finding),
        ];
        metrics.all("objectstore_backup_finding", &labels).len()
    };
    assert_eq!(
        (
            finding("orders", "overdue"),
            finding("orders", "incomplete")
        ),
        (1, 1)
    );
    assert_eq!(
        (
            finding("billing", "overdue"),
            finding("billing", "incomplete")
        ),
        (0, 0)
    );

    let page = demo.get("/", "text/html").await;
    for text in [
        "<h1>s3-exporter</h1>",
        "1 cluster without any backup",
        "2 clusters with late backups", // as README and docs/getting-started.md say
        "1 cluster with an empty newest backup",
        "<code>orders</code> <code>dumps/orders</code></a> since <time ",
        "n9kf4hs7vc",
        // What is left of it is shown, and not as a cluster.
        "<a href=\"status/etcd/?job=q8jd3wl5rp-default-backups\"><code>q8jd3wl5rp-default-backups</code></a></th><td><a href=\"status/etcd\"><code>etcd</code></a></td><td class=\"dim\">orphaned</td>",
    ] {
        assert!(page.contains(text), "{text} is not in {page}");
    }
    assert!(!page.contains("status/etcd/q8jd3wl5rp"), "{page}");

    // As it tells its reader to do.
    let folder = demo.folder();
    let clusters = folder.join("clusters.txt");
    let more = std::fs::read_to_string(&clusters).unwrap() + "q8jd3wl5rp\n";
    std::fs::write(&clusters, more).unwrap();
    let url = format!("{}/metrics", demo.address);
    let owned = || async {
        let text = reqwest::get(&url).await.unwrap().text().await.unwrap();
        let labels = [("destination", "etcd"), ("cluster", "q8jd3wl5rp")];
        Metrics::parse(&text).get("objectstore_objects", &labels) == Some(20.0)
    };
    demo.process
        .until("the cluster has its objects", owned)
        .await;

    // Likewise: another name in the configuration, and a signal that ends other programs.
    let file = folder.join("config.toml");
    let reloaded = "objectstore_exporter_config_last_reload_successful";
    for (from, to, success) in [
        ("name = \"etcd-copy\"", "name = \"copy\"", 1.0),
        ("interval = \"10s\"", "interval = \"soon\"", 0.0),
        ("interval = \"soon\"", "interval = \"11s\"", 1.0),
    ] {
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains(from), "{text}");
        std::fs::write(&file, text.replace(from, to)).unwrap();
        demo.process.signal("HUP");
        let taken = || async {
            let text = reqwest::get(&url).await.unwrap().text().await.unwrap();
            let now = Metrics::parse(&text);
            now.get(reloaded, &[]) == Some(success)
                && now.of("copy", "objectstore_scan_success").is_some()
        };
        demo.process.until("the configuration is read", taken).await;
    }
    let answer = reqwest::Client::new().post(format!("{}/-/reload", demo.address));
    assert_eq!(answer.send().await.unwrap().status(), 200);

    demo.process.signal("INT");
    let status = demo.process.wait().await;
    assert_eq!(status.code(), Some(0), "{}", demo.process.log());
    assert!(!folder.exists(), "{folder:?} is left over");
}

#[tokio::test]
async fn a_port_that_is_taken_is_no_end() {
    let _turn = TURN.lock().await;
    // Where this fails another has it already, which is as good.
    let _taken = TcpListener::bind("127.0.0.1:9340");
    let mut demo = Demo::start().await;
    assert!(!demo.address.ends_with(":9340"), "{}", demo.address);
    let log = demo.process.log();
    assert!(log.contains("cannot listen on \"127.0.0.1:9340\""), "{log}");
    assert!(log.contains("takes a free port instead"), "{log}");
    demo.metrics().await;
    demo.process.signal("TERM");
    assert_eq!(demo.process.wait().await.code(), Some(0));
}
