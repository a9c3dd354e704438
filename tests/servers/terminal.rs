//! What somebody sees who runs the program at a terminal.

use std::process::Command;

use s3_exporter_testkit::{S3sServer, Upload};

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

/// Whether a text asks a terminal for a colour, or anything like it.
fn has_colour(text: &str) -> bool {
    text.split("\u{1b}[").skip(1).any(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != ';');
        end.is_some_and(|end| rest[end..].starts_with('m'))
    })
}

/// What is left on a terminal after it was sent this: the lines, without those that are blank at the
/// end.
///
/// # Panics
/// Where it is sent what this does not know.
fn screen(text: &str) -> String {
    let mut rows: Vec<Vec<char>> = vec![Vec::new()];
    let (mut row, mut column) = (0_usize, 0_usize);
    let mut rest = text.chars();
    while let Some(letter) = rest.next() {
        match letter {
            '\r' => column = 0,
            '\n' => row += 1,
            ESCAPE => {
                assert_eq!(rest.next(), Some('['), "{text:?}");
                let mut number = String::new();
                let command = loop {
                    match rest.next().unwrap() {
                        digit @ ('0'..='9' | ';' | '?') => number.push(digit),
                        command => break command,
                    }
                };
                match (&*number, command) {
                    (_, 'm' | 'l' | 'h') => {} // colours, and the cursor itself
                    ("2", 'K') => rows[row].clear(),
                    ("" | "0", 'K') => rows[row].truncate(column),
                    (by, 'A') => row -= by.parse::<usize>().unwrap_or(1),
                    (by, 'B') => row += by.parse::<usize>().unwrap_or(1),
                    _ => panic!("ESC [ {number} {command} in {text:?}"),
                }
            }
            letter => {
                let line = &mut rows[row];
                line.resize(line.len().max(column + 1), ' ');
                line[column] = letter;
                column += 1;
            }
        }
        rows.resize(rows.len().max(row + 1), Vec::new());
    }
    let lines = rows.iter().map(|line| line.iter().collect::<String>());
    lines.collect::<Vec<_>>().join("\n").trim_end().to_owned()
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
        assert_eq!(has_colour(&text), is_coloured, "{variables:?}: {text}");
        let is_dumb = variables[0].0 == "TERM";
        assert!(!is_dumb || !text.contains(ESCAPE), "{text:?}");
    }
}

#[test]
fn once_says_nothing_of_what_is_well_unless_asked() {
    let server = S3sServer::start();
    server.store().create_bucket("backups");
    for is_terminal in [true, false] {
        let text = once(&server.endpoint(), "", &[], is_terminal);
        let left = match is_terminal {
            true => screen(&text), // on a busy machine it may show how far it is
            false => text,
        };
        assert_eq!(left.trim(), "");
        for asked in ["--log.level info", "-log-debug"] {
            let text = once(&server.endpoint(), asked, &[], is_terminal);
            assert!(text.contains("scans are complete"), "{asked}: {text}");
        }
    }
}

