//! Serves a [`SyntheticBucket`]: no more work a page than that, so that a lister is never
//! what is waited for. Signatures are not checked.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use percent_encoding::percent_decode_str;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::SyntheticBucket;
use crate::Identity;
use crate::web::tls;

const LONGEST_HEAD: usize = 64 * 1024;

/// How long an answer takes.
#[derive(Clone, Copy, Debug)]
pub enum Latency {
    /// Each as long.
    Even(Duration),
    /// Log-normal: half of them take no more than `median`, and one in a hundred more than `p99`.
    LogNormal {
        /// The middle one.
        median: Duration,
        /// The 99th of a hundred.
        p99: Duration,
    },
}

/// The 99th percentile of the standard normal distribution.
const P99: f64 = 2.326_347_874;

impl Latency {
    /// What they take on average.
    pub fn mean(self) -> Duration {
        match self {
            Self::Even(latency) => latency,
            Self::LogNormal { median, p99 } => {
                median.mul_f64((sigma(median, p99).powi(2) / 2.0).exp())
            }
        }
    }

    fn draw(self) -> Duration {
        match self {
            Self::Even(latency) => latency,
            Self::LogNormal { median, p99 } => {
                // By Box and Muller.
                let (radius, turn) = (1.0 - fastrand::f64(), fastrand::f64());
                let normal = (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * turn).cos();
                median.mul_f64((sigma(median, p99) * normal).exp())
            }
        }
    }
}

fn sigma(median: Duration, p99: Duration) -> f64 {
    (p99.as_secs_f64() / median.as_secs_f64()).ln() / P99
}

/// Answers `ListObjectsV2` and `GetBucketLocation` on any bucket, and beside it:
/// - `/-/stats`: requests, throttled ones, and the most in flight, since the last reset
/// - `/-/reset`: begins to count anew
/// - `/-/totals`: objects and bytes, as a right listing has them
/// - `/-/clusters`: the clusters' names, one a line
pub struct SyntheticServer {
    bucket: SyntheticBucket,
    latency: Latency,
    throttle: u64,
    requests: AtomicU64,
    throttled: AtomicU64,
    in_flight: AtomicU64,
    most_in_flight: AtomicU64,
}

impl SyntheticServer {
    /// A server of this bucket. Each answer takes `latency`; with more requests in flight
    /// than `throttle`, the surplus gets 503 SlowDown.
    pub fn new(bucket: SyntheticBucket, latency: Latency, throttle: Option<u64>) -> Arc<Self> {
        Arc::new(Self {
            bucket,
            latency,
            throttle: throttle.unwrap_or(u64::MAX),
            requests: AtomicU64::new(0),
            throttled: AtomicU64::new(0),
            in_flight: AtomicU64::new(0),
            most_in_flight: AtomicU64::new(0),
        })
    }

    /// Serves until the future is dropped; https where there is an identity.
    ///
    /// # Errors
    /// What the listener says.
    pub async fn serve(
        self: Arc<Self>,
        listener: TcpListener,
        identity: Option<&Identity>,
    ) -> io::Result<()> {
        let acceptor = identity.map(|identity| TlsAcceptor::from(tls(identity, None)));
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let (server, acceptor) = (Arc::clone(&self), acceptor.clone());
            tokio::spawn(async move {
                // A client that goes away is no concern of ours.
                let _ = match acceptor {
                    None => connection(&server, stream).await,
                    Some(acceptor) => match acceptor.accept(stream).await {
                        Ok(stream) => connection(&server, stream).await,
                        Err(error) => Err(error),
                    },
                };
            });
        }
    }
}

/// Answers one request after another; the buffers are used again.
async fn connection<S>(server: &SyntheticServer, mut stream: S) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut head, mut body, mut out) = (Vec::new(), Vec::new(), Vec::new());
    loop {
        let length = loop {
            if let Some(end) = head.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            if head.len() > LONGEST_HEAD || stream.read_buf(&mut head).await? == 0 {
                return Ok(());
            }
        };
        let target = target(&head[..length]).unwrap_or_default();
        head.drain(..length);
        body.clear();
        let status = server.answer(&target, &mut body).await;
        out.clear();
        out.extend_from_slice(
            format!(
                "HTTP/1.1 {status}\r\nServer: MinIO\r\nContent-Type: application/xml\r\n\
                 Content-Length: {}\r\n\r\n",
                body.len()
            )
            .as_bytes(),
        );
        out.extend_from_slice(&body);
        stream.write_all(&out).await?;
        stream.flush().await?;
    }
}

