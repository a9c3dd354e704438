//! What the command line can ask for, from its words to the exit code.

use std::fmt::Display;
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::ops::ControlFlow;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use futures::future::join_all;
use s3_exporter_config::{ConfigError, Origin, WatchedFiles, file};
use s3_exporter_inventory_sql::Dialect;
use s3_exporter_web::web_config;
use tokio::runtime::{Builder, Runtime};

use crate::allocator;
use crate::cli::{self, Apart, Command, Stop};
use crate::config::{Config, Environment, Loader, Rejected};
use crate::discovery::Discoveries;
use crate::log_safe::log_safe;
use crate::logging::{self, Log};
use crate::reload::ReloadSource;
use crate::resolver::{Resolution, ResolverHandle};
use crate::shutdown;
use crate::supervisor::Supervisor;
use crate::telemetry::Telemetry;
use crate::wire::Plugins;
use check::files::Look;

pub mod check;
pub mod explain;
pub mod fit;
mod healthcheck;
pub mod inventory_sql;
pub mod once;
pub mod output;
mod progress;
pub mod report;
pub mod rules;
mod series;
pub mod serve;

/// Listing waits and folds, which two threads do for many destinations; more would only
/// take memory.
const WORKERS: usize = 2;
/// For what the system can do only in a blocking way: names of hosts, small files.
const BLOCKING: usize = 8;
/// How long a blocking call, such as the look-up of a host's name, may delay the end.
const LAST_CALL: Duration = Duration::from_millis(500);

/// The variable that names the system's certificates, as OpenSSL has it.
const ROOTS: &str = "SSL_CERT_FILE";
/// Far above all the authorities there are, in bytes.
const MAX_ROOTS: u64 = 64 << 20;

/// How long those may take who tell of destinations, or of names.
const PATIENCE: Duration = Duration::from_secs(15);

/// Something was tried and failed.
const FAILED: u8 = 1;
/// The command line or the configuration is wrong.
const WRONG: u8 = 2;

/// The whole program: reads the process's arguments and environment, and does what they
/// ask for. `plugins` are the stores that can be watched and the sources of names; a program of its
/// own may pass more than [`wire::plugins`](crate::wire::plugins).
pub fn run(plugins: &Plugins) -> ExitCode {
    let cli = match cli::parse(std::env::args_os()) {
        Ok(cli) => cli,
        Err(Stop::Show(text)) => return success(print(&text)),
        Err(Stop::Wrong(reason)) => {
            complain("error", &reason);
            complain("s3-exporter", &"wrong usage; see s3-exporter --help");
            return ExitCode::from(WRONG);
        }
    };
    let command = cli.command.unwrap_or(Command::Serve { file: None });
    let loader = Loader::new(cli.flags, Environment::of_process(), plugins);
    if let Command::Apart(apart) = &command {
        return apart_from(apart, &loader);
    }
    allocator::keep_to_one_heap();
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
    let followed = loader.followed_file();
    let followed = followed.map(|(path, interval)| (WatchedFiles::new([path]), interval)); // before it is read
    let mut loaded = with_roots(loader.load());
    // The others serve nothing, and may well be run by somebody who cannot read the key.
    if matches!(command, Command::Serve { .. } | Command::Check { .. }) {
        loaded = with_web(loaded);
    }
    if let Err(faults) = report_options(&command) {
        loaded = with(loaded, faults);
    }
    if let Err(faults) = rules_options(&command) {
        loaded = with(loaded, faults);
    }
    if let Err(faults) = engine_of(&command) {
        loaded = with(loaded, faults);
    }
    match loaded {
        Ok(mut config) => {
            match command {
                Command::Serve { .. } => config = config.without_others(),
                _ => config.fleet.leads = None, // whoever asks for something once does not wait
            }
            let source = hangup.map(|hangup| ReloadSource {
                loader,
                hangup,
                followed,
            });
            dispatch(runtime, &command, &config, source)
        }
        Err(rejected) => reject(&rejected),
    }
}

/// What needs no good configuration.
fn apart_from(apart: &Apart, loader: &Loader) -> ExitCode {
    match apart {
        Apart::Healthcheck { ready, .. } => match loader.server() {
            Ok(server) => match healthcheck::ask(&server, *ready) {
                Ok(text) => success(show(&text)),
                Err(reason) => fail(&reason),
            },
            Err(rejected) => reject(&rejected),
        },
        Apart::Completions { shell } => success(print(&cli::completions(*shell))),
        Apart::Man => success(print(&cli::manual())),
    }
}

