//! The Debian package over its whole life, on a machine with systemd: installed, configured, started,
//! reloaded, upgraded, removed and purged.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use s3_exporter_testkit::servers::MinIo;
use s3_exporter_testkit::{Authority, Port};

use super::machine::Machine;
use super::{PATIENCE, documented, packages, path, read};
use crate::common::Metrics;
use crate::common::backups::{CLUSTERS, FIGURES, assert_figures, fill};

const UNIT: &str = "s3-exporter";
const FOLDER: &str = "/etc/s3-exporter";
const USER: [&str; 2] = ["id-hunter-1", "key-hunter-2"];

/// A command of the documents, for who is in the folder where the files are.
fn in_tmp(command: &str) -> String {
    format!("cd /tmp && {command}")
}

/// Runs a line of a shell that succeeds.
#[track_caller]
fn does(machine: &Machine, line: &str) -> String {
    let done = machine.run(&["sh", "-c", line]);
    assert_eq!(
        done.code,
        Some(0),
        "{line}: {}{}",
        done.text,
        machine.log(UNIT)
    );
    done.text
}

/// What is left of it anywhere where packages put something.
fn left(machine: &Machine) -> String {
    let find = "find /etc /usr /var/lib /var/cache /run -name '*s3-exporter*' ! -path '/var/lib/dpkg/*' ! -path /usr/src";
    machine.prints(&["sh", "-c", &format!("{find} | sort")])
}

async fn metrics(address: &str) -> Option<Metrics> {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.get(format!("http://{address}/metrics")).send().await;
    Some(Metrics::parse(&answer.ok()?.text().await.ok()?))
}

