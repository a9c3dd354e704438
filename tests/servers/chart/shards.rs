//! The pods of a release with `shards`, each a process as its StatefulSet says it, with the ConfigMap as it
//! is in the API server: each destination is at exactly one of them, also while there come more and fewer.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use reqwest::Method;
use s3_exporter::fleet::Shard;
use s3_exporter::rules::{Settings, groups};
use s3_exporter_testkit::servers::{Kubernetes, Prometheus, Sample};
use s3_exporter_testkit::{Memory, S3sServer, Upload};
use serde_json::Value;
use tempfile::TempDir;

use super::helm::{one, pod, render};
use super::pod::{content, publish};
use super::stage::{apply, shared};
use crate::common::{Exporter, Metrics};

const NAMESPACE: &str = "chart-shared-out";
const THERE: &str = "objectstore_scan_interval_seconds";
const OBJECTS: &str = "objectstore_listed_objects";
const SCANS: &str = "objectstore_scans_total";
/// It ends a hang, and says nothing of speed.
const PATIENCE: Duration = Duration::from_secs(120);
/// Destinations that the configuration names, and as many that are found.
const NAMED: usize = 12;

/// The destinations, and how many objects each has.
fn truth() -> BTreeMap<String, f64> {
    let all = (0..NAMED).flat_map(|nth| [format!("named-{nth}"), format!("found-{nth}")]);
    all.enumerate()
        .map(|(nth, name)| (name, (nth + 1) as f64))
        .collect()
}

fn store() -> S3sServer {
    let store = Memory::new();
    for (bucket, count) in truth() {
        let keys = (0..count as usize).map(|nth| Upload::new(format!("k{nth}"), 7));
        store.put_all(&bucket, keys);
    }
    S3sServer::builder().server("MinIO").store(&store).start()
}

/// The values of the release: an interval that is long beside all that happens here.
fn values(server: &S3sServer, kubeconfig: &str, shards: usize) -> String {
    let named: Vec<_> = (0..NAMED).map(|nth| format!("named-{nth}")).collect();
    let toml = format!(
        "[scan]\ninterval = \"30s\"\ndiscovery_interval = \"1s\"\n\
         [backends.s]\ntype = \"minio\"\nendpoint = \"{}\"\naccess_key_id = \"{}\"\nsecret_access_key = \"{}\"\n\
         [resolvers.kkp]\ntype = \"kubernetes\"\nkubeconfig = \"{kubeconfig}\"\n\
         [[destinations]]\nbuckets = {named:?}\nresolver = \"kkp\"\nmax_age = \"1h\"\n\
         [[destinations]]\nbuckets = [\"found-*\"]\nmax_age = \"1h\"\n",
        server.endpoint(),
        S3sServer::ACCESS_KEY,
        S3sServer::SECRET_KEY,
    );
    let toml = toml.replace('\n', "\n    ");
    format!("config:\n  toml: |\n    {toml}\nshards: {shards}\n")
}

/// A pod, as its node has it.
struct Pod {
    folder: TempDir,
    exporter: Exporter,
}

/// The release, and who acts on it: the controller of StatefulSets, and the kubelets.
struct Release<'a> {
    kubernetes: &'a Kubernetes,
    server: &'a S3sServer,
    kubeconfig: String,
    workload: Value,
    template: Value,
    pods: BTreeMap<usize, Pod>,
    published: usize,
}

impl<'a> Release<'a> {
    fn new(kubernetes: &'a Kubernetes, server: &'a S3sServer) -> Self {
        let kubeconfig = kubernetes.kubeconfig("shards", Kubernetes::ADMIN);
        Self {
            kubernetes,
            server,
            kubeconfig: kubeconfig.display().to_string(),
            workload: Value::Null,
            template: Value::Null,
            pods: BTreeMap::new(),
            published: 0,
        }
    }

    /// `helm upgrade`.
    async fn upgrade(&mut self, shards: usize) {
        let values = values(self.server, &self.kubeconfig, shards);
        let objects = render(NAMESPACE, &values);
        apply(self.kubernetes, &objects).await;
        let path = self.kubernetes.path_of(one(&objects, "StatefulSet")).await;
        let set = self.kubernetes.send(Method::GET, &path, None).await;
        self.workload = set.unwrap();
        let template = pod(&objects).clone();
        let before = std::mem::replace(&mut self.template, template);
        assert!(
            before.is_null() || before == self.template,
            "the pods would be started again"
        );
    }

