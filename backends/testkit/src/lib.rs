//! What the tests of s3-exporter stand on: stores whose content is known, stores that
//! fail as they are told, launchers for the real servers, and the conformance suite that
//! every backend passes.
//!
//! - [`Memory`]: a [`Backend`](s3_exporter_api::Backend) over a map, for 100,000 objects and more.
//! - [`servers`]: MinIO, SeaweedFS, kube-apiserver with etcd, Prometheus: the real programs,
//!   installed by `tests/install.sh`. One that is missing is a failure that names it.
//! - [`S3Client`]: fills and empties what speaks S3.
//!
//! Helpers panic with a message that says what was tried and what to do: in a test that
//! is the report.
#![allow(clippy::unwrap_used)] // a test that can't go on ends with the place where it happened

mod certs;
mod memory;
mod process;
mod s3_client;
pub mod servers;
mod sign;
mod tar;
mod upload;

pub use certs::{Authority, Identity};
pub use memory::Memory;
pub use process::{Port, Process, tool};
pub use s3_client::S3Client;
pub use upload::Upload;
