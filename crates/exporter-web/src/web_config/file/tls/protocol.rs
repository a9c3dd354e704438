//! Which versions, suites and curves of TLS may be spoken, by the names that Go has for them.

use rustls::crypto::{SupportedKxGroup, ring};
use rustls::version::{TLS12, TLS13};
use rustls::{NamedGroup, SupportedCipherSuite, SupportedProtocolVersion};
use s3_exporter_config::{Section, Setting, closest};

/// What may be spoken.
#[derive(Clone, Debug)]
pub struct Protocol {
    /// `min_version` to `max_version`.
    pub versions: Vec<&'static SupportedProtocolVersion>,
    /// `cipher_suites` and those of TLS 1.3, which cannot be chosen.
    pub suites: Vec<SupportedCipherSuite>,
    /// Whether the order of `suites` counts, and not the client's.
    pub own_order: bool,
    /// `curve_preferences`; empty for all.
    pub groups: Vec<&'static dyn SupportedKxGroup>,
}

/// What `tls_server_config` says of it.
pub(super) fn protocol(section: &mut Section) -> Protocol {
    let versions = versions(section);
    let prefer = section.boolean("prefer_server_cipher_suites");
    let known = ring::ALL_CIPHER_SUITES;
    let chosen = list(section, "cipher_suites", known, |suite| suite_name(*suite));
    let own_order = !chosen.is_empty() && prefer.unwrap_or(true);
    let (versions, suites) = usable(section, versions, chosen);
    let known = ring::ALL_KX_GROUPS;
    let groups = list(section, "curve_preferences", known, |group| curve(*group));
    Protocol {
        versions,
        suites,
        own_order,
        groups,
    }
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
pub(super) fn word<T: Copy>(
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
