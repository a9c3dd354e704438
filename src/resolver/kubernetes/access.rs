//! A client for the API server that the configuration means.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http::header::{HeaderValue, PROXY_AUTHORIZATION, USER_AGENT};
use hyper_timeout::TimeoutConnector;
use hyper_util::client::legacy;
use hyper_util::rt::TokioExecutor;
use kube::Client;
use kube::client::{ClientBuilder, ConfigExt};
use rustls::pki_types::{CertificateDer, ServerName};
use s3_exporter_config::WatchedFiles;
use s3_exporter_transport::{BoxError, Proxies, anybody, authorities, connector};
use tower::ServiceBuilder;

use super::KubernetesResolver;
use super::error::{AccessError, AccessSourceError};
use super::kubeconfig;
use super::source::AccessSource;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(4);
/// How long a connection may be silent in the middle of an answer. More than any watch,
/// which the server ends by itself (see the session).
const SILENCE: Duration = Duration::from_secs(45);
const ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/// An API server that can be asked.
pub(super) struct Access {
    pub(super) client: Client,
    /// Its address, for people.
    pub(super) server: String,
    pub(super) source: AccessSource,
    /// The kubeconfig, and the token that it names.
    pub(super) followed: WatchedFiles,
}

/// Reads the configuration and prepares a client; nothing is sent to the API server yet.
/// Blocks: it reads files and may run an exec plug-in. Must be called within a tokio
/// runtime.
pub(super) fn open(config: &KubernetesResolver) -> Result<Access, AccessError> {
    let environment = |name: &str| std::env::var_os(name);
    let source = AccessSource::choose(config, &environment, Path::new(ACCOUNT))?;
    let mut followed = WatchedFiles::default();
    let (mut kube, proxy) = match &source {
        AccessSource::InCluster => {
            let kube = kube::Config::incluster().map_err(AccessSourceError::InCluster);
            (kube.map_err(AccessError::of(&source))?, None)
        }
        AccessSource::Kubeconfig(files) => {
            let found = kubeconfig::read(files, config.context.as_deref(), &mut followed)
                .map_err(AccessError::of(&source))?;
            (found.config, found.proxy)
        }
    };
    let proxies = match &proxy {
        Some(url) => {
            let proxies = Proxies::one(url, "its proxy-url").map_err(AccessSourceError::Proxy);
            proxies.map_err(AccessError::of(&source))?
        }
        None => Proxies::of_environment(environment).map_err(AccessError::Proxy)?,
    };
    let agent = HeaderValue::from_static(concat!("s3-exporter/", env!("CARGO_PKG_VERSION")));
    kube.headers.push((USER_AGENT, agent));
    let server = address(&kube.cluster_url);
    let client = client(kube, proxies).map_err(AccessError::of(&source))?;
    Ok(Access {
        client,
        server,
        source,
        followed,
    })
}

/// The client, over our own way: kube's trusts authorities alone, wants the system's even where
/// nobody is to be trusted or no TLS is spoken, and reads `NO_PROXY` in its own way.
fn client(mut kube: kube::Config, proxies: Proxies) -> Result<Client, AccessSourceError> {
    let handed = |kube: &mut kube::Config| {
        let handed = kube.root_cert.replace(Vec::new());
        let system = handed.is_none();
        let handed = handed.unwrap_or_default().into_iter();
        authorities(handed.map(CertificateDer::from).collect(), system)
    };
    let verifier = match kube.accept_invalid_certs {
        true => anybody(),
        false => handed(&mut kube).map_err(AccessSourceError::Authority)?,
    };
    // Whom kube would trust does not matter, but without any it would look for the system's.
    kube.root_cert = Some(Vec::new());
    kube.root_cert_file = None;
    let mut tls = kube.rustls_client_config()?;
    tls.dangerous().set_certificate_verifier(verifier);
    let name = match &kube.tls_server_name {
        Some(name) => Some(
            ServerName::try_from(name.clone())
                .map_err(|_| AccessSourceError::ServerName(name.clone()))?,
        ),
        None => None,
    };
    if let Some(password) = proxies.password(&kube.cluster_url) {
        kube.headers.push((PROXY_AUTHORIZATION, password));
    }
    let mut way = TimeoutConnector::new(connector(tls, name, Arc::new(proxies), CONNECT));
    way.set_read_timeout(Some(SILENCE));
    way.set_write_timeout(kube.write_timeout);
    way.set_reset_reader_on_write(true);
    let http = legacy::Client::builder(TokioExecutor::new()).build(way);
    let service = ServiceBuilder::new()
        .layer(kube.base_uri_layer())
        .option_layer(kube.auth_layer()?)
        .layer(kube.extra_headers_layer()?)
        .map_err(BoxError::from)
        .service(http);
    Ok(ClientBuilder::new(service, kube.default_namespace.clone()).build())
}

/// The address without what may be secret in it.
fn address(server: &http::Uri) -> String {
    let scheme = server.scheme_str().unwrap_or("https");
    let host = server.host().unwrap_or_default();
    match server.port_u16() {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_a_password() {
        let server = "https://user:hunter2@kubernetes:6443/path?x"
            .parse()
            .unwrap();
        assert_eq!(address(&server), "https://kubernetes:6443");
        assert_eq!(address(&"https://[::1]".parse().unwrap()), "https://[::1]");
    }
}
