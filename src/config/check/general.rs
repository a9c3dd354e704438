//! `[server]`, `[log]`, `[metrics]`, `[scan]`, `[limits]`, `[state]` and `[fleet]`.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::time::Duration;

use s3_exporter_config::{Section, Setting, closest};

use crate::config::{Compat, Metrics, Server};
use crate::fleet::{Fleet, Lease, Shard};
use crate::labels::{Label, is_label_name};
use crate::logging::{Log, LogFormat, filter};

/// Where Prometheus looks for an S3 exporter.
const LISTEN: &str = ":9340";
/// The labels that Prometheus sets.
const LABELS_OF_PROMETHEUS: [&str; 4] = ["job", "instance", "le", "quantile"];
const INTERVAL: Duration = Duration::from_secs(5 * 60);
const TIMEOUT: Duration = Duration::from_secs(30 * 60);
const MAX_REQUESTS_IN_FLIGHT: usize = 128;
const AUDIT_INTERVAL: Duration = Duration::from_secs(24 * 3600);
/// From one look whether a store answers to the next.
const PROBE_INTERVAL: Duration = Duration::from_secs(30);
const DISCOVERY_INTERVAL: Duration = Duration::from_secs(5 * 60);
const LONGEST_DISCOVERY: Duration = Duration::from_secs(24 * 3600);
const LEASE: Duration = Duration::from_secs(15);
/// In less an API server that is slow for a moment would end a lead.
const SHORTEST_LEASE: Duration = Duration::from_secs(3);
const LONGEST_LEASE: Duration = Duration::from_secs(3600);
const MAX_CLUSTERS: usize = 50_000;
const MAX_JOBS: usize = 20_000;
/// A destination has some hundred series, and a scan of its own.
const MAX_DISCOVERED: usize = 1000;
/// Anything shorter would be a mistake, and a load for the store.
pub(super) const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);

/// `[server]`.
pub(super) fn server(top: &mut Section) -> Server {
    top.table("server", |section| {
        let listen = section.items("listen");
        if listen.as_ref().is_some_and(Vec::is_empty) {
            section.fault(
                "listen",
                "is empty: expected at least one address such as \":9340\"",
            );
        }
        let admin_listen = section.items("admin_listen").unwrap_or_default();
        let listen = listen.map_or_else(
            || vec![LISTEN.to_owned()],
            |listen| addresses(section, listen, &[]),
        );
        let server = Server {
            admin_listen: addresses(section, admin_listen, &listen),
            listen,
            web_config_file: section.file("web_config_file"),
            probes_without_auth: section.boolean("probes_without_auth").unwrap_or(false),
        };
        if server.probes_without_auth && server.web_config_file.is_none() {
            section.warn(
                "probes_without_auth",
                "has no effect: without `web_config_file` nothing needs a password",
            );
        }
        server
    })
}

/// Addresses; an error where one is none, or is there twice or among `taken`.
fn addresses(section: &mut Section, given: Vec<Setting<String>>, taken: &[String]) -> Vec<String> {
    let mut addresses = Vec::with_capacity(given.len());
    for address in given {
        let shown = address.quote();
        if !is_address(&address.value) {
            let message = format!(
                "is {shown}: expected host and port, such as \":9340\", \"127.0.0.1:9340\" or \"[::1]:9340\""
            );
            section.fault_of(&address, message);
        } else if addresses.contains(&address.value) {
            section.fault_of(&address, format!("is {shown}, as one before it"));
        } else if taken.contains(&address.value) {
            section.fault_of(&address, format!("is {shown}, as one of `server.listen`"));
        }
        addresses.push(address.value);
    }
    addresses
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
    top.table("log", |section| {
        let level = section.setting("level", Section::name);
        if let Some(level) = &level
            && let Err(wanted) = filter::parse(&level.value)
        {
            section.fault_of(level, format!("is {}: {wanted}", level.quote()));
        }
        Log {
            level: level.map(Setting::into_value),
            format: log_format(section),
        }
    })
}

fn log_format(section: &mut Section) -> Option<LogFormat> {
    let format = section.setting("format", Section::name)?;
    match format.value.to_lowercase().as_str() {
        "json" => Some(LogFormat::Json),
        "console" => Some(LogFormat::Console),
        _ => {
            let message = format!("is {}: expected \"json\" or \"console\"", format.quote());
            section.fault_of(&format, message);
            None
        }
    }
}

