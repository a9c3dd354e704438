//! The backend for what the crate `opendal` speaks to: Swift, WebDAV, SFTP, HDFS, and the own protocols
//! of Backblaze B2, Alibaba OSS, Tencent COS and Huawei OBS.
//!
//! It is empty without the feature `opendal`, which is off by default: that is dozens of crates.

#[cfg(feature = "opendal")]
mod plugin;

#[cfg(feature = "opendal")]
pub use plugin::{PLUGIN, SERVICES};
