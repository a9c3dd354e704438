//! Why a list and a file give no names.

use std::fmt;
use std::path::PathBuf;

use crate::clusters::NameFault;

/// How many faults of one file are told.
const MAX_FAULTS: usize = 5;

/// Why there are no names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamesError {
    /// Names of the list `clusters` that can be nobody's.
    List(Vec<NameFault>),
    /// The file, which is read again when it changes.
    File(PathBuf, FileError),
}

/// What is wrong with a file of names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileError {
    /// Why it cannot be read.
    Unreadable(String),
    /// At this line.
    NotUtf8(usize),
    /// Names that can be nobody's, with their lines.
    Names(Vec<(usize, NameFault)>),
    /// Most likely someone is about to write it, or something went wrong. Whoever means "no
    /// cluster" takes the file out of the configuration.
    NoName,
}

impl fmt::Display for NamesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::List(faults) => write!(f, "the list `clusters`: {}", join(faults.iter())),
            Self::File(path, error) => write!(
                f,
                "reading the cluster names in {}: {error}; the file is read again when it changes",
                path.display()
            ),
        }
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(reason) => f.write_str(reason),
            Self::NotUtf8(line) => write!(f, "line {line}: not UTF-8"),
            Self::Names(faults) => {
                let faults = faults.iter();
                let faults = faults.map(|(line, fault)| format!("line {line}: {fault}"));
                f.write_str(&join(faults))
            }
            Self::NoName => f.write_str("it holds no name"),
        }
    }
}

/// The first of them, and how many more there are.
pub(super) fn join(faults: impl ExactSizeIterator<Item = impl ToString>) -> String {
    let more = faults.len().saturating_sub(MAX_FAULTS);
    let told = faults.take(MAX_FAULTS).map(|fault| fault.to_string());
    let more = (more > 0).then(|| format!("and {more} more"));
    told.chain(more).collect::<Vec<_>>().join("; ")
}
