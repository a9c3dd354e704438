//! `type = "static"`: names from a list, from a file that is followed while it changes, or from
//! both.

mod config;
mod error;
mod file;

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use s3_exporter_config::{NamedFile, Settle, Settled};

use super::{FileState, Publisher, Resolver, unblocked};
use crate::clusters::Clusters;
pub(crate) use config::parse;
pub use config::{PLUGIN, StaticResolver};
use error::NamesError;
use file::{FileContent, StaticNames};

/// Between two looks at the file. Its content is compared, not its time: so an atomic
/// rename, the symlinks that Kubernetes swaps and an edit in place are all seen.
const POLL: Duration = Duration::from_secs(1);
/// Between two looks that must agree before a new content is taken: a file that is
/// being written holds half of the names.
const SETTLE: Duration = Duration::from_millis(250);
/// How long the file system may take.
const PATIENCE: Duration = Duration::from_secs(10);

impl StaticResolver {
    /// The list alone, which never changes.
    async fn follow_list(&self, publisher: &Publisher) {
        let outcome = file::names(&self.clusters, None).map(|found| found.clusters);
        loop {
            publish(publisher, &outcome);
            tokio::time::sleep(POLL).await;
        }
    }

    async fn follow_file(&self, path: &Path, publisher: &Publisher) {
        let complaint = format!(
            "reading the cluster names in {}: the file system does not answer",
            path.display()
        );
        let mut settle: Settle<FileContent> = Settle::new(None);
        let mut outcome: Option<StaticOutcome> = None;
        loop {
            let owned = path.to_owned();
            let read = move || file::read(&owned);
            let content = unblocked(publisher, PATIENCE, &complaint, read).await;
            let settled = settle.see(content);
            if settled == Settled::New {
                let content = settle.taken().map(|content| (path, content));
                let found = file::names(&self.clusters, content);
                if let Ok(StaticNames { odd: Some(odd), .. }) = &found {
                    publisher.warn(odd);
                }
                outcome = Some(found.map(|found| found.clusters));
            }
            if let Some(outcome) = outcome.as_ref().filter(|_| settled != Settled::Not) {
                publish(publisher, outcome);
            }
            let pause = match settled {
                Settled::Not => SETTLE,
                Settled::Same | Settled::New => POLL,
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// The names of this moment, of those who do not wait for a file to settle.
    fn names_now(&self) -> Result<StaticNames, NamesError> {
        let path = self.clusters_file.as_deref();
        let content = path.map(file::read);
        file::names(&self.clusters, path.zip(content.as_ref()))
    }
}

/// The names that a content gives, or what is wrong with it.
type StaticOutcome = Result<Clusters, NamesError>;

/// Tells the outcome, which is mostly the same as before: then its age is what is news.
fn publish(publisher: &Publisher, outcome: &StaticOutcome) {
    match outcome {
        Ok(clusters) if publisher.delivered().as_deref() == Some(clusters) => publisher.confirm(),
        Ok(clusters) => publisher.deliver(clusters.clone()),
        Err(error) => publisher.fail(error.to_string()),
    }
}

#[async_trait]
impl Resolver for StaticResolver {
    fn describe(&self) -> String {
        match (&self.clusters[..], &self.clusters_file) {
            (names, None) => names.join(", "),
            ([], Some(path)) => format!("the names in {}", path.display()),
            (names, Some(path)) => {
                format!("{} and the names in {}", names.join(", "), path.display())
            }
        }
    }

    /// A file that cannot be read is the business of those who follow it.
    fn known(&self) -> Option<Clusters> {
        self.names_now().ok().map(|found| found.clusters)
    }

    fn look(&self, file: &NamedFile) -> Option<FileState> {
        let is_own =
            file.key.ends_with(config::FILE) && self.clusters_file.as_ref() == Some(&file.path);
        is_own.then(|| match self.names_now() {
            Ok(StaticNames { odd: None, .. }) => FileState::Good,
            Ok(StaticNames { odd: Some(odd), .. }) => FileState::Odd(odd),
            Err(error) => FileState::Useless(error.to_string()),
        })
    }

    async fn run(&self, publisher: &Publisher) {
        match &self.clusters_file {
            None => self.follow_list(publisher).await,
            Some(path) => self.follow_file(path, publisher).await,
        }
    }
}
