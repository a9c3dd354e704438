//! What is thought of a listing, and what must be thought of it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use s3_exporter_api::{Object, StorageClass, UnixTime};
use s3_exporter_judge::backups::{BackupFold, BackupLane, Limits};
use s3_exporter_judge::expectation::{Rhythm, Rules, Selector, Source, Stated, Statement};
use s3_exporter_judge::findings::{Finding, Severity};
use s3_exporter_judge::judge::{Case, JudgedJob, Judgement, judge};
use s3_exporter_judge::layouts::LayoutChoice;
use s3_exporter_judge::memory::Memory;
use serde_json::Value;

use super::story::{Listed, Run, Story};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// What must be thought of the one job in a bucket, after a step of its story.
#[derive(Debug)]
pub struct Expected<'a> {
    /// What happened.
    pub step: &'a str,
    /// The run that made the newest good backup, if any did.
    pub good: Option<&'a Run>,
    /// What is wrong, of warning and above, at once.
    pub now: &'a [&'a str],
    /// What is wrong a day later, where a backup is expected each day: not that the next is late.
    pub in_a_day: &'a [&'a str],
}

/// What is thought of the one job in a bucket.
#[derive(Debug)]
struct Verdict {
    newest_good: Option<UnixTime>,
    /// Of warning and above, with their sentences.
    findings: BTreeMap<String, String>,
}

/// Who looks after each step, and remembers what was there.
#[derive(Default)]
pub struct Watcher {
    memory: Memory,
    /// What was wrong, so that one run of a story shows all of it.
    faults: Vec<String>,
}

impl Watcher {
    /// Looks at the bucket after a step: by the program, which sees it for the first time each time,
    /// and as [`Self::remember`].
    pub async fn expect(&mut self, story: &Story, expected: Expected<'_>) {
        let report = story.report().await;
        self.reported("reported", &report, &expected);
        self.remember(story, expected).await;
    }

    /// The same for what nobody can tell who sees the bucket for the first time: the program is asked
    /// that has served before.
    pub async fn expect_remembering(&mut self, story: &Story, expected: Expected<'_>) {
        let report = story.report_remembering().await;
        self.reported("reported, remembering", &report, &expected);
        self.remember(story, expected).await;
    }

    fn reported(&mut self, when: &str, report: &Value, expected: &Expected<'_>) {
        let fault = expected.fault(when, Verdict::reported(report), expected.now);
        self.faults.extend(fault);
    }

    /// Looks at the bucket after a step with what was seen before in mind, and as it would be in a
    /// day and in three if nothing else happened.
    async fn remember(&mut self, story: &Story, expected: Expected<'_>) {
        let listed = story.list().await;
        let now = UnixTime::now();
        let of = |rules: &Rules, later| judgement(&listed, rules, &self.memory, after(now, later));
        let seen = of(&Rules::default(), Duration::ZERO);
        let late = match expected.good {
            Some(_) => "overdue",
            None => "missing",
        };
        let late = [expected.in_a_day, &[late]].concat();
        let moments = [
            ("judged", &seen, expected.now),
            ("in a day", &of(&daily(), DAY), expected.in_a_day),
            ("in three days", &of(&daily(), 3 * DAY), &late),
        ];
        for (when, judgement, findings) in moments {
            let fault = expected.fault(when, Verdict::of(judgement), findings);
            let listed = || format!("{listed:#?} at {now:?}");
            self.faults
                .extend(fault.map(|fault| format!("{fault}\n  of {}", listed())));
        }
        self.memory = seen.memory;
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert!(self.faults.is_empty(), "{}", self.faults.join("\n"));
        }
    }
}

impl<'a> Expected<'a> {
    /// Nothing is wrong, and the newest good backup is of this run.
    pub fn well(step: &'a str, good: &'a Run) -> Self {
        Self {
            step,
            good: Some(good),
            now: &[],
            in_a_day: &[],
        }
    }

    /// What is wrong with a verdict on the jobs, if anything is.
    fn fault(&self, when: &str, verdicts: Vec<Verdict>, findings: &[&str]) -> Option<String> {
        let fits = |verdict: &Verdict| {
            let names = verdict.findings.keys().map(String::as_str);
            let is_of = match (self.good, verdict.newest_good) {
                (Some(run), Some(time)) => second(run.begun) <= time && time <= run.ended,
                (good, time) => good.is_none() && time.is_none(),
            };
            is_of && names.eq(findings.iter().copied().collect::<BTreeSet<_>>())
        };
        let is_right = verdicts.len() == 1 && verdicts.iter().all(fits);
        let (step, expected) = (self.step, (self.good, findings));
        let what = format!("after {step}, {when}: {verdicts:#?}, not {expected:?}");
        (!is_right).then_some(what)
    }
}

impl Verdict {
    /// By job.
    fn of(judgement: &Judgement) -> Vec<Self> {
        let of = |job: &JudgedJob| {
            let grave = job.findings.iter();
            let grave = grave.filter(|finding| finding.severity >= Severity::Warning);
            let text = |finding: &Finding| (finding.kind.as_str().to_owned(), finding.text.clone());
            Self {
                newest_good: job.newest_good,
                findings: grave.map(text).collect(),
            }
        };
        judgement.jobs.values().map(|job| of(job)).collect()
    }

    /// From what the program reports as JSON.
    fn reported(report: &Value) -> Vec<Self> {
        let destination = &report["destinations"][0];
        let of = |job: &Value| {
            let is_of = |finding: &&Value| {
                let is_of_job = ["cluster", "job"].map(|name| finding[name] == job[name]);
                is_of_job == [true; 2] && finding["severity"] != "info"
            };
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let findings = destination["findings"].as_array().unwrap().iter();
            let findings = findings.filter(is_of);
            Self {
                newest_good: job["newest_good"].as_str().map(|time| {
                    let time: jiff::Timestamp = time.parse().unwrap();
                    UnixTime::from_millis(time.as_millisecond())
                }),
                findings: findings
                    .map(|finding| (text(&finding["finding"]), text(&finding["text"])))
                    .collect(),
            }
        };
        destination["jobs"]
            .as_array()
            .unwrap()
            .iter()
            .map(of)
            .collect()
    }
}

/// That a backup is made each day, whatever the job.
fn daily() -> Rules {
    let stated = Stated {
        rhythm: Some(Rhythm::Every(DAY)),
        ..Stated::default()
    };
    let statement = Statement {
        of: Selector::default(),
        source: Source::Configuration,
        stated,
        must_exist: false,
    };
    Rules {
        stated: vec![statement],
        ..Rules::default()
    }
}

/// The beginning of its second: a report tells no more of a time.
fn second(time: UnixTime) -> UnixTime {
    UnixTime::from_millis(time.as_millis() / 1000 * 1000)
}

fn after(time: UnixTime, by: Duration) -> UnixTime {
    UnixTime::from_millis(time.as_millis() + i64::try_from(by.as_millis()).unwrap())
}

fn judgement(listed: &[Listed], rules: &Rules, memory: &Memory, now: UnixTime) -> Judgement {
    let mut fold = BackupFold::new(LayoutChoice::Auto, Limits::DEFAULT);
    let mut lane = BackupLane::default();
    for object in listed {
        let object = Object {
            key: object.key.as_bytes(),
            size: object.size,
            last_modified: object.last_modified,
            storage_class: StorageClass::STANDARD,
        };
        fold.add(&mut lane, &object, 0, None);
    }
    judge(&Case {
        jobs: &fold.jobs(|_| ""),
        clusters: None,
        all_expected: false,
        rules,
        memory,
        mirrored: None,
        uploads: &[],
        marker: None,
        now,
    })
}
