//! How buckets are set, as far as rights and stores let it be read.

use std::collections::BTreeMap;

use reqwest::Method;
use s3_exporter_testkit::servers::{MinIo, SeaweedFs};
use s3_exporter_testkit::{S3Client, Upload};

use crate::common::command::Program;
use crate::common::{Exporter, Metrics};

const MINIO: [&str; 2] = [MinIo::ACCESS_KEY, MinIo::SECRET_KEY];
const READER: [&str; 2] = ["id-hunter-1", "key-hunter-2"]; // what `Program` looks for in all output
const MORE: &str = "also = [\"posture\"]\nalso_interval = \"1s\"\n";

fn config(kind: &str, endpoint: &str, [id, secret]: [&str; 2], bucket: &str) -> String {
    format!(
        "[scan]\ninterval = \"1s\"\n[backends.store]\ntype = \"{kind}\"\nendpoint = \"{endpoint}\"\n\
         region = \"us-east-1\"\naccess_key_id = \"{id}\"\nsecret_access_key = \"{secret}\"\n\
         [[destinations]]\nname = \"d\"\nbucket = \"{bucket}\"\nmax_age = \"25h\"\n{MORE}"
    )
}

/// The state of each setting that is known; of each, exactly one.
fn posture(metrics: &Metrics) -> BTreeMap<String, String> {
    let mut states = BTreeMap::new();
    for (series, value) in metrics.all("objectstore_bucket_posture", &[]) {
        let of = |label: &str| {
            let (_, rest) = series.split_once(&format!("{label}=\"")).unwrap();
            rest.split('"').next().unwrap().to_owned()
        };
        let states: &mut Vec<_> = states.entry(of("setting")).or_default();
        match value {
            1.0 => states.push(of("state")),
            value => assert_eq!(value, 0.0, "{series}"),
        }
    }
    let one = |(setting, states): (String, Vec<String>)| {
        assert_eq!(states.len(), 1, "{setting}: {states:?}");
        (setting, states.into_iter().next().unwrap())
    };
    states.into_iter().map(one).collect()
}

fn map(states: &[(&str, &str)]) -> BTreeMap<String, String> {
    let states = states.iter();
    states
        .map(|(setting, state)| ((*setting).to_owned(), (*state).to_owned()))
        .collect()
}

fn success(metrics: &Metrics) -> Option<f64> {
    metrics.of("d", "objectstore_beside_success")
}

async fn set(client: &S3Client, bucket: &str, setting: &str, body: &str) {
    let (path, query) = (format!("/{bucket}"), [(setting, "")]);
    client
        .send(Method::PUT, &path, &query, &[], body.to_owned())
        .await
        .unwrap_or_else(|refused| panic!("{setting} of {bucket}: {refused:?}"));
}

const RETENTION: &str = "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule>\
    <DefaultRetention><Mode>COMPLIANCE</Mode><Days>1</Days></DefaultRetention></Rule></ObjectLockConfiguration>";
const EXPIRES: &str = "<LifecycleConfiguration><Rule><ID>a</ID><Filter><Prefix>x/</Prefix></Filter>\
    <Status>Enabled</Status><Expiration><Days>30</Days></Expiration></Rule></LifecycleConfiguration>";
const ENCRYPTED: &str = "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault>\
    <SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>";

