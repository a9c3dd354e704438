use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use s3_exporter_api::{
    Backend, BackendError, Capabilities, Continuation, FailureKind, ListRequest, ListingKind,
    Meter, Order, Page, Probe, StartAt, Summary, SummaryRequest, UnixTime, async_trait,
};
use tokio::sync::mpsc::Receiver;

use crate::config::InventoryConfig;
use crate::download::{NoFile, Source};
use crate::engine::Whole;
use crate::error::{Fault, internal};
use crate::manifest::{Candidate, Manifest, Place, candidates, check};
use crate::rows::Wanted;
use crate::worker::{Message, Reading, Spare};

/// A listing whose next page nobody has asked for in this time is forgotten when the next one begins.
const IDLE: Duration = Duration::from_secs(600);
/// Pages that are kept to be used again.
const SPARE: usize = 64;
/// Faults that are kept: of so many listings that are asked for.
const FAULTS: usize = 1000;

/// Buckets as reports show them.
pub struct Inventory {
    config: InventoryConfig,
    url: String,
    store: Arc<dyn Backend>,
    /// The manifests that were read of each bucket, down to the newest that is of use.
    known: Mutex<HashMap<String, Manifests>>,
    /// What is wrong with the report that was read last: it is not fetched again to see the same.
    faults: Mutex<HashMap<Asked, (Edition, Fault)>>,
    sessions: Mutex<Sessions>,
    spare: Spare,
}

/// A manifest as it was written once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Edition {
    key: String,
    /// When it was written, and its checksum.
    times: [Option<UnixTime>; 2],
}

/// What is in manifests, or wrong with them.
type Manifests = HashMap<Edition, Result<Arc<Manifest>, Fault>>;

/// A bucket, a prefix, and what is listed of it.
type Asked = (String, String, ListingKind);

/// The listings that are being read.
#[derive(Default)]
struct Sessions {
    next: u64,
    open: HashMap<u64, Session>,
}

struct Session {
    edition: Edition,
    messages: Receiver<Message>,
    since: Instant,
    /// Pages that have come.
    pages: u64,
}

#[async_trait]
impl Backend for Inventory {
    fn capabilities(&self) -> Capabilities {
        let summaries = self.config.engine.is_some();
        Capabilities {
            versions: !summaries,
            summaries,
            ..Capabilities::OBJECTS
        }
    }

    fn order(&self, _: &str) -> Order {
        Order::Other
    }

    async fn list_page(
        &self,
        request: &ListRequest<'_>,
        page: &mut Page,
    ) -> Result<Continuation, BackendError> {
        page.clear();
        request.check(&self.capabilities(), &self.url)?;
        if self.config.engine.is_some() {
            let reason = "its `engine` tells sums, and no object by its key";
            let error = internal(request.action(&self.url), reason);
            return Err(error.with_advice("use a backend without `engine`"));
        }
        let (number, mut session) = match request.from {
            StartAt::Token(token) => self.take(request, token)?,
            _ => self.begin(request).await?,
        };
        match session.messages.recv().await {
            Some(Message::Page(read)) => {
                let used = std::mem::replace(page, read);
                self.spare(used);
                session.pages += 1;
                Ok(self.keep(number, session))
            }
            Some(Message::End(report)) => {
                lock(&self.faults).remove(&asked(request));
                page.set_report(report);
                Ok(Continuation::End)
            }
            Some(Message::Faulty(fault)) => {
                let error = fault.clone().into_error(self.reading(&session.edition.key));
                self.keep_fault(asked(request), session.edition, fault);
                Err(error)
            }
            Some(Message::Failed(error)) => Err(error),
            None => Err(internal(request.action(&self.url), "its end was not seen")),
        }
    }

    async fn summary(&self, request: &SummaryRequest<'_>) -> Result<Summary, BackendError> {
        let (edition, manifest) = self.newest(request.bucket, request.meter).await?;
        let Some(engine) = &self.config.engine else {
            let action = self.reading(&edition.key);
            return Err(internal(action, "there is no engine"));
        };
        let report = Whole {
            manifest: &manifest,
            source: self.source(request.meter),
            action: self.reading(&edition.key),
            files: self.config.files,
        };
        engine.sum_up(&report, request).await
    }

    async fn report_time(
        &self,
        bucket: &str,
        meter: &Arc<Meter>,
    ) -> Result<Option<UnixTime>, BackendError> {
        let (_, manifest) = self.newest(bucket, meter).await?;
        Ok(Some(manifest.as_of))
    }

