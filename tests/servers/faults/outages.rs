//! The Kubernetes API and MinIO go and come in every order, while the exporter is scraped all
//! the time: no figure is wrong at any moment, figures stay, and success turns 0 and back to 1.

use s3_exporter_testkit::Upload;
use s3_exporter_testkit::servers::{Kubernetes, MinIo};

use crate::common::truth::{Figures, backup, time};
use crate::common::watch::Watch;
use crate::common::{Exporter, Metrics};

const BUCKET: &str = "backups";
/// One with each backend, both with the clusters of Kubernetes.
const RESOLVED: [&str; 2] = ["through-s3", "through-minio"];
/// One without a resolver.
const BARE: &str = "bare";
const ALL: [&str; 3] = [RESOLVED[0], RESOLVED[1], BARE];

/// Two pages for one cluster, a few objects for another, some of no cluster.
fn uploads() -> Vec<Upload> {
    let mut uploads: Vec<_> = (0..1200).map(|nth| backup("beta", nth)).collect();
    uploads.extend((1200..1205).map(|nth| backup("alpha", nth)));
    uploads.push(Upload::new("alpha-daily.db.gz", 0).at(time(1205)));
    uploads.extend((1206..1209).map(|nth| backup("comes-later", nth)));
    uploads.push(Upload::new("readme.txt", 11).at(time(1210)));
    uploads
}

/// Everything that takes part.
struct Stage {
    minio: MinIo,
    kubernetes: Kubernetes,
    exporter: Exporter,
    watch: Watch,
    uploads: Vec<Upload>,
}

impl Stage {
    /// The API server has its clusters, and is down when the exporter starts.
    async fn set() -> Self {
        let minio = MinIo::start().await;
        minio.client().create_bucket(BUCKET).await;
        let uploads = uploads();
        minio.client().put_archived(BUCKET, &uploads).await;
        let mut kubernetes = Kubernetes::start().await;
        kubernetes.install_clusters().await;
        for cluster in ["alpha", "beta", "without-any"] {
            kubernetes.create_cluster(cluster).await;
        }
        let kubeconfig = kubernetes.kubeconfig("admin.kubeconfig", Kubernetes::ADMIN);
        kubernetes.kill();
        let exporter =
            Exporter::with_config(&config(&minio, &kubeconfig.display().to_string()), &[]).await;
        let watch = Watch::start(&exporter, &ALL);
        let stage = Self {
            minio,
            kubernetes,
            exporter,
            watch,
            uploads,
        };
        stage
            .watch
            .allow(BARE, &Figures::expected(&stage.uploads, &[]));
        stage
    }

    /// Waits, and fails as soon as anything is wrong.
    async fn until(&mut self, what: &str, fits: impl Fn(&Metrics) -> bool) -> Metrics {
        let watch = &self.watch;
        let fits = |metrics: &Metrics| {
            watch.check();
            fits(metrics)
        };
        self.exporter.until(what, fits).await
    }

    async fn until_failing(&mut self, kind: &str) {
        let fails = |metrics: &Metrics| ALL.iter().all(|name| metrics.failing(name) == [kind]);
        self.until(&format!("all fail with {kind}"), fails).await;
    }

    async fn until_resolver(&mut self, success: f64) {
        let is =
            |metrics: &Metrics| metrics.get("objectstore_resolver_success", &[]) == Some(success);
        self.until(&format!("the resolver's success is {success}"), is)
            .await;
    }

    async fn until_well(&mut self) {
        let well = |metrics: &Metrics| {
            ALL.iter()
                .all(|name| metrics.of(name, "objectstore_scan_success") == Some(1.0))
        };
        self.until("all scans are complete", well).await;
    }

    /// Waits until each destination was scanned twice more: the second of these began
    /// after this call.
    async fn until_scanned(&mut self) -> Metrics {
        let scans = |metrics: &Metrics| {
            ALL.map(|name| metrics.of(name, "objectstore_scans_total").unwrap())
        };
        let before = scans(&self.exporter.metrics().await);
        let twice = |metrics: &Metrics| {
            let now = scans(metrics);
            now.iter()
                .zip(before)
                .all(|(now, before)| *now >= before + 2.0)
        };
        self.until("two more scans", twice).await
    }

    /// Names or objects change by `change`; from then on the figures are those of
    /// `clusters`, and not those of before any more.
    async fn become_right(&mut self, clusters: &[&str], change: impl AsyncFnOnce(&mut Self)) {
        change(self).await;
        let figures = Figures::expected(&self.uploads, clusters);
        let shown = |metrics: &Metrics| {
            RESOLVED
                .iter()
                .all(|name| Figures::shown(metrics, name) == figures)
        };
        self.until(&format!("the figures of {clusters:?}"), shown)
            .await;
        for name in RESOLVED {
            self.watch.only(name, &figures).await;
        }
    }

    /// What will be right with these clusters too.
    fn allow(&self, clusters: &[&str]) {
        let figures = Figures::expected(&self.uploads, clusters);
        RESOLVED
            .iter()
            .for_each(|name| self.watch.allow(name, &figures));
    }
}

