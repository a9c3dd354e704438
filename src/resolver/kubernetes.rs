//! `type = "kubernetes"`: names of the objects of one kind in a Kubernetes API, by default
//! Kubermatic's `Cluster`.
//!
//! A session opens the API, asks discovery for the kind, lists its objects and watches
//! them, metadata only, until anything goes wrong; then the next one begins from the
//! start, with the kubeconfig and the tokens read again. So whatever the cause was, it is
//! healed as soon as it goes, and there is one way to begin instead of one for each fault.
//!
//! Meanwhile the last set stays. It is only replaced by a complete list, and a set that
//! lacks a name which was known is only told when discovery says that the kind is still
//! there whole: when a CRD is deleted, the API server first deletes its objects, one by
//! one, as if somebody wanted that. Then the kind can no longer be created, and that is
//! how it is told (see `ResourceKind::is_being_removed`).

mod access;
mod config;
mod error;
mod failure;
mod files;
mod kind;
mod kubeconfig;
mod names;
mod objects;
pub mod schedules;
pub mod seed;
mod session;
mod source;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use async_trait::async_trait;

use super::{Publisher, Resolver};
pub use config::{KubernetesResolver, PLUGIN};
use names::NameReader;
use session::{Reader, SessionEnd};

/// The pause after the first failure; it doubles with each further one.
const FIRST_RETRY: Duration = Duration::from_secs(1);
/// The longest pause: one small request in five seconds harms no API server, and what is
/// well again should be seen soon.
const LAST_RETRY: Duration = Duration::from_secs(5);
/// A session that lasted longer has worked: what ended it gets a new try at once.
const STEADY: Duration = Duration::from_secs(10);

#[async_trait]
impl Resolver for KubernetesResolver {
    fn describe(&self) -> String {
        let from = match &self.kubeconfig {
            Some(path) => format!("by {}", path.display()),
            None => "by the in-cluster account or the default kubeconfig".to_owned(),
        };
        format!("{} of {} {from}", self.kind, self.api_version)
    }

    async fn run(&self, publisher: &Publisher) {
        follow(self, publisher, NameReader::default()).await;
    }
}

/// A client for the API server that these mean; without them that of the in-cluster account, or of the default
/// kubeconfig. Blocks: it reads files and may run an exec plug-in. Must be called within a tokio runtime.
///
/// # Errors
/// In words, what keeps it from that.
pub fn client(
    kubeconfig: Option<PathBuf>,
    context: Option<String>,
) -> Result<kube::Client, String> {
    let config = KubernetesResolver {
        kubeconfig,
        context,
        api_version: String::new(),
        kind: String::new(),
        label_selector: None,
        field_selector: None,
        namespace: None,
    };
    let access = access::open(&config).map_err(|error| error.to_string())?;
    Ok(access.client)
}

/// Follows the objects of a kind, one session after another.
async fn follow<R: Reader>(config: &KubernetesResolver, publisher: &Publisher, mut reader: R) {
    let mut pause = FIRST_RETRY / 2;
    loop {
        let started = Instant::now();
        let ended = session::follow(config, publisher, &mut reader).await;
        let steady = started.elapsed() > STEADY;
        match ended {
            SessionEnd::Renewed => {
                tracing::info!(
                    "the kubeconfig or its token has changed: connecting to Kubernetes again"
                );
                continue;
            }
            // Load balancers cut connections. If more is wrong, the next session
            // says so within seconds.
            SessionEnd::Broken(reason) if steady => {
                tracing::debug!(reason, "the watch on Kubernetes broke: beginning again");
                continue;
            }
            SessionEnd::Broken(reason) | SessionEnd::Failed(reason) => publisher.fail(reason),
        }
        pause = match steady {
            true => FIRST_RETRY,
            false => (pause * 2).min(LAST_RETRY),
        };
        tokio::time::sleep(pause.mul_f64(0.8 + 0.4 * fastrand::f64())).await;
    }
}
