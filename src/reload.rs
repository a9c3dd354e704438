//! Reads the configuration again while the exporter runs, at SIGHUP, when it is asked to, or, where
//! that is wanted, when its file changes: a good one is put into effect, a bad one changes nothing.
//! Where destinations come of Kubermatic's Seeds, another set of them is put into effect in the same
//! way.

use std::sync::Arc;
use std::time::Duration;

use s3_exporter_config::WatchedFiles;
use tokio::signal::unix::Signal;
use tokio::sync::mpsc;

use crate::config::{Config, Loader, Rejected};
use crate::exposition::Exposition;
use crate::logging;
use crate::reload_requests::{self, ReloadOutcome, ReloadRequests, Reloads};
use crate::resolver::{Resolution, ResolverHandle};
use crate::seed::SeedDestinations;
use crate::supervisor::{Changes, Supervisor};
use crate::telemetry::Telemetry;
use crate::words::Count;

pub mod fixed;
mod follow;

use fixed::RestartOnly;

/// Where configurations come from, and when.
pub struct ReloadSource {
    /// Reads it.
    pub loader: Loader,
    /// Says when, beside those who ask.
    pub hangup: Signal,
    /// So does its file when it changes, where it is to be followed: looked at so often.
    pub followed: Option<(WatchedFiles, Duration)>,
}

/// Does reloads, one after another.
pub struct Reloader {
    loader: Loader,
    hangup: Signal,
    changes: Option<mpsc::Receiver<()>>,
    requests: ReloadRequests,
    /// What was read last and is good, without what comes of Seeds.
    config: Config,
    seed: SeedWatch,
    fixed: RestartOnly,
    telemetry: Telemetry,
    exposition: Arc<Exposition>,
}

/// What Seeds say, as it changes.
#[derive(Default)]
struct SeedWatch {
    handle: Option<ResolverHandle>,
    /// What is in effect.
    found: Option<Arc<SeedDestinations>>,
    /// What was warned of.
    complaints: Vec<String>,
}

impl SeedWatch {
    /// Follows this one from now on, if it does not already.
    fn follow(&mut self, handle: Option<ResolverHandle>) {
        let is_same = match (&self.handle, &handle) {
            (Some(own), Some(other)) => own.resolution.same_channel(&other.resolution),
            (own, other) => own.is_none() && other.is_none(),
        };
        if !is_same {
            self.handle = handle;
            self.found = None;
        }
    }

    /// What is in effect.
    fn now(&self) -> Arc<SeedDestinations> {
        self.found.clone().unwrap_or_default()
    }

    /// Waits until it is something else; forever where there is nobody to say so.
    async fn changed(&mut self) -> Arc<SeedDestinations> {
        let found = &self.found;
        let is_other = |now: &Resolution| now.destinations.is_some() && now.destinations != *found;
        if let Some(handle) = &mut self.handle
            && let Ok(now) = handle.resolution.wait_for(is_other).await
        {
            let now = now.destinations.clone();
            self.found.clone_from(&now);
            return now.unwrap_or_default();
        }
        std::future::pending().await
    }

    /// Warns of what was not warned of just before.
    fn complain(&mut self, faults: Vec<String>) {
        for fault in faults
            .iter()
            .filter(|fault| !self.complaints.contains(fault))
        {
            tracing::warn!("{fault}");
        }
        self.complaints = faults;
    }
}

impl Reloader {
    /// For a process that was started with `config`. Within a runtime, which follows the file.
    pub fn new(
        source: ReloadSource,
        config: &Config,
        telemetry: &Telemetry,
        exposition: &Arc<Exposition>,
    ) -> (Self, Reloads) {
        let (reloads, requests) = reload_requests::channel();
        let reloader = Self {
            loader: source.loader,
            hangup: source.hangup,
            changes: source
                .followed
                .map(|(files, interval)| follow::follow(files, interval)),
            requests,
            config: config.clone(),
            seed: SeedWatch::default(),
            fixed: RestartOnly::of(config),
            telemetry: telemetry.clone(),
            exposition: Arc::clone(exposition),
        };
        (reloader, reloads)
    }

    /// Reloads whenever it is to, until the future is dropped.
    pub async fn run(mut self, supervisor: &mut Supervisor) {
        loop {
            self.seed.follow(supervisor.seed());
            tokio::select! {
                found = self.seed.changed() => self.put_seed_into_effect(supervisor, &found).await,
                Some(()) = self.hangup.recv() => {
                    self.reload(supervisor, "SIGHUP").await;
                }
                Some(()) = next(&mut self.changes) => {
                    self.reload(supervisor, "its file has changed").await;
                }
                Some(request) = self.requests.next() => {
                    let outcome = self.reload(supervisor, "a request").await;
                    request.answer(outcome);
                }
                else => std::future::pending().await,
            }
        }
    }

