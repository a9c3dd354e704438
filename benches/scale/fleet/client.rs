//! Asks the exporter.

use std::io::{Read, Write};
use std::net::TcpStream;

/// What it says.
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

pub fn get(port: u16, path: &str, zips: bool) -> Answer {
    let encoding = if zips { "gzip" } else { "identity" };
    let headers = format!("Accept: text/html, */*\r\nAccept-Encoding: {encoding}\r\n");
    ask(port, "GET", path, &headers)
}

pub fn post(port: u16, path: &str) -> Answer {
    ask(port, "POST", path, "Content-Length: 0\r\n")
}

fn ask(port: u16, method: &str, path: &str, headers: &str) -> Answer {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let head = format!("{method} {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n{headers}\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap_or_else(|| panic!("{path}: no answer, or it was broken off"))
        + 4;
    let status = String::from_utf8_lossy(&answer[9..12]).parse().unwrap();
    answer.drain(..end);
    Answer {
        status,
        body: answer,
    }
}
