//! `[schedules.<name>]`: objects in a Kubernetes API that say when backups are made.
//!
//! The objects are followed as those of the resolver are, by a session of its own: whatever is
//! wrong with it, the clusters are known all the same, and what was said before holds.

mod config;
mod field;
mod read;

use std::collections::{BTreeMap, HashSet};

use async_trait::async_trait;
use kube::Client;
use kube::core::DynamicObject;
use s3_exporter_api::UnixTime;
use s3_exporter_judge::expectation::{Rhythm, Stated, Zone};

use super::objects::ObjectSet;
use super::session::Reader;
use super::{KubernetesResolver, follow};
use crate::resolver::{Publisher, Resolver};
use crate::schedules::{Schedule, Schedules};

pub use config::parse;
pub use field::Field;

/// A source of schedules: a section `[schedules.<name>]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KubernetesSchedules {
    /// Which objects.
    pub objects: KubernetesResolver,
    /// Whose they are.
    pub tool: Tool,
    /// The zone of cron expressions whose object does not say it.
    pub zone: Zone,
    /// Only objects that name this destination, or none.
    pub destination: Option<String>,
}

/// Whose objects they are: how they are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tool {
    /// Kubermatic's `EtcdBackupConfig`.
    Kubermatic,
    /// Velero's `Schedule`.
    Velero,
    /// CloudNativePG's `ScheduledBackup`.
    Cnpg,
    /// K8up's `Schedule`.
    K8up,
    /// Any kind, by the places of its fields.
    Custom(Box<Fields>),
}

/// Where the fields of an object are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fields {
    /// The cron expression, or `@every`.
    pub schedule: Field,
    /// The cluster; without it, its jobs are of none.
    pub cluster: Option<Field>,
    /// The job; without it, the object's name, or all jobs of its cluster.
    pub job: Option<Field>,
    /// The time zone, by its name.
    pub timezone: Option<Field>,
    /// How many are kept.
    pub keep: Option<Field>,
    /// Whether it is paused.
    pub paused: Option<Field>,
    /// The destination.
    pub destination: Option<Field>,
}

#[async_trait]
impl Resolver for KubernetesSchedules {
    fn describe(&self) -> String {
        self.objects.describe()
    }

    async fn run(&self, publisher: &Publisher) {
        let reader = ScheduleReader {
            source: self,
            told: BTreeMap::new(),
            refused: HashSet::new(),
        };
        follow(&self.objects, publisher, reader).await;
    }
}

/// Tells the schedules.
struct ScheduleReader<'a> {
    source: &'a KubernetesSchedules,
    /// What was told of each object, by its path, and when that began.
    told: BTreeMap<String, Told>,
    /// What was warned of: path and reason.
    refused: HashSet<(String, String)>,
}

/// What was told of an object.
struct Told {
    rhythm: Option<Rhythm>,
    is_paused: bool,
    /// When it began to say that; `None` = when it was made.
    since: Option<UnixTime>,
}

#[async_trait]
impl Reader for ScheduleReader<'_> {
    type Object = DynamicObject;
    /// `Ok(None)` where nothing is expected by it.
    type Value = Result<Option<Schedule>, String>;

    fn read(&self, object: &DynamicObject) -> Self::Value {
        read::read(self.source, object)
    }

    fn lacks(&self, objects: &ObjectSet<Self::Value>, _: &Publisher) -> bool {
        let there: HashSet<_> = objects.iter().map(|(path, _)| path).collect();
        self.told.keys().any(|path| !there.contains(&**path))
    }

    async fn tell(&mut self, objects: &ObjectSet<Self::Value>, _: &Client, publisher: &Publisher) {
        let mut schedules = Vec::new();
        let mut told = BTreeMap::new();
        for (path, value) in objects.iter() {
            match value {
                Ok(Some(schedule)) => {
                    let mut schedule = schedule.clone();
                    let now = self.since(path, &mut schedule.stated);
                    told.insert(path.to_owned(), now);
                    schedules.push(schedule);
                }
                Ok(None) => {}
                Err(reason) => self.warn(path, reason),
            }
        }
        self.told = told;
        publisher.deliver_schedules(Schedules::new(schedules));
    }
}

impl ScheduleReader<'_> {
    /// What is expected by another rhythm, or again after a pause, is not expected before that is
    /// said: it is seen here alone, for no object tells when it was changed.
    fn since(&self, path: &str, stated: &mut Stated) -> Told {
        let since = match self.told.get(path) {
            None => None,
            Some(told) => {
                let is_same = told.rhythm == stated.rhythm && told.is_paused == stated.is_paused;
                match is_same {
                    true => told.since,
                    false => Some(UnixTime::now()),
                }
            }
        };
        stated.since = since.or(stated.since);
        Told {
            rhythm: stated.rhythm.clone(),
            is_paused: stated.is_paused,
            since,
        }
    }

    fn warn(&mut self, path: &str, reason: &str) {
        let path = path.trim_start_matches('/');
        if self.refused.insert((path.to_owned(), reason.to_owned())) {
            let kind = &*self.source.objects.kind;
            tracing::warn!(
                kind,
                object = path,
                reason,
                "an object in Kubernetes is left out: it cannot be read when its backups are made"
            );
        }
    }
}
