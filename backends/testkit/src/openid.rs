use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair,
    UnparsedPublicKey,
};
use serde_json::{Value, json};

use crate::Faults;
use crate::web::{Service, Web};

/// An OpenID provider that MinIO can trust: it publishes its key, and signs tokens of whom
/// one likes.
pub struct OpenId {
    web: Web,
    key: Arc<EcdsaKeyPair>,
}

impl OpenId {
    /// The client that its tokens are for.
    pub const CLIENT: &str = "s3-exporter-test";

    /// Starts one.
    pub fn start() -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let secret = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(algorithm, secret.as_ref(), &random).unwrap();
        let key = Arc::new(key);
        let web = Web::start(Documents(Arc::clone(&key)), Faults::default(), None);
        Self { web, key }
    }

    /// Where its description lies: MinIO's `MINIO_IDENTITY_OPENID_CONFIG_URL`.
    pub fn config_url(&self) -> String {
        format!("{}/.well-known/openid-configuration", self.web.endpoint())
    }

    /// The role that MinIO makes for its client, where `MINIO_IDENTITY_OPENID_ROLE_POLICY` is set.
    pub fn role_arn() -> String {
        let algorithm = &ring::digest::SHA1_FOR_LEGACY_USE_ONLY;
        let hash = ring::digest::digest(algorithm, Self::CLIENT.as_bytes());
        format!("arn:minio:iam:::role/{}", encode(hash.as_ref()))
    }

    pub(crate) fn trust(&self) -> Trust {
        Trust(Arc::clone(&self.key))
    }

    /// A token of `subject` that is good for so many seconds. A session that MinIO gives
    /// for it ends with it.
    pub fn token(&self, subject: &str, seconds: i64) -> String {
        token(&self.key, &self.web.endpoint(), subject, seconds)
    }

    /// Where it hands out tokens of `subject` for an hour, as `id_token` of a JSON document, to whom asks
    /// with the header `Metadata: true`.
    pub fn token_url(&self, subject: &str) -> String {
        format!("{}{IDENTITY}{subject}", self.web.endpoint())
    }
}

const IDENTITY: &str = "/identity/";

fn token(key: &EcdsaKeyPair, issuer: &str, subject: &str, seconds: i64) -> String {
    let now = jiff::Timestamp::now().as_second();
    let head = json!({"alg": "ES256", "kid": KEY_ID, "typ": "JWT"});
    let claims = json!({
        "iss": issuer,
        "sub": subject,
        "aud": OpenId::CLIENT,
        "iat": now,
        "exp": now + seconds,
    });
    let text = format!("{}.{}", encode_json(&head), encode_json(&claims));
    let signature = key.sign(&SystemRandom::new(), text.as_bytes()).unwrap();
    format!("{text}.{}", encode(signature.as_ref()))
}

/// Whose good token of this provider it is.
pub(crate) struct Trust(Arc<EcdsaKeyPair>);

impl Trust {
    pub(crate) fn subject_of(&self, token: &str) -> Option<String> {
        use base64::Engine;
        let decode = |text: &str| base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(text).ok();
        let (signed, signature) = token.rsplit_once('.')?;
        let claims = decode(signed.split_once('.')?.1)?;
        let claims: Value = serde_json::from_slice(&claims).ok()?;
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, self.0.public_key().as_ref());
        key.verify(signed.as_bytes(), &decode(signature)?).ok()?;
        let lasts = claims["exp"].as_i64()? > jiff::Timestamp::now().as_second();
        lasts.then(|| claims["sub"].as_str().map(str::to_owned))?
    }
}

const KEY_ID: &str = "the-only-key";

#[derive(Clone)]
struct Documents(Arc<EcdsaKeyPair>);

impl Service for Documents {
    async fn answer(&self, request: Request<Incoming>) -> Response<Bytes> {
        let host = request.headers()["host"].to_str().unwrap();
        let issuer = format!("http://{host}");
        let document = match request.uri().path() {
            "/.well-known/openid-configuration" => json!({
                "issuer": issuer,
                "authorization_endpoint": format!("{issuer}/authorize"),
                "token_endpoint": format!("{issuer}/token"),
                "jwks_uri": format!("{issuer}/keys"),
                "response_types_supported": ["id_token"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["ES256"],
            }),
            "/keys" => {
                // One byte says that the point is not compressed; then x and y.
                let point = &self.0.public_key().as_ref()[1..];
                let (x, y) = point.split_at(point.len() / 2);
                json!({"keys": [{
                    "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": KEY_ID,
                    "x": encode(x), "y": encode(y),
                }]})
            }
            path if path.starts_with(IDENTITY) => {
                let is_asked = request.headers().get("metadata");
                assert!(
                    is_asked.is_some_and(|value| value == "true"),
                    "without its header"
                );
                let subject = path.trim_start_matches(IDENTITY);
                json!({"id_token": token(&self.0, &issuer, subject, 3600)})
            }
            path => panic!("nobody should ask for {path}"),
        };
        let mut response = Response::new(Bytes::from(document.to_string()));
        let json = http::HeaderValue::from_static("application/json");
        response.headers_mut().insert("content-type", json);
        response
    }
}

fn encode_json(value: &Value) -> String {
    encode(value.to_string().as_bytes())
}

fn encode(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(bytes)
}
