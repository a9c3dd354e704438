use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Uri;
use http_body_util::Full;
use hyper_rustls::{
    FixedServerNameResolver, HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream,
};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use s3_exporter_api::{BackendError, FailureKind, chain};
use s3_exporter_config::WatchedFiles;
use tower::util::BoxCloneSyncService;
use tower::{BoxError, Service, service_fn};

use crate::proxy::Proxies;
use crate::way::Way;
use crate::{Transport, tls};

/// Sends requests over connections that it keeps.
pub(crate) type Client = legacy::Client<Connector, Full<Bytes>>;
/// Connects to an address, with TLS where it asks for it.
pub type Connector = BoxCloneSyncService<Uri, MaybeHttpsStream<Way>, BoxError>;

/// Of each connection, for as long as it is kept: without a bound, hyper's grows to the
/// size of an answer, which is 13 MB for 32 connections. Up to three of them are in use while
/// an answer comes faster than it is read. With half of it listing takes a tenth more CPU.
const READ_BUFFER: usize = 32 * 1024;
/// An unused connection is kept so long.
const IDLE: Duration = Duration::from_secs(90);
/// How soon a connection whose other end is gone without a word is found out.
const KEEPALIVE: Duration = Duration::from_secs(15);
/// How often the files of certificates are looked at, at most.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The client of the latest certificates.
pub struct HttpClients {
    store_url: String,
    transport: Transport,
    proxies: Arc<Proxies>,
    current: Arc<Mutex<CurrentClient>>,
}

struct CurrentClient {
    connector: Connector,
    client: Client,
    /// Which client it is.
    number: u64,
    /// Those that it was made of, or that could not be used in its place.
    files: WatchedFiles,
    looked: Instant,
}

/// The connections of one client, for one request.
#[derive(Clone)]
pub struct Connections {
    pub(crate) client: Client,
    proxies: Arc<Proxies>,
    number: u64,
    current: Arc<Mutex<CurrentClient>>,
}

impl HttpClients {
    /// Reads the certificates. `store_url` is for the log.
    ///
    /// # Errors
    /// `tls` for files that are of no use, `internal` for a proxy's address that is none.
    pub fn new(transport: &Transport, store_url: String) -> Result<Self, BackendError> {
        let proxies = match &transport.proxy {
            Some(proxy) => Proxies::one(proxy.expose(), "`proxy`"),
            None => Proxies::of_environment(|name| std::env::var_os(name)),
        };
        let proxies = Arc::new(proxies.map_err(|cause| {
            let reason = cause.to_string();
            BackendError::new(FailureKind::Internal, "setting the proxy up", reason)
        })?);
        // Before they are read: a change in between is seen then.
        let files = WatchedFiles::new(transport.files());
        let connector = described(transport, &proxies)?;
        let current = CurrentClient {
            client: client(&connector),
            connector,
            number: 0,
            files,
            looked: Instant::now(),
        };
        Ok(Self {
            store_url,
            transport: transport.clone(),
            proxies,
            current: Arc::new(Mutex::new(current)),
        })
    }

    /// For a request that is sent now. When the files have changed they are new ones. Files
    /// that are of no use leave those that are there: often they are about to be written, the
    /// certificate first and then its key.
    pub fn connections(&self) -> Connections {
        self.connections_at(Instant::now())
    }

    fn connections_at(&self, now: Instant) -> Connections {
        let mut current = lock(&self.current);
        if now.saturating_duration_since(current.looked) >= LOOK_EVERY {
            current.looked = now;
            if current.files.changed() {
                match described(&self.transport, &self.proxies) {
                    Ok(connector) => {
                        current.connector = connector;
                        current.begin_anew();
                        tracing::info!(
                            store_url = self.store_url,
                            files = ?current.files,
                            "the certificates changed, and are used from now on"
                        );
                    }
                    Err(error) => tracing::warn!(
                        store_url = self.store_url,
                        error = chain(&error),
                        "the certificates changed, and cannot be used: those from before are kept"
                    ),
                }
            }
        }
        Connections {
            client: current.client.clone(),
            proxies: Arc::clone(&self.proxies),
            number: current.number,
            current: Arc::clone(&self.current),
        }
    }
}

impl Connections {
    /// What goes by a proxy.
    pub(crate) fn proxies(&self) -> &Proxies {
        &self.proxies
    }

