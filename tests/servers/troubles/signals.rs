//! Signals at any moment, from the first millisecond on.

use std::time::{Duration, Instant};

use s3_exporter_testkit::{Port, Process, S3sServer};
use tempfile::TempDir;

use crate::common::truth::{Figures, backup};
use crate::common::{Exporter, Metrics, program};
use crate::troubles::stage::{BUCKET, config};

const CLUSTERS: [&str; 2] = ["alpha", "beta"];
/// How many run at a time, on however few cores.
const AT_ONCE: usize = 4;
/// The shell's exit code for a program that a signal has ended.
const TERM: i32 = 128 + 15;
const HUP: i32 = 128 + 1;
const KILL: i32 = 128 + 9;

/// What a textfile holds before.
const BEFORE: &str = "before 1\n";

struct Setting {
    /// It answers as long as this lives.
    _store: S3sServer,
    config: String,
    figures: Figures,
    moments: fastrand::Rng,
}

impl Setting {
    /// Three pages, each of which takes a while: so that most moments are within a scan.
    fn new() -> Self {
        let store = S3sServer::start();
        let uploads: Vec<_> = (0..2500).map(|nth| backup("alpha", nth)).collect();
        store.store().put_all(BUCKET, uploads.clone());
        store.faults().delay(Duration::from_millis(30));
        let destination = format!(
            "[[destinations]]\nname = \"d\"\nbucket = \"{BUCKET}\"\nclusters = {CLUSTERS:?}\n"
        );
        let config = config(&store, &destination);
        let seed = fastrand::u64(..);
        println!("the seed of the moments is {seed}");
        Self {
            figures: Figures::expected(&uploads, &CLUSTERS),
            _store: store,
            config,
            moments: fastrand::Rng::with_seed(seed),
        }
    }

    /// Half of them while it starts.
    fn moments(&mut self, count: usize) -> Vec<Duration> {
        let mut moment = |most| Duration::from_micros(self.moments.u64(..most));
        (0..count)
            .map(|nth| moment(if nth % 2 == 0 { 250_000 } else { 1_500_000 }))
            .collect()
    }

    fn are_right(&self, metrics: &Metrics) -> bool {
        Figures::shown(metrics, "d") == self.figures
    }
}

/// One that may end at any moment.
struct Run {
    process: Process,
    port: Port,
    folder: TempDir,
}

impl Run {
    fn start(setting: &Setting, arguments: &[&str]) -> Self {
        Self::start_in(
            setting,
            arguments,
            tempfile::tempdir().unwrap(),
            Port::take(),
        )
    }

    fn start_in(setting: &Setting, arguments: &[&str], folder: TempDir, port: Port) -> Self {
        let file = folder.path().join("config.toml");
        std::fs::write(&file, &setting.config).unwrap();
        let address = format!("127.0.0.1:{port}");
        let own = ["--config", file.to_str().unwrap(), "-address", &address];
        let arguments: Vec<_> = own.iter().chain(arguments).copied().collect();
        let log = folder.path().join("log");
        let process = Process::start(program(), &arguments, &[], &log);
        Self {
            process,
            port,
            folder,
        }
    }

