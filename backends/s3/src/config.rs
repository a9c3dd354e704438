use std::time::Duration;

use s3_exporter_api::{Connect, RequestLimits};
use s3_exporter_config::{Key, Plugin, Section, Url};
use s3_exporter_settings::{Login, endpoint, region};
use s3_exporter_transport::Transport;

use crate::REGION;
use crate::credentials::Role;
use crate::found::Lookup;

/// The plug-in for AWS S3 and what speaks its API.
pub const PLUGIN: Plugin<Box<dyn Connect>, RequestLimits> = Plugin {
    name: "s3",
    keys: KEYS,
    defaults: RequestLimits {
        concurrency: 16,
        max_requests_in_flight: 64,
    },
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
    Key::new("role_arn"),
    Key::new("external_id"),
    Key::new("role_session_name"),
    Key::new("sts_endpoint"),
    Key::new("expected_bucket_owner"),
    Key::new("request_payer"),
    Key::new("ca_bundle"),
    Key::new("client_cert_file"),
    Key::new("client_key_file"),
    Key::with_default("insecure_skip_verify", "false"),
    Key::new("proxy"),
    Key::with_default("connect_timeout", "\"5s\""),
    Key::with_default("request_timeout", "\"60s\""),
    Key::new("ordered"),
];

const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// Nobody waits longer than this for one page.
const LONGEST: Duration = Duration::from_secs(60 * 60);

/// A section with `type = "s3"`.
#[derive(Clone, Debug)]
pub struct S3Config {
    /// The store's address; without it what the SDK's usual places say, or AWS' own for the
    /// region.
    pub endpoint: Option<Url>,
    /// What those places say.
    pub found: Lookup,
    /// The region; without it the SDK looks where it looks for credentials.
    pub region: Option<String>,
    /// The bucket's name in the path, not in the host's name; without it, where there is an
    /// endpoint.
    pub path_style: Option<bool>,
    /// Without keys the SDK's default chain.
    pub login: Login,
    /// The profile that the default chain uses.
    pub profile: Option<String>,
    /// The role that is assumed with all that.
    pub role: Option<Role>,
    /// The account that the bucket must belong to.
    pub expected_bucket_owner: Option<String>,
    /// Whether we pay for the requests.
    pub requester_pays: bool,
    /// How to get there.
    pub transport: Transport,
    /// Of one attempt, its body included.
    pub request_timeout: Duration,
    /// Whether the store lists in the order of UTF-8 bytes, whatever its answers say; without it, what they say.
    pub ordered: Option<bool>,
}

fn parse(section: &mut Section) -> Option<Box<dyn Connect>> {
    Some(Box::new(config(section)))
}

fn config(section: &mut Section) -> S3Config {
    let has_endpoint = section.has("endpoint");
    let endpoint = endpoint(section, "endpoint");
    let login = Login::parse(section);
    S3Config {
        region: region(section, "region").or(has_endpoint.then(|| REGION.to_owned())),
        endpoint,
        found: Lookup::default(),
        path_style: section.boolean("path_style"),
        profile: profile(section, &login),
        role: Role::parse(section, &login),
        login,
        expected_bucket_owner: owner(section),
        requester_pays: section
            .choice("request_payer", &[("requester", true)])
            .unwrap_or(false),
        transport: Transport::parse(section),
        request_timeout: section
            .duration_up_to("request_timeout", LONGEST)
            .unwrap_or(REQUEST_TIMEOUT),
        ordered: section.boolean("ordered"),
    }
}

fn profile(section: &mut Section, login: &Login) -> Option<String> {
    let profile = section.setting("profile", Section::name)?;
    if !matches!(login, Login::Unset) {
        section.fault_of(
            &profile,
            "is of no use together with keys or `anonymous`: give one of them",
        );
    }
    Some(profile.value)
}

