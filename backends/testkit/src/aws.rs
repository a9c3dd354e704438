//! Where the AWS SDK looks for credentials, as AWS documents these services.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use reqwest::{Client, Url};
use serde_json::json;

use crate::s3_client::http_client;
use crate::web::{Service, Web};
use crate::{Faults, Session};

/// Stands for the services of AWS that hand out credentials: the STS, the services for
/// containers and instances, the portal of IAM Identity Center. The credentials are real:
/// those that it was given, and for the STS those of MinIO, which also checks what was sent.
pub struct Aws {
    web: Web,
    state: Arc<Mutex<State>>,
}

/// A request that it got.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Such as `GET`.
    pub method: Method,
    /// The path.
    pub path: String,
    /// The headers.
    pub headers: HeaderMap,
    /// What the query and the form in the body say.
    pub form: BTreeMap<String, String>,
    /// What was answered.
    pub status: StatusCode,
    /// The body of the answer.
    pub answer: String,
}

#[derive(Default)]
struct State {
    session: Option<Session>,
    authorization: String,
    external_id: Option<String>,
    spoilt: bool,
    asked: Vec<Asked>,
}

impl Aws {
    /// What Identity Center hands out for a refresh token.
    pub const SSO_TOKEN: &str = "sso-access-token-renewed";
    /// What instances need for each question after the first.
    pub const INSTANCE_TOKEN: &str = "token-of-the-instance";
    /// The role of the instance.
    pub const INSTANCE_ROLE: &str = "role-of-the-instance";

    /// Starts it; its STS passes on to the one at `sts`.
    pub fn start(sts: &str) -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let services = Services {
            state: Arc::clone(&state),
            http: http_client(None),
            sts: sts.to_owned(),
        };
        let web = Web::start(services, Faults::default(), None);
        Self { web, state }
    }

    /// Its address.
    pub fn endpoint(&self) -> String {
        self.web.endpoint()
    }

    /// What containers, instances and the portal get from now on; `None` is a failure.
    pub fn hand_out(&self, session: Option<&Session>) {
        self.state().session = session.cloned();
    }

    /// What containers and the portal's clients have to show.
    pub fn want_authorization(&self, text: &str) {
        self.state().authorization = text.to_owned();
    }

    /// What has to be said to assume a role.
    pub fn want_external_id(&self, id: &str) {
        self.state().external_id = Some(id.to_owned());
    }

    /// Makes nonsense of every answer, or does not.
    pub fn spoil(&self, spoilt: bool) {
        self.state().spoilt = spoilt;
    }

    /// All requests so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.state().asked.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Clone)]
struct Services {
    state: Arc<Mutex<State>>,
    http: Client,
    sts: String,
}

impl Service for Services {
    async fn answer(&self, request: Request<Incoming>) -> Response<Bytes> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let path = parts.uri.path().to_owned();
        let mut asked = Asked {
            method: parts.method,
            form: form(parts.uri.query().unwrap_or_default(), &body),
            headers: parts.headers,
            path,
            status: StatusCode::OK,
            answer: String::new(),
        };
        let (status, mut text) = match asked.path.as_str() {
            "/" => self.sts(&asked, body).await,
            path if path.starts_with("/latest/") => self.instance(&asked),
            _ => self.others(&asked),
        };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.spoilt {
            // The SDK takes XML that is cut short.
            text = text.replace("</SecretAccessKey>", "</Nonsense>");
            let end = if text.starts_with('{') {
                text.len() * 3 / 4
            } else {
                text.len()
            };
            text.truncate(end);
        }
        (asked.status, asked.answer) = (status, text.clone());
        let mut response = Response::new(Bytes::from(text));
        *response.status_mut() = status;
        if asked.path == "/latest/api/token" {
            let ttl = http::HeaderValue::from_static("21600");
            let name = "x-aws-ec2-metadata-token-ttl-seconds";
            response.headers_mut().insert(name, ttl);
        }
        state.asked.push(asked);
        response
    }
}

