//! What is installed and how: the commands that packages are made with, the packages, the service and
//! the image. The unit and the workflows are judged by tests/deploy.sh.

mod completions;
mod debian;
mod healthcheck;
mod image;
mod machine;
mod manual;
mod rpm;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use s3_exporter_testkit::tool;

use crate::common::program;

/// How long anything may take that is waited for: it ends a hang.
const PATIENCE: Duration = Duration::from_secs(60);

/// The folder of the tools.
fn tools() -> PathBuf {
    tool("promtool").ancestors().nth(2).unwrap().to_owned()
}

/// A file of the project.
fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn read(name: &str) -> String {
    let path = path(name);
    std::fs::read_to_string(&path).unwrap_or_else(|cause| panic!("reading {path:?}: {cause}"))
}

/// What a command prints.
///
/// # Panics
/// When it fails, with all that it printed.
#[track_caller]
fn output(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|cause| panic!("{command:?}: {cause}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        text(&output.stdout),
        text(&output.stderr)
    );
    text(&output.stdout)
}

/// What the program prints.
#[track_caller]
fn prints(arguments: &[&str]) -> String {
    output(Command::new(program()).args(arguments))
}

/// The commands of a chapter of docs/install.md, without `sudo`.
fn documented(chapter: &str) -> Vec<String> {
    let text = read("docs/install.md");
    let (_, rest) = text.split_once(&format!("\n## {chapter}\n")).unwrap();
    let own = rest.split("\n## ").next().unwrap();
    let commands = own.lines().filter_map(|line| line.strip_prefix("$ "));
    let commands = commands.map(|line| line.trim_start_matches("sudo ").to_owned());
    commands.collect()
}

/// A new folder of a test run, in the place of that of the run before.
fn fresh(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder); // there need be none
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// The program without what only debuggers need: what is packed and copied a few times here.
fn stripped() -> &'static Path {
    static STRIPPED: OnceLock<PathBuf> = OnceLock::new();
    STRIPPED.get_or_init(|| {
        let to = fresh("stripped").join("s3-exporter");
        output(Command::new("strip").arg("-o").arg(&to).arg(program()));
        to
    })
}

/// The Debian and the RPM package of the program under test.
fn packages() -> &'static [PathBuf; 2] {
    static PACKAGES: OnceLock<[PathBuf; 2]> = OnceLock::new();
    PACKAGES.get_or_init(|| {
        let rest = std::env::var("PATH").unwrap();
        let printed = output(
            Command::new(path("deploy/packages/build.sh"))
                .arg(stripped())
                .arg(fresh("packages"))
                .env("PATH", format!("{}/bin:{rest}", tools().display()))
                .env("PACKAGE_FAST", "1"),
        );
        let paths: Vec<PathBuf> = printed.lines().map(PathBuf::from).collect();
        paths.try_into().unwrap_or_else(|_| panic!("{printed}"))
    })
}
