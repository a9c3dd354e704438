//! The table of backups is searched and sorted, with the script and without.

use super::stage::Stage;
use super::window::{Window, browse};
use thirtyfour::Key;

async fn rows(window: &Window) -> Vec<String> {
    window.texts("#backups tbody th").await
}

/// The column that it is sorted by, and how.
async fn sorted(window: &Window) -> Vec<(String, String)> {
    let found = window
        .run(
            "return [...document.querySelectorAll('#backups th[aria-sort]')]\
             .filter((one) => one.ariaSort !== 'none')\
             .map((one) => [one.innerText.trim(), one.ariaSort]);",
        )
        .await;
    serde_json::from_value(found).unwrap()
}

fn by(column: &str, how: &str) -> Vec<(String, String)> {
    vec![(column.to_owned(), how.to_owned())]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_once_by_the_script() {
    let stage = Stage::start().await;
    browse(async |window| {
        window.open(&stage.exporter.url("/status/late")).await;
        window.run("window.stays = true;").await;
        assert_eq!(rows(window).await, ["idle", "lab-2", "lab-1"]);
        assert_eq!(sorted(window).await, by("State", "descending"));

        window.click("#backups thead a[href='?sort=name']").await;
        window.until("location.search === '?sort=name'").await;
        window
            .until("document.querySelector('#backups th').ariaSort === 'ascending'")
            .await;
        assert_eq!(rows(window).await, ["idle", "lab-1", "lab-2"]);
        assert_eq!(sorted(window).await, by("Cluster or job", "ascending"));
        for (order, first) in [("oldest", "lab-2"), ("largest", "lab-1"), ("worst", "idle")] {
            window
                .click(&format!("#backups thead a[href='?sort={order}']"))
                .await;
            window
                .until(&format!("location.search === '?sort={order}'"))
                .await;
            assert_eq!(rows(window).await[0], first, "{order}");
            assert_eq!(sorted(window).await.len(), 1);
        }

        // It searches while somebody types, and says how many there are.
        window.click("#q").await;
        window.press("LAB-2").await;
        window
            .until("document.querySelectorAll('#backups tbody tr').length === 1")
            .await;
        assert_eq!(rows(window).await, ["lab-2"]);
        assert_eq!(window.text("#count").await, "1 of 3.");
        assert_eq!(window.text("#live").await, "1 of 3.");
        assert_eq!(window.place().await, "/status/late?q=LAB-2&sort=worst");
        let typed = "return [document.activeElement.id, document.activeElement.value];";
        assert_eq!(window.run(typed).await, serde_json::json!(["q", "LAB-2"]));
        window.press("9").await;
        window
            .until("document.querySelectorAll('#backups tbody tr').length === 0")
            .await;
        window.press(Key::Backspace).await;
        window.press(Key::Enter).await;
        window
            .until("document.querySelectorAll('#backups tbody tr').length === 1")
            .await;
        window.click("form a.swap").await;
        window
            .until("document.querySelectorAll('#backups tbody tr').length === 3")
            .await;
        assert_eq!(window.place().await, "/status/late");

        // Back is what it was.
        window.back().await;
        window.until("location.search.includes('LAB-2')").await;
        window
            .until("document.querySelectorAll('#backups tbody tr').length === 1")
            .await;
        assert_eq!(
            window.run("return window.stays;").await,
            true,
            "it was loaded anew"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_links_and_a_form_where_no_script_runs() {
    let stage = Stage::start().await;
    browse(async |window| {
        window.without_scripts().await;
        window.open(&stage.exporter.url("/")).await;
        window
            .click("section[aria-labelledby=destinations] th a[href='status/late']")
            .await;
        window.until("location.pathname === '/status/late'").await;
        assert_eq!(rows(window).await, ["idle", "lab-2", "lab-1"]);
        window.run("window.stays = true;").await;
        window.click("#backups thead a[href='?sort=name']").await;
        window
            .until("location.search === '?sort=name' && document.querySelector('#live')")
            .await;
        assert!(
            window.run("return window.stays;").await.is_null(),
            "a script ran"
        );
        assert_eq!(rows(window).await, ["idle", "lab-1", "lab-2"]);
        assert_eq!(sorted(window).await, by("Cluster or job", "ascending"));
        window.click("#q").await;
        window.press("lab").await;
        window.click("form button").await;
        window
            .until("location.search === '?q=lab&sort=name' && document.querySelector('#live')")
            .await;
        assert_eq!(window.text("#count").await, "2 of 3.");
        assert_eq!(rows(window).await, ["lab-1", "lab-2"]);
        window.click("#backups tbody a[href$='/lab-2']").await;
        window
            .until("location.pathname === '/status/late/lab-2'")
            .await;
        window.until("document.querySelector('#verdict.bad')").await;
    })
    .await;
}
