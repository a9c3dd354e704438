//! The manual page, made from what the command line takes.

use clap::{Arg, Command};
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};

use super::command;

/// Files that are read or written by themselves, and what for.
const FILES: [(&str, &str); 3] = [
    (
        "config.toml",
        "in the working folder: the configuration, unless --config names another or -endpoint is given",
    ),
    (
        "/etc/s3-exporter/config.toml",
        "the configuration of the service s3-exporter, which the packages install",
    ),
    (
        "/var/lib/s3-exporter",
        "what that service keeps over a restart, where the configuration says so",
    ),
];
/// What the exit codes mean.
const CODES: [(&str, &str); 3] = [
    ("0", "Good."),
    (
        "1",
        "Failed: a scan, a finding of report, an exporter that is not healthy.",
    ),
    ("2", "Wrong usage or configuration."),
];

/// The page, as roff.
pub fn manual() -> String {
    let mut command = command();
    command.build(); // the usage of each command is known from here on
    let about = command.get_about().map(ToString::to_string);
    let notes = command.get_after_help().map(ToString::to_string);
    let page = Man::new(command.clone());

    let mut roff = Roff::new();
    roff.control("SH", ["SYNOPSIS"]);
    roff.text([
        bold("s3-exporter"),
        roman(" ["),
        italic("COMMAND"),
        roman("] ["),
        italic("FLAG"),
        roman("...]"),
    ]);
    roff.control("SH", ["DESCRIPTION"]);
    roff.text([roman(format!("{}.", about.unwrap_or_default()))]);
    for line in notes.unwrap_or_default().lines() {
        // The exit codes have a section of their own.
        if !line.starts_with("Exit codes") {
            roff.control("PP", []);
            roff.text([roman(line)]);
        }
    }
    roff.control("SH", ["COMMANDS"]);
    for command in command.get_subcommands() {
        of_command(&mut roff, command);
    }
    let mut end = Roff::new();
    for (title, rows) in [("EXIT STATUS", CODES), ("FILES", FILES)] {
        end.control("SH", [title]);
        for (name, meaning) in rows {
            end.control("TP", []);
            end.text([bold(name)]);
            end.text([roman(meaning)]);
        }
    }
    [head(&page), roff.render(), options(&page), end.render()].concat()
}

/// The title and the name. There is no date, so that the same source makes the same page; what
/// clap_mangen makes of none is a page with its source in the date's place.
fn head(page: &Man) -> String {
    let title = concat!(
        ".TH S3-EXPORTER 1 \"\" \"s3-exporter ",
        env!("CARGO_PKG_VERSION"),
        "\" \"User Commands\"\n"
    );
    title.to_owned() + &rendered(|out| page.render_name_section(out))
}

/// The flags that any command takes.
fn options(page: &Man) -> String {
    rendered(|out| page.render_options_section(out))
}

/// What is written to memory, where nothing can fail.
fn rendered(write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    let _ = write(&mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// A command with what it alone takes.
fn of_command(roff: &mut Roff, command: &Command) {
    let own = |argument: &&Arg| !argument.is_global_set() && argument.get_id() != "help";
    let mut line = vec![bold(command.get_name())];
    for argument in command.get_arguments().filter(own) {
        let (open, close) = match argument.is_required_set() {
            true => (" ", ""),
            false => (" [", "]"),
        };
        line.push(roman(open));
        line.extend(written(argument));
        line.push(roman(close));
    }
    roff.control("TP", []);
    roff.text(line);
    roff.text([roman(sentence(command.get_about()))]);
    for argument in command.get_arguments().filter(own) {
        roff.control("RS", []);
        roff.control("TP", []);
        roff.text(written(argument));
        roff.text([roman(sentence(argument.get_help()))]);
        roff.control("RE", []);
    }
}

/// `--flag VALUE` or `VALUE`.
fn written(argument: &Arg) -> Vec<Inline> {
    let mut written = Vec::new();
    if let Some(long) = argument.get_long() {
        written.push(bold(format!("--{long}")));
    }
    if argument.get_action().takes_values() {
        if !written.is_empty() {
            written.push(roman(" "));
        }
        let name = argument.get_value_names().and_then(<[_]>::first);
        let name = name.map_or(argument.get_id().as_str(), |name| name.as_str());
        written.push(italic(name));
    }
    written
}

fn sentence(text: Option<&clap::builder::StyledStr>) -> String {
    let text = text.map(ToString::to_string).unwrap_or_default();
    format!("{}.", text.replace('\n', " "))
}
