//! What other clients than ours make of a bucket.

use reqwest::Method;
use s3_exporter_testkit::S3Client;
use s3_exporter_testkit::servers::S3Store;
use s3_exporter_testkit::tool;
use serde_json::Value;

/// Objects and bytes.
pub type Figures = (u64, u64);

/// What rclone counts, by this version of the listing, fifty keys a page.
pub async fn by_rclone(store: &S3Store, bucket: &str, version: u8) -> Figures {
    let (version, remote) = (version.to_string(), format!("store:{bucket}"));
    let output = tokio::process::Command::new(tool("rclone-s3"))
        .args(["size", "--json", "--fast-list", "--retries", "1", &remote])
        .env("RCLONE_CONFIG", "/dev/null")
        .env("RCLONE_CONFIG_STORE_TYPE", "s3")
        .env("RCLONE_CONFIG_STORE_PROVIDER", "Other")
        .env("RCLONE_CONFIG_STORE_ENDPOINT", &store.endpoint)
        .env("RCLONE_CONFIG_STORE_REGION", "us-east-1")
        .env("RCLONE_CONFIG_STORE_ACCESS_KEY_ID", store.access_key)
        .env("RCLONE_CONFIG_STORE_SECRET_ACCESS_KEY", store.secret_key)
        .env("RCLONE_S3_LIST_VERSION", version)
        .env("RCLONE_S3_LIST_CHUNK", "50")
        .output()
        .await
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let size: Value = serde_json::from_slice(&output.stdout).unwrap();
    (
        size["count"].as_u64().unwrap(),
        size["bytes"].as_u64().unwrap(),
    )
}

/// What stands in one page of the store's answer, read as text.
pub async fn by_page(client: &S3Client, bucket: &str) -> Figures {
    let query = [("list-type", "2"), ("encoding-type", "url")];
    let body = asked(client, bucket, &query).await.unwrap();
    (count(&body, "Contents"), sizes(&body))
}

/// Whether the store lets this client list.
pub async fn may_list(client: &S3Client, bucket: &str) -> bool {
    asked(client, bucket, &[("list-type", "2")]).await.is_ok()
}

/// Earlier versions and delete markers, likewise; the code of the refusal where it cannot.
pub async fn versions(client: &S3Client, bucket: &str) -> Result<(u64, u64), String> {
    let body = asked(client, bucket, &[("versions", "")]).await?;
    let earlier = body.split("<Version>").skip(1);
    let earlier = earlier.filter(|version| version.contains("<IsLatest>false<"));
    Ok((earlier.count() as u64, count(&body, "DeleteMarker")))
}

/// Unfinished uploads, likewise.
pub async fn uploads(client: &S3Client, bucket: &str) -> Result<u64, String> {
    let body = asked(client, bucket, &[("uploads", "")]).await?;
    Ok(count(&body, "Upload"))
}

async fn asked(client: &S3Client, bucket: &str, query: &[(&str, &str)]) -> Result<String, String> {
    let path = format!("/{bucket}");
    let answer = client.send(Method::GET, &path, query, &[], "").await;
    answer.map_err(|refused| code(&refused.status.to_string(), &refused.body))
}

/// The code in a refusal's body, or its status.
pub fn code(status: &str, body: &str) -> String {
    let code = body
        .split_once("<Code>")
        .and_then(|(_, rest)| rest.split('<').next());
    code.unwrap_or(status).to_owned()
}

fn count(body: &str, element: &str) -> u64 {
    body.matches(&format!("<{element}>")).count() as u64
}

fn sizes(body: &str) -> u64 {
    let sizes = body.split("<Size>").skip(1);
    let sizes = sizes.map(|rest| rest.split('<').next().unwrap().parse::<u64>().unwrap());
    sizes.sum()
}
