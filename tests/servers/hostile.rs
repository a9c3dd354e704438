//! Names that somebody chose to do harm: keys, clusters, and what a store answers. They are
//! shown, and do nothing: in metrics, logs, pages, the API and the terminal.

use std::collections::BTreeSet;
use std::process::Command;

use reqwest::Client;
use s3_exporter::log_safe::is_obeyed;
use s3_exporter_testkit::Fault;
use s3_exporter_testkit::servers::check_metrics;

use crate::common::hostile::{config, evil_error, foreign, names, server};
use crate::common::{Exporter, program};

/// What a terminal would obey; line feeds end lines and nothing else.
#[track_caller]
fn assert_tame(text: &str, what: &str) {
    for line in text.split('\n') {
        let found = line.chars().find(|c| is_obeyed(*c));
        assert_eq!(found, None, "{what}: {line:?}");
    }
}

/// A page whose keys go backwards, so that they are told.
fn evil_page() -> Fault {
    let object = |key: &str| {
        format!(
            "<Contents><Key>{key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>\
             <Size>1</Size><StorageClass>STANDARD</StorageClass></Contents>"
        )
    };
    let keys = ["z%0Aforged%1B%5B31m", "%E2%80%AEa%0D%0A%3Cscript%3E"].map(object);
    Fault::Answer {
        status: 200,
        headers: vec![
            ("content-type".to_owned(), "application/xml".to_owned()),
            ("server".to_owned(), "MinIO".to_owned()),
        ],
        body: format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult>\
             <EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>{}</ListBucketResult>",
            keys.concat()
        )
        .into(),
    }
}

/// The values of a label, as a parser of the format reads them.
fn labels(text: &str, family: &str, label: &str) -> BTreeSet<String> {
    let begins = format!("{family}{{destination=\"one\"");
    let lines = text.lines().filter(|line| line.starts_with(&begins));
    let value = |line: &str| {
        let (_, rest) = line.split_once(&format!("{label}=\"")).unwrap();
        let mut value = String::new();
        let mut chars = rest.chars();
        loop {
            match chars.next().unwrap() {
                '"' => break value,
                '\\' => value.push(match chars.next().unwrap() {
                    'n' => '\n',
                    other => other,
                }),
                other => value.push(other),
            }
        }
    };
    lines.map(value).collect()
}

async fn page(exporter: &Exporter) -> String {
    let client = Client::builder().no_proxy().build().unwrap();
    let page = client.get(exporter.url("/")).header("accept", "text/html");
    page.send().await.unwrap().text().await.unwrap()
}

fn check_page(page: &str) {
    assert_tame(page, "the page");
    for markup in ["<img", "<script>", "<b>"] {
        assert!(!page.contains(markup), "{markup}: {page}");
    }
    assert_eq!(page.matches("<script").count(), 1, "its own: {page}");
    let tables = page.matches("<table").count();
    assert_eq!(page.matches("</table>").count(), tables, "{page}");
}

