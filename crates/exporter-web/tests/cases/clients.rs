//! Every `client_auth_type`, with no, an unknown and a known client's certificate; here and
//! in node_exporter, which reads the same file. And `client_allowed_sans`.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::client::ResolvesClientCert;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, SignatureScheme};
use s3_exporter_testkit::Authority;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::site::{Served, Site};

/// Who is answered: without a certificate, with one that an unknown authority signed, with
/// one that `client_ca_file` signed.
const TYPES: [(&str, [bool; 3]); 6] = [
    ("NoClientCert", [true, true, true]),
    ("RequestClientCert", [true, true, true]),
    ("RequireAnyClientCert", [false, true, true]),
    ("RequireClientCert", [false, true, true]),
    ("VerifyClientCertIfGiven", [true, false, true]),
    ("RequireAndVerifyClientCert", [false, false, true]),
];

async fn answered(site: &Site, served: &Served) -> [bool; 3] {
    let (unknown, known) = (site.path("unknown.pem"), site.path("known.pem"));
    let certificates = [None, Some(&unknown), Some(&known)];
    let mut answered = [false; 3];
    for (answered, certificate) in answered.iter_mut().zip(certificates) {
        let path = certificate.map(|path| path.to_string_lossy().into_owned());
        let arguments = path.iter().flat_map(|path| ["--cert", path]);
        let answer = served.ask("/metrics", &arguments.collect::<Vec<_>>()).await;
        assert!([0, 200].contains(&answer.status), "{answer:?}");
        *answered = answer.status == 200;
    }
    answered
}

#[tokio::test]
async fn each_client_auth_type_does_what_it_does_in_node_exporter() {
    let each = TYPES.map(async |(name, wanted)| {
        let ca = match name {
            "NoClientCert" => "",
            _ => "  client_ca_file: ca.crt\n",
        };
        let site = Site::with_tls(&format!("  client_auth_type: {name}\n{ca}"));
        let (ours, theirs) = tokio::join!(site.exporter(), site.node_exporter());
        assert_eq!(answered(&site, &ours).await, wanted, "{name}");
        assert_eq!(
            answered(&site, &theirs).await,
            wanted,
            "{name}: node_exporter"
        );
    });
    futures::future::join_all(each).await;
}

#[tokio::test]
async fn only_listed_names_are_let_in() {
    let names = ["known.example", "192.0.2.7", "2001:db8::7"];
    let site = Site::with_tls(
        "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n  \
         client_allowed_sans: [known.example, 192.0.2.7, '2001:db8::7', ops@example.com, 'spiffe://example/prometheus']\n",
    );
    let served = site.exporter().await;
    let mut cases: Vec<_> = names
        .map(|name| (site.authority.issue(&[name]), true))
        .into();
    let with = |name| {
        site.authority
            .issue_with(&[], |params| params.subject_alt_names = vec![name])
    };
    let text = |text: &str| text.try_into().unwrap();
    cases.extend([
        (
            with(rcgen::SanType::Rfc822Name(text("ops@example.com"))),
            true,
        ),
        (
            with(rcgen::SanType::URI(text("spiffe://example/prometheus"))),
            true,
        ),
        (
            site.authority.issue(&["other.example", "known.example"]),
            true,
        ),
        (site.authority.issue(&["Known.example"]), false),
        (site.authority.issue(&["sub.known.example"]), false),
        (site.authority.issue(&["192.0.2.70"]), false),
        (site.authority.issue(&[]), false),
        // A name says nothing where the authority is another.
        (Authority::new().issue(&["known.example"]), false),
    ]);
    for (index, (identity, good)) in cases.iter().enumerate() {
        let file = format!("client-{index}.pem");
        site.write_identity(&file, identity);
        let path = site.path(&file).to_string_lossy().into_owned();
        let answer = served.ask("/metrics", &["--cert", &path]).await;
        assert_eq!(answer.status == 200, *good, "case {index}: {answer:?}");
    }
    assert_eq!(served.ask("/metrics", &[]).await.status, 0);
}

/// Where no authority is asked for, a name is still a name.
#[tokio::test]
async fn any_certificate_with_a_listed_name() {
    let site = Site::with_tls(
        "  client_auth_type: RequireAnyClientCert\n  client_allowed_sans: [known.example]\n",
    );
    site.write_identity("other.pem", &Authority::new().issue(&["other.example"]));
    let served = site.exporter().await;
    for (file, status) in [("unknown.pem", 200), ("other.pem", 0)] {
        let path = site.path(file).to_string_lossy().into_owned();
        let answer = served.ask("/metrics", &["--cert", &path]).await;
        assert_eq!(answer.status, status, "{file}");
    }
}

/// A certificate is public: who shows one has to have its key, though nobody asks who
/// signed it.
#[tokio::test]
async fn a_certificate_without_its_key_is_worth_nothing() {
    let site = Site::with_tls("  client_auth_type: RequireAnyClientCert\n");
    let served = site.exporter().await;
    let (known, other) = (
        site.authority.issue(&["known.example"]),
        site.authority.issue(&["other.example"]),
    );
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        for (key, good) in [(&known.key, true), (&other.key, false)] {
            let chain = CertificateDer::pem_slice_iter(known.certificate.as_bytes());
            let chain = chain.collect::<Result<_, _>>().unwrap();
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
            let key = rustls::crypto::ring::sign::any_supported_type(&key).unwrap();
            let shown = Shown(Arc::new(CertifiedKey::new(chain, key)));
            let answer = ask(&site, &served, version, shown).await;
            assert_eq!(answer.starts_with("HTTP/1.1 200"), good, "{answer}");
        }
    }
}

#[derive(Debug)]
struct Shown(Arc<CertifiedKey>);

impl ResolvesClientCert for Shown {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
    fn has_certs(&self) -> bool {
        true
    }
}

/// What is answered; nothing where the connection ends without an answer.
async fn ask(
    site: &Site,
    served: &Served,
    version: &'static rustls::SupportedProtocolVersion,
    shown: Shown,
) -> String {
    let mut roots = RootCertStore::empty();
    let ca = CertificateDer::from_pem_slice(site.authority.pem().as_bytes()).unwrap();
    roots.add(ca).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_client_cert_resolver(Arc::new(shown));
    let stream = TcpStream::connect(&served.address).await.unwrap();
    let connector = TlsConnector::from(Arc::new(config));
    let name = "localhost".try_into().unwrap();
    let mut answer = Vec::new();
    if let Ok(mut stream) = connector.connect(name, stream).await {
        let request = b"GET /-/healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        let _ = stream.write_all(request).await; // it may be closed already
        let _ = stream.read_to_end(&mut answer).await; // or be closed now
    }
    String::from_utf8(answer).unwrap()
}
