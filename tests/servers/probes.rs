//! Whether a store answers, on a clock of its own: told before a scan's turn comes.

use std::time::{Duration, Instant};

use s3_exporter_testkit::servers::MinIo;
use s3_exporter_testkit::{Fault, Memory, S3sServer, Upload};
use serde_json::Value;

use crate::common::{Exporter, Metrics};

const UP: &str = "objectstore_store_up";
const REQUESTS: &str = "objectstore_api_requests_total";

fn config(kind: &str, endpoint: &str, keys: (&str, &str), probe: &str) -> String {
    let region = match kind {
        "s3" => "region = \"us-east-1\"\npath_style = true\n",
        _ => "",
    };
    format!(
        "[backends.store]\ntype = \"{kind}\"\nendpoint = \"{endpoint}\"\n{region}\
         access_key_id = \"{}\"\nsecret_access_key = \"{}\"\n\
         [[destinations]]\nbucket = \"backups\"\ninterval = \"1h\"\nprobe_interval = \"{probe}\"\n",
        keys.0, keys.1
    )
}

/// It says so, with the backend's name, and the one scan stays good.
fn is(up: f64) -> impl Fn(&Metrics) -> bool {
    move |now| {
        let said = now.get(UP, &[("destination", "backups"), ("backend", "store")]);
        said == Some(up) && now.of("backups", "objectstore_scan_success") == Some(1.0)
    }
}

#[tokio::test]
async fn a_store_that_stops_hangs_and_comes_back_is_told_without_a_scan() {
    let mut minio = MinIo::start().await;
    let client = minio.client();
    client.create_bucket("backups").await;
    client.put("backups", &Upload::new("a", 5)).await;
    let keys = (MinIo::ACCESS_KEY, MinIo::SECRET_KEY);
    let of = |kind: &str| config(kind, &minio.endpoint(), keys, "1s");
    let mut exporters = Vec::new();
    for kind in ["s3", "minio"] {
        let mut exporter = Exporter::with_config(&of(kind), &[]).await;
        exporter.until("a scan has heard from it", is(1.0)).await;
        assert_eq!(exporter.get("/-/ready").await, "ready\n");
        exporters.push(exporter);
    }
    minio.stop().await;
    for exporter in &mut exporters {
        exporter.until("it is down", is(0.0)).await;
        // One that was asked while it stopped may not have been answered at all.
        let is_down =
            |line: &Value| line["msg"] == "the store does not answer" && line["kind"] == "connect";
        let told = exporter.until_log("it is told why", |lines| lines.iter().any(is_down));
        told.await;
        let ready = exporter.answer("/-/ready").await;
        assert_eq!(ready.status(), 200, "whoever is not ready is not scraped");
        let said =
            "ready\nthe store of 1 of 1 destination does not answer:\n\"backups\": connect\n";
        assert_eq!(ready.text().await.unwrap(), said);
        let page = exporter.get("/status/backups").await;
        let shown = "<dt>Store</dt><dd><span class=\"bad\">does not answer: connect</span>, since ";
        assert!(page.contains(shown), "{page}");
        let overview = exporter.get("/status").await;
        assert!(
            overview.contains("1 destination whose store does not answer"),
            "{overview}"
        );
        let store = exporter.status().await["destinations"][0]["store"].clone();
        assert_eq!(store["up"], false);
        assert_eq!(store["failure"]["kind"], "connect");
        let told = exporter.log_lines();
        let told = told.iter().filter(|line| is_down(line)).count();
        assert_eq!(told, 1, "however often it is asked");
    }
    minio.resume().await;
    for exporter in &mut exporters {
        exporter.until("it is back", is(1.0)).await;
        let status = exporter.status().await;
        assert_eq!(status["destinations"][0]["store"]["up"], true);
    }
    // It takes connections, and answers nobody.
    minio.freeze(true);
    for exporter in &mut exporters {
        exporter.until("it hangs", is(0.0)).await;
        let store = exporter.status().await["destinations"][0]["store"].clone();
        assert_eq!(store["failure"]["kind"], "timeout");
        assert_eq!(
            exporter
                .metrics()
                .await
                .of("backups", "objectstore_scans_total"),
            Some(1.0)
        );
    }
    minio.freeze(false);
    for exporter in &mut exporters {
        exporter.until("it answers again", is(1.0)).await;
    }
}