impl Services {
    /// A real STS checks the signature, or the token, and makes the session. That the
    /// external id is the right one is ours to check, as MinIO knows none.
    async fn sts(&self, asked: &Asked, body: Bytes) -> (StatusCode, String) {
        let wanted = {
            let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.external_id.clone()
        };
        if wanted.as_ref() != asked.form.get("ExternalId") {
            let text = "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error>\
                <Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized to perform: \
                sts:AssumeRole</Message></Error><RequestId>TEST</RequestId></ErrorResponse>";
            return (StatusCode::FORBIDDEN, text.to_owned());
        }
        if let Some(token) = asked.headers.get("x-amz-security-token") {
            // As AWS has it where a signature is wrong: with the request as it should be.
            let text = format!(
                "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error>\
                 <Type>Sender</Type><Code>SignatureDoesNotMatch</Code><Message>The request \
                 signature we calculated does not match the signature you provided.\n\n\
                 The Canonical String for this request should have been\n'POST\n/\n\n\
                 x-amz-security-token:{}'</Message></Error>\
                 <RequestId>TEST</RequestId></ErrorResponse>",
                token.to_str().unwrap()
            );
            return (StatusCode::FORBIDDEN, text);
        }
        let mut headers = asked.headers.clone();
        headers.remove("content-length");
        let sent = self
            .http
            .post(&self.sts)
            .headers(headers)
            .body(body)
            .send()
            .await
            .unwrap();
        let status = sent.status();
        // MinIO names no user, and the SDK's own providers want one.
        let arn = "<Arn>arn:aws:sts::123456789012:assumed-role/role/session</Arn>";
        let text = sent.text().await.unwrap();
        assert!(
            text.contains("<Arn></Arn>") || !text.contains("<Arn>"),
            "{text}"
        );
        (status, text.replace("<Arn></Arn>", arn))
    }

    /// IMDSv2: a token first, and with it everything else.
    fn instance(&self, asked: &Asked) -> (StatusCode, String) {
        let roles = "/latest/meta-data/iam/security-credentials/";
        let token = asked.headers.get("x-aws-ec2-metadata-token");
        match (&asked.method, asked.path.as_str()) {
            (&Method::PUT, "/latest/api/token") => {
                let ttl = asked.headers.get("x-aws-ec2-metadata-token-ttl-seconds");
                match ttl {
                    Some(_) => (StatusCode::OK, Aws::INSTANCE_TOKEN.to_owned()),
                    None => (StatusCode::BAD_REQUEST, String::new()),
                }
            }
            _ if token.is_none_or(|token| token != Aws::INSTANCE_TOKEN) => {
                (StatusCode::UNAUTHORIZED, String::new())
            }
            (&Method::GET, path) if path == roles => {
                (StatusCode::OK, Aws::INSTANCE_ROLE.to_owned())
            }
            (&Method::GET, path) if path == format!("{roles}{}", Aws::INSTANCE_ROLE) => {
                self.session(|session| session.metadata().to_string())
            }
            _ => (StatusCode::NOT_FOUND, String::new()),
        }
    }

    fn others(&self, asked: &Asked) -> (StatusCode, String) {
        let shown = |name: &str| {
            let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let shown = asked.headers.get(name);
            shown.is_some_and(|shown| shown == state.authorization.as_str())
        };
        match (&asked.method, asked.path.as_str()) {
            (&Method::GET, "/v1/credentials") if shown("authorization") => {
                self.session(|session| session.metadata().to_string())
            }
            (&Method::GET, "/federation/credentials") if shown("x-amz-sso_bearer_token") => {
                self.session(|session| session.of_portal().to_string())
            }
            (&Method::POST, "/token") => {
                let token = json!({
                    "accessToken": Aws::SSO_TOKEN, "expiresIn": 3600, "tokenType": "Bearer",
                });
                (StatusCode::OK, token.to_string())
            }
            (_, "/v1/credentials" | "/federation/credentials") => {
                let text = r#"{"message": "that is not the token"}"#;
                (StatusCode::UNAUTHORIZED, text.to_owned())
            }
            _ => (StatusCode::NOT_FOUND, String::new()),
        }
    }

    fn session(&self, text: impl Fn(&Session) -> String) -> (StatusCode, String) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match &state.session {
            Some(session) => (StatusCode::OK, text(session)),
            None => (StatusCode::INTERNAL_SERVER_ERROR, String::new()),
        }
    }
}

/// What a query and a form say; a body in JSON says what its strings say.
fn form(query: &str, body: &[u8]) -> BTreeMap<String, String> {
    let body = String::from_utf8_lossy(body);
    if let Ok(serde_json::Value::Object(values)) = serde_json::from_str(&body) {
        let texts = values.into_iter();
        return texts
            .filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())))
            .collect();
    }
    let pairs = Url::parse(&format!("http://form/?{query}&{body}")).unwrap();
    pairs.query_pairs().into_owned().collect()
}
