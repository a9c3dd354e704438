//! The pages: for somebody who is tired. First a verdict, then what is wrong and why, then
//! everything. Complete without the script, which brings them up to date and searches at once.

use s3_exporter_api::UnixTime;

mod advice;
mod beside;
mod calendar;
mod cluster;
mod destination;
mod found;
mod groups;
mod headline;
mod links;
mod overview;
mod plot;
mod query;
mod rows;
mod scans;
mod unassigned;
mod write;

pub use query::Query;
use write::{HtmlText, When};

use crate::snapshot::{DestinationSnapshot, Snapshot};
use crate::telemetry;

/// The style sheet of all pages.
pub const STYLE: &str = include_str!("html/style.css");
/// Their script.
pub const SCRIPT: &str = include_str!("html/page.js");
/// Their icon.
pub const ICON: &str = include_str!("html/icon.svg");
/// The Content-Security-Policy: what is served here, and nothing else.
pub const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Of what a page is made.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// What is known.
    pub snapshot: &'a Snapshot,
    /// When the process started.
    pub started: UnixTime,
    /// The moment at which the page is made: all ages are as of then.
    pub now: UnixTime,
}

/// What the foot of each page says.
#[derive(Debug)]
struct About {
    now: String,
    started: When,
    version: &'static str,
    revision: HtmlText<'static>,
}

impl<'a> Context<'a> {
    fn about(&self) -> About {
        About {
            now: crate::pages::Time(self.now).to_string(),
            started: When {
                time: Some(self.started.min(self.now)),
                now: self.now,
            },
            version: telemetry::VERSION,
            revision: HtmlText(telemetry::REVISION),
        }
    }

    fn of(&self, destination: &str) -> Option<&'a DestinationSnapshot> {
        let mut all = self.snapshot.destinations.iter();
        let of = all.find(|of| *of.destination.name == *destination)?;
        Some(of)
    }
}

/// The overview.
///
/// # Errors
/// None that is known: a fault of ours.
pub fn overview(context: &Context<'_>, query: &Query) -> askama::Result<String> {
    overview::page(context, query)
}

/// A destination; `None` where there is none of this name.
///
/// # Errors
/// None that is known: a fault of ours.
pub fn destination(
    context: &Context<'_>,
    name: &str,
    query: &Query,
) -> askama::Result<Option<String>> {
    let of = context.of(name);
    of.map(|of| destination::page(context, of, query))
        .transpose()
}

/// A cluster at a destination, or its jobs of no cluster where the name is empty; `None` where
/// there is none.
///
/// # Errors
/// None that is known: a fault of ours.
pub fn cluster(
    context: &Context<'_>,
    destination: &str,
    cluster: &str,
    query: &Query,
) -> askama::Result<Option<String>> {
    match context.of(destination) {
        Some(of) => cluster::page(context, of, cluster, query),
        None => Ok(None),
    }
}
