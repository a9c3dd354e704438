//! What is wrong with backups, and what is not: each verdict is defined here and nowhere
//! else. The status page, its JSON and the report tell it, and `check --connect` warns of it. The
//! alerts of [`rules`](crate::rules) say the same of the metrics, and a test
//! (`tests/fast/exposition/verdicts.rs`) holds all of them together over generated cases.
//!
//! What is judged is a job: a cluster at a destination, or a destination as a whole where it
//! has no clusters.

use std::time::Duration;

use s3_exporter_api::UnixTime;
use s3_exporter_judge::backups::JobId;
use s3_exporter_judge::findings::{FindingKind, Severity};
use s3_exporter_judge::judge::JudgedJob;
use serde::Serialize;

use crate::destination::{Destination, Expect};
use crate::facts::{Figures, Totals};

mod judged;

pub use judged::{Backup, Backups, Judged};

/// How long after its creation a cluster may be without a backup.
pub const GRACE: Duration = Duration::from_secs(3600);
/// The newest object has shrunk where it is smaller than this part of the median size of the
/// newest ten.
pub const SHRUNK: f64 = 0.1;
/// How long it is remembered that a cluster had backups which are gone. Within this time
/// somebody has heard of it; a cluster that uses another bucket now is not told of for ever.
pub const REMEMBERED: Duration = Duration::from_secs(7 * 24 * 3600);

/// What is wrong with the backups of a job, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// There is none where one is expected: no object that is not empty.
    None,
    /// The newest that is not empty was older than `max_age` when the figures were taken: a
    /// store that cannot be asked makes none late.
    Late,
    /// The newest object is empty, and an older one is not.
    Empty,
    /// The newest object is not empty, and far smaller than its fellows: [`SHRUNK`].
    Shrunk,
}

impl Finding {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::None, Self::Late, Self::Empty, Self::Shrunk];

    /// What the judge of backups calls the same.
    pub const fn kind(self) -> FindingKind {
        match self {
            Self::None => FindingKind::Missing,
            Self::Late => FindingKind::Overdue,
            Self::Empty => FindingKind::Empty,
            Self::Shrunk => FindingKind::Shrunk,
        }
    }

    /// How grave it is, wherever it is told.
    pub const fn severity(self) -> Severity {
        match self {
            Self::None | Self::Late => Severity::Critical,
            Self::Empty | Self::Shrunk => Severity::Warning,
        }
    }

    /// For people: `<words> of <cluster>`.
    pub const fn words(self) -> &'static str {
        match self {
            Self::None => "no backup",
            Self::Late => "late backups",
            Self::Empty => "an empty newest object",
            Self::Shrunk => "a newest object below a tenth of the usual size",
        }
    }
}

/// What is wrong with the backups of a job; several things may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    found: [bool; Finding::ALL.len()],
    /// There is no backup yet, and none is expected so soon after the creation.
    pub is_awaited: bool,
    /// The judge of its backup jobs finds something wrong with one of them: a warning, or worse.
    pub is_judged_wrong: bool,
}

impl Verdict {
    /// Whether this is wrong.
    pub const fn has(self, finding: Finding) -> bool {
        self.found[finding as usize]
    }

    /// What is wrong, the gravest first.
    pub fn findings(self) -> impl Iterator<Item = Finding> {
        let found = move |finding: &Finding| self.has(*finding);
        Finding::ALL.into_iter().filter(found)
    }

    /// What is wrong here or there.
    #[must_use]
    pub fn or(mut self, other: Self) -> Self {
        other.findings().for_each(|finding| self.set(finding));
        self.is_awaited |= other.is_awaited;
        self.is_judged_wrong |= other.is_judged_wrong;
        self
    }

    const fn set(&mut self, finding: Finding) {
        self.found[finding as usize] = true;
    }

    /// Of a job whose objects these are.
    fn of(totals: &Totals, destination: &Destination, figures: &Figures) -> Self {
        let mut verdict = Self::default();
        let Some((newest, _)) = totals.newest else {
            verdict.set(Finding::None);
            return verdict;
        };
        let age = figures.ended.as_seconds() - newest.as_seconds();
        if destination
            .max_age
            .is_some_and(|max_age| age > max_age.as_secs_f64())
        {
            verdict.set(Finding::Late);
        }
        match newest_size_ratio(totals) {
            Some(0.0) => verdict.set(Finding::Empty),
            Some(ratio) if ratio < SHRUNK => verdict.set(Finding::Shrunk),
            _ => {}
        }
        verdict
    }
}

