//! Who may ask, and how: the web configuration in the format of the Prometheus
//! exporter-toolkit, followed while it changes.
//!
//! ```text
//! path -> reading (all files, at one moment) -> file (what it says) -> WebSettings
//! ```

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use rustls::ServerConfig;
use s3_exporter_config::{ConfigError, Origin, Settle, Settled};
use tokio::sync::watch;

pub(crate) mod auth;
pub mod file;
mod reading;
pub(crate) mod tls;
mod verify;
mod yaml;

use auth::{Auth, NoRandomNumbers};
use reading::{Digest, Reading};

/// Between two looks at the files. Their content is compared, not their time, so an
/// atomic rename, the symlinks that Kubernetes swaps and an edit in place are all seen.
const POLL: Duration = Duration::from_secs(1);

/// What holds for connections and requests from now on.
#[derive(Debug, Default)]
pub(crate) struct WebSettings {
    tls: Option<Arc<ServerConfig>>,
    headers: Vec<(HeaderName, HeaderValue)>,
    auth: Option<Auth>,
}

/// The web configuration; by default none, and plain HTTP for everybody.
#[derive(Debug)]
pub struct WebConfig {
    source: Option<(PathBuf, Digest)>,
    settings: watch::Sender<Arc<WebSettings>>,
    headers: Vec<(HeaderName, HeaderValue)>,
    probes: &'static [&'static str],
}

impl Default for WebConfig {
    fn default() -> Self {
        Self {
            source: None,
            settings: watch::Sender::new(Arc::default()),
            headers: Vec::new(),
            probes: &[],
        }
    }
}

impl WebSettings {
    /// `None` for plain HTTP.
    pub fn tls(&self) -> Option<&Arc<ServerConfig>> {
        self.tls.as_ref()
    }

    pub fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.headers
    }

    /// `None` where nobody is asked who he is.
    pub fn auth(&self) -> Option<&Auth> {
        self.auth.as_ref()
    }
}

impl WebConfig {
    /// Reads the web configuration at `path`, and the files that it names. Blocks for a moment.
    ///
    /// # Errors
    /// Every fault at once.
    pub fn open(path: &Path) -> Result<Self, Vec<ConfigError>> {
        let reading = Reading::take(path);
        let settings = settings(path, &reading)?;
        Ok(Self {
            source: Some((path.to_owned(), reading.digest)),
            settings: watch::Sender::new(Arc::new(settings)),
            ..Self::default()
        })
    }

    /// Has every answer, refusals included, carry these headers, unless the web configuration
    /// sets them otherwise.
    #[must_use]
    pub fn with_headers(mut self, headers: Vec<(HeaderName, HeaderValue)>) -> Self {
        self.headers = headers;
        self
    }

    /// Lets those who give no password have the status code of these paths, such as
    /// `/-/healthy`, and nothing else.
    #[must_use]
    pub fn with_probes(mut self, paths: &'static [&'static str]) -> Self {
        self.probes = paths;
        self
    }

    pub(crate) fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.headers
    }

    pub(crate) fn is_probe(&self, path: &str) -> bool {
        self.probes.contains(&path)
    }

    /// What holds now.
    pub(crate) fn current(&self) -> Arc<WebSettings> {
        Arc::clone(&self.settings.borrow())
    }

    /// Follows the files for ever. What changed counts once two looks agree, as a file that
    /// is being written holds half of the truth; what is bad changes nothing.
    pub(crate) async fn follow(&self) {
        let Some((path, taken)) = self.source.clone() else {
            return std::future::pending().await;
        };
        let mut settle = Settle::new(Some(taken));
        loop {
            tokio::time::sleep(POLL).await;
            let Some(reading) = read(path.clone()).await else {
                continue;
            };
            if settle.see(reading.digest) == Settled::New {
                self.take(&path, &reading);
            }
        }
    }

    fn take(&self, path: &Path, reading: &Reading) {
        let new = settings(path, reading).and_then(|new| match weaker(&self.current(), &new) {
            None => Ok(new),
            Some(message) => Err(vec![whole(path, message)]),
        });
        match new {
            Ok(new) => {
                self.settings.send_replace(Arc::new(new));
                tracing::info!(path = %path.display(), "the web configuration or its certificates changed, and are used now");
            }
            Err(faults) => {
                let faults: Vec<_> = faults.iter().map(ConfigError::to_string).collect();
                tracing::warn!(
                    path = %path.display(),
                    error = faults.join("; "),
                    "the web configuration or its certificates changed for the worse; those before are used on"
                );
            }
        }
    }
}

/// `None` where the thread that read broke: then the next look tells.
async fn read(path: PathBuf) -> Option<Reading> {
    tokio::task::spawn_blocking(move || Reading::take(&path))
        .await
        .ok()
}

fn settings(path: &Path, reading: &Reading) -> Result<WebSettings, Vec<ConfigError>> {
    let file = reading.file.as_ref().map_err(Vec::clone)?;
    let tls = file.tls.as_ref();
    let tls = tls.map(|tls| tls::config(tls, &reading.texts, file.http2));
    Ok(WebSettings {
        tls: tls.transpose()?.map(Arc::new),
        headers: file.headers.clone(),
        auth: Auth::new(&file.users)
            .map_err(|NoRandomNumbers| vec![whole(path, "the system gives no random numbers")])?,
    })
}

/// Why a change is not made while we run: a file that was emptied by accident must not
/// open what was closed.
fn weaker(old: &WebSettings, new: &WebSettings) -> Option<&'static str> {
    if old.tls.is_some() != new.tls.is_some() {
        return Some("TLS is switched on or off by a restart alone");
    }
    (old.auth.is_some() && new.auth.is_none())
        .then_some("basic authentication is switched off by a restart alone")
}

fn whole(path: &Path, message: &str) -> ConfigError {
    ConfigError {
        origin: Origin::of_file(path, None),
        message: message.to_owned(),
    }
}

/// What is wrong with the web configuration at `path`, and the files that it names.
pub fn check(path: &Path) -> Vec<ConfigError> {
    settings(path, &Reading::take(path))
        .err()
        .unwrap_or_default()
}
