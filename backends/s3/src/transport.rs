//! The SDK's way to the network.
//!
//! The SDK's own client knows neither client certificates nor a check that is off, panics
//! where a CA makes no sense, and lets each connection keep a read buffer of 400 KB; ours
//! keeps little, and takes up certificates that change on disk.

use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body_util::Full;
use s3_exporter_api::BackendError;
use s3_exporter_transport::{BoxError, Cause, HttpClients, Transport, cause_of};

/// Sends the SDK's requests, and reads their answers whole.
#[derive(Clone, Debug)]
pub struct Http {
    clients: Arc<HttpClients>,
    /// Until the answer is there.
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
        let sending = self.clients.send(convert(request)?);
        let answer = match self.limit {
            None => sending.await,
            Some(limit) => tokio::time::timeout(limit, sending)
                .await
                .map_err(|late| ConnectorError::timeout(late.into()))?,
        };
        let response = answer.map_err(failed)?.map(SdkBody::from);
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

fn failed(cause: BoxError) -> ConnectorError {
    match cause_of(&*cause) {
        Cause::TooLate => ConnectorError::timeout(cause),
        // They do not go by trying again.
        Cause::Tls | Cause::TooLong => ConnectorError::other(cause, None),
        Cause::Io => ConnectorError::io(cause),
    }
}
