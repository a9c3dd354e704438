//! The real servers, each on 127.0.0.1 only, on a free port, with its data in a folder of
//! its own that goes with it. Each is started by `start`, which returns when it answers,
//! and ended by dropping it.

mod alertmanager;
mod azurite;
mod ballista;
mod chromedriver;
mod fake_gcs;
mod kubernetes;
mod minio;
mod prometheus;
mod s3_stores;
mod seaweedfs;
mod toxiproxy;

pub use alertmanager::Alertmanager;
pub use azurite::Azurite;
pub use ballista::Ballista;
pub use chromedriver::ChromeDriver;
pub use fake_gcs::FakeGcs;
pub use kubernetes::{Account, Kubernetes};
pub use minio::{MinIo, MinIoBuilder};
pub use prometheus::{Prometheus, Sample, check_metrics, test_rules};
pub use s3_stores::S3Store;
pub use seaweedfs::SeaweedFs;
pub use toxiproxy::{Link, Toxiproxy};
