//! Judges the backups of a destination: after each complete scan, and again when what is expected
//! of them changes, without another listing.

use std::collections::BTreeMap;
use std::sync::Arc;

use s3_exporter_api::UnixTime;
use s3_exporter_judge::backups::JobBackups;
use s3_exporter_judge::expectation::Rules;
use s3_exporter_judge::judge::{Case, Judgement, judge};
use s3_exporter_judge::layouts::LayoutChoice;
use s3_exporter_judge::look;
use s3_exporter_judge::memory::Memory;

use super::Runner;
use super::looks::Looked;
use super::rules::rules;
use crate::beside::{Beside, Found};
use crate::clusters::Clusters;
use crate::destination::{Destination, Expect};
use crate::resolver::ResolverHandle;
use crate::scan::CompleteListing;
use crate::schedules::Schedules;
use crate::state::CompletedScan;

/// The latest judgement, and of what it is: while that is the same, so is the judgement.
#[derive(Debug)]
pub(super) struct Judged {
    of: Circumstances,
    /// Without what is to be remembered: whoever shows it holds it.
    judgement: Arc<Judgement>,
    memory: Arc<Memory>,
}

/// On what a judgement depends.
#[derive(Debug)]
struct Circumstances {
    found: Arc<CompleteListing>,
    clusters: Arc<Clusters>,
    destination: Arc<Destination>,
    schedules: Vec<Option<Arc<Schedules>>>,
    mirrored: Option<Arc<CompleteListing>>,
    /// What lies beside the objects: uploads, where they are listed.
    uploads: Option<Arc<Found>>,
}

impl Judged {
    /// What the next scan is judged by.
    pub fn memory(&self) -> Arc<Memory> {
        Arc::clone(&self.memory)
    }

    /// What holds after a look; `None` where nobody looked for backups.
    fn after(&self, looked: &Looked, sources: &[ResolverHandle]) -> Option<Judgement> {
        let judge = |case: &Case<'_>| look::after(case, &self.judgement, &looked.seen);
        self.of.with_case(&self.memory, looked.at, sources, judge)
    }
}

impl Circumstances {
    fn are(&self, other: &Self) -> bool {
        fn is_same<T>(one: &Option<Arc<T>>, other: &Option<Arc<T>>) -> bool {
            match (one, other) {
                (Some(one), Some(other)) => Arc::ptr_eq(one, other),
                (one, other) => one.is_none() && other.is_none(),
            }
        }
        let mut schedules = self.schedules.iter().zip(&other.schedules);
        Arc::ptr_eq(&self.found, &other.found)
            && (Arc::ptr_eq(&self.clusters, &other.clusters) || self.clusters == other.clusters)
            && Arc::ptr_eq(&self.destination, &other.destination)
            && self.schedules.len() == other.schedules.len()
            && schedules.all(|(one, other)| is_same(one, other))
            && is_same(&self.mirrored, &other.mirrored)
            && is_same(&self.uploads, &other.uploads)
    }
}

impl Runner {
    /// What is thought of the backups of a complete scan, for the clusters that are known now.
    /// Empty where nobody looked for backups.
    pub(super) fn judge(
        &mut self,
        completed: &CompletedScan,
        clusters: &Arc<Clusters>,
    ) -> Arc<Judgement> {
        let now = Circumstances {
            found: Arc::clone(&completed.found),
            clusters: Arc::clone(clusters),
            destination: Arc::clone(&self.scan.destination),
            schedules: self.schedules.iter().map(schedules_of).collect(),
            mirrored: self.mirrored(),
            uploads: self.snapshot.beside.of(Beside::Uploads).latest(),
        };
        let judged = match self.judged.take().filter(|judged| judged.of.are(&now)) {
            Some(judged) => judged,
            None => {
                let judgement = now.judge(completed, &self.schedules);
                let mut judgement = judgement.unwrap_or_default();
                let memory = Arc::new(std::mem::take(&mut judgement.memory));
                Judged {
                    of: now,
                    judgement: Arc::new(judgement),
                    memory,
                }
            }
        };
        let judged = self.judged.insert(judged);
        let by_scan = Arc::clone(&judged.judgement);
        (self.looks).holds(&completed.found, by_scan, |looked| {
            judged.after(looked, &self.schedules)
        })
    }

    /// What the latest complete scan found where all backups should be that are here.
    fn mirrored(&self) -> Option<Arc<CompleteListing>> {
        let mirror_of = self.scan.destination.judging.mirror_of.as_ref()?;
        let published = self.others.as_ref()?.destination(mirror_of)?;
        published.found.clone()
    }
}

fn schedules_of(source: &ResolverHandle) -> Option<Arc<Schedules>> {
    source.resolution.borrow().schedules.clone()
}

impl Circumstances {
    /// `None` where nobody looked for backups.
    fn judge(&self, completed: &CompletedScan, sources: &[ResolverHandle]) -> Option<Judgement> {
        self.with_case(&completed.memory, self.found.as_of, sources, judge)
    }

    /// What is found, and what was remembered before, as a case for the judge at a moment.
    fn with_case<T>(
        &self,
        memory: &Memory,
        now: UnixTime,
        sources: &[ResolverHandle],
        of: impl FnOnce(&Case<'_>) -> T,
    ) -> Option<T> {
        let facts = &self.found.fold;
        let jobs = facts.jobs()?;
        let remembered = memory.jobs.iter().map(|(id, _)| id);
        let known_jobs = jobs.iter().map(|job| &job.id).chain(remembered);
        let rules = rules(&self.destination, sources, known_jobs);
        let mirrored: Option<Vec<JobBackups>> =
            self.mirrored.as_ref().and_then(|of| of.fold.jobs());
        let is_read = self.is_read(&jobs, &rules, memory);
        let named = self.clusters.iter();
        let known: BTreeMap<String, Option<UnixTime>> = named
            .filter(|(name, _)| is_read || !facts.has_backups(name))
            .map(|(name, cluster)| (name.to_string(), cluster.created))
            .collect();
        let uploads = match self.uploads.as_deref() {
            Some(Found::Uploads(uploads)) => &*uploads.kept,
            _ => &[],
        };
        let is_named = self.destination.resolver.is_some();
        Some(of(&Case {
            jobs: &jobs,
            clusters: is_named.then_some(&known),
            all_expected: self.destination.expect == Expect::All,
            rules: &rules,
            memory,
            mirrored: mirrored.as_deref(),
            uploads,
            marker: facts.backups()?.marked(),
            now,
        }))
    }

    /// Whether the keys here tell of backups. Where no layout was asked for, none reads any key or ever
    /// did, and nothing is stated, objects under names of their own are no proof that a cluster has no
    /// backup: only what has none is without.
    fn is_read(&self, jobs: &[JobBackups], rules: &Rules, memory: &Memory) -> bool {
        let mut remembered = memory.jobs.iter();
        self.destination.judging.layouts != LayoutChoice::Auto
            || !rules.stated.is_empty()
            || !jobs.is_empty()
            || remembered.any(|(_, job)| !job.layout.is_empty())
    }
}

#[cfg(test)]
mod tests;
