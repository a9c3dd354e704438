use std::time::Duration;

use s3_exporter_api::{Connect, RequestLimits};
use s3_exporter_config::{Key, Plugin, Section, Url};
use s3_exporter_settings::{Login, region};
use s3_exporter_transport::Transport;

/// The plug-in for MinIO.
pub const PLUGIN: Plugin<Box<dyn Connect>, RequestLimits> = Plugin {
    name: "minio",
    keys: KEYS,
    defaults: RequestLimits {
        concurrency: 4,
        max_requests_in_flight: 16,
    },
    parse,
};

const KEYS: &[Key] = &[
    Key::new("endpoint"),
    Key::new("region"),
    Key::new("access_key_id"),
    Key::new("access_key_id_file"),
    Key::new("secret_access_key"),
    Key::new("secret_access_key_file"),
    Key::new("session_token"),
    Key::new("session_token_file"),
    Key::with_default("anonymous", "false"),
    Key::new("ca_bundle"),
    Key::with_default("insecure_skip_verify", "false"),
    Key::with_default("connect_timeout", "\"5s\""),
    Key::with_default("request_timeout", "\"60s\""),
    Key::new("ordered"),
];

/// Keys of type `s3` that the MinIO client cannot do.
const ONLY_S3: [&str; 3] = ["proxy", "client_cert_file", "client_key_file"];

const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// Nobody waits longer than this for one page.
const LONGEST: Duration = Duration::from_secs(60 * 60);

/// A section with `type = "minio"`.
#[derive(Clone, Debug)]
pub struct MinioConfig {
    /// The store's address.
    pub endpoint: Url,
    /// The region; us-east-1 without it, or that of an endpoint of AWS.
    pub region: Option<String>,
    /// Keys, or `anonymous = true`.
    pub login: Login,
    /// How to get to the store.
    pub transport: Transport,
    /// Of one attempt, its body included.
    pub request_timeout: Duration,
    /// Whether the store lists in the order of UTF-8 bytes, whatever its answers say; without it, what they say.
    pub ordered: Option<bool>,
}

fn parse(section: &mut Section) -> Option<Box<dyn Connect>> {
    config(section).map(|config| Box::new(config) as _)
}

fn config(section: &mut Section) -> Option<MinioConfig> {
    refuse(section);
    if !section.has("endpoint") {
        section.fault(
            "endpoint",
            "is missing: expected an address such as \"https://minio.example:9000\"",
        );
    }
    let endpoint = endpoint(section);
    let login = login(section);
    let region = region(section, "region");
    let transport = Transport::parse(section); // what it cannot do is refused above
    let request_timeout = section.duration_up_to("request_timeout", LONGEST);
    let ordered = section.boolean("ordered");
    Some(MinioConfig {
        endpoint: endpoint?,
        region,
        login,
        transport,
        request_timeout: request_timeout.unwrap_or(REQUEST_TIMEOUT),
        ordered,
    })
}

/// MinIO's client takes paths of 1024 bytes: this leaves some for the bucket.
const LONGEST_PATH: usize = 900;

fn endpoint(section: &mut Section) -> Option<Url> {
    let endpoint = section.setting("endpoint", s3_exporter_settings::endpoint)?;
    if endpoint.value.path().len() <= LONGEST_PATH {
        return Some(endpoint.value);
    }
    let message = format!("has a path of more than {LONGEST_PATH} bytes: use `type = \"s3\"`");
    section.fault_of(&endpoint, message);
    None
}

/// Says of the keys that only the other client can do where they can be had.
fn refuse(section: &mut Section) {
    for key in ONLY_S3 {
        if let Some(given) = section.take(key) {
            section.fault_of(
                &given,
                "is not possible with type \"minio\": use `type = \"s3\"`, which lists MinIO too",
            );
        }
    }
}

