//! `rules`: the alerts of this configuration, for Prometheus. Nobody is asked anything.

use s3_exporter_config::ConfigError;

use crate::command::choice;
use crate::config::Config;
use crate::rules::{self, Format, Settings};

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Who is to read them.
    pub format: Format,
    /// The address of `docs/runbooks.md`.
    pub runbooks: Option<String>,
}

impl Options {
    /// What the flags say; an empty value means unset.
    ///
    /// # Errors
    /// Every value that is none of those that there are.
    pub fn parse(format: Option<&str>, runbooks: Option<&str>) -> Result<Self, Vec<ConfigError>> {
        let mut faults = Vec::new();
        let formats = [
            ("prometheus", Format::Prometheus),
            ("operator", Format::Operator),
        ];
        let format = choice("--format", format, &formats, &mut faults);
        if !faults.is_empty() {
            return Err(faults);
        }
        let runbooks = runbooks.filter(|runbooks| !runbooks.is_empty());
        Ok(Self {
            format: format.unwrap_or_default(),
            runbooks: runbooks.map(str::to_owned),
        })
    }
}

/// The rules, as they are to be printed.
///
/// # Errors
/// They cannot be written as YAML.
pub fn rules(config: &Config, options: &Options) -> Result<String, String> {
    let settings = Settings::new(config, options.runbooks.as_deref());
    rules::render(&settings, options.format)
}
