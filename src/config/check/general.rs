//! `[server]`, `[log]`, `[metrics]`, `[scan]`, `[limits]` and `[state]`.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::time::Duration;

use s3_exporter_config::{Section, closest};

use crate::config::{Compat, Metrics, Server};
use crate::labels::Label;
use crate::logging::{Log, LogFormat, filter};

/// Where Prometheus looks for an S3 exporter.
const LISTEN: &str = ":9340";
/// The labels that Prometheus sets.
const LABELS_OF_PROMETHEUS: [&str; 4] = ["job", "instance", "le", "quantile"];
const INTERVAL: Duration = Duration::from_secs(5 * 60);
const TIMEOUT: Duration = Duration::from_secs(30 * 60);
const MAX_REQUESTS_IN_FLIGHT: usize = 128;
const AUDIT_INTERVAL: Duration = Duration::from_secs(24 * 3600);
const MAX_CLUSTERS: usize = 50_000;
/// Anything shorter would be a mistake, and a load for the store.
pub(super) const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);

/// `[server]`.
pub(super) fn server(top: &mut Section) -> Server {
    let mut section = top.section("server");
    let listen = section.list("listen");
    if listen.as_ref().is_some_and(Vec::is_empty) {
        section.fault(
            "listen",
            "is empty: expected at least one address such as \":9340\"",
        );
    }
    let listen = listen.unwrap_or_else(|| vec![LISTEN.to_owned()]);
    let admin_listen = section.list("admin_listen").unwrap_or_default();
    addresses(&mut section, "listen", &listen, &[]);
    addresses(&mut section, "admin_listen", &admin_listen, &listen);
    let server = Server {
        listen,
        admin_listen,
        web_config_file: section.file("web_config_file"),
        probes_without_auth: section.boolean("probes_without_auth").unwrap_or(false),
    };
    if server.probes_without_auth && server.web_config_file.is_none() {
        section.warn(
            "probes_without_auth",
            "has no effect: without `web_config_file` nothing needs a password",
        );
    }
    top.absorb(section);
    server
}

/// Whether all are addresses, none of them twice or among `taken`.
fn addresses(section: &mut Section, key: &str, addresses: &[String], taken: &[String]) {
    for (index, address) in addresses.iter().enumerate() {
        let key = format!("{key}[{index}]");
        let origin = section.origin_of(&key);
        let shown = origin.quote(address);
        if !is_address(address) {
            let message = format!(
                "is {shown}: expected host and port, such as \":9340\", \"127.0.0.1:9340\" or \"[::1]:9340\""
            );
            section.fault_at(&key, origin, message);
        } else if addresses[..index].contains(address) {
            section.fault_at(&key, origin, format!("is {shown}, as one before it"));
        } else if taken.contains(address) {
            section.fault_at(
                &key,
                origin,
                format!("is {shown}, as one of `server.listen`"),
            );
        }
    }
}

/// `:9340`, `host:9340`, `192.0.2.1:9340`, `[2001:db8::1]:9340`.
fn is_address(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else {
        return false;
    };
    if port.is_empty() || !port.bytes().all(|b| b.is_ascii_digit()) || port.parse::<u16>().is_err()
    {
        return false;
    }
    if let Some(inner) = host.strip_prefix('[') {
        return inner
            .strip_suffix(']')
            .is_some_and(|host| host.parse::<Ipv6Addr>().is_ok());
    }
    let is_name = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.' || b == b'_';
    let is_number = host.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    host.is_empty() || host.bytes().all(is_name) && (!is_number || host.parse::<Ipv4Addr>().is_ok())
}

/// `[log]`.
pub(super) fn log(top: &mut Section) -> Log {
    let mut section = top.section("log");
    let origin = section.origin_of("level");
    let level = section.name("level");
    if let Some(level) = &level
        && let Err(wanted) = filter::parse(level)
    {
        let message = format!("is {}: {wanted}", origin.quote(level));
        section.fault_at("level", origin, message);
    }
    let origin = section.origin_of("format");
    let format = match section
        .name("format")
        .map(|format| (format.to_lowercase(), format))
    {
        None => None,
        Some((lower, _)) if lower == "json" => Some(LogFormat::Json),
        Some((lower, _)) if lower == "console" => Some(LogFormat::Console),
        Some((_, format)) => {
            let message = format!(
                "is {}: expected \"json\" or \"console\"",
                origin.quote(&format)
            );
            section.fault_at("format", origin, message);
            None
        }
    };
    top.absorb(section);
    Log { level, format }
}

/// `[metrics]`.
pub(super) fn metrics(top: &mut Section) -> Metrics {
    let mut section = top.section("metrics");
    let mut compat = Vec::new();
    let names = section.list("compat").unwrap_or_default();
    for (index, name) in names.iter().enumerate() {
        match Compat::ALL.into_iter().find(|set| set.as_str() == name) {
            Some(set) if compat.contains(&set) => (),
            Some(set) => compat.push(set),
            None => no_compat(&mut section, index, name),
        }
    }
    let cluster_label = cluster_label(&mut section);
    top.absorb(section);
    Metrics {
        compat,
        cluster_label,
        max_clusters: MAX_CLUSTERS,
    }
}

