//! Runs the requests of one scan: as many at a time as there is room for, each page folded
//! as it comes. All of it is one task, so nothing is locked and nothing is shared.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use s3_exporter_api::{
    Backend, BackendError, Continuation, FailureKind, ListRequest, Order, Page, StartAt, UnixTime,
    chain,
};

use super::boundaries::Boundaries;
use super::ranges::{Contradiction, ListingPlan, PageRequest, Purpose, Start};
use super::throttle::Throttle;
use super::{CompleteListing, Progress, ScanContext};
use crate::facts::Facts;

/// Why a listing was given up.
#[derive(Debug)]
pub(super) enum Abandoned {
    /// It cannot be had.
    Failed(BackendError),
    /// The store's order is not what was relied on. It can be had in sequence.
    Disorder(String),
    /// The store's order was relied on, and is not known any more. The same.
    OrderLost,
    /// Parts lack keys that others saw. The same.
    Incomplete(String),
    /// Parts may not be asked for. The same.
    Denied(BackendError),
    /// The answer to a key to start after makes no sense: perhaps the store does not take one
    /// that was made up. In sequence no such key is needed.
    Refused(BackendError),
}

/// A page that has come.
struct Fetched {
    request: PageRequest,
    page: Page,
    next: Result<Continuation, BackendError>,
}

/// Objects that are not older than this before a listing began may have come meanwhile: clocks
/// of stores differ from ours.
const RECENT_MILLIS: i64 = 5 * 60 * 1000;

impl ScanContext {
    /// Lists everything. `in_parts` where ranges may be used if the store's order allows it.
    pub(super) async fn list(
        &self,
        facts: Facts,
        hints: &Boundaries,
        in_parts: bool,
        progress: &mut Progress,
    ) -> Result<CompleteListing, Abandoned> {
        let backend = self.store.backend().await.map_err(Abandoned::Failed)?;
        let destination = &self.destination;
        let mut facts = facts;
        let recent = UnixTime::from_millis(UnixTime::now().as_millis() - RECENT_MILLIS);
        let mut plan = ListingPlan::new(&destination.prefix, self.page_size, hints, recent);
        plan.set_narrow(self.learned.is_narrow.load(Relaxed));
        plan.set_by_marker(self.learned.by_marker.load(Relaxed));
        let mut throttle = Throttle::new(
            destination.concurrency,
            Arc::clone(&self.concurrency),
            Arc::clone(&self.meter),
        );
        let mut flying = FuturesUnordered::new();
        let mut spare = Vec::new();
        if in_parts {
            self.tell_of_lost_order(&*backend);
        }
        plan.set_order(self.order(&*backend, in_parts));
        loop {
            while flying.len() < throttle.limit() {
                let Some(request) = plan.next(flying.len(), throttle.limit()) else {
                    break;
                };
                flying.push(self.fetch(&*backend, request, spare.pop().unwrap_or_default()));
            }
            let Some(fetched) = flying.next().await else {
                break;
            };
            throttle.observe(flying.len());
            plan.set_order(self.order(&*backend, in_parts));
            spare.push(self.take(&mut plan, &mut facts, fetched)?);
            progress.pages = plan.pages();
            progress.in_parts = plan.is_in_parts();
        }
        self.learn(&plan);
        Ok(CompleteListing {
            facts,
            boundaries: plan.into_boundaries().settle(),
        })
    }

