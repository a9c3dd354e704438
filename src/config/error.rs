use std::fmt;

use super::environment::{NoText, PREFIX};

/// What is wrong with a source of values, before it is known what they mean. It holds no value:
/// one may be a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceError {
    /// A variable that sets a key is not UTF-8.
    NotUtf8,
    /// A variable's name, which should be this, is not in upper case.
    NotUpperCase(String),
    /// A variable's name has nothing between two parts.
    NoKey,
    /// A variable is to set a destination.
    Destination,
    /// A variable means more than one of a table's tables.
    Ambiguous(String, Vec<String>),
    /// A key of this path is set as a text and as a table.
    TextAndTable(String),
    /// A number of the file is larger than any.
    LargeNumber,
    /// The file has a date, which no key takes.
    Date,
    /// A `${` of the file has no `}`.
    OpenBrace,
    /// A `${...}` holds no variable's name.
    NoName,
    /// A `${NAME}` of the file has no text.
    Variable(String, NoText),
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUtf8 => f.write_str("its value is not UTF-8"),
            Self::NotUpperCase(name) => {
                write!(f, "its name must be in upper case: {PREFIX}{name}")
            }
            Self::NoKey => {
                f.write_str("it names no key: expected one such as S3_EXPORTER__SCAN__INTERVAL")
            }
            Self::Destination => {
                f.write_str("destinations are not set by environment: write them into the file")
            }
            Self::Ambiguous(table, names) => {
                let names: Vec<_> = names
                    .iter()
                    .map(|name| format!("`{table}.{name}`"))
                    .collect();
                write!(
                    f,
                    "it may mean any of {}: give them names that differ in more than `-` and `_`",
                    names.join(", ")
                )
            }
            Self::TextAndTable(path) => write!(
                f,
                "`{path}` is set as a text and as a table by the environment"
            ),
            Self::LargeNumber => f.write_str("is too large a number"),
            Self::Date => f.write_str(
                "is a date or a time, which no key takes: put it in quotes where a text is meant",
            ),
            Self::OpenBrace => f.write_str("holds a ${ without its }: write $${ where it is meant"),
            // What stands between the braces is not shown: it may be part of a secret.
            Self::NoName => f.write_str(
                "holds a ${...} without a variable's name in it: write $${ where it is meant",
            ),
            Self::Variable(name, NoText::Unset) => {
                write!(f, "uses ${{{name}}}, which is not set in the environment")
            }
            Self::Variable(name, NoText::NotUtf8) => {
                write!(f, "uses ${{{name}}}, whose value is not UTF-8")
            }
        }
    }
}

impl std::error::Error for SourceError {}
