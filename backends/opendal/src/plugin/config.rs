use std::path::PathBuf;
use std::time::Duration;

use s3_exporter_api::{Connect, RequestLimits};
use s3_exporter_config::{Key, Plugin, SecretSource, Section};
use s3_exporter_settings::endpoint;
use s3_exporter_transport::Transport;

use super::services::{SERVICES, Service};

/// The plug-in for what opendal speaks to.
pub const PLUGIN: Plugin<Box<dyn Connect>, RequestLimits> = Plugin {
    name: "opendal",
    keys: KEYS,
    defaults: RequestLimits {
        concurrency: 1, // what is in no order is listed one page after another
        max_requests_in_flight: 4,
    },
    parse,
};

const KEYS: &[Key] = &[
    Key::new("service"),
    Key::new("options"),
    Key::new("proxy"),
    Key::new("ca_bundle"),
    Key::new("client_cert_file"),
    Key::new("client_key_file"),
    Key::with_default("insecure_skip_verify", "false"),
    Key::with_default("connect_timeout", "\"5s\""),
    Key::with_default("request_timeout", "\"60s\""),
];

/// Keys that a service without HTTP has no use for.
const OF_HTTP: [&str; 6] = [
    "proxy",
    "ca_bundle",
    "client_cert_file",
    "client_key_file",
    "insecure_skip_verify",
    "connect_timeout",
];
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
/// Nobody waits longer than this for one answer.
const LONGEST: Duration = Duration::from_secs(60 * 60);
/// Where B2 is: opendal knows no other place.
const B2_URL: &str = "https://api.backblazeb2.com";

/// A section with `type = "opendal"`.
#[derive(Clone, Debug)]
pub struct OpendalConfig {
    /// Which store.
    pub service: Service,
    /// Its address, for people.
    pub url: String,
    /// What opendal is told, and everybody may see.
    pub plain: Vec<(&'static str, String)>,
    /// And what nobody may: its name, the key of its file, and where it is.
    pub secrets: Vec<(&'static str, &'static str, SecretSource)>,
    /// How Swift is logged in to.
    pub swift: SwiftConfig,
    /// How to get to the store, where that is by HTTP.
    pub transport: Transport,
    /// Of one attempt, its body included.
    pub request_timeout: Duration,
}

/// Where tokens of Swift come from, beside a name and a password.
#[derive(Clone, Debug, Default)]
pub struct SwiftConfig {
    /// Who hands them out: Keystone by its third version, or the store itself (`/auth/v1.0`).
    pub auth_url: Option<String>,
    /// Where the containers are, unless whoever hands out tokens says it.
    pub endpoint: Option<String>,
    /// Of Keystone: whose containers.
    pub project: Option<String>,
    /// Of Keystone: of the user and of the project.
    pub domain: Option<String>,
    /// Of Keystone: of the store.
    pub region: Option<String>,
}

fn parse(section: &mut Section) -> Option<Box<dyn Connect>> {
    config(section).map(|config| Box::new(config) as _)
}

fn config(section: &mut Section) -> Option<OpendalConfig> {
    if !section.has("service") {
        let names = SERVICES.map(|(name, _)| format!("{name:?}")).join(", ");
        section.fault("service", format!("is missing: expected one of {names}"));
    }
    let Some(service) = section.choice("service", &SERVICES) else {
        section.abandon(); // it is not known what its options should be
        return None;
    };
    if !service.is_http() {
        for key in OF_HTTP
            .iter()
            .filter(|key| section.has(key))
            .collect::<Vec<_>>()
        {
            section.fault(
                key,
                "is of no use to this service, which is not reached by HTTP",
            );
        }
    }
    let options = section.table("options", |options| options_of(options, service));
    let transport = Transport::parse(section);
    let request_timeout = section.duration_up_to("request_timeout", LONGEST);
    let options = options?;
    Some(OpendalConfig {
        service,
        url: options.url,
        plain: options.plain,
        secrets: options.secrets,
        swift: options.swift,
        transport,
        request_timeout: request_timeout.unwrap_or(REQUEST_TIMEOUT),
    })
}

struct Options {
    url: String,
    plain: Vec<(&'static str, String)>,
    secrets: Vec<(&'static str, &'static str, SecretSource)>,
    swift: SwiftConfig,
}

fn options_of(section: &mut Section, service: Service) -> Option<Options> {
    let mut secrets = Vec::new();
    let mut are_good = true;
    for option in service.secrets() {
        let is_given = section.has(option.name) || section.has(option.file);
        match section.secret_in_header(option.name) {
            Some(source) => secrets.push((option.name, option.file, source)),
            None if is_given => are_good = false,
            None if option.is_needed => {
                section.fault(option.name, format!("is missing (or `{}`)", option.file));
                are_good = false;
            }
            None => {}
        }
    }
    let mut options = match service {
        Service::Swift => swift(section),
        Service::Webdav => web(
            section,
            "endpoint",
            "https://cloud.example/remote.php/dav/files/me",
        ),
        Service::Sftp => sftp(section),
        Service::B2 => Some(Options::at(B2_URL.to_owned())),
        Service::Oss => oss(section),
        Service::Cos => web(section, "endpoint", "https://cos.ap-singapore.myqcloud.com"),
        Service::Obs => obs(section),
        Service::Hdfs => hdfs(section),
    }?;
    options.secrets = secrets;
    let are_whole = are_together(section, service, &options);
    (are_good && are_whole).then_some(options)
}

impl Options {
    fn at(url: String) -> Self {
        Self {
            url: url.trim_end_matches('/').to_owned(),
            plain: Vec::new(),
            secrets: Vec::new(),
            swift: SwiftConfig::default(),
        }
    }

