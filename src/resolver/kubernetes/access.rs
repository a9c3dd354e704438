//! The way to the API server: the in-cluster account or a kubeconfig, and proxies.

use std::ffi::OsString;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::Duration;

use http::header::{HeaderValue, USER_AGENT};
use hyper_util::client::proxy::matcher::Matcher;
use kube::Client;
use kube::config::{ExecInteractiveMode, KubeConfigOptions, Kubeconfig, KubeconfigError};

use super::failure;
use crate::config;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(4);
/// How long a connection may be silent in the middle of an answer. More than any watch,
/// which the server ends by itself (see the session).
const SILENCE: Duration = Duration::from_secs(45);
const ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/// Where the address and the credentials come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The service account of the pod that we are in.
    InCluster,
    /// These files, merged as kubectl does: the first one to say something wins.
    Kubeconfig(Vec<PathBuf>),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InCluster => f.write_str("the in-cluster service account"),
            Self::Kubeconfig(files) => {
                let files: Vec<_> = files
                    .iter()
                    .map(|file| file.display().to_string())
                    .collect();
                write!(f, "kubeconfig {}", files.join(", "))
            }
        }
    }
}

/// An API server that can be asked.
pub(super) struct Access {
    pub(super) client: Client,
    /// Its address, for people.
    pub(super) server: String,
    pub(super) source: Source,
    content: Option<u64>,
}

type Environment<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// Reads the configuration and prepares a client; nothing is sent to the API server yet.
/// Blocks: it reads files and may run an exec plug-in. Must be called within a tokio
/// runtime.
pub(super) fn open(config: &config::Kubernetes) -> Result<Access, String> {
    let environment: Environment<'_> = &|name| std::env::var_os(name);
    let source = choose(config, environment, Path::new(ACCOUNT))?;
    let content = fingerprint(&source);
    let mut kube = match &source {
        Source::InCluster => kube::Config::incluster()
            .map_err(|error| format!("{source}: {}", s3_exporter_api::chain(&error)))?,
        Source::Kubeconfig(files) => from_files(files, config.context.as_deref())
            .map_err(|reason| format!("{source}: {reason}"))?,
    };
    if kube.proxy_url.is_none() {
        kube.proxy_url = proxy(&kube.cluster_url, environment)?;
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
        content,
    })
}

impl Access {
    /// Whether the kubeconfig says something else than when it was opened. One that is
    /// gone or unreadable does not: the connection is good. Blocks.
    pub(super) fn is_outdated(source: &Source, content: Option<u64>) -> bool {
        fingerprint(source).is_some_and(|now| Some(now) != content)
    }

    /// What [`Self::is_outdated`] compares with.
    pub(super) fn content(&self) -> Option<u64> {
        self.content
    }
}

/// Which source holds: the configured file; else, where no context is asked for, the
/// account of the pod; else the files that kubectl would read.
fn choose(
    config: &config::Kubernetes,
    environment: Environment<'_>,
    account: &Path,
) -> Result<Source, String> {
    let set = |name| environment(name).filter(|value| !value.is_empty());
    if let Some(file) = &config.kubeconfig {
        return Ok(Source::Kubeconfig(vec![file.clone()]));
    }
    let in_pod = set("KUBERNETES_SERVICE_HOST").is_some();
    if config.context.is_none() && in_pod && account.exists() {
        return Ok(Source::InCluster);
    }
    let files: Vec<PathBuf> = match (set("KUBECONFIG"), set("HOME")) {
        (Some(list), _) => std::env::split_paths(&list)
            .filter(|file| !file.as_os_str().is_empty())
            .collect(),
        (None, Some(home)) => vec![Path::new(&home).join(".kube/config")],
        (None, None) => Vec::new(),
    };
    let (there, missing): (Vec<_>, Vec<_>) = files.into_iter().partition(|file| file.exists());
    if !there.is_empty() {
        return Ok(Source::Kubeconfig(there));
    }
    let pod = match (&config.context, in_pod) {
        (Some(_), _) => "a `context` is set, so the in-cluster service account is not used".into(),
        (None, true) => format!(
            "the in-cluster service account cannot be used, for there is no {}",
            account.display()
        ),
        (None, false) => {
            "there is no in-cluster service account (KUBERNETES_SERVICE_HOST is not set)".to_owned()
        }
    };
    let missing: Vec<_> = missing
        .iter()
        .map(|file| file.display().to_string())
        .collect();
    let files = match missing.is_empty() {
        true => "no default kubeconfig, as neither KUBECONFIG nor HOME is set".to_owned(),
        false => format!("no kubeconfig {}", missing.join(" or ")),
    };
    Err(format!(
        "{pod}, and there is {files}; set `kubeconfig` to a file"
    ))
}

/// A hash of what the files say; `None` where a file cannot be read or there is none.
fn fingerprint(source: &Source) -> Option<u64> {
    let Source::Kubeconfig(files) = source else {
        return None;
    };
    let mut hasher = DefaultHasher::new();
    for file in files {
        std::fs::read(file).ok()?.hash(&mut hasher);
    }
    Some(hasher.finish())
}

/// The way that the files' context shows, with the proxy that they name, if any.
fn from_files(files: &[PathBuf], context: Option<&str>) -> Result<kube::Config, String> {
    let text = |error: KubeconfigError| failure::kubeconfig(&error);
    let mut kubeconfig = Kubeconfig::default();
    for file in files {
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
    config.proxy_url = proxy.as_deref().map(parse_proxy).transpose()?;
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

/// The proxy that the environment names for this address, by curl's rules.
fn proxy(server: &http::Uri, environment: Environment<'_>) -> Result<Option<http::Uri>, String> {
    let first = |names: &[&str]| {
        names
            .iter()
            .find_map(|name| environment(name))
            .and_then(|value| value.into_string().ok())
            .unwrap_or_default()
    };
    let mut url = match server.scheme_str() {
        Some("http") => first(&["HTTP_PROXY", "http_proxy"]),
        _ => first(&["HTTPS_PROXY", "https_proxy"]),
    };
    if url.is_empty() {
        url = first(&["ALL_PROXY", "all_proxy"]);
    }
    let matcher = Matcher::builder()
        .all(url.as_str())
        .no(first(&["NO_PROXY", "no_proxy"]))
        .build();
    match matcher.intercept(server) {
        Some(_) => parse_proxy(&url).map(Some),
        None => Ok(None),
    }
}

/// Of a proxy without a scheme, http is meant. Its address may hold a password, so it is
/// not shown.
fn parse_proxy(url: &str) -> Result<http::Uri, String> {
    let url = match url.contains("://") {
        true => url.to_owned(),
        false => format!("http://{url}"),
    };
    url.parse()
        .map_err(|error| format!("the proxy's address is not a URL: {error}"))
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
