//! Every way in which people give credentials works against a real MinIO, with credentials
//! that it made; what changes on disk is picked up; and no secret is shown anywhere.

#[cfg(feature = "azure")]
mod azure;
mod certificates;
mod expiry;
#[cfg(feature = "gcs")]
mod gcs;
mod place;
mod roles;
mod rotation;
mod secrets;
mod sources;
