use std::fmt;
use std::path::PathBuf;

use zeroize::Zeroizing;

use crate::{BackendError, FailureKind};

/// A text that must not be shown: it prints as `***` and is overwritten when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself, for the one place that has to send it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Where a secret comes from: written in the configuration, or in a file of its own.
#[derive(Clone, Debug)]
pub enum SecretSource {
    /// Given as the value of `key`.
    Value(Secret),
    /// Given as `key_file`: read at each use, so that a rotated secret is picked up.
    File(PathBuf),
}

impl SecretSource {
    /// The secret as it is now. Of a file, one newline at the end is cut.
    ///
    /// # Errors
    /// [`FailureKind::Credentials`] when the file cannot be read, is not UTF-8 or is empty.
    pub fn read(&self) -> Result<Secret, BackendError> {
        let path = match self {
            Self::Value(secret) => return Ok(secret.clone()),
            Self::File(path) => path,
        };
        let error = |reason: &str| {
            BackendError::new(
                FailureKind::Credentials,
                format!("reading the secret file {}", path.display()),
                reason,
            )
        };
        let text = std::fs::read_to_string(path)
            .map(Zeroizing::new)
            .map_err(|cause| error("it cannot be read").with_source(cause))?;
        let text = text.strip_suffix('\n').unwrap_or(&text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        if text.is_empty() {
            return Err(error("it is empty"));
        }
        Ok(Secret::new(text))
    }
}
