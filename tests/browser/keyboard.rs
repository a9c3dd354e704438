//! All of it can be done without a mouse, and one sees where one is.

use serde_json::{Value, json};
use thirtyfour::Key;

use super::stage::Stage;
use super::window::{Window, browse};

/// Where the focus is: which of all that can have it, and whether one sees so; null outside the page.
const FOCUS: &str = "const all = [...document.querySelectorAll('a[href], input:not([type=hidden]), button, [tabindex=\"0\"], summary')];
const one = document.activeElement;
if (one === document.body) return null;
const { outlineStyle, outlineWidth } = getComputedStyle(one);
const { left, top, right, bottom, width } = one.getBoundingClientRect();
return {
    nth: all.indexOf(one), of: all.length, what: one.outerHTML.slice(0, 120),
    isMarked: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2,
    isSeen: width > 0 && left >= 0 && bottom > 0 && top < innerHeight && left < innerWidth && right > 0,
};";

async fn focus(window: &Window) -> Value {
    window.run(FOCUS).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_part_is_reached_in_order_and_marked() {
    let stage = Stage::start().await;
    browse(async |window| {
        for page in ["/", "/status/late", "/status/late/lab-2"] {
            window.open(&stage.exporter.url(page)).await;
            let mut expected = 0;
            loop {
                window.press(Key::Tab).await;
                let focus = focus(window).await;
                if focus.is_null() {
                    break;
                }
                assert_eq!(focus["nth"], expected, "{page}: {focus}");
                for law in ["isMarked", "isSeen"] {
                    assert_eq!(focus[law], true, "{page}: {law}: {focus}");
                }
                expected += 1;
                if focus["of"] == expected {
                    break;
                }
            }
            let of = focus(window).await["of"].clone();
            assert_eq!(of, expected, "{page}: not all are reached");
            assert!(expected > 4, "{page}: {expected}");
        }

        // The first one leads past all of them.
        window.open(&stage.exporter.url("/status/late")).await;
        window.press(Key::Tab).await;
        assert_eq!(
            window.run("return document.activeElement.className;").await,
            "skip"
        );
        window.press(Key::Enter).await;
        assert_eq!(
            window.run("return document.activeElement.id;").await,
            "main"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_are_sorted_and_searched() {
    let stage = Stage::start().await;
    let tab_to = async |window: &Window, selector: &str| {
        for _ in 0..100 {
            window.press(Key::Tab).await;
            let is_there = format!(
                "return document.activeElement.matches({});",
                json!(selector)
            );
            if window.run(&is_there).await == true {
                return;
            }
        }
        panic!("{selector} is not reached");
    };
    browse(async |window| {
        window.open(&stage.exporter.url("/status/late")).await;
        let by_name = "#backups thead a[href='?sort=name']";
        tab_to(window, by_name).await;
        window.press(Key::Enter).await;
        window
            .until("document.querySelector('#backups th').ariaSort === 'ascending'")
            .await;
        // The focus stays, so that one goes on from there.
        let is_there = format!("document.activeElement.matches({})", json!(by_name));
        window.until(&is_there).await;
        window.press(Key::Tab).await;
        window.press(Key::Enter).await;
        window.until("location.search === '?sort=worst'").await;
        let state = "document.querySelector('#backups th:nth-child(2)').ariaSort === 'descending'";
        window.until(state).await;

        // Back to the search, by the same keys the other way.
        for _ in 0..100 {
            window.press_with(Key::Shift, Key::Tab).await;
            if window.run("return document.activeElement.id;").await == "q" {
                break;
            }
        }
        window.press("lab-1").await;
        window.press(Key::Enter).await;
        window
            .until("document.querySelectorAll('#backups tbody tr').length === 1")
            .await;
        assert_eq!(window.run("return document.activeElement.id;").await, "q");
        tab_to(window, "#backups tbody a").await;
        window.press(Key::Enter).await;
        window
            .until("location.pathname === '/status/late/lab-1'")
            .await;
    })
    .await;
}
