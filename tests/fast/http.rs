//! What is answered over HTTP, through real sockets.

use std::collections::BTreeMap;
use std::io::Read;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use flate2::read::GzDecoder;
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, ALLOW, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, VARY,
};
use reqwest::{Client, Method, Response, StatusCode};
use s3_exporter::command::serve::{self, Setup};
use s3_exporter::config::{Backend as Store, Compat, Config, Fingerprint};
use s3_exporter::exposition::Exposition;
use s3_exporter::http::{App, protect, router};
use s3_exporter::resolver::channel;
use s3_exporter::snapshot::{DestinationSnapshot, Snapshot, SnapshotSource};
use s3_exporter::telemetry::Telemetry;
use s3_exporter_api::{
    Backend, BackendError, Capabilities, Connect, Continuation, ListRequest, Operation, Order,
    Page, async_trait,
};
use s3_exporter_testkit::servers::check_metrics;
use s3_exporter_web::{Limits, Listener, WebConfig};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::sample;

mod pages;

/// Long enough that only what hangs takes longer.
const HANGS: Duration = Duration::from_secs(30);

/// A server over a snapshot.
struct Server {
    address: SocketAddr,
    client: Client,
    shutdown: CancellationToken,
    serving: JoinHandle<()>,
    destinations: Vec<watch::Sender<Arc<DestinationSnapshot>>>,
}

async fn start(snapshot: Snapshot, metrics_at_any_path: bool) -> Server {
    let mut config = sample::config(sample::metrics(&[Compat::KubermaticS3], "cluster"));
    config.metrics_at_any_path = metrics_at_any_path;
    let (destinations, published) = snapshot
        .destinations
        .into_iter()
        .map(watch::channel)
        .unzip();
    let resolvers = snapshot.resolvers.into_iter().map(|(name, resolution)| {
        let (_, mut names) = channel(Arc::clone(&name));
        names.resolution = watch::channel(resolution).1;
        (name, names)
    });
    let source = SnapshotSource::new(published, resolvers.collect());
    let exposition = Arc::new(Exposition::new(source, &config.metrics));
    let app = App::new(Arc::clone(&exposition), Telemetry::new(), &config);
    let listeners = s3_exporter_web::bind("127.0.0.1:0", false).unwrap();
    let address = listeners[0].socket.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let stop = shutdown.clone();
    let web = Arc::new(protect(WebConfig::default()));
    let serving = tokio::spawn(async move {
        tokio::select! {
            () = exposition.follow() => {}
            () = s3_exporter_web::serve(listeners, router(Arc::new(app)), web, Limits::default(), stop) => {}
        }
    });
    Server {
        address,
        client: client(),
        shutdown,
        serving,
        destinations,
    }
}

fn client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default(); // or it is there already
    Client::builder().no_proxy().timeout(HANGS).build().unwrap()
}

impl Server {
    async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(reqwest::header::HeaderName, &str)],
    ) -> Response {
        let url = format!("http://{}{path}", self.address);
        let mut request = self.client.request(method, url);
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        request.send().await.unwrap()
    }

    async fn get(&self, path: &str) -> Response {
        self.ask(Method::GET, path, &[]).await
    }

    /// Sends bytes and reads until the server closes.
    async fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let _ = stream.write_all(bytes).await; // it may close before it has read them all
        let mut answer = Vec::new();
        let closed = tokio::time::timeout(HANGS, stream.read_to_end(&mut answer)).await;
        let said = String::from_utf8_lossy(&answer).into_owned();
        assert!(closed.is_ok(), "the server does not close, and said {said}");
        said
    }
}

fn header(response: &Response, name: impl reqwest::header::AsHeaderName) -> String {
    let value = response.headers().get(name);
    value.map_or(String::new(), |value| value.to_str().unwrap().to_owned())
}

const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
const PROMETHEUS_3: &str = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1";

