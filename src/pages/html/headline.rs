//! The verdict in one sentence.

use std::collections::BTreeSet;

use s3_exporter_api::UnixTime;
use s3_exporter_judge::findings::{FindingKind, Severity};

use super::found::Found;
use crate::pages::DestinationStatus;
use crate::problems::Problem;
use crate::snapshot::{DestinationSnapshot, Snapshot};
use crate::words::Count;

/// What is said of backups before anything else, and how.
const FIRST: [(FindingKind, &str); 4] = [
    (FindingKind::Missing, "without any backup"),
    (FindingKind::Overdue, "with late backups"),
    (FindingKind::Empty, "with an empty newest backup"),
    (FindingKind::Shrunk, "with a newest backup that has shrunk"),
];

/// The verdict.
#[derive(Debug, PartialEq, Eq)]
pub struct Headline {
    /// The class of how it is.
    pub class: &'static str,
    /// The sentence.
    pub text: String,
}

/// Whether the latest scan failed.
pub fn is_failing(of: &DestinationSnapshot) -> bool {
    let latest = of.latest.as_ref();
    latest.is_some_and(|latest| latest.failure.is_some())
}

/// Whether its store does not answer, though no scan has failed yet.
pub fn is_silent(of: &DestinationSnapshot) -> bool {
    !is_failing(of) && of.store_failure().is_some()
}

/// Whether the figures are out of date, though no scan failed.
pub fn is_outdated(of: &DestinationSnapshot, now: UnixTime) -> bool {
    let age = |ended: UnixTime| now.as_seconds() - ended.as_seconds();
    let stale = DestinationStatus::OUTDATED * of.destination.figures_interval().as_secs_f64();
    let figures = of.figures.as_ref();
    !is_failing(of) && figures.is_some_and(|figures| age(figures.ended) > stale)
}

/// Whether nobody knows when any backup of it is due.
fn is_unjudged(found: &Found<'_>) -> bool {
    found.of.destination.max_age.is_none() && !found.rows.iter().any(|row| row.is_judged)
}

impl Headline {
    /// Of all destinations.
    pub fn new(found: &[Found<'_>], snapshot: &Snapshot, now: UnixTime) -> Self {
        if snapshot.part.leads == Some(false) {
            return Self {
                class: "warn",
                text: "This process stands by: another one has the lease, and watches the destinations."
                    .to_owned(),
            };
        }
        let failing = found.iter().filter(|it| is_failing(it.of)).count();
        let outdated = found.iter().filter(|it| is_outdated(it.of, now)).count();
        let pending = found.iter().filter(|it| it.of.latest.is_none()).count();
        let unjudged = found.iter().filter(|it| is_unjudged(it)).count();
        let broken = snapshot.resolvers.values();
        let broken = broken.filter(|resolution| !resolution.is_success()).count();
        let silent = found.iter().filter(|it| is_silent(it.of)).count();
        let mut wrong = vec![
            (failing, "destination", "failing"),
            (silent, "destination", "whose store does not answer"),
            (outdated, "destination", "out of date"),
            (broken, "resolver", "without up-to-date names"),
        ];
        let problems = || found.iter().flat_map(|it| &it.problems);
        let told = || problems().filter(|it| it.severity > Severity::Info);
        for (kind, how) in FIRST {
            let (clusters, wholes) = subjects(told().filter(|it| it.kind == kind));
            wrong.push((clusters, "cluster", how));
            wrong.push((wholes, "destination", how));
        }
        let others = told().filter(|it| !FIRST.iter().any(|(kind, _)| *kind == it.kind));
        let of = |severity| others.clone().filter(|it| it.severity == severity).count();
        wrong.push((of(Severity::Critical), "other critical finding", ""));
        wrong.push((of(Severity::Warning), "other warning", ""));
        wrong.retain(|(count, ..)| *count > 0);
        if wrong.is_empty() {
            return Self::of_none(pending, unjudged);
        }
        wrong.push((pending, "destination", "not yet scanned"));
        wrong.push((unjudged, "destination", "not judged for lateness"));
        let wrong = wrong.into_iter().filter(|(count, ..)| *count > 0);
        let parts: Vec<_> = wrong
            .map(|(count, what, how)| {
                format!("{} {how}", Count(count, what))
                    .trim_end()
                    .to_owned()
            })
            .collect();
        Self {
            class: "bad",
            text: format!("{}.", parts.join(", ")),
        }
    }

    /// Where nothing is known to be wrong. Where nothing can be late, that is not to say that all
    /// is well.
    fn of_none(pending: usize, unjudged: usize) -> Self {
        let mut parts = Vec::new();
        if pending > 0 {
            let waiting = Count(pending, "destination");
            parts.push(format!("Waiting for the first scan of {waiting}."));
        } else if unjudged > 0 {
            parts.push("Nothing is known to be wrong.".to_owned());
        }
        if unjudged > 0 {
            let unjudged = Count(unjudged, "destination");
            parts.push(format!(
                "{unjudged} not judged for lateness: max_age is not set, and no rhythm is known."
            ));
        }
        match parts.is_empty() {
            true => Self {
                class: "good",
                text: "All is well.".to_owned(),
            },
            false => Self {
                class: "warn",
                text: parts.join(" "),
            },
        }
    }

    /// Whether there is nothing to tell of.
    pub fn is_bad(&self) -> bool {
        self.class == "bad"
    }
}

/// Of how many clusters these are, each counted once at however many destinations it is; and of how
/// many destinations, of none of their clusters. Equal names of two resolvers are two clusters.
fn subjects<'p, 'a: 'p>(problems: impl Iterator<Item = &'p Problem<'a>>) -> (usize, usize) {
    let (mut clusters, mut wholes) = (BTreeSet::new(), BTreeSet::new());
    for it in problems {
        match it.cluster {
            "" => wholes.insert(&*it.destination.name),
            cluster => clusters.insert((it.destination.resolver.as_deref(), cluster)),
        };
    }
    (clusters.len(), wholes.len())
}
