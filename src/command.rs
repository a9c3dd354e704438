//! What the command line can ask for, from its words to the exit code.

use std::fmt::Display;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use s3_exporter_api::Plugin;
use tokio::runtime::{Builder, Runtime};

use crate::cli::{self, Command, Stop};
use crate::config::{Config, Environment, Loader, Log, Rejected};
use crate::http::web;
use crate::reload::Source;
use crate::resolver::{Names, Resolution};
use crate::shutdown;
use crate::telemetry::{self, Telemetry};
use crate::visible::visible;

pub mod check;
pub mod explain;
pub mod fit;
pub mod once;
mod series;
pub mod serve;

/// Listing waits and folds, which two threads do for many destinations; more would only
/// take memory.
const WORKERS: usize = 2;
/// For what the system can do only in a blocking way: names of hosts, small files.
const BLOCKING: usize = 8;
/// How long a blocking call, such as the look-up of a host's name, may delay the end.
const LAST_CALL: Duration = Duration::from_millis(500);

/// Something was tried and failed.
const FAILED: u8 = 1;
/// The command line or the configuration is wrong.
const WRONG: u8 = 2;

/// The whole program: reads the process's arguments and environment, and does what they
/// ask for. `plugins` are the stores that can be watched; a program of its own may pass
/// more than [`wire::plugins`](crate::wire::plugins).
pub fn run(plugins: &[Plugin]) -> ExitCode {
    let cli = match cli::parse(std::env::args_os()) {
        Ok(cli) => cli,
        Err(Stop::Show(text)) => return print(&text),
        Err(Stop::Wrong(reason)) => {
            complain("error", &reason);
            complain("s3-exporter", &"wrong usage; see s3-exporter --help");
            return ExitCode::from(WRONG);
        }
    };
    let command = cli.command.unwrap_or(Command::Serve { file: None });
    let loader = Loader::new(cli.flags, Environment::of_process(), plugins);
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(cause) => return fail(&format!("starting threads: {cause}")),
    };
    // Before anything that takes time: without a handler a SIGHUP ends the process.
    let hangup = match command {
        Command::Serve { .. } => {
            let _within = runtime.enter();
            Some(shutdown::hangup())
        }
        _ => None, // the terminal is closed: an end is what is meant
    };
    let hangup = match hangup.transpose() {
        Ok(hangup) => hangup,
        Err(cause) => return fail(&format!("cannot install a handler for SIGHUP: {cause}")),
    };
    let mut loaded = loader.load();
    // The others serve nothing, and may well be run by somebody who cannot read the key.
    if matches!(command, Command::Serve { .. } | Command::Check { .. }) {
        loaded = with_web(loaded);
    }
    match loaded {
        Ok(config) => {
            let source = hangup.map(|hangup| Source { loader, hangup });
            dispatch(runtime, &command, &config, source)
        }
        Err(rejected) => report(&rejected),
    }
}

/// Adds what is wrong with the web configuration.
fn with_web(loaded: Result<Config, Rejected>) -> Result<Config, Rejected> {
    let path = match &loaded {
        Ok(config) => &config.server.web_config_file,
        Err(rejected) => &rejected.web_config_file,
    };
    let faults = path.as_deref().map_or(Vec::new(), web::check);
    if faults.is_empty() {
        return loaded;
    }
    let mut rejected = loaded.map_or_else(
        |rejected| rejected,
        |config| Rejected {
            warnings: config.warnings,
            ..Rejected::default()
        },
    );
    rejected.faults.extend(faults);
    Err(rejected)
}

fn dispatch(
    runtime: Runtime,
    command: &Command,
    config: &Config,
    source: Option<Source>,
) -> ExitCode {
    if let Command::Check { connect, .. } = command {
        warn(config);
        let code = show(&check::summary(config));
        if !connect {
            if let Some(warning) = series::foreseen(config) {
                complain("warning", &warning);
            }
            return code;
        }
    }
    // Once, before anything speaks TLS. Where another has installed a provider before us, as
    // a test may, that one is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    if let Some(log) = log_of(command, &config.log) {
        telemetry::log(&log);
    }
    let code = runtime.block_on(perform(command, config, source));
    runtime.shutdown_timeout(LAST_CALL);
    code
}

