//! WAL-G, as it backs up PostgreSQL by itself and in Spilo's images, and other databases.

use std::borrow::Cow;

use super::clue::Clue;
use super::text::{before, component, components, is_hex, is_segment, name, text};
use super::time::civil;
use super::{
    Chain, Completeness, Example, Kind, Layout, Look, Never, Part, Piece, Reading, Rewrite,
    Silence, SizeRule, TimeRule,
};

const SENTINEL: &[u8] = b"_backup_stop_sentinel.json";

const BY_SENTINEL: Look = Look::Folders {
    commit: "_backup_stop_sentinel.json",
    of_new: "_backup_stop_sentinel.json",
};

/// PostgreSQL: base backups by the segment of the log that they begin with. WAL-E's are the same.
pub static WAL_G: Layout = POSTGRES;

const POSTGRES: Layout = Layout {
    name: "wal-g",
    signature: "`basebackups_005/base_<24 hexadecimal digits>`, `wal_005/`",
    commit: "`base_..._backup_stop_sentinel.json`, beside the folder",
    cheap_prefix: "basebackups_005/, by the delimiter `/`: the keys are the sentinels",
    look: BY_SENTINEL,
    source: "WAL-G for PostgreSQL, run",
    complete: Completeness::Commit,
    time: TimeRule::LastModified,
    chain: Chain::Parent,
    silence: Silence::Late,
    size: SizeRule::Sum,
    rewrite: Rewrite::Usual,
    job_is_cluster: false,
    is_per_node: false,
    clue: Clue::WAL_G,
    needs: &[],
    read: read_postgres,
    examples: &[
        Example {
            key: "db1/basebackups_005/base_00000001000000000000005B_backup_stop_sentinel.json",
            read: "root=db1/ full commit id=00000001000000000000005B",
        },
        Example {
            key: "db1/basebackups_005/base_000000010000000000000061_D_00000001000000000000005B_backup_stop_sentinel.json",
            read: "root=db1/ incremental commit id=000000010000000000000061 parent=00000001000000000000005B",
        },
        Example {
            key: "db1/basebackups_005/base_000000010000000000000066/tar_partitions/part_001.tar.lz4",
            read: "root=db1/ full data id=000000010000000000000066",
        },
        Example {
            key: "db1/basebackups_005/base_000000010000000000000066/metadata.json",
            read: "root=db1/ full extra id=000000010000000000000066",
        },
        Example {
            key: "basebackups_005/base_0000000100000000000000A2_00000040/extended_version.txt",
            read: "full data id=0000000100000000000000A2",
        },
        Example {
            key: "db1/wal_005/000000010000000000000061.00000028.backup.lz4",
            read: "root=db1/ never log",
        },
    ],
};

/// The same in Spilo's images, by the version of the database: an upgrade goes on with the job.
pub static SPILO: Layout = Layout {
    name: "spilo",
    signature: "`spilo/<scope>[/<uid>]/wal/<version>/`, and WAL-G's below it",
    cheap_prefix: "<scope>[/<uid>]/wal/<version>/basebackups_005/, by the delimiter `/`",
    look: Look::None,
    source: "its documents; WAL-G below, run",
    read: read_spilo,
    examples: &[
        Example {
            key: "spilo/acid-web/8d4c1c2e-97d0-4a54-a0f9-0b6d0a4d1f2b/wal/15/basebackups_005/base_00000001000000000000005B_backup_stop_sentinel.json",
            read: "root=spilo/ job=acid-web full commit \
                   id=8d4c1c2e-97d0-4a54-a0f9-0b6d0a4d1f2b/wal/15/basebackups_005/base_00000001000000000000005B",
        },
        Example {
            key: "spilo/acid-web/wal/16/basebackups_005/base_000000010000000000000061_D_00000001000000000000005B/tar_partitions/part_001.tar.lz4",
            read: "root=spilo/ job=acid-web incremental data id=wal/16/basebackups_005/base_000000010000000000000061 \
                   parent=wal/16/basebackups_005/base_00000001000000000000005B",
        },
        Example {
            key: "spilo/acid-web/wal/16/wal_005/000000010000000000000061.lz4",
            read: "root=spilo/ job=acid-web never log",
        },
    ],
    ..POSTGRES
};

/// Other databases: by the time.
pub static WAL_G_STREAM: Layout = Layout {
    name: "wal-g-stream",
    signature: "`basebackups_005/{stream,binary,...}_<YYYYMMDDTHHMMSSZ>`",
    commit: "`..._backup_stop_sentinel.json`, beside the folder",
    cheap_prefix: "basebackups_005/, by the delimiter `/`: the keys are the sentinels",
    look: BY_SENTINEL,
    source: "its source and documents",
    complete: Completeness::Commit,
    time: TimeRule::Utc,
    chain: Chain::Unknown,
    silence: Silence::Late,
    size: SizeRule::Sum,
    rewrite: Rewrite::Usual,
    job_is_cluster: false,
    is_per_node: false,
    clue: Clue::WAL_G,
    needs: &[],
    read: read_stream,
    examples: &[
        Example {
            key: "my/basebackups_005/stream_20260131T030002Z_backup_stop_sentinel.json",
            read: "root=my/ full commit id=stream_20260131T030002Z time=2026-01-31T03:00:02Z",
        },
        Example {
            key: "my/basebackups_005/stream_20260131T030002Z/stream.br",
            read: "root=my/ full data id=stream_20260131T030002Z time=2026-01-31T03:00:02Z",
        },
        Example {
            key: "basebackups_005/binary_20260131T030002Z/mongod.tar.lz4",
            read: "full data id=binary_20260131T030002Z time=2026-01-31T03:00:02Z",
        },
        Example {
            key: "my/binlog_005/mysql-bin.000017.lz4",
            read: "root=my/ never log",
        },
        Example {
            key: "mongo/oplog_005/oplog_1769828400.1_1769828460.1.lz4",
            read: "root=mongo/ never log",
        },
    ],
};

