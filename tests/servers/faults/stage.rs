//! One exporter with the destinations of many rows, whose faults come at the same time.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use s3_exporter_testkit::{Authority, Fault, S3sServer};
use tokio::task::JoinSet;

use crate::common::Exporter;
use crate::common::truth::Figures;
use crate::common::watch::Watch;
use crate::faults::row::{CLUSTERS, PLUGINS, Row, small, total_failures};
use crate::faults::trouble::NAMES;

/// Destinations on a healthy store.
pub const NEIGHBOURS: [&str; 2] = ["healthy-s3", "healthy-minio"];
/// Between two scrapes: each is of some fifty destinations.
const PAUSE: Duration = Duration::from_millis(200);

/// The healthy store, with what belongs to health: its certificate is replaced all the time
/// by another good one, and now and then a request fails once.
pub struct Healthy {
    server: S3sServer,
    authority: Arc<Authority>,
}

impl Healthy {
    fn start(authority: &Arc<Authority>) -> Self {
        let server = S3sServer::builder().tls(authority.issue(&NAMES)).start();
        server.store().put_all("small", small());
        Self {
            server,
            authority: Arc::clone(authority),
        }
    }

    fn config(&self) -> String {
        let destination = |(plugin, name): (&&str, &&str)| {
            format!(
                "[backends.{name}]\ntype = \"{plugin}\"\nendpoint = \"{}\"\n\
                 access_key_id = \"{}\"\nsecret_access_key = \"{}\"\nca_bundle = \"ca.pem\"\n\
                 [[destinations]]\nname = \"{name}\"\nbackend = \"{name}\"\nbucket = \"small\"\n\
                 clusters = {CLUSTERS:?}\n",
                self.server.endpoint(),
                S3sServer::ACCESS_KEY,
                S3sServer::SECRET_KEY
            )
        };
        let all = PLUGINS.iter().zip(&NEIGHBOURS).map(destination);
        all.collect()
    }

    async fn live(&self) {
        let hiccup = Fault::error(500, "InternalError", "Please try again.");
        loop {
            self.server.faults().next([Some(hiccup.clone())]);
            for _ in 0..5 {
                tokio::time::sleep(Duration::from_secs(1)).await;
                self.server.set_identity(&self.authority.issue(&NAMES));
            }
        }
    }
}

/// What one run needs.
#[derive(Default)]
pub struct Stage {
    /// Signs the certificates that are trusted.
    pub authority: Arc<Authority>,
    /// Of the exporter.
    pub environment: Vec<(String, String)>,
    /// Whether there are no neighbours: where the fault is the exporter's own.
    pub alone: bool,
}

/// What came of each row, by its name: an error says what was wrong.
pub type Outcomes = BTreeMap<&'static str, Result<(), String>>;

impl Stage {
    /// Runs all rows at the same time, and gives the exporter, which is well again.
    pub async fn run(self, rows: Vec<Row>) -> Exporter {
        let (exporter, outcomes) = self.outcomes(rows).await;
        for (name, outcome) in outcomes {
            outcome.unwrap_or_else(|wrong| panic!("{name}: {wrong}"));
        }
        exporter
    }

    /// The same, with what came of each row.
    pub async fn outcomes(self, rows: Vec<Row>) -> (Exporter, Outcomes) {
        let healthy = Healthy::start(&self.authority);
        let (exporter, watch) = self.start(&healthy, &rows).await;
        let mut running = JoinSet::new();
        for mut row in rows {
            let (watch, neighbours) = (Arc::clone(&watch), !self.alone);
            running.spawn(async move {
                let name = row.name();
                let told = AssertUnwindSafe(row.run(&watch, neighbours)).catch_unwind();
                (name, told.await.map_err(|panic| text(&*panic)), row)
            });
        }
        let mut ended = Vec::new(); // with the rows, since their servers go with them
        let all = async {
            while let Some(row) = running.join_next().await {
                ended.push(row.unwrap());
            }
        };
        tokio::select! {
            () = all => (),
            () = healthy.live() => (),
        }
        if !self.alone {
            for name in NEIGHBOURS {
                let metrics = watch.until(name, "", |_| true).await;
                assert_eq!(total_failures(&metrics), 0.0, "{name}:\n{}", metrics.ours());
            }
        }
        let log = exporter.log_lines();
        let judged = ended.iter().map(|(name, told, _)| {
            let told = told.as_ref().map_err(String::clone).and_then(|stories| {
                let tell = || stories.iter().for_each(|story| story.assert_told(&log));
                catch_unwind(AssertUnwindSafe(tell)).map_err(|panic| text(&*panic))
            });
            (*name, told)
        });
        let outcomes = judged.collect();
        let watch = Arc::into_inner(watch).expect("all rows have ended");
        println!("{} scrapes", watch.end().await);
        (exporter, outcomes)
    }

    /// Starts the exporter with the destinations of the rows, and watches them.
    async fn start(&self, healthy: &Healthy, rows: &[Row]) -> (Exporter, Arc<Watch>) {
        let mut config = "[log]\nlevel = \"info,s3_exporter=debug\"\n[scan]\ninterval = \"2s\"\n\
                          [metrics]\ncompat = [\"kubermatic_s3\", \"kubermatic_etcdbackup\"]\n"
            .to_owned();
        let mut right = Vec::new();
        for row in rows {
            row.assert_documented();
            config += &row.config();
            right.extend(
                row.destinations()
                    .into_iter()
                    .map(|name| (name, row.figures())),
            );
        }
        if !self.alone {
            config += &healthy.config();
            let figures = Figures::expected(&small(), &CLUSTERS);
            right.extend(NEIGHBOURS.map(|name| (name.to_owned(), figures.clone())));
        }
        let environment: Vec<_> = self.environment.iter().map(|(k, v)| (&**k, &**v)).collect();
        let files = [("ca.pem", self.authority.pem())];
        let exporter = Exporter::with_config_in(&config, &files, &environment).await;
        let names: Vec<_> = right.iter().map(|(name, _)| &**name).collect();
        let watch = Arc::new(Watch::start_every(PAUSE, &exporter, &names));
        for (name, figures) in &right {
            watch.allow(name, figures);
        }
        (exporter, watch)
    }
}

/// What a panic said.
fn text(panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<String>().map(String::as_str);
    let words = words.or_else(|| panic.downcast_ref::<&str>().copied());
    words.unwrap_or("a panic without words").to_owned()
}
