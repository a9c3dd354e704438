//! Listings, each in a task of its own that hands pages on.

use std::sync::Arc;
use std::time::Duration;

use opendal::{HttpTransporter, OperationContext, Operator};
use s3_exporter_api::{BackendError, Connect, FailureKind, Meter, Operation, Page};
use s3_exporter_settings::unusable;
use s3_exporter_stream::{Source, Stream, Watch};
use s3_exporter_transport::{AttemptFailure, Attempts, HttpClients};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::config::OpendalConfig;
use super::error::refused;
use super::http::{Seen, Way};
use super::services::Service;
use super::swift::Login;
use super::{flat, walk};

/// For what comes between the attempts of one request, and for a log-in.
const BETWEEN: Duration = Duration::from_secs(60);
/// How long one that was given up may take to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where listings come from.
pub struct Listings {
    pub config: Arc<OpendalConfig>,
    /// Where it is reached by HTTP.
    pub http: Option<Arc<HttpClients>>,
    /// Where it is Swift.
    pub login: Option<Arc<Login>>,
    pub runtime: Handle,
}

/// One of them, in its task.
pub struct Listing {
    pub config: Arc<OpendalConfig>,
    pub bucket: String,
    pub prefix: String,
    pub action: String,
    pub seen: Arc<Seen>,
    meter: Arc<Meter>,
    /// Those of our own way.
    attempts: Attempts,
    watch: Arc<Watch>,
    time: Duration,
    pages: Sender<Page>,
}

/// Why a listing ends before its end.
pub enum Stop {
    /// It has failed.
    Failed(BackendError),
    /// Nobody waits for it any more.
    GivenUp,
}

impl From<BackendError> for Stop {
    fn from(error: BackendError) -> Self {
        Self::Failed(error)
    }
}

impl Source for Listings {
    type Stream = Pages;

    fn url(&self) -> String {
        self.config.url.clone()
    }

    /// Each request has its own limit: this is for what hangs in spite of it.
    fn time(&self) -> Duration {
        self.config.request_timeout * 5 + BETWEEN
    }

    fn counts_attempts(&self) -> bool {
        true
    }

    fn open(
        &self,
        bucket: &str,
        prefix: &str,
        meter: &Arc<Meter>,
        watch: &Arc<Watch>,
    ) -> Result<Self::Stream, BackendError> {
        let action = self.action(bucket);
        self.config.prefix(prefix).map_err(|reason| {
            let reason = format!("the prefix {prefix:?} cannot be asked for: {reason}");
            BackendError::new(FailureKind::Internal, &*action, reason)
        })?;
        let (send, pages) = channel(1);
        let listing = Listing {
            config: Arc::clone(&self.config),
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
            action: action.clone(),
            seen: Arc::default(),
            meter: Arc::clone(meter),
            attempts: Attempts::new(meter, Operation::ListObjectsV2),
            watch: Arc::clone(watch),
            time: self.time(),
            pages: send,
        };
        let (http, login) = (self.http.clone(), self.login.clone());
        let task = self
            .runtime
            .spawn(async move { listing.run(http, login).await });
        let end = task.abort_handle();
        watch.on_give_up(move || end.abort());
        Ok(Pages {
            service: self.config.service,
            runtime: self.runtime.clone(),
            action,
            pages,
            page: Page::new(),
            next: 0,
            task: Some(task),
        })
    }

    fn late(&self, bucket: &str, _: &Watch) -> BackendError {
        let reason = "opendal goes on without an answer";
        BackendError::new(FailureKind::Timeout, self.action(bucket), reason)
            .with_advice("see whether the store hangs")
    }

    fn patience(&self) -> Duration {
        PATIENCE
    }
}

impl Listing {
    async fn run(
        self,
        http: Option<Arc<HttpClients>>,
        login: Option<Arc<Login>>,
    ) -> Result<(), BackendError> {
        let listed = async {
            let operator = self.operator(http, login).await?;
            match self.config.service.has_folders() {
                true => walk::list(&self, &operator).await,
                false => flat::list(&self, &operator).await,
            }
        };
        match listed.await {
            Ok(()) | Err(Stop::GivenUp) => Ok(()),
            Err(Stop::Failed(error)) => {
                match self.config.service.is_http() {
                    true => self.attempts.failed(error.kind()), // unless the request itself has
                    false => self.meter.failed(Operation::ListObjectsV2, error.kind()),
                }
                Err(error)
            }
        }
    }

