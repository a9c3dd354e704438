use std::path::PathBuf;

use object_store::azure::authority_hosts;
use s3_exporter_api::FaultyFile;
use s3_exporter_cloud::Environment;
use s3_exporter_config::{Secret, SecretSource, Section};
use s3_exporter_settings::unusable;

use crate::shared::{Shared, of_connection_string, shared};

/// How to log in to a storage account, as its section says.
#[derive(Clone, Debug)]
pub enum Login {
    /// `anonymous = true`: nothing is signed.
    Anonymous,
    /// `account_key`.
    Key(SecretSource),
    /// `sas_token`.
    Sas(SecretSource),
    /// `connection_string`.
    ConnectionString(SecretSource),
    /// `client_secret` of an application.
    ClientSecret(Application, SecretSource),
    /// `federated_token_file`: a workload identity.
    FederatedToken(Application, PathBuf),
    /// `managed_identity = true`; one that a user has made is told by its client.
    ManagedIdentity(Option<String>),
    /// The section says nothing.
    Unset,
}

/// An application of Entra ID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// Its directory.
    pub tenant_id: String,
    /// Itself.
    pub client_id: String,
    /// Who hands out tokens.
    pub authority_host: String,
}

/// The keys of which one at most is given.
const WAYS: [&str; 7] = [
    "account_key",
    "sas_token",
    "connection_string",
    "client_secret",
    "federated_token_file",
    "managed_identity",
    "anonymous",
];

impl Login {
    /// Takes the keys that say it out of the section. What makes no sense together is a fault.
    pub fn parse(section: &mut Section) -> Self {
        let given =
            |section: &Section, key: &str| section.has(key) || section.has(&format!("{key}_file"));
        let given: Vec<_> = WAYS.iter().filter(|key| given(section, key)).collect();
        let account_key = section.secret("account_key");
        let sas_token = section.secret("sas_token");
        let connection_string = section.secret("connection_string");
        let client_secret = section.secret("client_secret");
        let federated_token = section.file("federated_token_file");
        let is_managed = section.boolean("managed_identity") == Some(true);
        let is_anonymous = section.boolean("anonymous") == Some(true);
        let is_off = |key: &&&str| match **key {
            "managed_identity" => !is_managed,
            "anonymous" => !is_anonymous,
            _ => false,
        };
        let mut ways = given.into_iter().filter(|key| !is_off(key));
        if let (Some(one), Some(other)) = (ways.next(), ways.next()) {
            let message = format!("is of no use together with `{one}`: give one of the two");
            section.fault(other, message);
        }
        let has_application = client_secret.is_some() || federated_token.is_some();
        let application = application(section, has_application, is_managed);
        let client_id = application.as_ref().map(|(_, client)| client.clone());
        let application = application.and_then(|(application, _)| application);
        if let Some(secret) = account_key {
            Self::Key(secret)
        } else if let Some(secret) = sas_token {
            Self::Sas(secret)
        } else if let Some(secret) = connection_string {
            Self::ConnectionString(secret)
        } else if let (Some(application), Some(secret)) = (&application, client_secret) {
            Self::ClientSecret(application.clone(), secret)
        } else if let (Some(application), Some(file)) = (application, federated_token) {
            Self::FederatedToken(application, file)
        } else if is_managed {
            Self::ManagedIdentity(client_id)
        } else if is_anonymous {
            Self::Anonymous
        } else {
            Self::Unset
        }
    }

    /// What is in force where the section says nothing, from the variables that AKS and Azure's own
    /// programs know.
    pub fn or_found(&self, environment: &Environment) -> Self {
        match self {
            Self::Unset => login_of(environment),
            given => given.clone(),
        }
    }

    /// That, for people.
    pub fn found(&self, environment: &Environment) -> Option<String> {
        let Self::Unset = self else { return None };
        let text = match login_of(environment) {
            Self::FederatedToken(..) => {
                "credentials: a workload identity, by AZURE_FEDERATED_TOKEN_FILE, AZURE_CLIENT_ID and AZURE_TENANT_ID"
            }
            Self::ClientSecret(..) => {
                "credentials: an application's, by AZURE_CLIENT_SECRET, AZURE_CLIENT_ID and AZURE_TENANT_ID"
            }
            Self::ManagedIdentity(Some(_)) => {
                "credentials: the machine's managed identity that AZURE_CLIENT_ID names"
            }
            _ => "credentials: the machine's managed identity",
        };
        Some(text.to_owned())
    }

    /// Reads what files there are, without asking anybody: those that are of no use.
    pub fn look(&self, account: &str) -> Vec<FaultyFile> {
        let (key, read) = match self {
            Self::Key(source) => ("account_key_file", shared(source, Shared::Key)),
            Self::Sas(source) => ("sas_token_file", shared(source, Shared::Sas)),
            Self::ConnectionString(source) => (
                "connection_string_file",
                of_connection_string(source, account),
            ),
            Self::ClientSecret(_, source) => {
                let read = source.read().map_err(unusable);
                ("client_secret_file", read.map(Shared::Key))
            }
            _ => return Vec::new(),
        };
        let key = if is_file(self) { key } else { "" };
        read.err().map(|error| (key, error)).into_iter().collect()
    }

    /// What to do where credentials are of no use.
    pub const fn advice(&self) -> &'static str {
        match self {
            Self::Key(_) => "check `account` and `account_key`, and this machine's clock",
            Self::Sas(_) => "check `sas_token`: it may have expired",
            Self::ConnectionString(_) => "check `connection_string`, and this machine's clock",
            Self::ClientSecret(..) => "check `tenant_id`, `client_id` and `client_secret`",
            Self::FederatedToken(..) => {
                "check `tenant_id`, `client_id` and the federated credential of the application"
            }
            Self::ManagedIdentity(_) | Self::Unset => {
                "give this machine a managed identity, or `account_key`, `sas_token` or another way to log in"
            }
            Self::Anonymous => "give `account_key`, `sas_token` or another way to log in",
        }
    }
}

