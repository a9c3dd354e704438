//! Two pods of a release with `standby`, as processes, with the configuration and the rights that the chart
//! makes, at a real kube-apiserver: one watches the destinations, and the other one takes its place.

use std::path::Path;
use std::time::Duration;

use reqwest::Method;
use s3_exporter_testkit::servers::{Kubernetes, Toxiproxy};
use s3_exporter_testkit::{Memory, S3sServer, Upload, tool};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::{Instant, sleep, timeout};

use super::helm::{one, render};
use super::stage::{apply, shared};
use super::table::MINIO;
use crate::common::{Exporter, Metrics};
use crate::docs::blocks;

const LEADER: &str = "objectstore_exporter_leader";
const THERE: &str = "objectstore_scan_interval_seconds";
const OBJECTS: &str = "objectstore_listed_objects";
/// Of a lease that is to go to another one, in seconds.
const SHORT: u32 = 10;
/// Of one that is to stay where it is.
const USUAL: u32 = 15;
/// For a machine that is slow.
const PATIENCE: Duration = Duration::from_secs(60);

/// A release in a namespace of its own, and what its pods share.
struct Release {
    kubernetes: &'static Kubernetes,
    namespace: String,
    _server: S3sServer,
    state: TempDir,
    text: String,
    token: String,
}

impl Release {
    async fn new(namespace: &str, lease: u32) -> Self {
        let (_, kubernetes) = shared().await;
        let store = Memory::new();
        store.put("named", &Upload::new("k", 7));
        store.put("found-1", &Upload::new("k", 7));
        let server = S3sServer::builder().server("MinIO").store(&store).start();
        let toml = format!(
            "[scan]\ninterval = \"1s\"\ndiscovery_interval = \"1s\"\n\
             [backends.s]\ntype = \"minio\"\nendpoint = \"{}\"\naccess_key_id = \"{}\"\nsecret_access_key = \"{}\"\n\
             [[destinations]]\nbucket = \"named\"\nmax_age = \"1h\"\n\
             [[destinations]]\nbuckets = [\"found-*\"]\nmax_age = \"1h\"\n",
            server.endpoint(),
            S3sServer::ACCESS_KEY,
            S3sServer::SECRET_KEY,
        );
        let toml = toml.replace('\n', "\n    ");
        let values = format!(
            "config:\n  toml: |\n    {toml}\nreplicas: 2\nstandby: {{enabled: true, leaseDuration: {lease}s}}\n"
        );
        let objects = render(namespace, &values);
        apply(kubernetes, &objects).await;
        let text = one(&objects, "ConfigMap")["data"]["config.toml"].as_str();
        Self {
            kubernetes,
            namespace: namespace.to_owned(),
            _server: server,
            state: tempfile::tempdir().unwrap(),
            text: text.unwrap().to_owned(),
            token: kubernetes.request_token(namespace, "s3-exporter").await,
        }
    }

    /// The configuration of a pod that reaches the API server there, with the folder that both have. `[fleet]`
    /// is its last table.
    fn config(&self, name: &str, server: &str) -> String {
        let kubeconfig = self.state.path().with_extension(name);
        let user = json!({ "token": self.token });
        let text = self.kubernetes.kubeconfig_text(server, &user);
        std::fs::write(&kubeconfig, text).unwrap();
        format!(
            "{}\nkubeconfig = {kubeconfig:?}\nnamespace = {:?}\n[state]\ndirectory = {:?}\n",
            self.text,
            self.namespace,
            self.state.path().join("state")
        )
    }

    async fn start(&self, name: &str) -> Exporter {
        let config = self.config(name, &self.kubernetes.endpoint());
        Exporter::with_config(&config, &[]).await
    }

    async fn lease(&self) -> Value {
        let path = format!(
            "/apis/coordination.k8s.io/v1/namespaces/{}/leases/s3-exporter",
            self.namespace
        );
        let lease = self.kubernetes.send(Method::GET, &path, None).await;
        lease.unwrap()["spec"].clone()
    }
}

fn leads(metrics: &Metrics) -> bool {
    metrics.get(LEADER, &[("lease", "s3-exporter")]) == Some(1.0)
}

/// With all its destinations, and their figures. It says that it leads before it has any of them.
fn watches(metrics: &Metrics) -> bool {
    let all = ["named", "found-1"];
    let says_so = leads(metrics) || is_without_destinations(metrics);
    assert!(says_so, "{}", metrics.ours());
    leads(metrics)
        && all
            .iter()
            .all(|name| metrics.of(name, OBJECTS) == Some(1.0))
}

fn stands_by(metrics: &Metrics) -> bool {
    metrics.get(LEADER, &[("lease", "s3-exporter")]) == Some(0.0)
}

/// Whoever stands by has no destination, and has asked no store for anything.
fn is_without_destinations(metrics: &Metrics) -> bool {
    !metrics.has(THERE) && !metrics.has(OBJECTS) && !metrics.has("objectstore_api_requests_total")
}

