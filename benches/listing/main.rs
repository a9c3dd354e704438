//! What listing costs, beside what others cost, in one run: `make bench`.
//!
//! The store is a synthetic one in a process of its own; each lister is a process of its own
//! too, ours the exporter as it was built with this. Baseline and ours take turns, and what is printed are
//! ratios: minimum, median and maximum of the rounds, beside the target.
#![allow(clippy::unwrap_used, missing_docs)]

mod baseline;
mod cpu;
mod exposition;
mod judging;
mod limits;
mod matching;
mod processes;
mod scans;
mod table;

use std::time::Instant;

use table::Table;

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let words: Vec<_> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["store", objects, clusters, layout, answers] => {
            processes::serve(objects, clusters, layout, answers)
        }
        ["baseline", lister, endpoint] => baseline::list(lister, endpoint),
        ["--bench", ref only @ ..] | ref only @ [..] => measure(only),
    }
}

/// Measures, and adds to the table.
type Row = fn(&mut Table);

/// All rows, or those whose names hold one of the words.
fn measure(only: &[&str]) {
    let started = Instant::now();
    let mut table = Table::default();
    let rows: [(&str, Row); 15] = [
        ("cpu-s3", cpu::cpu_s3),
        ("cpu-minio", cpu::cpu_minio),
        ("floor", cpu::floor),
        ("peers", cpu::peers),
        ("https", cpu::https),
        ("judging", judging::judging),
        ("second-scan", scans::second_scan),
        ("first-scan", scans::first_scan),
        ("uneven", scans::uneven_answers),
        ("memory", limits::memory),
        ("hundred-million", limits::hundred_million),
        ("start", limits::start),
        ("matching", matching::names),
        ("exposition", exposition::scrape),
        ("scrape-latency", scans::scrape_latency),
    ];
    for (name, row) in rows {
        if only.is_empty() || only.iter().any(|word| name.contains(word)) {
            eprintln!("{name} ...");
            row(&mut table);
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "{table}\n{seconds:.0} s in all, built with the profile `{}`",
        profile()
    );
}

/// Cargo's profile, from where this program lies: `target/PROFILE/deps`. Figures of two profiles
/// cannot be compared.
fn profile() -> String {
    let program = std::env::current_exe().unwrap();
    let folder = program
        .ancestors()
        .nth(2)
        .and_then(|folder| folder.file_name());
    folder.unwrap_or_default().to_string_lossy().into_owned()
}
