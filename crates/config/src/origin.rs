use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use figment::value::Tag;

/// Something wrong with the configuration: where it was said, and what would be right.
/// Never holds the value of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// Where the bad value came from.
    pub origin: Origin,
    /// What is wrong, with the key's path, and what would be right.
    pub message: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Origin::Default => f.write_str(&self.message),
            origin => write!(f, "{origin}: {}", self.message),
        }
    }
}

/// Where a value of the configuration came from. Later ones win.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// A file.
    File {
        /// Its path, as it was given: one for all that is written there.
        path: Arc<Path>,
        /// From 1; `None` where it is about the file as a whole.
        line: Option<usize>,
        /// The text there held a `${NAME}`, so the value may be anything that is in the
        /// environment: it is not to be shown.
        expanded: bool,
        /// A `$$` there became a `$`.
        dollars: bool,
    },
    /// The environment: the variable's name.
    Environment(String),
    /// The command line: the flag as it is documented.
    Flag(String),
    /// The command line: what stands after a command, as it is documented.
    Argument(String),
}

impl Origin {
    /// A file, or one of its lines, from 1, where nothing in it is expanded.
    pub fn of_file(path: &Path, line: Option<usize>) -> Self {
        Self::File {
            path: path.into(),
            line,
            expanded: false,
            dollars: false,
        }
    }

    /// A path that was written there: one in a file is relative to that file.
    pub fn resolve(&self, path: impl AsRef<Path>) -> PathBuf {
        let folder = match self {
            Self::File { path: file, .. } => file.parent(),
            _ => None,
        };
        folder.unwrap_or(Path::new("")).join(path)
    }

    /// What to add to what is said of a text that is not all written there.
    pub fn once_expanded(&self) -> &'static str {
        match self {
            Self::File { expanded: true, .. } => ", once its ${...} is replaced",
            _ => "",
        }
    }

    /// A text from there for a message: in quotes, or in other words where it may hold
    /// something from the environment that is not to be shown.
    pub fn quote(&self, text: &str) -> String {
        match self {
            Self::File { expanded: true, .. } => "what its ${...} stands for".to_owned(),
            _ => format!("{text:?}"),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("built-in default"),
            Self::File { path, line, .. } => {
                write!(f, "{}", path.display())?;
                line.map_or(Ok(()), |line| write!(f, ":{line}"))
            }
            Self::Environment(name) => write!(f, "environment variable {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
            Self::Argument(name) => write!(f, "argument {name}"),
        }
    }
}

/// Tells where the value with this tag at this path (`scan.interval`) came from.
pub type Origins = Arc<dyn Fn(Tag, &str) -> Origin + Send + Sync>;
