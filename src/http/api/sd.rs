//! `/api/v1/sd`: what is found by pattern, as Prometheus' HTTP service discovery reads it
//! (<https://prometheus.io/docs/prometheus/latest/http_sd/>); with `?module=NAME` what may be probed.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::{Answer, ApiError, OPENAPI_PATH, STATUS_PATH, answer, json_answer, refuse, text};
use crate::destination::Destination;
use crate::discovery::{self, Discovered};
use crate::http::App;
use crate::http::probe::patience;
use crate::labels::GivenLabels;
use crate::resolver::Resolution;
use crate::schedule::targets::{FoundBucket, NoBuckets};
use crate::snapshot::Snapshot;

/// By this Prometheus says when it asks again, and it waits no longer.
pub const REFRESH_INTERVAL: &str = "X-Prometheus-Refresh-Interval-Seconds";

/// What the labels begin with: relabeling makes of them what is wanted, and drops the rest.
const META: &str = "__meta_s3_exporter_";

/// A destination, as a group of one target.
#[derive(Debug, Serialize)]
struct TargetGroup<'a> {
    targets: [String; 1],
    labels: BTreeMap<String, Cow<'a, str>>,
}

/// What may stand behind the `?`.
#[derive(Debug, Deserialize)]
pub struct ModuleParameter {
    module: Option<String>,
}

impl ModuleParameter {
    /// The module's name; one without any letter is none.
    pub fn module(&self) -> Option<&str> {
        self.module.as_deref().filter(|name| !name.is_empty())
    }
}

/// The destinations that sources tell of; or the buckets that a module allows.
pub async fn sd(
    State(app): State<Arc<App>>,
    parameters: Result<Query<ModuleParameter>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let bad = |why| refuse(StatusCode::BAD_REQUEST, &ApiError::new(why, OPENAPI_PATH));
    let parameters = match parameters {
        Ok(Query(parameters)) => parameters,
        Err(rejection) => return bad(rejection.body_text()),
    };
    let Some(module) = parameters.module() else {
        return answer(app, |snapshot, _| groups(snapshot)).await;
    };
    let Some(targets) = &app.targets else {
        return bad("nothing can be probed here".to_owned());
    };
    let offset = targets.limits().timeout_offset;
    let patience = match patience(&headers, REFRESH_INTERVAL, offset) {
        Ok(patience) => patience,
        Err(fault) => return bad(fault),
    };
    let found = match targets.buckets(Some(module), patience).await {
        Ok(found) => found,
        Err(NoBuckets::Asked(why)) => return bad(why),
        Err(NoBuckets::Failed(why)) => {
            let error = ApiError::new(why, OPENAPI_PATH);
            return refuse(StatusCode::SERVICE_UNAVAILABLE, &error);
        }
    };
    match text(&found.iter().map(TargetGroup::to_probe).collect::<Vec<_>>()) {
        Ok(text) => json_answer(StatusCode::OK, text),
        Err((status, error)) => refuse(status, &error),
    }
}

/// Prometheus keeps what it had where the answer is an error: so that is better than half of them.
fn groups(snapshot: &Snapshot) -> Answer {
    let mut sources = snapshot.resolvers.iter();
    let is_unknown = |(name, now): &(&Arc<str>, &Resolution)| {
        discovery::is_source(name)
            && match now.discovered.as_deref() {
                None => true,
                Some(Discovered::Places(places)) => !places.was_whole,
                Some(Discovered::Seeds(_)) => false,
            }
    };
    if let Some((name, now)) = sources.find(is_unknown) {
        let why = now.failure.as_deref().unwrap_or("it has not answered yet");
        let error = format!("what {name} tells of is not known yet: {why}");
        let error = ApiError::new(error, STATUS_PATH);
        return Err((StatusCode::SERVICE_UNAVAILABLE, error));
    }
    let found = snapshot.discovered.values();
    let found: Vec<_> = found.flat_map(|of| of.destinations.iter()).collect();
    let destinations = snapshot.destinations.iter();
    let groups = destinations.filter(|of| found.contains(&&of.destination.name));
    let groups = groups.map(|of| TargetGroup::new(&of.destination, of.labels()));
    text(&groups.collect::<Vec<_>>())
}