/// What `report` is asked for; what it would be asked for by default of another command.
fn report_options(command: &Command) -> Result<report::Options, Vec<ConfigError>> {
    match command {
        Command::Report {
            format, fail_on, ..
        } => report::Options::parse(format.as_deref(), fail_on.as_deref()),
        _ => report::Options::parse(None, None),
    }
}

/// What `rules` is asked for, likewise.
fn rules_options(command: &Command) -> Result<rules::Options, Vec<ConfigError>> {
    match command {
        Command::Rules {
            format, runbooks, ..
        } => rules::Options::parse(format.as_deref(), runbooks.as_deref()),
        _ => Ok(rules::Options::default()),
    }
}

/// The engine that `inventory-sql` is asked for, likewise.
fn engine_of(command: &Command) -> Result<Dialect, Vec<ConfigError>> {
    match command {
        Command::InventorySql { engine, .. } => inventory_sql::dialect(engine.as_deref()),
        _ => Ok(Dialect::default()),
    }
}

/// One of these values of a flag; an empty one means unset, and another is a fault.
fn choice<T: Copy>(
    flag: &str,
    given: Option<&str>,
    choices: &[(&str, T)],
    faults: &mut Vec<ConfigError>,
) -> Option<T> {
    let given = given.filter(|given| !given.is_empty())?;
    let found = choices.iter().find(|(name, _)| *name == given);
    if found.is_none() {
        let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
        faults.push(ConfigError {
            origin: Origin::Flag(flag.to_owned()),
            message: format!("is {given:?}: expected {}", names.join(" or ")),
        });
    }
    found.map(|(_, choice)| *choice)
}

/// Adds what is wrong with the web configuration.
fn with_web(loaded: Result<Config, Rejected>) -> Result<Config, Rejected> {
    let server = match &loaded {
        Ok(config) => Some(&config.server),
        Err(rejected) => rejected.server.as_deref(),
    };
    let path = server.and_then(|server| server.web_config_file.as_deref());
    let faults = path.map_or(Vec::new(), web_config::check);
    with(loaded, faults)
}

/// Adds that the system's certificates cannot be read without waiting: whoever speaks TLS opens
/// what this variable names.
fn with_roots(loaded: Result<Config, Rejected>) -> Result<Config, Rejected> {
    let path = std::env::var_os(ROOTS).map(PathBuf::from);
    let fault = path.and_then(|path| {
        let cause = file::look(&path, MAX_ROOTS).err()?;
        (cause.kind() != ErrorKind::NotFound).then(|| ConfigError {
            origin: Origin::Environment(ROOTS.to_owned()),
            message: format!(
                "the certificates in {} cannot be read: {cause}",
                path.display()
            ),
        })
    });
    with(loaded, fault.into_iter().collect())
}

/// What was loaded, with these faults.
fn with(loaded: Result<Config, Rejected>, faults: Vec<ConfigError>) -> Result<Config, Rejected> {
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
    source: Option<ReloadSource>,
) -> ExitCode {
    let mut is_good = true;
    if let Command::Check { connect, .. } = command {
        match check(config, *connect) {
            ControlFlow::Continue(are_good) => is_good = are_good,
            ControlFlow::Break(code) => return code,
        }
    }
    if let (Command::Rules { output, .. }, Ok(options)) = (command, rules_options(command)) {
        warn(config);
        return match rules::rules(config, &options) {
            Ok(text) => success(match named(output.as_deref()) {
                None => show(&text),
                Some(path) => write(path, &text),
            }),
            Err(reason) => fail(&reason),
        };
    }
    // Once, before anything speaks TLS. Where another has installed a provider before us, as
    // a test may, that one is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    if let Some(log) = log_of(command, &config.log) {
        logging::start(&log);
    }
    let code = runtime.block_on(perform(command, config, source));
    runtime.shutdown_timeout(LAST_CALL);
    match is_good {
        true => code,
        false => ExitCode::from(FAILED),
    }
}