/// Looks at one, at the other one, and at the first again: where it led both times, the other one must not lead
/// in between. Gives what was seen at the end.
async fn look(first: &Exporter, second: &Exporter) -> [Metrics; 2] {
    let before = first.metrics().await;
    let other = second.metrics().await;
    let after = first.metrics().await;
    let both = [&before, &other, &after].into_iter().all(leads);
    assert!(!both, "two lead:\n{}\n{}", first.log(), second.log());
    for metrics in [&before, &other, &after] {
        assert!(
            leads(metrics) || is_without_destinations(metrics),
            "{}",
            metrics.ours()
        );
    }
    [after, other]
}

/// Looks until it is so.
async fn until(
    what: &str,
    [first, second]: [&mut Exporter; 2],
    fits: impl Fn(&[Metrics; 2]) -> bool,
) {
    for _ in 0..1200 {
        if fits(&look(first, second).await) {
            return;
        }
        assert!(
            first.runs() && second.runs(),
            "{}\n{}",
            first.log(),
            second.log()
        );
        sleep(Duration::from_millis(50)).await;
    }
    panic!(
        "not after a minute: {what}\n{}\n{}",
        first.log(),
        second.log()
    );
}

/// Looks for as long as the leader renews its lease some times; whoever leads stays.
async fn goes_on(release: &Release, [first, second]: [&mut Exporter; 2]) {
    let renewed = async || release.lease().await["renewTime"].clone();
    let holder = release.lease().await["holderIdentity"].clone();
    for _ in 0..4 {
        let before = renewed().await;
        let deadline = Instant::now() + PATIENCE;
        while renewed().await == before {
            look(first, second).await;
            assert!(
                Instant::now() < deadline,
                "the lease is not renewed:\n{}\n{}",
                first.log(),
                second.log()
            );
            sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(release.lease().await["holderIdentity"], holder);
    }
}

/// A time of a lease, in seconds.
fn seconds(time: &Value) -> f64 {
    let time: jiff::Timestamp = time.as_str().unwrap().parse().unwrap();
    time.as_duration().as_secs_f64()
}

#[tokio::test]
async fn whoever_is_killed_is_replaced_and_its_figures_go_on() {
    let release = Release::new("standby-killed", SHORT).await;
    let mut first = release.start("first").await;
    first.until("it watches", watches).await;
    let mut second = release.start("second").await;
    second.until("it stands by", stands_by).await;
    goes_on(&release, [&mut first, &mut second]).await;

    // What it says of itself.
    assert_eq!(second.answer("/-/ready").await.status(), 200);
    assert_eq!(second.status().await["leader"], false);
    assert_eq!(first.status().await["leader"], true);
    let page = second.get("/status").await;
    assert!(page.contains("This process stands by"), "{page}");
    // A reload changes nothing of that.
    let (status, text) = second.reload().await;
    assert_eq!(status, 200, "{text}");
    goes_on(&release, [&mut first, &mut second]).await;

    first.signal("KILL");
    let _ = first.wait().await;
    let last = release.lease().await;
    let now = second.until("it leads", leads).await;
    assert!(now.has(LEADER));
    second.until("it watches", watches).await;
    let is_kept = |lines: &[Value]| {
        let says = |line: &Value| line.to_string().contains("going on from what was kept");
        lines.iter().any(says)
    };
    second
        .until_log("it goes on from the state of the other", is_kept)
        .await;
    let lease = release.lease().await;
    assert_ne!(lease["holderIdentity"], last["holderIdentity"]);
    assert_eq!(lease["leaseTransitions"], 1);
    let without = seconds(&lease["acquireTime"]) - seconds(&last["renewTime"]);
    assert!(
        (0.0..=2.0 * f64::from(SHORT)).contains(&without),
        "nobody led for {without} s"
    );

    // One that ends in order gives it back, and nobody waits.
    let mut third = release.start("third").await;
    third.until("it stands by", stands_by).await;
    assert!(second.terminate().await.success());
    let given_back = release.lease().await["holderIdentity"].clone();
    assert_ne!(given_back, lease["holderIdentity"]);
    third.until("it watches", watches).await;
}

/// Once its connections are cut, and once nothing comes through them.
#[tokio::test]
async fn whoever_is_cut_off_stops_before_the_other_one_begins() {
    let release = Release::new("standby-cut-off", SHORT).await;
    let toxiproxy = Toxiproxy::start().await;
    for name in ["cut", "silent"] {
        let link = toxiproxy.before(name, &release.kubernetes.endpoint()).await;
        let server = link.endpoint().replace("http://", "https://");
        let config = release.config(name, &server);
        let mut first = Exporter::with_config(&config, &[]).await;
        first.until("it watches", watches).await;
        let mut second = release.start("second").await;
        second.until("it stands by", stands_by).await;
        match name {
            "cut" => link.enable(false).await,
            _ => {
                link.add("timeout", "upstream", json!({"timeout": 0})).await;
                link.add("timeout", "downstream", json!({"timeout": 0}))
                    .await;
            }
        }
        let is_replaced = |[first, second]: &[Metrics; 2]| stands_by(first) && watches(second);
        until(
            "the other one leads",
            [&mut first, &mut second],
            is_replaced,
        )
        .await;
        match name {
            "cut" => link.enable(true).await,
            _ => {
                link.remove("timeout", "upstream").await;
                link.remove("timeout", "downstream").await;
            }
        }
        goes_on(&release, [&mut second, &mut first]).await;
        // And back, when the other one is gone.
        second.signal("KILL");
        first.until("it watches again", watches).await;
        assert!(first.terminate().await.success());
    }
}

/// Sets the clock of whoever looks there.
fn set(file: &Path, offset: &str) {
    let new = file.with_extension("new");
    std::fs::write(&new, format!("{offset}\n")).unwrap();
    std::fs::rename(new, file).unwrap();
}

/// What the times in a lease say is believed by nobody.
#[tokio::test]
async fn clocks_that_are_off_change_nothing() {
    let release = Release::new("standby-clocks", USUAL).await;
    let folder = tempfile::tempdir().unwrap();
    let clock = folder.path().join("clock");
    // So the lease looks old from the first on, to whoever believes its times; a store takes so much.
    set(&clock, "-10m");
    let preload = format!("LD_PRELOAD={}", tool("libfaketimeMT.so.1").display());
    let file = format!("FAKETIME_TIMESTAMP_FILE={}", clock.display());
    let wrapper = [
        "env",
        &preload,
        &file,
        "FAKETIME_NO_CACHE=1",
        "FAKETIME_DONT_FAKE_MONOTONIC=1",
    ];
    let config = release.config("first", &release.kubernetes.endpoint());
    let mut first = Exporter::under(&wrapper, &config).await;
    first.until("it watches", watches).await;
    let mut second = release.start("second").await;
    second.until("it stands by", stands_by).await;
    for offset in ["+1h", "-2h", "+30d", "-1d"] {
        set(&clock, offset);
        goes_on(&release, [&mut first, &mut second]).await;
        assert!(leads(&first.metrics().await), "{}", first.log());
    }
    first.signal("KILL");
    second.until("it watches", watches).await;
    // Now it is the clock of the one that stands by.
    set(&clock, "+1h");
    let mut first = Exporter::under(&wrapper, &config).await;
    first.until("it stands by", stands_by).await;
    for offset in ["+1h", "-2h"] {
        set(&clock, offset);
        goes_on(&release, [&mut second, &mut first]).await;
    }
    second.signal("KILL");
    first.until("it leads", leads).await;
    // A store refuses requests of such a time.
    set(&clock, "+0");
    first.until("it watches", watches).await;
}

/// A request takes so long that all that one asks takes longer than a single answer is waited for.
#[tokio::test]
async fn an_api_server_that_is_slow_gives_the_lease() {
    let release = Release::new("standby-slow", USUAL).await;
    let toxiproxy = Toxiproxy::start().await;
    let link = toxiproxy
        .before("slow", &release.kubernetes.endpoint())
        .await;
    link.add("latency", "downstream", json!({"latency": 1100}))
        .await;
    let server = link.endpoint().replace("http://", "https://");
    let config = release.config("first", &server);
    let mut first = Exporter::with_config(&config, &[]).await;
    first.until("it watches", watches).await;
    let mut second = release.start("second").await;
    second.until("it stands by", stands_by).await;
    goes_on(&release, [&mut first, &mut second]).await;
}

/// It goes on in the middle of anything, and ends before it scans on.
#[tokio::test]
async fn whoever_is_halted_past_its_lease_ends_when_it_goes_on() {
    let release = Release::new("standby-halted", SHORT).await;
    let mut first = release.start("first").await;
    first.until("it watches", watches).await;
    let mut second = release.start("second").await;
    second.until("it stands by", stands_by).await;
    first.signal("STOP");
    second.until("it watches", watches).await;
    first.signal("CONT");
    let ended = timeout(PATIENCE, first.wait()).await;
    let ended = ended.unwrap_or_else(|_| panic!("it goes on:\n{}", first.log()));
    assert_eq!(ended.code(), Some(1), "{}", first.log());
    assert!(
        first.log().contains("could not be stopped"),
        "{}",
        first.log()
    );
    let mut first = release.start("first").await;
    first.until("it stands by", stands_by).await;
    goes_on(&release, [&mut second, &mut first]).await;
}

/// What docs/scale.md says that must be allowed is what the chart grants.
#[test]
fn the_document_allows_what_the_chart_does() {
    let blocks = blocks::of(Path::new("docs/scale.md"));
    let block = blocks.iter().find(|block| blocks::is_of_kubernetes(block));
    let role: Value = serde_saphyr::from_str(&block.unwrap().text).unwrap();
    let objects = render(
        "a",
        &format!("{MINIO}replicas: 2\nstandby: {{enabled: true}}\n"),
    );
    assert_eq!(role["rules"], one(&objects, "Role")["rules"]);
}