impl<'a> TargetGroup<'a> {
    fn new(of: &'a Destination, labels: GivenLabels) -> Self {
        let (bucket, prefix) = (&*of.bucket, &*of.prefix);
        let own = [
            ("destination", &*of.name),
            ("bucket", bucket),
            ("prefix", prefix),
            ("backend", &*of.backend),
            ("store_url", &*of.store_url),
        ];
        let own = own.map(|(name, value)| (format!("{META}{name}"), value.into()));
        let given = given(labels);
        Self {
            targets: [match prefix {
                "" => bucket.to_owned(),
                prefix => format!("{bucket}/{prefix}"),
            }],
            labels: own.into_iter().chain(given).collect(),
        }
    }

    /// One for `/probe`, with its parameters.
    fn to_probe(of: &'a FoundBucket) -> Self {
        let parameters = [("target", &*of.bucket), ("module", &*of.module)];
        let parameters =
            parameters.map(|(name, value)| (format!("__param_{name}"), Cow::Borrowed(value)));
        let own = [
            ("bucket", &*of.bucket),
            ("backend", &*of.template.backend),
            ("store_url", &*of.template.store_url),
        ];
        let own = own.map(|(name, value)| (format!("{META}{name}"), value.into()));
        let given = given(of.template.labels.clone());
        let all = parameters.into_iter().chain(own).chain(given);
        Self {
            targets: [of.bucket.to_string()],
            labels: all.collect(),
        }
    }
}

/// The labels that it was given.
fn given<'a>(labels: GivenLabels) -> impl Iterator<Item = (String, Cow<'a, str>)> {
    let given = labels.into_iter();
    given.map(|(name, value)| (format!("{META}label_{name}"), value.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discovery::{DiscoveryOutcome, Places};
    use crate::snapshot::tests::unscanned;

    fn snapshot(source: Resolution) -> Snapshot {
        let mut found = unscanned("found");
        let of = Arc::make_mut(&mut found.destination);
        of.prefix = "a/b/".into();
        of.labels.insert("team".to_owned(), "db".to_owned());
        let outcome = DiscoveryOutcome {
            destinations: vec!["found".into()],
            ..DiscoveryOutcome::default()
        };
        Snapshot {
            destinations: vec![Arc::new(unscanned("named")), Arc::new(found)],
            resolvers: [
                ("buckets:b".into(), source),
                ("kkp".into(), Resolution::default()),
            ]
            .into(),
            discovered: [("buckets:b".into(), Arc::new(outcome))].into(),
            ..Snapshot::default()
        }
    }

    fn places(was_whole: bool) -> Arc<Discovered> {
        Arc::new(Discovered::Places(Places {
            was_whole,
            ..Places::default()
        }))
    }

    #[test]
    fn what_is_found_is_a_target_each_and_what_is_named_is_not() {
        let source = Resolution {
            discovered: Some(places(true)),
            failure: Some("stale, and the last known ones stay".into()),
            ..Resolution::default()
        };
        let answer = groups(&snapshot(source)).unwrap();
        let answer: serde_json::Value = serde_json::from_slice(&answer).unwrap();
        let expected = serde_json::json!([{"targets": ["found/a/b/"], "labels": {
            "__meta_s3_exporter_destination": "found",
            "__meta_s3_exporter_bucket": "found",
            "__meta_s3_exporter_prefix": "a/b/",
            "__meta_s3_exporter_backend": "b",
            "__meta_s3_exporter_store_url": "http://b",
            "__meta_s3_exporter_label_team": "db",
        }}]);
        assert_eq!(answer, expected);
    }

    #[test]
    fn before_all_is_known_there_is_no_list() {
        let denied = Resolution {
            failure: Some("denied".into()),
            ..Resolution::default()
        };
        // One list of folders is there, another never was.
        let partly_denied = Resolution {
            discovered: Some(places(false)),
            ..denied.clone()
        };
        for (source, why) in [
            (denied, "denied"),
            (partly_denied, "denied"),
            (Resolution::default(), "it has not answered yet"),
        ] {
            let (status, error) = groups(&snapshot(source)).unwrap_err();
            assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(
                error.error,
                format!("what buckets:b tells of is not known yet: {why}")
            );
        }
    }
}