    /// opendal, over our own way where it goes by HTTP.
    async fn operator(
        &self,
        http: Option<Arc<HttpClients>>,
        login: Option<Arc<Login>>,
    ) -> Result<Operator, BackendError> {
        let config = &self.config;
        let mut options: Vec<_> = config
            .plain
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        if let Some(login) = &login {
            let session = login.begin(&self.action).await;
            let session = session.map_err(|none| {
                let failure = AttemptFailure::NoCredentials(none);
                refused(self, failure)
            })?;
            options.push(("endpoint".to_owned(), session.url));
        } else {
            for (name, _, source) in &config.secrets {
                let secret = source.read_for_header().map_err(unusable)?;
                options.push(((*name).to_owned(), secret.expose().to_owned()));
            }
        }
        let operator = config
            .service
            .operator(options, &self.bucket)
            .ok_or_else(|| {
                let reason = "opendal does not take these options";
                BackendError::new(FailureKind::Internal, &*self.action, reason)
            })?;
        let Some(http) = http else {
            return Ok(operator);
        };
        let way = HttpTransporter::new(Way {
            service: config.service,
            action: self.action.clone(),
            http,
            login,
            attempts: self.attempts.clone(),
            timeout: config.request_timeout,
            seen: Arc::clone(&self.seen),
        });
        let context = OperationContext::new().with_http_transport(way);
        Ok(operator.with_context(context))
    }

    /// Hands a page on, once the one before was taken.
    ///
    /// # Errors
    /// Nobody waits for it any more.
    pub async fn send(&self, page: Page) -> Result<(), Stop> {
        self.pages.send(page).await.map_err(|_| Stop::GivenUp)
    }

    /// What one request is waited for, counted where our own way does not do it.
    ///
    /// # Errors
    /// It does not come in time.
    pub async fn in_time<T>(&self, future: impl Future<Output = T>) -> Result<T, Stop> {
        if !self.config.service.is_http() {
            self.meter.attempt(Operation::ListObjectsV2);
        }
        self.in_page(future).await
    }

    /// As [`Self::in_time`], of what belongs to the request before.
    ///
    /// # Errors
    /// As [`Self::in_time`].
    pub async fn in_page<T>(&self, future: impl Future<Output = T>) -> Result<T, Stop> {
        self.watch.allow(self.time);
        if self.config.service.is_http() {
            return Ok(future.await);
        }
        let limit = self.config.request_timeout;
        timeout(limit, future).await.map_err(|_| {
            let error = s3_exporter_page::no_answer(FailureKind::Timeout, &*self.action, limit);
            error.into()
        })
    }
}

/// The pages of a listing, as its task hands them on.
pub struct Pages {
    service: Service,
    runtime: Handle,
    action: String,
    pages: Receiver<Page>,
    /// The latest one, of which the first `next` objects were taken.
    page: Page,
    next: usize,
    task: Option<JoinHandle<Result<(), BackendError>>>,
}

impl Stream for Pages {
    fn fill(&mut self, page: &mut Page, objects: usize) -> Result<bool, BackendError> {
        while page.len() < objects {
            if let Some(object) = self.page.get(self.next) {
                page.push(object);
                self.next += 1;
                continue;
            }
            match self.pages.blocking_recv() {
                Some(next) => (self.page, self.next) = (next, 0),
                None => return self.end().map(|()| false),
            }
        }
        Ok(true)
    }
}

impl Pages {
    /// It is a listing only once its task has ended well.
    fn end(&mut self) -> Result<(), BackendError> {
        let Some(task) = self.task.take() else {
            return Ok(());
        };
        let cause = match self.runtime.block_on(task) {
            Ok(ended) => return ended,
            Err(cause) => cause,
        };
        let (kind, reason) = match (cause.is_panic(), self.service) {
            (true, Service::Sftp) => (
                FailureKind::Protocol,
                "a name there is not UTF-8, or the server does not tell files from folders: opendal panics at that",
            ),
            (true, _) => (FailureKind::Internal, "opendal has panicked"),
            (false, _) => (FailureKind::Internal, "the listing was given up"),
        };
        Err(BackendError::new(kind, &*self.action, reason))
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}
