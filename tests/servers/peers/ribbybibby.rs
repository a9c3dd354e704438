//! `s3_exporter` by ribbybibby.

use s3_exporter_testkit::servers::{Prometheus, Sample};

use super::*;

const DOCUMENT: &str = "docs/migration-ribbybibby.md";

/// What it was asked for, and the file with its answer.
const ASKED: [(&str, &str); 5] = [
    ("bucket=backups", "ribbybibby-backups.txt"),
    ("bucket=backups&prefix=lg69pmx8wf-", "ribbybibby-prefix.txt"),
    ("bucket=odd", "ribbybibby-odd.txt"),
    ("bucket=empty", "ribbybibby-empty.txt"),
    ("bucket=missing", "ribbybibby-missing.txt"),
];

/// Its answer at `/discovery`; where it listened, there stands `PEER`.
const DISCOVERED: &str = "ribbybibby-discovery.json";

/// Has it answer again, where it is at hand.
async fn record(minio: &MinIo) {
    let Some(program) = std::env::var_os("PEER_RIBBYBIBBY") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let endpoint = minio.endpoint();
    let arguments = [
        "--web.listen-address=127.0.0.1:PORT",
        "--s3.endpoint-url",
        &endpoint,
        "--s3.force-path-style",
    ];
    let environment = [KEYS[0], KEYS[1], ("AWS_REGION", "us-east-1")];
    let path = Path::new(&program);
    let peer = Peer::start(path, &arguments, &environment, folder.path(), "/").await;
    for (query, file) in ASKED {
        let answer = peer.get(&format!("/probe?{query}")).await;
        // How long it took is another each time; its words are its own.
        let samples = answer.lines().filter(|line| !line.starts_with('#'));
        let lines = samples.map(|line| match line.rsplit_once(' ') {
            Some((series, _)) if series.starts_with("s3_list_duration_seconds{") => {
                format!("{series} 0.01\n")
            }
            _ => format!("{line}\n"),
        });
        std::fs::write(recorded(file), lines.collect::<String>()).unwrap();
    }
    let address = format!("127.0.0.1:{}", peer.port);
    let found = peer.get("/discovery").await.replace(&address, "PEER");
    std::fs::write(recorded(DISCOVERED), found + "\n").unwrap();
}

#[tokio::test]
async fn each_of_its_series_has_its_value() {
    let minio = MinIo::start().await;
    buckets(&minio).await;
    record(&minio).await;
    let config = configured(DOCUMENT, &minio);
    let exporter = Exporter::with_config_in(&config, &[], &KEYS).await;
    for (query, file) in ASKED {
        let theirs = series(&std::fs::read_to_string(recorded(file)).unwrap());
        let answer = exporter.get(&format!("/probe?{query}")).await;
        let ours = Metrics::parse(&answer).beginning("s3_");
        for ((name, labels), value) in &theirs {
            let labels: Vec<_> = labels
                .iter()
                .map(|(k, v)| (k.as_str(), v.as_str()))
                .collect();
            let own = ours.get(name, &labels);
            let expected = match name.as_str() {
                // Some time.
                "s3_list_duration_seconds" => {
                    assert!(own.is_some_and(|took| took >= 0.0), "{query}: {own:?}");
                    continue;
                }
                // The beginning of time of Go: nobody can be told that of a bucket.
                "s3_last_modified_object_date" if *value < 0.0 => Some(0.0),
                _ => Some(*value),
            };
            assert_eq!(own, expected, "{query}: {name} {labels:?}\n{answer}");
        }
        let names: Vec<_> = theirs.keys().map(|(name, _)| name.as_str()).collect();
        let more: Vec<_> = ours
            .names()
            .into_iter()
            .filter(|name| !names.contains(name))
            .collect();
        assert_eq!(more, [""; 0], "{query}: it has none of these");
        assert!(
            theirs.len() == 7 || query == "bucket=missing",
            "{query}: {theirs:?}"
        );
    }
    // What it answers with prefixes counted is refused, and not left out.
    let answer = exporter.answer("/probe?bucket=backups&delimiter=/").await;
    assert_eq!(answer.status(), 400);
    assert!(answer.text().await.unwrap().contains("delimiter"));
    // What it finds, with the module's name beside.
    let theirs = std::fs::read_to_string(recorded(DISCOVERED)).unwrap();
    let theirs = theirs.replace("PEER", &exporter.address());
    let mut theirs: serde_json::Value = serde_json::from_str(&theirs).unwrap();
    for group in theirs.as_array_mut().unwrap() {
        group["labels"]["__param_module"] = "all".into();
    }
    let ours = exporter.get("/discovery").await;
    let ours: serde_json::Value = serde_json::from_str(&ours).unwrap();
    assert_eq!(ours, theirs);
    assert_eq!(ours.as_array().unwrap().len(), 3);
}

/// Its users' scrape configuration, and the alert, as the document has them.
#[tokio::test]
async fn prometheus_goes_on_as_before() {
    let minio = MinIo::start().await;
    buckets(&minio).await;
    let config = configured(DOCUMENT, &minio);
    let exporter = Exporter::with_config_in(&config, &[], &KEYS).await;
    let blocks = blocks::of(Path::new(DOCUMENT));
    let of = |language: &str| {
        let mut blocks = blocks.iter().filter(|block| block.language == language);
        blocks.next().unwrap().text.clone()
    };
    let scraped = of("yaml")
        .replace("127.0.0.1:9340", &exporter.address())
        .replace("scrape_interval: 5m", "scrape_interval: 1s");
    let prometheus = Prometheus::start(&scraped).await;
    let both = |samples: &[Sample]| samples.len() == 2;
    let late = prometheus.until(&of("promql"), both).await;
    let buckets: Vec<_> = late.iter().map(|of| of.labels["bucket"].as_str()).collect();
    assert_eq!(buckets, ["backups", "odd"]);
    let one = |samples: &[Sample]| samples.len() == 1;
    let prefix = "s3_objects{bucket=\"backups\"}";
    let prefix = prometheus.until(prefix, one).await;
    assert_eq!(prefix[0].labels["prefix"], format!("{HEALTHY}-"));
    assert_eq!(prefix[0].value, 3.0);
}

/// Buckets that it finds, as the document has them scraped.
#[tokio::test]
async fn prometheus_goes_on_finding_buckets() {
    let minio = MinIo::start().await;
    buckets(&minio).await;
    let config = configured(DOCUMENT, &minio);
    let exporter = Exporter::with_config_in(&config, &[], &KEYS).await;
    let blocks = blocks::of(Path::new(DOCUMENT));
    let mut yaml = blocks.iter().filter(|block| block.language == "yaml");
    let block = yaml
        .find(|block| block.text.contains("/discovery"))
        .unwrap();
    let scraped = block
        .text
        .replace("127.0.0.1:9340", &exporter.address())
        .replace("scrape_interval: 5m", "scrape_interval: 1s");
    let prometheus = Prometheus::start(&scraped).await;
    let all = |samples: &[Sample]| samples.len() == 3;
    let found = prometheus.until("s3_objects", all).await;
    for sample in &found {
        assert_eq!(sample.labels["instance"], sample.labels["bucket"]);
    }
    let buckets: Vec<_> = found.iter().map(|of| &*of.labels["bucket"]).collect();
    assert_eq!(buckets, ["backups", "empty", "odd"]);
}
