//! What the page of a destination says of its scans, and of objects that are nobody's.

use std::sync::atomic::{AtomicUsize, Ordering};

use s3_exporter::resolver::Resolver;
use s3_exporter::resolver::fixed::StaticResolver;
use s3_exporter_api::{FailureKind, UnixTime};
use s3_exporter_testkit::{Memory, Upload};
use tokio::sync::Semaphore;

use super::*;

/// A store that gives as many pages as it is let.
#[derive(Clone, Debug)]
struct Gate {
    store: Memory,
    pages: Arc<Semaphore>,
    asked: Arc<AtomicUsize>,
}

impl Gate {
    fn new(store: Memory, pages: usize) -> Self {
        Self {
            store,
            pages: Arc::new(Semaphore::new(pages)),
            asked: Arc::default(),
        }
    }

    /// Lets one more through, and waits until the next is asked for: it has been counted then.
    async fn let_one_through(&self) {
        let before = self.asked.load(Ordering::SeqCst);
        self.pages.add_permits(1);
        let asks = async {
            while self.asked.load(Ordering::SeqCst) == before {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(HANGS, asks).await.unwrap();
    }
}

#[async_trait]
impl Connect for Gate {
    fn store_url(&self) -> String {
        "memory:".to_owned()
    }
    async fn connect(&self) -> Result<Arc<dyn Backend>, BackendError> {
        Ok(Arc::new(self.clone()))
    }
}

#[async_trait]
impl Backend for Gate {
    fn capabilities(&self) -> Capabilities {
        self.store.capabilities()
    }

    fn order(&self, bucket: &str) -> s3_exporter_api::Order {
        self.store.order(bucket)
    }
    async fn list_page(
        &self,
        request: &ListRequest<'_>,
        page: &mut Page,
    ) -> Result<Continuation, BackendError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.pages.acquire().await.unwrap().forget();
        self.store.list_page(request, page).await
    }
}

/// An exporter of that store.
struct Exporter {
    address: SocketAddr,
    client: Client,
    running: JoinHandle<()>,
}

impl Exporter {
    fn start(gate: &Gate, destination: Destination) -> Self {
        let mut config = sample::config(sample::metrics(&[], "cluster"));
        let store = Store {
            connect: Arc::new(gate.clone()),
            max_requests_in_flight: 1,
            fingerprint: Fingerprint::default(),
        };
        config.backends = BTreeMap::from([("onprem".into(), store)]);
        let names = StaticResolver {
            clusters: vec!["lab".to_owned()],
            clusters_file: None,
        };
        config.resolvers = BTreeMap::from([("names".into(), Arc::new(names) as Arc<dyn Resolver>)]);
        config.destinations = vec![Arc::new(Destination {
            interval: Duration::from_millis(20),
            concurrency: 1,
            ..destination
        })];
        let listeners = serve::bind(&config.server).unwrap();
        let address = listeners[0].socket.local_addr().unwrap();
        let running = tokio::spawn(async move {
            run(&config, listeners, CancellationToken::new()).await;
        });
        Self {
            address,
            client: client(),
            running,
        }
    }

