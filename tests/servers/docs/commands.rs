//! Each command is one that can be given.

use std::collections::BTreeMap;
use std::process::Command;

use s3_exporter::config::{Environment, Loader};
use s3_exporter::{cli, wire};

use crate::common;
use crate::docs::{blocks, files, read, root, write_with_files};

/// A line's words as a shell takes them: quotes hold words together, `#` begins a comment.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for letter in line.chars() {
        match (quote, letter) {
            (Some(open), _) if open == letter => quote = None,
            (Some(_), _) => word.get_or_insert_default().push(letter),
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, ' ') => words.extend(word.take()),
            (None, '#') if word.is_none() => break,
            (None, '|' | '&' | ';' | '>' | '<' | '$' | '\\' | '`') => {
                panic!("{line}: the test does not know what {letter} does")
            }
            (None, _) => word.get_or_insert_default().push(letter),
        }
    }
    assert!(quote.is_none(), "{line}: a quote is not closed");
    words.extend(word);
    words
}

type Variables = BTreeMap<String, String>;

/// Fails unless the command can be given.
fn check(command: &[String], variables: &mut Variables) {
    let texts: Vec<&str> = command.iter().map(String::as_str).collect();
    match &texts[..] {
        ["export", assignments @ ..] => {
            for assignment in assignments {
                let (name, value) = assignment.split_once('=').unwrap();
                variables.insert(name.to_owned(), value.to_owned());
            }
        }
        ["make", targets @ ..] => {
            let makefile = read("Makefile");
            for target in targets {
                // Or one of its variables.
                let rule = match target.split_once('=') {
                    Some((variable, _)) => format!("{variable} ?="),
                    None => format!("{target}:"),
                };
                assert!(
                    makefile.lines().any(|line| line.starts_with(&rule)),
                    "no target {target}"
                );
            }
        }
        ["cargo", "build", "--profile", profile, "--locked"] => {
            let section = format!("[profile.{profile}]");
            assert!(read("Cargo.toml").contains(&section), "no {section}");
            assert!(root().join("Cargo.lock").exists());
        }
        ["cargo", "install", "--debug", "--locked", "--path", "."] => {
            assert!(read("Cargo.toml").contains("name = \"s3-exporter\""));
            assert!(root().join("Cargo.lock").exists());
        }
        // These are run in tests/servers/docs/start.rs.
        [
            "go" | "~/go/bin/minio" | "python3" | "alertmanager" | "prometheus",
            ..,
        ]
        | ["curl", "--user", ..] => {
            let line = format!("$ {}", command.join(" "));
            let document = read("docs/getting-started.md");
            assert!(document.lines().any(|other| other == line), "{line}");
        }
        ["cargo", "run", "--example", name, "--", arguments @ ..] => {
            assert!(
                root().join(format!("examples/{name}.rs")).exists(),
                "no example {name}"
            );
            parse(arguments);
        }
        ["cargo", "test", "-p", "s3-exporter-judge", "--test", name] => {
            let path = root().join(format!("crates/judge/tests/{name}"));
            assert!(
                path.exists() || path.with_extension("rs").exists(),
                "no test {name}"
            );
        }
        [
            "cargo",
            "run",
            "--release",
            "-p",
            "s3-exporter-judge",
            "--example",
            name,
        ] => {
            let path = root().join(format!("crates/judge/examples/{name}.rs"));
            assert!(path.exists(), "no example {name}");
        }
        ["docker", "build", "-t", _, "."] => assert!(root().join("Dockerfile").exists()),
        // That the chart renders is tested in tests/servers/chart.
        [
            "helm",
            "upgrade",
            "--install",
            "s3-exporter",
            chart,
            "-n",
            _,
            "-f",
            _,
        ] => {
            assert!(root().join(chart).join("Chart.yaml").exists());
        }
        // What is in an image is run in tests/servers/packages/image.
        ["docker", "run", options @ .., "s3-exporter"] => {
            assert!(options.contains(&"./config.toml:/etc/s3-exporter/config.toml:ro"));
        }
        // These are run in tests/servers/packages, each on a machine of its own.
        ["sudo", ..] | ["s3-exporter", "healthcheck", ..] => {
            let line = format!("$ {}", command.join(" "));
            assert!(
                read("docs/install.md").lines().any(|other| other == line),
                "{line}"
            );
        }
        ["target/dist/s3-exporter", arguments @ ..] => parse(arguments),
        // What is answered there is tested in tests/servers/reload.
        ["curl", "-X", "POST", "http://127.0.0.1:9340/-/reload"] => {}
        // And there in tests/servers/targets.rs.
        ["curl", url] if url.starts_with("http://127.0.0.1:9340/probe?module=") => {}
        ["s3-exporter", "report", target, ..] if target.starts_with("s3://") => reports(&texts),
        ["s3-exporter", arguments @ ..] => exporter(arguments, variables),
        _ => panic!("{texts:?} is no command that the test knows"),
    }
}

