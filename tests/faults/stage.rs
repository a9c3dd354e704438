//! One exporter with the destinations of many rows, whose faults come at the same time.

use std::sync::Arc;
use std::time::Duration;

use s3_exporter_testkit::{Authority, Fault, S3sServer};
use tokio::task::JoinSet;

use crate::common::Exporter;
use crate::common::truth::Figures;
use crate::common::watch::Watch;
use crate::row::{CLUSTERS, PLUGINS, Row, small, total_failures};
use crate::trouble::NAMES;

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

impl Stage {
    /// Runs all rows at the same time, and gives the exporter, which is well again.
    pub async fn run(self, rows: Vec<Row>) -> Exporter {
        let healthy = Healthy::start(&self.authority);
        let mut config = "[log]\nlevel = \"info,s3_exporter=debug\"\n[scan]\ninterval = \"2s\"\n\
                          [metrics]\ncompat = [\"kubermatic_s3\", \"kubermatic_etcdbackup\"]\n"
            .to_owned();
        let mut right = Vec::new();
        for row in &rows {
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

        let mut running = JoinSet::new();
        for mut row in rows {
            let (watch, neighbours) = (Arc::clone(&watch), !self.alone);
            running.spawn(async move { (row.run(&watch, neighbours).await, row) });
        }
        // The rows stay, since their servers go with them.
        let (mut stories, mut ended_rows, mut broken) = (Vec::new(), Vec::new(), 0);
        let all = async {
            while let Some(ended) = running.join_next().await {
                match ended {
                    Ok((told, row)) => {
                        stories.extend(told);
                        ended_rows.push(row);
                    }
                    Err(_) => broken += 1, // it has printed what was wrong
                }
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
        assert_eq!(broken, 0, "rows broke: see above");
        let watch = Arc::into_inner(watch).expect("all rows have ended");
        println!("{} scrapes", watch.end().await);
        let log = exporter.log_lines();
        for story in stories {
            story.assert_told(&log);
        }
        exporter
    }
}
