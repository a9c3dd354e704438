//! What the S3 backend sends, and by which way: seen by a server that writes it down.

use std::io::Write;
use std::process::Command;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use s3_exporter_api::{
    Backend, BackendError, Continuation, FailureKind, ListRequest, ListingKind, Meter, Operation,
    Order, Page, StartAt, chain,
};
use s3_exporter_s3::PLUGIN;
use s3_exporter_testkit::conformance::connect;
use s3_exporter_testkit::{Authority, Identity, S3sServer, Upload};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_rustls::TlsAcceptor;

mod certificates;
mod endpoints;
mod proxies;

const LISTING: &str = "<ListBucketResult><IsTruncated>false</IsTruncated><EncodingType>url\
    </EncodingType></ListBucketResult>";

/// Takes down the head of each request and answers with an empty listing.
struct Scribe {
    address: String,
    heads: UnboundedReceiver<String>,
}

impl Scribe {
    async fn start(tls: Option<ServerConfig>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (send, heads) = unbounded_channel();
        let tls = tls.map(|config| TlsAcceptor::from(Arc::new(config)));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (tls, send) = (tls.clone(), send.clone());
                tokio::spawn(async move {
                    let head = match tls {
                        None => answer(stream).await,
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => answer(stream).await,
                            Err(_) => return,
                        },
                    };
                    let _ = send.send(head);
                });
            }
        });
        Self { address, heads }
    }
}

async fn read_head(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(head).unwrap()
}

async fn answer(mut stream: impl AsyncReadExt + AsyncWriteExt + Unpin) -> String {
    let head = read_head(&mut stream).await;
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{LISTING}",
        LISTING.len()
    );
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
    head
}

async fn list(
    backend: &dyn Backend,
    bucket: &str,
) -> (Result<Continuation, BackendError>, Arc<Meter>) {
    let meter = Arc::default();
    let request = ListRequest {
        bucket,
        prefix: "a/b c",
        kind: ListingKind::Objects,
        from: StartAt::After("a/b c+"),
        max_keys: 7,
        meter: &meter,
    };
    let result = backend.list_page(&request, &mut Page::new()).await;
    (result, meter)
}

const KEYS: [(&str, &str); 2] = [("access_key_id", "id"), ("secret_access_key", "hidden")];

async fn backend(section: &[(&str, &str)]) -> Arc<dyn Backend> {
    connect(&PLUGIN, &[section, &KEYS].concat()).await.unwrap()
}

#[tokio::test]
async fn a_request_says_what_the_section_says() {
    let mut scribe = Scribe::start(None).await;
    let section = [
        ("endpoint", &*format!("http://{}", scribe.address)),
        ("region", "eu-central-1"),
        ("session_token", "token"),
        ("expected_bucket_owner", "123456789012"),
        ("request_payer", "requester"),
    ];
    let backend = backend(&section).await;
    let (result, _) = list(&*backend, "bucket").await;
    assert_eq!(result.unwrap(), Continuation::End);
    let head = scribe.heads.recv().await.unwrap();
    let line = "GET /bucket/?list-type=2&encoding-type=url&max-keys=7&prefix=a%2Fb%20c&start-after=a%2Fb%20c%2B HTTP/1.1\r\n";
    assert!(head.starts_with(line), "{head}");
    for header in [
        "x-amz-expected-bucket-owner: 123456789012",
        "x-amz-request-payer: requester",
        "x-amz-security-token: token",
        "app/s3-exporter",
        "/eu-central-1/s3/aws4_request",
    ] {
        assert!(head.contains(header), "{header} is not in {head}");
    }
}

#[tokio::test]
async fn a_marker_is_asked_for_in_the_first_version_of_the_api() {
    let mut scribe = Scribe::start(None).await;
    let section = [("endpoint", &*format!("http://{}", scribe.address))];
    let backend = backend(&section).await;
    let meter = Arc::default();
    let request = ListRequest {
        bucket: "bucket",
        prefix: "a/b c",
        kind: ListingKind::Objects,
        from: StartAt::Marker("a/b c+&list-type=2"),
        max_keys: 7,
        meter: &meter,
    };
    let result = backend.list_page(&request, &mut Page::new()).await;
    assert_eq!(result.unwrap(), Continuation::End);
    let head = scribe.heads.recv().await.unwrap();
    let line = "GET /bucket/?encoding-type=url&max-keys=7&prefix=a%2Fb%20c&marker=a%2Fb%20c%2B%26list-type%3D2 HTTP/1.1\r\n";
    assert!(head.starts_with(line), "{head}");
    assert_eq!(meter.attempts(Operation::ListObjectsV2), 1);
}

