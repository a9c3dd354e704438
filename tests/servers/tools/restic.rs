//! restic: its snapshots tell of backups; packs, indexes and locks do not.

use std::time::Duration;

use s3_exporter_api::UnixTime;
use tokio::process::Command;

use super::story::{BUCKET, Story, count};
use super::verdict::{Expected, Watcher};

/// The exit code where somebody else has locked the repository.
const LOCKED: i32 = 11;

fn restic(story: &Story, endpoint: &str, arguments: &[&str]) -> Command {
    let repository = format!("s3:{endpoint}/{BUCKET}");
    let cache = story.text_path("cache");
    let few_connections = ["--quiet", "-o", "s3.connections=2", "--pack-size=4"];
    let mut command = story.tool("restic", &[&few_connections, arguments].concat());
    command
        .current_dir(story.path("source"))
        .env("RESTIC_PASSWORD", "lab")
        .env("RESTIC_REPOSITORY", repository)
        .env("RESTIC_CACHE_DIR", cache);
    command
}

#[tokio::test]
async fn of_restic_the_snapshots_are_told() {
    let story = Story::start(1500).await;
    let endpoint = story.endpoint();
    let restic_at_once = |arguments: &[&str]| restic(&story, &endpoint, arguments);
    let mut watcher = Watcher::default();
    story.run(restic_at_once(&["init"])).await;

    story.write("a", 3_000_000);
    let first = story.run(restic_at_once(&["backup", "."])).await;
    watcher
        .expect(&story, Expected::well("a first backup", &first))
        .await;
    let unchanged = story.run(restic_at_once(&["backup", "."])).await;
    watcher
        .expect(&story, Expected::well("one without a change", &unchanged))
        .await;
    story.write("b", 3_000_000);
    let more = story.run(restic_at_once(&["backup", "."])).await;
    watcher
        .expect(&story, Expected::well("one of more files", &more))
        .await;

    story.write("c", 20_000_000);
    let packs = story.count("data/").await;
    let slow = restic(&story, &story.slow_endpoint(), &["backup", "."]);
    story
        .kill(slow, |listed| count(listed, "data/") > packs)
        .await;
    assert_eq!(story.count("locks/").await, 1);
    let locked = |step, good| Expected {
        in_a_day: &["retention_stuck"],
        ..Expected::well(step, good)
    };
    watcher
        .expect(&story, locked("a killed backup", &more))
        .await;
    let retention = ["forget", "--keep-last=2", "--prune"];
    story.fails(LOCKED, restic_at_once(&retention)).await;
    watcher
        .expect(&story, locked("retention that is locked out", &more))
        .await;
    // What becomes of it at the end is told by backups that were more than a minute apart.
    let later = (more.ended.as_millis() + 65_000).saturating_sub(UnixTime::now().as_millis());
    let later = u64::try_from(later).unwrap_or_default();
    tokio::time::sleep(Duration::from_millis(later)).await;
    let next = story.run(restic_at_once(&["backup", "."])).await;
    watcher
        .expect(&story, locked("a backup beside the dead lock", &next))
        .await;

    story.run(restic_at_once(&["unlock"])).await;
    watcher
        .expect(&story, Expected::well("unlocking", &next))
        .await;
    story.run(restic_at_once(&retention)).await;
    assert_eq!(story.count("snapshots/").await, 2);
    watcher
        .expect(&story, Expected::well("retention", &next))
        .await;
    // All snapshots are written anew: only who knew the old ones can tell.
    story.serve().await;
    story.run(restic_at_once(&["tag", "--add=keep"])).await;
    watcher
        .expect_remembering(&story, Expected::well("a tag", &next))
        .await;
}
