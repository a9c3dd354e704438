//! A window of a browser, and what its user does there.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use s3_exporter_testkit::S3sServer;
use s3_exporter_testkit::servers::ChromeDriver;
use serde_json::{Value, json};
use thirtyfour::common::command::Command;
use thirtyfour::error::WebDriverErrorInner;
use thirtyfour::{By, Capabilities, Key, TypingData, WebDriver};
use tokio::sync::Semaphore;

use super::client::{DevTools, Http};
use super::stage::{backend, destination};
use crate::common::Exporter;

/// Each takes some hundred megabytes and both cores for a moment.
static TURNS: Semaphore = Semaphore::const_new(2);
/// Ends a hang; says nothing of speed.
const PATIENCE: Duration = Duration::from_secs(90);
/// The page looks for news this much more often than it says.
const HURRY: &str = "for (const name of ['setInterval', 'setTimeout']) {
    const own = window[name];
    window[name] = (call, time) => own(call, time < 1000 ? time : time / 50);
}";

pub struct Window {
    driver: WebDriver,
    opened: Mutex<Vec<String>>,
}

/// Opens a window, does this there, and looks whether nothing was complained of and nothing was asked
/// of anybody but the exporters whose pages were opened.
pub async fn browse(test: impl AsyncFnOnce(&Window)) {
    let _turn = TURNS.acquire().await.unwrap();
    let server = ChromeDriver::start().await;
    let mut capabilities = Capabilities::new();
    let wanted = json!({"browserName": "chrome", "goog:chromeOptions": server.options(),
        "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}});
    for (name, value) in wanted.as_object().unwrap() {
        capabilities.set(name, value).unwrap();
    }
    let builder = WebDriver::builder(server.url(), capabilities).client(Http::new());
    let window = Window {
        driver: builder.await.unwrap(),
        opened: Mutex::default(),
    };
    window.resize(1280, 900).await;
    test(&window).await;
    assert_eq!(window.complaints().await, [""; 0]);
    assert_eq!(window.asked_of_others().await, [""; 0]);
    window.driver.quit().await.unwrap();
}

impl Window {
    /// Goes to an address, which has loaded then.
    pub async fn open(&self, url: &str) {
        let origin = url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
        self.opened.lock().unwrap().push(origin);
        self.driver.goto(url).await.unwrap();
    }

    /// A command of the Chrome DevTools Protocol.
    pub async fn tell(&self, command: &'static str, parameters: Value) -> Value {
        let command = DevTools {
            command,
            parameters,
        };
        let answer = self
            .driver
            .cmd(Command::ExtensionCommand(Box::new(command)));
        answer.await.unwrap().value_json().unwrap()
    }

    /// From the next page on no script runs.
    pub async fn without_scripts(&self) {
        let off = json!({"value": true});
        self.tell("Emulation.setScriptExecutionDisabled", off).await;
    }

    /// From the next page on this runs before anything of the page.
    pub async fn before_pages(&self, script: &str) {
        let source = json!({"source": script});
        self.tell("Page.addScriptToEvaluateOnNewDocument", source)
            .await;
    }

    /// From the next page on what it does at intervals it does fifty times as often.
    pub async fn hurry(&self) {
        self.before_pages(HURRY).await;
    }

    pub async fn resize(&self, width: u32, height: u32) {
        let size =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.tell("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// `light` or `dark`.
    pub async fn prefer(&self, scheme: &str) {
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.tell("Emulation.setEmulatedMedia", features).await;
    }

    /// What a function's body returns.
    pub async fn run(&self, script: &str) -> Value {
        let answer = self.driver.execute(script, []).await;
        let answer = answer.unwrap_or_else(|error| panic!("{error}\n{script}"));
        answer.json().clone()
    }

    /// What a function's body that waits returns.
    pub async fn wait_for(&self, script: &str) -> Value {
        let script = format!(
            "const done = arguments[arguments.length - 1];\
             (async () => {{ {script} }})().then(done, (error) => done(`error: ${{error}}`));"
        );
        let answer = self.driver.execute_async(script, []).await.unwrap();
        answer.json().clone()
    }

    /// Waits until an expression is true.
    pub async fn until(&self, expression: &str) {
        let deadline = Instant::now() + PATIENCE;
        while self.run(&format!("return !!({expression});")).await != true {
            if Instant::now() > deadline {
                panic!("never: {expression}\n{}", self.text("body").await);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The text of each of these, as it is seen.
    pub async fn texts(&self, selector: &str) -> Vec<String> {
        let script = format!(
            "return [...document.querySelectorAll({})].map((one) => one.innerText.trim());",
            json!(selector)
        );
        serde_json::from_value(self.run(&script).await).unwrap()
    }

    /// The text of the only one.
    #[track_caller]
    pub fn text(&self, selector: &str) -> impl Future<Output = String> {
        let caller = std::panic::Location::caller();
        async move {
            let mut texts = self.texts(selector).await;
            assert_eq!(texts.len(), 1, "{selector} at {caller}: {texts:?}");
            texts.remove(0)
        }
    }

    /// Presses a key, or types a text, wherever the focus is.
    pub async fn press(&self, keys: impl Into<TypingData>) {
        let chain = self.driver.action_chain().send_keys(keys);
        chain.perform().await.unwrap();
    }

    /// The same with a key held.
    pub async fn press_with(&self, held: Key, key: Key) {
        let chain = self.driver.action_chain().key_down(held.clone());
        let chain = chain.send_keys(key).key_up(held);
        chain.perform().await.unwrap();
    }

    /// Clicks on the only one.
    pub async fn click(&self, selector: &str) {
        loop {
            let found = self.driver.find_all(By::Css(selector)).await.unwrap();
            assert_eq!(found.len(), 1, "{selector}");
            match found[0].click().await {
                // The page was brought up to date meanwhile.
                Err(error) if matches!(*error, WebDriverErrorInner::StaleElementReference(_)) => {}
                done => return done.unwrap(),
            }
        }
    }

    /// Waits until the page at this path has loaded.
    pub async fn arrive(&self, path: &str) {
        let there = format!("location.pathname === {}", json!(path));
        self.until(&format!("{there} && document.readyState === 'complete'"))
            .await;
    }

    pub async fn back(&self) {
        self.driver.back().await.unwrap();
    }

    /// The address without the exporter's.
    pub async fn place(&self) -> String {
        let place = self.run("return location.pathname + location.search;");
        place.await.as_str().unwrap().to_owned()
    }

    /// What the console says since it was asked last.
    pub async fn complaints(&self) -> Vec<String> {
        let all = self.driver.browser_log().await.unwrap();
        all.into_iter()
            .map(|it| format!("{}: {}", it.level, it.message))
            .collect()
    }

    /// A picture of the page from its top to the end of this, as PNG.
    pub async fn picture(&self, end: &str) -> Vec<u8> {
        let hidden = json!({"hidden": true});
        self.tell("Emulation.setScrollbarsHidden", hidden).await;
        let bottom = format!(
            "return Math.round(document.querySelector({}).getBoundingClientRect().bottom) + 16;",
            json!(end)
        );
        let height = self.run(&bottom).await.as_u64().unwrap();
        self.resize(1280, u32::try_from(height).unwrap()).await;
        let picture = self.driver.screenshot_as_png().await.unwrap();
        self.resize(1280, 900).await;
        picture
    }

    /// The addresses of what was asked of others than the exporters since this was asked last.
    pub async fn asked_of_others(&self) -> Vec<String> {
        let opened = self.opened.lock().unwrap().clone();
        let (mut seen, mut others) = (0, Vec::new());
        for entry in self.driver.get_log("performance").await.unwrap() {
            let entry: Value = serde_json::from_str(&entry.message).unwrap();
            let (method, parameters) = (&entry["message"]["method"], &entry["message"]["params"]);
            // Else it is the browser's own page of a new tab.
            let is_of_site = |url: &str| url.starts_with("http");
            if !parameters["documentURL"].as_str().is_none_or(is_of_site) {
                continue;
            }
            let url = match method.as_str().unwrap() {
                "Network.requestWillBeSent" => &parameters["request"]["url"],
                "Network.webSocketCreated" => &parameters["url"],
                _ => continue,
            };
            let url = url.as_str().unwrap();
            seen += 1;
            let is_ours = |origin: &String| url.starts_with(&format!("{origin}/"));
            if !opened.iter().any(is_ours) {
                others.push(url.to_owned());
            }
        }
        assert!(seen > 0, "no request was seen");
        others
    }
}

/// A test of the test.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_page_must_not_do_is_noticed() {
    let (server, other) = (S3sServer::start(), S3sServer::start());
    server.store().create_bucket("empty");
    let config = [backend("s", &server), destination("empty", "s", "")].concat();
    let exporter = Exporter::with_config(&config, &[]).await;
    browse(async |window| {
        window.open(&exporter.url("/")).await;
        assert_eq!(window.complaints().await, [""; 0]);
        // Its policy keeps it from that, which is told.
        let ask = format!("await fetch('{}/');", other.endpoint());
        let refused = window.wait_for(&ask).await;
        assert!(
            refused.as_str().unwrap().starts_with("error: "),
            "{refused}"
        );
        let complaints = window.complaints().await;
        let is_told = |it: &String| it.contains("Content Security Policy");
        assert!(complaints.iter().any(is_told), "{complaints:?}");
        assert_eq!(window.asked_of_others().await, [""; 0]);
        // It does not keep it from leading elsewhere.
        window
            .run(&format!("location.href = '{}/';", other.endpoint()))
            .await;
        window.until("document.contentType.endsWith('xml')").await;
        let asked = window.asked_of_others().await;
        assert_eq!(asked[0], format!("{}/", other.endpoint()));
        window.complaints().await;
        window.open(&exporter.url("/")).await;
    })
    .await;
}
