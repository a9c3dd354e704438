//! Runs the built exporter as a user does, and reads what it shows.
#![allow(dead_code, clippy::unwrap_used)] // each test file uses a part of it

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use reqwest::{Client, Response};
use s3_exporter_testkit::{Port, Process};
use serde_json::Value;
use tempfile::TempDir;

pub mod backups;
pub mod command;
pub mod given;
pub mod hostile;
pub mod questions;
pub mod report;
pub mod reports;
pub mod truth;
pub mod watch;

/// How long anything may take that is waited for: it ends a hang, and says nothing of speed.
const PATIENCE: Duration = Duration::from_secs(60);

/// The exporter's program.
pub fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_s3-exporter"))
}

/// An example's program. `cargo test` without names of tests builds it.
pub fn example(name: &str) -> PathBuf {
    let advice =
        "run `cargo build --workspace --examples` (`cargo test --test NAME` does not build them)";
    let path = program().with_file_name("examples").join(name);
    let source = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples")
        .join(name)
        .with_extension("rs");
    let time = |path: &Path| path.metadata().and_then(|file| file.modified());
    let built = time(&path).unwrap_or_else(|cause| panic!("{path:?}: {cause}: {advice}"));
    assert!(
        built >= time(&source).unwrap(),
        "{path:?} is older than its source: {advice}"
    );
    path
}

/// A running exporter. It ends when it is dropped.
pub struct Exporter {
    process: Process,
    port: Port,
    folder: TempDir,
    http: Client,
}

