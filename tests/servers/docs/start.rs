//! `docs/getting-started.md` is gone through: each of its three ways with its configuration and its
//! commands, and then to the alert that arrives. Only addresses and waits are others.

use std::path::Path;
use std::process::Command;

use s3_exporter_testkit::servers::{Kubernetes, MinIo};
use s3_exporter_testkit::{Port, Process, tool};
use tempfile::TempDir;

use crate::common::{self, Exporter};
use crate::demo::{Demo, TURN};
use crate::docs::{blocks, read, root};
use crate::schedules::stage::shared;

const DOCUMENT: &str = "docs/getting-started.md";
/// Where its MinIO is.
const STORE: &str = "127.0.0.1:9000";

/// The text of the document's block that begins so.
fn block(start: &str) -> String {
    let blocks = blocks::of(Path::new(DOCUMENT));
    let mut fits = blocks
        .into_iter()
        .filter(|block| block.text.starts_with(start));
    let block = fits.next().unwrap_or_else(|| panic!("no block {start}"));
    block.text
}

/// With each of these in the place of what stands there, which must.
fn with(text: &str, others: &[(&str, &str)]) -> String {
    let mut text = text.to_owned();
    for (own, other) in others {
        assert!(text.contains(own), "no {own} in {text}");
        text = text.replace(own, other);
    }
    text
}

/// The words of the document's commands that begin so.
fn commands(start: &str) -> Vec<Vec<String>> {
    let blocks = blocks::of(Path::new(DOCUMENT)).into_iter();
    let blocks = blocks.filter(|block| block.language == "console");
    let text: String = blocks.map(|block| block.text).collect();
    let lines = text.lines().filter_map(|line| line.strip_prefix("$ "));
    let lines = lines.filter(|line| line.starts_with(start));
    lines
        .map(|line| line.split(' ').map(str::to_owned).collect())
        .collect()
}

/// Those of the first.
fn command(start: &str) -> Vec<String> {
    let first = commands(start).into_iter().next();
    first.unwrap_or_else(|| panic!("no command {start}"))
}

/// The variables that the document exports with this one.
fn exported(first: &str) -> Vec<(String, String)> {
    let words = command(&format!("export {first}=")).split_off(1);
    let pair = |word: &String| {
        let (name, value) = word.split_once('=').unwrap();
        (name.to_owned(), value.to_owned())
    };
    words.iter().map(pair).collect()
}

/// The commands of the block with this one, but that which serves.
fn commands_beside(command: &str) -> Vec<Vec<String>> {
    let blocks = blocks::of(Path::new(DOCUMENT)).into_iter();
    let mut blocks = blocks.filter(|block| block.language == "console");
    let block = blocks.find(|block| block.text.contains(command)).unwrap();
    let lines = block
        .text
        .lines()
        .filter_map(|line| line.strip_prefix("$ s3-exporter "));
    lines
        .map(|line| line.split(' ').map(str::to_owned).collect())
        .collect()
}

const KEYS: [(&str, &str); 2] = [
    ("MINIO_KEY_ID", MinIo::ACCESS_KEY),
    ("MINIO_SECRET", MinIo::SECRET_KEY),
];

/// What the exporter prints there, and its exit code.
fn run(folder: &Path, arguments: &[String]) -> (String, Option<i32>) {
    let output = Command::new(common::program())
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .envs(KEYS)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.code() != Some(2), "{arguments:?}: {said}");
    (printed, output.status.code())
}

fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// A program that the document starts.
struct Started {
    process: Process,
    folder: TempDir,
}

impl Started {
    fn new(program: &Path, arguments: &[String]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let process = Process::start(program, &arguments, &[], &folder.path().join("log"));
        Self { process, folder }
    }

    fn with_data(program: &str, flag: &str, mut arguments: Vec<String>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        arguments.push(format!("{flag}={}", folder.path().join("data").display()));
        Self {
            folder,
            ..Self::new(&tool(program), &arguments)
        }
    }
}

/// From the folder of a configuration, and the exporter that runs with it, to an alert that arrives
/// and says these words.
async fn an_alert_arrives(folder: &Path, exporter: &str, words: &[&str]) {
    let [receiver, alertmanager, prometheus] = [(); 3].map(|()| Port::take());
    let at = |port: &Port| format!("127.0.0.1:{port}");

    let rules = command("s3-exporter rules");
    assert_eq!(run(folder, &rules[1..]), (String::new(), Some(0)));
    // Without the five minutes in which the next scan could find it.
    let file = rules.last().unwrap();
    let text = std::fs::read_to_string(folder.join(file)).unwrap();
    let waits = ["for: ", "keep_firing_for: "];
    let lines = text
        .lines()
        .filter(|line| !waits.iter().any(|wait| line.trim_start().starts_with(wait)));
    write(folder, file, &lines.collect::<Vec<_>>().join("\n"));

    let config = with(
        &block("route:"),
        &[
            ("127.0.0.1:5001", &at(&receiver)),
            ("group_wait: 10s", "group_wait: 0s"),
        ],
    );
    let of_alertmanager = write(folder, "alertmanager.yml", &config);
    let config = with(
        &block("global:"),
        &[
            ("127.0.0.1:9093", &at(&alertmanager)),
            ("127.0.0.1:9340", exporter),
            ("15s", "1s"),
        ],
    );
    let of_prometheus = write(folder, "prometheus.yml", &config);

    let mut told = {
        let mut words = command("python3");
        words.push(receiver.to_string());
        words[1] = root().join(&words[1]).to_str().unwrap().to_owned();
        Started::new(Path::new("python3"), &words[1..])
    };
    let start = |program: &str, own: &str, file: &str, flag: &str, port: &Port| {
        let mut words = command(program).split_off(1);
        words[0] = with(&words[0], &[(own, file)]);
        words.push(format!("--web.listen-address=127.0.0.1:{port}"));
        Started::with_data(program, flag, words)
    };
    let file = &of_alertmanager;
    let flag = "--storage.path";
    let _telling = start(
        "alertmanager",
        "alertmanager.yml",
        file,
        flag,
        &alertmanager,
    );
    let file = &of_prometheus;
    let flag = "--storage.tsdb.path";
    let asking = start("prometheus", "prometheus.yml", file, flag, &prometheus);

    let log = told.folder.path().join("log");
    let is_told = || async {
        let said = std::fs::read_to_string(&log).unwrap();
        words.iter().all(|word| said.contains(word))
    };
    let what = format!("{words:?} is told; Prometheus: {}", asking.process.log());
    told.process.until(&what, is_told).await;
    let said = told.process.log();
    let what_to_do = "\nWhat to do: docs/runbooks.md#backup";
    assert!(said.contains(what_to_do), "{said}");

    told.process.signal("INT");
    told.process.wait().await;
    let said = told.process.log();
    assert!(!said.contains("Traceback"), "{said}");
}

