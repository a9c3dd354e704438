//! Reads the configuration again while the exporter runs, at SIGHUP, when it is asked to, or, where
//! that is wanted, when its file changes: a good one is put into effect, a bad one changes nothing.
//! Where destinations come from elsewhere, another set of them is put into effect in the same way; and
//! where one of several processes leads, that this one does, or does no more.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use s3_exporter_api::chain;
use s3_exporter_config::WatchedFiles;
use tokio::signal::unix::Signal;
use tokio::sync::mpsc;

use crate::config::{Config, Loader, Rejected};
use crate::discovery::Discoveries;
use crate::exposition::Exposition;
use crate::logging;
use crate::reload_requests::{self, ReloadOutcome, ReloadRequests, Reloads};
use crate::resolver::{Resolution, ResolverHandle};
use crate::standby::Leadership;
use crate::state::State;
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

/// Destinations that are named in one line.
const NAMED: usize = 10;

/// Does reloads, one after another.
pub struct Reloader {
    loader: Loader,
    hangup: Signal,
    changes: Option<mpsc::Receiver<()>>,
    requests: ReloadRequests,
    /// What was read last and is good, without what comes from elsewhere.
    config: Config,
    discovery: DiscoveryWatch,
    fixed: RestartOnly,
    telemetry: Telemetry,
    exposition: Arc<Exposition>,
    leadership: Option<Leadership>,
    state_directory: Option<PathBuf>,
    state: Option<Arc<State>>,
}

/// What sources of destinations know, as it changes.
#[derive(Default)]
struct DiscoveryWatch {
    sources: BTreeMap<Arc<str>, ResolverHandle>,
    /// What is in effect.
    found: Discoveries,
    /// What was warned of.
    complaints: Vec<String>,
}

impl DiscoveryWatch {
    /// Follows these from now on, and those on which it does so already.
    fn follow(&mut self, sources: BTreeMap<Arc<str>, ResolverHandle>) {
        let before = &self.sources;
        let is_same = |name: &Arc<str>| match (before.get(name), sources.get(name)) {
            (Some(own), Some(other)) => own.resolution.same_channel(&other.resolution),
            _ => false,
        };
        self.found.retain(|name, _| is_same(name));
        self.sources = sources;
    }

    /// Waits until one knows something else; forever where there is nobody to say so.
    async fn changed(&mut self) {
        let found = &self.found;
        let waiting = self.sources.iter_mut().map(|(name, handle)| {
            let known = found.get(name);
            async move {
                let is_other =
                    |now: &Resolution| now.discovered.is_some() && now.discovered.as_ref() != known;
                let now = handle.resolution.wait_for(is_other).await.ok()?;
                Some((Arc::clone(name), now.discovered.clone()?))
            }
            .boxed()
        });
        let mut waiting: FuturesUnordered<_> = waiting.collect();
        while let Some(changed) = waiting.next().await {
            if let Some((name, now)) = changed {
                drop(waiting);
                self.found.insert(name, now);
                return;
            }
        }
        drop(waiting);
        std::future::pending().await
    }

