//! `buckets = ["backup-*"]`: buckets that come and go at real stores, those that may not be listed, and
//! stores that cannot say which there are.

use std::process::Output;
use std::time::{Duration, Instant};

use http::Method;
use s3_exporter_testkit::servers::{MinIo, SeaweedFs};
use s3_exporter_testkit::{S3Client, Upload};
use serde_json::Value;

use crate::common::{Exporter, Metrics, program};

const SOURCE: [(&str, &str); 1] = [("resolver", "buckets:store")];

/// Each second all is looked at anew.
fn config(kind: &str, endpoint: &str, keys: (&str, &str), destinations: &str) -> String {
    let (id, secret) = keys;
    format!(
        "[scan]\ninterval = \"1s\"\ndiscovery_interval = \"1s\"\n\
         [backends.store]\ntype = \"{kind}\"\nendpoint = \"{endpoint}\"\nregion = \"us-east-1\"\n\
         access_key_id = \"{id}\"\nsecret_access_key = \"{secret}\"\n{destinations}"
    )
}

const MINIO: (&str, &str) = (MinIo::ACCESS_KEY, MinIo::SECRET_KEY);
const PATTERNS: &str =
    "[[destinations]]\nbuckets = [\"backup-*\", \"!backup-old-*\"]\nmax_age = \"1h\"\n";

fn objects(now: &Metrics, destination: &str) -> Option<f64> {
    now.of(destination, "objectstore_listed_objects")
}

fn source(now: &Metrics, name: &str) -> Option<f64> {
    now.get(&format!("objectstore_resolver_{name}"), &SOURCE)
}

fn lists(now: &Metrics) -> f64 {
    let labels = [SOURCE[0], ("operation", "ListBuckets")];
    let count = now.get("objectstore_api_requests_total", &labels);
    count.unwrap_or_default()
}

fn says(lines: &[Value], text: &str) -> bool {
    lines.iter().any(|line| line.to_string().contains(text))
}

/// Deletes a bucket of a MinIO that has just started: while it reads the settings of the buckets that it found then,
/// it makes those anew that are gone (`findings/minio-bucket-back.sh`).
async fn delete_for_good(store: &S3Client, bucket: &str) {
    let named = format!("<Name>{bucket}</Name>");
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        store.delete_bucket(bucket).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        let buckets = store.send(Method::GET, "/", &[], &[], "").await.unwrap();
        if !buckets.contains(&named) {
            return;
        }
        assert!(Instant::now() < deadline, "it comes back again and again");
    }
}

async fn buckets_come_and_go(kind: &str) {
    let mut minio = MinIo::start().await;
    let store = minio.client();
    for (bucket, count) in [
        ("backup-a", 1),
        ("backup-b", 2),
        ("backup-old-a", 3),
        ("other", 4),
    ] {
        store.create_bucket(bucket).await;
        for nth in 0..count {
            store.put(bucket, &Upload::new(format!("k{nth}"), 7)).await;
        }
    }
    let own = "[[destinations]]\nname = \"own\"\nbucket = \"backup-b\"\n";
    let text = config(kind, &minio.endpoint(), MINIO, &format!("{PATTERNS}{own}"));
    let mut exporter = Exporter::with_config(&text, &[]).await;
    let found =
        |now: &Metrics| objects(now, "backup-a") == Some(1.0) && objects(now, "own") == Some(2.0);
    let now = exporter.until("what matches is scanned", found).await;
    for name in ["backup-b", "backup-old-a", "other"] {
        assert_eq!(
            now.of(name, "objectstore_scan_interval_seconds"),
            None,
            "{name}"
        );
    }
    let of_source =
        ["success", "destinations", "destinations_omitted"].map(|name| source(&now, name));
    assert_eq!(of_source, [Some(1.0), Some(1.0), Some(0.0)]);
    assert_eq!(
        now.of("backup-a", "objectstore_max_age_seconds"),
        Some(3600.0)
    );

    let status = exporter.status().await;
    assert_eq!(status["resolvers"][0]["destinations"], 1, "{status}");
    assert!(
        exporter
            .get("/status")
            .await
            .contains("1 destination of 4 buckets")
    );

    // One comes, and nothing happens to the others.
    let scans = |now: &Metrics, name| now.of(name, "objectstore_scans_total");
    let before = scans(&now, "backup-a");
    store.create_bucket("backup-new").await;
    let comes = |now: &Metrics| objects(now, "backup-new") == Some(0.0);
    let now = exporter.until("a new one is scanned", comes).await;
    assert!(scans(&now, "backup-a") >= before, "it began anew");
    assert_eq!(source(&now, "destinations"), Some(2.0));

    let targets = |text: &str| -> Vec<String> {
        let groups: Vec<Value> = serde_json::from_str(text).unwrap();
        let targets = groups
            .iter()
            .map(|group| group["targets"][0].as_str().unwrap().to_owned());
        targets.collect()
    };
    assert_eq!(
        targets(&exporter.get("/api/v1/sd").await),
        ["backup-a", "backup-new"]
    );

    // The store goes: what was found stays, and that is told.
    minio.stop().await;
    let fails = |now: &Metrics| source(now, "success") == Some(0.0);
    let now = exporter.until("no list can be had", fails).await;
    let stays = |now: &Metrics| found(now) && objects(now, "backup-new") == Some(0.0);
    assert!(stays(&now), "{}", now.ours());
    assert_eq!(source(&now, "destinations"), Some(2.0));
    let why = "listing the buckets at";
    exporter
        .until_log("the log tells it", |lines| {
            says(lines, "buckets cannot be had; the last known ones stay") && says(lines, why)
        })
        .await;
    let page = exporter.get("/status").await;
    assert!(
        page.contains("buckets:store") && page.contains("Listing the buckets at"),
        "{page}"
    );
    minio.resume().await;
    let well = |now: &Metrics| source(now, "success") == Some(1.0);
    let now = exporter.until("it is well again", well).await;
    assert!(stays(&now), "{}", now.ours());

    // One goes.
    store.delete("backup-a", "k0").await;
    delete_for_good(&store, "backup-a").await;
    let gone = |now: &Metrics| {
        now.of("backup-a", "objectstore_scan_interval_seconds")
            .is_none()
    };
    let now = exporter.until("the one that is deleted goes", gone).await;
    assert_eq!(source(&now, "destinations"), Some(1.0));
    exporter
        .until_log("the log names it", |lines| {
            says(lines, "are not watched any more") && says(lines, "backup-a")
        })
        .await;
    let before = lists(&now);
    exporter
        .until("the lists are counted", |now| lists(now) > before)
        .await;
    assert!(exporter.terminate().await.success());
}

