//! `include` and `exclude`: what is left out is counted as that, and as nothing else.

use std::path::Path;

use s3_exporter_api::UnixTime;
use s3_exporter_testkit::servers::MinIo;
use s3_exporter_testkit::{S3sServer, Upload};
use serde_json::json;

use crate::common::command::Program;
use crate::common::{Exporter, Metrics};

const SUCCESS: &str = "objectstore_scan_success";

/// A backend of this plug-in, and a destination with these lines of its own.
fn config(kind: &str, endpoint: &str, keys: (&str, &str), more: &str) -> String {
    let region = match kind {
        "s3" => "region = \"us-east-1\"\npath_style = true\n",
        _ => "",
    };
    format!(
        "[backends.store]\ntype = \"{kind}\"\nendpoint = \"{endpoint}\"\n{region}\
         access_key_id = \"{}\"\nsecret_access_key = \"{}\"\n\
         [[destinations]]\nbucket = \"backups\"\nprefix = \"p/\"\ninterval = \"1h\"\n\
         clusters = [\"lab-1\", \"lab-2\"]\n{more}\n",
        keys.0, keys.1
    )
}

fn is_scanned(metrics: &Metrics) -> bool {
    metrics.of("backups", SUCCESS) == Some(1.0)
}

/// Of a figure what clusters have, what is unassigned, what is left out, and what the listing has.
fn sums(metrics: &Metrics, figure: &str, listed: &str) -> [f64; 4] {
    let of = |name: &str| metrics.of("backups", name).unwrap();
    let clusters = metrics.by(&format!("objectstore_{figure}"), "cluster");
    [
        clusters.into_values().sum(),
        of(&format!("objectstore_unassigned_{figure}")),
        of(&format!("objectstore_excluded_{figure}")),
        of(&format!("objectstore_listed_{listed}")),
    ]
}

#[tokio::test]
async fn the_sum_holds_and_nothing_else_knows_of_what_is_left_out() {
    let minio = MinIo::start().await;
    let client = minio.client();
    client.create_bucket("backups").await;
    let today = jiff::Timestamp::now().strftime("%Y%m%d");
    for (key, size) in [
        ("p/lab-1-1.gz".to_owned(), 100),
        ("p/lab-1-2.tmp".to_owned(), 2000), // the largest and the newest of all that begins so
        (format!("p/lab-1-{today}.gz"), 3000),
        ("p/lab-2-1.gz".to_owned(), 10),
        ("p/lab-2/deep/x.tmp".to_owned(), 4),
        ("p/notes.gz".to_owned(), 1),
        ("p/trash/lab-1-9.gz".to_owned(), 50),
        ("p/README".to_owned(), 7),
        ("elsewhere.gz".to_owned(), 8),
    ] {
        client.put("backups", &Upload::new(key, size)).await;
    }
    // The day may be another one when it is listed.
    let globs = "include = [\"*.gz\", \"*.tmp\"]\n\
                 exclude = [\"*.tmp\", \"*{today:%Y%m%d}*\", \"*{yesterday:%Y%m%d}*\", \"trash/\"]\n";
    for kind in ["s3", "minio"] {
        let keys = (MinIo::ACCESS_KEY, MinIo::SECRET_KEY);
        let config = config(kind, &minio.endpoint(), keys, globs);
        let mut exporter = Exporter::with_config(&config, &[]).await;
        let metrics = exporter.until("a complete scan", is_scanned).await;
        let objects = sums(&metrics, "objects", "objects");
        assert_eq!(objects, [2.0, 1.0, 5.0, 8.0], "{kind}");
        let bytes = sums(&metrics, "objects_size_bytes", "size_bytes");
        assert_eq!(bytes, [110.0, 1.0, 5061.0, 5172.0], "{kind}");
        let classes = metrics.by("objectstore_objects_by_class_size_bytes", "class");
        assert_eq!(classes.into_values().sum::<f64>(), 111.0, "{kind}");
        let largest = metrics.by("objectstore_largest_object_size_bytes", "cluster");
        assert_eq!(largest["lab-1"], 100.0, "{kind}");

        let page = exporter.get("/status/backups").await;
        assert!(
            page.contains("<dt>Objects</dt><dd>8, 5.1 KiB</dd>"),
            "{page}"
        );
        assert!(
            page.contains(
                "<dd>5 objects, 4.9 KiB of these; what counts: <code>only &quot;*.gz&quot;"
            ),
            "{page}"
        );
        let status = exporter.status().await;
        let of = &status["destinations"][0];
        assert_eq!(of["excluded"]["objects"], 5);
        assert_eq!(of["excluded"]["size_bytes"], 5061);
        assert_eq!(of["excluded"]["exclude"][3], "trash/");
        assert_eq!(
            (&of["listed"]["objects"], &of["unassigned"]["objects"]),
            (&json!(8), &json!(1))
        );

        let file = exporter.file("config.toml");
        tells(&file);
    }
}

