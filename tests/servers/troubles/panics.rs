//! A panic in a backend or in a resolver stays there.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use s3_exporter::clusters::Clusters;
use s3_exporter::config::{self, Config, Environment};
use s3_exporter::exposition::{self, Format};
use s3_exporter::resolver::{self, Publisher, Resolver};
use s3_exporter::schedule::Runner;
use s3_exporter::snapshot::SnapshotSource;
use s3_exporter::supervisor::Supervisor;
use s3_exporter::wire::{BackendPlugin, Plugins};
use s3_exporter_api::{
    Backend, BackendError, Capabilities, Connect, Continuation, ListRequest, Order, Page,
    RequestLimits, async_trait,
};
use s3_exporter_config::{Key, Plugin, Section};
use s3_exporter_testkit::{Memory, Upload};

use crate::common::Metrics;
use crate::common::given;
use crate::common::truth::{Figures, backup};

const CLUSTERS: [&str; 2] = ["alpha", "beta"];

/// Whether backends panic now.
static PANICS: AtomicBool = AtomicBool::new(false);
/// Twelve pages of the bucket `b`.
static MEMORY: LazyLock<Memory> = LazyLock::new(|| {
    let memory = Memory::new().with_page_size(10);
    memory.put_all("b", uploads());
    memory
});

fn uploads() -> Vec<Upload> {
    let name = |nth: u64| CLUSTERS[usize::from(nth.is_multiple_of(2))];
    (0..120).map(|nth| backup(name(nth), nth)).collect()
}

const PLUGIN: BackendPlugin = Plugin {
    name: "panics",
    keys: &[Key::new("where")],
    defaults: RequestLimits {
        concurrency: 4,
        // One that a panic would not give back is soon missing.
        max_requests_in_flight: 2,
    },
    parse: |section: &mut Section| {
        let place = section.text("where")?;
        Some(Box::new(Panicking { place }))
    },
};

/// Panics at its `place`: `connect`, `list`, or not at all.
#[derive(Clone, Debug)]
struct Panicking {
    place: String,
}

impl Panicking {
    fn reach(&self, place: &str) {
        assert!(
            !(self.place == place && PANICS.load(Relaxed)),
            "on purpose, at {place}"
        );
    }
}

#[async_trait]
impl Connect for Panicking {
    fn store_url(&self) -> String {
        "memory".to_owned()
    }

    async fn connect(&self) -> Result<Arc<dyn Backend>, BackendError> {
        self.reach("connect");
        Ok(Arc::new(self.clone()))
    }
}

#[async_trait]
impl Backend for Panicking {
    fn capabilities(&self) -> Capabilities {
        MEMORY.capabilities()
    }

    fn order(&self, bucket: &str) -> Order {
        MEMORY.order(bucket)
    }

    /// Panics after the first page: in the middle of a scan.
    async fn list_page(
        &self,
        request: &ListRequest<'_>,
        page: &mut Page,
    ) -> Result<Continuation, BackendError> {
        if !matches!(request.from, s3_exporter_api::StartAt::Start) {
            self.reach("list");
        }
        MEMORY.list_page(request, page).await
    }
}

fn config(folder: &Path) -> Config {
    let place = |name: &str, resolver: &str| {
        format!(
            "[backends.{name}]\ntype = \"panics\"\nwhere = \"{name}\"\n\
             [[destinations]]\nname = \"{name}\"\nbucket = \"b\"\nbackend = \"{name}\"\n{resolver}\n"
        )
    };
    let clusters = format!("clusters = {CLUSTERS:?}");
    let text = "[scan]\ninterval = \"1s\"\n".to_owned()
        + &["connect", "list", "nowhere"]
            .map(|name| place(name, &clusters))
            .concat();
    let path = folder.join("config.toml");
    std::fs::write(&path, text).unwrap();
    let arguments = ["s3-exporter", "--config", path.to_str().unwrap()];
    let cli =
        s3_exporter::cli::parse(arguments.map(Into::into)).unwrap_or_else(|_| panic!("usage"));
    let plugins = Plugins {
        backends: vec![PLUGIN],
        ..Plugins::default()
    };
    config::load(&cli.flags, &Environment::of_process(), &plugins)
        .unwrap_or_else(|r| panic!("{r:?}"))
}

fn metrics(source: &SnapshotSource, config: &Config) -> Metrics {
    Metrics::parse(&exposition::text(
        &source.snapshot(),
        &config.metrics,
        &[],
        Format::Text,
    ))
}

