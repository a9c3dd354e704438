//! What is bad changes nothing, and all of it is said.

use s3_exporter_testkit::S3sServer;
use serde_json::Value;

use super::{
    Exporter, SUCCESSFUL, TIME, backend, bucket, fill, hourly, own, reload, replace, until_listed,
    write,
};

/// The lines of the log that tell a fault.
fn told(lines: &[Value]) -> Vec<&str> {
    let told = lines
        .iter()
        .filter(|line| line["msg"] == "a fault of the configuration");
    told.map(|line| line["error"].as_str().unwrap()).collect()
}

fn refusals(lines: &[Value]) -> usize {
    let refused = |line: &&Value| {
        let msg = line["msg"].as_str().unwrap();
        msg.starts_with("the configuration is refused")
    };
    lines.iter().filter(refused).count()
}

#[tokio::test]
async fn a_bad_file_changes_nothing_and_a_good_one_heals_it() {
    const SECRET: &str = "a-secret-in-a-bad-file";
    let server = S3sServer::start();
    fill(&server, "d", 3);
    let good = format!("{}{}", backend("store", &server, ""), hourly("d", ""));
    let mut exporter = Exporter::with_config(&good, &[]).await;
    let before = until_listed(&mut exporter, &["d"]).await;

    let bad = format!(
        "[scan]\ninterval = \"soon\"\n{}\n[[destinations]]\nbucket = \"d\"\nbackend = \"stor\"\n\
         [[destinations]]\nbukket = \"e\"\n",
        backend("store", &server, "ordered = 7").replace(S3sServer::SECRET_KEY, SECRET)
    );
    write(&exporter, &bad);
    let (status, answer) = exporter.reload().await;
    assert_eq!(status, 400, "{answer}");
    let faults: Vec<_> = answer.lines().collect();
    let about = |word: &str| faults.iter().filter(|fault| fault.contains(word)).count();
    assert_eq!(faults.len(), 4, "{answer}");
    for word in ["interval", "ordered", "stor\"", "bukket"] {
        assert_eq!(about(word), 1, "{word}: {answer}");
    }
    assert!(
        faults.iter().all(|fault| fault.contains("config.toml:")),
        "{answer}"
    );
    assert_eq!(told(&exporter.log_lines()), faults);
    let now = exporter.metrics().await;
    assert_eq!(own(&now, SUCCESSFUL), 0.0);
    assert_eq!(own(&now, TIME), own(&before, TIME));
    let watched = |metrics: &super::Metrics| metrics.with(&[("destination", "d")]);
    assert_eq!(watched(&now), watched(&before));

    exporter.signal("HUP");
    let twice = [&faults[..], &faults[..]].concat();
    let lines = exporter
        .until_log("it is refused again", |lines| refusals(lines) == 2)
        .await;
    assert_eq!(told(&lines), twice);
    assert_eq!(own(&exporter.metrics().await, SUCCESSFUL), 0.0);

    std::fs::remove_file(exporter.file("config.toml")).unwrap();
    let (status, answer) = exporter.reload().await;
    assert_eq!((status, answer.lines().count()), (400, 1), "{answer}");
    assert!(answer.contains("config.toml: No such file"), "{answer}");

    write(&exporter, &good);
    exporter.signal("HUP");
    let now = exporter
        .until("it is good again", |now| own(now, SUCCESSFUL) == 1.0)
        .await;
    assert!(own(&now, TIME) > own(&before, TIME));
    assert_eq!(watched(&now), watched(&before), "all that time");
    assert!(!exporter.log().contains(SECRET) && !answer.contains(SECRET));
}

