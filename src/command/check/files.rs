//! The files that a configuration names: what is missing, cannot be read or is of no use, and
//! what is odd. Asks nobody, and waits for nobody.

use std::collections::BTreeSet;

use s3_exporter_api::chain;
use s3_exporter_config::{ConfigError, NamedFile, Origin, file};

use crate::config::Config;
use crate::resolver::FileState;

/// Far above any of them, in bytes.
const LARGEST: u64 = 64 << 20;
/// Its faults are told with those of the files that it names.
const WEB: &str = "server.web_config_file";

/// What was found, in the order of the configuration's lines.
#[derive(Debug, Default)]
pub struct Look {
    /// What is of no use as it is now.
    pub faults: Vec<ConfigError>,
    /// What is hardly meant.
    pub warnings: Vec<ConfigError>,
}

/// Reads all of them.
pub fn look(config: &Config) -> Look {
    let mut look = Look::default();
    let mut told = BTreeSet::new();
    for (name, backend) in &config.backends {
        for (key, error) in backend.connect.look() {
            let path = match key {
                "" => format!("backends.{name}"),
                key => format!("backends.{name}.{key}"),
            };
            let named = config.files.iter().find(|named| named.key == path);
            look.faults.push(ConfigError {
                origin: named.map_or(Origin::Default, |named| named.origin.clone()),
                message: format!("`{path}`: {}", chain(&error)),
            });
            told.insert(path);
        }
    }
    for named in &config.files {
        // Two that name the same file with the same list beside it are alike.
        let mut resolvers = config.resolvers.values();
        match resolvers.find_map(|resolver| resolver.look(named)) {
            Some(state) => look.names(named, state),
            None if named.key == WEB || told.contains(&named.key) => {}
            None => look.readable(named),
        }
    }
    look.faults.sort_by(|a, b| a.origin.cmp(&b.origin));
    look
}

impl Look {
    fn names(&mut self, named: &NamedFile, state: FileState) {
        let told = |message: &str| ConfigError {
            origin: named.origin.clone(),
            message: format!("`{}`: {message}", named.key),
        };
        match state {
            FileState::Good => {}
            FileState::Odd(what) => self.warnings.push(told(&what)),
            FileState::Useless(why) => self.faults.push(told(&why)),
        }
    }

    fn readable(&mut self, named: &NamedFile) {
        if let Err(cause) = file::read(&named.path, LARGEST) {
            let shown = named.origin.quote(&named.path.display().to_string());
            self.faults.push(ConfigError {
                origin: named.origin.clone(),
                message: format!(
                    "`{}` is {shown}, which cannot be read: {}",
                    named.key,
                    file::reason(&cause)
                ),
            });
        }
    }
}
