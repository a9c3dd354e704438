//! One process of a fleet, as docs/scale.md has it: shard 1/5 of 100,000 destinations, each of which knows 100
//! clusters, against a store that answers at once. Twice: each bucket has backups of one of them, and of all.
//! `SCALE_DESTINATIONS`, `SCALE_SHARDS`, `SCALE_CLUSTERS`, `SCALE_HELD` (clusters with backups in a bucket: `1,100`),
//! `SCALE_BACKUPS` (of each), `SCALE_INTERVAL` (seconds) and `SCALE_PROBES` (`0s` for none) say something else.
//!
//! What is late is told by the store, which sees when each bucket is asked for.

use std::fmt::Write;
use std::io::Read;
use std::time::{Duration, Instant};

use s3_exporter::fleet::Shard;

mod client;
mod store;

use crate::processes::{Exporter, value};
use client::Answer;
use store::FleetStore;
pub use store::serve;

/// From one look how far it is to the next: each is a scrape of megabytes.
const LOOK: Duration = Duration::from_secs(2);
/// Ends a hang.
const PATIENCE: Duration = Duration::from_secs(1800);
/// A scan may start late by so much of its interval,
const LATE: f64 = 0.1;
/// and the interval itself varies by so much.
const JITTER: f64 = 0.05;
const MEMORY: f64 = 512.0;
const RELOAD: f64 = 2.0;
/// Bytes of an answer for people at most.
const PAGE: f64 = 1e6;

/// How large it is.
#[derive(Clone, Copy)]
struct Fleet {
    destinations: usize,
    shards: u16,
    clusters: usize,
    /// Of these, how many have backups in each bucket.
    held: usize,
    backups: usize,
    interval: u64,
}

impl Fleet {
    fn of_environment(held: usize) -> Self {
        let number = |name: &str, default| {
            let said = std::env::var(format!("SCALE_{name}"));
            said.map_or(default, |said| said.parse().unwrap())
        };
        Self {
            destinations: number("DESTINATIONS", 100_000),
            shards: u16::try_from(number("SHARDS", 5)).unwrap(),
            clusters: number("CLUSTERS", 100),
            held,
            backups: number("BACKUPS", 1),
            interval: number("INTERVAL", 300) as u64,
        }
    }

    fn shard(self) -> Shard {
        Shard::parse(&format!("1/{}", self.shards), false).unwrap()
    }

    fn own(self) -> Vec<String> {
        let names = (0..self.destinations).map(name);
        names.filter(|name| self.shard().has(name)).collect()
    }

    /// A line of `other` is another one.
    fn config(self, store: &FleetStore, other: Option<(&str, &str)>) -> String {
        let names: Vec<_> = (0..self.clusters).map(store::cluster).collect();
        let mut config = format!(
            "[scan]\ninterval = \"{}s\"\nprobe_interval = {:?}\n[fleet]\nshard = \"{}\"\n\
             [backends.store]\ntype = \"s3\"\nendpoint = {:?}\nregion = \"us-east-1\"\n\
             access_key_id = \"synthetic\"\nsecret_access_key = \"synthetic\"\n\
             [resolvers.all]\ntype = \"static\"\nclusters = {names:?}\n",
            self.interval,
            std::env::var("SCALE_PROBES").unwrap_or_else(|_| "30s".to_owned()),
            self.shard(),
            store.endpoint,
        );
        for nth in 0..self.destinations {
            let name = name(nth);
            let max_age = match other {
                Some((changed, max_age)) if changed == name => max_age,
                _ => "25h",
            };
            write!(
                config,
                "[[destinations]]\nbucket = {name:?}\nresolver = \"all\"\nexpect = \"present\"\nmax_age = {max_age:?}\n"
            )
            .unwrap();
        }
        config
    }
}

fn name(nth: usize) -> String {
    format!("backups-{nth:06}")
}

/// Prints the tables.
pub fn rows() {
    let held = std::env::var("SCALE_HELD").unwrap_or_else(|_| "1,100".to_owned());
    for held in held.split(',') {
        table(Fleet::of_environment(held.parse().unwrap()));
    }
}

fn table(fleet: Fleet) {
    let own = fleet.own();
    let store = FleetStore::start(fleet.held, fleet.backups);
    println!(
        "\nShard {} of {} destinations: {} of them, {} clusters known at each, {} of them with {} backups there; a scan every {} s.\n",
        fleet.shard(),
        fleet.destinations,
        own.len(),
        fleet.clusters,
        fleet.held,
        fleet.backups,
        fleet.interval,
    );
    println!("| measure | figure | target | met |");
    println!("|---|---|---|---|");
    let begun = Instant::now();
    let exporter = Exporter::run(&fleet.config(&store, None));
    until("it answers", || {
        std::net::TcpStream::connect(("127.0.0.1", exporter.port.number())).ok()
    });
    figure(
        "start until it answers",
        begun.elapsed().as_secs_f64(),
        "s",
        None,
    );
    until("each is scanned", || {
        let [buckets, ..] = store.counts();
        (buckets >= own.len()).then_some(())
    });
    until("each scan has ended", || {
        let ended = sum(&scrape(&exporter), "objectstore_scan_success{");
        (ended >= own.len() as f64).then_some(())
    });
    figure(
        "start until each was scanned once",
        begun.elapsed().as_secs_f64(),
        "s",
        None,
    );
    figure("CPU until then", exporter.cpu(), "s", None);
    figure(
        "most memory until then",
        exporter.peak(),
        "MiB",
        Some(MEMORY),
    );
    lateness(fleet, &store, &exporter, own.len());
    figure("memory then", exporter.resident(), "MiB", Some(MEMORY));
    reloads(fleet, &store, &exporter, &own);
    answers(&exporter, &own);
    figure("most memory of all", exporter.peak(), "MiB", Some(MEMORY));
}