    /// A page as soon as it says all this, another than the one that is known.
    async fn until(&self, path: &str, known: &str, words: &[&str]) -> (String, String) {
        let url = format!("http://{}{path}", self.address);
        let (mut tag, mut page) = (known.to_owned(), String::new());
        for _ in 0..2000 {
            let request = self.client.get(&url).header(ACCEPT, BROWSER);
            let request = request.header(reqwest::header::IF_NONE_MATCH, &tag);
            let answer = request.send().await.unwrap();
            if answer.status() == StatusCode::OK {
                tag = header(&answer, "etag");
                page = answer.text().await.unwrap();
                if words.iter().all(|word| page.contains(word)) {
                    return (tag, page);
                }
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("{path} never says {words:?}: {page}");
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        self.running.abort();
    }
}

#[tokio::test]
async fn a_scan_shows_how_far_it_is_and_afterwards_how_it_ended() {
    let store = Memory::new().with_page_size(2);
    store.put_all("a", (0..8).map(|nth| Upload::new(format!("{nth}"), 1)));
    let gate = Gate::new(store.clone(), 0);
    let exporter = Exporter::start(&gate, sample::destination("a", "a", None));
    let (_, page) = exporter
        .until("/status/a", "", &["<section id=\"running\""])
        .await;
    has_all(
        &page,
        &[
            ": 0 pages, 0 objects, 0 objects a second.",
            "not yet scanned",
        ],
    );
    assert!(!page.contains("<progress"), "nobody knows how far it is");
    assert!(!page.contains("id=\"scans\""), "none has ended");
    let far = ["not yet scanned<br><span class=\"dim\">scanning: 0 pages, 0 objects, 0 "];
    exporter.until("/", "", &far).await;

    // Not all that is asked for is a page: that a listing is complete has to be shown, too.
    let ended = "<td><span class=\"good\">complete</span></td><td>0 s</td><td class=\"n\">4</td><td class=\"n\">8</td>";
    let far =
        |share: u8| format!("<progress max=\"100\" value=\"{share}\" aria-label=\"Share done\">");
    let mut page = String::new();
    for share in [0, 25] {
        for _ in 0..10 {
            gate.let_one_through().await;
            (_, page) = exporter.until("/status/a", "", &[]).await;
            if page.contains(&far(share)) {
                break;
            }
        }
        has_all(&page, &[ended, &far(share)]);
    }
    has_all(
        &page,
        &[
            " 25 % of what the latest complete scan found, about ",
            ": 1 page, 2 objects, ",
        ],
    );
    let far = ["<br><span class=\"dim\">scanning: 25 %, about "];
    let (tag, _) = exporter.until("/", "", &far).await;

    // What came since is another page.
    gate.let_one_through().await;
    gate.let_one_through().await;
    exporter.until("/", &tag, &["scanning: "]).await;

    store.fail(Some(FailureKind::Denied));
    gate.let_one_through().await; // the end of this scan
    gate.let_one_through().await; // and of the next
    let failed = [
        "<span class=\"bad\">failed: denied</span><ol class=\"causes\" aria-label=\"The error and its causes\"><li>",
        "told to fail",
        "<span class=\"bad\">failed: denied, as above</span></td>",
        "<span class=\"good\">complete</span>",
        "<strong class=\"bad\">failing: denied</strong>",
    ];
    let (_, page) = exporter.until("/status/a", "", &failed).await;
    is_harmless(&page);
}

#[tokio::test]
async fn the_newest_backups_of_a_cluster_and_what_each_is_worth() {
    let store = Memory::new();
    let now = UnixTime::now().as_millis();
    let sizes = [0, 5_000_000, 0, 5_000_001, 5_000_002, 5_000_003];
    let backups = sizes.iter().zip(0..).map(|(size, days)| {
        let millis = now - days * 86_400_000 - 3_600_000;
        let time = jiff::Timestamp::from_millisecond(millis).unwrap();
        let key = time.strftime("lab-daily-%Y-%m-%dt%H-%M-%S.db.gz");
        Upload::new(key.to_string(), *size).at(UnixTime::from_millis(millis))
    });
    store.put_all("a", backups);
    let gate = Gate::new(store, Semaphore::MAX_PERMITS);
    let exporter = Exporter::start(&gate, sample::destination("a", "a", Some("names")));
    let (_, page) = exporter
        .until("/status/a/lab", "", &["<td class=\"bad\">empty</td>"])
        .await;
    let (_, rest) = page
        .split_once("<caption>The newest backups that are there</caption>")
        .unwrap();
    let states = rest.split("<td class=\"n\">").skip(1).map(|row| {
        let (size, rest) = row.split_once("</td><td class=\"").unwrap();
        (size, rest.split_once("</td>").unwrap().0)
    });
    let whole = "good\">whole";
    assert_eq!(
        states.collect::<Vec<_>>(),
        [
            ("0 B", "bad\">empty"),
            ("4.8 MiB", whole),
            ("0 B", "bad\">empty"),
            ("4.8 MiB", whole),
            ("4.8 MiB", whole),
            ("4.8 MiB", whole)
        ]
    );
    has_all(&page, &["<code>lab-daily-", "Sizes of the latest "]);
    is_harmless(&page);
}

#[tokio::test]
async fn what_is_nobodys_what_it_costs_and_what_failed() {
    let server = start(sample::snapshot(), false).await;
    let etcd = page(&server, "/status/etcd").await;
    let hostile = "<code>q&quot;uo\\te} 1&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;ü</code>";
    has_all(
        &etcd,
        &[
            "<dt>Unassigned</dt><dd>3 objects, 2.0 KiB: <a href=\"#unassigned\">",
            "They belong to no cluster that is known",
            &format!(
                "<tr><th scope=\"row\">{hostile}</th><td class=\"n\">2</td><td class=\"n\">2.0 KiB</td></tr>"
            ),
            "<tr><th scope=\"row\"><code>tmp/</code></th><td class=\"n\">1</td><td class=\"n\">0 B</td></tr>",
            &format!("<tr><th scope=\"row\">{hostile}</th><td class=\"n\">1000 B</td><td><time "),
            "<tr><th scope=\"row\"><code>tmp/x</code></th>",
            "<dt>Requests</dt><dd>12 by the latest scan, 103680 a month; since the start 10 ListObjectsV2, 1 ListObjectVersions, 1 ListMultipartUploads, 1 GetObjectLockConfiguration, 1 GetBucketVersioning, 1 GetBucketLifecycleConfiguration, 1 GetBucketEncryption, 1 GetPublicAccessBlock, 1 GetBucketPolicyStatus, 1 GetBucketTagging, 1 DataUsageInfo</dd>",
            "<dt>Versions</dt><dd>12 earlier versions, 2.9 MiB; 4 delete markers, as of <time",
            "<dt>Unfinished uploads</dt><dd>2, the oldest ",
            "The latest attempt failed: Listing uploads: denied.</dd>",
            "<dt>Settings</dt><dd>object lock governance, versioning enabled, encryption off; not known: policy (access &#60;b&#62;denied&#60;/b&#62; (403)), as of <time",
            "<dt>Sizes</dt><dd>5 up to 1.0 KiB, 4 up to 1.0 MiB, 20 up to 16.0 GiB</dd>",
            "<dt>Cost</dt><dd>0.000060 a scan, 0.52 a month, at 0.0050 per 1000 requests, ",
            "failed: connect</span><ol class=\"causes\" aria-label=\"The error and its causes\"><li>listing bucket &quot;etcd-backups&quot;: no answer</li><li>connection refused</li></ol>",
        ],
    );
    assert_eq!(etcd.matches(">complete</span></td><td>1 s</td>").count(), 2);
    let plain = page(&server, "/status/plain").await;
    assert!(!plain.contains("<dt>Cost</dt>"), "it has no price: {plain}");
    assert!(!plain.contains("id=\"scans\"") && !plain.contains("id=\"unassigned\""));
    let overview = page(&server, "/status").await;
    let mut links = overview
        .split("href=\"")
        .filter_map(|rest| rest.split('"').next());
    let link = links
        .find(|link| link.starts_with("status/q%22uo"))
        .unwrap();
    let failing = page(&server, &format!("/{link}")).await;
    let causes = "<li>access &lt;b&gt;denied&lt;/b&gt; (403)</li><li>q&quot;uo";
    has_all(&failing, &["failed: denied</span>", causes]);
    for page in [etcd, plain, failing] {
        is_harmless(&page);
    }
}
