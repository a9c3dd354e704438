//! Reports in a store in memory, and what is listed from them.
#![allow(clippy::unwrap_used)] // a test that can't go on ends with the place where it happened

mod faults;
mod newest;
mod same;

use std::fmt;
use std::sync::Arc;

use figment::value::Tag;
use s3_exporter_api::{
    Backend, BackendError, Connect, Continuation, ListRequest, ListingKind, Meter, Operation, Page,
    Report, StartAt, UnixTime, VersionState, async_trait,
};
use s3_exporter_config::{Origin, Section};
use s3_exporter_inventory::PLUGIN;
use s3_exporter_testkit::reports::Written;
use s3_exporter_testkit::{Memory, values};

/// The bucket of the reports.
const REPORTS: &str = "reports";
/// 2025-11-30T01:00:00Z.
const MADE: UnixTime = UnixTime::from_millis(1_764_464_400_000);

/// A store in memory, as a section of its own would make it.
struct Given(Memory);

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Given")
    }
}

#[async_trait]
impl Connect for Given {
    fn store_url(&self) -> String {
        "memory".to_owned()
    }

    async fn connect(&self) -> Result<Arc<dyn Backend>, BackendError> {
        Ok(Arc::new(self.0.clone()))
    }
}

/// The plug-in over a store; `more` is what its section says beside that.
async fn over(store: &Memory, more: &str) -> Arc<dyn Backend> {
    let text = format!("store = \"memory\"\nreports = \"{REPORTS}\"\nfolder = \"daily\"\n{more}");
    let origins = Arc::new(|_, _: &str| Origin::Default);
    let parsed = Section::parse("x", Tag::Default, values(&text), origins, PLUGIN.parse);
    let connect = parsed.value.unwrap();
    let connect = connect.reading_by(Arc::new(Given(store.clone()))).unwrap();
    connect.connect().await.unwrap()
}

fn put(store: &Memory, written: &Written) {
    store.create_bucket(REPORTS);
    for (key, content) in written {
        store.put_content(REPORTS, key, content.clone());
    }
}

/// An entry: key, size, time in milliseconds, class, and what it is where versions are listed.
type Entry = (Vec<u8>, u64, i64, Vec<u8>, Option<VersionState>);

struct Listed {
    /// Sorted.
    entries: Vec<Entry>,
    /// Those beside them, likewise.
    beside: Vec<Entry>,
    report: Option<Report>,
    gets: u64,
}

/// All that a listing has, page after page.
async fn list(
    backend: &dyn Backend,
    bucket: &str,
    prefix: &str,
    kind: ListingKind,
) -> Result<Listed, BackendError> {
    list_counted(backend, bucket, prefix, kind, &Arc::default()).await
}

/// The same; requests are counted here.
async fn list_counted(
    backend: &dyn Backend,
    bucket: &str,
    prefix: &str,
    kind: ListingKind,
    meter: &Arc<Meter>,
) -> Result<Listed, BackendError> {
    let mut page = Page::new();
    let (mut entries, mut beside, mut report) = (Vec::new(), Vec::new(), None);
    let mut token: Option<String> = None;
    loop {
        let request = ListRequest {
            bucket,
            prefix,
            kind,
            from: match &token {
                None => StartAt::Start,
                Some(token) => StartAt::Token(token),
            },
            max_keys: 7,
            meter,
        };
        let next = backend.list_page(&request, &mut page).await?;
        assert!(page.len() <= 7);
        report = page.report().or(report);
        entries.extend(entries_of(&page));
        beside.extend(page.beside().into_iter().flat_map(entries_of));
        token = match next {
            Continuation::End => break,
            Continuation::Token(next) => Some(next),
            Continuation::AfterLast => panic!("no token"),
        };
    }
    entries.sort_unstable_by_key(|of| format!("{of:?}"));
    beside.sort_unstable_by_key(|of| format!("{of:?}"));
    Ok(Listed {
        entries,
        beside,
        report,
        gets: meter.attempts(Operation::GetObject),
    })
}

fn entries_of(page: &Page) -> Vec<Entry> {
    let entries = page.iter().enumerate().map(|(at, object)| {
        let state = page.states().get(at).copied();
        let class = object.storage_class.name().to_vec();
        let millis = object.last_modified.as_millis();
        (object.key.to_vec(), object.size, millis, class, state)
    });
    entries.collect()
}

fn runtime() -> tokio::runtime::Runtime {
    let builder = &mut tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(1).enable_all().build().unwrap()
}
