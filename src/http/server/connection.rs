//! One connection: TLS where it is asked for, then HTTP/1.1 or HTTP/2.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes};
use hyper::Request;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use hyper::server::conn::{http1, http2};
use hyper::service::{HttpService, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::graceful::Watcher;
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::limiter::{OpenConnection, RequestGuard};
use super::{Limits, Peer};
use crate::http::web_config::{WebConfig, guard, tls};

/// Bytes of a request's head at most, and of an answer that wait in one of our buffers.
const MAX_HEAD: usize = 64 * 1024;
/// What Go's servers say in this case, and people search for.
const NOT_TLS: &[u8] =
    b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";

/// What every connection needs.
#[derive(Clone)]
pub struct Serving {
    pub router: Router,
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
        let Some(config) = self.web.current().tls.clone() else {
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
    ) -> impl HttpService<Incoming, ResBody = Held, Error = Infallible, Future: Send> {
        let pages = TowerToHyperService::new(self.router);
        let web = self.web;
        service_fn(move |request: Request<Incoming>| {
            let held = guarded.begin();
            let (web, pages) = (Arc::clone(&web), pages.clone());
            async move {
                let response = guard::answer(&web, &pages, peer, request).await;
                Ok(response.map(|body| Held { body, _held: held }))
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

/// An answer's body; while it is there, the request is not done.
pub struct Held {
    body: Body,
    _held: RequestGuard,
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
