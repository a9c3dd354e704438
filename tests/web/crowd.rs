//! 10,000 idle connections of one client, while another scrapes.

use std::net::SocketAddr;

use rustix::process::{Resource, getrlimit, setrlimit};
use socket2::{Domain, Socket, Type};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::site::{Served, Site};

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

/// Of `/proc/<pid>/status`, in kB; or the number of open descriptors.
fn of_process(served: &Served, field: &str) -> usize {
    let folder = format!("/proc/{}", served.process.pid());
    if field == "fd" {
        return std::fs::read_dir(format!("{folder}/fd")).unwrap().count();
    }
    let status = std::fs::read_to_string(format!("{folder}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn ten_thousand_idle_connections() {
    let many = possible();
    let site = Site::new();
    site.write("web.yml", "");
    let served = site.exporter("").await;
    let mut scraper = connect("127.0.0.2", &served.address).await;
    scrape(&mut scraper).await;
    let before = of_process(&served, "VmRSS");

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
            first = of_process(&served, "VmRSS");
        }
    }
    scrape(&mut scraper).await;
    let mut new = connect("127.0.0.3", &served.address).await;
    scrape(&mut new).await;
    let mut same = connect("127.0.0.1", &served.address).await;
    scrape(&mut same).await;

    let (after, descriptors) = (of_process(&served, "VmRSS"), of_process(&served, "fd"));
    println!(
        "{many} connections: {before} kB before, {first} kB with {FIRST}, {after} kB after; {descriptors} descriptors"
    );
    assert!(descriptors < 600, "{descriptors}");
    // Those that are open at the same time cost; that there were many does not.
    assert!(first < before + 40 * 1024, "{before} kB, then {first} kB");
    assert!(after < first + 20 * 1024, "{first} kB, then {after} kB");
    drop(idle);
    scrape(&mut scraper).await;
}
