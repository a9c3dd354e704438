//! Tokens for Swift. opendal wants a finished one, and cannot renew it: so they are asked for here, and
//! each request gets the one that is in force.

use std::sync::Arc;
use std::time::{Duration, Instant};

use backon::BackoffBuilder;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Request, Response};
use http_body_util::Full;
use s3_exporter_api::{BackendError, FailureKind, chain};
use s3_exporter_config::{Secret, SecretSource};
use s3_exporter_settings::unusable;
use s3_exporter_transport::{HttpClients, NoCredentials};
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::sleep;

use super::config::{OpendalConfig, SwiftConfig};
use super::http::BACKOFF;

/// The header of a token.
pub const TOKEN: HeaderName = HeaderName::from_static("x-auth-token");
const STORAGE_URL: &str = "x-storage-url";
const SUBJECT_TOKEN: &str = "x-subject-token";
/// Asked for anew so long after it came: TempAuth's and Keystone's last an hour and more, and one that
/// is refused is asked for anew at once.
const FRESH: Duration = Duration::from_secs(30 * 60);
const ADVICE: &str =
    "check `auth_url`, `username`, `password` and, with Keystone, `project` and `domain`";

/// Who we are to the store.
pub struct Login {
    config: SwiftConfig,
    username: Option<SecretSource>,
    password: Option<SecretSource>,
    token: Option<SecretSource>,
    http: Arc<HttpClients>,
    timeout: Duration,
    session: Mutex<Option<Session>>,
}

/// A token, and where it is good.
#[derive(Clone)]
pub struct Session {
    /// Of the account.
    pub url: String,
    token: HeaderValue,
    since: Instant,
}

impl Session {
    /// What goes with each request.
    pub fn token(&self) -> HeaderValue {
        self.token.clone()
    }
}

impl Login {
    /// Nobody is asked yet.
    pub fn new(config: &OpendalConfig, http: Arc<HttpClients>) -> Self {
        let secret = |name| {
            let mut secrets = config.secrets.iter();
            let found = secrets.find(|(own, ..)| *own == name);
            found.map(|(.., source)| source.clone())
        };
        Self {
            config: config.swift.clone(),
            username: secret("username"),
            password: secret("password"),
            token: secret("token"),
            http,
            timeout: config.request_timeout,
            session: Mutex::default(),
        }
    }

    /// As [`Self::session`], asked for several times where that may help.
    ///
    /// # Errors
    /// As [`Self::session`].
    pub async fn begin(&self, action: &str) -> Result<Session, NoCredentials> {
        let mut waits = BACKOFF.build();
        loop {
            let none = match self.session(action).await {
                Ok(session) => return Ok(session),
                Err(none) => none,
            };
            match waits.next().filter(|_| none.is_worth_a_retry) {
                Some(wait) => sleep(wait).await,
                None => return Err(none),
            }
        }
    }

    /// The token in force.
    ///
    /// # Errors
    /// There is none; `action` is what it was for.
    pub async fn session(&self, action: &str) -> Result<Session, NoCredentials> {
        let mut session = self.session.lock().await;
        if let Some(known) = &*session
            && known.since.elapsed() < FRESH
            && self.token.is_none()
        {
            return Ok(known.clone());
        }
        let asked = tokio::time::timeout(self.timeout, self.ask(action));
        let late = || {
            let reason = "who hands out tokens does not answer";
            let error = BackendError::new(FailureKind::Timeout, action, reason);
            NoCredentials {
                error: error.with_advice("see whether `auth_url` can be reached from here"),
                is_worth_a_retry: true,
            }
        };
        let new = asked.await.map_err(|_| late())??;
        *session = Some(new.clone());
        Ok(new)
    }

    /// The store does not take it: it is asked for anew.
    pub async fn forget(&self) {
        *self.session.lock().await = None;
    }

    async fn ask(&self, action: &str) -> Result<Session, NoCredentials> {
        let read = |source: &SecretSource| {
            let secret = source.read_for_header().map_err(unusable);
            secret.map_err(NoCredentials::lasting)
        };
        if let (Some(token), Some(url)) = (&self.token, &self.config.endpoint) {
            return self.with(action, url, read(token)?.expose().as_bytes());
        }
        let (Some(url), Some(username), Some(password)) =
            (&self.config.auth_url, &self.username, &self.password)
        else {
            return Err(none(action, "there is nothing to log in with"));
        };
        let (username, password) = (read(username)?, read(password)?);
        match url.ends_with("/v3") {
            true => self.ask_keystone(action, url, &username, &password).await,
            false => self.ask_store(action, url, &username, &password).await,
        }
    }

