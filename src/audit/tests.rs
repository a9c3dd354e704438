use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use s3_exporter_api::{Object, Page, StorageClass};
use s3_exporter_listing::Fold;

use super::*;
use crate::assign::Assignment;
use crate::clusters::Clusters;
use crate::facts::Lane;

/// Listings of a history begin here, and what is older has settled.
const SETTLED_BEFORE: i64 = 0;

/// What a key holds from some moment on: the time that the store says, and the size; `None`
/// once it is deleted.
type Content = Option<(i64, u64)>;

/// What happens to keys, by key and then by the moment at which it does.
#[derive(Clone, Debug, Default)]
struct History(BTreeMap<String, BTreeMap<i64, Content>>);

impl History {
    fn put(&mut self, key: &str, moment: i64, time: i64, size: u64) {
        let of_key = self.0.entry(key.to_owned()).or_default();
        of_key.insert(moment, Some((time, size)));
    }

    fn delete(&mut self, key: &str, moment: i64) {
        let of_key = self.0.entry(key.to_owned()).or_default();
        of_key.insert(moment, None);
    }

    /// A listing that sees each key at the moment that it is told, without those that it loses.
    fn list(
        &self,
        assignment: &Arc<Assignment>,
        sees: impl Fn(usize) -> i64,
        loses: impl Fn(&str) -> bool,
    ) -> Facts {
        let mut page = Page::new();
        for (nth, (key, of_key)) in self.0.iter().enumerate() {
            let latest = of_key.range(..=sees(nth)).next_back();
            if let Some((_, Some((time, size)))) = latest
                && !loses(key)
            {
                page.push(Object {
                    key: key.as_bytes(),
                    size: *size,
                    last_modified: UnixTime::from_millis(*time),
                    storage_class: StorageClass::default(),
                });
            }
        }
        let settled = UnixTime::from_millis(SETTLED_BEFORE);
        let mut facts = Facts::new(Arc::clone(assignment)).with_settled(settled);
        let mut lane = Lane::default();
        page.iter().for_each(|object| facts.add(&mut lane, &object));
        facts
    }
}

fn assignment() -> Arc<Assignment> {
    let names = Clusters::from_names(["a", "b"]).unwrap();
    Arc::new(Assignment::new(&names, "", "-"))
}

/// Objects of days ago; then anything happens to any key while three listings are made, the
/// first from 0 on, which take 100 each.
fn histories() -> impl Strategy<Value = History> {
    let key = "[abc]-[0-9]";
    let old = vec((key, -9_000..-1_000_i64, 0..5_u64), 0..25);
    let change = (key, 0..300_i64, proptest::option::weighted(0.6, 0..5_u64));
    (old, vec(change, 0..40)).prop_map(|(old, changes)| {
        let mut history = History::default();
        for (key, time, size) in old {
            history.put(&key, time, time, size);
        }
        for (key, moment, size) in changes {
            match size {
                // The store's clock is not ours.
                Some(size) => history.put(&key, moment, moment + 5, size),
                None => history.delete(&key, moment),
            }
        }
        history
    })
}

fn moments() -> impl Strategy<Value = Vec<i64>> {
    vec(0..100_i64, 30)
}

const NOTHING: fn(&str) -> bool = |_| false;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// Whatever is written, written over and deleted, and whenever each listing sees it.
    #[test]
    fn what_comes_and_goes_is_no_difference(
        history in histories(),
        seen in [moments(), moments(), moments()],
    ) {
        let owners = assignment();
        let list = |nth: usize| {
            history.list(&owners, |key| 100 * nth as i64 + seen[nth][key % 30], NOTHING)
        };
        let [before, sequence, after] = [0, 1, 2].map(list);
        let verdict = compare(&before, &sequence, Some(&after));
        prop_assert!(!matches!(verdict, Comparison::Differ(_)), "{verdict:?}");

        // The same where names have come, so that each cluster alone cannot be compared.
        let names = Clusters::from_names(["a", "b", "c"]).unwrap();
        let others = Arc::new(Assignment::new(&names, "", "-"));
        let after = history.list(&others, |key| 200 + seen[2][key % 30], NOTHING);
        let verdict = compare(&before, &sequence, Some(&after));
        prop_assert!(!matches!(verdict, Comparison::Differ(_)), "{verdict:?}");
    }

    /// What both listings in parts lose, of a cluster where else nothing that had settled
    /// changes, is seen though anything happens to the others, and new objects come.
    #[test]
    fn what_is_lost_is_a_difference(
        history in histories(),
        seen in [moments(), moments(), moments()],
        own in 2..9_u32,
        lost in 1..9_u32,
    ) {
        let (owners, mut history) = (assignment(), history);
        history.0.retain(|key, _| !key.starts_with("a-"));
        for nth in 0..own {
            let time = -1_000 * i64::from(nth) - 1;
            history.put(&format!("a-{nth}"), time, time, u64::from(nth));
        }
        history.put("a-new", 150, 150, 1);
        let lost = format!("a-{}", lost % own);
        let list = |nth: usize, loses: &dyn Fn(&str) -> bool| {
            history.list(&owners, |key| 100 * nth as i64 + seen[nth][key % 30], loses)
        };
        let loses = |key: &str| key == lost;
        let [before, after] = [0, 2].map(|nth| list(nth, &loses));
        let sequence = list(1, &NOTHING);
        let Comparison::Differ(difference) = compare(&before, &sequence, Some(&after)) else {
            panic!("{lost} was lost");
        };
        prop_assert_eq!(difference.cluster.as_deref(), Some("a"));
        prop_assert_eq!(difference.in_parts.objects, u64::from(own) - 1);
        prop_assert_eq!(difference.in_sequence.objects, u64::from(own));
        // Before the third it is not yet said otherwise.
        prop_assert!(matches!(compare(&before, &sequence, None), Comparison::Differ(_)));
    }
}

fn of(keys: &[(&str, i64)]) -> Facts {
    let mut history = History::default();
    for (key, time) in keys {
        history.put(key, -1_000_000, *time, 1);
    }
    history.list(&assignment(), |_| 0, NOTHING)
}

#[test]
fn one_that_is_counted_twice_is_a_difference() {
    let right = of(&[("a-1", -5), ("a-2", -5)]);
    let twice = of(&[("a-1", -5), ("a-1x", -5), ("a-2", -5)]);
    let verdict = compare(&twice, &right, Some(&twice));
    assert!(matches!(verdict, Comparison::Differ(_)), "{verdict:?}");
}

/// As where an upload took long: what is counted grows.
#[test]
fn objects_that_appear_with_an_old_time_are_no_difference() {
    let listings = [
        of(&[("a-1", -5)]),
        of(&[("a-1", -5), ("a-2", -90)]),
        of(&[("a-1", -5), ("a-2", -90), ("a-3", -3)]),
    ];
    let verdict = compare(&listings[0], &listings[1], Some(&listings[2]));
    assert_eq!(verdict, Comparison::Agree);
}

#[test]
fn of_new_objects_alone_nothing_is_said() {
    let (one, two) = (of(&[("a-1", 5)]), of(&[("a-1", 5), ("a-2", 7)]));
    assert_eq!(compare(&one, &two, Some(&one)), Comparison::Unknown);
    assert_eq!(compare(&one, &one, None), Comparison::Agree);
    assert_eq!(compare(&of(&[]), &of(&[]), None), Comparison::Agree);
}
