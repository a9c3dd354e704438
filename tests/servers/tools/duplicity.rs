//! duplicity: a manifest completes a set of volumes.

use tokio::process::Command;

use super::story::{BUCKET, Story, count};
use super::verdict::{Expected, Watcher};

const VOLUME: &str = "difftar";

fn duplicity(story: &Story, endpoint: &str, arguments: &[&str]) -> Command {
    let (cache, url) = (story.text_path("cache"), format!("boto3+s3://{BUCKET}/web"));
    let options = [
        "--no-encryption",
        "--no-print-statistics",
        "--volsize=1",
        "--s3-endpoint-url",
        endpoint,
        "--archive-dir",
        &cache,
    ];
    story.tool("duplicity", &[arguments, &options, &[&url]].concat())
}

#[tokio::test]
async fn of_duplicity_the_sets_with_a_manifest_are_told() {
    let story = Story::start(1000).await;
    let endpoint = story.endpoint();
    let source = story.text_path("source");
    let backup = |endpoint: &str, kind: &str| duplicity(&story, endpoint, &[kind, &source]);
    let retention = || {
        duplicity(
            &story,
            &endpoint,
            &["remove-all-but-n-full", "1", "--force"],
        )
    };
    let mut watcher = Watcher::default();

    story.write("a", 2_500_000);
    let full = story.run(backup(&endpoint, "full")).await;
    watcher
        .expect(&story, Expected::well("a full backup", &full))
        .await;
    let unchanged = story.run(backup(&endpoint, "inc")).await;
    watcher
        .expect(
            &story,
            Expected::well("an increment of nothing", &unchanged),
        )
        .await;
    story.write("b", 2_500_000);
    let increment = story.run(backup(&endpoint, "inc")).await;
    watcher
        .expect(&story, Expected::well("an increment", &increment))
        .await;

    story.write("c", 6_000_000);
    let volumes = story.count(VOLUME).await;
    let slow = backup(&story.slow_endpoint(), "full");
    story
        .kill(slow, |listed| count(listed, VOLUME) > volumes + 1)
        .await;
    let killed = Expected {
        in_a_day: &["incomplete"],
        ..Expected::well("a killed full backup", &increment)
    };
    watcher.expect(&story, killed).await;
    story.run(retention()).await;
    assert_eq!(story.count(VOLUME).await, volumes);
    watcher
        .expect(&story, Expected::well("retention after it", &increment))
        .await;

    let slow = backup(&story.slow_endpoint(), "full");
    story
        .kill(slow, |listed| count(listed, VOLUME) > volumes + 1)
        .await;
    let resumed = story.run(backup(&endpoint, "full")).await;
    watcher
        .expect(
            &story,
            Expected::well("a full one that goes on with a killed one", &resumed),
        )
        .await;
    story.run(retention()).await;
    assert_eq!(story.count("duplicity-inc").await, 0);
    watcher
        .expect(&story, Expected::well("retention", &resumed))
        .await;
}