    /// No request goes over any of them any more: behind a load balancer each stays with one
    /// node, and it is not known which of them lead to the one that is ill.
    pub fn give_up(&self) {
        let mut current = lock(&self.current);
        // Several requests may fail for the same reason.
        if current.number == self.number {
            current.begin_anew();
        }
    }
}

fn lock(current: &Mutex<CurrentClient>) -> MutexGuard<'_, CurrentClient> {
    // Nobody panics while holding it.
    current.lock().unwrap_or_else(PoisonError::into_inner)
}

impl CurrentClient {
    fn begin_anew(&mut self) {
        self.client = client(&self.connector);
        self.number += 1;
    }
}

impl fmt::Debug for HttpClients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClients")
            .field("transport", &self.transport)
            .finish_non_exhaustive()
    }
}

/// The way that a section describes.
fn described(transport: &Transport, proxies: &Arc<Proxies>) -> Result<Connector, BackendError> {
    let tls = tls::config(transport)?;
    let proxies = Arc::clone(proxies);
    Ok(connector(tls, None, proxies, transport.connect_timeout))
}

fn client(connector: &Connector) -> Client {
    legacy::Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .http1_read_buf_exact_size(READ_BUFFER)
        .build(connector.clone())
}

/// To the proxy or the server, then TLS where the address asks for it, all within the limit.
/// The server's certificate is that of `name`, where there is one, and else of the address.
pub fn connector(
    tls: ClientConfig,
    name: Option<ServerName<'static>>,
    proxies: Arc<Proxies>,
    limit: Duration,
) -> Connector {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_keepalive(Some(KEEPALIVE));
    tcp.set_keepalive_interval(Some(KEEPALIVE));
    tcp.set_keepalive_retries(Some(3));
    let to_proxy = HttpsConnector::from((tcp.clone(), tls.clone()));
    let way = service_fn(move |server| {
        let (proxies, tcp, to_proxy) = (Arc::clone(&proxies), tcp.clone(), to_proxy.clone());
        async move { proxies.connect(server, tcp, to_proxy).await }
    });
    let mut secured = HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http();
    if let Some(name) = name {
        secured = secured.with_server_name_resolver(FixedServerNameResolver::new(name));
    }
    let secured = secured.enable_http1().wrap_connector(way);
    BoxCloneSyncService::new(service_fn(move |server| {
        let connecting = secured.clone().call(server);
        async move {
            let connected = tokio::time::timeout(limit, connecting).await;
            connected.map_err(|_| TooLate(limit))?
        }
    }))
}

/// The connection does not stand in time.
#[derive(Debug)]
pub(crate) struct TooLate(Duration);

impl fmt::Display for TooLate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no connection within {:?}", self.0)
    }
}

impl std::error::Error for TooLate {}

#[cfg(test)]
mod tests {
    use s3_exporter_testkit::{Authority, Proxy, S3sServer};

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn files_that_are_of_no_use_change_nothing() {
        let (authority, server) = (Authority::new(), S3sServer::start());
        let store = Proxy::start_tls(&server.endpoint(), &authority.issue(&["127.0.0.1"]));
        let store: Uri = store.endpoint().parse().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let bundle = folder.path().join("ca.pem");
        std::fs::write(&bundle, authority.pem()).unwrap();
        let transport = Transport {
            ca_bundle: Some(bundle.clone()),
            client_certificate: None,
            insecure_skip_verify: false,
            proxy: None,
            connect_timeout: Duration::from_secs(5),
        };
        let clients = HttpClients::new(&transport, store.to_string()).unwrap();
        let start = Instant::now();
        let trusted = async |seconds: f64| {
            let used = clients.connections_at(start + Duration::from_secs_f64(seconds));
            used.client.get(store.clone()).await.is_ok()
        };
        assert!(trusted(0.0).await);
        std::fs::write(&bundle, Authority::new().pem()).unwrap();
        assert!(trusted(0.5).await, "it is not looked at for each request");
        assert!(!trusted(2.0).await, "another's is taken up");
        std::fs::write(&bundle, authority.pem()).unwrap();
        assert!(trusted(4.0).await, "and so is the first one");
        std::fs::write(&bundle, &authority.pem()[..99]).unwrap();
        assert!(trusted(6.0).await, "half of one is not");
        std::fs::remove_file(&bundle).unwrap();
        assert!(trusted(8.0).await, "nor none");
        std::fs::write(&bundle, Authority::new().pem()).unwrap();
        assert!(!trusted(10.0).await, "what comes after them is");
    }
}
