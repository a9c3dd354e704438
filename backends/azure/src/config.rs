use std::time::Duration;

use s3_exporter_api::{Connect, RequestLimits};
use s3_exporter_config::{Key, Plugin, SecretSource, Section, Setting, Url};
use s3_exporter_transport::Transport;

use crate::connection_string::ConnectionString;
use crate::login::Login;

/// The plug-in for Azure Blob Storage.
pub const PLUGIN: Plugin<Box<dyn Connect>, RequestLimits> = Plugin {
    name: "azure",
    keys: KEYS,
    defaults: RequestLimits {
        concurrency: 16,
        max_requests_in_flight: 64,
    },
    parse,
};

const KEYS: &[Key] = &[
    Key::new("account"),
    Key::new("endpoint"),
    Key::new("account_key"),
    Key::new("account_key_file"),
    Key::new("sas_token"),
    Key::new("sas_token_file"),
    Key::new("connection_string"),
    Key::new("connection_string_file"),
    Key::new("tenant_id"),
    Key::new("client_id"),
    Key::new("client_secret"),
    Key::new("client_secret_file"),
    Key::new("federated_token_file"),
    Key::new("authority_host"),
    Key::with_default("managed_identity", "false"),
    Key::with_default("anonymous", "false"),
    Key::new("proxy"),
    Key::new("ca_bundle"),
    Key::new("client_cert_file"),
    Key::new("client_key_file"),
    Key::with_default("insecure_skip_verify", "false"),
    Key::with_default("connect_timeout", "\"5s\""),
    Key::with_default("request_timeout", "\"60s\""),
    Key::with_default("ordered", "false"),
];

const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
/// Nobody waits longer than this for one page.
const LONGEST: Duration = Duration::from_secs(60 * 60);

/// A section with `type = "azure"`.
#[derive(Clone, Debug)]
pub struct AzureConfig {
    /// The name of the storage account.
    pub account: String,
    /// Where its containers are.
    pub endpoint: Url,
    /// How to log in.
    pub login: Login,
    /// How to get to the store.
    pub transport: Transport,
    /// Of one attempt, its body included.
    pub request_timeout: Duration,
    /// Whether a container may be listed in ranges of names.
    pub ordered: bool,
}

fn parse(section: &mut Section) -> Option<Box<dyn Connect>> {
    config(section).map(|config| Box::new(config) as _)
}

fn config(section: &mut Section) -> Option<AzureConfig> {
    let has_endpoint = section.has("endpoint");
    let has_account = section.has("account");
    let endpoint = s3_exporter_settings::endpoint(section, "endpoint");
    let account = account(section);
    let login = Login::parse(section);
    let told = told(section, &login, account.as_ref());
    let transport = Transport::parse(section);
    let request_timeout = section.duration_up_to("request_timeout", LONGEST);
    let ordered = section.boolean("ordered").unwrap_or(false);
    let is_inline = matches!(&login, Login::ConnectionString(SecretSource::Value { .. }));
    if !has_account && !is_inline {
        section.fault(
            "account",
            "is missing: expected the name of the storage account",
        );
    }
    let (account, endpoint_told) = match (account, told) {
        (Some(account), told) => (account.value, told.map(|told| told.endpoint)),
        (None, Some(told)) if !has_account => (told.account, Some(told.endpoint)),
        _ => return None,
    };
    let endpoint = match (endpoint, endpoint_told) {
        (Some(endpoint), _) => endpoint,
        (None, _) if has_endpoint => return None,
        (None, Some(told)) => told,
        (None, None) => format!("https://{account}.blob.core.windows.net")
            .parse()
            .ok()?,
    };
    Some(AzureConfig {
        account,
        endpoint,
        login,
        transport,
        request_timeout: request_timeout.unwrap_or(REQUEST_TIMEOUT),
        ordered,
    })
}

/// The name becomes part of a host's and of signatures.
fn account(section: &mut Section) -> Option<Setting<String>> {
    let account = section.setting("account", Section::name)?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    if account.value.bytes().all(plain) {
        return Some(account);
    }
    let message = format!(
        "is {}: expected the name of a storage account such as \"backups\"",
        account.quote()
    );
    section.fault_of(&account, message);
    None
}

