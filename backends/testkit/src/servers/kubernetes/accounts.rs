//! Service accounts and their tokens, as a pod has them.

use std::fs;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::json;

use super::Kubernetes;

/// Where they live.
const NAMESPACE: &str = "accounts";
/// How long after its end the API server takes a token still, for clocks that differ
/// (go-jose's `DefaultLeeway`).
const LEEWAY: i64 = 60;

/// A service account.
pub struct Account {
    name: String,
    uid: String,
}

impl Account {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The user that RBAC knows it as.
    pub fn user(&self) -> String {
        format!("system:serviceaccount:{NAMESPACE}:{}", self.name)
    }
}

impl Kubernetes {
    /// Makes a service account, which may do nothing yet.
    pub async fn create_account(&self, name: &str) -> Account {
        let namespace = json!({
            "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE},
        });
        // Another test may have made it.
        let _ = self
            .send(
                reqwest::Method::POST,
                "/api/v1/namespaces",
                Some(&namespace),
            )
            .await;
        let account = json!({
            "apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name},
        });
        let path = format!("/api/v1/namespaces/{NAMESPACE}/serviceaccounts");
        let account = self.create(&path, &account).await;
        Account {
            name: name.to_owned(),
            uid: account["metadata"]["uid"].as_str().unwrap().to_owned(),
        }
    }

    /// A token of the account that is refused after `life`, and up to ten seconds more: so
    /// long the API server remembers one that was good. It is signed here with the API
    /// server's key, since the API server itself gives none for less than ten minutes.
    pub fn account_token(&self, account: &Account, life: Duration) -> String {
        let now = jiff::Timestamp::now().as_second();
        let issuer = "https://kubernetes.default.svc";
        let claims = json!({
            "iss": issuer,
            "aud": [issuer],
            "sub": account.user(),
            "iat": now - 3600,
            "nbf": now - 3600,
            "exp": now + i64::try_from(life.as_secs()).unwrap() - LEEWAY,
            "kubernetes.io": {
                "namespace": NAMESPACE,
                "serviceaccount": {"name": account.name, "uid": account.uid},
            },
        });
        let part = |text: &[u8]| URL_SAFE_NO_PAD.encode(text);
        let signed = format!(
            "{}.{}",
            part(br#"{"alg":"ES256","typ":"JWT"}"#),
            part(claims.to_string().as_bytes())
        );
        let pem = fs::read(self.folder.path().join("accounts.key")).unwrap();
        let key = PrivatePkcs8KeyDer::from_pem_slice(&pem).unwrap();
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::from_pkcs8(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            key.secret_pkcs8_der(),
            &random,
        )
        .unwrap();
        let signature = key.sign(&random, signed.as_bytes()).unwrap();
        format!("{signed}.{}", part(signature.as_ref()))
    }
}
