use std::path::Path;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use reqwest::header::CONTENT_LENGTH;
use reqwest::redirect::Policy;
use reqwest::tls::{Certificate, Identity};
use s3_exporter_api::{BackendError, FailureKind, causes};
use s3_exporter_page::{MAX_BODY, MAX_ERROR_BODY};

use crate::config::Transport;

/// Where the SDK asks for a machine's or a container's role: never behind a proxy.
const METADATA_SERVICES: &str = "169.254.0.0/16,fd00:ec2::/32";

/// The SDK's way to the network, on reqwest.
///
/// The SDK's own client knows neither client certificates nor a check that is off, and
/// panics where a CA makes no sense; this one is also the MinIO client's, so that only one
/// is linked. Redirects are answers like any other: the SDK signs for one address.
#[derive(Clone, Debug)]
pub struct Http {
    client: reqwest::Client,
    /// Until the head of an answer is there.
    limit: Option<Duration>,
}

impl Http {
    /// Reads the certificates and makes the client.
    ///
    /// # Errors
    /// `tls` for a file that can't be read or holds no certificate.
    pub fn new(transport: &Transport) -> Result<Self, BackendError> {
        let mut builder = reqwest::Client::builder()
            .connect_timeout(transport.connect_timeout)
            .danger_accept_invalid_certs(transport.insecure_skip_verify)
            .redirect(Policy::none())
            .referer(false);
        if let Some(path) = &transport.ca_bundle {
            for certificate in ca_bundle(path)? {
                builder = builder.add_root_certificate(certificate);
            }
        }
        if let Some((certificate, key)) = &transport.client_certificate {
            builder = builder.identity(identity(certificate, key)?);
        }
        if let Some(proxy) = &transport.proxy {
            let proxy = reqwest::Proxy::all(proxy.expose()).map_err(|_| {
                // Its address may hold a password, which the cause would show.
                let action = "setting the proxy up";
                BackendError::new(FailureKind::Internal, action, "its address makes no sense")
            })?;
            builder =
                builder.proxy(proxy.no_proxy(reqwest::NoProxy::from_string(METADATA_SERVICES)));
        }
        let client = builder.build().map_err(|cause| {
            BackendError::new(FailureKind::Tls, "setting TLS up", "it is not possible")
                .with_advice("check `ca_bundle`, `client_cert_file` and `client_key_file`")
                .with_source(cause)
        })?;
        Ok(Self {
            client,
            limit: None,
        })
    }
}

fn read(path: &Path, what: &str) -> Result<Vec<u8>, BackendError> {
    std::fs::read(path).map_err(|cause| {
        let action = format!("reading {what} {}", path.display());
        BackendError::new(FailureKind::Tls, action, "it cannot be read").with_source(cause)
    })
}

fn ca_bundle(path: &Path) -> Result<Vec<Certificate>, BackendError> {
    let what = "the CA bundle";
    let pem = read(path, what)?;
    let error = |reason: &str| {
        let action = format!("reading {what} {}", path.display());
        BackendError::new(FailureKind::Tls, action, reason)
            .with_advice("expected certificates in PEM, each between BEGIN and END CERTIFICATE")
    };
    let certificates = Certificate::from_pem_bundle(&pem)
        .map_err(|cause| error("it is no PEM").with_source(cause))?;
    if certificates.is_empty() {
        return Err(error("it holds no certificate"));
    }
    Ok(certificates)
}

fn identity(certificate: &Path, key: &Path) -> Result<Identity, BackendError> {
    let mut pem = read(certificate, "the client certificate")?;
    pem.push(b'\n');
    pem.extend(read(key, "the client certificate's key")?);
    Identity::from_pem(&pem).map_err(|cause| {
        let action = format!(
            "reading the client certificate {} with its key {}",
            certificate.display(),
            key.display()
        );
        BackendError::new(FailureKind::Tls, action, "they make no identity")
            .with_advice("expected a certificate and a key without a password, in PEM")
            .with_source(cause)
    })
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
            client: self.client.clone(),
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
        let sending = self.client.execute(convert(request)?);
        let answer = match self.limit {
            None => sending.await,
            Some(limit) => tokio::time::timeout(limit, sending)
                .await
                .map_err(|late| ConnectorError::timeout(late.into()))?,
        };
        let mut answer = answer.map_err(failed)?;
        let body = read_body(&mut answer).await?;
        let mut response = http::Response::new(SdkBody::from(body));
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        // The body is there; of a long error it is the beginning, and the SDK compares.
        response.headers_mut().remove(CONTENT_LENGTH);
        HttpResponse::try_from(response).map_err(|cause| ConnectorError::other(cause.into(), None))
    }
}

fn convert(request: HttpRequest) -> Result<reqwest::Request, ConnectorError> {
    let (head, body) = request
        .try_into_http1x()
        .map_err(|cause| ConnectorError::user(cause.into()))?
        .into_parts();
    let body = body
        .bytes()
        .ok_or_else(|| ConnectorError::user("a request's body is not in memory".into()))?
        .to_vec();
    reqwest::Request::try_from(http::Request::from_parts(head, body))
        .map_err(|cause| ConnectorError::user(cause.without_url().into()))
}

/// The whole body: the SDK bounds none, and a body that is cut short has to be an error
/// of the connection, which is tried again.
async fn read_body(answer: &mut reqwest::Response) -> Result<Vec<u8>, ConnectorError> {
    let announced = answer.content_length().unwrap_or(0);
    let mut body = Vec::with_capacity(usize::try_from(announced).unwrap_or(MAX_BODY).min(MAX_BODY));
    while let Some(chunk) = answer.chunk().await.map_err(failed)? {
        if !answer.status().is_success() && body.len() + chunk.len() > MAX_ERROR_BODY {
            // The status says enough.
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

fn failed(cause: reqwest::Error) -> ConnectorError {
    let cause = cause.without_url();
    if cause.is_timeout() {
        ConnectorError::timeout(cause.into())
    } else if causes(&cause).any(|cause| cause.is::<rustls::Error>()) {
        // Trust does not come by trying again.
        ConnectorError::other(cause.into(), None)
    } else if cause.is_builder() {
        ConnectorError::user(cause.into())
    } else {
        ConnectorError::io(cause.into())
    }
}
