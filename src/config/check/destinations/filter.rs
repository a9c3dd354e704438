//! `include` and `exclude`: which keys of a destination count.

use s3_exporter_api::UnixTime;
use s3_exporter_config::{Section, Setting};

use super::rhythm::no_zone;
use crate::filter::{DayError, Filter, GlobError, glob};

pub(super) fn filter(section: &mut Section, prefix: &str) -> Filter {
    let has_include = section.has("include");
    let include = globs(section, "include", prefix);
    if has_include && include.as_ref().is_some_and(Vec::is_empty) {
        section.fault(
            "include",
            "has no glob, so that nothing would count: leave it out, or give one such as \"**/*.gz\"",
        );
    }
    let filter = Filter {
        include: include.unwrap_or_default(),
        exclude: globs(section, "exclude", prefix).unwrap_or_default(),
    };
    // Each is a glob by itself: all of them may be too large together.
    if let Err(error) = filter.at(UnixTime::now(), prefix) {
        section.fault("exclude", format!("together with `include` {error}"));
    }
    filter
}

/// Those of a key that are good.
fn globs(section: &mut Section, key: &str, prefix: &str) -> Option<Vec<String>> {
    let given = section.items(key)?;
    let is_some = !given.is_empty();
    let good: Vec<_> = given
        .into_iter()
        .filter_map(|given| one(section, given, prefix))
        .collect();
    // Where all are bad, it is not as if none was given.
    (!is_some || !good.is_empty()).then_some(good)
}

fn one(section: &mut Section, given: Setting<String>, prefix: &str) -> Option<String> {
    /// No key is longer, in bytes.
    const LONGEST: usize = 1024;
    let text = given.value.as_str();
    let wrong = match glob(text, UnixTime::now()) {
        _ if text.len() > LONGEST => {
            "is longer than any key: expected at most 1024 bytes".to_owned()
        }
        Ok(_) => {
            if let Some(odd) = odd(text, prefix) {
                section.warn_of(&given, odd);
            }
            return Some(given.value);
        }
        Err(GlobError::Empty) => GlobError::Empty.to_string(),
        Err(GlobError::Day(DayError::Zone(name))) => {
            let no_zone = no_zone(&name);
            format!(
                "is {}, and names the time zone {name:?}, {no_zone}",
                given.quote()
            )
        }
        Err(error) => format!("is {}, which {error}", given.quote()),
    };
    section.fault_of(&given, wrong);
    None
}

/// What is no fault, and hardly meant.
fn odd(glob: &str, prefix: &str) -> Option<String> {
    if glob.starts_with('/') {
        return Some(
            "begins with a `/`, which keys hardly ever do: nothing may match it".to_owned(),
        );
    }
    if glob.starts_with('!') {
        return Some(
            "begins with a `!`, which is a letter like any other: what is to be left out stands in `exclude`"
                .to_owned(),
        );
    }
    let is_whole = prefix.len() > 1 && glob.starts_with(prefix);
    is_whole.then(|| {
        format!("begins with the prefix {prefix:?}: globs are of what follows the prefix in a key")
    })
}
