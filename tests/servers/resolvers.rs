//! The resolvers against real files and a real kube-apiserver: what they tell, what they
//! keep when the source is away, and that they heal by themselves.

mod files;
#[cfg(feature = "kubernetes")]
mod gate;
#[cfg(feature = "kubernetes")]
mod kubeconfigs;
#[cfg(feature = "kubernetes")]
mod kubernetes;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use s3_exporter::clusters::Clusters;
use s3_exporter::resolver::{self, Resolution, Resolver, ResolverHandle};
use s3_exporter_api::UnixTime;
use tokio::task::AbortHandle;

/// Far more than anything here takes: it ends a hang.
const PATIENCE: Duration = Duration::from_secs(60);

/// A resolver that runs until it is dropped.
struct Running {
    names: ResolverHandle,
    sets: Arc<Mutex<Vec<Arc<Clusters>>>>,
    tasks: [AbortHandle; 2],
}

impl Running {
    fn start(resolver: impl Resolver) -> Self {
        // Another test of this process may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (publisher, names) = resolver::channel("test");
        let running = tokio::spawn(resolver::keep_running(Arc::new(resolver), publisher));
        let sets = Arc::<Mutex<Vec<Arc<Clusters>>>>::default();
        let (kept, mut seen) = (Arc::clone(&sets), names.resolution.clone());
        let watching = tokio::spawn(async move {
            while seen.changed().await.is_ok() {
                if let Some(clusters) = seen.borrow_and_update().clusters.clone() {
                    kept.lock().unwrap().push(clusters);
                }
            }
        });
        Self {
            names,
            sets,
            tasks: [running.abort_handle(), watching.abort_handle()],
        }
    }

    fn now(&self) -> Resolution {
        self.names.resolution.borrow().clone()
    }

    async fn until(&mut self, what: &str, holds: impl Fn(&Resolution) -> bool) -> Resolution {
        let wait = self.names.resolution.wait_for(holds);
        if let Ok(resolution) = tokio::time::timeout(PATIENCE, wait).await {
            return resolution.unwrap().clone();
        }
        panic!("not within {PATIENCE:?}: {what}; it is {:?}", self.now())
    }

    /// Waits until it is well and knows these names and no other.
    async fn knows(&mut self, expected: &[&str]) -> Resolution {
        self.until(&format!("it knows {expected:?}"), |now| {
            now.is_success() && listed(now).iter().eq(expected)
        })
        .await
    }

    /// Waits until it fails with a message that holds all of `parts`; the message.
    async fn fails(&mut self, parts: &[&str]) -> String {
        let failed = self
            .until(&format!("it fails with {parts:?}"), |now| {
                let failure = now.failure.as_deref().unwrap_or_default();
                !failure.is_empty() && parts.iter().all(|part| failure.contains(part))
            })
            .await;
        failed.failure.unwrap().to_string()
    }

    /// Waits until it was seen to be well after `earlier`, with nothing new to tell.
    async fn confirmed_after(&self, earlier: Option<UnixTime>) {
        let started = Instant::now();
        while self.now().last_success <= earlier {
            assert!(started.elapsed() < PATIENCE, "it is not confirmed");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert!(self.now().is_success());
    }

    /// The names of each set that was seen, in the order of time.
    fn history(&self) -> Vec<Vec<String>> {
        let sets = self.sets.lock().unwrap();
        let mut history: Vec<Vec<String>> = sets
            .iter()
            .map(|set| set.names().map(ToString::to_string).collect())
            .collect();
        history.dedup();
        history
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

/// The names that a resolution holds; none where nothing was delivered.
fn listed(now: &Resolution) -> Vec<String> {
    let clusters = now.clusters.iter();
    clusters
        .flat_map(|clusters| clusters.names().map(ToString::to_string))
        .collect()
}
