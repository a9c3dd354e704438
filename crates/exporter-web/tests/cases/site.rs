//! A folder with certificates and a web configuration, and an exporter that serves by it.

use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use axum::routing::get;
use s3_exporter_testkit::Port;
use s3_exporter_testkit::site;
pub use s3_exporter_testkit::site::{PREFACE, Served, TLS, connect, frame};
use s3_exporter_web::{Limits, WebConfig, bind, serve};
use tokio_util::sync::CancellationToken;

/// The variables that tell this program to be an exporter: where to listen, by which file, and
/// whether its probes need no password.
const LISTEN: &str = "EXPORTER_LISTEN";
const WEB_CONFIG: &str = "EXPORTER_WEB_CONFIG";
const OPEN_PROBES: &str = "EXPORTER_OPEN_PROBES";

/// The folder.
pub struct Site(site::Site);

impl Deref for Site {
    type Target = site::Site;

    fn deref(&self) -> &site::Site {
        &self.0
    }
}

impl Site {
    pub fn new() -> Self {
        Self(site::Site::new())
    }

    /// With this web configuration after the server's certificate and key.
    pub fn with_tls(rest: &str) -> Self {
        let site = Self::new();
        site.write("web.yml", &format!("{TLS}{rest}"));
        site
    }

    /// An exporter, a process of its own: this program once more.
    pub async fn exporter(&self) -> Served {
        self.start_exporter("").await
    }

    /// The same, whose probes need no password.
    pub async fn exporter_with_open_probes(&self) -> Served {
        self.start_exporter("yes").await
    }

    async fn start_exporter(&self, open_probes: &str) -> Served {
        let port = Port::take();
        let program = std::env::current_exe().unwrap();
        let arguments = ["--exact", "site::an_exporter", "--nocapture"].map(str::to_owned);
        let (listen, web) = (format!("127.0.0.1:{port}"), self.path("web.yml"));
        let environment = [
            (LISTEN, &*listen),
            (WEB_CONFIG, web.to_str().unwrap()),
            (OPEN_PROBES, open_probes),
        ];
        self.start(&program, &arguments, &environment, port).await
    }
}

/// An exporter of one metric, where this program is told to be one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exporter() {
    let variable = |name| std::env::var(name).unwrap_or_default();
    let listen = variable(LISTEN);
    if listen.is_empty() {
        return;
    }
    tracing_subscriber::fmt()
        .with_env_filter("off,s3_exporter_web=debug")
        .with_writer(std::io::stderr)
        .init();
    let web = WebConfig::open(Path::new(&variable(WEB_CONFIG))).unwrap();
    let mut web = web.with_headers(vec![
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (
            CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'"),
        ),
    ]);
    if !variable(OPEN_PROBES).is_empty() {
        web = web.with_probes(&["/-/healthy", "/-/ready"]);
    }
    let pages = Router::new()
        .route("/", get(async || "here\n"))
        .route("/metrics", get(async || "up 1\n"))
        .route("/api/v1/status", get(async || "{}\n"))
        .route("/-/healthy", get(async || "healthy\n"))
        .route("/-/ready", get(async || "ready\n"));
    let listeners = bind(&listen, false).unwrap();
    let never = CancellationToken::new();
    serve(listeners, pages, Arc::new(web), Limits::default(), never).await;
}
