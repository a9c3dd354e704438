//! What is expected of a job: when the next backup is due, how many are kept, how large one is.

use std::time::Duration;

use serde::Serialize;

mod cron;
mod expected;
mod learned;
mod rules;

use cron::FoundSchedules;
pub use cron::{CronSchedule, ScheduleError, Zone};
pub use expected::Expectation;
pub use rules::{JobRules, RuleIndex, Rules, Selector, Stated, Statement, Thresholds, Tuning};

/// Who says what is expected, the strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The configuration.
    Configuration,
    /// An object in Kubernetes.
    Kubernetes,
    /// The job's own history.
    Learned,
    /// Nobody: there is too little history.
    Unknown,
}

impl Source {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Configuration,
        Self::Kubernetes,
        Self::Learned,
        Self::Unknown,
    ];

    /// As it is written everywhere.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Kubernetes => "kubernetes",
            Self::Learned => "learned",
            Self::Unknown => "unknown",
        }
    }
}

/// When backups are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rhythm {
    /// One each so often.
    Every(Duration),
    /// By a cron expression, as Kubernetes reads it.
    Cron(CronSchedule),
}