    async fn reload(&mut self, supervisor: &mut Supervisor, cause: &str) -> ReloadOutcome {
        tracing::info!(cause, "reading the configuration again");
        let outcome = self.attempt(supervisor).await;
        self.telemetry
            .reloaded(matches!(outcome, ReloadOutcome::Done(_)));
        outcome
    }

    async fn attempt(&mut self, supervisor: &mut Supervisor) -> ReloadOutcome {
        if self.loader.is_flags_alone() {
            let text = "there is nothing to read again: the configuration is made of flags alone";
            tracing::info!("{text}");
            return ReloadOutcome::Done(vec![text.to_owned()]);
        }
        let loader = self.loader.clone();
        match tokio::task::spawn_blocking(move || loader.load()).await {
            Ok(Ok(config)) => self.put_into_effect(supervisor, config).await,
            Ok(Err(rejected)) => refuse(&rejected),
            Err(error) => {
                tracing::error!(
                    error = error.to_string(),
                    "reading the configuration again failed, and what was in effect stays; \
                     this is a fault of s3-exporter: please report it with the log"
                );
                ReloadOutcome::Failed
            }
        }
    }

    async fn put_seed_into_effect(
        &mut self,
        supervisor: &mut Supervisor,
        found: &SeedDestinations,
    ) {
        let (config, faults) = self.config.with_seed(found);
        let changes = supervisor.apply(&config).await;
        self.exposition.renew(&config.metrics).await;
        tracing::info!(
            "the destinations of Seeds have changed: {}",
            summary(config.destinations.len(), changes)
        );
        self.seed.complain(faults);
    }

    async fn put_into_effect(
        &mut self,
        supervisor: &mut Supervisor,
        config: Config,
    ) -> ReloadOutcome {
        self.config = config;
        let (config, faults) = self.config.with_seed(&self.seed.now());
        let config = &config;
        self.seed.complain(faults);
        logging::set_level(config.log.level());
        let changes = supervisor.apply(config).await;
        self.exposition.renew(&config.metrics).await;
        let mut lines = vec![summary(config.destinations.len(), changes)];
        tracing::info!("{}", lines[0]);
        for warning in self
            .fixed
            .differences(config)
            .iter()
            .chain(&config.warnings)
        {
            tracing::warn!("{warning}");
            lines.push(format!("warning: {}", in_one_line(warning)));
        }
        ReloadOutcome::Done(lines)
    }
}

/// Waits for the next change; forever where nothing is followed.
async fn next(changes: &mut Option<mpsc::Receiver<()>>) -> Option<()> {
    match changes {
        Some(changes) => changes.recv().await,
        None => std::future::pending().await,
    }
}

fn refuse(rejected: &Rejected) -> ReloadOutcome {
    for warning in &rejected.warnings {
        tracing::warn!("{warning}");
    }
    let faults: Vec<_> = rejected
        .faults
        .iter()
        .map(|fault| in_one_line(&fault.to_string()))
        .collect();
    for error in &faults {
        tracing::error!(error, "a fault of the configuration");
    }
    tracing::error!(
        faults = faults.len(),
        "the configuration is refused, and what was in effect stays"
    );
    ReloadOutcome::Refused(faults)
}

/// Line ends within it, which a name may hold, don't begin another.
fn in_one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

fn summary(destinations: usize, changes: Changes) -> String {
    let destinations = Count(destinations, "destination");
    let counts = [
        (changes.added, "destinations added"),
        (changes.removed, "destinations removed"),
        (changes.changed, "destinations changed"),
        (changes.begun_anew, "destinations begun anew"),
        (changes.reconnected, "backends connected again"),
        (changes.resolvers_changed, "resolvers changed"),
    ];
    let counts: Vec<_> = counts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{what}: {count}"))
        .collect();
    let changes = match counts.is_empty() {
        true => "nothing of them has changed".to_owned(),
        false => counts.join(", "),
    };
    format!("the configuration is in effect with {destinations}; {changes}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_names_what_has_changed() {
        assert_eq!(
            summary(1, Changes::default()),
            "the configuration is in effect with 1 destination; nothing of them has changed"
        );
        let changes = Changes {
            added: 2,
            reconnected: 1,
            ..Changes::default()
        };
        assert_eq!(
            summary(3, changes),
            "the configuration is in effect with 3 destinations; \
             destinations added: 2, backends connected again: 1"
        );
    }
}
