//! Reads the configuration again while the exporter runs, at SIGHUP or when it is asked to:
//! a good one is put into effect, a bad one changes nothing.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::signal::unix::Signal;

use crate::config::{Config, Loader, Rejected, Server};
use crate::exposition::Exposition;
use crate::logging::{self, LogFormat};
use crate::reload_requests::{self, ReloadOutcome, ReloadRequests, Reloads};
use crate::supervisor::{Changes, Supervisor};
use crate::telemetry::Telemetry;
use crate::words::Count;

/// Where configurations come from, and when.
pub struct ReloadSource {
    /// Reads it.
    pub loader: Loader,
    /// Says when, beside those who ask.
    pub hangup: Signal,
}

/// Does reloads, one after another.
pub struct Reloader {
    source: ReloadSource,
    requests: ReloadRequests,
    fixed: RestartOnly,
    telemetry: Telemetry,
    exposition: Arc<Exposition>,
}

/// What cannot change while the process runs.
struct RestartOnly {
    server: Server,
    log_format: Option<LogFormat>,
    state_directory: Option<PathBuf>,
}

impl Reloader {
    /// For a process that was started with `config`.
    pub fn new(
        source: ReloadSource,
        config: &Config,
        telemetry: &Telemetry,
        exposition: &Arc<Exposition>,
    ) -> (Self, Reloads) {
        let (reloads, requests) = reload_requests::channel();
        let reloader = Self {
            source,
            requests,
            fixed: RestartOnly {
                server: config.server.clone(),
                log_format: config.log.format,
                state_directory: config.state_directory.clone(),
            },
            telemetry: telemetry.clone(),
            exposition: Arc::clone(exposition),
        };
        (reloader, reloads)
    }

    /// Reloads whenever it is to, until the future is dropped.
    pub async fn run(mut self, supervisor: &mut Supervisor) {
        loop {
            tokio::select! {
                Some(()) = self.source.hangup.recv() => {
                    self.reload(supervisor, "SIGHUP").await;
                }
                Some(request) = self.requests.next() => {
                    let outcome = self.reload(supervisor, "a request").await;
                    request.answer(outcome);
                }
                else => std::future::pending().await,
            }
        }
    }

    async fn reload(&self, supervisor: &mut Supervisor, cause: &str) -> ReloadOutcome {
        tracing::info!(cause, "reading the configuration again");
        let outcome = self.attempt(supervisor).await;
        self.telemetry
            .reloaded(matches!(outcome, ReloadOutcome::Done(_)));
        outcome
    }

    async fn attempt(&self, supervisor: &mut Supervisor) -> ReloadOutcome {
        if self.source.loader.is_flags_alone() {
            let text = "there is nothing to read again: the configuration is made of flags alone";
            tracing::info!("{text}");
            return ReloadOutcome::Done(vec![text.to_owned()]);
        }
        let loader = self.source.loader.clone();
        match tokio::task::spawn_blocking(move || loader.load()).await {
            Ok(Ok(config)) => self.put_into_effect(supervisor, &config).await,
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

    async fn put_into_effect(&self, supervisor: &mut Supervisor, config: &Config) -> ReloadOutcome {
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

impl RestartOnly {
    /// What is to be another than it is.
    fn differences(&self, config: &Config) -> Vec<String> {
        let (was, is) = (&self.server, &config.server);
        [
            ("server.listen", was.listen != is.listen),
            ("server.admin_listen", was.admin_listen != is.admin_listen),
            (
                "server.web_config_file",
                was.web_config_file != is.web_config_file,
            ),
            (
                "server.probes_without_auth",
                was.probes_without_auth != is.probes_without_auth,
            ),
            ("log.format", self.log_format != config.log.format),
            (
                "state.directory",
                self.state_directory != config.state_directory,
            ),
        ]
        .into_iter()
        .filter(|(_, differs)| *differs)
        .map(|(key, _)| {
            format!("`{key}` needs a restart: what it was when the process started still holds")
        })
        .collect()
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