#[tokio::test]
async fn each_look_is_a_request_of_one_key_and_there_are_none_where_nobody_wants_them() {
    let server = S3sServer::start();
    for nth in 0..9 {
        server
            .store()
            .put("backups", &Upload::new(format!("a-{nth}"), 5));
    }
    let keys = (S3sServer::ACCESS_KEY, S3sServer::SECRET_KEY);
    let with = |probe: &str| config("s3", &server.endpoint(), keys, probe);
    let mut exporter = Exporter::with_config(&with("1s"), &[]).await;
    let first = exporter.until("a scan has heard from it", is(1.0)).await;
    let asked = |metrics: &Metrics| metrics.of("backups", REQUESTS).unwrap();
    let before = asked(&first);
    let more = |now: &Metrics| asked(now) >= before + 3.0;
    let now = exporter.until("it is asked again", more).await;
    assert_eq!(now.of("backups", "objectstore_scans_total"), Some(1.0));
    assert_eq!(now.of("backups", "objectstore_listed_objects"), Some(9.0));

    // Too much to do is an answer, no right is none.
    server.faults().always(Some(Fault::slow_down()));
    let busy = asked(&exporter.metrics().await);
    let is_asked = |now: &Metrics| asked(now) >= busy + 4.0;
    let now = exporter
        .until("it is asked while it is busy", is_asked)
        .await;
    assert!(is(1.0)(&now), "{}", now.ours());
    server
        .faults()
        .always(Some(Fault::error(403, "AccessDenied", "no")));
    exporter.until("it refuses", is(0.0)).await;
    assert!(
        exporter
            .get("/-/ready")
            .await
            .contains("\"backups\": denied")
    );
    server.faults().always(None);
    exporter.until("it does not any more", is(1.0)).await;

    std::fs::write(exporter.file("config.toml"), with("0s")).unwrap();
    let (status, text) = exporter.reload().await;
    assert!(
        status == 200 && text.contains("destinations changed: 1"),
        "{text}"
    );
    let now = exporter.metrics().await;
    assert!(!now.has(UP) && now.of("backups", "objectstore_scans_total") == Some(1.0));
    tokio::time::sleep(Duration::from_secs(1)).await; // one was on its way, perhaps
    let requests = server.faults().requests();
    tokio::time::sleep(Duration::from_secs(3)).await; // it would have been asked meanwhile
    assert_eq!(server.faults().requests(), requests);
}

/// A look beside them would say no more.
#[tokio::test]
async fn scans_that_are_complete_are_answers() {
    let server = S3sServer::start();
    server.store().put("backups", &Upload::new("a", 5));
    let keys = (S3sServer::ACCESS_KEY, S3sServer::SECRET_KEY);
    let config = config("s3", &server.endpoint(), keys, "3s").replace("\"1h\"", "\"1s\"");
    let mut exporter = Exporter::with_config(&config, &[]).await;
    let scans = |now: &Metrics| now.of("backups", "objectstore_scans_total").unwrap();
    let now = exporter.until("some scans", |now| scans(now) >= 24.0).await;
    assert_eq!(now.of("backups", UP), Some(1.0));
    let beside = now.of("backups", REQUESTS).unwrap() - scans(&now);
    // Eight would have been due. One more request may be of a scan that runs, and a scan that is held up is
    // no answer.
    assert!(beside < 4.0, "one in three seconds: {}", now.ours());
}

/// Pages that come say as much.
#[tokio::test]
async fn a_scan_that_goes_on_is_an_answer() {
    let store = Memory::new().with_page_size(1);
    store.put_all(
        "backups",
        (0..40).map(|nth| Upload::new(format!("{nth:02}"), 5)),
    );
    let server = S3sServer::builder().server("x").store(&store).start();
    server.faults().delay(Duration::from_millis(200));
    let keys = (S3sServer::ACCESS_KEY, S3sServer::SECRET_KEY);
    let config = config("s3", &server.endpoint(), keys, "1s") + "concurrency = 1\n";
    let started = Instant::now();
    let mut exporter = Exporter::with_config(&config, &[]).await;
    let begun = |now: &Metrics| now.of("backups", UP) == Some(1.0);
    let early = exporter.until("pages are heard", begun).await;
    assert_eq!(early.of("backups", "objectstore_scans_total"), Some(0.0));
    let now = exporter.until("it is complete", is(1.0)).await;
    let detail = exporter.get("/api/v1/status/backups").await;
    let detail: Value = serde_json::from_str(&detail).unwrap();
    let own = detail["scans"][0]["requests"].as_f64().unwrap();
    assert!(own >= 40.0, "{detail:#}");
    let beside = now.of("backups", REQUESTS).unwrap() - own;
    // Where the machine is busy a page takes longer than a second now and then.
    let half = started.elapsed().as_secs_f64() / 2.0;
    assert!(beside < half, "one each second: {beside}");
}
