use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::Faults;
use crate::web::{Service, Web};

/// What hands out tokens in Azure: Entra ID to applications, and a machine's own service to whatever
/// runs there. Azurite takes them; it looks at what they say and not at their signature.
pub struct Entra {
    web: Web,
}

impl Entra {
    /// The directory.
    pub const TENANT: &str = "tenant-of-the-tests";
    /// The application in it.
    pub const CLIENT: &str = "application-of-the-tests";
    /// The application's secret.
    pub const SECRET: &str = "secret-of-the-application";
    /// The token of the pod that may act for the application.
    pub const FEDERATED: &str = "token-of-the-pod-of-the-tests";
    /// How each access token begins: nothing of one is to be seen anywhere.
    pub const TOKEN: &str = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.";

    /// Starts it.
    pub fn start() -> Self {
        Self {
            web: Web::start(Tokens, Faults::default(), None),
        }
    }

    /// `authority_host`.
    pub fn authority(&self) -> String {
        self.web.endpoint()
    }

    /// `IDENTITY_ENDPOINT` of a machine.
    pub fn identity_endpoint(&self) -> String {
        format!("{}/identity", self.web.endpoint())
    }
}

#[derive(Clone)]
struct Tokens;

impl Service for Tokens {
    async fn answer(&self, request: Request<Incoming>) -> Response<Bytes> {
        let path = request.uri().path().to_owned();
        let query = pairs(request.uri().query().unwrap_or_default());
        let is_of_machine = request.headers().get("metadata").is_some();
        let body = request.into_body().collect().await.unwrap().to_bytes();
        let form = pairs(std::str::from_utf8(&body).unwrap());
        let is = |pairs: &BTreeMap<String, String>, name: &str, value: &str| {
            pairs.get(name).is_some_and(|own| own == value)
        };
        if path == "/identity" {
            let good = is_of_machine && is(&query, "resource", "https://storage.azure.com");
            return match good {
                true => {
                    ok(&json!({"access_token": token(), "expires_on": (now() + 3600).to_string()}))
                }
                false => refused("invalid_request", "Identity not found"),
            };
        }
        let good = path == format!("/{}/oauth2/v2.0/token", Entra::TENANT)
            && is(&form, "client_id", Entra::CLIENT)
            && is(&form, "scope", "https://storage.azure.com/.default")
            && (is(&form, "client_secret", Entra::SECRET)
                || is(&form, "client_assertion", Entra::FEDERATED));
        match good {
            true => {
                ok(&json!({"token_type": "Bearer", "expires_in": 3599, "access_token": token()}))
            }
            false => refused(
                "invalid_client",
                "AADSTS7000215: Invalid client secret provided.\r\nTrace ID: 1",
            ),
        }
    }
}

fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

fn token() -> String {
    let claims = json!({
        "aud": "https://storage.azure.com",
        "iss": "https://sts.windows.net/11111111-1111-1111-1111-111111111111/",
        "iat": now(),
        "nbf": now() - 10,
        "exp": now() + 3600,
    });
    use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
    let claims = BASE64_URL_SAFE_NO_PAD.encode(claims.to_string());
    format!("{}{claims}.c2lnbmF0dXJl", Entra::TOKEN)
}

/// Of a form or a query.
fn pairs(text: &str) -> BTreeMap<String, String> {
    let decode = |text: &str| {
        let text = text.replace('+', " ");
        percent_decode_str(&text)
            .decode_utf8()
            .unwrap()
            .into_owned()
    };
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

fn ok(document: &Value) -> Response<Bytes> {
    Response::new(Bytes::from(document.to_string()))
}

fn refused(error: &str, description: &str) -> Response<Bytes> {
    let mut answer = ok(&json!({"error": error, "error_description": description}));
    *answer.status_mut() = StatusCode::UNAUTHORIZED;
    answer
}
