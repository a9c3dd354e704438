//! WebDriver by the HTTP client that the tests have.

use std::sync::Arc;
use std::time::Duration;

use hyper::body::Bytes;
use reqwest::Client;
use thirtyfour::common::command::ExtensionCommand;
use thirtyfour::error::{WebDriverError, WebDriverResult};
use thirtyfour::session::http::{Body, HttpClient};

/// Ends a hang.
const PATIENCE: Duration = Duration::from_secs(120);

pub struct Http(Client);

impl Http {
    pub fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().no_proxy().timeout(PATIENCE);
        Self(client.build().unwrap())
    }
}

fn error(cause: impl std::fmt::Display) -> WebDriverError {
    WebDriverError::HttpError(cause.to_string())
}

#[async_trait::async_trait]
impl HttpClient for Http {
    async fn send(
        &self,
        request: http::Request<Body<'_>>,
    ) -> WebDriverResult<http::Response<Bytes>> {
        let (parts, body) = request.into_parts();
        let body = match body {
            Body::Empty => String::new(),
            Body::Json(json) => json.to_string(),
        };
        let request = self.0.request(parts.method, parts.uri.to_string());
        let request = request.headers(parts.headers).body(body);
        let answer = request.send().await.map_err(error)?;
        let mut response = http::Response::builder().status(answer.status());
        if let Some(headers) = response.headers_mut() {
            headers.clone_from(answer.headers());
        }
        let body = answer.bytes().await.map_err(error)?;
        response.body(body).map_err(error)
    }

    async fn new(&self) -> Arc<dyn HttpClient> {
        Arc::new(Self::new())
    }
}

/// A command of the Chrome DevTools Protocol.
#[derive(Debug)]
pub struct DevTools {
    pub command: &'static str,
    pub parameters: serde_json::Value,
}

impl ExtensionCommand for DevTools {
    fn parameters_json(&self) -> Option<serde_json::Value> {
        Some(serde_json::json!({"cmd": self.command, "params": self.parameters}))
    }

    fn method(&self) -> http::Method {
        http::Method::POST
    }

    fn endpoint(&self) -> Arc<str> {
        "/goog/cdp/execute".into()
    }
}
