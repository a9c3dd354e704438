//! Plays a case: scan after scan, what was found against what must be.

use std::collections::BTreeMap;

use s3_exporter_judge::backups::JobId;
use s3_exporter_judge::findings::{FindingKind, Severity};
use s3_exporter_judge::judge::Judgement;

use crate::case::{Case, Expect, Recorded};
use crate::drive::Destination;
use crate::generate::{Truth, script};
use crate::peers::{Peers, Seen};
use crate::store::{Op, Store};
use crate::text::{DAY, HOUR, MINUTE, Read, SECOND};

/// What came of a case.
#[derive(Debug, Default)]
pub struct Played {
    /// What is wrong with the judge, in words; nothing is well.
    pub problems: Vec<String>,
    /// Of each that was expected: what, and whether it was found in time.
    pub recall: Vec<(FindingKind, bool)>,
    /// Findings that nobody asked for: each kind once.
    pub false_alarms: BTreeMap<FindingKind, u32>,
    /// How the others did.
    pub peers: Vec<Seen>,
    pub judgements: u64,
    /// A finding of one job, from when to when.
    pub found: BTreeMap<(FindingKind, String, String), Vec<Span>>,
}

/// From one scan to another, both included; what it said first.
#[derive(Clone, Debug)]
pub struct Span {
    pub from: i64,
    pub to: i64,
    pub severity: Severity,
    pub since: i64,
    pub text: String,
}

/// Plays a case to its end.
pub fn play(case: &Case) -> Read<Played> {
    let (ops, truth) = script(case)?;
    let copies = copied(case, &ops);
    let (site, first) = if case.mirror.is_some() {
        (&copies, Some(&ops))
    } else {
        (&ops, None)
    };
    let mut destination = Destination::of(case)?;
    let mut peers = Peers::of(case)?;
    let (mut store, mut mirrored) = (Store::default(), Store::default());
    let (mut at, mut at_first) = (0, 0);
    let mut played = Played::default();
    let scans = scans(case);
    let mut last: Option<(i64, Judgement)> = None;
    for scan in &scans {
        let now = case.start + scan;
        at = applied(&mut store, site, at, now);
        if let Some(first) = first {
            at_first = applied(&mut mirrored, first, at_first, now);
        }
        let judgement = destination.scan(&store, first.map(|_| &mirrored), now);
        played.note(case, &scans, *scan, &judgement);
        peers.look(&store, *scan, now);
        last = Some((*scan, judgement));
    }
    played.hold(case, &scans);
    if let Some((scan, judgement)) = &last {
        played.hold_newest(case, *scan, judgement, &truth);
    }
    played.peers = peers.seen(case);
    Ok(played)
}

pub fn applied(store: &mut Store, ops: &[Op], from: usize, now: i64) -> usize {
    let due = ops[from..].iter().take_while(|op| op.at <= now);
    let count = due.inspect(|op| store.apply(op)).count();
    from + count
}

/// When scans end, after the start.
pub fn scans(case: &Case) -> Vec<i64> {
    let mut scans = Vec::new();
    for (n, rule) in case.scans.iter().enumerate() {
        let to = case.scans.get(n + 1).map_or(case.length, |next| next.from);
        // Not at the full hour, at which everything happens.
        let (mut at, step) = (rule.from + 7 * SECOND, rule.each);
        while at < to {
            scans.push(at);
            at += step;
        }
    }
    scans.extend(case.recorded.iter().filter_map(|line| match line {
        Recorded::Scan { at } => Some(*at),
        _ => None,
    }));
    scans.sort_unstable();
    scans.dedup();
    scans.retain(|at| {
        !case
            .no_scans
            .iter()
            .any(|(from, to)| (from..to).contains(&at))
    });
    scans
}

/// The second site: what the first one has, later.
pub fn copied(case: &Case, ops: &[Op]) -> Vec<Op> {
    let Some(mirror) = case.mirror else {
        return Vec::new();
    };
    let mut copies: Vec<Op> = (ops.iter())
        .map(|op| {
            let mut copy = op.clone();
            let at = op.at + mirror.lag;
            let is_stopped = (mirror.stops..mirror.resumes).contains(&(at - case.start));
            copy.at = if is_stopped {
                case.start.saturating_add(mirror.resumes)
            } else {
                at
            };
            copy
        })
        .collect();
    copies.sort_by_key(|op| op.at);
    copies
}

impl Played {
    fn note(&mut self, case: &Case, scans: &[i64], scan: i64, judgement: &Judgement) {
        let before = scans.iter().rev().find(|at| **at < scan).copied();
        for (id, job) in &judgement.jobs {
            self.judgements += 1;
            for finding in &job.findings {
                let of = (finding.kind, id.cluster.clone(), id.job.clone());
                let spans = self.found.entry(of).or_default();
                match spans.last_mut().filter(|span| Some(span.to) == before) {
                    Some(span) => {
                        span.to = scan;
                        span.severity = span.severity.max(finding.severity);
                    }
                    None => spans.push(Span {
                        from: scan,
                        to: scan,
                        severity: finding.severity,
                        since: finding.since.as_millis() - case.start,
                        text: finding.text.clone(),
                    }),
                }
            }
        }
    }

