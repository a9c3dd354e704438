//! The seam between s3-exporter and its storage plug-ins.
//!
//! What a plug-in makes of its part of the configuration is a [`Connect`], and connecting
//! gives a [`Backend`], which fetches one [`Page`] of a listing at a time into memory that the
//! caller owns and uses again. A [`ListRequest`] says what is listed, and where the page begins;
//! what a backend's [`Capabilities`] lack of that is one error, never left out. What goes wrong is a [`BackendError`] of one of the few
//! [`FailureKind`]s, and every HTTP attempt is counted by a [`Meter`].
//!
//! This crate is a leaf: it knows no SDK, nothing of clusters or metrics, and not how a
//! configuration is read.

mod backend;
mod bucket;
mod capabilities;
mod connect;
mod error;
mod meter;
mod page;
mod part;
mod report;
mod request;
mod scheme;
mod setting;
mod summary;
mod time;
mod usage;

pub use async_trait::async_trait;
pub use backend::{Backend, Order, Probe};
pub use bucket::is_directory_bucket;
pub use capabilities::{Capabilities, Lacking};
pub use connect::{BucketName, Connect, FaultyFile, RequestLimits};
pub use error::{BackendError, FailureKind, causes, chain, chain_parts};
pub use meter::{Meter, Operation};
pub use page::{Object, Oddity, Page, StorageClass, VersionState};
pub use part::ObjectPart;
pub use report::Report;
pub use request::{Continuation, ListRequest, ListingKind, StartAt};
pub use scheme::{GO_WANTS_TLS, Speaks};
pub use setting::{BucketSetting, SettingState};
pub use summary::{NewestObject, ObjectSet, Summary, SummaryRequest};
pub use time::UnixTime;
pub use usage::BucketUsage;
