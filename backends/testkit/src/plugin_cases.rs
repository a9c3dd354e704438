//! What the plug-ins that speak S3 have in common beyond the conformance suite: the keys
//! of their sections, and answers that only bad days bring. One test a case:
//!
//! ```ignore
//! s3_exporter_testkit::plugin_cases!(s3_exporter_s3::PLUGIN);
//! ```

mod address;
mod nodes;
mod odd;
mod places;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use s3_exporter_api::{
    Backend, BackendError, Continuation, FailureKind, ListRequest, ListingKind, Meter, Operation,
    Order, Page, StartAt, chain,
};
use tokio::net::{TcpSocket, TcpStream};

use crate::conformance::{BackendPlugin, connect};
use crate::servers::MinIo;
use crate::{Authority, Fault, Proxy, S3sServer, Upload};

pub use address::*;
pub use nodes::*;
pub use odd::*;
pub use places::{
    a_certificate_that_ring_does_not_know, a_path_before_the_bucket,
    hosts_of_amazon_that_are_no_store_of_its_own, list_in_this_process,
    the_certificate_itself_is_trusted, the_environment_names_proxies_and_exceptions,
};

const BUCKET: &str = "bucket";

/// One test for each case.
#[macro_export]
macro_rules! plugin_cases {
    ($plugin:expr) => {
        $crate::plugin_cases! { @tests $plugin;
            keys_in_files_are_read_again
            a_key_file_that_is_gone
            an_anonymous_user
            too_many_requests
            a_request_that_is_given_up
            an_error_with_200
            an_enormous_answer
            late_answers
            no_connection_in_time
            a_check_that_is_off
            a_ca_bundle_that_is_none
            the_certificate_itself_is_trusted
            a_certificate_that_ring_does_not_know
            a_path_before_the_bucket
            the_environment_names_proxies_and_exceptions
            hosts_of_amazon_that_are_no_store_of_its_own
            a_bucket_of_another_region
            https_at_a_plain_port
            http_at_a_port_of_tls
            a_redirect_to_https
            a_store_that_wants_the_bucket_in_the_host
            a_bucket_in_the_host
            an_error_in_an_error_response
            the_order_is_learned
            the_order_is_told
            a_store_without_tokens
            a_store_of_the_first_version
            a_marker_is_a_listing_like_any_other
            errors_of_any_content_type
            odd_objects
            an_ill_node
            an_ill_node_that_all_tries_meet
            a_refusal_keeps_connections
            a_node_that_hangs_until_a_scan_is_given_up
        }
    };
    (@tests $plugin:expr; $($case:ident)*) => {
        $(
            #[tokio::test]
            async fn $case() {
                $crate::plugin_cases::$case(&$plugin).await;
            }
        )*

        #[tokio::test]
        #[ignore = "run by other tests, in an environment of its own"]
        async fn in_another_process() {
            $crate::plugin_cases::list_in_this_process(&$plugin).await;
        }
    };
}

/// Ten objects in a server inside the process.
fn server() -> S3sServer {
    let server = S3sServer::start();
    fill(&server);
    server
}

fn fill(server: &S3sServer) {
    let uploads = (0..10).map(|n| Upload::new(format!("key-{n}"), n));
    server.store().put_all(BUCKET, uploads);
}

const KEYS: [(&str, &str); 2] = [
    ("access_key_id", S3sServer::ACCESS_KEY),
    ("secret_access_key", S3sServer::SECRET_KEY),
];

async fn backend(
    plugin: &BackendPlugin,
    endpoint: &str,
    more: &[(&str, &str)],
) -> Arc<dyn Backend> {
    let mut section = vec![("endpoint", endpoint)];
    if !more.iter().any(|(key, _)| key.starts_with("access_key_id")) {
        section.extend(KEYS);
    }
    section.extend_from_slice(more);
    connect(plugin, &section).await.unwrap()
}

struct Listed {
    result: Result<usize, BackendError>,
    meter: Arc<Meter>,
}

fn list_request(meter: &Arc<Meter>) -> ListRequest<'_> {
    ListRequest {
        bucket: BUCKET,
        prefix: "",
        kind: ListingKind::Objects,
        from: StartAt::Start,
        max_keys: 1000,
        meter,
    }
}

