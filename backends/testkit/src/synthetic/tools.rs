//! Keys as other tools write them, in byte order, by arithmetic.

use super::bucket::FIRST;
use super::text::{push_capital_hex, push_date, push_hex, push_number};

/// Whose keys a [`SyntheticBucket`](super::SyntheticBucket) has.
#[derive(Clone, Copy, Debug)]
pub enum Tool {
    /// One repository; of a thousand objects one is a snapshot.
    Restic,
    /// One stanza: backups of 2,000 files, and a tenth is its log.
    PgBackRest,
    /// One server: a base backup for each 2,000 segments of its log.
    Barman,
    /// One etcd: of a hundred snapshots one is full.
    Gardener,
    /// One database: half of its ranges are compacted.
    Litestream,
    /// A thousand databases, dumped each day into one folder.
    Dumps,
    /// Folders of 10,000 files with a day in their names.
    Trees,
    /// None: photos.
    None,
}

impl Tool {
    /// Appends the key at an index of so many; its time.
    pub(super) fn push_key(self, out: &mut Vec<u8>, index: u64, objects: u64) -> u64 {
        match self {
            Self::Restic => restic(out, index, objects),
            Self::PgBackRest => pgbackrest(out, index, objects),
            Self::Barman => barman(out, index, objects),
            Self::Gardener => gardener(out, index, objects),
            Self::Litestream => litestream(out, index, objects),
            Self::Dumps => dumps(out, index),
            Self::Trees => trees(out, index),
            Self::None => photos(out, index),
        }
        // Of Barman's two objects of a backup the first is written once more at the end.
        let again = matches!(self, Self::Barman) && index.is_multiple_of(2);
        FIRST + (index + u64::from(again) * 2) * 60
    }
}

/// `config`, `data/`, `index/`, `keys/` and `snapshots/`.
fn restic(out: &mut Vec<u8>, index: u64, objects: u64) {
    let (snapshots, indexes) = (objects / 1000, objects / 500);
    let data = objects - 2 - snapshots - indexes;
    let Some(nth) = index.checked_sub(1) else {
        return out.extend_from_slice(b"web/config");
    };
    let (folder, nth, count) = if nth < data {
        ("data", nth, data)
    } else if nth < data + indexes {
        ("index", nth - data, indexes)
    } else if nth == data + indexes {
        ("keys", 0, 1)
    } else {
        ("snapshots", nth - data - indexes - 1, snapshots)
    };
    let hash = nth * (u64::MAX / count);
    out.extend_from_slice(b"web/");
    out.extend_from_slice(folder.as_bytes());
    out.push(b'/');
    if folder == "data" {
        push_hex(out, hash >> 56, 2);
        out.push(b'/');
    }
    push_hex(out, hash, 16);
    for part in 1..4 {
        push_hex(out, scattered(nth + part), 16);
    }
}

/// `archive/` and `backup/`.
fn pgbackrest(out: &mut Vec<u8>, index: u64, objects: u64) {
    const FILES: u64 = 2000;
    let log = objects / 10;
    let Some(nth) = index.checked_sub(log) else {
        out.extend_from_slice(b"repo/archive/main/15-1/");
        segment(out, index);
        out.push(b'-');
        push_hex(out, scattered(index), 40);
        return out.extend_from_slice(b".gz");
    };
    let (backup, file) = (nth / FILES, nth % FILES);
    out.extend_from_slice(b"repo/backup/main/");
    push_date(out, FIRST / 86_400 + backup);
    out.extend_from_slice(b"-030001F/");
    match file {
        0 => out.extend_from_slice(b"backup.manifest"),
        1 => out.extend_from_slice(b"backup.manifest.copy"),
        file => {
            out.extend_from_slice(b"pg_data/base/");
            push_hex(out, file / 300, 1);
            out.push(b'/');
            push_hex(out, 10_000 + file, 5);
            out.extend_from_slice(b".gz");
        }
    }
}

/// `base/` and `wals/`.
fn barman(out: &mut Vec<u8>, index: u64, objects: u64) {
    let pieces = objects / 2000 * 2;
    if index >= pieces {
        out.extend_from_slice(b"pgs/db1/wals/");
        segment(out, index - pieces);
        return out.extend_from_slice(b".gz");
    }
    out.extend_from_slice(b"pgs/db1/base/");
    push_date(out, FIRST / 86_400 + index / 2);
    out.extend_from_slice(b"T030001/");
    out.extend_from_slice(match index % 2 {
        0 => b"backup.info",
        _ => b"data.tar.gz",
    });
}

/// `v2/Full-...` and `v2/Incr-...`, of seven revisions each.
fn gardener(out: &mut Vec<u8>, index: u64, objects: u64) {
    let full = objects / 100;
    let increment = index.checked_sub(full);
    let nth = increment.unwrap_or(index * 100);
    out.extend_from_slice(match increment {
        Some(_) => b"etcd-main/v2/Incr-",
        None => b"etcd-main/v2/Full-",
    });
    push_number(out, increment.map_or(0, |nth| nth * 7 + 1), 8);
    out.push(b'-');
    push_number(out, nth * 7 + 7, 8);
    out.push(b'-');
    push_number(out, FIRST + nth * 60, 10);
    out.extend_from_slice(b".gz");
}

/// `0000/` and `0001/`, of one transaction each.
fn litestream(out: &mut Vec<u8>, index: u64, objects: u64) {
    let (level, nth) = match index.checked_sub(objects / 2) {
        Some(nth) => (1, nth + 1),
        None => (0, index + 1),
    };
    out.extend_from_slice(b"app/");
    push_number(out, level, 4);
    for between in [b'/', b'-'] {
        out.push(between);
        push_hex(out, nth, 16);
    }
    out.extend_from_slice(b".ltx");
}

fn dumps(out: &mut Vec<u8>, index: u64) {
    out.extend_from_slice(b"pg/");
    push_date(out, FIRST / 86_400 + index / 1000);
    out.extend_from_slice(b"/app");
    push_number(out, index % 1000, 3);
    out.extend_from_slice(b".sql.gz");
}

fn trees(out: &mut Vec<u8>, index: u64) {
    let file = index % 10_000;
    out.extend_from_slice(b"host/");
    push_date(out, FIRST / 86_400 + index / 10_000);
    out.extend_from_slice(b"T030000Z/srv/www/");
    push_number(out, file / 100, 3);
    out.extend_from_slice(b"/page-");
    push_number(out, file % 100, 3);
    out.extend_from_slice(b".html");
}

fn photos(out: &mut Vec<u8>, index: u64) {
    out.extend_from_slice(b"photos/album-");
    push_number(out, index / 1000, 5);
    out.extend_from_slice(b"/IMG_");
    push_number(out, index, 9);
    out.extend_from_slice(b".jpg");
}

/// A segment of PostgreSQL's log in its folder, of timeline 1.
fn segment(out: &mut Vec<u8>, nth: u64) {
    let folder = |out: &mut Vec<u8>| {
        push_capital_hex(out, 1, 8);
        push_capital_hex(out, nth / 256, 8);
    };
    folder(out);
    out.push(b'/');
    folder(out);
    push_capital_hex(out, nth % 256, 8);
}

/// Numbers that seem to be random, the same each time.
const fn scattered(nth: u64) -> u64 {
    let mixed = (nth ^ nth >> 31).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed ^ mixed >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9)
}
