use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use s3_exporter_api::StorageClass;

use super::*;
use crate::clusters::Clusters;

/// Objects by key; the prefix of all is `p/`.
type Keys = BTreeMap<Vec<u8>, u64>;

fn assignment() -> Assignment {
    Assignment::new(&Clusters::new(), "p/", "--")
}

/// The definition, with no regard to speed or memory.
fn expected(objects: &Keys) -> BTreeMap<Vec<u8>, (u64, u64)> {
    let prefix = |key: &[u8], length: usize| {
        let rest = &key[2..];
        let slash = rest.iter().position(|byte| *byte == b'/').map(|at| at + 1);
        let separator = rest
            .windows(2)
            .position(|two| two == b"--")
            .map(|at| at + 2);
        let end = slash.into_iter().chain(separator).min();
        let end = end.filter(|end| *end <= length);
        key[..2 + end.unwrap_or(rest.len()).min(length)].to_vec()
    };
    let lengths = (0..=UnassignedFold::LONGEST).rev();
    let mut all = lengths.map(|length| {
        let mut counts = BTreeMap::<_, (u64, u64)>::new();
        for (key, size) in objects {
            let count = counts.entry(prefix(key, length)).or_default();
            *count = (count.0 + 1, count.1 + size);
        }
        counts
    });
    all.find(|counts| counts.len() <= UnassignedFold::MOST)
        .unwrap()
}

fn fold<'a>(objects: impl IntoIterator<Item = (&'a Vec<u8>, &'a u64)>) -> UnassignedFold {
    let (mut fold, of) = (UnassignedFold::new(), assignment());
    let mut latest = LatestPrefix::default();
    for (key, size) in objects {
        let object = Object {
            key,
            size: *size,
            last_modified: UnixTime::from_millis(3),
            storage_class: StorageClass::STANDARD,
        };
        fold.add(&object, &mut latest, &of);
    }
    fold
}

fn counted(fold: &UnassignedFold) -> BTreeMap<Vec<u8>, (u64, u64)> {
    let all = fold.prefixes.iter().map(|counted| &counted.of);
    all.map(|of| (of.prefix.to_vec(), (of.objects, of.bytes)))
        .collect()
}

fn key() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        3 => "p/[ab/-]{0,6}".prop_map(String::into_bytes),
        3 => "p/[0-9]{1,4}(|--|/)[ab]?".prop_map(String::into_bytes),
        1 => "p/é[ab]{60,70}[/-]{0,3}".prop_map(String::into_bytes),
        1 => "p/[0-9]{1,3}x{61,63}(--|/)[ab]?".prop_map(String::into_bytes),
        1 => Just(b"p/\xff\xfe".to_vec()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn what_is_counted_is_exact_in_any_order_and_bounded(
        objects in proptest::collection::btree_map(key(), 0..9_u64, 0..2500),
        at in any::<proptest::sample::Index>(),
    ) {
        let in_order = fold(&objects);
        prop_assert!(in_order.prefixes.len() <= UnassignedFold::MOST);
        let first: Vec<_> = objects.keys().take(10).map(Vec::as_slice).collect();
        let kept: Vec<_> = in_order.keys.iter().map(|of| &*of.key).collect();
        prop_assert_eq!(kept, first);
        prop_assert_eq!(counted(&in_order), expected(&objects));

        let mut moved: Vec<_> = objects.iter().collect();
        let middle = if moved.is_empty() { 0 } else { at.index(moved.len()) };
        moved.rotate_left(middle);
        prop_assert_eq!(&fold(moved.iter().copied()), &in_order);
        moved.reverse();
        prop_assert_eq!(&fold(moved.iter().copied()), &in_order);
        // As two lanes in turns.
        let (even, odd): (Vec<_>, Vec<_>) = (0..).zip(&objects).partition(|(nth, _)| nth % 2 == 0);
        let in_turns = even.into_iter().zip(odd).flat_map(|((_, a), (_, b))| [a, b]);
        let lacking = objects.len() % 2;
        let in_turns: Vec<_> = in_turns.chain(objects.iter().rev().take(lacking)).collect();
        prop_assert_eq!(&fold(in_turns), &in_order);

        let written = serde_json::to_string(&in_order).unwrap();
        let read: UnassignedFold = serde_json::from_str(&written).unwrap();
        if objects.keys().all(|key| std::str::from_utf8(key).is_ok()) && in_order.length > 4 {
            prop_assert_eq!(&read, &in_order);
        }
        prop_assert_eq!(serde_json::to_string(&read).unwrap(), written);
    }
}

#[test]
fn there_are_more_prefixes_than_are_counted() {
    let keys: Keys = (0..5000)
        .map(|nth| (format!("p/{nth:05}--x").into_bytes(), 1))
        .collect();
    let fold = fold(&keys);
    let counts = counted(&fold);
    assert_eq!((fold.length, counts.len()), (4, 500));
    assert_eq!(counts[b"p/0123".as_slice()], (10, 10));
    let shown = fold.shown([], &assignment());
    assert_eq!((shown.prefixes.len(), shown.prefixes_in_all), (20, 500));
}

#[test]
fn what_a_cluster_leaves_is_counted_as_if_it_had_never_been_known() {
    let keys = |names: &[&str]| -> Keys {
        let all = names
            .iter()
            .flat_map(|name| (0..3).map(move |nth| (format!("p/{name}--{nth}").into_bytes(), 5)));
        all.collect()
    };
    let left = [(b"p/gone--".to_vec(), 3, 15)];
    let shown = fold(&keys(&["a", "b/c"])).shown(left, &assignment());
    let never_known = fold(&keys(&["a", "b/c", "gone"])).shown([], &assignment());
    assert_eq!(shown.prefixes, never_known.prefixes);
    let prefixes: BTreeSet<_> = shown.prefixes.iter().map(|of| &*of.prefix).collect();
    assert_eq!(
        prefixes,
        BTreeSet::from([&b"p/a--"[..], b"p/b/", b"p/gone--"])
    );
    assert_eq!(shown.keys.len(), 6, "of the listing alone");
}
