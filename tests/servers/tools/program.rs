//! The program itself, asked about the bucket of a story.

use std::collections::BTreeMap;

use s3_exporter_testkit::servers::MinIo;
use serde_json::Value;

use super::story::{BUCKET, Run, Story, count, finish, shown};
use crate::common::{Exporter, Metrics, program};

impl Story {
    /// What the program says of the bucket, which it is told nothing of.
    pub async fn report(&self) -> Value {
        let (bucket, endpoint) = (format!("s3://{BUCKET}"), self.endpoint());
        let mut arguments = vec![&*bucket, "--endpoint", &endpoint];
        arguments.extend(self.bundle.iter().flat_map(|file| ["--ca-bundle", file]));
        self.ask(&arguments).await
    }

    /// What it says with what it kept of an earlier scan in mind: see [`Self::serve`].
    pub async fn report_remembering(&self) -> Value {
        let config = self.text_path("config.toml");
        self.ask(&["--config", &config]).await
    }

    async fn ask(&self, arguments: &[&str]) -> Value {
        let how = ["--format", "json", "--fail-on", "warning"];
        let arguments = [&["report"], arguments, &how].concat();
        let output = finish(self.command(program(), &arguments)).await;
        let report: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", shown(&output)));
        let findings = report["destinations"][0]["findings"].as_array().unwrap();
        let is_wrong = findings.iter().any(|finding| finding["severity"] != "info");
        let code = i32::from(is_wrong);
        assert_eq!(output.status.code(), Some(code), "{}", shown(&output));
        report
    }

    /// Lets the program serve until it has scanned the bucket, and keep what it saw.
    pub async fn serve(&self) {
        let state = self.path("state");
        let state = format!("[state]\ndirectory = {state:?}\n");
        self.scan(&state, "").await;
    }

    /// What the program shows where it takes the clusters from keys: these and no others, whose newest
    /// good backups are of these runs.
    pub async fn expect_clusters(&self, made: &BTreeMap<&str, Run>) {
        let resolver = "[resolvers.read]\ntype = \"keys\"\n";
        // The tool may still be archiving: what counts is a scan while nothing came.
        let (metrics, listed) = loop {
            let before = self.list().await.len();
            let metrics = self.scan(resolver, "resolver = \"read\"\n").await;
            let listed = self.list().await;
            if listed.len() == before {
                break (metrics, listed);
            }
        };
        let objects = metrics.by("objectstore_objects", "cluster");
        assert_eq!(
            objects.keys().collect::<Vec<_>>(),
            made.keys().collect::<Vec<_>>()
        );
        for (cluster, objects) in objects {
            let own = count(&listed, &format!("/{cluster}/")) as f64;
            assert_eq!(objects, own, "{cluster}: {listed:#?}");
        }
        assert_eq!(
            metrics.of("it", "objectstore_unassigned_objects"),
            Some(0.0)
        );
        let newest = "objectstore_backup_last_success_timestamp_seconds";
        for (cluster, run) in made {
            let newest = metrics.get(newest, &[("cluster", cluster)]).unwrap();
            let is_of =
                run.begun.as_seconds().floor() <= newest && newest <= run.ended.as_seconds();
            assert!(is_of, "{cluster}: {newest}, not {run:?}");
        }
    }

    /// Lets the program serve, with these sections and this of the destination besides, until it has
    /// scanned the bucket.
    async fn scan(&self, sections: &str, of_destination: &str) -> Metrics {
        let bundle = self.bundle.iter();
        let bundle: String = bundle
            .map(|file| format!("ca_bundle = {file:?}\n"))
            .collect();
        let config = format!(
            "{sections}[backends.store]\ntype = \"minio\"\n\
             endpoint = \"{}\"\naccess_key_id = \"{}\"\nsecret_access_key = \"{}\"\n{bundle}\
             [[destinations]]\nname = \"it\"\nbucket = \"{BUCKET}\"\n{of_destination}",
            self.endpoint(),
            MinIo::ACCESS_KEY,
            MinIo::SECRET_KEY,
        );
        std::fs::write(self.path("config.toml"), &config).unwrap();
        let mut exporter = Exporter::with_config(&config, &[]).await;
        let has_scanned =
            |metrics: &Metrics| metrics.of("it", "objectstore_scan_success") == Some(1.0);
        let metrics = exporter.until("it has scanned", has_scanned).await;
        assert!(exporter.terminate().await.success());
        metrics
    }
}
