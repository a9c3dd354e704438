//! Command lines through the built program, read as Go's `flag` package reads them.

use crate::common::command::{GOOD, Program};

/// The lines of `check` on the server and the log.
#[track_caller]
fn head(arguments: &[&str]) -> String {
    let output = Program::new(arguments).file("config.toml", GOOD).prints();
    output.lines().take(2).collect::<Vec<_>>().join("; ")
}

#[test]
fn one_dash_or_two_and_a_blank_or_an_equals_sign() {
    for arguments in [
        ["check", "-address=:1", "-log-format=Console"].as_slice(),
        &["check", "--address", ":1", "--log-format", "CONSOLE"],
        &["-address", ":1", "-log-format", "console", "check"],
        &["-address", ":1", "check", "--log.format=console"],
        &["check", "--listen", ":1", "-log.format", "cOnsole"],
        &[
            "check",
            "--web.listen-address",
            ":1",
            "--log.format",
            "console",
        ],
        &["check", "-web.listen-address=:1", "--log.format", "console"],
    ] {
        assert_eq!(
            head(arguments),
            "server: :1; log: info as console",
            "{arguments:?}"
        );
    }
}

#[test]
fn the_last_of_a_flag_wins_and_listen_may_be_repeated() {
    assert_eq!(
        head(&[
            "-address",
            ":1",
            "check",
            "-address",
            ":2",
            "--log-format=console",
            "--log.format=json"
        ]),
        "server: :2; log: info as json"
    );
    assert_eq!(
        head(&[
            "check",
            "--listen",
            ":1",
            "--web.listen-address",
            ":2",
            "-listen=:3"
        ]),
        "server: :1, :2, :3; log: info as json, on a terminal as console"
    );
    assert_eq!(
        head(&[
            "check", "-address", ":1", "--listen", ":2", "-address", ":3"
        ]),
        "server: :3, :2; log: info as json, on a terminal as console"
    );
}

#[test]
fn an_empty_value_means_unset() {
    assert_eq!(
        head(&[
            "check",
            "-address=",
            "--listen",
            "",
            "--log.level=",
            "-log-format",
            "",
            "-log-debug=",
            "-bucket="
        ]),
        "server: :9340; log: info as json, on a terminal as console"
    );
    assert_eq!(
        head(&["check", "-address", ":1", "-address=", "--config="]),
        "server: :9340; log: info as json, on a terminal as console"
    );
}

#[test]
fn every_word_of_go_for_a_boolean() {
    for word in ["", "=1", "=t", "=T", "=true", "=TRUE", "=True"] {
        let flag = format!("-log-debug{word}");
        assert_eq!(
            head(&["check", &flag]),
            "server: :9340; log: debug as json, on a terminal as console",
            "{flag}"
        );
    }
    for word in ["=0", "=f", "=F", "=false", "=FALSE", "=False"] {
        let flag = format!("--log-debug{word}");
        assert_eq!(
            head(&["check", "-log-debug", &flag]),
            "server: :9340; log: info as json, on a terminal as console",
            "{flag}"
        );
    }
    assert_eq!(
        head(&["check", "-log-debug", "--log.level=info,kube=warn"]),
        "server: :9340; log: info,kube=warn as json, on a terminal as console"
    );
}

#[test]
fn help_and_version_are_no_failure() {
    for flag in ["--help", "-help", "-h", "help"] {
        let help = Program::new(&[flag]).prints();
        for word in [
            "serve",
            "check",
            "once",
            "explain",
            "--endpoint",
            "--config",
            "Exit codes",
        ] {
            assert!(help.contains(word), "{flag}: {word}");
        }
    }
    for flag in ["--version", "-version", "-V", "-v"] {
        let version = concat!("s3-exporter ", env!("CARGO_PKG_VERSION"), "\n");
        assert_eq!(Program::new(&[flag]).prints(), version, "{flag}");
    }
    for arguments in [
        ["once", "--help"].as_slice(),
        &["help", "once"],
        &["once", "-h", "-c", "x"],
        &["--config", "x", "once", "-h"],
    ] {
        let help = Program::new(arguments).prints();
        for flag in [
            "--textfile <FILE>",
            "-c, --config <FILE>",
            "--log.level <LEVEL>",
        ] {
            assert!(
                help.contains(flag),
                "{arguments:?}: {flag} is not in {help}"
            );
        }
    }
}

#[test]
fn the_configuration_may_be_named_in_several_ways() {
    let named = GOOD.replace("\"bbb\"", "\"other\"");
    for arguments in [
        ["check", "-c", "other.toml"].as_slice(),
        &["-c=other.toml", "check"],
        &["check", "other.toml"],
        &["check", "other"],
        &["check", "--", "other.toml"],
        &["check", "other.toml", "-c", "other.toml"],
    ] {
        let program = Program::new(arguments).file("config.toml", GOOD);
        let program = program.file("other.toml", &named).file("other", &named);
        let output = program.prints();
        assert!(
            output.contains("destination other: "),
            "{arguments:?}: {output}"
        );
    }
    let unread = Program::new(&["check", "missing.toml"])
        .file("config.toml", GOOD)
        .run();
    assert_eq!(unread.code, Some(2), "{unread:?}");
    assert!(unread.stderr[0].contains("missing.toml"), "{unread:?}");
    // What takes its own configuration by name must not scan by another.
    let once = Program::new(&["once", "other.toml"])
        .file("config.toml", "nonsense")
        .file("other.toml", &unreachable())
        .run();
    assert_eq!(once.code, Some(1), "{once:?}");
}

