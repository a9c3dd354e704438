//! What is read from answers: real ones, odd ones, broken ones and generated ones.
#![allow(clippy::unwrap_used)] // a test that can't go on ends with the place where it happened

mod answers;
mod beside;
mod blobs;
mod buckets;
mod malformed;
mod odd;
mod oracle;
mod properties;
mod recorded;
mod settings;