/// Path and query of a request that has no body.
fn target(head: &[u8]) -> Option<String> {
    let line = head.split(|byte| *byte == b'\r').next()?;
    let line = std::str::from_utf8(line).ok()?;
    Some(line.strip_prefix("GET ")?.split(' ').next()?.to_owned())
}

impl SyntheticServer {
    /// Writes the body; the status.
    async fn answer(&self, target: &str, body: &mut Vec<u8>) -> &'static str {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        if let Some(page) = path.strip_prefix("/-/") {
            return self.about(page, body);
        }
        // What MinIO's client asks first.
        if query.split('&').any(|pair| pair == "location=") {
            body.extend_from_slice(b"<LocationConstraint></LocationConstraint>");
            return "200 OK";
        }
        if !query.split('&').any(|pair| pair == "list-type=2") {
            return error(body, "501 Not Implemented", "NotImplemented");
        }
        self.requests.fetch_add(1, Relaxed);
        let now = self.in_flight.fetch_add(1, Relaxed) + 1;
        self.most_in_flight.fetch_max(now, Relaxed);
        let flight = Flight(&self.in_flight);
        let latency = self.latency.draw();
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        let status = if now > self.throttle {
            self.throttled.fetch_add(1, Relaxed);
            error(body, "503 Slow Down", "SlowDown")
        } else {
            self.list(path.trim_matches('/'), query, body)
        };
        drop(flight);
        status
    }

    fn list(&self, bucket: &str, query: &str, body: &mut Vec<u8>) -> &'static str {
        let parameter = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            let (_, value) = pairs.find(|(other, _)| *other == name)?;
            let value = value.replace('+', " ");
            Some(percent_decode_str(&value).decode_utf8_lossy().into_owned())
        };
        let prefix = parameter("prefix").unwrap_or_default();
        let under = self.bucket.under(prefix.as_bytes());
        let from = match (parameter("continuation-token"), parameter("start-after")) {
            (Some(token), _) => match token.parse() {
                Ok(index) => index,
                Err(_) => return error(body, "400 Bad Request", "InvalidArgument"),
            },
            (None, Some(key)) => self.bucket.after(key.as_bytes()),
            (None, None) => 0,
        };
        let max_keys = parameter("max-keys")
            .and_then(|text| text.parse().ok())
            .unwrap_or(1000)
            .min(1000);
        let start = from.clamp(under.start, under.end);
        let end = under.end.min(start + max_keys);
        self.bucket
            .write_page(body, bucket, &prefix, start..end, end < under.end);
        "200 OK"
    }

    fn about(&self, page: &str, body: &mut Vec<u8>) -> &'static str {
        let text = match page {
            "stats" => serde_json::json!({
                "requests": self.requests.load(Relaxed),
                "throttled": self.throttled.load(Relaxed),
                "max_in_flight": self.most_in_flight.load(Relaxed),
            })
            .to_string(),
            "reset" => {
                for count in [&self.requests, &self.throttled, &self.most_in_flight] {
                    count.store(0, Relaxed);
                }
                "{}".to_owned()
            }
            "totals" => serde_json::json!({
                "objects": self.bucket.objects(),
                "bytes": self.bucket.bytes(),
                "prefix": self.bucket.prefix(),
            })
            .to_string(),
            "clusters" => self.bucket.names().map(|name| name + "\n").collect(),
            _ => return error(body, "404 Not Found", "NoSuchPage"),
        };
        body.extend_from_slice(text.as_bytes());
        "200 OK"
    }
}

/// A request in flight, until its answer is ready or its client has gone.
struct Flight<'a>(&'a AtomicU64);

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

fn error(body: &mut Vec<u8>, status: &'static str, code: &str) -> &'static str {
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code>\
         <Message>{status}</Message></Error>"
    );
    body.extend_from_slice(text.as_bytes());
    status
}
