//! What the tests of s3-exporter stand on: stores whose content is known, stores that
//! fail as they are told, launchers for the real servers, and the conformance suite that
//! every backend passes.
//!
//! - [`Memory`]: a [`Backend`](s3_exporter_api::Backend) over a map, for 100,000 objects and more.
//! - [`Scripted`]: a backend that fails as its script says; [`Faults`] does the same to a
//!   server, by [`Proxy`] to a real one.
//! - [`S3sServer`]: an S3 server inside the process; [`Balancer`]: several nodes behind one address.
//! - [`servers`]: MinIO, SeaweedFS, Azurite, fake-gcs-server, kube-apiserver with etcd, Prometheus, toxiproxy: the real
//!   programs, installed by `tests/install.sh`. One that is missing is a failure that names it.
//! - [`reports`]: what is in a bucket, as S3, Azure and Google report it.
//! - [`S3Client`]: fills and empties what speaks S3; [`AzureClient`] and [`GcsClient`] fill
//!   what Azure and Google have.
//!
//! Helpers panic with a message that says what was tried and what to do: in a test that
//! is the report.
#![allow(clippy::unwrap_used)] // a test that can't go on ends with the place where it happened

mod aws;
mod azure_client;
mod balancer;
mod certs;
pub mod conformance;
pub mod curl;
mod entra;
mod faults;
mod gcs_client;
mod google;
mod memory;
mod openid;
pub mod plugin_cases;
mod port;
mod process;
mod proxy;
pub mod reports;
mod rights;
mod s3_client;
mod s3s_server;
mod scripted;
pub mod servers;
mod session;
mod sign;
pub mod site;
mod socks;
mod synthetic;
mod tar;
mod upload;
mod values;
mod web;

pub use aws::{Asked as AskedOfAws, Aws};
pub use azure_client::AzureClient;
pub use balancer::Balancer;
pub use certs::{Authority, Identity};
pub use entra::Entra;
pub use faults::{Fault, Faults};
pub use gcs_client::GcsClient;
pub use google::Google;
pub use memory::{Memory, Paging};
pub use openid::OpenId;
pub use port::Port;
pub use process::{Process, tool, version};
pub use proxy::Proxy;
pub use rights::{rights_are_felt, with_rights_felt};
pub use s3_client::S3Client;
pub use s3s_server::{S3sBuilder, S3sServer};
pub use scripted::{Asked, AskedFrom, Scripted, Step};
pub use session::Session;
pub use socks::Socks;
pub use synthetic::{Latency, SyntheticBucket, SyntheticServer, Tool};
pub use upload::Upload;
pub use values::values;