async fn list(backend: &Arc<dyn Backend>) -> Listed {
    let meter = Arc::default();
    let mut page = Page::new();
    let result = backend
        .list_page(&list_request(&meter), &mut page)
        .await
        .map(|next| {
            assert_eq!(next, Continuation::End);
            page.len()
        });
    Listed { result, meter }
}

impl Listed {
    fn well(self) {
        assert_eq!(self.result.unwrap(), 10);
    }

    /// Failed of this kind, in so many attempts; the text.
    fn failed(self, kind: FailureKind, attempts: u64) -> String {
        let error = self.result.unwrap_err();
        let text = chain(&error);
        assert_eq!(error.kind(), kind, "{text}");
        let operation = Operation::ListObjectsV2;
        let counted = (
            self.meter.attempts(operation),
            self.meter.failures(operation, kind),
        );
        assert_eq!(counted, (attempts, attempts), "{text}");
        text
    }
}

/// A rotated secret is picked up by the backend that is there.
pub async fn keys_in_files_are_read_again(plugin: &BackendPlugin) {
    let server = server();
    let folder = tempfile::tempdir().unwrap();
    let (id, secret) = (folder.path().join("id"), folder.path().join("secret"));
    let write = |key: &str| std::fs::write(&secret, format!("{key}\n")).unwrap();
    std::fs::write(&id, S3sServer::ACCESS_KEY).unwrap();
    write(S3sServer::SECRET_KEY);
    let section = [
        ("access_key_id_file", id.to_str().unwrap()),
        ("secret_access_key_file", secret.to_str().unwrap()),
    ];
    let backend = backend(plugin, &server.endpoint(), &section).await;
    list(&backend).await.well();
    write("wrong-and-hidden");
    let text = list(&backend).await.failed(FailureKind::Credentials, 1);
    assert!(!text.contains("hidden"), "{text}");
    write(S3sServer::SECRET_KEY);
    list(&backend).await.well();
}

/// A file of a key that goes away: nothing is sent; when it comes back all is well.
pub async fn a_key_file_that_is_gone(plugin: &BackendPlugin) {
    let server = server();
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    let section = [
        ("access_key_id", S3sServer::ACCESS_KEY),
        ("secret_access_key_file", secret.to_str().unwrap()),
    ];
    let endpoint = server.endpoint();
    let mut refused = vec![("endpoint", endpoint.as_str())];
    refused.extend_from_slice(&section);
    let error = connect(plugin, &refused).await.err().unwrap();
    assert_eq!(error.kind(), FailureKind::Credentials);
    assert!(chain(&error).contains(secret.to_str().unwrap()), "{error}");

    std::fs::write(&secret, S3sServer::SECRET_KEY).unwrap();
    let backend = backend(plugin, &endpoint, &section).await;
    std::fs::remove_file(&secret).unwrap();
    let text = list(&backend).await.failed(FailureKind::Credentials, 0);
    assert!(text.contains(secret.to_str().unwrap()), "{text}");
    std::fs::write(&secret, S3sServer::SECRET_KEY).unwrap();
    list(&backend).await.well();
}

/// Without keys a public bucket can be listed, and no other.
pub async fn an_anonymous_user(plugin: &BackendPlugin) {
    let server = MinIo::start().await;
    server.client().create_bucket(BUCKET).await;
    let uploads = (0..10).map(|n| Upload::new(format!("key-{n}"), n));
    server.client().put_all(BUCKET, uploads).await;
    let endpoint = server.endpoint();
    let section = [("endpoint", endpoint.as_str()), ("anonymous", "true")];
    let backend = connect(plugin, &section).await.unwrap();
    list(&backend).await.failed(FailureKind::Denied, 1);
    server
        .mc(&["anonymous", "set", "public", &format!("it/{BUCKET}")])
        .await;
    list(&backend).await.well();
}

