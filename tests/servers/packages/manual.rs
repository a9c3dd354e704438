//! The manual page, by the programs that show it and by one that finds faults in it.

use s3_exporter::cli::flags::FLAGS;

use super::{machine, prints};

#[tokio::test]
async fn it_has_no_fault() {
    let machine = machine::shared().await;
    machine.write("/tmp/s3-exporter.1", prints(&["man"]), 0o644);
    let lint = machine.run(&[
        "mandoc",
        "-T",
        "lint",
        "-W",
        "warning",
        "/tmp/s3-exporter.1",
    ]);
    // It has no date, so that the same source makes the same page.
    let others = lint
        .text
        .lines()
        .filter(|line| !line.contains("missing date"));
    assert_eq!(others.collect::<Vec<_>>(), [""; 0]);
}

#[tokio::test]
async fn it_says_what_help_says() {
    let machine = machine::shared().await;
    machine.write("/usr/share/man/man1/s3-exporter.1", prints(&["man"]), 0o644);
    let shown = machine.prints(&["sh", "-c", "MANWIDTH=200 man s3-exporter | col -b"]);
    let mut words: Vec<_> = FLAGS
        .iter()
        .map(|flag| format!("--{}", flag.long))
        .collect();
    // The commands, with what they alone take.
    for line in [
        "check [FILE] [--connect]",
        "once [FILE] [--textfile FILE]",
        "rules [FILE] [--format FORMAT] [--runbooks URL] [--output FILE]",
        "explain KEY [--destination NAME] [--connect]",
        "healthcheck [FILE] [--ready]",
        "completions SHELL",
        "EXIT STATUS",
        "/etc/s3-exporter/config.toml",
        "s3-exporter - Prometheus exporter for object storage that holds backups",
    ] {
        words.push(line.to_owned());
    }
    for word in words {
        assert!(shown.contains(&word), "{word} is not in:\n{shown}");
    }
    // What `apropos` and `whatis` know it by.
    let name = machine.prints(&["lexgrog", "/usr/share/man/man1/s3-exporter.1"]);
    assert!(
        name.contains("\"s3-exporter - Prometheus exporter"),
        "{name}"
    );
}
