//! Explains any key over any names: nothing panics, and the owner is the one that trying every
//! name gives. The fuzz target `fuzz/fuzz_targets/explain.rs` uses it too.

use s3_exporter::assign::{Assignment, Cursor};
use s3_exporter::clusters::{Cluster, Clusters};
use s3_exporter::command::explain::because;

/// A prefix, a separator, a key and names, one a line. Says whether a cluster owns the key.
pub fn check(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.split('\n');
    let mut next = || lines.next().unwrap_or_default();
    let (prefix, separator, key) = (next(), next(), next());
    let mut clusters = Clusters::new();
    for name in lines {
        // What cannot be a name, or is there already, is refused.
        let _ = clusters.insert(name, Cluster::default());
    }
    let assignment = Assignment::new(&clusters, prefix, separator);
    let owner = assignment
        .owner(key.as_bytes(), &mut Cursor::default())
        .map(|at| &**assignment.name(at));
    let naive = clusters
        .names()
        .filter(|name| key.starts_with(&format!("{prefix}{name}{separator}")))
        .max_by_key(|name| name.len());
    assert_eq!(owner, naive.map(|name| &**name), "{text:?}");

    if key.starts_with(prefix) {
        let why = because(&assignment, prefix, separator, key);
        let begins = owner.unwrap_or("unassigned");
        assert!(why.starts_with(&format!("{begins}, because ")), "{why}");
        assert!(!why.contains(char::is_control), "{why:?}");
    }
    owner.is_some()
}