/// 429 without a word, as stores other than AWS say it, is asked again.
pub async fn too_many_requests(plugin: &BackendPlugin) {
    let server = server();
    let proxy = Proxy::start(&server.endpoint());
    let backend = backend(plugin, &proxy.endpoint(), &[]).await;
    let busy = Fault::Answer {
        status: 429,
        headers: Vec::new(),
        body: Bytes::new(),
    };
    proxy.faults().next([Some(busy.clone())]);
    let listed = list(&backend).await;
    assert_eq!(listed.meter.attempts(Operation::ListObjectsV2), 2);
    listed.well();
    proxy.faults().always(Some(busy));
    list(&backend).await.failed(FailureKind::Throttled, 4);
}

/// A request whose answer nobody waits for any more, as when a scan has taken too long, is on
/// the bill all the same.
pub async fn a_request_that_is_given_up(plugin: &BackendPlugin) {
    let server = server();
    let proxy = Proxy::start(&server.endpoint());
    let backend = backend(plugin, &proxy.endpoint(), &[]).await;
    proxy.faults().always(Some(Fault::Silence));
    let meter = Arc::default();
    let (request, mut page) = (list_request(&meter), Page::new());
    tokio::select! {
        _ = backend.list_page(&request, &mut page) => panic!("nobody answers"),
        () = proxy.faults().stalled(1) => {}
    }
    assert_eq!(meter.attempts(Operation::ListObjectsV2), 1);
}

/// S3 may say 200 and then that it failed.
pub async fn an_error_with_200(plugin: &BackendPlugin) {
    let server = server();
    let proxy = Proxy::start(&server.endpoint());
    let backend = backend(plugin, &proxy.endpoint(), &[]).await;
    let denied = Fault::error(200, "AccessDenied", "Access Denied");
    proxy.faults().always(Some(denied));
    list(&backend).await.failed(FailureKind::Denied, 1);
    let slow = Fault::error(200, "SlowDown", "Please reduce your request rate.");
    proxy.faults().always(None);
    proxy.faults().next([Some(slow)]);
    let listed = list(&backend).await;
    assert_eq!(listed.meter.attempts(Operation::ListObjectsV2), 2);
    listed.well();
}

/// An answer that nobody would want to hold is not read to its end, nor asked for again.
pub async fn an_enormous_answer(plugin: &BackendPlugin) {
    let server = server();
    let proxy = Proxy::start(&server.endpoint());
    let backend = backend(plugin, &proxy.endpoint(), &[]).await;
    proxy.faults().always(Some(Fault::Answer {
        status: 200,
        headers: Vec::new(),
        body: "x".repeat(8 * 1024 * 1024 + 1).into(),
    }));
    list(&backend).await.failed(FailureKind::Protocol, 1);
}

/// No answer, and half of one, end with the time for a request.
pub async fn late_answers(plugin: &BackendPlugin) {
    let server = server();
    let proxy = Proxy::start(&server.endpoint());
    // A good answer comes within it, on a machine with much else to do, too.
    let backend = backend(plugin, &proxy.endpoint(), &[("request_timeout", "2500ms")]).await;
    for fault in [Fault::Silence, Fault::Stall] {
        proxy.faults().next([Some(fault.clone())]);
        let listed = list(&backend).await;
        let late = listed
            .meter
            .failures(Operation::ListObjectsV2, FailureKind::Timeout);
        assert_eq!(late, 1, "{fault:?}");
        listed.well();
    }
    proxy.faults().always(Some(Fault::Silence));
    let text = list(&backend).await.failed(FailureKind::Timeout, 4);
    assert!(text.contains("within 2.5 s"), "{text}");
}

/// A host that does not even take the connection is given up after `connect_timeout`.
pub async fn no_connection_in_time(plugin: &BackendPlugin) {
    let socket = TcpSocket::new_v4().unwrap();
    socket
        .bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
        .unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    // The kernel takes these and answers nobody after them.
    let mut queue = Vec::new();
    while let Ok(Ok(stream)) =
        tokio::time::timeout(Duration::from_millis(500), TcpStream::connect(address)).await
    {
        queue.push(stream);
        assert!(queue.len() < 100, "the queue of a listener does not fill");
    }
    let endpoint = format!("http://{address}");
    let backend = backend(plugin, &endpoint, &[("connect_timeout", "200ms")]).await;
    list(&backend).await.failed(FailureKind::Connect, 4);
}

