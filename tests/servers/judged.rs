//! What is said of how backups are judged, through the program: over a real MinIO, and over a store
//! that counts what it is asked and fails in the middle.

use std::fs;

use s3_exporter_api::UnixTime;
use s3_exporter_testkit::servers::MinIo;
use s3_exporter_testkit::{Fault, S3sServer, Upload};
use serde_json::Value;

use crate::common::command::Program;
use crate::common::report::parse;
use crate::common::{Exporter, Metrics};
use crate::report::{DAY, HOUR, daily, dump};

fn backend(kind: &str, endpoint: &str, [id, secret]: [&str; 2]) -> String {
    format!(
        "[backends.s]\ntype = \"{kind}\"\nregion = \"us-east-1\"\nendpoint = \"{endpoint}\"\n\
         access_key_id = \"{id}\"\nsecret_access_key = \"{secret}\"\n"
    )
}

async fn minio(buckets: &[(&str, Vec<Upload>)]) -> (MinIo, String) {
    let minio = MinIo::start().await;
    let client = minio.client();
    for (bucket, uploads) in buckets {
        client.create_bucket(bucket).await;
        client.put_archived(bucket, uploads).await;
    }
    let keys = [MinIo::ACCESS_KEY, MinIo::SECRET_KEY];
    let backend = backend("minio", &minio.endpoint(), keys);
    (minio, backend)
}

/// What is wrong at each destination, as a report says: `overdue critical`, with the sentence.
fn reported(config: &str) -> Vec<(String, Vec<(String, String)>)> {
    let arguments = ["report", "--format", "json", "--config", "own.toml"];
    let output = Program::new(&arguments).file("own.toml", config).run();
    assert_ne!(output.code, Some(2), "{output:?}");
    let report = parse(&output.stdout);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let of = |destination: &Value| {
        let found = destination["findings"].as_array().unwrap().iter();
        let found = found.map(|it| {
            let words = [&it["finding"], &it["severity"]].map(text);
            (words.join(" "), text(&it["text"]))
        });
        (text(&destination["name"]), found.collect())
    };
    report["destinations"]
        .as_array()
        .unwrap()
        .iter()
        .map(of)
        .collect()
}

/// What is wrong at the only destination, without the sentences.
fn found(config: &str) -> Vec<String> {
    let [(_, found)] = &reported(config)[..] else {
        panic!("not one destination");
    };
    found.iter().map(|(words, _)| words.clone()).collect()
}

fn object(key: &str, seconds_ago: i64, size: u64) -> Upload {
    let now = UnixTime::now().as_millis();
    Upload::new(key, size).at(UnixTime::from_millis(now - 1000 * seconds_ago))
}

/// It says "ran, nothing new": backups are as late as it is.
#[tokio::test]
async fn a_marker_refreshes_lateness_and_its_own_age_is_judged() {
    let mut uploads = daily("db", 4 * DAY);
    uploads.push(object("run/fresh", HOUR, 7));
    uploads.push(object("run/stale", 3 * DAY, 7));
    uploads.push(object("run/empty", HOUR, 0));
    let (minio, backend) = minio(&[("etc", uploads)]).await;
    let with = |more: &str| format!("{backend}[[destinations]]\nbucket = \"etc\"\n{more}");
    for (marker, expected) in [
        ("", &["overdue critical"][..]),
        ("marker = \"run/fresh\"\n", &[]),
        ("marker = \"run/empty\"\n", &[]),
        ("marker = \"run/stale\"\n", &["overdue critical"]),
        ("marker = \"run/none\"\n", &["overdue critical"]),
    ] {
        assert_eq!(found(&with(marker)), expected, "{marker}");
    }
    // When that is longer ago than a backup may be, they are late again.
    let often = "marker = \"run/fresh\"\nevery = \"10m\"\ngrace = \"1m\"\n";
    assert_eq!(found(&with(often)), ["overdue critical"]);

    // That somebody restored and checked is said by its own age, whatever the backups are.
    let checked = |key: &str| with(&format!("prefix = \"{key}\"\nmax_age = \"31d\"\n"));
    let client = minio.client();
    let late = "warning: destination etc: late backups as a whole";
    let none = "warning: destination etc: no backup as a whole";
    client
        .put_archived("etc", &[object("checked-long-ago", 40 * DAY, 7)])
        .await;
    for (key, warnings) in [
        ("run/fresh", &[][..]),
        ("checked-long-ago", &[late]),
        ("run/empty", &[none]),
        ("never", &[none]),
    ] {
        let program = Program::new(&["check", "--connect", "--config", "own.toml"]);
        let output = program.file("own.toml", &checked(key)).run();
        assert_eq!(output.code, Some(0), "{output:?}");
        assert_eq!(output.stderr, warnings, "{key}");
    }
}

