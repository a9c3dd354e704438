//! `once`: what is printed, and what node_exporter's textfile collector is given.

use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::sync::Arc;

use s3_exporter::command::once::once;
use s3_exporter::command::output::replace_file;
use s3_exporter::config::{Backend as Store, Compat, Config, Fingerprint};
use s3_exporter::resolver::Resolver;
use s3_exporter::resolver::fixed::StaticResolver;
use s3_exporter::telemetry::Telemetry;
use s3_exporter_api::{Backend, BackendError, Connect, async_trait};
use s3_exporter_testkit::{Memory, Upload};

use crate::sample;

/// A connection to a store in memory.
#[derive(Debug)]
pub struct InMemory(pub Memory);

#[async_trait]
impl Connect for InMemory {
    fn store_url(&self) -> String {
        "memory:".to_owned()
    }
    async fn connect(&self) -> Result<Arc<dyn Backend>, BackendError> {
        Ok(Arc::new(self.0.clone()))
    }
}

/// Two destinations: one with a resolver, and one whose bucket is not there.
fn config() -> Config {
    let store = Memory::new();
    store.create_bucket("backups");
    store.put("backups", &Upload::new("a-1.db.gz", 7));
    let mut config = sample::config(sample::metrics(&[Compat::KubermaticS3], "cluster"));
    let connect: Arc<dyn Connect> = Arc::new(InMemory(store));
    let store = Store {
        connect,
        max_requests_in_flight: 4,
        fingerprint: Fingerprint::default(),
    };
    config.backends = BTreeMap::from([("onprem".into(), store)]);
    let names = StaticResolver {
        clusters: vec!["a".to_owned()],
        clusters_file: None,
    };
    config.resolvers = BTreeMap::from([("lab".into(), Arc::new(names) as Arc<dyn Resolver>)]);
    config.destinations = vec![
        Arc::new(sample::destination("good", "backups", Some("lab"))),
        Arc::new(sample::destination("gone", "gone", None)),
    ];
    config
}

const SERIES: [&str; 4] = [
    r#"objectstore_objects_size_bytes{destination="good",bucket="backups",cluster="a"} 7"#,
    r#"kubermatic_s3_object_count{destination="good",bucket="backups",cluster="a"} 1"#,
    r#"objectstore_scan_failing{destination="gone",bucket="gone",kind="not_found"} 1"#,
    "objectstore_exporter_config_last_reload_successful 1",
];

#[tokio::test]
async fn everything_is_printed() {
    let outcome = once(&config(), &Telemetry::new(), true).await;
    assert!(!outcome.success, "a bucket is missing");
    for line in SERIES {
        assert!(
            outcome.text.contains(line),
            "{line} is missing in {}",
            outcome.text
        );
    }
    assert!(outcome.text.contains("\nprocess_cpu_seconds_total "));
}

#[tokio::test]
async fn a_textfile_leaves_the_process_to_node_exporter() {
    let mut config = config();
    config.destinations.pop();
    let outcome = once(&config, &Telemetry::new(), false).await;
    assert!(outcome.success);
    assert!(outcome.text.contains(SERIES[0]), "{}", outcome.text);
    for line in outcome.text.lines() {
        let line = line
            .trim_start_matches("# HELP ")
            .trim_start_matches("# TYPE ");
        assert!(
            line.starts_with("objectstore_") || line.starts_with("kubermatic_"),
            "{line}"
        );
    }
}

#[test]
fn a_textfile_is_replaced_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backups.prom");
    replace_file(&path, "before 1\n").unwrap();
    let before = std::fs::File::open(&path).unwrap();
    replace_file(&path, "after 1\n").unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "after 1\n");
    let after = std::fs::metadata(&path).unwrap();
    assert_eq!(after.permissions().mode() & 0o777, 0o644);
    // Another file took its place: whoever had it open still reads the one before, whole.
    assert_ne!(before.metadata().unwrap().ino(), after.ino());
    assert_eq!(std::io::read_to_string(before).unwrap(), "before 1\n");
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        1,
        "something is left over"
    );

    let error = replace_file(&folder.path().join("nowhere/x.prom"), "").unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
}
