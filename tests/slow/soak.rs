//! Everything at once, for a while: 200 destinations on real and on in-process servers, 5,000
//! clusters, faults and changes at random, restarts, and scrapes all the time. Whatever is
//! shown must have been true when the scan that it claims was made.
//!
//! `S3_EXPORTER_SOAK=10m` runs it for so long, `S3_EXPORTER_SOAK_SEED` repeats what happened
//! (in its order; not to the millisecond).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use reqwest::Client;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use director::Director;
use growth::{Growth, Progress, Verdict};
use ledger::{Ledger, differences};
use shown::Shown;
use subject::{Life, MEMORY, PATIENCE, Subject};

mod cable;
mod director;
mod growth;
mod ledger;
mod shown;
mod stage;
mod subject;

/// Without being asked for more.
const SHORT: Duration = Duration::from_secs(30);
/// Between two scrapes.
const SCRAPE: Duration = Duration::from_millis(50);
/// Between two scrapes of which every figure is compared with the truth: a figure stays for
/// seconds.
const VERIFY: Duration = Duration::from_millis(400);
/// Between two random things.
const STEP: Duration = Duration::from_millis(60);
/// Between two looks at the memory.
const LOOK: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn soak() {
    let time = std::env::var("S3_EXPORTER_SOAK");
    let time = time.map_or(SHORT, |text| humantime::parse_duration(&text).unwrap());
    let seed = std::env::var("S3_EXPORTER_SOAK_SEED");
    let seed = seed.map_or_else(|_| fastrand::u64(..), |text| text.parse().unwrap());
    println!("soak: {time:?}, S3_EXPORTER_SOAK_SEED={seed}");
    let report = run(time, seed).await;
    println!("{report}");
    assert!(report.wrong.is_empty(), "S3_EXPORTER_SOAK_SEED={seed}");
    let peak = report.peak;
    assert!(peak < MEMORY, "{peak} bytes at the peak, seed {seed}");
    let [kept, known] = report.kept;
    assert!(kept > 0, "{kept} of {known} kept, seed {seed}");
    let Verdict {
        before,
        after,
        cycles,
        grows,
    } = report.memory;
    assert!(
        !grows,
        "memory grew from {before} to {after} bytes in {cycles} cycles, seed {seed}"
    );
}

struct Report {
    time: Duration,
    scans: u64,
    failed: u64,
    counts: director::Counts,
    figures: u64,
    scrapes: u64,
    slowest: Duration,
    wrong: Vec<String>,
    memory: Verdict,
    levels: Vec<u64>,
    peak: u64,
    descriptors: [usize; 2],
    /// Destinations with figures right after the restarts, and before them.
    kept: [usize; 2],
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mib = |bytes: u64| format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20));
        let counts = &self.counts;
        let [before, after] = self.descriptors;
        let [kept, known] = self.kept;
        for (what, value) in [
            ("time", format!("{:.0} s", self.time.as_secs_f64())),
            ("destinations", stage::DESTINATIONS.to_string()),
            (
                "scans",
                format!("{}, of which {} failed", self.scans, self.failed),
            ),
            ("objects written or deleted", counts.writes.to_string()),
            ("changes of names", counts.names.to_string()),
            ("faults", counts.faults.to_string()),
            ("reloads", counts.reloads.to_string()),
            ("restarts", counts.restarts.to_string()),
            (
                "figures kept over these",
                format!("of {kept} destinations, of {known}"),
            ),
            ("scrapes", self.scrapes.to_string()),
            (
                "slowest scrape",
                format!("{:.0} ms", self.slowest.as_secs_f64() * 1e3),
            ),
            ("sets of figures compared", self.figures.to_string()),
            ("wrong figures", self.wrong.len().to_string()),
            (
                "cycles of everything",
                format!("{}, in which memory was", self.memory.cycles),
            ),
            (
                "",
                self.levels
                    .iter()
                    .copied()
                    .map(mib)
                    .collect::<Vec<_>>()
                    .join(", "),
            ),
            ("memory when it was warm", mib(self.memory.before)),
            ("memory at the end", mib(self.memory.after)),
            ("memory at the peak", mib(self.peak)),
            (
                "open descriptors",
                format!("{before} when it was warm, {after} at the end"),
            ),
        ] {
            writeln!(f, "{what:<28}{value}")?;
        }
        for wrong in self.wrong.iter().take(10) {
            writeln!(f, "WRONG: {wrong}")?;
        }
        Ok(())
    }
}

