//! `prefixes`: folders by pattern, each of which is a destination.

use s3_exporter_api::Connect;
use s3_exporter_config::{Section, Setting};

use super::names::Names;
use crate::config::Metrics;
use crate::config::check::labels::is_free;
use crate::discovery::pattern::{glob, is_exclusion};
use crate::discovery::prefix::{PrefixForm, PrefixPatterns};
use crate::labels::is_label_name;

/// Those of a section, where they are good; where their store is known, it says whether they can be had.
pub(super) fn prefixes(
    section: &mut Section,
    names: &Names,
    store: Option<&dyn Connect>,
    metrics: &Metrics,
) -> Option<PrefixPatterns> {
    let given = section.items("prefixes")?;
    if given.is_empty() {
        section.fault(
            "prefixes",
            "is empty: expected patterns such as \"tenants/*/\"",
        );
        return None;
    }
    if section.has("prefix") {
        let message = "is given together with `prefixes`: give one of the two";
        section.fault("prefix", message);
    }
    if let Some(name) = &names.by_name {
        let message = "is given together with `prefixes`: each of those is a destination, named after its bucket and prefix";
        section.fault_of(name, message);
    }
    let cannot = store.and_then(|store| store.lists_prefixes().err());
    let mut is_good = true;
    for pattern in &given {
        if let Some(wrong) = wrong(&pattern.value, cannot, metrics) {
            section.fault_of(pattern, format!("is {}, {wrong}", pattern.quote()));
            is_good = false;
        }
    }
    if given.iter().all(|pattern| is_exclusion(&pattern.value)) {
        let message =
            "leaves out what nothing lets in: give a pattern such as \"tenants/*/\" beside it";
        section.fault_of(&given[0].place(), message);
        return None;
    }
    if !is_good {
        return None;
    }
    let first = given[0].place();
    let given = given.into_iter().map(Setting::into_value);
    let patterns = PrefixPatterns::new(given.collect());
    if let Err(error) = &patterns {
        section.fault_of(
            &first,
            format!("makes too large a pattern with the others: {error}"),
        );
    }
    patterns.ok()
}

/// What is wrong with one, to go on after its text.
fn wrong(pattern: &str, cannot: Option<&str>, metrics: &Metrics) -> Option<String> {
    /// No key is longer, in bytes.
    const LONGEST: usize = 1024;
    if let Some(why) = cannot {
        return Some(format!("a pattern, and {why}"));
    }
    if pattern.len() > LONGEST {
        return Some("which is longer than any key".to_owned());
    }
    if is_exclusion(pattern) {
        return match glob(pattern) {
            Err(error) => Some(format!("which is no glob: {}", error.kind())),
            Ok(_) if !pattern.ends_with('/') => Some(
                "which leaves out no folder: expected one that ends in `/`, such as \"!tenants/test-*/\""
                    .to_owned(),
            ),
            Ok(_) => None,
        };
    }
    match PrefixForm::parse(pattern) {
        Err(wrong) => Some(wrong),
        Ok(form) => {
            let label = form.label?;
            if !is_label_name(&label) {
                let expected =
                    "expected letters, digits and `_`, no digit at the start, and no `__`";
                return Some(format!("and {label:?} is no label's name: {expected}"));
            }
            (!is_free(&label, metrics)).then(|| {
                format!(
                    "and metrics or alerts have a label {label:?} already: expected another name in the braces"
                )
            })
        }
    }
}
