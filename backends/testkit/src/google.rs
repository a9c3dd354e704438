use std::process::Command;
use std::sync::{Arc, LazyLock};

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use percent_encoding::percent_decode_str;
use ring::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};

use crate::openid::Trust;
use crate::proxy::Relay;
use crate::web::{Service, Web};
use crate::{Faults, OpenId};

/// What stands before a store that lets everybody in, and asks who it is as Google documents it: by a
/// token that a service account's key has signed, or one that it hands out: as the machine's metadata
/// server, to persons, and to whom a provider knows that it trusts. It has all these addresses in one.
pub struct Google {
    web: Web,
}

/// PEM. Made by OpenSSL, as ring makes none of this kind.
static KEYS: LazyLock<[String; 2]> = LazyLock::new(|| {
    let key = || {
        let arguments = "genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048";
        let made = Command::new("openssl").args(arguments.split(' ')).output();
        let made = made.expect("openssl is missing: install it");
        assert!(made.status.success(), "openssl: {made:?}");
        String::from_utf8(made.stdout).unwrap()
    };
    [key(), key()]
});

const KEY_ID: &str = "key-of-the-tests";

impl Google {
    /// A service account that may list.
    pub const WATCHER: &str = "watcher@tests.iam.gserviceaccount.com";
    /// One that may not.
    pub const STRANGER: &str = "stranger@tests.iam.gserviceaccount.com";
    /// A bucket that is open to all.
    pub const PUBLIC: &str = "public";
    /// What a person may list with.
    pub const REFRESH: &str = "1//refresh-token-of-the-tests";
    /// Whom the trusted provider must name so that it may list, or act for [`Self::WATCHER`].
    pub const SUBJECT: &str = "system:serviceaccount:monitoring:s3-exporter";
    /// What the machine's metadata server hands out.
    pub const TOKEN: &str = "ya29.token-of-the-machine-of-the-tests";

    /// Starts it before the store at `endpoint` (http), with a provider of identities that it trusts.
    pub fn start(endpoint: &str, trusted: &OpenId) -> Self {
        LazyLock::force(&KEYS);
        let gate = Gate {
            store: Relay::to(endpoint),
            trust: Arc::new(trusted.trust()),
        };
        Self {
            web: Web::start(gate, Faults::default(), None),
        }
    }

    /// Its address, to be used instead of the store's.
    pub fn endpoint(&self) -> String {
        self.web.endpoint()
    }

    /// `GCE_METADATA_HOST` of a machine.
    pub fn metadata_host(&self) -> String {
        self.endpoint().replace("http://", "")
    }

    /// A key of a service account, as Google's console gives it.
    pub fn key_of(account: &str) -> String {
        document(account, &KEYS[0])
    }

    /// A login of a person, as `gcloud` leaves it; one who may list has [`Self::REFRESH`].
    pub fn login_with(&self, refresh_token: &str) -> String {
        let document = json!({
            "type": "authorized_user",
            "client_id": "tests.apps.googleusercontent.com",
            "client_secret": CLIENT_SECRET,
            "refresh_token": refresh_token,
            "token_uri": format!("{}/token", self.endpoint()),
            "universe_domain": "googleapis.com",
        });
        document.to_string()
    }

    /// A federated identity whose tokens are at `source`; in the place of an account, if there is one.
    pub fn federated(&self, source: &Value, account: Option<&str>) -> String {
        let mut document = json!({
            "type": "external_account",
            "audience": AUDIENCE,
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": format!("{}/v1/token", self.endpoint()),
            "credential_source": source,
        });
        if let Some(account) = account {
            let url = format!("{}{ACCOUNTS}{account}{GENERATE}", self.endpoint());
            document["service_account_impersonation_url"] = url.into();
        }
        document.to_string()
    }

    /// The same, after it was taken from the account.
    pub fn deleted_key_of(account: &str) -> String {
        document(account, &KEYS[1])
    }
}

fn document(account: &str, key: &str) -> String {
    let document = json!({
        "type": "service_account",
        "project_id": "tests",
        "private_key_id": KEY_ID,
        "private_key": key,
        "client_email": account,
        "client_id": "100000000000000000000",
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": "https://oauth2.googleapis.com/token",
        "universe_domain": "googleapis.com",
    });
    serde_json::to_string_pretty(&document).unwrap()
}

const CLIENT_SECRET: &str = "client-secret-of-the-tests";
const AUDIENCE: &str =
    "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/tests/providers/tests";
const ACCOUNTS: &str = "/v1/projects/-/serviceAccounts/";
const GENERATE: &str = ":generateAccessToken";
/// What is handed out to persons, to federated identities, and to these for an account.
const OF_PERSONS: &str = "ya29.token-of-a-person-of-the-tests";
const FEDERATED: &str = "ya29.d.token-of-the-federation-of-the-tests";
const OF_ACCOUNTS: &str = "ya29.c.token-of-an-account-of-the-tests";

#[derive(Clone)]
struct Gate {
    store: Relay,
    trust: Arc<Trust>,
}

