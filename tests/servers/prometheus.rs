//! A real Prometheus scrapes the exporter, in both formats, and gives the right answers.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::response::IntoResponse;
use reqwest::Client;
use s3_exporter_api::UnixTime;
use s3_exporter_testkit::servers::{MinIo, Prometheus, Sample};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::common::Exporter;
use crate::common::backups::{
    CLUSTERS, EMPTIED, FIGURES, Figure, HEALTHY, NEVER, SECOND, SEED_FIGURES, fill,
};
use crate::common::questions::questions;

/// What the jobs are named by: the format that they get.
const JOBS: [&str; 2] = ["openmetrics", "text"];

/// One bucket is there, one is not.
fn config(endpoint: &str) -> String {
    let (id, secret) = (MinIo::ACCESS_KEY, MinIo::SECRET_KEY);
    // Half a day more than the age of the healthy cluster's backup.
    let max_age = UnixTime::now().as_seconds() - SECOND + 43_200.0;
    let max_age = max_age as u64;
    format!(
        "[metrics]\ncompat = [\"kubermatic_s3\"]\n\
         [backends.onprem]\ntype = \"minio\"\nendpoint = \"{endpoint}\"\n\
         access_key_id = \"{id}\"\nsecret_access_key = \"{secret}\"\n\
         [resolvers.list]\ntype = \"static\"\nclusters = {CLUSTERS:?}\n\
         [[destinations]]\nname = \"etcd\"\nbucket = \"backups\"\nresolver = \"list\"\n\
         interval = \"1s\"\nmax_age = \"{max_age}s\"\n\
         [[destinations]]\nname = \"gone\"\nbucket = \"missing\"\nresolver = \"list\"\ninterval = \"1s\"\n"
    )
}