    /// Takes what has come. Gives the page back, to be used again.
    fn take(
        &self,
        plan: &mut ListingPlan<'_>,
        facts: &mut Facts,
        fetched: Fetched,
    ) -> Result<Page, Abandoned> {
        let Fetched {
            request,
            mut page,
            next,
        } = fetched;
        let stop = |fault| self.stop(fault);
        self.warn_of_oddities(&page);
        match (request.purpose, next) {
            (Purpose::Range(at), Ok(next)) => {
                let taken = plan
                    .take(at, request.start, &mut page, next)
                    .map_err(stop)?;
                facts.add(page.iter().take(taken), plan.cursor(at));
            }
            (Purpose::Range(at), Err(error)) => match (request.start, error.kind()) {
                (Start::Next(_, token), FailureKind::Protocol) => plan.go_on_by_token(at, token),
                (Start::After(_), FailureKind::Protocol) => return Err(Abandoned::Refused(error)),
                (_, FailureKind::Denied) if *request.prefix != *self.destination.prefix => {
                    return Err(Abandoned::Denied(error));
                }
                _ => return Err(Abandoned::Failed(error)),
            },
            (Purpose::Check(check), Ok(next)) => plan.judge(check, &page, &next).map_err(stop)?,
            (Purpose::Check(check), Err(error)) => {
                let is_refused =
                    matches!(error.kind(), FailureKind::Denied | FailureKind::Protocol);
                if !is_refused || !plan.give_up(check) {
                    return Err(Abandoned::Failed(error));
                }
                tracing::debug!(
                    destination = &*self.destination.name,
                    bucket = &*self.destination.bucket,
                    error = chain(&error),
                    "the end of the listing cannot be asked for in this way"
                );
            }
        }
        Ok(page)
    }

    /// Says once of each kind what is odd in the store's answers.
    fn warn_of_oddities(&self, page: &Page) {
        for (oddity, key) in page.oddities() {
            if !self.learned.oddities[oddity as usize].swap(true, Relaxed) {
                tracing::warn!(
                    destination = &*self.destination.name,
                    bucket = &*self.destination.bucket,
                    key = &*String::from_utf8_lossy(key),
                    "{oddity}"
                );
            }
        }
    }

    /// Keeps what was learned of the store, and says it.
    fn learn(&self, plan: &ListingPlan<'_>) {
        let learned = &self.learned;
        learned.is_narrow.store(plan.is_narrow(), Relaxed);
        learned.by_marker.store(plan.is_by_marker(), Relaxed);
        if plan.repeated() > 0 && !learned.repeats.swap(true, Relaxed) {
            tracing::warn!(
                destination = &*self.destination.name,
                bucket = &*self.destination.bucket,
                repeated = plan.repeated(),
                "the store lists objects twice in a row: each counts once"
            );
        }
    }

    /// One page, when its turn has come. The permits cover its retries, and the store's
    /// is taken first, so that those who wait for a slow store don't hold the process's.
    async fn fetch(&self, backend: &dyn Backend, request: PageRequest, mut page: Page) -> Fetched {
        let _store = self.store.permit().await;
        let _process = self.requests.acquire().await;
        let page_request = ListRequest {
            bucket: &self.destination.bucket,
            prefix: &request.prefix,
            from: match &request.start {
                Start::First => StartAt::Start,
                Start::After(key) | Start::Next(key, _) => StartAt::After(key),
                Start::Marker(key) => StartAt::Marker(key),
                Start::Token(token) => StartAt::Token(token),
            },
            max_keys: request.max_keys,
            meter: &self.meter,
        };
        let next = backend.list_page(&page_request, &mut page).await;
        Fetched {
            request,
            page,
            next,
        }
    }

    /// The order of this bucket's keys, where it is of use. Keeps in mind that there was one.
    fn order(&self, backend: &dyn Backend, in_parts: bool) -> Order {
        if !in_parts {
            return Order::Other;
        }
        let order = backend.order(&self.destination.bucket);
        if matches!(order, Order::Utf8 | Order::Utf8ByFolder) {
            self.was_ordered.store(true, Relaxed);
        }
        order
    }

    /// Says once that a bucket which was listed in parts is not any more.
    fn tell_of_lost_order(&self, backend: &dyn Backend) {
        let is_lost = backend.order(&self.destination.bucket) == Order::Other;
        if is_lost && self.was_ordered.swap(false, Relaxed) {
            self.warn_of_lost_order();
        }
    }

    fn stop(&self, fault: Contradiction) -> Abandoned {
        match fault {
            Contradiction::Disorder(fault) => Abandoned::Disorder(fault),
            Contradiction::OrderLost => Abandoned::OrderLost,
            Contradiction::Incomplete(fault) => Abandoned::Incomplete(fault),
            Contradiction::Nonsense(fault) => Abandoned::Failed(self.protocol(&fault)),
        }
    }
}
