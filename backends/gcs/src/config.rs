use std::time::Duration;

use s3_exporter_api::{Connect, RequestLimits};
use s3_exporter_config::{Key, Plugin, Section, Url};
use s3_exporter_transport::Transport;

use crate::login::Login;

/// The plug-in for Google Cloud Storage.
pub const PLUGIN: Plugin<Box<dyn Connect>, RequestLimits> = Plugin {
    name: "gcs",
    keys: KEYS,
    defaults: RequestLimits {
        concurrency: 16,
        max_requests_in_flight: 64,
    },
    parse,
};

const KEYS: &[Key] = &[
    Key::with_default("endpoint", "\"https://storage.googleapis.com\""),
    Key::new("project"),
    Key::new("credentials_file"),
    Key::with_default("anonymous", "false"),
    Key::new("proxy"),
    Key::new("ca_bundle"),
    Key::new("client_cert_file"),
    Key::new("client_key_file"),
    Key::with_default("insecure_skip_verify", "false"),
    Key::with_default("connect_timeout", "\"5s\""),
    Key::with_default("request_timeout", "\"60s\""),
    Key::with_default("ordered", "true"),
];

const ENDPOINT: &str = "https://storage.googleapis.com";
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
/// Nobody waits longer than this for one page.
const LONGEST: Duration = Duration::from_secs(60 * 60);

/// A section with `type = "gcs"`.
#[derive(Clone, Debug)]
pub struct GcsConfig {
    /// Where the API is.
    pub endpoint: Url,
    /// Whose buckets are listed, where they are.
    pub project: Option<String>,
    /// How to log in.
    pub login: Login,
    /// How to get to the store.
    pub transport: Transport,
    /// Of one attempt, its body included.
    pub request_timeout: Duration,
    /// Whether a bucket may be listed in ranges of names.
    pub ordered: bool,
}

fn parse(section: &mut Section) -> Option<Box<dyn Connect>> {
    config(section).map(|config| Box::new(config) as _)
}

fn config(section: &mut Section) -> Option<GcsConfig> {
    let has_endpoint = section.has("endpoint");
    let endpoint = s3_exporter_settings::endpoint(section, "endpoint");
    let project = section.name("project");
    let login = Login::parse(section);
    let transport = Transport::parse(section);
    let request_timeout = section.duration_up_to("request_timeout", LONGEST);
    let ordered = section.boolean("ordered").unwrap_or(true);
    let endpoint = match endpoint {
        None if has_endpoint => return None,
        None => ENDPOINT.parse().ok()?,
        Some(endpoint) => endpoint,
    };
    Some(GcsConfig {
        endpoint,
        project,
        login,
        transport,
        request_timeout: request_timeout.unwrap_or(REQUEST_TIMEOUT),
        ordered,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use figment::value::Tag;
    use s3_exporter_config::Origin;
    use s3_exporter_testkit::values;

    use super::*;

    fn parse_toml(text: &str) -> (Option<GcsConfig>, Vec<String>) {
        let origins = Arc::new(|_, _: &str| Origin::Default);
        let parsed = Section::parse("backends.x", Tag::Default, values(text), origins, config);
        let faults = parsed.errors.iter().map(ToString::to_string).collect();
        (parsed.value, faults)
    }

    fn good(text: &str) -> GcsConfig {
        let (config, faults) = parse_toml(text);
        assert_eq!(faults, Vec::<String>::new(), "{text}");
        config.unwrap()
    }

    #[test]
    fn defaults_are_those_of_the_keys() {
        let config = good("");
        assert_eq!(config.store_url(), "https://storage.googleapis.com");
        let defaults: String = KEYS
            .iter()
            .filter_map(|key| Some(format!("{} = {}\n", key.name, key.default?)))
            .collect();
        assert_eq!(format!("{:?}", good(&defaults)), format!("{config:?}"));
    }

    #[test]
    fn each_way_to_log_in() {
        assert!(matches!(good("").login, Login::Unset));
        assert!(matches!(good("anonymous = true").login, Login::Anonymous));
        let login = good("credentials_file = \"key.json\"").login;
        assert!(matches!(login, Login::File(path) if path.ends_with("key.json")));
    }

    #[test]
    fn faults_say_what_would_be_right() {
        let table = [
            (
                "credentials_file = \"key.json\"\nanonymous = true",
                "`backends.x.anonymous` is of no use together with `credentials_file`: give one of the two",
            ),
            (
                "ordered = \"often\"",
                "`backends.x.ordered` is \"often\": expected true or false",
            ),
        ];
        for (text, fault) in table {
            assert_eq!(parse_toml(text).1, [fault], "{text}");
        }
        let (config, faults) = parse_toml("endpoint = \"ftp://storage\"");
        assert!(config.is_none() && faults.len() == 1, "{faults:?}");
    }
}
