//! `limits.max_clusters`, and the bounds of the API and of the page, on a running exporter.

use std::process::Command;

use s3_exporter_testkit::{S3sServer, Upload};

use crate::common::{Exporter, program};

fn store(server: &S3sServer, more: &str) -> String {
    format!(
        "[backends.store]\ntype = \"s3\"\nendpoint = \"{}\"\nregion = \"us-east-1\"\n\
         access_key_id = \"{}\"\nsecret_access_key = \"{}\"\n{more}\n",
        server.endpoint(),
        S3sServer::ACCESS_KEY,
        S3sServer::SECRET_KEY,
    )
}

fn destination(name: &str, clusters: &str) -> String {
    format!(
        "[[destinations]]\nname = \"{name}\"\nbucket = \"backups\"\n{clusters}\ninterval = \"1s\"\n"
    )
}

fn warnings(lines: &[serde_json::Value]) -> usize {
    let warns = |line: &&serde_json::Value| {
        line["level"] == "warn"
            && line["msg"]
                .as_str()
                .is_some_and(|msg| msg.contains("more clusters"))
    };
    lines.iter().filter(warns).count()
}

/// Clusters come and go: the series follow at once, and the log tells of each change of
/// state once.
#[tokio::test]
async fn the_bound_bites_and_lets_go() {
    let server = S3sServer::start();
    let uploads = ["a", "b", "c", "z"].map(|name| Upload::new(format!("{name}-1"), 7));
    server.store().put_all("backups", uploads);
    let config = store(&server, "[limits]\nmax_clusters = 3")
        + &destination("first", "clusters_file = \"names\"")
        + &destination("other", "clusters = [\"z\"]");
    let mut exporter = Exporter::with_config(&config, &[("names", "a\nb\nc\n")]).await;
    let of = "objectstore_clusters_omitted";
    let metrics = exporter
        .until("one is left out", |metrics| {
            metrics.of("first", of) == Some(1.0) && metrics.of("other", of) == Some(0.0)
        })
        .await;
    let sums = |metrics: &crate::common::Metrics| {
        ["omitted", "unassigned", "listed"]
            .map(|what| metrics.of("first", &format!("objectstore_{what}_objects")))
    };
    assert_eq!(sums(&metrics), [Some(1.0), Some(1.0), Some(4.0)]);
    let shown = metrics.all("objectstore_objects", &[("destination", "first")]);
    assert_eq!(shown.len(), 2, "{shown:?}");
    let created = metrics.by("objectstore_cluster_created_timestamp_seconds", "cluster");
    assert!(created.keys().eq(["a", "b", "z"].iter()), "{created:?}");

    let rename = |text: &str| {
        std::fs::write(exporter.file("names.new"), text).unwrap();
        std::fs::rename(exporter.file("names.new"), exporter.file("names")).unwrap();
    };
    rename("a\nb\n");
    exporter
        .until("none is left out", |metrics| {
            metrics.of("first", of) == Some(0.0)
        })
        .await;
    let lines = exporter
        .until_log("it says so", |lines| {
            lines
                .iter()
                .any(|line| line["msg"] == "all clusters have series of their own")
        })
        .await;
    assert_eq!(warnings(&lines), 1, "{lines:#?}");
    std::fs::write(exporter.file("names"), "a\nb\nc\nd\n").unwrap();
    exporter
        .until("two are left out", |metrics| {
            metrics.of("first", of) == Some(2.0)
        })
        .await;
    std::fs::write(exporter.file("names"), "a\nb\nc\nd\ne\n").unwrap();
    exporter
        .until("three are left out", |metrics| {
            metrics.of("first", of) == Some(3.0)
        })
        .await;
    let lines = exporter
        .until_log("it says so again", |lines| warnings(lines) > 1)
        .await;
    assert_eq!(warnings(&lines), 2, "once for each change: {lines:#?}");
}

