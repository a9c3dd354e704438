//! Listings in parts have what a listing by tokens has: on trees of names that begin one another,
//! over the bytes around `/`, where MinIO is wrong about what follows a key in a folder.

use std::collections::BTreeSet;
use std::sync::Arc;

use s3_exporter::assign::Assignment;
use s3_exporter::clusters::Clusters;
use s3_exporter::destination::{Destination, Expect};
use s3_exporter::facts::Totals;
use s3_exporter::scan::ScanContext;
use s3_exporter_api::{
    Backend, BackendError, Capabilities, Continuation, ListRequest, ListingKind, Meter, Order,
    Page, StartAt, async_trait,
};
use s3_exporter_listing::Boundaries;
use s3_exporter_testkit::conformance::{BackendPlugin, connect};
use s3_exporter_testkit::servers::{MinIo, SeaweedFs};
use s3_exporter_testkit::{Memory, S3Client, S3sServer, Upload};

use crate::common::given;

const BUCKET: &str = "trees";
/// What names are made of: `/` and the bytes around it.
const ALPHABET: [char; 7] = [' ', '!', '-', '.', '0', '_', 'a'];

/// A backend that others use too.
#[derive(Clone)]
struct Shared(Arc<dyn Backend>);

#[async_trait]
impl Backend for Shared {
    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    fn order(&self, bucket: &str) -> Order {
        self.0.order(bucket)
    }

    async fn list_page(
        &self,
        request: &ListRequest<'_>,
        page: &mut Page,
    ) -> Result<Continuation, BackendError> {
        self.0.list_page(request, page).await
    }
}

/// A name of a folder or an object: often one that goes on from a name that is there.
fn name(random: &mut fastrand::Rng, others: &[String]) -> String {
    let mut name = match random.choice(others) {
        Some(other) if random.u8(0..4) > 0 => other.clone(),
        _ => String::new(),
    };
    for _ in 0..random.usize(1..4) {
        name.push(*random.choice(&ALPHABET).unwrap());
    }
    // No store takes these two, and some cut blanks at the ends.
    match name.trim() {
        "" | "." | ".." => format!("{}a", name.trim_end().replace(' ', "0")),
        trimmed => trimmed.to_owned(),
    }
}

/// The keys of a tree, none of which is a folder as well.
fn tree(random: &mut fastrand::Rng, pages: usize, page: usize) -> BTreeSet<String> {
    let mut folders = vec![String::new()];
    let mut names = Vec::new();
    for _ in 0..random.usize(2..7) {
        let name = name(random, &names);
        let parent = random.choice(&folders).unwrap().clone();
        folders.push(format!("{parent}{name}/"));
        names.push(name);
    }
    let mut keys = BTreeSet::new();
    for nth in 0..random.usize(1..=pages) * page + random.usize(0..page) {
        // Most lie in few folders, so that these take pages.
        let folder = folders.len() - 1 - random.usize(0..folders.len()) * random.usize(0..2);
        keys.insert(format!("{}f{nth:03}", folders[folder]));
    }
    keys
}

/// What an honest listing has: by the store's own tokens, from the start.
async fn by_tokens(backend: &dyn Backend, prefix: &str, clusters: &Clusters) -> Found {
    let meter = Arc::new(Meter::default());
    let (mut page, mut token) = (Page::new(), None::<String>);
    let mut found = Found::new();
    loop {
        let request = ListRequest {
            bucket: BUCKET,
            prefix,
            kind: ListingKind::Objects,
            from: token.as_deref().map_or(StartAt::Start, StartAt::Token),
            max_keys: 1000,
            meter: &meter,
        };
        let next = backend.list_page(&request, &mut page).await.unwrap();
        for object in page.iter() {
            let owner = clusters.names().filter(|name| {
                object
                    .key
                    .starts_with(format!("{prefix}{name}/").as_bytes())
            });
            let owner = owner.max_by_key(|name| name.len());
            let owner = owner.map_or(String::new(), |name| name.to_string());
            found.entry(owner).or_default().add(&object);
        }
        match next {
            Continuation::Token(next) => token = Some(next),
            Continuation::End => return found,
            Continuation::AfterLast => panic!("no token"),
        }
    }
}

/// Totals by the cluster; those of none under the empty name.
type Found = std::collections::BTreeMap<String, Totals>;

