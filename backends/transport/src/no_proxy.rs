use std::net::IpAddr;

use http::Uri;

/// What goes directly, by `NO_PROXY`. The two that most people know read it differently; here
/// holds what either of them takes:
///
/// - entries are separated by commas or blanks, letters of either case are the same;
/// - `*` is everything;
/// - `example.com` is that host and all below it, `.example.com` likewise (Go: only below);
/// - `*.example.com` is all below it (Go);
/// - an address, `10.0.0.0/8`, `2001:db8::/32`, `[::1]`;
/// - any of these with `:port` holds for that port alone (Go);
/// - a dot at the end of a name says nothing (curl).
///
/// Sources: curl's `lib/noproxy.c`, Go's `golang.org/x/net/http/httpproxy`.
#[derive(Clone, Debug, Default)]
pub struct NoProxy(Vec<NoProxyRule>);

#[derive(Clone, Debug)]
struct NoProxyRule {
    hosts: Hosts,
    port: Option<u16>,
}

#[derive(Clone, Debug)]
enum Hosts {
    All,
    /// The first bits of an address.
    Network(IpAddr, u32),
    /// A name and, where the dot is left out, the host itself.
    Domain {
        name: String,
        itself: bool,
    },
}

impl NoProxy {
    /// Of the variable's value. Entries that make no sense stand for no host.
    pub fn parse(list: &str) -> Self {
        let entries = list.split(|c: char| c == ',' || c.is_whitespace());
        Self(entries.filter_map(NoProxyRule::parse).collect())
    }

    /// Whether a request for this address goes directly.
    pub fn contains(&self, address: &Uri) -> bool {
        let Some(host) = address.host() else {
            return false;
        };
        let port = address.port_u16().or(match address.scheme_str() {
            Some("http") => Some(80),
            Some("https") => Some(443),
            _ => None,
        });
        let host = plain(host);
        let number: Option<IpAddr> = host.parse().ok();
        self.0.iter().any(|entry| {
            entry.port.is_none_or(|wanted| Some(wanted) == port)
                && entry.hosts.contain(&host, number)
        })
    }
}

impl NoProxyRule {
    fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            return None;
        }
        // `::1` has colons and no port.
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
                (host, Some(port.parse().ok()?))
            }
            _ => (text, None),
        };
        let hosts = Hosts::parse(&plain(host))?;
        Some(Self { hosts, port })
    }
}

impl Hosts {
    fn parse(host: &str) -> Option<Self> {
        if host == "*" {
            return Some(Self::All);
        }
        if let Ok(address) = host.parse() {
            return Some(Self::Network(address, 128));
        }
        if let Some((address, bits)) = host.split_once('/') {
            return Some(Self::Network(address.parse().ok()?, bits.parse().ok()?));
        }
        let (name, itself) = match host.strip_prefix("*.") {
            Some(name) => (name, false),
            None => (host.strip_prefix('.').unwrap_or(host), true),
        };
        let name = name.to_owned();
        (!name.is_empty()).then_some(Self::Domain { name, itself })
    }

    /// Whether the host, by its name and, where it is one, as an address, is one of them.
    fn contain(&self, host: &str, number: Option<IpAddr>) -> bool {
        match (self, number) {
            (Self::All, _) => true,
            (Self::Network(network, bits), Some(address)) => is_within(address, *network, *bits),
            (Self::Domain { name, itself }, None) => match host.strip_suffix(name.as_str()) {
                Some("") => *itself,
                Some(below) => below.ends_with('.'),
                None => false,
            },
            _ => false,
        }
    }
}

/// As names are compared: in small letters, without the brackets of an address and the dot
/// that may end a name.
fn plain(host: &str) -> String {
    let host = host.trim_matches(['[', ']']);
    host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase()
}

fn is_within(address: IpAddr, network: IpAddr, bits: u32) -> bool {
    let shared = |a: u128, b: u128, width: u32| {
        let bits = bits.min(width);
        bits == 0 || (a ^ b) >> (width - bits) == 0
    };
    match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(b)) => shared(a.to_bits().into(), b.to_bits().into(), u32::BITS),
        (IpAddr::V6(a), IpAddr::V6(b)) => shared(a.to_bits(), b.to_bits(), u128::BITS),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_directly_is_what_curl_or_go_send_directly() {
        let table = [
            ("", "http://store", false),
            ("*", "http://store", true),
            ("*", "https://10.1.2.3:9000", true),
            ("*", "http://[::1]:9000", true),
            ("a, *", "http://10.1.2.3", true),
            ("store.lan", "http://store.lan:9000", true),
            ("store.lan", "http://a.STORE.lan", true),
            ("store.lan", "http://mystore.lan", false),
            ("store.lan", "http://store.lan.example", false),
            (".lan", "http://store.lan", true),
            (".store.lan", "http://store.lan", true),
            ("*.lan", "http://store.lan", true),
            ("*.store.lan", "http://a.store.lan", true),
            ("*.store.lan", "http://store.lan", false),
            ("*.store.lan", "http://mystore.lan", false),
            ("store.lan.", "http://store.lan", true),
            ("store.lan", "http://store.lan.", true),
            (".lan.", "http://store.lan.:9000", true),
            ("store.lan:9000", "http://store.lan:9000", true),
            ("store.lan:9000", "http://store.lan:9001", false),
            ("store.lan:443", "https://store.lan", true),
            ("store.lan:80", "https://store.lan", false),
            ("*.lan:80", "http://store.lan", true),
            ("10.1.2.3", "http://10.1.2.3:9000", true),
            ("10.1.2.3:9000", "http://10.1.2.3:9000", true),
            ("10.1.2.3:9001", "http://10.1.2.3:9000", false),
            ("10.0.0.0/8", "http://10.1.2.3", true),
            ("10.1.2.0/31", "http://10.1.2.1", true),
            ("10.1.2.0/31", "http://10.1.2.2", false),
            ("0.0.0.0/0", "http://10.1.2.2", true),
            ("0.0.0.0/0", "http://[::1]", false),
            ("10.0.0.0/8", "http://10.example", false),
            ("::1", "http://[::1]:9000", true),
            ("[::1]", "http://[::1]", true),
            ("[::1]:9000", "http://[::1]:9000", true),
            ("[::1]:9000", "http://[::1]:9001", false),
            ("fd00::/8", "http://[fd12::1]", true),
            ("fd00::/8", "http://[fe80::1]", false),
            ("a b,\tstore.lan", "http://store.lan", true),
            ("a:b, 10.0.0.0/x, .", "http://store.lan", false),
        ];
        for (list, address, directly) in table {
            let address: Uri = address.parse().unwrap();
            let found = NoProxy::parse(list).contains(&address);
            assert_eq!(found, directly, "{list:?} {address}");
        }
    }
}