/// What `check` tells without asking anybody, and whether the files are of use, or the exit code
/// if that is all. Before it asks, files of no use are told as well as what comes of it.
fn check(config: &Config, connects: bool) -> ControlFlow<ExitCode, bool> {
    let Look { faults, warnings } = check::files::look(config);
    let told = config.warnings.iter().cloned();
    let warnings: Vec<_> = told
        .chain(warnings.iter().map(ToString::to_string))
        .chain(check::findings::unjudged(config))
        .collect();
    if !faults.is_empty() {
        let code = reject(&Rejected {
            faults,
            warnings,
            ..Rejected::default()
        });
        return match connects {
            true => ControlFlow::Continue(false),
            false => ControlFlow::Break(code),
        };
    }
    for warning in &warnings {
        complain("warning", warning);
    }
    let is_shown = show(&check::summary(config));
    if let Some(warning) = series::foreseen(&config.own_share()).filter(|_| !connects) {
        complain("warning", &warning);
    }
    match connects && is_shown {
        true => ControlFlow::Continue(true),
        false => ControlFlow::Break(success(is_shown)),
    }
}

/// The log of a command; `None` where there is none, unless more is asked for.
fn log_of(command: &Command, log: &Log) -> Option<Log> {
    match command {
        Command::Serve { .. } => Some(log.clone()),
        // Mostly run by cron, which sends a mail for each line.
        Command::Once { .. } => Some(with_default(log, "warn")),
        // It says itself how the scans went.
        Command::Report { .. } => Some(with_default(log, "warn,s3_exporter::schedule=off")),
        // What they print says all that the log would.
        Command::Check { .. }
        | Command::Explain { .. }
        | Command::InventorySql { .. }
        | Command::Rules { .. } => (log.level() != "info").then(|| log.clone()),
        Command::Apart(_) => None,
    }
}

/// With another default for the level.
fn with_default(log: &Log, level: &str) -> Log {
    Log {
        level: log.level.clone().or_else(|| Some(level.to_owned())),
        ..log.clone()
    }
}

fn runtime() -> std::io::Result<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .max_blocking_threads(BLOCKING)
        .enable_all()
        .build()
}

async fn perform(command: &Command, config: &Config, source: Option<ReloadSource>) -> ExitCode {
    if matches!(command, Command::Serve { .. }) {
        return perform_with(command, config, source).await;
    }
    let (config, is_whole) = match config.discovery.is_empty() {
        true => (config.clone(), true),
        false => with_discovered(config, command).await,
    };
    // What is said of a key or a report holds wherever it is of.
    let config = match command {
        Command::Explain { .. } | Command::InventorySql { .. } => config,
        _ => config.own_share(),
    };
    let code = perform_with(command, &config, source).await;
    match is_whole {
        true => code,
        false => ExitCode::from(FAILED),
    }
}

/// With all destinations that a command is to know of: `serve` finds more as it goes.
async fn perform_with(
    command: &Command,
    config: &Config,
    source: Option<ReloadSource>,
) -> ExitCode {
    match command {
        Command::Serve { .. } => {
            for warning in &config.warnings {
                tracing::warn!("{warning}");
            }
            look(config);
            match serve::serve(config, &Telemetry::new(), source).await {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => fail(&error.to_string()),
            }
        }
        Command::Check { .. } => {
            let report = check::connect(config).await;
            let is_shown = show(&report.text);
            for warning in &report.warnings {
                complain("warning", warning);
            }
            success(report.success && is_shown)
        }
        Command::Once { textfile, .. } => {
            warn(config);
            once(config, textfile.as_deref()).await
        }
        Command::Report { .. } => {
            warn(config);
            match report_options(command) {
                Ok(options) => {
                    let outcome = report::report(config, options).await;
                    let is_shown = print(&outcome.text); // names in it do nothing already
                    success(outcome.success && is_shown)
                }
                Err(_) => ExitCode::from(WRONG), // told with the configuration's faults
            }
        }
        Command::Rules { .. } => ExitCode::from(WRONG), // it asks nobody, and is done already
        Command::Explain {
            key,
            destination,
            connect,
        } => match explain::explain(config, key, destination.as_deref(), *connect).await {
            Ok(text) => success(show(&text)),
            Err(reason) => fail(&reason),
        },
        Command::InventorySql {
            destination, table, ..
        } => {
            let engine = engine_of(command).unwrap_or_default(); // a fault was told with the configuration's
            let table = named(table.as_deref()).unwrap_or("inventory");
            match inventory_sql::inventory_sql(config, destination, engine, table).await {
                Ok(text) => success(show(&text)),
                Err(reason) => fail(&reason),
            }
        }
        Command::Apart(_) => ExitCode::SUCCESS, // done before anything was loaded
    }
}

