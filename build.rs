//! Tells the binary what it was built from, for `objectstore_exporter_build_info`.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=S3_EXPORTER_REVISION");
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let version = output(&rustc, &["--version"]).unwrap_or_default();
    let version = version.split_whitespace().nth(1).unwrap_or("unknown");
    println!("cargo:rustc-env=S3_EXPORTER_RUSTVERSION={version}");
    let revision = env::var("S3_EXPORTER_REVISION").ok();
    let revision = revision.filter(|revision| !revision.is_empty());
    let revision = revision
        .or_else(git)
        .unwrap_or_else(|| "unknown".to_owned());
    println!("cargo:rustc-env=S3_EXPORTER_REVISION={revision}");
}

/// The commit. Asked for in a release alone: otherwise each commit would mean to build anew.
fn git() -> Option<String> {
    if env::var("PROFILE").is_ok_and(|profile| profile != "release") {
        return None;
    }
    if let Some(log) = output("git", &["rev-parse", "--git-path", "logs/HEAD"]) {
        println!("cargo:rerun-if-changed={log}");
    }
    output("git", &["rev-parse", "HEAD"])
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
