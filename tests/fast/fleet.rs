//! A fleet in small: three hundred destinations over three shards. Each is at exactly one of them, a reload of
//! one line touches that destination alone, and no answer for people grows with their number.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use s3_exporter::config::{Backend as Store, Config, Fingerprint};
use s3_exporter::fleet::Shard;
use s3_exporter::pages::html::{self, Context, Query};
use s3_exporter::snapshot::Snapshot;
use s3_exporter::supervisor::{Changes, Supervisor};
use s3_exporter_api::{
    Backend, BackendError, Capabilities, Connect, Continuation, ListRequest, Order, Page,
    async_trait,
};
use s3_exporter_testkit::{Memory, Upload};

use crate::once::InMemory;
use crate::sample;

const DESTINATIONS: usize = 300;
const SHARDS: u16 = 3;
/// On a page.
const ROWS: usize = 100;

/// A store that never answers.
#[derive(Debug)]
struct Hangs;

#[async_trait]
impl Backend for Hangs {
    fn capabilities(&self) -> Capabilities {
        Capabilities::OBJECTS
    }

    fn order(&self, _: &str) -> Order {
        Order::Utf8
    }

    async fn list_page(
        &self,
        _: &ListRequest<'_>,
        _: &mut Page,
    ) -> Result<Continuation, BackendError> {
        std::future::pending().await
    }
}

#[async_trait]
impl Connect for Hangs {
    fn store_url(&self) -> String {
        "hangs:".to_owned()
    }

    async fn connect(&self) -> Result<Arc<dyn Backend>, BackendError> {
        Ok(Arc::new(Self))
    }
}

fn name(nth: usize) -> String {
    format!("backups-{nth:03}")
}

/// All destinations, of which a process has a share.
fn config(connect: Arc<dyn Connect>, number: u16) -> Config {
    let mut config = sample::config(sample::metrics(&[], "cluster"));
    let store = Store {
        connect,
        max_requests_in_flight: 8,
        fingerprint: Fingerprint::default(),
    };
    config.backends = BTreeMap::from([("onprem".into(), store)]);
    let all = (0..DESTINATIONS).map(|nth| sample::destination(&name(nth), "backups", None));
    config.destinations = all.map(Arc::new).collect();
    config.fleet.shard = Some(Shard::parse(&format!("{number}/{SHARDS}"), false).unwrap());
    config
}

fn memory() -> Arc<dyn Connect> {
    let store = Memory::new();
    store.create_bucket("backups");
    store.put("backups", &Upload::new("a-1.db.gz", 7));
    Arc::new(InMemory(store))
}

fn names(config: &Config) -> Vec<String> {
    let destinations = config.destinations.iter();
    destinations.map(|of| of.name.to_string()).collect()
}

/// Another line in the configuration of one.
fn changed(config: &Config, name: &str) -> Config {
    let mut config = config.clone();
    let mut destinations = config.destinations.iter_mut();
    let one = destinations.find(|of| *of.name == *name).unwrap();
    Arc::make_mut(one).max_age = Some(Duration::from_secs(3600));
    config
}

#[test]
fn each_destination_is_at_exactly_one_shard_whoever_forgets_the_others_early() {
    let mut all = BTreeSet::new();
    for number in 1..=SHARDS {
        let config = config(memory(), number);
        let own = names(&config.own_share());
        assert_eq!(names(&config.clone().without_others()), own);
        assert!(
            own.len() > DESTINATIONS / usize::from(SHARDS) / 2,
            "{own:?}"
        );
        for name in own {
            assert!(all.insert(name), "one is at two shards");
        }
    }
    assert_eq!(all.len(), DESTINATIONS);
}