#[cfg(feature = "minio")]
#[tokio::test]
async fn buckets_come_and_go_by_minios_client() {
    buckets_come_and_go("minio").await;
}

#[cfg(feature = "s3")]
#[tokio::test]
async fn buckets_come_and_go_by_the_sdk() {
    buckets_come_and_go("s3").await;
}

fn run(folder: &std::path::Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output: Output = std::process::Command::new(program())
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

/// The rights that docs/discovery.md has one copy.
fn rights() -> String {
    let blocks = crate::docs::blocks::of(std::path::Path::new("docs/discovery.md"));
    let rights = blocks.into_iter().find(|block| block.language == "json");
    rights.unwrap().text
}

#[tokio::test]
async fn rights_of_the_document_are_enough_and_one_bucket_that_is_denied_harms_no_other() {
    let minio = MinIo::start().await;
    for bucket in ["backup-a", "denied", "backup-b"] {
        minio.client().create_bucket(bucket).await;
    }
    minio.add_user("reader", "reader-secret", &rights()).await;
    let folder = tempfile::tempdir().unwrap();
    let write = |keys, patterns: &str| {
        let destinations = format!("[[destinations]]\nbuckets = [{patterns}]\n");
        let text = config("s3", &minio.endpoint(), keys, &destinations);
        std::fs::write(folder.path().join("config.toml"), text).unwrap();
    };
    let reader = ("reader", "reader-secret");
    write(reader, "\"backup-*\", \"none-*\"");
    let (code, text, error) = run(folder.path(), &["check"]);
    assert_eq!(code, Some(0), "{error}");
    let expected = "destinations: the buckets \"backup-*\", \"none-*\" at http";
    assert!(text.contains(expected), "{text}");
    let (code, text, error) = run(folder.path(), &["check", "--connect"]);
    assert_eq!(code, Some(0), "{text}{error}");
    for line in [
        "resolver buckets:store: ok, 3 buckets\n",
        "the buckets \"backup-*\", \"none-*\" at store: 2 found: \"backup-a\", \"backup-b\"\n",
        "buckets:store: not watched, 1 bucket: \"denied\"\n",
        "destination backup-b: ok, 0 objects",
        "ok: 1 resolver, 2 destinations\n",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    let warning = "warning: the pattern \"none-*\" of `buckets` matches none of the 3 buckets at store: correct it, or take it out";
    assert!(error.contains(warning), "{error}");

    write(reader, "\"*\"");
    let (code, text, error) = run(folder.path(), &["check", "--connect"]);
    assert_eq!(code, Some(1), "{text}{error}");
    for line in [
        "destination backup-a: ok",
        "destination denied: FAILED, denied: listing bucket \"denied\"",
        "FAILED: 1 of 3 destinations",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }

    // Nobody that the store knows: what is named is scanned all the same.
    write(("stranger", "stranger-secret"), "\"backup-a\", \"*\"");
    let (code, text, error) = run(folder.path(), &["once"]);
    assert_eq!(code, Some(1), "{error}");
    let told = "error: resolver buckets:store: what it tells of cannot all be had: listing the buckets at ";
    assert!(error.contains(told), "{error}");
    let metrics = Metrics::parse(&text);
    assert_eq!(source(&metrics, "success"), Some(0.0), "{text}");
    assert_eq!(source(&metrics, "destinations"), None, "{text}");
    assert_eq!(metrics.failing("backup-a"), ["credentials"]);
}

#[tokio::test]
async fn at_a_store_of_another_kind() {
    let seaweed = SeaweedFs::start().await;
    let store = seaweed.client();
    for bucket in ["backup-a", "backup-b", "other"] {
        store.create_bucket(bucket).await;
    }
    let keys = (SeaweedFs::ACCESS_KEY, SeaweedFs::SECRET_KEY);
    let text = config("s3", &seaweed.endpoint(), keys, PATTERNS);
    let mut exporter = Exporter::with_config(&text, &[]).await;
    let both = |now: &Metrics| {
        let names = ["backup-a", "backup-b"];
        names.iter().all(|name| objects(now, name) == Some(0.0))
    };
    let now = exporter.until("both are scanned", both).await;
    assert_eq!(source(&now, "destinations"), Some(2.0));
    store.delete_bucket("backup-b").await;
    let gone = |now: &Metrics| source(now, "destinations") == Some(1.0);
    exporter.until("one is gone", gone).await;
}

async fn folders_come_and_go(kind: &str) {
    let minio = MinIo::start().await;
    let store = minio.client();
    for bucket in ["backups", "other"] {
        store.create_bucket(bucket).await;
    }
    for key in ["t/acme/1", "t/acme/2", "t/test-1/1", "t/none", "u/x/1"] {
        store.put("backups", &Upload::new(key, 7)).await;
    }
    let rights = MinIo::policy(&["s3:ListBucket"], &["backups"]);
    minio.add_user("reader", "reader-secret", &rights).await;
    let destinations = "[[destinations]]\nbuckets = [\"backups\", \"other\"]\nprefixes = [\"t/{tenant}/\", \"!t/test-*/\"]\n";
    let text = config(
        kind,
        &minio.endpoint(),
        ("reader", "reader-secret"),
        destinations,
    );
    let mut exporter = Exporter::with_config(&text, &[]).await;
    let acme = "backups/t/acme";
    let found = |now: &Metrics| objects(now, acme) == Some(2.0);
    let now = exporter.until("a folder is scanned", found).await;
    let labels = [
        ("destination", acme),
        ("prefix", "t/acme/"),
        ("tenant", "acme"),
    ];
    assert_eq!(
        now.get("objectstore_destination_info", &labels),
        Some(1.0),
        "{}",
        now.ours()
    );
    assert_eq!(source(&now, "destinations"), Some(1.0));
    // The other bucket is denied: that is told, and the one that is not is watched.
    assert_eq!(source(&now, "success"), Some(0.0));
    let why = "listing bucket \\\"other\\\" at";
    exporter
        .until_log("it is told", |lines| says(lines, why))
        .await;
    let all = MinIo::policy(&["s3:ListBucket"], &["backups", "other"]);
    minio.set_policy("reader", &all).await;
    store.put("other", &Upload::new("t/new/1", 7)).await;
    let comes = |now: &Metrics| {
        objects(now, "other/t/new") == Some(1.0) && source(now, "success") == Some(1.0)
    };
    exporter.until("one comes at the other", comes).await;
    store.delete("backups", "t/acme/1").await;
    store.delete("backups", "t/acme/2").await;
    let gone = |now: &Metrics| now.of(acme, "objectstore_scan_interval_seconds").is_none();
    let now = exporter.until("one goes", gone).await;
    assert_eq!(objects(&now, "other/t/new"), Some(1.0));
    let targets: Vec<Value> = serde_json::from_str(&exporter.get("/api/v1/sd").await).unwrap();
    assert_eq!(targets.len(), 1, "{targets:?}");
    assert_eq!(targets[0]["targets"][0], "other/t/new/");
    assert_eq!(
        targets[0]["labels"]["__meta_s3_exporter_label_tenant"],
        "new"
    );
}

#[cfg(feature = "minio")]
#[tokio::test]
async fn folders_come_and_go_by_minios_client() {
    folders_come_and_go("minio").await;
}

#[cfg(feature = "s3")]
#[tokio::test]
async fn folders_come_and_go_by_the_sdk() {
    folders_come_and_go("s3").await;
}