fn is_file(login: &Login) -> bool {
    matches!(
        login,
        Login::Key(SecretSource::File(_))
            | Login::Sas(SecretSource::File(_))
            | Login::ConnectionString(SecretSource::File(_))
            | Login::ClientSecret(_, SecretSource::File(_))
    )
}

/// The application that the section names, and its client alone. Only where there is a way to log in
/// that has one.
fn application(
    section: &mut Section,
    has_application: bool,
    is_managed: bool,
) -> Option<(Option<Application>, String)> {
    let identifier = |section: &mut Section, key: &str| {
        let text = section.setting(key, Section::name)?;
        let is_good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
        if text.value.bytes().all(is_good) {
            return Some(text.value);
        }
        let message = format!(
            "is {}: expected an identifier such as \"72f988bf-86f1-41af-91ab-2d7cd011db47\"",
            text.quote()
        );
        section.fault_of(&text, message);
        None
    };
    for (key, is_of_use) in [
        ("tenant_id", has_application),
        ("client_id", has_application || is_managed),
        ("authority_host", has_application),
    ] {
        if section.has(key) && !is_of_use {
            section.fault(
                key,
                "is of no use without `client_secret` or `federated_token_file`",
            );
        } else if !section.has(key) && has_application && key != "authority_host" {
            section.fault(
                key,
                "is missing: `client_secret` and `federated_token_file` are of no use without it",
            );
        }
    }
    let tenant_id = identifier(section, "tenant_id");
    let client_id = identifier(section, "client_id");
    let authority = s3_exporter_settings::endpoint(section, "authority_host");
    let client_id = client_id?;
    let application = tenant_id.map(|tenant_id| Application {
        tenant_id,
        client_id: client_id.clone(),
        authority_host: authority_host(authority.as_ref().map(s3_exporter_config::Url::as_str)),
    });
    Some((application, client_id))
}

fn authority_host(given: Option<&str>) -> String {
    given
        .unwrap_or(authority_hosts::AZURE_PUBLIC_CLOUD)
        .trim_end_matches('/')
        .to_owned()
}

/// Where a managed identity is asked for that is not the virtual machine's, as in App Service.
pub fn identity_endpoint(environment: &Environment) -> Option<String> {
    environment.text("IDENTITY_ENDPOINT")
}

fn login_of(environment: &Environment) -> Login {
    let client_id = environment.text("AZURE_CLIENT_ID");
    let application = environment
        .text("AZURE_TENANT_ID")
        .zip(client_id.clone())
        .map(|(tenant_id, client_id)| Application {
            tenant_id,
            client_id,
            authority_host: authority_host(environment.text("AZURE_AUTHORITY_HOST").as_deref()),
        });
    let file = environment
        .text("AZURE_FEDERATED_TOKEN_FILE")
        .map(PathBuf::from);
    let secret = environment.text("AZURE_CLIENT_SECRET").map(Secret::new);
    match (application, file, secret) {
        (Some(application), Some(file), _) => Login::FederatedToken(application, file),
        (Some(application), None, Some(secret)) => {
            let dollars = false;
            Login::ClientSecret(application, SecretSource::Value { secret, dollars })
        }
        _ => Login::ManagedIdentity(client_id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &'static [(&'static str, &'static str)]) -> Environment {
        Environment::new(move |wanted| {
            let found = variables.iter().find(|(name, _)| *name == wanted);
            found.map(|(_, value)| value.into())
        })
    }

    #[test]
    fn the_environment_of_a_pod_names_a_workload_identity() {
        let pod = environment(&[
            ("AZURE_CLIENT_ID", "client"),
            ("AZURE_TENANT_ID", "tenant"),
            ("AZURE_FEDERATED_TOKEN_FILE", "/var/run/secrets/token"),
            ("AZURE_AUTHORITY_HOST", "https://login.example/"),
        ]);
        let Login::FederatedToken(application, file) = Login::Unset.or_found(&pod) else {
            panic!("another login");
        };
        assert_eq!(application.authority_host, "https://login.example");
        assert_eq!(file, PathBuf::from("/var/run/secrets/token"));
        let found = Login::Unset.found(&pod).unwrap();
        assert!(found.contains("AZURE_FEDERATED_TOKEN_FILE"), "{found}");
        assert_eq!(Login::Anonymous.found(&pod), None);
        assert!(matches!(Login::Anonymous.or_found(&pod), Login::Anonymous));
    }

    #[test]
    fn without_it_an_application_and_then_the_machine() {
        let application = environment(&[
            ("AZURE_CLIENT_ID", "client"),
            ("AZURE_TENANT_ID", "tenant"),
            ("AZURE_CLIENT_SECRET", "hidden"),
        ]);
        let login = Login::Unset.or_found(&application);
        let Login::ClientSecret(of, _) = &login else {
            panic!("{login:?}");
        };
        assert_eq!(of.authority_host, "https://login.microsoftonline.com");
        assert!(!format!("{login:?}").contains("hidden"));
        let machine = Login::Unset.or_found(&environment(&[("AZURE_CLIENT_ID", "client")]));
        assert!(matches!(machine, Login::ManagedIdentity(Some(id)) if id == "client"));
        let machine = Login::Unset.or_found(&environment(&[("AZURE_TENANT_ID", "")]));
        assert!(matches!(machine, Login::ManagedIdentity(None)));
    }
}
