//! SIGKILL at any moment leaves a good state.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use s3_exporter::state::parse;
use s3_exporter_testkit::{Port, S3sServer, Upload};
use tempfile::TempDir;

use crate::common::{Metrics, program};
use crate::state::files;

/// Exporters that are killed side by side, each with a folder of its own.
const LANES: usize = 3;
/// How often each is.
const KILLS: usize = 110;
const DESTINATIONS: usize = 12;
/// So many that a file takes a while to write.
const CLUSTERS: usize = 200;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(3);

/// What was seen in a file: which file it was, when its scan ended, and how many objects that
/// found.
type Seen = BTreeMap<PathBuf, (Which, i64, u64)>;
/// Inode, and when it was written: an inode is soon used again.
type Which = (u64, i64, i64);

struct Lane {
    folder: TempDir,
    port: Port,
    seen: Seen,
    unfinished: usize,
    nothing_new: usize,
}

impl Lane {
    fn new(config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        let config = config.replace("STATE", &state.to_string_lossy());
        fs::write(folder.path().join("config.toml"), config).unwrap();
        Self {
            folder,
            port: Port::take(),
            seen: Seen::new(),
            unfinished: 0,
            nothing_new: 0,
        }
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    fn start(&self) -> Child {
        let log = fs::File::create(self.folder.path().join("log")).unwrap();
        // Should the test end early, its exporters end with it.
        Command::new("setpriv")
            .args(["--pdeathsig", "KILL"])
            .arg(program())
            .arg("--config")
            .arg(self.folder.path().join("config.toml"))
            .args(["-address", &format!("127.0.0.1:{}", self.port)])
            .stderr(log)
            .stdout(Stdio::null())
            .stdin(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// Starts it, and kills it a while later.
    fn kill_once(&mut self, nth: usize) {
        let before = self.seen.clone();
        let mut exporter = self.start();
        let is_looked_at = nth % 10 == 9;
        if is_looked_at {
            let shown = self.first_scrape();
            assert_shown(&shown, &before);
        }
        // Every third is killed as it starts, wherever it is; the others among their writes.
        if !nth.is_multiple_of(3) {
            self.until_written();
        }
        let end = Instant::now() + Duration::from_micros(fastrand::u64(0..80_000));
        while Instant::now() < end {
            self.look();
            std::thread::sleep(PAUSE);
        }
        assert!(exporter.try_wait().unwrap().is_none(), "{}", self.log());
        exporter.kill().unwrap();
        exporter.wait().unwrap();
        self.look();
        let leftovers = files(&self.state(), ".tmp").len();
        assert!(leftovers < 2, "those of before are still there");
        self.unfinished += leftovers;
        self.nothing_new += usize::from(self.seen == before);
        assert!(
            files(&self.state(), ".corrupt").is_empty(),
            "{}",
            self.log()
        );
        assert!(!self.log().contains("\"level\":\"warn\""), "{}", self.log());
    }

    /// Reads every file: it is whole, and not older than before.
    fn look(&mut self) {
        let there = files(&self.state(), ".state");
        let gone = self.seen.keys().find(|path| !there.contains(path));
        assert_eq!(gone, None, "a file is gone");
        for path in there {
            let mut file = fs::File::open(&path).unwrap();
            let of = file.metadata().unwrap();
            let which = (of.ino(), of.mtime(), of.mtime_nsec());
            let before = self.seen.get(&path).copied().unwrap_or_default();
            if which == before.0 {
                continue; // nothing is ever written into a file that has its name
            }
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).unwrap();
            let (_, remembered) = parse(&bytes).unwrap_or_else(|why| panic!("{path:?}: {why}"));
            let good = remembered.completed.unwrap();
            let (ended, objects) = (good.ended().as_millis(), good.found.fold.listed().objects);
            assert!(
                ended >= before.1 && objects >= before.2,
                "{ended} and {objects} after {before:?}"
            );
            self.seen.insert(path, (which, ended, objects));
        }
    }

    fn until_written(&mut self) {
        let before = self.seen.clone();
        let deadline = Instant::now() + Duration::from_secs(60);
        while self.seen == before {
            assert!(
                Instant::now() < deadline,
                "nothing is written:\n{}",
                self.log()
            );
            self.look();
            std::thread::sleep(PAUSE);
        }
    }

    fn first_scrape(&self) -> Metrics {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            if let Ok(answer) = self.get() {
                return answer;
            }
            assert!(Instant::now() < deadline, "no answer:\n{}", self.log());
            std::thread::sleep(PAUSE);
        }
    }

    fn get(&self) -> std::io::Result<Metrics> {
        let mut connection = TcpStream::connect(("127.0.0.1", self.port.number()))?;
        connection.write_all(b"GET /metrics HTTP/1.0\r\n\r\n")?;
        let mut answer = String::new();
        connection.read_to_string(&mut answer)?;
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        Ok(Metrics::parse(body))
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }
}

/// What was written is shown, or what is newer.
fn assert_shown(shown: &Metrics, written: &Seen) {
    for (path, (_, ended, objects)) in written {
        let destination = destination_of(path);
        let last = shown.of(&destination, crate::state::LAST_SUCCESS).unwrap();
        assert!(
            last * 1000.0 >= *ended as f64 - 1.0,
            "{destination}: {last}, {ended}"
        );
        let listed = shown.of(&destination, "objectstore_listed_objects");
        assert!(listed >= Some(*objects as f64), "{destination}: {listed:?}");
    }
}

/// `<hash>-<name>.state`
fn destination_of(path: &Path) -> String {
    let name = path.file_stem().unwrap().to_string_lossy().into_owned();
    name.split_once('-').unwrap().1.to_owned()
}

#[test]
fn hundreds_of_times_at_any_moment() {
    let server = S3sServer::start();
    let names: Vec<_> = (0..CLUSTERS)
        .map(|nth| format!("\"cluster-{nth}\""))
        .collect();
    let mut config = crate::state::config(&server, Path::new("STATE"));
    config += &format!(
        "[resolvers.r]\ntype = \"static\"\nclusters = [{}]\n",
        names.join(",")
    );
    for nth in 0..DESTINATIONS {
        server
            .store()
            .put(&format!("bucket-{nth}"), &Upload::new("cluster-1-0", 1));
        config += &format!(
            "[[destinations]]\nbucket = \"bucket-{nth}\"\nresolver = \"r\"\ninterval = \"1s\"\n"
        );
    }
    let (mut unfinished, mut nothing_new) = (0, 0);
    std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..LANES)
            .map(|lane| {
                let (config, store) = (&config, server.store());
                scope.spawn(move || {
                    let mut own = Lane::new(config);
                    for nth in 0..KILLS {
                        // The figures grow, so that older ones are known.
                        let bucket = format!("bucket-{}", fastrand::usize(0..DESTINATIONS));
                        let key = format!("cluster-{}-{lane}-{nth}", nth % CLUSTERS);
                        store.put(&bucket, &Upload::new(key, 1));
                        own.kill_once(nth);
                    }
                    own
                })
            })
            .collect();
        for lane in lanes {
            let lane = lane.join().unwrap();
            assert_eq!(lane.seen.len(), DESTINATIONS);
            unfinished += lane.unfinished;
            nothing_new += lane.nothing_new;
        }
    });
    let kills = LANES * KILLS;
    println!("{kills} kills: {unfinished} in the middle of a write, {nothing_new} before any");
    assert!(nothing_new < kills / 2, "most must be among writes");
}
