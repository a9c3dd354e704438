//! Keys that need not be read, for they are like one that was.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::layouts::{ALL, Another, LayoutChoice, Reading, Rest, Role};

/// Names that tools give files in any folder, and such as mean something to another tool.
const FILES: &[&str] = &[
    "config",
    "backup.manifest",
    "backup.manifest.copy",
    "backup.info",
    "archive.info",
    "kopia.repository",
    "12",
    "wal_005/x",
    "base/1/1259.gz",
    "a/b",
    "a//b",
    "x",
    "",
];

/// What may come after the beginning of a key: in the form of a tool that names what it stores by
/// content or by number, be it a little wrong; or in another's.
fn rest() -> impl Strategy<Value = String> {
    let examples: Vec<&str> = ALL
        .iter()
        .flat_map(|layout| layout.examples.iter().map(|example| example.key))
        .collect();
    let tail = (select(examples), any::<Index>()).prop_map(|(key, at)| {
        let starts: Vec<usize> = (0..key.len())
            .filter(|at| *at == 0 || key.as_bytes()[at - 1] == b'/')
            .collect();
        key[*at.get(&starts)..].to_owned()
    });
    prop_oneof![
        4 => "[0-9a-f]{62}|[0-9a-f]{64}|[0-9a-fg/]{62}|[0-9]{1,9}",
        2 => "[0-9a-f]{62}\\.fsl|[0-9a-f]{32}(-s[0-9a-f/]{16})?",
        2 => "[0-9A-F]{24}(\\.gz|-[0-9a-f]{40}\\.gz|\\.00000028\\.backup|/x)?",
        2 => "[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{64}\\.blk",
        2 => "[0-9]{1,6}\\.(difftar|difftar\\.gz|tar)",
        2 => "0000[0-9]{4}-0000[0-9]{4}-179589[0-9]{4}(\\.gz|\\.gz\\.final|\\.db)?",
        2 => "[0-9a-f]{16}-[0-9a-f]{16}(\\.ltx|\\.gz)|FFFFFFFF[0-9A-F]{8}\\.snapshot",
        2 => "([a-z]{1,5}/){0,3}[a-z0-9]{1,9}(\\.[a-z]{1,3})?",
        2 => "([0-9]{4}_[0-9]{2}/|daily/)?[0-9A-F]{16}_[0-9A-F]{16}_[0-9A-F]{16}",
        2 => select(FILES).prop_map(str::to_owned),
        2 => tail,
    ]
}

/// Folders before a tool's own, of which some are another's.
const ROOTS: &[&str] = &[
    "",
    "p/",
    "backup/main/",
    "archive/main/15-1/",
    "snapshots/x/",
    "spilo/x/",
];

/// Examples in any folder, and where one begins like others, a few of these.
fn alike() -> impl Strategy<Value = (String, Vec<String>)> {
    let examples: Vec<&str> = ALL
        .iter()
        .flat_map(|layout| layout.examples.iter().map(|example| example.key))
        .collect();
    (select(ROOTS), select(examples), vec(rest(), 1..40))
        .prop_map(|(root, example, rests)| (format!("{root}{example}"), rests))
}

/// The same as was read, of another key that is like the one that was.
fn differing<'k>(reading: &Reading<'k>, other: &'k str) -> Reading<'k> {
    let mut expected = reading.clone();
    let (Some(alike), Role::Piece(piece)) = (reading.alike, &mut expected.role) else {
        return expected;
    };
    let rest = &other.as_bytes()[alike.begin..];
    match alike.rest {
        Rest::Same(_) => {}
        Rest::Numbered(read) => piece.number = read(rest),
        Rest::Backups(read) => {
            let Another { id, seconds } = read(rest).unwrap();
            // What it depends on is no matter of the lanes: it is read in the key.
            let (_, own) = read_auto(other).unwrap();
            let Role::Piece(own) = own.role else {
                panic!("{other} is no backup");
            };
            let begin = own.id.as_ptr() as usize - other.as_ptr() as usize;
            assert_eq!(begin + own.id.len(), alike.begin + id, "{other}");
            assert_eq!(
                own.time.as_ref().map(|time| time.seconds),
                seconds,
                "{other}"
            );
            (piece.id, piece.time) = (own.id, own.time);
            (piece.parent, piece.covers) = (own.parent, own.covers);
        }
    }
    expected
}

fn read_auto(key: &str) -> Option<(&'static str, Reading<'_>)> {
    let (layout, reading) = LayoutChoice::Auto.read(key.as_bytes())?;
    Some((layout.name, reading))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// What is said of all keys that begin like one is what is read in each of them.
    #[test]
    fn what_is_alike_is_read_alike((key, rests) in alike()) {
        let Some((layout, reading)) = read_auto(&key) else { return Ok(()) };
        let Some(alike) = reading.alike else { return Ok(()) };
        prop_assert!(alike.rest.fits(&key.as_bytes()[alike.begin..]), "{key}");
        for rest in rests {
            let other = format!("{}{rest}", &key[..alike.begin]);
            if rest.is_empty() || rest.ends_with('/') || !alike.rest.fits(rest.as_bytes()) {
                continue;
            }
            let expected = differing(&reading, &other);
            prop_assert_eq!(read_auto(&other), Some((layout, expected)), "{} is not {}", other, key);
        }
    }
}

/// The layouts that say it, by an example: those that may have very many keys.
#[test]
fn what_comes_in_masses_is_alike() {
    let says = |layout: &&&crate::layouts::Layout| {
        let mut keys = layout.examples.iter().map(|example| example.key.as_bytes());
        keys.any(|key| (layout.read)(key).is_some_and(|reading| reading.alike.is_some()))
    };
    let names: Vec<_> = ALL.iter().filter(says).map(|layout| layout.name).collect();
    let expected = [
        "pgbackrest",
        "restic",
        "duplicacy",
        "kopia",
        "spilo",
        "wal-g",
        "barman",
        "vmbackupmanager",
        "vmbackup",
        "litestream",
        "longhorn",
        "duplicity",
        "etcd-backup-restore",
        "omni",
        "folder",
    ];
    assert_eq!(names, expected);
}