/// From nothing: a MinIO at this address, and in it a bucket with something that is called as a backup is.
async fn a_store(address: &str) -> Started {
    let module = command("go install").pop().unwrap();
    let (_, version) = module.split_once('@').unwrap();
    let installed = read("tests/install.sh");
    let line = format!("\nMINIO={version}\n");
    assert!(installed.contains(&line), "{module} is not what tests have");

    let folder = tempfile::tempdir().unwrap();
    let data = format!(" {}", folder.path().join("store").display());
    let line = command("~/go/bin/minio").join(" ");
    let line = with(&line, &[(STORE, address), (" store", &data)]);
    let arguments: Vec<_> = line.split(' ').skip(1).collect();
    let own = exported("MINIO_ROOT_USER");
    let mut variables: Vec<_> = own
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    variables.push(("HOME", folder.path().to_str().unwrap())); // which may hold certificates for it
    let log = folder.path().join("log");
    let mut process = Process::start(&tool("minio"), &arguments, &variables, &log);

    let requests = commands("curl ");
    assert_eq!(requests.len(), 2);
    for request in requests {
        let line = with(&request.join(" "), &[(STORE, address)]);
        let is_done = || async {
            let mut curl = Command::new("curl");
            curl.args(["--no-progress-meter", "--noproxy", "*"]);
            let output = curl.args(line.split(' ').skip(1)).output().unwrap();
            output.status.success() && output.stdout.is_empty() // or it prints why not
        };
        process.until(&line, is_done).await;
    }
    Started { process, folder }
}

#[tokio::test]
async fn the_demo() {
    let _turn = TURN.lock().await;
    let mut demo = Demo::start().await;
    demo.metrics().await;
    let address = demo.address.trim_start_matches("http://").to_owned();
    let late = ["firing: Backup", "p4wn8dx3bm"];
    an_alert_arrives(&demo.folder(), &address, &late).await;
}

#[tokio::test]
async fn a_minio() {
    let port = Port::take();
    let address = format!("127.0.0.1:{port}");
    let _store = a_store(&address).await;
    let keys = exported("MINIO_KEY_ID");
    assert_eq!(keys, KEYS.map(|(name, value)| (name.into(), value.into())));
    let config = block("[backends.onprem]");
    let config = with(
        &config,
        &[
            (STORE, &address),
            // As it says where all backups are in time, and sooner.
            ("25h\"", "1s\"\ninterval = \"1s\""),
        ],
    );
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "config.toml", &config);
    let said = |command: &str| {
        let all = commands_beside("s3-exporter explain");
        let words = all.iter().find(|words| words[0] == command);
        run(folder.path(), words.unwrap())
    };
    let (printed, code) = said("check");
    assert_eq!(code, Some(0), "{printed}");
    assert!(printed.contains("etcd-backups"), "{printed}");
    let (printed, code) = said("report");
    assert_eq!(code, Some(1), "nothing is there of lab-2: {printed}");
    assert!(printed.contains("lab-2"), "{printed}");
    let (printed, code) = said("explain");
    assert_eq!(code, Some(0), "{printed}");
    assert!(printed.contains("lab-1"), "{printed}");
    assert_eq!(commands_beside("s3-exporter explain").len(), 3);

    let exporter = Exporter::with_config_in(&config, &[], &KEYS).await;
    let late = ["firing: BackupTooOld", "lab-1"];
    an_alert_arrives(folder.path(), &exporter.address(), &late).await;
}

#[tokio::test]
async fn kubermatic() {
    let (minio, kubernetes) = shared().await;
    let bucket = "kubermatic-etcd-backups";
    minio.client().create_bucket(bucket).await;
    kubernetes.create_cluster("getstarted").await;
    let kubeconfig = kubernetes.kubeconfig("start.kubeconfig", Kubernetes::ADMIN);
    let config = with(
        &block("[backends.minio]"),
        &[("https://minio.example:9000", &minio.endpoint())],
    );
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(kubeconfig, folder.path().join("kubeconfig")).unwrap();
    write(folder.path(), "config.toml", &config);
    let all = commands_beside("s3-exporter check --connect\n$ s3-exporter\n");
    assert_eq!(all.len(), 1, "{all:?}");
    let (printed, code) = run(folder.path(), &all[0]);
    assert_eq!(code, Some(0), "{printed}");
    for word in [bucket, "kkp"] {
        assert!(printed.contains(word), "{printed}");
    }
}
