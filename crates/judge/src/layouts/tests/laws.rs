//! What holds for whatever keys.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::layouts::text::MAX_NAME;
use crate::layouts::{ALL, LayoutChoice, Reading, Role, named};

/// Any bytes, and examples that were damaged: cut, with other bytes in them, one in another.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let examples: Vec<&str> = ALL
        .iter()
        .flat_map(|layout| layout.examples.iter().map(|example| example.key))
        .collect();
    let damaged = (
        proptest::sample::select(examples.clone()),
        proptest::sample::select(examples),
        vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        any::<prop::sample::Index>(),
        0..4_u8,
    )
        .prop_map(|(one, other, changes, at, how)| {
            let mut key = one.as_bytes().to_vec();
            for (at, byte) in changes {
                let at = at.index(key.len());
                key[at] = byte;
            }
            let at = at.index(key.len());
            match how {
                0 => key.truncate(at),
                1 => drop(key.drain(..at)),
                2 => drop(key.splice(at..at, other.bytes())),
                _ => {}
            }
            key
        });
    let long = (
        "[a-zé\u{202e}\u{7f}]{120,400}",
        "20260131|2026-01-31T03-00-00Z",
    )
        .prop_map(|(name, time)| format!("{name}-{time}.sql").into_bytes());
    prop_oneof![4 => damaged, 1 => vec(any::<u8>(), 0..120), 1 => long]
}

/// A name that can be shown and be a label.
fn is_name(name: &str) -> bool {
    name.len() <= MAX_NAME
        && !name
            .chars()
            .any(|char| char.is_control() || char == '\u{202e}')
}

fn is_sound(key: &[u8], reading: &Reading<'_>) -> bool {
    let is_in_key = reading.root <= key.len();
    let names = is_name(&reading.job) && reading.cluster.as_deref().is_none_or(is_name);
    let is_timed = match &reading.role {
        Role::Piece(piece) => piece.time.as_ref().is_none_or(|time| {
            time.at.start < time.at.end
                && time.at.end <= key.len()
                && time.span >= 1
                && time.again(key).is_none_or(|again| again == *time)
        }),
        Role::Never(_) => true,
    };
    is_in_key && names && is_timed
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn no_key_is_too_hostile(key in hostile()) {
        for layout in ALL {
            if let Some(reading) = (layout.read)(&key) {
                prop_assert!(is_sound(&key, &reading), "{}: {reading:?}", layout.name);
            }
        }
        let auto = LayoutChoice::Auto.read(&key);
        let all = ALL.iter().find_map(|layout| Some((*layout, (layout.read)(&key)?)));
        // Signs are no other rules than the layouts' own.
        if !key.ends_with(b"/") {
            prop_assert_eq!(&auto, &all, "{}", String::from_utf8_lossy(&key));
        }
    }

    #[test]
    fn what_a_tool_writes_is_read(
        root in "(rx[a-z]{1,5}/){0,2}",
        job in "j[a-z0-9]{1,8}",
        seconds in 1_000_000_000_i64..4_102_444_800,
    ) {
        for (layout, form, span) in WRITTEN {
            let moment = Timestamp::from_second(seconds).unwrap().to_zoned_datetime(TimeZone::UTC);
            let key = form.replace("{root}", &root).replace("{job}", &job);
            let key = jiff::fmt::strtime::format(&key, &moment).unwrap();
            let found = LayoutChoice::Auto.read(key.as_bytes());
            let Some((by, reading)) = found else {
                return Err(TestCaseError::fail(format!("{key} is not read")));
            };
            prop_assert_eq!(by.name, *layout, "{}", &key);
            // Where the tool has no name for a job, the folder before is it.
            let folder = format!("{root}{job}/");
            let has_job = key[..reading.root] == root
                && (reading.job == job
                    || reading.cluster.as_deref() == Some(&job)
                    || reading.job.starts_with(&format!("{job}/")));
            prop_assert!(has_job || key[..reading.root] == folder, "{key}: {reading:?}");
            let Role::Piece(piece) = reading.role else {
                return Err(TestCaseError::fail(format!("{key} is never a piece")));
            };
            let time = piece.time.map(|time| (time.seconds, time.span));
            let expected = (*span > 0).then(|| (seconds - seconds.rem_euclid(*span), *span));
            prop_assert_eq!(time, expected, "{}", &key);
        }
        let untested: Vec<_> = ALL.iter().map(|it| it.name).filter(|name| !is_written(name)).collect();
        prop_assert_eq!(untested, OTHERWISE);
    }
}

fn is_written(name: &str) -> bool {
    WRITTEN.iter().any(|written| written.0 == name)
}

/// Layouts whose keys have neither a job nor a time, or no root before them.
const OTHERWISE: &[&str] = &[
    "restic",
    "kopia",
    "spilo",
    "wal-g",
    "litestream",
    "litestream-0.3",
    "omni",
];

