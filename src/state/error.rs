//! Why nothing can be kept.

use std::path::PathBuf;
use std::{error, fmt, io};

/// Why the folder cannot be used, or a destination not be written.
#[derive(Debug)]
pub enum StateError {
    /// Another process has the folder.
    Held {
        /// Which folder.
        folder: PathBuf,
        /// Who that is, as it says; empty where it does not.
        holder: String,
    },
    /// A step with a file or the folder failed.
    Failed {
        /// What was tried, such as `writing`.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// What is to be written would not be read again.
    TooLarge {
        /// Where to.
        path: PathBuf,
        /// How large it is.
        bytes: usize,
    },
    /// There is no thread to be had that writes.
    NoThread(io::Error),
}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Held { folder, holder } => {
                let folder = folder.display();
                write!(f, "the state directory {folder} is in use by ")?;
                match holder.is_empty() {
                    true => f.write_str("another process")?,
                    false => write!(f, "process {holder}")?,
                }
                f.write_str(": stop that one, or set another `state.directory` here")
            }
            Self::Failed { action, path, .. } => write!(f, "{action} {}", path.display()),
            Self::TooLarge { path, bytes } => {
                write!(f, "writing {}: {bytes} bytes are too many", path.display())
            }
            Self::NoThread(_) => f.write_str("starting the thread that writes the state"),
        }
    }
}

impl error::Error for StateError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Failed { cause, .. } | Self::NoThread(cause) => Some(cause),
            Self::Held { .. } | Self::TooLarge { .. } => None,
        }
    }
}
