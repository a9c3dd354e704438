//! The scripts of `completions`, in the shells that they are for.

use super::machine::{self, Machine};
use super::prints;
use crate::common::command::Program;

/// The machine with the script of a shell where that looks for such, as the packages put it.
async fn with_script(shell: &str, path: &str) -> &'static Machine {
    let machine = machine::shared().await;
    machine.write(path, prints(&["completions", shell]), 0o644);
    machine
}

#[tokio::test]
async fn bash_completes_commands_and_flags() {
    let path = "/usr/share/bash-completion/completions/s3-exporter";
    let machine = with_script("bash", path).await;
    let complete = |words: &[&str]| {
        // What bash does at a tab: the function that `complete -F` named, with the words so far.
        let script = r#"
            source "$1"; shift
            function=$(complete -p s3-exporter | sed 's/.*-F \([^ ]*\) .*/\1/')
            COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE}
            "$function" s3-exporter "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
            printf '%s\n' "${COMPREPLY[@]}"
        "#;
        let mut command = vec!["bash", "-c", script, "bash", path, "s3-exporter"];
        command.extend(words);
        machine.prints(&command)
    };
    assert_eq!(complete(&["hea"]), "healthcheck\n");
    assert_eq!(complete(&["once", "--text"]), "--textfile\n");
    assert_eq!(complete(&["--log.l"]), "--log.level\n");
    assert_eq!(complete(&["check", "--conn"]), "--connect\n");
    assert_eq!(complete(&["completions", "z"]), "zsh\n");
    machine.write("/tmp/completed.toml", "", 0o644);
    assert_eq!(
        complete(&["--config", "/tmp/completed"]),
        "/tmp/completed.toml\n"
    );
}

#[tokio::test]
async fn zsh_completes_commands_and_flags() {
    let path = "/usr/share/zsh/vendor-completions/_s3-exporter";
    let machine = with_script("zsh", path).await;
    // A shell at a terminal of its own, which gets what a user types, the tab too.
    let complete = |typed: &str, expected: &str| {
        let script = r#"
            zmodload zsh/zpty
            zpty shell 'PS1=READY: zsh -f -i'
            zpty -w shell 'autoload -U compinit && compinit -u -D; echo LOA''DED'
            zpty -r shell output '*LOADED*' || exit 1
            zpty -w -n shell "$1"$'\t'
            zpty -r shell output "*$2*" && print found
        "#;
        let done = machine.run(&[
            "timeout", "30", "zsh", "-f", "-c", script, "zsh", typed, expected,
        ]);
        assert!(done.text.ends_with("found\n"), "{typed:?}: {done:?}");
    };
    complete("s3-exporter hea", "healthcheck");
    complete("s3-exporter once --text", "--textfile");
    complete("s3-exporter --log.l", "--log.level");
}

#[tokio::test]
async fn fish_completes_commands_and_flags() {
    let path = "/usr/share/fish/vendor_completions.d/s3-exporter.fish";
    let machine = with_script("fish", path).await;
    let complete = |line: &str| {
        let script = "complete --do-complete $argv[1]";
        let printed = machine.prints(&[
            "fish",
            "--no-config",
            "-c",
            &format!("source {path}; {script}"),
            line,
        ]);
        let names = printed
            .lines()
            .map(|line| line.split('\t').next().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    assert_eq!(complete("s3-exporter hea"), ["healthcheck"]);
    assert_eq!(complete("s3-exporter once --text"), ["--textfile"]);
    assert_eq!(complete("s3-exporter --log.l"), ["--log.level"]);
    assert_eq!(complete("s3-exporter check --conn"), ["--connect"]);
    for flag in ["--log.level=debug", "-web.config.file a.b", "--bucket a.b"] {
        let line = format!("s3-exporter {flag} check --conn");
        assert_eq!(complete(&line), ["--connect"], "{flag}");
    }
}

#[test]
fn another_shell_is_wrong_usage() {
    let output = Program::new(&["completions", "tcsh"]).run();
    assert_eq!(output.code, Some(2), "{output:?}");
    assert_eq!(
        output.stderr[0],
        "error: <SHELL> is unknown: expected bash, zsh or fish"
    );
    let output = Program::new(&["completions"]).run();
    assert_eq!(
        output.stderr[0],
        "error: <SHELL> is missing after the command"
    );
}
