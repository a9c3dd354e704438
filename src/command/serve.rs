//! `serve`: scans on schedule and answers scrapes, until it is told to stop.

use crate::config::Config;
use crate::telemetry::Telemetry;

/// Runs the exporter until SIGTERM or SIGINT.
///
/// # Errors
/// An address that cannot be listened on.
pub async fn serve(_config: &Config, _telemetry: &Telemetry) -> Result<(), String> {
    unimplemented!()
}
