//! What others would say of the same buckets: three plain rules, and two peers as people would
//! configure them. Each has one alarm a cluster or prefix, without a name of what is wrong.

use std::collections::BTreeMap;

use s3_exporter_judge::findings::{FindingKind, Severity};

use crate::case::{Case, Expect};
use crate::store::{Store, Stored};
use crate::text::{DAY, HOUR, MINUTE, Read, duration, number, size};
use crate::zones::Rhythm;

/// Who looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Peer {
    /// The newest object is older than 25 hours, as Velero's sample alert has it.
    Age25h,
    /// The newest object is older than twice the median from one to the next.
    TwiceMedian,
    /// The newest object in the prefix is older than the period and an hour, or empty.
    NewestObject,
    /// canary-checker's folder check: a file younger than the period and an hour; as many as are
    /// kept, not half as many again; none smaller than half of the usual.
    Canary,
    /// Kubermatic's expression: `time() - kubermatic_s3_object_last_modified_time_seconds` over an
    /// hour for its default of 20 minutes, so three periods.
    Kubermatic,
}

impl Peer {
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::Age25h, "age over 25 h"),
        (Self::TwiceMedian, "age over twice the median gap"),
        (Self::NewestObject, "newest object in the prefix"),
        (Self::Canary, "canary-checker"),
        (Self::Kubermatic, "Kubermatic's alert"),
    ];
}

/// What a peer made of a case.
#[derive(Clone, Debug)]
pub struct Seen {
    pub peer: Peer,
    /// Of each expected finding above information: whether it rang in time.
    pub recall: Vec<(FindingKind, bool)>,
    /// It rang while nothing was wrong.
    pub is_false: bool,
}

/// What the peers are told of a case: the rhythm and size, as who runs the jobs knows them.
pub struct Peers {
    period: i64,
    keep: Option<usize>,
    usual_size: Option<u64>,
    rang: BTreeMap<Peer, Vec<i64>>,
    /// The newest that was ever there.
    newest: Option<i64>,
}

impl Peers {
    pub fn of(case: &Case) -> Read<Self> {
        let mut periods = Vec::new();
        let (mut keep, mut usual_size) = (None, None);
        for job in &case.jobs {
            periods.push(Rhythm::read(job)?.longest());
            // Sizes of one file say something where a backup is one.
            let tool = job.get("tool").unwrap_or_default();
            let is_dump = tool.starts_with("dump") || tool.starts_with("kubermatic");
            if is_dump && case.jobs.len() == 1 {
                keep = Some(job.or("keep", number, 14)?);
                usual_size = Some(job.or("size", size, 40 << 20)?);
            }
        }
        for rule in &case.rules {
            periods.extend(rule.maybe("every", duration)?);
        }
        // One alarm for all of it rings when the fastest job is late.
        let period = periods.into_iter().min().unwrap_or(DAY);
        Ok(Self {
            period,
            keep,
            usual_size,
            rang: BTreeMap::new(),
            newest: None,
        })
    }

    /// At a scan, `scan` milliseconds after the start and at the moment `now`.
    pub fn look(&mut self, store: &Store, scan: i64, now: i64) {
        let mut times: Vec<i64> = store.objects.values().map(|object| object.at).collect();
        times.sort_unstable();
        self.newest = self.newest.max(times.last().copied());
        // A bucket is empty at first: on its first day nobody is called for that.
        if self.newest.is_none() && scan < DAY {
            return;
        }
        let age = times.last().map_or(i64::MAX, |newest| now - newest);
        // Objects within a minute are of one backup.
        let gaps = times.windows(2).map(|pair| pair[1] - pair[0]);
        let mut gaps: Vec<i64> = gaps.filter(|gap| *gap > MINUTE).collect();
        gaps.sort_unstable();
        let median = gaps.get(gaps.len() / 2).copied();
        let last = store.objects.values().max_by_key(|object| object.at);
        let is_empty = last.is_some_and(|last| last.size == 0);
        let rings = [
            (Peer::Age25h, age > 25 * HOUR),
            (
                Peer::TwiceMedian,
                median.is_some_and(|median| age > 2 * median),
            ),
            (Peer::NewestObject, age > self.period + HOUR || is_empty),
            (Peer::Canary, self.canary(store, now)),
            (Peer::Kubermatic, age > 3 * self.period),
        ];
        for (peer, _) in rings.into_iter().filter(|(_, rings)| *rings) {
            self.rang.entry(peer).or_default().push(scan);
        }
    }

    fn canary(&self, store: &Store, now: i64) -> bool {
        let objects = || store.objects.values();
        let is_fresh = |object: &&Stored| now - object.at < self.period + HOUR;
        let count = store.objects.len();
        objects().filter(is_fresh).count() == 0
            || self
                .keep
                .is_some_and(|keep| count > keep + keep.div_ceil(2))
            || self
                .usual_size
                .is_some_and(|usual| objects().any(|object| object.size < usual / 2))
    }

    /// What came of it, against what must be found above information.
    pub fn seen(&self, case: &Case) -> Vec<Seen> {
        let grave =
            |expect: &&Expect| expect.severity.unwrap_or(expect.kind.severity()) > Severity::Info;
        let expects: Vec<&Expect> = case.expects.iter().filter(grave).collect();
        let of = |(peer, _): (Peer, &str)| {
            let rang = self.rang.get(&peer).map_or(&[][..], Vec::as_slice);
            let within =
                |expect: &Expect, to: i64| rang.iter().any(|at| (expect.from..=to).contains(at));
            let is_wrong = |at: &i64| {
                let mut all = expects.iter().copied().chain(&case.mays);
                all.any(|expect| (expect.from..expect.gone).contains(at))
            };
            Seen {
                peer,
                recall: expects.iter().map(|e| (e.kind, within(e, e.by))).collect(),
                is_false: rang.iter().any(|at| !is_wrong(at)),
            }
        };
        Peer::ALL.into_iter().map(of).collect()
    }
}
