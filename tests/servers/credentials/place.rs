//! A MinIO with a bucket, and folders of files that change as those of Kubernetes do.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use s3_exporter_testkit::servers::MinIo;
use s3_exporter_testkit::{OpenId, S3Client, Session, Upload};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::common::{Exporter, Metrics};

/// The bucket, and the destination.
pub const BUCKET: &str = "backups";
/// Objects in it.
pub const OBJECTS: f64 = 3.0;

static SERVERS: OnceCell<(OpenId, MinIo)> = OnceCell::const_new();

/// The one for all tests, with a bucket, and an OpenID provider that it trusts.
pub async fn servers() -> &'static (OpenId, MinIo) {
    let start = async || {
        let provider = OpenId::start();
        let minio = MinIo::builder()
            .env("MINIO_IDENTITY_OPENID_CONFIG_URL", &provider.config_url())
            .env("MINIO_IDENTITY_OPENID_CLIENT_ID", OpenId::CLIENT)
            .env("MINIO_IDENTITY_OPENID_CLIENT_SECRET", "not-asked-for")
            .env("MINIO_IDENTITY_OPENID_ROLE_POLICY", "readwrite")
            .start()
            .await;
        fill(&minio, BUCKET).await;
        (provider, minio)
    };
    SERVERS.get_or_init(start).await
}

/// The MinIO of [`servers`].
pub async fn minio() -> &'static MinIo {
    &servers().await.1
}

/// Makes the bucket, with [`OBJECTS`] in it.
pub async fn fill(minio: &MinIo, bucket: &str) {
    let client = minio.client();
    client.create_bucket(bucket).await;
    for key in ["a-1", "a-2", "b-1"] {
        client.put(bucket, &Upload::new(key, 7)).await;
    }
}

/// May list the bucket.
pub fn may_list() -> String {
    MinIo::policy(&["s3:ListBucket"], &[BUCKET])
}

/// A user of one test, who may list.
pub async fn user(minio: &MinIo, name: &str) -> S3Client {
    let secret = secret_of(name);
    minio.add_user(name, &secret, &may_list()).await;
    S3Client::new(&minio.endpoint(), name, &secret)
}

/// What [`user`] gave.
pub fn secret_of(name: &str) -> String {
    format!("secret-of-{name}")
}

/// Temporary keys of a user of one test.
pub async fn session(minio: &MinIo, name: &str) -> Session {
    user(minio, name).await.session(900).await
}

/// A store with these lines, and a destination, both with this name.
pub fn store(name: &str, kind: &str, endpoint: &str, lines: &str) -> String {
    format!(
        "[backends.{name}]\ntype = \"{kind}\"\nendpoint = \"{endpoint}\"\n{lines}\n\
         [[destinations]]\nname = \"{name}\"\nbackend = \"{name}\"\nbucket = \"{BUCKET}\"\n"
    )
}

/// A folder for one exporter: its home and its configuration.
pub struct Place(TempDir);

impl Place {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file, and the folders above it.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The exporter with these stores, a scan a second, and no credentials but those that
    /// it finds in `environment` and in this folder.
    pub async fn start(&self, stores: &[String], environment: &[(&str, &str)]) -> Exporter {
        let text = format!("[scan]\ninterval = \"1s\"\n{}", stores.concat());
        let config = self.write("config.toml", &text);
        let home = self.path().to_str().unwrap();
        let mut all = vec![("HOME", home), ("AWS_EC2_METADATA_DISABLED", "true")];
        all.extend(environment);
        Exporter::start(&["--config", config.to_str().unwrap()], &all).await
    }
}

/// A volume of Kubernetes: files that are replaced all at once, by a symlink.
pub struct Mount {
    folder: PathBuf,
    version: AtomicUsize,
}

impl Mount {
    pub fn new(place: &Place, name: &str, files: &[(&str, &str)]) -> Self {
        let folder = place.path().join(name);
        std::fs::create_dir(&folder).unwrap();
        let version = AtomicUsize::new(0);
        let mount = Self { folder, version };
        for (name, _) in files {
            symlink(Path::new("..data").join(name), mount.path(name)).unwrap();
        }
        mount.replace(files);
        mount
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// As the kubelet does: a new folder, a new symlink to it, and that is renamed.
    pub fn replace(&self, files: &[(&str, &str)]) {
        let version = self.version.fetch_add(1, Relaxed);
        let new = format!("..2026_01_01_{version}");
        let folder = self.folder.join(&new);
        std::fs::create_dir(&folder).unwrap();
        for (name, text) in files {
            std::fs::write(folder.join(name), text).unwrap();
        }
        let data = self.folder.join("..data");
        let before = std::fs::read_link(&data).ok();
        symlink(new, self.folder.join("..data_tmp")).unwrap();
        std::fs::rename(self.folder.join("..data_tmp"), data).unwrap();
        if let Some(before) = before {
            std::fs::remove_dir_all(self.folder.join(before)).unwrap();
        }
    }
}

/// Whether the latest scan was complete, with all objects.
pub fn is_well(metrics: &Metrics, name: &str) -> bool {
    metrics.of(name, "objectstore_scan_success") == Some(1.0)
        && metrics.of(name, "objectstore_listed_objects") == Some(OBJECTS)
}

/// Whether the latest scan failed with this kind alone.
pub fn fails(metrics: &Metrics, name: &str, kind: &str) -> bool {
    metrics.of(name, "objectstore_scan_success") == Some(0.0) && metrics.failing(name) == [kind]
}

/// Waits until all these are well.
pub async fn until_well(exporter: &mut Exporter, names: &[&str]) -> Metrics {
    let what = format!("{names:?} are well");
    let well = |metrics: &Metrics| names.iter().all(|name| is_well(metrics, name));
    exporter.until(&what, well).await
}

/// Waits until all these fail with this kind.
pub async fn until_failing(exporter: &mut Exporter, names: &[&str], kind: &str) -> Metrics {
    let what = format!("{names:?} fail with {kind}");
    let failing = |metrics: &Metrics| names.iter().all(|name| fails(metrics, name, kind));
    exporter.until(&what, failing).await
}

/// Waits until each was scanned twice more: the second of these began after this call.
pub async fn until_scanned(exporter: &mut Exporter, names: &[&str]) -> Metrics {
    let scans = |metrics: &Metrics| {
        let of = |name: &&str| metrics.of(name, "objectstore_scans_total").unwrap();
        names.iter().map(of).collect::<Vec<_>>()
    };
    let before = scans(&exporter.metrics().await);
    let twice = |metrics: &Metrics| {
        let now = scans(metrics);
        now.iter()
            .zip(&before)
            .all(|(now, before)| *now >= before + 2.0)
    };
    exporter.until("two more scans", twice).await
}

/// How many scans of a destination have failed.
pub fn failures(metrics: &Metrics, name: &str) -> f64 {
    let all = metrics.all("objectstore_scan_failures_total", &[("destination", name)]);
    all.iter().map(|(_, count)| count).sum()
}

/// What the status says of a destination's failure.
pub async fn message(exporter: &Exporter, name: &str) -> String {
    let status = exporter.status().await;
    let mut all = status["destinations"].as_array().unwrap().iter();
    let own = all.find(|own| own["destination"] == name);
    let own = own.unwrap_or_else(|| panic!("no {name}: {status}"));
    own["failure"]["message"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}
