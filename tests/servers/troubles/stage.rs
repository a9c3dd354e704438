//! A store in this process, and an exporter that watches two equal buckets: one for clusters
//! that a resolver tells, one for a list of them.

use std::collections::BTreeSet;

use s3_exporter_testkit::{S3sServer, Upload};
use serde_json::Value;

use crate::common::truth::{Figures, backup, time};
use crate::common::watch::Watch;
use crate::common::{Exporter, Metrics};

/// A bucket. It fits on one page: so a scan is one request.
pub const BUCKET: &str = "backups";
/// Another, with the same objects.
pub const OTHER: &str = "other";
/// The destination whose clusters come from the resolver.
pub const RESOLVED: &str = "resolved";
/// The destination with a list.
pub const LISTED: &str = "listed";
/// Of the list.
const LIST: [&str; 1] = ["alpha"];

/// What the log says where the names of before stay.
pub const NAMES_STAY: &str = "cluster names cannot be had; the last known ones stay";
/// And where there were none.
pub const NO_NAMES: &str = "cluster names cannot be had, and none are known yet";
const KNOWN: &str = "cluster names are known";

/// Everything that takes part.
pub struct Stage {
    pub store: S3sServer,
    pub exporter: Exporter,
    pub watch: Watch,
    uploads: Vec<Upload>,
}

/// A store's section and, after it, whatever a test needs.
pub fn config(store: &S3sServer, rest: &str) -> String {
    format!(
        "[log]\nlevel = \"info,s3_exporter=debug,kube_client=off,kube_runtime=off\"\n\
         [scan]\ninterval = \"1s\"\n\
         [metrics]\ncompat = [\"kubermatic_s3\", \"kubermatic_etcdbackup\"]\n\
         [backends.store]\ntype = \"s3\"\nendpoint = \"{}\"\nregion = \"us-east-1\"\n\
         access_key_id = \"{}\"\nsecret_access_key = \"{}\"\nrequest_timeout = \"5s\"\n{rest}",
        store.endpoint(),
        S3sServer::ACCESS_KEY,
        S3sServer::SECRET_KEY,
    )
}

/// A resolver named `seed`.
pub fn kubernetes_resolver(kubeconfig: &std::path::Path, group: &str, kind: &str) -> String {
    format!(
        "[resolvers.seed]\ntype = \"kubernetes\"\nkubeconfig = {kubeconfig:?}\n\
         api_version = \"{group}/v1\"\nkind = \"{kind}\"\n"
    )
}

fn destinations() -> String {
    let destination = |name: &str, bucket: &str, names: &str| {
        format!("[[destinations]]\nname = \"{name}\"\nbucket = \"{bucket}\"\n{names}\n")
    };
    destination(RESOLVED, BUCKET, "resolver = \"seed\"")
        + &destination(LISTED, OTHER, &format!("clusters = {LIST:?}"))
}

fn uploads() -> Vec<Upload> {
    let mut uploads: Vec<_> = (0..5).map(|nth| backup("alpha", nth)).collect();
    uploads.extend((5..8).map(|nth| backup("beta", nth)));
    uploads.extend((8..10).map(|nth| backup("gamma", nth)));
    uploads.push(Upload::new("alpha-daily.db.gz", 0).at(time(10)));
    uploads.push(Upload::new("readme.txt", 11).at(time(11)));
    uploads
}

impl Stage {
    /// Starts it with the section of the resolver `seed`; files that it names lie beside it.
    pub async fn set(resolver: &str, files: &[(&str, &str)], environment: &[(&str, &str)]) -> Self {
        let store = S3sServer::start();
        let uploads = uploads();
        for bucket in [BUCKET, OTHER] {
            store.store().put_all(bucket, uploads.clone());
        }
        let config = config(&store, &(resolver.to_owned() + &destinations()));
        let exporter = Exporter::with_config_in(&config, files, environment).await;
        let watch = Watch::start(&exporter, &[RESOLVED, LISTED]);
        watch.allow(LISTED, &Figures::expected(&uploads, &LIST));
        Self {
            store,
            exporter,
            watch,
            uploads,
        }
    }

    /// Waits, and fails as soon as anything is wrong.
    pub async fn until(&mut self, what: &str, fits: impl Fn(&Metrics) -> bool) -> Metrics {
        let watch = &self.watch;
        let fits = |metrics: &Metrics| {
            watch.check();
            fits(metrics)
        };
        self.exporter.until(what, fits).await
    }

    /// Waits until each destination was scanned twice more: the second of these began
    /// after this call.
    pub async fn until_scanned(&mut self) -> Metrics {
        let scans = |metrics: &Metrics| {
            [RESOLVED, LISTED].map(|name| metrics.of(name, "objectstore_scans_total").unwrap())
        };
        let before = scans(&self.exporter.metrics().await);
        self.until("two more scans", |metrics| {
            let now = scans(metrics);
            now.iter()
                .zip(before)
                .all(|(now, before)| *now >= before + 2.0)
        })
        .await
    }

    /// These clusters' figures are right too from now on.
    pub fn allow(&self, clusters: &[&str]) {
        let figures = Figures::expected(&self.uploads, clusters);
        self.watch.allow(RESOLVED, &figures);
    }

    /// Waits until everything is well with these clusters; then nothing else is right.
    pub async fn is_well_with(&mut self, clusters: &[&str]) {
        self.allow(clusters);
        let figures = Figures::expected(&self.uploads, clusters);
        self.until(&format!("it is well with {clusters:?}"), |metrics| {
            Figures::shown(metrics, RESOLVED) == figures && is_well(metrics)
        })
        .await;
        self.watch.only(RESOLVED, &figures).await;
    }