/// What `report` shows of a store that takes its time, at a terminal or without one.
fn report(environment: &[(&str, &str)], is_terminal: bool) -> String {
    let server = S3sServer::start();
    server.store().create_bucket("backups");
    let foreign = Upload::new("README", 1);
    server.store().put_all("backups", [foreign]);
    server.faults().delay(std::time::Duration::from_millis(700));
    let program = env!("CARGO_BIN_EXE_s3-exporter");
    let line = format!(
        "{program} report s3://backups --endpoint {}",
        server.endpoint()
    );
    let mut command = match is_terminal {
        true => Command::new("script"),
        false => Command::new("sh"),
    };
    match is_terminal {
        true => command.args(["-qec", &line, "/dev/null"]),
        false => command.args(["-c", &line]),
    };
    let output = command
        .env_remove("NO_COLOR")
        .env("TERM", "xterm")
        .env("AWS_ACCESS_KEY_ID", S3sServer::ACCESS_KEY)
        .env("AWS_SECRET_ACCESS_KEY", S3sServer::SECRET_KEY)
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_report_has_colours_and_shows_its_progress_at_a_terminal_alone() {
    const COLOUR: &str = "\u{1b}[33m"; // of what is no good news
    let cases = [
        (&[][..], true, true, true),
        (&[("NO_COLOR", "1")], true, false, true),
        (&[("TERM", "dumb")], true, false, false),
        (&[], false, false, false),
    ];
    for (variables, is_terminal, has_colours, has_progress) in cases {
        let text = report(variables, is_terminal);
        assert!(text.contains("No backups were recognised"), "{text}");
        assert_eq!(
            text.contains(COLOUR),
            has_colours,
            "{variables:?}: {text:?}"
        );
        assert_eq!(
            text.contains("listing: "),
            has_progress,
            "{variables:?}: {text:?}"
        );
        assert!(is_terminal || !text.contains(ESCAPE), "{text:?}");
    }
}

/// What a command shows at a terminal, beside a configuration of a store that is there.
fn at_terminal(folder: &std::path::Path, arguments: &str) -> String {
    let line = format!("{} {arguments}", env!("CARGO_BIN_EXE_s3-exporter"));
    let output = Command::new("script")
        .args(["-qec", &line, "/dev/null"])
        .current_dir(folder)
        .env_remove("NO_COLOR")
        .env("TERM", "xterm")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The parts of a text that tell of progress.
fn progress(text: &str) -> Vec<&str> {
    let told = text.split("listing: ").skip(1);
    told.map(|rest| rest.split(['\u{1b}', '\r', '\n']).next().unwrap())
        .collect()
}

#[tokio::test]
async fn whoever_waits_sees_how_far_it_is_and_nothing_of_it_afterwards() {
    let store = s3_exporter_testkit::Memory::new().with_page_size(10);
    let objects = (0..45).map(|nth| s3_exporter_testkit::Upload::new(format!("{nth:03}"), 7));
    store.put_all("backups", objects);
    // Of no order that is known: one page after another.
    let server = S3sServer::builder().server("x").store(&store).start();
    let config = format!(
        "[state]\ndirectory = \"state\"\n[backends.s]\ntype = \"s3\"\nendpoint = \"{}\"\n\
         access_key_id = \"{}\"\nsecret_access_key = \"{}\"\n[[destinations]]\nbucket = \"backups\"\n",
        server.endpoint(),
        S3sServer::ACCESS_KEY,
        S3sServer::SECRET_KEY
    );
    let mut exporter = crate::common::Exporter::with_config(&config, &[]).await;
    let is_known =
        |now: &crate::common::Metrics| now.of("backups", "objectstore_scan_success") == Some(1.0);
    exporter.until("it is scanned", is_known).await;
    exporter.terminate().await;
    let config = exporter.file("config.toml");
    let folder = config.parent().unwrap();

    server.faults().delay(std::time::Duration::from_millis(400));
    for (command, says) in [
        (
            "once --textfile x.prom --log.level info",
            "scans are complete",
        ),
        ("check --connect", "ok, 45 objects"),
    ] {
        let text = at_terminal(folder, command);
        let told = progress(&text);
        assert!(told.len() > 2, "{command}: {text:?}");
        let of_pages = |told: &&str| told.contains(" pages, ") && told.contains("0 objects, ");
        assert!(told.iter().any(of_pages), "{command}: {told:?}");
        assert!(
            told.iter().any(|told| told.contains(" a second")),
            "{told:?}"
        );
        assert!(!told.iter().any(|told| told.contains('%')), "{told:?}");
        let left = screen(&text);
        let is_clean = |line: &str| !line.contains("listing: ");
        assert!(left.contains(says) && left.lines().all(is_clean), "{left}");
    }
    // What was kept says how much there is.
    let text = at_terminal(folder, "report");
    let told = progress(&text);
    let of_share = |told: &&str| told.contains(" %, about ") && told.contains(" left, ");
    assert!(told.iter().any(of_share), "{told:?}");
    assert!(!screen(&text).contains("listing: "), "{text:?}");
}
