//! `/metrics`.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;

use crate::exposition::Format;
use crate::http::body::Pieces;
use crate::http::{App, negotiate};

/// Exactly these: Prometheus 3 refuses what it does not know.
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
const OPEN_METRICS: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

/// What somebody who looks at `/` by curl wants to know. A comment to every reader of the text
/// format; OpenMetrics has none.
const WHERE: &str = "# s3-exporter: the status page is at /status (for browsers at / too), the metrics are at /metrics.\n";

/// The metrics, in the format and encoding that the client likes best.
pub async fn page(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    answer(&app, &headers, None)
}

/// The same at `/`, where it says first where else to look.
pub fn at_root(app: &App, headers: &HeaderMap) -> Response {
    answer(app, headers, Some(WHERE))
}

fn answer(app: &App, headers: &HeaderMap, first: Option<&'static str>) -> Response {
    let _in_flight = app.telemetry.scrape();
    let format = negotiate::format(headers);
    let gzip = negotiate::gzip(headers);
    let mut pieces = app
        .exposition
        .scrape(&app.telemetry.families(), format, gzip);
    // Who asks for gzip is a scraper, and one stream is what it is sure to read.
    if let Some(first) = first.filter(|_| format == Format::Text && !gzip) {
        pieces.insert(0, Bytes::from_static(first.as_bytes()));
    }
    app.telemetry.answered(200);
    respond(pieces, format, gzip)
}

/// An answer of metrics.
pub fn respond(pieces: Vec<Bytes>, format: Format, gzip: bool) -> Response {
    let mut response = Response::new(Body::new(Pieces::new(pieces)));
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        match format {
            Format::Text => TEXT,
            Format::OpenMetrics => OPEN_METRICS,
        },
    );
    if gzip {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    headers.insert(VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
    response
}
