//! A store of any number of buckets that all have the same objects, made once, so that it is never what is
//! waited for. It tells when each was asked for.

use std::collections::HashMap;
use std::fmt::Write;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::client;
use crate::processes::Started;

/// A store in a process of its own.
pub struct FleetStore {
    _process: Started,
    pub endpoint: String,
}

impl FleetStore {
    pub fn start(clusters: usize, backups: usize) -> Self {
        let [clusters, backups] = [clusters, backups].map(|number| number.to_string());
        let (process, endpoint) = crate::processes::this(&["fleet-store", &clusters, &backups]);
        Self {
            _process: process,
            endpoint,
        }
    }

    fn ask(&self, path: &str) -> String {
        let port = self.endpoint.rsplit(':').next().unwrap();
        client::get(port.parse().unwrap(), path, false).text()
    }

    /// Buckets that were listed, listings of all of them, and probes.
    pub fn counts(&self) -> [usize; 3] {
        let text = self.ask("/-/counts");
        let mut counts = text.split(' ').map(|count| count.parse().unwrap());
        std::array::from_fn(|_| counts.next().unwrap())
    }

    /// Of each bucket the longest time from one listing to the next, in seconds; of one that was not listed for
    /// longer than that since, so long.
    pub fn gaps(&self) -> Vec<f64> {
        let text = self.ask("/-/gaps");
        text.lines().map(|line| line.parse().unwrap()).collect()
    }
}

/// The name of a cluster.
pub fn cluster(nth: usize) -> String {
    format!("cluster-{nth:04}")
}

/// When a bucket was listed.
struct Listed {
    latest: Instant,
    longest: Duration,
}

#[derive(Default)]
struct Seen {
    buckets: HashMap<String, Listed>,
    listings: usize,
    probes: usize,
}

/// Is the store: what [`FleetStore::start`] runs.
pub fn serve(clusters: &str, backups: &str) {
    let [clusters, backups] = [clusters, backups].map(|number| number.parse().unwrap());
    let body: Arc<str> = page(clusters, backups).into();
    let seen = Arc::<Mutex<Seen>>::default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("http://{}", listener.local_addr().unwrap());
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            let (body, seen) = (Arc::clone(&body), Arc::clone(&seen));
            // A client that goes away is no concern of ours.
            tokio::spawn(async move { drop(connection(stream, &body, &seen).await) });
        }
    });
}

async fn connection(mut stream: TcpStream, body: &str, seen: &Mutex<Seen>) -> io::Result<()> {
    let mut head = Vec::new();
    loop {
        let end = loop {
            if let Some(end) = head.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            if stream.read_buf(&mut head).await? == 0 {
                return Ok(());
            }
        };
        let text = String::from_utf8_lossy(&head[..end]).into_owned();
        head.drain(..end);
        let target = text.split(' ').nth(1).unwrap_or_default();
        let is_last = text.contains(" HTTP/1.0\r\n");
        let own;
        let body = match target.strip_prefix("/-/") {
            Some(about) => {
                own = seen.lock().unwrap().tell(about);
                &own
            }
            None => {
                seen.lock().unwrap().note(target);
                body
            }
        };
        let length = body.len();
        let head = format!(
            "HTTP/1.1 200 OK\r\nServer: MinIO\r\nContent-Type: application/xml\r\nContent-Length: {length}\r\n\r\n"
        );
        stream
            .write_all(&[head.as_bytes(), body.as_bytes()].concat())
            .await?;
        if is_last {
            return Ok(());
        }
    }
}

impl Seen {
    fn note(&mut self, target: &str) {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        if query.split('&').any(|pair| pair == "max-keys=1") {
            self.probes += 1;
            return;
        }
        self.listings += 1;
        let now = Instant::now();
        let bucket = path.trim_matches('/');
        match self.buckets.get_mut(bucket) {
            Some(listed) => {
                listed.longest = listed.longest.max(now - listed.latest);
                listed.latest = now;
            }
            None => {
                let listed = Listed {
                    latest: now,
                    longest: Duration::ZERO,
                };
                self.buckets.insert(bucket.to_owned(), listed);
            }
        }
    }

    fn tell(&self, about: &str) -> String {
        if about == "counts" {
            return format!("{} {} {}", self.buckets.len(), self.listings, self.probes);
        }
        let longest = self
            .buckets
            .values()
            .map(|of| of.longest.max(of.latest.elapsed()));
        longest
            .map(|of| format!("{}\n", of.as_secs_f64()))
            .collect()
    }
}

/// A listing: of each cluster a backup a day, the newest of this night.
fn page(clusters: usize, backups: usize) -> String {
    let objects = clusters * backups;
    assert!(objects <= 1000, "{objects} are more than a page");
    let mut page = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
         <Name>bucket</Name><Prefix></Prefix><KeyCount>{objects}</KeyCount><MaxKeys>1000</MaxKeys>\
         <IsTruncated>false</IsTruncated>"
    );
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let today = now - now % 86_400;
    for nth in 0..clusters {
        for day in (0..backups).rev() {
            let made = today - 86_400 * day as u64 - 7200 + 7 * nth as u64;
            let made = jiff::Timestamp::from_second(made as i64)
                .unwrap()
                .to_string();
            let in_key = made
                .trim_end_matches('Z')
                .replace(':', "-")
                .replace('T', "t");
            write!(
                page,
                "<Contents><Key>{}-daily-{in_key}.db.gz</Key><LastModified>{made}</LastModified>\
                 <ETag>&#34;d41d8cd98f00b204e9800998ecf8427e&#34;</ETag><Size>{}</Size>\
                 <StorageClass>STANDARD</StorageClass></Contents>",
                cluster(nth),
                1_000_000 + nth,
            )
            .unwrap();
        }
    }
    page + "<EncodingType>url</EncodingType></ListBucketResult>"
}