    fn has(&self, name: &str) -> bool {
        self.secrets.iter().any(|(own, ..)| *own == name)
    }
}

/// What makes no sense without, or beside, another option.
fn are_together(section: &mut Section, service: Service, options: &Options) -> bool {
    if !matches!(service, Service::Swift | Service::Webdav) {
        return true;
    }
    let (name, password, token) = (
        options.has("username"),
        options.has("password"),
        options.has("token"),
    );
    let has_login = options.swift.auth_url.is_some();
    let (key, message) = if name && !password {
        ("password", "is missing: `username` is of no use without it")
    } else if password && !name {
        ("username", "is missing: `password` is of no use without it")
    } else if token && name {
        (
            "token",
            "is of no use together with `username`: give one of the two",
        )
    } else if service == Service::Webdav {
        return true;
    } else if name && !has_login {
        (
            "auth_url",
            "is missing: expected who hands out tokens, such as \"https://keystone.example/v3\"",
        )
    } else if has_login && !name {
        (
            "username",
            "is missing: `auth_url` is of no use without it and `password`",
        )
    } else if !name && !token {
        (
            "username",
            "is missing: expected `auth_url`, `username` and `password`, or `endpoint` and `token`",
        )
    } else {
        return true;
    };
    section.fault(key, message);
    false
}

/// A service that is told one address, `endpoint`.
fn web(section: &mut Section, key: &str, example: &str) -> Option<Options> {
    if !section.has(key) {
        section.fault(
            key,
            format!("is missing: expected an address such as {example:?}"),
        );
    }
    let url = endpoint(section, key)?;
    let url = url.as_str().trim_end_matches('/').to_owned();
    let mut options = Options::at(url.clone());
    options.plain.push(("endpoint", url));
    Some(options)
}

/// opendal puts the bucket into these hosts' names alone; any other is of one bucket to it, whatever the
/// destination says.
fn obs(section: &mut Section) -> Option<Options> {
    let options = web(
        section,
        "endpoint",
        "https://obs.ap-southeast-3.myhuaweicloud.com",
    )?;
    let (_, host) = options.url.split_once("://")?;
    let host = host.split(['/', ':']).next().unwrap_or_default();
    let ends = [".myhuaweicloud.com", ".huawei.com"];
    if host.starts_with("obs.") && ends.iter().any(|end| host.ends_with(end)) {
        return Some(options);
    }
    section.fault(
        "endpoint",
        "is of no use to opendal: expected a host such as \"obs.ap-southeast-3.myhuaweicloud.com\"; for others take type \"s3\"",
    );
    None
}

fn oss(section: &mut Section) -> Option<Options> {
    // Not `cname`: its address is that of one bucket, whatever the destination says.
    let styles = [("virtual", "virtual"), ("path", "path")];
    let style = section.choice("addressing_style", &styles);
    let mut options = web(section, "endpoint", "https://oss-eu-central-1.aliyuncs.com")?;
    options
        .plain
        .extend(style.map(|style| ("addressing_style", style.to_owned())));
    Some(options)
}

fn swift(section: &mut Section) -> Option<Options> {
    let given = ["auth_url", "endpoint"].map(|key| section.has(key));
    let auth_url = endpoint(section, "auth_url");
    let place = endpoint(section, "endpoint");
    let swift = SwiftConfig {
        auth_url: auth_url.map(|url| url.as_str().trim_end_matches('/').to_owned()),
        endpoint: place.map(|url| url.as_str().trim_end_matches('/').to_owned()),
        project: section.name("project"),
        domain: section.name("domain"),
        region: section.name("region"),
    };
    let is_keystone = swift
        .auth_url
        .as_ref()
        .is_some_and(|url| url.ends_with("/v3"));
    let of_keystone = [
        ("project", swift.project.is_some()),
        ("domain", swift.domain.is_some()),
        ("region", swift.region.is_some()),
    ];
    for (key, _) in of_keystone
        .iter()
        .filter(|(_, is_given)| *is_given && !is_keystone)
    {
        section.fault(
            key,
            "is of no use without Keystone: an `auth_url` that ends in `/v3`",
        );
    }
    let url = match (&swift.endpoint, &swift.auth_url) {
        (Some(url), _) => url.clone(),
        (None, Some(url)) => url.clone(),
        (None, None) => {
            if !given.contains(&true) {
                let message = "is missing: expected who hands out tokens, such as \"https://keystone.example/v3\" (or `endpoint` and `token`)";
                section.fault("auth_url", message);
            }
            return None;
        }
    };
    if (given[0] && swift.auth_url.is_none()) || (given[1] && swift.endpoint.is_none()) {
        return None;
    }
    Some(Options {
        swift,
        ..Options::at(url)
    })
}

fn sftp(section: &mut Section) -> Option<Options> {
    let strategies = [("strict", "strict"), ("add", "add")];
    let known_hosts = section.choice("known_hosts_strategy", &strategies);
    let user = section.setting("user", Section::name);
    let has_key = section.has("key_file");
    let key: Option<PathBuf> = section.file("key_file");
    if !section.has("endpoint") {
        section.fault(
            "endpoint",
            "is missing: expected a host such as \"backup.example:22\"",
        );
    }
    let given = section.setting("endpoint", Section::name)?;
    // `ssh` would take it for an option, or for several words.
    let is_host = |b: u8| b.is_ascii_alphanumeric() || b"-.:[]_".contains(&b);
    let host = given.value.strip_prefix("ssh://").unwrap_or(&given.value);
    let is_good = !host.is_empty() && !host.starts_with('-') && host.bytes().all(is_host);
    if !is_good {
        let message = format!(
            "is {}: expected a host such as \"backup.example:22\"; who logs in goes into `user`",
            given.quote()
        );
        section.fault_of(&given, message);
        return None;
    }
    let mut options = Options::at(format!("sftp://{host}"));
    options.plain.push(("endpoint", format!("ssh://{host}")));
    if let Some(user) = user {
        if user.value.starts_with('-') {
            section.fault_of(&user, "must not begin with `-`");
            return None;
        }
        options.plain.push(("user", user.value));
    }
    match key.as_ref().map(|path| path.to_str()) {
        Some(Some(path)) => options.plain.push(("key", path.to_owned())),
        None if !has_key => {}
        _ => return None,
    }
    let known_hosts = known_hosts.unwrap_or("strict");
    options
        .plain
        .push(("known_hosts_strategy", known_hosts.to_owned()));
    Some(options)
}

fn hdfs(section: &mut Section) -> Option<Options> {
    if !section.has("name_node") {
        section.fault(
            "name_node",
            "is missing: expected such as \"hdfs://namenode.example:8020\"",
        );
    }
    let given = section.setting("name_node", Section::name)?;
    let rest = given.value.strip_prefix("hdfs://");
    let is_host = |b: u8| b.is_ascii_alphanumeric() || b"-.:,[]_".contains(&b);
    if !rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(is_host)) {
        let message = format!(
            "is {}: expected such as \"hdfs://namenode.example:8020\", several with a comma between",
            given.quote()
        );
        section.fault_of(&given, message);
        return None;
    }
    let mut options = Options::at(given.value.clone());
    options.plain.push(("name_node", given.value));
    Some(options)
}
