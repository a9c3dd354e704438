//! How far the scan is that runs.

use s3_exporter_api::UnixTime;
use serde::Serialize;

use super::Moment;
use crate::scan::RunningScan;
use crate::snapshot::DestinationSnapshot;

/// A scan that runs.
#[derive(Debug, Serialize)]
pub struct ScanProgress {
    /// When it began.
    pub began: Moment,
    /// Pages that have come.
    pub pages: u64,
    /// Objects that have come.
    pub objects: u64,
    /// HTTP requests, retries included.
    pub requests: u64,
    /// Objects a second since it began.
    pub objects_per_second: f64,
    /// Which part of the objects has come that the latest complete scan found, 0 to 1; `None` where
    /// none was complete, and where there are more by now.
    pub share_done: Option<f64>,
    /// How long it still takes if the rest comes as fast: an estimate. `None` where nothing is to be
    /// told of it.
    pub seconds_left: Option<f64>,
}

/// The scan that runs, where one does.
pub(in crate::pages) fn progress(of: &DestinationSnapshot, now: UnixTime) -> Option<ScanProgress> {
    let running = of.running.get()?;
    let before = of.figures.as_ref().map(|figures| figures.listed.objects);
    Some(ScanProgress::new(&running, before, now))
}

impl ScanProgress {
    /// Of a scan, and how many objects the one before found.
    pub fn new(running: &RunningScan, before: Option<u64>, now: UnixTime) -> Self {
        let (objects, elapsed) = (running.objects(), running.elapsed().as_secs_f64());
        let share_done = share(objects, before);
        Self {
            began: Moment::of_ours(running.began, now),
            pages: running.pages(),
            objects,
            requests: running.requests(),
            objects_per_second: match elapsed > 0.0 {
                true => objects as f64 / elapsed,
                false => 0.0,
            },
            share_done,
            seconds_left: share_done
                .filter(|share| *share > 0.0)
                .map(|share| elapsed / share - elapsed),
        }
    }
}

/// Which part of these objects has come.
fn share(objects: u64, before: Option<u64>) -> Option<f64> {
    let before = before.filter(|before| *before > 0 && objects <= *before)?;
    Some(objects as f64 / before as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_told_of_what_is_known_alone() {
        for (objects, before, expected) in [
            (0, None, None),
            (5, None, None),
            (0, Some(0), None),
            (0, Some(8), Some(0.0)),
            (2, Some(8), Some(0.25)),
            (8, Some(8), Some(1.0)),
            (9, Some(8), None),
        ] {
            assert_eq!(share(objects, before), expected, "{objects} of {before:?}");
        }
    }
}
