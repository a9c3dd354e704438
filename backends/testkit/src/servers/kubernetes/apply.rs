//! Objects as a user has them: YAML of any kind, and tokens of their service accounts.

use reqwest::Method;
use serde_json::{Value, json};

use super::Kubernetes;
use crate::s3_client::http_client;

impl Kubernetes {
    /// Applies one object on the server's side, as `kubectl apply --server-side` does, with strict
    /// validation of its fields. Any JSON is YAML.
    ///
    /// # Errors
    /// Why the API server refuses it.
    ///
    /// # Panics
    /// When its kind is not served.
    pub async fn apply(&self, yaml: &str, object: &Value) -> Result<Value, String> {
        let path = self.path_of(object).await;
        let path = format!("{path}?fieldManager=test&fieldValidation=Strict&force=true");
        let kind = "application/apply-patch+yaml";
        self.send_text(Method::PATCH, &path, kind, yaml).await
    }

    /// Creates a definition (CRD) from YAML, and waits until its kind is served.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn install_definition(&self, yaml: &str) {
        let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        let made = self.send_text(Method::POST, path, "application/yaml", yaml);
        let made = made.await.unwrap_or_else(|error| panic!("{error}\n{yaml}"));
        let name = made["metadata"]["name"].as_str().unwrap();
        let is_served = |crd: &Value| {
            let conditions = crd["status"]["conditions"].as_array().cloned();
            conditions.unwrap_or_default().iter().any(|condition| {
                condition["type"] == "Established" && condition["status"] == "True"
            })
        };
        let at = format!("{path}/{name}");
        let mut tries = 0;
        while !is_served(&self.send(Method::GET, &at, None).await.unwrap()) {
            tries += 1;
            assert!(tries < 600, "{name} is not served");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }

    /// A token of a service account, as a pod gets it (the API `TokenRequest`).
    ///
    /// # Panics
    /// When there is no such account.
    pub async fn request_token(&self, namespace: &str, account: &str) -> String {
        let path = format!("/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token");
        let request = json!({
            "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
            "spec": {"expirationSeconds": 3600},
        });
        let answer = self.create(&path, &request).await;
        answer["status"]["token"].as_str().unwrap().to_owned()
    }

    /// The path of an object, by its kind and name.
    ///
    /// # Panics
    /// When the kind is not served, or the object has no name.
    pub async fn path_of(&self, object: &Value) -> String {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (version, kind) = (text(&object["apiVersion"]), text(&object["kind"]));
        let group = match version.contains('/') {
            true => format!("/apis/{version}"),
            false => format!("/api/{version}"),
        };
        let mut tries = 0;
        // The kind of a definition is found a moment after that is established.
        let resource = loop {
            let served = self.send(Method::GET, &group, None).await;
            let served = served.unwrap_or_default();
            let resources = served["resources"].as_array().cloned().unwrap_or_default();
            let own = resources.into_iter().find(|resource| {
                resource["kind"] == kind && !text(&resource["name"]).contains('/')
            });
            if let Some(resource) = own {
                break resource;
            }
            tries += 1;
            assert!(tries < 100, "no {kind} of {version} is served");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        };
        let plural = text(&resource["name"]);
        let (namespace, name) = (
            text(&object["metadata"]["namespace"]),
            text(&object["metadata"]["name"]),
        );
        assert!(!name.is_empty(), "{object} has no name");
        match resource["namespaced"] == true {
            true => format!("{group}/namespaces/{namespace}/{plural}/{name}"),
            false => format!("{group}/{plural}/{name}"),
        }
    }

    async fn send_text(
        &self,
        method: Method,
        path: &str,
        kind: &str,
        text: &str,
    ) -> Result<Value, String> {
        let request = http_client(Some(self.authority()))
            .request(method, format!("{}{path}", self.endpoint()))
            .bearer_auth(Self::ADMIN)
            .header("content-type", kind)
            .body(text.to_owned());
        let answer = request.send().await.map_err(|error| error.to_string())?;
        let status = answer.status();
        let text = answer.text().await.map_err(|error| error.to_string())?;
        match status.is_success() {
            true => Ok(serde_json::from_str(&text).unwrap_or(Value::String(text))),
            false => Err(format!("{status}: {text}")),
        }
    }
}
