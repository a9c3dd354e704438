//! `POST /-/reload`: to those alone who may run the process.

use std::fmt;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use s3_exporter_web::Peer;

use crate::http::App;
use crate::reload_requests::ReloadOutcome;

/// What browsers add to what a page has them send: a page from anywhere could have one ask
/// here that runs on this machine.
const OF_BROWSERS: [&str; 2] = ["origin", "sec-fetch-site"];
/// What proxies add. Nobody is let in for what they say, but where there is one of them, the
/// connection's address is the proxy's.
const OF_PROXIES: [&str; 5] = [
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-real-ip",
];

/// Reads the configuration again, and says what came of it.
pub async fn reload(State(app): State<Arc<App>>, request: Request) -> (StatusCode, String) {
    let Some(reloads) = &app.reloads else {
        let text = "there is no configuration to be read again";
        return (StatusCode::NOT_FOUND, format!("{text}\n"));
    };
    let peer = request.extensions().get();
    if let Err(reason) = allow(peer, request.headers(), app.reloads_at_admin_alone) {
        return (StatusCode::FORBIDDEN, format!("{reason}\n"));
    }
    match reloads.reload().await {
        Some(ReloadOutcome::Done(lines)) => (StatusCode::OK, text(&lines)),
        Some(ReloadOutcome::Refused(faults)) => (StatusCode::BAD_REQUEST, text(&faults)),
        Some(ReloadOutcome::Failed) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "reading the configuration failed, which is a fault of s3-exporter: see its log\n"
                .to_owned(),
        ),
        None => (StatusCode::SERVICE_UNAVAILABLE, "stopping\n".to_owned()),
    }
}

fn text(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// Why a client may not, and who may.
#[derive(Debug, PartialEq, Eq)]
enum NotAllowed {
    /// The request has this header of [`OF_BROWSERS`].
    Browser(&'static str),
    /// There are addresses for those who may, and this is none of them.
    AdminAlone,
    /// There are no such addresses, and the client is on another machine.
    FromAfar,
    /// The same, as far as one can know: the request has this header of [`OF_PROXIES`].
    Proxied(&'static str),
}

impl fmt::Display for NotAllowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Browser(header) => write!(
                f,
                "a reload is not answered to browsers: the request has the header {header}"
            ),
            Self::AdminAlone => {
                f.write_str("a reload is answered at the addresses of server.admin_listen alone")
            }
            Self::FromAfar => f.write_str(
                "a reload is answered to clients on the same machine alone; \
                 to let others ask for it, set server.admin_listen",
            ),
            Self::Proxied(header) => write!(
                f,
                "a reload is answered to clients on the same machine alone, and this request came \
                 through a proxy (it has the header {header}); to let others ask for it, set \
                 server.admin_listen"
            ),
        }
    }
}

/// Whether this client may.
fn allow(peer: Option<&Peer>, headers: &HeaderMap, at_admin_alone: bool) -> Result<(), NotAllowed> {
    let has = |name: &&'static str| headers.contains_key(*name);
    if let Some(header) = OF_BROWSERS.into_iter().find(has) {
        return Err(NotAllowed::Browser(header));
    }
    let is_admin = peer.is_some_and(|peer| peer.admin);
    if is_admin {
        return Ok(());
    }
    if at_admin_alone {
        return Err(NotAllowed::AdminAlone);
    }
    let is_loopback = peer.is_some_and(|peer| peer.address.ip().to_canonical().is_loopback());
    if !is_loopback {
        return Err(NotAllowed::FromAfar);
    }
    match OF_PROXIES.into_iter().find(has) {
        None => Ok(()),
        Some(header) => Err(NotAllowed::Proxied(header)),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn peer(address: &str, admin: bool) -> Peer {
        Peer {
            address: address.parse().unwrap(),
            admin,
        }
    }

    fn headers(names: &[&'static str]) -> HeaderMap {
        names
            .iter()
            .map(|name| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static("127.0.0.1"),
                )
            })
            .collect()
    }

    const LOOPBACK: [&str; 4] = [
        "127.0.0.1:1",
        "127.255.0.9:1",
        "[::1]:1",
        "[::ffff:127.0.0.1]:1",
    ];
    const ELSEWHERE: [&str; 7] = [
        "192.0.2.1:1",
        "10.0.0.1:1",
        "0.0.0.0:1",
        "[::]:1",
        "[2001:db8::1]:1",
        "[fe80::1]:1",
        "[::ffff:192.0.2.1]:1",
    ];

    #[test]
    fn clients_on_the_same_machine_may() {
        for address in LOOPBACK {
            let peer = peer(address, false);
            assert_eq!(
                allow(Some(&peer), &headers(&[]), false),
                Ok(()),
                "{address}"
            );
        }
        for address in ELSEWHERE {
            let peer = peer(address, false);
            let refused = allow(Some(&peer), &headers(&[]), false)
                .unwrap_err()
                .to_string();
            assert!(refused.contains("server.admin_listen"), "{refused}");
        }
        allow(None, &headers(&[]), false).unwrap_err();
    }

    #[test]
    fn with_admin_addresses_only_they_answer_and_to_anybody() {
        for address in LOOPBACK.iter().chain(&ELSEWHERE) {
            let there = peer(address, true);
            assert_eq!(
                allow(Some(&there), &headers(&[]), true),
                Ok(()),
                "{address}"
            );
            let elsewhere = peer(address, false);
            allow(Some(&elsewhere), &headers(&[]), true).unwrap_err();
        }
    }

    #[test]
    fn what_a_header_says_lets_nobody_in() {
        for name in OF_PROXIES {
            let headers = headers(&[name]);
            allow(Some(&peer("192.0.2.1:1", false)), &headers, false).unwrap_err();
            allow(Some(&peer("127.0.0.1:1", false)), &headers, true).unwrap_err();
            // The proxy is on this machine; whom it speaks for is not known.
            let refused = allow(Some(&peer("127.0.0.1:1", false)), &headers, false)
                .unwrap_err()
                .to_string();
            assert!(refused.contains(name), "{refused}");
            assert_eq!(
                allow(Some(&peer("10.0.0.1:1", true)), &headers, true),
                Ok(())
            );
        }
    }

    #[test]
    fn browsers_may_not() {
        for name in OF_BROWSERS {
            for admin in [false, true] {
                let peer = peer("127.0.0.1:1", admin);
                let refused = allow(Some(&peer), &headers(&[name]), admin)
                    .unwrap_err()
                    .to_string();
                assert!(refused.contains(name), "{refused}");
            }
        }
    }
}
