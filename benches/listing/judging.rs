//! What judging costs beside listing: the program over a million keys of one tool, as it is, and with
//! another tool's layout. That one reads no key, so that nothing is found and nothing judged; each key
//! is offered to it all the same. Keys of no tool are offered to all layouts.

use crate::processes::{Exporter, Store};
use crate::scans::{MILLION, ONCE};
use crate::table::Table;

/// What it says of the keys, the store's layout, how many clusters it has, and the other tool's layout:
/// each refuses these keys by their end or their length.
const KEYS: [(&str, &str, u64, &str); 9] = [
    ("Kubermatic", "even", 100, "restic"),
    ("restic", "restic", 0, "kubermatic"),
    ("pgBackRest", "pgbackrest", 0, "kubermatic"),
    ("barman-cloud, WAL", "barman", 0, "kubermatic"),
    ("etcd-backup-restore", "gardener", 0, "kubermatic"),
    ("litestream", "litestream", 0, "kubermatic"),
    ("dumps, a folder a day", "dumps", 0, "kubermatic"),
    ("a tree of files a day", "trees", 0, "kubermatic"),
    (NO_TOOL, "photos", 0, "kubermatic"),
];

const NO_TOOL: &str = "no tool";

pub fn judging(table: &mut Table) {
    for (tool, layout, clusters, other) in KEYS {
        let store = Store::start(MILLION, clusters, layout, 0);
        let rounds: Vec<_> = (0..5)
            .map(|_| {
                let (without, with) = (cpu(&store, other), cpu(&store, "auto"));
                let has_jobs = [without.1, with.1].map(|jobs| jobs > 0.0);
                assert_eq!(has_jobs, [false, tool != NO_TOOL], "{tool}");
                (without.0, with.0)
            })
            .collect();
        table.ratio(
            &format!("CPU a million keys of {tool}, judged; baseline: a layout that reads none"),
            4.0 / 3.0,
            "s",
            &rounds,
        );
    }
}

/// CPU seconds for each million objects, of the whole process from its start; and how many jobs it found.
fn cpu(store: &Store, layout: &str) -> (f64, f64) {
    let exporter = Exporter::with(store, "s3", ONCE, &format!("layout = \"{layout}\""));
    let scanned = exporter.scanned(1);
    (exporter.cpu() / scanned.objects * 1e6, scanned.jobs)
}
