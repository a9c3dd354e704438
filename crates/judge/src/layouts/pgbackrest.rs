//! pgBackRest.

use super::clue::Clue;
use super::text::{components, is_digits, name, text};
use super::time::civil;
use super::{
    Chain, Completeness, Example, KeyTime, Kind, Layout, Look, Never, Part, Piece, Reading,
    Rewrite, Silence, SizeRule, TimeRule,
};

/// A repository with stanzas: one folder for each backup.
pub static PGBACKREST: Layout = Layout {
    name: "pgbackrest",
    signature: "`backup/<stanza>/<YYYYMMDD-HHMMSS>F[_<YYYYMMDD-HHMMSS>{D,I}]/`, `archive/<stanza>/`",
    commit: "`<label>/backup.manifest`; `backup.manifest.copy` is there from the beginning",
    cheap_prefix: "backup/<stanza>/backup.history/",
    look: Look::Folders {
        commit: "/backup.manifest",
        of_new: "/",
    },
    source: "pgBackRest 2.45 with PostgreSQL 15, run",
    complete: Completeness::Commit,
    time: TimeRule::Local,
    chain: Chain::Parent,
    silence: Silence::Late,
    size: SizeRule::Sum,
    rewrite: Rewrite::Usual,
    job_is_cluster: true,
    is_per_node: false,
    clue: Clue::BACKUP,
    needs: &[],
    read,
    examples: &[
        Example {
            key: "repo/backup/main/20261128-184341F/backup.manifest",
            read: "root=repo/ job=main full commit id=20261128-184341F time=2026-11-28T18:43:41",
        },
        Example {
            key: "repo/backup/main/20261128-184448F/backup.manifest.copy",
            read: "root=repo/ job=main full data id=20261128-184448F time=2026-11-28T18:44:48",
        },
        Example {
            key: "repo/backup/main/20261128-184341F_20261128-184408I/pg_data/base/5/1259_fsm.gz",
            read: "root=repo/ job=main incremental data id=20261128-184341F_20261128-184408I \
                   time=2026-11-28T18:44:08 parent=20261128-184341F",
        },
        Example {
            key: "backup/main/20261128-184341F_20261128-184408D/backup.manifest",
            read: "job=main differential commit id=20261128-184341F_20261128-184408D \
                   time=2026-11-28T18:44:08 parent=20261128-184341F",
        },
        Example {
            key: "repo/backup/main/backup.history/2026/20261128-184341F.manifest.gz",
            read: "root=repo/ job=main never index",
        },
        Example {
            key: "repo/backup/main/backup.info.copy",
            read: "root=repo/ job=main never index",
        },
        Example {
            key: "repo/archive/main/15-1/0000000100000000/000000010000000000000018-02b4a2593676a33f4f6bce31949e7cccbe994af3.gz",
            read: "root=repo/ job=main never log",
        },
        Example {
            key: "repo/archive/main/archive.info.copy",
            read: "root=repo/ job=main never index",
        },
    ],
};

fn read(key: &[u8]) -> Option<Reading<'_>> {
    for (at, folder) in components(key) {
        match folder {
            b"backup" => {
                if let Some(reading) = read_backup(key, at) {
                    return Some(reading);
                }
            }
            b"archive" => {
                if let Some(reading) = read_archive(key, at) {
                    return Some(reading);
                }
            }
            _ => {}
        }
    }
    None
}

/// `backup/<stanza>/...`.
fn read_backup(key: &[u8], root: usize) -> Option<Reading<'_>> {
    let (stanza, rest) = next(key.get(root + b"backup/".len()..)?)?;
    if rest.starts_with(b"backup.info") || rest.starts_with(b"backup.history/") {
        return Some(Reading::never(root, name(stanza), Never::Index));
    }
    let (label, file) = next(rest)?;
    let label_at = root + b"backup/".len() + stanza.len() + 1;
    let (time, kind) = read_label(key, label, label_at)?;
    let part = if is_data(file) {
        Part::Data
    } else {
        Part::Commit
    };
    let mut piece = Piece::new(label, part).at(time);
    if kind != Kind::Full {
        piece = piece.adds(kind, text(&label[..16]));
    }
    let reading = Reading::piece(root, name(stanza), piece);
    Some(match part {
        Part::Data => reading.alike(label_at + label.len() + 1, is_data),
        _ => reading,
    })
}

/// All in the folder of a backup but what is written last.
fn is_data(file: &[u8]) -> bool {
    file != b"backup.manifest"
}

/// The last time of a label, in the zone of the machine.
fn read_label(key: &[u8], label: &[u8], at: usize) -> Option<(KeyTime, Kind)> {
    let (kind, begins) = match (label.len(), label.last()?) {
        (16, b'F') => (Kind::Full, 0),
        (33, b'D') => (Kind::Differential, 17),
        (33, b'I') => (Kind::Incremental, 17),
        _ => return None,
    };
    let has_full = label[15] == b'F' && (begins == 0 || label[16] == b'_');
    let time = civil(key, at + begins)?;
    (has_full && time.at.len() == 15 && time.span == 1).then_some((time, kind))
}

/// `archive/<stanza>/{archive.info,<version>-<id>/...}`.
fn read_archive(key: &[u8], root: usize) -> Option<Reading<'_>> {
    let (stanza, rest) = next(key.get(root + b"archive/".len()..)?)?;
    if rest.starts_with(b"archive.info") {
        return Some(Reading::never(root, name(stanza), Never::Index));
    }
    let (version, segment) = next(rest)?;
    let dash = version.iter().position(|byte| *byte == b'-')?;
    let is_version = version[..dash]
        .iter()
        .all(|byte| byte.is_ascii_digit() || *byte == b'.');
    let log = Reading::never(root, name(stanza), Never::Log);
    (is_version && is_digits(&version[dash + 1..]))
        .then(|| log.alike(key.len() - segment.len(), |_| true))
}

/// The first component of a path, and what is after it.
fn next(path: &[u8]) -> Option<(&[u8], &[u8])> {
    let slash = memchr::memchr(b'/', path)?;
    Some((&path[..slash], &path[slash + 1..]))
}
