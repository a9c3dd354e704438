//! HTTP for the servers inside the tests: on a thread and a runtime of their own, so that
//! they live as long as their handle, whatever runtime the test has.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;

use bytes::Bytes;
use futures::{StreamExt, stream};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::{Authority, Fault, Faults, Identity};

/// Changes with the certificate; `None` serves plain HTTP.
type Certificate = watch::Sender<Option<Arc<ServerConfig>>>;

pub type Body = BoxBody<Bytes, io::Error>;

/// Answers requests, before any fault.
pub trait Service: Clone + Send + Sync + 'static {
    /// The whole answer.
    fn answer(&self, request: Request<Incoming>) -> impl Future<Output = Response<Bytes>> + Send;
}

/// A server that runs until dropped.
#[derive(Debug)]
pub struct Web {
    address: SocketAddr,
    scheme: &'static str,
    certificate: Certificate,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Web {
    /// Serves on a free port of 127.0.0.1; https where there is an identity.
    pub fn start(service: impl Service, faults: Faults, identity: Option<&Identity>) -> Self {
        Self::serve(service, faults, identity.map(|own| tls(own, None)))
    }

    /// Serves https to those who have a certificate of `clients`.
    pub fn start_for(
        clients: &Authority,
        service: impl Service,
        faults: Faults,
        identity: &Identity,
    ) -> Self {
        Self::serve(service, faults, Some(tls(identity, Some(clients))))
    }

    fn serve(service: impl Service, faults: Faults, config: Option<Arc<ServerConfig>>) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let scheme = if config.is_some() { "https" } else { "http" };
        let certificate = Certificate::new(config);
        let certificates = certificate.subscribe();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).unwrap();
                tokio::select! {
                    () = accept(listener, certificates, service, faults) => (),
                    _ = stopped => (),
                }
            });
            // What is still running ends here, in the middle of whatever it does.
            runtime.shutdown_background();
        });
        Self {
            address,
            scheme,
            certificate,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    pub fn endpoint(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// Shows another certificate from now on, to anybody. Connections that stand end with the answer
    /// that is under way.
    pub fn set_identity(&self, identity: &Identity) {
        assert_eq!(self.scheme, "https", "a plain server shows no certificate");
        self.certificate.send_replace(Some(tls(identity, None)));
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

pub fn tls(identity: &Identity, clients: Option<&Authority>) -> Arc<ServerConfig> {
    let certificate = CertificateDer::from_pem_slice(identity.certificate.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = clients.map_or_else(WebPkiClientVerifier::no_client_auth, |clients| {
        let mut roots = rustls::RootCertStore::empty();
        let authority = CertificateDer::from_pem_slice(clients.pem().as_bytes()).unwrap();
        roots.add(authority).unwrap();
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .unwrap()
    });
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate], key)
        .unwrap();
    Arc::new(config)
}

async fn accept(
    listener: TcpListener,
    certificates: watch::Receiver<Option<Arc<ServerConfig>>>,
    service: impl Service,
    faults: Faults,
) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let _ = stream.set_nodelay(true);
        let (service, faults) = (service.clone(), faults.clone());
        let mut certificates = certificates.clone();
        let config = certificates.borrow_and_update().clone();
        connections.spawn(async move {
            match config.map(TlsAcceptor::from) {
                None => connection(stream, certificates, service, faults).await,
                Some(acceptor) => {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        connection(stream, certificates, service, faults).await;
                    }
                }
            }
        });
    }
}

async fn connection<S>(
    stream: S,
    mut certificates: watch::Receiver<Option<Arc<ServerConfig>>>,
    service: impl Service,
    faults: Faults,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let answer = service_fn(move |request| {
        let (service, faults) = (service.clone(), faults.clone());
        async move { Ok::<_, io::Error>(faulty(&service, &faults, request).await) }
    });
    let serving = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), answer);
    let mut serving = std::pin::pin!(serving);
    // A connection that ends badly is what the faults are for.
    tokio::select! {
        _ = serving.as_mut() => return,
        _ = certificates.changed() => serving.as_mut().graceful_shutdown(),
    }
    let _ = serving.await;
}

/// The answer, or what the faults make of it. Only listings fail: a test that fills a
/// bucket in between must not use them up.
async fn faulty(
    service: &impl Service,
    faults: &Faults,
    request: Request<Incoming>,
) -> Response<Body> {
    let of_webdav = request.method().as_str() == "PROPFIND";
    let query = request.uri().query();
    let listing = of_webdav
        || query.is_some_and(|query| {
            let mut pairs = query.split('&');
            pairs.any(|pair| {
                let begins = |name: &str| pair.starts_with(name);
                matches!(pair, "list-type=2" | "comp=list" | "format=json")
                    || begins("marker=")
                    || begins("maxResults=")
                    || begins("max-buckets=")
            })
        });
    let _flying = listing.then(|| faults.enter());
    let fault = if listing { faults.take().await } else { None };
    match fault {
        None => service.answer(request).await.map(whole),
        Some(Fault::Silence) => faults.stall().await,
        Some(Fault::Answer {
            status,
            headers,
            body,
        }) => {
            let mut response = Response::new(whole(body));
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            for (name, value) in headers {
                let name = HeaderName::try_from(name).unwrap();
                let value = HeaderValue::try_from(value).unwrap();
                response.headers_mut().insert(name, value);
            }
            response
        }
        Some(Fault::Endless { status, announced }) => endless(status, announced),
        Some(Fault::Truncate) => service
            .answer(request)
            .await
            .map(|body| whole(body.slice(..body.len() / 2))),
        Some(fault) => {
            let response = service.answer(request).await;
            broken(response, fault, faults.clone())
        }
    }
}

fn whole(body: Bytes) -> Body {
    Full::new(body).map_err(|never| match never {}).boxed()
}

fn endless(status: u16, announced: Option<u64>) -> Response<Body> {
    let begin = Bytes::from_static(b"<ListBucketResult><IsTruncated>false</IsTruncated>");
    let object = "<Contents><Key>k</Key><LastModified>2026-01-01T00:00:00Z</LastModified>\
                  <Size>1</Size></Contents>";
    let objects = Bytes::from(object.repeat(500));
    let body = stream::once(async move { begin })
        .chain(stream::repeat(objects))
        .map(|bytes| Ok(Frame::data(bytes)));
    let mut response = Response::new(BodyExt::boxed(StreamBody::new(body)));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    if let Some(length) = announced {
        response
            .headers_mut()
            .insert("content-length", length.into());
    }
    response
}

/// The headers of the whole answer with half of its body.
fn broken(response: Response<Bytes>, fault: Fault, faults: Faults) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    parts.headers.insert("content-length", body.len().into());
    let half = body.slice(..body.len() / 2);
    let first = stream::once(async move { Ok(Frame::data(half)) });
    let rest = stream::once(async move {
        if fault == Fault::Stall {
            return faults.stall().await;
        }
        // So that the half is on its way before hyper closes the connection.
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        Err(io::Error::other("cut on purpose"))
    });
    let body = StreamBody::new(first.chain(rest));
    Response::from_parts(parts, BodyExt::boxed(body))
}
