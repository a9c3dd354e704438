//! What an open page does while backups come, and when the exporter goes.

use std::time::Duration;

use s3_exporter_testkit::S3sServer;

use super::stage::{DAY, HOUR, backend, destination, of_cluster, until};
use super::window::browse;
use crate::common::Exporter;

/// Whether it is as it was when `window.made` was set.
const IS_OLD: &str = "document.getElementById('made').textContent === window.made";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_that_comes_appears_without_a_reload() {
    let server = S3sServer::builder().server("MinIO").start();
    server.store().put_all("shop", of_cluster("lab-1", HOUR));
    server
        .store()
        .put_all("shop", of_cluster("lab-2", 3 * DAY + HOUR * 3 / 2));
    let mut config = "[scan]\ninterval = \"1s\"\n".to_owned() + &*backend("s", &server);
    config += &destination(
        "shop",
        "s",
        "clusters = [\"lab-1\", \"lab-2\"]\nmax_age = \"25h\"",
    );
    let mut exporter = Exporter::with_config(&config, &[]).await;
    let is_known = |now: &serde_json::Value| now["destinations"][0]["state"] == "ok";
    until(&exporter, "scanned", is_known).await;

    browse(async |window| {
        window.hurry().await;
        window.open(&exporter.url("/")).await;
        window.run("window.stays = true;").await;
        let verdict = window.text("#verdict.bad").await;
        assert!(verdict.contains("1 cluster with late backups"), "{verdict}");
        let title = window.run("return document.title;").await;
        assert!(title.as_str().unwrap().starts_with("(!) "), "{title}");
        let newest = window
            .text("#backups tr:nth-child(1) td:nth-of-type(3)")
            .await;
        assert!(newest.contains("3 d 1 h ago"), "{newest}");
        assert_eq!(window.text("#live").await, "");

        server.store().put_all("shop", of_cluster("lab-2", HOUR));
        // Where this machine is slow it is out of date now and then.
        window
            .until("document.getElementById('verdict').textContent === 'All is well.'")
            .await;
        let states = window.texts("#backups tbody td.good").await;
        assert_eq!(states, ["good", "good"]);
        window.until("document.title === 's3-exporter'").await;
        // A screen reader is told, and nothing was loaded anew.
        window
            .until("document.getElementById('live').textContent === 'All is well.'")
            .await;
        assert_eq!(window.run("return window.stays;").await, true);

        // What is selected is left alone: somebody copies it.
        window
            .run(
                "getSelection().selectAllChildren(document.getElementById('verdict'));
                 window.made = document.getElementById('made').textContent;",
            )
            .await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(window.run(&format!("return {IS_OLD};")).await, true);
        window.run("getSelection().removeAllRanges();").await;

        // One is where one was: on a telephone, with each kind of what can have the focus.
        window.resize(360, 600).await;
        for selector in [
            "#q",
            "form button",
            "#backups thead a[href='?sort=name']",
            "#backups tbody tr:nth-child(2) th a",
            "[aria-label='Table of backups by day']",
            "[aria-label='Table of destinations']",
        ] {
            let go = format!(
                "document.querySelector(\"{selector}\").focus();
                 document.querySelector('[aria-label=\"Table of backups by day\"]').scrollLeft = 60;
                 window.at = scrollY;
                 window.made = document.getElementById('made').textContent;"
            );
            window.run(&go).await;
            window.until(&format!("!({IS_OLD})")).await;
            let is_there = format!(
                "return [document.activeElement.matches(\"{selector}\"), scrollY - window.at,
                 document.querySelector('[aria-label=\"Table of backups by day\"]').scrollLeft];"
            );
            let is_there = window.run(&is_there).await;
            assert_eq!(is_there, serde_json::json!([true, 0, 60]), "{selector}");
        }

        // It says so where it is of no use any more.
        assert_eq!(window.complaints().await, [""; 0]);
        exporter.terminate().await;
        window.until("document.querySelector('#live.bad')").await;
        let told = window.text("#live").await;
        assert!(
            told.starts_with("Not up to date: s3-exporter does not answer. This page is of 20"),
            "{told}"
        );
        for complaint in window.complaints().await {
            assert!(complaint.contains("net::ERR_"), "{complaint}");
        }
    })
    .await;
}
