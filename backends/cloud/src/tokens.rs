//! What the library that hands out credentials needs of us: a way to the network, and cryptography.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use object_store::client::{
    CryptoProvider, DigestAlgorithm, DigestContext, HmacContext, HttpClient, HttpConnector,
    HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpResponseBody, HttpService, Signer,
    SigningAlgorithm,
};
use object_store::{ClientOptions, Error};
use ring::rand::SystemRandom;
use ring::{hmac, signature};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use s3_exporter_api::{BackendError, FailureKind, UnixTime, causes, chain};
use s3_exporter_config::Secret;
use s3_exporter_transport::{BoxError, HttpClients};
use serde::Deserialize;

use crate::NoCredentials;

/// Asks for tokens on the way on which the store is reached, too: its proxy, its trust.
#[derive(Clone, Debug)]
pub struct TokenHttp(pub Arc<HttpClients>);

impl HttpConnector for TokenHttp {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

#[async_trait]
impl HttpService for TokenHttp {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let request = request.map(|body| Full::new(body.as_bytes().cloned().unwrap_or_default()));
        let failed = |failure| HttpError::new(HttpErrorKind::Unknown, failure);
        let answer = self.0.connections().send(request).await;
        let answer = answer.map_err(|cause| failed(TokenFailure::NoAnswer(cause)))?;
        let status = answer.status();
        if !status.is_success() {
            // The library would show the whole of it.
            return Err(failed(TokenFailure::refused(status, answer.body())));
        }
        Ok(answer.map(|body| {
            let body = Full::new(Bytes::from(body));
            HttpResponseBody::new(body.map_err(|never| match never {}))
        }))
    }
}

/// Why there is no token.
#[derive(Debug)]
pub enum TokenFailure {
    /// Who hands them out cannot be reached.
    NoAnswer(BoxError),
    /// It says no, in its own words.
    Refused(StatusCode, String),
    /// It says something else, or cannot be asked.
    Nonsense,
}

/// A token, and how long it lasts.
pub struct AccessToken {
    /// The token.
    pub token: Secret,
    /// From now on.
    pub lasts: Duration,
}

/// RFC 6749, 5.1; and as Google hands out tokens of service accounts.
#[derive(Deserialize)]
struct Granted {
    #[serde(alias = "accessToken")]
    access_token: String,
    expires_in: Option<u64>,
    #[serde(alias = "expireTime")]
    expire_time: Option<String>,
}

/// Of a token that does not say how long it lasts.
const SHORTEST: Duration = Duration::from_secs(60);

/// Asks for a token that the library has no way to ask for.
///
/// # Errors
/// There is none.
pub async fn ask_for_token(
    http: &HttpClients,
    request: Request<Full<Bytes>>,
) -> Result<AccessToken, TokenFailure> {
    let answer = http.connections().send(request).await;
    let answer = answer.map_err(TokenFailure::NoAnswer)?;
    if !answer.status().is_success() {
        return Err(TokenFailure::refused(answer.status(), answer.body()));
    }
    let granted: Granted =
        serde_json::from_slice(answer.body()).map_err(|_| TokenFailure::Nonsense)?;
    let ends = granted.expire_time.as_deref();
    let ends = ends.and_then(|text| s3_exporter_page::parse_time(text.as_bytes()));
    let left = |ends: UnixTime| u64::try_from(ends.as_millis() - UnixTime::now().as_millis());
    let lasts = match (granted.expires_in, ends) {
        (Some(seconds), _) => Duration::from_secs(seconds),
        (None, Some(ends)) => Duration::from_millis(left(ends).unwrap_or_default()),
        (None, None) => SHORTEST,
    };
    Ok(AccessToken {
        token: Secret::new(granted.access_token),
        lasts,
    })
}

/// Its own words go into logs: no more of them than this.
const LONGEST_WORDS: usize = 300;

/// What is said where the library has got no token; `advice` is what to do.
pub fn no_token(action: &str, error: &object_store::Error, advice: &'static str) -> NoCredentials {
    let failure = causes(error).find_map(|cause| cause.downcast_ref::<TokenFailure>());
    // The library's own words may hold a part of the answer.
    failure
        .unwrap_or(&TokenFailure::Nonsense)
        .none(action, advice)
}

/// RFC 6749, 5.2; or as Google's own APIs have it.
#[derive(Deserialize)]
struct Refusal {
    error: RefusedWith,
    #[serde(default)]
    error_description: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RefusedWith {
    Code(String),
    Google { status: String, message: String },
}

impl TokenFailure {
    fn refused(status: StatusCode, body: &[u8]) -> Self {
        let said = serde_json::from_slice(body).map(|refusal: Refusal| {
            let (code, words) = match refusal.error {
                RefusedWith::Code(code) => (code, refusal.error_description),
                RefusedWith::Google { status, message } => (status, message),
            };
            let first = words.lines().next().unwrap_or_default();
            let said = format!("{code}: {first}");
            let printable = said.chars().filter(|c| !c.is_control());
            printable.take(LONGEST_WORDS).collect()
        });
        Self::Refused(status, said.unwrap_or_default())
    }

    /// What is said of it; `advice` is what to do.
    pub fn into_none(self, action: &str, advice: &'static str) -> NoCredentials {
        self.none(action, advice)
    }

