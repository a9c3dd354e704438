use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use s3_exporter_api::{
    Backend, BackendError, Capabilities, Continuation, FailureKind, ListRequest, ListingKind,
    Meter, ObjectPart, Operation, Order, Page, Probe, StartAt, async_trait,
};
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;
use tokio::time::{sleep, timeout};

use crate::{Source, Stream, Watch};

/// No listing waits longer than this for the turn of its next page.
const IDLE: Duration = Duration::from_secs(60 * 60);

/// The listings of a source that are being read. Objects come in no order, from the first to the last.
pub struct Streams<S: Source> {
    source: Arc<S>,
    kept: Arc<Kept<S::Stream>>,
}

type Kept<T> = Mutex<Sessions<T>>;

struct Sessions<T> {
    next: u64,
    /// After so long nobody asks for the next page any more.
    idle: Duration,
    /// By their numbers.
    open: HashMap<u64, Session<T>>,
    /// Given up, and perhaps not at their ends.
    hanging: Vec<Hanging<T>>,
}

/// A listing whose end was not seen yet.
struct Session<T> {
    /// Pages that have come.
    pages: u64,
    since: Instant,
    /// `None` while a page is read.
    stream: Option<(T, Arc<Watch>)>,
}

struct Hanging<T> {
    bucket: Box<str>,
    watch: Arc<Watch>,
    ended: oneshot::Receiver<Read<T>>,
}

/// What a thread gives back: the page, and the stream where there may be more.
type Read<T> = (Page, Result<Option<T>, BackendError>);

#[async_trait]
impl<S: Source> Backend for Streams<S> {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            reads: self.source.reads(),
            ..Capabilities::OBJECTS
        }
    }

    fn order(&self, _: &str) -> Order {
        Order::Other
    }

    /// One page, counted as one attempt unless the source does it.
    async fn list_page(
        &self,
        request: &ListRequest<'_>,
        page: &mut Page,
    ) -> Result<Continuation, BackendError> {
        request.check(&self.capabilities(), &self.source.url())?;
        page.clear();
        if self.source.counts_attempts() {
            return self.read(request, page).await;
        }
        request.meter.attempt(Operation::ListObjectsV2);
        let listed = self.read(request, page).await;
        if let Err(error) = &listed {
            request.meter.failed(Operation::ListObjectsV2, error.kind());
        }
        listed
    }

    /// Counted as one attempt.
    async fn read_part(
        &self,
        bucket: &str,
        key: &str,
        range: Range<u64>,
        meter: &Arc<Meter>,
    ) -> Result<ObjectPart, BackendError> {
        let url = self.source.url();
        let action = format!("reading object {key:?} of bucket {bucket:?} at {url}");
        let can = self.capabilities().reads_objects();
        can.map_err(|lacking| lacking.into_error(&*action))?;
        meter.attempt(Operation::GetObject);
        let internal = |reason| BackendError::new(FailureKind::Internal, &*action, reason);
        let (send, read) = oneshot::channel();
        let source = Arc::clone(&self.source);
        let (of, name) = (bucket.to_owned(), key.to_owned());
        let thread = thread::Builder::new().name("reading".to_owned());
        let started = thread.spawn(move || {
            let _ = send.send(source.read(&of, &name, range)); // nobody may wait any more
        });
        started.map_err(|cause| internal("no thread can be started").with_source(cause))?;
        let read = match timeout(self.source.time(), read).await {
            Ok(read) => read.unwrap_or_else(|_| Err(internal("its end was not seen"))),
            Err(_) => Err(BackendError::new(
                FailureKind::Timeout,
                &*action,
                "nothing came in time",
            )),
        };
        if let Err(error) = &read {
            meter.failed(Operation::GetObject, error.kind());
        }
        read
    }

    /// Reads no further than to the first object.
    async fn probe(
        &self,
        bucket: &str,
        prefix: &str,
        meter: &Arc<Meter>,
    ) -> Result<Probe, BackendError> {
        let request = ListRequest {
            bucket,
            prefix,
            kind: ListingKind::Objects,
            from: StartAt::Start,
            max_keys: 1,
            meter,
        };
        let mut page = Page::new();
        if let Continuation::Token(token) = self.list_page(&request, &mut page).await? {
            drop(self.take(bucket, &token)?);
        }
        Ok(Probe {
            empty: page.is_empty(),
            order: self.order(bucket),
        })
    }
}

