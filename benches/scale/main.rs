//! What a report costs beside a listing of the same objects, and what memory it takes; what two workers of an
//! [engine] gain; and one process of a [fleet]. `make bench-scale`; `SCALE_MILLIONS=10,100` says how many millions of rows.
//!
//! A file of a million rows is read as often as there are millions, so that none of it needs a disk of
//! hundreds of gigabytes: the report names it so many times.
#![allow(clippy::unwrap_used)] // what can't go on ends with the place where it happened

#[allow(dead_code)] // the other benchmark needs all of it
#[path = "../listing/processes.rs"]
mod processes;

mod engine;
mod fleet;

use std::path::Path;
use std::process::{Command, Stdio};

use s3_exporter_api::UnixTime;
use s3_exporter_testkit::reports::{Format, Row, hex, s3_csv, s3_manifest_of, s3_parquet};

use processes::{Exporter, Store, cpu_of_children, serve, value};

const MILLION: u64 = 1_000_000;
const CLUSTERS: u64 = 1_000;
/// 2026-11-30T01:00:00Z.
const MADE: UnixTime = UnixTime::from_millis(1_796_000_400_000);

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    if let ["store", objects, clusters, layout, answers] = arguments[..] {
        return serve(objects, clusters, layout, answers);
    }
    if let ["fleet-store", clusters, backups] = arguments[..] {
        return fleet::serve(clusters, backups);
    }
    if arguments.contains(&"fleet") {
        return fleet::rows(); // alone
    }
    if arguments.contains(&"engine") {
        return engine::rows(); // likewise
    }
    let millions = std::env::var("SCALE_MILLIONS").unwrap_or_else(|_| "10,100".to_owned());
    let millions: Vec<u64> = millions.split(',').map(|of| of.parse().unwrap()).collect();
    println!("| measure | CPU a million rows | of the baseline | most memory | target |");
    println!("|---|---|---|---|---|");
    let listed = listing();
    println!("| a listing by type s3 (baseline) | {listed:.3} s | 1 | - | - |");
    let rows: Vec<_> = (0..MILLION).map(row).collect();
    let parquet = s3_parquet("bucket", &rows, Format::Parquet);
    for count in &millions {
        let (cpu, peak) = report(&parquet, Format::Parquet, *count);
        let share = cpu / listed;
        println!(
            "| Parquet, {count} million rows | {cpu:.3} s | {share:.2} | {peak:.1} MiB | 0.2, 64 MiB |"
        );
    }
    drop(parquet);
    let csv = s3_csv("bucket", &rows);
    drop(rows);
    let counted = zcat(&csv, millions[0]);
    println!("| zcat and wc -l (baseline) | {counted:.3} s | 1 | - | - |");
    for count in &millions {
        let (cpu, peak) = report(&csv, Format::Csv, *count);
        let share = cpu / counted;
        println!(
            "| CSV.gz, {count} million rows | {cpu:.3} s | {share:.2} | {peak:.1} MiB | 1.3, 64 MiB |"
        );
    }
    engine::rows();
    fleet::rows();
}

/// Of a thousand clusters, one after another, as a store sorts them.
fn row(nth: u64) -> Row {
    let (cluster, object) = (nth / (MILLION / CLUSTERS), nth % (MILLION / CLUSTERS));
    let time = UnixTime::from_millis(MADE.as_millis() - nth as i64 * 1_000);
    let key = format!(
        "cluster-{cluster:04}-etcd-{object:06}-{:08x}.db.gz",
        nth * 2_654_435_761 % (1 << 32)
    );
    Row::new(key, 1_000 + nth % 100_000, time)
}

fn names() -> Vec<String> {
    (0..CLUSTERS)
        .map(|nth| format!("cluster-{nth:04}"))
        .collect()
}

/// CPU seconds of a million objects that are listed.
fn listing() -> f64 {
    let store = Store::start(MILLION, CLUSTERS, "even", 0);
    let exporter = Exporter::start(&store, "s3", "interval = \"1h\"");
    let scanned = exporter.scanned(1);
    assert_eq!(scanned.objects, MILLION as f64);
    exporter.cpu()
}

/// CPU seconds of a million rows of a report of so many millions, and the most memory in MiB.
fn report(file: &[u8], format: Format, millions: u64) -> (f64, f64) {
    let folder = tempfile::tempdir().unwrap();
    let bucket = folder.path();
    std::fs::write(bucket.join("part"), file).unwrap();
    let files: Vec<_> = (0..millions)
        .map(|_| ("part", file.len(), hex(file)))
        .collect();
    let manifest = s3_manifest_of("bucket", MADE, format, &files);
    let report = bucket.join("2026-11-30T01-00Z");
    std::fs::create_dir(&report).unwrap();
    std::fs::write(report.join("manifest.checksum"), hex(&manifest)).unwrap();
    std::fs::write(report.join("manifest.json"), manifest).unwrap();
    let config = config(bucket);
    let exporter = Exporter::run(&config);
    let scanned = exporter.scanned(1);
    assert_eq!(scanned.objects, (millions * MILLION) as f64);
    assert_eq!(scanned.unassigned, 0.0);
    let text = exporter.metrics().unwrap();
    let bytes = (0..MILLION).map(|nth| 1_000 + nth % 100_000).sum::<u64>() * millions;
    assert_eq!(value(&text, "objectstore_listed_size_bytes{"), bytes as f64);
    (exporter.cpu() / millions as f64, exporter.peak())
}

fn config(bucket: &Path) -> String {
    format!(
        "[scan]\ninterval = \"10h\"\ntimeout = \"10h\"\n[backends.files]\ntype = \"file\"\n\
         [backends.reports]\ntype = \"inventory\"\nstore = \"files\"\nreports = {bucket:?}\n\
         [[destinations]]\nbackend = \"reports\"\nbucket = \"bucket\"\nclusters = {:?}\n",
        names()
    )
}

/// CPU seconds of a million lines that others decompress and count.
fn zcat(file: &[u8], times: u64) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("part.gz");
    std::fs::write(&path, file).unwrap();
    let before = cpu_of_children();
    for _ in 0..times {
        let mut shell = Command::new("sh");
        let counted = shell.arg("-c").arg("zcat \"$0\" | wc -l").arg(&path);
        let counted = counted.stdout(Stdio::piped()).output().unwrap();
        let counted = String::from_utf8(counted.stdout).unwrap();
        assert_eq!(counted.trim(), MILLION.to_string());
    }
    (cpu_of_children() - before) / times as f64
}