impl Exporter {
    /// Starts it with these arguments and this environment, in an empty folder, listening on
    /// a free port.
    pub async fn start(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), arguments, environment).await
    }

    /// Starts it with a configuration; files that it names lie beside it.
    pub async fn with_config(config: &str, files: &[(&str, &str)]) -> Self {
        Self::with_config_in(config, files, &[]).await
    }

    /// The same in this environment.
    pub async fn with_config_in(
        config: &str,
        files: &[(&str, &str)],
        environment: &[(&str, &str)],
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let file = folder.path().join("config.toml");
        std::fs::write(&file, config).unwrap();
        let file = file.to_string_lossy().into_owned();
        Self::start_in(folder, &["--config", &file], environment).await
    }

    /// Starts it with a configuration by another program, which runs what its last arguments
    /// say in its own place.
    pub async fn under(wrapper: &[&str], config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        std::fs::write(&file, config).unwrap();
        let (file, own) = (file.to_string_lossy(), program().to_string_lossy());
        let arguments = [&wrapper[1..], &[&own, "--config", &file]].concat();
        Self::start_by(Path::new(wrapper[0]), folder, &arguments, &[]).await
    }

    /// Starts it by another program, which these arguments have run ours.
    pub async fn by(wrapper: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        Self::start_by(
            wrapper,
            tempfile::tempdir().unwrap(),
            arguments,
            environment,
        )
        .await
    }

    /// Starts another program of ours with a configuration.
    pub async fn of(program: &Path, config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        std::fs::write(&file, config).unwrap();
        let file = file.to_string_lossy().into_owned();
        Self::start_by(program, folder, &["--config", &file], &[]).await
    }

    async fn start_in(folder: TempDir, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        Self::start_by(program(), folder, arguments, environment).await
    }

    async fn start_by(
        program: &Path,
        folder: TempDir,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Self {
        // The HTTP client here brings none; another test may have chosen it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let port = Port::take();
        let address = format!("127.0.0.1:{port}");
        let mut arguments = arguments.to_vec();
        arguments.extend(["-address", &address]);
        let log = folder.path().join("exporter.log");
        let process = Process::start(program, &arguments, environment, &log);
        let http = Client::builder().no_proxy().build().unwrap();
        let mut exporter = Self {
            process,
            port,
            folder,
            http,
        };
        let healthy = exporter.http.get(exporter.url("/-/healthy"));
        exporter
            .process
            .until("it is healthy", || async {
                let answer = healthy.try_clone().unwrap().send().await;
                answer.is_ok_and(|answer| answer.status() == 200)
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

    /// Its log's lines, each of which is an object.
    pub fn log_lines(&self) -> Vec<Value> {
        let log = self.log();
        let parse = |line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        log.lines().map(parse).collect()
    }

    /// Waits until its log is as it should be, and gives that.
    pub async fn until_log(&self, what: &str, fits: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let lines = self.log_lines();
            if fits(&lines) {
                return lines;
            }
            assert!(
                Instant::now() < deadline,
                "not after {PATIENCE:?}: {what}\n{lines:#?}"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        self.process.exited().is_none()
    }

    /// The answer to a GET.
    pub async fn answer(&self, path: &str) -> Response {
        self.http.get(self.url(path)).send().await.unwrap()
    }

    /// Has it read its configuration again: the status and the text of the answer.
    pub async fn reload(&self) -> (u16, String) {
        let answer = self.http.post(self.url("/-/reload")).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// A page's text.
    pub async fn get(&self, path: &str) -> String {
        self.answer(path).await.text().await.unwrap()
    }

    /// `/api/v1/status`.
    pub async fn status(&self) -> Value {
        serde_json::from_str(&self.get("/api/v1/status").await).unwrap()
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
        self.wait().await
    }

    /// Waits until it has ended.
    pub async fn wait(&mut self) -> ExitStatus {
        self.process.wait().await
    }
}

/// The series of one scrape.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metrics(BTreeMap<String, f64>);

impl Metrics {
    /// Reads the text format.
    ///
    /// # Panics
    /// When a line is no sample, or a series has two.
    pub fn parse(text: &str) -> Self {
        let mut metrics = Self::default();
        for line in text.lines() {
            if line.starts_with('#') || line.is_empty() {
                continue;
            }
            let (series, value) = line
                .rsplit_once(' ')
                .unwrap_or_else(|| panic!("no sample: {line}"));
            let value = value
                .parse()
                .unwrap_or_else(|_| panic!("no number: {line}"));
            let before = metrics.0.insert(series.to_owned(), value);
            assert_eq!(before, None, "twice: {series}");
        }
        metrics
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
        let fits =
            |series: &str| series.split('{').next() == Some(name) && has_labels(series, labels);
        self.0
            .iter()
            .filter(|(series, _)| fits(series))
            .map(|(series, value)| (&**series, *value))
            .collect()
    }

    /// The values of all series with this name, by one of their labels. (No label in these
    /// tests holds a `,` or a `"`.)
    ///
    /// # Panics
    /// When one lacks the label, or two have the same value of it.
    pub fn by(&self, name: &str, label: &str) -> BTreeMap<&str, f64> {
        let all = self.all(name, &[]);
        let count = all.len();
        let values = all.into_iter().map(|(series, value)| {
            let (_, labels) = series.split_once('{').unwrap_or_default();
            let mut labels = labels.split(',').map(|part| part.trim_end_matches('}'));
            let own = labels.find_map(|part| part.strip_prefix(label)?.strip_prefix("=\""));
            let own = own.unwrap_or_else(|| panic!("no {label}: {series}"));
            (own.trim_end_matches('"'), value)
        });
        let values: BTreeMap<_, _> = values.collect();
        assert_eq!(values.len(), count, "{name} by {label}: {values:?}");
        values
    }

    /// The names of all series.
    pub fn names(&self) -> BTreeSet<&str> {
        self.0
            .keys()
            .map(|series| series.split('{').next().unwrap())
            .collect()
    }

    /// The series whose name begins like that.
    pub fn beginning(&self, prefix: &str) -> Self {
        let series = self
            .0
            .iter()
            .filter(|(series, _)| series.starts_with(prefix));
        Self(
            series
                .map(|(series, value)| (series.clone(), *value))
                .collect(),
        )
    }

    /// The series by the value of one of their labels; those without it are left out.
    pub fn split(&self, name: &str) -> BTreeMap<String, Self> {
        let mut parts = BTreeMap::<_, Self>::new();
        for (series, value) in &self.0 {
            if let Some(own) = truth::label(series, name) {
                let part = parts.entry(own.to_owned()).or_default();
                part.0.insert(series.clone(), *value);
            }
        }
        parts
    }

    /// The series with, among others, these labels.
    pub fn with(&self, labels: &[(&str, &str)]) -> Self {
        let series = self
            .0
            .iter()
            .filter(|(series, _)| has_labels(series, labels));
        Self(
            series
                .map(|(series, value)| (series.clone(), *value))
                .collect(),
        )
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

fn has_labels(series: &str, labels: &[(&str, &str)]) -> bool {
    let (_, rest) = series.split_once('{').unwrap_or_default();
    let rest = format!(",{rest}");
    labels
        .iter()
        .all(|(label, value)| rest.contains(&format!(",{label}=\"{value}\"")))
}
