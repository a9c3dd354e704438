//! What the library that hands out credentials needs of us: a way to the network, and cryptography.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::StatusCode;
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
use s3_exporter_api::{BackendError, FailureKind, causes, chain};
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
enum TokenFailure {
    /// Who hands them out cannot be reached.
    NoAnswer(BoxError),
    /// It says no, in its own words.
    Refused(StatusCode, String),
}

/// Its own words go into logs: no more of them than this.
const LONGEST_WORDS: usize = 300;

/// What is said where the library has got no token; `advice` is what to do.
pub fn no_token(action: &str, error: &object_store::Error, advice: &'static str) -> NoCredentials {
    let failure = causes(error).find_map(|cause| cause.downcast_ref::<TokenFailure>());
    let text = match failure {
        Some(failure) => failure.to_string(),
        // The library's words may hold a part of the answer.
        None => "the answer of who hands out tokens makes no sense".to_owned(),
    };
    NoCredentials {
        error: BackendError::new(FailureKind::Credentials, action, "no credentials")
            .with_advice(advice)
            .with_source(text),
        is_worth_a_retry: failure.is_some_and(TokenFailure::is_worth_a_retry),
    }
}

/// RFC 6749, 5.2.
#[derive(Deserialize)]
struct Refusal {
    error: String,
    #[serde(default)]
    error_description: String,
}

impl TokenFailure {
    fn refused(status: StatusCode, body: &[u8]) -> Self {
        let said = serde_json::from_slice(body).map(|refusal: Refusal| {
            let first = refusal.error_description.lines().next().unwrap_or_default();
            let said = format!("{}: {first}", refusal.error);
            let printable = said.chars().filter(|c| !c.is_control());
            printable.take(LONGEST_WORDS).collect()
        });
        Self::Refused(status, said.unwrap_or_default())
    }

    /// Whether it may be better the next time.
    fn is_worth_a_retry(&self) -> bool {
        match self {
            Self::NoAnswer(_) => false, // where there is nobody, one waits long enough
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
        let failure = TokenFailure::refused(StatusCode::BAD_GATEWAY, b"<html>hidden</html>");
        assert!(failure.is_worth_a_retry());
        assert_eq!(failure.to_string(), "who hands out tokens says 502 \"\"");
    }
}
