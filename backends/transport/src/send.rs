use std::fmt;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, PROXY_AUTHORIZATION};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming as Stream};
use s3_exporter_page::{Incoming, MAX_BODY, MAX_ERROR_BODY};

use crate::{Attempts, Connections};

/// Whatever went wrong; [`cause_of`](crate::cause_of) tells what it was.
pub type BoxError = tower::BoxError;

impl Connections {
    /// Sends a request over one of them, which may be a new one, and reads the answer whole.
    /// Where its extensions hold [`Attempts`], they count it; where they hold an [`Incoming`], the
    /// objects of an answer that is no error are read to that, and the body is what is left.
    /// Redirects are answers like any other: a request is signed for one address.
    ///
    /// Of an error answer that is longer than [`MAX_ERROR_BODY`] only the beginning is read:
    /// its status says enough.
    ///
    /// All of them are given up where no answer comes to its end before the caller gives the
    /// request up, and where the status is that of a store that is ill; where the answer makes
    /// no sense, the caller has to [give them up](Self::give_up).
    ///
    /// # Errors
    /// Where no answer came, or not the whole of it, or one of more than [`MAX_BODY`] bytes.
    pub async fn send(&self, request: Request<Full<Bytes>>) -> Result<Response<Vec<u8>>, BoxError> {
        self.send_up_to(request, MAX_BODY).await
    }

    /// As [`Self::send`], where an answer may have another number of bytes at most.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub async fn send_up_to(
        &self,
        mut request: Request<Full<Bytes>>,
        most: usize,
    ) -> Result<Response<Vec<u8>>, BoxError> {
        if let Some(password) = self.proxies().password(request.uri()) {
            request.headers_mut().insert(PROXY_AUTHORIZATION, password);
        }
        if let Some(attempts) = request.extensions().get::<Attempts>() {
            attempts.sent();
        }
        let incoming = request.extensions_mut().remove::<Incoming>();
        let mut doubt = Doubt(Some(self));
        let answer = self.client.request(request).await;
        if answer.as_ref().is_err_and(|error| error.is_connect()) {
            doubt.is_over(); // those that stand are none the worse for it
        }
        let (mut head, body) = answer?.into_parts();
        let body = read_body(head.status, body, most, incoming.as_ref()).await?;
        if !head.status.is_server_error() {
            doubt.is_over();
        }
        // The body is there; of a long error it is the beginning.
        head.headers.remove(CONTENT_LENGTH);
        Ok(Response::from_parts(head, body))
    }
}

/// Gives connections up, unless it is over before.
struct Doubt<'a>(Option<&'a Connections>);

impl Doubt<'_> {
    fn is_over(&mut self) {
        self.0 = None;
    }
}

impl Drop for Doubt<'_> {
    fn drop(&mut self) {
        if let Some(connections) = self.0 {
            connections.give_up();
        }
    }
}

/// The whole body: nobody else bounds it, and a body that is cut short has to be an error of
/// the connection, which is tried again.
async fn read_body(
    status: StatusCode,
    mut answer: Stream,
    most: usize,
    incoming: Option<&Incoming>,
) -> Result<Vec<u8>, BoxError> {
    let incoming = incoming.filter(|_| status.is_success());
    if let Some(incoming) = incoming {
        incoming.begin();
    }
    let announced = answer.size_hint().lower();
    let mut body = Vec::new();
    if incoming.is_none() {
        body.reserve_exact(usize::try_from(announced).unwrap_or(most).min(most));
    }
    let mut bytes = 0;
    while let Some(frame) = answer.frame().await {
        let frame = match frame {
            Ok(frame) => frame,
            // Go resets the connection right after it has said that it wants TLS.
            Err(_) if !status.is_success() => return Ok(body),
            Err(cause) => return Err(cause.into()),
        };
        let Ok(chunk) = frame.into_data() else {
            continue; // trailers
        };
        bytes += chunk.len();
        if !status.is_success() && bytes > MAX_ERROR_BODY {
            return Ok(body);
        }
        if bytes > most {
            return Err(TooLong(most).into());
        }
        match incoming {
            Some(incoming) => incoming.push(&chunk),
            None => body.extend_from_slice(&chunk),
        }
    }
    Ok(incoming.map_or(body, Incoming::rest))
}

/// An answer of more than so many bytes.
#[derive(Debug)]
pub(crate) struct TooLong(usize);

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the answer has more than {} bytes", self.0)
    }
}

impl std::error::Error for TooLong {}
