//! What a lane remembers makes reading cheaper, and changes nothing of what is found.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::{SMALL, object};
use crate::backups::{BackupFold, BackupLane, JobBackups, Limits};
use crate::layouts::{ALL, LayoutChoice};

/// Some keys of tools, in folders of which some mean something to another tool.
#[derive(Clone, Debug)]
struct Tree(BTreeMap<String, (u64, i64)>);

/// How one key becomes a neighbour of an example.
#[derive(Clone, Debug)]
enum Change {
    /// Other digits, from so far on.
    Digits(Index, Vec<u8>),
    /// Another end, from a slash on.
    End(Index, String),
}

fn change() -> impl Strategy<Value = Change> {
    let digits = (any::<Index>(), vec(b'0'..=b'9', 1..4));
    let end = "[0-9a-f]{62}|[0-9a-f]{64}|p[0-9a-f]{32}|[0-9A-F]{24}\\.gz|config|backup\\.manifest|[a-c]/[0-9]{1,2}";
    prop_oneof![
        3 => digits.prop_map(|(at, digits)| Change::Digits(at, digits)),
        2 => (any::<Index>(), end).prop_map(|(at, end)| Change::End(at, end)),
    ]
}

impl Change {
    fn make(&self, key: &str) -> String {
        let mut bytes = key.as_bytes().to_vec();
        match self {
            Self::Digits(at, digits) => {
                let from = at.index(bytes.len());
                let places = bytes[from..]
                    .iter_mut()
                    .filter(|byte| byte.is_ascii_digit());
                places.zip(digits).for_each(|(old, new)| *old = *new);
            }
            Self::End(at, end) => {
                let starts: Vec<_> = (0..=bytes.len())
                    .filter(|at| *at == 0 || bytes[at - 1] == b'/')
                    .collect();
                bytes.truncate(*at.get(&starts));
                bytes.extend_from_slice(end.as_bytes());
            }
        }
        String::from_utf8(bytes).unwrap()
    }
}

/// What may come before a tool's own part.
const ROOTS: &[&str] = &[
    "",
    "p/",
    "backup/main/20261128-184341F/",
    "base/20261128T184821/",
];

fn tree() -> impl Strategy<Value = Tree> {
    let examples: Vec<&str> = ALL
        .iter()
        .flat_map(|layout| layout.examples.iter().map(|example| example.key))
        .collect();
    let of_one = (
        select(ROOTS),
        select(examples),
        vec((change(), 0..50_u64, 0..60_i64), 1..12),
    );
    vec(of_one, 1..8).prop_map(|all| {
        let keys = all.into_iter().flat_map(|(root, example, changes)| {
            let key = format!("{root}{example}");
            let of = move |(change, size, at): (Change, u64, i64)| (change.make(&key), (size, at));
            changes.into_iter().map(of).collect::<Vec<_>>()
        });
        Tree(keys.collect())
    })
}

/// Each object by the lane that is chosen for it; `None` is one that remembers nothing.
fn jobs<'t>(
    objects: impl Iterator<Item = (&'t String, &'t (u64, i64))>,
    (limits, owner, names): (Limits, Option<usize>, bool),
    mut lane: impl FnMut() -> Option<usize>,
) -> Vec<JobBackups> {
    let fold = BackupFold::new(LayoutChoice::Auto, limits);
    let mut fold = if names { fold.naming_clusters() } else { fold };
    let mut lanes = vec![BackupLane::default(); 3];
    for (key, (size, at)) in objects {
        let mut none = BackupLane::default();
        let lane = lane().map_or(&mut none, |lane| &mut lanes[lane]);
        fold.add(lane, &object(&(format!("x/{key}"), *size, *at)), 2, owner);
    }
    fold.jobs(|_| "c")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn lanes_change_nothing(
        Tree(tree) in tree(),
        order in vec((0..3_usize, any::<u32>()), 100),
        owner in proptest::option::of(Just(0)),
        names in any::<bool>(),
    ) {
        for limits in [SMALL, Limits::DEFAULT] {
            let of = (limits, owner, names);
            let plain = jobs(tree.iter(), of, || None);
            prop_assert_eq!(&jobs(tree.iter(), of, || Some(0)), &plain);
            // In another order, by several lanes.
            let mut shuffled: Vec<_> = tree.iter().zip(&order).collect();
            shuffled.sort_by_key(|(_, order)| order.1);
            let mut lanes = shuffled.iter().map(|(_, order)| order.0);
            let objects = shuffled.iter().map(|(object, _)| *object);
            prop_assert_eq!(&jobs(objects, of, || lanes.next()), &plain);
        }
    }
}