impl<S: Source> Streams<S> {
    /// None yet.
    pub fn new(source: S) -> Self {
        Self {
            source: Arc::new(source),
            kept: Arc::new(Mutex::new(Sessions {
                next: 0,
                idle: IDLE,
                open: HashMap::new(),
                hanging: Vec::new(),
            })),
        }
    }

    /// Keeps a listing for so long after a page, and not for an hour.
    #[must_use]
    pub fn forgetting_after(self, idle: Duration) -> Self {
        lock(&self.kept).idle = idle;
        self
    }

    async fn read(
        &self,
        request: &ListRequest<'_>,
        page: &mut Page,
    ) -> Result<Continuation, BackendError> {
        let bucket = request.bucket;
        let Taken {
            number,
            pages,
            stream,
        } = match request.from {
            StartAt::Token(token) => self.take(bucket, token)?,
            _ => {
                self.wait_for_hanging(bucket).await?;
                self.begin()
            }
        };
        let (stream, watch) = match stream {
            Some((mut stream, watch)) => {
                stream.go_on();
                (Some(stream), watch)
            }
            None => (None, Arc::new(Watch::new(self.source.time()))),
        };
        let (send, ended) = oneshot::channel();
        let mut waiting = Waiting {
            number,
            bucket,
            watch: Arc::clone(&watch),
            ended: Some(ended),
        };
        let work = self.work(request, stream, &watch, std::mem::take(page), send);
        let thread = thread::Builder::new().name("listing".to_owned());
        thread.spawn(work).map_err(|cause| {
            self.internal(bucket, "no thread can be started")
                .with_source(cause)
        })?;
        let (read, rest) = waiting.end(&*self.source).await?;
        *page = read;
        Ok(match rest? {
            None => Continuation::End,
            Some(stream) => Continuation::Token(waiting.number.keep(pages + 1, (stream, watch))),
        })
    }

    /// What the thread does.
    fn work(
        &self,
        request: &ListRequest<'_>,
        stream: Option<S::Stream>,
        watch: &Arc<Watch>,
        mut page: Page,
        send: oneshot::Sender<Read<S::Stream>>,
    ) -> impl FnOnce() + Send + 'static + use<S> {
        let (source, watch) = (Arc::clone(&self.source), Arc::clone(watch));
        let (bucket, prefix) = (request.bucket.to_owned(), request.prefix.to_owned());
        let meter = Arc::clone(request.meter);
        let objects = usize::from(request.max_keys);
        move || {
            let read = || -> Result<Option<S::Stream>, BackendError> {
                let mut stream = match stream {
                    Some(stream) => stream,
                    None => source.open(&bucket, &prefix, &meter, &watch)?,
                };
                let has_more = stream.fill(&mut page, objects)?;
                // Where nobody waits it ends here.
                Ok((has_more && !watch.is_given_up()).then_some(stream))
            };
            let rest = read();
            let _ = send.send((page, rest)); // nobody may wait any more
        }
    }

    fn begin(&self) -> Taken<S::Stream> {
        let mut sessions = lock(&self.kept);
        let number = sessions.next;
        sessions.next += 1;
        let session = Session {
            pages: 0,
            since: Instant::now(),
            stream: None,
        };
        sessions.open.insert(number, session);
        Taken {
            number: self.number(number),
            pages: 0,
            stream: None,
        }
    }

    fn number(&self, number: u64) -> Number<S::Stream> {
        Number {
            number,
            kept: Arc::clone(&self.kept),
            is_kept: false,
        }
    }

    /// The listing that goes on with this token.
    fn take(&self, bucket: &str, token: &str) -> Result<Taken<S::Stream>, BackendError> {
        let mut sessions = lock(&self.kept);
        let found = token.split_once('.').and_then(|(number, pages)| {
            let number = number.parse().ok()?;
            let session = sessions.open.get_mut(&number)?;
            let is_next = pages.parse::<u64>() == Ok(session.pages);
            let stream = session.stream.take_if(|_| is_next)?;
            Some((number, session.pages, stream))
        });
        drop(sessions);
        let Some((number, pages, stream)) = found else {
            let reason = "the listing that this page is of is not there any more";
            return Err(self.internal(bucket, reason));
        };
        Ok(Taken {
            number: self.number(number),
            pages,
            stream: Some(stream),
        })
    }

    /// Waits for one of the same bucket that was given up.
    async fn wait_for_hanging(&self, bucket: &str) -> Result<(), BackendError> {
        let found = {
            let mut sessions = lock(&self.kept);
            sessions
                .hanging
                .retain_mut(|of| matches!(of.ended.try_recv(), Err(TryRecvError::Empty)));
            let at = sessions.hanging.iter().position(|of| *of.bucket == *bucket);
            at.map(|at| sessions.hanging.swap_remove(at))
        };
        let Some(of) = found else {
            return Ok(());
        };
        let mut waiting = Waiting {
            number: self.number(u64::MAX), // of none that is kept
            bucket,
            watch: of.watch,
            ended: Some(of.ended),
        };
        let Some(ended) = &mut waiting.ended else {
            return Ok(());
        };
        if timeout(self.source.patience(), ended).await.is_err() {
            return Err(self.source.late(bucket, &waiting.watch));
        }
        waiting.ended = None;
        Ok(())
    }

    fn internal(&self, bucket: &str, reason: &str) -> BackendError {
        BackendError::new(FailureKind::Internal, self.source.action(bucket), reason)
    }
}

