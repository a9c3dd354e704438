use std::fmt;
use std::path::PathBuf;

use zeroize::Zeroizing;

use crate::{BackendError, FailureKind, Misplaced, file};

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

/// Without the one line end that editors, Kubernetes' secrets and `command > file` leave at the
/// end of a secret. Whatever else is around it may be meant, or be a mistake: it is not cut.
pub fn without_line_end(text: &str) -> &str {
    let cut = text.strip_suffix('\n').unwrap_or(text);
    match cut.len() < text.len() {
        true => cut.strip_suffix('\r').unwrap_or(cut),
        false => text,
    }
}

/// Where a secret comes from: written in the configuration, or in a file of its own.
#[derive(Clone, Debug)]
pub enum SecretSource {
    /// Given as the value of `key`.
    Value {
        /// The value.
        secret: Secret,
        /// Whether a `$$` in it became a `$`, which is not what everybody means who writes it.
        dollars: bool,
    },
    /// Given as `key_file`: read at each use, so that a rotated secret is picked up.
    File(PathBuf),
}

impl SecretSource {
    /// The secret as it is now. Of a file, one line end at its end is cut.
    ///
    /// # Errors
    /// [`FailureKind::Credentials`] when the file cannot be read, is not UTF-8, is empty or holds
    /// what no secret can (see [`Misplaced`]).
    pub fn read(&self) -> Result<Secret, BackendError> {
        let path = match self {
            Self::Value { secret, .. } => return Ok(secret.clone()),
            Self::File(path) => path,
        };
        let error = |reason: String| {
            BackendError::new(
                FailureKind::Credentials,
                format!("reading the secret file {}", path.display()),
                reason,
            )
        };
        let bytes = file::read(path, file::MAX_FILE).map_err(|cause| {
            error("it cannot be read".to_owned()).with_source(file::reason(&cause))
        })?;
        let text = std::str::from_utf8(&bytes).map_err(|_| error("it is not UTF-8".to_owned()))?;
        let text = without_line_end(text);
        if text.is_empty() {
            return Err(error("it is empty".to_owned()));
        }
        match Misplaced::find(text) {
            None => Ok(Secret::new(text)),
            Some(misplaced) => Err(error(format!("it holds {misplaced}"))
                .with_advice("write the secret alone into it")),
        }
    }
}
