//! `/api/v1` is as `docs/openapi.json` describes it, in every state that a destination can be in.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use s3_exporter_api::UnixTime;
use s3_exporter_testkit::{Fault, Memory, S3sServer, Upload, tool};
use serde_json::{Value, json};

use crate::common::Exporter;

const DESCRIPTION: &str = "docs/openapi.json";

/// What does not fit of these answers, each with its path as the description writes it, its status
/// and its body.
fn faults(answers: &[(&str, u16, Value)]) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let answers: Vec<_> = answers
        .iter()
        .map(|(path, status, body)| json!({"path": path, "status": status, "body": body}))
        .collect();
    let mut held = Command::new(tool("openapi-python"))
        .args([
            root.join("tests/servers/api/hold.py"),
            root.join(DESCRIPTION),
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let text = serde_json::to_vec(&answers).unwrap();
    let mut input = held.stdin.take().unwrap();
    let writing = std::thread::spawn(move || input.write_all(&text));
    let output = held.wait_with_output().unwrap();
    writing.join().unwrap().unwrap();
    let said = String::from_utf8(output.stdout).unwrap().trim().to_owned();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.success(), said.is_empty(), "{complaints}");
    said
}

const STATUS: &str = "/api/v1/status";
const DESTINATION: &str = "/api/v1/status/{destination}";
const NO_CLUSTER: &str = "/api/v1/status/{destination}/";
const CLUSTER: &str = "/api/v1/status/{destination}/{cluster}";
const SD: &str = "/api/v1/sd";
const OPENAPI: &str = "/api/v1/openapi.json";

/// An answer, with how the description writes its path.
async fn ask(exporter: &Exporter, path: &'static str, asked: &str) -> (&'static str, u16, Value) {
    let answer = exporter.answer(asked).await;
    let (status, kind) = (
        answer.status().as_u16(),
        answer.headers()["content-type"].clone(),
    );
    assert_eq!(kind, "application/json", "{asked}");
    let text = answer.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{asked}: {text}"));
    (path, status, body)
}

/// A store of backups: one a day of `lab-1`, the last of `lab-2` long ago, and some of nobody.
fn backups() -> Memory {
    let store = Memory::new().with_page_size(10);
    let now = UnixTime::now().as_millis();
    let backup = |cluster: &str, days: i64| {
        let millis = now - days * 86_400_000 - 3_600_000;
        let time = jiff::Timestamp::from_millisecond(millis).unwrap();
        let key = format!("{cluster}-daily-%Y-%m-%dt%H-%M-%S.db.gz");
        let key = time.strftime(&key).to_string();
        Upload::new(key, 5_000_000 + days as u64).at(UnixTime::from_millis(millis))
    };
    store.put_all("good", (0..20).map(|days| backup("lab-1", days)));
    store.put_all("good", (9..30).map(|days| backup("lab-2", days)));
    let foreign = (0..30).map(|nth| Upload::new(format!("tmp/{nth:02} \u{1b}[1m<b>"), 100 + nth));
    store.put_all("good", foreign);
    store.create_bucket("empty");
    store.put_all(
        "old",
        (0..25).map(|nth| Upload::new(format!("{nth:02}"), 1)),
    );
    store
}

