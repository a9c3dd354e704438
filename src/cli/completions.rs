//! Scripts that have shells complete commands and flags.

use clap_complete::Shell as For;

use super::{Shell, command};

const NAME: &str = "s3-exporter";
/// One without a hyphen.
const PLAIN: &str = "s3_exporter";

/// The script for a shell, made from what the command line takes.
pub fn completions(shell: Shell) -> String {
    match shell {
        Shell::Bash => bash(),
        Shell::Zsh => generated(For::Zsh, NAME),
        Shell::Fish => fish(),
    }
}

/// What is made for a name with a hyphen completes no flag after a command
/// (<https://github.com/clap-rs/clap/issues/6421>).
fn bash() -> String {
    let end = |name| format!(" -o default {name}\n");
    generated(For::Bash, PLAIN).replace(&end(PLAIN), &end(NAME))
}

/// Which word is the command is asked of `argparse`, which takes no flag with a dot in its name, and
/// then reads no line at all: for it, they have hyphens.
fn fish() -> String {
    const WORDS: &str = "(commandline -opc";
    const HYPHENS: &str = r" | string replace -ar '(?:^-|\G(?!^))[^.=]*\K\.' -";
    let script = generated(For::Fish, NAME).replace(WORDS, &[WORDS, HYPHENS].concat());
    let lines = script.lines().map(|line| match line {
        line if line.starts_with("    string join ") => line.replace('.', "-") + "\n",
        line => format!("{line}\n"),
    });
    lines.collect()
}

fn generated(shell: For, name: &str) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command(), name, &mut script);
    String::from_utf8_lossy(&script).into_owned()
}
