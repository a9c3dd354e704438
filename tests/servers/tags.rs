//! Tags of buckets that are labels.

use reqwest::Method;
use s3_exporter_testkit::servers::{MinIo, SeaweedFs};
use s3_exporter_testkit::{S3Client, Upload};

use crate::common::command::Program;
use crate::common::{Exporter, Metrics};

const ROOT: [&str; 2] = [MinIo::ACCESS_KEY, MinIo::SECRET_KEY];
const READER: [&str; 2] = ["id-hunter-1", "key-hunter-2"]; // what `Program` looks for in all output
const INFO: &str = "objectstore_destination_info";
const TAGS: &str =
    "labels_from_tags = [\"team\", \"cost-center\", \"env\"]\nlabels = { env = \"given\" }\n";

fn config(kind: &str, endpoint: &str, [id, secret]: [&str; 2], more: &str) -> String {
    format!(
        "[scan]\ninterval = \"1s\"\n[backends.store]\ntype = \"{kind}\"\nendpoint = \"{endpoint}\"\n\
         region = \"us-east-1\"\naccess_key_id = \"{id}\"\nsecret_access_key = \"{secret}\"\n\
         [[destinations]]\nname = \"d\"\nbucket = \"etcd\"\nmax_age = \"25h\"\nalso_interval = \"1s\"\n{more}"
    )
}

async fn bucket(client: &S3Client) {
    client.create_bucket("etcd").await;
    client.put("etcd", &Upload::new("lab-1-0", 3)).await;
}

/// Gives the bucket these tags alone.
async fn tag(client: &S3Client, tags: &[(&str, &str)]) {
    let tags: String = tags
        .iter()
        .map(|(key, value)| format!("<Tag><Key>{key}</Key><Value>{value}</Value></Tag>"))
        .collect();
    let body = format!("<Tagging><TagSet>{tags}</TagSet></Tagging>");
    let made = client.send(Method::PUT, "/etcd", &[("tagging", "")], &[], body);
    made.await.unwrap();
}

/// Whether the information has these labels, whichever others.
fn has(metrics: &Metrics, labels: &[(&str, &str)]) -> bool {
    metrics.all(INFO, labels).len() == 1
}

fn success(metrics: &Metrics) -> Option<f64> {
    metrics.of("d", "objectstore_beside_success")
}

async fn tags_are_labels(kind: &str, endpoint: &str, keys: [&str; 2], client: &S3Client) {
    tag(
        client,
        &[
            ("team", "db"),
            ("cost-center", "a +b=c"),
            ("env", "prod"),
            ("other", "x"),
        ],
    )
    .await;
    let config = config(kind, endpoint, keys, TAGS);
    let mut exporter = Exporter::with_config(&config, &[]).await;
    let expected = [("team", "db"), ("cost_center", "a +b=c"), ("env", "given")];
    let metrics = exporter
        .until("tags are labels", |metrics| has(metrics, &expected))
        .await;
    assert!(
        !metrics.all(INFO, &[])[0].0.contains("other="),
        "{}",
        metrics.ours()
    );
    assert_eq!(success(&metrics), Some(1.0));
    let requests = metrics.by("objectstore_api_requests_total", "operation");
    assert!(requests["GetBucketTagging"] >= 1.0, "{requests:?}");
    let status = exporter.status().await;
    let labels = &status["destinations"][0]["labels"];
    assert_eq!(labels["team"], "db", "{labels}");
    assert_eq!(labels["cost_center"], "a +b=c", "{labels}");
    assert_eq!(labels["env"], "given", "{labels}");
    let page = exporter.get("/status/d").await;
    assert!(page.contains("<code>team=db</code>"), "{page}");
    // What changes is seen; a bucket without tags has none, which is no failure.
    tag(client, &[("team", "web")]).await;
    let changed = |metrics: &Metrics| has(metrics, &[("team", "web"), ("env", "given")]);
    let metrics = exporter.until("they change", changed).await;
    assert!(!metrics.all(INFO, &[])[0].0.contains("cost_center="));
    let gone = client.send(Method::DELETE, "/etcd", &[("tagging", "")], &[], "");
    gone.await.unwrap();
    let gone = |metrics: &Metrics| !metrics.all(INFO, &[])[0].0.contains("team=");
    let metrics = exporter.until("they go", gone).await;
    assert_eq!(success(&metrics), Some(1.0));
    let requests = metrics.all("objectstore_api_request_failures_total", &[]);
    assert!(
        requests.iter().all(|(_, count)| *count == 0.0),
        "{requests:?}"
    );
}

