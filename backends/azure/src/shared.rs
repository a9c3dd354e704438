//! What opens an account by itself: its key, or a signature made with it.

use object_store::azure::{AzureAccessKey, split_sas};
use s3_exporter_api::{BackendError, FailureKind};
use s3_exporter_config::{Secret, SecretSource};
use s3_exporter_settings::unusable;

use crate::connection_string::ConnectionString;

/// What opens an account by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shared {
    /// One of the account's two keys, in base64.
    Key(Secret),
    /// A shared access signature, as in an address.
    Sas(Secret),
}

/// What opens the account as it is now.
///
/// # Errors
/// `credentials`: it cannot be read, or makes no sense.
pub fn shared(source: &SecretSource, kind: fn(Secret) -> Shared) -> Result<Shared, BackendError> {
    usable(kind(source.read().map_err(unusable)?))
}

/// As [`shared`], of a connection string, which must be of this account.
///
/// # Errors
/// As [`shared`].
pub fn of_connection_string(source: &SecretSource, account: &str) -> Result<Shared, BackendError> {
    let text = source.read().map_err(unusable)?;
    let read = ConnectionString::parse(text.expose())
        .map_err(|reason| no_sense(format!("the connection string makes no sense: {reason}")))?;
    if read.account != account {
        let reason = format!("the connection string is not of the account {account:?}");
        return Err(no_sense(reason).with_advice("correct `account`"));
    }
    usable(read.shared)
}

/// Looks into it before anybody is asked: an error of the library's would show a part of it.
fn usable(shared: Shared) -> Result<Shared, BackendError> {
    let reason = match &shared {
        Shared::Key(key) if AzureAccessKey::try_new(key.expose()).is_err() => {
            "the account's key is not base64"
        }
        Shared::Sas(sas) if !is_sas(sas.expose()) => "the SAS is not one: it has no `sig`",
        _ => return Ok(shared),
    };
    Err(no_sense(reason))
}

fn is_sas(text: &str) -> bool {
    split_sas(text).is_ok_and(|pairs| pairs.iter().any(|(name, _)| name == "sig"))
}

fn no_sense(reason: impl Into<String>) -> BackendError {
    BackendError::new(FailureKind::Credentials, "reading the credentials", reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_that_make_no_sense_are_not_shown() {
        let value = |text: &str| SecretSource::Value {
            secret: Secret::new(text),
            dollars: false,
        };
        for (error, reason) in [
            (
                shared(&value("hidden!"), Shared::Key),
                "the account's key is not base64",
            ),
            (
                shared(&value("hidden"), Shared::Sas),
                "the SAS is not one: it has no `sig`",
            ),
            (
                shared(&value("sv=2024-01-01&se=hidden"), Shared::Sas),
                "the SAS is not one: it has no `sig`",
            ),
            (
                of_connection_string(&value("AccountName=hidden"), "a"),
                "the connection string makes no sense: it has neither AccountKey nor SharedAccessSignature",
            ),
            (
                of_connection_string(&value("AccountName=hidden;AccountKey=aaaa"), "a"),
                "the connection string is not of the account \"a\"; correct `account`",
            ),
        ] {
            let error = error.unwrap_err();
            assert_eq!(error.kind(), FailureKind::Credentials);
            assert_eq!(
                error.to_string(),
                format!("reading the credentials: {reason}")
            );
            assert!(!format!("{error:?}").contains("hidden"), "{error:?}");
        }
        let sas = value("?sv=2024-01-01&sig=aaaa%3D");
        assert!(shared(&sas, Shared::Sas).is_ok());
    }
}
