//! The alerts that come with the exporter: that they fire when they must, and are quiet when they
//! must, over what the exporter shows, in Prometheus' own tool.

mod file;
mod findings;
mod quiet;
mod run;
mod scans;
mod shards;
mod text;
mod timeline;
mod verdicts;
mod world;

use run::Scenario;

/// All of them.
fn scenarios() -> Vec<Scenario> {
    let mut all = findings::scenarios();
    all.extend(verdicts::scenarios());
    all.extend(scans::scenarios());
    all.extend(shards::scenarios());
    all.extend(quiet::scenarios());
    all
}
