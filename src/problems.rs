//! What is wrong at a destination: what the judge finds, and what the verdicts on clusters add where
//! no finding says the same. The page and the report tell it.

use std::collections::BTreeMap;
use std::sync::Arc;

use s3_exporter_api::UnixTime;
use s3_exporter_judge::backups::JobId;
use s3_exporter_judge::findings::{FindingKind, Severity};
use s3_exporter_judge::judge::JudgedJob;

use crate::clusters::Clusters;
use crate::destination::Destination;
use crate::facts::{Figures, Totals};
use crate::resolver::Resolution;
use crate::snapshot::{DestinationSnapshot, Snapshot};
use crate::verdict::{self, Finding, Verdict};
use crate::words::{ByteSize, Span};

/// Something that is wrong.
#[derive(Clone, Debug)]
pub struct Problem<'a> {
    /// At which destination.
    pub destination: &'a Destination,
    /// With which cluster; empty where it is with none.
    pub cluster: &'a str,
    /// With which job, as far as it is with one alone.
    pub job: Option<&'a str>,
    /// What.
    pub kind: FindingKind,
    /// How grave.
    pub severity: Severity,
    /// Since when, where that is known.
    pub since: Option<UnixTime>,
    /// In one sentence, with its numbers.
    pub why: String,
    /// Keys that show it.
    pub keys: &'a [String],
}

/// Whose backups are judged: a cluster's, those of a job of none, or a destination's as a whole.
#[derive(Debug)]
pub struct Subject<'a> {
    /// Of which cluster; empty where it is of none.
    pub cluster: &'a str,
    /// Of which job, where it is of no cluster; `None` for a cluster, and for a destination as a whole.
    pub job: Option<&'a str>,
    /// Its jobs.
    pub jobs: Vec<(&'a JobId, &'a JudgedJob)>,
    /// Its objects, where they are its alone.
    pub totals: Option<&'a Totals>,
    /// Whether it has no backup yet, and none is expected so soon.
    pub is_awaited: bool,
    /// What is wrong, and what is worth knowing.
    pub problems: Vec<Problem<'a>>,
}

/// All that are judged at a destination, at the moment `now`: by name, those of no cluster first. What
/// is wrong with a destination as a whole is beside its jobs, without objects. Empty before the first
/// complete scan.
pub fn subjects<'a>(
    of: &'a DestinationSnapshot,
    snapshot: &'a Snapshot,
    now: UnixTime,
) -> Vec<Subject<'a>> {
    let Some(figures) = of.figures.as_deref() else {
        return Vec::new();
    };
    let mut clusters: BTreeMap<&str, (Option<&Totals>, Jobs<'_>)> = BTreeMap::new();
    for (name, totals) in &*figures.clusters {
        clusters.insert(name, (Some(totals), Vec::new()));
    }
    for (id, job) in &figures.judgement.jobs {
        clusters.entry(&id.cluster).or_default().1.push((id, job));
    }
    let own = clusters.remove("").map(|(_, jobs)| jobs);
    let judging = Judging {
        destination: &of.destination,
        figures,
        names: names(&of.destination, snapshot),
        now,
    };
    let mut subjects = judging.whole(own.unwrap_or_default());
    let clusters = clusters.into_iter();
    subjects.extend(clusters.map(|(name, (totals, jobs))| judging.cluster(name, totals, jobs)));
    subjects
}

/// The jobs of a cluster.
type Jobs<'a> = Vec<(&'a JobId, &'a JudgedJob)>;

/// A destination that is judged.
struct Judging<'a> {
    destination: &'a Destination,
    figures: &'a Figures,
    names: Option<&'a Clusters>,
    now: UnixTime,
}

