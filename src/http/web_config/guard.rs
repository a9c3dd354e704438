//! What stands between a request and the pages.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::header::{
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Response};
use hyper::body::{Body as _, Incoming};
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;

use super::auth::AuthDecision;
use super::{WebConfig, WebSettings};
use crate::http::protect;
use crate::http::server::Peer;

/// The pages that `server.probes_without_auth` is about.
const PROBES: [&str; 2] = ["/-/healthy", "/-/ready"];

/// How far a request may go.
enum Admission {
    /// As far as it likes.
    All,
    /// It may learn the status code alone.
    StatusAlone,
    /// Nowhere: the answer.
    Refused(Response),
}

/// Answers a request.
pub async fn answer(
    web: &WebConfig,
    pages: &TowerToHyperService<Router>,
    peer: Peer,
    mut request: Request<Incoming>,
) -> Response {
    request.extensions_mut().insert(peer);
    let settings = web.current();
    let admission = admit(web, &settings, peer, &request).await;
    let mut response = match admission {
        Admission::Refused(response) => protect(response).await,
        Admission::All => call(pages, request).await,
        Admission::StatusAlone => emptied(call(pages, request).await),
    };
    for (name, value) in &settings.headers {
        response.headers_mut().insert(name, value.clone());
    }
    response
}

/// No page reads a body, so it is not even taken.
async fn call(pages: &TowerToHyperService<Router>, request: Request<Incoming>) -> Response {
    let Ok(response) = pages.call(request.map(|_| Body::empty())).await;
    response
}

async fn admit(
    web: &WebConfig,
    settings: &Arc<WebSettings>,
    peer: Peer,
    request: &Request<Incoming>,
) -> Admission {
    if !request.body().is_end_stream() {
        let text = "no page here takes a body\n";
        return Admission::Refused((StatusCode::PAYLOAD_TOO_LARGE, text).into_response());
    }
    let Some(auth) = &settings.auth else {
        return Admission::All;
    };
    let given = request.headers().get(AUTHORIZATION);
    let is_probe = PROBES.contains(&request.uri().path());
    if web.probes_without_auth && is_probe && given.is_none() {
        return Admission::StatusAlone;
    }
    match auth.check(given, peer.address.ip().to_canonical()).await {
        AuthDecision::Granted => Admission::All,
        AuthDecision::Denied => {
            let ask = [(WWW_AUTHENTICATE, HeaderValue::from_static("Basic"))];
            Admission::Refused((StatusCode::UNAUTHORIZED, ask, "Unauthorized\n").into_response())
        }
        AuthDecision::Busy => {
            let later = [(RETRY_AFTER, HeaderValue::from_static("1"))];
            let text = "too many passwords are waiting to be verified\n";
            Admission::Refused((StatusCode::SERVICE_UNAVAILABLE, later, text).into_response())
        }
    }
}

fn emptied(response: Response) -> Response {
    let (mut head, _) = response.into_parts();
    head.headers.remove(CONTENT_TYPE);
    head.headers.remove(CONTENT_LENGTH);
    Response::from_parts(head, Body::empty())
}
