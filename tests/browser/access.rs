//! Everybody can use the pages, as far as axe-core can tell: contrast, names, roles, order.

use serde_json::json;

use super::stage::{PAGES, Stage};
use super::window::{Window, browse};

/// What it finds, and where.
const LOOK: &str =
    "const { violations } = await axe.run(document, { resultTypes: ['violations'] });
return violations.flatMap(({ id, impact, nodes }) => nodes.map(({ target, any, all, none }) =>
    `${impact} ${id} ${target} ${[...any, ...all, ...none].map(({ message }) => message)}`));";

async fn findings(window: &Window) -> Vec<String> {
    serde_json::from_value(window.wait_for(LOOK).await).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn axe_finds_nothing_on_any_page_in_light_and_dark() {
    let tools = s3_exporter_testkit::tool("chromium");
    let axe = tools.parent().unwrap().with_file_name("axe.min.js");
    let axe = std::fs::read_to_string(&axe)
        .unwrap_or_else(|error| panic!("{axe:?}: {error}: run tests/install.sh"));
    let stage = Stage::start().await;
    browse(async |window| {
        let ground = "return getComputedStyle(document.body).backgroundColor;";
        for page in PAGES {
            window.open(&stage.exporter.url(page)).await;
            window.run(&format!("{axe}; window.axe = axe;")).await;
            let mut grounds = Vec::new();
            for (scheme, width) in [("light", 1280), ("dark", 1280), ("dark", 360)] {
                window.prefer(scheme).await;
                window.resize(width, 900).await;
                let found = findings(window).await;
                assert_eq!(found, [""; 0], "{page} {scheme} {width}");
                grounds.push(window.run(ground).await);
            }
            assert_ne!(grounds[0], grounds[1], "light and dark are the same");
        }
        // A test of the test.
        window
            .run("document.getElementById('verdict').style.color = '#555';")
            .await;
        let found = findings(window).await;
        let is_serious = |it: &String| it.starts_with("serious color-contrast #verdict");
        assert!(found.iter().any(is_serious), "{found:?}");
        assert_eq!(window.run("return axe.version;").await, json!("4.14.1"));
    })
    .await;
}
