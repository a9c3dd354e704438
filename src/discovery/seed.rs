//! Destinations that are written down in Kubermatic's `Seed` objects.

use s3_exporter_config::Secret;

/// What the resolvers are named that come of `destinations_from = "kubermatic-seed"`: the one of
/// clusters, and after a prefix the one of schedules, and the one of destinations.
pub const NAME: &str = "kubermatic-seed";

/// A destination of a Seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeedDestination {
    /// Its name in the Seed, which is ours.
    pub name: String,
    /// The address of the store; without a scheme it is https.
    pub endpoint: String,
    /// The bucket's name.
    pub bucket: String,
    /// Whether it is the Seed's default, where each cluster has backups.
    pub is_default: bool,
    /// `ACCESS_KEY_ID` of its Secret.
    pub access_key_id: Secret,
    /// `SECRET_ACCESS_KEY` of its Secret.
    pub secret_access_key: Secret,
}
