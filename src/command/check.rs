//! `check`: says what was understood; `check --connect` also asks every cluster and store,
//! and says what it found.

pub mod files;
pub mod findings;
mod order;
mod patterns;

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use s3_exporter_api::{ListRequest, ListingKind, Page, StartAt, UnixTime};

use crate::beside::Beside;
use crate::clusters::Clusters;
use crate::command::{failure, first_word, fit, progress, series};
use crate::config::Config;
use crate::destination::{Destination, Expect};
use crate::facts::Figures;
use crate::logging::LogFormat;
use crate::snapshot::{DestinationSnapshot, Requests, Snapshot};
use crate::supervisor::Supervisor;
use crate::words::{Amount, ByteSize, Count, NameList};

/// How long a resolver may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// What was understood, in a few lines, without asking anybody.
pub fn summary(config: &Config) -> String {
    let mut text = String::new();
    let used = |name: &str| {
        config
            .destinations
            .iter()
            .any(|destination| destination.resolvers().any(|used| **used == *name))
    };
    // Into a String: writing cannot fail.
    let _ = writeln!(text, "server: {}", config.server.listen.join(", "));
    if let Some(path) = &config.server.web_config_file {
        let _ = writeln!(text, "web configuration: {}", path.display());
    }
    let format = match config.log.format {
        Some(LogFormat::Json) => "json",
        Some(LogFormat::Console) => "console",
        None => "json, on a terminal as console",
    };
    let _ = writeln!(text, "log: {} as {format}", config.log.level());
    if !config.metrics.compat.is_empty() {
        let sets: Vec<_> = config
            .metrics
            .compat
            .iter()
            .map(|set| set.as_str())
            .collect();
        let _ = writeln!(text, "metrics: also the names of {}", sets.join(", "));
    }
    for (name, backend) in &config.backends {
        let _ = writeln!(text, "backend {name}: {}", backend.connect.store_url());
        for line in backend.connect.found() {
            let _ = writeln!(text, "backend {name}: {line}");
        }
    }
    for (name, resolver) in config.resolvers.iter().filter(|(name, _)| used(name)) {
        let _ = writeln!(text, "resolver {name}: {}", resolver.describe());
    }
    let sources = config.discovery.values();
    for (name, resolver) in sources.clone().flat_map(|source| source.resolvers()) {
        let _ = writeln!(text, "resolver {name}: {}", resolver.describe());
    }
    for destination in &config.destinations {
        let _ = writeln!(text, "{}", watched_bucket(destination));
    }
    for template in sources.clone().flat_map(|source| source.templates()) {
        let what = format!("destinations: {template}");
        let _ = writeln!(text, "{}", watched(what, &template.destination));
    }
    if let Some(shard) = config.fleet.shard {
        let own = config.own_share().destinations;
        let names: Vec<_> = own.iter().map(|of| &*of.name).collect();
        let names = match names.is_empty() {
            true => "none of them".to_owned(),
            false => NameList(&names).to_string(),
        };
        let _ = writeln!(text, "fleet: this is shard {shard}, and has {names}");
    }
    if let Some(lease) = &config.fleet.lease {
        let duration = humantime::format_duration(lease.duration);
        let _ = writeln!(
            text,
            "fleet: whoever holds the lease {} of {duration} watches them, and others stand by",
            lease.name
        );
    }
    let count = Count(config.destinations.len(), "destination");
    let more = match config.discovery.is_empty() {
        true => "",
        false => ", and those that are found",
    };
    let _ = writeln!(text, "the configuration is good: {count}{more}");
    text
}

fn watched_bucket(destination: &Destination) -> String {
    let (name, bucket) = (&destination.name, &destination.bucket);
    let what = format!("destination {name}: bucket {:?}", &**bucket);
    watched(what, destination)
}