#[tokio::test]
async fn a_reload_of_one_line_touches_that_destination_alone() {
    let config = config(Arc::new(Hangs), 1).own_share();
    let mut supervisor = Supervisor::new(&config);
    supervisor.start();
    let source = supervisor.snapshots();
    let running = |snapshot: &Snapshot| {
        let all = snapshot.destinations.iter();
        let running = all.map(|of| Some(of.running.get()?.began));
        running.collect::<Vec<_>>()
    };
    while running(&source.snapshot()).iter().flatten().count() == 0 {
        tokio::task::yield_now().await;
    }
    let before = source.snapshot();
    let began = running(&before);
    let name = Arc::clone(&before.destinations[7].destination.name);
    let changes = supervisor.apply(&changed(&config, &name)).await;
    let one = Changes {
        changed: 1,
        ..Changes::default()
    };
    assert_eq!(changes, one);
    let after = source.snapshot();
    let both = before.destinations.iter().zip(&after.destinations);
    let touched = both.filter(|(was, is)| !Arc::ptr_eq(was, is));
    let touched: Vec<_> = touched.map(|(_, is)| &is.destination.name).collect();
    assert_eq!(touched, [&name]);
    let still = began.iter().zip(running(&after));
    let gone = still.filter(|(was, is)| was.is_some() && *was != is);
    assert_eq!(gone.count(), 0, "scans that ran were begun anew");
}

/// Most of what is read again is what runs already: it is held once.
#[test]
fn what_a_reload_reads_again_is_held_once() {
    let running = config(memory(), 1).without_others();
    let name = &running.destinations[7].name;
    let again = changed(&config(memory(), 1), name).without_others();
    let again = again.sharing(&running);
    let both = running.destinations.iter().zip(&again.destinations);
    let apart = both.filter(|(was, is)| !Arc::ptr_eq(was, is));
    let apart: Vec<_> = apart.map(|(_, is)| (&is.name, is.max_age)).collect();
    assert_eq!(apart, [(name, Some(Duration::from_secs(3600)))]);
    assert_eq!(names(&again), names(&running));
}

/// Of those that are due at once no more are begun than 256, as few can ask for something: each takes memory.
#[tokio::test]
async fn of_many_scans_that_are_due_some_wait_for_their_turn() {
    let mut config = config(Arc::new(Hangs), 1);
    config.fleet.shard = None;
    let mut supervisor = Supervisor::new(&config);
    supervisor.start();
    let source = supervisor.snapshots();
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    let all = source.snapshot().destinations;
    let running = all.iter().filter(|of| of.running.get().is_some());
    assert_eq!((running.count(), all.len()), (256, DESTINATIONS));
}

fn overview(snapshot: &Snapshot, query: &Query) -> String {
    let now = sample::ago(0);
    let context = Context {
        snapshot,
        started: now,
        now,
    };
    html::overview(&context, query).unwrap()
}

/// The destinations of the table, by their links.
fn listed(page: &str) -> Vec<String> {
    let table = page.split("<h2 id=\"destinations\">").nth(1).unwrap();
    let table = table.split("</table>").next().unwrap();
    let links = table.split("<a href=\"status/").skip(1);
    let links = links.map(|link| link.split('"').next().unwrap().to_owned());
    let links: BTreeSet<_> = links.collect();
    links.into_iter().collect()
}

#[tokio::test]
async fn the_page_of_many_destinations_pages() {
    let mut config = config(memory(), 1);
    config.fleet.shard = None;
    let mut supervisor = Supervisor::new(&config);
    supervisor.run_once().await;
    let snapshot = supervisor.snapshots().snapshot();
    let mut all = Vec::new();
    for page in 1..=DESTINATIONS / ROWS {
        let query = Query {
            destinations: page.to_string(),
            ..Query::default()
        };
        let page = overview(&snapshot, &query);
        let own = listed(&page);
        assert_eq!(own.len(), ROWS);
        assert!(page.matches("<tr>").count() <= 2 * ROWS + 3, "the wall too");
        all.extend(own);
    }
    all.sort();
    let names: Vec<_> = (0..DESTINATIONS).map(name).collect();
    assert_eq!(all, names, "each is on one page");
    let first = overview(&snapshot, &Query::default());
    assert!(first.contains("page 1 of 3"), "{first}");
    assert!(first.contains("destinations=2"), "{first}");
    let beyond = Query {
        destinations: "99999999".to_owned(),
        ..Query::default()
    };
    assert_eq!(
        listed(&overview(&snapshot, &beyond)).len(),
        ROWS,
        "the last"
    );
}