    /// Scrapes for so long; whatever answer is given is whole.
    async fn scrape(&self, time: Duration) {
        let url = format!("http://127.0.0.1:{}/metrics", self.port);
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let scraping = async {
            loop {
                let answer = http.get(&url).send().await;
                if let Ok(answer) = answer
                    && let Ok(text) = answer.text().await
                {
                    let metrics = Metrics::parse(&text);
                    assert!(metrics.has("objectstore_destination_info"), "{text}");
                    assert!(
                        metrics.has("promhttp_metric_handler_requests_total"),
                        "{text}"
                    );
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let _ = tokio::time::timeout(time, scraping).await;
    }

    /// Sends the signal after this time, being scraped until its end, and gives the exit code.
    async fn end(&mut self, signal: &str, after: Duration) -> i32 {
        self.scrape(after).await;
        self.process.signal(signal);
        // Those that come now too get the whole of it, or nothing.
        self.scrape(Duration::from_millis(20)).await;
        let code = self.process.wait().await.code().unwrap();
        self.check_log(code);
        code
    }

    /// The log has whole lines, no error and no panic.
    fn check_log(&self, code: i32) {
        let log = self.process.log();
        assert!(log.is_empty() || log.ends_with('\n'), "{code}: {log:?}");
        for line in log.lines().filter(|line| line.starts_with('{')) {
            let line: serde_json::Value =
                serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            let level = &line["level"];
            assert!(level == "info" || level == "debug", "{line}");
        }
        assert!(!log.contains("fault of s3-exporter"), "{log}");
    }

    fn listens(&self) -> bool {
        self.process.log().contains("\"msg\":\"listening")
    }
}

/// Runs some at a time.
async fn some_at_once(moments: Vec<Duration>, one: impl AsyncFn(Duration)) {
    for some in moments.chunks(AT_ONCE) {
        futures::future::join_all(some.iter().map(|moment| one(*moment))).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_at_any_moment_ends_it_in_order() {
    let mut setting = Setting::new();
    let moments = setting.moments(40);
    let setting = &setting;
    some_at_once(moments, async |moment| {
        let mut run = Run::start(setting, &[]);
        let code = run.end("TERM", moment).await;
        let log = run.process.log();
        // Nobody can catch a signal before the program has begun.
        let expected = if run.listens() { 0 } else { TERM };
        assert_eq!(code, expected, "after {moment:?}: {log}");
        assert_eq!(run.listens(), log.contains("\"msg\":\"stopped\""), "{log}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigkill_at_any_moment_leaves_nothing_in_the_way() {
    let mut setting = Setting::new();
    let moments = setting.moments(16);
    let (mut folder, mut port) = (tempfile::tempdir().unwrap(), Port::take());
    for moment in moments {
        let mut run = Run::start_in(&setting, &[], folder, port);
        assert_eq!(run.end("KILL", moment).await, KILL);
        (folder, port) = (run.folder, run.port);
    }
    // The same port, the same folder: all is as if nothing had been.
    let mut run = Run::start_in(&setting, &[], folder, port);
    let url = format!("http://127.0.0.1:{}/metrics", run.port);
    let right = || async {
        let Ok(answer) = reqwest::get(&url).await else {
            return false;
        };
        setting.are_right(&Metrics::parse(&answer.text().await.unwrap()))
    };
    run.process.until("it has all figures", right).await;
    assert_eq!(run.end("TERM", Duration::ZERO).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sighup_at_any_moment_ends_nothing() {
    let mut setting = Setting::new();
    let mut exporter = Exporter::with_config(&setting.config, &[]).await;
    for moment in setting.moments(60) {
        exporter.signal("HUP");
        tokio::time::sleep(moment / 20).await;
        assert!(exporter.runs(), "{}", exporter.log());
    }
    let right = |metrics: &Metrics| setting.are_right(metrics);
    exporter.until("all figures", right).await;
    assert!(exporter.terminate().await.success());

    // While it starts.
    let moments = setting.moments(16);
    let setting = &setting;
    some_at_once(moments, async |moment| {
        let mut run = Run::start(setting, &[]);
        run.scrape(moment).await;
        run.process.signal("HUP");
        run.scrape(Duration::from_millis(50)).await;
        let code = run.end("TERM", Duration::ZERO).await;
        let expected = if run.listens() {
            &[0][..]
        } else {
            &[HUP, TERM]
        };
        assert!(
            expected.contains(&code),
            "{code} after {moment:?}: {}",
            run.process.log()
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn once_that_is_ended_has_written_all_or_nothing() {
    let mut setting = Setting::new();
    let moments = setting.moments(32);
    let setting = &setting;
    some_at_once(moments, async |moment| {
        let moment = moment / 4;
        let (mut prints, folder) = (Run::start(setting, &["once"]), tempfile::tempdir().unwrap());
        let file = folder.path().join("backups.prom");
        std::fs::write(&file, BEFORE).unwrap();
        let mut writes = Run::start(setting, &["once", "--textfile", file.to_str().unwrap()]);
        let written = || std::fs::read_to_string(&file).unwrap();
        let whole = |text: &str| text.ends_with('\n') && setting.are_right(&Metrics::parse(text));
        // Who reads it meanwhile sees no half either.
        let deadline = Instant::now() + moment;
        while Instant::now() < deadline {
            let text = written();
            assert!(text == BEFORE || whole(&text), "{text}");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        for run in [&mut prints, &mut writes] {
            run.process.signal(if moment.subsec_micros() % 2 == 0 {
                "TERM"
            } else {
                "KILL"
            });
            let code = run.process.wait().await.code().unwrap();
            assert!(
                [0, TERM, KILL].contains(&code),
                "{code}: {}",
                run.process.log()
            );
        }
        let printed: String = prints
            .process
            .log()
            .split_inclusive('\n')
            .filter(|line| !line.starts_with('{'))
            .collect();
        let written = written();
        assert!(
            printed.is_empty() || whole(&printed),
            "after {moment:?}: {printed}"
        );
        assert!(
            written == BEFORE || whole(&written),
            "after {moment:?}: {written}"
        );
        prints.check_log(0);
    })
    .await;
}
