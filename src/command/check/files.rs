//! The files that a configuration names: what is missing, cannot be read or is of no use, and
//! what is odd. Asks nobody, and waits for nobody.

use std::collections::BTreeSet;

use s3_exporter_api::chain;
use s3_exporter_config::{ConfigError, NamedFile, Origin, file};

use crate::config::{Config, ResolverConfig, Static};
use crate::resolver::fixed::{self, StaticNames};

/// Far above any of them, in bytes.
const LARGEST: u64 = 64 << 20;
/// Its faults are told with those of the files that it names.
const WEB: &str = "server.web_config_file";
const NAMES: &str = ".clusters_file";

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
        if named.key.ends_with(NAMES) {
            look.names(config, named);
        } else if named.key != WEB && !told.contains(&named.key) {
            look.readable(named);
        }
    }
    look.faults.sort_by(|a, b| a.origin.cmp(&b.origin));
    look
}

impl Look {
    fn names(&mut self, config: &Config, named: &NamedFile) {
        let fault = |message: String| ConfigError {
            origin: named.origin.clone(),
            message: format!("`{}`: {message}", named.key),
        };
        // Two that name the same file with the same list beside it are alike.
        let lists = config
            .resolvers
            .values()
            .filter_map(|resolver| match resolver {
                ResolverConfig::Static(list) => Some(list),
                ResolverConfig::Kubernetes(_) => None,
            });
        let mut lists = lists.filter(|list| list.clusters_file.as_ref() == Some(&named.path));
        let alone = Static {
            clusters: Vec::new(),
            clusters_file: Some(named.path.clone()),
        };
        match fixed::names_now(lists.next().unwrap_or(&alone)) {
            Ok(StaticNames { odd: None, .. }) => {}
            Ok(StaticNames { odd: Some(odd), .. }) => self.warnings.push(fault(odd)),
            Err(wrong) => self.faults.push(fault(wrong)),
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
