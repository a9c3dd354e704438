//! `make demo`: the real exporter over sample backups, in one process. Two S3 servers in
//! memory hold them; one is asked by the AWS SDK, the other by MinIO's client.

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;

use s3_exporter::cli::Flags;
use s3_exporter::cli::flags::CONFIG;
use s3_exporter::command::serve::{self, Setup};
use s3_exporter::config::{Config, Environment, Loader};
use s3_exporter::reload::ReloadSource;
use s3_exporter::telemetry::Telemetry;
use s3_exporter::{logging, shutdown, wire};
use s3_exporter_api::UnixTime;
use s3_exporter_testkit::{Memory, S3sServer, Upload};
use s3_exporter_web::{Listener, bind};

/// The clusters that a Kubernetes API would name. There is none in the demo, so a file does.
const CLUSTERS: &str = "\
# One cluster a line. Change this file while the demo runs: it is read again.
lg69pmx8wf
c7hv2kq9tz
p4wn8dx3bm
x2mzr5t6jq
n9kf4hs7vc
";
const ADDRESS: &str = "127.0.0.1:9340";

fn main() -> ExitCode {
    match demo() {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("demo: {reason}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn demo() -> Result<(), String> {
    // As the exporter's `main` does it: before anything speaks TLS.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let signals = |cause| format!("handling signals: {cause}");
    let stop = shutdown::on_signal().map_err(signals)?;
    let hangup = shutdown::hangup().map_err(signals)?; // from now on it ends nothing

    let cloud = S3sServer::builder().server("AmazonS3").start();
    let onprem = S3sServer::builder().server("MinIO").start();
    fill_cloud(cloud.store());
    fill_onprem(onprem.store());

    let (listeners, address) = listen()?;
    // Gone at the end, with what is in it.
    let folder = tempfile::tempdir().map_err(|cause| format!("making a folder: {cause}"))?;
    let file = folder.path().join("config.toml");
    let text = configuration(address, &cloud.endpoint(), &onprem.endpoint());
    write(&file, &text)?;
    write(&folder.path().join("clusters.txt"), CLUSTERS)?;
    let loader = loader(&file);
    let config = load(&loader)?;
    logging::start(&config.log);

    println!("{}", welcome(address, folder.path()));
    let setup = Setup {
        source: Some(ReloadSource {
            loader,
            hangup,
            followed: None,
        }),
        ..Setup::default()
    };
    serve::run(&config, &Telemetry::new(), setup, listeners, stop).await;
    println!(
        "The demo has ended; {} is removed.",
        folder.path().display()
    );
    Ok(())
}

/// The exporter's own port, or a free one where another program has that.
fn listen() -> Result<(Vec<Listener>, SocketAddr), String> {
    let listeners = bind(ADDRESS, false).or_else(|reason| {
        println!("{reason}. The demo takes a free port instead.");
        bind("127.0.0.1:0", false)
    });
    let listeners = listeners.map_err(|cause| cause.to_string())?;
    let address = listeners.first().map(|first| first.socket.local_addr());
    match address {
        Some(Ok(address)) => Ok((listeners, address)),
        _ => Err("the address that is listened on is not known".to_owned()),
    }
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|cause| format!("writing {}: {cause}", path.display()))
}

/// As the program loads it; only the environment is left out.
fn loader(file: &Path) -> Loader {
    let flags = Flags::default().with(&CONFIG, file.to_string_lossy());
    Loader::new(flags, Environment::default(), &wire::plugins())
}

fn load(loader: &Loader) -> Result<Config, String> {
    loader.load().map_err(|rejected| {
        let faults: Vec<_> = rejected.faults.iter().map(ToString::to_string).collect();
        faults.join("\n")
    })
}

fn configuration(address: SocketAddr, cloud: &str, onprem: &str) -> String {
    let (id, secret) = (S3sServer::ACCESS_KEY, S3sServer::SECRET_KEY);
    format!(
        r#"[server]
listen = ["{address}"]
[log]
format = "console"
[scan]
interval = "10s" # so that a change shows soon; 5m would be usual

[backends.cloud] # the AWS SDK
type = "s3"
endpoint = "{cloud}"
region = "eu-central-1"
access_key_id = "{id}"
secret_access_key = "{secret}"

[backends.onprem] # MinIO's client
type = "minio"
endpoint = "{onprem}"
access_key_id = "{id}"
secret_access_key = "{secret}"

[resolvers.kkp] # with a Kubernetes API: type = "kubernetes"
type = "static"
clusters_file = "clusters.txt"

[[destinations]]
name = "etcd"
backend = "cloud"
bucket = "kubermatic-etcd-backups"
resolver = "kkp"
max_age = "25h"

[[destinations]]
name = "velero"
backend = "cloud"
bucket = "velero"
prefix = "backups/"
resolver = "kkp"
expect = "present" # not every cluster uses it
max_age = "26h"

[[destinations]]
name = "etcd-copy"
backend = "onprem"
bucket = "kubermatic-etcd-backups"
resolver = "kkp"
expect = "present"
max_age = "25h"

[[destinations]]
name = "postgres"
backend = "onprem"
bucket = "postgres"
separator = "/"
clusters = ["billing", "orders"]
max_age = "26h"
"#
    )
}

fn welcome(address: SocketAddr, folder: &Path) -> String {
    let (folder, pid) = (folder.display(), std::process::id());
    format!(
        "\
The exporter runs, over two S3 servers with sample backups:

  status page    http://{address}/  (in a browser)
  metrics        http://{address}/metrics
  as JSON        http://{address}/api/v1/status
  configuration  {folder}/config.toml

What to look at:

  lg69pmx8wf, c7hv2kq9tz  healthy: in time, and copied to the on-premises store
  p4wn8dx3bm              late: its backups stopped three days ago
  x2mzr5t6jq              its newest object is empty: objectstore_newest_object_size_ratio
                          is 0, and the empty one does not count as a backup
  n9kf4hs7vc              never backed up: objectstore_newest_object_timestamp_seconds is 0
  q8jd3wl5rp              deleted, its backups left behind: objectstore_unassigned_objects
  billing, orders         databases in a bucket that has names of its own; a base backup of orders was
                          begun and never finished, and its dumps stopped four days ago, which their
                          newest object does not show: objectstore_backup_finding, and the page

Add q8jd3wl5rp to {folder}/clusters.txt and its objects are its own within seconds.
Change {folder}/config.toml, and have it read again:

  kill -HUP {pid}    or    curl -X POST http://{address}/-/reload

Ctrl-C ends the demo."
    )
}

/// The backups that a schedule has left.
#[derive(Clone, Copy)]
struct Backups {
    /// Hours since the newest.
    newest: i64,
    /// Hours from one to the next.
    every: i64,
    /// How many are kept.
    kept: i64,
    /// Bytes of each, about.
    size: u64,
}

impl Backups {
    /// An object for each; `key` makes its key from its time.
    fn objects(self, key: impl Fn(jiff::Timestamp) -> String) -> impl Iterator<Item = Upload> {
        let now = UnixTime::now().as_millis();
        (0..self.kept).map(move |n| {
            let millis = now - (self.newest + n * self.every) * 3_600_000;
            let time = jiff::Timestamp::from_millisecond(millis).unwrap_or_default();
            let size = self.size - n.unsigned_abs() * (self.size / 200); // it grew with time
            // The store takes an object some seconds after its backup was begun.
            let taken = UnixTime::from_millis(millis + 20_000);
            Upload::new(key(time), size).at(taken)
        })
    }
}

/// Keys as Kubermatic writes them: `<cluster>-<backup config>-<time>.db.gz`.
fn etcd(store: &Memory, cluster: &str, backups: Backups) {
    let key = |time: jiff::Timestamp| {
        let time = time.strftime("%Y-%m-%dt%H-%M-%S");
        format!("{cluster}-default-backups-{time}.db.gz")
    };
    store.put_all("kubermatic-etcd-backups", backups.objects(key));
}

const SIX_HOURLY: Backups = Backups {
    newest: 2,
    every: 6,
    kept: 20,
    size: 48_300_211,
};
const DAILY: Backups = Backups {
    newest: 7,
    every: 24,
    kept: 14,
    size: 2_415_919_104,
};

fn fill_cloud(store: &Memory) {
    etcd(store, "lg69pmx8wf", SIX_HOURLY);
    let smaller = Backups {
        size: 31_902_455,
        ..SIX_HOURLY
    };
    etcd(store, "c7hv2kq9tz", smaller);
    let stopped = Backups {
        newest: 75,
        ..SIX_HOURLY
    };
    etcd(store, "p4wn8dx3bm", stopped);
    let before = Backups {
        newest: 7,
        ..smaller
    };
    etcd(store, "x2mzr5t6jq", before);
    let empty = Backups {
        newest: 1,
        every: 1,
        kept: 1,
        size: 0,
    };
    etcd(store, "x2mzr5t6jq", empty);
    let deleted = Backups {
        newest: 40 * 24,
        ..SIX_HOURLY
    };
    etcd(store, "q8jd3wl5rp", deleted);

    for cluster in ["lg69pmx8wf", "c7hv2kq9tz"] {
        for (name, size) in [("velero-backup.json", 3_811), ("tar.gz", 913_204_731)] {
            let key = |time: jiff::Timestamp| {
                let time = time.strftime("%Y%m%d%H%M%S");
                let backup = format!("{cluster}-daily-{time}");
                match name {
                    "tar.gz" => format!("backups/{backup}/{backup}.tar.gz"),
                    name => format!("backups/{backup}/{name}"),
                }
            };
            store.put_all("velero", Backups { size, ..DAILY }.objects(key));
        }
    }
}

fn fill_onprem(store: &Memory) {
    etcd(store, "lg69pmx8wf", SIX_HOURLY);
    let smaller = Backups {
        size: 31_902_455,
        ..SIX_HOURLY
    };
    etcd(store, "c7hv2kq9tz", smaller);
    for database in ["billing", "orders"] {
        barman(store, database, DAILY, &["data.tar.gz", "backup.info"]);
    }
    // Begun an hour after a good one, and killed.
    let killed = Backups {
        newest: 30,
        kept: 1,
        ..DAILY
    };
    barman(store, "orders", killed, &["backup.info"]);
    // A job that stopped, beside one of the same database that goes on.
    dumps(store, "billing", DAILY);
    let stopped = Backups {
        newest: 4 * 24,
        ..DAILY
    };
    dumps(store, "orders", stopped);
}

/// Base backups as barman-cloud leaves them, with these of their objects.
fn barman(store: &Memory, server: &str, backups: Backups, objects: &[&str]) {
    for object in objects {
        let size = match *object {
            "backup.info" => 1_310,
            _ => backups.size,
        };
        let key = |time: jiff::Timestamp| {
            let time = time.strftime("%Y%m%dT%H%M%S");
            format!("{server}/base/{time}/{object}")
        };
        store.put_all("postgres", Backups { size, ..backups }.objects(key));
    }
}

/// A dump of each day in an object of its own.
fn dumps(store: &Memory, database: &str, backups: Backups) {
    let key = |time: jiff::Timestamp| {
        let time = time.strftime("%Y%m%dT%H%M%SZ");
        format!("{database}/dumps/{database}-{time}.sql.gz")
    };
    let size = 214_748_364;
    store.put_all("postgres", Backups { size, ..backups }.objects(key));
}
