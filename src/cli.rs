//! The command line: flags and commands, as Go's `flag` package reads them, because the
//! users of Kubermatic's exporter are used to that. What the flags mean for the
//! configuration stands in [`config`](crate::config).

use std::ffi::OsString;
use std::path::Path;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgAction, CommandFactory, FromArgMatches, Parser};

pub mod flags;
mod go;

pub use flags::Flags;

/// What the command line says.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "s3-exporter",
    version,
    about = "Prometheus exporter for object storage that holds backups",
    after_help = "Flags may be written with one dash or two, and their values after a blank or a `=`; \
                  an empty value means unset.\nExit codes: 0 good, 1 failed, 2 wrong usage or configuration.",
    args_override_self = true,
    disable_version_flag = true,
    subcommand_help_heading = "Commands"
)]
pub struct Cli {
    /// What is said about the configuration.
    #[command(flatten)]
    pub flags: Flags,
    /// What to do; serve, where nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Print the version
    #[arg(short = 'v', visible_short_alias = 'V', long, action = ArgAction::Version)]
    version: Option<bool>,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq, clap::Subcommand)]
pub enum Command {
    /// Scan on schedule and answer scrapes (this is what happens without a command)
    Serve {
        /// The configuration file, as --config says it
        #[arg(value_name = "FILE")]
        file: Option<String>,
    },
    /// Read the configuration and report every fault at once, without any network
    Check {
        /// The configuration file, as --config says it
        #[arg(value_name = "FILE")]
        file: Option<String>,
        /// Also ask every store and cluster: reachable, allowed, how many objects and requests
        #[arg(long)]
        connect: bool,
    },
    /// Scan every destination once and print the metrics
    Once {
        /// The configuration file, as --config says it
        #[arg(value_name = "FILE")]
        file: Option<String>,
        /// Write them into this file instead, for node_exporter's textfile collector
        #[arg(long, value_name = "FILE")]
        textfile: Option<String>,
    },
    /// Say which cluster an object's key belongs to, and why
    Explain {
        /// The key, also as BUCKET/KEY or s3://BUCKET/KEY
        key: String,
        /// Only for this destination
        #[arg(long, value_name = "NAME")]
        destination: Option<String>,
    },
}

/// Why the command line leads to nothing more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It asks for help or the version: this is to be printed.
    Show(String),
    /// It is wrong: why, in one line.
    Wrong(String),
}

/// Reads the command line, with the program's name first.
///
/// # Errors
/// [`Stop`]. A value is never part of it: it may be a secret at the wrong place.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Cli, Stop> {
    let arguments = go::normalize(arguments).map_err(Stop::Wrong)?;
    // A flag holds for any command, and so the help of each shows it.
    let command = Cli::command().mut_args(|argument| {
        let is_flag = argument.get_id() != "version";
        argument.global(is_flag)
    });
    let matches = command.try_get_matches_from(arguments);
    let cli = matches.and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = cli.map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            Stop::Show(error.render().to_string())
        }
        _ => Stop::Wrong(explain(&error)),
    })?;
    with_file(cli).map_err(Stop::Wrong)
}

/// Takes the file that is named after a command for that of `--config`.
fn with_file(mut cli: Cli) -> Result<Cli, String> {
    let file = match &mut cli.command {
        Some(
            Command::Serve { file } | Command::Check { file, .. } | Command::Once { file, .. },
        ) => file.take().filter(|file| !file.is_empty()),
        _ => None,
    };
    let Some(file) = file else { return Ok(cli) };
    if !file.ends_with(".toml") && !Path::new(&file).exists() {
        return Err(
            "the argument after the command names no file (it is not shown: it may be a secret)"
                .to_owned(),
        );
    }
    let named = cli.flags.text(&flags::CONFIG);
    if named.is_some_and(|named| named != file) {
        return Err(
            "the configuration file is named after the command and by --config: name one"
                .to_owned(),
        );
    }
    cli.flags = cli.flags.with(&flags::CONFIG, file);
    Ok(cli)
}

/// What clap has to say, in one line and without values.
fn explain(error: &clap::Error) -> String {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        Some(ContextValue::Strings(texts)) => texts.first().map(String::as_str),
        _ => None,
    };
    let argument = text(ContextKind::InvalidArg).unwrap_or_default();
    match error.kind() {
        ErrorKind::UnknownArgument if argument.starts_with('-') => {
            let hint = text(ContextKind::SuggestedArg)
                .map(|meant| format!(": did you mean {meant}?"))
                .unwrap_or_default();
            format!("unknown flag {argument}{hint}")
        }
        ErrorKind::UnknownArgument => {
            "one argument too many after the command (it is not shown: it may be a secret)"
                .to_owned()
        }
        ErrorKind::InvalidSubcommand => {
            let hint = text(ContextKind::SuggestedSubcommand)
                .map(|meant| format!("; did you mean {meant}?"))
                .unwrap_or_default();
            format!("unknown command: expected serve, check, once or explain{hint}")
        }
        ErrorKind::MissingRequiredArgument => {
            format!("{argument} is missing after the command")
        }
        ErrorKind::InvalidUtf8 => "an argument is not UTF-8".to_owned(),
        ErrorKind::ValueValidation if argument.contains("log-debug") => {
            "flag -log-debug: expected true or false after the `=`".to_owned()
        }
        ErrorKind::TooManyValues => format!("flag {argument} takes no value"),
        _ => error.kind().to_string(),
    }
}
