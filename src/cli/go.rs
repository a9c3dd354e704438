//! How Go's `flag` package reads a command line, brought to the form that clap reads.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use clap::{ArgAction, CommandFactory};

use super::{Cli, UsageError};

/// A flag that is on or off; `None` where its value is empty, which means unset.
pub type Bool = Option<bool>;

/// The words that Go takes for a boolean.
pub fn boolean(text: &str) -> Result<Bool, String> {
    match text {
        "" => Ok(None),
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(Some(true)),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(Some(false)),
        _ => Err("expected true or false".to_owned()),
    }
}

/// What is to be known of a flag before clap sees it.
#[derive(Clone)]
struct KnownFlag {
    /// The name by which clap is told.
    long: String,
    takes_value: bool,
    /// It belongs to one command, so it stays behind it.
    of_command: bool,
}

/// Writes every known flag as `--flag` or `--flag=value`, and those that belong to no
/// command before it. So clap takes one dash, and values that begin with one.
///
/// # Errors
/// A flag at the end that lacks its value; a boolean with its value after a blank.
pub fn normalize(
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<Vec<OsString>, UsageError> {
    let known = flags();
    let mut arguments = arguments.into_iter();
    let mut front: Vec<_> = arguments.next().into_iter().collect();
    let mut rest = Vec::new();
    let mut arguments = arguments.peekable();
    while let Some(argument) = arguments.next() {
        if argument == "--" {
            rest.push(argument);
            rest.extend(arguments);
            break;
        }
        let Some((name, value)) = split(&argument) else {
            rest.push(argument);
            continue;
        };
        let Some(flag) = known.get(name.to_string_lossy().as_ref()) else {
            rest.push(match name.len() {
                1 => argument.clone(),    // -h
                _ => dashes(name, value), // for clap to refuse, or --help
            });
            continue;
        };
        let value = match value {
            Some(value) => Some(value.to_owned()),
            None if flag.takes_value => {
                let missing = || UsageError::NoValue(name.to_string_lossy().into_owned());
                Some(arguments.next().ok_or_else(missing)?)
            }
            None => None,
        };
        if !flag.takes_value && value.is_none() {
            let next = arguments.peek().and_then(|next| next.to_str());
            if next.is_some_and(|next| boolean(next).is_ok()) {
                let name = name.to_string_lossy().into_owned();
                return Err(UsageError::ValueApart(name));
            }
        }
        let place = if flag.of_command {
            &mut rest
        } else {
            &mut front
        };
        place.push(dashes(OsStr::new(&flag.long), value.as_deref()));
    }
    front.append(&mut rest);
    Ok(front)
}

/// The name and the value of a flag; what is none is left to clap.
fn split(argument: &OsStr) -> Option<(&OsStr, Option<&OsStr>)> {
    let bytes = argument.as_bytes();
    let name = bytes
        .strip_prefix(b"--")
        .or_else(|| bytes.strip_prefix(b"-"))
        .filter(|name| !name.is_empty())?;
    let mut parts = name.splitn(2, |byte| *byte == b'=');
    let name = parts.next()?;
    Some((OsStr::from_bytes(name), parts.next().map(OsStr::from_bytes)))
}

fn dashes(name: &OsStr, value: Option<&OsStr>) -> OsString {
    let mut flag = b"--".to_vec();
    flag.extend_from_slice(name.as_bytes());
    if let Some(value) = value {
        flag.push(b'=');
        flag.extend_from_slice(value.as_bytes());
    }
    OsString::from_vec(flag)
}

/// Every flag by each of its names, but `help`.
fn flags() -> BTreeMap<String, KnownFlag> {
    let command = Cli::command();
    let own = command.get_arguments().map(|argument| (argument, false));
    let of_commands = command
        .get_subcommands()
        .flat_map(|command| command.get_arguments())
        .map(|argument| (argument, true));
    let mut flags = BTreeMap::new();
    for (argument, of_command) in own.chain(of_commands) {
        let takes_value = match argument.get_action() {
            ArgAction::Set | ArgAction::Append => !argument.is_require_equals_set(),
            _ => false,
        };
        let Some(long) = argument.get_long() else {
            continue; // a file or a key
        };
        let aliases = argument.get_all_aliases().unwrap_or_default();
        let letters = argument.get_short_and_visible_aliases().unwrap_or_default();
        let letters = letters.into_iter().map(String::from);
        let names = aliases.into_iter().map(str::to_owned);
        for name in names.chain(letters).chain([long.to_owned()]) {
            let flag = KnownFlag {
                long: long.to_owned(),
                takes_value,
                of_command,
            };
            flags.insert(name, flag);
        }
    }
    flags
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(arguments: &[&str]) -> Result<Vec<String>, String> {
        let arguments = ["s3-exporter"].iter().chain(arguments).map(OsString::from);
        let normal = normalize(arguments).map_err(|wrong| wrong.to_string());
        normal.map(|normal| {
            normal
                .into_iter()
                .skip(1)
                .map(|argument| argument.into_string().unwrap())
                .collect()
        })
    }

    #[test]
    fn one_dash_becomes_two_and_values_are_joined() {
        let normal = normal(&[
            "-bucket",
            "-a",
            "--endpoint=x=y",
            "-cluster",
            "--",
            "-log-debug",
        ]);
        assert_eq!(
            normal.unwrap(),
            [
                "--bucket=-a",
                "--endpoint=x=y",
                "--cluster=--",
                "--log-debug"
            ]
        );
    }

    #[test]
    fn flags_go_before_the_command_and_its_own_stay() {
        let normal = normal(&["once", "-textfile", "-f", "-config", "c", "explain"]);
        assert_eq!(
            normal.unwrap(),
            ["--config=c", "once", "--textfile=-f", "explain"]
        );
    }

    #[test]
    fn after_two_dashes_all_is_left_as_it_is() {
        let normal = normal(&["explain", "--", "-bucket", "x"]);
        assert_eq!(normal.unwrap(), ["explain", "--", "-bucket", "x"]);
    }

    #[test]
    fn a_value_that_is_missing_or_apart_is_an_error() {
        assert_eq!(
            normal(&["-bucket"]).unwrap_err(),
            "flag -bucket: its value is missing"
        );
        assert_eq!(
            normal(&["-log-debug", "false"]).unwrap_err(),
            "flag -log-debug: its value must follow a `=`, as in -log-debug=false"
        );
        assert!(normal(&["-log-debug", "once"]).is_ok());
    }

    #[test]
    fn every_word_of_go_for_a_boolean() {
        for word in ["1", "t", "T", "true", "TRUE", "True"] {
            assert_eq!(boolean(word), Ok(Some(true)), "{word}");
        }
        for word in ["0", "f", "F", "false", "FALSE", "False"] {
            assert_eq!(boolean(word), Ok(Some(false)), "{word}");
        }
        assert_eq!(boolean(""), Ok(None));
        assert!(boolean("yes").is_err() && boolean("tRUE").is_err());
    }
}
