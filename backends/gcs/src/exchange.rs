//! Tokens of persons and of federated identities, which the library asks for at one address or not at all: by RFC 6749,
//! 6, and by RFC 8693.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http_body_util::Full;
use object_store::gcp::GcpCredential;
use percent_encoding::utf8_percent_encode;
use s3_exporter_api::{BackendError, FailureKind};
use s3_exporter_cloud::{AccessToken, NoCredentials, TokenFailure, ask_for_token};
use s3_exporter_config::{Secret, file};
use s3_exporter_transport::HttpClients;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::document::{Federated, Person, Source};
use crate::list::TEXT;

/// Another token is asked for so long before one ends.
const BEFORE: Duration = Duration::from_secs(240);
const SCOPE: &str = "https://www.googleapis.com/auth/devstorage.read_only";
/// What it takes to act in the place of a service account.
const SCOPE_OF_ACCOUNTS: &str = "https://www.googleapis.com/auth/cloud-platform";

/// Who asks.
#[derive(Debug)]
pub enum Asker {
    Person(Person),
    Federated(Federated),
}

/// Asks for a token, and again before it ends.
pub struct Exchange {
    asker: Asker,
    http: Arc<HttpClients>,
    /// And until when it is used.
    current: Mutex<Option<(Arc<GcpCredential>, Instant)>>,
}

impl Exchange {
    /// One that has not asked yet.
    pub fn new(asker: Asker, http: Arc<HttpClients>) -> Self {
        Self {
            asker,
            http,
            current: Mutex::default(),
        }
    }

    /// The token of now. `action` is what it is for, `advice` what to do where there is none.
    ///
    /// # Errors
    /// There is none.
    pub async fn get(
        &self,
        action: &str,
        advice: &'static str,
    ) -> Result<Arc<GcpCredential>, NoCredentials> {
        let mut current = self.current.lock().await;
        if let Some((credential, until)) = &*current
            && Instant::now() < *until
        {
            return Ok(Arc::clone(credential));
        }
        let token = match &self.asker {
            Asker::Person(person) => self.of_person(person).await,
            Asker::Federated(federated) => {
                let subject = self.subject(federated).await?;
                self.of_federated(federated, &subject).await
            }
        };
        let token = token.map_err(|failure| failure.into_none(action, advice))?;
        let used = token.lasts.saturating_sub(BEFORE.min(token.lasts / 2));
        let bearer = token.token.expose().to_owned();
        let credential = Arc::new(GcpCredential { bearer });
        *current = Some((Arc::clone(&credential), Instant::now() + used));
        Ok(credential)
    }

    async fn of_person(&self, person: &Person) -> Result<AccessToken, TokenFailure> {
        let body = form(&[
            ("grant_type", "refresh_token"),
            ("client_id", &person.client_id),
            ("client_secret", person.client_secret.expose()),
            ("refresh_token", person.refresh_token.expose()),
        ]);
        ask_for_token(&self.http, post(&person.token_uri, FORM, body, None)?).await
    }

    async fn of_federated(
        &self,
        of: &Federated,
        subject: &Secret,
    ) -> Result<AccessToken, TokenFailure> {
        let scope = match of.impersonation_url {
            Some(_) => SCOPE_OF_ACCOUNTS,
            None => SCOPE,
        };
        let body = form(&[
            (
                "grant_type",
                "urn:ietf:params:oauth:grant-type:token-exchange",
            ),
            ("audience", &of.audience),
            ("scope", scope),
            (
                "requested_token_type",
                "urn:ietf:params:oauth:token-type:access_token",
            ),
            ("subject_token_type", &of.subject_token_type),
            ("subject_token", subject.expose()),
        ]);
        let token = ask_for_token(&self.http, post(&of.token_url, FORM, body, None)?).await?;
        let Some(url) = &of.impersonation_url else {
            return Ok(token);
        };
        let body = json!({"scope": [SCOPE]}).to_string();
        ask_for_token(&self.http, post(url, JSON, body, Some(&token.token))?).await
    }

    /// The token of the other provider, as it is now.
    async fn subject(&self, of: &Federated) -> Result<Secret, NoCredentials> {
        let (place, text) = match &of.source {
            Source::File(path) => {
                let place = format!("the file {}", path.display());
                let no = |why: &str| none(&format!("reading the token in {place}"), why);
                let text = file::read(path, file::MAX_FILE)
                    .map_err(|cause| no(&file::reason(&cause).to_string()))?;
                (place, text.to_vec())
            }
            Source::Url(url, headers) => {
                let host = url.parse::<http::Uri>().ok();
                let host = host.as_ref().and_then(http::Uri::host).unwrap_or_default();
                let place = format!("the answer of {host}");
                let no = |why: &str| none(&format!("asking {host} for a token"), why);
                let mut request = Request::get(url);
                for (name, value) in headers {
                    request = request.header(name, value.expose());
                }
                let request = request.body(Full::default());
                let request = request.map_err(|_| no("no request can be made of it"))?;
                let answer = self.http.connections().send(request).await;
                let answer = answer.map_err(|cause| no(&s3_exporter_api::chain(&*cause)))?;
                if !answer.status().is_success() {
                    return Err(no(&format!("it says {}", answer.status().as_u16())));
                }
                (place, answer.into_body())
            }
        };
        let no = |why: &str| none(&format!("reading the token in {place}"), why);
        let token = match &of.field {
            None => String::from_utf8(text).ok(),
            Some(field) => {
                let document: Value = serde_json::from_slice(&text)
                    .map_err(|_| no("it is no JSON, which its `format` says"))?;
                document[field].as_str().map(str::to_owned)
            }
        };
        let token = token.map(|token| token.trim().to_owned());
        let token = token.filter(|token| !token.is_empty());
        token.map(Secret::new).ok_or_else(|| no("there is none"))
    }
}

fn none(action: &str, why: &str) -> NoCredentials {
    NoCredentials::lasting(BackendError::new(FailureKind::Credentials, action, why).with_advice(
        "see that whoever hands out the tokens that `credential_source` of `credentials_file` names does so",
    ))
}

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

fn form(pairs: &[(&str, &str)]) -> String {
    let pairs = pairs
        .iter()
        .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, TEXT)));
    pairs.collect::<Vec<_>>().join("&")
}

fn post(
    url: &str,
    kind: &'static str,
    body: String,
    bearer: Option<&Secret>,
) -> Result<Request<Full<Bytes>>, TokenFailure> {
    let mut request = Request::post(url).header(CONTENT_TYPE, kind);
    if let Some(token) = bearer {
        let value = format!("Bearer {}", token.expose());
        let mut value = HeaderValue::try_from(value).map_err(|_| TokenFailure::Nonsense)?;
        value.set_sensitive(true);
        request = request.header(AUTHORIZATION, value);
    }
    let request = request.body(Full::new(Bytes::from(body)));
    request.map_err(|_| TokenFailure::Nonsense)
}
