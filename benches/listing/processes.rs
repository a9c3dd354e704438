//! The processes that are measured, and what the system says of them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use std::path::Path;

use s3_exporter_testkit::{
    Authority, Identity, Latency, Port, SyntheticBucket, SyntheticServer, Tool,
};

/// Ends a hang.
const PATIENCE: Duration = Duration::from_secs(300);
/// Milliseconds that half of the answers take at most, and all but one in a hundred, where they are uneven.
const UNEVEN: (u64, u64) = (50, 300);

/// A process that ends when this is dropped.
pub struct Started(Child);

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A synthetic store in a process of its own.
pub struct Store {
    process: Started,
    /// With its certificate, where it serves https.
    folder: tempfile::TempDir,
    pub endpoint: String,
    bucket: SyntheticBucket,
    clusters: u64,
}

/// How a store answers.
#[derive(Clone, Copy)]
pub enum Answers {
    /// After so many milliseconds.
    After(u64),
    /// After a time that varies: see [`uneven`].
    Uneven,
    /// At once, by https.
    Https,
}

impl Store {
    /// `layout` is `even`, `skewed` or `counted`, or a tool's, which has no clusters; each answer takes
    /// `latency` milliseconds.
    pub fn start(objects: u64, clusters: u64, layout: &str, latency: u64) -> Self {
        Self::with(objects, clusters, layout, Answers::After(latency))
    }

    pub fn with(objects: u64, clusters: u64, layout: &str, answers: Answers) -> Self {
        let folder = tempfile::tempdir().unwrap();
        if matches!(answers, Answers::Https) {
            let authority = Authority::new();
            let identity = authority.issue(&["127.0.0.1"]);
            let files = [
                ("authority.pem", authority.pem()),
                ("certificate.pem", &identity.certificate),
                ("key.pem", &identity.key),
            ];
            for (name, pem) in files {
                std::fs::write(folder.path().join(name), pem).unwrap();
            }
        }
        let [count, names] = [objects, clusters].map(|number| number.to_string());
        let answers = match answers {
            Answers::After(latency) => latency.to_string(),
            Answers::Uneven => "uneven".to_owned(),
            Answers::Https => folder.path().to_str().unwrap().to_owned(),
        };
        let (process, endpoint) = this(&["store", &count, &names, layout, &answers]);
        Self {
            process,
            folder,
            endpoint,
            bucket: bucket(objects, clusters.max(1), layout),
            clusters,
        }
    }

    /// The names of its clusters.
    pub fn names(&self) -> Vec<String> {
        match self.clusters {
            0 => Vec::new(),
            _ => self.bucket.names().collect(),
        }
    }

    /// What stands before them in the keys.
    pub fn prefix(&self) -> &str {
        self.bucket.prefix()
    }

    /// CPU seconds so far, user and system.
    pub fn cpu(&self) -> f64 {
        cpu(&self.process.0.id().to_string())
    }

    /// `endpoint` and what else a backend needs in its section.
    fn section(&self) -> String {
        let endpoint = &self.endpoint;
        match endpoint.starts_with("https") {
            true => format!(
                "endpoint = {endpoint:?}\nca_bundle = {:?}",
                self.folder.path().join("authority.pem")
            ),
            false => format!("endpoint = {endpoint:?}"),
        }
    }
}

/// What uneven answers take on average, in seconds.
pub fn uneven_mean() -> f64 {
    uneven().mean().as_secs_f64()
}

/// Log-normal, with the median and the 99th percentile of [`UNEVEN`].
fn uneven() -> Latency {
    let [median, p99] = [UNEVEN.0, UNEVEN.1].map(Duration::from_millis);
    Latency::LogNormal { median, p99 }
}

fn bucket(objects: u64, clusters: u64, layout: &str) -> SyntheticBucket {
    match layout {
        "even" => SyntheticBucket::even(objects, clusters),
        "counted" => SyntheticBucket::counted(objects, clusters),
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

/// Is the store: what [`Store::with`] runs. `answers` are milliseconds, `uneven`, or a folder with a
/// certificate.
pub fn serve(objects: &str, clusters: &str, layout: &str, answers: &str) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let clusters: u64 = clusters.parse().unwrap();
    let bucket = bucket(objects.parse().unwrap(), clusters.max(1), layout);
    let (latency, identity) = match (answers, answers.parse()) {
        (_, Ok(latency)) => (Latency::Even(Duration::from_millis(latency)), None),
        ("uneven", _) => (uneven(), None),
        (folder, _) => {
            let [certificate, key] = ["certificate", "key"].map(|name| {
                let file = Path::new(folder).join(name).with_extension("pem");
                std::fs::read_to_string(file).unwrap()
            });
            let identity = Identity { certificate, key };
            (Latency::Even(Duration::ZERO), Some(identity))
        }
    };
    let scheme = if identity.is_some() { "https" } else { "http" };
    let server = SyntheticServer::new(bucket, latency, None);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{scheme}://{}", listener.local_addr().unwrap());
        server.serve(listener, identity.as_ref()).await.unwrap();
    });
}

