//! The command line: flags and commands, as Go's `flag` package reads them, because the
//! users of Kubermatic's exporter are used to that. What the flags mean for the
//! configuration stands in [`config`](crate::config).

use std::ffi::OsString;
use std::path::Path;

use clap::error::ErrorKind;
use clap::{ArgAction, CommandFactory, FromArgMatches, Parser};

mod error;
pub mod flags;
mod go;

pub use error::UsageError;
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
    /// It is wrong.
    Wrong(UsageError),
}

/// Reads the command line, with the program's name first.
///
/// # Errors
/// [`Stop`].
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
        _ => Stop::Wrong(UsageError::new(&error)),
    })?;
    with_file(cli).map_err(Stop::Wrong)
}

/// Takes the file that is named after a command for that of `--config`.
fn with_file(mut cli: Cli) -> Result<Cli, UsageError> {
    let file = match &mut cli.command {
        Some(
            Command::Serve { file } | Command::Check { file, .. } | Command::Once { file, .. },
        ) => file.take().filter(|file| !file.is_empty()),
        _ => None,
    };
    let Some(file) = file else { return Ok(cli) };
    if !file.ends_with(".toml") && !Path::new(&file).exists() {
        return Err(UsageError::NoFile);
    }
    let named = cli.flags.text(&flags::CONFIG);
    if named.is_some_and(|named| named != file) {
        return Err(UsageError::TwoFiles);
    }
    cli.flags = cli.flags.with(&flags::CONFIG, file);
    Ok(cli)
}
