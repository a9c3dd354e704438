//! `[layouts.<name>]`: a user's own pattern for keys; and by which layout a destination's are read.

use std::collections::BTreeMap;
use std::sync::Arc;

use s3_exporter_config::{Section, Setting, closest};
use s3_exporter_judge::layouts::{self, LayoutChoice, Pattern, PatternField, PatternSpec};

use super::{named, quoted};
use crate::destination::Destination;

/// How `layout` says that each tool is recognised.
const AUTO: &str = "auto";

/// The layouts of this configuration by name; `None` where one has a fault.
#[derive(Default)]
pub(super) struct OwnLayouts(BTreeMap<String, Option<Arc<Pattern>>>);

/// All of them.
pub(super) fn layouts(top: &mut Section) -> OwnLayouts {
    let patterns = top.tables("layouts", |name, section| {
        named(section, name);
        if name == AUTO || layouts::named(name).is_some() {
            section.fault_here("has the name of a layout that is built in: expected another");
        }
        pattern(section).map(Arc::new)
    });
    OwnLayouts(patterns.into_iter().collect())
}

fn pattern(section: &mut Section) -> Option<Pattern> {
    if !section.has("pattern") {
        section.fault(
            "pattern",
            "is missing: expected a regular expression of whole keys with a group `(?<time>...)`",
        );
    }
    let expression = section.setting("pattern", Section::name);
    let time_format = section.setting("time", Section::name);
    let time_zone = section.setting("timezone", Section::name);
    let text = |given: &'_ Option<Setting<String>>| Some(given.as_ref()?.value.clone());
    let (format, zone) = (text(&time_format), text(&time_zone));
    let spec = PatternSpec {
        expression: &expression?.value,
        time_format: format.as_deref(),
        time_zone: zone.as_deref(),
    };
    let faults = match Pattern::new(&spec) {
        Ok(pattern) => return Some(pattern),
        Err(faults) => faults,
    };
    for fault in faults {
        let key = match fault.field {
            PatternField::Expression => "pattern",
            PatternField::TimeFormat => "time",
            PatternField::TimeZone => "timezone",
        };
        section.fault(key, fault.text);
    }
    None
}

impl OwnLayouts {
    /// By which a destination's keys are read; `None` where nothing of use is said.
    pub(super) fn choice(&self, section: &mut Section) -> Option<LayoutChoice> {
        let given = section.setting("layout", Section::name)?;
        let name = given.value.as_str();
        if name == AUTO {
            return Some(LayoutChoice::Auto);
        }
        if let Some(pattern) = self.0.get(name) {
            return pattern.clone().map(LayoutChoice::Pattern);
        }
        if let Some(layout) = layouts::named(name) {
            return Some(LayoutChoice::One(layout));
        }
        let mut known: Vec<&str> = self.0.keys().map(String::as_str).collect();
        known.push(AUTO);
        for name in layouts::names() {
            known.push(name);
        }
        let rest = match closest(name, known.iter().copied()) {
            Some(meant) => format!("did you mean {meant:?}?"),
            None => format!(
                "expected {}, or a pattern of your own as [layouts.<name>]",
                quoted(known.into_iter())
            ),
        };
        let message = format!("is {}, which is no layout: {rest}", given.quote());
        section.fault_of(&given, message);
        None
    }

    /// Those that none of these uses.
    pub(super) fn unused(&self, destinations: &[&Destination]) -> Vec<&str> {
        let uses = |pattern: &Arc<Pattern>, of: &Destination| match &of.judging.layouts {
            LayoutChoice::Pattern(used) => Arc::ptr_eq(used, pattern),
            _ => false,
        };
        let is_used = |pattern: &Arc<Pattern>| destinations.iter().any(|of| uses(pattern, of));
        let unused =
            |pattern: &Option<_>| pattern.as_ref().is_some_and(|pattern| !is_used(pattern));
        let unused = self.0.iter().filter(|(_, pattern)| unused(pattern));
        unused.map(|(name, _)| name.as_str()).collect()
    }
}
