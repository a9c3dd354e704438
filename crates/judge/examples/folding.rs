//! What reading keys costs: a million keys of each of some layouts, in the order of a listing, in
//! nanoseconds of CPU for each: `cargo run --release -p s3-exporter-judge --example folding`.

use s3_exporter_api::{Object, StorageClass, UnixTime};
use s3_exporter_judge::backups::{BackupFold, BackupLane, Limits};
use s3_exporter_judge::layouts::LayoutChoice;

const KEYS: u64 = 1_000_000;
const PAGE: usize = 1000;

/// The key of an object, by its number.
type Key = fn(u64) -> String;

fn main() {
    let only = std::env::args().nth(1).unwrap_or_default();
    let forms: [(&str, Key); 17] = [
        ("kubermatic", kubermatic),
        ("restic", restic),
        ("pgbackrest", pgbackrest),
        ("pgbackrest, archive", archive),
        ("barman, wals", barman),
        ("wal-g, wal", wal_g),
        ("kopia", kopia),
        ("gardener", gardener),
        ("litestream", litestream),
        ("dumps", dumps),
        ("dumps below a server", below_a_server),
        ("trees", trees),
        ("velero", velero),
        ("duplicity", duplicity),
        ("vmbackup", vmbackup),
        ("omni", omni),
        ("none", none),
    ];
    for (name, form) in forms.iter().filter(|it| it.0.contains(&only)) {
        let mut keys: Vec<String> = (0..KEYS).map(form).collect();
        keys.sort_unstable();
        let keys = keys.clone(); // where they lie one after another, as those of a page do
        for lanes in [1, 16] {
            let mut rounds: Vec<f64> = (0..5).map(|_| fold(&keys, lanes)).collect();
            rounds.sort_unstable_by(f64::total_cmp);
            print!(
                "{name}, {lanes} lanes: {:.0} to {:.0} ns; ",
                rounds[0], rounds[4]
            );
        }
        println!();
    }
}

/// Pages of each lane in turns, as they come where a bucket is listed in parts.
fn fold(keys: &[String], lanes: usize) -> f64 {
    let mut fold = BackupFold::new(LayoutChoice::Auto, Limits::DEFAULT);
    let mut parts: Vec<_> = keys
        .chunks(keys.len().div_ceil(lanes))
        .map(|part| (BackupLane::default(), part.chunks(PAGE)))
        .collect();
    let begun = cpu();
    let mut nth = 0;
    loop {
        let before = nth;
        for (lane, pages) in &mut parts {
            for key in pages.next().unwrap_or_default() {
                nth += 1;
                let object = Object {
                    key: key.as_bytes(),
                    size: 20_000_000 + nth * 7919 % 1_000_003,
                    last_modified: UnixTime::from_millis(1_704_067_200_000 + nth as i64),
                    storage_class: StorageClass::STANDARD,
                };
                fold.add(lane, &object, 0, None);
            }
        }
        if nth == before {
            break;
        }
    }
    let took = cpu() - begun;
    std::hint::black_box(fold.jobs(|_| ""));
    took / nth as f64
}

/// Nanoseconds of this thread so far, on any CPU.
fn cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let first = text
        .split_whitespace()
        .next()
        .and_then(|it| it.parse().ok());
    first.unwrap_or(f64::NAN)
}

/// Numbers that seem to be random, the same each time.
fn scattered(nth: u64) -> u64 {
    let mixed = (nth ^ nth >> 31).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed ^ mixed >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9)
}

fn time(nth: u64) -> [u64; 5] {
    let minutes = nth * 20;
    let days = minutes / 1440;
    [
        2024 + days / 336,
        days % 336 / 28 + 1,
        days % 28 + 1,
        minutes % 1440 / 60,
        minutes % 60,
    ]
}

/// A hundred clusters with a backup each 20 minutes.
fn kubermatic(nth: u64) -> String {
    let [year, month, day, hour, minute] = time(nth % 10_000);
    format!(
        "{:010}-daily-{year}-{month:02}-{day:02}t{hour:02}-{minute:02}-00.db.gz",
        nth / 10_000 * 7919
    )
}

fn restic(nth: u64) -> String {
    let hash = format!("{:016x}{:016x}{:032x}", scattered(nth), nth, 7);
    match nth % 1000 {
        0 => format!("web/snapshots/{hash}"),
        1..5 => format!("web/index/{hash}"),
        _ => format!("web/data/{}/{hash}", &hash[..2]),
    }
}

/// Backups of 2,000 files.
fn pgbackrest(nth: u64) -> String {
    let (backup, file) = (nth / 2000, nth % 2000);
    let [year, month, day, ..] = time(backup * 72);
    let label = format!("{year}{month:02}{day:02}-030001F");
    match file {
        0 => format!("repo/backup/main/{label}/backup.manifest"),
        1 => format!("repo/backup/main/{label}/backup.manifest.copy"),
        _ => format!(
            "repo/backup/main/{label}/pg_data/base/{}/{}.gz",
            file / 300,
            1000 + file
        ),
    }
}

