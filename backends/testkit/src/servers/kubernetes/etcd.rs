//! What happens to a Kubernetes API from below: in the etcd that holds its objects.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::{StreamExt, stream};
use reqwest::Client;
use serde_json::{Value, json};

use super::Kubernetes;
use crate::s3_client::http_client;

/// Requests at a time.
const AT_ONCE: usize = 16;

impl Kubernetes {
    /// Makes etcd forget all that was before this moment, as the API server has it done
    /// every five minutes: who goes on from an earlier one is told 410 Gone. (The API server
    /// hides that behind its cache where it has one: see `--watch-cache`.)
    pub async fn compact(&self) {
        let put = json!({"key": STANDARD.encode("/test/compacted"), "value": ""});
        let http = http_client(None);
        let answer = self.etcd(&http, "put", &put).await;
        let revision = &answer["header"]["revision"];
        let all_before = json!({ "revision": revision });
        self.etcd(&http, "compaction", &all_before).await;
    }

    /// Creates objects of a cluster-scoped kind, and deletes others, by writing to etcd: as
    /// fast as one likes, and also while the API server is down. Those of a CRD alone: they
    /// are kept as JSON.
    pub async fn write(
        &self,
        [group, plural, kind]: [&str; 3],
        create: &[String],
        delete: &[String],
    ) {
        let key = |name: &str| STANDARD.encode(format!("/registry/{group}/{plural}/{name}"));
        let created = create.iter().map(|name| {
            let object = json!({
                "apiVersion": format!("{group}/v1"),
                "kind": kind,
                "metadata": {
                    "name": name,
                    "uid": uid(),
                    "generation": 1,
                    "creationTimestamp": "2026-01-01T03:00:00Z",
                },
            });
            let value = STANDARD.encode(object.to_string());
            ("put", json!({"key": key(name), "value": value}))
        });
        let deleted = delete
            .iter()
            .map(|name| ("deleterange", json!({"key": key(name)})));
        // One by one: the API server writes no two objects at once, and relies on that.
        let http = &http_client(None);
        stream::iter(created.chain(deleted))
            .for_each_concurrent(AT_ONCE, async |(what, body)| {
                self.etcd(http, what, &body).await;
            })
            .await;
    }

    /// Asks etcd through its JSON gateway.
    async fn etcd(&self, http: &Client, what: &str, body: &Value) -> Value {
        let url = format!("http://127.0.0.1:{}/v3/kv/{what}", self.etcd_port);
        let request = http.post(&url).body(body.to_string());
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{url} {body}: {status}: {text}");
        serde_json::from_str(&text).unwrap()
    }
}

/// One that no other object has.
fn uid() -> String {
    let bits = fastrand::u128(..);
    let hex = format!("{bits:032x}");
    let (a, b, c, d, e) = (
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    );
    format!("{a}-{b}-{c}-{d}-{e}")
}
