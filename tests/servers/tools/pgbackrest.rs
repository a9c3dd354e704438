//! pgBackRest: a manifest completes a backup, and the next one may go on with a killed one under its
//! label.

use s3_exporter_testkit::servers::MinIo;
use s3_exporter_testkit::tool;
use tokio::process::Command;

use super::postgres::{Postgres, as_nobody};
use super::story::{BUCKET, Listed, Story, count};
use super::verdict::{Expected, Watcher};

const DATA: &str = "/pg_data/";

/// Its configuration for a store at that port. It takes names alone from a certificate, no
/// addresses.
fn configuration(story: &Story, port: &str) -> String {
    let [lock, authority, data, socket] =
        ["lock", "authority.pem", "postgres/data", "postgres"].map(|name| story.text_path(name));
    let (key, secret) = (MinIo::ACCESS_KEY, MinIo::SECRET_KEY);
    format!(
        "[global]\n\
         repo1-type=s3\nrepo1-path=/repo\nrepo1-s3-bucket={BUCKET}\nrepo1-s3-region=us-east-1\n\
         repo1-s3-endpoint=localhost\nrepo1-storage-port={port}\nrepo1-s3-uri-style=path\n\
         repo1-storage-ca-file={authority}\nrepo1-s3-key={key}\nrepo1-s3-key-secret={secret}\n\
         repo1-retention-full=2\nlock-path={lock}\nlog-level-file=off\nlog-level-console=warn\n\
         start-fast=y\nprocess-max=2\ncompress-level=1\n\
         [main]\npg1-path={data}\npg1-socket-path={socket}\npg1-user=lab\n"
    )
}

/// The newest label of a backup, whole or not.
fn newest_label(listed: &[Listed]) -> String {
    let labels = listed.iter().filter_map(|object| {
        let (label, _) = object
            .key
            .strip_prefix("repo/backup/main/2")?
            .split_once('/')?;
        Some(format!("2{label}"))
    });
    labels.max().unwrap()
}

#[tokio::test]
async fn of_pgbackrest_the_backups_with_a_manifest_are_told() {
    let mut story = Story::start_tls(600).await;
    for (name, endpoint) in [("fast", story.endpoint()), ("slow", story.slow_endpoint())] {
        let port = endpoint.rsplit(':').next().unwrap();
        let text = configuration(&story, port);
        std::fs::write(story.path(name), text).unwrap();
    }
    let program = tool("pgbackrest");
    let fast = story.text_path("fast");
    let archive = format!(
        "{} --config={fast} --stanza=main archive-push %p",
        program.display()
    );
    let postgres = Postgres::start(&mut story, &archive).await;
    let pgbackrest = |config: &str, arguments: &[&str]| -> Command {
        let config = format!("--config={}", story.text_path(config));
        let arguments = [&[&config, "--stanza=main"], arguments].concat();
        as_nobody(&story, "pgbackrest", &arguments)
    };
    let backup = |kind: &str| {
        let kind = format!("--type={kind}");
        pgbackrest("fast", &["backup", &kind])
    };
    let kill_a_full_one = async || {
        let files = story.count(DATA).await;
        let slow = pgbackrest("slow", &["backup", "--type=full"]);
        story
            .kill(slow, |listed| count(listed, DATA) > files + 40)
            .await;
        newest_label(&story.list().await)
    };
    let mut watcher = Watcher::default();

    story.run(pgbackrest("fast", &["stanza-create"])).await;
    let full = story.run(backup("full")).await;
    watcher
        .expect(&story, Expected::well("a full backup", &full))
        .await;
    let increment = story.run(backup("incr")).await;
    watcher
        .expect(&story, Expected::well("an increment", &increment))
        .await;
    story.run(pgbackrest("fast", &["expire"])).await;
    watcher
        .expect(&story, Expected::well("retention of nothing", &increment))
        .await;

    kill_a_full_one().await;
    let after_a_kill = Expected {
        in_a_day: &["incomplete"],
        ..Expected::well("a killed full backup", &increment)
    };
    watcher.expect(&story, after_a_kill).await;
    story.run(pgbackrest("fast", &["expire"])).await;
    watcher
        .expect(
            &story,
            Expected::well("retention, which removes it", &increment),
        )
        .await;

    let label = kill_a_full_one().await;
    let resumed = story.run(backup("full")).await;
    assert_eq!(newest_label(&story.list().await), label);
    watcher
        .expect(
            &story,
            Expected::well("one that goes on with a killed one", &resumed),
        )
        .await;
    let wal = story.count("/archive/").await;
    postgres.fill(&story, "postgres", "more", 10_000).await;
    postgres.switch_wal(&story).await;
    story.until(|listed| count(listed, "/archive/") > wal).await;
    watcher
        .expect(&story, Expected::well("WAL alone", &resumed))
        .await;
    let last = story.run(backup("full")).await;
    assert_eq!(story.count("/backup.manifest.copy").await, 2);
    watcher
        .expect(
            &story,
            Expected::well("a full one with its retention", &last),
        )
        .await;
    // Stanzas are clusters where their names are taken from keys.
    story.expect_clusters(&[("main", last)].into()).await;
}