#[tokio::test]
async fn metrics_in_each_format_and_encoding() {
    let server = start(sample::snapshot(), false).await;
    for (accept, content_type) in [("*/*", TEXT), (PROMETHEUS_3, OPEN_METRICS)] {
        let plain = server
            .ask(Method::GET, "/metrics", &[(ACCEPT, accept)])
            .await;
        assert_eq!(plain.status(), StatusCode::OK);
        assert_eq!(header(&plain, CONTENT_TYPE), content_type);
        assert_eq!(header(&plain, CONTENT_ENCODING), "");
        assert_eq!(header(&plain, VARY), "Accept, Accept-Encoding");
        let length: usize = header(&plain, CONTENT_LENGTH).parse().unwrap();
        let plain = plain.text().await.unwrap();
        assert_eq!(plain.len(), length);
        assert_eq!(plain.ends_with("# EOF\n"), content_type == OPEN_METRICS);

        let headers = [(ACCEPT, accept), (ACCEPT_ENCODING, "gzip")];
        let zipped = server.ask(Method::GET, "/metrics", &headers).await;
        assert_eq!(header(&zipped, CONTENT_TYPE), content_type);
        assert_eq!(header(&zipped, CONTENT_ENCODING), "gzip");
        let zipped = zipped.bytes().await.unwrap();
        assert!(
            zipped.len() < length / 2,
            "{} of {length} bytes",
            zipped.len()
        );
        let mut unzipped = String::new();
        GzDecoder::new(&*zipped)
            .read_to_string(&mut unzipped)
            .unwrap();
        assert_eq!(settled(&unzipped), settled(&plain));
    }
}

/// Without what differs from one scrape to the next.
fn settled(text: &str) -> Vec<&str> {
    let moves = |line: &&str| !line.starts_with("process_") && !line.starts_with("promhttp_");
    text.lines().filter(moves).collect()
}

#[tokio::test]
async fn scrapes_are_counted() {
    let server = start(sample::snapshot(), false).await;
    let first = server.get("/metrics").await.text().await.unwrap();
    for line in [
        "promhttp_metric_handler_requests_total{code=\"200\"} 0",
        "promhttp_metric_handler_requests_total{code=\"500\"} 0",
        "promhttp_metric_handler_requests_total{code=\"503\"} 0",
        "promhttp_metric_handler_requests_in_flight 1",
    ] {
        assert!(first.contains(line), "{line} is missing in {first}");
    }
    server.get("/-/healthy").await;
    let second = server.get("/").await.text().await.unwrap();
    assert!(second.contains("promhttp_metric_handler_requests_total{code=\"200\"} 1"));
    assert!(second.contains("promhttp_metric_handler_requests_in_flight 1"));
}

#[tokio::test]
async fn the_root_is_for_browsers_and_for_scrapers() {
    let server = start(sample::snapshot(), false).await;
    let page = server.ask(Method::GET, "/", &[(ACCEPT, BROWSER)]).await;
    assert_eq!(page.status(), StatusCode::OK);
    assert_eq!(header(&page, CONTENT_TYPE), "text/html; charset=utf-8");
    assert_eq!(header(&page, VARY), "Accept, Accept-Encoding");
    let metrics = server.ask(Method::GET, "/", &[(ACCEPT, "*/*")]).await;
    assert_eq!(header(&metrics, CONTENT_TYPE), TEXT);
    assert!(header(&metrics, VARY).starts_with("Accept"));
    assert!(
        metrics
            .text()
            .await
            .unwrap()
            .contains("\nobjectstore_objects{")
    );
}

/// Who looks by curl reads where the page is; a scraper reads a comment, if anything.
#[tokio::test]
async fn the_root_says_where_the_page_is() {
    for any_path in [false, true] {
        let server = start(sample::snapshot(), any_path).await;
        let text = server.get("/").await.text().await.unwrap();
        let (first, rest) = text.split_once('\n').unwrap();
        assert!(first.starts_with("# s3-exporter: "), "{first}");
        assert!(first.contains("the status page is at /status"), "{first}");
        // promtool does not like the other exporters' names.
        let ours: Vec<_> = text
            .lines()
            .filter(|line| !line.contains("kubermatic_"))
            .collect();
        check_metrics(&(ours.join("\n") + "\n")).unwrap();
        let metrics = server.get("/metrics").await.text().await.unwrap();
        assert_eq!(settled(rest), settled(&metrics));
        let open_metrics = [(ACCEPT, "application/openmetrics-text;version=1.0.0")];
        let gzip = [(ACCEPT_ENCODING, "gzip")];
        for headers in [&open_metrics, &gzip] {
            let response = server.ask(Method::GET, "/", headers).await;
            let body = response.bytes().await.unwrap();
            assert!(!body.starts_with(b"# s3-exporter"), "{headers:?}");
        }
    }
}

