use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use crate::process::data_folder;
use crate::s3_client::http_client;
use crate::{Port, Process};

/// An Alertmanager, which tells one receiver of each alert at once.
pub struct Alertmanager {
    _process: Process,
    port: Port,
    _folder: TempDir,
}

impl Alertmanager {
    /// Starts it; it sends what it tells to this URL, as a webhook.
    ///
    /// # Panics
    /// When it is not installed or does not come up.
    pub async fn telling(webhook: &str) -> Self {
        let folder = data_folder();
        let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
        let config = format!(
            "route: {{receiver: test, group_by: ['...'], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}}\n\
             receivers: [{{name: test, webhook_configs: [{{url: '{webhook}', send_resolved: true}}]}}]\n"
        );
        fs::write(path("alertmanager.yml"), config).unwrap();
        let port = Port::take();
        let arguments = [
            format!("--config.file={}", path("alertmanager.yml")),
            format!("--storage.path={}", path("data")),
            format!("--web.listen-address=127.0.0.1:{port}"),
            "--cluster.listen-address=".to_owned(), // it has no peers
        ];
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let mut process = Process::serve("alertmanager", &arguments, &[], folder.path());
        let (http, url) = (
            http_client(None),
            format!("http://127.0.0.1:{port}/-/ready"),
        );
        process
            .until("it is ready", || async {
                let answer = http.get(&url).send().await;
                answer.is_ok_and(|answer| answer.status().is_success())
            })
            .await;
        Self {
            _process: process,
            port,
            _folder: folder,
        }
    }

    /// Where it listens: `127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The alerts that it knows, as `/api/v2/alerts` tells them.
    pub async fn alerts(&self) -> Vec<Value> {
        let url = format!("http://{}/api/v2/alerts", self.address());
        let answer = http_client(None).get(url).send().await.unwrap();
        let text = answer.text().await.unwrap();
        let all: Value = serde_json::from_str(&text).unwrap();
        all.as_array().unwrap().clone()
    }
}
