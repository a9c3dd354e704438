//! The command line: flags and commands, as Go's `flag` package reads them, because the
//! users of Kubermatic's exporter are used to that. What the flags mean for the
//! configuration stands in [`config`](crate::config).

use std::ffi::OsString;
use std::path::Path;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgAction, CommandFactory, FromArgMatches, Parser};

mod go;

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

/// The flags that any command takes. `None` and an empty text both mean unset.
#[derive(Clone, Default, clap::Args)]
pub struct Flags {
    /// The configuration file [default: config.toml in the working folder, where it exists and
    /// there is no -endpoint]
    #[arg(short, long, value_name = "FILE", alias = "config.file")]
    pub config: Option<String>,
    /// An address to listen on; may be repeated [default: :9340]
    #[arg(long, value_name = "ADDRESS", alias = "web.listen-address")]
    pub listen: Vec<String>,
    /// The same, but the last one wins
    #[arg(long)]
    pub address: Option<String>,
    /// The level of the log, or a filter such as info,kube=warn [default: info; warn for once]
    #[arg(long = "log.level", value_name = "LEVEL")]
    pub log_level: Option<String>,
    /// JSON or Console [default: Console at a terminal, else JSON]
    #[arg(long, value_name = "FORMAT", alias = "log.format")]
    pub log_format: Option<String>,
    /// Log more: as --log.level debug
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true",
          value_parser = go::boolean, value_name = "BOOL")]
    pub log_debug: Option<go::Bool>,
    /// TLS and basic auth, in the format of the Prometheus exporter-toolkit
    #[arg(long = "web.config.file", value_name = "FILE")]
    pub web_config_file: Option<String>,
    /// The S3 endpoint, for example `https://my-s3.com:9000`: watch one bucket without a file
    #[arg(long, value_name = "URL", help_heading = SEED)]
    pub endpoint: Option<String>,
    /// The S3 access key [default: the environment's ACCESS_KEY_ID]
    #[arg(long, value_name = "ID", help_heading = SEED)]
    pub access_key_id: Option<String>,
    /// The S3 secret access key [default: the environment's SECRET_ACCESS_KEY]
    #[arg(long, value_name = "KEY", help_heading = SEED)]
    pub secret_access_key: Option<String>,
    /// The bucket to watch [default: kubermatic-etcd-backups]
    #[arg(long, value_name = "NAME", help_heading = SEED)]
    pub bucket: Option<String>,
    /// The kubeconfig; only needed outside of the cluster
    #[arg(long, value_name = "FILE", help_heading = SEED)]
    pub kubeconfig: Option<String>,
    /// PEM certificates to trust beside the system's
    #[arg(long, value_name = "FILE", help_heading = SEED)]
    pub ca_bundle: Option<String>,
    /// A cluster's name, instead of those that Kubernetes knows; may be repeated
    #[arg(long, value_name = "NAME", help_heading = SEED)]
    pub cluster: Vec<String>,
    /// A file with a cluster's name a line, likewise
    #[arg(long, value_name = "FILE", help_heading = SEED)]
    pub clusters_file: Option<String>,
    /// The kind of store: s3 or minio [default: minio]
    #[arg(long, value_name = "TYPE", help_heading = SEED)]
    pub backend: Option<String>,
    /// The store's region
    #[arg(long, value_name = "NAME", help_heading = SEED)]
    pub region: Option<String>,
    /// A backup that is older is late, for example 25h [default: none ever is]
    #[arg(long, value_name = "AGE", help_heading = SEED)]
    pub max_age: Option<String>,
}

const SEED: &str = "One bucket without a configuration file";

/// Secrets may be among the values, so none is printed.
impl std::fmt::Debug for Flags {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Flags").finish_non_exhaustive()
    }
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
    if cli
        .flags
        .config
        .as_ref()
        .is_some_and(|config| !config.is_empty() && *config != file)
    {
        return Err(
            "the configuration file is named after the command and by --config: name one"
                .to_owned(),
        );
    }
    cli.flags.config = Some(file);
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
