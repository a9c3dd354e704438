//! What is wrong at a destination: what the judge finds, and what the verdicts on clusters add where
//! no finding says the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use s3_exporter_api::UnixTime;
use s3_exporter_judge::backups::JobId;
use s3_exporter_judge::findings::{FindingKind, Severity};
use s3_exporter_judge::judge::JudgedJob;

use super::rows::Row;
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

/// What is known of a destination's backups.
#[derive(Debug)]
pub struct Found<'a> {
    /// Of which.
    pub of: &'a DestinationSnapshot,
    /// Its clusters, and the jobs of none, by name.
    pub rows: Vec<Row<'a>>,
    /// What is wrong, and what is worth knowing.
    pub problems: Vec<Problem<'a>>,
}

/// The jobs of a cluster.
type Jobs<'a> = Vec<(&'a JobId, &'a JudgedJob)>;

impl<'a> Found<'a> {
    /// Of a destination, at the moment `now`.
    pub fn new(of: &'a DestinationSnapshot, snapshot: &'a Snapshot, now: UnixTime) -> Self {
        let mut found = Self {
            of,
            rows: Vec::new(),
            problems: Vec::new(),
        };
        let Some(figures) = of.figures.as_deref() else {
            return found;
        };
        let names = names(&of.destination, snapshot);
        let mut clusters: BTreeMap<&str, (Option<&Totals>, Jobs<'_>)> = BTreeMap::new();
        for (name, totals) in &*figures.clusters {
            clusters.insert(name, (Some(totals), Vec::new()));
        }
        for (id, job) in &figures.judgement.jobs {
            clusters.entry(&id.cluster).or_default().1.push((id, job));
        }
        let own = clusters
            .remove("")
            .map(|(_, jobs)| jobs)
            .unwrap_or_default();
        found.whole(figures, own, now);
        for (name, (totals, jobs)) in clusters {
            found.cluster(figures, name, totals, &jobs, names, now);
        }
        found
    }

    /// The jobs of no cluster, and the destination as a whole.
    fn whole(&mut self, figures: &'a Figures, jobs: Jobs<'a>, now: UnixTime) {
        let destination = &*self.of.destination;
        let from = self.problems.len();
        for &(id, job) in &jobs {
            let before = self.problems.len();
            self.judged(id, job);
            let told = &self.problems[before..];
            self.rows.push(Row::new(
                destination,
                "",
                Some(&id.job),
                &[(id, job)],
                None,
                told,
            ));
        }
        let Some(verdict) = verdict::of_destination(destination, figures) else {
            return;
        };
        let is_alone = destination.resolver.is_none();
        let totals = is_alone.then_some(&figures.listed);
        let subject = Subject {
            figures,
            cluster: "",
            totals,
            created: None,
            now,
        };
        self.add(verdict, &subject, !jobs.is_empty(), from);
        if is_alone && jobs.is_empty() {
            let told = &self.problems[from..];
            self.rows
                .push(Row::new(destination, "", None, &[], totals, told));
        }
    }

    fn cluster(
        &mut self,
        figures: &'a Figures,
        name: &'a str,
        totals: Option<&'a Totals>,
        jobs: &[(&'a JobId, &'a JudgedJob)],
        names: Option<&Clusters>,
        now: UnixTime,
    ) {
        let destination = &*self.of.destination;
        let from = self.problems.len();
        for &(id, job) in jobs {
            self.judged(id, job);
        }
        let mut is_awaited = false;
        if let Some(totals) = totals {
            let created = names.and_then(|names| names.get(name)?.created);
            let verdict = verdict::of_cluster(destination, figures, totals, created, now);
            is_awaited = verdict.is_awaited;
            let subject = Subject {
                figures,
                cluster: name,
                totals: Some(totals),
                created,
                now,
            };
            self.add(verdict, &subject, !jobs.is_empty(), from);
        }
        let told = &self.problems[from..];
        let row = Row::new(destination, name, None, jobs, totals, told);
        self.rows.push(Row { is_awaited, ..row });
    }

    /// What the judge finds.
    fn judged(&mut self, id: &'a JobId, job: &'a JudgedJob) {
        let destination = &*self.of.destination;
        self.problems
            .extend(job.findings.iter().map(|finding| Problem {
                destination,
                cluster: &id.cluster,
                job: Some(&id.job),
                kind: finding.kind,
                severity: finding.severity,
                since: Some(finding.since),
                why: finding.text.clone(),
                keys: &finding.keys,
            }));
    }

    /// What a verdict says that none of the findings since `from` does. What the sizes of single
    /// objects tell, the judge of backups knows better.
    fn add(&mut self, verdict: Verdict, subject: &Subject<'a>, is_judged: bool, from: usize) {
        for finding in verdict.findings() {
            let kind = kind_of(finding);
            let says_it = |it: &Problem<'_>| it.kind == kind && it.severity > Severity::Info;
            let is_of_sizes = matches!(finding, Finding::Empty | Finding::Shrunk);
            if self.problems[from..].iter().any(says_it) || (is_judged && is_of_sizes) {
                continue;
            }
            let (since, why) = subject.why(finding, &self.of.destination);
            self.problems.push(Problem {
                destination: &self.of.destination,
                cluster: subject.cluster,
                job: None,
                kind,
                severity: match finding {
                    Finding::None => Severity::Critical,
                    Finding::Late | Finding::Empty | Finding::Shrunk => Severity::Warning,
                },
                since,
                why,
                keys: &[],
            });
        }
    }
}

/// The clusters that the destination's resolver knows.
pub fn names<'a>(destination: &Destination, snapshot: &'a Snapshot) -> Option<&'a Clusters> {
    let resolver: &Arc<str> = destination.resolver.as_ref()?;
    let resolution: &Resolution = snapshot.resolvers.get(resolver)?;
    resolution.clusters.as_deref()
}

