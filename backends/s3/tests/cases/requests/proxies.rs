//! Proxies that requests go through, and those that they don't.

use std::sync::Arc;

use s3_exporter_api::{Continuation, FailureKind, chain};
use s3_exporter_testkit::{Authority, Identity, S3sServer, Upload};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_rustls::TlsAcceptor;

use super::{Scribe, backend, list, list_with, read_head, tls, write};

/// A proxy that takes down what it is asked for, and opens tunnels.
struct Tunnels {
    address: String,
    heads: UnboundedReceiver<String>,
}

impl Tunnels {
    async fn start(identity: Option<&Identity>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (send, heads) = unbounded_channel();
        let tls = identity.map(|identity| TlsAcceptor::from(Arc::new(tls(identity))));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (tls, send) = (tls.clone(), send.clone());
                tokio::spawn(async move {
                    let head = match tls {
                        None => tunnel(stream).await,
                        Some(tls) => tunnel(tls.accept(stream).await.unwrap()).await,
                    };
                    let _ = send.send(head);
                });
            }
        });
        Self { address, heads }
    }
}

async fn tunnel(mut stream: impl AsyncReadExt + AsyncWriteExt + Unpin) -> String {
    let head = read_head(&mut stream).await;
    let target = head.split(' ').nth(1).unwrap().to_owned();
    if let Ok(mut store) = TcpStream::connect(target).await {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
        let _ = copy_bidirectional(&mut stream, &mut store).await;
    }
    head
}

/// TLS is spoken to the store, through a tunnel: the proxy sees where to and its password,
/// and nothing of the request. It may want TLS itself.
#[tokio::test]
async fn a_tunnel_leads_through_a_proxy() {
    let authority = Authority::new();
    let identity = authority.issue(&["127.0.0.1"]);
    let bundle = write(authority.pem());
    for scheme in ["http", "https"] {
        let mut scribe = Scribe::start(Some(tls(&identity))).await;
        let mut tunnels = Tunnels::start((scheme == "https").then_some(&identity)).await;
        let section = [
            ("endpoint", &*format!("https://{}", scribe.address)),
            ("ca_bundle", bundle.path().to_str().unwrap()),
            (
                "proxy",
                &*format!("{scheme}://user:p%40ss@{}", tunnels.address),
            ),
        ];
        let backend = backend(&section).await;
        let (result, _) = list(&*backend, "bucket").await;
        assert_eq!(result.unwrap(), Continuation::End, "{scheme}");
        let head = tunnels.heads.recv().await.unwrap();
        let line = format!("CONNECT {} HTTP/1.1\r\n", scribe.address);
        assert!(head.starts_with(&line), "{head}");
        let basic = "Proxy-Authorization: Basic dXNlcjpwQHNz\r\n";
        assert!(head.contains(basic), "{head}");
        assert!(!head.contains("AWS4-HMAC"), "{head}");
        let head = scribe.heads.recv().await.unwrap().to_lowercase();
        assert!(head.starts_with("get /bucket/?list-type=2"), "{head}");
        assert!(!head.contains("proxy-authorization"), "{head}");
    }
}

/// A proxy that opens no tunnel is no connection, and the reason is said.
#[tokio::test]
async fn a_proxy_that_refuses_is_no_connection() {
    let scribe = Scribe::start(None).await; // answers 200 to anything, and closes
    let section = [
        ("endpoint", "https://store.invalid"),
        ("proxy", &*format!("http://user:hidden@{}", scribe.address)),
    ];
    let (result, _) = list(&*backend(&section).await, "bucket").await;
    let error = result.unwrap_err();
    assert_eq!(error.kind(), FailureKind::Connect, "{}", chain(&error));
    assert!(!chain(&error).contains("hidden"), "{}", chain(&error));
}

/// What the environment says holds where the section names no proxy.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_environment_names_proxies_and_exceptions() {
    let server = S3sServer::start();
    server.store().put_all("bucket", [Upload::new("a", 1)]);
    let (id, secret) = (S3sServer::ACCESS_KEY, S3sServer::SECRET_KEY);
    let keys = [("AWS_ACCESS_KEY_ID", id), ("AWS_SECRET_ACCESS_KEY", secret)];
    let mut scribe = Scribe::start(None).await; // knows of no object
    let proxy = format!("http://{}", scribe.address);
    let endpoint = ("TEST_ENDPOINT", &*server.endpoint());

    let output = list_with(&[&[endpoint, ("HTTP_PROXY", &*proxy)], &keys[..]].concat());
    assert!(output.contains("listed 0 objects"), "{output}");
    let head = scribe.heads.recv().await.unwrap();
    assert!(
        head.starts_with(&format!("GET {}/bucket/", endpoint.1)),
        "{head}"
    );
    for exception in [("NO_PROXY", "127.0.0.0/8"), ("no_proxy", "127.0.0.1")] {
        let environment = [endpoint, ("http_proxy", &*proxy), exception];
        let output = list_with(&[&environment, &keys[..]].concat());
        assert!(
            output.contains("listed 1 objects"),
            "{exception:?}: {output}"
        );
    }
    let other = [endpoint, ("HTTPS_PROXY", &*proxy)];
    let output = list_with(&[&other, &keys[..]].concat());
    assert!(output.contains("listed 1 objects"), "{output}");
}
