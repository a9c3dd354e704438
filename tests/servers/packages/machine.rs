//! A machine of its own, with systemd, on which packages are installed and services started.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use s3_exporter_testkit::Process;
use tempfile::TempDir;
use tokio::sync::OnceCell;

use super::{PATIENCE, output, path, tools};

/// A running one. It ends when it is dropped, and what was written to it is gone.
pub struct Machine {
    process: Process,
    init: u32,
    _folder: TempDir,
}

/// What a command on it did.
#[derive(Debug)]
pub struct Done {
    pub code: Option<i32>,
    /// What it printed, errors too.
    pub text: String,
}

/// One for all tests that only add files to it.
pub async fn shared() -> &'static Machine {
    static SHARED: OnceCell<Machine> = OnceCell::const_new();
    SHARED.get_or_init(Machine::boot).await
}

impl Machine {
    pub async fn boot() -> Self {
        assert!(
            rustix::process::getuid().is_root(),
            "this test boots a machine of its own, for which it has to be root (`sudo -E cargo test ...`)"
        );
        let folder = tempfile::tempdir().unwrap();
        let script = path("tests/servers/packages/machine.sh");
        let arguments = [script.to_str().unwrap(), tools().to_str().unwrap()].map(str::to_owned);
        let arguments = arguments.each_ref().map(String::as_str);
        let log = folder.path().join("machine.log");
        let mut process = Process::start(Path::new("bash"), &arguments, &[], &log);
        let outside = process.pid();
        process
            .until("systemd runs", || {
                let is_up = init_of(outside).is_some_and(|init| {
                    let state = inside(init, &["systemctl", "is-system-running"]).output();
                    let state = state.map(|output| output.stdout).unwrap_or_default();
                    [b"running\n".as_slice(), b"degraded\n"].contains(&&*state)
                });
                std::future::ready(is_up)
            })
            .await;
        Self {
            init: init_of(outside).unwrap(),
            process,
            _folder: folder,
        }
    }

    /// A file of it, from here.
    pub fn file(&self, path: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root{path}", self.init))
    }

    /// Writes a file, with its folders, as root and with these rights.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>, mode: u32) {
        let path = self.file(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    }

    /// Runs a command on it as root.
    pub fn run(&self, command: &[&str]) -> Done {
        // Into one file, so that lines come in their order.
        let mut script = vec!["sh", "-c", r#""$@" 2>&1"#, "sh"];
        script.extend(command);
        let output = inside(self.init, &script).output().unwrap();
        Done {
            code: output.status.code(),
            text: String::from_utf8_lossy(&output.stdout).into_owned(),
        }
    }

    /// What a command prints that succeeds.
    #[track_caller]
    pub fn prints(&self, command: &[&str]) -> String {
        output(&mut inside(self.init, command))
    }

    /// What systemd knows of a unit.
    #[track_caller]
    pub fn property(&self, unit: &str, name: &str) -> String {
        let property = format!("--property={name}");
        let value = self.prints(&["systemctl", "show", "--value", &property, unit]);
        value.trim_end().to_owned()
    }

    /// The end of what a unit has logged, for a message.
    pub fn log(&self, unit: &str) -> String {
        self.run(&["journalctl", "--no-pager", "-n", "30", "-u", unit])
            .text
    }

    /// Whether it is up.
    pub fn runs(&mut self) -> bool {
        self.process.exited().is_none()
    }
}

/// The first process, once that is systemd.
fn init_of(outside: u32) -> Option<u32> {
    let children = format!("/proc/{outside}/task/{outside}/children");
    let init = std::fs::read_to_string(children)
        .ok()?
        .trim()
        .parse()
        .ok()?;
    let name = std::fs::read_to_string(format!("/proc/{init}/comm")).ok()?;
    (name == "systemd\n").then_some(init)
}

fn inside(init: u32, command: &[&str]) -> Command {
    let init = init.to_string();
    let mut nsenter = Command::new("nsenter");
    nsenter
        .args([
            "--target", &init, "--mount", "--pid", "--uts", "--ipc", "--cgroup",
        ])
        .args(["--wdns=/", "--"])
        .args([
            "env",
            "-i",
            "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
            "LANG=C.UTF-8",
        ])
        .args(["HOME=/root", "TERM=xterm"])
        .args(command);
    nsenter
}

#[tokio::test]
async fn it_is_apart_from_this_one_and_goes_with_all_that_was_written() {
    let mut machine = Machine::boot().await;
    machine.write("/etc/apart", "yes", 0o600);
    machine.write("/usr/bin/apart", "#!/bin/sh\necho $$\n", 0o755);
    assert!(!Path::new("/etc/apart").exists());
    assert!(!Path::new("/usr/bin/apart").exists());
    assert!(machine.prints(&["apart"]).trim().parse::<u32>().is_ok());
    assert_eq!(
        machine.run(&["sh", "-c", "echo x >&2; exit 3"]).code,
        Some(3)
    );
    assert_eq!(machine.run(&["sh", "-c", "echo x >&2; exit 3"]).text, "x\n");
    let init = machine.init;
    assert!(machine.runs());
    drop(machine);
    // Killed, its processes end soon.
    let deadline = Instant::now() + PATIENCE;
    while Path::new(&format!("/proc/{init}/root/etc")).exists() {
        assert!(Instant::now() < deadline, "it goes on");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