impl<'a> Judging<'a> {
    /// The jobs of no cluster, and the destination as a whole.
    fn whole(&self, jobs: Jobs<'a>) -> Vec<Subject<'a>> {
        let mut subjects: Vec<_> = jobs
            .iter()
            .map(|&(id, job)| Subject {
                cluster: "",
                job: Some(&id.job),
                jobs: vec![(id, job)],
                totals: None,
                is_awaited: false,
                problems: self.judged(id, job).collect(),
            })
            .collect();
        let Some(verdict) = verdict::of_destination(self.destination, self.figures) else {
            return subjects;
        };
        let is_alone = self.destination.resolver.is_none();
        let objects = Objects {
            cluster: "",
            totals: is_alone.then_some(&self.figures.listed),
            created: None,
        };
        let is_judged = !self.figures.judgement.jobs.is_empty();
        let told = subjects.iter().flat_map(|it| &it.problems);
        let problems = self.add(verdict, &objects, is_judged, told);
        let totals = objects.totals.filter(|_| jobs.is_empty());
        if totals.is_some() || !problems.is_empty() {
            subjects.push(Subject {
                cluster: "",
                job: None,
                jobs: Vec::new(),
                totals,
                is_awaited: false,
                problems,
            });
        }
        subjects
    }

    fn cluster(&self, name: &'a str, totals: Option<&'a Totals>, jobs: Jobs<'a>) -> Subject<'a> {
        let judged = jobs.iter().flat_map(|&(id, job)| self.judged(id, job));
        let mut problems: Vec<_> = judged.collect();
        let mut is_awaited = false;
        if let Some(totals) = totals {
            let created = self.names.and_then(|names| names.get(name)?.created);
            let verdict = verdict::of_cluster(
                self.destination,
                self.figures,
                (name, totals),
                created,
                self.now,
            );
            is_awaited = verdict.is_awaited;
            let objects = Objects {
                cluster: name,
                totals: Some(totals),
                created,
            };
            let added = self.add(verdict, &objects, !jobs.is_empty(), problems.iter());
            problems.extend(added);
        }
        Subject {
            cluster: name,
            job: None,
            jobs,
            totals,
            is_awaited,
            problems,
        }
    }

    /// What the judge finds.
    fn judged(&self, id: &'a JobId, job: &'a JudgedJob) -> impl Iterator<Item = Problem<'a>> {
        let destination = self.destination;
        job.findings.iter().map(move |finding| Problem {
            destination,
            cluster: &id.cluster,
            job: Some(&id.job),
            kind: finding.kind,
            severity: finding.severity,
            since: Some(finding.since),
            why: finding.text.clone(),
            keys: &finding.keys,
        })
    }

    /// What a verdict says that nothing that is told does. What the sizes of single objects tell, the
    /// judge of backups knows better.
    fn add<'t>(
        &self,
        verdict: Verdict,
        objects: &Objects<'a>,
        is_judged: bool,
        told: impl Iterator<Item = &'t Problem<'a>> + Clone,
    ) -> Vec<Problem<'a>>
    where
        'a: 't,
    {
        let is_known = |finding: &Finding| {
            let kind = finding.kind();
            let is_of_sizes = matches!(finding, Finding::Empty | Finding::Shrunk);
            let says_it = |it: &Problem<'_>| it.kind == kind && it.severity > Severity::Info;
            is_judged && is_of_sizes || told.clone().any(says_it)
        };
        let problem = |finding: Finding| {
            let (since, why) = self.why(finding, objects);
            Problem {
                destination: self.destination,
                cluster: objects.cluster,
                job: None,
                kind: finding.kind(),
                severity: finding.severity(),
                since,
                why,
                keys: &[],
            }
        };
        let new = verdict.findings().filter(|finding| !is_known(finding));
        new.map(problem).collect()
    }

    /// Since when, and why, in the words of the judge.
    fn why(&self, finding: Finding, objects: &Objects<'_>) -> (Option<UnixTime>, String) {
        let newest = objects.totals.and_then(|totals| totals.newest);
        let age = |time: UnixTime| Span(self.now.as_seconds() - time.as_seconds());
        match finding {
            Finding::None => self.none(objects),
            Finding::Late => {
                let (Some((time, _)), Some(max)) = (newest, self.destination.max_age) else {
                    return (None, String::new());
                };
                let late = time.as_millis().saturating_add(max.as_millis() as i64);
                let max = Span(max.as_secs_f64());
                let why = format!(
                    "the newest object is {} old, and max_age is {max}",
                    age(time)
                );
                (Some(UnixTime::from_millis(late)), why)
            }
            Finding::Empty => (None, "the newest object is empty".to_owned()),
            Finding::Shrunk => {
                let recent = objects.totals.map(|totals| &totals.recent);
                let size = recent.and_then(|recent| Some(recent.newest()?.1));
                let usual = recent.and_then(crate::facts::Recent::median_size);
                let why = format!(
                    "the newest object has {}, less than a tenth of the usual {}",
                    ByteSize(size.unwrap_or(0)),
                    ByteSize(usual.unwrap_or(0.0) as u64),
                );
                (None, why)
            }
        }
    }

    fn none(&self, objects: &Objects<'_>) -> (Option<UnixTime>, String) {
        let age = |time: UnixTime| Span(self.now.as_seconds() - time.as_seconds());
        let gone = self.figures.gone.get(objects.cluster).copied();
        if let Some(seen) = gone {
            let why = format!(
                "nothing is there any more: some were there {} ago",
                age(seen)
            );
            return (Some(seen), why);
        }
        if objects.totals.is_none() {
            return (None, "there is no backup of any known cluster".to_owned());
        }
        let what = match objects.totals.map_or(0, |totals| totals.objects) {
            0 => "there is no object".to_owned(),
            _ => "all objects are empty".to_owned(),
        };
        match objects.created {
            Some(created) => (
                Some(created),
                format!("{what}; the cluster was created {} ago", age(created)),
            ),
            None => (None, what),
        }
    }
}

/// The clusters that the destination's resolver knows.
pub fn names<'a>(destination: &Destination, snapshot: &'a Snapshot) -> Option<&'a Clusters> {
    let resolver: &Arc<str> = destination.resolver.as_ref()?;
    let resolution: &Resolution = snapshot.resolvers.get(resolver)?;
    resolution.clusters.as_deref()
}

/// What a verdict is on.
struct Objects<'a> {
    cluster: &'a str,
    totals: Option<&'a Totals>,
    created: Option<UnixTime>,
}