/// The finding that says the same as a verdict.
const fn kind_of(finding: Finding) -> FindingKind {
    match finding {
        Finding::None => FindingKind::Missing,
        Finding::Late => FindingKind::Overdue,
        Finding::Empty => FindingKind::Empty,
        Finding::Shrunk => FindingKind::Shrunk,
    }
}

/// What a verdict is on.
struct Subject<'a> {
    figures: &'a Figures,
    cluster: &'a str,
    totals: Option<&'a Totals>,
    created: Option<UnixTime>,
    now: UnixTime,
}

impl Subject<'_> {
    /// Since when, and why, in the words of the judge.
    fn why(&self, finding: Finding, destination: &Destination) -> (Option<UnixTime>, String) {
        let newest = self.totals.and_then(|totals| totals.newest);
        let age = |time: UnixTime| Span(self.now.as_seconds() - time.as_seconds());
        match finding {
            Finding::None => self.none(),
            Finding::Late => {
                let (Some((time, _)), Some(max)) = (newest, destination.max_age) else {
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
                let recent = self.totals.map(|totals| &totals.recent);
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

    fn none(&self) -> (Option<UnixTime>, String) {
        let age = |time: UnixTime| Span(self.now.as_seconds() - time.as_seconds());
        let gone = self.figures.gone.get(self.cluster).copied();
        if let Some(seen) = gone {
            let why = format!(
                "nothing is there any more: some were there {} ago",
                age(seen)
            );
            return (Some(seen), why);
        }
        if self.totals.is_none() {
            return (None, "there is no backup of any known cluster".to_owned());
        }
        let what = match self.totals.map_or(0, |totals| totals.objects) {
            0 => "there is no object".to_owned(),
            _ => "all objects are empty".to_owned(),
        };
        match self.created {
            Some(created) => (
                Some(created),
                format!("{what}; the cluster was created {} ago", age(created)),
            ),
            None => (None, what),
        }
    }
}
