//! What first scans cost, in requests and in a simulated store's time, whatever keys look like.
//!
//! `make first-scans` searches the seeds for the worst, and prints the table of `docs/performance.md`.
#![allow(clippy::unwrap_used)] // a test that can't go on ends with the place where it happened

mod layouts;
mod scan;
mod store;

use std::collections::BTreeSet;

use layouts::{LAYOUTS, Layout, beginning, keys};
use scan::{Bucket, Summary, WAYS, Way};

/// What a law holds of all layouts: the times of the slowest and of the mean, and the requests a page
/// of the dearest and of the mean.
struct Law {
    slowest: f64,
    times: f64,
    dearest: f64,
    requests: f64,
}

/// What first scans of a thousand pages reach, in each of the ways.
const LAWS: [Law; 5] = [
    law(9.6, 12.3, 1.20, 1.08),
    law(15.6, 26.0, 1.60, 1.23),
    law(9.5, 12.0, 1.21, 1.09),
    law(7.6, 11.5, 1.25, 1.10),
    law(11.4, 23.0, 1.68, 1.26),
];

const fn law(slowest: f64, times: f64, dearest: f64, requests: f64) -> Law {
    Law {
        slowest,
        times,
        dearest,
        requests,
    }
}

/// What some scans of one layout cost in each of the ways.
struct Row {
    layout: &'static str,
    summaries: Vec<Summary>,
}

/// Of every layout, the slowest first: what scans of so many pages cost.
fn measure(pages: u64, page_size: u16, seeds: u64) -> Vec<Row> {
    let mut rows: Vec<Row> = LAYOUTS
        .iter()
        .map(|layout| {
            let mut costs = WAYS.map(|_| Vec::new());
            for seed in 0..seeds {
                let keys = keys(layout, pages * u64::from(page_size), seed);
                let bucket = Bucket::new(keys, page_size);
                for (way, costs) in WAYS.iter().zip(&mut costs) {
                    costs.push(bucket.scan(*way, seed));
                }
            }
            Row {
                layout: layout.0,
                summaries: costs.iter().map(|costs| Summary::of(costs)).collect(),
            }
        })
        .collect();
    rows.sort_by(|a, b| a.summaries[0].median.total_cmp(&b.summaries[0].median));
    rows
}

/// One figure of all layouts in one way.
fn figures(rows: &[Row], way: usize, of: fn(&Summary) -> f64) -> impl Iterator<Item = f64> {
    rows.iter().map(move |row| of(&row.summaries[way]))
}

fn mean(rows: &[Row], way: usize, of: fn(&Summary) -> f64) -> f64 {
    figures(rows, way, of).sum::<f64>() / rows.len() as f64
}