async fn run(time: Duration, seed: u64) -> Report {
    let (servers, ledger) = stage::build().await;
    let config = stage::config(&servers, &ledger);
    let files = ledger.names.iter().enumerate();
    let files: Vec<_> = files
        .map(|(nth, names)| (format!("names-{nth}"), names.file()))
        .collect();
    let files: Vec<_> = files.iter().map(|(n, text)| (&**n, text.clone())).collect();
    let mut subject = Subject::start(&config, &files).await;
    let ledger = Arc::new(Mutex::new(ledger));
    let mut director = Director::new(servers, Arc::clone(&ledger), seed);
    let watch = Watch::start(&subject, Arc::clone(&ledger));

    let started = Instant::now();
    let mut plan = Plan::new(time);
    let mut seen = Seen::default();
    let mut sampled = started;
    let mut growth = None;
    let mut descriptors = [0; 2];
    let memory = loop {
        director.step(&mut subject).await;
        if let Some(signal) = plan.restart(started.elapsed()) {
            seen.life_ends(&subject).await;
            subject.end(signal).await;
            director.repair(&subject);
            subject.resume().await;
            seen.kept += with_figures(&shown::read(&subject.scrape().await));
            director.counts.restarts += 1;
        }
        if sampled.elapsed() > LOOK {
            sampled = Instant::now();
            subject.check();
            // Memory is compared within one life.
            if plan.is_done() {
                let scans = shown::read(&subject.scrape().await);
                let scans = scans.values().map(|shown| shown.scans).sum();
                let now = Progress::new(&director.counts, scans);
                let growth = growth.get_or_insert_with(|| Growth::new(time * 3 / 10, now));
                descriptors[usize::from(growth.is_warm())] = subject.descriptors();
                let cycles = growth.levels.len();
                let verdict = growth.sample(subject.memory(), now, started.elapsed());
                if growth.levels.len() > cycles {
                    println!("{:.0} s: {growth}", started.elapsed().as_secs_f64());
                }
                if let Some(verdict) = verdict.filter(|_| started.elapsed() >= time) {
                    break verdict;
                }
            }
        }
        tokio::time::sleep(STEP).await;
    };

    director.heal_all().await;
    director.settle_names(&subject);
    director.settle_configuration(&mut subject);
    let kept = [seen.kept, seen.known];
    let wrong_at_the_end = compare_with_the_truth(&mut subject, &ledger).await;
    seen.life_ends(&subject).await;
    let mut watched = watch.end().await;
    watched.wrong.extend(wrong_at_the_end);
    Report {
        time: started.elapsed(),
        scans: seen.scans,
        failed: seen.failed,
        counts: director.counts,
        figures: watched.figures,
        scrapes: watched.scrapes,
        slowest: watched.slowest,
        wrong: watched.wrong,
        memory,
        levels: growth.map_or(Vec::new(), |growth| growth.levels),
        peak: subject.peak().max(seen.peak),
        kept,
        descriptors,
    }
}

