//! Looks for newer backups between the scans, over a real MinIO.

use s3_exporter_api::UnixTime;
use s3_exporter_testkit::Upload;
use s3_exporter_testkit::servers::MinIo;
use serde_json::Value;

use crate::common::{Exporter, Metrics};

pub const NEWEST: &str = "objectstore_backup_last_success_timestamp_seconds";
pub const LOOKS: &str = "objectstore_looks_total";
pub const LOOKED: &str = "objectstore_look_last_success_timestamp_seconds";
const FAILURES: &str = "objectstore_look_failures_total";
const REQUESTS: &str = "objectstore_api_requests_total";
const SCANNED: &str = "objectstore_scan_last_success_timestamp_seconds";
const OBJECTS: &str = "objectstore_listed_objects";
const DESTINATIONS: [&str; 2] = ["restic", "pgbackrest"];

/// A scan each hour and a look each second; a backup each hour.
fn config(minio: &MinIo) -> String {
    let mut text = format!(
        "[scan]\ninterval = \"1h\"\nlook_interval = \"1s\"\nprobe_interval = \"0s\"\n\
         [backends.s]\ntype = \"minio\"\nendpoint = \"{}\"\naccess_key_id = \"{}\"\n\
         secret_access_key = \"{}\"\n",
        minio.endpoint(),
        MinIo::ACCESS_KEY,
        MinIo::SECRET_KEY
    );
    for name in DESTINATIONS {
        text += &format!(
            "[[destinations]]\nname = \"{name}\"\nbucket = \"backups\"\nprefix = \"{name}/\"\n\
             every = \"1h\"\ngrace = \"10m\"\n"
        );
    }
    text + "[[destinations]]\nname = \"small\"\nbucket = \"small\"\n"
}

pub fn hours_ago(hours: i64) -> UnixTime {
    UnixTime::from_millis(UnixTime::now().as_millis() - hours * 3_600_000)
}

pub fn hash(nth: u64) -> String {
    format!("{:064x}", u128::from(nth) << 64 | 7)
}

/// A repository with so many packs and two snapshots, the later five hours old.
pub fn restic(packs: u64) -> Vec<Upload> {
    let old = |key: String, hours: i64| Upload::new(key, 10).at(hours_ago(hours));
    let mut all = vec![
        old("restic/config".to_owned(), 30),
        old(format!("restic/keys/{}", hash(1)), 30),
        old(format!("restic/index/{}", hash(2)), 5),
        old(format!("restic/snapshots/{}", hash(3)), 6),
        old(format!("restic/snapshots/{}", hash(4)), 5),
    ];
    all.extend((0..packs).map(|nth| {
        let name = format!("{:02x}{}", nth % 256, &hash(nth)[2..]);
        old(format!("restic/data/{}/{name}", &name[..2]), 5)
    }));
    all
}

/// A label of pgBackRest in UTC.
fn label(at: UnixTime) -> String {
    let at = jiff::Timestamp::from_millisecond(at.as_millis()).unwrap();
    at.strftime("%Y%m%d-%H%M%SF").to_string()
}

/// What of a backup is there while it runs.
fn running(label: &str, files: u64, at: UnixTime) -> Vec<Upload> {
    let mut all = vec![
        Upload::new(
            format!("pgbackrest/backup/main/{label}/backup.manifest.copy"),
            9,
        )
        .at(at),
    ];
    let file = |nth| format!("pgbackrest/backup/main/{label}/pg_data/base/5/{nth:06}.gz");
    all.extend((0..files).map(|nth| Upload::new(file(nth), 9).at(at)));
    all
}

/// What makes it whole.
fn manifest(label: &str, at: UnixTime) -> Upload {
    Upload::new(format!("pgbackrest/backup/main/{label}/backup.manifest"), 9).at(at)
}

fn is_overdue(now: &Metrics, destination: &str) -> bool {
    let labels = [("destination", destination), ("finding", "overdue")];
    !now.all("objectstore_backup_finding", &labels).is_empty()
}

/// What only a scan tells.
fn scanned(now: &Metrics) -> Vec<Option<f64>> {
    let all = DESTINATIONS.iter().flat_map(|of| {
        [
            SCANNED,
            OBJECTS,
            "objectstore_scans_total",
            "objectstore_scan_success",
            "objectstore_backups",
        ]
        .map(|name| now.of(of, name))
    });
    all.collect()
}

fn newest(now: &Metrics) -> [Option<f64>; 2] {
    DESTINATIONS.map(|of| now.of(of, NEWEST))
}