/// A scan's totals, and its boundaries.
async fn scanned(
    backend: &Shared,
    (prefix, page_size, concurrency): (&str, u16, u16),
    clusters: &Clusters,
    hints: &Boundaries,
) -> (Found, Boundaries) {
    let scan = given::scan(backend.clone(), prefix, concurrency);
    let destination = Destination {
        bucket: BUCKET.into(),
        separator: "/".into(),
        ..(*scan.destination).clone()
    };
    let scan = ScanContext {
        page_size,
        destination: Arc::new(destination),
        ..scan
    };
    let assignment = Arc::new(Assignment::new(clusters, prefix, "/"));
    let found = scan.run(assignment, hints).await.unwrap();
    let (owned, unassigned) = found.fold.split(clusters, Expect::All);
    let owned = owned
        .into_iter()
        .map(|(name, totals)| (name.to_string(), totals));
    let all = owned.chain([(String::new(), unassigned)]);
    (
        all.filter(|(_, totals)| totals.objects > 0).collect(),
        found.boundaries,
    )
}

/// One tree, cold and warm, at some concurrencies, and again after some of it has changed.
struct Case {
    prefix: String,
    keys: BTreeSet<String>,
    page: u16,
    concurrencies: Vec<u16>,
}

fn cases(count: usize, concurrencies: usize, seed: u64) -> Vec<Case> {
    let mut random = fastrand::Rng::with_seed(seed);
    (0..count)
        .map(|nth| {
            let page = random.u16(3..20);
            Case {
                // With the slash, and without it: then the listing is of a part of a name.
                prefix: format!("t{nth:04}{}", if nth % 3 == 0 { "" } else { "/" }),
                keys: tree(&mut random, 6, page.into()),
                page,
                concurrencies: (0..concurrencies).map(|_| random.u16(1..=64)).collect(),
            }
        })
        .collect()
}

/// Puts and deletes: some of a case's keys.
trait Change {
    async fn change(&self, put: &[String], delete: &[String]);
}

impl Change for S3Client {
    async fn change(&self, put: &[String], delete: &[String]) {
        let uploads = put.iter().map(|key| Upload::new(key, 3));
        self.put_all(BUCKET, uploads).await;
        self.delete_all(BUCKET, delete.iter().cloned()).await;
    }
}

impl Change for Memory {
    async fn change(&self, put: &[String], delete: &[String]) {
        self.put_all(BUCKET, put.iter().map(|key| Upload::new(key, 3)));
        for key in delete {
            self.delete(BUCKET, key);
        }
    }
}

async fn uploads_of(cases: &[Case]) -> Vec<Upload> {
    let keys = cases.iter().flat_map(|case| {
        let folder = format!("{}/", case.prefix.trim_end_matches('/'));
        case.keys.iter().map(move |key| format!("{folder}{key}"))
    });
    keys.map(|key| Upload::new(key, 2)).collect()
}

async fn all_are_complete(backends: &[Shared], store: &impl Change, cases: &[Case]) {
    let mut scans = 0;
    for (nth, case) in cases.iter().enumerate() {
        let backend = &backends[nth % backends.len()];
        let folder = format!("{}/", case.prefix.trim_end_matches('/'));
        let names: BTreeSet<&str> = case
            .keys
            .iter()
            .filter_map(|key| Some(key.split_once('/')?.0))
            .collect();
        let clusters = Clusters::from_names(names.iter().copied()).unwrap();
        let mut truth = by_tokens(&*backend.0, &case.prefix, &clusters).await;
        let mut hints = Boundaries::default();
        for (round, concurrency) in case.concurrencies.iter().enumerate() {
            if round == case.concurrencies.len() / 2 {
                let part = |rest| {
                    let keys = case.keys.iter().enumerate();
                    let keys = keys.filter(move |(nth, _)| nth % 7 == rest);
                    keys.map(|(_, key)| format!("{folder}{key}"))
                };
                let put: Vec<_> = part(3).map(|key| key + "0").collect();
                store.change(&put, &part(5).collect::<Vec<_>>()).await;
                truth = by_tokens(&*backend.0, &case.prefix, &clusters).await;
            }
            let how = (&*case.prefix, case.page, *concurrency);
            let none = Boundaries::default();
            for (what, remembered) in [("cold", &none), ("warm", &hints)] {
                let (found, _) = scanned(backend, how, &clusters, remembered).await;
                assert_eq!(found, truth, "{what}, {how:?}: {:?}", case.keys);
                scans += 1;
            }
            hints = scanned(backend, how, &clusters, &hints).await.1;
        }
    }
    println!("{scans} scans compared");
}

