//! `/discovery`: each bucket that may be probed, as a target of Prometheus' HTTP service discovery whose
//! address is ours, as ribbybibby's s3_exporter has it.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::HOST;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::api::{ModuleParameter, REFRESH_INTERVAL, json_answer};
use super::probe::{nothing, patience, refuse};
use super::{App, metrics};
use crate::schedule::targets::{NoBuckets, Targets};

/// A group of one target for each bucket, to be scraped at `/probe` with the labels as parameters.
pub async fn discovery(
    State(app): State<Arc<App>>,
    parameters: Result<Query<ModuleParameter>, QueryRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let Some(targets) = app.targets.clone().filter(Targets::are_any) else {
        return match app.metrics_at_any_path {
            true => metrics::page(State(app), headers).await,
            false => nothing(),
        };
    };
    let Query(parameters) = match parameters {
        Ok(parameters) => parameters,
        Err(rejection) => return refuse(&[rejection.body_text()]),
    };
    // Whoever asks has reached us there.
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let Some(host) = host.or(uri.authority().map(|host| host.as_str())) else {
        return refuse(&["the header Host is missing: targets would have no address".to_owned()]);
    };
    let offset = targets.limits().timeout_offset;
    let patience = match patience(&headers, REFRESH_INTERVAL, offset) {
        Ok(patience) => patience,
        Err(fault) => return refuse(&[fault]),
    };
    match targets.buckets(parameters.module(), patience).await {
        Ok(found) => {
            let groups = found.iter().map(|of| {
                let labels =
                    json!({ "__param_bucket": &*of.bucket, "__param_module": &*of.module });
                json!({ "targets": [host], "labels": labels })
            });
            json_answer(
                StatusCode::OK,
                json!(groups.collect::<Vec<_>>()).to_string(),
            )
        }
        Err(NoBuckets::Asked(why)) => refuse(&[why]),
        Err(NoBuckets::Failed(why)) => {
            (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")).into_response()
        }
    }
}