fn owner(section: &mut Section) -> Option<String> {
    let owner = section.setting("expected_bucket_owner", Section::name)?;
    if owner.value.len() == 12 && owner.value.bytes().all(|b| b.is_ascii_digit()) {
        return Some(owner.value);
    }
    let message = format!(
        "is {}: expected an account's 12 digits, in quotes",
        owner.quote()
    );
    section.fault_of(&owner, message);
    None
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use figment::value::Tag;
    use s3_exporter_config::Origin;
    use s3_exporter_testkit::values;
    use s3_exporter_transport::CONNECT_TIMEOUT;

    use super::*;

    struct Parsed {
        config: S3Config,
        faults: Vec<String>,
        warnings: Vec<String>,
    }

    fn parse_toml(text: &str) -> Parsed {
        let origins = Arc::new(|_, _: &str| Origin::Default);
        let parsed = Section::parse("backends.x", Tag::Default, values(text), origins, config);
        let texts = |faults: Vec<s3_exporter_config::ConfigError>| {
            faults.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        Parsed {
            config: parsed.value,
            warnings: texts(parsed.warnings),
            faults: texts(parsed.errors),
        }
    }

    fn good(text: &str) -> S3Config {
        let parsed = parse_toml(text);
        assert_eq!(parsed.faults, Vec::<String>::new(), "{text}");
        parsed.config
    }

    #[test]
    fn defaults_are_those_of_the_keys() {
        let config = good("");
        assert_eq!(config.store_url(), "https://s3.amazonaws.com");
        assert_eq!(config.region, None);
        assert!(config.path_style.is_none() && config.ordered.is_none() && !config.requester_pays);
        assert!(!config.transport.insecure_skip_verify);
        assert!(matches!(config.login, Login::Unset));
        let written: Vec<_> = KEYS
            .iter()
            .filter_map(|key| Some((key.name, key.default?)))
            .collect();
        let durations = [config.transport.connect_timeout, config.request_timeout];
        assert_eq!(durations, [CONNECT_TIMEOUT, REQUEST_TIMEOUT]);
        let text: String = written
            .iter()
            .map(|(name, default)| format!("{name} = {default}\n"))
            .collect();
        assert_eq!(format!("{:?}", good(&text)), format!("{config:?}"));
    }

    #[test]
    fn an_endpoint_brings_path_style_and_a_region() {
        let config = good(r#"endpoint = "minio.example:9000""#);
        assert_eq!(config.store_url(), "https://minio.example:9000");
        assert_eq!(config.region.as_deref(), Some("us-east-1"));
        assert!(config.has_path_style());
        let config = good("endpoint = \"http://h\"\nregion = \"eu-x-1\"\npath_style = false");
        assert_eq!(config.store_url(), "http://h");
        assert_eq!(config.region.as_deref(), Some("eu-x-1"));
        assert!(!config.has_path_style());
        let config = good(r#"region = "eu-central-1""#);
        assert_eq!(config.store_url(), "https://s3.eu-central-1.amazonaws.com");
    }

    #[test]
    fn faults_say_what_would_be_right() {
        let table = [
            (
                r#"endpoint = "http://me:secret@h""#,
                "`backends.x.endpoint` must not hold a user or a password: use `access_key_id` and `secret_access_key`",
            ),
            (
                r#"endpoint = "ftp://h""#,
                r#"`backends.x.endpoint` has the scheme "ftp": expected http or https"#,
            ),
            (
                r#"access_key_id = "a""#,
                "`backends.x.secret_access_key` is missing: `access_key_id` is of no use without it (or `secret_access_key_file`)",
            ),
            (
                r#"secret_access_key_file = "a""#,
                "`backends.x.access_key_id` is missing: `secret_access_key` is of no use without it (or `access_key_id_file`)",
            ),
            (
                r#"session_token = "a""#,
                "`backends.x.session_token` is of no use without `access_key_id` and `secret_access_key`",
            ),
            (
                "anonymous = true\naccess_key_id = \"a\"\nsecret_access_key = \"b\"",
                "`backends.x.anonymous` is of no use together with keys: give one of the two",
            ),
            (
                "profile = \"p\"\nanonymous = true",
                "`backends.x.profile` is of no use together with keys or `anonymous`: give one of them",
            ),
            (
                r#"client_cert_file = "c""#,
                "`backends.x.client_key_file` is missing: `client_cert_file` is of no use without it",
            ),
            (
                r#"client_key_file = "k""#,
                "`backends.x.client_cert_file` is missing: `client_key_file` is of no use without it",
            ),
            (
                r#"region = "eu central""#,
                r#"`backends.x.region` is "eu central": expected a region such as "eu-central-1""#,
            ),
            (
                r#"request_timeout = "2h""#,
                "`backends.x.request_timeout` is 2h: expected at most 1h",
            ),
            (
                r#"proxy = "socks4://u:hidden@h""#,
                r#"`backends.x.proxy` has the scheme "socks4": expected http, https, socks5 or socks5h"#,
            ),
            (
                r#"proxy = "http://u:hidden@h/path""#,
                r#"`backends.x.proxy` is no proxy's address: expected one such as "http://proxy.example:3128""#,
            ),
            (
                r#"proxy = "http://u:hidden@h ""#,
                "`backends.x.proxy` holds a space at its end: take it out",
            ),
            (
                "expected_bucket_owner = \"12\"",
                r#"`backends.x.expected_bucket_owner` is "12": expected an account's 12 digits, in quotes"#,
            ),
            (
                r#"request_payer = "me""#,
                r#"`backends.x.request_payer` is "me": expected "requester""#,
            ),
            (
                r#"role_arn = "reader""#,
                r#"`backends.x.role_arn` is "reader": expected a role's ARN such as "arn:aws:iam::123456789012:role/backup-reader""#,
            ),
            (
                "role_arn = \"arn:aws:iam::1:role/r\"\nanonymous = true",
                "`backends.x.role_arn` is of no use together with `anonymous`: a role is assumed with credentials",
            ),
            (
                r#"external_id = "id""#,
                "`backends.x.external_id` is of no use without `role_arn`",
            ),
            (
                "role_arn = \"arn:aws:iam::1:role/r\"\nrole_session_name = \"a b\"",
                r#"`backends.x.role_session_name` is "a b": expected 2 to 64 letters, digits and +=,.@-_"#,
            ),
            (
                "role_arn = \"arn:aws:iam::1:role/r\"\nexternal_id = \"a\"",
                r#"`backends.x.external_id` is "a": expected 2 to 1224 letters, digits and +=,.@:/-_"#,
            ),
            (
                r#"acces_key_id = "a""#,
                "unknown key `backends.x.acces_key_id`: did you mean `access_key_id`?",
            ),
        ];
        for (text, expected) in table {
            assert_eq!(parse_toml(text).faults, [expected], "{text}");
        }
    }

    #[test]
    fn a_line_end_at_the_end_of_a_secret_is_cut() {
        let config = good(
            "access_key_id = \"id\\n\"\nsecret_access_key = \"secret\\r\\n\"\nproxy = \"http://u:p@h\\n\"",
        );
        assert_eq!(config.transport.proxy.unwrap().expose(), "http://u:p@h");
        let Login::Keys(keys) = config.login else {
            panic!("no keys")
        };
        let keys = keys.read().unwrap();
        assert_eq!((keys.id.expose(), keys.secret.expose()), ("id", "secret"));
    }

    #[test]
    fn all_faults_are_found_at_once() {
        let parsed = parse_toml("endpoint = 1\nregion = \"\"\nordered = 3\nx = 1");
        assert_eq!(parsed.faults.len(), 4, "{:?}", parsed.faults);
    }

    #[test]
    fn all_faults_of_a_role_are_found_at_once() {
        let parsed = parse_toml(
            "external_id = \"id\"\nrole_session_name = \"a b\"\nsts_endpoint = \"ftp://h\"",
        );
        let of_no_use = |key| format!("`backends.x.{key}` is of no use without `role_arn`");
        let keys = ["external_id", "role_session_name", "sts_endpoint"];
        assert_eq!(parsed.faults, keys.map(of_no_use));
        let parsed = parse_toml(
            "role_arn = \"r\"\nexternal_id = \"\"\nrole_session_name = \"a b\"\nsts_endpoint = \"ftp://h\"",
        );
        assert_eq!(parsed.faults.len(), 4, "{:?}", parsed.faults);
    }

    #[test]
    fn a_role_is_assumed_with_any_credentials() {
        let role = "role_arn = \"arn:aws:iam::123456789012:role/r\"\n";
        let keys = "access_key_id = \"a\"\nsecret_access_key = \"b\"\n";
        for beside in ["", "profile = \"p\"", keys] {
            let role = good(&format!("{role}{beside}")).role.unwrap();
            assert_eq!(role.session_name, "s3-exporter");
            assert!(role.external_id.is_none() && role.sts_endpoint.is_none());
        }
        let rest =
            "external_id = \"id\"\nrole_session_name = \"me\"\nsts_endpoint = \"http://h:9000\"";
        let role = good(&format!("{role}{rest}")).role.unwrap();
        assert_eq!(role.external_id.as_deref(), Some("id"));
        assert_eq!(role.session_name, "me");
        assert_eq!(role.sts_endpoint.unwrap().as_str(), "http://h:9000/");
    }

    #[test]
    fn a_check_that_is_off_is_a_warning() {
        let parsed = parse_toml("insecure_skip_verify = true");
        assert!(parsed.faults.is_empty() && parsed.config.transport.insecure_skip_verify);
        assert_eq!(
            parsed.warnings,
            [
                "`backends.x.insecure_skip_verify` trusts anybody who pretends to be the store: give its certificate as `ca_bundle`"
            ]
        );
        assert!(parse_toml("").warnings.is_empty());
    }

    #[test]
    fn a_proxy_may_be_of_any_known_kind() {
        for kind in ["http", "https", "socks5", "socks5h"] {
            good(&format!("proxy = \"{kind}://u:p@h:3128\""));
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let config = good(
            "access_key_id = \"hidden1\"\nsecret_access_key = \"hidden2\"\n\
             session_token = \"hidden3\"\nproxy = \"http://u:hidden4@h\"",
        );
        assert!(!format!("{config:?}").contains("hidden"), "{config:?}");
    }
}
