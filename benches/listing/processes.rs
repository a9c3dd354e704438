//! The processes that are measured, and what the system says of them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use s3_exporter_testkit::{Port, SyntheticBucket, SyntheticServer, Tool};

/// Ends a hang.
const PATIENCE: Duration = Duration::from_secs(120);

/// A process that ends when this is dropped.
struct Kept(Child);

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A synthetic store in a process of its own.
pub struct Store {
    _process: Kept,
    pub endpoint: String,
    pub clusters: u64,
    pub prefix: String,
}

impl Store {
    /// `layout` is `even` or `skewed`, or a tool's, which has no clusters; each answer takes `latency`
    /// milliseconds.
    pub fn start(objects: u64, clusters: u64, layout: &str, latency: u64) -> Self {
        let [count, names, latency] = [objects, clusters, latency].map(|number| number.to_string());
        let (process, endpoint) = this(&["store", &count, &names, layout, &latency]);
        let prefix = bucket(objects, 1, layout).prefix().to_owned();
        Self {
            _process: process,
            endpoint,
            clusters,
            prefix,
        }
    }

    /// The names of its clusters.
    pub fn names(&self) -> Vec<String> {
        match self.clusters {
            0 => Vec::new(),
            clusters => bucket(1, clusters, "even").names().collect(),
        }
    }
}

fn bucket(objects: u64, clusters: u64, layout: &str) -> SyntheticBucket {
    match layout {
        "even" => SyntheticBucket::even(objects, clusters),
        "restic" => SyntheticBucket::of(Tool::Restic, objects),
        "pgbackrest" => SyntheticBucket::of(Tool::PgBackRest, objects),
        "barman" => SyntheticBucket::of(Tool::Barman, objects),
        "gardener" => SyntheticBucket::of(Tool::Gardener, objects),
        "litestream" => SyntheticBucket::of(Tool::Litestream, objects),
        "dumps" => SyntheticBucket::of(Tool::Dumps, objects),
        "trees" => SyntheticBucket::of(Tool::Trees, objects),
        "photos" => SyntheticBucket::of(Tool::None, objects),
        _ => SyntheticBucket::skewed(objects, clusters),
    }
}

/// Is the store: what [`Store::start`] runs.
pub fn serve(objects: &str, clusters: &str, layout: &str, latency: &str) {
    let bucket = bucket(objects.parse().unwrap(), clusters.parse().unwrap(), layout);
    let server = SyntheticServer::new(
        bucket,
        Duration::from_millis(latency.parse().unwrap()),
        None,
    );
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("http://{}", listener.local_addr().unwrap());
        server.serve(listener).await.unwrap();
    });
}

/// CPU seconds for each million objects of a baseline lister.
pub fn baseline(lister: &str, store: &Store) -> f64 {
    let (_process, line) = this(&["baseline", lister, &store.endpoint]);
    line.parse().unwrap()
}

/// Runs this program with other arguments; what it prints first.
fn this(arguments: &[&str]) -> (Kept, String) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let mut process = Kept(
        command
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let mut line = String::new();
    BufReader::new(process.0.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(!line.is_empty(), "{arguments:?} said nothing");
    (process, line.trim().to_owned())
}

/// The exporter, built with the same profile as this.
pub struct Exporter {
    process: Kept,
    port: Port,
    _folder: tempfile::TempDir,
}

impl Exporter {
    /// Watches a store: `scan` is more lines of that section.
    pub fn start(store: &Store, backend: &str, scan: &str) -> Self {
        Self::with(store, backend, scan, "")
    }

    /// The same with more lines of the destination.
    pub fn with(store: &Store, backend: &str, scan: &str, destination: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let names = store.names();
        let clusters = match names.is_empty() {
            true => String::new(),
            false => format!("clusters = {names:?}"),
        };
        let config = format!(
            "[scan]\n{scan}\n[backends.store]\ntype = \"{backend}\"\nendpoint = \"{}\"\n\
             access_key_id = \"synthetic\"\nsecret_access_key = \"synthetic\"\nmax_requests_in_flight = 64\n\
             [[destinations]]\nbucket = \"bucket\"\nprefix = \"{}\"\n{destination}\n{clusters}\n",
            store.endpoint, store.prefix,
        );
        let file = folder.path().join("config.toml");
        std::fs::write(&file, config).unwrap();
        let port = Port::take();
        let mut command = Command::new(env!("CARGO_BIN_EXE_s3-exporter"));
        command.arg("--config").arg(&file).args([
            "--listen",
            &format!("127.0.0.1:{port}"),
            "--log.level",
            "warn",
        ]);
        // As it is started where nobody says anything of memory.
        let process = Kept(command.env_remove("MALLOC_ARENA_MAX").spawn().unwrap());
        Self {
            process,
            port,
            _folder: folder,
        }
    }

    /// Waits until so many scans have ended, all of them well.
    pub fn scanned(&self, scans: u64) -> Scanned {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(text) = self.metrics() {
                let value = |name: &str| value(&text, name);
                if value("objectstore_scans_total{") >= scans as f64 {
                    assert_eq!(value("objectstore_scan_success{"), 1.0, "{text}");
                    return Scanned {
                        seconds: value("objectstore_scan_duration_seconds{"),
                        requests: value("objectstore_api_requests_total{"),
                        objects: value("objectstore_listed_objects{"),
                        unassigned: value("objectstore_unassigned_objects{"),
                        jobs: backup_jobs(&text),
                    };
                }
            }
            assert!(Instant::now() < deadline, "no scan after {PATIENCE:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// A scrape, where it answers already.
    pub fn metrics(&self) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port.number())).ok()?;
        stream
            .write_all(b"GET /metrics HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")
            .ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).ok()?;
        Some(text)
    }

    /// CPU seconds so far, user and system.
    pub fn cpu(&self) -> f64 {
        cpu(&self.process.0.id().to_string())
    }

    /// The most memory it ever had, in MiB.
    pub fn peak(&self) -> f64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.process.0.id())).unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmHWM:"))
            .unwrap();
        line.split_whitespace()
            .nth(1)
            .unwrap()
            .parse::<f64>()
            .unwrap()
            / 1024.0
    }
}

/// What a scan cost.
pub struct Scanned {
    pub seconds: f64,
    /// Since the start.
    pub requests: f64,
    pub objects: f64,
    pub unassigned: f64,
    /// Jobs of which backups were found.
    pub jobs: f64,
}

/// Jobs of which backups were found.
fn backup_jobs(text: &str) -> f64 {
    let newest = text.lines().filter(|line| {
        line.starts_with("objectstore_backup_last_success_timestamp_seconds{")
            && !line.ends_with(" 0")
    });
    newest.count() as f64
}

/// The value of the first series that begins so.
fn value(text: &str, series: &str) -> f64 {
    let line = text.lines().find(|line| line.starts_with(series));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok())
        .unwrap_or(f64::NAN)
}

/// CPU seconds of a process so far (`self`, or its id), user and system: in ticks of 10 ms.
pub fn cpu(process: &str) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let after_name = stat.rsplit(')').next().unwrap();
    let ticks: f64 = after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|ticks| ticks.parse::<f64>().unwrap())
        .sum();
    ticks / 100.0
}
