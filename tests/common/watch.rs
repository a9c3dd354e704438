//! Scrapes a running exporter all the time and checks what must hold at every moment.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch::Sender;
use tokio::task::JoinHandle;

use super::truth::{Figures, label};
use super::{Exporter, Metrics};

/// Between two scrapes, where nothing else is said.
const PAUSE: Duration = Duration::from_millis(20);
/// How long anything may take that is waited for.
const PATIENCE: Duration = Duration::from_secs(90);
/// Never smaller than in the scrape before.
const NEVER_BACK: [&str; 6] = [
    "objectstore_scan_last_success_timestamp_seconds",
    "objectstore_scans_total",
    "objectstore_scan_failures_total",
    "objectstore_api_requests_total",
    "objectstore_api_request_failures_total",
    "objectstore_resolver_last_success_timestamp_seconds",
];

/// Watches until it is asked for the result.
pub struct Watch {
    state: Arc<State>,
    task: JoinHandle<()>,
}

/// A scrape's number, and its series by destination.
type Scrape = (u64, BTreeMap<String, Metrics>);

#[derive(Default)]
struct State {
    /// By destination, what may be shown there beside nothing.
    right: Mutex<BTreeMap<String, Vec<Figures>>>,
    wrong: Mutex<Vec<String>>,
    scrapes: AtomicU64,
    clock_is_set: AtomicBool,
    latest: Sender<Scrape>,
}

impl State {
    fn note(&self, wrong: Vec<String>) {
        let scrape = self.scrapes.load(Relaxed);
        let mut all = self.wrong.lock().unwrap();
        if all.len() < 10 {
            all.extend(
                wrong
                    .into_iter()
                    .map(|wrong| format!("scrape {scrape}: {wrong}")),
            );
        }
    }
}

impl Watch {
    /// Begins. None of these destinations may show a figure yet.
    pub fn start(exporter: &Exporter, destinations: &[&str]) -> Self {
        Self::start_every(PAUSE, exporter, destinations)
    }

    /// The same with another pause between the scrapes, where each is a lot of work.
    pub fn start_every(pause: Duration, exporter: &Exporter, destinations: &[&str]) -> Self {
        let state = Arc::new(State::default());
        for destination in destinations {
            let mut right = state.right.lock().unwrap();
            right.insert((*destination).to_owned(), Vec::new());
        }
        let task = tokio::spawn(watch(Arc::clone(&state), exporter.url("/metrics"), pause));
        Self { state, task }
    }

    /// These figures are right from now on too.
    pub fn allow(&self, destination: &str, figures: &Figures) {
        let mut right = self.state.right.lock().unwrap();
        right.get_mut(destination).unwrap().push(figures.clone());
    }

    /// Only these are right from now on. Give them when they are shown: a scrape that is
    /// under way may still bring older ones, and is not counted.
    pub async fn only(&self, destination: &str, figures: &Figures) {
        self.scraped(2).await;
        let mut right = self.state.right.lock().unwrap();
        *right.get_mut(destination).unwrap() = vec![figures.clone()];
    }

    /// From now on times may go back.
    pub fn clock_may_be_set(&self) {
        self.state.clock_is_set.store(true, Relaxed);
    }

    /// Waits for so many more scrapes, and fails with what was wrong in any so far.
    pub async fn scraped(&self, more: u64) {
        let goal = self.state.scrapes.load(Relaxed) + more;
        while self.state.scrapes.load(Relaxed) < goal {
            assert!(!self.task.is_finished(), "the watch ended");
            self.check();
            tokio::time::sleep(PAUSE).await;
        }
        self.check();
    }

    /// The series of a destination in a scrape that began after this call and is as it
    /// should be. Fails with what was wrong in any scrape until then.
    pub async fn until(
        &self,
        destination: &str,
        what: &str,
        fits: impl Fn(&Metrics) -> bool,
    ) -> Metrics {
        let all = self.until_all(destination, what, fits).await;
        all.get(destination).cloned().unwrap_or_default()
    }

    /// The same, with the series of all destinations in that scrape.
    pub async fn until_all(
        &self,
        destination: &str,
        what: &str,
        fits: impl Fn(&Metrics) -> bool,
    ) -> BTreeMap<String, Metrics> {
        let mut latest = self.state.latest.subscribe();
        let begun = latest.borrow_and_update().0 + 1; // it may have begun before
        let none = Metrics::default();
        let fits = |(number, all): &Scrape| {
            let metrics = all.get(destination).unwrap_or(&none);
            *number > begun && (fits(metrics) || self.task.is_finished())
        };
        let all = tokio::time::timeout(PATIENCE, latest.wait_for(fits)).await;
        let all = all.map(|scrape| scrape.expect("the state lives").1.clone());
        self.check();
        all.unwrap_or_else(|_| {
            let now = self.state.latest.borrow().1.get(destination).cloned();
            let now = now.unwrap_or_default();
            panic!(
                "{destination}: not after {PATIENCE:?}: {what}\n{}",
                now.ours()
            )
        })
    }

    /// Fails with what was wrong in any scrape so far.
    #[track_caller]
    pub fn check(&self) {
        let wrong = self.state.wrong.lock().unwrap().clone();
        assert!(wrong.is_empty(), "wrong figures: {wrong:#?}");
    }

    /// Ends it, and gives the number of scrapes.
    pub async fn end(self) -> u64 {
        self.scraped(1).await;
        self.task.abort();
        self.state.scrapes.load(Relaxed)
    }
}