/// By layout, how it writes a key of a root, a job and a time; for how many seconds the time stands,
/// none where there is none.
const WRITTEN: &[(&str, &str, i64)] = &[
    ("duplicacy", "{root}snapshots/{job}/12", 0),
    (
        "pgbackrest",
        "{root}backup/{job}/%Y%m%d-%H%M%SF/backup.manifest",
        1,
    ),
    (
        "pgbackrest",
        "{root}backup/{job}/20010101-000000F_%Y%m%d-%H%M%SI/pg_data/base/1.gz",
        1,
    ),
    (
        "wal-g-stream",
        "{root}{job}/basebackups_005/stream_%Y%m%dT%H%M%SZ/stream.br",
        1,
    ),
    ("barman", "{root}{job}/base/%Y%m%dT%H%M%S/data.tar.gz", 1),
    ("vmbackup", "{root}{job}/backup_complete.ignore", 0),
    (
        "vmbackupmanager",
        "{root}{job}/daily/%Y-%m-%d/backup_complete.ignore",
        86_400,
    ),
    (
        "longhorn",
        "{root}backupstore/volumes/4a/1f/{job}/backups/backup_1.cfg",
        0,
    ),
    (
        "duplicity",
        "{root}{job}-duplicity-full.%Y%m%dT%H%M%SZ.vol1.difftar.gz",
        1,
    ),
    (
        "velero",
        "{root}backups/{job}-%Y%m%d%H%M%S/velero-backup.json",
        1,
    ),
    (
        "etcd-backup-restore",
        "{root}{job}/v2/Full-00000000-00000021-%s.gz",
        1,
    ),
    (
        "etcd-manager",
        "{root}{job}/%Y-%m-%dT%H:%M:%SZ-000001/etcd.backup.gz",
        1,
    ),
    (
        "percona-mongodb",
        "{root}{job}/%Y-%m-%dT%H:%M:%SZ.pbm.json",
        1,
    ),
    (
        "percona-xtradb",
        "{root}{job}-%Y-%m-%d-%H:%M:%S-full.md5",
        1,
    ),
    ("kubermatic", "{root}{job}-%Y-%m-%dt%H-%M-%S.db.gz", 1),
    ("kubermatic", "{root}{job}-%Y-%m-%dt%H-%M-%S.db", 1),
    ("k3s", "{root}{job}/etcd-snapshot-node-1-%s.zip", 1),
    ("talos-backup", "{root}{job}-%Y-%m-%dT%H:%M:%SZ.snap.zst", 1),
    (
        "rancher-backup",
        "{root}{job}-0b1e7fc1-44f5-4bb8-8b7e-3a9c2d6f7a10-%Y-%m-%dT%H-%M-%SZ.tar.gz",
        1,
    ),
    ("vault", "{root}{job}-%s123456789.snap", 1),
    (
        "gitlab",
        "{root}{job}/%s_%Y_%m_%d_17.8.1_gitlab_backup.tar",
        1,
    ),
    (
        "proxmox",
        "{root}{job}/vzdump-qemu-100-%Y_%m_%d-%H_%M_%S.vma.zst",
        1,
    ),
    (
        "mariadb-operator",
        "{root}{job}/backup.%Y-%m-%dT%H:%M:%SZ.sql.gz",
        1,
    ),
    (
        "databacker",
        "{root}{job}/db_backup_%Y-%m-%dT%H:%M:%SZ.tgz",
        1,
    ),
    ("offen", "{root}{job}/backup-%Y-%m-%dT%H-%M-%S.tar.gz", 1),
    (
        "nfrastack",
        "{root}{job}/pgsql_app_host_%Y%m%d-%H%M%S.sql.zst",
        1,
    ),
    (
        "zalando-logical",
        "{root}{job}/logical_backups/%s.sql.gz",
        1,
    ),
    (
        "postgres-backup-local",
        "{root}{job}/last/app-%Y%m%d-%H%M%S.sql.gz",
        1,
    ),
    ("dump", "{root}{job}-%Y-%m-%dT%H-%M-%SZ.sql.gz", 1),
    ("dump", "{root}%Y/%m/%d/{job}.sql.gz", 86_400),
    ("dump", "{root}{job}-%Y%m%d.dump", 86_400),
    ("folder", "{root}{job}-%Y%m%d-%H%M%S/a/b/c.bin", 1),
];

#[test]
fn names_stay_apart_and_are_bounded() {
    let long = |last: char| format!("{}{last}-20260131.sql", "é".repeat(300));
    let read = |key: &str| {
        let (_, reading) = LayoutChoice::Auto.read(key.as_bytes()).expect("a dump");
        reading.job.into_owned()
    };
    let (one, other) = (read(&long('a')), read(&long('b')));
    assert!(
        is_name(&one) && is_name(&other) && one != other,
        "{one} {other}"
    );
    assert_eq!(read("a\u{202e}b\nc-20260131.sql"), "a\u{fffd}b\u{fffd}c");
    let invalid = LayoutChoice::One(named("dump").expect("a layout")).read(b"a\xff-20260131.sql");
    assert_eq!(
        invalid.map(|it| it.1.job.into_owned()),
        Some("a\u{fffd}".to_owned())
    );
}
