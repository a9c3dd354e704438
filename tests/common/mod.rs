//! Runs the built exporter as a user does, and reads what it shows.
#![allow(dead_code, clippy::unwrap_used)] // each test file uses a part of it

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use s3_exporter_testkit::{Port, Process};
use tempfile::TempDir;

pub mod truth;
pub mod watch;

/// How long anything may take that is waited for: it ends a hang, and says nothing of speed.
const PATIENCE: Duration = Duration::from_secs(60);

/// The exporter's program.
pub fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_s3-exporter"))
}

/// A running exporter. It ends when it is dropped.
pub struct Exporter {
    process: Process,
    port: Port,
    folder: TempDir,
}

impl Exporter {
    /// Starts it with these arguments and this environment, in an empty folder, listening on
    /// a free port.
    pub async fn start(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), arguments, environment).await
    }

    /// Starts it with a configuration; files that it names lie beside it.
    pub async fn with_config(config: &str, files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let file = folder.path().join("config.toml");
        std::fs::write(&file, config).unwrap();
        let file = file.to_string_lossy().into_owned();
        Self::start_in(folder, &["--config", &file], &[]).await
    }

    async fn start_in(folder: TempDir, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let port = Port::take();
        let address = format!("127.0.0.1:{port}");
        let mut arguments = arguments.to_vec();
        arguments.extend(["-address", &address]);
        let log = folder.path().join("exporter.log");
        let process = Process::start(program(), &arguments, environment, &log);
        let mut exporter = Self {
            process,
            port,
            folder,
        };
        let url = exporter.url("/-/healthy");
        exporter
            .process
            .until("it is healthy", || async {
                reqwest::get(&url)
                    .await
                    .is_ok_and(|answer| answer.status() == 200)
            })
            .await;
        exporter
    }

    /// The address of a page.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Where it listens.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// A file beside its configuration.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Everything it has logged.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        self.process.exited().is_none()
    }

    /// A page's text.
    pub async fn get(&self, path: &str) -> String {
        reqwest::get(self.url(path))
            .await
            .unwrap()
            .text()
            .await
            .unwrap()
    }

    /// What it shows now.
    pub async fn metrics(&self) -> Metrics {
        Metrics::parse(&self.get("/metrics").await)
    }

    /// Waits until what it shows is as it should be, and gives that.
    pub async fn until(&mut self, what: &str, fits: impl Fn(&Metrics) -> bool) -> Metrics {
        self.until_within(PATIENCE, what, fits).await
    }

    /// The same for what is a lot of work.
    pub async fn until_within(
        &mut self,
        patience: Duration,
        what: &str,
        fits: impl Fn(&Metrics) -> bool,
    ) -> Metrics {
        let deadline = Instant::now() + patience;
        loop {
            let metrics = self.metrics().await;
            if fits(&metrics) {
                return metrics;
            }
            let log = self.log();
            assert!(self.runs(), "it ended before {what}:\n{log}");
            assert!(
                Instant::now() < deadline,
                "not after {patience:?}: {what}\n{}\n{log}",
                metrics.ours()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Sends a signal by its name (`TERM`).
    pub fn signal(&mut self, name: &str) {
        self.process.signal(name);
    }

    /// Stops it as Kubernetes does, and waits until it has ended.
    pub async fn terminate(&mut self) -> ExitStatus {
        self.signal("TERM");
        self.process.wait().await
    }
}

/// The series of one scrape.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metrics(BTreeMap<String, f64>);

impl Metrics {
    /// Reads the text format.
    pub fn parse(text: &str) -> Self {
        let lines = text
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty());
        Self(
            lines
                .map(|line| {
                    let (series, value) = line
                        .rsplit_once(' ')
                        .unwrap_or_else(|| panic!("no sample: {line}"));
                    let value = value
                        .parse()
                        .unwrap_or_else(|_| panic!("no number: {line}"));
                    (series.to_owned(), value)
                })
                .collect(),
        )
    }

    /// The value of the one series with this name and, among others, these labels.
    ///
    /// # Panics
    /// When there are several.
    pub fn get(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let all = self.all(name, labels);
        assert!(all.len() < 2, "{name} {labels:?}: {all:?}");
        all.first().map(|(_, value)| *value)
    }

    /// All series with this name and, among others, these labels.
    pub fn all(&self, name: &str, labels: &[(&str, &str)]) -> Vec<(&str, f64)> {
        let fits = |series: &str| {
            let (own, rest) = series.split_once('{').unwrap_or((series, ""));
            let rest = format!(",{rest}");
            own == name
                && labels
                    .iter()
                    .all(|(label, value)| rest.contains(&format!(",{label}=\"{value}\"")))
        };
        self.0
            .iter()
            .filter(|(series, _)| fits(series))
            .map(|(series, value)| (&**series, *value))
            .collect()
    }

    /// Whether there is any series with this name.
    pub fn has(&self, name: &str) -> bool {
        !self.all(name, &[]).is_empty()
    }

    /// A destination's kinds of failure that `objectstore_scan_failing` says are now.
    pub fn failing(&self, destination: &str) -> Vec<&str> {
        let kinds = self.all("objectstore_scan_failing", &[("destination", destination)]);
        kinds
            .iter()
            .filter(|(_, value)| *value != 0.0)
            .map(|(series, _)| truth::label(series, "kind").unwrap())
            .collect()
    }

    /// A destination's value of a family that has one series for each.
    pub fn of(&self, destination: &str, name: &str) -> Option<f64> {
        self.get(name, &[("destination", destination)])
    }

    /// The series of ours and of the compatible sets, for a message.
    pub fn ours(&self) -> String {
        let ours = self.0.iter().filter(|(series, _)| {
            series.starts_with("objectstore_") || series.starts_with("kubermatic_")
        });
        ours.map(|(series, value)| format!("{series} {value}\n"))
            .collect()
    }
}