async fn watch(state: Arc<State>, url: String, pause: Duration) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut before: Option<Metrics> = None;
    let mut parts_before = BTreeMap::new();
    loop {
        let text = async {
            client
                .get(&url)
                .send()
                .await?
                .error_for_status()?
                .text()
                .await
        };
        let mut wrong = Vec::new();
        match text.await {
            Ok(text) => {
                let now = Metrics::parse(&text);
                let parts = now.split("destination");
                let none = Metrics::default();
                for (destination, right) in &*state.right.lock().unwrap() {
                    let part = parts.get(destination).unwrap_or(&none);
                    let part_before = parts_before.get(destination).unwrap_or(&none);
                    of_figures(part, part_before, destination, right, &mut wrong);
                    of_outcome(part, destination, &mut wrong);
                    of_compat(part, destination, &mut wrong);
                }
                if let Some(before) = &before {
                    let right = state.right.lock().unwrap();
                    let is_watched = |name: &str| right.contains_key(name);
                    let times = !state.clock_is_set.load(Relaxed);
                    of_time(before, &now, is_watched, times, &mut wrong);
                }
                before = Some(now);
                parts_before = parts;
            }
            Err(error) => wrong.push(format!("no scrape: {error:?}")),
        }
        state.note(wrong);
        let scrapes = state.scrapes.fetch_add(1, Relaxed) + 1;
        state.latest.send_replace((scrapes, parts_before.clone()));
        tokio::time::sleep(pause).await;
    }
}

/// All figures are of one complete scan and of names that were known together, or there are
/// none; and they stay.
fn of_figures(
    now: &Metrics,
    before: &Metrics,
    destination: &str,
    right: &[Figures],
    wrong: &mut Vec<String>,
) {
    let shown = Figures::shown(now, destination);
    if shown.is_empty() {
        if !Figures::shown(before, destination).is_empty() {
            wrong.push(format!("{destination}: the figures have vanished"));
        }
        return;
    }
    for (all, own, others) in [
        (
            "objectstore_listed_objects",
            "objectstore_objects",
            "objectstore_unassigned_objects",
        ),
        (
            "objectstore_listed_size_bytes",
            "objectstore_objects_size_bytes",
            "objectstore_unassigned_objects_size_bytes",
        ),
    ] {
        let (all, sum) = (shown.sum(all), shown.sum(own) + shown.sum(others));
        if all != sum {
            wrong.push(format!("{destination}: {sum} {own} and {others} of {all}"));
        }
    }
    if !right.contains(&shown) {
        wrong.push(format!("{destination}: {shown:?} is none of {right:?}"));
    }
}

/// Success, the kind of failure and the time of the latest success agree.
fn of_outcome(now: &Metrics, destination: &str, wrong: &mut Vec<String>) {
    let success = now.of(destination, "objectstore_scan_success");
    let failing = now.failing(destination);
    let last = now.of(
        destination,
        "objectstore_scan_last_success_timestamp_seconds",
    );
    let figures = !Figures::shown(now, destination).is_empty();
    let agree = match success {
        None => failing.is_empty() && last == Some(0.0) && !figures,
        Some(1.0) => failing.is_empty() && last > Some(0.0) && figures,
        Some(0.0) => failing.len() == 1 && (last > Some(0.0)) == figures,
        Some(_) => false,
    };
    if !agree {
        wrong.push(format!(
            "{destination}: success {success:?}, failing {failing:?}, last success {last:?}, figures {figures}"
        ));
    }
}

/// The compatible names say the same, and nothing while the latest scan failed.
fn of_compat(now: &Metrics, destination: &str, wrong: &mut Vec<String>) {
    let success = now.of(destination, "objectstore_scan_success") == Some(1.0);
    let values = |name: &str| -> Vec<f64> {
        let all = now.all(name, &[("destination", destination)]);
        all.into_iter().map(|(_, value)| value).collect()
    };
    let ours = if success {
        values("objectstore_objects")
    } else {
        Vec::new()
    };
    for theirs in [
        "kubermatic_s3_object_count",
        "kubermatic_etcdbackup_object_count",
    ] {
        if values(theirs) != ours {
            let shown = values(theirs);
            wrong.push(format!(
                "{destination}: {theirs} {shown:?}, ours {ours:?}, success {success}"
            ));
        }
    }
}

/// What has been counted stays counted, and no series of a resolver vanishes; but a
/// destination that is not watched may go, with the clusters that are its own.
fn of_time(
    before: &Metrics,
    now: &Metrics,
    is_watched: impl Fn(&str) -> bool,
    times: bool,
    wrong: &mut Vec<String>,
) {
    let may_go = |series: &str| {
        let resolver = label(series, "resolver").unwrap_or_default();
        let of = label(series, "destination").or(resolver.strip_prefix("destination:"));
        of.is_some_and(|name| !is_watched(name))
    };
    for family in NEVER_BACK {
        if family.ends_with("_timestamp_seconds") && !times {
            continue;
        }
        let later: BTreeMap<_, _> = now.all(family, &[]).into_iter().collect();
        for (series, value) in before.all(family, &[]) {
            if may_go(series) {
                continue; // and come again, and count from 0
            }
            if later.get(series).is_none_or(|later| *later < value) {
                wrong.push(format!(
                    "{series} went from {value} to {:?}",
                    later.get(series)
                ));
            }
        }
    }
    if before.has("objectstore_resolver_clusters") && !now.has("objectstore_resolver_clusters") {
        wrong.push("the number of a resolver's clusters has vanished".to_owned());
    }
}
