//! What is expected of the jobs of a destination, at one moment.

use std::sync::Arc;

use s3_exporter_judge::backups::JobId;
use s3_exporter_judge::expectation::Rules;

use crate::destination::Destination;
use crate::resolver::ResolverHandle;
use crate::schedules::KnownJobs;

#[cfg(test)]
mod tests;

/// What the configuration says, and behind it what those of these sources say of schedules that it
/// uses: of the jobs that are known, and of those that should be.
pub(super) fn rules<'a>(
    destination: &Destination,
    sources: &[ResolverHandle],
    jobs: impl IntoIterator<Item = &'a JobId>,
) -> Arc<Rules> {
    let judging = &destination.judging;
    let known: Vec<_> = judging
        .schedules
        .iter()
        .filter_map(|used| {
            let mut named = sources.iter();
            let source = named.find(|source| source.resolver == used.resolver)?;
            let schedules = source.resolution.borrow().schedules.clone()?;
            Some((used, schedules))
        })
        .collect();
    if known.is_empty() {
        return Arc::clone(&judging.rules);
    }
    let (jobs, site) = (KnownJobs::new(jobs), destination.site());
    let mut rules = Rules::clone(&judging.rules);
    for (used, schedules) in &known {
        schedules.state(&site, used, &jobs, &mut rules.stated);
    }
    Arc::new(rules)
}