/// What is missing at the second site, and by how much it lags.
#[tokio::test]
async fn a_mirror_is_held_against_what_it_mirrors() {
    let first = daily("db", 12 * HOUR);
    let copy = |upload: &Upload| {
        let made = upload.last_modified.unwrap();
        let later = UnixTime::from_millis(made.as_millis() + 1000 * HOUR);
        Upload::new(&upload.key, upload.size).at(later)
    };
    let all: Vec<_> = first.iter().map(copy).collect(); // the newest is the first
    let without = |at: usize| {
        let mut copies = all.clone();
        copies.remove(at);
        copies
    };
    let mut resized = all.clone();
    resized[0].size -= 1_000_000;
    let (_minio, backend) = minio(&[
        ("first", first),
        ("well", all.clone()),
        ("fewer", all[..6].to_vec()),
        ("behind", without(0)),
        ("hole", without(2)),
        ("resized", resized),
        ("nothing", Vec::new()),
        ("patient", without(0)),
    ])
    .await;
    let mut config = format!("{backend}[[destinations]]\nbucket = \"first\"\n");
    for bucket in [
        "well", "fewer", "behind", "hole", "resized", "nothing", "patient",
    ] {
        config += &format!("[[destinations]]\nbucket = \"{bucket}\"\nmirror_of = \"first\"\n");
    }
    // It may be so late, as somebody says.
    config += "findings.mirror_behind = { severity = \"critical\", after = \"13h\" }\n";
    let reported = reported(&config);
    let expected = [
        ("first", ""),
        ("well", ""),
        ("fewer", ""),
        (
            "behind",
            "one backup is not here 3 h after being made at the first site",
        ),
        (
            "hole",
            "one backup is not here 3 h after being made at the first site",
        ),
        (
            "resized",
            "one backup has another size here than at the first site, as 3.8 MiB where it is 4.8 MiB there",
        ),
        (
            "nothing",
            "11 backups are not here 1 d after being made at the first site",
        ),
        ("patient", ""),
    ];
    for ((name, found), (expected_name, text)) in reported.iter().zip(expected) {
        assert_eq!(name, expected_name);
        let found: Vec<_> = found.iter().map(|(words, text)| (&**words, text)).collect();
        match text {
            "" => assert!(found.is_empty(), "{name}: {found:?}"),
            text => {
                // A bucket without any object is without a backup, too.
                let mut found = found;
                let is_empty =
                    found.first() == Some(&("missing critical", &"there is no object".to_owned()));
                assert_eq!(is_empty, name == "nothing", "{name}: {found:?}");
                found.drain(..usize::from(is_empty));
                let [("mirror_behind warning", told)] = found[..] else {
                    panic!("{name}: {found:?}");
                };
                assert!(told.starts_with(text), "{name}: {told}");
            }
        }
    }
    let [_, _, _, (_, behind), ..] = &reported[..] else {
        panic!("{reported:?}");
    };
    for lag in ["the newest of them is 12 h", "the newest here is 1 d 12 h"] {
        assert!(behind[0].1.contains(lag), "{behind:?}");
    }
}

fn findings(metrics: &Metrics) -> Vec<(&str, f64)> {
    metrics.all("objectstore_backup_finding", &[])
}

