//! Where connections come in, and who they are from.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};

use socket2::{Domain, Socket, Type};
use tokio::net::TcpListener;

/// Where connections come in.
#[derive(Debug)]
pub struct Listener {
    /// The socket.
    pub socket: TcpListener,
    /// Whether it is for those alone who run the process.
    pub admin: bool,
}

/// Who asks: an extension of each request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Where the connection comes from.
    pub address: SocketAddr,
    /// Whether it came in where only those get in who run the process: [`Listener::admin`].
    pub admin: bool,
}

/// Listens on an address: `host:port`, or `:port` for every address, v4 and v6. `admin` is told
/// to whoever answers: see [`Peer`].
///
/// # Errors
/// Says which address, why not, and what to do.
pub fn bind(address: &str, admin: bool) -> Result<Vec<Listener>, BindError> {
    let sockets = sockets(address)?.into_iter();
    Ok(sockets.map(|socket| Listener { socket, admin }).collect())
}

fn sockets(address: &str) -> Result<Vec<TcpListener>, BindError> {
    let refused = |cause: io::Error| BindError::Refused {
        address: address.to_owned(),
        cause,
    };
    match address.strip_prefix(':') {
        Some(port) => {
            let port = port.parse().map_err(|_| BindError::NoPort {
                address: address.to_owned(),
            })?;
            every_address(port)
                .map(|listener| vec![listener])
                .map_err(refused)
        }
        None => {
            let addresses = address.to_socket_addrs().map_err(refused)?;
            addresses
                .map(|address| listen(address).map_err(refused))
                .collect()
        }
    }
}

/// Why there is no listening on an address, and what to do.
#[derive(Debug)]
pub enum BindError {
    /// What follows its colon is no port.
    NoPort {
        /// The address.
        address: String,
    },
    /// The system does not let us.
    Refused {
        /// The address.
        address: String,
        /// What the system says.
        cause: io::Error,
    },
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPort { address } => {
                let port = address.trim_start_matches(':');
                write!(
                    f,
                    "cannot listen on {address:?}: {port:?} is no port: expected 0 to 65535"
                )
            }
            Self::Refused { address, cause } => {
                let advice = match cause.kind() {
                    io::ErrorKind::AddrInUse => {
                        "another process listens there (see `ss -ltnp`): stop it or choose another port"
                    }
                    io::ErrorKind::PermissionDenied => {
                        "choose a port above 1023, or give the process CAP_NET_BIND_SERVICE"
                    }
                    io::ErrorKind::AddrNotAvailable => "this machine has no such address",
                    _ => "expected host:port, or :port for every address",
                };
                write!(f, "cannot listen on {address:?}: {cause}; {advice}")
            }
        }
    }
}

impl std::error::Error for BindError {}

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

#[cfg(test)]
mod tests {
    use tokio::net::TcpStream;

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
        let error = sockets(&address).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("cannot listen on \"{address}\": ")),
            "{error}"
        );
        assert!(error.contains("another process listens there"), "{error}");
        assert_eq!(
            sockets(":port").unwrap_err().to_string(),
            "cannot listen on \":port\": \"port\" is no port: expected 0 to 65535"
        );
        assert!(
            sockets("203.0.113.1:0")
                .unwrap_err()
                .to_string()
                .ends_with("this machine has no such address")
        );
        assert!(
            sockets("127.0.0.1")
                .unwrap_err()
                .to_string()
                .contains("expected host:port")
        );
    }
}