async fn connected(plugin: &BackendPlugin, endpoint: &str, [id, secret]: [&str; 2]) -> Shared {
    let section = [
        ("endpoint", endpoint),
        ("region", "us-east-1"),
        ("access_key_id", id),
        ("secret_access_key", secret),
    ];
    Shared(connect(plugin, &section).await.unwrap())
}

async fn both(endpoint: &str, keys: [&str; 2]) -> Vec<Shared> {
    vec![
        connected(&s3_exporter_s3::PLUGIN, endpoint, keys).await,
        connected(&s3_exporter_minio::PLUGIN, endpoint, keys).await,
    ]
}

#[tokio::test]
async fn on_minio() {
    let server = MinIo::start().await;
    let client = server.client();
    client.create_bucket(BUCKET).await;
    let cases = cases(200, 6, 12);
    client.put_archived(BUCKET, &uploads_of(&cases).await).await;
    let backends = both(&server.endpoint(), [MinIo::ACCESS_KEY, MinIo::SECRET_KEY]).await;
    all_are_complete(&backends, &client, &cases).await;
}

/// A bucket of the issue that found it: two folders with more than a page each.
#[tokio::test]
async fn a_folder_beside_one_whose_name_goes_on_from_it_on_minio() {
    let server = MinIo::start().await;
    let client = server.client();
    client.create_bucket(BUCKET).await;
    let folder = |name: &'static str, count| {
        (0..count).map(move |nth| Upload::new(format!("{name}/d{nth:05}.gz"), 1))
    };
    let mut uploads: Vec<_> = folder("prod", 1200)
        .chain(folder("prod-eu", 1200))
        .collect();
    uploads.extend(folder("t", 1100).chain(folder("t.x", 1000)));
    uploads.extend(folder("backups", 900).chain(folder("backups.old", 1032)));
    client.put_archived(BUCKET, &uploads).await;
    let names = ["prod", "prod-eu", "t", "t.x", "backups", "backups.old"];
    let clusters = Clusters::from_names(names).unwrap();
    for backend in both(&server.endpoint(), [MinIo::ACCESS_KEY, MinIo::SECRET_KEY]).await {
        let truth = by_tokens(&*backend.0, "", &clusters).await;
        assert_eq!(truth["prod"].objects, 1200);
        for concurrency in [1, 2, 4, 16, 64] {
            let mut hints = Boundaries::default();
            for round in 0..3 {
                let how = ("", 1000, concurrency);
                let (found, boundaries) = scanned(&backend, how, &clusters, &hints).await;
                assert_eq!(found, truth, "{concurrency} in flight, scan {round}");
                hints = boundaries;
            }
        }
    }
}

/// A store with MinIO's fault, as it is known to be and as one that nobody knows it of.
#[tokio::test]
async fn in_memory_with_minio_s_fault() {
    let cases = cases(300, 6, 13);
    for order in [Order::Utf8ByFolder, Order::Utf8] {
        let memory = Memory::new().with_short_start_after().with_order(order);
        memory.put_all(BUCKET, uploads_of(&cases).await);
        let backend = Shared(Arc::new(memory.clone()));
        all_are_complete(&[backend], &memory, &cases).await;
    }
}

#[tokio::test]
async fn on_s3s_as_minio() {
    let memory = Memory::new().with_short_start_after();
    let server = S3sServer::builder().server("MinIO").store(&memory).start();
    let cases = cases(20, 4, 14);
    memory.put_all(BUCKET, uploads_of(&cases).await);
    let keys = [S3sServer::ACCESS_KEY, S3sServer::SECRET_KEY];
    let backends = both(&server.endpoint(), keys).await;
    all_are_complete(&backends, &memory, &cases).await;
}

#[tokio::test]
async fn on_seaweedfs() {
    let server = SeaweedFs::start().await;
    let client = server.client();
    client.create_bucket(BUCKET).await;
    let cases = cases(12, 4, 15);
    client.put_all(BUCKET, uploads_of(&cases).await).await;
    let keys = [SeaweedFs::ACCESS_KEY, SeaweedFs::SECRET_KEY];
    let backends = both(&server.endpoint(), keys).await;
    all_are_complete(&backends, &client, &cases).await;
}
