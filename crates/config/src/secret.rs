use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::{Misplaced, file};

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
    /// The file cannot be read, is not UTF-8, is empty or holds what no secret can. (One that
    /// is written in the configuration was looked at there.)
    pub fn read(&self) -> Result<Secret, SecretError> {
        match self {
            Self::Value { secret, .. } => Ok(secret.clone()),
            Self::File(path) => from_file(path).map_err(|problem| problem.of(path)),
        }
    }

    /// As [`Self::read`], for one that is sent in a header.
    ///
    /// # Errors
    /// As [`Self::read`], and what no header can hold.
    pub fn read_for_header(&self) -> Result<Secret, SecretError> {
        let secret = self.read()?;
        match (Misplaced::find_in_header(secret.expose()), self) {
            (Some(misplaced), Self::File(path)) => {
                Err(SecretProblem::NotForHeader(misplaced).of(path))
            }
            _ => Ok(secret),
        }
    }
}

fn from_file(path: &Path) -> Result<Secret, SecretProblem> {
    let bytes = file::read(path, file::MAX_FILE).map_err(SecretProblem::Unreadable)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| SecretProblem::NotUtf8)?;
    let text = without_line_end(text);
    match Misplaced::find(text) {
        _ if text.is_empty() => Err(SecretProblem::Empty),
        Some(misplaced) => Err(SecretProblem::Misplaced(misplaced)),
        None => Ok(Secret::new(text)),
    }
}

/// A file that should hold a secret, and is of no use. Says nothing of what it holds.
#[derive(Debug)]
pub struct SecretError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: SecretProblem,
}

/// What is wrong with a file that should hold a secret.
#[derive(Debug)]
pub enum SecretProblem {
    /// It cannot be read.
    Unreadable(io::Error),
    /// It is not UTF-8.
    NotUtf8,
    /// It holds nothing but a line end.
    Empty,
    /// It holds what no secret does.
    Misplaced(Misplaced),
    /// It holds what no header can.
    NotForHeader(Misplaced),
}

impl SecretProblem {
    fn of(self, path: &Path) -> SecretError {
        SecretError {
            path: path.to_owned(),
            problem: self,
        }
    }
}

impl fmt::Display for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "reading the secret file {}: {}",
            self.path.display(),
            self.problem
        )
    }
}

impl fmt::Display for SecretProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(_) => f.write_str("it cannot be read"),
            Self::NotUtf8 => f.write_str("it is not UTF-8"),
            Self::Empty => f.write_str("it is empty"),
            Self::Misplaced(misplaced) | Self::NotForHeader(misplaced) => {
                write!(f, "it holds {misplaced}")
            }
        }
    }
}

impl Error for SecretError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.problem {
            SecretProblem::Unreadable(cause) => Some(cause),
            _ => None,
        }
    }
}
