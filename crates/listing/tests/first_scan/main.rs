//! What first scans cost, in requests and in a simulated store's time, whatever keys look like.
//!
//! `make first-scans` searches the seeds for the worst, and prints the table of `docs/performance.md`.
#![allow(clippy::unwrap_used)] // a test that can't go on ends with the place where it happened

mod layouts;
mod scan;
mod store;

use layouts::{LAYOUTS, keys};
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
    law(8.1, 10.9, 1.48, 1.16),
    law(11.6, 21.5, 2.04, 1.43),
    law(7.9, 10.7, 1.45, 1.16),
    law(6.5, 10.6, 1.68, 1.19),
    law(7.8, 20.5, 2.04, 1.45),
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
    const MOST: f64 = 2.65;
    const BEYOND_HALF: usize = 96;
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
