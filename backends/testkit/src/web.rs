//! HTTP for the servers inside the tests: on a thread and a runtime of their own, so that
//! they live as long as their handle, whatever runtime the test has.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;

use bytes::Bytes;
use futures::stream;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::{Authority, Fault, Faults, Identity};

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
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Web {
    /// Serves on a free port of 127.0.0.1; https where there is an identity.
    pub fn start(service: impl Service, faults: Faults, identity: Option<&Identity>) -> Self {
        Self::serve(service, faults, identity.map(|own| acceptor(own, None)))
    }

    /// Serves https to those who have a certificate of `clients`.
    pub fn start_for(
        clients: &Authority,
        service: impl Service,
        faults: Faults,
        identity: &Identity,
    ) -> Self {
        Self::serve(service, faults, Some(acceptor(identity, Some(clients))))
    }

    fn serve(service: impl Service, faults: Faults, acceptor: Option<TlsAcceptor>) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let scheme = if acceptor.is_some() { "https" } else { "http" };
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).unwrap();
                tokio::select! {
                    () = accept(listener, acceptor, service, faults) => (),
                    _ = stopped => (),
                }
            });
            // What is still running ends here, in the middle of whatever it does.
            runtime.shutdown_background();
        });
        Self {
            address,
            scheme,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    pub fn endpoint(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
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

fn acceptor(identity: &Identity, clients: Option<&Authority>) -> TlsAcceptor {
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
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

async fn accept(
    listener: TcpListener,
    acceptor: Option<TlsAcceptor>,
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
        let (acceptor, service, faults) = (acceptor.clone(), service.clone(), faults.clone());
        connections.spawn(async move {
            match acceptor {
                None => connection(stream, service, faults).await,
                Some(acceptor) => {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        connection(stream, service, faults).await;
                    }
                }
            }
        });
    }
}

async fn connection<S>(stream: S, service: impl Service, faults: Faults)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let answer = service_fn(move |request| {
        let (service, faults) = (service.clone(), faults.clone());
        async move { Ok::<_, io::Error>(faulty(&service, &faults, request).await) }
    });
    // A connection that ends badly is what the faults are for.
    let _ = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), answer)
        .await;
}

/// The answer, or what the faults make of it. Only listings fail: a test that fills a
/// bucket in between must not use them up.
async fn faulty(
    service: &impl Service,
    faults: &Faults,
    request: Request<Incoming>,
) -> Response<Body> {
    let listing = request
        .uri()
        .query()
        .is_some_and(|query| query.split('&').any(|pair| pair == "list-type=2"));
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
            let mut response = Response::new(whole(body.into()));
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            for (name, value) in headers {
                let name = HeaderName::try_from(name).unwrap();
                let value = HeaderValue::try_from(value).unwrap();
                response.headers_mut().insert(name, value);
            }
            response
        }
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
    let body = StreamBody::new(futures::StreamExt::chain(first, rest));
    Response::from_parts(parts, BodyExt::boxed(body))
}
