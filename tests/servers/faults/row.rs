//! One fault, and what is the same for every fault.

use std::collections::BTreeMap;

use s3_exporter_testkit::Upload;
use serde_json::Value;

use crate::common::Metrics;
use crate::common::truth::{Figures, backup, time};
use crate::common::watch::Watch;
use crate::faults::stage::NEIGHBOURS;
use crate::faults::trouble::Trouble;

/// The plug-ins; each row has a destination with each.
pub const PLUGINS: [&str; 2] = ["s3", "minio"];
/// The clusters of every destination.
pub const CLUSTERS: [&str; 3] = ["alpha", "beta", "without-any"];

/// A store with a fault: one line of the table.
pub struct Row {
    /// How `docs/troubleshooting.md` names it.
    fault: &'static str,
    name: &'static str,
    endpoint: String,
    bucket: &'static str,
    uploads: Vec<Upload>,
    keys: (String, String),
    more: String,
    plugins: &'static [&'static str],
    clusters: &'static [&'static str],
    trouble: Trouble,
    kind: &'static str,
    says: &'static [&'static str],
}

/// What the log must tell of a destination.
pub struct Story {
    destination: String,
    kind: &'static str,
    says: &'static [&'static str],
}

impl Row {
    /// `fault` is as users know it, `name` that of the destinations; `endpoint` is where the
    /// trouble is, `keys` are id and secret there. The bucket is `small`, with [`small`].
    pub fn new(
        fault: &'static str,
        name: &'static str,
        endpoint: String,
        keys: (&str, &str),
        trouble: Trouble,
    ) -> Self {
        Self {
            fault,
            name,
            endpoint,
            bucket: "small",
            uploads: small(),
            keys: (keys.0.to_owned(), keys.1.to_owned()),
            more: "request_timeout = \"10s\"\n".to_owned(),
            plugins: &PLUGINS,
            clusters: &CLUSTERS,
            trouble,
            kind: "",
            says: &[],
        }
    }

    /// The kind of failure that it is, and what the log says of it among other things.
    pub fn fails(mut self, kind: &'static str, says: &'static [&'static str]) -> Self {
        (self.kind, self.says) = (kind, says);
        self
    }

    /// Another bucket, with these objects.
    pub fn bucket(mut self, bucket: &'static str, uploads: Vec<Upload>) -> Self {
        (self.bucket, self.uploads) = (bucket, uploads);
        self
    }

    /// These lines at the backends instead of a patient `request_timeout`.
    pub fn with(mut self, lines: &str) -> Self {
        self.more = format!("{lines}\n");
        self
    }

    /// With this plug-in alone.
    pub fn only(mut self, plugin: &'static [&'static str; 1]) -> Self {
        self.plugins = plugin;
        self
    }

    /// Without clusters, and so without a resolver.
    pub fn bare(mut self) -> Self {
        self.clusters = &[];
        self
    }

    /// Its own name: that of its case.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The names of its destinations.
    pub fn destinations(&self) -> Vec<String> {
        let name = |plugin: &&str| format!("{}-{plugin}", self.name);
        self.plugins.iter().map(name).collect()
    }

    /// What is right for them, at every moment.
    pub fn figures(&self) -> Figures {
        Figures::expected(&self.uploads, self.clusters)
    }

    /// Its part of the configuration.
    pub fn config(&self) -> String {
        let (id, secret) = &self.keys;
        let clusters = match self.clusters {
            [] => String::new(),
            names => format!("clusters = {names:?}"),
        };
        let destination = |(plugin, name): (&&str, &String)| {
            format!(
                "[backends.{name}]\ntype = \"{plugin}\"\nendpoint = \"{}\"\n\
                 access_key_id = \"{id}\"\nsecret_access_key = \"{secret}\"\n{}\
                 [[destinations]]\nname = \"{name}\"\nbackend = \"{name}\"\nbucket = \"{}\"\n\
                 {clusters}\n",
                self.endpoint, self.more, self.bucket
            )
        };
        let destinations = self.destinations();
        let all = self.plugins.iter().zip(&destinations);
        all.map(destination).collect()
    }

