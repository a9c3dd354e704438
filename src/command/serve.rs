//! `serve`: scans on schedule and answers scrapes, until it is told to stop.

use std::sync::Arc;

use s3_exporter_api::Fault;
use tokio_util::sync::CancellationToken;

use crate::config::{Compat, Config, Server};
use crate::exporter::Exporter;
use crate::exposition::Exposition;
use crate::http::server::{self, Limits, Listener};
use crate::http::web::Web;
use crate::http::{App, router};
use crate::shutdown;
use crate::state::State;
use crate::telemetry::{self, Telemetry};

/// Runs the exporter until SIGTERM or SIGINT.
///
/// # Errors
/// An address that cannot be listened on, or a state directory that another process holds:
/// which, why, and what to do.
pub async fn serve(config: &Config, telemetry: &Telemetry) -> Result<(), String> {
    let shutdown = shutdown::on_signal()
        .map_err(|error| format!("cannot install a handler for SIGTERM: {error}"))?;
    let web = Web::open(&config.server).map_err(|faults| {
        let faults: Vec<_> = faults.iter().map(Fault::to_string).collect();
        faults.join("; ")
    })?;
    let listeners = bind(&config.server)?;
    let names = config.destinations.iter().map(|of| &*of.name);
    let state = match &config.state_directory {
        Some(directory) => Some(State::open(directory, names)?),
        None => None,
    };
    let setup = Setup { web, state };
    let state = setup.state.clone();
    run(config, telemetry, setup, listeners, shutdown).await;
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
/// what comes.
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
    let exposition = Arc::new(Exposition::new(
        exporter.board(),
        &config.metrics,
        config.max_clusters,
    ));
    let app = App::new(Arc::clone(&exposition), telemetry.clone(), config);
    exporter.start();
    tokio::select! {
        () = exposition.follow() => {}
        () = server::serve(listeners, router(Arc::new(app)), Arc::new(web), Limits::default(), shutdown) => {}
    }
    tracing::info!("stopped");
}