    /// Looks for the newest report, and reads none of its files.
    async fn probe(
        &self,
        bucket: &str,
        _: &str,
        meter: &Arc<Meter>,
    ) -> Result<Probe, BackendError> {
        let (_, manifest) = self.newest(bucket, meter).await?;
        Ok(Probe {
            empty: manifest.files.is_empty(),
            order: self.order(bucket),
        })
    }
}

impl Inventory {
    pub fn new(config: &InventoryConfig, url: String, store: Arc<dyn Backend>) -> Self {
        Self {
            config: config.clone(),
            url,
            store,
            known: Mutex::default(),
            faults: Mutex::default(),
            sessions: Mutex::default(),
            spare: Spare::default(),
        }
    }

    /// Begins to read the newest report.
    async fn begin(&self, request: &ListRequest<'_>) -> Result<(u64, Session), BackendError> {
        let bucket = request.bucket;
        let (edition, manifest) = self.newest(bucket, request.meter).await?;
        let kept = lock(&self.faults).get(&asked(request)).cloned();
        let kept = kept.filter(|(of, _)| *of == edition);
        let fault = kept.map(|(_, fault)| fault);
        let covered = manifest.filters.cover(bucket, request.prefix);
        if let Some(fault) = fault.or(covered.err()) {
            return Err(fault.into_error(self.reading(&edition.key)));
        }
        let spool = self.config.spool.clone();
        let reading = Reading {
            source: self.source(request.meter),
            action: self.reading(&edition.key),
            manifest,
            wanted: Wanted {
                bucket: bucket.to_owned(),
                prefix: request.prefix.to_owned(),
                kind: request.kind,
                page: usize::from(request.max_keys),
            },
            spool: spool.unwrap_or_else(std::env::temp_dir),
            files: self.config.files,
        };
        let messages = reading.begin(Arc::clone(&self.spare))?;
        let mut sessions = lock(&self.sessions);
        sessions
            .open
            .retain(|_, session| session.since.elapsed() < IDLE);
        let number = sessions.next;
        sessions.next += 1;
        let session = Session {
            edition,
            messages,
            since: Instant::now(),
            pages: 0,
        };
        Ok((number, session))
    }

    /// The listing that goes on with this token.
    fn take(&self, request: &ListRequest<'_>, token: &str) -> Result<(u64, Session), BackendError> {
        let mut sessions = lock(&self.sessions);
        let found = token.split_once('.').and_then(|(number, pages)| {
            let number = number.parse().ok()?;
            let session = sessions.open.get(&number)?;
            let is_next = pages.parse() == Ok(session.pages);
            let session = is_next.then(|| sessions.open.remove(&number))??;
            Some((number, session))
        });
        found.ok_or_else(|| {
            let reason = "the listing that this page is of is not there any more";
            internal(request.action(&self.url), reason)
        })
    }

    fn keep(&self, number: u64, mut session: Session) -> Continuation {
        session.since = Instant::now();
        let token = format!("{number}.{}", session.pages);
        lock(&self.sessions).open.insert(number, session);
        Continuation::Token(token)
    }

    fn keep_fault(&self, asked: Asked, edition: Edition, fault: Fault) {
        if fault.may_pass {
            return;
        }
        let mut faults = lock(&self.faults);
        if faults.len() >= FAULTS {
            faults.clear();
        }
        faults.insert(asked, (edition, fault));
    }

    fn spare(&self, page: Page) {
        let mut spare = lock(&self.spare);
        if spare.len() < SPARE {
            spare.push(page);
        }
    }

    /// The newest complete report of a bucket.
    async fn newest(
        &self,
        bucket: &str,
        meter: &Arc<Meter>,
    ) -> Result<(Edition, Arc<Manifest>), BackendError> {
        let kind = self.config.kind;
        let place = Place {
            bucket: bucket.to_owned(),
            folder: self.config.folder_of(bucket),
            report: self.config.report_of(bucket),
        };
        let keys = self.keys(&kind.prefix(&place), meter).await?;
        let (complete, begun) = candidates(kind, &place, keys.keys().map(String::as_str));
        if complete.is_empty() {
            return Err(self.none(&place, begun, meter).await);
        }
        let before = lock(&self.known).get(bucket).cloned().unwrap_or_default();
        let mut known = Manifests::new();
        let mut found = None;
        for candidate in complete {
            let edition = Edition {
                times: [Some(&candidate.manifest), candidate.checksum.as_ref()]
                    .map(|key| keys.get(key?).copied()),
                key: candidate.manifest.clone(),
            };
            let read = match before.get(&edition) {
                Some(read) => read.clone(),
                None => match self.manifest(&place, &candidate, meter).await {
                    Ok(manifest) => Ok(Arc::new(manifest)),
                    Err(NoFile::Fault(fault)) => Err(fault),
                    Err(no) => return Err(self.no_file(&edition.key, no)),
                },
            };
            if !read.as_ref().is_err_and(|fault| fault.may_pass) {
                known.insert(edition.clone(), read.clone());
            }
            let is_unfinished = read.as_ref().is_err_and(|fault| fault.is_unfinished);
            if !is_unfinished {
                found = Some((edition, read));
                break;
            }
            // The one before it may be of use; where none is, the newest says why.
            found.get_or_insert((edition, read));
        }
        lock(&self.known).insert(bucket.to_owned(), known);
        let Some((edition, read)) = found else {
            return Err(internal(
                self.looking(),
                "there is a report, and there is none",
            ));
        };
        let usable = read.and_then(|manifest| {
            manifest.is_of_before(UnixTime::now())?;
            Ok(manifest)
        });
        match usable {
            Ok(manifest) => Ok((edition, manifest)),
            Err(fault) => Err(fault.into_error(self.reading(&edition.key))),
        }
    }

