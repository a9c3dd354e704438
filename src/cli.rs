//! The command line: flags and commands, as Go's `flag` package reads them, because the
//! users of Kubermatic's exporter are used to that. What the flags mean for the
//! configuration stands in [`config`](crate::config).

use std::ffi::OsString;
use std::path::Path;

use clap::error::ErrorKind;
use clap::{ArgAction, CommandFactory, FromArgMatches, Parser, ValueEnum};

mod completions;
mod error;
pub mod flags;
mod go;
mod manual;

pub use completions::completions;
pub use error::UsageError;
pub use flags::Flags;
pub use manual::manual;

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
    /// List once and judge: are the backups there, in time, whole and good
    Report {
        /// What to look at, without a configuration: s3://BUCKET[/PREFIX]. Credentials and region
        /// are found as the AWS tools find them, the store is --endpoint
        #[arg(value_name = "s3://BUCKET[/PREFIX]")]
        target: Option<String>,
        /// text, json or markdown [default: text]
        #[arg(long, value_name = "FORMAT")]
        format: Option<String>,
        /// From which severity on a finding is exit code 1: warning or critical [default: critical]
        #[arg(long, value_name = "SEVERITY")]
        fail_on: Option<String>,
    },
    /// Print the alerts for Prometheus, with the thresholds, destinations and owners of the configuration
    Rules {
        /// The configuration file, as --config says it
        #[arg(value_name = "FILE")]
        file: Option<String>,
        /// prometheus, a file for rule_files; operator, a PrometheusRule [default: prometheus]
        #[arg(long, value_name = "FORMAT")]
        format: Option<String>,
        /// Where docs/runbooks.md is read, for the links of alerts [default: docs/runbooks.md]
        #[arg(long, value_name = "URL")]
        runbooks: Option<String>,
        /// Write them into this file instead, which stays as it is where they cannot be made
        #[arg(long, value_name = "FILE")]
        output: Option<String>,
    },
    /// Say which cluster and which backup an object's key belongs to, and why
    Explain {
        /// The key, also as BUCKET/KEY or s3://BUCKET/KEY
        key: String,
        /// Only for this destination
        #[arg(long, value_name = "NAME")]
        destination: Option<String>,
        /// Also list, and say what is thought of its backup now; without it, by the latest scan
        /// that is kept
        #[arg(long)]
        connect: bool,
    },
    /// Print the SQL that finds in a report of S3 Inventory which cluster owns how much, for an engine
    InventorySql {
        /// The destination, by its name
        destination: String,
        /// athena, trino, spark or duckdb [default: duckdb]
        #[arg(long, value_name = "NAME")]
        engine: Option<String>,
        /// The table that the report is in [default: inventory]
        #[arg(long, value_name = "NAME")]
        table: Option<String>,
    },
    /// What needs no good configuration.
    #[command(flatten)]
    Apart(Apart),
}

/// What needs no good configuration.
#[derive(Clone, Debug, PartialEq, Eq, clap::Subcommand)]
pub enum Apart {
    /// Ask the exporter that runs here whether it is healthy: exit 0 if so, else 1
    Healthcheck {
        /// The configuration file, as --config says it: it tells where to ask
        #[arg(value_name = "FILE")]
        file: Option<String>,
        /// Ask whether it has figures of every destination, and not only whether it answers
        #[arg(long)]
        ready: bool,
    },
    /// Print a script that has a shell complete commands and flags
    Completions {
        /// Which shell
        shell: Shell,
    },
    /// Print the manual page, in roff
    Man,
}

/// A shell that completes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// GNU's.
    Bash,
    /// The Z shell.
    Zsh,
    /// The friendly one.
    Fish,
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
    let matches = command().try_get_matches_from(arguments);
    let cli = matches.and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = cli.map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            Stop::Show(error.render().to_string())
        }
        _ => Stop::Wrong(UsageError::new(&error)),
    })?;
    with_file(with_target(cli)).map_err(Stop::Wrong)
}

/// What clap is to know: a flag holds for any command, and so the help of each shows it.
fn command() -> clap::Command {
    Cli::command().mut_args(|argument| {
        let is_flag = argument.get_id() != "version";
        argument.global(is_flag)
    })
}

/// Takes what `report` is to look at for what it makes of the configuration: a destination, or,
/// where it is no address of a bucket, the file that it names.
fn with_target(mut cli: Cli) -> Cli {
    if let Some(Command::Report { target, .. }) = &mut cli.command
        && let Some(address) = target.take_if(|target| target.contains("://"))
    {
        cli.flags = cli.flags.with(&flags::TARGET, address);
    }
    cli
}

/// Takes the file that is named after a command for that of `--config`.
fn with_file(mut cli: Cli) -> Result<Cli, UsageError> {
    let file = match &mut cli.command {
        Some(
            Command::Serve { file }
            | Command::Check { file, .. }
            | Command::Once { file, .. }
            | Command::Rules { file, .. }
            | Command::Report { target: file, .. }
            | Command::Apart(Apart::Healthcheck { file, .. }),
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
