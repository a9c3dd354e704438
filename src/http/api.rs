//! `/api/v1/status`: what the status page shows, as JSON.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use crate::http::{App, failed};
use crate::pages;

/// The status.
pub async fn status(State(app): State<Arc<App>>) -> Response {
    match app.of_status(pages::json).await {
        Ok(Ok(text)) => (
            [
                (CONTENT_TYPE, HeaderValue::from_static("application/json")),
                (CACHE_CONTROL, HeaderValue::from_static("no-store")),
            ],
            text,
        )
            .into_response(),
        Ok(Err(error)) => failed(&error),
        Err(failed) => failed,
    }
}
