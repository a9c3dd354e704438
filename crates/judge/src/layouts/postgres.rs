//! Logical backups of PostgreSQL.

use super::clue::Clue;
use super::one_file::ONE_FILE;
use super::text::{before, component, is_digits, is_uuid, joined, name};
use super::time::{civil, epoch, iso_week, month};
use super::{Example, KeyTime, Layout, Look, Never, Part, Piece, Reading, TimeRule};

/// prodrigestivill/postgres-backup-local: each database by four rhythms, which are four jobs.
pub static POSTGRES_BACKUP_LOCAL: Layout = Layout {
    name: "postgres-backup-local",
    signature: "`last/<database>-20060102-150405.sql.gz`, `daily/...-20060102`, `weekly/...-<year and ISO week>`, `monthly/...-200601`",
    cheap_prefix: "last/",
    look: Look::None,
    time: TimeRule::Local,
    clue: Clue::RHYTHM,
    read: read_rhythm,
    examples: &[
        Example {
            key: "pg/last/app-20260131-030000.sql.gz",
            read: "root=pg/ job=last/app full whole id=20260131-030000 time=2026-01-31T03:00:00",
        },
        Example {
            key: "daily/app-20260131.sql.gz",
            read: "job=daily/app full whole id=20260131 time=2026-01-31T00:00:00/86400",
        },
        Example {
            key: "weekly/app-202605.sql.gz",
            read: "job=weekly/app full whole id=202605 time=2026-01-26T00:00:00Z/604800",
        },
        Example {
            key: "monthly/app-202601.sql.gz",
            read: "job=monthly/app full whole id=202601 time=2026-01-01T00:00:00Z/2678400",
        },
        Example {
            key: "monthly/app-latest.sql.gz",
            read: "job=monthly/app never marker",
        },
    ],
    ..ONE_FILE
};

fn read_rhythm(key: &[u8]) -> Option<Reading<'_>> {
    let name_at = component(key, key.len());
    let (root, rhythm) = before(key, name_at)?;
    if !matches!(rhythm, b"last" | b"daily" | b"weekly" | b"monthly") {
        return None;
    }
    let rest = key.strip_suffix(b".gz").unwrap_or(key);
    let stem = rest
        .strip_suffix(b".sql")
        .or_else(|| rest.strip_suffix(b".psql"))?;
    if let Some(job) = stem.strip_suffix(b"-latest") {
        return (job.len() > name_at)
            .then(|| Reading::never(root, name(&job[root..]), Never::Marker));
    }
    let time = rhythmic(stem, rhythm)?;
    if time.at.start < name_at + 2 || key[time.at.start - 1] != b'-' {
        return None;
    }
    let job = name(&key[root..time.at.start - 1]);
    let piece = Piece::new(&key[time.at.clone()], Part::Whole).at(time);
    Some(Reading::piece(root, job, piece))
}

/// The time at the end, as its rhythm writes it.
fn rhythmic(stem: &[u8], rhythm: &[u8]) -> Option<KeyTime> {
    let at = |length: usize| stem.len().checked_sub(length);
    if let b"last" | b"daily" = rhythm {
        let length = if rhythm == b"last" { 15 } else { 8 };
        return civil(stem, at(length)?).filter(|time| time.at.end == stem.len());
    }
    let at = at(6)?;
    let (year, number) = (&stem[at..at + 4], &stem[at + 4..]);
    if !is_digits(year) || at == 0 || stem[at - 1].is_ascii_digit() {
        return None;
    }
    match rhythm {
        b"weekly" => iso_week(year, number, at..stem.len()),
        _ => month(year, number, at..stem.len()),
    }
}

/// Zalando's logical backups of its PostgreSQL operator.
pub static ZALANDO: Layout = Layout {
    name: "zalando-logical",
    signature: "`<scope>[/<uid>]/logical_backups/<unix>.sql.gz`",
    cheap_prefix: "<scope>[/<uid>]/logical_backups/",
    look: Look::None,
    clue: Clue::RHYTHM,
    read: read_zalando,
    examples: &[
        Example {
            key: "spilo/acid-web/8d4c1c2e-97d0-4a54-a0f9-0b6d0a4d1f2b/logical_backups/1769828400.sql.gz",
            read: "root=spilo/ job=acid-web/logical_backups full whole id=1769828400 time=2026-01-31T03:00:00Z",
        },
        Example {
            key: "acid-web/logical_backups/1769828400.sql.gz",
            read: "job=acid-web/logical_backups full whole id=1769828400 time=2026-01-31T03:00:00Z",
        },
    ],
    ..ONE_FILE
};

fn read_zalando(key: &[u8]) -> Option<Reading<'_>> {
    let name_at = component(key, key.len());
    let (folder_at, folder) = before(key, name_at)?;
    let is_dump = key.get(name_at + 10..)?.starts_with(b".sql");
    if folder != b"logical_backups" || !is_dump {
        return None;
    }
    let time = epoch(key, name_at..name_at + 10)?;
    let (mut root, mut scope) = before(key, folder_at)?;
    if is_uuid(scope) {
        (root, scope) = before(key, root)?; // a cluster that was made anew is the same job
    }
    let piece = Piece::new(&key[time.at.clone()], Part::Whole).at(time);
    Some(Reading::piece(
        root,
        joined(&[scope, b"/logical_backups"]),
        piece,
    ))
}
