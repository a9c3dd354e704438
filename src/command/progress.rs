//! What somebody who waits at a terminal sees while buckets are listed.

use std::convert::Infallible;
use std::fmt::Write;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::logging::{self, Log, LogFormat};
use crate::snapshot::{DestinationSnapshot, Snapshot, SnapshotSource};
use crate::words::{Count, Span};

/// Often enough to be seen to go on.
const TICK: Duration = Duration::from_millis(150);
/// On a narrow terminal the end of the message is left out.
const LINE: &str = "{spinner} {wide_msg}";

/// Does the work, and tells meanwhile on stderr how far the scans of `source` are, where that is a
/// terminal for people. Afterwards nothing of it is left there.
pub async fn during<T>(source: SnapshotSource, log: &Log, work: impl Future<Output = T>) -> T {
    tokio::select! {
        biased;
        done = work => done,
        never = show(source, log) => match never {},
    }
}

async fn show(source: SnapshotSource, log: &Log) -> Infallible {
    let is_dumb = std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
    // A log of JSON is read by a program, at a terminal too.
    let target = match is_dumb || log.format == Some(LogFormat::Json) {
        true => ProgressDrawTarget::hidden(),
        false => ProgressDrawTarget::stderr(), // hidden where that is no terminal
    };
    let bar = Cleared(ProgressBar::with_draw_target(None, target));
    let style = ProgressStyle::with_template(LINE);
    bar.0
        .set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    logging::stand_aside_for(Some(bar.0.clone()));
    let started = Instant::now();
    loop {
        tokio::time::sleep(TICK).await;
        let far = HowFar::of(&source.snapshot());
        bar.0.set_message(far.message(started.elapsed()));
        bar.0.tick();
    }
}

/// Takes the line away when it goes.
struct Cleared(ProgressBar);

impl Drop for Cleared {
    fn drop(&mut self) {
        logging::stand_aside_for(None);
        self.0.finish_and_clear();
    }
}

/// How far the scans are, all together.
#[derive(Debug, Default)]
struct HowFar {
    destinations: usize,
    /// Of these, how many have been scanned.
    scanned: usize,
    pages: u64,
    objects: u64,
    /// Of the objects that are expected, how many have come.
    done: u64,
    /// How many the scans before found; `None` where one was not made.
    expected: Option<u64>,
}

impl HowFar {
    fn of(snapshot: &Snapshot) -> Self {
        let destinations = &snapshot.destinations;
        let mut far = Self {
            destinations: destinations.len(),
            expected: Some(0),
            ..Self::default()
        };
        destinations.iter().for_each(|of| far.add(of));
        far
    }

    fn add(&mut self, of: &DestinationSnapshot) {
        let ended = of.history.latest().filter(|_| of.scans.finished > 0);
        self.scanned += usize::from(ended.is_some());
        let (pages, objects) = match (of.running.get(), ended) {
            (Some(running), _) => (running.pages(), running.objects()),
            (None, Some(ended)) => (ended.pages, ended.objects),
            (None, None) => (0, 0),
        };
        self.pages += pages;
        self.objects += objects;
        let before = of.figures.as_ref().map(|figures| figures.all().objects);
        self.done += objects.min(before.unwrap_or(0));
        self.expected = self.expected.zip(before).map(|(sum, before)| sum + before);
    }

    /// Which part of what is expected has come, 0 to 1.
    fn share(&self) -> Option<f64> {
        let expected = self.expected.filter(|expected| *expected > 0)?;
        Some(self.done as f64 / expected as f64)
    }

    fn message(&self, elapsed: Duration) -> String {
        let seconds = elapsed.as_secs_f64();
        let mut text = "listing: ".to_owned();
        // Into a String: writing cannot fail.
        if self.destinations != 1 {
            let all = Count(self.destinations, "destination");
            let _ = write!(text, "{} of {all}, ", self.scanned);
        }
        if let Some(share) = self.share() {
            let _ = write!(text, "{:.0} %, ", share * 100.0);
            if share > 0.0 {
                let left = seconds / share - seconds;
                let _ = write!(text, "about {} left, ", Span(left));
            }
        }
        let (pages, objects) = (Count(self.pages, "page"), Count(self.objects, "object"));
        let _ = write!(text, "{pages}, {objects}");
        if self.objects > 0 && seconds > 0.0 {
            let _ = write!(text, ", {:.0} a second", self.objects as f64 / seconds);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use s3_exporter_api::UnixTime;

    use super::*;
    use crate::facts::Figures;
    use crate::snapshot::PastScan;
    use crate::snapshot::tests::unscanned;

    /// One that was scanned before, or now too.
    fn of(name: &str, before: Option<u64>, now: Option<u64>) -> Arc<DestinationSnapshot> {
        let mut of = unscanned(name);
        if let Some(objects) = before {
            let mut figures = Figures::empty(UnixTime::from_millis(0));
            figures.listed.objects = objects;
            of.figures = Some(Arc::new(figures));
        }
        if let Some(objects) = now {
            of.scans.finished = 1;
            Arc::make_mut(&mut of.history).push(PastScan {
                began: UnixTime::from_millis(0),
                duration: Duration::ZERO,
                pages: objects.div_ceil(1000),
                objects,
                requests: 9,
                failure: None,
            });
        }
        Arc::new(of)
    }

    #[test]
    fn what_is_told_of_how_far_scans_are() {
        let told = |destinations: Vec<Arc<DestinationSnapshot>>| {
            let snapshot = Snapshot {
                destinations,
                ..Snapshot::default()
            };
            HowFar::of(&snapshot).message(Duration::from_secs(10))
        };
        assert_eq!(
            told(vec![of("a", None, None)]),
            "listing: 0 pages, 0 objects"
        );
        assert_eq!(
            told(vec![of("a", None, Some(2500)), of("b", Some(9), None)]),
            "listing: 1 of 2 destinations, 3 pages, 2500 objects, 250 a second",
            "nobody knows how many there are in all"
        );
        assert_eq!(
            told(vec![
                of("a", Some(1000), Some(1000)),
                of("b", Some(4000), None)
            ]),
            "listing: 1 of 2 destinations, 20 %, about 40 s left, 1 page, 1000 objects, 100 a second"
        );
        assert_eq!(
            told(vec![of("a", Some(10), None)]),
            "listing: 0 %, 0 pages, 0 objects"
        );
        assert_eq!(
            told(Vec::new()),
            "listing: 0 of 0 destinations, 0 pages, 0 objects"
        );
    }
}
