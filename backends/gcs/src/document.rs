//! Files of credentials: keys of service accounts, logins of persons, federated identities.

use std::path::{Path, PathBuf};

use http::Uri;
use object_store::client::{CryptoProvider, SigningAlgorithm};
use s3_exporter_api::{BackendError, FailureKind};
use s3_exporter_cloud::Ring;
use s3_exporter_config::{Secret, file};
use serde::Deserialize;
use serde_json::{Value, json};

/// Who is logged in by a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Document {
    /// A service account, by a key of it.
    ServiceAccount(ServiceAccount),
    /// A person, as `gcloud auth application-default login` leaves it.
    Person(Person),
    /// Somebody whom another provider knows, and Google trusts.
    Federated(Federated),
}

/// A service account, by a key of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceAccount {
    email: String,
    key_id: String,
    key: Secret,
}

/// What a person is given tokens for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub client_id: String,
    pub client_secret: Secret,
    pub refresh_token: Secret,
    pub token_uri: String,
}

/// What a federated identity is given tokens for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Federated {
    pub audience: String,
    pub subject_token_type: String,
    pub token_url: String,
    /// Where the service account is to be had in whose place it acts; `None` for itself.
    pub impersonation_url: Option<String>,
    pub source: Source,
    /// Of the JSON that the source gives; `None` where it gives the token alone.
    pub field: Option<String>,
}

/// Where the other provider's token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    File(PathBuf),
    /// An address, with headers.
    Url(String, Vec<(String, Secret)>),
}

/// Where Google documents that tokens of persons are asked for.
const TOKEN_URI: &str = "https://oauth2.googleapis.com/token";

#[derive(Deserialize)]
struct Written {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(flatten)]
    fields: serde_json::Map<String, Value>,
}

#[derive(Deserialize)]
struct WrittenSource {
    file: Option<PathBuf>,
    url: Option<String>,
    #[serde(default)]
    headers: std::collections::BTreeMap<String, String>,
    #[serde(default)]
    format: WrittenFormat,
}

#[derive(Default, Deserialize)]
struct WrittenFormat {
    #[serde(rename = "type", default)]
    kind: String,
    subject_token_field_name: Option<String>,
}

impl Document {
    /// From a file as Google's console or `gcloud` gives it. Secrets are sent to addresses of Google's
    /// alone, and to that of the `endpoint`.
    ///
    /// # Errors
    /// `credentials`: it cannot be read, or holds something else. Nothing of it is shown.
    pub fn read(path: &Path, endpoint: &str) -> Result<Self, BackendError> {
        let action = format!("reading the credentials {}", path.display());
        let no = |reason: &str| BackendError::new(FailureKind::Credentials, &*action, reason);
        let text = file::read(path, file::MAX_FILE).map_err(|cause| {
            let cannot = no("it cannot be read");
            cannot.with_source(file::reason(&cause))
        })?;
        let written: Written = serde_json::from_slice(&text)
            .map_err(|_| no("it is no JSON document as Google's console gives it"))?;
        let fields = Fields {
            of: written.fields,
            endpoint,
        };
        match &*written.kind {
            "service_account" => fields.service_account().map(Self::ServiceAccount),
            "authorized_user" => fields.person().map(Self::Person),
            "external_account" => fields.federated().map(Self::Federated),
            "external_account_authorized_user" | "impersonated_service_account" => {
                let kind = &written.kind;
                return Err(no(&format!(
                    "it is of the type `{kind}`, which is not known here"
                ))
                .with_advice(
                    "use `authorized_user`, `external_account` or a service account's key",
                ));
            }
            _ => Err(
                "its `type` is none of `service_account`, `authorized_user` and `external_account`"
                    .to_owned(),
            ),
        }
        .map_err(|reason| no(&reason))
    }
}

/// What a document says beside its type. Errors are reasons.
struct Fields<'a> {
    of: serde_json::Map<String, Value>,
    endpoint: &'a str,
}

