//! The log: what is let through, in which form, and that it can be changed while we run.

use std::io::IsTerminal;
use std::panic::PanicHookInfo;
use std::sync::OnceLock;

use indicatif::ProgressBar;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

pub mod filter;
mod json;
mod lines;

use filter::DEFAULT_LEVEL;

/// How to log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// A level or a tracing filter; `None` where nobody asks for one.
    pub level: Option<String>,
    /// The form of a line; `None` where it follows from who reads it.
    pub format: Option<LogFormat>,
}

impl Log {
    /// The level or the filter that holds.
    pub fn level(&self) -> &str {
        self.level.as_deref().unwrap_or(DEFAULT_LEVEL)
    }
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Console,
}

/// Sets another filter of the log. There is one log in a process, and so one of these.
static SET_FILTER: OnceLock<SetFilter> = OnceLock::new();

type SetFilter = Box<dyn Fn(EnvFilter) + Send + Sync>;

/// Sends log lines to stderr from now on: for people where that is a terminal, unless told
/// otherwise. Does nothing where lines are sent somewhere already.
pub fn start(log: &Log) {
    let is_terminal = std::io::stderr().is_terminal();
    let format = log.format.unwrap_or(match is_terminal {
        true => LogFormat::Console,
        false => LogFormat::Json,
    });
    let ansi = has_colours(is_terminal);
    let (subscriber, set_filter) = subscriber(log.level(), format, ansi, lines::Lines);
    // Otherwise another subscriber is there: as in tests.
    if subscriber.try_init().is_ok() {
        let _ = SET_FILTER.set(set_filter); // nobody was before us, or `try_init` had failed
        std::panic::set_hook(Box::new(log_panic)); // or plain text stands between the lines
    }
}

/// Has each line of the log stand above this bar at the terminal from now on, and not in it.
pub fn stand_aside_for(bar: Option<ProgressBar>) {
    lines::stand_aside_for(bar);
}

/// Whether what is shown there has colours.
pub fn has_colours(is_terminal: bool) -> bool {
    // By https://no-color.org any text but none asks for no colours.
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let is_dumb = std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
    is_terminal && !no_color && !is_dumb
}

/// A panic is contained where it happens; here it is told.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let error = panic.payload_as_str().unwrap_or("a panic without a text");
    let place = panic.location().map(ToString::to_string);
    tracing::error!(
        error,
        place,
        "a panic; this is a fault of s3-exporter: please report it with the log"
    );
}

/// Logs by another `log.level` from now on. Does nothing before [`start`], and where the level
/// is not one that the configuration lets through.
pub fn set_level(level: &str) {
    if let (Some(set_filter), Ok(filter)) = (SET_FILTER.get(), filter::parse(level)) {
        set_filter(filter);
    }
}

fn subscriber<W>(
    level: &str,
    format: LogFormat,
    ansi: bool,
    writer: W,
) -> (Box<dyn tracing::Subscriber + Send + Sync>, SetFilter)
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let builder = tracing_subscriber::fmt()
        // The configuration has been checked with the same function.
        .with_env_filter(filter::parse(level).unwrap_or_else(|_| EnvFilter::new(DEFAULT_LEVEL)))
        .with_writer(writer)
        .log_internal_errors(false); // a closed stderr would be a panic
    match format {
        LogFormat::Json => {
            let builder = builder.event_format(json::Json).with_filter_reloading();
            let handle = builder.reload_handle();
            let set: SetFilter = Box::new(move |filter| drop(handle.reload(filter)));
            let lines = builder.finish().with(filter_fn(filter::may_be_logged));
            (Box::new(lines), set)
        }
        LogFormat::Console => {
            let builder = builder.with_ansi(ansi).with_filter_reloading();
            let handle = builder.reload_handle();
            let set: SetFilter = Box::new(move |filter| drop(handle.reload(filter)));
            let lines = builder.finish().with(filter_fn(filter::may_be_logged));
            (Box::new(lines), set)
        }
    }
}
