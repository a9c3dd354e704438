//! Many buckets in one process: two MinIO servers, one with TLS and an authority of its own;
//! four buckets; both types of backend for each; clusters from Kubernetes and from a list.
//! A bucket that is denied and one that does not exist disturb no other, and heal.

use s3_exporter_testkit::servers::{Kubernetes, MinIo};
use s3_exporter_testkit::{Authority, Upload};

use crate::common::truth::{Figures, backup, time};
use crate::common::{Exporter, Metrics};

const USER: &str = "exporter";
const SECRET: &str = "exporter-secret-12345";
/// Both types of backend, as the destinations' names end.
const TYPES: [&str; 2] = ["s3", "minio"];
/// Known in Kubernetes: `lg69pmx8wf` and a longer name that begins with it, and one without
/// any backup.
const SEED: [&str; 4] = ["lg69pmx8wf", "lg69pmx8wf-eu", "x7k2m4q8zz", "never00000"];
const LAB: [&str; 2] = ["lab-1", "lab-10"];

/// Six objects of the seed's clusters, one of them empty, and two of no cluster.
fn etcd() -> Vec<Upload> {
    let mut uploads: Vec<_> = (0..3).map(|nth| backup("lg69pmx8wf", nth)).collect();
    uploads.push(backup("lg69pmx8wf-eu", 3));
    uploads.push(backup("x7k2m4q8zz", 4));
    uploads.push(Upload::new("x7k2m4q8zz-daily.db.gz", 0).at(time(5)));
    uploads.push(backup("deleted000", 6));
    uploads.push(Upload::new("readme/lg69pmx8wf-x", 77).at(time(7)));
    uploads
}

/// 1,100 objects, so two pages; the names are prefixes of one another.
fn dumps() -> Vec<Upload> {
    let name = |nth: u64| LAB[usize::from(nth.is_multiple_of(3))];
    let mut uploads: Vec<_> = (0..1100).map(|nth| backup(name(nth), nth)).collect();
    uploads.push(Upload::new("lab-100-daily.db.gz", 5).at(time(2000)));
    uploads
}

fn forbidden() -> Vec<Upload> {
    vec![backup("x7k2m4q8zz", 10), backup("elsewhere0", 11)]
}

fn late() -> Vec<Upload> {
    vec![backup("lab-1", 20), backup("lab-2", 21)]
}

struct Stores {
    plain: MinIo,
    tls: MinIo,
    authority: Authority,
}

impl Stores {
    /// Everything but the bucket `late`; the user may list `etcd`, and not `forbidden`.
    async fn start() -> Self {
        let authority = Authority::new();
        let plain = MinIo::start().await;
        let tls = MinIo::builder().tls(&authority).start().await;
        let stores = Self {
            plain,
            tls,
            authority,
        };
        stores
            .plain
            .add_user(USER, SECRET, &MinIo::policy(&["s3:ListBucket"], &["etcd"]))
            .await;
        fill(&stores.plain, "etcd", &etcd()).await;
        fill(&stores.plain, "forbidden", &forbidden()).await;
        fill(&stores.tls, "dumps", &dumps()).await;
        stores
    }

    fn backends(&self) -> String {
        let backend = |store: &str, kind: &str, server: &MinIo, keys: [&str; 2], more: &str| {
            let endpoint = server.endpoint();
            let [id, secret] = keys;
            format!(
                "[backends.{store}-{kind}]\ntype = \"{kind}\"\nendpoint = \"{endpoint}\"\n\
                 region = \"us-east-1\"\naccess_key_id = \"{id}\"\nsecret_access_key = \"{secret}\"\n{more}\n"
            )
        };
        let ca = "ca_bundle = \"ca.pem\"";
        let root = [MinIo::ACCESS_KEY, MinIo::SECRET_KEY];
        let of_type = |kind| {
            backend("plain", kind, &self.plain, [USER, SECRET], "")
                + &backend("tls", kind, &self.tls, root, ca)
        };
        TYPES.map(of_type).concat()
    }
}

async fn fill(server: &MinIo, bucket: &str, uploads: &[Upload]) {
    server.client().create_bucket(bucket).await;
    server.client().put_archived(bucket, uploads).await;
}

/// Each bucket through both types.
fn destinations() -> String {
    let buckets = [
        ("etcd", "plain", "resolver = \"seed\""),
        ("forbidden", "plain", "resolver = \"seed\""),
        ("dumps", "tls", "resolver = \"lab\""),
        ("late", "tls", "clusters = [\"lab-1\"]"),
    ];
    let destination = |kind: &str, (bucket, store, names): (&str, &str, &str)| {
        format!(
            "[[destinations]]\nname = \"{bucket}-{kind}\"\nbucket = \"{bucket}\"\n\
             backend = \"{store}-{kind}\"\n{names}\n"
        )
    };
    TYPES
        .map(|kind| buckets.map(|bucket| destination(kind, bucket)).concat())
        .concat()
}

/// The values that tell of a destination's health, and its figures.
fn assert_well(metrics: &Metrics, bucket: &str, uploads: &[Upload], clusters: &[&str]) {
    for kind in TYPES {
        let name = format!("{bucket}-{kind}");
        assert_eq!(
            metrics.of(&name, "objectstore_scan_success"),
            Some(1.0),
            "{name}"
        );
        assert_eq!(metrics.failing(&name), [""; 0], "{name}");
        Figures::shown(metrics, &name).assert_are(&Figures::expected(uploads, clusters), &name);
    }
}

