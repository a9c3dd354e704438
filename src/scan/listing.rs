//! Runs the requests of one scan: as many at a time as there is room for, each page folded
//! as it comes. All of it is one task, so nothing is locked and nothing is shared.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use s3_exporter_api::{Ask, Backend, BackendError, FailureKind, From, Next, Order, Page};

use super::boundaries::Boundaries;
use super::ranges::{Contradiction, Plan, Start};
use super::throttle::Throttle;
use super::{Found, Scan};
use crate::aggregate::Tally;

/// Why a listing was given up.
#[derive(Debug)]
pub(super) enum Stop {
    /// It cannot be had.
    Failed(BackendError),
    /// The store's order is not what was relied on. It can be had in sequence.
    Disorder(String),
    /// The store's order was relied on, and is not known any more. The same.
    OrderLost,
    /// The answer to a key to start after makes no sense: perhaps the store does not take one
    /// that was made up. In sequence no such key is needed.
    Refused(BackendError),
}

/// A page that has come.
struct Fetched {
    at: usize,
    start: Start,
    page: Page,
    next: Result<Next, BackendError>,
}

impl Scan {
    /// Lists everything. `in_parts` where ranges may be used if the store's order allows it.
    pub(super) async fn list(
        &self,
        tally: Tally,
        hints: &Boundaries,
        in_parts: bool,
        pages: &mut u64,
    ) -> Result<Found, Stop> {
        let backend = self.store.backend().await.map_err(Stop::Failed)?;
        let destination = &self.destination;
        let mut tally = tally;
        let mut plan = Plan::new(&destination.prefix, self.page_size, hints);
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
        plan.set_ordered(in_parts && self.is_ordered(&*backend));
        loop {
            while flying.len() < throttle.limit() {
                let Some((at, start)) = plan.next(flying.len(), throttle.limit()) else {
                    break;
                };
                let page = spare.pop().unwrap_or_default();
                flying.push(self.fetch(&*backend, at, start, page));
            }
            let Some(fetched) = flying.next().await else {
                break;
            };
            throttle.observe(flying.len());
            let Fetched {
                at,
                start,
                page,
                next,
            } = fetched;
            let next = match (next, start) {
                (Ok(next), _) => next,
                (Err(error), Start::After(_)) if error.kind() == FailureKind::Protocol => {
                    return Err(Stop::Refused(error));
                }
                (Err(error), Start::Next(_, token)) if error.kind() == FailureKind::Protocol => {
                    plan.go_on_by_token(at, token);
                    spare.push(page);
                    continue;
                }
                (Err(error), _) => return Err(Stop::Failed(error)),
            };
            plan.set_ordered(in_parts && self.is_ordered(&*backend));
            let taken = plan
                .take(at, &page, next)
                .map_err(|fault| self.stop(fault))?;
            tally.add(page.iter().take(taken), plan.cursor(at));
            *pages = plan.pages();
            spare.push(page);
        }
        Ok(Found {
            tally,
            boundaries: plan.into_boundaries().settle(),
        })
    }

    /// One page, when its turn has come. The permits cover its retries, and the store's
    /// is taken first, so that those who wait for a slow store don't hold the process's.
    async fn fetch(
        &self,
        backend: &dyn Backend,
        at: usize,
        start: Start,
        mut page: Page,
    ) -> Fetched {
        let _store = self.store.permit().await;
        let _process = self.requests.acquire().await;
        let ask = Ask {
            bucket: &self.destination.bucket,
            prefix: &self.destination.prefix,
            from: match &start {
                Start::First => From::Start,
                Start::After(key) | Start::Next(key, _) => From::After(key),
                Start::Token(token) => From::Token(token),
            },
            max_keys: self.page_size,
            meter: &self.meter,
        };
        let next = backend.list_page(&ask, &mut page).await;
        Fetched {
            at,
            start,
            page,
            next,
        }
    }

    /// Whether keys must rise in this bucket. Keeps in mind that they had to.
    fn is_ordered(&self, backend: &dyn Backend) -> bool {
        let ordered = backend.order(&self.destination.bucket) == Order::Utf8;
        if ordered {
            self.was_ordered.store(true, Relaxed);
        }
        ordered
    }

    /// Says once that a bucket which was listed in parts is not any more.
    fn tell_of_lost_order(&self, backend: &dyn Backend) {
        let is_lost = backend.order(&self.destination.bucket) == Order::Other;
        if is_lost && self.was_ordered.swap(false, Relaxed) {
            self.warn_of_lost_order();
        }
    }

    fn stop(&self, fault: Contradiction) -> Stop {
        match fault {
            Contradiction::Disorder(fault) => Stop::Disorder(fault),
            Contradiction::OrderLost => Stop::OrderLost,
            Contradiction::Nonsense(fault) => Stop::Failed(self.protocol(&fault)),
        }
    }
}