/// The size of the newest object, an empty one included, as a part of the median size of the
/// newest ten; 1 where that median is 0, so that there is nothing to hold it against. `None`
/// where no object is not empty.
pub fn newest_size_ratio(totals: &Totals) -> Option<f64> {
    totals.newest?;
    let (_, size) = totals.recent.newest()?;
    match totals.recent.median_size()? {
        _ if size == 0 => Some(0.0),
        0.0 => Some(1.0),
        median => Some(size as f64 / median),
    }
}

/// Of a cluster with these objects at the destination, at the moment `now`.
pub fn of_cluster(
    destination: &Destination,
    figures: &Figures,
    (cluster, totals): (&str, &Totals),
    created: Option<UnixTime>,
    now: UnixTime,
) -> Verdict {
    let mut verdict = Verdict::of(totals, destination, figures);
    let age = created.map(|created| now.as_seconds() - created.as_seconds());
    if verdict.has(Finding::None) && age.is_some_and(|age| age <= GRACE.as_secs_f64()) {
        verdict = Verdict {
            is_awaited: true,
            ..Verdict::default()
        };
    }
    let first = JobId {
        cluster: cluster.to_owned(),
        job: String::new(),
    };
    let from = figures.judgement.jobs.range(first..);
    let mut jobs = from.take_while(|(id, _)| id.cluster == cluster);
    verdict.is_judged_wrong = jobs.any(|(_, job)| is_wrong(job));
    verdict
}

fn is_wrong(job: &JudgedJob) -> bool {
    job.severity() >= Some(Severity::Warning)
}

/// Of a destination as a whole: where it has no clusters, it is one job. Where those that
/// have objects there are expected and no others, there must be one of them. `None` where
/// every cluster is expected by itself.
pub fn of_destination(destination: &Destination, figures: &Figures) -> Option<Verdict> {
    if destination.resolver.is_none() {
        let mut verdict = Verdict::of(&figures.listed, destination, figures);
        verdict.is_judged_wrong = figures.judgement.jobs.values().any(|job| is_wrong(job));
        return Some(verdict);
    }
    let mut verdict = Verdict::default();
    if is_without_backups(destination, figures)? {
        verdict.set(Finding::None);
    }
    Some(verdict)
}

/// Whether a destination that is judged as a whole has no backup at all where one is
/// expected; `None` where every cluster is expected by itself. Where no cluster is known,
/// none is expected.
pub fn is_without_backups(destination: &Destination, figures: &Figures) -> Option<bool> {
    match (&destination.resolver, destination.expect) {
        (None, _) => Some(figures.listed.newest.is_none()),
        (Some(_), Expect::All) => None,
        (Some(_), Expect::Present) => {
            let mut clusters = figures.clusters.values();
            Some(figures.known > 0 && !clusters.any(|totals| totals.newest.is_some()))
        }
    }
}

/// Whether anything at the destination can be late.
pub const fn is_judged_for_lateness(destination: &Destination) -> bool {
    destination.max_age.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn totals(sizes: &[u64]) -> Totals {
        let mut totals = Totals::NONE;
        for (millis, size) in (0..).zip(sizes) {
            let last_modified = UnixTime::from_millis(millis);
            totals.add(&s3_exporter_api::Object {
                key: b"",
                size: *size,
                last_modified,
                storage_class: s3_exporter_api::StorageClass::STANDARD,
            });
        }
        totals
    }

    #[test]
    fn the_newest_is_held_against_its_fellows() {
        for (sizes, ratio) in [
            (&[][..], None),
            (&[0, 0], None),
            (&[5], Some(1.0)),
            (&[5, 0], Some(0.0)),
            (&[1000, 1000, 1], Some(0.001)),
            (&[1000, 1000, 100], Some(0.1)),
            (&[0, 0, 0, 7], Some(1.0)),
            (&[u64::MAX, u64::MAX, u64::MAX], Some(1.0)),
        ] {
            assert_eq!(newest_size_ratio(&totals(sizes)), ratio, "{sizes:?}");
        }
        // A tenth is not below a tenth, of whatever.
        for size in 1..5000 {
            let ratio = newest_size_ratio(&totals(&[size * 10, size * 10, size])).unwrap();
            assert!(ratio >= SHRUNK, "{size}");
            let ratio = newest_size_ratio(&totals(&[size * 10 + 1, size * 10 + 1, size])).unwrap();
            assert!(ratio < SHRUNK, "{size}");
        }
    }
}
