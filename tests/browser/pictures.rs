//! The pictures of the README, of a shop whose backups are mostly well. `UPDATE_GOLDEN=1` takes them
//! anew; else others are taken, and both are looked at.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use s3_exporter_api::UnixTime;
use s3_exporter_testkit::{S3sServer, Upload, tool};

use super::stage::until;
use super::window::{Window, browse};
use crate::common::Exporter;

/// When they are taken, by the exporter's clock: a Wednesday.
const NOW: &str = "2026-06-17T09:40:00Z";
const CLUSTERS: [&str; 3] = ["payments", "shop", "warehouse"];
/// Bytes that a picture may have: each clone has both.
const SMALL: usize = 150_000;

/// A backup of a cluster, made so many days ago at a quarter past three.
fn backup(key: &str, days: i64, size: u64) -> Upload {
    let now: jiff::Timestamp = NOW.parse().unwrap();
    let midnight = now.as_second() - now.as_second() % 86_400;
    // No two of them begin in the same second.
    let made = midnight - days * 86_400 + 3 * 3600 + 15 * 60 + (days * 37 + size as i64) % 50;
    let time = jiff::Timestamp::from_second(made).unwrap();
    let taken = UnixTime::from_millis((made + 40) * 1000);
    Upload::new(time.strftime(key).to_string(), size).at(taken)
}

/// Kubermatic's backups of etcd, one a day for six weeks, and the database's dumps.
fn fill(cloud: &S3sServer, onprem: &S3sServer) {
    let sizes = [("payments", 62), ("shop", 88), ("warehouse", 52)];
    for (cluster, megabytes) in sizes {
        let key = format!("{cluster}-default-backups-%Y-%m-%dt%H-%M-%S.db.gz");
        for days in 0..42 {
            // It grows; 2 % of it are another each day.
            let mut size =
                megabytes * (1_200_000 - 6_000 * days as u64 + 12_000 * (days as u64 * 7 % 5));
            match (cluster, days) {
                ("payments", 0..3) => continue,
                ("warehouse", 16..20) => continue,
                ("warehouse", 0) => size /= 9,
                _ => {}
            }
            cloud.store().put("etcd-backups", &backup(&key, days, size));
        }
    }
    for database in ["billing", "orders"] {
        for days in 0..42 {
            let key = format!("{database}/dump-%Y%m%dT%H%M%SZ.sql.gz");
            let upload = backup(&key, days, 2_400_000_000 - 9_000_000 * days as u64);
            onprem.store().put("postgres", &upload);
        }
    }
    onprem.store().put_all("archive", [Upload::new("x", 1)]);
    onprem.store().deny("archive", true);
}

fn config(cloud: &S3sServer, onprem: &S3sServer) -> String {
    let (key, secret) = (S3sServer::ACCESS_KEY, S3sServer::SECRET_KEY);
    let backend = |name, endpoint, server: &S3sServer| {
        format!(
            "[backends.{name}]\ntype = \"s3\"\nregion = \"eu-central-1\"\nendpoint = \"{endpoint}\"\n\
             proxy = \"{}\"\naccess_key_id = \"{key}\"\nsecret_access_key = \"{secret}\"\n",
            server.endpoint()
        )
    };
    let destination = |name, backend, bucket, more| {
        format!(
            "[[destinations]]\nname = \"{name}\"\nbackend = \"{backend}\"\nbucket = \"{bucket}\"\n{more}\n"
        )
    };
    let clusters = "resolver = \"clusters\"\nmax_age = \"25h\"";
    [
        "[scan]\ninterval = \"5m\"\n[resolvers.clusters]\ntype = \"static\"\nclusters_file = \"names\"\n".to_owned(),
        backend("cloud", "http://s3.cloud.example", cloud),
        backend("onprem", "http://minio.shop.example:9000", onprem),
        destination("etcd", "cloud", "etcd-backups", clusters),
        destination("postgres", "onprem", "postgres", "separator = \"/\"\nclusters = [\"billing\", \"orders\"]\nmax_age = \"26h\""),
        destination("archive", "onprem", "archive", "max_age = \"8d\""),
    ]
    .concat()
}

/// What a browser sees of a picture; it is not blank where it has many colours.
#[derive(Debug, serde::Deserialize)]
struct Seen {
    width: u32,
    height: u32,
    colours: usize,
}

async fn look_at(window: &Window, png: &[u8]) -> Seen {
    let address = format!("data:image/png;base64,{}", STANDARD.encode(png));
    let script = format!(
        "const image = new Image();
         image.src = '{address}';
         await image.decode();
         const {{ width, height }} = image;
         const drawn = new OffscreenCanvas(width, height).getContext('2d');
         drawn.drawImage(image, 0, 0);
         const colours = new Set(new Uint32Array(drawn.getImageData(0, 0, width, height).data.buffer));
         return {{ width, height, colours: colours.size }};"
    );
    serde_json::from_value(window.wait_for(&script).await).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn are_taken() {
    let (cloud, onprem) = (S3sServer::builder(), S3sServer::builder());
    let (cloud, onprem) = (
        cloud.server("AmazonS3").start(),
        onprem.server("MinIO").start(),
    );
    fill(&cloud, &onprem);
    let files = [("names", &*CLUSTERS.join("\n"))];
    let clock = format!("@{}", NOW.trim_end_matches('Z').replace('T', " "));
    let library = tool("libfaketimeMT.so.1").display().to_string();
    let environment = [
        ("LD_PRELOAD", &*library),
        ("FAKETIME", &clock),
        ("TZ", "UTC"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ("DONT_FAKE_MONOTONIC", "1"),
    ];
    let exporter = Exporter::with_config_in(&config(&cloud, &onprem), &files, &environment).await;
    until(&exporter, "scanned", |now| {
        let all = now["destinations"].as_array().unwrap();
        all.iter().all(|of| of["state"] != "pending")
    })
    .await;

    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    // Each ends below this.
    let pictures = [
        ("status.png", "/", "#backups"),
        ("status-cluster.png", "/status/etcd/warehouse", "figure"),
    ];
    browse(async |window| {
        let mut taken = Vec::new();
        for (file, page, end) in pictures {
            window.open(&exporter.url(page)).await;
            let picture = window.picture(end).await;
            if std::env::var_os("UPDATE_GOLDEN").is_some() {
                std::fs::write(docs.join(file), &picture).unwrap();
            }
            taken.push(picture);
        }
        window.open("about:blank").await;
        for ((file, ..), now) in pictures.iter().zip(&taken) {
            let kept = std::fs::read(docs.join(file)).unwrap();
            for picture in [now, &kept] {
                assert!(picture.len() < SMALL, "{file}: {} bytes", picture.len());
            }
            let (now, kept) = (look_at(window, now).await, look_at(window, &kept).await);
            for seen in [&now, &kept] {
                assert_eq!(seen.width, 1280, "{file}: {seen:?}");
                assert!(seen.height > 800 && seen.colours > 100, "{file}: {seen:?}");
            }
            assert!(
                now.height.abs_diff(kept.height) < 10,
                "docs/{file} is old: {now:?}, not {kept:?}; UPDATE_GOLDEN=1 takes it anew"
            );
        }
    })
    .await;
}