    /// Fails unless the document has a line with this fault and its kind.
    pub fn assert_documented(&self) {
        let document = include_str!("../../../docs/troubleshooting.md");
        let mut lines = document.lines();
        let line = lines.find(|line| line.contains(&format!("| {} |", self.fault)));
        let line = line.unwrap_or_else(|| panic!("docs/troubleshooting.md lacks: {}", self.fault));
        let kind = format!("| `{}` |", self.kind);
        assert!(
            line.contains(&kind),
            "{line} is not of the kind {}",
            self.kind
        );
    }

    /// Lets it go wrong, and looks at everything that is the same for every fault.
    pub async fn run(&mut self, watch: &Watch, neighbours: bool) -> Vec<Story> {
        let destinations = self.destinations();
        let mut before = Vec::new();
        for name in &destinations {
            before.push(watch.until(name, "it is well", is_well).await);
        }

        self.trouble.begin(watch, &destinations).await;
        let others = neighbours_scans(watch, neighbours).await;
        for (name, before) in destinations.iter().zip(&before) {
            let what = format!("two scans have failed of {}", self.kind);
            let failed = failures(before, self.kind) + 2.0;
            let fits = |now: &Metrics| failures(now, self.kind) >= failed;
            self.look_at(name, before, &watch.until(name, &what, fits).await);
        }
        // Others go on, and neither figures nor their age have changed in that time.
        for (name, scans) in NEIGHBOURS.iter().zip(others) {
            let fits = |now: &Metrics| scans_total(now) >= scans + 2.0;
            watch.until(name, "a neighbour goes on", fits).await;
        }
        for (name, before) in destinations.iter().zip(&before) {
            self.look_at(name, before, &watch.until(name, "", |_| true).await);
        }

        self.trouble.end().await;
        let ended = watch.until_all(&destinations[0], "", |_| true).await;
        let healing = destinations
            .iter()
            .map(|name| self.heals(watch, name, &ended));
        futures::future::join_all(healing).await;
        let story = |destination| Story {
            destination,
            kind: self.kind,
            says: self.says,
        };
        destinations.into_iter().map(story).collect()
    }

    /// Waits until it has healed, and looks at how soon: `ended` was shown after the end.
    async fn heals(&self, watch: &Watch, name: &str, ended: &BTreeMap<String, Metrics>) {
        let all = watch.until_all(name, "it heals", is_well).await;
        let (now, then) = (&all[name], &ended[name]);
        // The scan that was under way may have failed; the next one is complete...
        let failed = total_failures(now) - total_failures(then);
        assert!(failed <= 1.0, "{name}: {failed} scans failed after the end");
        // ...and begins within an interval. The neighbours' scans are the measure: there are
        // no more of them than fit into the scan that was under way, and a few.
        let most = 4.0 + 2.0 * duration(then) / interval(then);
        for neighbour in NEIGHBOURS {
            if let (Some(now), Some(then)) = (all.get(neighbour), ended.get(neighbour)) {
                let passed = scans_total(now) - scans_total(then);
                assert!(passed <= most, "{name} heals after {passed} intervals");
            }
        }
        Figures::shown(now, name).assert_are(&self.figures(), name);
        assert!(
            last_success(now) > last_success(then) || is_well(then),
            "{name}"
        );
    }

    /// What must be shown while it fails, `before` which it was well.
    fn look_at(&self, name: &str, before: &Metrics, now: &Metrics) {
        let kind = self.kind;
        assert_eq!(now.failing(name), [kind], "{name}");
        assert_eq!(
            now.of(name, "objectstore_scan_success"),
            Some(0.0),
            "{name}"
        );
        Figures::shown(now, name).assert_are(&self.figures(), name);
        // One more scan may have been complete since `before`, and no other.
        let complete = |metrics: &Metrics| scans_total(metrics) - total_failures(metrics);
        if complete(now) == complete(before) {
            assert_eq!(last_success(now), last_success(before), "{name}: the age");
        }
        let (then, others) = (
            total_failures(before) - failures(before, kind),
            total_failures(now) - failures(now, kind),
        );
        assert_eq!(
            others,
            then,
            "{name}: failures of other kinds\n{}",
            now.ours()
        );
        let labels = [("operation", "ListObjectsV2"), ("kind", kind)];
        let requests =
            |metrics: &Metrics| metrics.get("objectstore_api_request_failures_total", &labels);
        assert!(requests(now) > requests(before), "{name}: failed requests");
        if kind == "throttled" {
            let bound = |metrics: &Metrics| metrics.of(name, "objectstore_scan_concurrency");
            assert!(bound(now) < bound(before), "{name}: requests in flight");
        }
    }
}