#[tokio::test]
async fn the_status_page_is_for_everyone() {
    for any_path in [false, true] {
        let server = start(sample::snapshot(), any_path).await;
        for accept in ["*/*", BROWSER, "text/plain", "application/openmetrics-text"] {
            let page = server
                .ask(Method::GET, "/status", &[(ACCEPT, accept)])
                .await;
            assert_eq!(page.status(), StatusCode::OK, "{accept}");
            assert_eq!(header(&page, CONTENT_TYPE), "text/html; charset=utf-8");
            let page = page.text().await.unwrap();
            assert!(page.contains("<h1>s3-exporter</h1>"), "{page}");
        }
    }
}

const RESERVED: [&str; 6] = [
    "/-/",
    "/-/x",
    "/api/",
    "/api/v2/status",
    "/.well-known/x",
    "/favicon.ico",
];

#[tokio::test]
async fn paths_with_a_file() {
    let server = start(sample::snapshot(), false).await;
    for path in RESERVED
        .iter()
        .chain(&["/foo", "/metrics/", "/foo/metrics"])
    {
        let response = server.get(path).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
    }
    // Nobody has said where a configuration could be read.
    assert_eq!(
        server.ask(Method::POST, "/-/reload", &[]).await.status(),
        StatusCode::NOT_FOUND
    );
    for method in [Method::GET, Method::HEAD, Method::PUT] {
        let answer = server.ask(method, "/-/reload", &[]).await;
        assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(header(&answer, ALLOW), "POST");
    }
}

#[tokio::test]
async fn paths_with_flags_alone() {
    let server = start(sample::snapshot(), true).await;
    for path in RESERVED {
        let response = server.get(path).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
    }
    for path in [
        "/foo",
        "/metrics/",
        "/a/b?c=d",
        "/apifoo",
        "/favicon.icon",
        "/%ff",
    ] {
        let response = server.get(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(header(&response, CONTENT_TYPE), TEXT, "{path}");
        // A browser, too: only `/` and `/status` are the status page.
        let response = server.ask(Method::GET, path, &[(ACCEPT, BROWSER)]).await;
        assert_eq!(header(&response, CONTENT_TYPE), TEXT, "{path}");
    }
}

#[tokio::test]
async fn other_methods_and_head() {
    for any_path in [false, true] {
        let server = start(sample::snapshot(), any_path).await;
        for path in [
            "/metrics",
            "/",
            "/status",
            "/status/etcd",
            "/status/etcd/late",
            "/-/style.css",
            "/-/healthy",
            "/-/ready",
            "/api/v1/status",
            "/foo",
        ] {
            for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
                let response = server.ask(method.clone(), path, &[]).await;
                let status = response.status();
                assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
                assert_eq!(header(&response, ALLOW), "GET,HEAD", "{method} {path}");
            }
        }
        let head = server.ask(Method::HEAD, "/metrics", &[]).await;
        assert_eq!(head.status(), StatusCode::OK);
        assert_eq!(header(&head, CONTENT_TYPE), TEXT);
        assert!(header(&head, CONTENT_LENGTH).parse::<usize>().unwrap() > 1000);
        assert_eq!(head.text().await.unwrap(), "");
        let head = server.ask(Method::HEAD, "/foo", &[]).await;
        assert_eq!(head.status().is_success(), any_path);
    }
}

