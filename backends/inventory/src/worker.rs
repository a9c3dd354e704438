//! The files of a report, several at a time, each on a thread of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use s3_exporter_api::{BackendError, Page, Report};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::download::{NoFile, Source};
use crate::error::{Fault, internal};
use crate::manifest::{Form, Manifest};
use crate::rows::{Counted, Pages, Wanted};
use crate::{csv, parquet};

/// Pages that wait for whoever takes them, for each thread.
const WAITING: usize = 4;

/// What comes of a report.
pub enum Message {
    Page(Page),
    /// There is no more: what there was.
    End(Report),
    /// The store could not give it.
    Failed(BackendError),
    /// What it gave is no good.
    Faulty(Fault),
}

/// Pages that were given back.
pub type Spare = Arc<Mutex<Vec<Page>>>;

/// A report that is read.
pub struct Reading {
    pub source: Source,
    /// What is tried, and where, of all errors.
    pub action: String,
    pub manifest: Arc<Manifest>,
    pub wanted: Wanted,
    pub spool: PathBuf,
    /// Files at a time.
    pub files: usize,
}

/// What its threads share.
struct Shared {
    reading: Reading,
    runtime: Handle,
    next: AtomicUsize,
    spare: Spare,
    /// Of the files that were read to their ends, and how many threads are not at theirs.
    counted: Mutex<(Counted, usize)>,
}

impl Reading {
    /// Begins. Must be called within a runtime.
    ///
    /// # Errors
    /// No thread can be started.
    pub fn begin(self, spare: Spare) -> Result<Receiver<Message>, BackendError> {
        let threads = self.files.min(self.manifest.files.len()).max(1);
        let (send, messages) = channel(threads * WAITING);
        let shared = Arc::new(Shared {
            reading: self,
            runtime: Handle::current(),
            next: AtomicUsize::new(0),
            spare,
            counted: Mutex::new((Counted::default(), threads)),
        });
        for _ in 0..threads {
            let (of, send) = (Arc::clone(&shared), send.clone());
            let thread = thread::Builder::new().name("report".to_owned());
            let started = thread.spawn(move || work(&of, &send));
            started.map_err(|cause| {
                let error = internal(&*shared.reading.action, "no thread can be started");
                error.with_source(cause)
            })?;
        }
        Ok(messages)
    }
}

/// What a thread does: file after file, until there are none.
fn work(shared: &Shared, send: &Sender<Message>) {
    let files = AssertUnwindSafe(|| read_files(shared, send));
    let action = || &*shared.reading.action;
    let end = match catch_unwind(files) {
        Ok(Ok(counted)) => match shared.end(counted) {
            Ok(None) => return, // others are not at their ends
            Ok(Some(report)) => Message::End(report),
            Err(fault) => Message::Faulty(fault),
        },
        Ok(Err(NoFile::Unwanted)) => return,
        Ok(Err(NoFile::Store(error))) => Message::Failed(error),
        Ok(Err(NoFile::Fault(fault))) => Message::Faulty(fault),
        Err(_) => Message::Failed(internal(action(), "a panic")),
    };
    let _ = send.blocking_send(end); // nobody may wait any more
}

fn read_files(shared: &Shared, send: &Sender<Message>) -> Result<Counted, NoFile> {
    let reading = &shared.reading;
    let manifest = &reading.manifest;
    let mut counted = Counted::default();
    while let Some(file) = manifest.files.get(shared.next.fetch_add(1, Relaxed)) {
        let is_wanted = || !send.is_closed();
        let content = reading
            .source
            .file(file, &reading.spool, &shared.runtime, is_wanted)?;
        let mut pages = Pages::new(reading.wanted.clone(), |page| {
            let sent = send.blocking_send(Message::Page(page));
            sent.is_ok()
                .then(|| lock(&shared.spare).pop().unwrap_or_default())
        });
        let read = match &manifest.form {
            Form::Csv(form) => csv::read(content, form, &manifest.columns, &mut pages),
            Form::Parquet => parquet::read(content, &manifest.columns, &mut pages),
        };
        read.map_err(|fault| fault.within(&file.key))?;
        counted.add(pages.end());
        if send.is_closed() {
            return Err(NoFile::Unwanted);
        }
    }
    Ok(counted)
}

impl Shared {
    /// A thread is at its end: what the report has, where it is the last.
    fn end(&self, counted: Counted) -> Result<Option<Report>, Fault> {
        let mut all = lock(&self.counted);
        all.0.add(counted);
        all.1 -= 1;
        let (counted, left) = *all;
        if left > 0 {
            return Ok(None);
        }
        let manifest = &self.reading.manifest;
        agrees("rows", manifest.rows, counted.rows)?;
        agrees("bytes", manifest.bytes, counted.row_bytes)?;
        let bucket = &self.reading.wanted.bucket;
        if counted.own == 0 && counted.rows > 0 && !manifest.filters.name(bucket) {
            let reason = format!("it has nothing of {bucket:?}");
            return Err(Fault::new(reason).with_advice(
                "correct `bucket`; or name the container in the rule's `prefixMatch` where it may be empty",
            ));
        }
        Ok(Some(Report {
            as_of: manifest.as_of,
            objects: counted.objects,
            bytes: counted.bytes,
            has_versions: !counted.lacks_versions,
        }))
    }
}

fn agrees(what: &str, said: Option<u64>, found: u64) -> Result<(), Fault> {
    match said {
        Some(said) if said != found => Err(Fault::miscounted(format!(
            "its files have {found} {what}, and its manifest says {said}"
        ))),
        _ => Ok(()),
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nobody panics while holding it.
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