/// The API says how many clusters it leaves out, and never leaves one with a problem out for
/// one that is well.
#[tokio::test]
async fn the_api_and_the_page_are_bounded() {
    const WELL: usize = 3_000;
    let server = S3sServer::start();
    let names: Vec<_> = (0..12_000).map(|nth| format!("c{nth:05}")).collect();
    let uploads = names[..WELL]
        .iter()
        .map(|name| Upload::new(format!("{name}-1"), 7));
    server.store().put_all("backups", uploads);
    let config = store(&server, "")
        + &destination("many", "clusters_file = \"names\"")
        + &destination("few", "clusters = [\"c00000\"]");
    let files = [("names", &*names.join("\n"))];
    let mut exporter = Exporter::with_config(&config, &files).await;
    exporter
        .until("both are scanned", |metrics| {
            ["many", "few"]
                .iter()
                .all(|name| metrics.of(name, "objectstore_scan_success") == Some(1.0))
        })
        .await;
    let status = exporter.status().await;
    let [many, few] = [0, 1].map(|at| &status["destinations"][at]);
    let listed = many["clusters"].as_array().unwrap();
    assert_eq!(listed.len(), 9_999);
    assert_eq!(many["clusters_not_listed"], 2_001);
    assert_eq!(
        many["backups"],
        serde_json::json!({
            "all": 12_000, "none": 9_000, "late": 0, "empty": 0, "shrunk": 0, "wrong": 0,
            "awaited": 0, "ok": 3_000
        })
    );
    let listed_none = listed.iter().filter(|c| c["backup"] == "none").count();
    assert_eq!(listed_none, 9_000, "all with a problem are listed");
    assert!(listed.is_sorted_by_key(|cluster| cluster["cluster"].as_str().unwrap()));
    assert_eq!(few["clusters"].as_array().unwrap().len(), 1);
    assert_eq!(few["clusters_not_listed"], 0);

    let page = reqwest::Client::builder()
        .no_proxy()
        .build()
        .unwrap()
        .get(exporter.url("/"))
        .header("accept", "text/html");
    let page = page.send().await.unwrap().text().await.unwrap();
    assert_eq!(page.matches("<td class=\"bad\">missing<").count(), 100);
    assert!(page.len() < 400_000, "{} bytes", page.len());
    for part in [
        "9000 clusters without any backup",
        "12001 of 12001, page 1 of 121.",
    ] {
        assert!(page.contains(part), "{part} is not there");
    }
}

struct Said {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

fn check(config: &str, names: &str, more: &[&str]) -> Said {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("names"), names).unwrap();
    let file = folder.path().join("config.toml");
    std::fs::write(&file, config).unwrap();
    let output = Command::new(program())
        .arg("check")
        .args(more)
        .arg("--config")
        .arg(&file)
        .output()
        .unwrap();
    Said {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// 8,000 names make 9 series each where all have objects: 72,000 and a few.
#[tokio::test(flavor = "multi_thread")]
async fn check_warns_of_many_series() {
    let server = S3sServer::start();
    server
        .store()
        .put_all("backups", [Upload::new("c0001-1", 7)]);
    let names: Vec<_> = (0..8_000).map(|nth| format!("c{nth:04}")).collect();
    let config = store(&server, "") + &destination("many", "clusters_file = \"names\"");
    let said = check(&config, &names.join("\n"), &[]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let warned = |said: &Said| -> Option<usize> {
        let line = said
            .stderr
            .lines()
            .find(|line| line.contains("more than 50000"))?;
        assert!(line.starts_with("warning: "), "{line}");
        line.split(' ').find_map(|word| word.parse().ok())
    };
    let series = warned(&said).unwrap_or_else(|| panic!("{}", said.stderr));
    // Each cluster has 9 series, and its one backup job 10.
    assert!((152_000..152_200).contains(&series), "{series}");

    // As many as there are: 5 series for each, since all but one have no object. Of those that have
    // nothing, the first few hundred are judged, too.
    let found = check(&config, &names.join("\n"), &["--connect"]);
    assert_eq!(found.code, Some(0), "{}{}", found.stdout, found.stderr);
    assert_eq!(warned(&found), None, "{}", found.stderr);

    // Few names, and many that the limit holds back.
    let few = check(&config, &names[..1_000].join("\n"), &[]);
    assert_eq!(warned(&few), None, "{}", few.stderr);
    let limited = format!("{config}[limits]\nmax_clusters = 100\nmax_jobs = 100\n");
    let limited = check(&limited, &names.join("\n"), &[]);
    assert_eq!(limited.code, Some(0), "{}", limited.stderr);
    assert_eq!(warned(&limited), None, "{}", limited.stderr);
}
