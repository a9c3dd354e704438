//! What was summed up elsewhere, as if each object had been added here.

use std::collections::BTreeMap;
use std::sync::Arc;

use s3_exporter_api::{StorageClass, Summary};

use super::{ClassTotals, Facts, ObjectCount, Recent, Totals};
use crate::assign::Assignment;

impl Facts {
    /// Of a summary for these clusters. Of backups, of the sizes of objects and of whose the others may be it says nothing.
    ///
    /// # Errors
    /// It contradicts itself: how.
    pub fn of_summary(assignment: Arc<Assignment>, summary: &Summary) -> Result<Self, String> {
        let mut owners: BTreeMap<Option<&str>, Totals> = BTreeMap::new();
        let mut classes = Vec::with_capacity(summary.sets.len());
        for set in &summary.sets {
            let owner = set.owner.as_deref();
            if owner.is_some_and(|name| assignment.position(name).is_none()) {
                return Err(format!("{owner:?} owns objects, and is no cluster"));
            }
            owners.entry(owner).or_default().merge(&Totals {
                objects: set.objects,
                empty: set.empty,
                bytes: set.bytes,
                newest_of_all: Some(set.newest),
                newest: None, // by the newest objects
                oldest: Some(set.oldest),
                largest: Some(set.largest),
                recent: Recent::NONE,
            });
            let count = ObjectCount {
                objects: set.objects,
                bytes: set.bytes,
            };
            let class = StorageClass::new(set.storage_class.as_bytes()).name();
            classes.push((String::from_utf8_lossy(class).into(), count));
        }
        for object in &summary.newest {
            let Some(totals) = owners.get_mut(&object.owner.as_deref()) else {
                return Err(format!("{:?} has a newest object, and none", object.owner));
            };
            totals.recent.add(object.time, object.size);
            if object.size > 0 {
                totals.newest = totals.newest.max(Some((object.time, object.size)));
            }
        }
        for (owner, totals) in &owners {
            agree(totals).map_err(|how| format!("of {owner:?} {how}"))?;
        }
        let unassigned = owners.remove(&None).unwrap_or_default();
        let owned = |name: &str| owners.get(&Some(name)).cloned().unwrap_or_default();
        let mut facts = Self::restore(assignment, owned, unassigned);
        facts.classes = ClassTotals::from(classes);
        Ok(facts)
    }
}

/// Both parts of a summary were counted apart: what each says of the newest is the same.
fn agree(totals: &Totals) -> Result<(), &'static str> {
    let recent = totals.recent.newest().map(|(time, _)| time);
    if !totals.are_possible() {
        return Err("there are more objects than there can be");
    }
    if recent != totals.newest_of_all {
        return Err("the newest object is not the newest of all");
    }
    if totals.newest.is_some() != (totals.empty < totals.objects) {
        return Err("the newest that is not empty is not one of those that are not empty");
    }
    let kept = totals.objects.min(Recent::KEPT as u64);
    match totals.recent.iter().count() as u64 == kept {
        true => Ok(()),
        false => Err("the newest objects are more or less than there are"),
    }
}

#[cfg(test)]
mod tests {
    use s3_exporter_api::{NewestObject, Object, ObjectSet, Report, UnixTime};
    use s3_exporter_listing::Fold;

    use super::*;
    use crate::clusters::Clusters;
    use crate::facts::Lane;

    const OBJECTS: [(&str, i64, u64, &str); 6] = [
        ("lab-a", 7, 3, "STANDARD"),
        ("lab-b", 9, 0, "GLACIER"),
        ("lab-c", 7, 5, ""),
        ("lab-1-a", 2, 1, "STANDARD"),
        ("x", 4, 0, "STANDARD"),
        ("lab", 4, 8, "STANDARD"),
    ];

    fn assignment() -> Arc<Assignment> {
        let names = Clusters::from_names(["lab", "lab-1", "none"]).unwrap();
        Arc::new(Assignment::new(&names, "", "-"))
    }

    /// As an engine has it.
    fn summary() -> Summary {
        let owner = |key: &str| {
            let names = ["lab-1", "lab"];
            let mut names = names
                .iter()
                .filter(|name| key.starts_with(&format!("{name}-")));
            names.next().map(|name| (*name).to_owned())
        };
        let sets = OBJECTS.map(|(key, time, size, class)| ObjectSet {
            owner: owner(key),
            storage_class: class.to_owned(),
            objects: 1,
            empty: u64::from(size == 0),
            bytes: size,
            oldest: UnixTime::from_millis(time),
            newest: UnixTime::from_millis(time),
            largest: size,
        });
        let newest = OBJECTS.map(|(key, time, size, _)| NewestObject {
            owner: owner(key),
            time: UnixTime::from_millis(time),
            size,
        });
        Summary {
            report: Report {
                as_of: UnixTime::from_millis(10),
                objects: 6,
                bytes: 17,
                has_versions: false,
            },
            sets: sets.into(),
            newest: newest.into(),
        }
    }

    #[test]
    fn a_summary_is_what_adding_each_object_gives() {
        let mut added = Facts::new(assignment());
        let mut lane = Lane::default();
        for (key, time, size, class) in OBJECTS {
            let object = Object {
                key: key.as_bytes(),
                size,
                last_modified: UnixTime::from_millis(time),
                storage_class: StorageClass::new(class.as_bytes()),
            };
            added.add(&mut lane, &object);
        }
        let found = Facts::of_summary(assignment(), &summary()).unwrap();
        assert_eq!(found.by_owner(), added.by_owner());
        assert_eq!(found.classes, added.classes);
        assert_eq!(found.all(), added.all());
    }

    #[test]
    fn one_that_contradicts_itself_is_none() {
        let wrong = |change: fn(&mut Summary)| {
            let mut summary = summary();
            change(&mut summary);
            Facts::of_summary(assignment(), &summary).unwrap_err()
        };
        for (change, says) in [
            (
                (|of| of.sets[0].owner = Some("other".to_owned())) as fn(&mut Summary),
                "is no cluster",
            ),
            (|of| of.sets[0].empty = 9, "more objects"),
            (
                |of| of.newest[0].owner = Some("none".to_owned()),
                "and none",
            ),
            // What a filter that an engine pushes down has lost.
            (
                |of| of.sets[1].newest = UnixTime::from_millis(8),
                "newest of all",
            ),
            (
                |of| of.newest[1].time = UnixTime::from_millis(8),
                "newest of all",
            ),
            (|of| drop(of.newest.remove(2)), "more or less"),
            (|of| of.newest[3].size = 0, "not empty"),
        ] {
            let said = wrong(change);
            assert!(said.contains(says), "{said}");
        }
    }
}
