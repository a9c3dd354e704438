//! When to stop, and when to read the configuration again.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// A token that is cancelled by SIGTERM and by SIGINT (Ctrl-C).
///
/// # Errors
/// The system lets us install no handler.
pub fn on_signal() -> std::io::Result<CancellationToken> {
    let token = CancellationToken::new();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let cancel = token.clone();
    tokio::spawn(async move {
        let name = tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        };
        tracing::info!(signal = name, "stopping");
        cancel.cancel();
    });
    Ok(token)
}

/// Tells of each SIGHUP from now on, which no longer ends the process. Several that come at
/// once may be told as one. Must be called within a tokio runtime.
///
/// # Errors
/// The system lets us install no handler.
pub fn hangup() -> std::io::Result<Signal> {
    signal(SignalKind::hangup())
}
