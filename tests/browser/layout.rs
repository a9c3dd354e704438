//! Each page fits on a telephone and on a wide screen.

use super::stage::{PAGES, Stage};
use super::window::browse;

/// What is wider than the window, outside of what scrolls by itself.
const WIDE: &str =
    "return [document.documentElement, ...document.querySelectorAll('body *')].filter((one) =>
    !one.closest('.skip, .sr') && !one.parentElement?.closest('.scroll') &&
    (one === document.documentElement ? one.scrollWidth > innerWidth
        : one.getBoundingClientRect().right > innerWidth)
).map((one) => one.outerHTML.slice(0, 200));";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_wider_than_the_window() {
    let stage = Stage::start().await;
    browse(async |window| {
        for page in PAGES {
            window.open(&stage.exporter.url(page)).await;
            for width in [360, 768, 1280, 1600] {
                window.resize(width, 900).await;
                let wide = window.run(WIDE).await;
                assert_eq!(wide, serde_json::json!([]), "{page} at {width}");
            }
        }
        // A test of the test.
        window
            .run("document.querySelector('h1').textContent = 'x'.repeat(999);")
            .await;
        assert_ne!(window.run(WIDE).await, serde_json::json!([]));
    })
    .await;
}
