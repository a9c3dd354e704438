//! What the backends of clouds share that speak no S3: one page asked for again and again until it
//! is there ([`list`]), and what the library `object_store` needs of us, whose credentials they use
//! ([`tokens`]).

mod environment;
mod list;
mod tokens;

pub use environment::Environment;
pub use list::{CloudStore, PartRequest, list_page, max_results, read_part};
pub use s3_exporter_transport::{AttemptFailure, FailureContext, NoCredentials, Words};
pub use tokens::{AccessToken, Ring, TokenFailure, TokenHttp, ask_for_token, no_token};
