//! barman-cloud, as CloudNativePG runs it: `backup.info` is written first and last, and WAL comes all
//! the time.

use std::collections::BTreeMap;

use reqwest::Method;
use s3_exporter_testkit::tool;
use tokio::process::Command;

use super::postgres::Postgres;
use super::story::{BUCKET, Story, count};
use super::verdict::{Expected, Watcher};

/// A PostgreSQL whose WAL goes to the bucket.
async fn archiving(story: &mut Story) -> Postgres {
    let (endpoint, archive) = (story.endpoint(), tool("barman-cloud-wal-archive"));
    let archive = format!(
        "{} --gzip --endpoint-url {endpoint} {} main %p",
        archive.display(),
        bucket()
    );
    Postgres::start(story, &archive).await
}

fn bucket() -> String {
    format!("s3://{BUCKET}/pg")
}

/// A base backup of it, as that of this server.
fn backup_of(story: &Story, postgres: &Postgres, endpoint: &str, server: &str) -> Command {
    let socket = postgres.socket.to_string_lossy();
    let arguments = [
        "--endpoint-url",
        endpoint,
        "--immediate-checkpoint",
        "--host",
        &socket,
        "--user=lab",
        &bucket(),
        server,
    ];
    story.tool("barman-cloud-backup", &arguments)
}

fn retention(story: &Story) -> Command {
    let arguments = [
        "--endpoint-url",
        &story.endpoint(),
        "--retention-policy",
        "REDUNDANCY 1",
        &bucket(),
        "main",
    ];
    story.tool("barman-cloud-backup-delete", &arguments)
}

#[tokio::test]
async fn of_barman_cloud_the_whole_base_backups_are_told() {
    let mut story = Story::start(2000).await;
    let postgres = archiving(&mut story).await;
    let (endpoint, slow) = (story.endpoint(), story.slow_endpoint());
    let backup = |endpoint: &str| backup_of(&story, &postgres, endpoint, "main");
    let retention = || retention(&story);
    let mut watcher = Watcher::default();

    let first = story.run(backup(&endpoint)).await;
    watcher
        .expect(&story, Expected::well("a first backup", &first))
        .await;
    let second = story.run(backup(&endpoint)).await;
    watcher
        .expect(&story, Expected::well("one without a change", &second))
        .await;
    postgres.switch_wal(&story).await;
    let wal = story.count("/wals/").await;
    postgres.fill(&story, "postgres", "more", 10_000).await;
    postgres.switch_wal(&story).await;
    story.until(|listed| count(listed, "/wals/") > wal).await;
    watcher
        .expect(&story, Expected::well("WAL alone", &second))
        .await;

    story
        .kill(backup(&slow), |listed| count(listed, "backup.info") > 2)
        .await;
    let killed = |step, good| Expected {
        in_a_day: &["incomplete"],
        ..Expected::well(step, good)
    };
    watcher
        .expect(&story, killed("a killed backup", &second))
        .await;
    story.run(retention()).await;
    assert_eq!(story.count("data.tar").await, 1);
    watcher
        .expect(&story, killed("retention, which leaves it", &second))
        .await;
    let third = story.run(backup(&endpoint)).await;
    // By now it is certain that nobody goes on with the killed one.
    let dead = |step| Expected {
        now: &["incomplete"],
        ..killed(step, &third)
    };
    watcher
        .expect(&story, dead("a whole backup after it"))
        .await;
    story.run(retention()).await;
    assert_eq!(story.count("data.tar").await, 1);
    watcher.expect(&story, dead("retention again")).await;
}

/// It notices that the server has gone, and says so in `backup.info`: written last, beside no data.
#[tokio::test]
async fn of_barman_cloud_one_that_failed_is_told() {
    let mut story = Story::start(2000).await;
    let postgres = archiving(&mut story).await;
    let (endpoint, slow) = (story.endpoint(), story.slow_endpoint());
    let backup = |endpoint: &str| backup_of(&story, &postgres, endpoint, "main");
    let mut watcher = Watcher::default();

    let first = story.run(backup(&endpoint)).await;
    watcher
        .expect(&story, Expected::well("a first backup", &first))
        .await;
    let cut = async {
        story.until(|listed| count(listed, "backup.info") > 1).await;
        postgres.disconnect(&story, "barman_cloud_backup").await;
    };
    tokio::join!(story.fails(1, backup(&slow)), cut);
    let listed = story.list().await;
    let infos = listed.iter().map(|object| &object.key);
    let newest = infos.filter(|key| key.ends_with("/backup.info")).max();
    let path = format!("/{BUCKET}/{}", newest.unwrap());
    let info = story
        .client()
        .send(Method::GET, &path, &[], &[], "")
        .await
        .unwrap();
    assert!(info.contains("status=FAILED"), "{info}");
    assert_eq!(count(&listed, "data.tar"), 1);
    let failed = |step, good| Expected {
        in_a_day: &["incomplete"],
        ..Expected::well(step, good)
    };
    watcher
        .expect(&story, failed("a failed backup", &first))
        .await;
    story.run(retention(&story)).await;
    watcher
        .expect(&story, failed("retention, which leaves it", &first))
        .await;
    let next = story.run(backup(&endpoint)).await;
    let dead = Expected {
        now: &["incomplete"],
        ..failed("a whole backup after it", &next)
    };
    watcher.expect(&story, dead).await;
}

/// Servers are clusters where their names are taken from keys.
#[tokio::test]
async fn of_barman_cloud_servers_are_clusters() {
    let mut story = Story::start(2000).await;
    let postgres = archiving(&mut story).await;
    let endpoint = story.endpoint();
    let mut made = BTreeMap::new();
    for server in ["main", "spare"] {
        let run = story
            .run(backup_of(&story, &postgres, &endpoint, server))
            .await;
        made.insert(server, run);
    }
    postgres.switch_wal(&story).await;
    story.until(|listed| count(listed, "/wals/") > 0).await;
    story.expect_clusters(&made).await;
}
