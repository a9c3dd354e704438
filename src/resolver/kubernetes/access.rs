//! A client for the API server that the configuration means.

use std::path::{Path, PathBuf};
use std::time::Duration;

use http::header::{HeaderValue, USER_AGENT};
use kube::Client;
use kube::config::{ExecInteractiveMode, KubeConfigOptions, Kubeconfig, KubeconfigError};

use super::files::{self, Followed};
use super::source::Source;
use super::{failure, proxy};
use crate::config;

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
    pub(super) source: Source,
    /// The kubeconfig, and the token that it names.
    pub(super) followed: Followed,
}

/// Reads the configuration and prepares a client; nothing is sent to the API server yet.
/// Blocks: it reads files and may run an exec plug-in. Must be called within a tokio
/// runtime.
pub(super) fn open(config: &config::Kubernetes) -> Result<Access, String> {
    let environment = |name: &str| std::env::var_os(name);
    let source = Source::choose(config, &environment, Path::new(ACCOUNT))?;
    let mut followed = Followed::default();
    let mut kube = match &source {
        Source::InCluster => kube::Config::incluster()
            .map_err(|error| format!("{source}: {}", s3_exporter_api::chain(&error)))?,
        Source::Kubeconfig(files) => from_files(files, config.context.as_deref(), &mut followed)
            .map_err(|reason| format!("{source}: {reason}"))?,
    };
    if kube.proxy_url.is_none() {
        kube.proxy_url = proxy::of(&kube.cluster_url, &environment)?;
    }
    kube.connect_timeout = Some(CONNECT);
    kube.read_timeout = Some(SILENCE);
    kube.reset_reader_on_write = true;
    kube.default_retry = false; // the session begins anew, and tells what is wrong at once
    let agent = HeaderValue::from_static(concat!("s3-exporter/", env!("CARGO_PKG_VERSION")));
    kube.headers.push((USER_AGENT, agent));
    let server = address(&kube.cluster_url);
    let client = Client::try_from(kube)
        .map_err(|error| format!("{source}: {}", failure::describe(&error)))?;
    Ok(Access {
        client,
        server,
        source,
        followed,
    })
}

/// The way that the files' context shows, with the proxy that they name, if any.
fn from_files(
    paths: &[PathBuf],
    context: Option<&str>,
    followed: &mut Followed,
) -> Result<kube::Config, String> {
    let text = |error: KubeconfigError| failure::kubeconfig(&error);
    let mut kubeconfig = Kubeconfig::default();
    for file in paths {
        followed.add(file);
        files::look(file)?;
        let next = Kubeconfig::read_from(file).map_err(text)?;
        kubeconfig = kubeconfig.merge(next).map_err(text)?;
    }
    let context = context
        .map(str::to_owned)
        .or_else(|| kubeconfig.current_context.clone())
        .filter(|name| !name.is_empty());
    check_context(&kubeconfig, context.as_deref())?;
    for user in &mut kubeconfig.auth_infos {
        if let Some(exec) = user.auth_info.as_mut().and_then(|user| user.exec.as_mut()) {
            exec.interactive_mode = Some(ExecInteractiveMode::Never); // nobody is there to answer
        }
    }
    files::prepare(&mut kubeconfig, context.as_deref(), followed)?;
    let proxy = own_proxy(&kubeconfig, context.as_deref());
    let options = KubeConfigOptions {
        context,
        ..KubeConfigOptions::default()
    };
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options);
    let mut config = tokio::runtime::Handle::current()
        .block_on(config)
        .map_err(text)?;
    // What kube found in the environment is not used: it looks for the proxy's own
    // address in NO_PROXY, not for the API server's.
    config.proxy_url = proxy.as_deref().map(proxy::parse).transpose()?;
    Ok(config)
}

fn check_context(kubeconfig: &Kubeconfig, context: Option<&str>) -> Result<(), String> {
    let known: Vec<_> = kubeconfig
        .contexts
        .iter()
        .map(|context| format!("{:?}", context.name))
        .collect();
    let known = match known.is_empty() {
        true => "it has none".to_owned(),
        false => format!("it has {}", known.join(", ")),
    };
    match context {
        None => Err(format!(
            "it sets no current-context; set `context` ({known})"
        )),
        Some(name)
            if !kubeconfig
                .contexts
                .iter()
                .any(|context| context.name == name) =>
        {
            Err(format!("there is no context {name:?} in it; {known}"))
        }
        Some(_) => Ok(()),
    }
}

/// The `proxy-url` of the context's cluster.
fn own_proxy(kubeconfig: &Kubeconfig, context: Option<&str>) -> Option<String> {
    let context = kubeconfig
        .contexts
        .iter()
        .find(|known| Some(&*known.name) == context)?
        .context
        .as_ref()?;
    let cluster = kubeconfig
        .clusters
        .iter()
        .find(|known| known.name == context.cluster)?
        .cluster
        .as_ref()?;
    cluster.proxy_url.clone().filter(|url| !url.is_empty())
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
