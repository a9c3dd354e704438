//! 100,000 objects in MinIO: exact through both backends and at any concurrency, at a request a
//! page once the boundaries are known; and what memory that takes.

use std::time::Duration;

use s3_exporter_testkit::Upload;
use s3_exporter_testkit::servers::MinIo;

use crate::common::truth::{Figures, backup};
use crate::common::{Exporter, Metrics};

const BUCKET: &str = "big";
/// The first hundred of the same objects.
const FEW: &str = "few";
const OBJECTS: u64 = 100_000;
/// Objects that a page holds.
const PAGE: u64 = 1000;
/// Names of ten letters and digits, and some that begin others.
const CLUSTERS: u64 = 60;
/// Backend and concurrency.
const SCANS: [(&str, u16); 5] = [("s3", 1), ("s3", 4), ("s3", 16), ("s3", 64), ("minio", 4)];
/// Objects that all lie in the root of a bucket, as Kubermatic writes them.
const FLAT: u64 = 20_000;
/// Of the last full page MinIO says that more comes, and then gives an empty one.
const PAGES: u64 = OBJECTS / PAGE + 1;
/// Ends a hang, and says nothing of speed.
const PATIENCE: Duration = Duration::from_secs(300);

fn cluster(nth: u64) -> String {
    let scattered = nth.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    match nth % 10 {
        9 => format!("{}-{}", cluster(nth - 1), nth),
        _ => format!("{:010x}", scattered >> 24),
    }
}

/// A third of all objects are of one cluster; every 50th is of none, every 333rd empty. Every
/// tenth lies in the bucket's root, as Kubermatic writes it: MinIO reads a whole folder for
/// each page of it, so that more would be a test of MinIO alone.
fn uploads() -> Vec<Upload> {
    let owner = |nth: u64| match nth {
        nth if nth.is_multiple_of(50) => format!("gone-{}", nth % 7),
        nth if nth.is_multiple_of(3) => cluster(0),
        nth => cluster(nth % CLUSTERS),
    };
    let upload = |nth: u64| {
        let mut upload = backup(&owner(nth), nth);
        if !nth.is_multiple_of(10) {
            let folder = format!("-data/{}/{nth}-daily-", nth / 1000);
            upload.key = upload.key.replacen("-daily-", &folder, 1);
        }
        if nth.is_multiple_of(333) {
            upload.size = 0;
        }
        upload
    };
    (0..OBJECTS).map(upload).collect()
}

fn config(minio: &MinIo, (backend, concurrency): (&str, u16), clusters: &[&str]) -> String {
    format!(
        "[scan]\ninterval = \"30s\"\n[backends.b]\ntype = \"{backend}\"\nendpoint = \"{}\"\n\
         region = \"us-east-1\"\naccess_key_id = \"{}\"\nsecret_access_key = \"{}\"\n\
         [[destinations]]\nname = \"d\"\nbucket = \"{BUCKET}\"\nconcurrency = {concurrency}\n\
         clusters = {clusters:?}\n",
        minio.endpoint(),
        MinIo::ACCESS_KEY,
        MinIo::SECRET_KEY
    )
}

/// A line of `/proc/PID/status`, in KiB.
fn memory(exporter: &Exporter, line: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", exporter.pid())).unwrap();
    let found = status
        .lines()
        .find_map(|text| text.strip_prefix(line)?.strip_prefix(':'));
    let number = found.and_then(|text| text.split_whitespace().next());
    let number = number.and_then(|text| text.parse().ok());
    number.unwrap_or_else(|| panic!("{line} is not in {status}"))
}

/// Waits until so many scans have ended, and gives the requests until then. When the next scan
/// begins at once, one or two of its requests may be among them.
async fn scanned(exporter: &mut Exporter, times: f64) -> (Metrics, f64) {
    let ended = |metrics: &Metrics| metrics.of("d", "objectstore_scans_total") >= Some(times);
    let metrics = exporter
        .until_within(PATIENCE, &format!("{times} scans"), ended)
        .await;
    let requests = metrics.of("d", "objectstore_api_requests_total").unwrap();
    (metrics, requests)
}

fn assert_exact(metrics: &Metrics, truth: &Figures, what: &str) {
    assert_eq!(metrics.failing("d"), [""; 0], "{what}");
    Figures::shown(metrics, "d").assert_are(truth, what);
}

#[tokio::test]
async fn a_hundred_thousand_objects_are_exact_and_take_a_request_a_page_and_no_memory() {
    let minio = MinIo::start().await;
    let uploads = uploads();
    let few = &uploads[..100];
    for (bucket, uploads) in [(FEW, few), (BUCKET, &uploads)] {
        minio.client().create_bucket(bucket).await;
        minio.client().put_archived(bucket, uploads).await;
    }
    let clusters: Vec<_> = (0..CLUSTERS).map(cluster).collect();
    let clusters: Vec<_> = clusters.iter().map(String::as_str).collect();
    let truth = Figures::expected(&uploads, &clusters);
    assert_eq!(truth.sum("objectstore_listed_objects"), OBJECTS as f64);

    let with_few = memory_with_few(&minio, &clusters).await;
    for case in SCANS {
        let most = listed_twice(&minio, case, &clusters, &truth).await;
        // An answer and its page for each request in flight, in KiB, the newest 64 backups of each
        // job, and some for what an allocator keeps. All the objects would be 10,000 more.
        let limit = with_few + 7168 + 1024 * u64::from(case.1);
        assert!(
            most < limit,
            "{case:?}: {most} KiB, and {with_few} with 100 objects"
        );
    }
}

