//! Finding the owners of a million sorted keys, by the number of names, and with globs of what counts.
#![allow(missing_docs)]

use criterion::{Criterion, criterion_group, criterion_main};

mod case;

fn matching(c: &mut Criterion) {
    let mut group = c.benchmark_group("matching, a million objects");
    group.sample_size(10);
    for names in [10, 1000, 50_000] {
        let case = case::Case::new(names);
        group.bench_function(format!("{names} names"), |b| b.iter(|| case.run()));
    }
    let globs = case::Case::new(10).with_globs(&["**"], &["*.tmp", "trash/", "*-{today}*"]);
    group.bench_function("10 names, four globs", |b| b.iter(|| globs.run()));
    group.finish();
}

criterion_group!(benches, matching);
criterion_main!(benches);