impl Fields<'_> {
    fn given(&self, name: &str) -> Option<String> {
        let text = self.of.get(name)?.as_str()?;
        Some(text.to_owned()).filter(|text| !text.is_empty())
    }

    fn text(&self, name: &str) -> Result<String, String> {
        self.given(name)
            .ok_or_else(|| format!("it has no `{name}`"))
    }

    /// An address to which secrets may be sent.
    fn address(&self, name: &str, text: String) -> Result<String, String> {
        match is_trusted(&text, self.endpoint) {
            true => Ok(text),
            false => Err(format!(
                "its `{name}` is neither at Google (https, a name that ends in `.googleapis.com`) nor at `endpoint`"
            )),
        }
    }

    fn service_account(&self) -> Result<ServiceAccount, String> {
        let account = ServiceAccount {
            email: self.text("client_email")?,
            key_id: self.text("private_key_id")?,
            key: Secret::new(self.text("private_key")?),
        };
        let signer = Ring.sign(SigningAlgorithm::RS256, account.key.expose().as_bytes());
        signer.map_err(|_| "its `private_key` is no private RSA key in PEM")?;
        Ok(account)
    }

    fn person(&self) -> Result<Person, String> {
        let token_uri = self.given("token_uri");
        Ok(Person {
            client_id: self.text("client_id")?,
            client_secret: Secret::new(self.text("client_secret")?),
            refresh_token: Secret::new(self.text("refresh_token")?),
            token_uri: match token_uri {
                Some(uri) => self.address("token_uri", uri)?,
                None => TOKEN_URI.to_owned(),
            },
        })
    }

    fn federated(&self) -> Result<Federated, String> {
        let source = self
            .of
            .get("credential_source")
            .cloned()
            .unwrap_or_default();
        let source: WrittenSource = serde_json::from_value(source)
            .map_err(|_| "its `credential_source` is none with a `file` or a `url`")?;
        let field = match (&*source.format.kind, source.format.subject_token_field_name) {
            ("" | "text", _) => None,
            ("json", Some(field)) => Some(field),
            _ => {
                return Err(
                    "the `format` of its `credential_source` is neither `text` nor `json` with a \
                     `subject_token_field_name`"
                        .to_owned(),
                );
            }
        };
        let source = match (source.file, source.url) {
            (Some(file), None) => Source::File(file),
            (None, Some(url)) if url.parse::<Uri>().is_ok_and(|uri| uri.host().is_some()) => {
                let headers = source.headers.into_iter();
                Source::Url(
                    url,
                    headers
                        .map(|(name, value)| (name, Secret::new(value)))
                        .collect(),
                )
            }
            _ => {
                return Err(
                    "its `credential_source` has no `file` and no `url`: of programs and of AWS nothing is taken"
                        .to_owned(),
                );
            }
        };
        let impersonation_url = match self.given("service_account_impersonation_url") {
            Some(url) => Some(self.address("service_account_impersonation_url", url)?),
            None => None,
        };
        Ok(Federated {
            audience: self.text("audience")?,
            subject_token_type: self.text("subject_token_type")?,
            token_url: self.address("token_url", self.text("token_url")?)?,
            impersonation_url,
            source,
            field,
        })
    }
}

/// Whether it is an address of Google's, or of what the user named.
fn is_trusted(url: &str, endpoint: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else {
        return false;
    };
    let host = uri.host().unwrap_or_default().to_ascii_lowercase();
    let is_googles = uri.scheme_str() == Some("https")
        && host.ends_with(".googleapis.com")
        && uri.port_u16().is_none_or(|port| port == 443);
    let endpoint = endpoint.parse::<Uri>();
    let is_named = endpoint.is_ok_and(|named| {
        uri.authority().is_some()
            && (named.scheme(), named.authority()) == (uri.scheme(), uri.authority())
    });
    is_googles || is_named
}

impl ServiceAccount {
    /// What the library needs of it: other fields would say where to ask, or not to log in at all.
    pub fn document(&self) -> String {
        let document = json!({
            "client_email": self.email,
            "private_key_id": self.key_id,
            "private_key": self.key.expose(),
        });
        document.to_string()
    }
}

#[cfg(test)]
mod tests {
    use s3_exporter_api::chain;

    use super::*;

