//! Asks a server of this crate on the machine that it runs on, as it is configured: for health
//! checks that have no shell and no other client.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{AlertDescription, ClientConfig};
use s3_exporter_config::file as bounded;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::web_config::file;

mod anybody;

/// Bytes of an answer that are read: whoever answers need not be one of us.
const LARGEST: usize = 64 << 10;

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// An answer over HTTP.
    Said {
        /// Its status code.
        status: u16,
        /// Its text.
        body: String,
    },
    /// TLS, and the demand for a client's certificate, which a probe does not have.
    WantsCertificate,
}

/// Asks for `path` at `listen`, an address as [`bind`](crate::bind) takes it: where that is every
/// address, at this machine's own. It is asked over TLS where the web configuration says so.
/// Whose certificate it shows does not matter: nothing is told to it.
///
/// # Errors
/// It cannot be reached, or what answers there does not speak HTTP.
pub async fn ask(listen: &str, web_config: Option<&Path>, path: &str) -> Result<Answer, Unreached> {
    let mut failure = None;
    for tls in schemes(web_config) {
        for target in targets(listen) {
            match ask_one(&target, tls, path).await {
                Ok(answer) => return Ok(answer),
                Err(cause) => {
                    // Of several the first, which is the likeliest.
                    failure.get_or_insert(Unreached {
                        target,
                        cause: cause.to_string(),
                    });
                }
            }
        }
    }
    Err(failure.unwrap_or_else(|| Unreached {
        target: listen.to_owned(),
        cause: "it is no address".to_owned(),
    }))
}

/// Nobody answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreached {
    target: String,
    cause: String,
}

impl fmt::Display for Unreached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no answer from {}: {}", self.target, self.cause)
    }
}

impl Error for Unreached {}

/// Whether to speak TLS, by turns. A web configuration that makes no sense may have become so
/// while the server runs on with the one before, so both are tried.
fn schemes(web_config: Option<&Path>) -> Vec<bool> {
    let Some(path) = web_config else {
        return vec![false];
    };
    let text = bounded::read(path, bounded::MAX_FILE).ok();
    let text = text.and_then(|text| String::from_utf8(text.to_vec()).ok());
    match text.map(|text| file::parse(path, &text)) {
        Some(Ok(file)) => vec![file.tls.is_some()],
        _ => vec![true, false],
    }
}

/// Where to connect to.
fn targets(listen: &str) -> Vec<String> {
    let (host, port) = listen.rsplit_once(':').unwrap_or((listen, ""));
    let hosts = match host {
        "" => vec!["127.0.0.1", "[::1]"],
        "0.0.0.0" => vec!["127.0.0.1"],
        "[::]" => vec!["[::1]", "127.0.0.1"],
        host => vec![host],
    };
    let at = |host| format!("{host}:{port}");
    hosts.into_iter().map(at).collect()
}

async fn ask_one(
    target: &str,
    tls: bool,
    path: &str,
) -> Result<Answer, Box<dyn Error + Send + Sync>> {
    let stream = TcpStream::connect(target).await?;
    let asked = match tls {
        false => get(stream, target, path).await,
        true => over_tls(stream, target, path).await,
    };
    match asked {
        Err(cause) if wants_certificate(&*cause) => Ok(Answer::WantsCertificate),
        asked => asked,
    }
}

async fn over_tls(
    stream: TcpStream,
    target: &str,
    path: &str,
) -> Result<Answer, Box<dyn Error + Send + Sync>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(anybody::Anybody(provider)))
        .with_no_client_auth();
    let host = target.rsplit_once(':').map_or(target, |(host, _)| host);
    let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned())?;
    let connector = TlsConnector::from(Arc::new(config));
    get(connector.connect(name, stream).await?, target, path).await
}

async fn get(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    target: &str,
    path: &str,
) -> Result<Answer, Box<dyn Error + Send + Sync>> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::get(path)
        .header(header::HOST, target)
        .header(header::CONNECTION, "close")
        .body(Empty::<Bytes>::new())?;
    let answered = async {
        let answer = sender.send_request(request).await?;
        let status = answer.status().as_u16();
        let body = Limited::new(answer.into_body(), LARGEST).collect().await?;
        let body = String::from_utf8_lossy(&body.to_bytes()).into_owned();
        Ok(Answer::Said { status, body })
    };
    // The connection is driven beside the request, and may end before that has its answer.
    let (answered, _) = tokio::join!(answered, connection);
    answered
}

/// Whether the peer refuses to go on without our certificate: TLS 1.3 says it only after the
/// handshake.
fn wants_certificate(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        let inner = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        let tls = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>());
        if tls
            == Some(&rustls::Error::AlertReceived(
                AlertDescription::CertificateRequired,
            ))
        {
            return true;
        }
        cause = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_is_this_machine() {
        for (listen, expected) in [
            (":1", ["127.0.0.1:1", "[::1]:1"].as_slice()),
            ("0.0.0.0:1", &["127.0.0.1:1"]),
            ("[::]:1", &["[::1]:1", "127.0.0.1:1"]),
            ("[::1]:1", &["[::1]:1"]),
            ("192.0.2.1:1", &["192.0.2.1:1"]),
            ("host:1", &["host:1"]),
        ] {
            assert_eq!(targets(listen), expected, "{listen}");
        }
    }
}
