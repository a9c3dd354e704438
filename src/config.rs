//! What the user said, typed and checked, with every default filled in. No I/O but
//! reading the configuration itself happens here.
//!
//! ```text
//! sources -> file, environment, flags: a layer each -> merge -> check -> Config
//! ```

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use s3_exporter_api::Connect;
use s3_exporter_config::NamedFile;

use crate::destination::Destination;
use crate::destination::module::{Module, TargetLimits};
use crate::discovery::DiscoveryOutcome;
use crate::fleet::Fleet;
use crate::labels::GivenLabels;
use crate::logging::Log;
use crate::resolver::Resolver;

mod check;
pub mod discovery;
mod environment;
mod error;
mod expand;
mod file;
mod flags;
mod fleet;
mod layer;
pub mod load;
pub mod sources;
mod target;
#[cfg(test)]
mod tests;

pub use crate::fingerprint::Fingerprint;
pub use environment::Environment;
pub use load::{Loader, Rejected, load};

/// A configuration that is good.
#[derive(Clone, Debug)]
pub struct Config {
    /// `[server]`.
    pub server: Server,
    /// `[log]`.
    pub log: Log,
    /// `[metrics]`.
    pub metrics: Metrics,
    /// List requests in flight in the whole process.
    pub max_requests_in_flight: usize,
    /// Where what is known is kept over a restart; `None` where it is not.
    pub state_directory: Option<PathBuf>,
    /// By name; those that no destination uses included.
    pub backends: BTreeMap<Arc<str>, Backend>,
    /// By name; the ones written right at a destination (`destination:<name>`) included.
    pub resolvers: BTreeMap<Arc<str>, Arc<dyn Resolver>>,
    /// The files that it names, but the folder for the state.
    pub files: Vec<NamedFile>,
    /// In the order in which they were written.
    pub destinations: Vec<Arc<Destination>>,
    /// `[probe]`.
    pub probe: Probe,
    /// `[fleet]`.
    pub fleet: Fleet,
    /// What `labels` of a resolver says, by its name; those that say nothing are left out.
    pub resolver_labels: BTreeMap<Arc<str>, GivenLabels>,
    /// Where more destinations come from while the process runs, by the resolvers that tell of them.
    pub discovery: BTreeMap<Arc<str>, Arc<discovery::Source>>,
    /// Destinations that patterns may make, in all.
    pub max_discovered: usize,
    /// What came of what these resolvers know, where that is [added](Self::with_discovered).
    pub discovered: BTreeMap<Arc<str>, Arc<DiscoveryOutcome>>,
    /// Whether any path answers with the metrics, as the seed's exporter did: where flags
    /// alone made the destination.
    pub metrics_at_any_path: bool,
    /// What is odd, but no fault: to be logged at start and printed by `check`.
    pub warnings: Vec<String>,
}

/// `[server]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Server {
    /// Where to listen: `:9340` is every address, v4 and v6.
    pub listen: Vec<String>,
    /// Where to listen for those who may ask for a reload.
    pub admin_listen: Vec<String>,
    /// TLS and basic auth, in the format of the Prometheus exporter-toolkit.
    pub web_config_file: Option<PathBuf>,
    /// Whether `/-/healthy` and `/-/ready` need no password.
    pub probes_without_auth: bool,
}

/// `[metrics]`, and what of `[limits]` bounds them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metrics {
    /// Other exporters' names that are exported too.
    pub compat: Vec<Compat>,
    /// The name of the label `cluster` of our own names.
    pub cluster_label: String,
    /// The name of their label `job`.
    pub job_label: String,
    /// Clusters with series of their own, in all.
    pub max_clusters: usize,
    /// Backup jobs with series of their own, in all.
    pub max_jobs: usize,
}

/// `[probe]`: what is scanned when it is asked for.
#[derive(Clone, Debug, Default)]
pub struct Probe {
    /// In the order of their names; where there are none, nothing may be asked for.
    pub modules: Vec<Arc<Module>>,
    /// How much is done for those who ask.
    pub limits: TargetLimits,
}

/// A set of other exporters' metric names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compat {
    /// Kubermatic's s3-exporter.
    KubermaticS3,
    /// Kubermatic's seed controller.
    KubermaticEtcdbackup,
    /// `s3_exporter` by ribbybibby.
    Ribbybibby,
    /// `s3-bucket-exporter` by tropnikovvl.
    Tropnikovvl,
}

impl Compat {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::KubermaticS3,
        Self::KubermaticEtcdbackup,
        Self::Ribbybibby,
        Self::Tropnikovvl,
    ];

    /// Whether both have a family of one name, which is another in each.
    pub const fn excludes(self, other: Self) -> bool {
        matches!(
            (self, other),
            (Self::Ribbybibby, Self::Tropnikovvl) | (Self::Tropnikovvl, Self::Ribbybibby)
        )
    }

    /// How `metrics.compat` names it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::KubermaticS3 => "kubermatic_s3",
            Self::KubermaticEtcdbackup => "kubermatic_etcdbackup",
            Self::Ribbybibby => "ribbybibby",
            Self::Tropnikovvl => "tropnikovvl",
        }
    }
}

/// A connection to a store.
#[derive(Clone, Debug)]
pub struct Backend {
    /// What the plug-in made of its section.
    pub connect: Arc<dyn Connect>,
    /// List requests in flight to this store.
    pub max_requests_in_flight: usize,
    /// Of everything else that was said of it: another one means another connection.
    pub fingerprint: Fingerprint,
}
