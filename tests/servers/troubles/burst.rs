//! Hundreds of clusters that come and go each second.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use s3_exporter_testkit::S3sServer;
use s3_exporter_testkit::servers::Kubernetes;
use tokio::time::interval;

use crate::common::truth::{Figures, backup};
use crate::common::{Exporter, Metrics};
use crate::troubles::kubernetes;
use crate::troubles::process::{descriptors, threads};
use crate::troubles::stage::{LISTED, config, kubernetes_resolver, of_resolver};

const KIND: [&str; 3] = ["burst.test", "widgets", "Widget"];
const RESOLVED: [&str; 2] = ["first", "second"];
/// Of which each has objects.
const STEADY: usize = 100;
const SECONDS: u64 = 8;
const TICK: Duration = Duration::from_millis(100);
/// Each tick: 500 changes a second.
const CREATED: usize = 30;
const DELETED: usize = 20;
/// Far longer than the time between two sets of names: a scan that began anew with each
/// would never end.
const ANSWER: Duration = Duration::from_millis(700);
/// Between scans that new names cause, at least (`NAMES_GAP` of the schedule).
const GAP: f64 = 5.0;
/// The shortest pause of a schedule of 30 s.
const SCHEDULE: f64 = 28.0;

/// Of the program at most: the first one, two that work, eight for calls that block.
const THREADS: usize = 11;

fn destinations() -> String {
    let resolved = RESOLVED.map(|name| {
        format!(
            "[[destinations]]\nname = \"{name}\"\nbucket = \"{name}\"\nresolver = \"seed\"\ninterval = \"30s\"\n\
             probe_interval = \"0s\"\n" // a scan that comes late would have one before it
        )
    });
    resolved.concat()
        + &format!(
            "[[destinations]]\nname = \"{LISTED}\"\nbucket = \"{LISTED}\"\nclusters = [\"c-000\"]\nprobe_interval = \"0s\"\n"
        )
}

/// The scans of a destination that ended.
fn scans(metrics: &Metrics, name: &str) -> f64 {
    metrics.of(name, "objectstore_scans_total").unwrap()
}

/// The scans of all destinations that ended.
fn ended(metrics: &Metrics) -> f64 {
    let names = RESOLVED.iter().chain([&LISTED]);
    names.map(|name| scans(metrics, name)).sum()
}

/// What holds at each moment: nothing is counted twice or left out, no scan fails, and none
/// has begun anew: each is one request, and the store has had no more. (One that is given up
/// is counted there, and not here, however long one waits for what is shown to be prepared.)
async fn check(exporter: &mut Exporter, store: &S3sServer, objects: f64) -> Metrics {
    let requests = store.faults().requests() as f64;
    let may_run = (RESOLVED.len() + 1) as f64;
    let metrics = exporter
        .until("each request to be one of a scan", |metrics| {
            requests <= ended(metrics) + may_run
        })
        .await;
    for name in RESOLVED {
        let shown = Figures::shown(&metrics, name);
        let sum = shown.sum("objectstore_objects") + shown.sum("objectstore_unassigned_objects");
        assert_eq!(sum, objects, "{name}");
        assert_eq!(metrics.failing(name), [""; 0]);
    }
    assert_eq!(
        of_resolver(&metrics, "objectstore_resolver_success"),
        Some(1.0)
    );
    assert_eq!(metrics.failing(LISTED), [""; 0]);
    metrics
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_changes_a_second() {
    let server = kubernetes().await;
    server.install_crd(KIND[0], KIND[1], KIND[2]).await;
    let steady: Vec<_> = (0..STEADY).map(|n| format!("c-{n:03}")).collect();
    server.write(KIND, &steady, &[]).await;
    let store = S3sServer::start();
    let uploads: Vec<_> = (0..)
        .zip(steady.iter().chain(&steady))
        .map(|(nth, name)| backup(name, nth))
        .collect();
    for bucket in RESOLVED.iter().chain([&LISTED]) {
        store.store().put_all(bucket, uploads.clone());
    }
    store.faults().delay(ANSWER);
    let kubeconfig = server.kubeconfig("burst.kubeconfig", Kubernetes::ADMIN);
    let resolver = kubernetes_resolver(&kubeconfig, KIND[0], KIND[2]);
    let mut exporter =
        Exporter::with_config(&config(&store, &(resolver + &destinations())), &[]).await;
    let has = |names: BTreeSet<String>| {
        move |metrics: &Metrics| {
            RESOLVED.iter().all(|name| {
                let shown = Figures::shown(metrics, name);
                shown
                    .clusters()
                    .into_iter()
                    .eq(names.iter().map(String::as_str))
            })
        }
    };
    let mut alive: BTreeSet<_> = steady.iter().cloned().collect();
    let before = exporter.until("the steady ones", has(alive.clone())).await;
    let objects = uploads.len() as f64;
    check(&mut exporter, &store, objects).await;
    let pid = exporter.pid();
    let at_rest = descriptors(pid) + 2; // a request may have been between two

    let started = Instant::now();
    let is_over = AtomicBool::new(false);
    let burst = async {
        let (mut nth, mut ticks) = (0, interval(TICK));
        for _ in 0..SECONDS * 10 {
            ticks.tick().await;
            let create: Vec<_> = (nth..nth + CREATED)
                .map(|n| format!("burst-{n:06}"))
                .collect();
            nth += CREATED;
            // The oldest of the burst, and now and then one that has objects.
            let mut delete: Vec<_> = alive.iter().take(DELETED - 1).cloned().collect();
            delete.extend(alive.iter().next_back().cloned());
            alive.retain(|name| !delete.contains(name));
            alive.extend(create.iter().cloned());
            server.write(KIND, &create, &delete).await;
        }
        is_over.store(true, Relaxed);
        started.elapsed()
    };
    let watching = async {
        let mut scrapes = 0;
        while !is_over.load(Relaxed) {
            check(&mut exporter, &store, objects).await;
            scrapes += 1;
            tokio::time::sleep(TICK).await;
        }
        scrapes
    };
    let (took, scrapes) = tokio::join!(burst, watching);
    let changes = (CREATED + DELETED) as u64 * SECONDS * 10;
    println!("{changes} changes in {took:?}, {scrapes} scrapes");

    // The set ends right, and so do the figures, in time for the scan that the last new names
    // cause.
    exporter
        .until("the set at the end", has(alive.clone()))
        .await;
    let elapsed = started.elapsed().as_secs_f64();
    let after = check(&mut exporter, &store, objects).await;
    let names: Vec<_> = alive.iter().map(String::as_str).collect();
    let expected = Figures::expected(&uploads, &names);
    for name in RESOLVED {
        Figures::shown(&after, name).assert_are(&expected, name);
        let count = scans(&after, name) - scans(&before, name);
        let most = 2.0 + elapsed / GAP + elapsed / SCHEDULE;
        println!("{name}: {count} scans in {elapsed:.1} s");
        assert!(count <= most, "{count} scans in {elapsed} s");
        assert!(count >= 1.0, "no scan: nothing has been shown of new names");
    }
    assert!(scans(&after, LISTED) > scans(&before, LISTED) + 1.0);
    // And when none runs, not one request is left that was for nothing.
    exporter
        .until("one request for each scan", |metrics| {
            store.faults().requests() as f64 == ended(metrics)
        })
        .await;
    exporter
        .until("nothing is held any longer", |_| {
            descriptors(pid) <= at_rest && threads(pid) <= THREADS
        })
        .await;
    assert!(exporter.terminate().await.success());
    server
        .write(KIND, &[], &alive.into_iter().collect::<Vec<_>>())
        .await;
}