    /// Has the pods that there are to be: those beyond go, and new ones come with what holds now.
    async fn control(&mut self) {
        let replicas = self.workload["spec"]["replicas"].as_u64().unwrap() as usize;
        for (_, mut pod) in self.pods.split_off(&replicas) {
            assert!(pod.exporter.terminate().await.success());
        }
        for nth in 0..replicas {
            if !self.pods.contains_key(&nth) {
                let pod = self.start(nth).await;
                self.pods.insert(nth, pod);
            }
        }
    }

    async fn files(&self) -> Vec<(String, Vec<u8>)> {
        let volumes = self.template["volumes"].as_array().unwrap();
        let volume = volumes.iter().find(|volume| volume["name"] == "config");
        content(self.kubernetes, NAMESPACE, volume.unwrap()).await
    }

    async fn start(&self, nth: usize) -> Pod {
        let folder = tempfile::tempdir().unwrap();
        publish(folder.path(), 0, &self.files().await);
        let container = &self.template["containers"][0];
        let arguments = container["args"].as_array().unwrap().iter();
        let place = folder.path().display().to_string();
        let arguments: Vec<_> = arguments
            .map(|one| one.as_str().unwrap())
            .map(|one| one.replace("/etc/s3-exporter/config", &place))
            .collect();
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let name = format!(
            "{}-{nth}",
            self.workload["metadata"]["name"].as_str().unwrap()
        );
        let environment = container["env"].as_array().unwrap().iter();
        let environment: Vec<_> = environment
            .map(|one| {
                let source = &one["valueFrom"]["fieldRef"]["fieldPath"];
                assert_eq!(source, "metadata.name");
                (one["name"].as_str().unwrap(), name.as_str())
            })
            .collect();
        let exporter = Exporter::start(&arguments, &environment).await;
        Pod { folder, exporter }
    }

    /// Brings the ConfigMap to one pod.
    async fn bring(&mut self, nth: usize) {
        self.published += 1;
        let files = self.files().await;
        publish(self.pods[&nth].folder.path(), self.published, &files);
    }

    /// What all pods show now.
    async fn look(&self) -> Look {
        let mut all = BTreeMap::new();
        for (nth, pod) in &self.pods {
            all.insert(*nth, pod.exporter.metrics().await);
        }
        Look(all)
    }
}