/// Another rule is judged by at once: nothing is listed for it.
#[tokio::test]
async fn a_rule_that_changes_is_judged_by_without_another_listing() {
    let server = S3sServer::start();
    let mut uploads = daily("db", DAY);
    uploads.push(dump("db", 60, 2_000_000));
    server.store().put_all("bbb", uploads);
    let keys = [S3sServer::ACCESS_KEY, S3sServer::SECRET_KEY];
    let config = |more: &str| {
        let backend = backend("s3", &server.endpoint(), keys);
        format!("{backend}[[destinations]]\nbucket = \"bbb\"\ninterval = \"1h\"\n{more}")
    };
    let mut exporter = Exporter::with_config(&config(""), &[]).await;
    let is_told = |finding: &str| {
        let label = format!("finding=\"{finding}\"");
        move |metrics: &Metrics| {
            let found = findings(metrics);
            found.len() == 1 && found[0].0.contains(&label)
        }
    };
    exporter.until("it has shrunk", is_told("shrunk")).await;
    let requests = server.faults().requests();
    for (more, finding) in [
        ("findings.shrunk = { below = \"30%\" }\n", None),
        ("min_size = \"3MB\"\n", Some("empty")),
        ("findings = { shrunk = \"off\" }\n", None),
        ("keep = 30\n", Some("shrunk")),
        ("silence_until = \"2999-01-01\"\n", None),
        (
            "findings.shrunk = { severity = \"critical\", below = \"60%\" }\n",
            Some("shrunk"),
        ),
    ] {
        fs::write(exporter.file("config.toml"), config(more)).unwrap();
        let (status, text) = exporter.reload().await;
        assert_eq!(status, 200, "{text}");
        let what = format!("{finding:?} by {more}");
        match finding {
            Some(finding) => exporter.until(&what, is_told(finding)).await,
            None => {
                let is_well = |metrics: &Metrics| findings(metrics).is_empty();
                exporter.until(&what, is_well).await
            }
        };
    }
    let critical = [("severity", "critical")];
    let metrics = exporter.metrics().await;
    let count = metrics.get("objectstore_backup_findings", &critical);
    assert_eq!(count, Some(1.0));
    assert_eq!(metrics.of("bbb", "objectstore_scans_total"), Some(1.0));
    assert_eq!(server.faults().requests(), requests);
}

/// The last judgement stays, and nothing half is shown.
#[tokio::test]
async fn a_listing_that_failed_half_way_is_not_judged() {
    let server = S3sServer::start();
    // The newest of one job, and all of the other, are on the second page.
    let hourly = (0..1100).map(|nth| dump("a", HOUR / 2 + nth * HOUR, 5_000_000));
    server.store().put_all("bbb", hourly);
    server.store().put_all("bbb", daily("z", HOUR));
    let keys = [S3sServer::ACCESS_KEY, S3sServer::SECRET_KEY];
    let config = format!(
        "{}[[destinations]]\nbucket = \"bbb\"\ninterval = \"1s\"\nconcurrency = 1\n",
        backend("s3", &server.endpoint(), keys)
    );
    let mut exporter = Exporter::with_config(&config, &[]).await;
    let of_backups = |metrics: &Metrics| metrics.beginning("objectstore_backup");
    let is_complete =
        |metrics: &Metrics| metrics.of("bbb", "objectstore_scan_success") == Some(1.0);
    let before = exporter.until("a complete scan", is_complete).await;
    assert_eq!(before.of("bbb", "objectstore_listed_objects"), Some(1112.0));
    assert_eq!(before.by("objectstore_backups", "job").len(), 2);
    assert_eq!(findings(&before), []);

    let denied = || Some(Fault::error(403, "AccessDenied", "Access Denied."));
    server.faults().always(denied());
    let half_way = (0..4).flat_map(|_| [None, denied()]);
    server.faults().next(half_way);
    let failed = |metrics: &Metrics| {
        let failures = metrics.all("objectstore_scan_failures_total", &[]);
        failures.iter().map(|(_, count)| count).sum::<f64>()
    };
    let five = |now: &Metrics| {
        assert_eq!(of_backups(now), of_backups(&before));
        failed(now) >= 5.0
    };
    let now = exporter.until("five scans have failed", five).await;
    assert_eq!(now.of("bbb", "objectstore_scan_success"), Some(0.0));

    // What comes next is judged when it was listed to its end.
    server.store().put("bbb", &dump("z", 60, 20));
    server.faults().always(None);
    let is_told = |metrics: &Metrics| {
        let found = findings(metrics);
        found.len() == 1 && found[0].0.contains("finding=\"empty\"")
    };
    exporter.until("the empty one", is_told).await;
}