fn assert_failing(metrics: &Metrics, bucket: &str, failure: &str) {
    for kind in TYPES {
        let name = format!("{bucket}-{kind}");
        assert_eq!(
            metrics.of(&name, "objectstore_scan_success"),
            Some(0.0),
            "{name}"
        );
        assert_eq!(metrics.failing(&name), [failure], "{name}");
        assert_eq!(
            metrics.of(&name, "objectstore_scan_last_success_timestamp_seconds"),
            Some(0.0)
        );
        assert!(
            Figures::shown(metrics, &name).is_empty(),
            "{name} shows figures and never had any"
        );
    }
}

/// Scans that have ended and the failed ones, of the destinations of a bucket.
fn scans(metrics: &Metrics, bucket: &str) -> [(f64, f64); 2] {
    TYPES.map(|kind| {
        let name = format!("{bucket}-{kind}");
        let failures = metrics.all("objectstore_scan_failures_total", &[("destination", &name)]);
        let failed = failures.iter().map(|(_, value)| value).sum();
        (
            metrics.of(&name, "objectstore_scans_total").unwrap(),
            failed,
        )
    })
}

fn ended(metrics: &Metrics, least: f64) -> bool {
    let all = ["etcd", "forbidden", "dumps", "late"];
    all.iter().all(|bucket| {
        scans(metrics, bucket)
            .iter()
            .all(|(ended, _)| *ended >= least)
    })
}

/// Waits until a bucket that was not well is, and checks that it took no more than the scan
/// under way, if there was one, and the next.
async fn heals(exporter: &mut Exporter, bucket: &str, failure: &str) -> Metrics {
    let before = scans(&exporter.metrics().await, bucket);
    let well = |metrics: &Metrics| {
        TYPES.iter().all(|kind| {
            metrics.of(&format!("{bucket}-{kind}"), "objectstore_scan_success") == Some(1.0)
        })
    };
    let metrics = exporter.until(&format!("{bucket} heals"), well).await;
    for ((_, failed_before), (ended, failed)) in before.into_iter().zip(scans(&metrics, bucket)) {
        assert!(
            failed <= failed_before + 1.0,
            "{bucket}: {failed} of {ended} scans failed, {failed_before} before"
        );
        assert!(failed >= 1.0, "{bucket} was {failure} before");
    }
    metrics
}

#[tokio::test]
async fn one_that_is_denied_and_one_that_is_missing_disturb_no_other_and_heal() {
    let stores = Stores::start().await;
    let kubernetes = Kubernetes::start().await;
    kubernetes.install_clusters().await;
    for name in SEED {
        kubernetes.create_cluster(name).await;
    }
    let rights = ["get", "list", "watch"];
    kubernetes
        .grant("alice", &rights, "kubermatic.k8c.io", "clusters")
        .await;
    let kubeconfig = kubernetes.kubeconfig("alice.kubeconfig", "alice-token");
    let config = format!(
        "[scan]\ninterval = \"2s\"\n{}{}\
         [resolvers.seed]\ntype = \"kubernetes\"\nkubeconfig = \"{}\"\n\
         [resolvers.lab]\ntype = \"static\"\nclusters = [\"lab-1\"]\nclusters_file = \"lab\"\n",
        stores.backends(),
        destinations(),
        kubeconfig.display(),
    );
    let files = [
        ("ca.pem", stores.authority.pem()),
        ("lab", "# the second\nlab-10\n"),
    ];
    let mut exporter = Exporter::with_config(&config, &files).await;

    let metrics = exporter
        .until("two scans of each", |metrics| ended(metrics, 2.0))
        .await;
    assert_well(&metrics, "etcd", &etcd(), &SEED);
    assert_well(&metrics, "dumps", &dumps(), &LAB);
    assert_failing(&metrics, "forbidden", "denied");
    assert_failing(&metrics, "late", "not_found");

    let policy = MinIo::policy(&["s3:ListBucket"], &["etcd", "forbidden"]);
    stores.plain.set_policy(USER, &policy).await;
    let metrics = heals(&mut exporter, "forbidden", "denied").await;
    assert_well(&metrics, "forbidden", &forbidden(), &SEED);
    assert_failing(&metrics, "late", "not_found");

    fill(&stores.tls, "late", &late()).await;
    let figures = Figures::expected(&late(), &["lab-1"]);
    let filled = |metrics: &Metrics| {
        TYPES
            .iter()
            .all(|kind| Figures::shown(metrics, &format!("late-{kind}")) == figures)
    };
    heals(&mut exporter, "late", "not_found").await;
    // Between its making and the objects a scan may have seen it empty.
    let metrics = exporter.until("what was put there is seen", filled).await;
    assert_well(&metrics, "late", &late(), &["lab-1"]);

    // And taken away again: the figures stay.
    stores
        .plain
        .set_policy(USER, &MinIo::policy(&["s3:ListBucket"], &["etcd"]))
        .await;
    let denied = |metrics: &Metrics| {
        TYPES
            .iter()
            .all(|kind| metrics.failing(&format!("forbidden-{kind}")) == ["denied"])
    };
    let metrics = exporter.until("it is denied again", denied).await;
    for kind in TYPES {
        let name = format!("forbidden-{kind}");
        Figures::shown(&metrics, &name).assert_are(&Figures::expected(&forbidden(), &SEED), &name);
    }
    assert_well(&metrics, "etcd", &etcd(), &SEED);
    assert_well(&metrics, "dumps", &dumps(), &LAB);
    for bucket in ["etcd", "dumps"] {
        assert!(
            scans(&metrics, bucket)
                .iter()
                .all(|(_, failed)| *failed == 0.0),
            "{bucket} was disturbed"
        );
    }
    let log = exporter.log();
    assert!(
        !log.contains(SECRET) && !log.contains(MinIo::SECRET_KEY),
        "a secret is in the log:\n{log}"
    );
    assert!(exporter.terminate().await.success());
}
