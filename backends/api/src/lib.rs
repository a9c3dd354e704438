//! The seam between s3-exporter and its storage plug-ins.
//!
//! A plug-in is a [`Plugin`]: the name that users write as `type`, the keys of its
//! section of the configuration, and a function that parses them into a [`Connect`].
//! Connecting gives a [`Backend`], which fetches one [`Page`] of a listing at a time
//! into memory that the caller owns and uses again. What goes wrong is a
//! [`BackendError`] of one of the few [`FailureKind`]s, and every HTTP attempt is
//! counted by a [`Meter`].
//!
//! This crate is a leaf: it knows no SDK, and nothing of clusters or metrics.

mod backend;
mod bucket;
mod error;
pub mod file;
mod login;
mod meter;
mod misplaced;
mod origin;
mod page;
mod plugin;
mod scheme;
mod secret;
mod section;
mod time;

pub use async_trait::async_trait;
pub use backend::{Backend, Continuation, ListRequest, Order, Probe, StartAt};
pub use bucket::is_directory_bucket;
pub use error::{BackendError, FailureKind, causes, chain};
pub use file::FileVersion;
pub use login::{AccessKeys, Credentials, FaultyFile, Login};
pub use meter::{Meter, Operation};
pub use misplaced::Misplaced;
pub use origin::{Fault, Origin, Origins};
pub use page::{Object, Oddity, Page, StorageClass};
pub use plugin::{Connect, Key, Plugin};
pub use scheme::{GO_WANTS_TLS, Speaks};
pub use secret::{Secret, SecretSource, without_line_end};
pub use section::{NamedFile, Section, closest};
pub use time::UnixTime;
pub use url::Url;
