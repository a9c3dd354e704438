//! `tls_server_config`: what it says.

use figment::value::Value;
use rustls::crypto::SupportedKxGroup;
use rustls::crypto::ring;
use rustls::version::{TLS12, TLS13};
use rustls::{NamedGroup, SupportedCipherSuite, SupportedProtocolVersion};
use s3_exporter_config::{Secret, Section, Setting, closest};

use super::{PemLocation, PemSource};

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
    /// `min_version` to `max_version`.
    pub versions: Vec<&'static SupportedProtocolVersion>,
    /// `cipher_suites` and those of TLS 1.3, which cannot be chosen.
    pub suites: Vec<SupportedCipherSuite>,
    /// Whether the order of `suites` counts, and not the client's.
    pub own_order: bool,
    /// `curve_preferences`.
    pub groups: Vec<&'static dyn SupportedKxGroup>,
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
    let versions = versions(section);
    let prefer = section.boolean("prefer_server_cipher_suites");
    let known = ring::ALL_CIPHER_SUITES;
    let chosen = list(section, "cipher_suites", known, |suite| suite_name(*suite));
    let own_order = !chosen.is_empty() && prefer.unwrap_or(true);
    let (versions, suites) = usable(section, versions, chosen);
    let known = ring::ALL_KX_GROUPS;
    let groups = list(section, "curve_preferences", known, |group| curve(*group));
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
            versions,
            suites,
            own_order,
            groups,
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

/// What the toolkit calls a version of TLS; `None` is one that rustls does not have.
const VERSIONS: [(&str, Option<u8>); 4] = [
    ("TLS12", Some(2)),
    ("TLS13", Some(3)),
    ("TLS10", None),
    ("TLS11", None),
];

/// One of a few words, of which the first `offered` are named where it is another; `None`
/// then, and `Some(None)` where there is nothing.
fn word<T: Copy>(
    section: &mut Section,
    key: &str,
    words: &[(&str, T)],
    offered: usize,
) -> Option<Option<Setting<T>>> {
    let Some(given) = section.take(key) else {
        return Some(None);
    };
    let text = given.value.as_str().unwrap_or_default();
    if let Some((_, found)) = words.iter().find(|(word, _)| *word == text) {
        return Some(Some(given.map(|_| *found)));
    }
    let names: Vec<_> = words[..offered].iter().map(|(word, _)| *word).collect();
    let hint = closest(text, names.iter().copied())
        .map_or(String::new(), |meant| format!("; did you mean {meant:?}?"));
    let message = format!("is none of {}{hint}", names.join(", "));
    section.fault_of(&given, message);
    None
}

/// From `min_version` to `max_version`, as the numbers after "TLS 1.".
fn versions(section: &mut Section) -> (u8, u8) {
    let mut bound = |key: &str, default| {
        let Some(Some(given)) = word(section, key, &VERSIONS, 2) else {
            return default;
        };
        match given.value {
            Some(version) => version,
            None => {
                let message = "is a version that this exporter's TLS (rustls) does not have, as it is broken: expected TLS12 or TLS13";
                section.fault_of(&given, message);
                default
            }
        }
    };
    let (min, max) = (bound("min_version", 2), bound("max_version", 3));
    if min > max {
        section.fault("min_version", "is above `max_version`");
    }
    (min, max)
}

/// The versions and suites that go together. Those of TLS 1.3 cannot be chosen, in Go
/// neither; where none is chosen for TLS 1.2, there is no TLS 1.2.
fn usable(
    section: &mut Section,
    (min, max): (u8, u8),
    chosen: Vec<SupportedCipherSuite>,
) -> (
    Vec<&'static SupportedProtocolVersion>,
    Vec<SupportedCipherSuite>,
) {
    let of = |version: &'static SupportedProtocolVersion| {
        move |suite: &SupportedCipherSuite| suite.version() == version
    };
    let all = ring::ALL_CIPHER_SUITES;
    let suites: Vec<_> = match &chosen[..] {
        [] => all.to_vec(),
        chosen => {
            let latest = all.iter().copied().filter(of(&TLS13));
            latest
                .chain(chosen.iter().copied().filter(of(&TLS12)))
                .collect()
        }
    };
    let has_12 = suites.iter().any(of(&TLS12));
    let mut versions = Vec::new();
    if max == 3 {
        versions.push(&TLS13);
    }
    if min == 2 && has_12 {
        versions.push(&TLS12);
    }
    if versions.is_empty() && min <= max {
        section.fault(
            "cipher_suites",
            "has none for TLS 1.2, which `max_version` asks for",
        );
    }
    (versions, suites)
}

/// A list of names, each of which is one of what there is.
fn list<T: Copy>(
    section: &mut Section,
    key: &str,
    known: &[T],
    name: impl Fn(&T) -> Option<String>,
) -> Vec<T> {
    let names = section.items(key).unwrap_or_default();
    let known: Vec<_> = known
        .iter()
        .filter_map(|one| Some((name(one)?, *one)))
        .collect();
    let mut found = Vec::new();
    for name in &names {
        match known.iter().find(|(own, _)| *own == name.value) {
            Some((_, one)) => found.push(*one),
            None => {
                let words: Vec<_> = known.iter().map(|(own, _)| own.as_str()).collect();
                let hint = closest(&name.value, words.iter().copied())
                    .map_or(String::new(), |meant| format!("; did you mean {meant:?}?"));
                let message = format!(
                    "is {}, which this exporter's TLS (rustls) does not have: expected {}{hint}",
                    name.quote(),
                    words.join(", ")
                );
                section.fault_of(name, message);
            }
        }
    }
    found
}

/// As Go names it.
fn suite_name(suite: SupportedCipherSuite) -> Option<String> {
    Some(format!("{:?}", suite.suite()).replacen("TLS13_", "TLS_", 1))
}

/// As Go names it.
fn curve(group: &dyn SupportedKxGroup) -> Option<String> {
    let name = match group.name() {
        NamedGroup::X25519 => "X25519",
        NamedGroup::secp256r1 => "CurveP256",
        NamedGroup::secp384r1 => "CurveP384",
        _ => return None,
    };
    Some(name.to_owned())
}
