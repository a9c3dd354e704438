//! What stands between a request and the pages.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER,
    WWW_AUTHENTICATE,
};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::{Body as _, Incoming};
use tower::ServiceExt;

use super::{Answer, Pages};
use crate::Peer;
use crate::web_config::auth::AuthDecision;
use crate::web_config::{WebConfig, WebSettings};

/// How far a request may go.
enum Admission {
    /// As far as it likes.
    All,
    /// It may learn the status code alone.
    StatusAlone,
    /// Nowhere: the answer.
    Refused(Answer),
}

/// Answers a request.
pub async fn answer(
    web: &WebConfig,
    pages: Pages,
    peer: Peer,
    mut request: Request<Incoming>,
) -> Answer {
    request.extensions_mut().insert(peer);
    let settings = web.current();
    let admission = admit(web, &settings, peer, &request).await;
    let mut answer = match admission {
        Admission::Refused(answer) => answer,
        Admission::All => call(pages, request).await,
        Admission::StatusAlone => emptied(call(pages, request).await),
    };
    for (name, value) in web.headers().iter().chain(settings.headers()) {
        answer.headers_mut().insert(name, value.clone());
    }
    answer
}

/// No page reads a body, so it is not even taken.
async fn call(pages: Pages, request: Request<Incoming>) -> Answer {
    let Ok(answer) = pages.oneshot(request.map(|_| Empty::new())).await;
    answer
}

async fn admit(
    web: &WebConfig,
    settings: &Arc<WebSettings>,
    peer: Peer,
    request: &Request<Incoming>,
) -> Admission {
    if !request.body().is_end_stream() {
        let text = "no page here takes a body\n";
        return refused(StatusCode::PAYLOAD_TOO_LARGE, text, None);
    }
    let Some(auth) = settings.auth() else {
        return Admission::All;
    };
    let given = request.headers().get(AUTHORIZATION);
    if given.is_none() && web.is_probe(request.uri().path()) {
        return Admission::StatusAlone;
    }
    match auth.check(given, peer.address.ip().to_canonical()).await {
        AuthDecision::Granted => Admission::All,
        AuthDecision::Denied => {
            let ask = (WWW_AUTHENTICATE, HeaderValue::from_static("Basic"));
            refused(StatusCode::UNAUTHORIZED, "Unauthorized\n", Some(ask))
        }
        AuthDecision::Busy => {
            let later = (RETRY_AFTER, HeaderValue::from_static("1"));
            let text = "too many passwords are waiting to be verified\n";
            refused(StatusCode::SERVICE_UNAVAILABLE, text, Some(later))
        }
    }
}

fn refused(
    status: StatusCode,
    text: &'static str,
    header: Option<(HeaderName, HeaderValue)>,
) -> Admission {
    let text = Full::new(Bytes::from_static(text.as_bytes()));
    let mut answer = Response::new(text.map_err(|never| match never {}).boxed_unsync());
    *answer.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    answer.headers_mut().insert(CONTENT_TYPE, plain);
    answer.headers_mut().extend(header);
    Admission::Refused(answer)
}

fn emptied(answer: Answer) -> Answer {
    let (mut head, _) = answer.into_parts();
    head.headers.remove(CONTENT_TYPE);
    head.headers.remove(CONTENT_LENGTH);
    let nothing = Empty::new().map_err(|never| match never {});
    Response::from_parts(head, nothing.boxed_unsync())
}
