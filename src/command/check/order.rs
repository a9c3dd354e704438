//! What is known of the order of a destination's store, and what it is worth: one line.

use std::time::Duration;

use s3_exporter_api::{Backend, Order};

use crate::snapshot::DestinationSnapshot;
use crate::words::Count;

/// A listing that has ended well, and what its store is held for.
struct Listing<'a> {
    pages: u64,
    took: Duration,
    concurrency: u16,
    is_in_parts: bool,
    order: Order,
    /// What that is known by.
    by: Option<&'a str>,
    backend: &'a str,
}

/// How the destination was listed, and why so; `None` where there is no other way, as for a listing of
/// one page.
pub fn line(snapshot: &DestinationSnapshot, backend: &dyn Backend) -> Option<String> {
    let destination = &snapshot.destination;
    let scan = snapshot.history.latest()?;
    let can = backend.capabilities().start_after && scan.failure.is_none();
    can.then_some(())?;
    let bucket = &destination.bucket;
    said(&Listing {
        pages: scan.pages,
        took: scan.duration,
        concurrency: destination.concurrency,
        is_in_parts: snapshot.is_in_parts,
        order: backend.order(bucket),
        by: backend.order_shown_by(bucket),
        backend: &destination.backend,
    })
}

fn said(of: &Listing<'_>) -> Option<String> {
    if of.pages < 2 {
        return None;
    }
    let by = of.by.map_or(String::new(), |by| format!(" ({by})"));
    let in_flight = format!("up to {} requests at once", of.concurrency);
    if of.is_in_parts {
        return Some(format!(
            "listed in parts, {in_flight}: the store lists in the order of the keys' bytes{by}"
        ));
    }
    let is_ordered = matches!(of.order, Order::Utf8 | Order::Utf8ByFolder);
    let (why, what_to_do) = match (is_ordered, of.by) {
        _ if of.concurrency == 1 => return None, // as it was asked for
        (true, _) => (
            format!("though the store is said to list in the order of the keys' bytes{by}"),
            "the log has why".to_owned(),
        ),
        (false, Some(by)) => (
            format!("as the store is held to list in an order of its own ({by})"),
            String::new(),
        ),
        (false, None) => (
            "as no answer shows that the store lists in the order of the keys' bytes".to_owned(),
            format!(
                "set `ordered = true` for backend {:?} if that is certain",
                of.backend
            ),
        ),
    };
    let flying = u64::from(of.concurrency).min(of.pages);
    let pages = Count(of.pages, "page");
    let mut text = format!(
        "listed one page after another, {why}: {pages} took {}; in parts, {in_flight}, that may be {}",
        seconds(of.took),
        seconds(of.took.div_f64(flying as f64)),
    );
    if !what_to_do.is_empty() {
        text = format!("{text}: {what_to_do}");
    }
    Some(text)
}

/// In the way of stop watches.
fn seconds(of: Duration) -> String {
    let seconds = of.as_secs_f64();
    match seconds {
        ..0.01 => format!("{:.1} ms", seconds * 1000.0),
        ..10.0 => format!("{seconds:.2} s"),
        _ => format!("{seconds:.0} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What holds of a listing; how many pages; and what is said.
    #[test]
    fn each_case_is_one_line() {
        const HEADER: Option<&str> = Some("MinIO, by the header `Server`");
        let long = "listed one page after another, as no answer shows that the store lists in the order of the \
                    keys' bytes: 120 pages took 14 s; in parts, up to 16 requests at once, that may be 0.88 s: set \
                    `ordered = true` for backend \"store\" if that is certain";
        let two = "listed one page after another, as no answer shows that the store lists in the order of the \
                   keys' bytes: 2 pages took 14 s; in parts, up to 16 requests at once, that may be 7.00 s: set \
                   `ordered = true` for backend \"store\" if that is certain";
        let told = "listed one page after another, as the store is held to list in an order of its own \
                    (`ordered = false`): 120 pages took 14 s; in parts, up to 16 requests at once, that may be 0.88 s";
        let disproved = "listed one page after another, though the store is said to list in the order of the keys' \
                         bytes (MinIO, by the header `Server`): 120 pages took 14 s; in parts, up to 16 requests at \
                         once, that may be 0.88 s: the log has why";
        let parts = "listed in parts, up to 16 requests at once: the store lists in the order of the keys' bytes \
                     (MinIO, by the header `Server`)";
        for (pages, concurrency, is_in_parts, order, by, text) in [
            (1, 16, false, Order::Other, None, None),
            (120, 16, false, Order::Other, None, Some(long)),
            (2, 16, false, Order::Other, None, Some(two)),
            (
                120,
                16,
                false,
                Order::Other,
                Some("`ordered = false`"),
                Some(told),
            ),
            (120, 16, false, Order::Utf8ByFolder, HEADER, Some(disproved)),
            (120, 16, true, Order::Utf8ByFolder, HEADER, Some(parts)),
            (120, 1, false, Order::Utf8ByFolder, HEADER, None),
        ] {
            let listing = Listing {
                pages,
                took: Duration::from_millis(14_000),
                concurrency,
                is_in_parts,
                order,
                by,
                backend: "store",
            };
            assert_eq!(said(&listing).as_deref(), text);
        }
    }

    #[test]
    fn times_are_as_exact_as_they_are_short() {
        for (millis, text) in [
            (3, "3.0 ms"),
            (40, "0.04 s"),
            (9_990, "9.99 s"),
            (61_000, "61 s"),
        ] {
            assert_eq!(seconds(Duration::from_millis(millis)), text);
        }
    }
}