fn login(section: &mut Section) -> Login {
    let has_keys = Login::is_given(section);
    let login = Login::parse(section);
    if matches!(login, Login::Unset) && !has_keys {
        section.fault(
            "access_key_id",
            "is missing: give it and `secret_access_key` (or the two as `access_key_id_file` and \
             `secret_access_key_file`), or `anonymous = true` for a public bucket",
        );
    }
    login
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use figment::value::Tag;
    use s3_exporter_config::Origin;
    use s3_exporter_testkit::values;
    use s3_exporter_transport::CONNECT_TIMEOUT;

    use super::*;

    fn parse_toml(text: &str) -> (Option<MinioConfig>, Vec<String>, usize) {
        let origins = Arc::new(|_, _: &str| Origin::Default);
        let parsed = Section::parse("backends.x", Tag::Default, values(text), origins, config);
        (
            parsed.value,
            parsed.errors.iter().map(ToString::to_string).collect(),
            parsed.warnings.len(),
        )
    }

    const KEYS_AND_ENDPOINT: &str =
        "endpoint = \"h:9000\"\naccess_key_id = \"hidden1\"\nsecret_access_key = \"hidden2\"\n";

    fn good(text: &str) -> MinioConfig {
        let (config, faults, _) = parse_toml(text);
        assert_eq!(faults, Vec::<String>::new(), "{text}");
        config.unwrap()
    }

    #[test]
    fn defaults_are_those_of_the_keys() {
        let config = good(KEYS_AND_ENDPOINT);
        assert_eq!(config.store_url(), "https://h:9000");
        assert!(config.ordered.is_none() && !config.transport.insecure_skip_verify);
        let timeouts = [config.transport.connect_timeout, config.request_timeout];
        assert_eq!(timeouts, [CONNECT_TIMEOUT, REQUEST_TIMEOUT]);
        let defaults: String = KEYS
            .iter()
            .filter_map(|key| Some((key.name, key.default?)))
            // Without it an endpoint of AWS tells its own.
            .filter(|(name, _)| *name != "region")
            .map(|(name, default)| format!("{name} = {default}\n"))
            .collect();
        let written = good(&format!("{KEYS_AND_ENDPOINT}{defaults}"));
        assert_eq!(format!("{written:?}"), format!("{config:?}"));
        assert!(!format!("{config:?}").contains("hidden"), "{config:?}");
    }

    #[test]
    fn a_public_bucket_needs_no_keys() {
        let config = good("endpoint = \"http://h\"\nanonymous = true");
        assert!(matches!(config.login, Login::Anonymous));
    }

    #[test]
    fn faults_say_what_would_be_right() {
        let no_keys = "`backends.x.access_key_id` is missing: give it and `secret_access_key` (or the two as `access_key_id_file` and `secret_access_key_file`), or `anonymous = true` for a public bucket";
        let only_s3 = |key: &str| {
            format!(
                "`backends.x.{key}` is not possible with type \"minio\": use `type = \"s3\"`, which lists MinIO too"
            )
        };
        let table = [
            (r#"endpoint = "http://h""#.to_owned(), vec![no_keys.to_owned()]),
            (
                "endpoint = \"http://h\"\nanonymous = false".to_owned(),
                vec![no_keys.to_owned()],
            ),
            (
                "endpoint = \"http://h\"\naccess_key_id = \"\"\nsecret_access_key = \"b\"".to_owned(),
                vec!["`backends.x.access_key_id` must not be empty".to_owned()],
            ),
            (
                "anonymous = true".to_owned(),
                vec![r#"`backends.x.endpoint` is missing: expected an address such as "https://minio.example:9000""#.to_owned()],
            ),
            (
                format!("{KEYS_AND_ENDPOINT}proxy = \"http://u:hidden@h\"\nclient_cert_file = \"c\""),
                vec![only_s3("proxy"), only_s3("client_cert_file")],
            ),
            (
                format!(
                    "endpoint = \"http://h/{}\"\nanonymous = true",
                    "x".repeat(LONGEST_PATH)
                ),
                vec![r#"`backends.x.endpoint` has a path of more than 900 bytes: use `type = "s3"`"#.to_owned()],
            ),
            (
                format!("{KEYS_AND_ENDPOINT}connect_timeout = \"0s\""),
                vec![r#"`backends.x.connect_timeout` is "0s": expected a duration above zero such as "90s", "5m" or "1h30m""#.to_owned()],
            ),
        ];
        for (text, expected) in table {
            assert_eq!(parse_toml(&text).1, expected, "{text}");
        }
    }

    #[test]
    fn a_check_that_is_off_is_a_warning() {
        let (_, faults, warnings) =
            parse_toml(&format!("{KEYS_AND_ENDPOINT}insecure_skip_verify = true"));
        assert_eq!((faults.len(), warnings), (0, 1));
    }
}