#[test]
fn wrong_usage_is_told_in_one_line() {
    for (arguments, reason) in [
        (
            ["-log-debug", "false"].as_slice(),
            "flag -log-debug: its value must follow a `=`, as in -log-debug=false",
        ),
        (
            &["-log-debug=yes"],
            "flag -log-debug: expected true or false after the `=`",
        ),
        (&["check", "-bucket"], "flag -bucket: its value is missing"),
        (
            &["once", "-textfile"],
            "flag -textfile: its value is missing",
        ),
        (
            &["--buckett", "key-hunter-2"],
            "unknown flag --buckett: did you mean --bucket?",
        ),
        (
            &["-secret-acces-key=key-hunter-2"],
            "unknown flag --secret-acces-key: did you mean --secret-access-key?",
        ),
        (&["-x"], "unknown flag -x"),
        (
            &["check", "--conect"],
            "unknown flag --conect: did you mean --connect?",
        ),
        (&["once", "--connect"], "unknown flag --connect"),
        (
            &["chekc"],
            "unknown command: expected serve, check, once, report, rules, explain, inventory-sql, healthcheck, completions or man; did you mean check?",
        ),
        (
            &["-secret-access-key=", "key-hunter-2"],
            "unknown command: expected serve, check, once, report, rules, explain, inventory-sql, healthcheck, completions or man",
        ),
        (
            &["check", "config.toml", "key-hunter-2"],
            "one argument too many after the command (it is not shown: it may be a secret)",
        ),
        (
            &["check", "key-hunter-2"],
            "the argument after the command names no file (it is not shown: it may be a secret)",
        ),
        (
            &["once", "config.toml", "--config", "other.toml"],
            "the configuration file is named after the command and by --config: name one",
        ),
        (
            &["check", "--connect=key-hunter-2"],
            "flag --connect takes no value",
        ),
        (&["explain"], "<KEY> is missing after the command"),
    ] {
        let output = Program::new(arguments).file("config.toml", GOOD).run();
        let expected = [
            format!("error: {reason}"),
            "s3-exporter: wrong usage; see s3-exporter --help".to_owned(),
        ];
        assert_eq!(output.stderr, expected, "{arguments:?}");
        assert_eq!(output.code, Some(2), "{arguments:?}");
        assert_eq!(output.stdout, "", "{arguments:?}");
    }
}

#[test]
fn explain_tells_the_owner_of_a_key_and_fails_where_there_is_none() {
    let text = format!("{GOOD}\nprefix = \"p/\"\nclusters = [\"a\", \"a-b\"]\n");
    let explain = |arguments: &[&str]| {
        let arguments: Vec<_> = ["explain"].iter().chain(arguments).copied().collect();
        Program::new(&arguments).file("config.toml", &text).run()
    };
    for arguments in [
        ["p/a-b-c"].as_slice(),
        &["-destination", "bbb", "p/a-b-c"],
        &["--", "p/a-b-c"],
    ] {
        let output = explain(arguments);
        assert_eq!(output.code, Some(0), "{output:?}");
        assert!(output.stdout.starts_with("bbb: a-b, because"), "{output:?}");
    }
    let other = explain(&["q"]);
    assert_eq!(other.code, Some(1), "{other:?}");
    assert_eq!(other.stdout, "");
    let unknown = explain(&["p/a-", "--destination", "c"]);
    assert_eq!(unknown.code, Some(1), "{unknown:?}");
    assert!(
        unknown
            .stderr
            .iter()
            .any(|line| line.starts_with("error: there is no destination \"c\""))
    );
}

/// A store where nobody listens.
fn unreachable() -> String {
    GOOD.replace("https://minio.example:9000", "http://127.0.0.1:1")
}

#[test]
fn a_failed_scan_is_exit_1_and_a_written_textfile() {
    let text = unreachable();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.prom");
    let output = Program::new(&["once", "--textfile", file.to_str().unwrap()])
        .file("config.toml", &text)
        .run();
    assert_eq!(output.code, Some(1), "{output:?}");
    assert_eq!(output.stdout, "");
    let metrics = std::fs::read_to_string(file).unwrap();
    assert!(metrics.contains("objectstore_scan_success{"), "{metrics}");
    let nowhere = Program::new(&["once", "--textfile", "nowhere/x.prom"])
        .file("config.toml", &text)
        .run();
    assert_eq!(nowhere.code, Some(1), "{nowhere:?}");
    let last = nowhere.stderr.last().unwrap();
    let reason = "error: writing nowhere/x.prom: No such file or directory";
    assert!(last.starts_with(reason), "{last}");
}

#[test]
fn check_connect_says_what_fails() {
    let text = unreachable();
    let output = Program::new(&["check", "--connect"])
        .file("config.toml", &text)
        .run();
    assert_eq!(output.code, Some(1), "{output:?}");
    assert!(
        output.stdout.contains("destination bbb: FAILED, connect: "),
        "{output:?}"
    );
}
