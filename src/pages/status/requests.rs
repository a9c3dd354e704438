//! Requests of a destination, and what they cost.

use serde::Serialize;

use crate::snapshot::{DestinationSnapshot, Requests};

/// Requests of a destination, and what they cost where its backend has a price.
#[derive(Debug, Serialize)]
pub struct RequestsStatus {
    /// HTTP requests of the latest scan that ended, retries included; `None` where that is not known.
    pub latest_scan: Option<u64>,
    /// In a month of thirty days, at the interval that is configured, with as many as the latest
    /// complete scan took; audits and looks included, and what is asked to see whether the store answers.
    pub per_month: Option<f64>,
    /// As configured, in whatever currency.
    pub price_per_1000: Option<f64>,
    /// What the latest complete scan cost.
    pub cost_per_scan: Option<f64>,
    /// What a month costs.
    pub cost_per_month: Option<f64>,
}

impl RequestsStatus {
    pub(in crate::pages) fn new(of: &DestinationSnapshot) -> Self {
        let (price, requests) = (of.destination.price, Requests::of(of));
        let cost = |requests: Option<f64>| Some(price?.of(requests?));
        let per_month = requests.as_ref().map(Requests::a_month);
        Self {
            latest_scan: of.history.latest().map(|scan| scan.requests),
            per_month,
            price_per_1000: price.map(|price| price.per_1000()),
            cost_per_scan: cost(requests.as_ref().map(|requests| requests.scan as f64)),
            cost_per_month: cost(per_month),
        }
    }
}