#[tokio::test]
async fn tags_of_minio_are_labels() {
    let minio = MinIo::start().await;
    let client = minio.client();
    bucket(&client).await;
    for kind in ["s3", "minio"] {
        tags_are_labels(kind, &minio.endpoint(), ROOT, &client).await;
    }
}

#[tokio::test]
async fn tags_of_seaweedfs_are_labels() {
    let server = SeaweedFs::start().await;
    let client = server.client();
    bucket(&client).await;
    let keys = [SeaweedFs::ACCESS_KEY, SeaweedFs::SECRET_KEY];
    for kind in ["s3", "minio"] {
        tags_are_labels(kind, &server.endpoint(), keys, &client).await;
    }
}

/// Who may not read them is told so once, with the right that it takes, and has no label of them; scans go on.
#[tokio::test]
async fn what_may_not_be_read_is_no_label() {
    let minio = MinIo::start().await;
    let client = minio.client();
    bucket(&client).await;
    tag(&client, &[("team", "db")]).await;
    let may = |actions: &[&str]| MinIo::policy(actions, &["etcd"]);
    minio
        .add_user(READER[0], READER[1], &may(&["s3:ListBucket"]))
        .await;
    for kind in ["s3", "minio"] {
        minio.set_policy(READER[0], &may(&["s3:ListBucket"])).await;
        let config = config(kind, &minio.endpoint(), READER, TAGS);
        let mut exporter = Exporter::with_config(&config, &[]).await;
        let asked = |metrics: &Metrics| {
            let requests = metrics.by("objectstore_api_requests_total", "operation");
            requests
                .get("GetBucketTagging")
                .is_some_and(|asked| *asked >= 3.0)
        };
        let metrics = exporter.until("it is asked three times", asked).await;
        assert_eq!(success(&metrics), Some(0.0));
        assert_eq!(metrics.of("d", "objectstore_scan_success"), Some(1.0));
        assert!(!metrics.all(INFO, &[])[0].0.contains("team="));
        let log = exporter.log();
        let right = "allow s3:GetBucketTagging on the bucket";
        assert_eq!(log.matches(right).count(), 1, "{kind}: {log}");
        let both = ["s3:ListBucket", "s3:GetBucketTagging"];
        minio.set_policy(READER[0], &may(&both)).await;
        let known = |metrics: &Metrics| has(metrics, &[("team", "db")]);
        let metrics = exporter.until("it may", known).await;
        assert_eq!(success(&metrics), Some(1.0));
    }
}

/// One reload later other tags are labels, without another request.
#[tokio::test]
async fn a_reload_chooses_other_tags() {
    let minio = MinIo::start().await;
    let client = minio.client();
    bucket(&client).await;
    tag(&client, &[("team", "db"), ("env", "prod")]).await;
    let of = |tags: &str| {
        let text = config(
            "s3",
            &minio.endpoint(),
            ROOT,
            &format!("labels_from_tags = {tags}\n"),
        );
        text.replace("also_interval = \"1s\"", "also_interval = \"1h\"")
    };
    let mut exporter = Exporter::with_config(&of("[\"team\"]"), &[]).await;
    let team = |metrics: &Metrics| has(metrics, &[("team", "db")]);
    exporter.until("one is a label", team).await;
    std::fs::write(exporter.file("config.toml"), of("[\"env\"]")).unwrap();
    assert_eq!(exporter.reload().await.0, 200);
    let env = |metrics: &Metrics| has(metrics, &[("env", "prod")]);
    let metrics = exporter.until("another is", env).await;
    assert!(!team(&metrics));
    let requests = metrics.by("objectstore_api_requests_total", "operation");
    assert_eq!(requests["GetBucketTagging"], 1.0, "{requests:?}");
}

/// Who cannot says so, and shows nothing.
#[test]
fn a_folder_has_no_tags() {
    let folder = tempfile::tempdir().unwrap();
    let config = format!(
        "[backends.disk]\ntype = \"file\"\n[[destinations]]\nname = \"d\"\nbucket = {:?}\nmax_age = \"25h\"\n{TAGS}",
        folder.path()
    );
    let checked = Program::new(&["check", "--connect"])
        .file("config.toml", &config)
        .run();
    let line = "listing tags of d: FAILED, internal: ";
    let why = "this backend cannot read tags of buckets; use a backend that can, or do without";
    assert!(
        checked.stdout.contains(line) && checked.stdout.contains(why),
        "{checked:?}"
    );
}