    fn none(&self, action: &str, advice: &'static str) -> NoCredentials {
        NoCredentials {
            error: BackendError::new(FailureKind::Credentials, action, "no credentials")
                .with_advice(advice)
                .with_source(self.to_string()),
            is_worth_a_retry: self.is_worth_a_retry(),
        }
    }

    /// Whether it may be better the next time.
    fn is_worth_a_retry(&self) -> bool {
        match self {
            Self::Nonsense | Self::NoAnswer(_) => false, // where there is nobody, one waits long enough
            Self::Refused(status, _) => {
                status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS
            }
        }
    }
}

impl fmt::Display for TokenFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAnswer(cause) => {
                let words = chain(&**cause);
                write!(f, "who hands out tokens cannot be reached: {words}")
            }
            Self::Refused(status, said) => {
                let status = status.as_u16();
                write!(f, "who hands out tokens says {status} {said:?}")
            }
            Self::Nonsense => f.write_str("the answer of who hands out tokens makes no sense"),
        }
    }
}

impl std::error::Error for TokenFailure {}

/// The cryptography of credentials, of the crate that all of the program uses.
#[derive(Debug)]
pub struct Ring;

impl CryptoProvider for Ring {
    fn digest(&self, _: DigestAlgorithm) -> object_store::Result<Box<dyn DigestContext>> {
        Err(unusable("no request of ours needs it"))
    }

    fn hmac(
        &self,
        algorithm: DigestAlgorithm,
        secret: &[u8],
    ) -> object_store::Result<Box<dyn HmacContext>> {
        let DigestAlgorithm::Sha256 = algorithm else {
            return Err(unusable("no request of ours needs it"));
        };
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        Ok(Box::new(Mac {
            context: hmac::Context::with_key(&key),
            tag: None,
        }))
    }

    fn sign(
        &self,
        algorithm: SigningAlgorithm,
        pem: &[u8],
    ) -> object_store::Result<Box<dyn Signer>> {
        let SigningAlgorithm::RS256 = algorithm else {
            return Err(unusable("no request of ours needs it"));
        };
        let key = match PrivateKeyDer::from_pem_slice(pem) {
            Ok(PrivateKeyDer::Pkcs8(key)) => {
                signature::RsaKeyPair::from_pkcs8(key.secret_pkcs8_der())
            }
            Ok(PrivateKeyDer::Pkcs1(key)) => {
                signature::RsaKeyPair::from_der(key.secret_pkcs1_der())
            }
            _ => return Err(unusable("it is no private RSA key in PEM")),
        };
        let key = key.map_err(|_| unusable("it is no private RSA key that can be used"))?;
        Ok(Box::new(Rsa(key)))
    }
}

/// Nothing of the key is in its words.
fn unusable(reason: &'static str) -> Error {
    Error::NotSupported {
        source: reason.into(),
    }
}

struct Rsa(signature::RsaKeyPair);

impl Signer for Rsa {
    fn sign(&self, text: &[u8]) -> object_store::Result<Vec<u8>> {
        let mut signed = vec![0; self.0.public().modulus_len()];
        let (padding, random) = (&signature::RSA_PKCS1_SHA256, SystemRandom::new());
        let outcome = self.0.sign(padding, &random, text, &mut signed);
        outcome.map_err(|_| unusable("signing failed"))?;
        Ok(signed)
    }
}

struct Mac {
    context: hmac::Context,
    tag: Option<hmac::Tag>,
}

impl HmacContext for Mac {
    fn update(&mut self, data: &[u8]) {
        self.context.update(data);
    }

    fn finish(&mut self) -> object_store::Result<&[u8]> {
        let tag = self.context.clone().sign();
        Ok(hmac::Tag::as_ref(self.tag.insert(tag)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test case 2.
    #[test]
    fn the_mac_is_that_of_its_test_vector() {
        let mut mac = Ring.hmac(DigestAlgorithm::Sha256, b"Jefe").unwrap();
        mac.update(b"what do ya want ");
        mac.update(b"for nothing?");
        let tag: String = mac
            .finish()
            .unwrap()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(
            tag,
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn a_refusal_is_told_in_its_own_words_but_not_in_all_of_them() {
        let body = br#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided.\r\nTrace ID: 1","access_token":"hidden"}"#;
        let failure = TokenFailure::refused(StatusCode::UNAUTHORIZED, body);
        assert!(!failure.is_worth_a_retry());
        assert_eq!(
            failure.to_string(),
            "who hands out tokens says 401 \"invalid_client: AADSTS7000215: Invalid client secret provided.\""
        );
        let body = br#"{"error":{"code":403,"message":"Permission denied.","status":"PERMISSION_DENIED"}}"#;
        let failure = TokenFailure::refused(StatusCode::FORBIDDEN, body);
        assert_eq!(
            failure.to_string(),
            "who hands out tokens says 403 \"PERMISSION_DENIED: Permission denied.\""
        );
        let failure = TokenFailure::refused(StatusCode::BAD_GATEWAY, b"<html>hidden</html>");
        assert!(failure.is_worth_a_retry());
        assert_eq!(failure.to_string(), "who hands out tokens says 502 \"\"");
    }
}
