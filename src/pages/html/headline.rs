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

/// What the verdict says, counted destination by destination.
#[derive(Debug, Default)]
pub struct Counts<'a> {
    failing: usize,
    silent: usize,
    outdated: usize,
    pending: usize,
    unjudged: usize,
    /// What is said first: in each of its places the clusters, and the destinations as a whole. Equal names of
    /// two resolvers are two clusters.
    first: [(BTreeSet<ClusterOf<'a>>, usize); FIRST.len()],
    critical: usize,
    warnings: usize,
}

/// The resolver that names a cluster, and its name.
type ClusterOf<'a> = (Option<&'a str>, &'a str);

impl<'a> Counts<'a> {
    /// Adds a destination.
    pub fn add(&mut self, found: &Found<'a>, now: UnixTime) {
        self.failing += usize::from(is_failing(found.of));
        self.silent += usize::from(is_silent(found.of));
        self.outdated += usize::from(is_outdated(found.of, now));
        self.pending += usize::from(found.of.latest.is_none());
        self.unjudged += usize::from(is_unjudged(found));
        let mut is_whole = [false; FIRST.len()];
        for it in told(found) {
            match FIRST.iter().position(|(kind, _)| *kind == it.kind) {
                Some(at) if it.cluster.is_empty() => is_whole[at] = true,
                Some(at) => {
                    let resolver = it.destination.resolver.as_deref();
                    self.first[at].0.insert((resolver, it.cluster));
                }
                None => {
                    self.critical += usize::from(it.severity == Severity::Critical);
                    self.warnings += usize::from(it.severity == Severity::Warning);
                }
            }
        }
        for ((_, wholes), is_whole) in self.first.iter_mut().zip(is_whole) {
            *wholes += usize::from(is_whole);
        }
    }
}

/// What is wrong there.
fn told<'f, 'a>(found: &'f Found<'a>) -> impl Iterator<Item = &'f Problem<'a>> {
    let problems = found.problems.iter();
    problems.filter(|it| it.severity > Severity::Info)
}

impl Headline {
    /// Of all destinations.
    pub fn new(counts: &Counts<'_>, snapshot: &Snapshot) -> Self {
        if snapshot.part.leads == Some(false) {
            return Self {
                class: "warn",
                text: "This process stands by: another one has the lease, and watches the destinations."
                    .to_owned(),
            };
        }
        let broken = snapshot.resolvers.values();
        let broken = broken.filter(|resolution| !resolution.is_success()).count();
        let mut wrong = vec![
            (counts.failing, "destination", "failing"),
            (counts.silent, "destination", "whose store does not answer"),
            (counts.outdated, "destination", "out of date"),
            (broken, "resolver", "without up-to-date names"),
        ];
        for ((_, how), (clusters, wholes)) in FIRST.iter().zip(&counts.first) {
            wrong.push((clusters.len(), "cluster", *how));
            wrong.push((*wholes, "destination", *how));
        }
        wrong.push((counts.critical, "other critical finding", ""));
        wrong.push((counts.warnings, "other warning", ""));
        wrong.retain(|(count, ..)| *count > 0);
        let (pending, unjudged) = (counts.pending, counts.unjudged);
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