fn public(bucket: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":["*"]}},"Action":["s3:GetObject"],"Resource":["arn:aws:s3:::{bucket}/*"]}}]}}"#
    )
}

/// `plain`, where nothing was set, and `set`, where much was, and which everybody may read: MinIO says of
/// both that their policies are not public.
async fn minio() -> MinIo {
    let minio = MinIo::start().await;
    let client = minio.client();
    client.create_bucket("plain").await;
    let headers = [("x-amz-bucket-object-lock-enabled", "true")];
    let made = client.send(Method::PUT, "/set", &[], &headers, "");
    made.await.unwrap();
    for bucket in ["plain", "set"] {
        client.put(bucket, &Upload::new("k", 3)).await;
    }
    for arguments in [
        "retention set --default GOVERNANCE 1d it/set",
        "ilm rule add --prefix x/ --expire-days 30 it/set",
        "anonymous set download it/set",
    ] {
        minio.mc(&Vec::from_iter(arguments.split(' '))).await;
    }
    minio
}

#[tokio::test]
async fn minio_tells_what_it_has() {
    let minio = minio().await;
    for kind in ["s3", "minio"] {
        for (bucket, expected) in [
            (
                "plain",
                map(&[
                    ("object_lock", "off"),
                    ("versioning", "off"),
                    ("lifecycle", "off"),
                    ("encryption", "off"),
                ]),
            ),
            (
                "set",
                map(&[
                    ("object_lock", "governance"),
                    ("versioning", "enabled"),
                    ("lifecycle", "expires"),
                    ("encryption", "off"),
                ]),
            ),
        ] {
            let config = config(kind, &minio.endpoint(), MINIO, bucket);
            let mut exporter = Exporter::with_config(&config, &[]).await;
            let known = |metrics: &Metrics| success(metrics).is_some();
            let metrics = exporter.until("settings", known).await;
            assert_eq!(posture(&metrics), expected, "{kind}: {}", exporter.log());
            assert_eq!(success(&metrics), Some(1.0));
            let requests = metrics.by("objectstore_api_requests_total", "operation");
            for operation in [
                "GetObjectLockConfiguration",
                "GetBucketVersioning",
                "GetBucketLifecycleConfiguration",
                "GetBucketEncryption",
                "GetPublicAccessBlock",
                "GetBucketPolicyStatus",
            ] {
                assert!(requests[operation] >= 1.0, "{kind}: {requests:?}");
            }
            let failures = metrics.all("objectstore_api_request_failures_total", &[]);
            let failed: Vec<_> = failures.iter().filter(|(_, count)| *count > 0.0).collect();
            assert!(
                failed.is_empty(),
                "what was never set is no failure: {failed:?}"
            );
            let status = exporter.status().await;
            let beside = &status["destinations"][0]["beside"][0];
            assert_eq!(beside["settings"], serde_json::json!(expected));
            let unknown = beside["settings_not_known"].as_object().unwrap();
            assert_eq!(unknown.len(), 2, "{unknown:?}");
            let page = exporter.get("/status/d").await;
            let not_known = "not known: public access block (the store does not tell); policy (the store does not tell)";
            assert!(page.contains(not_known), "{page}");
        }
    }
}

/// What changes is seen, by its own clock.
#[tokio::test]
async fn what_is_set_otherwise_is_seen() {
    let minio = minio().await;
    let config = config("s3", &minio.endpoint(), MINIO, "plain");
    let mut exporter = Exporter::with_config(&config, &[]).await;
    for (arguments, setting, state) in [
        ("version enable it/plain", "versioning", "enabled"),
        (
            "ilm rule add --noncurrent-expire-days 30 it/plain",
            "lifecycle",
            "enabled",
        ),
        ("version suspend it/plain", "versioning", "suspended"),
    ] {
        minio.mc(&Vec::from_iter(arguments.split(' '))).await;
        let is_seen = |metrics: &Metrics| {
            posture(metrics)
                .get(setting)
                .is_some_and(|now| now == state)
        };
        exporter.until(state, is_seen).await;
    }
}

/// One who may read a single setting has that one, and is told of the others once. One who may read none
/// has no figure.
#[tokio::test]
async fn what_may_not_be_read_has_no_series() {
    let minio = minio().await;
    let may = |actions: &[&str]| MinIo::policy(actions, &["set"]);
    let some = ["s3:ListBucket", "s3:GetBucketVersioning"];
    minio.add_user(READER[0], READER[1], &may(&some)).await;
    for kind in ["s3", "minio"] {
        let config = config(kind, &minio.endpoint(), READER, "set");
        let mut exporter = Exporter::with_config(&config, &[]).await;
        let listed = |metrics: &Metrics| {
            let requests = metrics.by("objectstore_api_requests_total", "operation");
            requests["GetBucketPolicyStatus"] >= 3.0
        };
        let metrics = exporter.until("settings, three times", listed).await;
        assert_eq!(
            posture(&metrics),
            map(&[("versioning", "enabled")]),
            "{kind}"
        );
        assert_eq!(success(&metrics), Some(1.0));
        let log = exporter.log();
        let told = "settings of the bucket cannot be read: they have no series";
        assert_eq!(log.matches(told).count(), 1, "{kind}: {log}");
        for right in [
            "s3:GetBucketObjectLockConfiguration",
            "s3:GetLifecycleConfiguration",
            "s3:GetEncryptionConfiguration",
            "s3:GetBucketPolicyStatus",
        ] {
            assert!(
                log.contains(&format!("allow {right} on the bucket")),
                "{kind}: {log}"
            );
        }
        drop(exporter);
        let check = || {
            Program::new(&["check", "--connect"])
                .file("config.toml", &config)
                .run()
        };
        let checked = check();
        let line = "listing posture of d: ok, versioning enabled; not known: object lock (";
        assert!(checked.stdout.contains(line), "{checked:?}");
        assert_eq!(checked.code, Some(0), "{checked:?}");

        minio.set_policy(READER[0], &may(&some[..1])).await;
        let checked = check();
        let line = "listing posture of d: FAILED, denied: reading settings of bucket \"set\" at ";
        assert!(checked.stdout.contains(line), "{checked:?}");
        assert_eq!(checked.code, Some(1), "{checked:?}");
        let mut exporter = Exporter::with_config(&config, &[]).await;
        let failed = |metrics: &Metrics| success(metrics).is_some();
        let metrics = exporter.until("none can be read", failed).await;
        assert_eq!(
            (success(&metrics), posture(&metrics)),
            (Some(0.0), map(&[]))
        );
        assert_eq!(metrics.of("d", "objectstore_scan_success"), Some(1.0));
        minio.set_policy(READER[0], &may(&some)).await;
    }
}

#[tokio::test]
async fn seaweedfs_tells_what_it_has() {
    let server = SeaweedFs::start().await;
    let client = server.client();
    for bucket in ["plain", "set"] {
        client.create_bucket(bucket).await;
    }
    client.enable_versioning("set").await;
    set(&client, "set", "lifecycle", EXPIRES).await;
    set(&client, "set", "encryption", ENCRYPTED).await;
    set(&client, "set", "policy", &public("set")).await;
    let headers = [("x-amz-bucket-object-lock-enabled", "true")];
    let made = client.send(Method::PUT, "/locked", &[], &headers, "");
    made.await.unwrap();
    set(&client, "locked", "object-lock", RETENTION).await;
    let keys = [SeaweedFs::ACCESS_KEY, SeaweedFs::SECRET_KEY];
    let settings = [
        "object_lock",
        "versioning",
        "lifecycle",
        "encryption",
        "policy",
    ];
    for kind in ["s3", "minio"] {
        for (bucket, states) in [
            ("plain", ["off", "off", "off", "off", "off"]),
            ("set", ["off", "enabled", "expires", "sse_s3", "public"]),
            ("locked", ["compliance", "enabled", "off", "off", "off"]),
        ] {
            let config = config(kind, &server.endpoint(), keys, bucket);
            let mut exporter = Exporter::with_config(&config, &[]).await;
            let known = |metrics: &Metrics| success(metrics).is_some();
            let metrics = exporter.until("settings", known).await;
            let expected: Vec<_> = settings.into_iter().zip(states).collect();
            assert_eq!(
                posture(&metrics),
                map(&expected),
                "{kind}: {}",
                exporter.log()
            );
        }
    }
}

/// Who cannot says so, and shows nothing.
#[test]
fn a_folder_has_no_settings() {
    let folder = tempfile::tempdir().unwrap();
    let config = format!(
        "[backends.disk]\ntype = \"file\"\n[[destinations]]\nname = \"d\"\nbucket = {:?}\nmax_age = \"25h\"\n{MORE}",
        folder.path()
    );
    let checked = Program::new(&["check", "--connect"])
        .file("config.toml", &config)
        .run();
    let line = "listing posture of d: FAILED, internal: ";
    let why = "this backend cannot read settings of buckets; use a backend that can, or do without";
    assert!(
        checked.stdout.contains(line) && checked.stdout.contains(why),
        "{checked:?}"
    );
}