/// What a connection string says that stands in the configuration itself; one in a file is read when
/// it is used.
fn told(
    section: &mut Section,
    login: &Login,
    account: Option<&Setting<String>>,
) -> Option<ConnectionString> {
    let Login::ConnectionString(SecretSource::Value { secret, .. }) = login else {
        return None;
    };
    match ConnectionString::parse(secret.expose()) {
        Ok(told) if account.is_some_and(|account| account.value != told.account) => {
            section.fault("account", "is not the account of `connection_string`");
            None
        }
        Ok(told) => Some(told),
        Err(reason) => {
            section.fault("connection_string", format!("makes no sense: {reason}"));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use figment::value::Tag;
    use s3_exporter_config::Origin;
    use s3_exporter_testkit::values;

    use super::*;

    fn parse_toml(text: &str) -> (Option<AzureConfig>, Vec<String>) {
        let origins = Arc::new(|_, _: &str| Origin::Default);
        let parsed = Section::parse("backends.x", Tag::Default, values(text), origins, config);
        let faults = parsed.errors.iter().map(ToString::to_string).collect();
        (parsed.value, faults)
    }

    fn good(text: &str) -> AzureConfig {
        let (config, faults) = parse_toml(text);
        assert_eq!(faults, Vec::<String>::new(), "{text}");
        config.unwrap()
    }

    #[test]
    fn defaults_are_those_of_the_keys() {
        let text = "account = \"backups\"\naccount_key = \"aGlkZGVu\"\n";
        let config = good(text);
        assert_eq!(config.store_url(), "https://backups.blob.core.windows.net");
        assert_eq!(config.request_timeout, REQUEST_TIMEOUT);
        let defaults: String = KEYS
            .iter()
            .filter_map(|key| Some(format!("{} = {}\n", key.name, key.default?)))
            .collect();
        let written = good(&format!("{text}{defaults}"));
        assert_eq!(format!("{written:?}"), format!("{config:?}"));
        assert!(!format!("{config:?}").contains("aGlkZGVu"), "{config:?}");
    }

    #[test]
    fn a_connection_string_tells_account_and_address() {
        let string = "connection_string = \"AccountName=backups;AccountKey=aGlkZGVu;EndpointSuffix=core.example\"\n";
        for text in [string, &format!("{string}account = \"backups\"\n")] {
            let config = good(text);
            assert_eq!(config.account, "backups");
            assert_eq!(config.store_url(), "https://backups.blob.core.example");
        }
        let config = good(&format!(
            "{string}endpoint = \"http://127.0.0.1:10000/backups\""
        ));
        assert_eq!(config.store_url(), "http://127.0.0.1:10000/backups");
    }

    #[test]
    fn each_way_to_log_in() {
        let of = |text: &str| good(&format!("account = \"backups\"\n{text}")).login;
        assert!(matches!(of(""), Login::Unset));
        assert!(matches!(of("anonymous = true"), Login::Anonymous));
        assert!(matches!(
            of("managed_identity = true"),
            Login::ManagedIdentity(None)
        ));
        let text = "managed_identity = true\nclient_id = \"c\"";
        assert!(matches!(of(text), Login::ManagedIdentity(Some(id)) if id == "c"));
        assert!(matches!(
            of("sas_token_file = \"f\""),
            Login::Sas(SecretSource::File(_))
        ));
        let text = "connection_string_file = \"f\"";
        assert!(matches!(
            of(text),
            Login::ConnectionString(SecretSource::File(_))
        ));
        let application = "tenant_id = \"t\"\nclient_id = \"c\"\n";
        let text =
            format!("{application}client_secret = \"s\"\nauthority_host = \"login.example\"");
        let Login::ClientSecret(named, _) = of(&text) else {
            panic!("{text}");
        };
        assert_eq!(named.authority_host, "https://login.example");
        let text = format!("{application}federated_token_file = \"f\"");
        assert!(matches!(of(&text), Login::FederatedToken(..)));
    }

    #[test]
    fn faults_say_what_would_be_right() {
        let table = [
            (
                "anonymous = true",
                "`backends.x.account` is missing: expected the name of the storage account",
            ),
            (
                "connection_string_file = \"f\"",
                "`backends.x.account` is missing: expected the name of the storage account",
            ),
            (
                "account = \"a/b\"",
                "`backends.x.account` is \"a/b\": expected the name of a storage account such as \"backups\"",
            ),
            (
                "account = \"a\"\nconnection_string = \"AccountName=hidden\"",
                "`backends.x.connection_string` makes no sense: it has neither AccountKey nor SharedAccessSignature",
            ),
            (
                "account = \"a\"\nconnection_string = \"AccountName=hidden;AccountKey=hidden\"",
                "`backends.x.account` is not the account of `connection_string`",
            ),
            (
                "account = \"a\"\naccount_key = \"hidden\"\nsas_token_file = \"f\"",
                "`backends.x.sas_token` is of no use together with `account_key`: give one of the two",
            ),
            (
                "account = \"a\"\naccount_key = \"hidden\"\nanonymous = true",
                "`backends.x.anonymous` is of no use together with `account_key`: give one of the two",
            ),
            (
                "account = \"a\"\ntenant_id = \"t\"\nclient_secret = \"hidden\"",
                "`backends.x.client_id` is missing: `client_secret` and `federated_token_file` are of no use without it",
            ),
            (
                "account = \"a\"\nmanaged_identity = true\ntenant_id = \"t\"",
                "`backends.x.tenant_id` is of no use without `client_secret` or `federated_token_file`",
            ),
            (
                "account = \"a\"\nmanaged_identity = true\nclient_id = \"a b\"",
                "`backends.x.client_id` is \"a b\": expected an identifier such as \"72f988bf-86f1-41af-91ab-2d7cd011db47\"",
            ),
        ];
        for (text, expected) in table {
            let (_, faults) = parse_toml(text);
            assert_eq!(faults, [expected], "{text}");
        }
        let off =
            "account = \"a\"\naccount_key = \"k\"\nanonymous = false\nmanaged_identity = false";
        assert!(matches!(good(off).login, Login::Key(_)));
    }
}