    async fn manifest(
        &self,
        place: &Place,
        candidate: &Candidate,
        meter: &Arc<Meter>,
    ) -> Result<Manifest, NoFile> {
        let source = self.source(meter);
        let text = source.text(&candidate.manifest).await?;
        if let Some(checksum) = &candidate.checksum {
            check(&text, &source.text(checksum).await?)?;
        }
        Ok(self.config.kind.read(place, candidate, &text)?)
    }

    /// There is no complete report, but perhaps one that is begun.
    async fn none(
        &self,
        place: &Place,
        begun: Option<Candidate>,
        meter: &Arc<Meter>,
    ) -> BackendError {
        if let Some(begun) = begun {
            let text = self.source(meter).text(&begun.manifest).await;
            let read = text.and_then(|text| Ok(self.config.kind.read(place, &begun, &text)?));
            let no = match read {
                Ok(_) => Fault::new("it is not complete: it has no checksum yet").into(),
                Err(no) => no,
            };
            return self.no_file(&begun.manifest, no);
        }
        let under = self.config.kind.prefix(place);
        let reason = format!("there is no complete report under {under:?}");
        BackendError::new(FailureKind::NotFound, self.looking(), reason).with_advice(
            "the first one comes up to two days after it was configured; or correct `reports` and `folder`",
        )
    }

    /// All keys that begin so, and when each was written.
    async fn keys(
        &self,
        prefix: &str,
        meter: &Arc<Meter>,
    ) -> Result<BTreeMap<String, UnixTime>, BackendError> {
        let mut keys = BTreeMap::new();
        let mut page = Page::new();
        let mut next = Continuation::AfterLast;
        let mut after: Option<String> = None;
        loop {
            let request = ListRequest {
                bucket: &self.config.reports,
                prefix,
                kind: ListingKind::Objects,
                from: match (&next, &after) {
                    (Continuation::Token(token), _) => StartAt::Token(token),
                    (_, Some(key)) => StartAt::After(key),
                    _ => StartAt::Start,
                },
                max_keys: 1000,
                meter,
            };
            next = self.store.list_page(&request, &mut page).await?;
            let mut last = None;
            for object in page.iter() {
                let key = String::from_utf8_lossy(object.key).into_owned();
                keys.insert(key.clone(), object.last_modified);
                last = Some(key);
            }
            match next {
                Continuation::End => return Ok(keys),
                Continuation::AfterLast if last.is_none() || last == after => {
                    return Err(internal(self.looking(), "the listing goes on where it was"));
                }
                Continuation::AfterLast => after = last,
                Continuation::Token(_) => {}
            }
        }
    }

    fn source(&self, meter: &Arc<Meter>) -> Source {
        Source {
            store: Arc::clone(&self.store),
            bucket: self.config.reports.clone(),
            meter: Arc::clone(meter),
        }
    }

    fn looking(&self) -> String {
        let reports = &self.config.reports;
        format!("looking for reports in bucket {reports:?} at {}", self.url)
    }

    fn reading(&self, manifest: &str) -> String {
        let reports = &self.config.reports;
        format!(
            "reading the report {manifest:?} in bucket {reports:?} at {}",
            self.url
        )
    }

    fn no_file(&self, manifest: &str, no: NoFile) -> BackendError {
        match no {
            NoFile::Store(error) => error,
            NoFile::Fault(fault) => fault.into_error(self.reading(manifest)),
            NoFile::Unwanted => internal(self.reading(manifest), "it is not wanted"),
        }
    }
}

fn asked(request: &ListRequest<'_>) -> Asked {
    let (bucket, prefix) = (request.bucket, request.prefix);
    (bucket.to_owned(), prefix.to_owned(), request.kind)
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nobody panics while holding it.
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