/// What is watched, and how.
fn watched(mut text: String, destination: &Destination) -> String {
    if !destination.prefix.is_empty() {
        let _ = write!(text, " under {:?}", &*destination.prefix);
    }
    if !destination.filter.is_empty() {
        let _ = write!(text, " ({})", destination.filter);
    }
    let _ = write!(
        text,
        " at {} ({})",
        destination.store_url, destination.backend
    );
    let _ = match &destination.resolver {
        None => write!(text, ", no resolver: all is unassigned"),
        Some(name) => write!(text, ", clusters by {name}"),
    };
    if destination.expect == Expect::Present {
        text.push_str(", only those with objects");
    }
    let _ = write!(
        text,
        ", every {}",
        humantime::format_duration(destination.interval)
    );
    if let Some(max_age) = destination.max_age {
        let _ = write!(text, ", late after {}", humantime::format_duration(max_age));
    }
    text
}

/// A line for each resolver and destination.
#[derive(Debug, Default)]
pub struct Report {
    /// For people.
    pub text: String,
    /// Whether each of them is well.
    pub success: bool,
    /// What was asked, how many of it, and how many of these failed.
    asked: Vec<(&'static str, usize, usize)>,
    /// What is odd.
    pub warnings: Vec<String>,
}

/// Waits for every resolver, lists every destination once, and reports.
pub async fn connect(config: &Config) -> Report {
    let mut supervisor = Supervisor::new(config);
    let source = supervisor.snapshots();
    let resolvers = source.resolvers();
    let resolvers = join_all(resolvers.values().map(async |names| {
        (
            names.resolver.clone(),
            first_word(names.clone(), PATIENCE).await,
        )
    }));
    let resolvers = resolvers.await;
    progress::during(source.clone(), &config.log, supervisor.run_once()).await;

    let mut unmatched = Vec::new();
    let mut report = Report {
        text: String::new(),
        success: true,
        asked: Vec::new(),
        warnings: Vec::new(),
    };
    for (name, resolution) in resolvers {
        let line = match &resolution.clusters {
            Some(clusters) if resolution.is_success() => {
                Ok(Count(clusters.len(), "cluster").to_string())
            }
            None if resolution.is_success() => {
                Ok(match (&resolution.schedules, &resolution.discovered) {
                    (Some(schedules), _) => Count(schedules.len(), "schedule").to_string(),
                    (None, known) => {
                        let known = known.as_ref().map(|known| known.count());
                        let (count, what) = known.unwrap_or((0, "destination"));
                        Count(count, what).to_string()
                    }
                })
            }
            _ => Err(failure(&resolution).to_owned()),
        };
        report.add("resolver", &name, line);
        if let Some(known) = &resolution.discovered {
            let chosen = patterns::chosen(config, &name, known);
            report.text += &chosen.text;
            unmatched.extend(chosen.warnings);
        }
    }
    let snapshot = source.snapshot();
    for destination in &snapshot.destinations {
        let clusters = clusters_of(&snapshot, destination);
        let name = &destination.destination.name;
        report.add("destination", name, outcome(destination, clusters));
        if let Some(line) = how_listed(&supervisor, destination).await {
            let _ = writeln!(report.text, "destination {name}: {line}"); // as below
        }
        for beside in destination.destination.also.asked() {
            let of = format!("{} of {name}", beside.as_str());
            report.add("listing", &of, beside_objects(destination, beside));
        }
        if let Some(complaint) = unowned(config, destination, clusters).await {
            let _ = writeln!(report.text, "destination {name}: {complaint}"); // as below
        }
    }
    report.sum_up();
    report.warnings = findings::found(&snapshot);
    report.warnings.extend(series::found(config, &snapshot));
    report.warnings.extend(elsewhere(&snapshot));
    report.warnings.extend(unmatched);
    report
}

/// By the connection that has listed it.
async fn how_listed(supervisor: &Supervisor, of: &DestinationSnapshot) -> Option<String> {
    let store = supervisor.store(&of.destination.backend)?;
    order::line(of, &*store.backend().await.ok()?)
}

/// That all schedules that a destination uses are of others.
fn elsewhere(snapshot: &Snapshot) -> Vec<String> {
    let mut warnings = Vec::new();
    for destination in snapshot.destinations.iter().map(|of| &of.destination) {
        for used in &*destination.judging.schedules {
            let resolution = snapshot.resolvers.get(&used.resolver);
            let schedules = resolution.and_then(|now| now.schedules.as_ref());
            let places = schedules.and_then(|known| known.elsewhere(&destination.site(), used));
            if let Some(places) = places {
                let places: Vec<_> = places.into_iter().collect();
                warnings.push(format!(
                    "destination {}: none of what {} knows is of it, but of {}; set `destination` there to the name \
                     that the objects have for it",
                    destination.name,
                    used.resolver,
                    NameList(&places)
                ));
            }
        }
    }
    warnings
}

impl Report {
    fn add(&mut self, what: &'static str, name: &str, outcome: Result<String, String>) {
        self.success &= outcome.is_ok();
        let (state, text) = match outcome {
            Ok(text) => ("ok", text),
            Err(text) => ("FAILED", text),
        };
        let _ = writeln!(self.text, "{what} {name}: {state}, {text}"); // into a String: cannot fail
        let failed = usize::from(state == "FAILED");
        match self.asked.iter_mut().find(|(asked, ..)| *asked == what) {
            Some((_, all, bad)) => (*all, *bad) = (*all + 1, *bad + failed),
            None => self.asked.push((what, 1, failed)),
        }
    }