    /// Warns of what was not warned of just before.
    fn complain(&mut self, config: &Config) {
        let outcomes = config.discovered.values();
        let faults: Vec<_> = outcomes.flat_map(|of| of.reasons.clone()).collect();
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
        state: Option<Arc<State>>,
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
            discovery: DiscoveryWatch::default(),
            fixed: RestartOnly::of(config),
            telemetry: telemetry.clone(),
            exposition: Arc::clone(exposition),
            leadership: config.fleet.lease.as_ref().map(Leadership::seek),
            state_directory: config.state_directory.clone(),
            state,
        };
        (reloader, reloads)
    }

    /// Reloads whenever it is to, until the future is dropped.
    pub async fn run(&mut self, supervisor: &mut Supervisor) {
        loop {
            self.discovery.follow(supervisor.sources());
            tokio::select! {
                () = changed(&mut self.leadership) => self.lead_or_follow(supervisor).await,
                () = self.discovery.changed() => self.put_discovered_into_effect(supervisor).await,
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
        let (loader, running) = (self.loader.clone(), self.config.clone());
        let load = move || {
            let config = loader.load().map(Config::without_others);
            config.map(|config| config.sharing(&running))
        };
        match tokio::task::spawn_blocking(load).await {
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

    async fn put_discovered_into_effect(&mut self, supervisor: &mut Supervisor) {
        let before: BTreeSet<_> = supervisor.discovered();
        let (config, changes) = self.apply(supervisor).await;
        let summary = summary(config.destinations.len(), changes);
        match changes == Changes::default() {
            true => tracing::debug!("what sources of destinations know has changed: {summary}"),
            false => {
                tracing::info!("destinations that come from elsewhere have changed: {summary}")
            }
        }
        let now = supervisor.discovered();
        let gone: Vec<_> = before.difference(&now).take(NAMED).collect();
        if !gone.is_empty() {
            tracing::warn!(names = ?gone, "destinations are not watched any more: they are not there");
        }
        self.discovery.complain(&config);
    }

    async fn put_into_effect(
        &mut self,
        supervisor: &mut Supervisor,
        config: Config,
    ) -> ReloadOutcome {
        self.config = config;
        logging::set_level(self.config.log.level());
        self.seek_lease(supervisor).await;
        let (config, changes) = self.apply(supervisor).await;
        self.discovery.complain(&config);
        let mut lines = vec![summary(config.destinations.len(), changes)];
        tracing::info!("{}", lines[0]);
        for warning in self
            .fixed
            .differences(&config)
            .iter()
            .chain(&config.warnings)
        {
            tracing::warn!("{warning}");
            lines.push(format!("warning: {}", in_one_line(warning)));
        }
        ReloadOutcome::Done(lines)
    }

    async fn lead_or_follow(&mut self, supervisor: &mut Supervisor) {
        let (config, changes) = self.apply(supervisor).await;
        tracing::info!("{}", summary(config.destinations.len(), changes));
    }

    /// Has the supervisor do what is configured and found, as far as it is this process's: nothing of it
    /// where another one leads.
    async fn apply(&mut self, supervisor: &mut Supervisor) -> (Config, Changes) {
        let mut config = self.config.with_discovered(&self.discovery.found);
        config.fleet.leads = self.leadership.as_mut().map(Leadership::begin);
        let config = config.own_share();
        let stands_by = config.fleet.stands_by();
        if !stands_by {
            self.keep(supervisor).await;
            self.telemetry.is_of(&config.fleet); // before there is a destination
        }
        let changes = supervisor.apply(&config).await;
        if stands_by {
            self.keep_nothing(supervisor).await;
            self.leadership.iter().for_each(Leadership::stopped);
            self.telemetry.is_of(&config.fleet); // once there is none
        }
        self.exposition.renew(&config.metrics).await;
        (config, changes)
    }

    /// Opens the folder of the state, which whoever led before has let go of, or lets go of soon.
    async fn keep(&mut self, supervisor: &mut Supervisor) {
        let (None, Some(directory)) = (&self.state, self.state_directory.clone()) else {
            return;
        };
        let names = self.config.destinations.iter();
        let names: Vec<_> = names.map(|of| Arc::clone(&of.name)).collect();
        let open = move || State::take_over(&directory, names.iter().map(|name| &**name));
        match tokio::task::spawn_blocking(open).await {
            Ok(Ok(state)) => {
                supervisor.remember(Arc::clone(&state));
                self.state = Some(state);
            }
            Ok(Err(error)) => {
                tracing::warn!(error = chain(&error), "nothing is kept over a restart")
            }
            Err(error) => tracing::error!(error = error.to_string(), "opening the state failed"),
        }
    }

    /// Leaves the folder of the state to whoever leads.
    async fn keep_nothing(&mut self, supervisor: &mut Supervisor) {
        supervisor.keep_nothing();
        if let Some(state) = self.state.take() {
            let _ = tokio::task::spawn_blocking(move || state.close()).await; // it has said what went wrong
        }
    }

    /// Asks for the lease that is configured, where that is another than before.
    async fn seek_lease(&mut self, supervisor: &mut Supervisor) {
        let wanted = self.config.fleet.lease.as_ref();
        if self.leadership.as_ref().map(Leadership::lease) == wanted {
            return;
        }
        let wanted = wanted.cloned();
        self.follow(supervisor).await;
        self.leadership = wanted.as_ref().map(Leadership::seek);
    }

    /// Ends what only a leader does, and gives its lease back, where the configuration goes on.
    async fn follow(&mut self, supervisor: &mut Supervisor) {
        if let Some(leadership) = self.leadership.take() {
            let mut config = self.config.clone();
            config.fleet.leads = Some(false);
            supervisor.apply(&config.own_share()).await;
            self.keep_nothing(supervisor).await;
            leadership.give_back().await;
        }
    }

    /// The process ends: another one need not wait for the end of the lease. What was put into effect meanwhile
    /// may have been broken off anywhere.
    pub async fn end(mut self, supervisor: &mut Supervisor) {
        if let Some(leadership) = self.leadership.take() {
            supervisor.end_all().await;
            self.keep_nothing(supervisor).await;
            leadership.give_back().await;
        }
    }
}

/// Waits until this process leads, or does no more; forever where it need not.
async fn changed(leadership: &mut Option<Leadership>) {
    match leadership {
        Some(leadership) => leadership.changed().await,
        None => std::future::pending().await,
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