fn segment(nth: u64) -> String {
    format!("00000001{:08X}{:08X}", nth / 256, nth % 256)
}

fn archive(nth: u64) -> String {
    let segment = segment(nth);
    format!(
        "repo/archive/main/15-1/{}/{segment}-{:016x}{:024x}.gz",
        &segment[..16],
        scattered(nth),
        7
    )
}

fn barman(nth: u64) -> String {
    let segment = segment(nth);
    match nth % 2000 {
        0 => {
            let [year, month, day, ..] = time(nth / 2000 * 72);
            format!("pgs/db1/base/{year}{month:02}{day:02}T030000/data.tar.gz")
        }
        _ => format!("pgs/db1/wals/{}/{segment}.gz", &segment[..16]),
    }
}

fn wal_g(nth: u64) -> String {
    format!("db1/wal_005/{}.lz4", segment(nth))
}

fn kopia(nth: u64) -> String {
    let hash = format!("{:016x}{:016x}-s{:016x}", scattered(nth), nth, nth / 1000);
    match nth % 100 {
        0 => format!("web/q{hash}"),
        1 => format!("web/xn0_{hash}-c1"),
        _ => format!("web/p{hash}"),
    }
}

fn gardener(nth: u64) -> String {
    let kind = if nth.is_multiple_of(100) {
        "Full-00000000"
    } else {
        "Incr"
    };
    let first = if nth.is_multiple_of(100) {
        String::new()
    } else {
        format!("-{:08}", nth % 10_000 * 7)
    };
    format!(
        "{:06}/etcd-main/v2/{kind}{first}-{:08}-{}.gz",
        nth / 10_000,
        nth % 10_000 * 7 + 6,
        1_704_067_200 + nth % 10_000 * 300
    )
}

fn litestream(nth: u64) -> String {
    format!("app/{:04}/{nth:016x}-{nth:016x}.ltx", nth / 500_000)
}

fn dumps(nth: u64) -> String {
    let [year, month, day, ..] = time(nth / 1000 * 72);
    format!("pg/{year}-{month:02}-{day:02}/app{:03}.sql.gz", nth % 1000)
}

/// Twenty databases of each of 50 servers.
fn below_a_server(nth: u64) -> String {
    let [year, month, day, ..] = time(nth / 1000 * 72);
    let (server, database) = (nth % 1000 / 20, nth % 20);
    format!("{year}-{month:02}-{day:02}/host{server:02}/db{database:02}.sql.gz")
}

/// Folders with a time in their name, and 10,000 files in each.
fn trees(nth: u64) -> String {
    let [year, month, day, ..] = time(nth / 10_000 * 72);
    let (folder, file) = (nth % 10_000 / 100, nth % 100);
    format!("host/{year}-{month:02}-{day:02}T03-00-00Z/srv/www/{folder:03}/page-{file}.html")
}

/// Eight objects of each backup.
fn velero(nth: u64) -> String {
    let [year, month, day, hour, minute] = time(nth / 8);
    let name = format!("hourly-{year}{month:02}{day:02}{hour:02}{minute:02}00");
    let file = match nth % 8 {
        0 => "velero-backup.json".to_owned(),
        1 => format!("{name}.tar.gz"),
        2 => format!("{name}-logs.gz"),
        nth => format!("{name}-csi-volumesnapshot{nth}.json.gz"),
    };
    format!("backups/{name}/{file}")
}

/// Sets of 5,000 volumes.
fn duplicity(nth: u64) -> String {
    let [year, month, day, ..] = time(nth / 5000 * 72);
    match nth % 5000 {
        0 => format!("web/duplicity-full.{year}{month:02}{day:02}T030001Z.manifest"),
        volume => {
            format!("web/duplicity-full.{year}{month:02}{day:02}T030001Z.vol{volume}.difftar.gz")
        }
    }
}

fn vmbackup(nth: u64) -> String {
    let (folder, size) = (scattered(nth / 10), scattered(nth) >> 40);
    format!(
        "vm1/latest/data/big/2026_11/{folder:016X}/values.bin/{size:016X}_{nth:016X}_{size:016X}"
    )
}

fn omni(nth: u64) -> String {
    let time = (1_704_067_200 + nth % 10_000 * 600).wrapping_neg();
    let cluster = scattered(nth / 10_000);
    format!(
        "{:08x}-9a52-4d56-8a3a-{cluster:012x}/{time:016X}.snapshot",
        nth / 10_000,
        cluster = cluster >> 16
    )
}

/// Of no tool.
fn none(nth: u64) -> String {
    format!("photos/album-{:04}/IMG_{nth:07}.jpg", nth / 1000)
}
