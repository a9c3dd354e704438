//! A real Prometheus scrapes the exporter, in both formats, and gives the right answers.

use std::collections::BTreeMap;

use reqwest::Client;
use s3_exporter_api::UnixTime;
use s3_exporter_testkit::servers::{MinIo, Prometheus, Sample};
use serde_json::Value;

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
         [backends.onprem]\ntype = \"minio\"\nprice_per_1000_requests = 0.005\nendpoint = \"{endpoint}\"\n\
         access_key_id = \"{id}\"\nsecret_access_key = \"{secret}\"\n\
         [resolvers.list]\ntype = \"static\"\nclusters = {CLUSTERS:?}\n\
         [[destinations]]\nname = \"etcd\"\nbucket = \"backups\"\nresolver = \"list\"\n\
         interval = \"1s\"\nmax_age = \"{max_age}s\"\nalso = [\"sizes\"]\n\
         [[destinations]]\nname = \"gone\"\nbucket = \"missing\"\nresolver = \"list\"\ninterval = \"1s\"\n"
    )
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
    let address = exporter.address();
    let prometheus = Prometheus::start(&format!(
        "global: {{scrape_interval: 3s, scrape_timeout: 3s}}\n\
         scrape_configs:\n\
         - {{job_name: openmetrics, static_configs: [{{targets: ['{address}']}}]}}\n\
         - {{job_name: text, scrape_protocols: [PrometheusText0.0.4], static_configs: [{{targets: ['{address}']}}]}}\n"
    ))
    .await;

    check_targets(&prometheus).await;
    for job in JOBS {
        check_figures(&prometheus, job).await;
        check_scans(&prometheus, job).await;
    }
    check_sizes(&prometheus).await;
    check_questions(&prometheus).await;
    // No scrape of all these had a fault.
    assert_eq!(prometheus.query("min_over_time(up[1h]) != 1").await, []);
    let log = prometheus.log();
    let of_scrapes = |line: &&str| line.contains("component=\"scrape manager\"");
    let complaints: Vec<_> = log.lines().filter(of_scrapes).collect();
    assert_eq!(complaints, [""; 0]);
}