/// As many looks more at both as are told.
fn more_looks(before: &Metrics, more: f64) -> impl Fn(&Metrics) -> bool {
    let before = DESTINATIONS.map(|of| before.of(of, LOOKS).unwrap_or(0.0));
    move |now| {
        let mut both = DESTINATIONS.iter().zip(before);
        both.all(|(of, before)| {
            now.of(of, LOOKS)
                .is_some_and(|looks| looks >= before + more)
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_seen_between_scans_once_it_is_whole_and_nothing_else_is() {
    let mut minio = MinIo::start().await;
    let client = minio.client();
    client.create_bucket("backups").await;
    client.create_bucket("small").await;
    let old = label(hours_ago(5));
    client.put_archived("backups", &restic(11_000)).await;
    client
        .put_archived("backups", &running(&old, 31_000, hours_ago(5)))
        .await;
    client
        .put_archived("backups", &[manifest(&old, hours_ago(5))])
        .await;
    client.put("small", &Upload::new("restic/config", 5)).await;
    let mut exporter = Exporter::with_config(&config(&minio), &[]).await;
    let first = exporter
        .until("two looks have ended", |now| {
            DESTINATIONS
                .iter()
                .all(|of| now.of(of, LOOKS).is_some_and(|looks| looks >= 2.0))
        })
        .await;
    for of in DESTINATIONS {
        assert!(is_overdue(&first, of), "{of}: {}", first.ours());
        assert_eq!(first.of(of, "objectstore_look_jobs"), Some(1.0), "{of}");
        assert!(first.of(of, LOOKED) > first.of(of, SCANNED), "{of}");
    }
    assert_eq!(first.of("small", LOOKS), Some(0.0), "a scan costs no more");

    // One request of restic's snapshots, one of pgBackRest's labels.
    let later = exporter.until("three more", more_looks(&first, 3.0)).await;
    for of in DESTINATIONS {
        let asked = later.of(of, REQUESTS).unwrap() - first.of(of, REQUESTS).unwrap();
        let looks = later.of(of, LOOKS).unwrap() - first.of(of, LOOKS).unwrap();
        assert!(
            asked <= looks + 1.0,
            "{of}: {asked} requests of {looks} looks"
        );
    }

    // Two that are killed.
    let now = label(hours_ago(0));
    client
        .put_archived("backups", &running(&now, 3, hours_ago(0)))
        .await;
    client
        .put(
            "backups",
            &Upload::new(format!("restic/data/00/{}", &hash(0)), 10),
        )
        .await;
    client
        .put(
            "backups",
            &Upload::new(format!("restic/index/{}", hash(9)), 10),
        )
        .await;
    let killed = exporter
        .until("they are looked at", more_looks(&later, 3.0))
        .await;
    assert_eq!(newest(&killed), newest(&first));
    assert_eq!(scanned(&killed), scanned(&first));

    // Both are finished.
    client
        .put_archived("backups", &[manifest(&now, hours_ago(0))])
        .await;
    client
        .put(
            "backups",
            &Upload::new(format!("restic/snapshots/{}", hash(5)), 10),
        )
        .await;
    let before = newest(&first);
    let seen = exporter
        .until("they are seen", |now| {
            newest(now)
                .iter()
                .zip(before)
                .all(|(now, before)| *now > before)
        })
        .await;
    assert_eq!(scanned(&seen), scanned(&first), "totals have their own age");
    for of in DESTINATIONS {
        assert!(!is_overdue(&seen, of), "{of}: {}", seen.ours());
        let due = "objectstore_backup_due_timestamp_seconds";
        assert!(seen.of(of, due) > first.of(of, due), "{of}");
    }
    let status = exporter.status().await;
    let look = &status["destinations"][0]["look"];
    assert_eq!((&look["jobs"], &look["failure"]), (&1.into(), &Value::Null));
    let page = exporter.get("/status/restic").await;
    assert!(
        page.contains("<dt>Latest look</dt><dd>at 1 backup job, "),
        "{page}"
    );

    // A look that fails changes nothing that was known.
    minio.stop().await;
    let failed = |now: &Metrics| {
        DESTINATIONS.iter().all(|of| {
            let labels = [("destination", *of), ("kind", "connect")];
            now.get(FAILURES, &labels)
                .is_some_and(|failed| failed >= 1.0)
        })
    };
    let down = exporter.until("looks fail", failed).await;
    assert_eq!(
        (newest(&down), scanned(&down)),
        (newest(&seen), scanned(&first))
    );
    let told = |line: &Value| line["msg"] == "a look between the scans failed: what is known stays";
    let told = exporter
        .log_lines()
        .iter()
        .filter(|line| told(line))
        .count();
    assert_eq!(told, 2, "once for each destination");
    minio.resume().await;
    let again = exporter
        .until("they are made again", more_looks(&down, 3.0))
        .await;
    assert_eq!(newest(&again), newest(&seen));
}
