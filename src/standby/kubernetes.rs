//! The Lease of `coordination.k8s.io` in a Kubernetes API. It is read, and written at the version at which it was
//! read, so that of several who write at a time one succeeds.

use std::time::{Duration, Instant};

use k8s_openapi::api::coordination::v1::{Lease as LeaseObject, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use kube::api::{ObjectMeta, PostParams};
use kube::{Api, Error};

use super::election::{Election, Record};
use crate::fleet::Lease;
use crate::resolver::kubernetes::client;

/// Whoever may hold a lease.
pub(super) struct Holder {
    lease: Lease,
    api: Option<Api<LeaseObject>>,
}

impl Holder {
    pub fn new(lease: Lease) -> Self {
        Self { lease, api: None }
    }

    /// The next question goes over another connection, by a kubeconfig that is read again.
    pub fn forget(&mut self) {
        self.api = None;
    }

    async fn api(&mut self) -> Result<&Api<LeaseObject>, String> {
        if self.api.is_none() {
            let Lease {
                kubeconfig,
                context,
                namespace,
                ..
            } = self.lease.clone();
            let open = move || client(kubeconfig, context);
            let opened = tokio::task::spawn_blocking(open).await;
            let client = opened.map_err(|error| error.to_string())??;
            let namespace = namespace.unwrap_or_else(|| client.default_namespace().to_owned());
            self.api = Some(Api::namespaced(client, &namespace));
        }
        self.api.as_ref().ok_or_else(String::new) // it has just been made
    }

    /// Reads the lease, and asks for it where it may be had.
    ///
    /// # Errors
    /// Why it can be neither read nor written.
    pub async fn ask(&mut self, election: &mut Election) -> Result<(), String> {
        let (name, usual) = (self.lease.name.clone(), self.lease.duration);
        let api = self.api().await?;
        let found = api
            .get_opt(&name)
            .await
            .map_err(|error| said("get", &error))?;
        let known = found.as_ref().map(|found| record(found, usual));
        election.read(known, Instant::now());
        if !election.may_ask(Instant::now()) {
            return Ok(());
        }
        let asked = Instant::now();
        let wanted = wanted(&name, found.as_ref(), election.identity(), usual);
        let params = PostParams::default();
        let (verb, written) = match found {
            None => ("create", api.create(&params, &wanted).await),
            Some(_) => ("update", api.replace(&name, &params, &wanted).await),
        };
        match written {
            Ok(now) => election.got(record(&now, usual), asked),
            Err(Error::Api(status)) if status.code == 409 => {} // somebody was faster
            Err(error) => return Err(said(verb, &error)),
        }
        Ok(())
    }

    /// Leaves the lease to whoever asks next.
    ///
    /// # Errors
    /// Why that cannot be.
    pub async fn give_back(&mut self, identity: &str) -> Result<(), String> {
        let name = self.lease.name.clone();
        let api = self.api().await?;
        let found = api
            .get_opt(&name)
            .await
            .map_err(|error| said("get", &error))?;
        let Some(mut lease) = found else {
            return Ok(());
        };
        let spec = lease.spec.get_or_insert_default();
        if spec.holder_identity.as_deref() == Some(identity) {
            spec.holder_identity = Some(String::new());
            let params = PostParams::default();
            let written = api.replace(&name, &params, &lease).await;
            written.map_err(|error| said("update", &error))?;
        }
        Ok(())
    }
}

/// What a lease says. Its times are of its holder's clock, and are not looked at.
fn record(lease: &LeaseObject, usual: Duration) -> Record {
    let spec = lease.spec.clone().unwrap_or_default();
    let seconds = spec
        .lease_duration_seconds
        .and_then(|of| u64::try_from(of).ok());
    Record {
        holder: spec.holder_identity.unwrap_or_default(),
        duration: match seconds {
            Some(seconds @ 1..) => Duration::from_secs(seconds),
            _ => usual,
        },
        version: lease.metadata.resource_version.clone().unwrap_or_default(),
    }
}
/// The lease as it is to be. Its time of renewal is always a later one, however the clock is set: else the API
/// server would see no change, and others would take its holder for dead.
fn wanted(
    name: &str,
    found: Option<&LeaseObject>,
    identity: &str,
    duration: Duration,
) -> LeaseObject {
    let mut lease = found.cloned().unwrap_or_else(|| LeaseObject {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            ..ObjectMeta::default()
        },
        spec: None,
    });
    let before = lease.spec.take().unwrap_or_default();
    let mut now = Timestamp::now();
    if let Some(MicroTime(renewed)) = &before.renew_time {
        let least = renewed.checked_add(SignedDuration::from_micros(1));
        now = now.max(least.unwrap_or(now));
    }
    let is_own = before.holder_identity.as_deref() == Some(identity);
    let transitions = before.lease_transitions.unwrap_or(0);
    lease.spec = Some(LeaseSpec {
        holder_identity: Some(identity.to_owned()),
        lease_duration_seconds: i32::try_from(duration.as_secs()).ok(),
        acquire_time: match is_own {
            true => before.acquire_time.clone(),
            false => Some(MicroTime(now)),
        },
        lease_transitions: match is_own || found.is_none() {
            true => Some(transitions),
            false => Some(transitions.saturating_add(1)),
        },
        renew_time: Some(MicroTime(now)),
        ..before
    });
    lease
}

/// For people: a refusal says what is lacking.
fn said(verb: &str, error: &Error) -> String {
    match error {
        Error::Api(status) => format!("{verb}: {} {}", status.code, status.message),
        error => format!("{verb}: {}", s3_exporter_api::chain(error)),
    }
}
