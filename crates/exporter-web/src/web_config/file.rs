//! The web configuration file, in the format of the Prometheus exporter-toolkit
//! (<https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md>):
//! what it says, checked as far as it goes without reading another file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use bcrypt::HashParts;
use figment::value::{Num, Tag, Value};
use http::{HeaderName, HeaderValue};
use s3_exporter_config::{ConfigError, Origin, Secret, Section, without_line_end};

use super::yaml;

pub mod tls;

/// The response headers that the toolkit lets a user set, with the values that it takes.
const HEADERS: [(&str, &[&str]); 5] = [
    ("Content-Security-Policy", &[]),
    ("Strict-Transport-Security", &[]),
    ("X-Content-Type-Options", &["nosniff"]),
    ("X-Frame-Options", &["deny", "sameorigin"]),
    ("X-XSS-Protection", &[]),
];
/// A bcrypt cost of one more takes twice as long. The toolkit's own documents speak of 18
/// as one that takes seconds; nothing could end a verification that takes minutes.
const MAX_COST: u32 = 18;

/// A file that is good.
#[derive(Clone, Debug)]
pub struct WebConfigFile {
    /// `tls_server_config`; `None` where there is none: plain HTTP.
    pub tls: Option<tls::Tls>,
    /// `http_server_config.http2`.
    pub http2: bool,
    /// `http_server_config.headers`.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// `basic_auth_users`, with their bcrypt hashes; without any nobody is asked who they are.
    pub users: BTreeMap<String, Secret>,
}

/// A text that is given right there, or the file that holds it.
#[derive(Clone, Debug)]
pub struct PemSource {
    /// The key's path, for messages.
    pub key: String,
    /// Where it is set.
    pub origin: Origin,
    /// What it is.
    pub place: PemLocation,
}

/// Where the text is.
#[derive(Clone, Debug)]
pub enum PemLocation {
    /// In the web configuration itself.
    Inline(Secret),
    /// In this file.
    File(PathBuf),
}

/// Understands the text of the file at `path`, which is read by nobody: relative paths are
/// relative to it, and faults name it.
///
/// # Errors
/// Every fault at once. Never holds a hash, a key or a certificate.
pub fn parse(path: &Path, text: &str) -> Result<WebConfigFile, Vec<ConfigError>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (values, origins) = yaml::read(path, text).map_err(|fault| vec![fault])?;
    let mut parsed = Section::parse("", Tag::Default, values, origins, |top| {
        let tls = tls::tls(top);
        let (http2, headers) = http(top);
        let users = users(top);
        if let Some(given) = top.take("rate_limit") {
            top.fault_of(
                &given,
                "is not supported by this exporter, whose answers cost next to nothing: leave it out",
            );
        }
        WebConfigFile {
            tls,
            http2,
            headers,
            users,
        }
    });
    if parsed.errors.is_empty() {
        return Ok(parsed.value);
    }
    parsed.errors.sort_by(|a, b| a.origin.cmp(&b.origin));
    Err(parsed.errors)
}

fn http(top: &mut Section) -> (bool, Vec<(HeaderName, HeaderValue)>) {
    top.table("http_server_config", |section| {
        let http2 = section.boolean("http2").unwrap_or(true);
        let headers = section.table("headers", |inner| {
            let headers = HEADERS.iter();
            let headers = headers.filter_map(|(name, allowed)| header(inner, name, allowed));
            headers.collect()
        });
        (http2, headers)
    })
}

fn header(
    section: &mut Section,
    name: &str,
    allowed: &[&str],
) -> Option<(HeaderName, HeaderValue)> {
    let given = section.take(name)?;
    let text = match &given.value {
        Value::String(_, text) => Some(text.clone()),
        Value::Num(_, Num::I128(number)) => Some(number.to_string()), // `X-XSS-Protection: 0`
        _ => None,
    };
    let good = text
        .filter(|text| allowed.is_empty() || allowed.contains(&text.as_str()))
        .and_then(|text| HeaderValue::from_str(&text).ok())
        .and_then(|value| Some((HeaderName::from_str(name).ok()?, value)));
    if good.is_none() {
        let wanted = match allowed {
            [] => "the text of a header".to_owned(),
            words => words.join(" or "),
        };
        section.fault_of(&given, format!("is of no use: expected {wanted}"));
    }
    good
}

fn users(top: &mut Section) -> BTreeMap<String, Secret> {
    let mut users = BTreeMap::new();
    let Some(given) = top.take("basic_auth_users") else {
        return users;
    };
    let Value::Dict(_, entries) = given.value else {
        let message =
            "is no table: expected users' names with the bcrypt hashes of their passwords";
        top.fault_of(&given, message);
        return users;
    };
    for (name, value) in entries {
        // A block of YAML (`name: |`) ends in a line end.
        let hash = Secret::new(value.into_string().unwrap_or_default());
        let hash = without_line_end(hash.expose());
        match user(&name, hash) {
            Ok(()) => {
                users.insert(name, Secret::new(hash));
            }
            // Turned round, the name is the hash.
            Err(_) if name.starts_with("$2") => {
                let message = "has a hash where a user's name should be: expected `name: hash`";
                top.fault("basic_auth_users", message);
            }
            Err(message) => top.fault(&format!("basic_auth_users.{name}"), message),
        }
    }
    users
}

fn user(name: &str, hash: &str) -> Result<(), String> {
    if name.contains(':') {
        return Err("has a colon in its name, which basic authentication cannot send".to_owned());
    }
    let parts = HashParts::from_str(hash).map_err(|_| {
        "is no bcrypt hash: expected one such as `htpasswd -nBC 10 \"\" | tr -d ':\\n'` prints"
            .to_owned()
    })?;
    match parts.get_cost() {
        4..=MAX_COST => Ok(()),
        cost => Err(format!(
            "is a bcrypt hash of cost {cost}: expected 4 to {MAX_COST} (10 takes about 0.1 s, each more twice as long)"
        )),
    }
}

#[cfg(test)]
mod tests;