/// With the destinations that come from elsewhere now, and whether all of those can be had. `check` says
/// itself what cannot.
async fn with_discovered(config: &Config, command: &Command) -> (Config, bool) {
    let supervisor = Supervisor::new(config);
    let sources = supervisor.sources().into_iter();
    let asked = sources.map(async |(name, handle)| (name, first_word(handle, PATIENCE).await));
    let (mut found, mut is_whole) = (Discoveries::new(), true);
    let tells = !matches!(command, Command::Check { .. });
    for (name, resolution) in join_all(asked).await {
        if tells && !resolution.is_success() {
            let what = "what it tells of cannot all be had";
            let reason = failure(&resolution);
            complain("error", &format!("resolver {name}: {what}: {reason}"));
        }
        is_whole &= resolution.is_delivered();
        found.extend(resolution.discovered.map(|known| (name, known)));
    }
    let config = config.with_discovered(&found);
    for reason in config.discovered.values().flat_map(|of| &of.reasons) {
        complain("warning", reason);
    }
    (config, is_whole)
}

/// Tells which files are of no use at the start. Each heals by itself, so none keeps us from it;
/// nor does a file system that is silent.
fn look(config: &Config) {
    let config = config.clone();
    tokio::task::spawn_blocking(move || {
        for fault in check::files::look(&config).faults {
            tracing::warn!("{fault}");
        }
    });
}

async fn once(config: &Config, textfile: Option<&str>) -> ExitCode {
    let textfile = named(textfile);
    let outcome = once::once(config, &Telemetry::new(), textfile.is_none()).await;
    let is_written = match textfile {
        None => print(&outcome.text),
        Some(path) => write(path, &outcome.text),
    };
    success(outcome.success && is_written)
}

/// Every fault in a line of its own, and their number.
fn reject(rejected: &Rejected) -> ExitCode {
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
    let _ = writeln!(std::io::stderr(), "{what}: {}", log_safe(&message)); // there is nobody else to tell
}

/// What people read, to stdout: names in it do nothing to their terminal.
#[must_use]
fn show(text: &str) -> bool {
    print(&log_safe(text))
}

/// The file that is named; an empty value means unset.
fn named(path: Option<&str>) -> Option<&str> {
    path.filter(|path| !path.is_empty())
}

/// Text into a file that it replaces. False, with the reason on stderr, where that cannot be.
#[must_use]
fn write(path: &str, text: &str) -> bool {
    let written = output::replace_file(Path::new(path), text);
    if let Err(cause) = &written {
        complain("error", &format!("writing {path}: {cause}"));
    }
    written.is_ok()
}

/// Text to stdout, as it is. False, with the reason on stderr, where it cannot be written: who
/// puts it into a file must not take half of it for the whole. A reader that has seen enough
/// and goes (`| head`) is no failure.
#[must_use]
fn print(text: &str) -> bool {
    match write_out(text) {
        Err(cause) if cause.kind() != std::io::ErrorKind::BrokenPipe => {
            complain("error", &format!("writing to stdout: {cause}"));
            false
        }
        _ => true,
    }
}

fn write_out(text: &str) -> std::io::Result<()> {
    // The library's own handle says nothing where stdout is open for reading alone.
    let mut stdout = File::from(std::io::stdout().as_fd().try_clone_to_owned()?);
    stdout.write_all(text.as_bytes())?;
    if stdout.metadata()?.is_file() {
        stdout.sync_data()?; // a disk over the network may say only now that it is full
    }
    Ok(())
}

/// The first word of a resolver, or its silence after `patience`.
async fn first_word(mut names: ResolverHandle, patience: Duration) -> Resolution {
    let waited =
        tokio::time::timeout(patience, names.resolution.wait_for(|now| !now.is_pending())).await;
    drop(waited);
    names.resolution.borrow().clone()
}

/// Why a resolver that has no names has none.
fn failure(resolution: &Resolution) -> &str {
    resolution.failure.as_deref().unwrap_or("no answer yet")
}
