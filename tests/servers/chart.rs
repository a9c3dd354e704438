//! The Helm chart, `deploy/helm/s3-exporter`: what Helm renders of it is what a
//! real kube-apiserver takes and what the exporter needs there. No pod runs in these tests: there is no
//! kubelet here, so an image, a volume and a probe are not tried.

mod account;
mod apiserver;
mod copies;
mod helm;
mod manifests;
mod pod;
mod readme;
mod refused;
mod rendered;
mod rights;
mod schemas;
mod shards;
mod stage;
mod standby;
mod table;