#[tokio::test]
async fn every_answer_protects_its_reader() {
    let server = start(sample::snapshot(), false).await;
    for path in [
        "/",
        "/status",
        "/status/etcd",
        "/-/page.js",
        "/metrics",
        "/-/ready",
        "/api/v1/status",
        "/nothing",
    ] {
        let response = server.ask(Method::GET, path, &[(ACCEPT, BROWSER)]).await;
        assert_eq!(
            header(&response, "x-content-type-options"),
            "nosniff",
            "{path}"
        );
        assert_eq!(
            header(&response, "referrer-policy"),
            "no-referrer",
            "{path}"
        );
        let policy = header(&response, "content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; "),
            "{path}: {policy}"
        );
    }
}

#[tokio::test]
async fn ready_when_each_destination_was_tried() {
    let mut snapshot = sample::snapshot();
    snapshot
        .destinations
        .retain(|of| ["etcd", "new"].contains(&&*of.destination.name));
    let server = start(snapshot, false).await;
    assert_eq!(server.get("/-/healthy").await.status(), StatusCode::OK);
    let response = server.get("/-/ready").await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    let awaited = response.text().await.unwrap();
    assert!(
        awaited.contains("\"new\"") && !awaited.contains("\"etcd\""),
        "{awaited}"
    );

    server.destinations[1].send_modify(|of| {
        let failure = Some((s3_exporter_api::FailureKind::Denied, "denied"));
        Arc::make_mut(of).latest = sample::attempt(1, failure);
    });
    for _ in 0..2000 {
        if server.get("/-/ready").await.status() == StatusCode::OK {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("never ready");
}

#[tokio::test]
async fn status_as_json() {
    let server = start(sample::snapshot(), false).await;
    let response = server.get("/api/v1/status").await;
    assert_eq!(header(&response, CONTENT_TYPE), "application/json");
    let status: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    assert_eq!(status["ready"], false);
    assert_eq!(status["version"], env!("CARGO_PKG_VERSION"));

    let good = &status["destinations"][0];
    assert_eq!(good["destination"], "etcd");
    assert_eq!(good["state"], "ok");
    assert_eq!(good["failure"], Value::Null);
    assert_eq!(good["max_age_seconds"], 90_000.0);
    assert_eq!(good["unassigned"]["objects"], 3);
    assert_eq!(good["latest_scan"]["ended"]["time"], "2025-12-31T23:59:00Z");
    assert_eq!(good["latest_audit"]["success"], true);
    assert_eq!(status["destinations"][2]["latest_audit"], Value::Null);
    let backups: Vec<_> = good["clusters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|cluster| {
            (
                cluster["cluster"].as_str().unwrap(),
                cluster["backup"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        backups,
        [
            ("empty", "none"),
            ("healthy", "ok"),
            ("late", "late"),
            ("never", "none")
        ]
    );
    assert_eq!(
        good["clusters"][1]["newest_object_size_bytes"],
        5_368_709_120_u64
    );
    assert_eq!(
        good["clusters"][1]["created"]["time"],
        "2025-09-18T20:00:00Z"
    );

    let failing = &status["destinations"][1];
    assert_eq!(failing["destination"], sample::HOSTILE);
    assert_eq!(failing["state"], "failing");
    assert_eq!(failing["failure"]["kind"], "denied");
    assert_eq!(failing["failure"]["message"], "access <b>denied</b> (403)");
    assert_eq!(failing["clusters"][0]["objects"], 1);
    assert_eq!(status["destinations"][4]["state"], "pending");

    let [lab, slow] = [2, 3].map(|at| &status["resolvers"][at]);
    assert_eq!(lab["failure"], "the file <is> gone");
    assert_eq!(lab["destinations"], Value::Null);
    assert_eq!(slow["clusters"], Value::Null);
}

#[tokio::test]
async fn odd_clients_end_nothing() {
    let server = start(sample::snapshot(), true).await;
    let head = format!(
        "GET /metrics HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n",
        "x".repeat(100_000)
    );
    for (odd, status) in [
        (&b"\x16\x03\x01\x02\x00\x01\x00"[..], "HTTP/1.1 400"),
        (b"GET /metrics HTTP/9.9\r\n\r\n", "HTTP/1.1 400"),
        (
            b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
            "HTTP/1.1 400",
        ),
        (b"G\0T / HTTP/1.1\r\n\r\n", "HTTP/1.1 400"),
        (head.as_bytes(), "HTTP/1.1 431"),
    ] {
        let answer = server.raw(odd).await;
        // A client that is still sending may lose the answer to a reset.
        assert!(answer.starts_with(status) || answer.is_empty(), "{answer}");
    }
    let answer = server.raw(b"GET /metrics HTTP/1.0\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.0 200 OK\r\n"), "{answer}");
    let answer = server
        .raw(b"GET //-/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    let answer = server
        .raw(b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .await;
    assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
    // Gone in the middle of a request, and in the middle of an answer.
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"GET /met").await.unwrap();
    drop(stream);
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream
        .write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    stream.read_exact(&mut [0; 10]).await.unwrap();
    drop(stream);
    assert_eq!(server.get("/metrics").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn stops_with_connections_open() {
    let server = start(sample::snapshot(), false).await;
    let response = server.get("/metrics").await; // kept alive
    response.text().await.unwrap();
    let mut half = TcpStream::connect(server.address).await.unwrap();
    half.write_all(b"GET /metrics HT").await.unwrap();
    let _idle = TcpStream::connect(server.address).await.unwrap();
    server.shutdown.cancel();
    tokio::time::timeout(HANGS, server.serving)
        .await
        .unwrap()
        .unwrap();
    TcpStream::connect(server.address).await.unwrap_err();
}

/// A store that never answers.
#[derive(Debug)]
struct Silent;

#[async_trait]
impl Connect for Silent {
    fn store_url(&self) -> String {
        "http://silent".to_owned()
    }
    async fn connect(&self) -> Result<Arc<dyn Backend>, BackendError> {
        Ok(Arc::new(Self))
    }
}

#[async_trait]
impl Backend for Silent {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            start_after: true,
            ..Capabilities::OBJECTS
        }
    }

    fn order(&self, _: &str) -> Order {
        Order::Unknown
    }
    async fn list_page(
        &self,
        request: &ListRequest<'_>,
        _: &mut Page,
    ) -> Result<Continuation, BackendError> {
        request.meter.attempt(Operation::ListObjectsV2);
        std::future::pending().await
    }
}

#[tokio::test]
async fn scrapes_are_answered_and_it_stops_while_a_scan_hangs() {
    let mut config = sample::config(sample::metrics(&[], "cluster"));
    let connect: Arc<dyn Connect> = Arc::new(Silent);
    let store = Store {
        connect,
        max_requests_in_flight: 1,
        fingerprint: Fingerprint::default(),
    };
    config.backends = BTreeMap::from([("onprem".into(), store)]);
    config.destinations = vec![Arc::new(sample::destination("a", "a", None))];
    config.server.listen = vec!["127.0.0.1:0".to_owned(), "localhost:0".to_owned()];
    let listeners = serve::bind(&config.server).unwrap();
    let addresses: Vec<_> = listeners
        .iter()
        .map(|l| l.socket.local_addr().unwrap())
        .collect();
    assert!(addresses.len() >= 2, "{addresses:?}");
    let shutdown = CancellationToken::new();
    let stop = shutdown.clone();
    let running = tokio::spawn(async move { run(&config, listeners, stop).await });

    let asked =
        r#"objectstore_api_requests_total{destination="a",bucket="a",operation="ListObjectsV2"} 1"#;
    let client = client();
    for address in &addresses {
        let url = format!("http://{address}/metrics");
        while !client
            .get(&url)
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap()
            .contains(asked)
        {
            assert!(!running.is_finished());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    shutdown.cancel();
    tokio::time::timeout(HANGS, running).await.unwrap().unwrap();
}

async fn run(config: &Config, listeners: Vec<Listener>, stop: CancellationToken) {
    serve::run(config, &Telemetry::new(), Setup::default(), listeners, stop).await;
}
