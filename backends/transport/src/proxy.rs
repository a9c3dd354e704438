use std::ffi::OsString;
use std::fmt;
use std::net::IpAddr;

use http::uri::Scheme;
use http::{HeaderValue, Uri};
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use tower::{BoxError, Service};

use crate::no_proxy::NoProxy;
use crate::way::Way;

/// What goes by which proxy.
pub struct Proxies {
    http: Option<Intercept>,
    https: Option<Intercept>,
    directly: NoProxy,
}

/// The kinds of proxies. A name is always looked up by the proxy, as Go has it too: whoever
/// needs one often cannot look names up.
const SOCKS: [&str; 2] = ["socks5", "socks5h"];
/// Where such a proxy is that names no port (RFC 1928).
const SOCKS_PORT: u16 = 1080;

impl Proxies {
    /// The kinds of proxies there are, for people.
    pub const KINDS: &str = "http, https, socks5 or socks5h";

    /// One for all but the metadata services. `named` is where it is written.
    ///
    /// # Errors
    /// For what is no proxy's address, or one of a kind that is not known.
    pub fn one(url: &str, named: &'static str) -> Result<Self, BadProxy> {
        let proxy = Some(parse(url, named)?);
        Ok(Self {
            http: proxy.clone(),
            https: proxy,
            directly: NoProxy::default(),
        })
    }

