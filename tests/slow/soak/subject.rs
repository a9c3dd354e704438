//! The exporter under test: started, killed and started again with the same folder and port.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use reqwest::Client;
use s3_exporter_testkit::{Port, Process};
use tempfile::TempDir;

use crate::common::program;

/// What it may take: the bound on its memory.
pub const MEMORY: u64 = 150 << 20;

/// Which of its lives it is in: odd while it is there, even while it is not.
#[derive(Clone, Default)]
pub struct Life(Arc<AtomicU64>);

impl Life {
    pub fn now(&self) -> u64 {
        self.0.load(SeqCst)
    }

    pub fn is_up(&self) -> bool {
        self.now() % 2 == 1
    }

    fn next(&self) {
        self.0.fetch_add(1, SeqCst);
    }
}

pub struct Subject {
    process: Option<Process>,
    port: Port,
    folder: TempDir,
    http: Client,
    pub life: Life,
}

impl Subject {
    pub async fn start(config: &str, files: &[(&str, String)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        std::fs::write(folder.path().join("config.toml"), config).unwrap();
        let mut subject = Self {
            process: None,
            port: Port::take(),
            folder,
            http: Client::builder().no_proxy().build().unwrap(),
            life: Life::default(),
        };
        subject.resume().await;
        subject
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/metrics", self.port)
    }

    /// Replaces a file as an editor does.
    pub fn write(&self, name: &str, text: &str) {
        let new = self.folder.path().join("new");
        std::fs::write(&new, text).unwrap();
        std::fs::rename(new, self.folder.path().join(name)).unwrap();
    }

    pub async fn scrape(&self) -> String {
        let answer = self.http.get(self.url()).send().await.unwrap();
        answer.text().await.unwrap()
    }

    /// Makes it read this configuration.
    pub fn reload(&mut self, config: &str) {
        self.write("config.toml", config);
        self.process.as_mut().unwrap().signal("HUP");
    }

    /// Ends it in this way, and waits until it has ended.
    pub async fn end(&mut self, signal: &str) {
        self.life.next();
        let mut process = self.process.take().unwrap();
        process.signal(signal);
        process.wait().await;
        let log = process.log();
        check_log(&log);
        let kept = format!("log-{}", self.life.now());
        std::fs::write(self.folder.path().join(kept), log).unwrap();
    }

    /// Starts it again.
    pub async fn resume(&mut self) {
        let config = self.folder.path().join("config.toml");
        let config = config.to_string_lossy().into_owned();
        let address = format!("127.0.0.1:{}", self.port);
        let arguments = ["--config", &config, "-address", &address];
        let log = self.folder.path().join("exporter.log");
        let mut process = Process::start(&tested(), &arguments, &[], &log);
        let healthy = format!("http://127.0.0.1:{}/-/healthy", self.port);
        process
            .until("it is healthy", || async {
                let answer = self.http.get(&healthy).send().await;
                answer.is_ok_and(|answer| answer.status() == 200)
            })
            .await;
        self.process = Some(process);
        self.life.next();
    }

    /// Bytes of memory that are its own.
    pub fn memory(&self) -> u64 {
        self.status("VmRSS:")
    }

    /// The most it has had in this life.
    pub fn peak(&self) -> u64 {
        self.status("VmHWM:")
    }

    fn status(&self, name: &str) -> u64 {
        let pid = self.process.as_ref().unwrap().pid();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kibibytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        kibibytes.unwrap_or(0_u64) << 10
    }

    /// Open descriptors.
    pub fn descriptors(&self) -> usize {
        let pid = self.process.as_ref().unwrap().pid();
        std::fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count)
    }

    /// Fails where it has ended by itself, or says that something in it is wrong.
    pub fn check(&mut self) {
        let process = self.process.as_mut().unwrap();
        let log = process.log();
        if let Some(status) = process.exited() {
            panic!("it ended by itself ({status}):\n{}", tail(&log));
        }
        check_log(&log);
    }
}

/// The program: the one that the tests have built, or one that is optimized.
fn tested() -> PathBuf {
    let named = std::env::var_os("S3_EXPORTER_SOAK_PROGRAM");
    named.map_or_else(|| program().to_owned(), PathBuf::from)
}

fn check_log(log: &str) {
    for line in log.lines() {
        assert!(
            !line.contains("panicked") && !line.contains("fault of s3-exporter"),
            "{line}"
        );
    }
}

fn tail(log: &str) -> String {
    let lines: Vec<_> = log.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

/// How long a scrape may take: it ends a hang, and says nothing of speed.
pub const PATIENCE: Duration = Duration::from_secs(60);
