//! From what the user said to a [`Config`]: built-in default < file < environment < flag.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use s3_exporter_config::{ConfigError, Origins};

use super::environment::{Environment, NoText, PREFIX};
use super::file::File;
use super::file::later::{self, LaterTables};
use super::layer::{Layer, merge};
use super::sources::{self, DEFAULT_FILE, Sources};
use super::{Config, Server, check, file, flags};
use crate::cli::Flags;
use crate::cli::flags::{CLUSTER, CLUSTERS_FILE, CONFIG, ENDPOINT, KUBECONFIG, TARGET};
use crate::wire::Plugins;

/// What is wrong, and what is odd: everything at once.
#[derive(Clone, Debug, Default)]
pub struct Rejected {
    /// At least one, in the order of the file's lines.
    pub faults: Vec<ConfigError>,
    /// What is odd, but would not matter.
    pub warnings: Vec<String>,
    /// `[server]` as far as it is understood: its web configuration's faults can be told together
    /// with these, and an exporter that runs on with the configuration of before be asked.
    pub server: Option<Box<Server>>,
}

/// Where a configuration is read from, as often as it is asked for: always with the same
/// flags, environment and plug-ins. (No `Debug`: secrets are in it.)
#[derive(Clone)]
pub struct Loader {
    flags: Flags,
    environment: Environment,
    plugins: Plugins,
}

impl Loader {
    /// Of what the process was started with.
    pub fn new(flags: Flags, environment: Environment, plugins: &Plugins) -> Self {
        Self {
            flags,
            environment,
            plugins: plugins.clone(),
        }
    }

    /// Whether flags alone make the configuration, so that it is always the same.
    pub fn is_flags_alone(&self) -> bool {
        !self.flags.has(&CONFIG) && self.flags.has(&ENDPOINT)
    }

    /// The file that is to be read again when it changes, and how often it is looked at; `None` where
    /// that is not wanted, or is said wrongly, which [`load`] tells.
    pub fn followed_file(&self) -> Option<(PathBuf, Duration)> {
        let interval = sources::auto_reload(&self.flags).ok().flatten()?;
        let named = self.flags.text(&CONFIG).unwrap_or(DEFAULT_FILE);
        (!self.is_flags_alone()).then(|| (named.into(), interval))
    }

    /// As [`load`].
    ///
    /// # Errors
    /// Every fault at once.
    pub fn load(&self) -> Result<Config, Rejected> {
        load(&self.flags, &self.environment, &self.plugins)
    }

    /// Where an exporter that was started like this listens, whatever else is wrong with its
    /// configuration. Where there is none, as what asks in a container is not told the flags of
    /// what runs there, the environment and the defaults say it.
    ///
    /// # Errors
    /// The file is not to be had, or is no TOML.
    pub fn server(&self) -> Result<Server, Rejected> {
        let sources = match Sources::gather(&self.flags, &self.environment) {
            Ok(sources) => sources,
            Err(_) if !sources::names_file(&self.flags) => {
                Sources::without_file(&self.flags, &self.environment)
            }
            Err(faults) => return Err(rejected(faults, Vec::new())),
        };
        match understand(&sources, &self.plugins) {
            Ok(config) => Ok(config.server),
            Err(mut rejected) => rejected.server.take().map(|server| *server).ok_or(rejected),
        }
    }
}

/// Reads and checks the configuration.
///
/// # Errors
/// Every fault at once.
pub fn load(
    flags: &Flags,
    environment: &Environment,
    plugins: &Plugins,
) -> Result<Config, Rejected> {
    let sources =
        Sources::gather(flags, environment).map_err(|faults| rejected(faults, Vec::new()))?;
    understand(&sources, plugins)
}

/// As [`load`], from sources that are read already. Does no I/O.
///
/// # Errors
/// Every fault at once.
pub fn understand(sources: &Sources<'_>, plugins: &Plugins) -> Result<Config, Rejected> {
    let environment = sources.environment;
    if let Some((path, text)) = &sources.file
        && let Some(file) = later::parse(path, text, environment)
    {
        let later = file.later.clone();
        let outcome = understand_file(sources, Some(file), plugins);
        if !later.is_some_and(|tables| tables.have_a_bad_one()) {
            return outcome;
        }
    }
    let file = sources.file.as_ref();
    let file = file.map(|(path, text)| file::parse(path, text, environment));
    understand_file(sources, file, plugins)
}