/// Every second, with little patience: so that an outage shows soon.
fn config(minio: &MinIo, kubeconfig: &str) -> String {
    let endpoint = minio.endpoint();
    let backend = |kind: &str| {
        format!(
            "[backends.{kind}]\ntype = \"{kind}\"\nendpoint = \"{endpoint}\"\nregion = \"us-east-1\"\n\
             access_key_id = \"{}\"\nsecret_access_key = \"{}\"\nrequest_timeout = \"2s\"\n",
            MinIo::ACCESS_KEY,
            MinIo::SECRET_KEY
        )
    };
    let destination = |name: &str, backend: &str, resolver: &str| {
        format!(
            "[[destinations]]\nname = \"{name}\"\nbucket = \"{BUCKET}\"\nbackend = \"{backend}\"\n{resolver}\n"
        )
    };
    let resolver = "resolver = \"seed\"";
    [
        "[scan]\ninterval = \"1s\"\n[metrics]\ncompat = [\"kubermatic_s3\", \"kubermatic_etcdbackup\"]\n".to_owned(),
        backend("s3"),
        backend("minio"),
        format!("[resolvers.seed]\ntype = \"kubernetes\"\nkubeconfig = \"{kubeconfig}\"\n"),
        destination(RESOLVED[0], "s3", resolver),
        destination(RESOLVED[1], "minio", resolver),
        destination(BARE, "s3", ""),
    ]
    .concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_figure_is_wrong_while_the_api_server_and_minio_go_and_come() {
    let mut stage = Stage::set().await;
    let pid = stage.exporter.pid();

    // Down at start: nothing is known of clusters, and so nothing is shown of them; what
    // needs no names is there.
    let resolver = |metrics: &Metrics| {
        RESOLVED
            .iter()
            .all(|name| metrics.failing(name) == ["resolver"])
    };
    stage.until("scans fail for want of names", resolver).await;
    stage.until_resolver(0.0).await;
    let bare = Figures::expected(&stage.uploads, &[]);
    stage
        .until("the bare one is scanned", |metrics| {
            Figures::shown(metrics, BARE) == bare
        })
        .await;
    let metrics = stage.until_scanned().await;
    assert!(!metrics.has("objectstore_resolver_clusters"));
    assert!(!metrics.has("objectstore_objects"));

    // It comes.
    let first = ["alpha", "beta", "without-any"];
    stage.allow(&first);
    stage
        .become_right(&first, async |stage| stage.kubernetes.resume().await)
        .await;
    stage.until_well().await;
    stage.until_resolver(1.0).await;

    // It stops: the names stay, and scans go on with them.
    stage.kubernetes.kill();
    stage.until_resolver(0.0).await;
    let metrics = stage.until_scanned().await;
    for name in ALL {
        assert_eq!(
            metrics.of(name, "objectstore_scan_success"),
            Some(1.0),
            "{name}"
        );
    }
    for name in RESOLVED {
        assert_eq!(
            metrics.of(name, "kubermatic_s3_query_success"),
            Some(0.0),
            "{name}"
        );
    }
    let upload = backup("alpha", 1300);
    stage.uploads.push(upload.clone());
    stage.allow(&first);
    stage
        .watch
        .allow(BARE, &Figures::expected(&stage.uploads, &[]));
    stage
        .become_right(&first, async |stage| {
            stage.minio.client().put_archived(BUCKET, &[upload]).await
        })
        .await;

    // MinIO stops too: the figures stay.
    stage.minio.stop().await;
    stage.until_failing("connect").await;
    stage.until_scanned().await;

    // The API server returns. What goes leaves at once, with no listing; what comes waits
    // for a scan.
    stage.kubernetes.resume().await;
    stage.until_resolver(1.0).await;
    stage.kubernetes.create_cluster("comes-later").await;
    let four = |metrics: &Metrics| metrics.get("objectstore_resolver_clusters", &[]) == Some(4.0);
    stage.until("the new cluster is known", four).await;
    stage.until_scanned().await;
    let left = ["alpha", "without-any"];
    stage.allow(&left);
    stage
        .become_right(&left, async |stage| {
            stage.kubernetes.delete_cluster("beta").await
        })
        .await;
    stage.until_failing("connect").await;

    // MinIO returns.
    let last = ["alpha", "comes-later", "without-any"];
    stage.allow(&last);
    stage
        .become_right(&last, async |stage| stage.minio.resume().await)
        .await;
    stage.until_well().await;
    let bare = Figures::expected(&stage.uploads, &[]);
    stage
        .until("the bare one has all", |metrics| {
            Figures::shown(metrics, BARE) == bare
        })
        .await;
    stage.watch.only(BARE, &bare).await;

    // Both are switched off at once, and return.
    stage.minio.kill();
    stage.kubernetes.kill();
    stage.until_failing("connect").await;
    stage.until_resolver(0.0).await;
    stage.minio.resume().await;
    stage.until_well().await;
    stage.kubernetes.resume().await;
    stage.until_resolver(1.0).await;
    stage.until_scanned().await;

    let Stage {
        mut exporter,
        watch,
        ..
    } = stage;
    let scrapes = watch.end().await;
    println!("{scrapes} scrapes");
    assert!(scrapes > 300, "{scrapes} scrapes are no watch");
    assert!(exporter.runs() && exporter.pid() == pid);
    assert!(exporter.terminate().await.success());
}
