//! Every flag of the configuration, once: how it is called, what it sets, and of what kind it
//! is. Parsing, help, and what a flag means ([`config`](crate::config)) follow from this table.

use std::collections::BTreeMap;

use clap::{Arg, ArgAction, ArgMatches, Command, FromArgMatches};

use super::go;

/// A flag that any command takes.
#[derive(Debug)]
pub struct Flag {
    /// Its name, and that of its value.
    pub long: &'static str,
    /// As messages name it: with one dash where Kubermatic's exporter has it or could have.
    pub shown: &'static str,
    /// What it says something of.
    pub sets: Sets,
    /// What it takes.
    pub kind: Kind,
    short: Option<char>,
    alias: Option<&'static str>,
    help: &'static str,
}

/// What a flag says something of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sets {
    /// Which configuration file is read.
    File,
    /// A key of any configuration, by its path.
    Key(&'static str),
    /// A key of the one backend, where there is no file.
    Backend(&'static str),
    /// A key of the resolver of this type, likewise.
    Resolver(&'static str, &'static str),
    /// A key of the one destination, likewise.
    Destination(&'static str),
}

/// What a flag takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One text, called so in the help; the last one wins.
    Text(&'static str),
    /// One text each time.
    List(&'static str),
    /// `true` or `false` after a `=`, or nothing for `true`.
    Switch,
}

impl Sets {
    /// The key, without the table that it is in where there is no file.
    pub const fn key(self) -> &'static str {
        match self {
            Self::File => "",
            Self::Key(key)
            | Self::Backend(key)
            | Self::Resolver(_, key)
            | Self::Destination(key) => key,
        }
    }
}

impl Flag {
    const fn new(long: &'static str, shown: &'static str, sets: Sets, kind: Kind) -> Self {
        Self {
            long,
            shown,
            sets,
            kind,
            short: None,
            alias: None,
            help: "",
        }
    }

    const fn alias(mut self, alias: &'static str) -> Self {
        self.alias = Some(alias);
        self
    }

    const fn short(mut self, short: char) -> Self {
        self.short = Some(short);
        self
    }

    const fn help(mut self, help: &'static str) -> Self {
        self.help = help;
        self
    }

    /// Whether it makes a destination, and so stands in the place of a file.
    pub const fn makes_destination(&self) -> bool {
        !matches!(self.sets, Sets::File | Sets::Key(_))
    }

    fn arg(&self) -> Arg {
        let arg = Arg::new(self.long).long(self.long).help(self.help);
        let arg = match self.short {
            Some(short) => arg.short(short),
            None => arg,
        };
        let arg = match self.alias {
            Some(alias) => arg.alias(alias),
            None => arg,
        };
        let arg = match self.makes_destination() {
            true => arg.help_heading("One bucket without a configuration file"),
            false => arg,
        };
        match self.kind {
            Kind::Text(name) => arg.value_name(name).action(ArgAction::Set),
            Kind::List(name) => arg.value_name(name).action(ArgAction::Append),
            Kind::Switch => arg
                .value_name("BOOL")
                .num_args(0..=1)
                .require_equals(true)
                .default_missing_value("true")
                .value_parser(go::boolean),
        }
    }
}

/// The configuration file.
pub const CONFIG: Flag = Flag::new("config", "--config", Sets::File, Kind::Text("FILE"))
    .short('c')
    .alias("config.file")
    .help(
        "The configuration file [default: config.toml in the working folder, where it exists and there is no -endpoint]",
    );
/// Addresses to listen on.
pub const LISTEN: Flag = Flag::new(
    "listen",
    "--listen",
    Sets::Key("server.listen"),
    Kind::List("ADDRESS"),
)
.alias("web.listen-address")
.help("An address to listen on; may be repeated [default: :9340]");
/// One more, in Kubermatic's way.
pub const ADDRESS: Flag = Flag::new(
    "address",
    "-address",
    Sets::Key("server.listen"),
    Kind::Text("ADDRESS"),
)
.help("The same, but the last one wins");
/// The log's level.
pub const LOG_LEVEL: Flag = Flag::new(
    "log.level",
    "--log.level",
    Sets::Key("log.level"),
    Kind::Text("LEVEL"),
)
.help("The level of the log, or a filter such as info,kube=warn [default: info; warn for once]");
/// The log's form.
pub const LOG_FORMAT: Flag = Flag::new(
    "log-format",
    "-log-format",
    Sets::Key("log.format"),
    Kind::Text("FORMAT"),
)
.alias("log.format")
.help("JSON or Console [default: Console at a terminal, else JSON]");
/// Kubermatic's way to say the level `debug`.
pub const LOG_DEBUG: Flag = Flag::new(
    "log-debug",
    "-log-debug",
    Sets::Key("log.level"),
    Kind::Switch,
)
.help("Log more: as --log.level debug");
/// The exporter-toolkit's file.
pub const WEB_CONFIG_FILE: Flag = Flag::new(
    "web.config.file",
    "--web.config.file",
    Sets::Key("server.web_config_file"),
    Kind::Text("FILE"),
)
.help("TLS and basic auth, in the format of the Prometheus exporter-toolkit");
/// Where the store is; without a file it makes the configuration.
pub const ENDPOINT: Flag = Flag::new(
    "endpoint",
    "-endpoint",
    Sets::Backend("endpoint"),
    Kind::Text("URL"),
)
.help("The S3 endpoint, for example `https://my-s3.com:9000`: watch one bucket without a file");
/// The id of the access key.
pub const ACCESS_KEY_ID: Flag = Flag::new(
    "access-key-id",
    "-access-key-id",
    Sets::Backend("access_key_id"),
    Kind::Text("ID"),
)
.help("The S3 access key [default: the environment's ACCESS_KEY_ID]");
/// Its secret.
pub const SECRET_ACCESS_KEY: Flag = Flag::new(
    "secret-access-key",
    "-secret-access-key",
    Sets::Backend("secret_access_key"),
    Kind::Text("KEY"),
)
.help("The S3 secret access key [default: the environment's SECRET_ACCESS_KEY]");
/// The bucket.
pub const BUCKET: Flag = Flag::new(
    "bucket",
    "-bucket",
    Sets::Destination("bucket"),
    Kind::Text("NAME"),
)
.help("The bucket to watch [default: kubermatic-etcd-backups]");
/// How to get to Kubernetes.
pub const KUBECONFIG: Flag = Flag::new(
    "kubeconfig",
    "-kubeconfig",
    Sets::Resolver("kubernetes", "kubeconfig"),
    Kind::Text("FILE"),
)
.help("The kubeconfig; only needed outside of the cluster");
/// Whom to trust.
pub const CA_BUNDLE: Flag = Flag::new(
    "ca-bundle",
    "-ca-bundle",
    Sets::Backend("ca_bundle"),
    Kind::Text("FILE"),
)
.help("PEM certificates to trust beside the system's");
/// Names of clusters.
pub const CLUSTER: Flag = Flag::new(
    "cluster",
    "-cluster",
    Sets::Resolver("static", "clusters"),
    Kind::List("NAME"),
)
.help("A cluster's name, instead of those that Kubernetes knows; may be repeated");
/// A file of them.
pub const CLUSTERS_FILE: Flag = Flag::new(
    "clusters-file",
    "-clusters-file",
    Sets::Resolver("static", "clusters_file"),
    Kind::Text("FILE"),
)
.help("A file with a cluster's name a line, likewise");
/// The kind of store.
pub const BACKEND: Flag = Flag::new(
    "backend",
    "-backend",
    Sets::Backend("type"),
    Kind::Text("TYPE"),
)
.help("The kind of store: s3 or minio [default: minio]");
/// The store's region.
pub const REGION: Flag = Flag::new(
    "region",
    "-region",
    Sets::Backend("region"),
    Kind::Text("NAME"),
)
.help("The store's region");
/// When a backup is late.
pub const MAX_AGE: Flag = Flag::new(
    "max-age",
    "-max-age",
    Sets::Destination("max_age"),
    Kind::Text("AGE"),
)
.help("A backup that is older is late, for example 25h [default: none ever is]");

/// All of them, in the order of the help.
pub const FLAGS: [&Flag; 18] = [
    &CONFIG,
    &LISTEN,
    &ADDRESS,
    &LOG_LEVEL,
    &LOG_FORMAT,
    &LOG_DEBUG,
    &WEB_CONFIG_FILE,
    &ENDPOINT,
    &ACCESS_KEY_ID,
    &SECRET_ACCESS_KEY,
    &BUCKET,
    &KUBECONFIG,
    &CA_BUNDLE,
    &CLUSTER,
    &CLUSTERS_FILE,
    &BACKEND,
    &REGION,
    &MAX_AGE,
];

/// What the command line says of the configuration. Not given and empty both mean unset.
#[derive(Clone, Default)]
pub struct Flags(BTreeMap<&'static str, Vec<String>>);

/// Secrets may be among the values, so none is printed.
impl std::fmt::Debug for Flags {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Flags").finish_non_exhaustive()
    }
}

impl Flags {
    /// With one more value of this flag.
    #[must_use]
    pub fn with(mut self, flag: &Flag, value: impl Into<String>) -> Self {
        self.0.entry(flag.long).or_default().push(value.into());
        self
    }

    /// The value that counts: the last one.
    pub fn text(&self, flag: &Flag) -> Option<&str> {
        let last = self.0.get(flag.long)?.last()?;
        Some(last.as_str()).filter(|text| !text.is_empty())
    }

    /// The values of a flag that may be repeated.
    pub fn list(&self, flag: &Flag) -> Vec<&str> {
        let given = self.0.get(flag.long).into_iter().flatten();
        given
            .map(String::as_str)
            .filter(|text| !text.is_empty())
            .collect()
    }

    /// Whether the flag is set.
    pub fn has(&self, flag: &Flag) -> bool {
        match flag.kind {
            Kind::List(_) => !self.list(flag).is_empty(),
            Kind::Text(_) | Kind::Switch => self.text(flag).is_some(),
        }
    }

    /// Whether a switch is on.
    pub fn is_on(&self, flag: &Flag) -> bool {
        self.text(flag) == Some("true")
    }
}

impl clap::Args for Flags {
    fn augment_args(command: Command) -> Command {
        command.args(FLAGS.map(Flag::arg))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Flags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut flags = Self::default();
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        for flag in FLAGS {
            let values: Vec<String> = match flag.kind {
                Kind::Text(_) | Kind::List(_) => {
                    let values = matches.get_many::<String>(flag.long);
                    values.unwrap_or_default().cloned().collect()
                }
                Kind::Switch => {
                    let values = matches.get_many::<go::Bool>(flag.long).unwrap_or_default();
                    let text = |on: &go::Bool| on.map_or(String::new(), |on| on.to_string());
                    values.map(text).collect()
                }
            };
            if !values.is_empty() {
                self.0.insert(flag.long, values);
            }
        }
        Ok(())
    }
}
