//! Every way in which people give credentials works against a real MinIO, with credentials
//! that it made; what changes on disk is picked up; and no secret is shown anywhere.

mod certificates;
mod expiry;
mod place;
mod roles;
mod rotation;
mod secrets;
mod sources;
