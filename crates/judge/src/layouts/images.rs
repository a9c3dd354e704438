//! Images that back up what runs beside them.

use super::clue::Clue;
use super::one_file::ONE_FILE;
use super::text::{component, name};
use super::time::{civil, last};
use super::{Example, Layout, Look, Part, Piece, Reading, TimeRule};

/// databacker/mysql-backup.
pub static DATABACKER: Layout = Layout {
    name: "databacker",
    signature: "`db_backup_<RFC 3339>.<suffix>`",
    cheap_prefix: "db_backup_",
    look: Look::None,
    read: |key| read_prefixed(key, b"db_backup_"),
    examples: &[
        Example {
            key: "my/db_backup_2026-01-31T03:00:00Z.tgz",
            read: "root=my/ job=db_backup full whole id=2026-01-31T03:00:00Z time=2026-01-31T03:00:00Z",
        },
        Example {
            key: "db_backup_2026-01-31T03-00-00Z.tbz2",
            read: "job=db_backup full whole id=2026-01-31T03-00-00Z time=2026-01-31T03:00:00Z",
        },
    ],
    ..ONE_FILE
};

/// offen/docker-volume-backup.
pub static OFFEN: Layout = Layout {
    name: "offen",
    signature: "`backup-2006-01-02T15-04-05.<suffix>`",
    cheap_prefix: "backup-",
    look: Look::None,
    time: TimeRule::Local,
    read: |key| read_prefixed(key, b"backup-"),
    examples: &[
        Example {
            key: "backup-2026-01-31T03-00-00.tar.gz",
            read: "job=backup full whole id=2026-01-31T03-00-00 time=2026-01-31T03:00:00",
        },
        Example {
            key: "vol/backup-2026-01-31T03-00-00.tar.zst.gpg",
            read: "root=vol/ job=backup full whole id=2026-01-31T03-00-00 time=2026-01-31T03:00:00",
        },
    ],
    ..ONE_FILE
};

/// A prefix, a time with a `T`, and a suffix.
fn read_prefixed<'k>(key: &'k [u8], prefix: &'static [u8]) -> Option<Reading<'k>> {
    let name_at = component(key, key.len());
    let at = name_at + prefix.len();
    if !key[name_at..].starts_with(prefix) || key.get(at + 10) != Some(&b'T') {
        return None;
    }
    let time = civil(key, at).filter(|time| time.span == 1)?;
    if key.get(time.at.end) != Some(&b'.') {
        return None;
    }
    let job = name(&key[name_at..at - 1]);
    let piece = Piece::new(&key[time.at.clone()], Part::Whole).at(time);
    Some(Reading::piece(name_at, job, piece))
}

/// nfrastack/db-backup, tiredofit's before.
pub static NFRASTACK: Layout = Layout {
    name: "nfrastack",
    signature: "`<type>_<database>_<host>_20060102-150405.<suffix>`",
    cheap_prefix: "<type>_<database>_<host>_",
    look: Look::None,
    time: TimeRule::Local,
    clue: Clue::TYPED,
    read: read_nfrastack,
    examples: &[
        Example {
            key: "pgsql_app_db.internal_20260131-030000.sql.zst",
            read: "job=pgsql_app_db.internal full whole id=20260131-030000 time=2026-01-31T03:00:00",
        },
        Example {
            key: "b/mysql_shop_mariadb_20260131-030000.sql.zst.md5",
            read: "root=b/ job=mysql_shop_mariadb full extra id=20260131-030000 time=2026-01-31T03:00:00",
        },
    ],
    ..ONE_FILE
};

const DATABASES: &[&[u8]] = &[
    b"couch", b"influx", b"mariadb", b"mongo", b"mssql", b"mysql", b"pgsql", b"redis", b"sqlite3",
];

fn read_nfrastack(key: &[u8]) -> Option<Reading<'_>> {
    let name_at = component(key, key.len());
    let file = &key[name_at..];
    let kind = &file[..memchr::memchr(b'_', file)?];
    if !DATABASES.contains(&kind) {
        return None;
    }
    let time =
        last(key).filter(|time| time.at.len() == 15 && time.at.start > name_at + kind.len())?;
    let rest = &key[time.at.end..];
    if key[time.at.start - 1] != b'_' || key[time.at.start + 8] != b'-' || !rest.starts_with(b".") {
        return None;
    }
    let is_sum = rest.ends_with(b".md5") || rest.ends_with(b".sha1");
    let part = if is_sum { Part::Extra } else { Part::Whole };
    let job = name(&key[name_at..time.at.start - 1]);
    let piece = Piece::new(&key[time.at.clone()], part).at(time);
    Some(Reading::piece(name_at, job, piece))
}