impl Release<'_> {
    /// Waits until each destination is where it belongs, and tells of each look until then.
    async fn settle(&self, shards: usize, mut told: impl FnMut(&Look)) {
        let begin = Instant::now();
        loop {
            let look = self.look().await;
            told(&look);
            if look.is_settled(shards) {
                return;
            }
            let all = truth().into_keys();
            let places: Vec<_> = all.map(|name| (look.with(&name, THERE), name)).collect();
            assert!(begin.elapsed() < PATIENCE, "of {shards}: {places:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// What pods show at a moment.
struct Look(BTreeMap<usize, Metrics>);

impl Look {
    /// The pods that have this of a destination.
    fn with(&self, destination: &str, name: &str) -> Vec<usize> {
        let all = self.0.iter();
        let with = all.filter(|(_, metrics)| metrics.of(destination, name).is_some());
        with.map(|(nth, _)| *nth).collect()
    }

    /// Whether each destination is at the pod where it belongs, with its figures, and nowhere else.
    fn is_settled(&self, shards: usize) -> bool {
        let is_at = |name: &String| {
            let owner = (0..shards).find(|nth| shard(*nth, shards).has(name));
            let owner = vec![owner.unwrap()];
            self.with(name, OBJECTS) == owner && self.with(name, THERE) == owner
        };
        let knows = |(nth, metrics): (&usize, &Metrics)| {
            let (number, count) = ((nth + 1).to_string(), shards.to_string());
            let labels = [("shard", &*number), ("shards", &*count)];
            metrics.get("objectstore_exporter_shard", &labels) == Some(1.0)
                && metrics.get("objectstore_exporter_shards", &[]) == Some(shards as f64)
        };
        self.0.iter().all(knows) && truth().keys().all(is_at)
    }
}

fn shard(nth: usize, shards: usize) -> Shard {
    Shard::parse(&format!("{}/{shards}", nth + 1), false).unwrap()
}

/// Destinations that are at no pod, or at two, and since when: in scans of another destination that stays
/// where it is.
struct Watch {
    stays: (usize, String),
    since: BTreeMap<(String, bool), f64>,
}

impl Watch {
    fn scans(&self, look: &Look) -> f64 {
        let (nth, name) = &self.stays;
        look.0[nth].of(name, SCANS).unwrap()
    }

    /// Fails where it is so for longer than a scan.
    fn look(&mut self, look: &Look) {
        let now = self.scans(look);
        for name in truth().into_keys() {
            for (twice, is_so) in [
                (false, look.with(&name, OBJECTS).is_empty()),
                (true, look.with(&name, THERE).len() > 1),
            ] {
                let id = (name.clone(), twice);
                if !is_so {
                    self.since.remove(&id);
                    continue;
                }
                let since = *self.since.entry(id).or_insert(now);
                assert!(
                    now - since <= 1.0,
                    "{name}: for {} scans, twice: {twice}",
                    now - since
                );
            }
        }
    }
}

/// Goes from one count to another, pod by pod, and looks all the time.
async fn scale(release: &mut Release<'_>, from: usize, to: usize) {
    let least = from.min(to);
    let stays = |name: &String| {
        (0..least).find(|nth| shard(*nth, from).has(name) && shard(*nth, to).has(name))
    };
    let mut names = truth().into_keys();
    let stays = names.find_map(|name| Some((stays(&name)?, name))).unwrap();
    let mut watch = Watch {
        stays,
        since: BTreeMap::new(),
    };
    let before = release.look().await;
    release.upgrade(to).await;
    release.control().await;
    for nth in 0..least {
        release.bring(nth).await;
        watch.look(&release.look().await);
    }
    release.settle(to, |look| watch.look(look)).await;
    let after = release.look().await;
    for name in truth().keys() {
        let [was, is] = [&before, &after].map(|look| look.with(name, THERE));
        match was == is {
            // What stays goes on.
            true => {
                let scans = |look: &Look| look.0[&was[0]].of(name, SCANS).unwrap();
                assert!(scans(&after) >= scans(&before), "{name} began anew");
            }
            // Only new pods get something, and only those that are gone give it away.
            false => assert!(is[0] >= least || was[0] >= least, "{name}: {was:?} {is:?}"),
        }
    }
}

#[tokio::test]
async fn each_destination_is_at_one_pod_while_pods_come_and_go() {
    let (_, kubernetes) = shared().await;
    let server = store();
    let mut release = Release::new(kubernetes, &server);
    release.upgrade(5).await;
    release.control().await;
    release.settle(5, |_| ()).await;

    // What each says of itself.
    let mut found = BTreeSet::new();
    for (nth, pod) in &release.pods {
        let status = pod.exporter.status().await;
        assert_eq!(
            status["shard"],
            serde_json::json!({"number": nth + 1, "count": 5})
        );
        let page = pod.exporter.get("/status").await;
        assert!(
            page.contains(&format!("This is shard {} of 5", nth + 1)),
            "{page}"
        );
        let groups = pod.exporter.get("/api/v1/sd").await;
        let groups: Value = serde_json::from_str(&groups).unwrap();
        for group in groups.as_array().unwrap() {
            assert!(found.insert(group["targets"][0].as_str().unwrap().to_owned()));
        }
    }
    assert_eq!(found.len(), NAMED);

    // What Prometheus makes of all of them, by our own expressions.
    let targets: Vec<_> = release
        .pods
        .values()
        .map(|pod| pod.exporter.address())
        .collect();
    let prometheus = Prometheus::start(&format!(
        "global: {{scrape_interval: 1s, scrape_timeout: 1s}}\n\
         scrape_configs:\n- job_name: test\n  static_configs:\n  - targets: {targets:?}\n"
    ))
    .await;
    let all: f64 = truth().values().sum();
    let sum = format!("sum(max by (destination) ({OBJECTS}))");
    prometheus
        .until(&sum, |found| found.iter().any(|sample| sample.value == all))
        .await;
    let rules = groups(&Settings::default());
    let rules = rules.iter().flat_map(|group| &group.alerts);
    let rules: BTreeMap<_, _> = rules.map(|of| (of.name.as_str(), &of.expression)).collect();
    for rule in [
        "BackupShardAbsent",
        "BackupShardsDisagree",
        "BackupExporterAbsent",
    ] {
        assert_eq!(prometheus.query(rules[rule]).await, [], "{rule}");
    }
    let killed = release.pods.get_mut(&3).unwrap();
    killed.exporter.signal("KILL");
    let is_lacking = |found: &[_]| matches!(found, [Sample { value: 4.0, .. }]);
    prometheus
        .until(rules["BackupShardAbsent"], is_lacking)
        .await;
    release.pods.remove(&3);
    release.control().await;
    release.settle(5, |_| ()).await;

    scale(&mut release, 5, 6).await;
    scale(&mut release, 6, 8).await;
    scale(&mut release, 8, 3).await;
    scale(&mut release, 3, 5).await;
}
