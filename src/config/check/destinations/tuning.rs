//! `[destinations.findings]`: how grave what is found is, and from where on it is found.

use std::time::Duration;

use s3_exporter_config::{Section, Setting};
use s3_exporter_judge::expectation::{Thresholds, Tuning};
use s3_exporter_judge::findings::{FindingKind, Severity};

/// What has gone is remembered no longer: each job takes its place in memory and in the state.
const LONGEST: Duration = Duration::from_secs(90 * 24 * 3600);

/// Of each finding a word, or a table of it and thresholds.
pub(super) fn tuning(section: &mut Section) -> Tuning {
    let off = [("off", None)].into_iter();
    let grave = Severity::ALL.map(|severity| (severity.as_str(), Some(severity)));
    let choices: Vec<_> = off.chain(grave).collect();
    let mut tuning = Tuning::default();
    for &kind in FindingKind::ALL {
        let name = kind.as_str();
        let choice = if section.has_table(name) {
            section.table(name, |section| {
                thresholds(section, kind, &mut tuning.thresholds);
                section.choice("severity", &choices)
            })
        } else {
            section.choice(name, &choices)
        };
        match choice {
            None => {}
            Some(None) => {
                tuning.off.insert(kind);
            }
            Some(Some(severity)) => {
                tuning.severity.insert(kind, severity);
            }
        }
    }
    tuning
}

/// Those that a finding has; each of the others is an unknown key.
fn thresholds(section: &mut Section, kind: FindingKind, to: &mut Thresholds) {
    use FindingKind as Kind;
    let after = |section: &mut Section| section.duration("after");
    match kind {
        Kind::Shrunk => to.shrunk_below = section.percentage("below", 1..=99),
        Kind::Grown => to.grown_above = section.percentage("above", 101..=100_000),
        Kind::Incomplete => to.incomplete_after = after(section),
        Kind::RetentionStuck => to.retention_stuck_after = after(section),
        Kind::MirrorBehind => to.mirror_behind_after = after(section),
        Kind::Missing => to.missing_told_for = told_for(section),
        Kind::Gap => to.gap_told_for = told_for(section),
        Kind::RetentionLow => to.retention_low_told_for = told_for(section),
        Kind::Overdue
        | Kind::Empty
        | Kind::Truncated
        | Kind::ChainBroken
        | Kind::RetentionHigh
        | Kind::Orphaned
        | Kind::Renamed
        | Kind::Clock
        | Kind::Duplicate
        | Kind::Rewritten
        | Kind::Cold => {}
    }
}

fn told_for(section: &mut Section) -> Option<Duration> {
    let given = section.setting("told_for", Section::duration)?;
    if given.value > LONGEST {
        section.fault_of(&given, "is too long: expected at most 90d");
        return None;
    }
    Some(Setting::into_value(given))
}