/// `insecure_skip_verify` takes a certificate that nobody knows.
pub async fn a_check_that_is_off(plugin: &BackendPlugin) {
    let server = server();
    let proxy = Proxy::start_tls(&server.endpoint(), &Authority::new().issue(&["127.0.0.1"]));
    let careful = backend(plugin, &proxy.endpoint(), &[]).await;
    list(&careful).await.failed(FailureKind::Tls, 1);
    let careless = backend(
        plugin,
        &proxy.endpoint(),
        &[("insecure_skip_verify", "true")],
    )
    .await;
    list(&careless).await.well();
}

/// A CA bundle that is not there, or holds nothing of use, says so at once.
pub async fn a_ca_bundle_that_is_none(plugin: &BackendPlugin) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    let garbage = "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n";
    let key = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for content in [None, Some(""), Some("no pem"), Some(garbage), Some(key)] {
        if let Some(content) = content {
            std::fs::write(&path, content).unwrap();
        }
        let mut section = vec![
            ("endpoint", "https://127.0.0.1:1"),
            ("ca_bundle", path.to_str().unwrap()),
        ];
        section.extend(KEYS);
        let error = connect(plugin, &section).await.err();
        let error = error.unwrap_or_else(|| panic!("{content:?} is taken"));
        assert_eq!(error.kind(), FailureKind::Tls, "{content:?}: {error}");
    }
}

/// Both ways in which AWS says it name the region that would be right.
pub async fn a_bucket_of_another_region(plugin: &BackendPlugin) {
    let server = server();
    let proxy = Proxy::start(&server.endpoint());
    let backend = backend(plugin, &proxy.endpoint(), &[("region", "us-east-1")]).await;
    for fault in [
        Fault::wrong_region("eu-west-1"),
        Fault::malformed_region("us-east-1", "eu-west-1"),
    ] {
        proxy.faults().always(Some(fault));
        let text = list(&backend).await.failed(FailureKind::Protocol, 1);
        let right = r#"the bucket is in the region "eu-west-1", not in "us-east-1""#;
        assert!(text.contains(right), "{text}");
        assert!(text.contains(r#"set `region = "eu-west-1"`"#), "{text}");
    }
}

/// By the header `Server` of a good answer.
pub async fn the_order_is_learned(plugin: &BackendPlugin) {
    for (name, order, by) in [
        (
            "MinIO",
            Order::Utf8ByFolder,
            Some("MinIO, by the header `Server`"),
        ),
        ("SeaweedFS S3", Order::Other, None),
    ] {
        let server = S3sServer::builder().server(name).start();
        fill(&server);
        let proxy = Proxy::start(&server.endpoint());
        let backend = backend(plugin, &proxy.endpoint(), &[]).await;
        assert_eq!(backend.order(BUCKET), Order::Unknown);
        proxy
            .faults()
            .next([Some(Fault::error(403, "AccessDenied", "Access Denied"))]);
        list(&backend).await.failed(FailureKind::Denied, 1);
        assert_eq!(backend.order(BUCKET), Order::Unknown);
        list(&backend).await.well();
        assert_eq!(backend.order(BUCKET), order, "{name}");
        assert_eq!(backend.order_shown_by(BUCKET), by, "{name}");
    }
}

/// `ordered` holds, whatever the store says.
pub async fn the_order_is_told(plugin: &BackendPlugin) {
    for (told, name, order) in [
        ("true", "nginx", Order::Utf8ByFolder),
        ("false", "MinIO", Order::Other),
    ] {
        let server = S3sServer::builder().server(name).start();
        fill(&server);
        let backend = backend(plugin, &server.endpoint(), &[("ordered", told)]).await;
        assert_eq!(backend.order(BUCKET), order);
        list(&backend).await.well();
        assert_eq!(backend.order(BUCKET), order);
        let by = format!("`ordered = {told}`");
        assert_eq!(backend.order_shown_by(BUCKET), Some(&*by));
    }
}
