//! A report that an engine sums up: Ballista with one executor, and with two, each a process of its own that runs one
//! task at a time. `SCALE_ENGINE_MILLIONS=1` says how many millions of rows.

use reqwest::Method;
use s3_exporter_testkit::S3Client;
use s3_exporter_testkit::reports::{Format, hex, s3_manifest_of, s3_parquet};
use s3_exporter_testkit::servers::{Ballista, MinIo};

use super::processes::{Exporter, value};
use super::{MADE, MILLION, names, row};

const FOLDER: &str = "daily/bucket/all";
/// Files of each million rows: so many tasks, which executors share.
const FILES: usize = 4;

/// Prints what it takes.
pub fn rows() {
    let millions = std::env::var("SCALE_ENGINE_MILLIONS").unwrap_or_else(|_| "1".to_owned());
    let millions: u64 = millions.parse().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    println!(
        "| a report of {millions} million rows on Ballista | time | of the baseline | target |"
    );
    println!("|---|---|---|---|");
    runtime.block_on(async {
        let minio = MinIo::start().await;
        write(&minio, millions).await;
        let mut one = None;
        for executors in [1, 2] {
            let ballista = Ballista::start(&minio, executors).await;
            let config = config(&minio, &ballista.url());
            let scan = tokio::task::spawn_blocking(move || scan(&config, millions));
            let seconds = scan.await.unwrap();
            let tasks = ballista.tasks();
            let baseline = *one.get_or_insert(seconds);
            let faster = baseline / seconds;
            println!(
                "| {executors} executors of one task at a time, which ran {tasks:?} | {seconds:.1} s | 1/{faster:.2} | 1/1.7 |"
            );
        }
    });
}

/// A report in MinIO, of so many millions of rows.
async fn write(minio: &MinIo, millions: u64) {
    let client = minio.client();
    for bucket in ["bucket", "reports"] {
        client.create_bucket(bucket).await;
    }
    let mut files = Vec::new();
    let all: Vec<_> = (0..MILLION).map(row).collect();
    let parts: Vec<_> = all.chunks(all.len() / FILES).collect();
    for (nth, rows) in parts.into_iter().enumerate() {
        let content = s3_parquet("bucket", rows, Format::Parquet);
        let (size, sum) = (content.len(), hex(&content));
        for copy in 0..millions {
            let key = format!("{FOLDER}/data/{copy:04}-{nth}.parquet");
            put(&client, &key, content.clone()).await;
            files.push((key, size, sum.clone()));
        }
    }
    let files: Vec<_> = files
        .iter()
        .map(|(key, size, sum)| (&**key, *size, sum.clone()))
        .collect();
    let manifest = s3_manifest_of("bucket", MADE, Format::Parquet, &files);
    let report = format!("{FOLDER}/2026-11-30T01-00Z");
    let sum = hex(&manifest).into_bytes();
    for (name, content) in [("manifest.checksum", sum), ("manifest.json", manifest)] {
        let key = format!("{report}/{name}");
        put(&client, &key, content).await;
    }
}

async fn put(client: &S3Client, key: &str, content: Vec<u8>) {
    let path = format!("/reports/{key}");
    let put = client.send(Method::PUT, &path, &[], &[], content).await;
    put.unwrap_or_else(|refused| panic!("putting {key}: {refused:?}"));
}

fn config(minio: &MinIo, engine: &str) -> String {
    format!(
        "[scan]\ninterval = \"10h\"\ntimeout = \"10h\"\n[backends.store]\ntype = \"minio\"\nendpoint = \"{}\"\n\
         access_key_id = \"{}\"\nsecret_access_key = \"{}\"\n\
         [backends.reports]\ntype = \"inventory\"\nstore = \"store\"\nreports = \"reports\"\nfolder = {FOLDER:?}\n\
         engine = \"{engine}\"\n[[destinations]]\nbackend = \"reports\"\nbucket = \"bucket\"\nclusters = {:?}\n",
        minio.endpoint(),
        MinIo::ACCESS_KEY,
        MinIo::SECRET_KEY,
        names()
    )
}

/// Seconds of one scan, whose figures are those of the rows.
fn scan(config: &str, millions: u64) -> f64 {
    let exporter = Exporter::run(config);
    let scanned = exporter.scanned(1);
    assert_eq!(scanned.objects, (millions * MILLION) as f64);
    assert_eq!(scanned.unassigned, 0.0);
    let text = exporter.metrics().unwrap();
    let bytes = (0..MILLION).map(|nth| 1_000 + nth % 100_000).sum::<u64>() * millions;
    assert_eq!(value(&text, "objectstore_listed_size_bytes{"), bytes as f64);
    value(&text, "objectstore_scan_duration_seconds{")
}
