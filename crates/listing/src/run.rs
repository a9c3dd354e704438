//! Runs the requests of one listing: as many at a time as there is room for, each page folded
//! as it comes. All of it is one task, so nothing is locked and nothing is shared.

use std::sync::Arc;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use s3_exporter_api::{
    BackendError, Capabilities, Continuation, FailureKind, ListRequest, Order, Page, StartAt,
    UnixTime, chain,
};

use crate::contradiction::Contradiction;
use crate::fold::Lanes;
use crate::ranges::{ListingPlan, PageRequest, Purpose, Start};
use crate::throttle::Throttle;
use crate::{Boundaries, Complete, Fold, ListingContext, OrderEvent};

/// Why a listing was given up.
#[derive(Debug)]
pub(crate) enum Abandoned {
    /// It cannot be had.
    Failed(BackendError),
    /// Answers contradict each other. It may be had in sequence.
    Contradicted(Contradiction),
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

/// What the pages of a listing are made into, with a lane for each range.
struct Folding<F: Fold> {
    fold: F,
    lanes: Lanes<F::Lane>,
}

/// Objects that are not older than this before a listing began may have come meanwhile: clocks
/// of stores differ from ours.
const RECENT_MILLIS: i64 = 5 * 60 * 1000;

impl ListingContext {
    /// Lists everything into a fold that is empty. `in_parts` where ranges may be used if the
    /// store's order allows it.
    pub(crate) async fn run<F: Fold>(
        &self,
        fold: F,
        hints: &Boundaries,
        in_parts: bool,
    ) -> Result<Complete<F>, Abandoned> {
        let mut folding = Folding {
            fold,
            lanes: Lanes::new(),
        };
        let can = self.backend.capabilities();
        can.lists(self.target.kind)
            .map_err(|lacking| Abandoned::Failed(lacking.into_error(self.target.action())))?;
        let mut plan = self.plan(hints, can);
        let mut throttle = Throttle::new(
            self.concurrency,
            Arc::clone(&self.concurrency_now),
            Arc::clone(&self.meter),
        );
        let mut flying = FuturesUnordered::new();
        let mut spare = Vec::new();
        plan.set_order(self.order(in_parts, OrderEvent::Begun));
        let mut report = None;
        self.progress.set(0, 0, false);
        loop {
            while flying.len() < throttle.limit() {
                let Some(request) = plan.next(flying.len(), throttle.limit()) else {
                    break;
                };
                flying.push(self.fetch(request, spare.pop().unwrap_or_default()));
            }
            let Some(fetched) = flying.next().await else {
                break;
            };
            throttle.observe(flying.len());
            plan.set_order(self.order(in_parts, OrderEvent::Answered));
            report = fetched.page.report().or(report);
            spare.push(self.take(&mut plan, &mut folding, fetched)?);
            self.progress
                .set(plan.pages(), plan.objects(), plan.is_in_parts());
        }
        self.knowledge.learn(&self.target, |quirks| {
            quirks.learn(plan.is_narrow(), plan.is_by_marker(), plan.repeated())
        });
        Ok(Complete {
            fold: folding.fold,
            boundaries: plan.into_boundaries().settle(),
            as_of: report.map_or_else(UnixTime::now, |report| report.as_of),
            report,
        })
    }

    fn plan<'a>(&'a self, hints: &'a Boundaries, can: Capabilities) -> ListingPlan<'a> {
        let recent = UnixTime::from_millis(UnixTime::now().as_millis() - RECENT_MILLIS);
        let mut plan = ListingPlan::new(&self.target.prefix, self.page_size, hints, recent, can);
        plan.expect(&self.expected);
        let quirks = self.knowledge.quirks();
        plan.set_narrow(quirks.is_narrow);
        plan.set_by_marker(quirks.by_marker && can.marker);
        plan
    }

    /// Takes what has come. Gives the page back, to be used again.
    fn take<F: Fold>(
        &self,
        plan: &mut ListingPlan<'_>,
        folding: &mut Folding<F>,
        fetched: Fetched,
    ) -> Result<Page, Abandoned> {
        let Fetched {
            request,
            mut page,
            next,
        } = fetched;
        for (oddity, key) in page.oddities() {
            self.knowledge
                .learn(&self.target, |quirks| quirks.see(oddity, key));
        }
        match (request.purpose, next) {
            (Purpose::Range(at), Ok(next)) => {
                let number = plan.number(at); // it may end, and its place be another's
                let taken = plan
                    .take(at, request.start, &mut page, next)
                    .map_err(Abandoned::Contradicted)?;
                let lane = folding.lanes.of(at, number);
                for object in page.iter().take(taken) {
                    folding.fold.add(lane, &object);
                }
                if let Some(versions) = page.beside() {
                    folding.fold.add_beside(versions);
                }
            }
            (Purpose::Range(at), Err(error)) => match (request.start, error.kind()) {
                (Start::Next(_, token), FailureKind::Protocol) => plan.go_on_by_token(at, token),
                (Start::After(_), FailureKind::Protocol) => return Err(Abandoned::Refused(error)),
                (_, FailureKind::Denied) if *request.prefix != *self.target.prefix => {
                    return Err(Abandoned::Denied(error));
                }
                _ => return Err(Abandoned::Failed(error)),
            },
            (Purpose::Named(key), Ok(_)) => {
                if plan.take_named(&key, &page) {
                    let first = page.iter().take(1);
                    first.for_each(|object| folding.fold.add(&mut F::Lane::default(), &object));
                }
            }
            (Purpose::Named(_), Err(error)) if error.kind() == FailureKind::Denied => {
                return Err(Abandoned::Denied(error));
            }
            (Purpose::Named(_), Err(error)) => return Err(Abandoned::Failed(error)),
            (Purpose::Check(check), Ok(next)) => plan
                .judge(check, &page, &next)
                .map_err(Abandoned::Contradicted)?,
            (Purpose::Check(check), Err(error)) => {
                let is_refused =
                    matches!(error.kind(), FailureKind::Denied | FailureKind::Protocol);
                if !is_refused || !plan.give_up(check) {
                    return Err(Abandoned::Failed(error));
                }
                tracing::debug!(
                    destination = &*self.target.name,
                    bucket = &*self.target.bucket,
                    error = chain(&error),
                    "the end of the listing cannot be asked for in this way"
                );
            }
        }
        Ok(page)
    }

    /// One page, when its turn has come. The permits cover its retries.
    async fn fetch(&self, request: PageRequest, mut page: Page) -> Fetched {
        let mut held = Vec::with_capacity(self.permits.len());
        for permits in &self.permits {
            held.push(permits.acquire().await); // nobody closes them
        }
        self.progress.asks();
        let page_request = ListRequest {
            bucket: &self.target.bucket,
            prefix: &request.prefix,
            kind: self.target.kind,
            from: match &request.start {
                Start::First => StartAt::Start,
                Start::After(key) | Start::Next(key, _) => StartAt::After(key),
                Start::Marker(key) => StartAt::Marker(key),
                Start::Token(token) => StartAt::Token(token),
            },
            max_keys: request.max_keys,
            meter: &self.meter,
        };
        let next = self.backend.list_page(&page_request, &mut page).await;
        Fetched {
            request,
            page,
            next,
        }
    }

    /// The order of this bucket's keys, where it is of use. It is taken note of.
    fn order(&self, in_parts: bool, event: impl FnOnce(Order) -> OrderEvent) -> Order {
        if !in_parts {
            return Order::Other;
        }
        let order = self.backend.order(&self.target.bucket);
        self.knowledge.take_note(&self.target, event(order));
        order
    }
}
