//! `serve`: scans on schedule and answers scrapes, until it is told to stop.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::config::{Compat, Config, Server};
use crate::exporter::Exporter;
use crate::exposition::Exposition;
use crate::http::server::{self, Listener};
use crate::http::{App, router};
use crate::reload::{Reloader, Source};
use crate::shutdown;
use crate::state::State;
use crate::telemetry::{self, Telemetry};

/// Runs the exporter until SIGTERM or SIGINT.
///
/// # Errors
/// An address that cannot be listened on, or a state directory that another process holds:
/// which, why, and what to do.
pub async fn serve(
    config: &Config,
    telemetry: &Telemetry,
    source: Option<Source>,
) -> Result<(), String> {
    let shutdown = shutdown::on_signal()
        .map_err(|error| format!("cannot install a handler for SIGTERM: {error}"))?;
    let listeners = bind(&config.server)?;
    let names = config.destinations.iter().map(|of| &*of.name);
    let state = match &config.state_directory {
        Some(directory) => Some(State::open(directory, names)?),
        None => None,
    };
    run(
        config,
        telemetry,
        listeners,
        shutdown,
        state.as_ref(),
        source,
    )
    .await;
    if let Some(state) = state {
        state.close();
    }
    Ok(())
}

/// Listens on all addresses, or on none.
///
/// # Errors
/// As [`server::bind`].
pub fn bind(server: &Server) -> Result<Vec<Listener>, String> {
    let mut listeners = Vec::new();
    for (addresses, admin) in [(&server.listen, false), (&server.admin_listen, true)] {
        for address in addresses {
            listeners.extend(server::bind(address, admin)?);
        }
    }
    Ok(listeners)
}

/// Runs the exporter until `shutdown`. With `state` it goes on from what was kept, and keeps
/// what comes. With a `source` the configuration can be read again.
pub async fn run(
    config: &Config,
    telemetry: &Telemetry,
    listeners: Vec<Listener>,
    shutdown: CancellationToken,
    state: Option<&Arc<State>>,
    source: Option<Source>,
) {
    for listener in &listeners {
        if let Ok(address) = listener.socket.local_addr() {
            tracing::info!(
                address = address.to_string(),
                version = telemetry::VERSION,
                destinations = config.destinations.len(),
                "listening; the metrics are at /metrics, the status page is at /"
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
    let mut exporter = Exporter::new(config);
    if let Some(state) = state {
        exporter.remember(state);
    }
    let exposition = Arc::new(Exposition::new(exporter.board(), &config.metrics));
    let mut app = App::new(Arc::clone(&exposition), telemetry.clone(), config);
    let mut reloader = None;
    if let Some(source) = source {
        let (does, asks) = Reloader::new(source, config, telemetry, &exposition);
        app = app.with_reloads(asks);
        reloader = Some(does);
    }
    exporter.start();
    tokio::select! {
        () = exposition.follow() => {}
        () = reloading(reloader, &mut exporter) => {}
        () = server::serve(listeners, router(Arc::new(app)), shutdown) => {}
    }
    tracing::info!("stopped");
}

/// Reloads for as long as the future lives.
async fn reloading(reloader: Option<Reloader>, exporter: &mut Exporter) {
    match reloader {
        Some(reloader) => reloader.run(exporter).await,
        None => std::future::pending().await,
    }
}
