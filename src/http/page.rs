//! The pages for people, and what they are made with.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use s3_exporter_api::UnixTime;

use crate::http::{App, failed, metrics, negotiate};
use crate::pages::html::{self, Context};
use crate::snapshot::Snapshot;

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
/// A page is made anew at least so often, in milliseconds: ages are on it.
const MINUTE: i64 = 60_000;

/// Makes a page; `None` where there is no such thing as it should be of.
type Make = Box<dyn FnOnce(&Context<'_>) -> askama::Result<Option<String>> + Send>;

/// What is asked of a page.
type Asked = Result<Query<html::Query>, QueryRejection>;

/// What cannot be read asks for nothing: an address that somebody has typed is no error.
fn asked(query: Asked) -> html::Query {
    query.map(|Query(query)| query).unwrap_or_default()
}

/// The overview for browsers; the metrics for everybody else, as the seed's exporter served them
/// at every path.
pub async fn root(State(app): State<Arc<App>>, query: Asked, headers: HeaderMap) -> Response {
    if !negotiate::html(&headers) {
        return metrics::at_root(&app, &headers);
    }
    overview(State(app), query, headers).await
}

/// The overview, whoever asks.
pub async fn overview(State(app): State<Arc<App>>, query: Asked, headers: HeaderMap) -> Response {
    let query = asked(query);
    let make = move |context: &Context<'_>| html::overview(context, &query).map(Some);
    answer(app, headers, Box::new(make)).await
}

/// A destination.
pub async fn destination(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    query: Asked,
    headers: HeaderMap,
) -> Response {
    let query = asked(query);
    let make = move |context: &Context<'_>| html::destination(context, &name, &query);
    answer(app, headers, Box::new(make)).await
}

/// The jobs of a destination that are of no cluster.
pub async fn jobs(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    query: Asked,
    headers: HeaderMap,
) -> Response {
    cluster(State(app), Path((name, String::new())), query, headers).await
}

/// A cluster at a destination.
pub async fn cluster(
    State(app): State<Arc<App>>,
    Path((name, cluster)): Path<(String, String)>,
    query: Asked,
    headers: HeaderMap,
) -> Response {
    let query = asked(query);
    let make = move |context: &Context<'_>| html::cluster(context, &name, &cluster, &query);
    answer(app, headers, Box::new(make)).await
}

/// The style sheet.
pub async fn style() -> Response {
    file("text/css; charset=utf-8", html::STYLE)
}

/// The script.
pub async fn script() -> Response {
    file("text/javascript; charset=utf-8", html::SCRIPT)
}

/// The icon.
pub async fn icon() -> Response {
    file("image/svg+xml", html::ICON)
}

/// It is asked for again when the program may be another.
fn file(content_type: &'static str, text: &'static str) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    (headers, text).into_response()
}

async fn answer(app: Arc<App>, headers: HeaderMap, make: Make) -> Response {
    let gzip = negotiate::gzip(&headers);
    let known = headers.get(IF_NONE_MATCH).cloned();
    let made = app.of_snapshot(move |snapshot, started, now| {
        let tag = tag(snapshot, now);
        if known.is_some_and(|known| known == tag) {
            return Ok::<_, askama::Error>((tag, Answer::Same));
        }
        let context = Context {
            snapshot,
            started,
            now,
        };
        let page = make(&context)?;
        Ok((
            tag,
            page.map_or(Answer::None, |page| Answer::of(page, gzip)),
        ))
    });
    let (tag, answer) = match made.await {
        Ok(Ok(made)) => made,
        Ok(Err(error)) => return failed(&error),
        Err(failed) => return failed,
    };
    let mut response = match answer {
        Answer::Same => StatusCode::NOT_MODIFIED.into_response(),
        Answer::None => return super::not_found(),
        Answer::Page(bytes) => ([(CONTENT_TYPE, HTML)], bytes).into_response(),
    };
    let fields = response.headers_mut();
    fields.insert(VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
    fields.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    fields.insert(ETAG, tag);
    if gzip && response.status() == StatusCode::OK {
        let gzip = HeaderValue::from_static("gzip");
        response.headers_mut().insert(CONTENT_ENCODING, gzip);
    }
    response
}

/// What is answered.
enum Answer {
    /// What the client has already.
    Same,
    /// There is no such thing.
    None,
    /// The page, compressed where the client takes that.
    Page(Bytes),
}

impl Answer {
    fn of(page: String, gzip: bool) -> Self {
        if !gzip {
            return Self::Page(page.into());
        }
        let room = Vec::with_capacity(page.len() / 6);
        let mut encoder = GzEncoder::new(room, Compression::fast());
        let zipped = encoder.write_all(page.as_bytes());
        let zipped = zipped.and_then(|()| encoder.finish());
        Self::Page(zipped.unwrap_or_default().into()) // into a Vec: cannot fail
    }
}

/// By what a page is known that shows this: it is another when anything is, and each minute.
fn tag(snapshot: &Snapshot, now: UnixTime) -> HeaderValue {
    let mut hasher = DefaultHasher::new();
    now.as_millis().div_euclid(MINUTE).hash(&mut hasher);
    for of in &snapshot.destinations {
        of.destination.name.hash(&mut hasher);
        of.scans.finished.hash(&mut hasher);
        let ended = of.latest.as_ref().map(|latest| latest.ended.as_millis());
        ended.hash(&mut hasher);
        if let Some(running) = of.running.get() {
            (running.began.as_millis(), running.pages()).hash(&mut hasher);
        }
        // Judged anew, it is another.
        of.figures.as_ref().map(Arc::as_ptr).hash(&mut hasher);
        of.audit
            .map(|audit| audit.ended.as_millis())
            .hash(&mut hasher);
    }
    for (name, resolution) in &snapshot.resolvers {
        name.hash(&mut hasher);
        resolution.failure.hash(&mut hasher);
        resolution
            .clusters
            .as_ref()
            .map(Arc::as_ptr)
            .hash(&mut hasher);
    }
    let tag = format!("W/\"{:016x}\"", hasher.finish());
    HeaderValue::from_str(&tag).unwrap_or(HeaderValue::from_static("W/\"\"")) // letters and digits
}
