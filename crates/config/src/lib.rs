//! What users write, and how it is read: tables of values, each with its origin, and the
//! files that they name.
//!
//! ```text
//! values, origins -> Section -> a plug-in's own type, errors, warnings, named files
//! ```
//!
//! A [`Section`] is a table that is being parsed: each getter takes a key out, and what nobody
//! takes is an unknown key, with the known one that was probably meant. Every [`ConfigError`]
//! tells the [`Origin`] of the value
//! (a getter gives both as a [`Setting`]), and none holds a [`Secret`]. A [`Plugin`] is a kind of
//! thing that a section describes, by the name that users write as its `type`. Files are read
//! by [`mod@file`], so that none makes the reader wait or fills the memory, and followed by
//! [`WatchedFiles`] or, where a change is taken up as a whole, until they [`Settle`].
//!
//! This crate is a leaf: it knows no store, no metric and no cluster.

mod asked;
pub mod file;
mod misplaced;
mod origin;
mod plugin;
mod secret;
mod section;
mod setting;
mod watch;

pub use asked::{AskedKey, ValueKind};
pub use file::FileVersion;
pub use misplaced::Misplaced;
pub use origin::{ConfigError, Origin, Origins};
pub use plugin::{Key, Plugin};
pub use secret::{Secret, SecretError, SecretProblem, SecretSource, without_line_end};
pub use section::{NamedFile, Parsed, Section, closest};
pub use setting::Setting;
pub use url::Url;
pub use watch::{Settle, Settled, WatchedFiles, read_settled};
