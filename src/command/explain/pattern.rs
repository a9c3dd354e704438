//! What a user's own pattern matches of a destination's keys.

use std::sync::Arc;

use s3_exporter_api::{ListRequest, ListingKind, Page, StartAt, UnixTime};
use s3_exporter_judge::layouts::LayoutChoice;

use crate::config::Config;
use crate::destination::Destination;
use crate::pages::Time;
use crate::snapshot::DestinationSnapshot;
use crate::words::{Count, NameList};

/// Keys that are looked at: a page.
const KEYS: u16 = 1000;
/// Keys that are shown.
const SHOWN: usize = 3;

/// How many objects it matched in the latest complete scan, and in how many jobs; `None` where the
/// destination has no such pattern, or no scan is known.
pub fn counted(of: &DestinationSnapshot) -> Option<String> {
    let LayoutChoice::Pattern(_) = &of.destination.judging.layouts else {
        return None;
    };
    let (found, figures) = (of.found.as_ref()?, of.figures.as_ref()?);
    Some(format!(
        "in the scan that ended at {} the pattern of `layout`, as it was then, matched {} of {}, in {}",
        Time(found.as_of),
        found.fold.backups()?.matched(),
        Count(figures.listed.objects, "object"),
        Count(found.fold.jobs()?.len(), "job"),
    ))
}

/// How many of the first keys it matches, with some that it does and some that it does not; `None`
/// where the destination has no such pattern, or cannot be listed, which is told elsewhere.
pub async fn line(config: &Config, destination: &Destination) -> Option<String> {
    let LayoutChoice::Pattern(_) = &destination.judging.layouts else {
        return None;
    };
    let backend = config.backends.get(&destination.backend)?;
    let backend = backend.connect.connect().await.ok()?;
    let (meter, mut page) = (Arc::default(), Page::new());
    let request = ListRequest {
        bucket: &destination.bucket,
        prefix: &destination.prefix,
        kind: ListingKind::Objects,
        from: StartAt::Start,
        max_keys: KEYS,
        meter: &meter,
    };
    backend.list_page(&request, &mut page).await.ok()?;
    let filter = destination
        .filter
        .at(UnixTime::now(), &destination.prefix)
        .ok()?;
    let counts = |key: &&[u8]| filter.as_ref().is_none_or(|of| !of.leaves_out(key));
    let keys = page.keys().filter(counts).map(String::from_utf8_lossy);
    let keys: Vec<_> = keys.collect();
    let below = destination.prefix.len();
    let is_matched = |key: &&str| {
        let below = key.as_bytes().get(below..).unwrap_or_default();
        destination.judging.layouts.read(below).is_some()
    };
    let (matched, others): (Vec<_>, Vec<_>) = keys.iter().map(|key| &**key).partition(is_matched);
    let some = |keys: &[&str]| match keys {
        [] => String::new(),
        keys => format!(", such as {}", NameList(&keys[..keys.len().min(SHOWN)])),
    };
    Some(format!(
        "the pattern of `layout` matches {} of the first {}{}; {} are not matched{}",
        matched.len(),
        Count(keys.len(), "key"),
        some(&matched),
        others.len(),
        some(&others)
    ))
}
