//! The Lease of `coordination.k8s.io` in a Kubernetes API. It is read, and written at the version at which it was
//! read, so that of several who write at a time one succeeds.

use std::time::{Duration, Instant};

use k8s_openapi::api::coordination::v1::{Lease as LeaseObject, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use kube::api::{ObjectMeta, PostParams};
use kube::{Api, Client, Error};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::election::{Election, Record};
use crate::fleet::Lease;
use crate::resolver::kubernetes::client;

/// Whoever may hold a lease.
pub(super) struct Holder {
    lease: Lease,
    api: Option<Connection>,
    /// It may run a plug-in that hangs, which is waited for on: it holds one thread, and not one for each question.
    opening: Option<JoinHandle<Result<Client, String>>>,
}

/// A way to the API server, by a kubeconfig that was read then.
struct Connection {
    api: Api<LeaseObject>,
    opened: Instant,
}

impl Holder {
    pub fn new(lease: Lease) -> Self {
        Self {
            lease,
            api: None,
            opening: None,
        }
    }

    /// Whom to ask; the kubeconfig is read where nobody is known.
    async fn api(&mut self, patience: Duration) -> Result<Api<LeaseObject>, String> {
        if let Some(known) = &self.api {
            return Ok(known.api.clone());
        }
        let opening = self.opening.get_or_insert_with(|| {
            let (kubeconfig, context) = (self.lease.kubeconfig.clone(), self.lease.context.clone());
            tokio::task::spawn_blocking(move || client(kubeconfig, context))
        });
        let Ok(opened) = timeout(patience, opening).await else {
            return Err("the kubeconfig or its plug-in takes too long".to_owned());
        };
        self.opening = None;
        let client = opened.map_err(|error| error.to_string())??;
        let namespace = self.lease.namespace.as_deref();
        let namespace = namespace.unwrap_or(client.default_namespace()).to_owned();
        let api = Api::namespaced(client, &namespace);
        self.api = Some(Connection {
            api: api.clone(),
            opened: Instant::now(),
        });
        Ok(api)
    }

    /// Why a request failed, for people. Where nobody answers who knows this process, the kubeconfig is read again
    /// before the next one, at most once in a lease's duration: it runs plug-ins, and a server that is slow is no
    /// other one.
    fn failed(&mut self, verb: &str, error: &Error) -> String {
        let may_be_another = match error {
            Error::Api(status) => status.code == 401,
            _ => true,
        };
        let duration = self.lease.duration;
        self.api
            .take_if(|known| may_be_another && known.opened.elapsed() >= duration);
        said(verb, error)
    }

    /// Reads the lease, and asks for it where it may be had.
    ///
    /// # Errors
    /// Why it can be neither read nor written.
    pub async fn ask(&mut self, election: &mut Election) -> Result<(), String> {
        let (name, usual) = (self.lease.name.clone(), self.lease.duration);
        let patience = election.patience();
        let api = self.api(patience).await?;
        let found = within(patience, api.get_opt(&name)).await;
        let found = found.map_err(|error| self.failed("get", &error))?;
        let known = found.as_ref().map(|found| record(found, usual));
        election.read(known, Instant::now());
        if !election.may_ask(Instant::now()) {
            return Ok(());
        }
        let asked = Instant::now();
        let wanted = wanted(&name, found.as_ref(), election.identity(), usual);
        let params = PostParams::default();
        let (verb, written) = match found {
            None => {
                let creating = api.create(&params, &wanted);
                ("create", within(patience, creating).await)
            }
            Some(_) => {
                let updating = api.replace(&name, &params, &wanted);
                ("update", within(patience, updating).await)
            }
        };
        match written {
            Ok(now) => election.got(record(&now, usual), asked),
            Err(Error::Api(status)) if status.code == 409 => {} // somebody was faster
            Err(error) => return Err(self.failed(verb, &error)),
        }
        Ok(())
    }

    /// Leaves the lease to whoever asks next.
    ///
    /// # Errors
    /// Why that cannot be.
    pub async fn give_back(&mut self, identity: &str) -> Result<(), String> {
        let name = self.lease.name.clone();
        let api = self.api(self.lease.duration).await?;
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

/// The answer to a request, where it comes within its time.
async fn within<T>(
    patience: Duration,
    answer: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let answered = timeout(patience, answer).await;
    answered.unwrap_or_else(|_| Err(Error::Service("no answer".into())))
}

/// For people: a refusal says what is lacking.
fn said(verb: &str, error: &Error) -> String {
    match error {
        Error::Api(status) => format!("{verb}: {} {}", status.code, status.message),
        error => format!("{verb}: {}", s3_exporter_api::chain(error)),
    }
}

#[cfg(test)]
mod tests;
