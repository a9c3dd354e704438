//! `healthcheck`: asks the exporter that runs on this machine, for what needs no shell and no curl:
//! a container's health check, a probe of Kubernetes'.

use std::time::Duration;

use s3_exporter_web::probe::{self, Answer};
use tokio::runtime::Builder;

use crate::config::Server;
use crate::http::PROBES;

/// How long it may take in all.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes of an answer that are told.
const TOLD: usize = 400;

/// Asks at each of the addresses until one answers: whether it is healthy, or, with `ready`,
/// whether it has figures of every destination.
///
/// # Errors
/// Why not, in one line.
pub fn ask(server: &Server, ready: bool) -> Result<String, String> {
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|cause| format!("starting: {cause}"))?;
    runtime.block_on(ask_all(server, ready))
}

async fn ask_all(server: &Server, ready: bool) -> Result<String, String> {
    let path = PROBES[usize::from(ready)];
    let web_config = server.web_config_file.as_deref();
    let mut failures = Vec::new();
    for address in &server.listen {
        let asked = probe::ask(address, web_config, path);
        let failure = match tokio::time::timeout(PATIENCE, asked).await {
            Ok(Ok(answer)) => return judge(&answer, address, ready),
            Ok(Err(failure)) => failure.to_string(),
            Err(_) => format!("no answer from {address} within {} s", PATIENCE.as_secs()),
        };
        failures.push(failure);
    }
    Err(failures.join("; "))
}

/// That it answers says that it is healthy (its loops run on the same threads), also where it does
/// not know us; whether it is ready says the answer alone.
fn judge(answer: &Answer, address: &str, ready: bool) -> Result<String, String> {
    match (answer, ready) {
        (Answer::Said { status: 200, .. }, false) => Ok("healthy\n".to_owned()),
        (Answer::Said { status: 200, .. }, true) => Ok("ready\n".to_owned()),
        (Answer::Said { status: 401, .. }, false) => {
            Ok("healthy: it answers, and asks for a password\n".to_owned())
        }
        (Answer::WantsCertificate, false) => {
            Ok("healthy: it answers, and asks for a client's certificate\n".to_owned())
        }
        (Answer::Said { status: 401, .. }, true) => Err(format!(
            "the exporter at {address} asks for a password: set `probes_without_auth = true` in [server]"
        )),
        (Answer::WantsCertificate, true) => Err(format!(
            "the exporter at {address} asks for a client's certificate, and so nothing but its health \
             can be asked for: leave out --ready"
        )),
        (Answer::Said { status, body }, _) => {
            let body: String = body.chars().take(TOLD).collect();
            Err(format!(
                "the exporter at {address} answers {status}: {}",
                body.trim()
            ))
        }
    }
}
