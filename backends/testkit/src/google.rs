use std::process::Command;
use std::sync::LazyLock;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use ring::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};

use crate::Faults;
use crate::proxy::Relay;
use crate::web::{Service, Web};

/// What stands before a store that lets everybody in, and asks who it is as Google documents it: by a
/// token that a service account's key has signed, or one of the machine's metadata server, which it
/// is, too.
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
    /// What the machine's metadata server hands out.
    pub const TOKEN: &str = "ya29.token-of-the-machine-of-the-tests";

    /// Starts it before the store at `endpoint` (http).
    pub fn start(endpoint: &str) -> Self {
        LazyLock::force(&KEYS);
        let gate = Gate(Relay::to(endpoint));
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

#[derive(Clone)]
struct Gate(Relay);

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
        let token = header("authorization");
        let token = token.as_deref().map(|text| text.strip_prefix("Bearer "));
        let is_public = request.uri().path() == format!("/storage/v1/b/{}/o", Google::PUBLIC);
        match token {
            None if is_public => self.0.answer(request).await,
            None => refused(
                StatusCode::UNAUTHORIZED,
                "required",
                "Anonymous caller does not have storage.objects.list access to the Google Cloud Storage bucket.",
            ),
            Some(Some(Google::TOKEN)) => self.0.answer(request).await,
            Some(token) => match token.and_then(account_of).as_deref() {
                Some(Google::WATCHER) => self.0.answer(request).await,
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
