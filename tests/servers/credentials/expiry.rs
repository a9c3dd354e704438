//! A session that expires is renewed before that, in the middle of a long scan too.

use std::time::Duration;

use http::Method;
use s3_exporter_api::UnixTime;
use s3_exporter_testkit::servers::MinIo;
use s3_exporter_testkit::{Aws, OpenId, Proxy, S3Client, Session, Upload};

use crate::credentials::place::*;

/// Of a session, by its token. (The SDK renews 5 to 10 s before the end.)
const SECONDS: i64 = 13;
/// The bucket has so many pages, and each takes so long.
const PAGES: usize = 12;
const DELAY: Duration = Duration::from_millis(1600);

/// MinIO gives a session that lasts as long as the token; every second there is another
/// token. One scan takes longer than any session lasts.
#[tokio::test]
async fn a_scan_outlives_its_sessions() {
    let (provider, minio) = servers().await;
    let bucket = "long";
    minio.client().create_bucket(bucket).await;
    let uploads: Vec<_> = (0..PAGES * 1000)
        .map(|nth| {
            Upload::new(format!("a-{nth:06}"), 1).at(UnixTime::from_millis(1_700_000_000_000))
        })
        .collect();
    minio.client().put_archived(bucket, &uploads).await;

    let endpoint = minio.endpoint();
    let (proxy, aws) = (Proxy::start(&endpoint), Aws::start(&endpoint));
    proxy.faults().delay(DELAY);
    let place = Place::new();
    let mount = Mount::new(
        &place,
        "token",
        &[("token", &provider.token("pod", SECONDS))],
    );
    let (arn, sts, file) = (OpenId::role_arn(), aws.endpoint(), mount.path("token"));
    let environment = [
        ("AWS_ROLE_ARN", &*arn),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", file.to_str().unwrap()),
        ("AWS_ENDPOINT_URL_STS", &*sts),
    ];
    // One page after the other.
    let lines = "ordered = false";
    let long = store("long", "s3", &proxy.endpoint(), lines).replace(
        &format!("bucket = \"{BUCKET}\""),
        "bucket = \"long\"\nconcurrency = 1",
    );
    let mut exporter = place.start(&[long], &environment).await;
    let renewing = async {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            mount.replace(&[("token", &provider.token("pod", SECONDS))]);
        }
    };
    let scanned = exporter.until("the scan has ended", |metrics| {
        metrics.of("long", "objectstore_scans_total") >= Some(1.0)
    });
    let metrics = tokio::select! {
        metrics = scanned => metrics,
        () = renewing => unreachable!(),
    };
    assert_eq!(metrics.of("long", "objectstore_scan_success"), Some(1.0));
    let listed = metrics.of("long", "objectstore_listed_objects");
    assert_eq!(listed, Some((PAGES * 1000) as f64));
    let took = metrics
        .of("long", "objectstore_scan_duration_seconds")
        .unwrap();
    assert!(took > SECONDS as f64, "{took} s is no long scan");
    let refused = metrics.all("objectstore_api_request_failures_total", &[]);
    assert!(
        refused.iter().all(|(_, count)| *count == 0.0),
        "{refused:?}"
    );

    // Several sessions served it, and the first has indeed expired.
    let asked = aws.asked();
    let sessions: Vec<_> = asked
        .iter()
        .map(|asked| Session::read(&asked.answer))
        .collect();
    assert!(sessions.len() > 2, "{asked:#?}");
    assert!(
        list(minio, &sessions[0])
            .await
            .contains("InvalidAccessKeyId")
    );
    for asked in &asked {
        assert_eq!(asked.form["Action"], "AssumeRoleWithWebIdentity");
    }
}

/// What MinIO says to one with this session.
async fn list(minio: &MinIo, session: &Session) -> String {
    let client = S3Client::new(&minio.endpoint(), &session.access_key, &session.secret_key);
    let token = [("x-amz-security-token", &*session.token)];
    let query = [("list-type", "2")];
    let answer = client.send(Method::GET, "/long", &query, &token, "").await;
    answer.unwrap_or_else(|refused| refused.body)
}
