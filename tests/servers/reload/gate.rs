//! Who may ask for a reload.

use std::net::{IpAddr, UdpSocket};

use reqwest::{Client, Method, StatusCode};
use s3_exporter_testkit::{Port, S3sServer};
use tempfile::TempDir;

use super::{Exporter, backend, fill, hourly};

/// An exporter with this `[server]`, and listening at one more address.
async fn start(server: &S3sServer, section: &str, listen: &[&str]) -> (Exporter, TempDir) {
    fill(server, "d", 1);
    let config = [section, &backend("store", server, ""), &hourly("d", "")].concat();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    std::fs::write(&file, config).unwrap();
    let file = file.to_string_lossy().into_owned();
    let mut arguments = vec!["--config", &file];
    for address in listen {
        arguments.extend(["--listen", address]);
    }
    (Exporter::start(&arguments, &[]).await, folder)
}

async fn ask(
    method: Method,
    address: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> (StatusCode, String) {
    let client = Client::builder().no_proxy().build().unwrap();
    let mut request = client.request(method, format!("http://{address}{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.unwrap();
    (answer.status(), answer.text().await.unwrap())
}

async fn reload(address: &str, headers: &[(&str, &str)]) -> (StatusCode, String) {
    ask(Method::POST, address, "/-/reload", headers).await
}

/// This machine's address on a network; a connection to it comes from it too. (Nothing is
/// sent to find it out.)
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}

#[tokio::test]
async fn only_clients_on_this_machine_may_and_no_browser() {
    let server = S3sServer::start();
    let port = Port::take();
    // Where a machine has no network, the unit tests of the gate alone know other clients.
    let own = own_address().map(|ip| format!("{ip}:{port}"));
    let listen: Vec<_> = own.iter().map(String::as_str).collect();
    let (exporter, _folder) = start(&server, "", &listen).await;
    let here = exporter.address();
    assert_eq!(reload(&here, &[]).await.0, StatusCode::OK);
    for header in [
        ("Origin", "http://evil.example"),
        ("Origin", &*format!("http://{here}")),
        ("Sec-Fetch-Site", "cross-site"),
        ("X-Forwarded-For", "127.0.0.1"),
    ] {
        let (status, text) = reload(&here, &[header]).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{header:?}");
        assert!(text.contains(&header.0.to_lowercase()), "{text}");
    }
    for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE] {
        let (status, _) = ask(method, &here, "/-/reload", &[]).await;
        assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
    }
    if let Some(own) = &own {
        for headers in [
            &[][..],
            &[("X-Forwarded-For", "127.0.0.1")],
            &[("Forwarded", "for=127.0.0.1"), ("Host", "localhost")],
        ] {
            let (status, text) = reload(own, headers).await;
            assert_eq!(status, StatusCode::FORBIDDEN);
            assert!(text.contains("on the same machine alone"), "{text}");
        }
        let (status, _) = ask(Method::GET, own, "/metrics", &[]).await;
        assert_eq!(
            status,
            StatusCode::OK,
            "it is not shut out from anything else"
        );
    }
    let log = exporter.log();
    let read = log.matches("reading the configuration again").count();
    assert_eq!(read, 1, "{log}");
}

#[tokio::test]
async fn with_admin_addresses_only_they_answer() {
    let server = S3sServer::start();
    let port = Port::take();
    let ip = own_address().unwrap_or_else(|| [127, 0, 0, 1].into());
    let admin = format!("{ip}:{port}");
    let section = format!("[server]\nadmin_listen = [\"{admin}\"]\n");
    let (exporter, _folder) = start(&server, &section, &[]).await;
    let (status, text) = reload(&exporter.address(), &[]).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(text.contains("server.admin_listen"), "{text}");
    let (status, text) = reload(&admin, &[]).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    let (status, _) = reload(&admin, &[("Origin", "http://evil.example")]).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    for address in [&admin, &exporter.address()] {
        for path in ["/metrics", "/-/healthy"] {
            let (status, _) = ask(Method::GET, address, path, &[]).await;
            assert_eq!(status, StatusCode::OK, "{address}{path}");
        }
    }
}
