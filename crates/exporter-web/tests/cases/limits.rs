//! What a client can take of a server: with limits that a test can wait for, in this
//! process, and with those of the real one.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use s3_exporter_web::{Limits, WebConfig, bind, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::auth::hash;
use crate::site::{PREFACE, Site, connect, frame};
use s3_exporter_testkit::curl::curl;

/// Longer than anything here takes: it ends a hang.
const HANGS: Duration = Duration::from_secs(60);
/// More than the system's buffers between two sockets take.
const BIG: usize = 64 << 20;
/// As much as can be waited for over TLS, in a build for tests.
const SECURE: usize = 8 << 20;

fn limits() -> Limits {
    Limits {
        connections: 8,
        handshake: Duration::from_millis(500),
        idle: Duration::from_secs(1),
        request: Duration::from_secs(2),
        streams: 16,
    }
}

/// With all the time in the world.
fn patient() -> Limits {
    Limits {
        idle: HANGS,
        request: HANGS,
        ..limits()
    }
}

struct Server {
    address: SocketAddr,
    shutdown: CancellationToken,
    serving: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shutdown.cancel();
        self.serving.abort();
    }
}

/// A page of a word, two that are big, and one that never comes.
fn start(limits: Limits, web: WebConfig) -> Server {
    let router = Router::new()
        .route("/", get(async || "here"))
        .route("/big", get(async || vec![b'x'; BIG]))
        .route("/secure", get(async || vec![b'x'; SECURE]))
        .route("/never", get(std::future::pending::<String>));
    let listeners = bind("127.0.0.1:0", false).unwrap();
    let address = listeners[0].socket.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let stop = shutdown.clone();
    let serving = tokio::spawn(async move {
        serve(listeners, router, Arc::new(web), limits, stop).await;
    });
    Server {
        address,
        shutdown,
        serving,
    }
}

fn tls(site: &Site) -> WebConfig {
    WebConfig::open(&site.path("web.yml")).unwrap()
}

impl Server {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// That others are served as ever. On a machine with much else to do one of them may come
    /// to its turn too late, and be cut like those who dawdle: it comes again.
    async fn is_here(&self) {
        let served = async {
            loop {
                let mut stream = self.connect().await;
                let request = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
                if stream.write_all(request).await.is_ok()
                    && rest(&mut stream).await.ends_with("here")
                {
                    return;
                }
            }
        };
        let served = tokio::time::timeout(HANGS, served).await;
        served.expect("others are not served");
    }
}