/// A listing whose next page is read.
struct Taken<T> {
    number: Number<T>,
    pages: u64,
    /// `None` before the first page.
    stream: Option<(T, Arc<Watch>)>,
}

/// The place of a listing, which it loses when this is dropped.
struct Number<T> {
    number: u64,
    kept: Arc<Kept<T>>,
    is_kept: bool,
}

impl<T> Drop for Number<T> {
    fn drop(&mut self) {
        if !self.is_kept {
            let ended = lock(&self.kept).open.remove(&self.number);
            drop(ended); // not under the lock
        }
    }
}

impl<T: Stream> Number<T> {
    /// Keeps it until its next page is asked for: the token for that.
    fn keep(&mut self, pages: u64, stream: (T, Arc<Watch>)) -> String {
        let mut sessions = lock(&self.kept);
        let idle = sessions.idle;
        if let Some(session) = sessions.open.get_mut(&self.number) {
            session.pages = pages;
            session.since = Instant::now();
            session.stream = Some(stream);
        }
        drop(sessions);
        self.is_kept = true;
        if pages == 1 {
            tokio::spawn(forget(Arc::downgrade(&self.kept), self.number, idle));
        }
        format!("{}.{pages}", self.number)
    }
}

/// Drops a listing whose next page nobody asks for.
async fn forget<T>(kept: Weak<Kept<T>>, number: u64, idle: Duration) {
    loop {
        sleep(idle).await;
        let Some(kept) = kept.upgrade() else {
            return;
        };
        let mut sessions = lock(&kept);
        let Some(session) = sessions.open.get(&number) else {
            return;
        };
        if session.stream.is_some() && session.since.elapsed() >= idle {
            let forgotten = sessions.open.remove(&number);
            drop(sessions);
            drop(forgotten);
            return;
        }
    }
}

/// Waits for a thread, and gives it up when it is dropped before that has ended.
struct Waiting<'a, T: Stream> {
    number: Number<T>,
    bucket: &'a str,
    watch: Arc<Watch>,
    ended: Option<oneshot::Receiver<Read<T>>>,
}

impl<T: Stream> Waiting<'_, T> {
    async fn end<S: Source<Stream = T>>(&mut self, source: &S) -> Result<Read<T>, BackendError> {
        let fault =
            |reason| BackendError::new(FailureKind::Internal, source.action(self.bucket), reason);
        let Some(ended) = &mut self.ended else {
            return Err(fault("its end was seen already"));
        };
        let read = loop {
            match timeout(self.watch.left(), &mut *ended).await {
                Ok(read) => break read,
                Err(_) if self.watch.left().is_zero() => {
                    return Err(source.late(self.bucket, &self.watch));
                }
                Err(_) => {} // it has gone on meanwhile
            }
        };
        self.ended = None;
        read.map_err(|_| fault("the thread of the listing has panicked"))
    }
}

impl<T: Stream> Drop for Waiting<'_, T> {
    fn drop(&mut self) {
        if let Some(ended) = self.ended.take() {
            self.watch.give_up();
            let hanging = Hanging {
                bucket: self.bucket.into(),
                watch: Arc::clone(&self.watch),
                ended,
            };
            lock(&self.number.kept).hanging.push(hanging);
        }
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nobody panics while holding it.
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