fn no_compat(section: &mut Section, index: usize, name: &str) {
    let key = format!("compat[{index}]");
    let origin = section.origin_of(&key);
    let hint = closest(name, Compat::ALL.into_iter().map(Compat::as_str))
        .map(|known| format!("; did you mean \"{known}\"?"))
        .unwrap_or_default();
    let message = format!(
        "is {}: expected \"kubermatic_s3\" or \"kubermatic_etcdbackup\"{hint}",
        origin.quote(name)
    );
    section.fault_at(&key, origin, message);
}

fn cluster_label(section: &mut Section) -> String {
    let origin = section.origin_of("cluster_label");
    let label = section
        .name("cluster_label")
        .unwrap_or_else(|| Label::Cluster.as_str().to_owned());
    let is_ours = |other: Label| other != Label::Cluster && other.as_str() == label;
    let is_taken = LABELS_OF_PROMETHEUS.contains(&&*label) || Label::ALL.into_iter().any(is_ours);
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let wanted = if is_taken {
        "that label is there for another purpose: expected one such as \"backup_cluster\""
    } else if !label.bytes().all(is_word)
        || label.starts_with(|c: char| c.is_ascii_digit())
        || label.starts_with("__")
    {
        "expected a label's name: letters, digits and `_`, no digit at the start, and no `__`"
    } else {
        return label;
    };
    let message = format!("is {}: {wanted}", origin.quote(&label));
    section.fault_at("cluster_label", origin, message);
    label
}

/// `[scan]`: what holds for a destination that says nothing else.
pub(super) struct Scan {
    pub interval: Duration,
    pub timeout: Duration,
    pub concurrency: Option<u16>,
    pub audit_interval: Option<Duration>,
    pub max_requests_in_flight: usize,
}

/// `[scan]`.
pub(super) fn scan(top: &mut Section) -> Scan {
    let mut section = top.section("scan");
    let scan = Scan {
        interval: interval(&mut section).unwrap_or(INTERVAL),
        timeout: section.duration("timeout").unwrap_or(TIMEOUT),
        concurrency: concurrency(&mut section),
        audit_interval: audit_interval(&mut section).unwrap_or(Some(AUDIT_INTERVAL)),
        max_requests_in_flight: requests(&mut section).unwrap_or(MAX_REQUESTS_IN_FLIGHT),
    };
    top.absorb(section);
    scan
}

/// `[limits]`: how many clusters have series of their own.
pub(super) fn limits(top: &mut Section) -> usize {
    let mut section = top.section("limits");
    let clusters = section.integer("max_clusters", 1..=1_000_000);
    top.absorb(section);
    clusters
        .and_then(|number| usize::try_from(number).ok())
        .unwrap_or(MAX_CLUSTERS)
}

/// `[state]`: its directory.
pub(super) fn state(top: &mut Section) -> Option<PathBuf> {
    let mut section = top.section("state");
    let directory = section.folder("directory");
    top.absorb(section);
    directory
}

/// `interval`, here and at a destination.
pub(super) fn interval(section: &mut Section) -> Option<Duration> {
    let origin = section.origin_of("interval");
    let interval = section.duration("interval")?;
    if interval < SHORTEST_INTERVAL {
        section.fault_at(
            "interval",
            origin,
            "is shorter than a second: expected at least \"1s\"",
        );
        return None;
    }
    Some(interval)
}

/// `audit_interval`, likewise: `Some(None)` where there are to be no audits.
pub(super) fn audit_interval(section: &mut Section) -> Option<Option<Duration>> {
    let origin = section.origin_of("audit_interval");
    let interval = section.duration_or_never("audit_interval")?;
    if !interval.is_zero() && interval < SHORTEST_INTERVAL {
        section.fault_at(
            "audit_interval",
            origin,
            "is shorter than a second: expected at least \"1s\", or \"0s\" for never",
        );
        return None;
    }
    Some((!interval.is_zero()).then_some(interval))
}

/// `concurrency`, likewise.
pub(super) fn concurrency(section: &mut Section) -> Option<u16> {
    let number = section.integer("concurrency", 1..=1000)?;
    u16::try_from(number).ok() // it is in range
}

/// `max_requests_in_flight`, here and at a backend.
pub(super) fn requests(section: &mut Section) -> Option<usize> {
    let number = section.integer("max_requests_in_flight", 1..=10_000)?;
    usize::try_from(number).ok() // it is in range
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for good in [
            ":9340",
            "0.0.0.0:1",
            "[::1]:9340",
            "localhost:0",
            "a-b.example:65535",
        ] {
            assert!(is_address(good), "{good}");
        }
        for bad in [
            "", "9340", ":", ":x", ":+1", ":65536", "::1:9340", "[::1]", "[x]:1", "a b:1",
            "1.2.3:4",
        ] {
            assert!(!is_address(bad), "{bad}");
        }
    }
}
