use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::uri::Scheme;
use http::{HeaderValue, Uri};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::TokioIo;
use s3_exporter_api::{BackendError, FailureKind, Secret};
use tokio::net::TcpStream;
use tower::{BoxError, Service};

/// What goes by which proxy.
#[derive(Debug)]
pub struct Proxies(Matcher);

impl Proxies {
    /// The section's proxy for all, else those that the environment names: `HTTPS_PROXY`,
    /// `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, in small letters too, as curl reads them.
    pub fn new(proxy: Option<&Secret>) -> Result<Self, BackendError> {
        let Some(proxy) = proxy else {
            return Ok(Self(Matcher::from_env()));
        };
        let proxies = Self(Matcher::builder().all(proxy.expose()).build());
        match proxies.of(&Uri::from_static("http://store")) {
            Some(_) => Ok(proxies),
            // Its address may hold a password, so it is not shown.
            None => Err(BackendError::new(
                FailureKind::Internal,
                "setting the proxy up",
                "its address makes no sense",
            )),
        }
    }

    fn of(&self, store: &Uri) -> Option<Intercept> {
        if store.host().is_some_and(is_metadata_service) {
            return None;
        }
        self.0.intercept(store)
    }

    /// What a request for this address has to say to the proxy: without TLS it is the proxy
    /// that the request is sent to.
    pub fn password(&self, store: &Uri) -> Option<HeaderValue> {
        let proxy = self
            .of(store)
            .filter(|_| store.scheme() == Some(&Scheme::HTTP))?;
        proxy.basic_auth().cloned()
    }

    /// To the store itself; by way of a proxy, through a tunnel where TLS is to be spoken to
    /// the store, else to the proxy, which reads the request.
    pub async fn connect(
        &self,
        store: Uri,
        mut tcp: HttpConnector,
        mut to_proxy: HttpsConnector<HttpConnector>,
    ) -> Result<Way, BoxError> {
        let Some(proxy) = self.of(&store) else {
            let stream = MaybeHttpsStream::Http(tcp.call(store).await?);
            return Ok(Way {
                stream,
                read_by_proxy: false,
            });
        };
        if store.scheme() == Some(&Scheme::HTTP) {
            let stream = to_proxy.call(proxy.uri().clone()).await?;
            return Ok(Way {
                stream,
                read_by_proxy: true,
            });
        }
        let mut tunnel = Tunnel::new(proxy.uri().clone(), to_proxy);
        if let Some(password) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(password.clone());
        }
        let stream = tunnel.call(store).await?;
        Ok(Way {
            stream,
            read_by_proxy: false,
        })
    }
}

/// Where the SDK asks for a machine's or a container's role: that is this machine's business,
/// and a proxy would answer with its own.
fn is_metadata_service(host: &str) -> bool {
    match host.trim_matches(['[', ']']).parse() {
        Ok(IpAddr::V4(address)) => address.is_link_local(), // 169.254.0.0/16
        Ok(IpAddr::V6(address)) => address.segments()[..2] == [0xfd00, 0x0ec2],
        Err(_) => false,
    }
}

/// A connection that requests can be sent over.
pub struct Way {
    stream: MaybeHttpsStream<TokioIo<TcpStream>>,
    /// A proxy reads the requests, and so needs the whole address in their first line.
    read_by_proxy: bool,
}

impl Connection for Way {
    fn connected(&self) -> Connected {
        self.stream.connected().proxy(self.read_by_proxy)
    }
}

impl Read for Way {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl Write for Way {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_goes_by_the_proxy_but_the_metadata_services() {
        let proxy = Secret::new("http://user:p%40ss@proxy:3128".to_owned());
        let proxies = Proxies::new(Some(&proxy)).unwrap();
        for (store, by_proxy) in [
            ("http://store:9000/", true),
            ("https://store/", true),
            ("http://169.253.0.1/", true),
            ("http://[fd00:ec3::254]/", true),
            ("http://169.254.169.254/latest", false),
            ("http://169.254.170.2/", false),
            ("http://[fd00:ec2::254]/latest", false),
        ] {
            let found = proxies.of(&Uri::from_static(store));
            let found = found.map(|proxy| proxy.uri().to_string());
            let expected = by_proxy.then(|| "http://proxy:3128/".to_owned());
            assert_eq!(found, expected, "{store}");
        }
    }

    #[test]
    fn only_a_proxy_that_reads_requests_finds_the_password_in_them() {
        let proxy = Secret::new("http://user:p%40ss@proxy:3128".to_owned());
        let proxies = Proxies::new(Some(&proxy)).unwrap();
        let password = |store| proxies.password(&Uri::from_static(store));
        assert_eq!(password("http://store/").unwrap(), "Basic dXNlcjpwQHNz");
        assert_eq!(password("https://store/"), None);
        assert_eq!(password("http://169.254.169.254/"), None);
    }

    #[test]
    fn an_address_that_is_none_is_not_passed_over() {
        let proxy = Secret::new("http://:hidden@/".to_owned());
        let error = Proxies::new(Some(&proxy)).unwrap_err();
        assert_eq!(error.kind(), FailureKind::Internal);
        assert!(!format!("{error:?}").contains("hidden"));
    }
}