impl Story {
    /// Fails unless the log tells each change once, and what repeats at debug.
    pub fn assert_told(&self, log: &[Value]) {
        let name = &*self.destination;
        let own = log.iter().filter(|line| line["destination"] == name);
        let (mut outcome, mut warned, mut repeated) = ("", 0, 0);
        for line in own {
            let now = match line["msg"].as_str().unwrap() {
                "scans are complete" | "scan complete" => "complete",
                "scans fail; the last good figures stay"
                | "scans fail, and there are no figures yet"
                | "scan failed again" => line["kind"].as_str().unwrap(),
                _ => continue,
            };
            let level = match (now == outcome, now) {
                (true, _) => "debug",
                (false, "complete") => "info",
                (false, _) => "warn",
            };
            assert_eq!(line["level"], level, "{name}, {outcome} before: {line}");
            outcome = now;
            if now == self.kind {
                warned += u64::from(level == "warn");
                repeated += u64::from(level == "debug");
                let error = line["error"].as_str().unwrap();
                for words in self.says {
                    assert!(
                        error.contains(words),
                        "{name}: {words:?} is not in {error:?}"
                    );
                }
            }
        }
        assert_eq!(warned, 1, "{name}: warnings of {}", self.kind);
        assert!(repeated >= 1, "{name}: {} was told once only", self.kind);
        assert_eq!(outcome, "complete", "{name}: the end");
    }
}

/// A few objects, one of no cluster.
pub fn small() -> Vec<Upload> {
    let mut uploads: Vec<_> = (0..9).map(|nth| backup("beta", nth)).collect();
    uploads.push(Upload::new("alpha-daily.db.gz", 0).at(time(9)));
    uploads.push(Upload::new("readme.txt", 11).at(time(10)));
    uploads
}

/// Several pages.
pub fn large() -> Vec<Upload> {
    let mut uploads = small();
    uploads.extend((20..2_120).map(|nth| backup("alpha", nth)));
    uploads
}

fn is_well(metrics: &Metrics) -> bool {
    metrics.get("objectstore_scan_success", &[]) == Some(1.0)
}

fn scans_total(metrics: &Metrics) -> f64 {
    metrics.get("objectstore_scans_total", &[]).unwrap_or(0.0)
}

fn duration(metrics: &Metrics) -> f64 {
    let family = "objectstore_scan_duration_seconds";
    metrics.get(family, &[]).unwrap()
}

fn interval(metrics: &Metrics) -> f64 {
    let family = "objectstore_scan_interval_seconds";
    metrics.get(family, &[]).unwrap()
}

fn last_success(metrics: &Metrics) -> Option<f64> {
    metrics.get("objectstore_scan_last_success_timestamp_seconds", &[])
}

fn failures(metrics: &Metrics, kind: &str) -> f64 {
    let family = "objectstore_scan_failures_total";
    metrics.get(family, &[("kind", kind)]).unwrap_or(0.0)
}

/// Scans that failed, of whatever.
pub fn total_failures(metrics: &Metrics) -> f64 {
    let all = metrics.all("objectstore_scan_failures_total", &[]);
    all.iter().map(|(_, value)| value).sum()
}

async fn neighbours_scans(watch: &Watch, neighbours: bool) -> Vec<f64> {
    let mut scans = Vec::new();
    for name in NEIGHBOURS.iter().filter(|_| neighbours) {
        scans.push(scans_total(&watch.until(name, "", |_| true).await));
    }
    scans
}
