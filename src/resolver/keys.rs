//! `type = "keys"`: the clusters are those that the layouts of backups read in keys. It asks nobody;
//! whatever uses it takes them from its own listing.

use std::time::Duration;

use async_trait::async_trait;

use super::{Publisher, Resolver, ResolverPlugin};
use crate::clusters::Clusters;

/// The kind `keys`, which has no keys of its own.
pub const PLUGIN: ResolverPlugin = ResolverPlugin {
    name: "keys",
    keys: &[],
    defaults: (),
    parse: |_| Some(Box::new(KeysResolver)),
};

/// Names from keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeysResolver;

#[async_trait]
impl Resolver for KeysResolver {
    fn describe(&self) -> String {
        "the names in the keys of backups".to_owned()
    }

    /// It has no names of its own, and is always well.
    async fn run(&self, publisher: &Publisher) {
        publisher.deliver(Clusters::new());
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            publisher.confirm();
        }
    }

    fn reads_keys(&self) -> bool {
        true
    }
}