/// What comes until the server closes.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(HANGS, stream.read_to_end(&mut bytes)).await;
    assert!(read.is_ok(), "the server does not close");
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn slow_writers_are_cut() {
    let server = start(limits(), WebConfig::default());
    let mut stream = server.connect().await;
    let bytes = b"GET / HTTP/1.1\r\nHost: "
        .iter()
        .chain(std::iter::repeat(&b'x'));
    let dripping = async {
        for byte in bytes {
            if stream.write_all(&[*byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
            server.is_here().await;
        }
    };
    tokio::time::timeout(HANGS, dripping).await.unwrap();
}

#[tokio::test]
async fn silent_connections_are_cut() {
    let site = Site::with_tls("");
    let (plain, secure) = (
        start(limits(), WebConfig::default()),
        start(limits(), tls(&site)),
    );
    for server in [&plain, &secure] {
        let mut silent = server.connect().await;
        assert_eq!(rest(&mut silent).await, "");
    }
    // After an answer, too, which has all the time in the world to come.
    let server = start(
        Limits {
            idle: Duration::from_secs(5),
            ..patient()
        },
        WebConfig::default(),
    );
    let mut kept = server.connect().await;
    kept.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    assert!(rest(&mut kept).await.ends_with("here"));
}

/// One that reads nothing, and one that reads a little now and then.
#[tokio::test]
async fn slow_readers_are_cut() {
    let server = start(limits(), WebConfig::default());
    for drips in [false, true] {
        let mut stream = server.connect().await;
        let request = b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n";
        stream.write_all(request).await.unwrap();
        let mut taken = 0;
        let mut buffer = vec![0; 1024];
        if drips {
            for _ in 0..30 {
                taken += stream.read(&mut buffer).await.unwrap_or(0);
                tokio::time::sleep(Duration::from_millis(100)).await;
                server.is_here().await;
            }
        } else {
            tokio::time::sleep(Duration::from_secs(3)).await; // the fault that is made
        }
        loop {
            let read = tokio::time::timeout(HANGS, stream.read(&mut buffer)).await;
            match read.expect("the server does not close") {
                Ok(0) | Err(_) => break,
                Ok(count) => taken += count,
            }
        }
        assert!(taken < BIG / 2, "{taken} bytes came");
        server.is_here().await;
    }
    // Who reads gets it all.
    let server = start(patient(), WebConfig::default());
    let url = format!("http://{}/big", server.address);
    let answer = curl(&[&url]).await;
    assert_eq!((answer.exit, answer.body.len()), (0, BIG));
}

#[tokio::test]
async fn slow_readers_of_http2_are_cut() {
    let site = Site::with_tls("");
    // The connection and what flow control gives have time to come; who takes no more is cut.
    let server = start(
        Limits {
            handshake: HANGS,
            idle: Duration::from_secs(10),
            request: Duration::from_secs(10),
            ..limits()
        },
        tls(&site),
    );
    // It takes what flow control gives without being asked (65,535 bytes), and no more.
    let (address, ca) = (server.address.to_string(), site.path("ca.crt"));
    let mut stream = connect(&address, &ca, b"h2").await;
    // GET https://x/big, by the static table of RFC 7541.
    let page = b"\x82\x87\x04\x04/big\x01\x01x";
    let request = [PREFACE, &frame(4, 0, 0, b""), &frame(1, 5, 1, page)].concat();
    stream.write_all(&request).await.unwrap();
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(HANGS, stream.read_to_end(&mut bytes)).await;
    assert!(read.is_ok(), "the server does not close");
    assert!((65_535..100_000).contains(&bytes.len()), "{}", bytes.len());
    let server = start(patient(), tls(&site));
    let url = format!("https://{}/secure", server.address);
    let answer = curl(&["--cacert", &ca.to_string_lossy(), "--http2", &url]).await;
    assert_eq!((answer.exit, answer.body.len()), (0, SECURE));
}

#[tokio::test]
async fn answers_that_do_not_come_are_given_up() {
    let server = start(limits(), WebConfig::default());
    let mut stream = server.connect().await;
    let request = b"GET /never HTTP/1.1\r\nHost: x\r\n\r\n";
    stream.write_all(request).await.unwrap();
    assert_eq!(rest(&mut stream).await, "");
}

/// Eight at the most: the ninth is served, and an idle one goes for it, not a busy one.
#[tokio::test]
async fn the_oldest_idle_connection_makes_room() {
    let server = start(patient(), WebConfig::default());
    let mut busy = server.connect().await;
    let request = b"GET /never HTTP/1.1\r\nHost: x\r\n\r\n";
    busy.write_all(request).await.unwrap();
    server.is_here().await; // by now it has been let in
    let mut idle = Vec::new();
    for _ in 0..30 {
        idle.push(server.connect().await);
        server.is_here().await;
    }
    for old in &mut idle[..22] {
        assert_eq!(rest(old).await, "");
    }
    let mut one = [0];
    let silent = Duration::from_millis(100);
    for young in idle[25..].iter_mut().chain([&mut busy]) {
        let read = tokio::time::timeout(silent, young.read(&mut one)).await;
        assert!(read.is_err(), "it was closed: {read:?}");
    }
}

#[tokio::test]
async fn heads_are_bounded() {
    let site = Site::with_tls("");
    let server = site.exporter().await;
    let long = "x".repeat(100_000);
    let header = format!("X: {long}");
    let many: Vec<_> = (0..300).map(|n| format!("X-{n}: y")).collect();
    let many: Vec<_> = many.iter().flat_map(|header| ["-H", header]).collect();
    let path = format!("/?{long}");
    for version in ["--http1.1", "--http2"] {
        let answer = server.ask("/metrics", &[version, "-H", &header]).await;
        assert!([0, 431].contains(&answer.status), "{version} {answer:?}");
        let answer = server.ask(&path, &[version]).await;
        assert!(
            [0, 414, 431].contains(&answer.status),
            "{version} {answer:?}"
        );
        assert_eq!(server.ask("/metrics", &[version]).await.status, 200);
    }
    let answer = server
        .ask("/metrics", &[&["--http1.1"], &many[..]].concat())
        .await;
    assert_eq!(answer.status, 431, "{answer:?}");
    assert_eq!(
        server
            .process
            .log()
            .lines()
            .filter(|line| line.contains("xxxx"))
            .count(),
        0
    );
}

/// No page takes a body: one that is announced is not waited for.
#[tokio::test]
async fn bodies_are_refused() {
    let server = start(patient(), WebConfig::default());
    for announced in [
        "Content-Length: 10000000000",
        "Content-Length: 1",
        "Transfer-Encoding: chunked",
    ] {
        for method in ["GET", "POST"] {
            let mut stream = server.connect().await;
            let request = format!("{method} / HTTP/1.1\r\nHost: x\r\n{announced}\r\n\r\n");
            stream.write_all(request.as_bytes()).await.unwrap();
            let answer = rest(&mut stream).await;
            assert!(answer.starts_with("HTTP/1.1 413 "), "{announced}: {answer}");
        }
    }
    let url = format!("http://{}/", server.address);
    assert_eq!(
        curl(&["-X", "POST", "-H", "Content-Length: 0", &url])
            .await
            .status,
        405
    );
    let site = Site::with_tls("");
    let secure = site.exporter().await;
    // With HTTP/2 a reset follows the answer, to which this curl may lose it.
    let answer = secure.ask("/-/healthy", &["--http2", "-d", "x"]).await;
    assert!([0, 413].contains(&answer.status), "{answer:?}");
    assert_eq!(secure.ask("/-/healthy", &["--http2"]).await.status, 200);
}

/// A user's password is verified once it is asked for; while many guesses wait, one that
/// is known already is not kept waiting.
#[tokio::test]
async fn guesses_do_not_stop_a_scrape() {
    let site = Site::new();
    let users = format!(
        "basic_auth_users:\n  alice: {}\n",
        bcrypt::hash("good", 8).unwrap()
    );
    site.write("web.yml", &format!("{users}  bob: {}\n", hash("x")));
    let served = site.exporter().await;
    let good = ["-u", "alice:good"];
    assert_eq!(served.ask_plainly("/-/healthy", &good).await.status, 200);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("http://{}/-/healthy", served.address);
    let guesses = (0..200).map(|guess| {
        let request = client
            .get(&url)
            .basic_auth("alice", Some(guess.to_string()));
        async move { request.send().await.unwrap().status().as_u16() }
    });
    let guessing = tokio::spawn(futures::future::join_all(guesses.collect::<Vec<_>>()));
    let mut scrapes = 0;
    while !guessing.is_finished() {
        assert_eq!(served.ask_plainly("/metrics", &good).await.status, 200);
        scrapes += 1;
    }
    let statuses = guessing.await.unwrap();
    let refused = statuses.iter().filter(|status| **status == 503).count();
    assert!(statuses.iter().all(|status| [401, 503].contains(status)));
    assert!(
        refused > 0 && scrapes > 0,
        "{refused} refused, {scrapes} scrapes"
    );
    let log = served.process.log();
    let verified = log.matches("verifying a password").count();
    assert_eq!(verified, 1 + statuses.len() - refused);
}
