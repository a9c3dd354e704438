//! What a backend's section says of the way to its store.

use std::path::PathBuf;
use std::time::Duration;

use s3_exporter_config::{Misplaced, Secret, Section, Url, without_line_end};

use crate::{Proxies, Transport};

/// Until a connection stands, unless the user says otherwise.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Nobody waits longer than this for a connection.
const LONGEST: Duration = Duration::from_secs(60 * 60);

impl Transport {
    /// Takes the keys that say it out of the section: `ca_bundle`, `client_cert_file`,
    /// `client_key_file`, `insecure_skip_verify`, `proxy` and `connect_timeout`.
    pub fn parse(section: &mut Section) -> Self {
        let insecure_skip_verify = section.boolean("insecure_skip_verify") == Some(true);
        if insecure_skip_verify {
            section.warn(
                "insecure_skip_verify",
                "trusts anybody who pretends to be the store: give its certificate as `ca_bundle`",
            );
        }
        Self {
            ca_bundle: section.file("ca_bundle"),
            client_certificate: client_certificate(section),
            insecure_skip_verify,
            proxy: proxy(section),
            connect_timeout: section
                .duration_up_to("connect_timeout", LONGEST)
                .unwrap_or(CONNECT_TIMEOUT),
        }
    }
}

fn client_certificate(section: &mut Section) -> Option<(PathBuf, PathBuf)> {
    let given = (
        section.has("client_cert_file"),
        section.has("client_key_file"),
    );
    let certificate = section.file("client_cert_file");
    let key = section.file("client_key_file");
    match given {
        (true, false) => section.fault(
            "client_key_file",
            "is missing: `client_cert_file` is of no use without it",
        ),
        (false, true) => section.fault(
            "client_cert_file",
            "is missing: `client_key_file` is of no use without it",
        ),
        _ => (),
    }
    certificate.zip(key)
}

/// The address of a proxy. It may hold a password, so no message shows it.
fn proxy(section: &mut Section) -> Option<Secret> {
    let proxy = section.setting("proxy", Section::name)?.map(Secret::new);
    let origin = proxy.origin();
    let text = without_line_end(proxy.value.expose());
    if let Some(misplaced) = Misplaced::find(text) {
        let message = format!("holds {misplaced}{}: take it out", origin.once_expanded());
        section.fault_of(&proxy, message);
        return None;
    }
    // The transport makes nothing of what follows the port.
    let good = Url::parse(text).is_ok_and(|url| {
        matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none()
    });
    match Proxies::one(text, "it") {
        Ok(_) if good => return Some(Secret::new(text)),
        Err(error) if error.scheme().is_some() => {
            let kind = origin.quote(error.scheme().unwrap_or_default());
            let message = format!("has the scheme {kind}: expected {}", Proxies::KINDS);
            section.fault_of(&proxy, message);
        }
        _ => section.fault_of(
            &proxy,
            "is no proxy's address: expected one such as \"http://proxy.example:3128\"",
        ),
    }
    None
}