/// What the commands say of it.
fn tells(config: &Path) {
    let config = config.to_str().unwrap();
    let of = |arguments: &[&str]| {
        let output = Program::new(&[arguments, &["--config", config]].concat()).run();
        assert_eq!(output.code, Some(0), "{output:?}");
        output.stdout
    };
    let explained = of(&["explain", "p/lab-1-2.tmp"]);
    assert_eq!(
        explained,
        "backups: left out, because \"*.tmp\" of `exclude` matches it\n"
    );
    let explained = of(&["explain", "s3://backups/p/README"]);
    assert_eq!(
        explained,
        "backups: left out, because nothing of `include` matches it\n"
    );
    let explained = of(&["explain", "p/lab-1-1.gz"]);
    assert!(
        explained.starts_with("backups: lab-1, because"),
        "{explained}"
    );
    let checked = of(&["check"]);
    assert!(
        checked.contains("under \"p/\" (only \"*.gz\", \"*.tmp\"; not \"*.tmp\", "),
        "{checked}"
    );
    let checked = of(&["check", "--connect"]);
    assert!(
        checked.contains("8 objects, 5.1 KiB, 5 of them left out (4.9 KiB)"),
        "{checked}"
    );
    let report = of(&["report", "--format", "json"]);
    assert!(
        report.contains("\"excluded\": {\n        \"objects\": 5,\n        \"bytes\": 5061\n"),
        "{report}"
    );
}

/// Figures of other globs are not those of these.
#[tokio::test]
async fn other_globs_begin_anew() {
    let (server, state) = (S3sServer::start(), tempfile::tempdir().unwrap());
    let time = UnixTime::from_millis(UnixTime::now().as_millis() - 3_600_000);
    let upload = |key: &str| Upload::new(key, 5).at(time);
    let all = ["p/lab-1-a.gz", "p/lab-1-b.gz", "p/lab-1-c.tmp"].map(upload);
    server.store().put_all("backups", all);
    let keys = (S3sServer::ACCESS_KEY, S3sServer::SECRET_KEY);
    let endpoint = server.endpoint();
    let with = |more: &str| {
        let own = config("s3", &endpoint, keys, more);
        format!("[state]\ndirectory = {:?}\n{own}", state.path())
    };
    let objects = |metrics: &Metrics| sums(metrics, "objects", "objects");

    let mut exporter = Exporter::with_config(&with("exclude = [\"*.tmp\"]"), &[]).await;
    let metrics = exporter.until("a complete scan", is_scanned).await;
    assert_eq!(objects(&metrics), [2.0, 0.0, 1.0, 3.0]);

    std::fs::write(
        exporter.file("config.toml"),
        with("exclude = [\"*-b.gz\", \"*.tmp\"]"),
    )
    .unwrap();
    let (status, text) = exporter.reload().await;
    assert!(
        status == 200 && text.contains("destinations begun anew: 1"),
        "{text}"
    );
    let metrics = exporter.until("a complete scan", is_scanned).await;
    assert_eq!(objects(&metrics), [1.0, 0.0, 2.0, 3.0]);
    assert!(exporter.terminate().await.success());
    drop(exporter);

    // The same globs: what was found is there before the store answers.
    drop(server);
    let same = Exporter::with_config(&with("exclude = [\"*-b.gz\", \"*.tmp\"]"), &[]).await;
    assert_eq!(objects(&same.metrics().await), [1.0, 0.0, 2.0, 3.0]);
    drop(same);
    let other = Exporter::with_config(&with("exclude = [\"*.tmp\"]"), &[]).await;
    let metrics = other.metrics().await;
    assert!(
        !metrics.has("objectstore_listed_objects") && !metrics.has("objectstore_excluded_objects")
    );
}