/// Folders of which each is named by a time in one of some forms.
const FOLDERS: &[fn(u32, u32) -> String] = &[
    |day, _| format!("2026-11-{day:02}"),
    |day, _| format!("202611{day:02}"),
    |day, hour| format!("2026-11-{day:02}T{hour:02}-00-00"),
    |day, hour| format!("202611{day:02}-{hour:02}0000"),
    |day, hour| (1_793_491_200 + day * 86_400 + hour * 3600).to_string(),
];

/// What lies in each: some have a time of their own.
const FILES: &[&str] = &[
    "app1.sql.gz",
    "app2.sql.gz",
    "app10.sql.gz",
    "app11.dump",
    "b-20261103.tar.gz",
    "b-20261104.tar.gz",
    "c_03-00-00.sql",
    "d/a.sql",
    "d/b.sql",
    "e.txt",
    "etcd-snapshot-m1-1793491200",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Each folder has files of the same jobs, of which some lack or come anew, and more folders than are
    /// kept come by lanes that are of other days.
    #[test]
    fn turns_change_nothing(
        folders in vec((0..40_usize, 1..29_u32, 0..24_u32), 1..12),
        lacking in vec((any::<Index>(), any::<Index>()), 0..6),
        files in proptest::sample::subsequence(FILES, 1..FILES.len()),
        lanes in 1..4_usize,
        is_mixed in any::<bool>(),
    ) {
        let mut tree = BTreeMap::new();
        for (nth, (form, day, hour)) in folders.iter().enumerate() {
            let form = if is_mixed { *form } else { folders[0].0 };
            let folder = FOLDERS[form % FOLDERS.len()](*day, *hour);
            for (file, name) in files.iter().enumerate() {
                let number = nth * FILES.len() + file;
                let key = format!("pg/{folder}/{name}");
                tree.insert(key, (number as u64 % 7, number as i64));
            }
        }
        for (at, by) in lacking {
            let keys: Vec<_> = tree.keys().cloned().collect();
            if let Some(key) = keys.get(at.index(tree.len().max(1))) {
                let (size, made) = tree.remove(key).unwrap_or_default();
                let moved = key.replace("app", ["app", "apq", "ap"][by.index(3)]);
                tree.insert(moved, (size + 1, made));
            }
        }
        // Pages of all lanes come in turns.
        let keys: Vec<_> = tree.iter().collect();
        let parts: Vec<_> = keys.chunks(keys.len().div_ceil(lanes)).collect();
        let pages = (0..keys.len()).step_by(4).flat_map(|from| {
            let page = |part: usize| parts[part].iter().skip(from).take(4).map(move |key| (part, *key));
            (0..parts.len()).flat_map(page).collect::<Vec<_>>()
        });
        let pages: Vec<_> = pages.collect();
        for limits in [SMALL, Limits::DEFAULT] {
            let of = (limits, None, false);
            let plain = jobs(tree.iter(), of, || None);
            let mut lanes = pages.iter().map(|page| page.0);
            let by_lanes = jobs(pages.iter().map(|page| page.1), of, || lanes.next());
            prop_assert_eq!(&by_lanes, &plain);
        }
    }
}
