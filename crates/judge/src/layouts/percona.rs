//! Percona's backups of MongoDB, and of MySQL by its operator.

use super::clue::Clue;
use super::text::{component, components, name};
use super::time::civil;
use super::{
    Chain, Completeness, Example, KeyTime, Layout, Look, Never, Part, Piece, Reading, Rewrite,
    Silence, SizeRule, TimeRule,
};

/// Percona Backup for MongoDB: a folder for each backup, and what is known of it beside.
pub static PBM: Layout = MONGODB;

const MONGODB: Layout = Layout {
    name: "percona-mongodb",
    signature: "`<RFC 3339>.pbm.json`, `<RFC 3339>/`, `pbmPitr/`",
    commit: "`<time>.pbm.json`",
    cheap_prefix: "",
    look: Look::None,
    source: "its documents",
    complete: Completeness::Commit,
    time: TimeRule::Utc,
    chain: Chain::Unknown,
    silence: Silence::Late,
    size: SizeRule::Sum,
    rewrite: Rewrite::Usual,
    job_is_cluster: false,
    is_per_node: false,
    clue: Clue::COLON,
    needs: &[],
    read: read_mongodb,
    examples: &[
        Example {
            key: "mongo/2026-01-31T03:00:00Z.pbm.json",
            read: "root=mongo/ full commit id=2026-01-31T03:00:00Z time=2026-01-31T03:00:00Z",
        },
        Example {
            key: "mongo/2026-01-31T03:00:00Z/rs0/app.users.gz",
            read: "root=mongo/ full data id=2026-01-31T03:00:00Z time=2026-01-31T03:00:00Z",
        },
        Example {
            key: "2026-01-31T03:00:00Z_rs0.dump.gz",
            read: "full data id=2026-01-31T03:00:00Z time=2026-01-31T03:00:00Z",
        },
        Example {
            key: "mongo/pbmPitr/rs0/20260131/20260131030000-1.20260131031000-2.oplog.s2",
            read: "root=mongo/ never log",
        },
        Example {
            key: "mongo/.pbm.init",
            read: "root=mongo/ never marker",
        },
    ],
};

/// The operator for XtraDB Cluster: a stream in pieces, and its checksums.
pub static XTRADB: Layout = Layout {
    name: "percona-xtradb",
    signature: "`<cluster>-2006-01-02-15:04:05-full`, with `.sst_info` and `.md5`",
    commit: "`<backup>.md5`, which is written last",
    source: "its operator's source",
    read: read_xtradb,
    examples: &[
        Example {
            key: "db/cluster1-2026-01-31-03:00:00-full.md5",
            read: "root=db/ job=cluster1 full commit id=2026-01-31-03:00:00 time=2026-01-31T03:00:00Z",
        },
        Example {
            key: "db/cluster1-2026-01-31-03:00:00-full/mysql/xtrabackup.stream.00000000000000000003",
            read: "root=db/ job=cluster1 full data id=2026-01-31-03:00:00 time=2026-01-31T03:00:00Z",
        },
        Example {
            key: "cluster1-2026-01-31-03:00:00-full.sst_info/sst_info.00000000000000000000",
            read: "job=cluster1 full extra id=2026-01-31-03:00:00 time=2026-01-31T03:00:00Z",
        },
    ],
    ..MONGODB
};

/// With a zone and colons, as RFC 3339 has it.
fn rfc3339(key: &[u8], at: usize) -> Option<KeyTime> {
    let time = civil(key, at)?;
    (time.is_utc() && time.span == 1 && key.get(at + 13) == Some(&b':')).then_some(time)
}

fn read_mongodb(key: &[u8]) -> Option<Reading<'_>> {
    let name_at = component(key, key.len());
    if &key[name_at..] == b".pbm.init" {
        return Some(Reading::never(name_at, "", Never::Marker));
    }
    for (at, part) in components(key) {
        if part == b"pbmPitr" && at + part.len() < key.len() {
            return Some(Reading::never(at, "", Never::Log));
        }
        if part.first() != Some(&b'2') {
            continue;
        }
        let Some(time) = rfc3339(key, at) else {
            continue;
        };
        let part = match &key[time.at.end..] {
            b".pbm.json" => Part::Commit,
            // `<replica set>/`, else this is somebody's dump.
            [b'/', rest @ ..] if memchr::memchr(b'/', rest).is_some() => Part::Data,
            [b'_', rest @ ..] if is_dump(rest) => Part::Data,
            _ => return None,
        };
        let piece = Piece::new(&key[time.at.clone()], part).at(time);
        return Some(Reading::piece(at, "", piece));
    }
    None
}

/// Of a replica set, before 2.0.
fn is_dump(rest: &[u8]) -> bool {
    let mut words = rest.split(|byte| *byte == b'.').skip(1);
    matches!(words.next(), Some(b"dump" | b"oplog")) && words.count() <= 1
}

fn read_xtradb(key: &[u8]) -> Option<Reading<'_>> {
    let full = memchr::memmem::find(key, b"-full")?;
    let at = full.checked_sub(b"2006-01-02-15:04:05".len())?;
    let part = match &key[full + b"-full".len()..] {
        b".md5" => Part::Commit,
        [b'/', _, ..] => Part::Data,
        rest if rest.starts_with(b".sst_info/") => Part::Extra,
        _ => return None,
    };
    let root = component(key, at);
    let time = civil(key, at).filter(|time| time.at.end == full && key[at + 13] == b':')?;
    if at < root + 2 || key[at - 1] != b'-' {
        return None;
    }
    let piece = Piece::new(&key[time.at.clone()], part).at(time);
    Some(Reading::piece(root, name(&key[root..at - 1]), piece))
}
