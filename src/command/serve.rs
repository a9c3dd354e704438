//! `serve`: scans on schedule and answers scrapes, until it is told to stop.

use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io};

use s3_exporter_api::chain;
use s3_exporter_config::ConfigError;
use s3_exporter_web::{BindError, Limits, Listener, WebConfig};
use tokio_util::sync::CancellationToken;

use crate::config::{Compat, Config, Server};
use crate::exposition::Exposition;
use crate::http::{self, App, router};
use crate::reload::{ReloadSource, Reloader};
use crate::shutdown;
use crate::state::{State, StateError};
use crate::supervisor::Supervisor;
use crate::telemetry::{self, Telemetry};

/// So long those have who ask at the start, before scans take all cores: what was kept is there already.
const HEAD_START: Duration = Duration::from_millis(100);

/// Runs the exporter until SIGTERM or SIGINT.
///
/// # Errors
/// An address that cannot be listened on, or a state directory that another process holds:
/// which, why, and what to do.
pub async fn serve(
    config: &Config,
    telemetry: &Telemetry,
    source: Option<ReloadSource>,
) -> Result<(), ServeError> {
    let shutdown = shutdown::on_signal().map_err(ServeError::Signal)?;
    let web = web(&config.server).map_err(ServeError::Web)?;
    let listeners = bind(&config.server).map_err(ServeError::Listen)?;
    let names = config.destinations.iter().map(|of| &*of.name);
    let state = match &config.state_directory {
        // Whoever leads has it.
        _ if config.fleet.lease.is_some() => None,
        Some(directory) => Some(State::open(directory, names).map_err(ServeError::State)?),
        None => None,
    };
    let setup = Setup {
        web,
        state: state.clone(),
        source,
    };
    run(config, telemetry, setup, listeners, shutdown).await;
    if let Some(state) = state {
        state.close();
    }
    Ok(())
}

/// Why nothing is served.
#[derive(Debug)]
pub enum ServeError {
    /// No handler for SIGTERM can be installed.
    Signal(io::Error),
    /// What is wrong with the web configuration.
    Web(Vec<ConfigError>),
    /// An address cannot be listened on.
    Listen(BindError),
    /// The state's folder is not to be had.
    State(StateError),
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signal(cause) => write!(f, "cannot install a handler for SIGTERM: {cause}"),
            Self::Web(faults) => {
                let faults: Vec<_> = faults.iter().map(ConfigError::to_string).collect();
                f.write_str(&faults.join("; "))
            }
            Self::Listen(cause) => cause.fmt(f),
            Self::State(cause) => f.write_str(&chain(cause)),
        }
    }
}

impl std::error::Error for ServeError {}

/// Who may ask, and how.
fn web(server: &Server) -> Result<WebConfig, Vec<ConfigError>> {
    let path = server.web_config_file.as_deref();
    let web = path.map_or_else(|| Ok(WebConfig::default()), WebConfig::open)?;
    Ok(match server.probes_without_auth {
        true => web.with_probes(&http::PROBES),
        false => web,
    })
}

/// Listens on all addresses, or on none.
///
/// # Errors
/// The first address where that cannot be, and why.
pub fn bind(server: &Server) -> Result<Vec<Listener>, BindError> {
    let mut listeners = Vec::new();
    for (addresses, admin) in [(&server.listen, false), (&server.admin_listen, true)] {
        for address in addresses {
            listeners.extend(s3_exporter_web::bind(address, admin)?);
        }
    }
    Ok(listeners)
}

/// What is served with, beside the configuration: by default none of it.
#[derive(Default)]
pub struct Setup {
    /// Who may ask, and how.
    pub web: WebConfig,
    /// Where what is known is kept over a restart.
    pub state: Option<Arc<State>>,
    /// Where the configuration can be read again.
    pub source: Option<ReloadSource>,
}

/// Runs the exporter until `shutdown`.
pub async fn run(
    config: &Config,
    telemetry: &Telemetry,
    setup: Setup,
    listeners: Vec<Listener>,
    shutdown: CancellationToken,
) {
    for listener in &listeners {
        if let Ok(address) = listener.socket.local_addr() {
            tracing::info!(
                address = address.to_string(),
                version = telemetry::VERSION,
                destinations = config.own_share().destinations.len(),
                "listening; the metrics are at /metrics, the status page is at /status, for browsers at / too"
            );
        }
    }
    if config.metrics.compat.contains(&Compat::KubermaticS3) {
        tracing::info!(
            "coming from Kubermatic's s3-exporter, change two expressions: \
             kubermatic_s3_object_last_modified_time_seconds is in seconds now, and 0 where there is none \
             (`time() - x / (1 + 999999999 * (x > bool 1e15)) > 3600` serves both), \
             and kubermatic_s3_query_success is 1 on success and 0 on failure"
        );
    }
    telemetry.is_of(&config.fleet);
    let mut supervisor = Supervisor::new(&config.own_share());
    let head_start = match &setup.state {
        Some(_) => HEAD_START,
        None => Duration::ZERO, // there is nothing to show before the first scans
    };
    if let Some(state) = &setup.state {
        supervisor.remember(Arc::clone(state));
    }
    let exposition = Arc::new(Exposition::new(supervisor.snapshots(), &config.metrics));
    let app = App::new(Arc::clone(&exposition), telemetry.clone(), config);
    let mut app = app.with_targets(supervisor.targets());
    let mut reloader = None;
    if let Some(source) = setup.source {
        let (does, asks) = Reloader::new(source, config, telemetry, &exposition, setup.state);
        app = app.with_reloads(asks);
        reloader = Some(does);
    }
    let router = router(Arc::new(app));
    let web = Arc::new(http::protect(setup.web));
    tokio::select! {
        () = exposition.follow() => {}
        () = working(head_start, reloader.as_mut(), &mut supervisor) => {}
        () = s3_exporter_web::serve(listeners, router, web, Limits::default(), shutdown) => {}
    }
    if let Some(reloader) = reloader {
        reloader.end(&mut supervisor).await;
    }
    tracing::info!("stopped");
}

/// Scans and reloads for as long as the future lives, after a while.
async fn working(
    head_start: Duration,
    reloader: Option<&mut Reloader>,
    supervisor: &mut Supervisor,
) {
    tokio::time::sleep(head_start).await;
    supervisor.start();
    match reloader {
        Some(reloader) => reloader.run(supervisor).await,
        None => std::future::pending().await,
    }
}
