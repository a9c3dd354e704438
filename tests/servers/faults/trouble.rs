//! Faults that begin and end when they are told.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use s3_exporter_testkit::servers::{Link, MinIo};
use s3_exporter_testkit::{Authority, Fault, Identity, S3sServer, Upload};
use serde_json::Value;
use tempfile::TempDir;

use crate::common::Metrics;
use crate::common::watch::Watch;

/// What a certificate must name to be the one of our servers.
pub const NAMES: [&str; 2] = ["127.0.0.1", "localhost"];

/// The requests of a scan.
pub const LISTS: [(&str, &str); 1] = [("operation", "ListObjectsV2")];

/// A toxic of toxiproxy: its type, `downstream` or `upstream`, its attributes.
pub type Toxic = (&'static str, &'static str, Value);

/// What goes wrong, with all that is needed to do it and to undo it.
pub enum Trouble {
    /// Nobody listens.
    Refuses(Link),
    /// What passes is spoiled.
    Spoils(Link, Vec<Toxic>),
    /// Every listing is answered so.
    Answers(S3sServer, Fault),
    /// Another certificate; at the end, a new one of the authority that is trusted.
    Shows(S3sServer, Arc<Authority>, Identity),
    /// The server is killed while a scan has some of its pages; at the end it is started.
    Killed(MinIo),
    /// A user's key is removed; at the end it is added again.
    Revoked(Arc<MinIo>, &'static str, &'static str),
    /// The bucket is deleted; at the end it is there again with the same objects.
    Deleted(Arc<MinIo>, &'static str, Vec<Upload>),
    /// The name does not resolve, and connections that stand end.
    Unnamed(Hosts, Link),
    /// Our clock is wrong.
    Skewed(Clock),
}

impl Trouble {
    /// Begins it, for these destinations.
    pub async fn begin(&mut self, watch: &Watch, destinations: &[String]) {
        match self {
            Self::Refuses(link) => link.enable(false).await,
            Self::Spoils(link, toxics) => {
                for (kind, stream, attributes) in toxics {
                    link.add(kind, stream, attributes.clone()).await;
                }
            }
            Self::Answers(server, fault) => server.faults().always(Some(fault.clone())),
            Self::Shows(server, _, identity) => server.set_identity(identity),
            Self::Killed(minio) => {
                in_the_middle(watch, &destinations[0]).await;
                minio.kill();
            }
            Self::Revoked(minio, user, _) => minio.remove_user(user).await,
            Self::Deleted(minio, bucket, uploads) => {
                let client = minio.client();
                let keys: Vec<_> = uploads.iter().map(|upload| upload.key.clone()).collect();
                client.delete_all(bucket, keys).await;
                client.delete_bucket(bucket).await;
            }
            Self::Unnamed(hosts, link) => {
                hosts.write("");
                link.enable(false).await;
                link.enable(true).await;
            }
            Self::Skewed(clock) => clock.set("+2h"),
        }
    }

    /// Ends it.
    pub async fn end(&mut self) {
        match self {
            Self::Refuses(link) => link.enable(true).await,
            Self::Spoils(link, toxics) => {
                for (kind, stream, _) in toxics {
                    link.remove(kind, stream).await;
                }
            }
            Self::Answers(server, _) => server.faults().always(None),
            Self::Shows(server, authority, _) => server.set_identity(&authority.issue(&NAMES)),
            Self::Killed(minio) => minio.resume().await,
            Self::Revoked(minio, user, bucket) => add_reader(minio, user, bucket).await,
            Self::Deleted(minio, bucket, uploads) => {
                let client = minio.client();
                client.create_bucket(bucket).await;
                client.put_archived(bucket, uploads).await;
            }
            Self::Unnamed(hosts, _) => hosts.write(Hosts::LINE),
            Self::Skewed(clock) => clock.set("+0"),
        }
    }
}

/// A user of MinIO, with a secret like its name, who may list this bucket.
pub async fn add_reader(minio: &MinIo, user: &str, bucket: &str) {
    let secret = format!("{user}-secret");
    let policy = MinIo::policy(&["s3:ListBucket"], &[bucket]);
    minio.add_user(user, &secret, &policy).await;
}

/// Waits until a scan of this destination has had a page and has not ended.
async fn in_the_middle(watch: &Watch, destination: &str) {
    let count = |metrics: &Metrics| {
        let requests = metrics.get("objectstore_api_requests_total", &LISTS);
        (metrics.of(destination, "objectstore_scans_total"), requests)
    };
    let mut before = (None, None);
    for _ in 0..100 {
        let now = count(&watch.until(destination, "", |_| true).await);
        if now.0.is_some() && now.0 == before.0 && now.1 > before.1 {
            return;
        }
        before = now;
    }
    panic!("{destination}: 100 scrapes, and none in the middle of a scan");
}

/// The names of hosts for one process: the library `nss_wrapper`, put before the
/// program's own, looks them up in a file.
#[derive(Clone)]
pub struct Hosts(Arc<TempDir>);

impl Hosts {
    /// The one name that resolves, at times.
    pub const NAME: &str = "store.s3-exporter.test";
    const LINE: &str = "127.0.0.1 store.s3-exporter.test\n";

    /// A file in which the name is.
    pub fn new() -> Self {
        let hosts = Self(Arc::new(tempfile::tempdir().unwrap()));
        hosts.write(Self::LINE);
        hosts
    }

    /// The file.
    pub fn path(&self) -> PathBuf {
        self.0.path().join("hosts")
    }

    fn write(&self, text: &str) {
        // The library looks at whole seconds to tell whether it has changed.
        let before = fs::metadata(self.path()).and_then(|file| file.modified());
        let later = before.unwrap_or(SystemTime::UNIX_EPOCH) + Duration::from_secs(2);
        replace(&self.path(), text, Some(later));
    }
}

/// The time for one process: the library `faketime`, put before the program's own, reads
/// how much it is off in a file.
#[derive(Clone)]
pub struct Clock(Arc<TempDir>);

impl Clock {
    /// A clock that is right.
    pub fn new() -> Self {
        let clock = Self(Arc::new(tempfile::tempdir().unwrap()));
        clock.set("+0");
        clock
    }

    /// The file.
    pub fn path(&self) -> PathBuf {
        self.0.path().join("clock")
    }

    /// Sets how much it is off, such as `+2h`.
    pub fn set(&self, off: &str) {
        replace(&self.path(), &format!("{off}\n"), None);
    }
}

/// At once: whoever reads the file finds the old text or the new one.
fn replace(path: &Path, text: &str, modified: Option<SystemTime>) {
    let new = path.with_extension("new");
    fs::write(&new, text).unwrap();
    if let Some(modified) = modified {
        let file = File::options().write(true).open(&new).unwrap();
        file.set_modified(modified).unwrap();
    }
    fs::rename(new, path).unwrap();
}