/// Of two rounds of scans, the one that began latest after the one before.
fn lateness(fleet: Fleet, store: &FleetStore, exporter: &Exporter, own: usize) {
    let interval = fleet.interval as f64;
    let (cpu, asked, begun) = (exporter.cpu(), store.counts(), Instant::now());
    std::thread::sleep(Duration::from_secs_f64(interval * 2.2));
    let seconds = begun.elapsed().as_secs_f64();
    let now = store.counts();
    let rate = |nth: usize| (now[nth] - asked[nth]) as f64 / seconds;
    figure("scans a second", rate(1), "", None);
    figure("probes a second beside them", rate(2), "", None);
    figure(
        "CPU meanwhile, of one core",
        (exporter.cpu() - cpu) / seconds,
        "",
        None,
    );
    let mut gaps = store.gaps();
    gaps.sort_by(f64::total_cmp);
    assert!(
        gaps.len() >= own,
        "{} of {own} were asked for twice",
        gaps.len()
    );
    let late = |at: usize| (gaps[at] / interval - 1.0 - JITTER).max(0.0);
    let (median, last) = (gaps.len() / 2, gaps.len() - 1);
    figure(
        "a scan's start is late by, of its interval: half of them",
        late(median),
        "",
        Some(LATE),
    );
    figure(
        "the same: 99 of 100",
        late(gaps.len() * 99 / 100),
        "",
        Some(LATE),
    );
    figure("the same: all", late(last), "", Some(LATE));
}

/// One line is another one; and another, and another.
fn reloads(fleet: Fleet, store: &FleetStore, exporter: &Exporter, own: &[String]) {
    let (mut all, mut cpu) = (Vec::new(), Vec::new());
    for (nth, max_age) in ["26h", "27h", "28h"].into_iter().enumerate() {
        let changed = &own[own.len() / 2 + nth];
        exporter.write(&fleet.config(store, Some((changed, max_age))));
        let (begun, used) = (Instant::now(), exporter.cpu());
        let answer = client::post(exporter.port.number(), "/-/reload");
        all.push(begun.elapsed().as_secs_f64());
        cpu.push(exporter.cpu() - used);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let status = client::get(
            exporter.port.number(),
            &format!("/api/v1/status/{changed}"),
            false,
        );
        let seconds = max_age.trim_end_matches('h').parse::<f64>().unwrap() * 3600.0;
        let wanted = format!("\"max_age_seconds\":{seconds:.1}");
        assert!(
            status.text().contains(&wanted),
            "{wanted}: {}",
            status.text()
        );
    }
    all.sort_by(f64::total_cmp);
    cpu.sort_by(f64::total_cmp);
    figure(
        "reload of one changed line, median of 3",
        all[1],
        "s",
        Some(RELOAD),
    );
    figure("CPU of that, scans meanwhile included", cpu[1], "s", None);
    figure(
        "most memory until then",
        exporter.peak(),
        "MiB",
        Some(MEMORY),
    );
}

fn answers(exporter: &Exporter, own: &[String]) {
    let one = format!("/api/v1/status/{}", own[0]);
    let page = format!("/status/{}", own[0]);
    for (path, zips, most) in [
        ("/metrics", false, None),
        ("/metrics", true, None),
        ("/status", false, Some(PAGE)),
        ("/status?destinations=2", false, Some(PAGE)),
        ("/status?page=2", false, Some(PAGE)),
        ("/status?q=backups-000", false, Some(PAGE)),
        (&page, false, Some(PAGE)),
        ("/api/v1/status", false, None),
        ("/api/v1/status?limit=100", false, Some(PAGE)),
        (&one, false, Some(PAGE)),
        ("/api/v1/sd", false, None),
    ] {
        let begun = Instant::now();
        let Answer { status, body } = client::get(exporter.port.number(), path, zips);
        let seconds = begun.elapsed().as_secs_f64();
        assert!([200, 404].contains(&status), "{path}: {status}");
        let how = if zips { ", compressed" } else { "" };
        figure(
            &format!("`{path}`{how}"),
            body.len() as f64 / 1e6,
            "MB",
            most.map(|most| most / 1e6),
        );
        figure("the same", seconds, "s", None);
    }
}

/// As Prometheus asks for it.
fn scrape(exporter: &Exporter) -> String {
    let answer = client::get(exporter.port.number(), "/metrics", true);
    let mut text = String::new();
    let mut unzipped = flate2::read::GzDecoder::new(&answer.body[..]);
    unzipped.read_to_string(&mut text).unwrap();
    text
}

/// The sum of the series that begin so.
fn sum(text: &str, series: &str) -> f64 {
    let lines = text.lines().filter(|line| line.starts_with(series));
    let values = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
    let values: Vec<_> = values.collect();
    match values.is_empty() {
        true => value(text, series),
        false => values.iter().sum(),
    }
}

fn figure(measure: &str, figure: f64, unit: &str, most: Option<f64>) {
    let (target, met) = match most {
        None => ("-".to_owned(), "-"),
        Some(most) => (
            format!("{most} {unit}"),
            if figure <= most { "yes" } else { "NO" },
        ),
    };
    println!(
        "| {measure} | {figure:.3} {unit} | {} | {met} |",
        target.trim_end()
    );
}

fn until<T>(what: &str, known: impl Fn() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(known) = known() {
            return known;
        }
        assert!(Instant::now() < deadline, "not yet: {what}");
        std::thread::sleep(LOOK.min(Duration::from_millis(500)));
    }
}