#[tokio::test]
async fn a_proxy_gets_the_request_and_its_password() {
    let mut scribe = Scribe::start(None).await;
    let section = [
        ("endpoint", "http://store.invalid:9000"),
        ("path_style", "false"),
        ("proxy", &*format!("http://user:pass@{}", scribe.address)),
    ];
    let backend = backend(&section).await;
    let (result, _) = list(&*backend, "bucket").await;
    assert_eq!(result.unwrap(), Continuation::End);
    let head = scribe.heads.recv().await.unwrap();
    let line = "GET http://bucket.store.invalid:9000/?list-type=2";
    assert!(head.starts_with(line), "{head}");
    let basic = "proxy-authorization: Basic dXNlcjpwYXNz";
    assert!(head.contains(basic), "{head}");
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_no_connection_and_no_leak() {
    let section = [
        ("endpoint", "http://store.invalid:9000"),
        ("proxy", "http://user:pass@127.0.0.1:1"),
    ];
    let (result, _) = list(&*backend(&section).await, "bucket").await;
    let error = result.unwrap_err();
    assert_eq!(error.kind(), FailureKind::Connect);
    assert!(!chain(&error).contains("pass"), "{}", chain(&error));
    assert!(!format!("{error:?}").contains("pass"), "{error:?}");
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_no_connection() {
    let section = [("endpoint", "http://no-such-host.invalid")];
    let (result, meter) = list(&*backend(&section).await, "bucket").await;
    assert_eq!(result.unwrap_err().kind(), FailureKind::Connect);
    assert_eq!(meter.attempts(Operation::ListObjectsV2), 4);
}

fn write(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn certificate(pem: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
}

fn private_key(server: &Identity) -> PrivateKeyDer<'static> {
    PrivateKeyDer::from_pem_slice(server.key.as_bytes()).unwrap()
}

/// TLS that asks for no certificate.
fn tls(server: &Identity) -> ServerConfig {
    let _ = rustls::crypto::ring::default_provider().install_default();
    ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate(&server.certificate)], private_key(server))
        .unwrap()
}

/// TLS that wants to see a certificate of `clients`.
fn mutual_tls(server: &Identity, clients: &Authority) -> ServerConfig {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut roots = RootCertStore::empty();
    roots.add(certificate(clients.pem())).unwrap();
    let verifier = WebPkiClientVerifier::builder(Arc::new(roots)).build();
    ServerConfig::builder()
        .with_client_cert_verifier(verifier.unwrap())
        .with_single_cert(vec![certificate(&server.certificate)], private_key(server))
        .unwrap()
}

#[tokio::test]
async fn a_client_certificate_is_shown() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let ours = clients.issue(&["exporter"]);
    let tls = mutual_tls(&authority.issue(&["127.0.0.1"]), &clients);
    let scribe = Scribe::start(Some(tls)).await;
    let (bundle, certificate, key) = (
        write(authority.pem()),
        write(&ours.certificate),
        write(&ours.key),
    );
    let endpoint = format!("https://{}", scribe.address);
    let path = |file: &tempfile::NamedTempFile| file.path().to_str().unwrap().to_owned();
    let (bundle, certificate, key) = (path(&bundle), path(&certificate), path(&key));

    let without = [("endpoint", &*endpoint), ("ca_bundle", &*bundle)];
    let (result, _) = list(&*backend(&without).await, "bucket").await;
    let error = result.unwrap_err();
    assert_eq!(error.kind(), FailureKind::Tls, "{}", chain(&error));

    let with = [
        ("endpoint", &*endpoint),
        ("ca_bundle", &*bundle),
        ("client_cert_file", &*certificate),
        ("client_key_file", &*key),
    ];
    let (result, _) = list(&*backend(&with).await, "bucket").await;
    assert_eq!(result.unwrap(), Continuation::End);

    let swapped = [
        ("endpoint", &*endpoint),
        ("client_cert_file", &*key),
        ("client_key_file", &*key),
    ];
    let error = connect(&PLUGIN, &[&swapped[..], &KEYS].concat()).await;
    assert_eq!(error.err().unwrap().kind(), FailureKind::Tls);
}