async fn until(what: &str, now: impl Fn() -> Metrics, fits: impl Fn(&Metrics) -> bool) -> Metrics {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let metrics = now();
        if fits(&metrics) {
            return metrics;
        }
        assert!(
            Instant::now() < deadline,
            "not after 60 s: {what}\n{}",
            metrics.ours()
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backend_that_panics_is_a_failed_scan_of_its_destination() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path());
    let mut exporter = Supervisor::new(&config);
    let source = exporter.snapshots();
    let now = || metrics(&source, &config);
    let right = Figures::expected(&uploads(), &CLUSTERS);
    let figures = |metrics: &Metrics, name: &str| Figures::shown(metrics, name);
    PANICS.store(true, Relaxed);
    exporter.start();

    // From the start on, and again and again: no permit is lost.
    let internal = |metrics: &Metrics, at_least: f64| {
        ["connect", "list"].iter().all(|name| {
            let labels = [("destination", *name), ("kind", "internal")];
            metrics.failing(name) == ["internal"]
                && metrics.get("objectstore_scan_failures_total", &labels) >= Some(at_least)
        })
    };
    let others = |metrics: &Metrics| metrics.of("nowhere", "objectstore_scans_total");
    let failed = until(
        "three panics each, and three scans without",
        now,
        |metrics| internal(metrics, 3.0) && others(metrics) >= Some(3.0),
    )
    .await;
    for name in ["connect", "list"] {
        assert!(
            figures(&failed, name).is_empty(),
            "{name}: half a scan is shown"
        );
    }
    assert_eq!(figures(&failed, "nowhere"), right);
    assert_eq!(failed.failing("nowhere"), [""; 0]);
    for snapshot in &source.snapshot().destinations[..2] {
        let failure = snapshot.latest.as_ref().unwrap().failure.as_ref().unwrap();
        assert!(
            failure
                .message
                .contains("a panic; this is a fault of s3-exporter"),
            "{failure:?}"
        );
    }

    PANICS.store(false, Relaxed);
    let well = |metrics: &Metrics| {
        ["connect", "list", "nowhere"]
            .iter()
            .all(|name| metrics.failing(name).is_empty() && figures(metrics, name) == right)
    };
    until("all are well", now, well).await;

    // And once more, with figures to keep.
    PANICS.store(true, Relaxed);
    let list = |metrics: &Metrics| metrics.failing("list") == ["internal"];
    let failed = until("it panics again", now, list).await;
    assert_eq!(figures(&failed, "list"), right);
    assert_eq!(failed.failing("connect"), [""; 0], "its connection is made");
    PANICS.store(false, Relaxed);
    until("all are well again", now, well).await;
}

/// Panics before it knows any name; then tells them, and panics again; then tells others.
#[derive(Debug)]
struct Panics {
    go: tokio::sync::watch::Receiver<u32>,
}

impl PartialEq for Panics {
    fn eq(&self, other: &Self) -> bool {
        self.go.same_channel(&other.go)
    }
}

#[async_trait]
impl Resolver for Panics {
    fn describe(&self) -> String {
        "names, and then a panic".to_owned()
    }

    async fn run(&self, publisher: &Publisher) {
        let step = *self.go.clone().borrow();
        assert_ne!(step, 0, "on purpose, with no name");
        let names = if step < 3 {
            &CLUSTERS[..]
        } else {
            &CLUSTERS[..1]
        };
        publisher.deliver(Clusters::from_names(names.iter().copied()).unwrap());
        let mut go = self.go.clone();
        let _ = go.wait_for(|now| *now == 2).await;
        panic!("on purpose, with names");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_resolver_that_panics_keeps_its_names_and_starts_again() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path());
    let runner = |name: &str, names| {
        let mut scan = given::scan(MEMORY.clone(), "", 4);
        let mut destination = (*scan.destination).clone();
        destination.interval = Duration::from_secs(1);
        destination.name = name.into();
        scan.destination = destination.into();
        Runner::new(scan, names)
    };
    let (publisher, names) = resolver::channel("r");
    let (resolved, published) = runner("resolved", Some(names.clone()));
    let (bare, bare_published) = runner("bare", None);
    let source = SnapshotSource::new(
        vec![published, bare_published],
        [("r".into(), names)].into(),
    );
    let (step, go) = tokio::sync::watch::channel(0);
    let resolver = resolver::keep_running(Arc::new(Panics { go }), publisher);
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(resolver);
    tasks.spawn(resolved.run());
    tasks.spawn(bare.run());
    let now = || metrics(&source, &config);
    let success = |metrics: &Metrics| metrics.get("objectstore_resolver_success", &[]);
    let scans = |metrics: &Metrics| metrics.of("bare", "objectstore_scans_total").unwrap_or(0.0);

    let first = until("no names", now, |metrics| {
        metrics.failing("resolved") == ["resolver"]
    })
    .await;
    assert_eq!(success(&first), Some(0.0));
    step.send_replace(1);
    let right = Figures::expected(&uploads(), &CLUSTERS);
    let well = |metrics: &Metrics| {
        Figures::shown(metrics, "resolved") == right && success(metrics) == Some(1.0)
    };
    let known = until("it runs again", now, well).await;
    assert!(scans(&known) > scans(&first), "the other one waits for it");

    step.send_replace(2);
    let failed = until("it panics again", now, |metrics| {
        success(metrics) == Some(0.0)
    })
    .await;
    assert_eq!(Figures::shown(&failed, "resolved"), right);
    until("scans go on", now, |metrics| {
        scans(metrics) >= scans(&failed) + 2.0
    })
    .await;
    assert_eq!(now().failing("resolved"), [""; 0]);
    step.send_replace(3);
    let right = Figures::expected(&uploads(), &CLUSTERS[..1]);
    let fewer = |metrics: &Metrics| Figures::shown(metrics, "resolved") == right;
    until("it tells others", now, fewer).await;
}
