use proptest::prelude::*;
use s3_exporter_api::{Page, StorageClass};

use super::classes::LatestClass;
use super::*;
use crate::filter::Filter;

fn page(objects: &[(String, u64, i64)]) -> Page {
    let mut page = Page::new();
    for (key, size, millis) in objects {
        page.push(Object {
            key: key.as_bytes(),
            size: *size,
            last_modified: UnixTime::from_millis(*millis),
            storage_class: StorageClass::STANDARD,
        });
    }
    page
}

fn facts(names: &Clusters, objects: &[(String, u64, i64)], pages: usize) -> Facts {
    let mut facts = Facts::new(Arc::new(Assignment::new(names, "", "-")));
    let mut lane = Lane::default();
    for chunk in objects.chunks(pages) {
        let page = page(chunk);
        page.iter().for_each(|object| facts.add(&mut lane, &object));
    }
    facts
}

fn objects() -> impl Strategy<Value = Vec<(String, u64, i64)>> {
    proptest::collection::vec(("[ab-]{0,8}", 0..3_u64, 0..9_i64), 0..40)
}

fn names() -> impl Strategy<Value = Clusters> {
    proptest::collection::btree_set("[ab-]{1,4}", 0..10)
        .prop_map(|names| Clusters::from_names(names.iter().map(String::as_str)).unwrap())
}

/// Many more than are told apart, and some that are no names.
fn class() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => "[A-C]{1,4}".prop_map(String::into_bytes),
        1 => Just(b"STANDARD".to_vec()),
        1 => Just(b"other".to_vec()),
        1 => "z{63,66}".prop_map(String::into_bytes),
        1 => Just(b"\xff\xfe".to_vec()),
    ]
}

/// The definition, word by word, with no regard to speed.
fn totals_of(objects: &[&(String, u64, i64)]) -> Totals {
    let times = || objects.iter().map(|o| UnixTime::from_millis(o.2));
    Totals {
        objects: objects.len() as u64,
        empty: objects.iter().filter(|o| o.1 == 0).count() as u64,
        bytes: objects.iter().map(|o| o.1).sum(),
        newest_of_all: times().max(),
        newest: objects
            .iter()
            .filter(|o| o.1 > 0)
            .map(|o| (UnixTime::from_millis(o.2), o.1))
            .max(),
        oldest: times().min(),
        largest: objects.iter().map(|o| o.1).max(),
        recent: recent_of(objects),
    }
}