/// Both are scraped, each in its format, with the same series.
async fn check_targets(prometheus: &Prometheus) {
    let up = prometheus
        .until("up", |up| {
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
    // None of the samples was of a series that had one already: of equal values Prometheus says nothing.
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

/// A histogram is one to Prometheus, which keeps its edges as they are written.
async fn check_sizes(prometheus: &Prometheus) {
    let mut edges = Vec::new();
    for job in JOBS {
        let [entry] = &metadata(prometheus, job, "objectstore_object_size_bytes").await[..] else {
            panic!("{job} knows no histogram");
        };
        assert_eq!(entry["type"], "histogram", "{entry}");
        let of = |ending: &str| format!("objectstore_object_size_bytes_{ending}{{job=\"{job}\"}}");
        let buckets = prometheus.query(&of("bucket")).await;
        edges.push(by(&buckets, "le").into_keys().collect::<Vec<_>>());
        let listed = format!("objectstore_listed_objects{{job=\"{job}\"}}");
        let same = format!("{} == ignoring (__name__) {listed}", of("count"));
        assert_eq!(prometheus.query(&same).await.len(), 1, "{job}");
        let listed = format!("objectstore_listed_size_bytes{{job=\"{job}\"}}");
        let same = format!("{} == ignoring (__name__) {listed}", of("sum"));
        assert_eq!(prometheus.query(&same).await.len(), 1, "{job}");
        let median = format!("histogram_quantile(0.5, {})", of("bucket"));
        let median = prometheus.value(&median).await;
        assert!(median > 0.0 && median <= 1024.0, "{median}");
    }
    assert_eq!(edges[0], edges[1]);
    assert_eq!(edges[0].len(), 17);
    assert!(edges[0].contains(&"1.048576e+06".to_owned()), "{edges:?}");
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
    assert_eq!(prometheus.value(&expression).await, 3.0);
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
        ("critical", "cluster", vec![NEVER, EMPTIED]),
        ("never_good", "cluster", vec![NEVER]),
        ("overdue", "cluster", vec![]),
        ("late", "cluster", vec![EMPTIED]),
        ("missing", "cluster", vec![NEVER]),
        ("none_at_all", "destination", vec![]),
        // Its backups are read, so that the judge says it: `critical`.
        ("small", "cluster", vec![]),
        ("unjudged", "destination", vec!["gone"]),
        ("outdated", "destination", vec!["gone"]),
        ("failing", "kind", vec!["not_found"]),
        ("store_down", "destination", vec![]),
        ("names_lost", "resolver", vec![]),
    ] {
        let expression = ask(name);
        let samples = prometheus.query(&expression).await;
        let mut told: Vec<_> = samples
            .iter()
            // What is of no cluster has a job of its own, which is not what is asked of here.
            .filter_map(|s| Some((&*s.labels["job"], s.labels.get(label)?.as_str())))
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
    let samples = prometheus.until(&requests, both).await;
    let destinations: Vec<_> = samples
        .iter()
        .map(|sample| &*sample.labels["destination"])
        .collect();
    assert_eq!(destinations, ["etcd", "gone"]);
    // Of one that was never listed nobody knows.
    let cost = prometheus.query(&ask("cost")).await;
    let told: Vec<_> = cost.iter().map(|s| &*s.labels["destination"]).collect();
    assert_eq!(told, ["etcd"]);
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

/// What becomes of the label of a backup job, which is called as one of Prometheus' own: without
/// `honor_labels` it is `exported_job`; with it, series of jobs can be joined with those of their
/// destination where `job_label` names it otherwise, and only there.
#[tokio::test]
async fn a_backup_job_is_told_from_the_job_of_its_target() {
    let minio = MinIo::start().await;
    fill(&minio.client(), "backups").await;
    let config = config(&minio.endpoint());
    let renamed = config.replacen("[metrics]", "[metrics]\njob_label = \"backup_job\"", 1);
    let newest = "objectstore_backup_last_success_timestamp_seconds";
    let mut ours = Exporter::with_config(&config, &[]).await;
    let mut renamed = Exporter::with_config(&renamed, &[]).await;
    for exporter in [&mut ours, &mut renamed] {
        let judged = |metrics: &crate::common::Metrics| metrics.has(newest);
        exporter.until("its jobs are judged", judged).await;
    }
    let scraped = |name: &str, exporter: &Exporter, honours: bool| {
        format!(
            "- {{job_name: {name}, honor_labels: {honours}, static_configs: [{{targets: ['{}'], labels: {{by: {name}}}}}]}}\n",
            exporter.address()
        )
    };
    let prometheus = Prometheus::start(&format!(
        "global: {{scrape_interval: 3s, scrape_timeout: 3s}}\nscrape_configs:\n{}{}{}{}",
        scraped("usual", &ours, false),
        scraped("honoured", &ours, true),
        scraped("renamed", &renamed, false),
        scraped("both", &renamed, true),
    ))
    .await;
    prometheus.until("sum(up) == 4", |up| !up.is_empty()).await;
    let joined = |by: &str| {
        format!(
            "{newest}{{by=\"{by}\"}} * on(job,instance,destination) group_left() objectstore_scan_success"
        )
    };
    for (by, label) in [
        ("usual", "exported_job"),
        ("renamed", "backup_job"),
        ("both", "backup_job"),
    ] {
        let all = prometheus.query(&format!("{newest}{{by=\"{by}\"}}")).await;
        let names = all.iter().filter_map(|it| it.labels.get(label));
        assert!(
            names.into_iter().any(|name| name == "daily"),
            "{by}: {all:?}"
        );
        assert!(all.iter().all(|it| it.labels["job"] == by), "{by}: {all:?}");
        assert_eq!(prometheus.query(&joined(by)).await.len(), all.len(), "{by}");
    }
    let all = prometheus
        .query(&format!("{newest}{{by=\"honoured\"}}"))
        .await;
    // An empty name leaves none at all.
    let is_ours = |it: &Sample| it.labels.get("job").is_some_and(|job| job == "daily");
    assert!(all.iter().any(is_ours), "{all:?}");
    let joined = prometheus.query(&joined("honoured")).await;
    assert!(!joined.iter().any(is_ours), "{joined:?}");
}
