//! A whole listing: in parts where the store's order allows it, else in sequence.

use std::sync::Arc;
use std::sync::atomic::AtomicU16;

use s3_exporter_api::{BackendError, chain};
use tokio::time::timeout_at;

use crate::contradiction::{Contradiction, Reach};
use crate::run::Abandoned;
use crate::{Boundaries, Complete, Fold, ListingContext, OrderEvent};

impl ListingContext {
    /// Lists everything and folds it. `empty` makes a fold that nothing was added to: a listing
    /// that is discarded begins with another one. `hints` are the boundaries of the listing
    /// before.
    ///
    /// # Errors
    /// What the backend fails of; `timeout` after the deadline; `protocol` for pages that
    /// contradict each other.
    pub async fn list<F: Fold>(
        &self,
        empty: impl Fn() -> F,
        hints: &Boundaries,
    ) -> Result<Complete<F>, BackendError> {
        let listing = self.list_all(&empty, hints);
        let Ok(result) = timeout_at(self.deadline.at(), listing).await else {
            return Err(self.deadline.error(&self.target, self.progress.pages()));
        };
        if result.is_ok() {
            self.knowledge.set_in_parts(self.progress.is_in_parts());
        }
        result
    }

    /// Lists everything in sequence, by the store's own tokens: what an audit compares a listing
    /// in parts with. Throttling it does not touch the bound on other listings.
    ///
    /// # Errors
    /// As [`Self::list`] has them.
    pub async fn list_in_sequence<F: Fold>(
        &self,
        empty: impl Fn() -> F,
    ) -> Result<Complete<F>, BackendError> {
        let aside = Self {
            concurrency_now: Arc::new(AtomicU16::new(1)),
            ..self.clone()
        };
        let none = Boundaries::default();
        let listing = aside.in_sequence(&empty, &none);
        let result = timeout_at(self.deadline.at(), listing).await;
        result.unwrap_or_else(|_| Err(self.deadline.error(&self.target, self.progress.pages())))
    }

    async fn list_all<F: Fold>(
        &self,
        empty: &impl Fn() -> F,
        hints: &Boundaries,
    ) -> Result<Complete<F>, BackendError> {
        if self.knowledge.order().allows_parts() {
            let abandoned = match self.run(empty(), hints, true).await {
                Ok(complete) => return Ok(complete),
                Err(abandoned) => abandoned,
            };
            let event = self.instead(abandoned)?;
            self.knowledge.take_note(&self.target, event);
        }
        self.in_sequence(empty, hints).await
    }

    async fn in_sequence<F: Fold>(
        &self,
        empty: &impl Fn() -> F,
        hints: &Boundaries,
    ) -> Result<Complete<F>, BackendError> {
        let listing = self.run(empty(), hints, false);
        listing.await.map_err(|abandoned| self.error(abandoned))
    }

    /// What is to be taken note of where a listing in parts was given up, and can be made in
    /// sequence.
    fn instead(&self, abandoned: Abandoned) -> Result<OrderEvent, BackendError> {
        Ok(match abandoned {
            Abandoned::Contradicted(Contradiction::OrderLost) => OrderEvent::Lost,
            Abandoned::Contradicted(of) if of.reach() == Reach::Order => {
                OrderEvent::Disorder(of.to_string())
            }
            Abandoned::Contradicted(of) if of.reach() == Reach::Parts => {
                OrderEvent::Incomplete(of.to_string())
            }
            Abandoned::Denied(error) => OrderEvent::Denied(chain(&error)),
            Abandoned::Refused(error) => OrderEvent::KeyRefused(chain(&error)),
            abandoned => return Err(self.error(abandoned)),
        })
    }

    fn error(&self, abandoned: Abandoned) -> BackendError {
        match abandoned {
            Abandoned::Failed(error) | Abandoned::Refused(error) | Abandoned::Denied(error) => {
                error
            }
            Abandoned::Contradicted(contradiction) => {
                self.target.protocol(&contradiction.to_string())
            }
        }
    }
}
