//! Every flag of the configuration, once: how it is called, what it sets, and of what kind it
//! is. Parsing, help, and what a flag means ([`config`](crate::config)) follow from this table.

use std::collections::BTreeMap;

use clap::{Arg, ArgAction, ArgMatches, Command, FromArgMatches, ValueHint};

use super::go;

mod table;

pub use table::*;

/// A flag that any command takes.
#[derive(Debug)]
pub struct Flag {
    /// Its name, and that of its value.
    pub long: &'static str,
    /// What it begins with in messages: one dash where Kubermatic's exporter has it or could
    /// have.
    dashes: &'static str,
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
    /// Which configuration file is read, and when.
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
    /// One that Kubermatic's exporter has, or could have.
    const fn of_seed(long: &'static str, sets: Sets, kind: Kind, help: &'static str) -> Self {
        Self {
            long,
            dashes: "-",
            sets,
            kind,
            short: None,
            alias: None,
            help,
        }
    }

    const fn ours(long: &'static str, sets: Sets, kind: Kind, help: &'static str) -> Self {
        Self {
            dashes: "--",
            ..Self::of_seed(long, sets, kind, help)
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

    /// As messages name it.
    pub fn shown(&self) -> String {
        format!("{}{}", self.dashes, self.long)
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
        let arg = match self.kind {
            Kind::Text("FILE") => arg.value_hint(ValueHint::FilePath), // for shells that complete
            _ => arg.value_hint(ValueHint::Other),
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
