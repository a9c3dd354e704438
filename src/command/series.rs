//! How many series a configuration makes: Prometheus pays for each of them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use s3_exporter_api::UnixTime;
use s3_exporter_judge::backups::JobId;
use s3_exporter_judge::calendar::Calendar;
use s3_exporter_judge::expectation::Source;
use s3_exporter_judge::judge::{Expected, JudgedJob, Judgement};

use crate::clusters::Clusters;
use crate::config::Config;
use crate::exposition::Format;
use crate::exposition::catalogue::Catalogue;
use crate::facts::{Figures, Recent, Totals};
use crate::resolver::Resolution;
use crate::snapshot::{DestinationSnapshot, Snapshot};

/// From here on it is worth a warning.
const MANY: usize = 50_000;

/// A warning where the names that the configuration and its files hold make many series.
/// Nobody is asked: the clusters of a Kubernetes API are not counted.
pub fn foreseen(config: &Config) -> Option<String> {
    let series = count(config, &imagine(config));
    warning(series, "the names that are known without asking make")
}

/// A warning where there are many series now.
pub fn found(config: &Config, snapshot: &Snapshot) -> Option<String> {
    warning(count(config, snapshot), "there are")
}

fn warning(series: usize, are: &str) -> Option<String> {
    (series > MANY).then(|| {
        format!(
            "{are} {series} series, more than {MANY}: that is much for one target of Prometheus; \
             lower limits.max_clusters and limits.max_jobs (what is beyond them is summed), set \
             `expect = \"present\"` where not every cluster has backups, or watch less in one process"
        )
    })
}

/// The lines that a scrape would bring, but for the few of the process itself.
fn count(config: &Config, snapshot: &Snapshot) -> usize {
    let parts = Catalogue::new(&config.metrics).compose(snapshot, None, &[], Format::Text);
    let text = parts.plain().concat();
    let lines = text.split(|byte| *byte == b'\n');
    lines
        .filter(|line| !matches!(line.first(), None | Some(b'#')))
        .count()
}

/// What would be known if every cluster had one backup job at each of its destinations.
fn imagine(config: &Config) -> Snapshot {
    let resolvers: BTreeMap<Arc<str>, Resolution> = config
        .resolvers
        .iter()
        .map(|(name, resolver)| {
            let resolution = Resolution {
                clusters: resolver.known().map(Arc::new),
                ..Resolution::default()
            };
            (Arc::clone(name), resolution)
        })
        .collect();
    let now = UnixTime::from_millis(0);
    let totals = Totals {
        newest: Some((now, 1)),
        oldest: Some(now),
        largest: Some(1),
        recent: Recent::restore([(now, 1)]),
        ..Totals::default()
    };
    let destinations = config.destinations.iter().map(|destination| {
        let resolver = destination.resolver.as_ref();
        let known = resolver.and_then(|name| resolvers.get(name)?.clusters.as_deref());
        let names = || known.into_iter().flat_map(Clusters::names);
        let clusters = names().map(|name| (Arc::clone(name), totals.clone()));
        let jobs = names().map(|name| (name.to_string(), job(now)));
        let alone = resolver.is_none().then(|| (String::new(), job(now)));
        let jobs = jobs.chain(alone).map(|(cluster, judged)| {
            let job = String::new();
            (JobId { cluster, job }, judged)
        });
        let judgement = Judgement {
            jobs: jobs.map(|(id, job)| (id, Box::new(job))).collect(),
            ..Judgement::default()
        };
        let mut of =
            DestinationSnapshot::new(Arc::clone(destination), Arc::default(), Arc::default());
        of.figures = Some(Arc::new(Figures {
            listed: totals.clone(),
            unassigned: totals.clone(),
            clusters: Arc::new(clusters.collect()),
            known: known.map_or(0, Clusters::len),
            judgement: Arc::new(judgement),
            ..Figures::empty(now)
        }));
        Arc::new(of)
    });
    Snapshot {
        destinations: destinations.collect(),
        resolvers,
        ..Snapshot::default()
    }
}

/// A backup job of which everything is known.
fn job(now: UnixTime) -> JudgedJob {
    JudgedJob {
        layout: "",
        newest_good: Some(now),
        newest_good_key: None,
        size: Some(1),
        backups: 1,
        backups_expected: Some(1),
        expected: Expected {
            source: Source::Configuration,
            interval: Some(Duration::from_secs(1)),
            due: Some(now),
        },
        findings: Vec::new(),
        calendar: Calendar::ending(now),
        sizes: Box::default(),
    }
}
