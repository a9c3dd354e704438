use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use reqwest::Client;

use crate::s3_client::http_client;
use crate::web::{Service, Web};
use crate::{Authority, Faults, Identity};

/// Stands before a real store, counts the list requests and does to them what no real
/// store can be told to do. The signature stays right, since the `Host` is passed on.
#[derive(Debug)]
pub struct Proxy {
    web: Web,
    faults: Faults,
}

impl Proxy {
    /// Stands before the store at `endpoint` (http).
    pub fn start(endpoint: &str) -> Self {
        Self::serve(endpoint, |relay, faults| Web::start(relay, faults, None))
    }

    /// The same, and serves https.
    pub fn start_tls(endpoint: &str, identity: &Identity) -> Self {
        Self::serve(endpoint, |relay, faults| {
            Web::start(relay, faults, Some(identity))
        })
    }

    /// The same, to those alone who have a certificate of `clients`.
    pub fn start_tls_for(clients: &Authority, endpoint: &str, identity: &Identity) -> Self {
        Self::serve(endpoint, |relay, faults| {
            Web::start_for(clients, relay, faults, identity)
        })
    }

    fn serve(endpoint: &str, start: impl FnOnce(Relay, Faults) -> Web) -> Self {
        let faults = Faults::default();
        let relay = Relay::to(endpoint);
        Self {
            web: start(relay, faults.clone()),
            faults,
        }
    }

    /// Its address, to be used instead of the store's.
    pub fn endpoint(&self) -> String {
        self.web.endpoint()
    }

    /// What goes wrong.
    pub const fn faults(&self) -> &Faults {
        &self.faults
    }
}

/// Passes requests on.
#[derive(Clone)]
pub(crate) struct Relay {
    http: Client,
    endpoint: String,
}

impl Service for Relay {
    async fn answer(&self, request: Request<Incoming>) -> Response<Bytes> {
        match self.relay(request).await {
            Ok(response) => response,
            Err(error) => {
                let mut response = Response::new(Bytes::from(error));
                *response.status_mut() = StatusCode::BAD_GATEWAY;
                response
            }
        }
    }
}

impl Relay {
    /// To the store at `endpoint` (http).
    pub fn to(endpoint: &str) -> Self {
        Self {
            http: http_client(None),
            endpoint: endpoint.trim_end_matches('/').to_owned(),
        }
    }

    async fn relay(&self, request: Request<Incoming>) -> Result<Response<Bytes>, String> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map_err(|error| error.to_string())?;
        let url = format!("{}{}", self.endpoint, parts.uri);
        let answer = self
            .http
            .request(parts.method, url)
            .headers(parts.headers)
            .body(body.to_bytes())
            .send()
            .await
            .map_err(|error| format!("{error:?}"))?;
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = answer.status();
        *response.headers_mut() = answer.headers().clone();
        for name in ["transfer-encoding", "connection", "content-length"] {
            response.headers_mut().remove(name);
        }
        *response.body_mut() = answer.bytes().await.map_err(|error| format!("{error:?}"))?;
        Ok(response)
    }
}