    /// Waits until the resolver fails for a reason with all of `parts` in it, and checks what
    /// that may do while names are known: the destinations are scanned on, with these names.
    pub async fn fails(&mut self, parts: &[&str]) {
        let names = |metrics: &Metrics| of_resolver(metrics, "objectstore_resolver_clusters");
        let known = names(&self.exporter.metrics().await);
        let first = self.until("the resolver fails", fails_with_names).await;
        self.warns(NAMES_STAY, parts).await;
        let metrics = self.until_scanned().await;
        assert!(fails_with_names(&metrics), "{}", metrics.ours());
        assert_eq!(names(&metrics), known);
        let last = "objectstore_resolver_last_success_timestamp_seconds";
        assert_eq!(of_resolver(&metrics, last), of_resolver(&first, last));
        let last = "objectstore_scan_last_success_timestamp_seconds";
        for name in [RESOLVED, LISTED] {
            assert_eq!(metrics.of(name, "objectstore_scan_success"), Some(1.0));
            assert!(metrics.of(name, last) > first.of(name, last), "{name}");
        }
        let query = |name| metrics.of(name, "kubermatic_s3_query_success");
        assert_eq!((query(RESOLVED), query(LISTED)), (Some(0.0), Some(1.0)));
        self.says(parts).await;
    }

    /// The same where no name has ever been known: only what needs none is there.
    pub async fn fails_without_names(&mut self, parts: &[&str]) {
        self.warns(NO_NAMES, parts).await;
        let metrics = self.until_scanned().await;
        assert_eq!(metrics.failing(RESOLVED), ["resolver"]);
        assert_eq!(metrics.failing(LISTED), [""; 0]);
        assert_eq!(
            of_resolver(&metrics, "objectstore_resolver_success"),
            Some(0.0)
        );
        assert_eq!(of_resolver(&metrics, "objectstore_resolver_clusters"), None);
        let last = "objectstore_resolver_last_success_timestamp_seconds";
        assert_eq!(of_resolver(&metrics, last), Some(0.0));
        assert_eq!(
            metrics.of(RESOLVED, "objectstore_api_requests_total"),
            Some(0.0)
        );
        assert!(Figures::shown(&metrics, RESOLVED).is_empty());
        self.says(parts).await;
    }

    /// The page for people says why.
    async fn says(&self, parts: &[&str]) {
        let status = self.exporter.status().await;
        let resolvers = status["resolvers"].as_array().unwrap();
        let seed = resolvers
            .iter()
            .find(|resolver| resolver["resolver"] == "seed");
        let failure = seed.unwrap()["failure"].as_str().unwrap_or_default();
        assert!(parts.iter().all(|part| failure.contains(part)), "{status}");
    }

    /// Waits for a warning of the resolver's.
    async fn warns(&self, message: &str, parts: &[&str]) {
        let fits = |line: &Value| {
            let error = line["error"].as_str().unwrap_or_default();
            line["level"] == "warn"
                && line["resolver"] == "seed"
                && line["msg"] == message
                && parts.iter().all(|part| error.contains(part))
        };
        let what = format!("a warning {message:?} with {parts:?}");
        self.exporter
            .until_log(&what, |lines| lines.iter().any(fits))
            .await;
    }

    /// Watches anew, from now on; until then anything was right.
    pub fn watch_again(&mut self, clusters: &[&str]) {
        self.watch = Watch::start(&self.exporter, &[RESOLVED, LISTED]);
        self.allow(clusters);
        let figures = Figures::expected(&self.uploads, &LIST);
        self.watch.allow(LISTED, &figures);
    }

    /// Ends it in order, and checks the log as a whole: of warnings there are only the
    /// resolver's and those of scans that had no names, none twice before it was well again,
    /// and the end is that it is well.
    pub async fn end(self) {
        self.end_with("").await;
    }

    /// The same, where scans may have failed of a cause that has this text.
    pub async fn end_with(mut self, cause: &str) {
        let scrapes = self.watch.end().await;
        assert!(scrapes > 20, "{scrapes} scrapes are no watch");
        assert!(self.exporter.terminate().await.success());
        let mut seen = BTreeSet::new();
        let mut is_known = false;
        for line in self.exporter.log_lines() {
            assert_ne!(line["level"], "error", "{line}");
            if line["msg"] == KNOWN && line["resolver"] == "seed" {
                is_known = true;
                seen.clear();
            } else if line["level"] == "warn" {
                let error = line["error"].as_str().unwrap_or_default();
                if !cause.is_empty() && error.contains(cause) {
                    continue;
                }
                is_known = false;
                let source = (line["resolver"] == "seed") || (line["kind"] == "resolver");
                assert!(source, "{line}");
                let text = format!("{}: {}", line["msg"], line["error"]);
                assert!(seen.insert(text), "twice: {line}");
            }
        }
        assert!(is_known, "{:#?}", self.exporter.log_lines());
    }
}

/// What a family says of the resolver.
pub fn of_resolver(metrics: &Metrics, family: &str) -> Option<f64> {
    metrics.get(family, &[("resolver", "seed")])
}

/// The resolver and all scans are.
fn is_well(metrics: &Metrics) -> bool {
    of_resolver(metrics, "objectstore_resolver_success") == Some(1.0)
        && [RESOLVED, LISTED].iter().all(|name| {
            metrics.of(name, "objectstore_scan_success") == Some(1.0)
                && metrics.of(name, "kubermatic_s3_query_success") == Some(1.0)
        })
}

/// The names of before are there, and no scan fails for want of them.
fn fails_with_names(metrics: &Metrics) -> bool {
    of_resolver(metrics, "objectstore_resolver_success") == Some(0.0)
        && of_resolver(metrics, "objectstore_resolver_clusters").is_some()
        && metrics.failing(RESOLVED).is_empty()
        && metrics.failing(LISTED).is_empty()
}
