//! 10,000 idle connections of one client, while another scrapes.

use std::net::SocketAddr;

use rustix::process::{Resource, getrlimit, setrlimit};
use s3_exporter_testkit::site::{PREFACE, Served, frame};
use socket2::{Domain, Socket, Type};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::web::site::Site;

const MANY: usize = 10_000;
/// Twice what is open at the same time.
const FIRST: usize = 1000;
/// Descriptors that this process needs for other things.
const SPARE: u64 = 500;

/// As many as may be: the descriptors of this process are the bound.
fn possible() -> usize {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
    let free = limit.maximum.map_or(MANY, |limit| (limit - SPARE) as usize);
    if free < MANY {
        eprintln!("the system allows {free} connections only, of {MANY}");
    }
    MANY.min(free)
}

/// From an address of this machine that is another client.
async fn connect(from: &str, to: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("{from}:0").parse().unwrap()).unwrap();
    socket.connect(to.parse().unwrap()).await.unwrap()
}

/// A scrape over a connection that is kept.
async fn scrape(stream: &mut TcpStream) {
    let request = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let (mut answer, mut buffer) = (Vec::new(), vec![0; 64 * 1024]);
    loop {
        let text = String::from_utf8_lossy(&answer);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            if body.len() == length.unwrap().parse::<usize>().unwrap() {
                return;
            }
        }
        let count = stream.read(&mut buffer).await.unwrap();
        assert!(count > 0, "it was closed");
        answer.extend_from_slice(&buffer[..count]);
    }
}

fn descriptors(served: &Served) -> usize {
    let folder = format!("/proc/{}/fd", served.process.pid());
    std::fs::read_dir(folder).unwrap().count()
}

#[tokio::test]
async fn ten_thousand_idle_connections() {
    let many = possible();
    let site = Site::new();
    site.write("web.yml", "");
    let served = site.exporter("").await;
    let mut scraper = connect("127.0.0.2", &served.address).await;
    scrape(&mut scraper).await;
    let before = served.kilobytes("VmRSS");

    let address: SocketAddr = served.address.parse().unwrap();
    let mut idle = Vec::with_capacity(many);
    let mut first = 0;
    for number in 0..many {
        // Without a task for each: that is the server's burden here, not ours.
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.connect(&address.into()).unwrap();
        if number % 3 == 0 {
            let _ = socket.send(b"GET /met"); // half a request is as idle; it may be closed
        }
        idle.push(socket);
        if number % 500 == 0 {
            scrape(&mut scraper).await;
        }
        if number == FIRST {
            first = served.kilobytes("VmRSS");
        }
    }
    scrape(&mut scraper).await;
    let mut new = connect("127.0.0.3", &served.address).await;
    scrape(&mut new).await;
    let mut same = connect("127.0.0.1", &served.address).await;
    scrape(&mut same).await;

    let (after, descriptors) = (served.kilobytes("VmRSS"), descriptors(&served));
    println!(
        "{many} connections: {before} kB before, {first} kB with {FIRST}, {after} kB after; {descriptors} descriptors"
    );
    assert!(descriptors < 600, "{descriptors}");
    // Those that are open at the same time cost; that there were many does not.
    assert!(first < before + 40 * 1024, "{before} kB, then {first} kB");
    assert!(after < first + 32 * 1024, "{first} kB, then {after} kB");
    drop(idle);
    scrape(&mut scraper).await;
}

/// Requests for the page that takes most work, each taken back at once.
#[tokio::test]
async fn requests_that_are_taken_back() {
    const REQUESTS: u32 = 50_000;
    let (headers, reset, cancel) = (1, 3, 8_u32.to_be_bytes());
    // GET https://x/ with `accept: text/html`, by the static table of RFC 7541.
    let page = b"\x82\x87\x84\x01\x01x\x0f\x04\x09text/html";
    let site = Site::with_tls("");
    let served = site.exporter("").await;
    let before = served.kilobytes("VmRSS");
    let stream = served.connect(b"h2").await;
    let (mut reading, mut writing) = tokio::io::split(stream);
    let attack = tokio::spawn(async move {
        let start = [PREFACE, &frame(4, 0, 0, b"")].concat();
        writing.write_all(&start).await.unwrap();
        for number in 0..REQUESTS {
            let id = 2 * number + 1;
            let both = [frame(headers, 5, id, page), frame(reset, 0, id, &cancel)].concat();
            if writing.write_all(&both).await.is_err() {
                return number; // it had enough of us
            }
        }
        REQUESTS
    });
    let drain = tokio::spawn(async move {
        let mut buffer = vec![0; 64 * 1024];
        while reading.read(&mut buffer).await.is_ok_and(|count| count > 0) {}
    });
    let mut scrapes = 0;
    while !attack.is_finished() {
        assert_eq!(served.ask("/metrics", &[]).await.status, 200);
        scrapes += 1;
    }
    let sent = attack.await.unwrap();
    drain.abort();
    let after = served.kilobytes("VmRSS");
    println!("{sent} taken back, {scrapes} scrapes; {before} kB before, {after} kB after");
    assert_eq!(served.ask("/metrics", &[]).await.status, 200);
    assert!(after < before + 40 * 1024, "{before} kB, then {after} kB");
}
