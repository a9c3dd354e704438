//! A folder with certificates and a web configuration, and programs that serve by it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::curl::{Answer, curl};
use crate::{Authority, Identity, Port, Process, tool};

/// A folder with the files of a web configuration: `web.yml`, `server.crt`, `server.key`,
/// `ca.crt`, and the clients' `known.pem`, `unknown.pem`.
pub struct Site {
    folder: TempDir,
    /// Who has signed the server's certificate and `known.pem`.
    pub authority: Authority,
}

impl Site {
    /// Without a web configuration yet.
    #[allow(clippy::new_without_default)] // it writes files
    pub fn new() -> Self {
        let site = Self {
            folder: tempfile::tempdir().unwrap(),
            authority: Authority::new(),
        };
        let server = site.authority.issue(&["127.0.0.1", "localhost"]);
        site.write("server.crt", &server.certificate);
        site.write("server.key", &server.key);
        site.write("ca.crt", site.authority.pem());
        site.write_identity("known.pem", &site.authority.issue(&["known.example"]));
        site.write_identity("unknown.pem", &Authority::new().issue(&["known.example"]));
        site
    }

    /// With this web configuration after the server's certificate and key.
    pub fn with_tls(rest: &str) -> Self {
        let site = Self::new();
        site.write("web.yml", &format!("{TLS}{rest}"));
        site
    }

    /// Of a file of the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file of the folder.
    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// Writes a certificate and its key into one file.
    pub fn write_identity(&self, name: &str, identity: &Identity) {
        self.write(name, &format!("{}{}", identity.certificate, identity.key));
    }

    /// node_exporter, which reads the same file.
    pub async fn node_exporter(&self) -> Served {
        let port = Port::take();
        let arguments = [
            format!("--web.config.file={}", self.path("web.yml").display()),
            format!("--web.listen-address=127.0.0.1:{port}"),
            "--collector.disable-defaults".to_owned(),
        ];
        self.start(&tool("node_exporter"), &arguments, &[], port)
            .await
    }

    /// A program that listens on `port` once it is ready.
    pub async fn start(
        &self,
        program: &Path,
        arguments: &[String],
        environment: &[(&str, &str)],
        port: Port,
    ) -> Served {
        let name = program.file_name().unwrap().to_string_lossy();
        let log = self.path(&format!("{name}-{port}.log"));
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let mut process = Process::start(program, &arguments, environment, &log);
        let address = format!("127.0.0.1:{port}");
        process
            .until("it listens", || async {
                tokio::net::TcpStream::connect(&address).await.is_ok()
            })
            .await;
        Served {
            process,
            address,
            ca: self.path("ca.crt"),
            _port: port,
        }
    }
}

/// What stands at the beginning of most web configurations here.
pub const TLS: &str = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n";

/// A running program. It ends when it is dropped.
pub struct Served {
    /// With its log.
    pub process: Process,
    /// Host and port.
    pub address: String,
    /// The file of the authority that has signed its certificate.
    pub ca: PathBuf,
    _port: Port,
}

impl Served {
    /// Asks over TLS.
    pub async fn ask(&self, path: &str, arguments: &[&str]) -> Answer {
        let (url, ca) = (
            format!("https://{}{path}", self.address),
            self.ca.to_string_lossy(),
        );
        curl(&[&["--cacert", &ca, &url], arguments].concat()).await
    }

    /// Asks without.
    pub async fn ask_plainly(&self, path: &str, arguments: &[&str]) -> Answer {
        let url = format!("http://{}{path}", self.address);
        curl(&[&[&*url], arguments].concat()).await
    }

    /// A connection over TLS that says for itself what it speaks.
    pub async fn connect(&self, protocol: &[u8]) -> TlsStream<TcpStream> {
        connect(&self.address, &self.ca, protocol).await
    }

    /// Of `/proc/<pid>/status`, in kB.
    pub fn kilobytes(&self, field: &str) -> usize {
        let path = format!("/proc/{}/status", self.process.pid());
        let status = std::fs::read_to_string(path).unwrap();
        let line = status.lines().find(|line| line.starts_with(field)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// Waits until its log says something.
    pub async fn until_log(&mut self, words: &str) {
        let log = self.process.log();
        if log.contains(words) {
            return;
        }
        for _ in 0..600 {
            if self.process.log().contains(words) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("its log does not say {words:?}:\n{}", self.process.log());
    }
}

/// A connection over TLS.
pub async fn connect(address: &str, ca: &Path, protocol: &[u8]) -> TlsStream<TcpStream> {
    let ca = CertificateDer::from_pem_file(ca).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(ca).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.to_vec()];
    let stream = TcpStream::connect(address).await.unwrap();
    let connector = TlsConnector::from(Arc::new(config));
    let name = "localhost".try_into().unwrap();
    connector.connect(name, stream).await.unwrap()
}

/// What a client of HTTP/2 begins with.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A frame of HTTP/2 (RFC 9113, section 4.1).
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
    [&head, payload].concat()
}