/// Restarts, all in the first two fifths of the time.
struct Plan(Vec<(Duration, &'static str)>);

impl Plan {
    fn new(time: Duration) -> Self {
        let restarts = (time.as_secs() / 60).clamp(2, 10);
        let at = |nth: u64| {
            let at = time * 2 / 5 * u32::try_from(nth).unwrap() / u32::try_from(restarts).unwrap();
            (at, ["KILL", "TERM"][nth as usize % 2])
        };
        Self((1..=restarts).rev().map(at).collect())
    }

    fn restart(&mut self, elapsed: Duration) -> Option<&'static str> {
        let (_, signal) = self.0.pop_if(|(at, _)| *at <= elapsed)?;
        Some(signal)
    }

    fn is_done(&self) -> bool {
        self.0.is_empty()
    }
}

/// Sums over its lives.
#[derive(Default)]
struct Seen {
    scans: u64,
    failed: u64,
    peak: u64,
    /// Destinations with figures before a restart, and at the first scrape after it.
    known: usize,
    kept: usize,
}

fn with_figures(all: &BTreeMap<String, Shown>) -> usize {
    all.values()
        .filter(|shown| !shown.figures.is_empty())
        .count()
}

impl Seen {
    async fn life_ends(&mut self, subject: &Subject) {
        self.peak = self.peak.max(subject.peak());
        let all = shown::read(&subject.scrape().await);
        self.known += with_figures(&all);
        for shown in all.values() {
            self.scans += shown.scans;
            self.failed += shown.failures;
            assert_eq!(shown.internal, 0, "a fault of ours");
        }
    }
}

/// Once all is quiet, every figure is exact.
async fn compare_with_the_truth(subject: &mut Subject, ledger: &Mutex<Ledger>) -> Vec<String> {
    let quiet = ledger::now();
    let (mut least, mut better) = (usize::MAX, Instant::now());
    loop {
        let all = shown::read(&subject.scrape().await);
        let (waiting, mut wrong) = differing(&all, &ledger.lock().unwrap(), quiet);
        let left = waiting.len() + wrong.len();
        if left == 0 {
            return wrong;
        }
        if left < least {
            (least, better) = (left, Instant::now());
        }
        // A busy machine takes long for all of them, but one after another gets there.
        if better.elapsed() > PATIENCE * 2 {
            wrong.push(format!("these have not healed: {}", waiting.join(", ")));
            return wrong;
        }
        subject.check();
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// The destinations that have not been scanned since all is quiet, and what is not the truth.
fn differing(
    all: &BTreeMap<String, Shown>,
    ledger: &Ledger,
    quiet: i64,
) -> (Vec<String>, Vec<String>) {
    let (mut waiting, mut wrong) = (Vec::new(), Vec::new());
    for (name, bucket) in &ledger.buckets {
        let Some(shown) = all.get(name) else {
            waiting.push(format!("{name} is not there"));
            continue;
        };
        let fresh = shown.last_success - shown.duration > quiet && shown.success == Some(true);
        if !fresh {
            let kind = shown.failing.as_deref().unwrap_or("none");
            waiting.push(format!("{name} ({} scans, failing: {kind})", shown.scans));
        }
        let right = bucket.truth(&ledger.names[bucket.resolver]);
        let figures = bucket.without_gone(&shown.figures);
        if figures != right || shown.omitted != 0 {
            wrong.push(format!(
                "{name} at the end: {}",
                differences(&figures, &right)
            ));
        }
    }
    (waiting, wrong)
}

/// What was seen while scraping.
#[derive(Default)]
struct Watched {
    figures: u64,
    scrapes: u64,
    slowest: Duration,
    wrong: Vec<String>,
}

struct Watch {
    seen: Arc<Mutex<Watched>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Watch {
    fn start(subject: &Subject, ledger: Arc<Mutex<Ledger>>) -> Self {
        let seen = Arc::new(Mutex::new(Watched::default()));
        let scraping = scrape(subject.url(), subject.life.clone(), Arc::clone(&seen));
        let verifying = verify(
            subject.url(),
            subject.life.clone(),
            ledger,
            Arc::clone(&seen),
        );
        let tasks = vec![tokio::spawn(scraping), tokio::spawn(verifying)];
        Self { seen, tasks }
    }

    async fn end(self) -> Watched {
        for task in &self.tasks {
            assert!(!task.is_finished(), "a watch ended too early");
            task.abort();
        }
        for task in self.tasks {
            let _ = task.await; // it was aborted
        }
        std::mem::take(&mut *self.seen.lock().unwrap())
    }
}

/// A scrape.
struct Scrape {
    text: String,
    took: Duration,
    /// Of which life of the exporter.
    life: u64,
}

/// A scrape, unless the exporter was restarted meanwhile.
async fn one(client: &Client, url: &str, life: &Life) -> Option<Result<Scrape, String>> {
    let now = life.now();
    if !life.is_up() {
        return None;
    }
    let started = Instant::now();
    let text = async {
        let answer = client.get(url).send().await?.error_for_status()?;
        answer.text().await
    };
    let text = text.await;
    let took = started.elapsed();
    if life.now() != now {
        return None;
    }
    let life = now;
    Some(
        text.map(|text| Scrape { text, took, life })
            .map_err(|error| format!("{error:?}")),
    )
}

fn client() -> Client {
    Client::builder()
        .no_proxy()
        .timeout(PATIENCE)
        .build()
        .unwrap()
}

/// 20 a second.
async fn scrape(url: String, life: Life, seen: Arc<Mutex<Watched>>) {
    let client = client();
    let mut ticks = tokio::time::interval(SCRAPE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(answer) = one(&client, &url, &life).await else {
            continue;
        };
        let mut seen = seen.lock().unwrap();
        seen.scrapes += 1;
        match answer {
            Ok(scrape) => seen.slowest = seen.slowest.max(scrape.took),
            Err(error) => seen.wrong.push(format!("no scrape: {error}")),
        }
    }
}

/// Compares what is shown with what was true.
async fn verify(url: String, life: Life, ledger: Arc<Mutex<Ledger>>, seen: Arc<Mutex<Watched>>) {
    let client = client();
    let mut verifier = Verifier::default();
    loop {
        tokio::time::sleep(VERIFY).await;
        match one(&client, &url, &life).await {
            Some(Ok(scrape)) => {
                let mut wrong = Vec::new();
                let all = shown::read(&scrape.text);
                let figures = verifier.check(all, &ledger.lock().unwrap(), scrape.life, &mut wrong);
                let mut seen = seen.lock().unwrap();
                seen.figures += figures;
                seen.wrong.extend(wrong);
            }
            Some(Err(error)) => seen.lock().unwrap().wrong.push(error),
            None => {}
        }
    }
}

#[derive(Default)]
struct Verifier {
    before: BTreeMap<String, Shown>,
    life: u64,
    /// Of each destination, the end of a scan and when that began.
    began: BTreeMap<String, (i64, i64)>,
}

impl Verifier {
    fn check(
        &mut self,
        all: BTreeMap<String, Shown>,
        ledger: &Ledger,
        life: u64,
        wrong: &mut Vec<String>,
    ) -> u64 {
        let restarted = std::mem::replace(&mut self.life, life) != life;
        let mut compared = 0;
        for (name, bucket) in &ledger.buckets {
            let Some(shown) = all.get(name) else {
                if !ledger.may_lack(name) {
                    wrong.push(format!("{name} is not there"));
                }
                continue;
            };
            let before = self.before.get(name);
            if let Some(before) = before.filter(|_| !restarted)
                && before.last_success > shown.last_success
            {
                wrong.push(format!("{name}: the latest success went back"));
            }
            if (shown.last_success == 0) != shown.figures.is_empty() {
                wrong.push(format!(
                    "{name}: figures without a success, or none with one"
                ));
            }
            let same = before.is_some_and(|before| {
                before.figures == shown.figures && before.last_success == shown.last_success
            });
            if shown.figures.is_empty() || same {
                continue;
            }
            compared += 1;
            let ended = shown.last_success;
            if shown.success == Some(true) {
                let began = (ended, ended - shown.duration);
                self.began.insert(name.clone(), began);
            }
            let began = match self.began.get(name) {
                Some((of, began)) if *of == ended => *began,
                _ => ended - stage::TIMEOUT,
            };
            // A millisecond each way, for what is rounded.
            let names = &ledger.names[bucket.resolver];
            if let Some(fault) = bucket.fault(names, &shown.figures, began - 2, ended + 2) {
                wrong.push(format!("{name} of the scan {began}..{ended}: {fault}"));
            }
        }
        self.before = all;
        compared
    }
}