/// The log of a command; `None` where there is none, unless more is asked for.
fn log_of(command: &Command, log: &Log) -> Option<Log> {
    match command {
        Command::Serve { .. } => Some(log.clone()),
        // Mostly run by cron, which sends a mail for each line.
        Command::Once { .. } => Some(Log {
            level: log.level.clone().or_else(|| Some("warn".to_owned())),
            ..log.clone()
        }),
        // What they print says all that the log would.
        Command::Check { .. } | Command::Explain { .. } => {
            (log.level() != "info").then(|| log.clone())
        }
    }
}

fn runtime() -> std::io::Result<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .max_blocking_threads(BLOCKING)
        .enable_all()
        .build()
}

async fn perform(command: &Command, config: &Config, source: Option<Source>) -> ExitCode {
    match command {
        Command::Serve { .. } => {
            for warning in &config.warnings {
                tracing::warn!("{warning}");
            }
            match serve::serve(config, &Telemetry::new(), source).await {
                Ok(()) => ExitCode::SUCCESS,
                Err(reason) => fail(&reason),
            }
        }
        Command::Check { .. } => {
            let report = check::connect(config).await;
            show(&report.text);
            if let Some(warning) = &report.warning {
                complain("warning", warning);
            }
            success(report.success)
        }
        Command::Once { textfile, .. } => {
            warn(config);
            once(config, textfile.as_deref()).await
        }
        Command::Explain { key, destination } => {
            match explain::explain(config, key, destination.as_deref()).await {
                Ok(text) => show(&text),
                Err(reason) => fail(&reason),
            }
        }
    }
}

async fn once(config: &Config, textfile: Option<&str>) -> ExitCode {
    let textfile = textfile.filter(|path| !path.is_empty()); // an empty value means unset
    let outcome = once::once(config, &Telemetry::new(), textfile.is_none()).await;
    match textfile {
        None => {
            print(&outcome.text);
        }
        Some(path) => {
            if let Err(cause) = once::write_textfile(Path::new(path), &outcome.text) {
                return fail(&format!("writing {path}: {cause}"));
            }
        }
    }
    success(outcome.success)
}

/// Every fault in a line of its own, and their number.
fn report(rejected: &Rejected) -> ExitCode {
    for warning in &rejected.warnings {
        complain("warning", warning);
    }
    for fault in &rejected.faults {
        complain("error", fault);
    }
    let faults = match rejected.faults.len() {
        1 => "a fault".to_owned(),
        count => format!("{count} faults"),
    };
    complain("s3-exporter", &format!("the configuration has {faults}"));
    ExitCode::from(WRONG)
}

fn warn(config: &Config) {
    for warning in &config.warnings {
        complain("warning", warning);
    }
}

fn fail(reason: &str) -> ExitCode {
    complain("error", &reason);
    ExitCode::from(FAILED)
}

fn success(success: bool) -> ExitCode {
    if success {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(FAILED)
    }
}

/// A line to stderr; line ends within it, which a name may hold, don't begin another.
fn complain(what: &str, message: &dyn Display) {
    let message = message.to_string().replace(['\n', '\r'], " ");
    let _ = writeln!(std::io::stderr(), "{what}: {}", visible(&message)); // there is nobody else to tell
}

/// What people read, to stdout: names in it do nothing to their terminal.
fn show(text: &str) -> ExitCode {
    print(&visible(text))
}

/// Text to stdout, as it is. A reader that has seen enough and goes (`| head`) is no failure.
fn print(text: &str) -> ExitCode {
    let mut stdout = std::io::stdout();
    let written = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
    match written {
        Err(cause) if cause.kind() != std::io::ErrorKind::BrokenPipe => {
            fail(&format!("writing to stdout: {cause}"))
        }
        _ => ExitCode::SUCCESS,
    }
}

/// The first word of a resolver, or its silence after `patience`.
async fn first_word(mut names: Names, patience: Duration) -> Resolution {
    let waited =
        tokio::time::timeout(patience, names.resolution.wait_for(|now| !now.is_pending())).await;
    drop(waited);
    names.resolution.borrow().clone()
}

/// Why a resolver that has no names has none.
fn failure(resolution: &Resolution) -> &str {
    resolution.failure.as_deref().unwrap_or("no answer yet")
}
