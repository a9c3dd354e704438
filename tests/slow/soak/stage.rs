//! 200 destinations on six servers, two of them real, and 5,000 clusters.

use std::collections::{BTreeMap, BTreeSet};

use s3_exporter_testkit::servers::MinIo;
use s3_exporter_testkit::{Faults, Memory, Proxy, S3sServer, Upload};

use crate::common::truth::backup;
use crate::soak::cable::Cable;
use crate::soak::ledger::{Bucket, Ledger, Names};

pub const DESTINATIONS: usize = 200;
const CLUSTERS: usize = 5_000;
/// Of MinIO each; the others are shared by the servers inside the process.
const OF_MINIO: usize = 20;
/// Names that come and go, of the resolver that all share and of each small one.
const FICKLE: usize = 60;
const FICKLE_OF_GROUP: usize = 5;
/// The last destinations have resolvers of their own, this many each.
const OF_GROUP: usize = 10;
const GROUPS: usize = 2;

/// What answers.
pub enum Store {
    Real {
        minio: Box<MinIo>,
        proxy: Proxy,
    },
    /// `None` while it is killed.
    Inside {
        server: Option<S3sServer>,
        memory: Memory,
    },
}

/// A server, with the cable that leads to it.
pub struct Server {
    pub store: Store,
    pub cable: Cable,
    /// Whether its listings have many pages. Nothing is written then: a listing of many pages
    /// is of no one moment, and the truth would not be known.
    pub paged: bool,
}

impl Server {
    async fn real() -> Self {
        let minio = Box::new(MinIo::start().await);
        let proxy = Proxy::start(&minio.endpoint());
        Self {
            cable: Cable::to(&proxy.endpoint()),
            store: Store::Real { minio, proxy },
            paged: false,
        }
    }

    fn inside(paged: bool) -> Self {
        let memory = Memory::new();
        let memory = if paged {
            memory.with_page_size(9)
        } else {
            memory
        };
        let server = inside(&memory);
        Self {
            cable: Cable::to(&server.endpoint()),
            store: Store::Inside {
                server: Some(server),
                memory,
            },
            paged,
        }
    }

    pub fn faults(&self) -> Option<&Faults> {
        match &self.store {
            Store::Real { proxy, .. } => Some(proxy.faults()),
            Store::Inside { server, .. } => server.as_ref().map(S3sServer::faults),
        }
    }

    /// Where the cable leads when nothing is wrong.
    pub fn endpoint(&self) -> Option<String> {
        match &self.store {
            Store::Real { proxy, .. } => Some(proxy.endpoint()),
            Store::Inside { server, .. } => server.as_ref().map(S3sServer::endpoint),
        }
    }

    /// Whether it runs.
    pub fn is_up(&self) -> bool {
        match &self.store {
            Store::Real { minio, .. } => minio.pid().is_some(),
            Store::Inside { server, .. } => server.is_some(),
        }
    }

    pub fn kill(&mut self) {
        match &mut self.store {
            Store::Real { minio, .. } => minio.kill(),
            Store::Inside { server, .. } => *server = None,
        }
    }

    pub async fn resume(&mut self) {
        match &mut self.store {
            Store::Real { minio, .. } => minio.resume().await,
            Store::Inside { server, memory } => {
                let again = inside(memory);
                self.cable.lead(Some(&again.endpoint()));
                *server = Some(again);
            }
        }
    }

    pub async fn put(&self, bucket: &str, upload: &Upload) {
        match &self.store {
            Store::Real { minio, .. } => {
                let one = std::slice::from_ref(upload);
                minio.client().put_archived(bucket, one).await;
            }
            Store::Inside { memory, .. } => memory.put(bucket, upload),
        }
    }

    pub async fn delete(&self, bucket: &str, key: &str) {
        match &self.store {
            Store::Real { minio, .. } => minio.client().delete(bucket, key).await,
            Store::Inside { memory, .. } => {
                memory.delete(bucket, key);
            }
        }
    }

    async fn fill(&self, bucket: &str, uploads: &[Upload]) {
        match &self.store {
            Store::Real { minio, .. } => {
                let client = minio.client();
                client.create_bucket(bucket).await;
                client.put_archived(bucket, uploads).await;
            }
            Store::Inside { memory, .. } => memory.put_all(bucket, uploads.to_vec()),
        }
    }

    fn keys(&self) -> [&'static str; 2] {
        match &self.store {
            Store::Real { .. } => [MinIo::ACCESS_KEY, MinIo::SECRET_KEY],
            Store::Inside { .. } => [S3sServer::ACCESS_KEY, S3sServer::SECRET_KEY],
        }
    }
}

fn inside(memory: &Memory) -> S3sServer {
    S3sServer::builder().server("MinIO").store(memory).start()
}

/// The name of a cluster that stays.
fn stable(nth: usize) -> String {
    format!("k{nth:04}x")
}

/// Those of which the bucket holds backups.
fn clusters_of(bucket: usize) -> impl Iterator<Item = String> {
    let each = CLUSTERS / DESTINATIONS;
    (0..6).map(move |nth| stable(bucket * each + nth * 4))
}

