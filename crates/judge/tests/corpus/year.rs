//! A simulated year: a thousand clusters with mixed tools and rhythms, retention, outages of stores
//! and of the exporter, and on one day in a hundred of each job something that goes wrong. What a
//! listing shows of it is handed to the judge as the fold would hand it, so that millions of
//! backups need no keys.

mod harm;
mod site;

use std::collections::BTreeMap;
use std::fmt::Write;

use s3_exporter_judge::findings::{FindingKind, Severity};
use s3_exporter_judge::judge::Judgement;

use crate::text::{DAY, HOUR, MINUTE};
use harm::{Harm, Harmed};
use site::Site;

/// Monday, 2026-01-05.
const START: i64 = 1_767_571_200_000;
/// Before that nothing goes wrong: rhythms are learned.
const WARM: i64 = 35 * DAY;
const LENGTH: i64 = WARM + 365 * DAY;
const SITES: usize = 50;
const CLUSTERS: usize = 20;
/// The slowest rhythm has one by then.
const FIRST_SCAN: i64 = 8 * DAY;
/// In which nobody scans at all.
const AWAY: [(i64, i64); 3] = [
    (60 * DAY, 62 * DAY),
    (171 * DAY, 172 * DAY),
    (302 * DAY, 305 * DAY),
];

/// What came of a year.
#[derive(Debug, Default)]
pub struct Year {
    pub scan_each: i64,
    pub backups: u64,
    pub judgements: u64,
    /// By what went wrong: how often, found at the first scan at which it can be known, and later.
    pub harms: BTreeMap<Harm, Found>,
    pub late: Vec<String>,
    pub missed: Vec<String>,
    pub false_alarms: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Found {
    pub of: u32,
    pub at_once: u32,
    pub late: u32,
}

/// Plays the year, with a scan each so often.
pub fn year(scan_each: i64) -> Year {
    let mut year = Year {
        scan_each,
        ..Year::default()
    };
    for n in 0..SITES {
        let mut site = Site::new(n);
        let mut open: BTreeMap<(FindingKind, String, String), i64> = BTreeMap::new();
        // Each at another minute.
        let mut now = START + FIRST_SCAN + 11 * MINUTE + n as i64 * 17_000;
        while now < START + LENGTH {
            let at = now - START;
            if !AWAY.iter().any(|(from, to)| (*from..*to).contains(&at)) && !site.is_down(now) {
                site.advance(now);
                let judgement = site.judged(now);
                year.judgements += judgement.jobs.len() as u64;
                year.hold(&mut site, &judgement, now, &mut open);
            }
            now += scan_each;
        }
        year.count(&mut site);
    }
    year
}

impl Year {
    /// What was found at a scan, against what is wrong.
    fn hold(
        &mut self,
        site: &mut Site,
        judgement: &Judgement,
        now: i64,
        open: &mut BTreeMap<(FindingKind, String, String), i64>,
    ) {
        for harmed in site
            .harmed
            .iter_mut()
            .filter(|harmed| harmed.is_looked_for(now))
        {
            let is_found = judgement.jobs.iter().any(|(id, job)| {
                id.cluster == harmed.cluster
                    && job
                        .findings
                        .iter()
                        .any(|finding| harmed.harm.shows(finding.kind))
            });
            harmed.note(is_found, now);
        }
        for (id, job) in &judgement.jobs {
            for finding in job
                .findings
                .iter()
                .filter(|one| one.severity > Severity::Info)
            {
                let of = (finding.kind, id.cluster.clone(), id.job.clone());
                // The same as at the scan before is told once.
                if open
                    .insert(of, now)
                    .is_some_and(|before| now - before < 4 * DAY)
                {
                    continue;
                }
                let since = finding.since.as_millis();
                if !site.explains(&id.cluster, finding.kind, since, now) {
                    self.false_alarms.push(format!(
                        "{} of {} {} at day {:.2}: {}",
                        finding.kind.as_str(),
                        site.name,
                        id.cluster,
                        (now - START) as f64 / DAY as f64,
                        finding.text,
                    ));
                }
            }
        }
    }

    fn count(&mut self, site: &mut Site) {
        self.backups += site.written;
        for harmed in site.harmed.drain(..) {
            // What nobody could look at in time is no example: the year ended, or it was mended.
            let Some(first) = harmed.first_look else {
                continue;
            };
            let found = self.harms.entry(harmed.harm).or_default();
            found.of += 1;
            match harmed.found {
                Some(at) if at <= first => found.at_once += 1,
                Some(at) => {
                    found.late += 1;
                    let hours = (at - first) / HOUR;
                    self.late
                        .push(format!("{}, {hours} h late", told(&site.name, &harmed)));
                }
                None => self.missed.push(told(&site.name, &harmed)),
            }
        }
    }

    /// As Markdown.
    pub fn shown(&self) -> String {
        let clusters = SITES * CLUSTERS;
        let mut out = format!(
            "{clusters} clusters, {} backups, a scan each {} h: {} judgements of a job, {} false alarms.\n\n\
             | what went wrong | times | found by the first scan that can know it | later | never |\n|---|---|---|---|---|\n",
            self.backups,
            self.scan_each / HOUR,
            self.judgements,
            self.false_alarms.len(),
        );
        let mut all = Found::default();
        for (harm, found) in &self.harms {
            let never = found.of - found.at_once - found.late;
            let name = harm.name();
            let _ = writeln!(
                out,
                "| {name} | {} | {} | {} | {never} |",
                found.of, found.at_once, found.late
            );
            all.of += found.of;
            all.at_once += found.at_once;
            all.late += found.late;
        }
        let never = all.of - all.at_once - all.late;
        let _ = writeln!(
            out,
            "| **all** | {} | {} | {} | {never} |",
            all.of, all.at_once, all.late
        );
        out
    }

    /// What is not as it should be, each one, at most so many of a kind.
    pub fn problems(&self) -> Vec<String> {
        let allowed = self.judgements / 100_000;
        let mut problems = Vec::new();
        if self.false_alarms.len() as u64 > allowed {
            problems.push(format!(
                "{} false alarms, of {allowed} allowed",
                self.false_alarms.len()
            ));
        }
        problems.extend(self.false_alarms.iter().map(|one| format!("false: {one}")));
        problems.extend(self.missed.iter().map(|one| format!("never found: {one}")));
        problems.extend(self.late.iter().map(|one| format!("late: {one}")));
        problems
    }

    pub fn is_good(&self) -> bool {
        let few = self.false_alarms.len() as u64 <= self.judgements / 100_000;
        few && self.missed.is_empty() && self.late.is_empty()
    }
}

fn told(site: &str, harmed: &Harmed) -> String {
    let day = |at: i64| (at - START) as f64 / DAY as f64;
    format!(
        "{} of {site} {}, day {:.2} to {:.2}, to be known at {:.2}",
        harmed.harm.name(),
        harmed.cluster,
        day(harmed.from),
        day(harmed.to),
        day(harmed.known),
    )
}
