//! Temporary keys.

use serde_json::{Value, json};

/// Temporary keys, as an STS hands them out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The access key's id.
    pub access_key: String,
    /// What requests are signed with.
    pub secret_key: String,
    /// What goes with each request.
    pub token: String,
    /// When it expires, as `2026-01-01T00:00:00Z`.
    pub expiration: String,
}

impl Session {
    /// Of the answer of an STS.
    ///
    /// # Panics
    /// When it holds none.
    pub fn read(answer: &str) -> Self {
        let element = |name: &str| {
            let rest = answer.split_once(&format!("<{name}>"));
            let text = rest.and_then(|(_, rest)| Some(rest.split_once("</")?.0));
            text.unwrap_or_else(|| panic!("no {name} in {answer}"))
                .to_owned()
        };
        Self {
            access_key: element("AccessKeyId"),
            secret_key: element("SecretAccessKey"),
            token: element("SessionToken"),
            expiration: element("Expiration"),
        }
    }

    /// As the services for containers and instances show it.
    pub fn metadata(&self) -> Value {
        json!({
            "Code": "Success",
            "LastUpdated": "2026-01-01T00:00:00Z",
            "Type": "AWS-HMAC",
            "AccessKeyId": self.access_key,
            "SecretAccessKey": self.secret_key,
            "Token": self.token,
            "Expiration": self.expiration,
        })
    }

    /// As a `credential_process` prints it.
    pub fn printed(&self) -> Value {
        json!({
            "Version": 1,
            "AccessKeyId": self.access_key,
            "SecretAccessKey": self.secret_key,
            "SessionToken": self.token,
            "Expiration": self.expiration,
        })
    }

    /// As the portal of IAM Identity Center shows it, with the time in milliseconds.
    pub fn of_portal(&self) -> Value {
        let expiration: jiff::Timestamp = self.expiration.parse().unwrap();
        json!({ "roleCredentials": {
            "accessKeyId": self.access_key,
            "secretAccessKey": self.secret_key,
            "sessionToken": self.token,
            "expiration": expiration.as_millisecond(),
        }})
    }
}
