//! How a destination's keys begin: its prefix, and what follows a cluster's name.

use s3_exporter_api::{Connect, is_directory_bucket};
use s3_exporter_config::Section;

use super::names::Names;

/// What follows a cluster's name in the keys that Kubermatic writes.
const SEPARATOR: &str = "-";
/// S3 has no longer keys, in bytes.
const LONGEST_KEY: usize = 1024;

/// Where the store is known, it says whether what begins so can be listed.
pub(super) fn prefix(section: &mut Section, names: &Names, store: Option<&dyn Connect>) -> String {
    let Some(given) = section.setting("prefix", Section::text) else {
        return String::new();
    };
    let prefix = &given.value;
    if prefix.len() > LONGEST_KEY {
        section.fault_of(
            &given,
            "is longer than any key: expected at most 1024 bytes",
        );
    } else if let Some(why) = store.and_then(|store| store.prefix(prefix).err()) {
        let message = format!("is {}, which cannot be listed: {why}", given.quote());
        section.fault_of(&given, message);
    } else if prefix.starts_with('/') {
        section.warn_of(
            &given,
            "begins with a `/`, which keys hardly ever do: nothing may be found",
        );
    } else if !prefix.is_empty()
        && !prefix.ends_with('/')
        && let Some(directory) = names
            .named
            .iter()
            .find(|name| is_directory_bucket(&name.bucket.value))
    {
        let bucket = directory.bucket.quote();
        section.warn_of(
            &given,
            format!("must end in `/`: {bucket} is a directory bucket, which takes no other prefix"),
        );
    }
    given.value
}

pub(super) fn separator(section: &mut Section) -> String {
    let Some(separator) = section.setting("separator", Section::text) else {
        return SEPARATOR.to_owned();
    };
    if separator.value.is_empty() {
        section.fault_of(
            &separator,
            "must not be empty: the cluster \"a\" would own what belongs to \"ab\"",
        );
    }
    separator.value
}