/// MinIO reads all names of a folder for each page of it: with all keys in the root that is
/// every one. What it costs MinIO is printed, one after another and in parts.
#[tokio::test]
async fn keys_that_all_lie_in_the_root_are_exact_and_take_a_request_a_page() {
    let minio = MinIo::start().await;
    let owner = |nth: u64| cluster(nth % CLUSTERS);
    let uploads: Vec<_> = (0..FLAT).map(|nth| backup(&owner(nth), nth)).collect();
    minio.client().create_bucket(BUCKET).await;
    minio.client().put_archived(BUCKET, &uploads).await;
    let clusters: Vec<_> = (0..CLUSTERS).map(cluster).collect();
    let clusters: Vec<_> = clusters.iter().map(String::as_str).collect();
    let truth = Figures::expected(&uploads, &clusters);
    let pages = (FLAT / PAGE + 1) as f64;
    for concurrency in [1, 4, 16] {
        let config = config(&minio, ("s3", concurrency), &clusters).replace("30s", "8s");
        let cpu = || cpu(minio.pid().unwrap());
        let begun = cpu();
        let mut exporter = Exporter::with_config(&config, &[]).await;
        let (metrics, first) = scanned(&mut exporter, 1.0).await;
        assert_exact(&metrics, &truth, &format!("{concurrency}, the first scan"));
        let between = cpu();
        let (metrics, both) = scanned(&mut exporter, 2.0).await;
        assert_exact(&metrics, &truth, &format!("{concurrency}, the second scan"));
        assert!(exporter.terminate().await.success());
        let second = both - first;
        println!(
            "{concurrency} in flight: {first} requests and {:.1} s of MinIO's CPU, then {second} and {:.1} s",
            between - begun,
            cpu() - between
        );
        assert!(
            (pages - 2.0..=1.05 * pages + 1.0).contains(&second),
            "{concurrency} in flight: {second} requests"
        );
    }
}

/// CPU seconds of a process so far, in ticks of 10 ms.
fn cpu(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let words = stat.rsplit(')').next().unwrap().split_whitespace();
    let ticks = words.skip(11).take(2).map(|ticks| ticks.parse::<f64>());
    ticks.map(Result::unwrap).sum::<f64>() / 100.0
}

/// The most memory of a process that lists a hundred objects only.
async fn memory_with_few(minio: &MinIo, clusters: &[&str]) -> u64 {
    let config = config(minio, SCANS[0], clusters);
    let config = config.replace(&format!("\"{BUCKET}\""), &format!("\"{FEW}\""));
    let mut exporter = Exporter::with_config(&config, &[]).await;
    let (metrics, _) = scanned(&mut exporter, 1.0).await;
    assert_eq!(metrics.of("d", "objectstore_listed_objects"), Some(100.0));
    let most = memory(&exporter, "VmHWM");
    println!(
        "100 objects: {} KiB idle, {most} at most",
        memory(&exporter, "VmRSS")
    );
    assert!(exporter.terminate().await.success());
    most
}

/// Two scans, the second with what the first has remembered; the most memory of the process.
async fn listed_twice(minio: &MinIo, case: (&str, u16), clusters: &[&str], truth: &Figures) -> u64 {
    let mut exporter = Exporter::with_config(&config(minio, case, clusters), &[]).await;
    let begun = |metrics: &Metrics| metrics.of("d", "objectstore_api_requests_total") > Some(20.0);
    exporter.until_within(PATIENCE, "twenty pages", begun).await;
    let scanning = memory(&exporter, "VmRSS");
    let (metrics, first) = scanned(&mut exporter, 1.0).await;
    assert_exact(&metrics, truth, &format!("{case:?}, the first scan"));
    let idle = memory(&exporter, "VmRSS");
    let (metrics, both) = scanned(&mut exporter, 2.0).await;
    assert_exact(&metrics, truth, &format!("{case:?}, the second scan"));
    let most = memory(&exporter, "VmHWM");
    assert!(exporter.terminate().await.success());

    let (pages, second) = (PAGES as f64, both - first);
    println!("{case:?}: {first} requests for {pages} pages, then {second}");
    println!("{case:?}: {scanning} KiB while it scans, {idle} after it, {most} at most");
    // Where a first scan is cut depends on which answers come first, so on the machine: 229 and 252
    // were seen. `slow/scan` has the laws; this is a guard against requests without end.
    assert!(
        (pages..=4.0 * pages).contains(&first),
        "{case:?}: {first} requests at first"
    );
    // Two may be the next scan's; and a part that begins in a folder takes one for each folder
    // that it leaves: there are two around most objects.
    // Parts of less than three pages are not made there.
    let leaving = 2.0 * (pages / 3.0).min(f64::from(case.1));
    let leaving = if case.1 == 1 { 1.0 } else { leaving };
    assert!(
        (pages - 2.0..=1.05 * pages + 2.0 + leaving).contains(&second),
        "{case:?}: then {second} requests"
    );
    if case.1 == 1 {
        assert!(first <= pages + 2.0, "in sequence it is a request a page");
    }
    most
}
