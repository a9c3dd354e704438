use std::fmt;

use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// What is wrong with a command line. It never holds a value, which may be a secret at the
/// wrong place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UsageError {
    /// A flag of this name is at the end, and wants a value.
    NoValue(String),
    /// The value of a switch of this name stands behind a blank.
    ValueApart(String),
    /// A flag that takes no value, as clap shows it, has one.
    ValueTooMany(String),
    /// `-log-debug` has another value than Go's booleans.
    NoBoolean,
    /// No flag is called so; the one that was probably meant.
    UnknownFlag(String, Option<String>),
    /// No command is called so; the one that was probably meant.
    UnknownCommand(Option<String>),
    /// The command wants this argument, as clap shows it.
    NoArgument(String),
    /// The command does not know what this argument, as clap shows it, is; it knows these.
    NoSuchValue(String, Vec<String>),
    /// The command takes fewer arguments.
    ArgumentTooMany,
    /// What stands after the command is no file.
    NoFile,
    /// A configuration file is named in two ways, and two are named.
    TwoFiles,
    /// An argument is not UTF-8.
    NotUtf8,
    /// Whatever else clap finds.
    Other(ErrorKind),
}

impl UsageError {
    /// What clap has found.
    pub(super) fn new(error: &clap::Error) -> Self {
        let text = |kind| match error.get(kind) {
            Some(ContextValue::String(text)) => Some(text.clone()),
            Some(ContextValue::Strings(texts)) => texts.first().cloned(),
            _ => None,
        };
        let texts = |kind| match error.get(kind) {
            Some(ContextValue::Strings(texts)) => texts.clone(),
            _ => Vec::new(),
        };
        let argument = text(ContextKind::InvalidArg).unwrap_or_default();
        match error.kind() {
            ErrorKind::UnknownArgument if argument.starts_with('-') => {
                Self::UnknownFlag(argument, text(ContextKind::SuggestedArg))
            }
            ErrorKind::UnknownArgument => Self::ArgumentTooMany,
            ErrorKind::InvalidSubcommand => {
                Self::UnknownCommand(text(ContextKind::SuggestedSubcommand))
            }
            ErrorKind::MissingRequiredArgument => Self::NoArgument(argument),
            ErrorKind::InvalidValue => Self::NoSuchValue(argument, texts(ContextKind::ValidValue)),
            ErrorKind::InvalidUtf8 => Self::NotUtf8,
            ErrorKind::ValueValidation if argument.contains("log-debug") => Self::NoBoolean,
            ErrorKind::TooManyValues => Self::ValueTooMany(argument),
            other => Self::Other(other),
        }
    }
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let meant = |meant: &Option<String>, before| match meant {
            Some(meant) => format!("{before} did you mean {meant}?"),
            None => String::new(),
        };
        match self {
            Self::NoValue(flag) => write!(f, "flag -{flag}: its value is missing"),
            Self::ValueApart(flag) => write!(
                f,
                "flag -{flag}: its value must follow a `=`, as in -{flag}=false"
            ),
            Self::ValueTooMany(flag) => write!(f, "flag {flag} takes no value"),
            Self::NoBoolean => {
                f.write_str("flag -log-debug: expected true or false after the `=`")
            }
            Self::UnknownFlag(flag, known) => {
                write!(f, "unknown flag {flag}{}", meant(known, ":"))
            }
            Self::UnknownCommand(known) => write!(
                f,
                "unknown command: expected {}{}",
                either(&commands()),
                meant(known, ";")
            ),
            Self::NoArgument(argument) => write!(f, "{argument} is missing after the command"),
            Self::NoSuchValue(argument, known) => {
                write!(f, "{argument} is unknown: expected {}", either(known))
            }
            Self::ArgumentTooMany => f.write_str(
                "one argument too many after the command (it is not shown: it may be a secret)",
            ),
            Self::NoFile => f.write_str(
                "the argument after the command names no file (it is not shown: it may be a secret)",
            ),
            Self::TwoFiles => f.write_str(
                "the configuration file is named after the command and by --config: name one",
            ),
            Self::NotUtf8 => f.write_str("an argument is not UTF-8"),
            Self::Other(kind) => kind.fmt(f),
        }
    }
}

impl std::error::Error for UsageError {}

/// The names of all commands.
fn commands() -> Vec<String> {
    let command = super::Cli::command();
    let commands = command.get_subcommands();
    commands
        .map(|command| command.get_name().to_owned())
        .collect()
}

/// `a, b or c`.
fn either(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}