    /// All that was found, for whoever writes a case.
    pub fn shown(&self) -> String {
        let mut out = String::new();
        for ((kind, cluster, job), spans) in &self.found {
            for span in spans {
                out += &format!(
                    "{} of {cluster:?} {job:?} from {} to {} ({}): {}\n",
                    kind.as_str(),
                    shown(span.from),
                    shown(span.to),
                    span.severity.as_str(),
                    span.text,
                );
            }
        }
        out
    }

    /// What was found against what must, may and must not be.
    fn hold(&mut self, case: &Case, scans: &[i64]) {
        for expect in &case.expects {
            let problem = missed(expect, &self.found, scans);
            self.recall.push((expect.kind, problem.is_none()));
            self.problems.extend(problem);
        }
        for ((kind, cluster, job), spans) in &self.found {
            let never = case
                .nevers
                .iter()
                .any(|never| never.is_of(*kind, cluster, job));
            for span in spans {
                if span.severity == Severity::Info && !never {
                    continue;
                }
                let allowed = case.expects.iter().chain(&case.mays).any(|expect| {
                    expect.is_of(*kind, cluster, job)
                        && expect.from <= span.from
                        && span.to < expect.gone
                });
                if !allowed {
                    *self.false_alarms.entry(*kind).or_default() += 1;
                    self.problems.push(format!(
                        "found, and must not be: {} of {cluster:?} {job:?} from {} to {} ({}): {}",
                        kind.as_str(),
                        shown(span.from),
                        shown(span.to),
                        span.severity.as_str(),
                        span.text,
                    ));
                }
            }
        }
    }

    /// The newest good backup, and who says what is expected.
    fn hold_newest(&mut self, case: &Case, scan: i64, judgement: &Judgement, truth: &Truth) {
        let told = judgement
            .jobs
            .values()
            .filter_map(|job| job.newest_good)
            .max();
        let told = told.map(|at| at.as_millis() - case.start);
        let is_true = |at: &&i64| **at <= case.start + scan;
        let lag = case.mirror.map_or(0, |mirror| mirror.lag);
        let known = truth.good.iter().map(|at| at + lag);
        let known = known
            .filter(|at| is_true(&at))
            .max()
            .map(|at| at - case.start);
        let is_off = match (told, known) {
            (Some(told), Some(known)) => (told - known).abs() > truth.within,
            (told, known) => told.is_some() != known.is_some(),
        };
        if case.is_newest_checked && case.recorded.is_empty() && is_off {
            let (told, known) = (told.map(shown), known.map(shown));
            self.problems.push(format!(
                "the newest good backup is of {known:?}, said to be of {told:?}"
            ));
        }
        for (JobId { cluster, job }, judged) in &judgement.jobs {
            let source = judged.expected.source.as_str();
            if case.source.as_ref().is_some_and(|wanted| wanted != source) {
                self.problems
                    .push(format!("{cluster:?} {job:?}: expected by {source}"));
            }
        }
    }
}

type Found = BTreeMap<(FindingKind, String, String), Vec<Span>>;

/// Why an expected finding was not found as it should be.
fn missed(expect: &Expect, found: &Found, scans: &[i64]) -> Option<String> {
    let name = expect.kind.as_str();
    let spans = found
        .iter()
        .filter(|((kind, cluster, job), _)| expect.is_of(*kind, cluster, job));
    let mut spans: Vec<&Span> = spans.flat_map(|(_, spans)| spans).collect();
    spans.sort_by_key(|span| span.from);
    let grave = |span: &&&Span| expect.severity.is_none_or(|least| span.severity >= least);
    let in_time = |span: &&&Span| span.to >= expect.from && span.from <= expect.by;
    let Some(first) = spans.iter().filter(in_time).find(grave) else {
        let others: Vec<String> = spans
            .iter()
            .map(|span| {
                format!(
                    "{} to {} ({})",
                    shown(span.from),
                    shown(span.to),
                    span.severity.as_str()
                )
            })
            .collect();
        return Some(format!(
            "missed: {name} between {} and {}; it was found {others:?}",
            shown(expect.from),
            shown(expect.by),
        ));
    };
    let lasting = scans
        .iter()
        .filter(|at| (first.from..=expect.until).contains(*at));
    let mut without =
        lasting.filter(|at| !spans.iter().any(|span| (span.from..=span.to).contains(*at)));
    if let Some(gap) = without.next() {
        return Some(format!(
            "{name}: found at {}, not any more at {}",
            shown(first.from),
            shown(*gap)
        ));
    }
    if let Some(late) = spans
        .iter()
        .find(|span| span.from < expect.gone && span.to >= expect.gone)
    {
        return Some(format!(
            "{name}: it holds still at {}, gone by {}",
            shown(late.to),
            shown(expect.gone)
        ));
    }
    let (since, within) = expect.since?;
    ((first.since - since).abs() > within).then(|| {
        format!(
            "{name}: since {}, said to be since {}",
            shown(since),
            shown(first.since)
        )
    })
}

/// As a case file writes it.
pub fn shown(at: i64) -> String {
    let (day, rest) = (at.div_euclid(DAY), at.rem_euclid(DAY));
    format!("d{day}T{:02}:{:02}", rest / HOUR, rest % HOUR / MINUTE)
}