/// What a pattern of somebody's own matches is counted over all that the last scan listed.
#[tokio::test]
async fn explain_counts_what_a_pattern_of_ones_own_matched() {
    let server = S3sServer::start();
    let dumps = (0..1200).map(|nth| dump("own/db", HOUR + nth * HOUR, 5_000_000));
    server.store().put_all("bbb", dumps);
    server.store().put_all("bbb", daily("own/web", HOUR));
    let others = (0..300).map(|nth| Upload::new(format!("photos/{nth}"), 1));
    server.store().put_all("bbb", others);
    let folder = tempfile::tempdir().unwrap();
    let keys = [S3sServer::ACCESS_KEY, S3sServer::SECRET_KEY];
    let config = format!(
        "[state]\ndirectory = {:?}\n{}[layouts.mine]\npattern = 'own/(?<job>[a-z]+)-(?<time>[0-9TZ]+)\\.sql\\.gz'\n\
         [[destinations]]\nbucket = \"bbb\"\nlayout = \"mine\"\nmax_age = \"2d\"\n",
        folder.path().join("state"),
        backend("s3", &server.endpoint(), keys)
    );
    let explain = |more: &[&str]| {
        let arguments = [&["explain", "own/db-x"], more].concat();
        let program = Program::new(&arguments).file("config.toml", &config);
        program.prints()
    };
    let counted = |text: &str| {
        let mut lines = text.lines().filter_map(|line| {
            let (_, rest) = line.split_once("  in the scan that ended at ")?;
            rest.split_once(' ').map(|(_, rest)| rest.to_owned())
        });
        (lines.next(), lines.next())
    };
    let nothing = explain(&[]);
    assert_eq!(counted(&nothing), (None, None), "{nothing}");
    let of_all = "the pattern of `layout`, as it was then, matched 1212 of 1512 objects, in 2 jobs";
    let now = explain(&["--connect"]);
    assert_eq!(counted(&now), (Some(of_all.to_owned()), None), "{now}");
    // Of what a running exporter keeps, without another listing.
    let mut exporter = Exporter::with_config(&config, &[]).await;
    let is_complete =
        |metrics: &Metrics| metrics.of("bbb", "objectstore_scan_success") == Some(1.0);
    exporter.until("a complete scan", is_complete).await;
    assert!(exporter.terminate().await.success());
    let requests = server.faults().requests();
    let kept = explain(&[]);
    assert_eq!(counted(&kept), (Some(of_all.to_owned()), None), "{kept}");
    assert_eq!(server.faults().requests(), requests);
    // So is what is thought of them: nothing is missing until it is listed again.
    server.faults().always(Some(Fault::Silence));
    let exporter = Exporter::with_config(&config, &[]).await;
    let metrics = exporter.metrics().await;
    let backups = metrics.by("objectstore_backups", "job");
    assert_eq!(backups, [("db", 1200.0), ("web", 12.0)].into());
    assert_eq!(findings(&metrics), []);
}

/// Jobs have series too.
#[test]
fn check_foresees_the_series_of_backup_jobs() {
    let keys = ["id-hunter-1", "key-hunter-2"];
    let config = |clusters: u32| {
        let names: Vec<_> = (0..clusters).map(|nth| format!("\"c-{nth}\"")).collect();
        format!(
            "{}[[destinations]]\nbucket = \"bbb\"\nmax_age = \"1d\"\nclusters = [{}]\n",
            backend("s3", "https://s3.example", keys),
            names.join(",")
        )
    };
    let check = |clusters| {
        let program = Program::new(&["check"]).file("config.toml", &config(clusters));
        program.run().stderr.join("\n")
    };
    assert_eq!(check(1000), "");
    let told = check(4000); // of clusters alone that would be some 30,000
    assert!(told.contains("series, more than 50000"), "{told}");
    assert!(told.contains("limits.max_jobs"), "{told}");
}
