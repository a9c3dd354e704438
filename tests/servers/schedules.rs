//! Schedules that are written down in Kubernetes, watched in a real kube-apiserver: what is expected
//! of the backups in a real MinIO follows them.

mod alerts;
mod kubermatic;
mod seeds;
pub mod stage;
mod tools;
mod trouble;
