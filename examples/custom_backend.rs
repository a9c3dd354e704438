//! A store of your own, added from outside: the exporter, and one backend more, which lists
//! folders of this machine (a file server's backups, say).
//!
//! ```toml
//! [backends.disk]
//! type = "folder"
//! path = "/srv/backups"
//!
//! [[destinations]]
//! bucket = "etcd" # the folder /srv/backups/etcd
//! clusters = ["lab-1", "lab-2"]
//! max_age = "25h"
//! ```
//!
//! Three things make a backend: a [`Plugin`], which says how its section of the
//! configuration is named and read; a [`Connect`], the section once it is read; and a
//! [`Backend`], which fetches one page of a listing at a time. All else (schedules, bounds,
//! clusters, metrics, the command line) is the exporter's.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use s3_exporter_api::{
    Backend, BackendError, Capabilities, Connect, Continuation, FailureKind, ListRequest, Object,
    Operation, Order, Page, RequestLimits, StartAt, StorageClass, UnixTime, async_trait,
};
use s3_exporter_config::{Key, Plugin, Section};

/// The exporter's own `main`, with one plug-in more.
fn main() -> ExitCode {
    let mut plugins = s3_exporter::wire::plugins();
    plugins.backends.push(PLUGIN);
    s3_exporter::command::run(&plugins)
}

const PLUGIN: Plugin<Box<dyn Connect>, RequestLimits> = Plugin {
    name: "folder", // what users write as `type`
    keys: &[Key::new("path")],
    // List requests in flight, of one destination and in all, unless the user says otherwise.
    defaults: RequestLimits {
        concurrency: 1,
        max_requests_in_flight: 4,
    },
    parse,
};

/// Takes the keys out of the section, without any I/O. Whatever is left in it is reported as
/// an unknown key, and a value of the wrong type is reported by the getter.
fn parse(section: &mut Section) -> Option<Box<dyn Connect>> {
    let path = section.folder("path"); // relative to the configuration file
    if path.is_none() {
        // Of several faults of a key only the first is kept, so this is for a missing one.
        section.fault("path", "is missing: the folder in which the buckets are");
    }
    Some(Box::new(Folder { path: path? }))
}

#[derive(Clone, Debug)]
struct Folder {
    path: PathBuf,
}

#[async_trait]
impl Connect for Folder {
    /// For people, and for the label `store_url`: no secret may be in it.
    fn store_url(&self) -> String {
        format!("file://{}", self.path.display())
    }

    /// Here one would read key files and make a client. If it fails, the scan has failed, and
    /// the next one tries again.
    async fn connect(&self) -> Result<Arc<dyn Backend>, BackendError> {
        Ok(Arc::new(self.clone()))
    }
}

#[async_trait]
impl Backend for Folder {
    /// Objects, from the first one on or after any key.
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            start_after: true,
            ..Capabilities::OBJECTS
        }
    }

    /// In the order of the keys' bytes: we sort. A store whose order is not certain says
    /// `Unknown` or `Other`, and is listed from the start to the end alone.
    fn order(&self, _: &str) -> Order {
        Order::Utf8
    }

    /// One page. `page` belongs to the caller, who uses it again: clear it, fill it.
    async fn list_page(
        &self,
        request: &ListRequest<'_>,
        page: &mut Page,
    ) -> Result<Continuation, BackendError> {
        page.clear();
        request.check(&self.capabilities(), &self.path.display().to_string())?;
        // Every attempt is counted, good or bad: on a real store it is what costs money.
        request.meter.attempt(Operation::ListObjectsV2);
        let folder = self.path.join(request.bucket);
        // Files are read by blocking calls, which must not hold up other scans.
        let listed = tokio::task::spawn_blocking(move || files(&folder)).await;
        let files = listed.unwrap_or_else(|cause| Err(std::io::Error::other(cause)));
        let files = files.map_err(|cause| {
            let failure = self.failure(request.bucket, cause);
            request
                .meter
                .failed(Operation::ListObjectsV2, failure.kind());
            failure
        })?;
        let after = match request.from {
            StartAt::Start => None,
            StartAt::After(key) | StartAt::Marker(key) | StartAt::Token(key) => Some(key), // our token is the last key
        };
        let mut rest = files
            .iter()
            .filter(|file| file.key.starts_with(request.prefix))
            .filter(|file| after.is_none_or(|after| *file.key > *after))
            .peekable();
        let mut last = None;
        for file in rest.by_ref().take(request.max_keys.into()) {
            page.push(Object {
                key: file.key.as_bytes(),
                size: file.size,
                last_modified: file.last_modified,
                storage_class: StorageClass::STANDARD,
            });
            last = Some(&file.key);
        }
        Ok(match (rest.peek(), last) {
            (Some(_), Some(last)) => Continuation::Token(last.clone()),
            _ => Continuation::End,
        })
    }
}

impl Folder {
    /// The kind is the label `kind` of the metrics; the text is for the log and the status
    /// page: what was tried and where, why it failed, what to do.
    fn failure(&self, bucket: &str, cause: std::io::Error) -> BackendError {
        let (kind, reason) = match cause.kind() {
            ErrorKind::NotFound => (FailureKind::NotFound, "there is no such folder"),
            ErrorKind::PermissionDenied => (FailureKind::Denied, "it must not be read"),
            ErrorKind::InvalidData => (FailureKind::Protocol, "a name in it makes no sense"),
            _ => (FailureKind::Unavailable, "it cannot be read"),
        };
        let folder = self.path.join(bucket);
        BackendError::new(kind, format!("listing {}", folder.display()), reason)
            .with_advice("see that `path` is right and that this user may read it")
            .with_source(cause)
    }
}

/// A file of a bucket.
struct File {
    key: String,
    size: u64,
    last_modified: UnixTime,
}

/// The files right in a folder, by name. They are read anew for each page, which is simple
/// and good enough for thousands of files.
fn files(folder: &Path) -> std::io::Result<Vec<File>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        if !metadata.is_file() {
            continue;
        }
        // Never leave out in silence what cannot be shown: half a bucket is no truth.
        let key = entry.file_name().into_string().map_err(|name| {
            std::io::Error::new(ErrorKind::InvalidData, format!("{name:?} is not UTF-8"))
        })?;
        files.push(File {
            key,
            size: metadata.len(),
            last_modified: metadata.modified()?.into(),
        });
    }
    files.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    Ok(files)
}
