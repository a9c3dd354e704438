//! `[probe]`: what is scanned when it is asked for.

use std::sync::Arc;

use s3_exporter_config::{Section, Setting};

use super::destinations::{Context, FoundDestinations, Of, backend};
use super::{named, quoted};
use crate::config::Probe;
use crate::destination::Destination;
use crate::destination::module::{Module, TargetLimits};
use crate::discovery::pattern::{BucketPatterns, glob, is_exclusion};

/// What may be asked for; it adds what it uses of the others.
pub(super) fn probe(
    top: &mut Section,
    context: &Context<'_>,
    found: &mut FoundDestinations,
) -> Probe {
    top.table("probe", |section| {
        let mut most = |key, most| {
            let number = section.integer(key, 1..=most)?;
            usize::try_from(number).ok() // it is in range
        };
        let defaults = TargetLimits::default();
        let limits = TargetLimits {
            scans: most("max_scans", 1000).unwrap_or(defaults.scans),
            targets: most("max_targets", 100_000).unwrap_or(defaults.targets),
            timeout_offset: section
                .setting("timeout_offset", Section::duration_or_never)
                .map_or(defaults.timeout_offset, Setting::into_value),
        };
        let modules = section.tables("modules", |name, section| {
            named(section, name);
            module(name, section, context, found)
        });
        Probe {
            modules: modules.into_iter().filter_map(|(_, of)| of).collect(),
            limits,
        }
    })
}

/// `[probe.modules.NAME]`: all keys of a destination that say how it is scanned and judged.
fn module(
    name: &str,
    section: &mut Section,
    context: &Context<'_>,
    found: &mut FoundDestinations,
) -> Option<Arc<Module>> {
    found.has_modules = true;
    let of = Of {
        backend: backend(section, context),
        prefix: "",
        has_prefixes: false, // each target may have one
        is_mirror: false,
        may_have_looks: false,
    };
    let buckets = buckets(section);
    let common = found.common(section, context, of);
    let (destination, source) = common?;
    let resolver = found.resolver(&source, format!("module:{name}"));
    Some(Arc::new(Module {
        name: name.into(),
        buckets: buckets?,
        template: Arc::new(Destination {
            resolver,
            probe_interval: None,
            ..destination
        }),
    }))
}

/// Which buckets may be asked for: somebody has to say it.
fn buckets(section: &mut Section) -> Option<BucketPatterns> {
    let example = "expected the names or globs of those that may be asked for, such as [\"backup-*\", \"!backup-old\"]; [\"*\"] is all";
    if !section.has("buckets") {
        section.fault("buckets", format!("is missing: {example}"));
    }
    let given = section.items("buckets")?;
    let mut all_good = true;
    for text in &given {
        let wrong = match glob(&text.value) {
            _ if text.value.trim_start_matches('!').is_empty() => "is empty".to_owned(),
            Err(error) => format!("is no glob: {}", error.kind()),
            Ok(_) => continue,
        };
        section.fault_of(text, format!("is {}, which {wrong}", text.quote()));
        all_good = false;
    }
    let given: Vec<_> = given.into_iter().map(Setting::into_value).collect();
    if all_good && given.iter().all(|text| is_exclusion(text)) {
        let message = match quoted(given.iter().map(String::as_str)) {
            none if none.is_empty() => format!("is empty: {example}"),
            all => format!("is {all}, which allows none: {example}"),
        };
        section.fault("buckets", message);
    }
    match BucketPatterns::new(given) {
        Ok(patterns) => Some(patterns),
        Err(error) if all_good => {
            section.fault("buckets", format!("cannot be used: {}", error.kind()));
            None
        }
        Err(_) => None,
    }
}
