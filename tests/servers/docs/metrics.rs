//! The metrics that are explained are those that are there.

use std::collections::{BTreeMap, BTreeSet};

use s3_exporter_api::{FailureKind, UnixTime};
use s3_exporter_testkit::servers::{MinIo, SeaweedFs};
use s3_exporter_testkit::{Memory, S3sServer, Upload};

use crate::common;
use crate::docs::read;
use crate::usage;

/// Name, and the labels in braces, of each metric in the first cells of a document's tables.
fn explained(document: &str) -> BTreeMap<String, Vec<String>> {
    let text = read(document);
    let cells = text
        .lines()
        .filter_map(|line| line.strip_prefix('|')?.split('|').next());
    let quoted = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    let metrics = quoted.filter(|name| name.contains('_'));
    metrics
        .map(|metric| {
            let (name, labels) = metric.split_once('{').unwrap_or((metric, ""));
            let labels = labels
                .trim_end_matches('}')
                .split(',')
                .filter(|label| !label.is_empty());
            (name.to_owned(), labels.map(str::to_owned).collect())
        })
        .collect()
}

/// What the program exposes with all that can be asked for, over one bucket of pages enough to be
/// listed in parts, once that was audited.
async fn exposed() -> String {
    let store = Memory::new().with_page_size(10);
    // One an hour until some time ago: the next is overdue.
    let backup = |nth: i64| {
        let time = jiff::Timestamp::from_second(1_767_225_600 + nth * 3600).unwrap();
        let key = time.strftime("lab-1-default-%Y-%m-%dt%H-%M-%S.db.gz");
        let taken = UnixTime::from_millis(time.as_millisecond());
        Upload::new(key.to_string(), 5_000_000).at(taken)
    };
    store.put_all("etcd", (0..600).map(backup));
    let server = S3sServer::builder().server("MinIO").store(&store).start();
    let weed = SeaweedFs::start().await;
    let client = weed.client();
    client.create_bucket("unfinished").await;
    client.begin_upload("unfinished", "dump").await;
    let minio = usage::minio().await;
    let config = format!(
        r#"[metrics]
compat = ["kubermatic_s3", "kubermatic_etcdbackup", "ribbybibby"]
[fleet]
shard = "1/1"
[scan]
interval = "1s"
audit_interval = "1s"
[backends.s]
type = "minio"
price_per_1000_requests = 0.005
endpoint = "{}"
access_key_id = "{}"
secret_access_key = "{}"
[[destinations]]
backend = "s"
bucket = "etcd"
clusters = ["lab-1"]
max_age = "25h"
keep = 20
[[destinations]]
name = "as a whole"
backend = "s"
bucket = "etcd"
[backends.weed]
type = "minio"
endpoint = "{}"
access_key_id = "{}"
secret_access_key = "{}"
[[destinations]]
backend = "weed"
buckets = ["unfin*"]
also = ["sizes", "versions", "uploads", "posture"]
[backends.minio]
type = "minio"
endpoint = "{}"
access_key_id = "{}"
secret_access_key = "{}"
[[destinations]]
name = "counted"
backend = "minio"
bucket = "etcd"
interval = "1h"
look_interval = "1m"
also = ["usage"]
also_interval = "1s"
[probe.modules.m]
backend = "s"
buckets = ["etcd"]
"#,
        server.endpoint(),
        S3sServer::ACCESS_KEY,
        S3sServer::SECRET_KEY,
        weed.endpoint(),
        SeaweedFs::ACCESS_KEY,
        SeaweedFs::SECRET_KEY,
        minio.endpoint(),
        MinIo::ACCESS_KEY,
        MinIo::SECRET_KEY,
    );
    let mut exporter = common::Exporter::with_config(&config, &[]).await;
    let audit = "objectstore_scan_audit_success";
    let is_audited = |metrics: &common::Metrics| metrics.of("etcd", audit).is_some();
    exporter.until("its listing was audited", is_audited).await;
    let is_listed = |metrics: &common::Metrics| {
        let of = |name| metrics.of("unfinished", name);
        of("objectstore_unfinished_uploads").is_some()
            && of("objectstore_delete_markers").is_some()
            && metrics.has("objectstore_bucket_posture")
    };
    exporter
        .until("what lies beside was listed", is_listed)
        .await;
    // What comes after the only scan is counted, and was not listed.
    let is_counted = |metrics: &common::Metrics| metrics.has("objectstore_store_reported_objects");
    exporter.until("the store was asked", is_counted).await;
    let client = minio.client();
    client.put("etcd", &Upload::new("another", 1)).await;
    let differs = "objectstore_store_reported_differs_since_timestamp_seconds";
    let is_counted = |metrics: &common::Metrics| metrics.has(differs);
    exporter.until("another was counted", is_counted).await;
    let probed = exporter.get("/probe?target=etcd").await;
    // Its names are those of another peer, in part.
    let other = config.replace("\"ribbybibby\"", "\"tropnikovvl\"");
    let mut another = common::Exporter::with_config(&other, &[]).await;
    let is_counted = |metrics: &common::Metrics| {
        let names = ["s3_total_delete_markers", "s3_bucket_size"];
        names.iter().all(|name| metrics.has(name))
    };
    another.until("versions were counted", is_counted).await;
    // One that cannot lead.
    let fleet = "[fleet]\nlease = \"s3-exporter\"\nkubeconfig = \"nowhere\"\n";
    let fleet = config.replace("[fleet]\nshard = \"1/1\"\n", fleet);
    let by = common::Exporter::with_config(&fleet, &[]).await;
    let pages = [&exporter, &another, &by].map(|of| of.get("/metrics"));
    futures::future::join_all(pages).await.concat() + &probed
}

fn names(text: &str) -> BTreeSet<String> {
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    types
        .map(|line| line.split(' ').next().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn each_metric_is_explained_and_each_explained_one_is_there() {
    let text = exposed().await;
    let explained = explained("docs/metrics.md");
    let documented: BTreeSet<_> = explained.keys().cloned().collect();
    let names = names(&text);
    let missing: Vec<_> = names.difference(&documented).collect();
    let invented: Vec<_> = documented.difference(&names).collect();
    assert!(
        missing.is_empty() && invented.is_empty(),
        "not explained: {missing:?}; not there: {invented:?}"
    );
    for (name, labels) in explained {
        // One that is of destinations and of resolvers has the labels of both, each on its own.
        let start = format!("{name}{{");
        let samples = text.lines().filter(|line| line.starts_with(&start));
        let samples: Vec<_> = samples.collect();
        for label in labels {
            let start = [format!("{{{label}=\""), format!(",{label}=\"")];
            let has = |sample: &&str| start.iter().any(|start| sample.contains(start));
            assert!(
                samples.iter().any(has),
                "{name} has no label {label}: {samples:?}"
            );
        }
    }
}

#[test]
fn each_kind_of_failure_is_explained() {
    let text = read("docs/metrics.md");
    for kind in FailureKind::ALL {
        assert!(text.contains(&format!("`{kind}`")), "{kind}");
    }
}
