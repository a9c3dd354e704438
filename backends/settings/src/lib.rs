//! The settings that mean the same for every backend which speaks S3, and some for any, read here once.
//!
//! It is a leaf beside `api`, which knows no configuration, and `page`, which does no I/O: a
//! store of another kind needs nothing of it.

mod endpoint;
mod login;

pub use endpoint::{address_of, endpoint, region};
pub use login::{AccessKeys, Credentials, Login, unusable};