async fn shown_and_harmless(format: &str) {
    let server = server();
    let more = format!("[log]\nlevel = \"debug\"\nformat = \"{format}\"\n");
    let files = [("names", &*names().join("\n"))];
    let mut exporter = Exporter::with_config(&config(&server, &more), &files).await;
    let states = |success: f64| {
        move |metrics: &crate::common::Metrics| {
            ["one", "other"]
                .iter()
                .all(|name| metrics.of(name, "objectstore_scan_success") == Some(success))
        }
    };
    exporter.until("both are scanned", states(1.0)).await;

    let text = exporter.get("/metrics").await;
    check_metrics(&text).unwrap();
    let expected: BTreeSet<_> = names().into_iter().collect();
    assert_eq!(labels(&text, "objectstore_objects", "cluster"), expected);
    let listed = (names().len() + foreign().len()) as f64;
    let metrics = exporter.metrics().await;
    for (family, value) in [("listed", listed), ("unassigned", foreign().len() as f64)] {
        let family = format!("objectstore_{family}_objects");
        assert_eq!(metrics.of("one", &family), Some(value), "{family}");
        assert_eq!(metrics.of("other", &family), Some(value), "{family}");
    }
    for (_, value) in metrics.all("objectstore_objects", &[("destination", "one")]) {
        assert_eq!(value, 1.0);
    }
    let status = exporter.status().await;
    let clusters = status["destinations"][0]["clusters"].as_array().unwrap();
    let clusters = clusters.iter().map(|of| of["cluster"].as_str().unwrap());
    assert_eq!(
        clusters.map(str::to_owned).collect::<BTreeSet<_>>(),
        expected
    );
    let well = page(&exporter).await;
    check_page(&well);
    assert!(well.contains("&lt;img src=x") && well.contains("\\u{202e}txet"));

    // Keys in an error, and then an error that is nothing else.
    server.faults().next([Some(evil_page()), Some(evil_page())]);
    exporter.until("scans go on", states(1.0)).await;
    server.faults().always(Some(evil_error()));
    exporter.until("both fail", states(0.0)).await;
    let failing = page(&exporter).await;
    check_page(&failing);
    check_metrics(&exporter.get("/metrics").await).unwrap();
    exporter.terminate().await;

    let log = exporter.log();
    assert_tame(&log, "the log");
    for line in log.lines() {
        let is_ours = match format {
            "json" => serde_json::from_str::<serde_json::Value>(line)
                .is_ok_and(|line| line["time"].is_string() && line["msg"] != "forged"),
            _ => line.starts_with("20") && line.as_bytes().get(10) == Some(&b'T'),
        };
        assert!(is_ours, "no line of its own: {line:?}");
    }
    assert!(log.contains("Evil"), "the error is told: {log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_metrics_pages_and_a_log_of_json() {
    shown_and_harmless("json").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_log_for_people() {
    shown_and_harmless("console").await;
}

/// The commands that people type.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_terminal() {
    let server = server();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    std::fs::write(folder.path().join("names"), names().join("\n")).unwrap();
    std::fs::write(&file, config(&server, "")).unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(program());
        let output = command.args(arguments).arg("--config").arg(&file).output();
        let output = output.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let (stdout, stderr) = (text(output.stdout), text(output.stderr));
        assert_tame(&stdout, &format!("{arguments:?}"));
        assert_tame(&stderr, &format!("{arguments:?}"));
        (output.status.code(), stdout, stderr)
    };
    let owned = names()
        .into_iter()
        .map(|name| (format!("{name}-\u{1b}\n1"), true));
    let keys = owned.chain(foreign().into_iter().map(|key| (key, false)));
    for (key, is_owned) in keys {
        let (code, stdout, stderr) = run(&["explain", &key]);
        assert_eq!(code, Some(0), "{key:?}: {stderr}");
        // Below each there is what is told of its backup.
        let own = stdout.lines().filter(|line| !line.starts_with(' '));
        assert_eq!(own.count(), 2, "{key:?}: {stdout}");
        assert_eq!(
            !stdout.contains(": unassigned, because"),
            is_owned,
            "{stdout}"
        );
    }
    let (code, stdout, _) = run(&["check", "--connect"]);
    assert_eq!(code, Some(0), "{stdout}");
    server.faults().always(Some(evil_error()));
    let (code, stdout, stderr) = run(&["check", "--connect"]);
    assert_eq!(code, Some(1), "{stdout}{stderr}");
    assert!(stdout.contains("Evil"), "{stdout}");
    for line in stdout.lines() {
        let begins = [
            "server:",
            "log:",
            "backend ",
            "resolver ",
            "destination ",
            "the conf",
            "FAILED: 2 of 2 destinations",
        ];
        assert!(begins.iter().any(|b| line.starts_with(b)), "{line:?}");
    }
    // Faults of a configuration that somebody else has written.
    std::fs::write(
        &file,
        "[log]\nlevel = \"\\u001b[31m\\u202e\"\n\"\\u001b]0;x\" = 1\n[destinations]\n",
    )
    .unwrap();
    let (code, _, stderr) = run(&["check"]);
    assert_eq!(code, Some(2), "{stderr}");
}
