//! Where the configuration is to be found, read once: the only I/O of loading it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use s3_exporter_config::file::{self, Patience};
use s3_exporter_config::{ConfigError, Origin};

use super::environment::Environment;
use super::flags::of_destination;
use super::target;
use crate::cli::Flags;
use crate::cli::flags::{AUTO_RELOAD, AUTO_RELOAD_INTERVAL, CONFIG, ENDPOINT, Flag, TARGET};

/// The file that is read where none is named.
pub const DEFAULT_FILE: &str = "config.toml";
/// Bytes of a file at most: it is read again while scrapes are answered, and a path that leads
/// to `/dev/zero` must not take all memory then. It is room for 200,000 destinations of three keys each.
const LARGEST: u64 = 16 << 20;
/// A configuration may be a pipe, which a shell's `<(...)` makes; who fills it may have to ask
/// for a password first.
const PATIENCE: Patience = Patience {
    writer: Duration::from_secs(10),
    end: Duration::from_secs(60),
};

/// From one look at a file that is followed to the next, as at every other that is.
const LOOK: Duration = Duration::from_secs(1);
/// Whoever looks more seldom does not follow it.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// Everything that a configuration is made of. (No `Debug`: secrets are in it.)
pub struct Sources<'a> {
    /// The command line's.
    pub flags: &'a Flags,
    /// The environment.
    pub environment: &'a Environment,
    /// The file's path and text; without one, flags alone make a destination.
    pub file: Option<(PathBuf, Arc<str>)>,
    /// What is wrong with the choice, so that it only matters what else is wrong.
    pub faults: Vec<ConfigError>,
    /// What is odd about the choice.
    pub warnings: Vec<String>,
}

impl<'a> Sources<'a> {
    /// Of flags and environment alone.
    pub fn without_file(flags: &'a Flags, environment: &'a Environment) -> Self {
        Self {
            flags,
            environment,
            file: None,
            faults: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// Finds the file, if there is to be one, and reads it.
    ///
    /// # Errors
    /// None is named or found, and no `-endpoint` either; or it cannot be read.
    pub fn gather(
        flags: &'a Flags,
        environment: &'a Environment,
    ) -> Result<Self, Vec<ConfigError>> {
        let mut sources = Self::without_file(flags, environment);
        match auto_reload(flags) {
            Err(fault) => sources.faults.push(fault),
            Ok(None) if flags.has(&AUTO_RELOAD_INTERVAL) => sources.warnings.push(format!(
                "flag {}: it is of no use without {}",
                AUTO_RELOAD_INTERVAL.shown(),
                AUTO_RELOAD.shown()
            )),
            Ok(_) => {}
        }
        if flags.has(&TARGET) {
            sources.faults.extend(target::faults(flags));
            return Ok(sources);
        }
        let (default, has_default) = (Path::new(DEFAULT_FILE), has_default());
        let named = flags.text(&CONFIG);
        let path = match (named, flags.text(&ENDPOINT)) {
            (Some(path), _) => Path::new(path),
            (None, Some(_)) => {
                if has_default {
                    sources.warnings.push(format!(
                        "{DEFAULT_FILE} in the working folder is not read, because there is -endpoint"
                    ));
                }
                if flags.is_on(&AUTO_RELOAD) {
                    sources.warnings.push(
                        "flag --config.auto-reload: there is no file to follow, because there is -endpoint".to_owned(),
                    );
                }
                return Ok(sources);
            }
            (None, None) if has_default => default,
            (None, None) => return Err(vec![nothing_to_watch()]),
        };
        sources.faults.extend(ambiguous(flags, path));
        match read(path, named.is_some()) {
            Ok(text) => sources.file = Some((path.to_owned(), text)),
            Err(fault) => {
                sources.faults.push(fault);
                return Err(sources.faults);
            }
        }
        Ok(sources)
    }
}

/// How often the file is looked at; `None` where it is not followed.
///
/// # Errors
/// That is no time between two looks.
pub fn auto_reload(flags: &Flags) -> Result<Option<Duration>, ConfigError> {
    let interval = match flags.text(&AUTO_RELOAD_INTERVAL) {
        None => LOOK,
        Some(text) => {
            let parsed = humantime::parse_duration(text).ok();
            // An `M` would be a month.
            let is_good = |of: &Duration| !of.is_zero() && *of <= LONGEST && !text.contains('M');
            parsed.filter(is_good).ok_or_else(|| ConfigError {
                origin: Origin::Flag(AUTO_RELOAD_INTERVAL.shown()),
                message: format!(
                    "it is {text:?}: expected a duration above zero and not above 1day, such as \"30s\""
                ),
            })?
        }
    };
    Ok(flags.is_on(&AUTO_RELOAD).then_some(interval))
}

/// Whether there is a file, as far as can be told before it is read.
pub fn names_file(flags: &Flags) -> bool {
    flags.has(&CONFIG) || has_default()
}

fn has_default() -> bool {
    let default = Path::new(DEFAULT_FILE);
    default.try_exists().unwrap_or(true) // then reading it tells why
}

fn nothing_to_watch() -> ConfigError {
    ConfigError {
        origin: Origin::Default,
        message: format!(
            "there is nothing to watch: name a configuration file with --config FILE (or put {DEFAULT_FILE} \
             into the working folder), or give -endpoint, -access-key-id and -secret-access-key"
        ),
    }
}

fn ambiguous(flags: &Flags, path: &Path) -> Vec<ConfigError> {
    let fault = |flag: &Flag| ConfigError {
        origin: Origin::Flag(flag.shown()),
        message: format!(
            "it makes a destination, and so does the file {}: use flags or a file, not both",
            path.display()
        ),
    };
    of_destination(flags).map(fault).collect()
}

fn read(path: &Path, is_named: bool) -> Result<Arc<str>, ConfigError> {
    let fault = |message: String| ConfigError {
        origin: if is_named {
            Origin::Flag(CONFIG.shown())
        } else {
            Origin::Default
        },
        message: format!("reading {}: {message}", path.display()),
    };
    let bytes = file::read_handed_over(path, LARGEST, PATIENCE)
        .map_err(|cause| fault(cause.to_string()))?;
    let text = std::str::from_utf8(&bytes).map_err(|cause| {
        let good = &bytes[..cause.valid_up_to()];
        let line = good.iter().filter(|b| **b == b'\n').count() + 1;
        fault(format!("it is not UTF-8 (line {line})"))
    })?;
    Ok(text.into())
}
