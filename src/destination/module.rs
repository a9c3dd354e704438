//! Targets that somebody may name from outside, and what holds for each of them: a module of
//! `/probe`.

use std::sync::Arc;
use std::time::Duration;

use super::Destination;
use crate::beside::Beside;
use crate::discovery::pattern::BucketPatterns;

/// What may be asked for by its name, and how it is then scanned: `[probe.modules.NAME]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    /// By this it is asked for.
    pub name: Arc<str>,
    /// Which buckets may be asked for.
    pub buckets: BucketPatterns,
    /// What its targets are, but for their `name`, `bucket` and `prefix`, which are empty here.
    pub template: Arc<Destination>,
}

impl Module {
    /// The destination that a target is: named `BUCKET`, or `BUCKET/PREFIX` where it has a prefix. A store
    /// counts whole buckets: that is not held against a part of one.
    pub fn destination(&self, bucket: &str, prefix: &str) -> Destination {
        let mut also = self.template.also;
        if !prefix.is_empty() {
            also.unset(Beside::Usage);
        }
        let name = match prefix {
            "" => bucket.to_owned(),
            prefix => format!("{bucket}/{prefix}"),
        };
        Destination {
            name: name.into(),
            bucket: bucket.into(),
            prefix: prefix.into(),
            also,
            ..(*self.template).clone()
        }
    }
}

/// How much is done for those who ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TargetLimits {
    /// Scans at a time, of all targets.
    pub scans: usize,
    /// Targets that are remembered, of all modules.
    pub targets: usize,
    /// So much before the end of the time that a scrape may take its answer is sent.
    pub timeout_offset: Duration,
}

impl Default for TargetLimits {
    fn default() -> Self {
        Self {
            scans: 4,
            targets: 100,
            timeout_offset: Duration::from_millis(500), // as blackbox_exporter has it
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::tests::unscanned;

    #[test]
    fn what_the_store_counts_is_asked_for_whole_buckets_alone() {
        let mut template = (*unscanned("").destination).clone();
        for beside in Beside::ALL {
            template.also.set(beside, Duration::from_secs(1));
        }
        let module = Module {
            name: "m".into(),
            buckets: BucketPatterns::new(vec!["*".to_owned()]).unwrap(),
            template: Arc::new(template),
        };
        let asked = |prefix: &str| -> Vec<_> {
            let destination = module.destination("b", prefix);
            destination.also.asked().collect()
        };
        assert_eq!(asked(""), Beside::ALL);
        let others = Beside::ALL.into_iter().filter(|of| *of != Beside::Usage);
        assert_eq!(asked("t/"), others.collect::<Vec<_>>());
    }
}
