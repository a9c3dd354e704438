//! Scans that list a report and not what is there now: one that was listed is not listed again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use s3_exporter_api::{BackendError, FailureKind, SummaryRequest, UnixTime};
use s3_exporter_listing::{Boundaries, ListingContext};

use super::{CompleteListing, ScanContext, in_turn};
use crate::assign::Assignment;
use crate::destination::Destination;
use crate::facts::{Facts, Recent};
use crate::filter::KeyFilter;

/// What was listed last from a report, if anything was.
#[derive(Debug, Default)]
pub struct LatestReport(Mutex<Option<ListedReport>>);

/// All that decides what is made of a report.
#[derive(Clone, Debug)]
struct ListedReport {
    as_of: UnixTime,
    destination: Arc<Destination>,
    assignment: Arc<Assignment>,
    filter: Option<Arc<KeyFilter>>,
}

impl ScanContext {
    /// As [`Self::run`], but what was found `before` stays where that was listed from the report which is still
    /// the newest, and nothing else would be made of it now.
    ///
    /// # Errors
    /// As [`Self::run`] has them.
    pub async fn run_unless_listed(
        &self,
        assignment: Arc<Assignment>,
        before: Option<&CompleteListing>,
    ) -> Result<CompleteListing, BackendError> {
        let now = ListedReport {
            as_of: UnixTime::from_millis(0), // until it is known
            destination: Arc::clone(&self.destination),
            assignment: Arc::clone(&assignment),
            filter: self.filter()?,
        };
        if let Some(before) = before.filter(|before| self.report.is_still(before, &now))
            && self.report_time().await? == Some(before.as_of)
        {
            return Ok(before.clone());
        }
        let none = Boundaries::default();
        let hints = before.map_or(&none, |before| &before.boundaries);
        let found = self.run(assignment, hints).await?;
        *self.report.lock() = found.report.map(|report| ListedReport {
            as_of: report.as_of,
            ..now
        });
        Ok(found)
    }

    /// The moment of the newest report.
    async fn report_time(&self) -> Result<Option<UnixTime>, BackendError> {
        let listing = self.connect().await?;
        let asked = listing
            .backend
            .report_time(&self.destination.bucket, &self.meter);
        in_turn(&listing, asked).await
    }

    /// As [`Self::run`], where a report is summed up elsewhere and no object of it is seen here.
    pub(super) async fn sum_up(
        &self,
        listing: &ListingContext,
        assignment: Arc<Assignment>,
    ) -> Result<CompleteListing, BackendError> {
        let of = &self.destination;
        let owners = (0..assignment.len()).map(|at| &**assignment.name(at));
        let request = SummaryRequest {
            bucket: &of.bucket,
            prefix: &of.prefix,
            owners: &owners.collect::<Vec<_>>(),
            separator: &of.separator,
            newest: Recent::KEPT,
            meter: &self.meter,
        };
        let summary = in_turn(listing, listing.backend.summary(&request)).await?;
        let fold = Facts::of_summary(Arc::clone(&assignment), &summary);
        let fold = fold.map_err(|reason| self.miscounted(reason))?;
        let complete = CompleteListing {
            fold,
            boundaries: Boundaries::default(),
            as_of: summary.report.as_of,
            report: Some(summary.report),
        };
        self.hold_against_report(&complete)?;
        Ok(complete)
    }

    fn miscounted(&self, reason: String) -> BackendError {
        let action = format!("scanning {}", self.destination);
        BackendError::new(FailureKind::Internal, action, reason)
            .with_advice("nothing of this report is used; please report it with the log")
    }

    /// Clusters, unassigned and what was left out are together what a report says that it has.
    pub(super) fn hold_against_report(
        &self,
        complete: &CompleteListing,
    ) -> Result<(), BackendError> {
        let Some(report) = complete.report else {
            return Ok(());
        };
        let found = complete.fold.all();
        if (found.objects, found.bytes) == (report.objects, report.bytes) {
            return Ok(());
        }
        let reason = format!(
            "{} objects of {} bytes were counted, and the report has {} of {}",
            found.objects, found.bytes, report.objects, report.bytes
        );
        Err(self.miscounted(reason))
    }
}

impl LatestReport {
    /// Whether this was listed from a report, and all that decides what is made of it is as it was.
    fn is_still(&self, found: &CompleteListing, now: &ListedReport) -> bool {
        self.lock().as_ref().is_some_and(|listed| {
            let is_same_filter = match (&listed.filter, &now.filter) {
                (None, None) => true,
                (Some(listed), Some(now)) => listed.is_as(now),
                _ => false,
            };
            found.report.is_some()
                && listed.as_of == found.as_of
                && Arc::ptr_eq(&listed.destination, &now.destination)
                && Arc::ptr_eq(&listed.assignment, &now.assignment)
                && is_same_filter
        })
    }

    fn lock(&self) -> MutexGuard<'_, Option<ListedReport>> {
        // Nobody panics while holding it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
