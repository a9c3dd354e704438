//! One connection: TLS where it is asked for, then HTTP/1.1 or HTTP/2.

use std::convert::Infallible;
use std::sync::Arc;

use http::Request;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::{HttpService, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::graceful::Watcher;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::limiter::OpenConnection;
use super::{AnswerBody, Limits, Pages, guard};
use crate::Peer;
use crate::web_config::{WebConfig, tls};

/// Bytes of a request's head at most, and of an answer that wait in one of our buffers.
const MAX_HEAD: usize = 64 * 1024;
/// What Go's servers say in this case, and people search for.
const NOT_TLS: &[u8] =
    b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";

/// What every connection needs.
#[derive(Clone)]
pub struct Serving {
    pub pages: Pages,
    pub web: Arc<WebConfig>,
    pub limits: Limits,
}

impl Serving {
    /// Answers what comes over a connection. Where the client goes away or does not speak
    /// TLS or HTTP, nobody is left to be told.
    pub async fn connection(
        self,
        stream: TcpStream,
        peer: Peer,
        guarded: Arc<OpenConnection>,
        watcher: Watcher,
    ) {
        let _ = stream.set_nodelay(true); // only a little slower without
        let Some(config) = self.web.current().tls().cloned() else {
            return self.http1(stream, peer, guarded, watcher).await;
        };
        // In a box, as all that follows: those who do without need not find room for it.
        let handshake = Box::pin(handshake(stream, config));
        let Ok(Some(stream)) = timeout(self.limits.handshake, handshake).await else {
            return;
        };
        if stream.get_ref().1.alpn_protocol() == Some(tls::HTTP2) {
            Box::pin(self.http2(stream, peer, guarded, watcher)).await;
        } else {
            Box::pin(self.http1(stream, peer, guarded, watcher)).await;
        }
    }

    async fn http1<S>(self, stream: S, peer: Peer, guarded: Arc<OpenConnection>, watcher: Watcher)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let connection = http1::Builder::new()
            .header_read_timeout(None) // the limiter sees to it, with all that is late
            .max_header_size(MAX_HEAD)
            .max_buf_size(MAX_HEAD)
            .serve_connection(TokioIo::new(stream), self.answers(peer, guarded));
        let _ = watcher.watch(connection).await;
    }

    /// The library's own limit of streams that were reset while they waited holds, too.
    async fn http2<S>(self, stream: S, peer: Peer, guarded: Arc<OpenConnection>, watcher: Watcher)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let connection = http2::Builder::new(TokioExecutor::new())
            .max_concurrent_streams(self.limits.streams)
            .max_header_list_size(MAX_HEAD as u32)
            .max_send_buf_size(MAX_HEAD)
            .serve_connection(TokioIo::new(stream), self.answers(peer, guarded));
        let _ = watcher.watch(connection).await;
    }

    fn answers(
        self,
        peer: Peer,
        guarded: Arc<OpenConnection>,
    ) -> impl HttpService<Incoming, ResBody = AnswerBody, Error = Infallible, Future: Send> {
        let Self { pages, web, .. } = self;
        service_fn(move |request: Request<Incoming>| {
            let request_guard = guarded.begin();
            let (web, pages) = (Arc::clone(&web), pages.clone());
            async move {
                let response = guard::answer(&web, pages, peer, request).await;
                // While the body is there, the request is not done.
                let hold = move |error| {
                    let _until_sent = &request_guard;
                    error
                };
                Ok(response.map(|body| body.map_err(hold).boxed_unsync()))
            }
        })
    }
}

async fn handshake(
    mut stream: TcpStream,
    config: Arc<ServerConfig>,
) -> Option<TlsStream<TcpStream>> {
    let mut first = [0];
    stream.peek(&mut first).await.ok()?;
    if first[0].is_ascii_uppercase() {
        let _ = stream.write_all(NOT_TLS).await;
        return None;
    }
    TlsAcceptor::from(config).accept(stream).await.ok()
}