/// A bucket's objects at first; a name that comes and goes, and that begins like another,
/// has some too, and so has nobody.
fn uploads(bucket: usize) -> Vec<Upload> {
    let mut uploads = Vec::new();
    for (at, cluster) in clusters_of(bucket).enumerate() {
        for nth in 0..6 {
            let nth = (bucket * 1000 + at * 100 + nth * 7) as u64;
            uploads.push(backup(&cluster, nth));
            if at == 0 {
                uploads.push(backup(&format!("{cluster}-eu"), nth + 3));
            }
        }
    }
    uploads.push(backup("gone", bucket as u64));
    uploads
}

/// A change of one object in a bucket: a new one, one that is overwritten or one that goes.
pub enum Change {
    Put(Upload),
    Delete(String),
}

impl Change {
    pub fn random(bucket: &Bucket, rng: &mut fastrand::Rng) -> Self {
        let uploads = bucket.uploads();
        let some = &uploads[rng.usize(..uploads.len())];
        if uploads.len() > 60 || (uploads.len() > 20 && rng.u8(..3) == 0) {
            return Self::Delete(some.key.clone());
        }
        let owner = some.key.split("-daily-").next().unwrap();
        let mut upload = backup(owner, rng.u64(1_000_000..5_000_000));
        upload.key = match rng.bool() {
            true => upload.key,
            false => some.key.clone(),
        };
        upload.size = rng.u64(..200);
        Self::Put(upload)
    }

    pub fn apply(&self, uploads: &[Upload]) -> Vec<Upload> {
        let key = match self {
            Self::Put(upload) => &upload.key,
            Self::Delete(key) => key,
        };
        let mut after: Vec<_> = uploads.iter().filter(|u| u.key != *key).cloned().collect();
        if let Self::Put(upload) = self {
            after.push(upload.clone());
        }
        after
    }
}

/// The servers, filled, and what is true at the start.
pub async fn build() -> (Vec<Server>, Ledger) {
    let mut servers = vec![Server::real().await, Server::real().await];
    servers.extend([false, false, false, true].map(Server::inside));
    let fickle = |buckets: std::ops::Range<usize>| -> Vec<_> {
        let first = |bucket| clusters_of(bucket).next().unwrap() + "-eu";
        buckets.map(first).collect()
    };
    let all = (0..CLUSTERS - FICKLE).map(stable).collect();
    let mut names = vec![Names::new(all, fickle(0..FICKLE))];
    let first_of_groups = DESTINATIONS - GROUPS * OF_GROUP;
    for group in 0..GROUPS {
        let first = first_of_groups + group * OF_GROUP;
        let of: BTreeSet<_> = (first..first + OF_GROUP).flat_map(clusters_of).collect();
        names.push(Names::new(of, fickle(first..first + FICKLE_OF_GROUP)));
    }
    let mut buckets = BTreeMap::new();
    for nth in 0..DESTINATIONS {
        let server = match nth {
            nth if nth < 2 * OF_MINIO => nth / OF_MINIO,
            nth => 2 + nth % (servers.len() - 2),
        };
        let resolver = nth.checked_sub(first_of_groups);
        let resolver = resolver.map_or(0, |nth| 1 + nth / OF_GROUP);
        let name = format!("bucket-{nth:03}");
        let uploads = uploads(nth);
        servers[server].fill(&name, &uploads).await;
        let bucket = Bucket::new(name.clone(), server, resolver, resolver > 0, uploads);
        buckets.insert(name, bucket);
    }
    let absent = Default::default();
    (
        servers,
        Ledger {
            buckets,
            names,
            absent,
        },
    )
}

pub const INTERVAL: &str = "5s";
/// Of a whole scan, in milliseconds.
pub const TIMEOUT: i64 = 15_000;

/// The configuration: the servers by turns through both types of backend.
pub fn config(servers: &[Server], ledger: &Ledger) -> String {
    let mut config = format!(
        "[scan]\ninterval = \"{INTERVAL}\"\ntimeout = \"{TIMEOUT}ms\"\n[state]\ndirectory = \"state\"\n"
    );
    for (nth, server) in servers.iter().enumerate() {
        let [id, secret] = server.keys();
        let kind = ["s3", "minio"][nth % 2];
        config += &format!(
            "[backends.store-{nth}]\ntype = \"{kind}\"\nendpoint = \"{}\"\nregion = \"us-east-1\"\n\
             access_key_id = \"{id}\"\nsecret_access_key = \"{secret}\"\n\
             connect_timeout = \"1s\"\nrequest_timeout = \"2s\"\n",
            server.cable.endpoint()
        );
    }
    for nth in 0..ledger.names.len() {
        config += &format!(
            "[resolvers.names-{nth}]\ntype = \"static\"\nclusters_file = \"names-{nth}\"\n"
        );
    }
    let absent = &ledger.absent.now;
    let watched = ledger
        .buckets
        .values()
        .filter(|bucket| !absent.contains(&bucket.name));
    for bucket in watched {
        let expect = if bucket.all { "all" } else { "present" };
        config += &format!(
            "[[destinations]]\nbucket = \"{}\"\nbackend = \"store-{}\"\nresolver = \"names-{}\"\n\
             expect = \"{expect}\"\n",
            bucket.name, bucket.server, bucket.resolver
        );
    }
    config
}
