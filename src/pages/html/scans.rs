//! How far the scan of a destination is that runs, and how those before it ended.

use s3_exporter_api::UnixTime;

use super::write::{Count, Sentences, Span, When};
use crate::pages::{Moment, ScanProgress, ScanStatus};

/// A scan that runs.
#[derive(Debug)]
pub struct Running {
    /// What has come, and how fast.
    pub come: String,
    /// Since when.
    pub began: When,
    /// How far it is.
    pub far: Option<HowFar>,
}

/// How far a scan is, beside the latest complete one.
#[derive(Debug)]
pub struct HowFar {
    /// In percent.
    pub share: u8,
    /// How long the rest takes; `None` where nobody can say yet.
    pub left: Option<Span>,
}

/// A scan that ended.
#[derive(Debug)]
pub struct ScanLine {
    /// When it began.
    pub began: When,
    /// How long it took.
    pub took: Span,
    /// The class of how it ended.
    pub class: &'static str,
    /// How it ended.
    pub state: String,
    /// Pages that came.
    pub pages: u64,
    /// Objects that came.
    pub objects: u64,
    /// Requests, retries included.
    pub requests: u64,
    /// The error, then its causes from the outside in; none where they are those of the line above.
    pub causes: Vec<Sentences>,
}

impl Running {
    /// Of what is known of it.
    pub fn new(of: &ScanProgress, now: UnixTime) -> Self {
        let rate = of.objects_per_second.round() as u64;
        Self {
            come: format!(
                "{}, {}, {} a second",
                Count(of.pages, "page"),
                Count(of.objects, "object"),
                Count(rate, "object"),
            ),
            began: when(&of.began, now),
            far: of.share_done.map(|share| HowFar {
                share: (share * 100.0) as u8,
                left: of.seconds_left.map(Span),
            }),
        }
    }
}

impl ScanLine {
    /// The lines of these, in their order.
    pub fn all(scans: &[ScanStatus<'_>], now: UnixTime) -> Vec<Self> {
        let above = std::iter::once(None).chain(scans.iter().map(Some));
        let lines = scans.iter().zip(above);
        lines.map(|(of, above)| Self::new(of, above, now)).collect()
    }

    fn new(of: &ScanStatus<'_>, above: Option<&ScanStatus<'_>>, now: UnixTime) -> Self {
        let above = above.and_then(|above| above.failure.as_ref());
        let is_same = of.failure.as_ref() == above;
        let (class, state) = match &of.failure {
            None => ("good", "complete".to_owned()),
            Some(failure) if is_same => ("bad", format!("failed: {}, as above", failure.kind)),
            Some(failure) => ("bad", format!("failed: {}", failure.kind)),
        };
        let told = of.failure.iter().filter(|_| !is_same);
        let causes = told.flat_map(|failure| failure.causes);
        Self {
            began: when(&of.began, now),
            took: Span(of.duration_seconds),
            class,
            state,
            pages: of.pages,
            objects: of.objects,
            requests: of.requests,
            causes: causes.map(|cause| Sentences(cause.to_string())).collect(),
        }
    }
}

fn when(moment: &Moment, now: UnixTime) -> When {
    When {
        time: Some(moment.time.0),
        now,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::FailureStatus;

    const NOW: UnixTime = UnixTime::from_millis(1_767_225_600_000);

    fn began() -> Moment {
        Moment {
            time: crate::pages::Time(UnixTime::from_millis(1_767_225_570_000)),
            age_seconds: 30.0,
        }
    }

    #[test]
    fn how_far_a_scan_is() {
        let far = |share_done: Option<f64>, seconds_left| {
            let of = ScanProgress {
                began: began(),
                pages: 1,
                objects: 1000,
                requests: 2,
                objects_per_second: 33.6,
                share_done,
                seconds_left,
            };
            Running::new(&of, NOW)
        };
        let running = far(Some(0.999), Some(61.0));
        assert_eq!(running.come, "1 page, 1000 objects, 34 objects a second");
        assert!(running.began.to_string().ends_with(">30 s ago</span>"));
        let so_far = running.far.unwrap();
        assert_eq!(so_far.share, 99, "it is done when it is done");
        assert_eq!(so_far.left.unwrap().to_string(), "1 min 1 s");
        assert!(far(None, None).far.is_none());
        assert!(far(Some(0.0), None).far.unwrap().left.is_none());
    }

    #[test]
    fn causes_are_told_once() {
        let (one, other) = (["no answer".into(), "refused".into()], ["slow".into()]);
        let scan = |kind: Option<&'static str>, causes| ScanStatus {
            began: began(),
            duration_seconds: 2.0,
            success: kind.is_none(),
            pages: 1,
            objects: 2,
            requests: 3,
            failure: kind.map(|kind| FailureStatus { kind, causes }),
        };
        let scans = [
            scan(Some("connect"), &one[..]),
            scan(Some("connect"), &one),
            scan(Some("connect"), &other),
            scan(Some("timeout"), &other),
            scan(None, &[]),
            scan(None, &[]),
            scan(Some("timeout"), &other),
        ];
        let lines = ScanLine::all(&scans, NOW);
        let lines = lines.iter().map(|line| {
            let causes = line.causes.iter().map(|cause| &*cause.0);
            let causes = causes.collect::<Vec<_>>().join("|");
            (line.class, &*line.state, causes)
        });
        let expected = [
            ("bad", "failed: connect", "no answer|refused"),
            ("bad", "failed: connect, as above", ""),
            ("bad", "failed: connect", "slow"),
            ("bad", "failed: timeout", "slow"),
            ("good", "complete", ""),
            ("good", "complete", ""),
            ("bad", "failed: timeout", "slow"),
        ];
        let expected = expected.map(|(class, state, causes)| (class, state, causes.to_owned()));
        assert_eq!(lines.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn what_a_scan_was() {
        let scan = ScanStatus {
            began: began(),
            duration_seconds: 2.0,
            success: true,
            pages: 1,
            objects: 2,
            requests: 3,
            failure: None,
        };
        let [line] = ScanLine::all(&[scan], NOW).try_into().unwrap();
        assert_eq!((line.pages, line.objects, line.requests), (1, 2, 3));
        assert_eq!(line.took.to_string(), "2 s");
        assert!(line.began.to_string().ends_with(">30 s ago</span>"));
    }
}
