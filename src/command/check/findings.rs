//! What `check` has to say of the backups themselves: that a store can be reached is not to
//! say that they are there.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use s3_exporter_api::UnixTime;
use s3_exporter_judge::findings::{FindingKind, Severity};

use crate::config::Config;
use crate::log_safe::one_line;
use crate::pages::{DestinationStatus, Status};
use crate::snapshot::Snapshot;
use crate::verdict::{self, Finding};

/// Names that are told of many.
const NAMED: usize = 10;

/// That some destinations are not judged for lateness, where there are such.
pub fn unjudged(config: &Config) -> Option<String> {
    let unjudged = config.destinations.iter();
    let unjudged = unjudged.filter(|of| !verdict::is_judged_for_lateness(of));
    let names: Vec<_> = unjudged.map(|of| &*of.name).collect();
    let (those, there) = match names.len() {
        0 => return None,
        1 => ("destination", "it"),
        _ => ("destinations", "them"),
    };
    Some(format!(
        "{those} {}: not judged for lateness: give {there} a `max_age` \
         (-max-age where flags make the destination), or no backup there is ever late",
        listed(&names, names.len())
    ))
}

/// What is wrong with the backups of each destination, in a line; and with its backup jobs, as the
/// judge finds it, in another.
pub fn found(snapshot: &Snapshot) -> Vec<String> {
    let now = UnixTime::now();
    let status = Status::new(snapshot, true, now, now);
    let destinations = status.destinations.iter();
    let lines = destinations.flat_map(|of| of_destination(of).into_iter().chain(of_jobs(of)));
    lines.collect()
}

/// Warnings and what is critical, the gravest first.
fn of_jobs(of: &DestinationStatus<'_>) -> Option<String> {
    let mut found: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for it in &of.findings {
        let job = match (it.cluster, it.job) {
            ("", "") => of.destination.to_owned(),
            ("", one) | (one, "") => one.to_owned(),
            (cluster, job) => format!("{cluster} {job}"),
        };
        let jobs = found.entry((Reverse(it.severity), it.finding)).or_default();
        jobs.push(one_line(&job).into_owned());
    }
    let of_kind =
        |((severity, finding), jobs): (&(Reverse<Severity>, FindingKind), &Vec<String>)| {
            let names: Vec<_> = jobs.iter().map(String::as_str).collect();
            let names = listed(&names, jobs.len());
            format!("{} {} of {names}", severity.0.as_str(), finding.as_str())
        };
    let found: Vec<_> = found.iter().map(of_kind).collect();
    let more = match of.findings_not_listed {
        0 => String::new(),
        more => format!("; and {more} findings more"),
    };
    let found = found.join("; ");
    (!found.is_empty()).then(|| format!("destination {}: jobs: {found}{more}", of.destination))
}

fn of_destination(of: &DestinationStatus<'_>) -> Option<String> {
    let mut found = Vec::new();
    for finding in Finding::ALL {
        if of.as_a_whole.as_ref().is_some_and(|it| it.has(finding)) {
            let whose = match of.resolver {
                Some(_) => "of any known cluster",
                None => "as a whole",
            };
            found.push(format!("{} {whose}", finding.words()));
        }
        let with = of.clusters.iter().filter(|it| it.judged.has(finding));
        let names: Vec<_> = with.map(|cluster| cluster.cluster).collect();
        let count = of.backups.of(finding);
        if count > 0 {
            found.push(format!("{} of {}", finding.words(), listed(&names, count)));
        }
    }
    (!found.is_empty()).then(|| format!("destination {}: {}", of.destination, found.join("; ")))
}

/// The first of these, of which there are so many.
fn listed(names: &[&str], count: usize) -> String {
    let shown = &names[..names.len().min(NAMED)];
    let more = count - shown.len();
    match more {
        0 => shown.join(", "),
        _ => format!("{} and {more} more", shown.join(", ")),
    }
}
