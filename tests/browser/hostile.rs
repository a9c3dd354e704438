//! Names that somebody chose to do harm are text in a browser, too.

use super::stage::until;
use super::window::{Window, browse};
use crate::common::Exporter;
use crate::common::hostile::{config, evil_error, server};

/// What of a page is not of ours. That a script was refused would be in the console.
const FOREIGN: &str = "return [...document.querySelectorAll('body *')].filter((one) =>
    one.matches('main :is(script, img, iframe, object, embed, style, link, meta, base, font)') ||
    [...one.attributes].some(({ name, value }) =>
        name.startsWith('on') || name === 'style' || /^\\s*javascript:/i.test(value))
).map((one) => one.outerHTML);";

async fn check(window: &Window) {
    assert_eq!(window.run(FOREIGN).await, serde_json::json!([]));
    assert_eq!(
        window.run("return window.ran;").await,
        serde_json::json!([])
    );
    assert_eq!(window.run("return document.scripts.length;").await, 1);
    let is_wide = "return document.documentElement.scrollWidth > innerWidth;";
    assert_eq!(window.run(is_wide).await, false, "{}", window.place().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn they_are_shown_and_do_nothing() {
    let server = server();
    let names = crate::common::hostile::names().join("\n");
    let exporter = Exporter::with_config(&config(&server, ""), &[("names", &names)]).await;
    let state = |now: &serde_json::Value, state: &str| {
        let all = now["destinations"].as_array().unwrap();
        all.iter().all(|of| of["state"] == state)
    };
    until(&exporter, "scanned", |now| state(now, "ok")).await;
    browse(async |window| {
        window
            .before_pages("window.ran = []; window.alert = (what) => ran.push(what);")
            .await;
        window.resize(360, 800).await;
        window.open(&exporter.url("/")).await;
        check(window).await;
        window.open(&exporter.url("/status/one")).await;
        check(window).await;
        let links = window
            .run(
                "return [...document.querySelectorAll('#backups tbody th a')]\
                 .map((one) => [one.href, one.textContent]);",
            )
            .await;
        let links: Vec<(String, String)> = serde_json::from_value(links).unwrap();
        assert_eq!(links.len(), crate::common::hostile::names().len());
        let shown = |name: &str| links.iter().any(|(_, text)| text == name);
        for name in [
            "<img src=x onerror=alert(1)>",
            "&amp;&lt;]]>",
            "q\"uote\"} 1",
        ] {
            assert!(shown(name), "{links:?}");
        }
        for (link, text) in &links {
            window.open(link).await;
            let heading = window
                .run("return document.querySelector('h1').textContent;")
                .await;
            assert_eq!(heading, format!("Cluster {text}"), "{link}");
            check(window).await;
        }

        // Keys of nobody are shown, too.
        window.open(&exporter.url("/status/one")).await;
        let nobodys = window.text("section[aria-labelledby=unassigned]").await;
        assert!(nobodys.contains("<script>alert('x')</script>"), "{nobodys}");
        check(window).await;

        // What somebody searches for is text, too.
        window.open(&exporter.url("/status/one")).await;
        window.click("#q").await;
        window.press("<img src=x onerror=alert(1)>").await;
        window
            .until("document.querySelectorAll('#backups tbody tr').length === 1")
            .await;
        check(window).await;
        let again = window.run("return location.href;").await;
        window.open(again.as_str().unwrap()).await;
        let value = window
            .run("return document.getElementById('q').value;")
            .await;
        assert_eq!(value, "<img src=x onerror=alert(1)>");
        check(window).await;

        server.faults().always(Some(evil_error()));
        until(&exporter, "failing", |now| state(now, "failing")).await;
        for page in ["/", "/status/one"] {
            window.open(&exporter.url(page)).await;
            let wrong = window.text("section[aria-labelledby=wrong]").await;
            assert!(wrong.contains("<script>"), "{wrong}");
            check(window).await;
        }
    })
    .await;
}
