use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Client;
use serde_json::Value;
use tempfile::TempDir;

use crate::process::data_folder;
use crate::s3_client::http_client;
use crate::{Port, Process, tool};

/// A Prometheus server.
pub struct Prometheus {
    _process: Process,
    port: Port,
    folder: TempDir,
    http: Client,
}

/// A series of a query's answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Its labels, with `__name__` where it has one.
    pub labels: BTreeMap<String, String>,
    /// Its value.
    pub value: f64,
}

impl Prometheus {
    /// Starts it with this configuration (YAML).
    ///
    /// # Panics
    /// When it is not installed, does not take the configuration or does not come up.
    pub async fn start(config: &str) -> Self {
        let folder = data_folder();
        let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
        fs::write(path("prometheus.yml"), config).unwrap();
        let port = Port::take();
        let arguments = [
            format!("--config.file={}", path("prometheus.yml")),
            format!("--storage.tsdb.path={}", path("data")),
            format!("--web.listen-address=127.0.0.1:{port}"),
        ];
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let mut process = Process::serve("prometheus", &arguments, &[], folder.path());
        let http = http_client(None);
        let url = format!("http://127.0.0.1:{port}/-/ready");
        process
            .until("it is ready", || async {
                let answer = http.get(&url).send().await;
                answer.is_ok_and(|answer| answer.status().is_success())
            })
            .await;
        Self {
            _process: process,
            port,
            folder,
            http,
        }
    }

    /// Scrapes one target (`127.0.0.1:9340`) every second, as job `test`.
    pub async fn scraping(target: &str) -> Self {
        Self::start(&format!(
            "global: {{scrape_interval: 1s, scrape_timeout: 1s}}\n\
             scrape_configs:\n\
             - job_name: test\n  static_configs:\n  - targets: ['{target}']\n"
        ))
        .await
    }

    /// Its address.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What it printed, for a scrape that fails.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("prometheus.log")).unwrap_or_default()
    }

    /// The answer of an instant query, sorted by labels.
    ///
    /// # Panics
    /// When the expression is refused, or its answer is neither a vector nor a scalar.
    pub async fn query(&self, expression: &str) -> Vec<Sample> {
        let query = utf8_percent_encode(expression, NON_ALPHANUMERIC);
        let data = self.get(&format!("/api/v1/query?query={query}")).await;
        if data["resultType"] == "scalar" {
            let labels = BTreeMap::new();
            return vec![Sample {
                labels,
                value: value(&data["result"]),
            }];
        }
        assert_eq!(data["resultType"], "vector", "{expression}: {data}");
        let mut samples: Vec<_> = data["result"]
            .as_array()
            .unwrap()
            .iter()
            .map(|series| Sample {
                labels: serde_json::from_value(series["metric"].clone()).unwrap(),
                value: value(&series["value"]),
            })
            .collect();
        samples.sort_by(|a, b| a.labels.cmp(&b.labels));
        samples
    }

    /// Asks until the answer is as it should be, for a minute: some scrapes must have been, and one may
    /// have been missed.
    ///
    /// # Panics
    /// When it never is.
    pub async fn until(&self, expression: &str, fits: impl Fn(&[Sample]) -> bool) -> Vec<Sample> {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let samples = self.query(expression).await;
            if fits(&samples) {
                return samples;
            }
            assert!(
                Instant::now() < deadline,
                "{expression}: {samples:#?}\n{}",
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// The value of an expression that has one, as soon as it has.
    pub async fn value(&self, expression: &str) -> f64 {
        let samples = self.until(expression, |samples| samples.len() == 1).await;
        samples[0].value
    }

    /// The targets as `/api/v1/targets` tells them: `health`, `lastError`.
    pub async fn targets(&self) -> Vec<Value> {
        let data = self.get("/api/v1/targets").await;
        data["activeTargets"].as_array().unwrap().clone()
    }

    async fn get(&self, path: &str) -> Value {
        let url = format!("{}{path}", self.endpoint());
        let answer = self.http.get(&url).send().await.unwrap();
        let text = answer.text().await.unwrap();
        let answer: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(answer["status"], "success", "{url}: {text}");
        answer["data"].clone()
    }
}

/// `[time, "1.5"]`.
fn value(pair: &Value) -> f64 {
    match pair[1].as_str().unwrap() {
        "+Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        text => text.parse().unwrap(),
    }
}

/// What `promtool check metrics` finds wrong with a text of metrics.
///
/// # Errors
/// Its remarks.
pub fn check_metrics(text: &str) -> Result<(), String> {
    promtool(&["check", "metrics"], text)
}

/// Runs the rules' own tests in this file.
///
/// # Errors
/// What does not hold.
pub fn test_rules(file: &Path) -> Result<(), String> {
    promtool(&["test", "rules", &file.to_string_lossy()], "")
}

fn promtool(arguments: &[&str], input: &str) -> Result<(), String> {
    let mut child = Command::new(tool("promtool"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    let _ = writer.join();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).trim().to_owned();
    // Lint remarks alone leave the exit code 0 in some versions.
    let remarks = arguments[0] == "check" && !text.is_empty();
    if output.status.success() && !remarks {
        return Ok(());
    }
    Err(format!(
        "promtool {} ({}):\n{text}",
        arguments.join(" "),
        output.status
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_scrapes_and_answers_queries() {
        let port = Port::take();
        let itself = format!("127.0.0.1:{port}");
        drop(port);
        let prometheus = Prometheus::scraping(&itself).await;
        let samples = prometheus.query("vector(1.5)").await;
        assert_eq!(samples[0].value, 1.5);
        assert_eq!(prometheus.query("scalar(vector(2))").await[0].value, 2.0);
        for _ in 0..600 {
            if !prometheus.query("up == 0").await.is_empty() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        let up = &prometheus.query("up").await[0];
        assert_eq!(up.labels["job"], "test");
        assert_eq!(up.labels["instance"], itself);
        let target = &prometheus.targets().await[0];
        assert_eq!(target["health"], "down", "{target}");
    }

    #[test]
    fn promtool_sees_what_is_wrong() {
        let good = "# HELP a_total A.\n# TYPE a_total counter\na_total 1\n";
        check_metrics(good).unwrap();
        let error = check_metrics("# TYPE a_total gauge\na_total 1\n").unwrap_err();
        assert!(error.contains("no help text"), "{error}");
        assert!(check_metrics("a{ 1\n").is_err());

        let folder = tempfile::tempdir().unwrap();
        let rules = "groups: [{name: g, rules: [{record: b, expr: a + 1}]}]\n";
        fs::write(folder.path().join("rules.yml"), rules).unwrap();
        for (wanted, right) in [("3", true), ("4", false)] {
            let tests = format!(
                "rule_files: [rules.yml]\ntests:\n- input_series: [{{series: a, values: '2x5'}}]\n  \
                 promql_expr_test:\n  - {{expr: b, eval_time: 1m, exp_samples: [{{labels: b, value: {wanted}}}]}}\n"
            );
            let file = folder.path().join("tests.yml");
            fs::write(&file, tests).unwrap();
            assert_eq!(test_rules(&file).is_ok(), right, "{:?}", test_rules(&file));
        }
    }
}