#[tokio::test]
async fn a_directory_bucket_has_no_order_whoever_says_so_and_the_others_keep_theirs() {
    let scribe = Scribe::start(None).await;
    let endpoint = format!("http://{}", scribe.address);
    let section = [("endpoint", &*endpoint), ("ordered", "true")];
    let backend = backend(&section).await;
    for directory in ["bucket--use1-az4--x-s3", "point--use1-az4--xa-s3"] {
        let _ = list(&*backend, directory).await;
        assert_eq!(backend.order(directory), Order::Other, "{directory}");
        let order = backend.order("bucket");
        assert_eq!(order, Order::Utf8ByFolder, "beside {directory}");
    }
}

/// Variables of this process can't be changed safely, so another one of the same program
/// lists, with the environment that a user would give.
fn list_with(environment: &[(&str, &str)]) -> String {
    let program = std::env::current_exe().unwrap();
    let output = Command::new(program)
        .args([
            "--exact",
            "requests::in_another_process",
            "--ignored",
            "--nocapture",
        ])
        .env_clear()
        .envs(environment.iter().copied())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test]
#[ignore = "run by the tests of the default chain, in an environment of their own"]
async fn in_another_process() {
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let (endpoint, profile) = (variable("TEST_ENDPOINT"), variable("TEST_PROFILE"));
    let mut section = vec![("profile", profile.as_str())];
    section.retain(|(_, profile)| !profile.is_empty());
    section.extend((!endpoint.is_empty()).then_some(("endpoint", endpoint.as_str())));
    let meter = Arc::default();
    let request = ListRequest {
        bucket: "bucket",
        prefix: "",
        kind: ListingKind::Objects,
        from: StartAt::Start,
        max_keys: 1000,
        meter: &meter,
    };
    let mut page = Page::new();
    let listed = match connect(&PLUGIN, &section).await {
        Ok(backend) => backend.list_page(&request, &mut page).await,
        Err(error) => Err(error),
    };
    match listed {
        Ok(_) => println!("listed {} objects", page.len()),
        Err(error) => println!(
            "{} in {} attempts: {}",
            error.kind(),
            meter.attempts(Operation::ListObjectsV2),
            chain(&error)
        ),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_keys_the_default_chain_is_asked() {
    let server = S3sServer::start();
    server
        .store()
        .put_all("bucket", [Upload::new("a", 1), Upload::new("b", 2)]);
    let endpoint = ("TEST_ENDPOINT", &*server.endpoint());
    let (id, secret) = (S3sServer::ACCESS_KEY, S3sServer::SECRET_KEY);

    let keys = [("AWS_ACCESS_KEY_ID", id), ("AWS_SECRET_ACCESS_KEY", secret)];
    let output = list_with(&[&[endpoint], &keys[..]].concat());
    assert!(output.contains("listed 2 objects"), "{output}");

    let file = write(&format!(
        "[default]\naws_access_key_id = wrong\naws_secret_access_key = wrong\n\
         [backup]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n"
    ));
    let file = ("AWS_SHARED_CREDENTIALS_FILE", file.path().to_str().unwrap());
    let output = list_with(&[endpoint, file]);
    assert!(output.contains("credentials in 1 attempts"), "{output}");
    let output = list_with(&[endpoint, file, ("TEST_PROFILE", "backup")]);
    assert!(output.contains("listed 2 objects"), "{output}");

    let output = list_with(&[endpoint]);
    assert!(output.contains("credentials in 0 attempts"), "{output}");
    assert!(output.contains("no credentials; give"), "{output}");
}

#[tokio::test]
async fn without_a_region_and_an_endpoint_it_says_so() {
    let output = list_with(&[("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b")]);
    assert!(
        output.contains("no region is known; set `region`"),
        "{output}"
    );
}