#[tokio::test]
async fn answers_are_as_described_in_every_state() {
    let store = backups();
    let server = S3sServer::builder().server("MinIO").store(&store).start();
    let (slow, ill) = (S3sServer::builder(), S3sServer::builder());
    let slow = slow.server("x").store(&store).start();
    let ill = ill.server("x").store(&store).start();
    let mut config = "[scan]\ninterval = \"1s\"\naudit_interval = \"1s\"\n".to_owned();
    for (name, of) in [("s", &server), ("slow", &slow), ("ill", &ill)] {
        config += &format!(
            "[backends.{name}]\ntype = \"s3\"\nendpoint = \"{}\"\naccess_key_id = \"{}\"\n\
             secret_access_key = \"{}\"\nprice_per_1000_requests = 0.005\nrequest_timeout = \"1h\"\n",
            of.endpoint(),
            S3sServer::ACCESS_KEY,
            S3sServer::SECRET_KEY
        );
    }
    for (name, backend, bucket, more) in [
        (
            "good / \u{2603} %2F",
            "s",
            "good",
            "clusters = [\"lab-1\", \"lab-2\", \"idle\"]\nmax_age = \"25h\"\nkeep = 30\n",
        ),
        ("whole", "s", "good", ""),
        ("empty", "s", "empty", "clusters = [\"lab-1\"]\n"),
        ("failing", "s", "nobody", "clusters = [\"lab-1\"]\n"),
        ("scanning", "slow", "old", ""),
        ("stale", "ill", "old", ""),
    ] {
        config += &format!(
            "[[destinations]]\nname = \"{name}\"\nbackend = \"{backend}\"\nbucket = \"{bucket}\"\n{more}"
        );
    }
    slow.faults().delay(Duration::from_secs(3600));
    let exporter = Exporter::with_config(&config, &[]).await;
    let first = exporter.status().await;
    let until = async |what: &str, fits: &dyn Fn(&Value) -> bool| {
        for _ in 0..1200 {
            let now = exporter.status().await;
            if fits(&now) {
                return now;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!(
            "never {what}: {:#}\n{}",
            exporter.status().await,
            exporter.log()
        );
    };
    let of = |now: &Value, name: &str| -> Value {
        let all = now["destinations"].as_array().unwrap().iter();
        all.into_iter()
            .find(|of| of["destination"] == name)
            .unwrap()
            .clone()
    };
    const GOOD: &str = "good / \u{2603} %2F";
    until("scanned and audited", &|now: &Value| {
        of(now, "stale")["state"] == "ok"
            && of(now, GOOD)["latest_audit"].is_object()
            && of(now, "empty")["state"] == "ok"
            && of(now, "failing")["state"] == "failing"
    })
    .await;
    ill.faults()
        .always(Some(Fault::error(503, "Ill", "of <no> use")));
    let last = until("stale", &|now: &Value| {
        let stale = of(now, "stale");
        stale["outdated"] == true && stale["state"] == "failing"
    })
    .await;

    assert_eq!(of(&last, "scanning")["state"], "pending");
    assert!(of(&last, "scanning")["scanning"].is_object());
    assert_eq!(of(&last, "stale")["state"], "failing");
    assert_eq!(of(&last, "empty")["listed"]["objects"], 0);
    let requests = &of(&last, GOOD)["requests"];
    let number = |key: &str| requests[key].as_f64().unwrap();
    assert!(number("latest_scan") >= 3.0, "{requests}");
    let month = number("per_month") * 0.005 / 1000.0;
    assert!(
        (number("cost_per_month") - month).abs() < 1e-6,
        "{requests}"
    );

    let mut answers = vec![(STATUS, 200, first), (STATUS, 200, last)];
    for name in [
        "good%20%2F%20%E2%98%83%20%252F",
        "whole",
        "empty",
        "failing",
        "scanning",
        "stale",
    ] {
        answers.push(ask(&exporter, DESTINATION, &format!("{STATUS}/{name}")).await);
    }
    let detail = answers[2].2.clone();
    assert_eq!(detail["destination"]["destination"], GOOD);
    let daily = |of: &&Value| of["cluster"] == "lab-2" && of["job"] == "daily";
    let job = detail["jobs"].as_array().unwrap().iter().find(daily);
    let job = job.unwrap();
    assert_eq!(job["findings"][0]["finding"], "overdue", "{job}");
    assert!(job["expectation"]["due"].is_object(), "{job}");
    let unassigned = &detail["unassigned"];
    assert_eq!(unassigned["sample"].as_array().unwrap().len(), 10);
    assert_eq!(unassigned["sample"][0]["key"], "tmp/00 \u{1b}[1m<b>");
    let tmp = json!([{"prefix": "tmp/", "objects": 30, "size_bytes": 3435}]);
    assert_eq!(unassigned["prefixes"], tmp);
    let stale = answers[7].2.clone();
    let scans = stale["scans"].as_array().unwrap();
    assert_eq!(scans[0]["failure"]["kind"], "unavailable");
    let complete = |scan: &Value| scan["success"] == true && scan["objects"] == 25;
    assert!(scans.iter().any(complete), "{stale}");
    let scanning = &answers[6].2["destination"]["scanning"];
    assert_eq!(scanning["share_done"], Value::Null, "none was complete");

    for (path, asked) in [
        (CLUSTER, "good%20%2f%20%E2%98%83%20%252F/lab-1"),
        (CLUSTER, "good%20%2f%20%E2%98%83%20%252F/lab-2"),
        (CLUSTER, "good%20%2f%20%E2%98%83%20%252F/idle"),
        (CLUSTER, "empty/lab-1"),
        (CLUSTER, "whole/lab-1"),
        (NO_CLUSTER, "whole/"),
        (DESTINATION, "nobody"),
        (DESTINATION, "%ff"),
        (NO_CLUSTER, "nobody/"),
        (NO_CLUSTER, "%ff/"),
        (NO_CLUSTER, "failing/"),
        (CLUSTER, "nobody/lab-1"),
        (CLUSTER, "empty/lab-9"),
        (CLUSTER, "failing/lab-1"),
        (CLUSTER, "empty/%ff"),
    ] {
        answers.push(ask(&exporter, path, &format!("{STATUS}/{asked}")).await);
    }
    for query in ["limit=2", "limit=0", "after=nobody", "after=stale"] {
        answers.push(ask(&exporter, STATUS, &format!("{STATUS}?{query}")).await);
    }
    answers.push(ask(&exporter, OPENAPI, OPENAPI).await);
    answers.push(ask(&exporter, SD, SD).await);
    // Nobody answers there, so nothing is known.
    let pattern = "[backends.s]\ntype = \"s3\"\nendpoint = \"http://127.0.0.1:1\"\nregion = \"x\"\nanonymous = true\n\
                   [[destinations]]\nbuckets = [\"*\"]\n";
    let silent = Exporter::with_config(pattern, &[]).await;
    answers.push(ask(&silent, SD, SD).await);
    // Of modules; there is none here.
    answers.push(ask(&exporter, SD, "/api/v1/sd?module=m").await);
    assert_eq!(faults(&answers), "");
}

#[tokio::test]
async fn what_is_not_there_is_told_with_what_is() {
    let store = backups();
    let server = S3sServer::builder().store(&store).start();
    let config = format!(
        "[backends.s]\ntype = \"s3\"\nendpoint = \"{}\"\naccess_key_id = \"{}\"\nsecret_access_key = \"{}\"\n\
         [[destinations]]\nname = \"a b\"\nbucket = \"good\"\nclusters = [\"lab-1\", \"idle\"]\n",
        server.endpoint(),
        S3sServer::ACCESS_KEY,
        S3sServer::SECRET_KEY
    );
    let mut exporter = Exporter::with_config(&config, &[]).await;
    let is_known =
        |now: &crate::common::Metrics| now.of("a b", "objectstore_scan_success") == Some(1.0);
    exporter.until("it is scanned", is_known).await;
    for (asked, error, known, see) in [
        (
            "/api/v1/status/a",
            "there is no destination \"a\"",
            json!(["a b"]),
            STATUS,
        ),
        (
            "/api/v1/status/a/lab-1",
            "there is no destination \"a\"",
            json!(["a b"]),
            STATUS,
        ),
        (
            "/api/v1/status/a%20b/lab-7",
            "nothing is known of a cluster \"lab-7\" at the destination \"a b\"",
            json!(["idle", "lab-1"]),
            "/api/v1/status/a%20b",
        ),
        (
            "/api/v1/nothing",
            "there is nothing at \"/api/v1/nothing\"",
            json!([]),
            OPENAPI,
        ),
    ] {
        let (_, status, body) = ask(&exporter, "", asked).await;
        assert_eq!(status, 404, "{asked}");
        let told = json!({"error": error, "known": known, "known_not_listed": 0, "see": see});
        assert_eq!(body, told, "{asked}");
    }
    let (_, status, body) = ask(&exporter, "", "/api/v1/status/%ff").await;
    assert_eq!(status, 400, "{body}");
}

/// Page by page there is each destination once, in their order, each as it is where all are asked for at once.
#[tokio::test]
async fn the_status_of_many_destinations_pages() {
    let store = backups();
    let server = S3sServer::builder().store(&store).start();
    let mut config = format!(
        "[backends.s]\ntype = \"s3\"\nendpoint = \"{}\"\naccess_key_id = \"{}\"\nsecret_access_key = \"{}\"\n",
        server.endpoint(),
        S3sServer::ACCESS_KEY,
        S3sServer::SECRET_KEY
    );
    let names: Vec<_> = (0..7).map(|nth| format!("{} of / 7", 7 - nth)).collect();
    for name in &names {
        config += &format!(
            "[[destinations]]\nname = \"{name}\"\nbucket = \"good\"\nclusters = [\"lab-1\"]\n"
        );
    }
    let mut exporter = Exporter::with_config(&config, &[]).await;
    let are_known = |now: &crate::common::Metrics| {
        let mut all = names.iter();
        all.all(|name| now.of(name, "objectstore_scan_success") == Some(1.0))
    };
    exporter.until("all are scanned", are_known).await;
    let get = async |query: &str| ask(&exporter, "", &format!("{STATUS}{query}")).await;
    let of = |body: &Value| -> Vec<String> {
        let all = body["destinations"].as_array().unwrap().iter();
        all.map(|of| of["destination"].as_str().unwrap().to_owned())
            .collect()
    };
    let (_, _, all) = get("").await;
    assert_eq!(of(&all), names);
    assert!(all.get("page").is_none() && get("?limit=&after=").await.2.get("page").is_none());
    let (mut found, mut query) = (Vec::new(), "?limit=3".to_owned());
    loop {
        let (_, status, body) = get(&query).await;
        assert_eq!(status, 200, "{query}: {body}");
        let page = &body["page"];
        assert_eq!(page["destinations"], 7);
        assert_eq!(page["before"], found.len());
        assert_eq!(body["clusters"], all["clusters"], "of all pages");
        assert_eq!(body["destinations"][0]["clusters"][0]["cluster"], "lab-1");
        assert!(of(&body).len() <= 3, "{body}");
        found.extend(of(&body));
        let Some(after) = page["next_after"].as_str() else {
            break;
        };
        assert_eq!(Some(after), found.last().map(String::as_str));
        let after = after.replace(' ', "%20").replace('/', "%2F");
        query = format!("?after={after}&limit=3");
    }
    assert_eq!(found, names);
    assert_eq!(of(&get("?limit=99999999999").await.2), names);
    assert_eq!(of(&get("?after=6+of+/+7").await.2), names[2..]);
    for (query, status, error) in [
        (
            "?limit=0",
            400,
            "limit is \"0\": expected a number above zero",
        ),
        (
            "?limit=-1",
            400,
            "limit is \"-1\": expected a number above zero",
        ),
        ("?limit=1&limit=2", 400, "duplicate field"),
        ("?after=8", 404, "there is no destination \"8\""),
    ] {
        let (_, told, body) = get(query).await;
        assert_eq!(told, status, "{query}: {body}");
        assert!(
            body["error"].as_str().unwrap().contains(error),
            "{query}: {body}"
        );
    }
}

/// A test of the test: what is not described is noticed.
#[test]
fn what_does_not_fit_is_noticed() {
    let error = json!({"error": "x", "known": [], "known_not_listed": 0, "see": "/"});
    let fault = |change: &dyn Fn(&mut Value)| {
        let mut error = error.clone();
        change(&mut error);
        faults(&[(DESTINATION, 404, error)])
    };
    let told = |said: &str| said.contains("{destination} 404 $");
    assert!(!told(&fault(&|_| {})));
    assert!(told(&fault(&|error| error["more"] = json!(1))));
    assert!(told(&fault(&|error| error["see"] = Value::Null)));
    assert!(told(&fault(&|error| error["known_not_listed"] = json!(-1))));
    assert!(told(&fault(&|error| drop(
        error.as_object_mut().unwrap().remove("known")
    ))));
    assert!(faults(&[(STATUS, 418, error)]).contains("418, which is not described"));
}