/// The folder of base backups: where it begins, where what is in it begins.
fn folder(key: &[u8]) -> Option<(usize, usize)> {
    components(key)
        .find(|(_, folder)| *folder == b"basebackups_005")
        .map(|(at, folder)| (at, at + folder.len() + 1))
        .filter(|(_, inside)| *inside < key.len())
}

/// Where the name of a backup ends, and what the object is of it.
fn part(key: &[u8], inside: usize) -> Option<(usize, Part)> {
    if let Some(slash) = memchr::memchr(b'/', &key[inside..]) {
        let file = &key[inside + slash + 1..];
        let is_extra = matches!(file, b"" | b"metadata.json");
        let part = if is_extra { Part::Extra } else { Part::Data };
        return Some((inside + slash, part));
    }
    key.ends_with(SENTINEL)
        .then(|| (key.len() - SENTINEL.len(), Part::Commit))
}

/// `base_<segment>[_<offset>][_D_<segment of the parent>...]`: both segments.
fn segments(name: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    let rest = name.strip_prefix(b"base_")?;
    let own = rest.get(..24).filter(|own| is_hex(own, 24))?;
    let delta = memchr::memmem::find(&rest[24..], b"_D_").map(|at| &rest[24 + at + 3..]);
    let parent = match delta {
        None => None,
        Some(delta) => Some(delta.get(..24).filter(|it| is_hex(it, 24))?),
    };
    Some((own, parent))
}

fn read_postgres(key: &[u8]) -> Option<Reading<'_>> {
    if let Some((root, inside)) = folder(key) {
        let (end, part) = part(key, inside)?;
        let (own, parent) = segments(&key[inside..end])?;
        let mut piece = Piece::new(own, part);
        if let Some(parent) = parent {
            piece = piece.adds(Kind::Incremental, text(parent));
        }
        return Some(Reading::piece(root, "", piece));
    }
    let (root, file) = log(key)?;
    is_hex(file.get(..8)?, 8).then(|| read_log(key, root, "", file))
}

fn read_log<'k>(key: &[u8], root: usize, job: impl Into<Cow<'k, str>>, file: &[u8]) -> Reading<'k> {
    let log = Reading::never(root, job, Never::Log);
    match is_segment(file) {
        true => log.alike(key.len() - file.len(), is_segment),
        false => log,
    }
}

/// `wal_005/<file>`: where the folder begins, and the file.
fn log(key: &[u8]) -> Option<(usize, &[u8])> {
    let file_at = component(key, key.len());
    let (root, folder) = before(key, file_at)?;
    (folder == b"wal_005").then(|| (root, &key[file_at..]))
}

fn read_spilo(key: &[u8]) -> Option<Reading<'_>> {
    let scope_at = if key.starts_with(b"spilo/") {
        b"spilo/".len()
    } else {
        memchr::memmem::find(key, b"/spilo/")? + b"/spilo/".len()
    };
    let scope = &key[scope_at..];
    let scope = &scope[..memchr::memchr(b'/', scope)?];
    let id_at = scope_at + scope.len() + 1;
    let Some((_, inside)) = folder(key) else {
        let (_, file) = log(key)?;
        return Some(read_log(key, scope_at, name(scope), file));
    };
    let (end, part) = part(key, inside)?;
    let (own, parent) = segments(&key[inside..end])?;
    // The same segments come again after an upgrade, or where a cluster was made anew.
    let folder = key.get(id_at..inside)?;
    let mut piece = Piece::new(&key[id_at..inside + b"base_".len() + own.len()], part);
    if let Some(parent) = parent {
        let parent = [folder, b"base_", parent].concat();
        piece = piece.adds(Kind::Incremental, text(&parent).into_owned().into());
    }
    Some(Reading::piece(scope_at, name(scope), piece))
}

fn read_stream(key: &[u8]) -> Option<Reading<'_>> {
    if let Some((root, inside)) = folder(key) {
        let (end, part) = part(key, inside)?;
        let name = &key[inside..end];
        let stamp = memchr::memrchr(b'_', name)? + 1;
        let time = civil(key, inside + stamp)?;
        let is_stamp = time.is_utc() && time.at.end == end;
        return is_stamp.then(|| Reading::piece(root, "", Piece::new(name, part).at(time)));
    }
    let file_at = component(key, key.len());
    let (root, folder) = before(key, file_at)?;
    let is_log = matches!(folder, b"binlog_005" | b"oplog_005" | b"cmd_log_005");
    is_log.then(|| Reading::never(root, "", Never::Log))
}
