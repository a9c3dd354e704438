//! Destinations in each state, and where their links lead.

use super::stage::{STATES, Stage};
use super::window::browse;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_is_told_in_words_and_colour() {
    let stage = Stage::start().await;
    browse(async |window| {
        window.open(&stage.exporter.url("/")).await;
        let verdict = window.text("#verdict").await;
        for part in [
            "2 destinations failing",
            "1 destination out of date",
            "1 cluster without any backup",
            "1 cluster with late backups",
            "1 destination not yet scanned",
        ] {
            assert!(verdict.contains(part), "{part}: {verdict}");
        }
        let states = "section[aria-labelledby=destinations] tbody tr";
        let names = window.texts(&format!("{states} th a")).await;
        assert_eq!(names, STATES.map(|(name, ..)| name));
        let words = window.texts(&format!("{states} td:nth-child(2)")).await;
        let words: Vec<_> = words.iter().map(|it| it.lines().next().unwrap()).collect();
        assert_eq!(words, STATES.map(|(_, words, _)| words));
        let colours = window
            .run(&format!(
                "return [...document.querySelectorAll('{states} td:nth-child(2)')]\
                 .map((one) => [one.className, getComputedStyle(one).color]);"
            ))
            .await;
        let colours = colours.as_array().unwrap().iter().zip(STATES);
        let mut seen = std::collections::BTreeMap::new();
        for (colour, (name, _, class)) in colours {
            assert_eq!(colour[0], class, "{name}");
            seen.insert(class, colour[1].as_str().unwrap());
        }
        let distinct: std::collections::BTreeSet<_> = seen.values().collect();
        assert_eq!(distinct.len(), 3, "{seen:?}");

        // What is wrong stands before everything else, and each line leads somewhere.
        let wrong = window.texts("section[aria-labelledby=wrong] li").await;
        assert!(wrong[0].starts_with("failing: denied"), "{wrong:?}");
        assert!(wrong.iter().all(|line| !line.is_empty()));
        let lines = "section[aria-labelledby=wrong] li:not(:has(a))";
        assert_eq!(window.texts(lines).await, [""; 0], "without a link");

        for (name, words, class) in STATES {
            window.open(&stage.exporter.url("/")).await;
            window
                .click(&format!("{states} th a[href='status/{name}']"))
                .await;
            window.arrive(&format!("/status/{name}")).await;
            let heading = format!("Destination {name}");
            assert_eq!(window.text("h1").await, heading);
            assert_eq!(window.text(&format!("#verdict.{class}")).await, words);
            let page = window.text("main").await;
            match name {
                "empty" => assert!(page.contains("There is no object."), "{page}"),
                "denied" => assert!(page.contains("failing: denied"), "{page}"),
                "ill" => assert!(page.contains("(503 Ill)"), "{page}"),
                _ => {}
            }
        }
        window.open(&stage.exporter.url("/status/late")).await;
        window.click("#backups tbody a[href$='/lab-2']").await;
        window.arrive("/status/late/lab-2").await;
        assert_eq!(window.text("h1").await, "Cluster lab-2");
        let page = window.text("main").await;
        for part in ["critical: overdue", "lab-2-db-", "Sizes of the latest 12"] {
            assert!(page.contains(part), "{part}: {page}");
        }
        window.click("nav a[href$='/late']").await;
        window.arrive("/status/late").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_destination_tells_of_its_scans_and_of_what_is_nobodys() {
    let stage = Stage::start().await;
    browse(async |window| {
        // One that runs: how far it is, where an earlier one tells of how much.
        for (name, bars) in [("slow", 1), ("new", 0)] {
            window
                .open(&stage.exporter.url(&format!("/status/{name}")))
                .await;
            let running = window.text("#running").await;
            assert!(running.starts_with("Scanning since 20"), "{running}");
            assert_eq!(
                window.texts("#running progress").await.len(),
                bars,
                "{name}"
            );
            assert_eq!(
                running.contains(" % of what the latest"),
                bars > 0,
                "{running}"
            );
        }
        // Those that ended, the latest first, with what failed and why.
        let scans = "section[aria-labelledby=scans] tbody";
        window.open(&stage.exporter.url("/status/ill")).await;
        let ended = window.texts(&format!("{scans} td:nth-child(2)")).await;
        assert!(ended[0].starts_with("failed: unavailable"), "{ended:?}");
        assert_eq!(ended.last().unwrap(), "complete", "{ended:?}");
        let causes = window.texts(&format!("{scans} ol li")).await;
        assert!(causes.iter().any(|it| it.contains("503 Ill")), "{causes:?}");

        window.open(&stage.exporter.url("/status/late")).await;
        let page = window.text("main").await;
        assert!(page.contains("at 0.0050 per 1000 requests"), "{page}");
        window.click("a[href='#unassigned']").await;
        let nobodys = "section[aria-labelledby=unassigned] tbody tr";
        let prefixes = "[aria-label='Unassigned objects by prefix'] tbody tr";
        assert_eq!(window.texts(prefixes).await, ["tmp/\t30\t29.7 KiB"]);
        let sample = window.texts(&format!("{nobodys}:has(time) th")).await;
        let first: Vec<_> = (0..10).map(|nth| format!("tmp/{nth:02}")).collect();
        assert_eq!(sample, first);
    })
    .await;
}