fn parse(arguments: &[&str]) {
    let line = ["s3-exporter"].iter().chain(arguments).map(Into::into);
    cli::parse(line).unwrap_or_else(|stop| panic!("{arguments:?}: {stop:?}"));
}

/// Reads the line as the program does: what it makes of the configuration is good. That such a line
/// reports is tested in tests/servers/report.rs.
fn reports(line: &[&str]) {
    let cli = cli::parse(line.iter().map(Into::into));
    let cli = cli.unwrap_or_else(|stop| panic!("{line:?}: {stop:?}"));
    let loader = Loader::new(cli.flags, Environment::default(), &wire::plugins());
    let config = loader.load();
    let config = config.unwrap_or_else(|rejected| panic!("{line:?}: {rejected:?}"));
    assert_eq!(config.warnings, [""; 0], "{line:?}");
}

/// Reads the line as the program does, and runs the program with `check` in place of the
/// command, beside README's configuration and the examples.
fn exporter(arguments: &[&str], variables: &Variables) {
    parse(arguments);
    let is_command = |word: &&str| {
        matches!(
            *word,
            "serve" | "check" | "once" | "report" | "rules" | "explain" | "inventory-sql"
        )
    };
    let flags = arguments
        .iter()
        .position(is_command)
        .unwrap_or(arguments.len());
    let folder = tempfile::tempdir().unwrap();
    if !arguments.iter().any(|word| word.contains("endpoint")) {
        let config = &blocks::all("toml")[0].text;
        write_with_files(folder.path(), "config.toml", config);
        for example in files("examples", "toml") {
            std::fs::create_dir_all(folder.path().join("examples")).unwrap();
            let name = example.to_str().unwrap();
            write_with_files(folder.path(), name, &read(&example));
        }
    }
    for named in arguments
        .iter()
        .filter_map(|word| word.strip_prefix("-kubeconfig="))
    {
        std::fs::write(folder.path().join(named), "").unwrap();
    }
    let output = Command::new(common::program())
        .args(&arguments[..flags])
        .arg("check")
        .current_dir(folder.path())
        .env_clear()
        .envs([("MINIO_KEY_ID", "id"), ("MINIO_SECRET", "secret")])
        .envs(variables)
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    // The flags of Kubermatic's exporter say nothing of an age, and docs/migration.md says so.
    let lines = stderr.lines();
    let others = lines.filter(|line| !line.contains("not judged for lateness"));
    assert_eq!(
        (output.status.code(), others.count()),
        (Some(0), 0),
        "{arguments:?}: {stderr}"
    );
}

#[test]
fn of_the_documents() {
    let mut count = 0;
    for block in blocks::all("console") {
        let mut variables = Variables::new();
        for line in block.text.lines() {
            let command = line
                .strip_prefix("$ ")
                .unwrap_or_else(|| panic!("{}: {line} is no command", block.place));
            // What it prints may go into a file.
            let command = command.split(" > ").next().unwrap();
            check(&words(command), &mut variables);
            count += 1;
        }
    }
    assert!(count > 8, "only {count} commands were found");
}

#[test]
fn of_the_continuous_integration() {
    let script = read(".ci/run");
    let lines = script.lines().filter(|line| line.starts_with("make "));
    let commands: Vec<_> = lines.map(words).collect();
    assert_eq!(commands.len(), 3, "{commands:?}");
    for command in commands {
        check(&command, &mut Variables::new());
    }
}

#[test]
fn a_wrong_one_is_noticed() {
    for line in [
        "rm x",
        "make demos",
        "make bench PROFILE=dist",
        "cargo build --fast",
        "cargo build --profile fast --locked",
        "cargo run --example none -- check",
        "s3-exporter chekc",
        "s3-exporter --confg x",
        "s3-exporter --config none.toml",
        "s3-exporter -endpoint https://minio.example",
        "s3-exporter once | head",
        "s3-exporter report s3://a_B --endpoint https://minio.example",
        "s3-exporter report s3:backups",
        "curl -X POST http://127.0.0.1:9340/-/reloads",
        "curl http://127.0.0.1:9340/probes?module=etcd",
        "sudo systemctl stop s3-exporter",
        "target/dist/s3-exporter mann",
    ] {
        let check = || check(&words(line), &mut Variables::new());
        assert!(std::panic::catch_unwind(check).is_err(), "{line} passes");
    }
}
