//! Finding the owners of keys, and adding up.

use std::time::Instant;

use crate::table::Table;

#[path = "../matching/case.rs"]
mod case;

use case::{Case, OBJECTS};

pub fn names(table: &mut Table) {
    let (few, many) = (Case::new(10), Case::new(50_000));
    let rounds: Vec<_> = (0..9).map(|_| (measure(&few), measure(&many))).collect();
    table.ratio(
        "matching and adding up at 50,000 names, an object; baseline: at 10",
        2.0,
        "ns",
        &rounds,
    );
}

/// Nanoseconds an object.
fn measure(case: &Case) -> f64 {
    let started = Instant::now();
    case.run();
    started.elapsed().as_secs_f64() * 1e9 / OBJECTS as f64
}
