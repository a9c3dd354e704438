//! `/probe?module=NAME&target=BUCKET[/PREFIX]`: one target, scanned when it is asked for, as
//! blackbox_exporter does it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::exposition::probe;
use crate::http::{App, failed, metrics, negotiate};
use crate::schedule::targets::{Asked, Refused, Targets};

/// By this Prometheus says how long it waits.
const SCRAPE_TIMEOUT: &str = "X-Prometheus-Scrape-Timeout-Seconds";
/// No answer is waited for longer: a request must be over in a minute.
const LONGEST: Duration = Duration::from_secs(50);

/// What may stand behind the `?`. Other names are of no interest, as in blackbox_exporter.
#[derive(Debug, Deserialize)]
pub struct Parameters {
    module: Option<String>,
    target: Option<String>,
    bucket: Option<String>,
    prefix: Option<String>,
    delimiter: Option<String>,
}

/// The metrics of the target, as of its latest complete scan.
pub async fn probe(
    State(app): State<Arc<App>>,
    parameters: Result<Query<Parameters>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let began = Instant::now();
    let Some(targets) = app.targets.clone().filter(Targets::are_any) else {
        // There any path has the metrics, and had before there was this one.
        return match app.metrics_at_any_path {
            true => metrics::page(State(app), headers).await,
            false => nothing(),
        };
    };
    let Query(parameters) = match parameters {
        Ok(parameters) => parameters,
        Err(rejection) => return refuse(&[rejection.body_text()]),
    };
    let is_parted = parameters
        .delimiter
        .as_ref()
        .is_some_and(|of| !of.is_empty());
    let patience = patience(&headers, SCRAPE_TIMEOUT, targets.limits().timeout_offset);
    let name = targets.name(&parameters.into());
    let (name, patience) =
        match (name, patience) {
            (Ok(name), Ok(patience)) if !is_parted => (name, patience),
            (name, patience) => {
                let mut faults = name.err().unwrap_or_default();
                // ribbybibby's s3_exporter would count prefixes: other figures than these.
                faults.extend(is_parted.then(|| {
                    "delimiter is not supported: common prefixes are not counted".to_owned()
                }));
                faults.extend(patience.err());
                return refuse(&faults);
            }
        };
    let observed = match targets.observe(&name, patience).await {
        Ok(observed) => observed,
        Err(refused @ Refused::NoModule) => return refuse(&[refused.to_string()]),
        Err(refused @ Refused::TooMany(_)) => {
            return (StatusCode::SERVICE_UNAVAILABLE, format!("{refused}\n")).into_response();
        }
    };
    let (format, gzip) = (negotiate::format(&headers), negotiate::gzip(&headers));
    // With many clusters that takes a while: not on the threads that answer scrapes.
    let made = tokio::task::spawn_blocking(move || {
        let others = probe::families(observed.is_success(), observed.is_running, began.elapsed());
        let snapshot = &observed.snapshot;
        app.exposition.of_probe(snapshot, &others, format, gzip)
    });
    match made.await {
        Ok(pieces) => metrics::respond(pieces, format, gzip),
        Err(error) => failed(&error),
    }
}

impl From<Parameters> for Asked {
    fn from(of: Parameters) -> Self {
        // A parameter without a value is one that was left out, as relabelling leaves it out.
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        Self {
            module: given(of.module),
            target: given(of.target),
            bucket: given(of.bucket),
            prefix: given(of.prefix),
        }
    }
}

/// How long the client waits for an answer, which this header says, less the offset, though never less than
/// half of it.
pub(super) fn patience(
    headers: &HeaderMap,
    header: &str,
    offset: Duration,
) -> Result<Duration, String> {
    let Some(given) = headers.get(header) else {
        return Ok(LONGEST);
    };
    let seconds = given.to_str().ok().and_then(|text| text.parse().ok());
    let timeout = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    match timeout.filter(|timeout| !timeout.is_zero()) {
        Some(timeout) => Ok((timeout - offset.min(timeout / 2)).min(LONGEST)),
        None => Err(format!(
            "the header {header} is no number of seconds: expected one such as 10"
        )),
    }
}

/// All that is wrong, a line each.
pub(super) fn refuse(faults: &[String]) -> Response {
    let lines: String = faults.iter().map(|fault| format!("{fault}\n")).collect();
    (StatusCode::BAD_REQUEST, lines).into_response()
}

pub(super) fn nothing() -> Response {
    let text = "not found: nothing may be probed; allow buckets by [probe.modules.NAME] in the configuration, as docs/probe.md says\n";
    (StatusCode::NOT_FOUND, text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_that_a_client_waits() {
        let offset = Duration::from_millis(500);
        let of = |given: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(SCRAPE_TIMEOUT, given.parse().unwrap());
            patience(&headers, SCRAPE_TIMEOUT, offset)
                .ok()
                .map(|patience| patience.as_secs_f64())
        };
        for (given, patience) in [
            ("10", Some(9.5)),
            ("2.5", Some(2.0)),
            ("1", Some(0.5)),
            ("0.5", Some(0.25)),
            ("120", Some(50.0)),
            ("1e300", None),
            ("0", None),
            ("-3", None),
            ("inf", None),
            ("NaN", None),
            ("ten", None),
            ("", None),
        ] {
            assert_eq!(of(given), patience, "{given}");
        }
        assert_eq!(
            patience(&HeaderMap::new(), SCRAPE_TIMEOUT, offset),
            Ok(LONGEST)
        );
    }
}
