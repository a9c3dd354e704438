//! Listens and serves. Nothing that a client does ends it.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::server::graceful::GracefulShutdown;
use socket2::{Domain, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::http::web_config::WebConfig;

mod connection;
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

/// Where connections come in.
#[derive(Debug)]
pub struct Listener {
    /// The socket.
    pub socket: TcpListener,
    /// Whether it is one of `server.admin_listen`.
    pub admin: bool,
}

/// Who asks: an extension of each request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Where the connection comes from.
    pub address: SocketAddr,
    /// Whether it came in at one of `server.admin_listen`.
    pub admin: bool,
}

/// Listens on an address: `host:port`, or `:port` for every address, v4 and v6.
///
/// # Errors
/// Says which address, why not, and what to do.
pub fn bind(address: &str, admin: bool) -> Result<Vec<Listener>, String> {
    let sockets = sockets(address)?.into_iter();
    Ok(sockets.map(|socket| Listener { socket, admin }).collect())
}

fn sockets(address: &str) -> Result<Vec<TcpListener>, String> {
    let advice = |error: io::Error| {
        let advice = match error.kind() {
            io::ErrorKind::AddrInUse => {
                "another process listens there (see `ss -ltnp`): stop it or choose another port"
            }
            io::ErrorKind::PermissionDenied => {
                "choose a port above 1023, or give the process CAP_NET_BIND_SERVICE"
            }
            io::ErrorKind::AddrNotAvailable => "this machine has no such address",
            _ => "expected host:port, or :port for every address",
        };
        format!("cannot listen on {address:?}: {error}; {advice}")
    };
    match address.strip_prefix(':') {
        Some(port) => {
            let port = port.parse().map_err(|_| {
                format!("cannot listen on {address:?}: {port:?} is no port: expected 0 to 65535")
            })?;
            every_address(port)
                .map(|listener| vec![listener])
                .map_err(advice)
        }
        None => {
            let addresses = address.to_socket_addrs().map_err(advice)?;
            addresses
                .map(|address| listen(address).map_err(advice))
                .collect()
        }
    }
}

/// One socket for both, or for v4 alone where the system has no v6.
fn every_address(port: u16) -> io::Result<TcpListener> {
    match listen((Ipv6Addr::UNSPECIFIED, port).into()) {
        Err(error) if lacks_v6(&error) => listen((Ipv4Addr::UNSPECIFIED, port).into()),
        result => result,
    }
}

/// Whether the error is that there is no IPv6: not built into the kernel
/// (EAFNOSUPPORT), or switched off (EADDRNOTAVAIL).
fn lacks_v6(error: &io::Error) -> bool {
    const EAFNOSUPPORT: i32 = 97;
    error.raw_os_error() == Some(EAFNOSUPPORT) || error.kind() == io::ErrorKind::AddrNotAvailable
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?; // or a restart has to wait for old connections
    if address.is_ipv6() {
        socket.set_only_v6(false)?; // [::] is v4 too, whatever the system's default
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(1024)?;
    TcpListener::from_std(socket.into())
}

/// Serves until `shutdown`, then lets answers that are under way finish for a moment.
pub async fn serve(
    listeners: Vec<Listener>,
    router: Router,
    web: Arc<WebConfig>,
    limits: Limits,
    shutdown: CancellationToken,
) {
    let door = Door {
        serving: Serving {
            router,
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
    shutdown.cancelled().await;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_alone_is_every_address() {
        let listeners = sockets(":0").unwrap();
        let [listener] = &listeners[..] else {
            panic!("not one: {listeners:?}");
        };
        let port = listener.local_addr().unwrap().port();
        TcpStream::connect((Ipv4Addr::LOCALHOST, port))
            .await
            .unwrap();
        let v6 = std::net::TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok();
        if v6 {
            TcpStream::connect((Ipv6Addr::LOCALHOST, port))
                .await
                .unwrap();
        } else {
            assert!(listener.local_addr().unwrap().is_ipv4());
        }
    }

    #[test]
    fn no_v6_is_told_from_other_errors() {
        for (code, lacks) in [(97, true), (99, true), (98, false), (13, false)] {
            assert_eq!(
                lacks_v6(&io::Error::from_raw_os_error(code)),
                lacks,
                "{code}"
            );
        }
    }

    #[tokio::test]
    async fn errors_say_where_and_what_to_do() {
        let taken = sockets("127.0.0.1:0").unwrap();
        let address = taken[0].local_addr().unwrap().to_string();
        let error = sockets(&address).unwrap_err();
        assert!(
            error.starts_with(&format!("cannot listen on \"{address}\": ")),
            "{error}"
        );
        assert!(error.contains("another process listens there"), "{error}");
        assert_eq!(
            sockets(":port").unwrap_err(),
            "cannot listen on \":port\": \"port\" is no port: expected 0 to 65535"
        );
        assert!(
            sockets("203.0.113.1:0")
                .unwrap_err()
                .ends_with("this machine has no such address")
        );
        assert!(
            sockets("127.0.0.1")
                .unwrap_err()
                .contains("expected host:port")
        );
    }
}