    const ENDPOINT: &str = "http://127.0.0.1:4443";

    #[test]
    fn files_that_are_of_no_use_are_not_shown() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let account = |key: &str| {
            format!(
                "{{\"type\": \"service_account\", \"client_email\": \"a@b\", \"private_key_id\": \"1\", \"private_key\": \"{key}\"}}"
            )
        };
        let federated = |more: &str| {
            format!(
                "{{\"type\": \"external_account\", \"audience\": \"hidden\", \"subject_token_type\": \"x\", {more}}}"
            )
        };
        let to = |url: &str| {
            federated(&format!(
                "\"token_url\": \"{url}\", \"credential_source\": {{\"file\": \"/t\"}}"
            ))
        };
        let elsewhere =
            "is neither at Google (https, a name that ends in `.googleapis.com`) nor at `endpoint`";
        let token_url = format!("its `token_url` {elsewhere}");
        let table = [
            (
                "hidden",
                "it is no JSON document as Google's console gives it",
            ),
            (
                "{\"token\": \"hidden\"}",
                "its `type` is none of `service_account`, `authorized_user` and `external_account`",
            ),
            (
                "{\"type\": \"impersonated_service_account\", \"x\": \"hidden\"}",
                "it is of the type `impersonated_service_account`, which is not known here; use `authorized_user`, `external_account` or a service account's key",
            ),
            (
                "{\"type\": \"authorized_user\", \"client_id\": \"hidden\"}",
                "it has no `client_secret`",
            ),
            (
                "{\"type\": \"authorized_user\", \"client_id\": \"a\", \"client_secret\": \"hidden\", \"refresh_token\": \"hidden\", \"token_uri\": \"https://evil.example/hidden\"}",
                &format!("its `token_uri` {elsewhere}"),
            ),
            (
                &federated("\"x\": 1"),
                "its `credential_source` is none with a `file` or a `url`",
            ),
            (
                &federated("\"credential_source\": {\"executable\": {\"command\": \"hidden\"}}"),
                "its `credential_source` has no `file` and no `url`: of programs and of AWS nothing is taken",
            ),
            (
                &federated(
                    "\"credential_source\": {\"file\": \"/t\", \"format\": {\"type\": \"json\"}}",
                ),
                "the `format` of its `credential_source` is neither `text` nor `json` with a `subject_token_field_name`",
            ),
            (&to("http://sts.googleapis.com/v1/token"), &token_url),
            (
                &to("https://sts.googleapis.com.evil.example/v1/token"),
                &token_url,
            ),
            (
                &to("https://sts.googleapis.com@evil.example/v1/token"),
                &token_url,
            ),
            (&to("https://evilgoogleapis.com/v1/token"), &token_url),
            (&to("http://127.0.0.1:4444/v1/token"), &token_url),
            (&account(""), "it has no `private_key`"),
            (
                &account("hidden"),
                "its `private_key` is no private RSA key in PEM",
            ),
            (
                &account("-----BEGIN PRIVATE KEY-----\\naGlkZGVu\\n-----END PRIVATE KEY-----\\n"),
                "its `private_key` is no private RSA key in PEM",
            ),
        ];
        for (text, reason) in table {
            std::fs::write(file.path(), text).unwrap();
            let error = Document::read(file.path(), ENDPOINT).unwrap_err();
            assert_eq!(error.kind(), FailureKind::Credentials);
            let action = format!("reading the credentials {}", file.path().display());
            assert_eq!(chain(&error), format!("{action}: {reason}"));
        }
        for url in [
            "https://sts.googleapis.com/v1/token",
            "https://STS.EU.Googleapis.com:443/x",
            "http://127.0.0.1:4443/token",
        ] {
            std::fs::write(file.path(), to(url)).unwrap();
            let document = Document::read(file.path(), ENDPOINT).unwrap();
            assert!(matches!(&document, Document::Federated(of) if of.token_url == url));
        }
        let error = Document::read(Path::new("/none/key.json"), ENDPOINT).unwrap_err();
        assert_eq!(
            chain(&error),
            "reading the credentials /none/key.json: it cannot be read: there is no such file"
        );
    }
}
