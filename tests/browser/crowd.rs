//! The pages of 5,000 clusters.

use s3_exporter_testkit::S3sServer;
use serde_json::Value;

use super::stage::{DAY, HOUR, backend, destination, of_cluster, until};
use super::window::browse;
use crate::common::Exporter;

const CLUSTERS: usize = 5000;
/// Bytes of a page, before it is compressed.
const SMALL: u64 = 400_000;

/// What came over the wire and what it was of, in bytes, and when the first of it was painted: of a page
/// that has loaded, the browser may not have shown anything yet.
const COST: &str = "const paint = await new Promise((done) => new PerformanceObserver((seen) => {
    const [first] = seen.getEntriesByName('first-contentful-paint');
    if (first) done(first.startTime);
}).observe({ type: 'paint', buffered: true }));
const [page] = performance.getEntriesByType('navigation');
return { sent: page.encodedBodySize, size: page.decodedBodySize, paint,
    high: document.documentElement.scrollHeight / innerHeight };";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn open_small_and_whole() {
    let server = S3sServer::builder().server("MinIO").start();
    let names: Vec<_> = (0..CLUSTERS)
        .map(|nth| format!("cluster-{nth:04}-eu-central"))
        .collect();
    // Every hundredth stopped.
    let uploads = names.iter().enumerate().flat_map(|(nth, name)| {
        let newest = if nth % 100 == 7 { 3 * DAY } else { HOUR };
        of_cluster(name, newest).into_iter().take(6)
    });
    server.store().put_all("shop", uploads);
    let mut config = "[scan]\ninterval = \"1h\"\n".to_owned() + &*backend("s", &server);
    config += &destination("shop", "s", "clusters_file = \"names\"\nmax_age = \"25h\"");
    let files = [("names", &*names.join("\n"))];
    let exporter = Exporter::with_config(&config, &files).await;
    let is_known = |now: &Value| now["destinations"][0]["state"] == "ok";
    until(&exporter, "scanned", is_known).await;

    browse(async |window| {
        for (path, place) in [("/", "of 50."), ("/status/shop", "of 50.")] {
            window.open(&exporter.url(path)).await;
            let count = window.text("#count").await;
            assert_eq!(count, format!("{CLUSTERS} of {CLUSTERS}, page 1 {place}"));
            assert_eq!(window.texts("#backups tbody tr").await.len(), 100);
            let cost = window.wait_for(COST).await;
            println!("{path} with {CLUSTERS} clusters: {cost}");
            let size = cost["size"].as_u64().unwrap();
            assert!(size < SMALL, "{path}: {cost}");
            assert!(cost["sent"].as_u64().unwrap() * 5 < size, "{path}: {cost}");
            assert!(cost["paint"].is_number(), "{path}: {cost}");
        }
        // The worst first, and all are there.
        let states = window
            .texts("#backups tbody td.bad, #backups tbody td.warn")
            .await;
        assert_eq!(states.len(), CLUSTERS / 100, "{states:?}");
        window.click("nav.pages a[rel=next]").await;
        window
            .until("document.getElementById('count').textContent.includes('page 2 of 50')")
            .await;
        window.click("#q").await;
        window.press("4321").await;
        window
            .until("document.querySelectorAll('#backups tbody tr').length === 1")
            .await;
        window.click("#backups tbody a").await;
        window
            .until("location.pathname === '/status/shop/cluster-4321-eu-central'")
            .await;
        assert_eq!(window.text("h1").await, "Cluster cluster-4321-eu-central");
    })
    .await;
}