/// `[metrics]`.
pub(super) fn metrics(top: &mut Section) -> Metrics {
    top.table("metrics", |section| {
        let mut compat = Vec::new();
        for name in section.items("compat").unwrap_or_default() {
            let mut sets = Compat::ALL.into_iter();
            match sets.find(|set| set.as_str() == name.value) {
                Some(set) if compat.contains(&set) => (),
                Some(set) if compat.iter().any(|other| set.excludes(*other)) => {
                    let message = format!(
                        "is {}, given together with another set that has `s3_list_duration_seconds` with other labels: give one of the two",
                        name.quote()
                    );
                    section.fault_of(&name, message);
                }
                Some(set) => compat.push(set),
                None => no_compat(section, &name),
            }
        }
        let cluster_label = label(section, "cluster_label", Label::Cluster, "backup_cluster");
        let job_label = label(section, "job_label", Label::Job, "backup_job");
        if cluster_label == job_label {
            let message = format!("is {job_label:?}, as `cluster_label` is: expected another name");
            section.fault("job_label", message);
        }
        Metrics {
            compat,
            cluster_label,
            job_label,
            max_clusters: MAX_CLUSTERS,
            max_jobs: MAX_JOBS,
        }
    })
}

fn no_compat(section: &mut Section, name: &Setting<String>) {
    let hint = closest(&name.value, Compat::ALL.into_iter().map(Compat::as_str))
        .map(|known| format!("; did you mean \"{known}\"?"))
        .unwrap_or_default();
    let known = Compat::ALL.map(|set| format!("{:?}", set.as_str()));
    let message = format!("is {}: expected {}{hint}", name.quote(), known.join(" or "));
    section.fault_of(name, message);
}

/// The name that this key gives to a label of ours.
fn label(section: &mut Section, key: &str, own: Label, example: &str) -> String {
    let Some(given) = section.setting(key, Section::name) else {
        return own.as_str().to_owned();
    };
    let label = given.value.as_str();
    let wanted = if label == own.as_str() {
        return given.value;
    } else if LABELS_OF_PROMETHEUS.contains(&label)
        || Label::ALL.into_iter().any(|other| other.as_str() == label)
    {
        format!("that label is there for another purpose: expected one such as {example:?}")
    } else if !is_label_name(label) {
        "expected a label's name: letters, digits and `_`, no digit at the start, and no `__`"
            .to_owned()
    } else {
        return given.value;
    };
    section.fault_of(&given, format!("is {}: {wanted}", given.quote()));
    own.as_str().to_owned()
}

/// `[scan]`: what holds for a destination that says nothing else.
pub(super) struct Scan {
    pub interval: Duration,
    pub timeout: Duration,
    pub concurrency: Option<u16>,
    pub audit_interval: Option<Duration>,
    pub probe_interval: Option<Duration>,
    pub look_interval: Option<Duration>,
    pub max_requests_in_flight: usize,
    /// From one list of a backend's buckets to the next, where patterns choose of them.
    pub discovery_interval: Duration,
}

/// `[scan]`.
pub(super) fn scan(top: &mut Section) -> Scan {
    top.table("scan", |section| {
        let interval = interval(section).unwrap_or(INTERVAL);
        Scan {
            interval,
            timeout: section.duration("timeout").unwrap_or(TIMEOUT),
            concurrency: concurrency(section),
            audit_interval: audit_interval(section).unwrap_or(Some(AUDIT_INTERVAL)),
            probe_interval: probe_interval(section).unwrap_or(Some(PROBE_INTERVAL)),
            look_interval: look_interval(section, interval).and_then(or_never),
            max_requests_in_flight: requests(section).unwrap_or(MAX_REQUESTS_IN_FLIGHT),
            discovery_interval: discovery_interval(section).unwrap_or(DISCOVERY_INTERVAL),
        }
    })
}

/// `[limits]`: how many clusters and backup jobs have series of their own, and how many destinations
/// patterns may make.
pub(super) fn limits(top: &mut Section, metrics: &mut Metrics) -> usize {
    top.table("limits", |section| {
        let mut most = |key| {
            let number = section.integer(key, 1..=1_000_000)?;
            usize::try_from(number).ok() // it is in range
        };
        metrics.max_clusters = most("max_clusters").unwrap_or(MAX_CLUSTERS);
        metrics.max_jobs = most("max_jobs").unwrap_or(MAX_JOBS);
        most("max_discovered").unwrap_or(MAX_DISCOVERED)
    })
}

/// `[state]`: its directory.
pub(super) fn state(top: &mut Section) -> Option<PathBuf> {
    top.table("state", |section| section.folder("directory"))
}

/// `[fleet]`.
pub(super) fn fleet(top: &mut Section) -> Fleet {
    top.table("fleet", |section| {
        let lease = lease(section);
        let shard = shard(section, lease.is_some());
        Fleet {
            shard,
            leads: lease.is_some().then_some(false),
            lease: lease.map(|lease| of_shard(lease, shard)),
        }
    })
}