#[test]
fn first_scans_are_as_fast_as_they_were_whatever_the_layout() {
    let rows = measure(1000, 20, 1);
    let mut broken = Vec::new();
    for (at, (way, law)) in WAYS.iter().zip(LAWS).enumerate() {
        let slowest = figures(&rows, at, |of| of.worst).fold(f64::INFINITY, f64::min);
        let dearest = figures(&rows, at, |of| of.requests_a_page).fold(0.0, f64::max);
        let (times, requests) = (
            mean(&rows, at, |of| of.worst),
            mean(&rows, at, |of| of.requests_a_page),
        );
        let found = format!(
            "{}: {slowest:.2} and {times:.2} times, {dearest:.3} and {requests:.3} requests a page",
            way.name
        );
        println!("{found}");
        let is_kept = slowest >= law.slowest
            && times >= law.times
            && dearest <= law.dearest
            && requests <= law.requests;
        if !is_kept {
            broken.push(found);
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

/// A first scan of less than fifty pages takes at most half as many requests more than there are pages
/// (`tests/slow/scan`), and of layouts that are more awkward no more than these.
#[test]
fn first_scans_of_small_buckets_take_few_requests() {
    const MOST: f64 = 1.75;
    const BEYOND_HALF: usize = 26;
    let mut dear = Vec::new();
    for layout in LAYOUTS {
        for pages in [1, 2, 3, 4, 5, 6, 9, 14, 20, 21, 33, 49] {
            let bucket = Bucket::new(keys(layout, pages * 20, pages), 20);
            for way in WAYS.iter().filter(|way| way.concurrency == 16) {
                for concurrency in [4, 16, 64] {
                    let way = Way {
                        concurrency,
                        ..*way
                    };
                    let requests = bucket.scan(way, pages).requests_a_page;
                    if requests > 1.5 {
                        let case = format!(
                            "{}, {pages} pages, {}, {concurrency}: {requests:.2}",
                            layout.0, way.name
                        );
                        dear.push((requests, case));
                    }
                }
            }
        }
    }
    dear.sort_by(|a, b| b.0.total_cmp(&a.0));
    println!("{}: {:#?}", dear.len(), &dear[..dear.len().min(20)]);
    assert!(dear.len() <= BEYOND_HALF && dear.first().is_none_or(|dearest| dearest.0 <= MOST));
}

/// Keys of a layout whose clusters' names are known beforehand, and these.
fn named(layout: &Layout) -> Option<(Vec<String>, BTreeSet<String>)> {
    let keys = keys(layout, 20_000, 0);
    let names = keys.iter().filter_map(|key| beginning(key));
    let names: BTreeSet<String> = names.map(str::to_owned).collect();
    (names.len() > 2).then_some((keys, names))
}

/// Where names of clusters begin the keys, they are where a first scan is cut: without a page that tells of it.
#[test]
fn names_that_are_known_make_first_scans_faster() {
    let mut broken = Vec::new();
    let mut layouts = 0;
    for layout in LAYOUTS {
        let Some((keys, names)) = named(layout) else {
            continue;
        };
        layouts += 1;
        let bucket = Bucket::new(keys, 20).expecting(names.into_iter());
        for (way, times, requests) in [(WAYS[0], 12.8, 1.125), (WAYS[1], 17.8, 1.48)] {
            let cost = bucket.scan(way, 0);
            println!("{}, {}: {cost:?}", layout.0, way.name);
            // As many clusters as pages, each as large: what was aimed at.
            let (times, requests) = match (layout.0, way.concurrency) {
                ("1,000 numbered clusters", 16) => (14.5, 1.04),
                ("1,000 numbered clusters", _) => (45.0, 1.12),
                _ => (times, requests),
            };
            if cost.times < times || cost.requests_a_page > requests {
                broken.push(format!("{}, {}: {cost:?}", layout.0, way.name));
            }
        }
    }
    assert!(layouts > 5, "only {layouts} have names");
    assert!(broken.is_empty(), "{broken:#?}");
}

/// Names of which no key begins so cost nothing, and such of which most are not there, little.
#[test]
fn names_that_are_wrong_cost_nothing() {
    for layout in LAYOUTS {
        let Some((keys, names)) = named(layout) else {
            continue;
        };
        let none = Bucket::new(keys.clone(), 20);
        let wrong = (0..500).map(|nth| format!("{:03}-nothing-", nth * 2));
        let wrong = Bucket::new(keys.clone(), 20).expecting(wrong);
        let first = names.into_iter().take(3);
        let few = first.chain((0..1000).map(|nth| format!("~{nth}-")));
        let few = Bucket::new(keys, 20).expecting(few);
        for way in &WAYS[..2] {
            let without = none.scan(*way, 0);
            assert_eq!(wrong.scan(*way, 0), without, "{}, {}", layout.0, way.name);
            let cost = few.scan(*way, 0);
            let more = cost.requests_a_page - without.requests_a_page;
            assert!(
                more <= 0.13,
                "{}, {}: {cost:?}, not {without:?}",
                layout.0,
                way.name
            );
        }
    }
}

/// The table of `docs/performance.md`: `S3_EXPORTER_FIRST_SCANS` says how many seeds are searched, and
/// `S3_EXPORTER_FIRST_SCANS_PAGE` how many keys a page has.
#[test]
fn table() {
    let number = |name: &str, otherwise| {
        let text = std::env::var(name).ok();
        text.map_or(otherwise, |text| text.parse().expect("a number"))
    };
    let seeds = number("S3_EXPORTER_FIRST_SCANS", 1);
    let page_size = number("S3_EXPORTER_FIRST_SCANS_PAGE", 50);
    // Without a word, a little, so that it is seen to work.
    let pages = if seeds > 1 { 1000 } else { 40 };
    let rows = measure(pages, page_size as u16, seeds);
    let ways = WAYS.map(|way| format!("{}: median | worst (seed) | requests a page", way.name));
    println!("| layout | {} |", ways.join(" | "));
    println!("|---|{}", "---|".repeat(3 * WAYS.len()));
    for row in &rows {
        let cells: Vec<_> = row.summaries.iter().map(Summary::to_string).collect();
        println!("| {} | {} |", row.layout, cells.join(" | "));
    }
    let mean = |at: usize| {
        let of = |figure| mean(&rows, at, figure);
        format!(
            "{:.1} | {:.1} | {:.3}",
            of(|of| of.median),
            of(|of| of.worst),
            of(|of| of.requests_a_page)
        )
    };
    let means: Vec<_> = (0..WAYS.len()).map(mean).collect();
    println!("| mean of all {} | {} |", rows.len(), means.join(" | "));
    assert_eq!(rows.len(), LAYOUTS.len());
}
