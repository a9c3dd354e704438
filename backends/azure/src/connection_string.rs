//! What Azure's portal gives as a connection string: `Name=value;Name=value`.
//!
//! <https://learn.microsoft.com/en-us/azure/storage/common/storage-configure-connection-string>

use s3_exporter_config::{Secret, Url};

use crate::shared::Shared;

/// The parts of one that matter here.
#[derive(Debug)]
pub struct ConnectionString {
    /// Whose account it is.
    pub account: String,
    /// Where that is.
    pub endpoint: Url,
    /// What it opens with.
    pub shared: Shared,
}

impl ConnectionString {
    /// Reads one.
    ///
    /// # Errors
    /// What is wrong with it, for people; nothing of what it holds.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let value = |wanted: &str| {
            text.split(';').find_map(|part| {
                // A key ends in `=`.
                let (name, value) = part.trim().split_once('=')?;
                (name.eq_ignore_ascii_case(wanted) && !value.is_empty()).then_some(value)
            })
        };
        let endpoint = match value("BlobEndpoint") {
            Some(endpoint) => endpoint.to_owned(),
            None => {
                let account = value("AccountName").ok_or("it has no AccountName")?;
                let scheme = value("DefaultEndpointsProtocol").unwrap_or("https");
                let suffix = value("EndpointSuffix").unwrap_or("core.windows.net");
                format!("{scheme}://{account}.blob.{suffix}")
            }
        };
        let endpoint: Url = endpoint.parse().map_err(|_| "its BlobEndpoint is none")?;
        let is_plain = endpoint.query().is_none() && endpoint.username().is_empty();
        if !matches!(endpoint.scheme(), "http" | "https") || !is_plain {
            return Err("its BlobEndpoint is none");
        }
        let account = match value("AccountName") {
            Some(account) => account.to_owned(),
            None => account_of(&endpoint).ok_or("it has no AccountName")?,
        };
        let shared = match (value("AccountKey"), value("SharedAccessSignature")) {
            (Some(key), _) => Shared::Key(Secret::new(key)),
            (None, Some(sas)) => Shared::Sas(Secret::new(sas)),
            (None, None) => return Err("it has neither AccountKey nor SharedAccessSignature"),
        };
        Ok(Self {
            account,
            endpoint,
            shared,
        })
    }
}

/// The account whose own host an address names.
fn account_of(endpoint: &Url) -> Option<String> {
    let (account, rest) = endpoint.host_str()?.split_once('.')?;
    rest.starts_with("blob.").then(|| account.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "aGlkZGVu+/==";

    #[test]
    fn the_forms_that_the_portal_gives() {
        let table = [
            (
                format!("DefaultEndpointsProtocol=https;AccountName=backups;AccountKey={KEY};EndpointSuffix=core.windows.net"),
                "https://backups.blob.core.windows.net/",
                KEY,
            ),
            (
                format!(" accountname=backups ; accountkey={KEY};"),
                "https://backups.blob.core.windows.net/",
                KEY,
            ),
            (
                format!("AccountName=backups;AccountKey={KEY};BlobEndpoint=http://127.0.0.1:10000/backups;"),
                "http://127.0.0.1:10000/backups",
                KEY,
            ),
            (
                "BlobEndpoint=https://backups.blob.core.chinacloudapi.cn/;SharedAccessSignature=sv=2024-01-01&sig=a%3D".to_owned(),
                "https://backups.blob.core.chinacloudapi.cn/",
                "sv=2024-01-01&sig=a%3D",
            ),
        ];
        for (text, endpoint, secret) in table {
            let read = ConnectionString::parse(&text).unwrap();
            assert_eq!(read.account, "backups");
            assert_eq!(read.endpoint.as_str(), endpoint);
            let (Shared::Key(held) | Shared::Sas(held)) = &read.shared;
            assert_eq!(held.expose(), secret);
            assert!(!format!("{read:?}").contains(secret));
        }
    }

    #[test]
    fn what_is_none_says_why_and_nothing_of_it() {
        for (text, reason) in [
            ("", "it has no AccountName"),
            ("UseDevelopmentStorage=true", "it has no AccountName"),
            (
                "BlobEndpoint=https://storage.example;AccountKey=aa",
                "it has no AccountName",
            ),
            (
                "AccountName=backups",
                "it has neither AccountKey nor SharedAccessSignature",
            ),
            ("AccountName=a b;AccountKey=aa", "its BlobEndpoint is none"),
            (
                "BlobEndpoint=ftp://a.blob.b;AccountKey=aa",
                "its BlobEndpoint is none",
            ),
            (
                "BlobEndpoint=https://a.blob.b/?sig=x;AccountKey=aa",
                "its BlobEndpoint is none",
            ),
        ] {
            let found = ConnectionString::parse(text).map(|_| ());
            assert_eq!(found, Err(reason), "{text}");
        }
    }
}
