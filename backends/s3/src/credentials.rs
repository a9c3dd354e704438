use std::time::SystemTime;

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};
use aws_sdk_s3::config::IdentityCache;
use aws_types::origin::Origin;
use s3_exporter_config::{Section, Url};
use s3_exporter_settings::{AccessKeys, Login, endpoint};

/// How our session is called in the logs of who did what.
const SESSION_NAME: &str = "s3-exporter";

/// A role that is assumed with whatever credentials there are.
#[derive(Clone, Debug)]
pub struct Role {
    /// Such as `arn:aws:iam::123456789012:role/backup-reader`.
    pub arn: String,
    /// What the role's owner wants to hear. No secret: it is of use to those alone who may
    /// assume the role.
    pub external_id: Option<String>,
    /// How the session is called.
    pub session_name: String,
    /// Who hands out sessions; without it the SDK's choice: `AWS_ENDPOINT_URL_STS`, the
    /// profile's `services`, the region's STS of AWS.
    pub sts_endpoint: Option<Url>,
}

impl Role {
    /// Takes the keys that say it out of the section.
    pub fn parse(section: &mut Section, login: &Login) -> Option<Self> {
        let given = section.has("role_arn");
        for key in ["external_id", "role_session_name", "sts_endpoint"] {
            if !given && section.has(key) {
                section.fault(key, "is of no use without `role_arn`");
            }
        }
        if given && matches!(login, Login::Anonymous) {
            section.fault(
                "role_arn",
                "is of no use together with `anonymous`: a role is assumed with credentials",
            );
        }
        let arn = checked(
            section,
            "role_arn",
            is_role,
            "a role's ARN such as \"arn:aws:iam::123456789012:role/backup-reader\"",
        );
        let external_id = checked(
            section,
            "external_id",
            |text| has_form(text, 2..=1224, "+=,.@:/-_"),
            "2 to 1224 letters, digits and +=,.@:/-_",
        );
        let session_name = checked(
            section,
            "role_session_name",
            |text| has_form(text, 2..=64, "+=,.@-_"),
            "2 to 64 letters, digits and +=,.@-_",
        );
        let sts_endpoint = endpoint(section, "sts_endpoint");
        Some(Self {
            arn: arn?,
            external_id,
            session_name: session_name.unwrap_or_else(|| SESSION_NAME.to_owned()),
            sts_endpoint,
        })
    }

    /// `base`, with sessions of this role in place of its credentials, which ask for them.
    pub fn assume(&self, base: SdkConfig) -> SdkConfig {
        // Rarely asked for, and then as they are.
        let mut asking = base.to_builder().identity_cache(IdentityCache::no_cache());
        if let Some(url) = &self.sts_endpoint {
            asking.set_endpoint_url(Some(url.as_str().trim_end_matches('/').to_owned()));
            // Ways to name an endpoint of AWS's.
            asking.set_use_fips(Some(false));
            asking.set_use_dual_stack(Some(false));
            // Otherwise the environment would come first.
            asking.insert_origin("endpoint_url", Origin::shared_config());
        }
        let sessions = SharedCredentialsProvider::new(Sessions {
            sts: aws_sdk_sts::Client::new(&asking.build()),
            role: self.clone(),
        });
        base.into_builder().credentials_provider(sessions).build()
    }
}

/// Asks the STS for a session when the SDK wants another one. (The SDK's own provider
/// does not take MinIO's answers: they name no user.)
#[derive(Debug)]
struct Sessions {
    sts: aws_sdk_sts::Client,
    role: Role,
}

impl Sessions {
    async fn ask(&self) -> provider::Result {
        let role = &self.role;
        let asked = self.sts.assume_role().role_arn(&role.arn);
        let asked = asked.role_session_name(&role.session_name);
        let answer = asked.set_external_id(role.external_id.clone()).send().await;
        let answer = answer.map_err(CredentialsError::provider_error)?;
        let nothing = || CredentialsError::unhandled("the STS has answered without a session");
        let session = answer.credentials.ok_or_else(nothing)?;
        let expires =
            SystemTime::try_from(session.expiration).map_err(CredentialsError::unhandled)?;
        Ok(Credentials::new(
            session.access_key_id,
            session.secret_access_key,
            Some(session.session_token),
            Some(expires),
            "role_arn",
        ))
    }
}

impl ProvideCredentials for Sessions {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.ask())
    }
}

fn checked(
    section: &mut Section,
    key: &str,
    is_good: impl Fn(&str) -> bool,
    wanted: &str,
) -> Option<String> {
    let text = section.setting(key, Section::name)?;
    if is_good(&text.value) {
        return Some(text.value);
    }
    section.fault_of(&text, format!("is {}: expected {wanted}", text.quote()));
    None
}

/// The partition and the account differ: MinIO's are `arn:minio:iam:::role/...`.
fn is_role(text: &str) -> bool {
    let parts: Vec<_> = text.splitn(6, ':').collect();
    let plain = text.bytes().all(|b| b.is_ascii_graphic());
    plain
        && text.len() <= 2048
        && matches!(parts[..], ["arn", partition, "iam", _, _, role]
            if !partition.is_empty() && role.len() > "role/".len() && role.starts_with("role/"))
}

/// As AWS says which characters STS takes.
fn has_form(text: &str, length: std::ops::RangeInclusive<usize>, beside: &str) -> bool {
    length.contains(&text.len())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || beside.contains(c))
}

/// Hands the section's keys to the SDK. Its own copy of them is overwritten as ours is when
/// it is dropped (`aws-credential-types`: `Zeroizing`).
#[derive(Debug)]
pub struct FromSection(pub AccessKeys);

impl ProvideCredentials for FromSection {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let credentials = self.0.read().map(|keys| {
            let token = keys.session_token.map(|token| token.expose().to_owned());
            let (id, secret) = (keys.id.expose(), keys.secret.expose());
            Credentials::new(id, secret, token, None, "configuration")
        });
        future::ProvideCredentials::ready(credentials.map_err(CredentialsError::provider_error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles() {
        for good in [
            "arn:aws:iam::123456789012:role/backup-reader",
            "arn:aws-cn:iam::123456789012:role/a/path/reader",
            "arn:minio:iam:::role/nOybJqMNzNmroqEKq5D0EUsRZw0",
        ] {
            assert!(is_role(good), "{good}");
        }
        for bad in [
            "backup-reader",
            "arn:aws:iam::123456789012:user/me",
            "arn:aws:iam::123456789012:role/",
            "arn:aws:sts::123456789012:assumed-role/a/b",
            "arn::iam::1:role/r",
            "arn:aws:iam::1:role/a b",
        ] {
            assert!(!is_role(bad), "{bad}");
        }
    }
}
