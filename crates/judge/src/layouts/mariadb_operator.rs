//! mariadb-operator.

use super::one_file::ONE_FILE;
use super::text::component;
use super::time::civil;
use super::{Example, Layout, Look, Part, Piece, Reading};

/// mariadb-operator.
pub static MARIADB_OPERATOR: Layout = Layout {
    name: "mariadb-operator",
    signature: "`backup.<RFC 3339>.sql[.gz]`, `physicalbackup-20060102150405.xb[.gz]`",
    cheap_prefix: "backup., or `physicalbackup-`",
    look: Look::None,
    read: read_mariadb_operator,
    examples: &[
        Example {
            key: "mariadb/backup.2026-01-31T03:00:00Z.sql.gz",
            read: "root=mariadb/ job=backup full whole id=2026-01-31T03:00:00Z time=2026-01-31T03:00:00Z",
        },
        Example {
            key: "mariadb/physicalbackup-20260131030000.xb.bz2",
            read: "root=mariadb/ job=physicalbackup full whole id=20260131030000 time=2026-01-31T03:00:00Z",
        },
    ],
    ..ONE_FILE
};

fn read_mariadb_operator(key: &[u8]) -> Option<Reading<'_>> {
    let name_at = component(key, key.len());
    let file = &key[name_at..];
    let (job, length, suffix): (_, _, &[u8]) = if file.starts_with(b"backup.") {
        ("backup", 7, b".sql")
    } else if file.starts_with(b"physicalbackup-") {
        ("physicalbackup", 15, b".xb")
    } else {
        return None;
    };
    let time = civil(key, name_at + length)?;
    if !key[time.at.end..].starts_with(suffix) || (job == "backup") != time.is_utc() {
        return None;
    }
    let piece = Piece::new(&key[time.at.clone()], Part::Whole).at(time);
    Some(Reading::piece(name_at, job, piece))
}