    /// Those that the environment names: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and
    /// `NO_PROXY`, in small letters too; the first that is set and not empty holds.
    ///
    /// # Errors
    /// As [`Self::one`].
    pub fn of_environment(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, BadProxy> {
        let first = |names: &[&'static str]| {
            names.iter().find_map(|&name| {
                let value = variable(name)?.into_string().ok()?;
                (!value.is_empty()).then_some((name, value))
            })
        };
        let proxy = |names: [&'static str; 4]| {
            first(&names)
                .map(|(name, url)| parse(&url, name))
                .transpose()
        };
        let exceptions = first(&["NO_PROXY", "no_proxy"]);
        Ok(Self {
            http: proxy(["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])?,
            https: proxy(["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])?,
            directly: NoProxy::parse(&exceptions.map(|(_, list)| list).unwrap_or_default()),
        })
    }

    fn of(&self, server: &Uri) -> Option<&Intercept> {
        if server.host().is_some_and(is_metadata_service) || self.directly.contains(server) {
            return None;
        }
        match server.scheme_str() {
            Some("http") => self.http.as_ref(),
            _ => self.https.as_ref(),
        }
    }

    /// What a request for this address has to say to the proxy: without TLS it is the proxy
    /// that the request is sent to.
    pub fn password(&self, store: &Uri) -> Option<HeaderValue> {
        let proxy = self
            .of(store)
            .filter(|_| store.scheme() == Some(&Scheme::HTTP))?;
        proxy.basic_auth().cloned()
    }

    /// To the server itself; by way of a proxy, through a tunnel where TLS is to be spoken to
    /// the server, else to the proxy, which reads the request.
    pub(crate) async fn connect(
        &self,
        server: Uri,
        mut tcp: HttpConnector,
        mut to_proxy: HttpsConnector<HttpConnector>,
    ) -> Result<Way, BoxError> {
        let Some(proxy) = self.of(&server) else {
            return Ok(Way::through(MaybeHttpsStream::Http(
                tcp.call(server).await?,
            )));
        };
        if proxy
            .uri()
            .scheme_str()
            .is_some_and(|kind| SOCKS.contains(&kind))
        {
            let mut socks = SocksV5::new(proxy.uri().clone(), tcp);
            if let Some((user, password)) = proxy.raw_auth() {
                socks = socks.with_auth(user.to_owned(), password.to_owned());
            }
            return Ok(Way::through(MaybeHttpsStream::Http(
                socks.call(server).await?,
            )));
        }
        if server.scheme() == Some(&Scheme::HTTP) {
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
        Ok(Way::through(tunnel.call(server).await?))
    }
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Their addresses are without what may be secret in them.
        f.debug_struct("Proxies")
            .field("http", &self.http.as_ref().map(Intercept::uri))
            .field("https", &self.https.as_ref().map(Intercept::uri))
            .field("directly", &self.directly)
            .finish()
    }
}

/// Of a proxy without a scheme, http is meant.
fn parse(url: &str, named: &'static str) -> Result<Intercept, BadProxy> {
    let bad = |scheme: Option<&str>| BadProxy {
        named,
        scheme: scheme.map(str::to_owned),
    };
    if let Some((scheme, _)) = url.split_once("://")
        && !["http", "https"].contains(&&*scheme.to_ascii_lowercase())
        && !SOCKS.contains(&&*scheme.to_ascii_lowercase())
    {
        return Err(bad(Some(scheme)));
    }
    let with_port = with_socks_port(url);
    Matcher::builder()
        .all(with_port.as_deref().unwrap_or(url))
        .build()
        .intercept(&Uri::from_static("http://server/"))
        .ok_or_else(|| bad(None))
}

/// The address with the port of such proxies, where it names none.
fn with_socks_port(url: &str) -> Option<String> {
    let address: Uri = url.parse().ok()?;
    let is_socks = SOCKS.contains(&address.scheme_str()?);
    if !is_socks || address.port().is_some() {
        return None;
    }
    Some(format!(
        "{}://{}:{SOCKS_PORT}",
        address.scheme_str()?,
        address.authority()?
    ))
}

/// What is no proxy's address. It may hold a password, so it is not shown.
#[derive(Debug)]
pub struct BadProxy {
    named: &'static str,
    scheme: Option<String>,
}

impl BadProxy {
    /// The kind of proxy that it would be, where that is one that is not known.
    pub fn scheme(&self) -> Option<&str> {
        self.scheme.as_deref()
    }
}

impl fmt::Display for BadProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.scheme {
            Some(scheme) => write!(
                f,
                "{} has the scheme {scheme:?}: expected {}",
                self.named,
                Proxies::KINDS
            ),
            None => write!(
                f,
                "{} is no proxy's address: expected one such as \"http://proxy.example:3128\"",
                self.named
            ),
        }
    }
}

impl std::error::Error for BadProxy {}

/// Where the SDK asks for a machine's or a container's role: that is this machine's business,
/// and a proxy would answer with its own.
fn is_metadata_service(host: &str) -> bool {
    match host.trim_matches(['[', ']']).parse() {
        Ok(IpAddr::V4(address)) => address.is_link_local(), // 169.254.0.0/16
        Ok(IpAddr::V6(address)) => address.segments()[..2] == [0xfd00, 0x0ec2],
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROXY: &str = "http://user:p%40ss@proxy:3128";

    #[test]
    fn all_goes_by_the_proxy_but_the_metadata_services() {
        let proxies = Proxies::one(PROXY, "`proxy`").unwrap();
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
        let proxies = Proxies::one(PROXY, "`proxy`").unwrap();
        let password = |store| proxies.password(&Uri::from_static(store));
        assert_eq!(password("http://store/").unwrap(), "Basic dXNlcjpwQHNz");
        assert_eq!(password("https://store/"), None);
        assert_eq!(password("http://169.254.169.254/"), None);
    }

    #[test]
    fn the_environment_names_the_proxy_of_what_is_not_excepted() {
        let environment = |name: &str| match name {
            "HTTPS_PROXY" => Some("".into()), // says nothing
            "https_proxy" => Some("proxy.lan:3128".into()),
            "ALL_PROXY" => Some("socks5h://u:hidden@socks.lan".into()),
            "NO_PROXY" => Some("localhost, 10.0.0.0/8,.internal,".into()),
            _ => None,
        };
        let proxies = Proxies::of_environment(environment).unwrap();
        assert!(!format!("{proxies:?}").contains("hidden"), "{proxies:?}");
        for (server, by) in [
            (
                "https://kubernetes.example:6443",
                Some("http://proxy.lan:3128/"),
            ),
            (
                "http://kubernetes.example",
                Some("socks5h://socks.lan:1080/"),
            ),
            ("https://10.1.2.3", None),
            ("https://api.internal:6443", None),
            ("https://localhost:6443", None),
        ] {
            let found = proxies.of(&Uri::from_static(server));
            let found = found.map(|proxy| proxy.uri().to_string());
            assert_eq!(found.as_deref(), by, "{server}");
        }
    }

    #[test]
    fn an_address_that_is_none_is_not_passed_over() {
        for (url, reason) in [
            ("http://:hidden@/", "`proxy` is no proxy's address"),
            ("http://user:hidden@[", "`proxy` is no proxy's address"),
            ("socks4://:hidden@h", "`proxy` has the scheme \"socks4\""),
            ("ftp://:hidden@h", "`proxy` has the scheme \"ftp\""),
        ] {
            let error = Proxies::one(url, "`proxy`").unwrap_err();
            assert!(error.to_string().starts_with(reason), "{url}: {error}");
            assert!(
                !format!("{error} {error:?}").contains("hidden"),
                "{error:?}"
            );
            let variable = |name: &str| (name == "ALL_PROXY").then(|| url.into());
            assert!(Proxies::of_environment(variable).is_err(), "{url}");
        }
    }
}