    /// The last line: what a reader of many looks at.
    fn sum_up(&mut self) {
        let of = |(what, all, _): &(&str, usize, usize)| Count(*all, what).to_string();
        let failed = |asked: &&(_, _, usize)| asked.2 > 0;
        let failed: Vec<_> = self.asked.iter().filter(failed).collect();
        let failed: Vec<_> = failed
            .iter()
            .map(|asked| format!("{} of {}", asked.2, of(asked)))
            .collect();
        let sum = match failed.is_empty() {
            true => format!(
                "ok: {}",
                self.asked.iter().map(of).collect::<Vec<_>>().join(", ")
            ),
            false => format!("FAILED: {}", failed.join(", ")),
        };
        let _ = writeln!(self.text, "{sum}"); // as above
    }
}

/// The names that the destination's resolver knows.
fn clusters_of<'a>(snapshot: &'a Snapshot, of: &DestinationSnapshot) -> Option<&'a Clusters> {
    let name = of.destination.resolver.as_ref()?;
    snapshot.resolvers.get(name)?.clusters.as_deref()
}

/// What to say where there are clusters and objects, and none is of the other: keys of one more
/// page, and what would fit them.
async fn unowned(
    config: &Config,
    of: &DestinationSnapshot,
    clusters: Option<&Clusters>,
) -> Option<String> {
    let (figures, destination) = (of.figures.as_ref()?, &of.destination);
    let clusters = clusters.filter(|clusters| !clusters.is_empty())?;
    let is_unowned = figures.unassigned.objects == figures.listed.objects;
    if !is_unowned || figures.listed.objects == 0 {
        return None;
    }
    let backend = config.backends.get(&destination.backend)?;
    let backend = backend.connect.connect().await.ok()?;
    let (meter, mut page) = (Arc::default(), Page::new());
    let request = ListRequest {
        bucket: &destination.bucket,
        prefix: &destination.prefix,
        kind: ListingKind::Objects,
        from: StartAt::Start,
        max_keys: 1000,
        meter: &meter,
    };
    backend.list_page(&request, &mut page).await.ok()?;
    let (now, prefix) = (UnixTime::now(), &destination.prefix);
    let filter = destination.filter.at(now, prefix).ok()?;
    let keys = page
        .iter()
        .filter(|object| filter.as_ref().is_none_or(|of| !of.leaves_out(object.key)))
        .filter_map(|object| std::str::from_utf8(object.key).ok());
    let keys: Vec<_> = keys.collect();
    Some(fit::complaint(
        &keys,
        clusters,
        &destination.prefix,
        &destination.separator,
    ))
}

