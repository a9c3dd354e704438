//! Finding the owners of a million sorted keys, by the number of names.
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
    group.finish();
}

criterion_group!(benches, matching);
criterion_main!(benches);
