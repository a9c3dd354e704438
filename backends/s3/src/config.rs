use std::path::PathBuf;
use std::time::Duration;

use s3_exporter_api::{Connect, Key, Login, Plugin, Secret, Section, Url};

/// The plug-in for AWS S3 and what speaks its API.
pub const PLUGIN: Plugin = Plugin {
    name: "s3",
    keys: KEYS,
    concurrency: 16,
    max_requests_in_flight: 64,
    parse,
};

const KEYS: &[Key] = &[
    Key::new("endpoint"),
    Key::new("region"),
    Key::new("path_style"),
    Key::new("access_key_id"),
    Key::new("access_key_id_file"),
    Key::new("secret_access_key"),
    Key::new("secret_access_key_file"),
    Key::new("session_token"),
    Key::new("session_token_file"),
    Key::with_default("anonymous", "false"),
    Key::new("profile"),
    Key::new("expected_bucket_owner"),
    Key::new("request_payer"),
    Key::new("ca_bundle"),
    Key::new("client_cert_file"),
    Key::new("client_key_file"),
    Key::with_default("insecure_skip_verify", "false"),
    Key::new("proxy"),
    Key::with_default("connect_timeout", "\"5s\""),
    Key::with_default("request_timeout", "\"60s\""),
    Key::with_default("ordered", "false"),
    Key::later("role_arn"),
    Key::later("external_id"),
    Key::later("role_session_name"),
];

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// Nobody waits longer than this for one page.
const LONGEST: Duration = Duration::from_secs(60 * 60);

/// A section with `type = "s3"`.
#[derive(Clone, Debug)]
pub struct Config {
    /// The store's address; AWS' own for the region without it.
    pub endpoint: Option<Url>,
    /// The region; without it the SDK looks where it looks for credentials.
    pub region: Option<String>,
    /// The bucket's name in the path, not in the host's name.
    pub path_style: bool,
    /// Without keys the SDK's default chain.
    pub login: Login,
    /// The profile that the default chain uses.
    pub profile: Option<String>,
    /// The account that the bucket must belong to.
    pub expected_bucket_owner: Option<String>,
    /// Whether we pay for the requests.
    pub requester_pays: bool,
    /// How to get there.
    pub transport: Transport,
    /// Of one attempt, its body included.
    pub request_timeout: Duration,
    /// Whether the store lists in the order of UTF-8 bytes, whatever its answers say.
    pub ordered: bool,
}

/// How to get to the store.
#[derive(Clone, Debug)]
pub struct Transport {
    /// PEM certificates that are trusted beside the system's.
    pub ca_bundle: Option<PathBuf>,
    /// The PEM files of our own certificate and its key.
    pub client_certificate: Option<(PathBuf, PathBuf)>,
    /// Trusts any certificate.
    pub insecure_skip_verify: bool,
    /// Its address, which may hold a password. Without it the environment's holds.
    pub proxy: Option<Secret>,
    /// Until the connection stands.
    pub connect_timeout: Duration,
}

fn parse(section: &mut Section) -> Option<Box<dyn Connect>> {
    section.refuse_later(KEYS);
    let has_endpoint = section.has("endpoint");
    let endpoint = section.endpoint("endpoint");
    let login = Login::parse(section);
    let config = Config {
        region: section
            .region("region")
            .or(has_endpoint.then(|| "us-east-1".to_owned())),
        endpoint,
        path_style: section.boolean("path_style").unwrap_or(has_endpoint),
        profile: profile(section, &login),
        login,
        expected_bucket_owner: owner(section),
        requester_pays: section
            .choice("request_payer", &[("requester", true)])
            .unwrap_or(false),
        transport: transport(section),
        request_timeout: section
            .duration_up_to("request_timeout", LONGEST)
            .unwrap_or(REQUEST_TIMEOUT),
        ordered: section.boolean("ordered").unwrap_or(false),
    };
    Some(Box::new(config))
}

fn profile(section: &mut Section, login: &Login) -> Option<String> {
    let origin = section.origin_of("profile");
    let profile = section.name("profile")?;
    if !matches!(login, Login::Unset) {
        section.fault_at(
            "profile",
            origin,
            "is of no use together with keys or `anonymous`: give one of them",
        );
    }
    Some(profile)
}

fn owner(section: &mut Section) -> Option<String> {
    let origin = section.origin_of("expected_bucket_owner");
    let owner = section.name("expected_bucket_owner")?;
    if owner.len() == 12 && owner.bytes().all(|b| b.is_ascii_digit()) {
        return Some(owner);
    }
    section.fault_at(
        "expected_bucket_owner",
        origin,
        format!("is {owner:?}: expected an account's 12 digits, in quotes"),
    );
    None
}

fn transport(section: &mut Section) -> Transport {
    let insecure_skip_verify = section.boolean("insecure_skip_verify") == Some(true);
    if insecure_skip_verify {
        section.warn(
            "insecure_skip_verify",
            "trusts anybody who pretends to be the store: give its certificate as `ca_bundle`",
        );
    }
    Transport {
        ca_bundle: section.file("ca_bundle"),
        client_certificate: client_certificate(section),
        insecure_skip_verify,
        proxy: proxy(section),
        connect_timeout: section
            .duration_up_to("connect_timeout", LONGEST)
            .unwrap_or(CONNECT_TIMEOUT),
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
    let origin = section.origin_of("proxy");
    let text = section.name("proxy")?;
    let good = Url::parse(&text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
    });
    if good {
        return Some(Secret::new(text));
    }
    section.fault_at(
        "proxy",
        origin,
        "is no proxy's address: expected one such as \"http://proxy.example:3128\"",
    );
    None
}
