//! The SDK's way to the network, on hyper.
//!
//! The SDK's own client knows neither client certificates nor a check that is off, panics
//! where a CA makes no sense, and lets each connection keep a read buffer of 400 KB; this
//! one keeps little, and takes up certificates that change on disk. Redirects are answers
//! like any other: the SDK signs for one address.

mod client;
mod files;
mod proxy;
mod tls;

use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::StatusCode;
use http::header::{CONTENT_LENGTH, PROXY_AUTHORIZATION};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use s3_exporter_api::{BackendError, causes};
use s3_exporter_page::{MAX_BODY, MAX_ERROR_BODY};

use crate::config::Transport;
use client::{HttpClients, TooLate};

/// Sends the SDK's requests, and reads their answers whole.
#[derive(Clone, Debug)]
pub struct Http {
    clients: Arc<HttpClients>,
    /// Until the head of an answer is there.
    limit: Option<Duration>,
}

impl Http {
    /// Reads the certificates and makes the client.
    ///
    /// # Errors
    /// `tls` for a file that can't be read or holds no certificate.
    pub fn new(transport: &Transport) -> Result<Self, BackendError> {
        Ok(Self {
            clients: Arc::new(HttpClients::new(transport)?),
            limit: None,
        })
    }
}

impl HttpClient for Http {
    /// The connect timeout is fixed, but credentials are asked for with shorter limits:
    /// without them a machine outside of AWS would wait long for a role that it hasn't.
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let limit = settings
            .read_timeout()
            .map(|read| read + settings.connect_timeout().unwrap_or_default());
        SharedHttpConnector::new(Self {
            clients: Arc::clone(&self.clients),
            limit,
        })
    }
}

impl HttpConnector for Http {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let http = self.clone();
        HttpConnectorFuture::new(async move { http.send(request).await })
    }
}

impl Http {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let mut request = convert(request)?;
        if let Some(password) = self.clients.proxies().password(request.uri()) {
            request.headers_mut().insert(PROXY_AUTHORIZATION, password);
        }
        let sending = self.clients.get(Instant::now()).request(request);
        let answer = match self.limit {
            None => sending.await,
            Some(limit) => tokio::time::timeout(limit, sending)
                .await
                .map_err(|late| ConnectorError::timeout(late.into()))?,
        };
        let (mut head, body) = answer.map_err(failed)?.into_parts();
        let body = read_body(head.status, body).await?;
        // The body is there; of a long error it is the beginning, and the SDK compares.
        head.headers.remove(CONTENT_LENGTH);
        let response = http::Response::from_parts(head, SdkBody::from(body));
        HttpResponse::try_from(response).map_err(|cause| ConnectorError::other(cause.into(), None))
    }
}

fn convert(request: HttpRequest) -> Result<http::Request<Full<Bytes>>, ConnectorError> {
    let (head, body) = request
        .try_into_http1x()
        .map_err(|cause| ConnectorError::user(cause.into()))?
        .into_parts();
    let body = body
        .bytes()
        .ok_or_else(|| ConnectorError::user("a request's body is not in memory".into()))?;
    let body = Full::new(Bytes::copy_from_slice(body));
    Ok(http::Request::from_parts(head, body))
}

/// The whole body: the SDK bounds none, and a body that is cut short has to be an error
/// of the connection, which is tried again. Of an error only what comes of its beginning: its
/// status says enough.
async fn read_body(status: StatusCode, mut answer: Incoming) -> Result<Vec<u8>, ConnectorError> {
    let announced = answer.size_hint().lower();
    let mut body = Vec::with_capacity(usize::try_from(announced).unwrap_or(MAX_BODY).min(MAX_BODY));
    while let Some(frame) = answer.frame().await {
        let frame = match frame {
            Ok(frame) => frame,
            // Go resets the connection right after it has said that it wants TLS.
            Err(_) if !status.is_success() => return Ok(body),
            Err(cause) => return Err(failed(cause)),
        };
        let Ok(chunk) = frame.into_data() else {
            continue; // trailers
        };
        if !status.is_success() && body.len() + chunk.len() > MAX_ERROR_BODY {
            return Ok(body);
        }
        if body.len() + chunk.len() > MAX_BODY {
            return Err(ConnectorError::other(TooLong.into(), None));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// An answer of more than [`MAX_BODY`] bytes.
#[derive(Debug)]
pub struct TooLong;

impl std::fmt::Display for TooLong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the answer has more than {MAX_BODY} bytes")
    }
}

impl std::error::Error for TooLong {}

fn failed(cause: impl std::error::Error + Send + Sync + 'static) -> ConnectorError {
    if causes(&cause).any(|cause| cause.is::<TooLate>()) {
        ConnectorError::timeout(cause.into())
    } else if causes(&cause).any(|cause| cause.is::<rustls::Error>()) {
        // Trust does not come by trying again.
        ConnectorError::other(cause.into(), None)
    } else {
        ConnectorError::io(cause.into())
    }
}