fn recent_of(objects: &[&(String, u64, i64)]) -> Recent {
    let mut all: Vec<_> = objects.iter().map(|o| (o.2, o.1)).collect();
    all.sort_unstable();
    let newest = all[all.len().saturating_sub(10)..].iter();
    Recent::restore(newest.map(|(time, size)| (UnixTime::from_millis(*time), *size)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Whoever had a backup and has none is lost, but for those that may only have lost
    /// their keys to a longer name that has become known.
    #[test]
    fn the_lost_are_those_that_had_backups(
        before in objects(),
        now in objects(),
        (then, known) in (names(), names()),
        same in any::<bool>(),
    ) {
        let known = if same { then.clone() } else { known };
        let (before, now) = (facts(&then, &before, 5), facts(&known, &now, 5));
        let (had, has) = (before.split(&then, Expect::All).0, now.split(&known, Expect::All).0);
        let newcomers: Vec<_> = has.iter()
            .filter(|(name, totals)| totals.objects > 0 && !then.contains(name))
            .map(|(name, _)| name).collect();
        let lost: Vec<_> = had.iter()
            .filter(|(_, totals)| totals.newest.is_some())
            .map(|(name, _)| name)
            .filter(|name| has.get(*name).is_some_and(|totals| totals.newest.is_none()))
            .filter(|name| !newcomers.iter().any(|new| new.starts_with(&format!("{name}-"))))
            .cloned().collect();
        let mut told = now.lost_since(&before);
        told.sort_unstable();
        prop_assert_eq!(told, lost);
    }

    /// By class, the first names count as they are, and all the others together: whatever the
    /// order of the objects, however they are parted, and over a restart.
    #[test]
    fn classes_are_all_that_was_listed(
        objects in proptest::collection::vec((class(), 0..9_u64), 0..150),
        at in any::<proptest::sample::Index>(),
    ) {
        let of = |objects: &[(Vec<u8>, u64)]| {
            let (mut totals, mut latest) = (ClassTotals::default(), LatestClass::default());
            for (name, size) in objects {
                let object = Object {
                    key: b"a-1",
                    size: *size,
                    last_modified: UnixTime::from_millis(0),
                    storage_class: StorageClass::new(name),
                };
                totals.add(&object, &mut latest);
            }
            totals
        };
        let totals = of(&objects);
        let mut expected = BTreeMap::<&str, ObjectCount>::new();
        let named = |name: &[u8]| std::str::from_utf8(name).is_ok_and(|name| {
            name.len() <= ClassTotals::LONGEST && name != ClassTotals::OTHER
        });
        let names: BTreeSet<_> = objects.iter()
            .map(|(name, _)| &**name).filter(|name| named(name)).collect();
        let names: BTreeSet<_> = names.into_iter().take(ClassTotals::MOST).collect();
        for (name, size) in &objects {
            let shown = names.get(&**name).map(|name| std::str::from_utf8(name).unwrap());
            let count = expected.entry(shown.unwrap_or(ClassTotals::OTHER)).or_default();
            count.objects += 1;
            count.bytes += size;
        }
        prop_assert_eq!(totals.iter().collect::<BTreeMap<_, _>>(), expected);

        let middle = if objects.is_empty() { 0 } else { at.index(objects.len()) };
        let mut moved = objects.clone();
        moved.rotate_left(middle);
        prop_assert_eq!(&of(&moved), &totals);
        moved.reverse();
        prop_assert_eq!(&of(&moved), &totals);
        let written = serde_json::to_string(&totals).unwrap();
        prop_assert_eq!(serde_json::from_str::<ClassTotals>(&written).unwrap(), totals);
    }

    /// What is left out is that, and in nothing else: the rest is as if it had never been listed.
    #[test]
    fn what_is_left_out_is_counted_as_that_alone(
        objects in objects(),
        names in names(),
        exclude in proptest::collection::vec("[ab-]{1,2}\\*|\\*[ab-]", 0..3),
        include in proptest::collection::vec("[ab-]\\*|\\*b", 0..2),
        pages in 1..7_usize,
    ) {
        let filter = Filter { include, exclude };
        let at = filter.at(UnixTime::from_millis(0), "").unwrap().map(Arc::new);
        let empty = Facts::new(Arc::new(Assignment::new(&names, "", "-")));
        let mut found = empty.with_filter(at.clone());
        let mut lane = Lane::default();
        for chunk in objects.chunks(pages) {
            page(chunk).iter().for_each(|object| found.add(&mut lane, &object));
        }
        let is_out = |of: &&(String, u64, i64)| {
            at.as_ref().is_some_and(|at| at.leaves_out(of.0.as_bytes()))
        };
        let (out, counted): (Vec<_>, Vec<_>) = objects.iter().partition(is_out);
        prop_assert_eq!(found.excluded().objects, out.len() as u64);
        prop_assert_eq!(found.excluded().bytes, out.iter().map(|of| of.1).sum::<u64>());
        prop_assert_eq!(found.all().objects, objects.len() as u64);
        let counted: Vec<_> = counted.into_iter().cloned().collect();
        let without = facts(&names, &counted, pages);
        prop_assert_eq!(found.by_owner(), without.by_owner());
        prop_assert_eq!(&found.classes, &without.classes);
        let written = serde_json::to_string(&found).unwrap();
        let kept: Facts = serde_json::from_str(&written).unwrap();
        prop_assert_eq!(kept.excluded(), found.excluded());
    }

    /// Each object counts once, whatever names come and go after the listing, and the
    /// totals are those of a listing made with the names that are left.
    #[test]
    fn clusters_and_unassigned_are_all_that_was_listed(
        objects in objects(),
        then in names(),
        changes in proptest::collection::vec(names(), 1..4),
        pages in 1..7_usize,
    ) {
        let facts = facts(&then, &objects, pages);
        let everything: Vec<_> = objects.iter().collect();
        prop_assert_eq!(facts.listed(), totals_of(&everything));
        for now in &changes {
            let (clusters, unassigned) = facts.split(now, Expect::All);
            let mut sum = unassigned.clone();
            clusters.values().for_each(|totals| sum.merge(totals));
            prop_assert_eq!(sum, facts.listed());

            let left: Vec<_> = then.names().filter(|name| now.contains(name)).cloned().collect();
            prop_assert_eq!(clusters.keys().cloned().collect::<Vec<_>>(), left.clone());
            let owner = |key: &str| left.iter()
                .filter(|name| key.starts_with(&format!("{name}-")))
                .max_by_key(|name| name.len());
            for (name, totals) in &clusters {
                let own: Vec<_> = objects.iter().filter(|o| owner(&o.0) == Some(name)).collect();
                prop_assert_eq!(totals.clone(), totals_of(&own), "cluster {}", name);
            }
            let foreign: Vec<_> = objects.iter().filter(|o| owner(&o.0).is_none()).collect();
            prop_assert_eq!(&unassigned, &totals_of(&foreign));

            let (present, rest) = facts.split(now, Expect::Present);
            prop_assert_eq!(rest, unassigned);
            let with_objects: BTreeMap<_, _> =
                clusters.into_iter().filter(|(_, totals)| totals.objects > 0).collect();
            prop_assert_eq!(present, with_objects);
        }
    }
}