/// CPU seconds for each million objects of a baseline lister.
pub fn baseline(lister: &str, store: &Store) -> f64 {
    let (_process, line) = this(&["baseline", lister, &store.endpoint]);
    line.parse().unwrap()
}

/// Runs this program with other arguments; what it prints first.
pub fn this(arguments: &[&str]) -> (Started, String) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let mut process = Started(
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
    process: Started,
    /// Where it answers.
    pub port: Port,
    folder: tempfile::TempDir,
}

/// `[scan]` with these lines, and one destination, the bucket of this store, by this type of backend
/// with more lines of its own.
pub fn config(store: &Store, backend: &str, scan: &str, destination: &str) -> String {
    let names = store.names();
    let clusters = match names.is_empty() {
        true => String::new(),
        false => format!("clusters = {names:?}"),
    };
    format!(
        "[scan]\nmax_requests_in_flight = 256\n{scan}\n{}\n[[destinations]]\nbucket = \"bucket\"\n\
         prefix = \"{}\"\n{destination}\n{clusters}\n",
        section(store, backend),
        store.prefix(),
    )
}

/// The section of a backend `store`.
pub fn section(store: &Store, backend: &str) -> String {
    format!(
        "[backends.store]\ntype = \"{backend}\"\n{}\naccess_key_id = \"synthetic\"\n\
         secret_access_key = \"synthetic\"\nmax_requests_in_flight = 256",
        store.section(),
    )
}

impl Exporter {
    /// Watches a store: `scan` is more lines of that section.
    pub fn start(store: &Store, backend: &str, scan: &str) -> Self {
        Self::with(store, backend, scan, "")
    }

    /// The same with more lines of the destination.
    pub fn with(store: &Store, backend: &str, scan: &str, destination: &str) -> Self {
        Self::run(&config(store, backend, scan, destination))
    }

    /// With this configuration.
    pub fn run(config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        std::fs::write(&file, config).unwrap();
        let port = Port::take();
        let mut command = Command::new(env!("CARGO_BIN_EXE_s3-exporter"));
        command.arg("--config").arg(&file).args([
            "--listen",
            &format!("127.0.0.1:{port}"),
            "--log.level",
            "error",
        ]);
        // As it is started where nobody says anything of memory.
        let process = Started(command.env_remove("MALLOC_ARENA_MAX").spawn().unwrap());
        Self {
            process,
            port,
            folder,
        }
    }

    /// Writes another configuration, which it does not read yet.
    pub fn write(&self, config: &str) {
        std::fs::write(self.folder.path().join("config.toml"), config).unwrap();
    }

    /// Has it read another configuration.
    pub fn reload(&self, config: &str) {
        self.write(config);
        let process = i32::try_from(self.process.0.id()).unwrap();
        let process = rustix::process::Pid::from_raw(process).unwrap();
        rustix::process::kill_process(process, rustix::process::Signal::HUP).unwrap();
    }

    /// Waits for an answer of `/metrics` that is as wanted.
    pub fn until(&self, wanted: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.metrics() {
                Some(text) if wanted(&text) => return text,
                text => assert!(Instant::now() < deadline, "not as wanted: {text:?}"),
            }
            // Each answer is CPU of the exporter's, which is what some rows measure.
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until so many scans have ended, all of them well.
    pub fn scanned(&self, scans: u64) -> Scanned {
        let text = self.until(|text| value(text, "objectstore_scans_total{") >= scans as f64);
        assert_eq!(value(&text, "objectstore_scan_success{"), 1.0, "{text}");
        let value = |name: &str| value(&text, name);
        Scanned {
            seconds: value("objectstore_scan_duration_seconds{"),
            requests: value("objectstore_api_requests_total{"),
            objects: value("objectstore_listed_objects{"),
            unassigned: value("objectstore_unassigned_objects{"),
            jobs: backup_jobs(&text),
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
        self.memory("VmHWM:")
    }

    /// What it has now, in MiB.
    pub fn resident(&self) -> f64 {
        self.memory("VmRSS:")
    }

    fn memory(&self, what: &str) -> f64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.process.0.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(what)).unwrap();
        let kibibytes: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kibibytes / 1024.0
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
pub fn value(text: &str, series: &str) -> f64 {
    let line = text.lines().find(|line| line.starts_with(series));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok())
        .unwrap_or(f64::NAN)
}

/// CPU seconds of a process so far (`self`, or its id), user and system: in ticks of 10 ms.
pub fn cpu(process: &str) -> f64 {
    ticks(process, 11)
}

/// The same of the processes that this one started and waited for.
pub fn cpu_of_children() -> f64 {
    ticks("self", 13)
}

/// The sum of two fields, in seconds: see proc_pid_stat(5), the first after the name is 0.
fn ticks(process: &str, field: usize) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let after_name = stat.rsplit(')').next().unwrap();
    let ticks: f64 = after_name
        .split_whitespace()
        .skip(field)
        .take(2)
        .map(|ticks| ticks.parse::<f64>().unwrap())
        .sum();
    ticks / 100.0
}