fn shard(section: &mut Section, stands_by: bool) -> Option<Shard> {
    let given = section.setting("shard", Section::name)?;
    let shard = Shard::parse(&given.value, stands_by);
    if let Err(expected) = &shard {
        section.fault_of(&given, format!("is {}: {expected}", given.quote()));
    }
    shard.ok()
}

fn lease(section: &mut Section) -> Option<Lease> {
    let name = section.setting("lease", Section::name);
    let duration = lease_duration(section).unwrap_or(LEASE);
    let others = ["namespace", "kubeconfig", "context"];
    let other = others.into_iter().find(|key| section.has(key));
    let namespace = section.name("namespace");
    let kubeconfig = section.file("kubeconfig");
    let context = section.name("context");
    let Some(name) = name else {
        if let Some(other) = other {
            section.fault("lease", format!("is missing: `{other}` says where it is"));
        }
        return None;
    };
    if !is_object_name(&name.value) {
        let message = format!(
            "is {}: expected the name of an object of Kubernetes: lower-case letters, digits, `-` and `.`",
            name.quote()
        );
        section.fault_of(&name, message);
    } else if cfg!(not(feature = "kubernetes")) {
        let message = "is given, and this program was built without (feature `kubernetes`)";
        section.fault_of(&name, message);
    }
    Some(Lease {
        name: name.into_value(),
        namespace,
        duration,
        kubeconfig,
        context,
    })
}

/// Each shard is led by itself.
fn of_shard(lease: Lease, shard: Option<Shard>) -> Lease {
    match shard {
        None => lease,
        Some(shard) => Lease {
            name: format!("{}-{}", lease.name, shard.number()),
            ..lease
        },
    }
}

/// Room is left for the number of a shard.
fn is_object_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    name.len() <= 240
        && name.starts_with(is_plain)
        && name.ends_with(is_plain)
        && name.chars().all(|c| is_plain(c) || matches!(c, '-' | '.'))
}

/// `lease_duration`.
fn lease_duration(section: &mut Section) -> Option<Duration> {
    let read = |section: &mut Section, key: &str| section.duration_up_to(key, LONGEST_LEASE);
    let duration = section.setting("lease_duration", read)?;
    if duration.value < SHORTEST_LEASE || duration.value.subsec_nanos() > 0 {
        let message = "is of no use: expected whole seconds, at least \"3s\"";
        section.fault_of(&duration, message);
        return None;
    }
    Some(duration.value)
}

/// `interval`, here and at a destination.
pub(super) fn interval(section: &mut Section) -> Option<Duration> {
    let interval = section.setting("interval", Section::duration)?;
    if interval.value < SHORTEST_INTERVAL {
        section.fault_of(
            &interval,
            "is shorter than a second: expected at least \"1s\"",
        );
        return None;
    }
    Some(interval.value)
}

/// `discovery_interval`.
fn discovery_interval(section: &mut Section) -> Option<Duration> {
    let read = |section: &mut Section, key: &str| section.duration_up_to(key, LONGEST_DISCOVERY);
    let interval = section.setting("discovery_interval", read)?;
    if interval.value < SHORTEST_INTERVAL {
        let message = "is shorter than a second: expected at least \"1s\"";
        section.fault_of(&interval, message);
        return None;
    }
    Some(interval.value)
}

/// `audit_interval`, likewise: `Some(None)` where there are to be no audits.
pub(super) fn audit_interval(section: &mut Section) -> Option<Option<Duration>> {
    interval_or_never(section, "audit_interval").map(or_never)
}

/// `probe_interval`, likewise.
pub(super) fn probe_interval(section: &mut Section) -> Option<Option<Duration>> {
    interval_or_never(section, "probe_interval").map(or_never)
}

/// `look_interval`, likewise; zero for never. It is shorter than from one scan to the next.
pub(super) fn look_interval(section: &mut Section, scans: Duration) -> Option<Setting<Duration>> {
    let look = interval_or_never(section, "look_interval")?;
    if look.value >= scans {
        let scans = humantime::format_duration(scans);
        let message = format!(
            "is no shorter than the interval ({scans}): expected a shorter one, for a scan shows more than a look"
        );
        section.fault_of(&look, message);
        return None;
    }
    Some(look)
}

/// What zero means.
pub(super) fn or_never(interval: Setting<Duration>) -> Option<Duration> {
    (!interval.value.is_zero()).then_some(interval.value)
}

fn interval_or_never(section: &mut Section, key: &str) -> Option<Setting<Duration>> {
    let interval = section.setting(key, Section::duration_or_never)?;
    if !interval.value.is_zero() && interval.value < SHORTEST_INTERVAL {
        section.fault_of(
            &interval,
            "is shorter than a second: expected at least \"1s\", or \"0s\" for never",
        );
        return None;
    }
    Some(interval)
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
