//! What is answered over HTTP. Handlers read a snapshot; none but that of a probe, whose client says how
//! long, waits for storage.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{ALLOW, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use s3_exporter_api::UnixTime;
use s3_exporter_web::WebConfig;
use tokio::sync::Semaphore;

use crate::config::Config;
use crate::exposition::Exposition;
use crate::pages;
use crate::reload_requests::Reloads;
use crate::schedule::targets::Targets;
use crate::snapshot::Snapshot;
use crate::telemetry::Telemetry;

mod api;
mod body;
mod discovery;
mod health;
mod metrics;
mod negotiate;
mod page;
mod probe;
mod reload;

pub use health::PROBES;

/// Nothing from elsewhere.
const POLICY: HeaderValue = HeaderValue::from_static(pages::html::POLICY);

/// Status pages that are made at the same time: they take memory and time, and a client
/// that goes while its page is made could ask for the next.
const PAGES: usize = 2;

/// What the handlers share.
#[derive(Debug)]
pub struct App {
    exposition: Arc<Exposition>,
    telemetry: Telemetry,
    readiness: health::Readiness,
    metrics_at_any_path: bool,
    pages: Arc<Semaphore>,
    reloads: Option<Reloads>,
    reloads_at_admin_alone: bool,
    targets: Option<Targets>,
}

impl App {
    /// The state of a process that has just started.
    pub fn new(exposition: Arc<Exposition>, telemetry: Telemetry, config: &Config) -> Self {
        Self {
            exposition,
            telemetry,
            readiness: health::Readiness::new(),
            metrics_at_any_path: config.metrics_at_any_path,
            pages: Arc::new(Semaphore::new(PAGES)),
            reloads: None,
            reloads_at_admin_alone: !config.server.admin_listen.is_empty(),
            targets: None,
        }
    }

    /// Has the configuration read again when a client that may asks for it.
    #[must_use]
    pub fn with_reloads(mut self, reloads: Reloads) -> Self {
        self.reloads = Some(reloads);
        self
    }

    /// Has these scanned when a client asks for one of them.
    #[must_use]
    pub fn with_targets(mut self, targets: Targets) -> Self {
        self.targets = Some(targets);
        self
    }

    /// Makes something of what is known now, by a process that started then. With many clusters
    /// that takes a while, so it is not done on the threads that answer scrapes.
    async fn of_snapshot<T: Send + 'static>(
        self: Arc<Self>,
        make: impl FnOnce(&Snapshot, UnixTime, UnixTime) -> T + Send + 'static,
    ) -> Result<T, Response> {
        let turn = Arc::clone(&self.pages).acquire_owned().await;
        let made = tokio::task::spawn_blocking(move || {
            let _until_done = turn; // though the client may be gone
            let snapshot = self.exposition.snapshot();
            make(&snapshot, self.telemetry.started(), UnixTime::now())
        });
        made.await.map_err(|error| failed(&error))
    }
}

/// All paths. Whoever serves them has to [`protect`] the answers.
pub fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/", get(page::root))
        .route("/metrics", get(metrics::page))
        .route("/probe", get(probe::probe))
        .route("/discovery", get(discovery::discovery))
        .route("/status", get(page::overview))
        .route("/status/{destination}", get(page::destination))
        .route("/status/{destination}/", get(page::jobs))
        .route("/status/{destination}/{cluster}", get(page::cluster))
        .route("/-/style.css", get(page::style))
        .route("/-/page.js", get(page::script))
        .route("/-/icon.svg", get(page::icon))
        .route("/-/healthy", get(health::healthy))
        .route("/-/ready", get(health::ready))
        .route("/-/reload", post(reload::reload))
        .route("/api/v1/status", get(api::status))
        .route("/api/v1/status/{destination}", get(api::destination))
        .route("/api/v1/status/{destination}/", get(api::no_cluster))
        .route("/api/v1/status/{destination}/{cluster}", get(api::cluster))
        .route("/api/v1/sd", get(api::sd))
        .route("/api/v1/openapi.json", get(api::openapi))
        .fallback(other)
        .with_state(app)
}

/// Any other path.
async fn other(State(app): State<Arc<App>>, request: Request) -> Response {
    let path = request.uri().path();
    if path.starts_with("/api/") {
        return api::nothing(path);
    }
    let reserved =
        ["/-/", "/."].iter().any(|prefix| path.starts_with(prefix)) || path == "/favicon.ico";
    if reserved {
        return not_found();
    }
    if ![Method::GET, Method::HEAD].contains(request.method()) {
        let allow = [(ALLOW, HeaderValue::from_static("GET,HEAD"))];
        return (StatusCode::METHOD_NOT_ALLOWED, allow).into_response();
    }
    if app.metrics_at_any_path {
        return metrics::page(State(app), request.into_parts().0.headers).await;
    }
    not_found()
}

fn not_found() -> Response {
    let text = "not found: the metrics are at /metrics, the status page is at /status\n";
    (StatusCode::NOT_FOUND, text).into_response()
}

/// A panic of ours while a page was made: the log has it.
fn failed(error: &dyn std::error::Error) -> Response {
    let error = error.to_string();
    tracing::error!(
        error,
        "making a page failed; this is a fault of s3-exporter: please report it with the log"
    );
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

/// Has every answer carry the headers that ours have.
#[must_use]
pub fn protect(web: WebConfig) -> WebConfig {
    web.with_headers(vec![
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ])
}
