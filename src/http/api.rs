//! `/api/v1`: what the status pages show, as JSON. `docs/openapi.json` describes it, and a test holds
//! the answers to that.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use s3_exporter_api::UnixTime;
use serde::Serialize;

use crate::http::body::Pieces;
use crate::http::{App, failed};
use crate::pages::{self, ClusterDetail, DestinationDetail, Status};
use crate::snapshot::Snapshot;

mod paging;
mod sd;

use paging::PageParameters;

pub use sd::{ModuleParameter, REFRESH_INTERVAL, sd};

/// The description of all of it, in OpenAPI 3.1.
const OPENAPI: &str = include_str!("../../docs/openapi.json");
const OPENAPI_PATH: &str = "/api/v1/openapi.json";
const STATUS_PATH: &str = "/api/v1/status";
/// Names that an error lists.
const NAMED: usize = 100;

/// Why there is no answer.
#[derive(Debug, Serialize)]
struct ApiError {
    /// What was asked for, and why it cannot be had.
    error: String,
    /// What there is instead, the first hundred.
    known: Vec<String>,
    /// How many more there are.
    known_not_listed: usize,
    /// Where all of it is listed, or described.
    see: String,
}

/// An answer, or the status and the reason that there is none.
type Answer = Result<Vec<u8>, (StatusCode, ApiError)>;

/// Everything; of the destinations a page, where one is asked for.
pub async fn status(
    State(app): State<Arc<App>>,
    parameters: Result<Query<PageParameters>, QueryRejection>,
) -> Response {
    let bad = |why| refuse(StatusCode::BAD_REQUEST, &ApiError::new(why, OPENAPI_PATH));
    let page = match parameters {
        Ok(Query(parameters)) => match parameters.page() {
            Ok(page) => page,
            Err(why) => return bad(why),
        },
        Err(rejection) => return bad(rejection.body_text()),
    };
    let own = Arc::clone(&app);
    let make = move |snapshot: &Snapshot, started, now| {
        let ready = own.readiness.check(snapshot).is_ok();
        let status = match &page {
            None => Status::new(snapshot, ready, started, now),
            Some((limit, after)) => {
                let page = (*limit, after.as_deref());
                let known = Status::page(snapshot, page, ready, started, now);
                known.ok_or_else(|| no_destination(snapshot, after.as_deref().unwrap_or("")))?
            }
        };
        pages::json(&status).map_err(|fault| unwritten(&fault))
    };
    match app.of_snapshot(make).await {
        Ok(Ok(pieces)) => json_answer(StatusCode::OK, Body::new(Pieces::new(pieces))),
        Ok(Err((status, error))) => refuse(status, &error),
        Err(failed) => failed,
    }
}

/// One destination.
pub async fn destination(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
) -> Response {
    let name = match path {
        Ok(Path(name)) => name,
        Err(rejection) => return rejected(&rejection),
    };
    answer(app, move |snapshot, now| {
        let found = DestinationDetail::new(snapshot, &name, now);
        found.map_or_else(|| Err(no_destination(snapshot, &name)), |of| text(&of))
    })
    .await
}

/// The jobs there that are of no known cluster.
pub async fn no_cluster(
    app: State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
) -> Response {
    let path = path.map(|Path(destination)| Path((destination, String::new())));
    cluster(app, path).await
}

/// One cluster at a destination.
pub async fn cluster(
    State(app): State<Arc<App>>,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Response {
    let (destination, name) = match path {
        Ok(Path(names)) => names,
        Err(rejection) => return rejected(&rejection),
    };
    answer(app, move |snapshot, now| {
        let found = ClusterDetail::new(snapshot, &destination, &name, now);
        found.map_or_else(
            || Err(no_such_cluster(snapshot, &destination, &name)),
            |of| text(&of),
        )
    })
    .await
}

/// The description.
pub async fn openapi() -> Response {
    json_answer(StatusCode::OK, OPENAPI)
}

/// Any other path of an API.
pub fn nothing(path: &str) -> Response {
    refuse(
        StatusCode::NOT_FOUND,
        &ApiError::new(format!("there is nothing at {path:?}"), OPENAPI_PATH),
    )
}

async fn answer(
    app: Arc<App>,
    make: impl FnOnce(&Snapshot, UnixTime) -> Answer + Send + 'static,
) -> Response {
    match app
        .of_snapshot(move |snapshot, _, now| make(snapshot, now))
        .await
    {
        Ok(Ok(text)) => json_answer(StatusCode::OK, text),
        Ok(Err((status, error))) => refuse(status, &error),
        Err(failed) => failed,
    }
}

fn text(of: &impl Serialize) -> Answer {
    serde_json::to_vec(of).map_err(|fault| unwritten(&fault))
}

fn unwritten(fault: &serde_json::Error) -> (StatusCode, ApiError) {
    let error = format!("the answer cannot be written, a fault of s3-exporter: {fault}");
    (
        StatusCode::INTERNAL_SERVER_ERROR,
        ApiError::new(error, OPENAPI_PATH),
    )
}

fn no_destination(snapshot: &Snapshot, name: &str) -> (StatusCode, ApiError) {
    let destinations = snapshot.destinations.iter();
    let known = destinations.map(|of| &*of.destination.name);
    let error = ApiError::new(format!("there is no destination {name:?}"), STATUS_PATH);
    (StatusCode::NOT_FOUND, error.with_known(known))
}

fn no_such_cluster(snapshot: &Snapshot, destination: &str, name: &str) -> (StatusCode, ApiError) {
    let mut destinations = snapshot.destinations.iter();
    let Some(of) = destinations.find(|of| *of.destination.name == *destination) else {
        return no_destination(snapshot, destination);
    };
    let at = utf8_percent_encode(destination, NON_ALPHANUMERIC);
    let see = format!("{STATUS_PATH}/{at}");
    let what = match name {
        "" => "backup jobs of no known cluster".to_owned(),
        name => format!("a cluster {name:?}"),
    };
    let Some(figures) = &of.figures else {
        let error = format!(
            "nothing is known yet of {what} at the destination {destination:?}: no scan of it has been complete"
        );
        return (StatusCode::NOT_FOUND, ApiError::new(error, &see));
    };
    let error = format!("nothing is known of {what} at the destination {destination:?}");
    let known = figures.clusters.keys().map(|name| &**name);
    (
        StatusCode::NOT_FOUND,
        ApiError::new(error, &see).with_known(known),
    )
}

impl ApiError {
    fn new(error: String, see: &str) -> Self {
        Self {
            error,
            known: Vec::new(),
            known_not_listed: 0,
            see: see.to_owned(),
        }
    }

    fn with_known<'a>(mut self, mut names: impl Iterator<Item = &'a str>) -> Self {
        self.known = names.by_ref().take(NAMED).map(str::to_owned).collect();
        self.known_not_listed = names.count();
        self
    }
}

/// A path that cannot be read: what it stands for is not UTF-8.
fn rejected(rejection: &PathRejection) -> Response {
    let error = ApiError::new(rejection.body_text(), OPENAPI_PATH);
    refuse(rejection.status(), &error)
}

fn refuse(status: StatusCode, error: &ApiError) -> Response {
    match serde_json::to_vec(error) {
        Ok(text) => json_answer(status, text),
        Err(fault) => failed(&fault),
    }
}

/// This text, which nobody is to keep.
pub fn json_answer(status: StatusCode, text: impl IntoResponse) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (status, headers, text).into_response()
}