/// As [`understand`], with what the file says, be it that its destinations are read only now.
fn understand_file(
    sources: &Sources<'_>,
    file: Option<File>,
    plugins: &Plugins,
) -> Result<Config, Rejected> {
    let (flags, environment) = (sources.flags, sources.environment);
    let mut warnings = sources.warnings.clone();
    let mut faults = sources.faults.clone();
    let path = sources.file.as_ref().map(|(path, _)| path.clone());
    let mut set = flags::overrides(flags);

    let (mut is_broken, mut later, mut used) = (false, None, None);
    let base = match file {
        Some(mut file) => {
            faults.append(&mut file.faults);
            is_broken = file.broken;
            later = file.later;
            used = Some(file.used);
            file.layer
        }
        None => {
            let (defaults, mut bad) = flags::seed_defaults(flags, environment);
            faults.append(&mut bad);
            warnings.extend(ignored_kubeconfig(flags));
            flags::seed(flags, &mut set);
            defaults
        }
    };
    let (variables, mut bad) = environment.layer(&base.values);
    faults.append(&mut bad);
    let ignored = |used: &Vec<String>| ignored_keys(environment, used);
    if is_broken {
        warnings.extend(used.iter().flat_map(ignored));
        return Err(rejected(faults, warnings)); // faults of its values would be guesses
    }

    let layers: Vec<Layer> = vec![base, variables, set];
    let (mut values, origins) =
        merge(layers, path).map_err(|fault| rejected(vec![fault], Vec::new()))?;
    let origins = match &later {
        Some(later) => of_later(Arc::clone(later), origins),
        None => origins,
    };
    let is_seed = sources.file.is_none();
    if is_seed && !flags.has(&TARGET) {
        faults.extend(flags::require_keys(flags, &mut values));
    }
    let checked = check::check(values, origins, plugins, is_seed, later.as_deref());
    if let (Some(used), Some(later)) = (&mut used, &later) {
        used.extend(later.used());
    }
    warnings.extend(used.iter().flat_map(ignored));
    faults.extend(checked.errors);
    warnings.extend(checked.warnings.iter().map(ConfigError::to_string));
    if !faults.is_empty() {
        return Err(Rejected {
            server: Some(Box::new(checked.value.server)),
            ..rejected(faults, warnings)
        });
    }
    let mut config = checked.value;
    config.warnings = warnings;
    Ok(config)
}

/// Where values were said, those of the tables included that are read only now.
fn of_later(later: Arc<LaterTables>, origins: Origins) -> Origins {
    Arc::new(move |tag, path| later.origin(path).unwrap_or_else(|| origins(tag, path)))
}

/// Sorted as a reader goes through the file; the sources stay apart.
fn rejected(mut faults: Vec<ConfigError>, warnings: Vec<String>) -> Rejected {
    faults.sort_by(|a, b| a.origin.cmp(&b.origin));
    Rejected {
        faults,
        warnings,
        server: None,
    }
}

/// The variables of Kubermatic's exporter mean nothing beside a file that does not use them.
fn ignored_keys(environment: &Environment, used: &[String]) -> Vec<String> {
    let keys = flags::KEYS
        .iter()
        .map(|(flag, name)| (flag.sets.key(), name));
    keys.filter(|(_, name)| !used.iter().any(|used| used == *name))
        .filter(|(_, name)| !matches!(environment.text(name), Ok("") | Err(NoText::Unset)))
        .map(|(key, name)| {
            format!(
                "environment variable {name}: it is ignored beside a configuration file; \
                 there, write `{key} = \"${{{name}}}\"`, or set {PREFIX}BACKENDS__<NAME>__{name}"
            )
        })
        .collect()
}

fn ignored_kubeconfig(flags: &Flags) -> Option<String> {
    let has_names = flags.has(&CLUSTER) || flags.has(&CLUSTERS_FILE);
    (has_names && flags.has(&KUBECONFIG)).then(|| {
        "flag -kubeconfig: it is ignored, because -cluster or -clusters-file names the clusters"
            .to_owned()
    })
}