/// Waits until the service shows what it should.
async fn until(machine: &Machine, address: &str, fits: impl Fn(&Metrics) -> bool) -> Metrics {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(metrics) = metrics(address).await
            && fits(&metrics)
        {
            return metrics;
        }
        assert!(Instant::now() < deadline, "{}", machine.log(UNIT));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn is_scanned(metrics: &Metrics) -> bool {
    metrics.get("objectstore_scan_success", &[]) == Some(1.0)
}

#[tokio::test]
async fn it_is_installed_started_upgraded_removed_and_purged() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let authority = Authority::new();
    let minio = MinIo::builder().tls(&authority).start().await;
    fill(&minio.client(), "backups").await;
    let policy = MinIo::policy(&["s3:ListBucket"], &["backups"]);
    minio.add_user(USER[0], USER[1], &policy).await;

    let machine = Machine::boot().await;
    let before = left(&machine);
    let [package, _] = packages();
    machine.write(
        "/tmp/s3-exporter.deb",
        std::fs::read(package).unwrap(),
        0o644,
    );
    let [install]: [String; 1] = documented("Debian, Ubuntu").try_into().unwrap();
    let install = in_tmp(&install.replace("s3-exporter_0.1.0-1_amd64.deb", "s3-exporter.deb"));
    let commands: [String; 5] = documented("The service").try_into().unwrap();
    let [keys, check, start, healthcheck, reload] = commands.map(|command| in_tmp(&command));
    let info = machine.prints(&["dpkg-deb", "--info", "/tmp/s3-exporter.deb"]);
    assert!(info.contains("Depends: libc6"), "{info}");

    // Installed, it waits for its configuration.
    does(&machine, &install);
    assert_eq!(machine.property(UNIT, "UnitFileState"), "disabled");
    assert_eq!(machine.property(UNIT, "ActiveState"), "inactive");
    let conffiles = machine.prints(&["dpkg-query", "-W", "-f", "${Conffiles}", UNIT]);
    assert!(
        conffiles.contains(" /etc/s3-exporter/config.toml "),
        "{conffiles}"
    );
    assert_eq!(conffiles.trim().lines().count(), 1, "{conffiles}");
    assert!(
        machine
            .prints(&["man", "-w", UNIT])
            .ends_with("s3-exporter.1.gz\n")
    );

    // Configured as docs/install.md says: keys in files that root alone can read.
    let port = Port::take();
    let address = format!("127.0.0.1:{port}");
    let config = read("deploy/packages/config.toml")
        .replace("https://minio.example:9000", &minio.endpoint())
        .replace(
            "access_key_id_file",
            &format!("ca_bundle = \"{FOLDER}/ca.pem\"\naccess_key_id_file"),
        )
        .replace(
            "[state]",
            &format!("[server]\nlisten = [\"{address}\"]\n\n[state]"),
        )
        .replace("max_age", &format!("clusters = {CLUSTERS:?}\nmax_age"));
    machine.write(&format!("{FOLDER}/config.toml"), &config, 0o644);
    machine.write(&format!("{FOLDER}/ca.pem"), authority.pem(), 0o644);
    let rights = ["stat", "-c", "%a %U", "/etc/s3-exporter/credentials"];
    assert_eq!(machine.prints(&rights), "700 root\n");
    for (name, secret) in ["access-key-id", "secret-access-key"].iter().zip(USER) {
        machine.write(&format!("/tmp/{name}"), format!("{secret}\n"), 0o644);
    }
    does(&machine, &keys);
    let key = "/etc/s3-exporter/credentials/access-key-id";
    assert_eq!(machine.prints(&["stat", "-c", "%a %U", key]), "600 root\n");
    does(&machine, &check);

    // Started, it is somebody who can do hardly anything, and works.
    does(&machine, &start);
    let shown = until(&machine, &address, is_scanned).await;
    assert_figures(&shown, &FIGURES);
    for name in ["process_resident_memory_bytes", "process_open_fds"] {
        assert!(
            shown.get(name, &[]).is_some_and(|value| value > 0.0),
            "{name}"
        );
    }
    // Though it sees processes alone in /proc.
    let started = shown.get("process_start_time_seconds", &[]).unwrap();
    let show = ["systemctl", "show", "--timestamp=unix", "--value", "-p"];
    let began = machine.prints(&[&show[..], &["ExecMainStartTimestamp", UNIT]].concat());
    let began: f64 = began.trim().trim_start_matches('@').parse().unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    assert!(
        began <= started && started <= now.as_secs_f64(),
        "{began} {started} {now:?}"
    );
    // The path of credentials is known to the service alone.
    assert_eq!(does(&machine, &healthcheck), "healthy\n");
    let pid = machine.property(UNIT, "MainPID");
    let status = machine.prints(&["cat", &format!("/proc/{pid}/status")]);
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().to_owned()
    };
    let uid: u32 = field("Uid:").parse().unwrap();
    assert!((61_184..=65_519).contains(&uid), "no dynamic user: {uid}");
    assert_eq!(field("CapEff:"), "0000000000000000");
    assert_eq!(field("NoNewPrivs:"), "1");
    assert_eq!(field("Seccomp:"), "2");
    let environment = std::fs::read(machine.file(&format!("/proc/{pid}/environ"))).unwrap();
    let environment = String::from_utf8(environment).unwrap();
    let log = machine.log(UNIT);
    for secret in USER {
        assert!(
            !environment.contains(secret) && !log.contains(secret),
            "{environment}\n{log}"
        );
    }
    let state = machine.prints(&["find", "/var/lib/private/s3-exporter", "-name", "*.state"]);
    assert_eq!(state.lines().count(), 1, "{state}");

    // It reloads without a restart.
    let config = config.replace(
        "bucket = \"backups\"",
        "name = \"renamed\"\nbucket = \"backups\"",
    );
    machine.write(&format!("{FOLDER}/config.toml"), &config, 0o644);
    does(&machine, &reload);
    until(&machine, &address, |shown| {
        shown.of("renamed", "objectstore_scan_success") == Some(1.0)
    })
    .await;
    assert_eq!(machine.property(UNIT, "MainPID"), pid);

    // An upgrade restarts it and leaves the configuration alone.
    does(&machine, &install);
    assert_eq!(machine.property(UNIT, "ActiveState"), "active");
    assert_ne!(machine.property(UNIT, "MainPID"), pid);
    until(&machine, &address, is_scanned).await;
    let kept = std::fs::read_to_string(machine.file("/etc/s3-exporter/config.toml"));
    assert_eq!(kept.unwrap(), config);

    // A wrong configuration ends it, once, and it says why.
    machine.write(&format!("{FOLDER}/config.toml"), "[sever]\n", 0o644);
    machine.run(&["systemctl", "restart", UNIT]);
    let deadline = Instant::now() + PATIENCE;
    while machine.property(UNIT, "ActiveState") != "failed" {
        assert!(Instant::now() < deadline, "{}", machine.log(UNIT));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(machine.property(UNIT, "NRestarts"), "0");
    assert_eq!(machine.property(UNIT, "ExecMainStatus"), "2");
    assert!(
        machine.log(UNIT).contains("did you mean"),
        "{}",
        machine.log(UNIT)
    );
    machine.write(&format!("{FOLDER}/config.toml"), &config, 0o644);

    // Without credentials it starts all the same, for those who log in otherwise.
    machine.prints(&["rm", "-r", "/etc/s3-exporter/credentials"]);
    machine.prints(&["systemctl", "reset-failed", UNIT]);
    let anonymous = config
        .replace("access_key_id_file = ", "anonymous = true #")
        .replace("secret_access_key_file", "#");
    machine.write(&format!("{FOLDER}/config.toml"), anonymous, 0o644);
    machine.prints(&["systemctl", "restart", UNIT]);
    until(&machine, &address, |shown| {
        shown.failing("renamed") == ["denied"]
    })
    .await;

    // Removed, it has stopped, and its configuration and state are there.
    machine.prints(&["dpkg", "--remove", UNIT]);
    assert!(metrics(&address).await.is_none());
    assert_eq!(machine.property(UNIT, "ActiveState"), "inactive");
    assert!(!machine.file("/usr/bin/s3-exporter").exists());
    assert!(machine.file("/etc/s3-exporter/config.toml").exists());
    assert!(machine.file("/var/lib/private/s3-exporter").exists());

    // Purged, nothing is.
    machine.prints(&["dpkg", "--purge", UNIT]);
    machine.prints(&["rm", "-f", "/etc/s3-exporter/ca.pem"]); // ours, and so not the package's
    machine.run(&["rmdir", FOLDER]);
    assert_eq!(left(&machine), before);
    assert!(!Path::new("/etc/s3-exporter").exists());
}

/// The package's configuration is a good one, as soon as there are credentials.
#[test]
fn the_packaged_configuration_is_good() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["access-key-id", "secret-access-key"] {
        std::fs::write(folder.path().join(name), "secret\n").unwrap();
    }
    let checked = std::process::Command::new(crate::common::program())
        .arg("check")
        .arg(path("deploy/packages/config.toml"))
        .env_clear()
        .env("CREDENTIALS_DIRECTORY", folder.path())
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&checked.stderr), "");
    assert_eq!(checked.status.code(), Some(0));
}
