//! The synthetic server as the bench runs it: in a process of its own.

#![allow(clippy::unwrap_used)] // a test that cannot go on ends where it happened

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use s3_exporter_api::{Continuation, Page};
use s3_exporter_testkit::SyntheticBucket;

struct Server {
    child: Child,
    address: String,
    http: reqwest::Client,
}

impl Server {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_synthetic-s3"))
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut address = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut address)
            .unwrap();
        Self {
            child,
            address: address.trim().to_owned(),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
        }
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let url = format!("{}{path}", self.address);
        let answer = self.http.get(url).send().await.unwrap();
        assert_eq!(answer.headers()["server"], "MinIO");
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    async fn list(&self, query: &str) -> (Vec<String>, u64, Continuation) {
        let path = format!("/bucket?list-type=2&encoding-type=url&{query}");
        let (status, text) = self.get(&path).await;
        assert_eq!(status, 200, "{text}");
        let mut page = Page::new();
        let next = s3_exporter_page::read(text.as_bytes(), &mut page).unwrap();
        let keys = page
            .keys()
            .map(|key| String::from_utf8(key.to_vec()).unwrap());
        let bytes = page.iter().map(|object| object.size).sum();
        (keys.collect(), bytes, next)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn keys(bucket: &SyntheticBucket) -> Vec<String> {
    let keys = (0..bucket.objects()).map(|index| bucket.key(index));
    keys.map(|key| String::from_utf8(key).unwrap()).collect()
}

/// Whatever the order of its fields is, which others decide by the features that they ask for.
fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

#[tokio::test]
async fn a_listing_by_tokens_gives_all_and_is_counted() {
    let server = Server::start(&["--objects", "2500", "--clusters", "3", "--skewed"]);
    let bucket = SyntheticBucket::skewed(2500, 3);
    let (mut all, mut bytes, mut next) = server.list("max-keys=999").await;
    while let Continuation::Token(token) = next {
        let (keys, more, then) = server
            .list(&format!("max-keys=999&continuation-token={token}"))
            .await;
        all.extend(keys);
        bytes += more;
        next = then;
    }
    assert_eq!(all, keys(&bucket));
    assert_eq!(bytes, bucket.bytes());
    let (_, totals) = server.get("/-/totals").await;
    assert!(totals.contains(&format!("\"bytes\":{bytes}")), "{totals}");
    let (_, stats) = server.get("/-/stats").await;
    assert_eq!(
        json(&stats),
        json(r#"{"max_in_flight":1,"requests":3,"throttled":0}"#)
    );
    server.get("/-/reset").await;
    let (_, stats) = server.get("/-/stats").await;
    assert_eq!(
        json(&stats),
        json(r#"{"max_in_flight":0,"requests":0,"throttled":0}"#)
    );
}

#[tokio::test]
async fn ranges_and_prefixes_are_exact() {
    let server = Server::start(&["--objects", "100", "--clusters", "7"]);
    let all = keys(&SyntheticBucket::even(100, 7));
    for (index, key) in all.iter().enumerate() {
        let (listed, _, _) = server.list(&format!("start-after={key}")).await;
        assert_eq!(listed, all[index + 1..]);
        let (listed, _, next) = server.list(&format!("prefix={key}")).await;
        assert_eq!((listed, next), (vec![key.clone()], Continuation::End));
    }
    let (_, names) = server.get("/-/clusters").await;
    let mut found = 0;
    for name in names.lines() {
        let (listed, _, _) = server.list(&format!("prefix={name}-&start-after=0")).await;
        assert!(listed.iter().all(|key| key.starts_with(name)), "{listed:?}");
        found += listed.len();
    }
    assert_eq!((names.lines().count(), found), (7, 100));
}

#[tokio::test]
async fn what_is_too_much_in_flight_is_throttled() {
    let server = Server::start(&["--objects", "10", "--throttle", "2", "--latency", "3s"]);
    let path = "/bucket?list-type=2";
    // All are sent long before the first is answered.
    let answers = futures::future::join_all((0..5).map(|_| server.get(path))).await;
    let refused = answers.iter().filter(|(status, _)| *status == 503);
    let codes: Vec<_> = refused
        .map(|(_, text)| text.contains("<Code>SlowDown</Code>"))
        .collect();
    assert_eq!(codes, [true; 3]);
    let (_, stats) = server.get("/-/stats").await;
    assert_eq!(
        json(&stats),
        json(r#"{"max_in_flight":5,"requests":5,"throttled":3}"#)
    );
}
