//! Which buckets may be asked for: those that a module names, and those of its store that its patterns
//! allow. The store is asked when somebody asks, and not more often than it has to be.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use s3_exporter_api::{ListingKind, Meter, chain};
use tokio::sync::Mutex as AsyncMutex;
use tokio::time::{Instant, timeout};

use super::named::fault_of_bucket;
use super::{ReadyModule, Shared, Targets};
use crate::destination::Destination;
use crate::resolver::buckets::NamesOf;

/// A list answers so long, whoever asks: Prometheus asks once a minute.
const FRESH: Duration = Duration::from_secs(30);

/// The buckets of a store, and when they were listed. Held by whoever lists: one at a time.
pub(super) type List = AsyncMutex<Option<(Instant, Arc<[Arc<str>]>)>>;

/// A bucket that may be asked for.
#[derive(Clone, Debug)]
pub struct FoundBucket {
    /// By which module.
    pub module: Arc<str>,
    /// Its name.
    pub bucket: Arc<str>,
    /// What targets of the module are, as [`Module::template`](crate::destination::module::Module::template).
    pub template: Arc<Destination>,
}

/// Why there is no list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoBuckets {
    /// It is asked for what is not there, or cannot be.
    Asked(String),
    /// The store does not give it now.
    Failed(String),
}

impl fmt::Display for NoBuckets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked(why) | Self::Failed(why) => f.write_str(why),
        }
    }
}

impl Targets {
    /// The buckets that a module allows, or, where none is named, each of them: in the order of the modules'
    /// names, then the buckets'. Those that it names by themselves are among them, be they there or not.
    ///
    /// # Errors
    /// There is no such module, its store cannot list buckets, or has not done it in this time.
    pub async fn buckets(
        &self,
        module: Option<&str>,
        patience: Duration,
    ) -> Result<Vec<FoundBucket>, NoBuckets> {
        let asked = self.modules(module)?;
        let listing = async {
            let mut found = Vec::new();
            for (ready, list) in &asked {
                found.extend(self.0.buckets_of(ready, list).await?);
            }
            Ok(found)
        };
        timeout(patience, listing).await.unwrap_or_else(|_| {
            let limit = humantime::format_duration(patience);
            let why = format!("listing the buckets is not finished after {limit}");
            Err(NoBuckets::Failed(why))
        })
    }

    fn modules(&self, name: Option<&str>) -> Result<Vec<(ReadyModule, Arc<List>)>, NoBuckets> {
        let mut known = self.known();
        let modules = match name {
            None => known.modules.values().cloned().collect(),
            Some(name) => match known.modules.get(name) {
                Some(module) => vec![module.clone()],
                None => return Err(NoBuckets::Asked(known.fault_of_module(Some(name)))),
            },
        };
        let modules = modules.into_iter().map(|ready| {
            let list = known.lists.entry(Arc::clone(&ready.module.name));
            (ready, Arc::clone(list.or_default()))
        });
        Ok(modules.collect())
    }
}

impl Shared {
    async fn buckets_of(
        &self,
        ready: &ReadyModule,
        list: &List,
    ) -> Result<Vec<FoundBucket>, NoBuckets> {
        let module = &ready.module;
        let mut names: Vec<Arc<str>> = module.buckets.names().map(Arc::from).collect();
        if module.buckets.stand_for_others() {
            ready.settings.store.lists_buckets().map_err(|why| {
                let why = format!("module {:?} has patterns, and {why}", module.name);
                NoBuckets::Asked(why)
            })?;
            names.extend(self.list(ready, list).await?.iter().cloned());
        }
        names.retain(|name| fault_of_bucket(name, ready).is_none());
        names.sort_unstable();
        names.dedup();
        let found = names.into_iter().map(|bucket| FoundBucket {
            module: Arc::clone(&module.name),
            bucket,
            template: Arc::clone(&module.template),
        });
        Ok(found.collect())
    }

    /// All buckets of the module's store.
    async fn list(&self, ready: &ReadyModule, list: &List) -> Result<Arc<[Arc<str>]>, NoBuckets> {
        let mut list = list.lock().await;
        if let Some((listed, buckets)) = &*list
            && listed.elapsed() < FRESH
        {
            return Ok(Arc::clone(buckets));
        }
        let store = &ready.settings.store;
        let names = NamesOf {
            backend: &ready.module.template.backend,
            store,
            permits: vec![Arc::clone(store.requests()), Arc::clone(&self.requests)],
            meter: &Arc::<Meter>::default(),
        };
        let buckets = names.list(ListingKind::Buckets, "", "").await;
        let buckets = buckets.map_err(|error| {
            let (module, error) = (&*ready.module.name, chain(&error));
            tracing::warn!(
                module,
                error,
                "the buckets that may be probed cannot be listed"
            );
            NoBuckets::Failed(error)
        })?;
        let buckets: Arc<[_]> = buckets.into();
        *list = Some((Instant::now(), Arc::clone(&buckets)));
        Ok(buckets)
    }
}
