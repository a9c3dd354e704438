//! `tls_server_config`: what it says.

use figment::value::Value;
use s3_exporter_config::{Secret, Section, Setting};

use super::{PemLocation, PemSource};

mod protocol;

use protocol::{Protocol, word};

/// How to speak TLS.
#[derive(Clone, Debug)]
pub struct Tls {
    /// `cert`, `cert_file`.
    pub certificate: PemSource,
    /// `key`, `key_file`.
    pub key: PemSource,
    /// `client_auth_type`.
    pub clients: ClientAuthType,
    /// `client_ca`, `client_ca_file`.
    pub client_ca: Option<PemSource>,
    /// `client_allowed_sans`; empty where every name is good.
    pub allowed_sans: Vec<String>,
    /// Versions, suites and curves.
    pub protocol: Protocol,
}

/// What is asked of a client's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuthType {
    /// `NoClientCert`: it is not asked for.
    NotAsked,
    /// `RequestClientCert`: asked for, and whatever comes is good.
    Asked,
    /// `RequireAnyClientCert`: there must be one, whoever signed it.
    Required,
    /// `VerifyClientCertIfGiven`: there need be none; one that is there must be of `client_ca`.
    VerifiedIfGiven,
    /// `RequireAndVerifyClientCert`.
    Verified,
}

const CLIENTS: [(&str, ClientAuthType); 6] = [
    ("NoClientCert", ClientAuthType::NotAsked),
    ("RequestClientCert", ClientAuthType::Asked),
    ("RequireAnyClientCert", ClientAuthType::Required),
    ("VerifyClientCertIfGiven", ClientAuthType::VerifiedIfGiven),
    ("RequireAndVerifyClientCert", ClientAuthType::Verified),
    ("RequireClientCert", ClientAuthType::Required), // an older name of the toolkit's
];

/// The keys of `tls_server_config`.
const KEYS: [&str; 13] = [
    "cert",
    "cert_file",
    "key",
    "key_file",
    "client_auth_type",
    "client_ca",
    "client_ca_file",
    "client_allowed_sans",
    "min_version",
    "max_version",
    "cipher_suites",
    "prefer_server_cipher_suites",
    "curve_preferences",
];

/// `tls_server_config`; `None` where it says nothing or has a fault.
pub(super) fn tls(top: &mut Section) -> Option<Tls> {
    top.table("tls_server_config", server)
}

fn server(section: &mut Section) -> Option<Tls> {
    let is_given = KEYS.iter().any(|key| section.has(key));
    let certificate = source(section, "cert");
    let key = source(section, "key");
    let client_ca = source(section, "client_ca");
    let clients = word(section, "client_auth_type", &CLIENTS, 5);
    let clients = clients.map(|given| given.map_or(ClientAuthType::NotAsked, Setting::into_value));
    let client_ca = fits(section, client_ca, clients);
    let allowed_sans = allowed_sans(section, clients);
    let protocol = protocol::protocol(section);
    if is_given {
        require(section, &certificate, &key);
    }
    match (certificate, key, clients) {
        (Given::Good(certificate), Given::Good(key), Some(clients)) => Some(Tls {
            certificate,
            key,
            clients,
            client_ca,
            allowed_sans,
            protocol,
        }),
        _ => None,
    }
}

/// What came of a key and its `_file`.
enum Given {
    Nothing,
    Bad,
    Good(PemSource),
}

/// `key`, or `key_file` with the path of a file that holds it.
fn source(section: &mut Section, key: &str) -> Given {
    let file_key = format!("{key}_file");
    let (inline, file) = (section.take(key), section.take(&file_key));
    let good = |section: &Section, given: &Setting<Value>, place| {
        Given::Good(PemSource {
            key: section.path_of(given.key()),
            origin: given.origin().clone(),
            place,
        })
    };
    let (given, message) = match (inline, file) {
        (None, None) => return Given::Nothing,
        (Some(_), Some(file)) => {
            let message = format!("is given together with `{key}`: give one of the two");
            (file, message)
        }
        (Some(inline), None) => match &inline.value {
            Value::String(_, text) => {
                let place = PemLocation::Inline(Secret::new(text.as_str()));
                return good(section, &inline, place);
            }
            _ => (inline, format!("is no text: write PEM after `{key}: |`")),
        },
        (None, Some(file)) => match &file.value {
            Value::String(_, path) => {
                let place = PemLocation::File(file.origin().resolve(path));
                return good(section, &file, place);
            }
            _ => (file, "is no path: put it in quotes".to_owned()),
        },
    };
    section.fault_of(&given, message);
    Given::Bad
}

/// A certificate and its key have to be there.
fn require(section: &mut Section, certificate: &Given, key: &Given) {
    for (name, given) in [("cert", certificate), ("key", key)] {
        if matches!(given, Given::Nothing) {
            let message = format!("and `{name}` are missing: give one of the two");
            section.fault(&format!("{name}_file"), message);
        }
    }
}

/// The authority of clients: there must be one where they are verified, and none where
/// they are not even asked.
fn fits(section: &mut Section, ca: Given, clients: Option<ClientAuthType>) -> Option<PemSource> {
    let verified = matches!(
        clients,
        Some(ClientAuthType::Verified | ClientAuthType::VerifiedIfGiven)
    );
    match ca {
        Given::Good(ca) if clients == Some(ClientAuthType::NotAsked) => {
            let key = ca.key.rsplit('.').next().unwrap_or_default().to_owned();
            let message = "has no effect without `client_auth_type`: set that to \"RequireAndVerifyClientCert\", or leave both out";
            section.fault(&key, message);
            None
        }
        Given::Nothing if verified => {
            let message = "verifies clients, which takes `client_ca_file` or `client_ca`";
            section.fault("client_auth_type", message);
            None
        }
        Given::Good(ca) => Some(ca),
        _ => None,
    }
}

/// `client_allowed_sans`. A client that may come without a certificate has no name.
fn allowed_sans(section: &mut Section, clients: Option<ClientAuthType>) -> Vec<String> {
    let Some(given) = section.setting("client_allowed_sans", Section::list) else {
        return Vec::new();
    };
    let names = &given.value;
    if names.is_empty() || names.iter().any(String::is_empty) {
        let message = "is empty or has an empty name, which no client has: expected names such as \"prometheus.example\"";
        section.fault_of(&given, message);
    } else if !matches!(
        clients,
        None | Some(ClientAuthType::Required | ClientAuthType::Verified)
    ) {
        let message = "needs `client_auth_type` to be \"RequireAndVerifyClientCert\" (or \"RequireAnyClientCert\"): others let in clients without a certificate";
        section.fault_of(&given, message);
    }
    given.value
}