/// What was found beside the objects.
fn beside_objects(snapshot: &DestinationSnapshot, beside: Beside) -> Result<String, String> {
    let outcome = snapshot.beside.of(beside);
    match &outcome.failure {
        Some(failure) => Err(format!("{}: {}", failure.kind, failure.message)),
        None => outcome
            .words(UnixTime::now())
            .ok_or_else(|| "not listed".to_owned()),
    }
}

fn outcome(snapshot: &DestinationSnapshot, clusters: Option<&Clusters>) -> Result<String, String> {
    if let Some(failure) = snapshot
        .latest
        .as_ref()
        .and_then(|latest| latest.failure.as_ref())
    {
        return Err(format!("{}: {}", failure.kind, failure.message));
    }
    match &snapshot.figures {
        Some(figures) => Ok(found(snapshot, figures, clusters)),
        None => Err("not scanned".to_owned()),
    }
}

fn found(snapshot: &DestinationSnapshot, figures: &Figures, clusters: Option<&Clusters>) -> String {
    let destination = &snapshot.destination;
    let mut text = format!(
        "{}, {}",
        Count(figures.all().objects, "object"),
        ByteSize(figures.all().bytes)
    );
    if !destination.filter.is_empty() {
        let left_out = figures.excluded;
        let (objects, bytes) = (left_out.objects, ByteSize(left_out.bytes));
        let _ = write!(text, ", {objects} of them left out ({bytes})"); // into a String: cannot fail
    }
    if destination.resolver.is_some() {
        let without = figures
            .clusters
            .iter()
            .filter(|(_, totals)| totals.newest.is_none());
        let without: Vec<_> = without.map(|(name, _)| &**name).collect();
        let with = figures.clusters.len() - without.len();
        let all = clusters.map_or(figures.clusters.len(), Clusters::len);
        let _ = write!(text, ", backups of {with} of {}", Count(all, "cluster"));
        if with > 0 && !without.is_empty() {
            let _ = write!(text, " (none of {})", NameList(&without));
        }
        let unassigned = Count(figures.unassigned.objects, "object");
        let _ = write!(text, ", {unassigned} of no known cluster");
    }
    if let Some(requests) = Requests::of(snapshot) {
        let _ = write!(text, "; {}", bill(&requests, destination));
    }
    text
}

/// What is asked of the store, and what that costs.
fn bill(requests: &Requests, destination: &Destination) -> String {
    let mut text = format!(
        "{} a scan, {:.0} a month with a scan every {}",
        Count(requests.scan, "list request"),
        requests.scans_a_month,
        humantime::format_duration(destination.interval)
    );
    // Into a String: writing cannot fail.
    if let Some((audits, interval)) = requests.audits_a_month.zip(destination.audit_interval) {
        let _ = write!(
            text,
            ", and {audits:.0} a month for an audit every {}",
            humantime::format_duration(interval)
        );
    }
    let looks = requests.looks_a_month.filter(|looks| *looks > 0.0);
    if let Some((looks, interval)) = looks.zip(destination.look_interval) {
        let _ = write!(
            text,
            ", and {looks:.0} a month for a look every {}",
            humantime::format_duration(interval)
        );
    }
    let probes = requests.probes_a_month.filter(|probes| *probes > 0.0);
    if let Some((probes, interval)) = probes.zip(destination.probe_interval) {
        let _ = write!(
            text,
            ", and {probes:.0} a month to see every {} whether the store answers",
            humantime::format_duration(interval)
        );
    }
    if let Some(price) = destination.price {
        let _ = write!(
            text,
            "; that costs {} a scan, {} a month",
            Amount(price.of(requests.scan as f64)),
            Amount(price.of(requests.a_month()))
        );
    }
    text
}