#[tokio::test]
async fn what_needs_a_restart_is_said_and_the_rest_is_done() {
    let server = S3sServer::start();
    fill(&server, "d", 3);
    fill(&server, "e", 3);
    let good = format!("{}{}", backend("store", &server, ""), hourly("d", ""));
    let mut exporter = Exporter::with_config(&good, &[]).await;
    until_listed(&mut exporter, &["d"]).await;
    let fixed = "[server]\nadmin_listen = [\"127.0.0.1:1\"]\n[log]\nformat = \"console\"\n\
                 [state]\ndirectory = \"state\"\n";
    let other = format!("{fixed}{good}{}", hourly("e", ""));
    for _ in 0..2 {
        let answer = reload(&exporter, &other).await;
        let warnings: Vec<_> = answer
            .lines()
            .filter_map(|line| line.strip_prefix("warning: "))
            .collect();
        assert_eq!(warnings.len(), 3, "{answer}");
        for (warning, key) in
            warnings
                .iter()
                .zip(["server.admin_listen", "log.format", "state.directory"])
        {
            assert!(
                warning.starts_with(&format!("`{key}` needs a restart")),
                "{answer}"
            );
            let is_told = |line: &Value| line["level"] == "warn" && line["msg"] == *warning;
            assert!(exporter.log_lines().iter().any(is_told), "{warning}");
        }
    }
    until_listed(&mut exporter, &["e"]).await;
    let answer = reload(&exporter, &good).await;
    assert!(!answer.contains("warning"), "as it was started: {answer}");
}

#[tokio::test]
async fn with_flags_alone_there_is_nothing_to_read() {
    let server = S3sServer::start();
    fill(&server, "d", 3);
    let keys = [
        ("ACCESS_KEY_ID", S3sServer::ACCESS_KEY),
        ("SECRET_ACCESS_KEY", S3sServer::SECRET_KEY),
    ];
    let endpoint = server.endpoint();
    let flags = [
        "-endpoint",
        &endpoint,
        "-bucket",
        &bucket("d"),
        "-cluster",
        "a",
    ];
    let mut exporter = Exporter::start(&flags, &keys).await;
    let before = until_listed(&mut exporter, &[&bucket("d")]).await;
    let (status, answer) = exporter.reload().await;
    assert_eq!(status, 200);
    assert!(
        answer.starts_with("there is nothing to read again"),
        "{answer}"
    );
    let now = exporter.metrics().await;
    assert_eq!(own(&now, SUCCESSFUL), 1.0);
    assert!(own(&now, TIME) > own(&before, TIME));
}

/// Many at once, while the file is good and bad by turns: each is told what came of its own.
#[tokio::test]
async fn reloads_that_come_together_are_done_one_after_another() {
    const AT_ONCE: usize = 8;
    const ROUNDS: usize = 25;
    let server = S3sServer::start();
    fill(&server, "d", 3);
    let good = format!("{}{}", backend("store", &server, ""), hourly("d", ""));
    let mut exporter = Exporter::with_config(&good, &[]).await;
    let before = until_listed(&mut exporter, &["d"]).await;
    let path = exporter.file("config.toml");
    let (mut done, mut refused) = (0, 0);
    for round in 0..ROUNDS {
        let asking = futures::future::join_all((0..AT_ONCE).map(|_| exporter.reload()));
        let writing = async {
            tokio::task::yield_now().await;
            replace(&path, if round % 2 == 0 { "bad" } else { &good });
        };
        let (answers, ()) = tokio::join!(asking, writing);
        for (status, answer) in answers {
            match status {
                200 => {
                    assert!(answer.contains("is in effect"), "{answer}");
                    done += 1;
                }
                400 => {
                    assert!(
                        answer.contains("config.toml:1: this is not TOML"),
                        "{answer}"
                    );
                    refused += 1;
                }
                _ => panic!("{status}: {answer}"),
            }
        }
    }
    assert!(done > 0 && refused > 0, "{done} done, {refused} refused");
    reload(&exporter, &good).await;
    let lines = exporter.log_lines();
    let read = lines
        .iter()
        .filter(|line| line["msg"] == "reading the configuration again")
        .count();
    assert_eq!(read, AT_ONCE * ROUNDS + 1);
    assert_eq!(refusals(&lines), refused);
    let now = exporter.metrics().await;
    assert_eq!(super::of(&now, "d"), super::of(&before, "d"));
}
