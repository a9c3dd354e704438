//! Folders of keys: what lies before a key's slashes. Pure.
//!
//! Not every store is right about what comes after a key in a folder, where the listing is of
//! more than that folder ([`Order::Utf8ByFolder`](s3_exporter_api::Order)): there, a part of a
//! listing asks for the rest of the key's folder, then for what comes after that folder in the
//! one around it, and so on; and, as nothing lies between, for the name that follows a folder.

use super::alphabet::MAX_KEY;

/// The folder of a key, with its slash at the end, as long as it lies below `prefix`; else the
/// prefix.
pub(super) fn folder<'a>(key: &'a str, prefix: &'a str) -> &'a str {
    match key.rfind('/') {
        Some(slash) if slash >= prefix.len() => &key[..=slash],
        _ => prefix,
    }
}

/// The folder around a folder, or the prefix.
pub(super) fn parent<'a>(folder_of: &'a str, prefix: &'a str) -> &'a str {
    folder(folder_of.strip_suffix('/').unwrap_or(folder_of), prefix)
}

/// What is greater than all keys of a folder, and no greater than any that follows: its name
/// with the byte after `/`. It may be a key itself.
pub(super) fn successor(folder: &str) -> Box<str> {
    format!("{}0", folder.strip_suffix('/').unwrap_or(folder)).into()
}

/// Whether a key lies in the folder that `prefix` is or is part of, and in none below it.
pub(super) fn is_flat(key: &str, prefix: &str) -> bool {
    !key.as_bytes()[prefix.len().min(key.len())..].contains(&b'/')
}

/// The prefix without its last part: `a/` of `a/b/` and of `a/b`.
pub(super) fn without_last_part(prefix: &str) -> &str {
    parent(prefix, "")
}

/// A place between two neighbouring keys, not below the first and below the second, in as few
/// folders as possible: where a listing can be cut. `None` where none can be sent to a store.
pub(super) fn cut_between<'a>(before: &'a [u8], after: &'a [u8], prefix: &str) -> Option<&'a str> {
    let common = before.iter().zip(after).take_while(|(a, b)| a == b).count();
    let from = common.max(prefix.len());
    let slash = after.get(from..)?.iter().position(|byte| *byte == b'/');
    let outer = slash.map(|slash| &after[..from + slash]);
    let cut = outer.filter(|outer| *outer > before).unwrap_or(before);
    let cut = std::str::from_utf8(cut).ok()?;
    (cut.len() <= MAX_KEY).then_some(cut)
}

/// A cut between `last` and `cut`, in as few folders as possible: the name of the outermost
/// folder of `cut` that does not begin before.
pub(super) fn outermost<'a>(cut: &'a str, last: &[u8], prefix: &str) -> &'a str {
    let slashes = cut.bytes().enumerate().skip(prefix.len() + 1);
    let mut names = slashes.filter(|(_, byte)| *byte == b'/');
    names
        .find(|(slash, _)| cut.as_bytes()[..*slash] > *last)
        .map_or(cut, |(slash, _)| &cut[..slash])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_end_at_the_prefix() {
        assert_eq!(folder("a/b/c", ""), "a/b/");
        assert_eq!(folder("a/b/c", "a/"), "a/b/");
        assert_eq!(folder("a/b/c", "a/b/"), "a/b/");
        assert_eq!(folder("a/b/c", "a/b/c"), "a/b/c");
        assert_eq!(folder("abc", "a"), "a");
        assert_eq!(parent("a/b/", ""), "a/");
        assert_eq!(parent("a/", ""), "");
        assert_eq!(parent("a/b/", "a"), "a/");
        assert_eq!(parent("a/", "a"), "a");
        assert_eq!(&*successor("a/b/"), "a/b0");
        assert_eq!(without_last_part("backups/prod/"), "backups/");
        assert_eq!(without_last_part("backups/pr"), "backups/");
        assert_eq!(without_last_part("backups/"), "");
        assert_eq!(without_last_part("etcd-"), "");
        assert!(is_flat("a/b", "a/") && is_flat("a/b", "a/b") && !is_flat("a/b", "a"));
    }

    #[test]
    fn a_cut_lies_between_two_keys_in_as_few_folders_as_possible() {
        let cut = |before: &'static str, after: &'static str| {
            cut_between(before.as_bytes(), after.as_bytes(), "").unwrap()
        };
        assert_eq!(cut("a/1", "a/2"), "a/1");
        assert_eq!(cut("a/x/1", "b/y/2"), "b");
        assert_eq!(cut("a/x/1", "a/y/2"), "a/y");
        assert_eq!(cut("a-b/1", "a/2"), "a-b/1", "`a` is below it");
        assert_eq!(cut("a", "a/2"), "a");
        assert_eq!(cut("a/1", "b"), "a/1");
        assert_eq!(cut_between(b"p/1", b"p/2/x", "p/"), Some("p/2"));
        assert_eq!(cut_between(b"\xff1", b"\xff2", ""), None);
        assert_eq!(outermost("b/c/d", b"a/x", ""), "b");
        assert_eq!(outermost("a/c/d", b"a/b", ""), "a/c");
        assert_eq!(outermost("a/c", b"a/b", ""), "a/c");
        assert_eq!(outermost("a/c/d", b"a/b", "a/"), "a/c");
    }
}