impl Gate {
    /// Hands out a token for a form, as OAuth 2 has it.
    fn token(&self, path: &str, body: &str) -> Response<Bytes> {
        let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
        let pairs = pairs.map(|(name, value)| (decode(name), decode(value)));
        let fields: std::collections::BTreeMap<_, _> = pairs.collect();
        let is = |name: &str, value: &str| fields.get(name).is_some_and(|field| field == value);
        let granted = match path {
            "/token" => {
                let is_good = is("grant_type", "refresh_token")
                    && is("client_secret", CLIENT_SECRET)
                    && is("refresh_token", Google::REFRESH);
                is_good.then_some(OF_PERSONS)
            }
            _ => {
                let subject = fields.get("subject_token").map_or("", String::as_str);
                let is_good = is(
                    "grant_type",
                    "urn:ietf:params:oauth:grant-type:token-exchange",
                ) && is("audience", AUDIENCE)
                    && is(
                        "requested_token_type",
                        "urn:ietf:params:oauth:token-type:access_token",
                    )
                    && self.trust.subject_of(subject).as_deref() == Some(Google::SUBJECT);
                is_good.then_some(FEDERATED)
            }
        };
        match granted {
            Some(token) => answer(
                StatusCode::OK,
                &json!({"access_token": token, "expires_in": 3599, "token_type": "Bearer"}),
            ),
            None => answer(
                StatusCode::BAD_REQUEST,
                &json!({"error": "invalid_grant", "error_description": "Token has been expired or revoked."}),
            ),
        }
    }
}

impl Service for Gate {
    async fn answer(&self, request: Request<Incoming>) -> Response<Bytes> {
        let header = |name: &str| {
            let value = request.headers().get(name)?;
            value.to_str().ok().map(str::to_owned)
        };
        if request.uri().path() == "/computeMetadata/v1/instance/service-accounts/default/token" {
            return match header("metadata-flavor").as_deref() {
                Some("Google") => answer(
                    StatusCode::OK,
                    &json!({"access_token": Google::TOKEN, "expires_in": 3599, "token_type": "Bearer"}),
                ),
                _ => answer(StatusCode::FORBIDDEN, &json!({"error": "Missing header"})),
            };
        }
        let path = request.uri().path().to_owned();
        if request.method() == http::Method::POST {
            let bearer = header("authorization");
            let body = request.into_body().collect().await.unwrap().to_bytes();
            if path.starts_with(ACCOUNTS) && path.ends_with(GENERATE) {
                let is_good = bearer.as_deref() == Some(&*format!("Bearer {FEDERATED}"))
                    && path.contains(Google::WATCHER);
                let ends = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(3600);
                return match is_good {
                    true => answer(
                        StatusCode::OK,
                        &json!({"accessToken": OF_ACCOUNTS, "expireTime": ends.to_string()}),
                    ),
                    false => answer(
                        StatusCode::FORBIDDEN,
                        &json!({"error": {"code": 403, "message": "Permission 'iam.serviceAccounts.getAccessToken' denied", "status": "PERMISSION_DENIED"}}),
                    ),
                };
            }
            return self.token(&path, std::str::from_utf8(&body).unwrap());
        }
        let token = header("authorization");
        let token = token.as_deref().map(|text| text.strip_prefix("Bearer "));
        let is_public = request.uri().path() == format!("/storage/v1/b/{}/o", Google::PUBLIC);
        match token {
            None if is_public => self.store.answer(request).await,
            None => refused(
                StatusCode::UNAUTHORIZED,
                "required",
                "Anonymous caller does not have storage.objects.list access to the Google Cloud Storage bucket.",
            ),
            Some(Some(Google::TOKEN | OF_PERSONS | FEDERATED | OF_ACCOUNTS)) => {
                self.store.answer(request).await
            }
            Some(token) => match token.and_then(account_of).as_deref() {
                Some(Google::WATCHER) => self.store.answer(request).await,
                Some(Google::STRANGER) => refused(
                    StatusCode::FORBIDDEN,
                    "forbidden",
                    &format!(
                        "{} does not have storage.objects.list access to the Google Cloud Storage bucket. Permission 'storage.objects.list' denied on resource (or it may not exist).",
                        Google::STRANGER
                    ),
                ),
                _ => refused(StatusCode::UNAUTHORIZED, "authError", "Invalid Credentials"),
            },
        }
    }
}

/// Whose token it is, where it is good: <https://google.aip.dev/auth/4111>
fn account_of(token: &str) -> Option<String> {
    let (signed, signature) = token.rsplit_once('.')?;
    let (head, claims) = signed.split_once('.')?;
    let decode = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).ok();
    let read = |text: &str| serde_json::from_slice::<Value>(&decode(text)?).ok();
    let (head, claims) = (read(head)?, read(claims)?);
    let der = PrivatePkcs8KeyDer::from_pem_slice(KEYS[0].as_bytes()).unwrap();
    let key = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).unwrap();
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public_key().as_ref());
    key.verify(signed.as_bytes(), &decode(signature)?).ok()?;
    let now = jiff::Timestamp::now().as_second();
    let number = |name: &str| claims[name].as_i64();
    let (from, to) = (number("iat")?, number("exp")?);
    let scope = claims["scope"].as_str()?;
    let is_good = head["alg"] == "RS256"
        && head["kid"] == KEY_ID
        && claims["iss"] == claims["sub"]
        && scope.starts_with("https://www.googleapis.com/auth/")
        && to - from <= 3600
        && (from - 60..to).contains(&now);
    is_good.then(|| claims["iss"].as_str().map(str::to_owned))?
}

fn answer(status: StatusCode, document: &Value) -> Response<Bytes> {
    let mut answer = Response::new(Bytes::from(document.to_string()));
    *answer.status_mut() = status;
    answer
}

fn refused(status: StatusCode, reason: &str, message: &str) -> Response<Bytes> {
    answer(status, &google_error(status.as_u16(), reason, message))
}

/// An error as Google writes it.
pub(crate) fn google_error(status: u16, reason: &str, message: &str) -> Value {
    json!({"error": {
        "code": status,
        "message": message,
        "errors": [{"message": message, "domain": "global", "reason": reason}],
    }})
}
