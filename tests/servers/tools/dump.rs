//! A dump in a pipe: whoever uploads never knows that the dump failed.

use reqwest::Method;
use s3_exporter_testkit::servers::MinIo;
use s3_exporter_testkit::tool;
use tokio::process::Command;

use super::postgres::Postgres;
use super::story::{BUCKET, Run, Story};
use super::verdict::{Expected, Watcher};

/// `pg_dump | gzip | mc pipe` of a database, as a script of somebody's: the shell gives the exit
/// code of the last.
fn dump(story: &Story, endpoint: &str, database: &str) -> Command {
    let (pg_dump, mc) = (tool("pg_dump"), tool("mc"));
    let time = jiff::Timestamp::now().strftime("%Y%m%d-%H%M%S");
    let script = format!(
        "{} {database} | gzip | {} --config-dir mc --quiet pipe it/{BUCKET}/pg/app-{time}.sql.gz",
        pg_dump.display(),
        mc.display()
    );
    let (scheme, host) = endpoint.split_once("://").unwrap();
    let (key, secret) = (MinIo::ACCESS_KEY, MinIo::SECRET_KEY);
    let mut command = story.command("/bin/sh".as_ref(), &["-c", &script]);
    command.env("MC_HOST_it", format!("{scheme}://{key}:{secret}@{host}"));
    command
}

#[tokio::test]
async fn of_dumps_those_that_hold_something_are_told() {
    let mut story = Story::start(200).await;
    let endpoint = story.endpoint();
    let postgres = Postgres::start(&mut story, "true").await;
    let mut watcher = Watcher::default();

    // Of a database that is not there yet.
    story.run(dump(&story, &endpoint, "app")).await;
    assert_eq!(story.list().await[0].size, 20);
    let nothing = Expected {
        step: "a dump of no database",
        good: None,
        now: &["empty"],
        in_a_day: &["empty"],
    };
    watcher.expect(&story, nothing).await;
    postgres.create(&story, "app").await;
    postgres.fill(&story, "app", "some", 20_000).await;
    let first = next_second(&story, &endpoint, "app").await;
    watcher
        .expect(&story, Expected::well("a dump", &first))
        .await;
    let unchanged = next_second(&story, &endpoint, "app").await;
    watcher
        .expect(&story, Expected::well("one of the same", &unchanged))
        .await;

    // It is not in a listing: an upload in parts is an object when it is complete.
    postgres.fill(&story, "app", "more", 200_000).await;
    let slow = dump(&story, &story.slow_endpoint(), "app");
    story
        .kill_when(slow, async || uploads(&story).await == 1)
        .await;
    watcher
        .expect(&story, Expected::well("a killed upload", &unchanged))
        .await;
    assert_eq!(uploads(&story).await, 1);
    let more = next_second(&story, &endpoint, "app").await;
    watcher
        .expect(&story, Expected::well("one of more", &more))
        .await;
    let listed = story.list().await;
    for old in &listed[..listed.len() - 2] {
        story.client().delete(BUCKET, &old.key).await;
    }
    watcher
        .expect(&story, Expected::well("retention of the newest two", &more))
        .await;

    next_second(&story, &endpoint, "gone").await;
    let empty = Expected {
        now: &["empty"],
        in_a_day: &["empty"],
        ..Expected::well("a dump of a database that is gone", &more)
    };
    watcher.expect(&story, empty).await;
    let mended = next_second(&story, &endpoint, "app").await;
    watcher
        .expect(
            &story,
            Expected::well("a dump of the right one again", &mended),
        )
        .await;
}

/// A dump under a key that no other has: it says the second.
async fn next_second(story: &Story, endpoint: &str, database: &str) -> Run {
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    story.run(dump(story, endpoint, database)).await
}

/// How many uploads in parts are unfinished.
async fn uploads(story: &Story) -> usize {
    let (client, path) = (story.client(), format!("/{BUCKET}"));
    let question = [("uploads", "")];
    let answer = client.send(Method::GET, &path, &question, &[], "").await;
    answer.unwrap().matches("<UploadId>").count()
}