    /// The store's own log-in: version 1 of its API.
    async fn ask_store(
        &self,
        action: &str,
        url: &str,
        username: &Secret,
        password: &Secret,
    ) -> Result<Session, NoCredentials> {
        let request = Request::get(url)
            .header("x-auth-user", sensitive(action, username)?)
            .header("x-auth-key", sensitive(action, password)?)
            .body(Full::default());
        let answer = self.send(action, request).await?;
        let header = |name| answer.headers().get(name);
        let told = header(STORAGE_URL).and_then(|url| url.to_str().ok());
        match (
            self.config.endpoint.as_deref().or(told),
            header(TOKEN.as_str()),
        ) {
            (Some(url), Some(token)) => self.with(action, url, token.as_bytes()),
            _ => Err(none(
                action,
                "the answer to the log-in names no token, or no storage URL",
            )),
        }
    }

    /// Keystone, by version 3 of its API.
    async fn ask_keystone(
        &self,
        action: &str,
        url: &str,
        username: &Secret,
        password: &Secret,
    ) -> Result<Session, NoCredentials> {
        let domain = self.config.domain.as_deref().unwrap_or("Default");
        let domain = serde_json::json!({ "name": domain });
        let mut asked = serde_json::json!({ "auth": { "identity": {
            "methods": ["password"],
            "password": { "user": {
                "name": username.expose(), "domain": domain, "password": password.expose(),
            } },
        } } });
        if let Some(project) = &self.config.project {
            asked["auth"]["scope"] =
                serde_json::json!({ "project": { "name": project, "domain": domain } });
        }
        let body = Full::from(asked.to_string());
        let request = Request::post(format!("{url}/auth/tokens"))
            .header(CONTENT_TYPE, "application/json")
            .body(body);
        let answer = self.send(action, request).await?;
        let Some(token) = answer.headers().get(SUBJECT_TOKEN) else {
            return Err(none(action, "Keystone's answer names no token"));
        };
        if let Some(place) = &self.config.endpoint {
            return self.with(action, place, token.as_bytes());
        }
        let granted = serde_json::from_slice::<Granted>(answer.body());
        let granted = granted.map_err(|_| none(action, "Keystone's answer makes no sense"))?;
        match granted.place(self.config.region.as_deref()) {
            Some(place) => self.with(action, &place, token.as_bytes()),
            None => Err(none(
                action,
                "Keystone's catalog has no public endpoint of type object-store (in this region): give it as `endpoint`",
            )),
        }
    }

    async fn send(
        &self,
        action: &str,
        request: http::Result<Request<Full<Bytes>>>,
    ) -> Result<Response<Vec<u8>>, NoCredentials> {
        let request = request.map_err(|_| none(action, "the log-in cannot be asked for"))?;
        let answer = self.http.connections().send(request).await;
        let answer = answer.map_err(|cause| NoCredentials {
            error: BackendError::new(
                FailureKind::Connect,
                action,
                "who hands out tokens cannot be reached",
            )
            .with_advice("see whether `auth_url` can be reached from here")
            .with_source(chain(&*cause)),
            is_worth_a_retry: true,
        })?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let reason = format!("who hands out tokens says {}", status.as_u16());
        let kind = match status.as_u16() {
            429 => FailureKind::Throttled,
            500..=599 => FailureKind::Unavailable,
            _ => return Err(none(action, &reason)),
        };
        Err(NoCredentials {
            error: BackendError::new(kind, action, reason),
            is_worth_a_retry: true,
        })
    }

    fn with(&self, action: &str, url: &str, token: &[u8]) -> Result<Session, NoCredentials> {
        let token = HeaderValue::from_bytes(token);
        let mut token = token.map_err(|_| none(action, "the token cannot be sent"))?;
        token.set_sensitive(true);
        Ok(Session {
            url: url.trim_end_matches('/').to_owned(),
            token,
            since: Instant::now(),
        })
    }
}

fn sensitive(action: &str, secret: &Secret) -> Result<HeaderValue, NoCredentials> {
    let value = HeaderValue::from_str(secret.expose());
    let mut value = value.map_err(|_| none(action, "what is logged in with cannot be sent"))?;
    value.set_sensitive(true);
    Ok(value)
}

fn none(action: &str, reason: &str) -> NoCredentials {
    let error = BackendError::new(FailureKind::Credentials, action, reason);
    NoCredentials::lasting(error.with_advice(ADVICE))
}

/// Of Keystone's answer.
#[derive(Deserialize)]
struct Granted {
    token: GrantedToken,
}

#[derive(Deserialize)]
struct GrantedToken {
    #[serde(default)]
    catalog: Vec<CatalogEntry>,
}

#[derive(Deserialize)]
struct CatalogEntry {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    endpoints: Vec<CatalogEndpoint>,
}

#[derive(Deserialize)]
struct CatalogEndpoint {
    interface: String,
    url: String,
    region: Option<String>,
}

impl Granted {
    fn place(&self, region: Option<&str>) -> Option<String> {
        let stores = self
            .token
            .catalog
            .iter()
            .filter(|of| of.kind == "object-store");
        let mut endpoints = stores.flat_map(|store| &store.endpoints);
        let fits = |of: &&CatalogEndpoint| {
            of.interface == "public" && (region.is_none() || of.region.as_deref() == region)
        };
        endpoints.find(fits).map(|of| of.url.clone())
    }
}
