//! What cannot change while the process runs.

use std::path::PathBuf;

use crate::config::{Config, Server};
use crate::logging::LogFormat;

/// As it was when the process started.
pub struct RestartOnly {
    server: Server,
    log_format: Option<LogFormat>,
    state_directory: Option<PathBuf>,
}

/// Whether a configuration says otherwise of a key.
type Differs = fn(&RestartOnly, &Config) -> bool;

/// The keys.
pub const KEYS: [(&str, Differs); 6] = [
    ("server.listen", |was, is| {
        was.server.listen != is.server.listen
    }),
    ("server.admin_listen", |was, is| {
        was.server.admin_listen != is.server.admin_listen
    }),
    ("server.web_config_file", |was, is| {
        was.server.web_config_file != is.server.web_config_file
    }),
    ("server.probes_without_auth", |was, is| {
        was.server.probes_without_auth != is.server.probes_without_auth
    }),
    ("log.format", |was, is| was.log_format != is.log.format),
    ("state.directory", |was, is| {
        was.state_directory != is.state_directory
    }),
];

impl RestartOnly {
    /// Of what the process was started with.
    pub fn of(config: &Config) -> Self {
        Self {
            server: config.server.clone(),
            log_format: config.log.format,
            state_directory: config.state_directory.clone(),
        }
    }

    /// What is to be another than it is.
    pub fn differences(&self, config: &Config) -> Vec<String> {
        let differs = KEYS.iter().filter(|(_, differs)| differs(self, config));
        differs
            .map(|(key, _)| {
                format!("`{key}` needs a restart: what it was when the process started still holds")
            })
            .collect()
    }
}