/// Prometheus 2.42 always asks for OpenMetrics first. What stands between asks for text, as
/// those before 2.5 and `scrape_protocols` of those since 2.49 do. Its address.
async fn text_relay(exporter: &Exporter) -> String {
    let (http, url) = (
        Client::builder().no_proxy().build().unwrap(),
        exporter.url("/metrics"),
    );
    let relay = move || {
        let request = http.get(&url);
        let request = request.header(ACCEPT, "text/plain;version=0.0.4;q=1,*/*;q=0.1");
        async move {
            let answer = request.send().await.unwrap();
            let kind = answer.headers()[CONTENT_TYPE].clone();
            ([(CONTENT_TYPE, kind)], answer.text().await.unwrap()).into_response()
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(axum::serve(listener, Router::new().fallback(relay)).into_future());
    address
}

/// Asks until the answer is as it should be: some scrapes must have been.
async fn until(
    prometheus: &Prometheus,
    expression: &str,
    fits: impl Fn(&[Sample]) -> bool,
) -> Vec<Sample> {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let samples = prometheus.query(expression).await;
        if fits(&samples) {
            return samples;
        }
        assert!(
            Instant::now() < deadline,
            "{expression}: {samples:#?}\n{}",
            prometheus.log()
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// The values by one label.
fn by(samples: &[Sample], label: &str) -> BTreeMap<String, f64> {
    let values = samples
        .iter()
        .map(|sample| (sample.labels[label].clone(), sample.value));
    let values: BTreeMap<_, _> = values.collect();
    assert_eq!(values.len(), samples.len(), "{samples:?}");
    values
}

fn map(values: &[(&str, f64)]) -> BTreeMap<String, f64> {
    values
        .iter()
        .map(|(name, value)| ((*name).to_owned(), *value))
        .collect()
}

#[tokio::test]
async fn scrapes_and_answers() {
    let minio = MinIo::start().await;
    fill(&minio.client(), "backups").await;
    let mut exporter = Exporter::with_config(&config(&minio.endpoint()), &[]).await;
    let scans = exporter.until("both destinations were scanned", |metrics| {
        metrics
            .by("objectstore_scans_total", "destination")
            .values()
            .all(|scans| *scans > 0.0)
    });
    scans.await;
    let relay = text_relay(&exporter).await;
    let prometheus = Prometheus::start(&format!(
        "global: {{scrape_interval: 3s, scrape_timeout: 3s}}\n\
         scrape_configs:\n\
         - {{job_name: openmetrics, static_configs: [{{targets: ['{}']}}]}}\n\
         - {{job_name: text, static_configs: [{{targets: ['{relay}']}}]}}\n",
        exporter.address()
    ))
    .await;

    check_targets(&prometheus).await;
    for job in JOBS {
        check_figures(&prometheus, job).await;
        check_scans(&prometheus, job).await;
    }
    check_questions(&prometheus).await;
    // No scrape of all these had a fault.
    assert_eq!(prometheus.query("min_over_time(up[1h]) != 1").await, []);
    let log = prometheus.log();
    let of_scrapes = |line: &&str| line.contains("scrape manager") && !line.contains("level=debug");
    let complaints: Vec<_> = log.lines().filter(of_scrapes).collect();
    assert_eq!(complaints, [""; 0]);
}

/// Both are scraped, each in its format, with the same series.
async fn check_targets(prometheus: &Prometheus) {
    let up = until(prometheus, "up", |up| {
        up.len() == 2 && up.iter().all(|up| up.value == 1.0)
    })
    .await;
    assert_eq!(by(&up, "job"), map(&[("openmetrics", 1.0), ("text", 1.0)]));
    for target in prometheus.targets().await {
        assert_eq!(target["health"], "up", "{target}");
        assert_eq!(target["lastError"], "", "{target}");
    }
    let samples = by(&prometheus.query("scrape_samples_scraped").await, "job");
    assert!(samples["text"] > 100.0, "{samples:?}");
    assert_eq!(samples["openmetrics"], samples["text"]);
    // None of the samples was of a series that had one already: this Prometheus would not say.
    let series = "count by (job) ({job!=\"\",__name__!~\"up|scrape_.+\"})";
    let twice = format!("scrape_samples_scraped != on (job) {series}");
    assert_eq!(prometheus.query(&twice).await, []);
    // A counter's family has its bare name in OpenMetrics, and `_total` in the text.
    let (bare, total) = ("objectstore_scans", "objectstore_scans_total");
    for (job, family, other) in [("openmetrics", bare, total), ("text", total, bare)] {
        assert_eq!(metadata(prometheus, job, other).await, [Value::Null; 0]);
        let [entry] = &metadata(prometheus, job, family).await[..] else {
            panic!("{job} knows no {family}");
        };
        assert_eq!(entry["type"], "counter", "{entry}");
        let help = "Finished scans, failed ones included.";
        assert_eq!(entry["help"], help, "{entry}");
    }
}

/// What Prometheus knows of a family of a job.
async fn metadata(prometheus: &Prometheus, job: &str, family: &str) -> Vec<Value> {
    let url = format!(
        "{}/api/v1/targets/metadata?metric={family}&match_target=%7Bjob%3D%22{job}%22%7D",
        prometheus.endpoint()
    );
    let answer = Client::builder()
        .no_proxy()
        .build()
        .unwrap()
        .get(url)
        .send()
        .await
        .unwrap();
    let answer: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    answer["data"]
        .as_array()
        .unwrap_or_else(|| panic!("{answer}"))
        .clone()
}

/// Every figure per cluster, under our names and under the seed's.
async fn check_figures(prometheus: &Prometheus, job: &str) {
    let figures: Vec<&Figure> = FIGURES.iter().chain(&SEED_FIGURES).collect();
    for (name, values) in figures {
        let samples = prometheus.query(&format!("{name}{{job=\"{job}\"}}")).await;
        let expected = CLUSTERS.into_iter().zip(values);
        let expected: Vec<_> = expected
            .filter_map(|(cluster, value)| Some((cluster, (*value)?)))
            .collect();
        assert_eq!(by(&samples, "cluster"), map(&expected), "{name} {job}");
        for sample in samples {
            assert_eq!(sample.labels["destination"], "etcd", "{sample:?}");
            assert_eq!(sample.labels["bucket"], "backups", "{sample:?}");
        }
    }
}

/// How each destination is, under our names and under the seed's.
async fn check_scans(prometheus: &Prometheus, job: &str) {
    for name in ["objectstore_scan_success", "kubermatic_s3_query_success"] {
        let samples = prometheus.query(&format!("{name}{{job=\"{job}\"}}")).await;
        assert_eq!(
            by(&samples, "destination"),
            map(&[("etcd", 1.0), ("gone", 0.0)]),
            "{name} {job}"
        );
    }
    // Old dashboards look at a cluster alone.
    let expression = format!("kubermatic_s3_object_count{{job=\"{job}\",cluster=\"{HEALTHY}\"}}");
    assert_eq!(prometheus.query(&expression).await[0].value, 3.0);
    // The expression that serves the seed's nanoseconds and our seconds.
    let x = format!("kubermatic_s3_object_last_modified_time_seconds{{job=\"{job}\"}}");
    let age = format!("time() - {x} / (1 + 999999999 * ({x} > bool 1e15)) > 3600");
    assert_eq!(by(&prometheus.query(&age).await, "cluster").len(), 3);
}

/// The expressions that the documentation promises, on what is really there.
async fn check_questions(prometheus: &Prometheus) {
    let mut questions = questions();
    let mut ask = |name: &str| {
        questions
            .remove(name)
            .unwrap_or_else(|| panic!("no question {name}"))
    };
    for (name, label, expected) in [
        // The newest object is empty, which is no backup.
        ("late", "cluster", vec![EMPTIED]),
        ("missing", "cluster", vec![NEVER]),
        ("none_at_all", "destination", vec![]),
        ("small", "cluster", vec![EMPTIED]),
        ("unjudged", "destination", vec!["gone"]),
        ("outdated", "destination", vec!["gone"]),
        ("failing", "kind", vec!["not_found"]),
        ("names_lost", "resolver", vec![]),
    ] {
        let expression = ask(name);
        let samples = prometheus.query(&expression).await;
        let mut told: Vec<_> = samples
            .iter()
            .map(|s| (&*s.labels["job"], &*s.labels[label]))
            .collect();
        told.sort_unstable();
        let mut expected: Vec<_> = JOBS
            .iter()
            .flat_map(|job| expected.iter().map(|l| (*job, *l)))
            .collect();
        expected.sort_unstable();
        assert_eq!(told, expected, "{name}");
    }
    let requests = ask("requests");
    let both = |samples: &[Sample]| samples.len() == 2 && samples.iter().all(|s| s.value > 0.0);
    let samples = until(prometheus, &requests, both).await;
    let destinations: Vec<_> = samples
        .iter()
        .map(|sample| &*sample.labels["destination"])
        .collect();
    assert_eq!(destinations, ["etcd", "gone"]);
    // Buckets that are listed in one part are not audited: `tests/promtool` asks of those that are.
    for name in ["parts_wrong", "unaudited"] {
        assert_eq!(prometheus.query(&ask(name)).await, [], "{name}");
    }
    assert_eq!(
        questions,
        BTreeMap::new(),
        "questions that nobody asks here"
    );
}
