//! How MinIO answers a key to start after: of a walk that begins too early, a part.

use std::collections::BTreeMap;
use std::ops::Bound;

/// How many objects behind `key` are there for a page of `wanted`, where drives count what they
/// drop; more than that tell that others follow. They walk from the name of each folder that `key` lies in, without its slash, below the
/// listing's own; so they meet what goes on from that name with a byte below `/` (`prod-eu/`
/// beside `prod/`) first, and give up after a little more than a page. Whoever asked them drops
/// what is not behind `key`, and takes what is left for all that there is.
///
/// `WalkDir` in cmd/metacache-walk.go and `listPath` in cmd/metacache-set.go of MinIO, as its
/// server of February 2026 was seen to do.
pub(super) fn left<T>(
    objects: &BTreeMap<Vec<u8>, T>,
    prefix: &[u8],
    key: &[u8],
    wanted: usize,
) -> usize {
    let wanted_and_one = wanted + 1; // which tells whether more follows
    let counted = wanted_and_one + 4 + wanted_and_one / 16;
    let own = prefix.iter().rposition(|byte| *byte == b'/');
    let below = own.map_or(0, |slash| slash + 1);
    let slashes = key.iter().enumerate().skip(below);
    let slashes = slashes.filter(|(at, byte)| **byte == b'/' && *at > below);
    let dropped: usize = slashes
        .map(|(slash, _)| {
            let siblings = (
                Bound::Included(&key[..slash]),
                Bound::Excluded(&key[..=slash]),
            );
            let met = objects.range::<[u8], _>(siblings);
            met.filter(|(met, _)| met.starts_with(prefix)).count()
        })
        .sum();
    let start = usize::from(objects.contains_key(key));
    counted.saturating_sub(dropped + start)
}

#[cfg(test)]
mod tests {
    use s3_exporter_api::{Continuation, Page, StartAt};

    use crate::{Memory, Upload};

    fn keys(
        memory: &Memory,
        prefix: &str,
        from: StartAt<'_>,
        max_keys: u16,
    ) -> (Vec<String>, Continuation) {
        let mut page = Page::new();
        let next = memory.list("b", prefix, from, max_keys, &mut page).unwrap();
        let keys = page.keys();
        let keys = keys.map(|key| String::from_utf8(key.to_vec()).unwrap());
        (keys.collect(), next)
    }

    fn folders(names: &[&str]) -> Memory {
        let memory = Memory::new().with_short_start_after();
        for name in names {
            let keys = (0..20).map(|nth| Upload::new(format!("{name}{nth:03}"), 1));
            memory.put_all("b", keys);
        }
        memory
    }

    /// The smallest case that was seen on a server: 35 objects follow, and none is given.
    #[test]
    fn a_page_that_starts_in_a_folder_beside_a_longer_name_is_short() {
        let memory = folders(&["lab-1/", "lab/", "zoo/"]);
        for from in [StartAt::After("lab/004"), StartAt::Marker("lab/004")] {
            assert_eq!(keys(&memory, "", from, 10), (Vec::new(), Continuation::End));
            assert_eq!(
                keys(&memory, "lab", from, 10),
                (Vec::new(), Continuation::End)
            );
            // 27 are counted: 20 of the other folder, the key itself, and six.
            let (found, next) = keys(&memory, "", from, 21);
            assert_eq!((found.len(), next), (6, Continuation::End));
            assert_eq!(found[0], "lab/005");
        }
    }

    /// A page may even be full.
    #[test]
    fn what_follows_is_not_told_of_where_it_was_not_counted() {
        let memory = folders(&["lab/", "zoo/"]);
        let siblings = ["lab-1", "lab.a", "lab.b"].map(|key| Upload::new(key, 1));
        memory.put_all("b", siblings);
        // Seven are counted: three, the key itself, and three.
        let (found, next) = keys(&memory, "", StartAt::After("lab/004"), 2);
        assert!(
            matches!(next, Continuation::Token(_)) && found.len() == 2,
            "{next:?}"
        );
        memory.put("b", &Upload::new("lab!", 1));
        let (found, next) = keys(&memory, "", StartAt::After("lab/004"), 2);
        assert_eq!((found.len(), next), (2, Continuation::End));
    }

    #[test]
    fn deeper_folders_are_the_same() {
        let memory = folders(&["p/lab-1/", "p/lab/", "p/zoo/"]);
        let after = StartAt::After("p/lab/004");
        assert_eq!(
            keys(&memory, "", after, 10),
            (Vec::new(), Continuation::End)
        );
        assert_eq!(
            keys(&memory, "p/", after, 10),
            (Vec::new(), Continuation::End)
        );
        let outer = folders(&["p-1/", "p/lab/", "p/zoo/"]);
        assert_eq!(keys(&outer, "", after, 10), (Vec::new(), Continuation::End));
        assert_eq!(keys(&outer, "p/", after, 10).0.len(), 10);
    }

    #[test]
    fn every_other_form_is_exact() {
        let memory = folders(&["lab-1/", "lab/", "lab0/", "zoo/"]);
        let is_whole = |prefix: &str, from: StartAt<'_>| {
            let (found, next) = keys(&memory, prefix, from, 10);
            found.len() == 10 && matches!(next, Continuation::Token(_))
        };
        assert!(is_whole("", StartAt::Start));
        assert!(is_whole("", StartAt::After("lab")), "no slash");
        assert!(
            is_whole("lab/", StartAt::After("lab/004")),
            "its own prefix"
        );
        assert!(is_whole("", StartAt::After("lab-1/004")), "no longer name");
        assert!(is_whole("", StartAt::After("lab0/004")));
        assert!(is_whole("", StartAt::After("zoo/004")));
        let (_, Continuation::Token(token)) = keys(&memory, "", StartAt::After("lab"), 25) else {
            panic!("there is more")
        };
        assert!(
            is_whole("", StartAt::Token(&token)),
            "in lab/, by its token"
        );
        let plain = Memory {
            state: memory.state.clone(),
            ..Memory::new()
        };
        plain.state().short_start_after = false;
        assert_eq!(keys(&plain, "", StartAt::After("lab/004"), 10).0.len(), 10);
    }
}
