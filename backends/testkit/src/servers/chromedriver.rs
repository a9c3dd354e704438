use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::data_folder;
use crate::s3_client::http_client;
use crate::{Port, Process, tool};

/// A ChromeDriver, which starts Chromium as soon as it is asked for a session, and ends it with itself.
#[derive(Debug)]
pub struct ChromeDriver {
    _process: Process,
    port: Port,
    folder: TempDir,
}

impl ChromeDriver {
    /// Starts it.
    ///
    /// # Panics
    /// When it is not installed or does not come up.
    pub async fn start() -> Self {
        let folder = data_folder();
        let port = Port::take();
        let path = folder.path().to_string_lossy().into_owned();
        let environment = [("HOME", &*path), ("TMPDIR", &*path)];
        let arguments = [&*format!("--port={port}"), "--allowed-ips=127.0.0.1"];
        let mut process = Process::serve("chromedriver", &arguments, &environment, folder.path());
        let (http, url) = (http_client(None), format!("http://127.0.0.1:{port}/status"));
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
        }
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// `goog:chromeOptions` of a session: our Chromium, without a screen, as any user, with a new
    /// profile, asking nobody for anything of its own.
    pub fn options(&self) -> Value {
        let profile = self.folder.path().join("profile");
        json!({"binary": tool("chromium"), "args": [
            "--headless",
            "--no-sandbox", // as root it needs this
            "--disable-gpu",
            "--disable-dev-shm-usage", // small in a container
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-quic",
            "--remote-debugging-pipe", // it ends with the driver, however that ends
            format!("--user-data-dir={}", profile.display()),
            "about:blank",
        ]})
    }
}
