//! What is told of the buckets that may be asked for: `/api/v1/sd?module=NAME` and `/discovery`.

use super::*;

/// What `/api/v1/sd` says of a module; that the answer is an error is told by its status.
async fn found(exporter: &Exporter, path: &str) -> (u16, serde_json::Value) {
    let answer = exporter.answer(path).await;
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(text.into()))
}

/// The buckets that a module allows are what Prometheus scrapes, as docs/probe.md has it.
#[tokio::test]
async fn a_prometheus_finds_what_may_be_probed() {
    let minio = MinIo::start().await;
    for bucket in ["etcd-a", "etcd-b", "etcd-test", "other"] {
        fill(&minio.client(), bucket).await;
    }
    let all = blocks::of(Path::new("docs/probe.md"));
    let of = |language: &str, with: &str| {
        let is_it =
            |block: &&blocks::Block| block.language == language && block.text.contains(with);
        all.iter().find(is_it).unwrap().text.clone()
    };
    let config = of("toml", "[probe.modules.etcd]")
        .replace("https://minio.example:9000", &minio.endpoint())
        .replace("[\"lab-1\", \"lab-2\"]", &format!("{CLUSTERS:?}"));
    let environment = [
        ("ACCESS_KEY_ID", MinIo::ACCESS_KEY),
        ("SECRET_ACCESS_KEY", MinIo::SECRET_KEY),
    ];
    let exporter = Exporter::with_config_in(&config, &[], &environment).await;
    let scraped = of("yaml", "/api/v1/sd?module=")
        .replace("127.0.0.1:9340", &exporter.address())
        .replace("scrape_interval: 5m", "scrape_interval: 1s")
        .replace("scrape_timeout: 30s", "scrape_timeout: 1s");
    let prometheus = Prometheus::start(&scraped).await;
    let both = |samples: &[Sample]| samples.len() == 2;
    prometheus.until("probe_success == 1", both).await;
    let targets = prometheus.query("up").await; // those that it refuses would be among them
    let instances: Vec<_> = targets.iter().map(|of| &*of.labels["instance"]).collect();
    assert_eq!(instances, ["etcd-a", "etcd-b"]);
    let objects = "objectstore_listed_objects{instance=\"etcd-b\",destination=\"etcd-b\"}";
    assert_eq!(prometheus.value(objects).await, OBJECTS);
    assert!(!exporter.log().contains(MinIo::SECRET_KEY));
}

#[tokio::test]
async fn only_what_a_module_allows_is_told_of() {
    let server = S3sServer::start();
    for bucket in ["backup-a", "backup-old", "other"] {
        server.store().put_all(bucket, [Upload::new("x-1", 7)]);
    }
    let more = "[backends.disk]\ntype = \"file\"\n\
        [probe.modules.m]\nbackend = \"store\"\nbuckets = [\"backup-*\", \"!backup-old\", \"named\"]\nlabels = { team = \"db\" }\n\
        [probe.modules.n]\nbackend = \"store\"\nbuckets = [\"other\"]\n\
        [probe.modules.disk]\nbackend = \"disk\"\nbuckets = [\"/srv/*\"]";
    let exporter = Exporter::with_config(&config(&server, more), &[]).await;
    let label = |name: &str| format!("__meta_s3_exporter_{name}");
    let group = |bucket: &str| {
        serde_json::json!({"targets": [bucket], "labels": {
            "__param_target": bucket,
            "__param_module": "m",
            label("bucket"): bucket,
            label("backend"): "store",
            label("store_url"): server.endpoint(),
            label("label_team"): "db",
        }})
    };
    let expected = serde_json::json!([group("backup-a"), group("named")]);
    assert_eq!(
        found(&exporter, "/api/v1/sd?module=m").await,
        (200, expected)
    );
    let requests = server.faults().requests();
    let buckets = |of: serde_json::Value| {
        let groups = of.as_array().unwrap().clone().into_iter();
        let bucket = |group: serde_json::Value| {
            assert_eq!(group["targets"], serde_json::json!([exporter.address()]));
            let labels = &group["labels"];
            let of = |name: &str| labels[name].as_str().unwrap().to_owned();
            (of("__param_module"), of("__param_bucket"))
        };
        groups.map(bucket).collect::<Vec<_>>()
    };
    let pair = |module: &str, bucket: &str| (module.to_owned(), bucket.to_owned());
    let (status, of) = found(&exporter, "/discovery?module=m").await;
    assert_eq!(status, 200, "{of}");
    assert_eq!(buckets(of), [pair("m", "backup-a"), pair("m", "named")]);
    // A module that names its buckets has nothing to ask, and a list answers for a while.
    let (_, of) = found(&exporter, "/discovery?module=n").await;
    assert_eq!(buckets(of), [pair("n", "other")]);
    assert_eq!(server.faults().requests(), requests);

    for (path, says) in [
        (
            "/api/v1/sd?module=M",
            "module \"M\" is not defined: expected one of \"disk\", \"m\"",
        ),
        (
            "/api/v1/sd?module=disk",
            "the buckets of this kind of store cannot be listed",
        ),
        ("/discovery?module=M", "module \"M\" is not defined"),
        ("/discovery?module=disk", "module \"disk\" has patterns"),
        ("/discovery", "module \"disk\" has patterns"),
        ("/discovery?module=m&module=n", "duplicate field"),
    ] {
        let (status, why) = found(&exporter, path).await;
        assert_eq!(status, 400, "{path}: {why}");
        assert!(
            why.to_string().replace('\\', "").contains(says),
            "{path}: {why}"
        );
    }
    // One module's list is no other's, and what was listed once is no list of now.
    let changed = more.replace("backup-*", "back*");
    std::fs::write(exporter.file("config.toml"), config(&server, &changed)).unwrap();
    assert_eq!(exporter.reload().await.0, 200);
    server.faults().always(Some(Fault::Silence));
    let client = Client::builder().no_proxy().build().unwrap();
    for path in ["/api/v1/sd?module=m", "/discovery?module=m"] {
        let request = client.get(exporter.url(path));
        let request = request.header("X-Prometheus-Refresh-Interval-Seconds", "1");
        let began = Instant::now();
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert!(began.elapsed() < Duration::from_secs(30), "{path}");
        let why = answer.text().await.unwrap();
        assert!(why.contains("not finished after 500ms"), "{path}: {why}");
    }
    assert!(!exporter.log().contains(S3sServer::SECRET_KEY));
}

/// Where nothing may be probed, nothing is told.
#[tokio::test]
async fn without_modules_no_bucket_is_told_of() {
    let server = S3sServer::start();
    let nothing = "[[destinations]]\nbucket = \"aaa\"";
    let exporter = Exporter::with_config(&config(&server, nothing), &[]).await;
    let (status, why) = found(&exporter, "/discovery").await;
    assert_eq!(status, 404, "{why}");
    assert!(why.to_string().contains("[probe.modules.NAME]"), "{why}");
    let (status, why) = found(&exporter, "/api/v1/sd?module=m").await;
    assert_eq!(status, 400, "{why}");
    assert!(why.to_string().contains("there is none"), "{why}");
}
