//! Audits over real servers.

mod minio;
mod served;
