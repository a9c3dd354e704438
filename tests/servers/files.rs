//! The files and the secrets that a configuration names: what cannot be used is said with its
//! place, by `check` and while it runs, and nothing is waited for.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::{CWD, Mode, mkfifoat};
use s3_exporter_testkit::S3sServer;
use tempfile::TempDir;

use crate::common::program;
use crate::common::truth::backup;

mod contents;
mod pipes;
mod secrets;

/// Ends a hang, and says nothing of speed.
const HANGS: Duration = Duration::from_secs(120);

/// A folder in which a program runs.
struct Site(TempDir);

/// What a run has said.
#[derive(Debug)]
struct Said {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Site {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        std::fs::write(self.0.path().join(name), text).unwrap();
    }

    /// Puts a pipe there, in place of what may have been.
    fn pipe(&self, name: &str) {
        pipe(&self.0.path().join(name));
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command
            .args(arguments)
            .current_dir(self.0.path())
            .env_clear()
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .stdin(Stdio::null());
        command
    }

    /// Runs it in an environment of its own; one that hangs fails the test.
    fn run(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Said {
        let mut command = self.command(arguments);
        command.envs(environment.iter().copied());
        end(command)
    }
}

fn pipe(path: &Path) {
    let new = path.with_extension("new-pipe");
    mkfifoat(CWD, &new, Mode::RWXU).unwrap();
    std::fs::rename(new, path).unwrap();
}

fn end(mut command: Command) -> Said {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let began = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if began.elapsed() > HANGS {
            child.kill().unwrap();
            panic!("it hangs: {command:?}");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let Output {
        status,
        stdout,
        stderr,
    } = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said {
        code: status.code(),
        stdout: text(stdout),
        stderr: text(stderr),
    }
}

const BUCKET: &str = "backups";

/// A server with two backups of the cluster `a`.
fn server() -> S3sServer {
    let server = S3sServer::start();
    server.store().create_bucket(BUCKET);
    server
        .store()
        .put_all(BUCKET, (0..2).map(|nth| backup("a", nth)));
    server
}

/// A store of this type with these lines, and a destination there of the same name.
fn store(name: &str, kind: &str, endpoint: &str, lines: &str) -> String {
    format!(
        "[backends.{name}]\ntype = \"{kind}\"\nendpoint = \"{endpoint}\"\nregion = \"us-east-1\"\n{lines}\n\
         [[destinations]]\nname = \"{name}\"\nbackend = \"{name}\"\nbucket = \"{BUCKET}\"\n"
    )
}
