//! What `/proc` says of a process.

use std::path::PathBuf;

fn of(pid: u32, what: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{pid}/{what}"))
}

/// Its open descriptors.
pub fn descriptors(pid: u32) -> usize {
    std::fs::read_dir(of(pid, "fd")).unwrap().count()
}

/// Its threads.
pub fn threads(pid: u32) -> usize {
    std::fs::read_dir(of(pid, "task")).unwrap().count()
}

/// The most memory that it has held so far, in MB.
pub fn peak_memory(pid: u32) -> f64 {
    let status = std::fs::read_to_string(of(pid, "status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kib = line.unwrap().split_whitespace().nth(1).unwrap();
    kib.parse::<f64>().unwrap() / 1024.0
}
