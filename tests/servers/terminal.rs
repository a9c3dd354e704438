//! What somebody sees who runs the program at a terminal.

use std::process::Command;

use s3_exporter_testkit::S3sServer;

/// What `once` shows, of a store that is there or of one that is not, at a terminal that `script`
/// makes, or without one.
fn once(
    endpoint: &str,
    arguments: &str,
    environment: &[(&str, &str)],
    is_terminal: bool,
) -> String {
    let folder = tempfile::tempdir().unwrap();
    let config = format!(
        "[backends.s]\ntype = \"s3\"\nendpoint = \"{endpoint}\"\naccess_key_id = \"{}\"\n\
         secret_access_key = \"{}\"\n[[destinations]]\nbucket = \"backups\"\n",
        S3sServer::ACCESS_KEY,
        S3sServer::SECRET_KEY
    );
    std::fs::write(folder.path().join("config.toml"), config).unwrap();
    let program = env!("CARGO_BIN_EXE_s3-exporter");
    let line = format!("{program} once --textfile x.prom {arguments}");
    let mut command = match is_terminal {
        true => Command::new("script"),
        false => Command::new("sh"),
    };
    match is_terminal {
        true => command.args(["-qec", &line, "/dev/null"]),
        false => command.args(["-c", &line]),
    };
    let output = command
        .current_dir(folder.path())
        .env_remove("NO_COLOR")
        .env("TERM", "xterm")
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    let text =
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    assert!(folder.path().join("x.prom").exists(), "{text}");
    text
}

const NOBODY: &str = "http://127.0.0.1:1";
const ESCAPE: char = '\u{1b}';

#[test]
fn the_log_is_for_people_at_a_terminal_and_for_programs_elsewhere() {
    let text = once(NOBODY, "", &[], true);
    assert!(text.contains("WARN") && text.contains(ESCAPE), "{text}");
    assert!(!text.contains("{\"time\":"), "{text}");
    let asked = once(NOBODY, "--log.format json", &[], true);
    assert!(
        asked.contains("{\"time\":") && !asked.contains(ESCAPE),
        "{asked}"
    );
    let elsewhere = once(NOBODY, "", &[], false);
    assert!(elsewhere.contains("{\"time\":"), "{elsewhere}");
    let asked = once(NOBODY, "--log.format console", &[], false);
    assert!(asked.contains("WARN") && !asked.contains(ESCAPE), "{asked}");
}

#[test]
fn colours_can_be_refused() {
    for (variables, is_coloured) in [
        (&[("NO_COLOR", "1")][..], false),
        (&[("NO_COLOR", "false")], false),
        (&[("NO_COLOR", "")], true),
        (&[("TERM", "dumb")], false),
    ] {
        let text = once(NOBODY, "", variables, true);
        assert!(text.contains("WARN"), "{text}");
        assert_eq!(text.contains(ESCAPE), is_coloured, "{variables:?}: {text}");
    }
}

#[test]
fn once_says_nothing_of_what_is_well_unless_asked() {
    let server = S3sServer::start();
    server.store().create_bucket("backups");
    for is_terminal in [true, false] {
        let text = once(&server.endpoint(), "", &[], is_terminal);
        assert_eq!(text.trim(), "");
        for asked in ["--log.level info", "-log-debug"] {
            let text = once(&server.endpoint(), asked, &[], is_terminal);
            assert!(text.contains("scans are complete"), "{asked}: {text}");
        }
    }
}
