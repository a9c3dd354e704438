//! Takes connections and serves them. Nothing that a client does ends it.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Empty};
use hyper::body::Body;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceExt};

use crate::{Listener, Peer, WebConfig};

mod connection;
mod guard;
mod limiter;

use connection::Serving;
use limiter::ConnectionLimiter;

/// How long answers that are under way may take once we are to stop.
const GRACE: Duration = Duration::from_secs(1);
/// Connections that have to go, and have not yet, at most.
const LEAVING: usize = 32;
/// How long to wait when no connection can be accepted, as without a free descriptor.
const PAUSE: Duration = Duration::from_millis(100);

/// What clients may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Open connections, of all clients together.
    pub connections: usize,
    /// How long TLS may take to begin.
    pub handshake: Duration,
    /// How long a connection may have no request to answer; so long, too, the head of a
    /// request may take. Less than an attacker would like.
    pub idle: Duration,
    /// From the head of a request to the last byte of its answer that is handed over.
    pub request: Duration,
    /// Requests at the same time over one connection of HTTP/2.
    pub streams: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 512,
            handshake: Duration::from_secs(10),
            idle: Duration::from_secs(40),
            request: Duration::from_secs(60),
            streams: 16,
        }
    }
}

/// Answers by the service until `stop`, then lets answers that are under way finish for a
/// moment. Each request has a [`Peer`] among its extensions, and no body: whoever sends one is
/// told that it is too large.
pub async fn serve<S, B>(
    listeners: Vec<Listener>,
    service: S,
    web: Arc<WebConfig>,
    limits: Limits,
    stop: CancellationToken,
) where
    S: Service<Request<Empty<Bytes>>, Response = Response<B>, Error = Infallible>,
    S: Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    B: Body<Data = Bytes, Error: Into<tower::BoxError>> + Send + 'static,
{
    let boxed = |body: B| body.map_err(Into::into).boxed_unsync();
    let service = service.map_response(move |response| response.map(boxed));
    serve_boxed(listeners, Pages::new(service), web, limits, stop).await;
}

/// What answers requests, whatever it is: in a box, so that all that serves it is built once.
type Pages = BoxCloneSyncService<Request<Empty<Bytes>>, Answer, Infallible>;
type Answer = Response<AnswerBody>;
type AnswerBody = http_body_util::combinators::UnsyncBoxBody<Bytes, tower::BoxError>;

async fn serve_boxed(
    listeners: Vec<Listener>,
    pages: Pages,
    web: Arc<WebConfig>,
    limits: Limits,
    stop: CancellationToken,
) {
    let door = Door {
        serving: Serving {
            pages,
            web: Arc::clone(&web),
            limits,
        },
        limiter: Arc::new(ConnectionLimiter::new(limits)),
        room: Arc::new(Semaphore::new(limits.connections + LEAVING)),
        graceful: Arc::new(GracefulShutdown::new()),
        cut: CancellationToken::new(),
    };
    let mut running = JoinSet::new();
    running.spawn(async move { web.follow().await });
    let (graceful, cut) = (Arc::clone(&door.graceful), door.cut.clone());
    for listener in listeners {
        running.spawn(accept(listener, door.clone()));
    }
    drop(door);
    stop.cancelled().await;
    running.shutdown().await; // closes the listeners, and nobody else holds `graceful`
    if let Some(graceful) = Arc::into_inner(graceful) {
        let _ = tokio::time::timeout(GRACE, graceful.shutdown()).await;
    }
    cut.cancel(); // whoever reads that slowly gets no more
}

/// What a listener lets connections in with.
#[derive(Clone)]
struct Door {
    serving: Serving,
    limiter: Arc<ConnectionLimiter>,
    /// For connections that are open, and those that have to go and have not yet.
    room: Arc<Semaphore>,
    graceful: Arc<GracefulShutdown>,
    cut: CancellationToken,
}

impl Door {
    fn enter(&self, stream: TcpStream, peer: Peer, room: OwnedSemaphorePermit) {
        let guard = self
            .limiter
            .admit(peer.address.ip(), self.cut.child_token());
        let connection = Arc::clone(&guard.connection);
        let serving = self.serving.clone();
        let limits = serving.limits;
        let served = serving.connection(
            stream,
            peer,
            Arc::clone(&connection),
            self.graceful.watcher(),
        );
        tokio::spawn(async move {
            let _until_gone = (guard, room);
            tokio::select! {
                () = served => {}
                () = connection.cut.cancelled() => {}
                () = connection.overdue(&limits) => {}
            }
        });
    }
}

/// Takes connections until the future is dropped.
async fn accept(listener: Listener, door: Door) {
    let mut failing = false;
    // In a rush the ones that have to go get time to. It is never closed.
    while let Ok(room) = Arc::clone(&door.room).acquire_owned().await {
        match listener.socket.accept().await {
            Ok((stream, address)) => {
                failing = false;
                let peer = Peer {
                    address,
                    admin: listener.admin,
                };
                door.enter(stream, peer, room);
            }
            // The client's doing, and over with it.
            Err(error) if is_of_connection(&error) => {}
            // Ours, such as too many open files. It passes, so we go on; once is enough said.
            Err(error) => {
                if !failing {
                    let error = error.to_string();
                    tracing::error!(error, "connections cannot be accepted; trying again");
                }
                failing = true;
                door.limiter.evict(); // for a descriptor
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

fn is_of_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
    )
}
