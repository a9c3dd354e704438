//! An exporter with which all is well, and how to make it worse.

use std::sync::Arc;
use std::time::Duration;

use s3_exporter::audit::Audit;
use s3_exporter::clusters::{Cluster, Clusters};
use s3_exporter::destination::Destination;
use s3_exporter::discovery::{Discovered, DiscoveryOutcome, Places};
use s3_exporter::facts::{Figures, Recent, Totals};
use s3_exporter::resolver::Resolution;
use s3_exporter::snapshot::{DestinationSnapshot, ScanFailure, ScanOutcome, Snapshot, StoreAnswer};
use s3_exporter_api::{FailureKind, UnixTime};
use s3_exporter_judge::backups::JobId;
use s3_exporter_judge::calendar::Calendar;
use s3_exporter_judge::expectation::Source;
use s3_exporter_judge::findings::{Finding, FindingKind, Severity};
use s3_exporter_judge::judge::{Expected, JudgedJob, Judgement};

use crate::alerts::timeline::Shown;
use crate::sample;

pub const HOUR: i64 = 3600;
pub const DAY: i64 = 24 * HOUR;
/// Short, for promtool's clock begins at 0, and objects are of after that.
const MAX_AGE: u64 = 3 * 3600;

pub fn unix(seconds: i64) -> UnixTime {
    UnixTime::from_millis(seconds * 1000)
}

/// `count` objects of one size, an hour apart; the newest is of then.
pub fn objects(count: u64, size: u64, newest: i64) -> Totals {
    if count == 0 {
        return Totals::default();
    }
    Totals {
        objects: count,
        empty: 0,
        bytes: count * size,
        newest_of_all: Some(unix(newest)),
        newest: Some((unix(newest), size)),
        oldest: Some(unix(newest - HOUR * (count as i64 - 1))),
        largest: Some(size),
        recent: Recent::restore(
            (0..count.min(10)).map(|nth| (unix(newest - HOUR * nth as i64), size)),
        ),
    }
}

/// A job with a good backup of an hour ago, one of which is due each day.
pub fn job(now: i64) -> JudgedJob {
    JudgedJob {
        layout: "kubermatic",
        newest_good: Some(unix(now - HOUR)),
        newest_good_key: None,
        size: Some(1_572_864),
        backups: 7,
        backups_expected: Some(8),
        expected: Expected {
            source: Source::Learned,
            interval: Some(Duration::from_secs(DAY as u64)),
            due: Some(unix(now + 23 * HOUR)),
        },
        findings: Vec::new(),
        calendar: Calendar::ending(unix(now)),
        sizes: Box::default(),
    }
}

pub fn finding(kind: FindingKind, severity: Severity, since: i64) -> Finding {
    Finding {
        kind,
        severity,
        since: unix(since),
        text: "why".to_owned(),
        keys: Vec::new(),
    }
}

/// `lab-1` and `lab-2` with a job each at `etcd`, and `dumps`, which is one job.
pub struct World {
    pub now: i64,
    pub etcd: DestinationSnapshot,
    pub dumps: DestinationSnapshot,
    pub kkp: Resolution,
    /// What `kkp` tells of that is not watched.
    pub omitted: usize,
    pub started: i64,
}

impl World {
    /// All is well, and scans took place a minute ago.
    pub fn good(now: i64) -> Self {
        let clusters = [
            ("lab-1", objects(30, 1_572_864, now - HOUR)),
            ("lab-2", objects(20, 2_000_000, now - 2 * HOUR)),
        ];
        let mut etcd = destination("etcd", Some("kkp"));
        etcd.figures = Some(figures(now, &clusters));
        etcd.is_audited = true;
        etcd.audit = Some(Audit {
            ended: unix(now - 12 * HOUR),
            success: true,
        });
        let mut dumps = destination("dumps", None);
        dumps.figures = Some(figures(now, &[("", objects(9, 5_000_000, now - HOUR))]));
        for of in [&mut etcd, &mut dumps] {
            of.latest = Some(scan(now, None));
            of.store = Some(answer(now, None));
        }
        let mut world = Self {
            now,
            etcd,
            dumps,
            kkp: names(now, &[("lab-1", now - 90 * DAY), ("lab-2", now - 80 * DAY)]),
            omitted: 0,
            started: now - DAY,
        };
        for cluster in ["lab-1", "lab-2"] {
            world.judge(cluster, "daily", job(now));
        }
        world
    }

    /// What is thought of a job at `etcd`.
    pub fn judge(&mut self, cluster: &str, job: &str, judged: JudgedJob) {
        judge(&mut self.etcd, cluster, job, judged);
    }

    /// The clusters at `etcd` have these objects, and no job is known.
    pub fn clusters(&mut self, clusters: &[(&str, Totals)]) {
        self.etcd.figures = Some(figures(self.now, clusters));
    }

    pub fn shown(mut self) -> Shown {
        let outcome = DiscoveryOutcome {
            omitted: self.omitted,
            ..DiscoveryOutcome::default()
        };
        let buckets = Discovered::Places(Places::default());
        self.kkp.discovered = Some(Arc::new(buckets));
        let snapshot = Snapshot {
            destinations: vec![Arc::new(self.etcd), Arc::new(self.dumps)],
            resolvers: [("kkp".into(), self.kkp)].into(),
            discovered: [("kkp".into(), Arc::new(outcome))].into(),
            ..Snapshot::default()
        };
        Shown::new(snapshot, self.started)
    }
}

pub fn destination(name: &str, resolver: Option<&str>) -> DestinationSnapshot {
    sample::unscanned(Destination {
        max_age: Some(Duration::from_secs(MAX_AGE)),
        audit_interval: Some(Duration::from_secs(DAY as u64)),
        ..sample::destination(name, name, resolver)
    })
}

/// What is thought of a job there.
pub fn judge(of: &mut DestinationSnapshot, cluster: &str, job: &str, judged: JudgedJob) {
    let (cluster, job) = (cluster.to_owned(), job.to_owned());
    change(of, |figures| {
        let mut judgement = Judgement {
            jobs: figures.judgement.jobs.clone(),
            ..Judgement::default()
        };
        let judged = Box::new(judged);
        judgement.jobs.insert(JobId { cluster, job }, judged);
        figures.judgement = Arc::new(judgement);
    });
}

pub fn change(of: &mut DestinationSnapshot, change: impl FnOnce(&mut Figures)) {
    let mut figures = Figures::clone(of.figures.as_ref().unwrap());
    change(&mut figures);
    of.figures = Some(Arc::new(figures));
}

/// Of a scan that ended a minute ago; objects of nobody stand under no name.
pub fn figures(now: i64, clusters: &[(&str, Totals)]) -> Arc<Figures> {
    let unassigned = clusters.iter().find(|(name, _)| name.is_empty());
    let unassigned = unassigned.map_or(Totals::NONE, |(_, totals)| totals.clone());
    let named: Vec<_> = clusters
        .iter()
        .filter(|(name, _)| !name.is_empty())
        .cloned()
        .collect();
    sample::figures(unix(now - 60), unassigned, &named)
}

/// What a store said a minute ago.
pub fn answer(now: i64, failure: Option<FailureKind>) -> Arc<StoreAnswer> {
    Arc::new(StoreAnswer {
        since: unix(now - 60),
        failure: scan(now, failure).failure,
    })
}

pub fn scan(now: i64, failure: Option<FailureKind>) -> ScanOutcome {
    ScanOutcome {
        ended: unix(now - 60),
        duration: Duration::from_secs(2),
        failure: failure.map(|kind| ScanFailure {
            kind,
            message: "why".into(),
        }),
    }
}

/// A resolver that knows these clusters, with their creation.
pub fn names(now: i64, clusters: &[(&str, i64)]) -> Resolution {
    let mut known = Clusters::new();
    for (name, created) in clusters {
        let created = Some(unix(*created));
        known.insert(name, Cluster { created }).unwrap();
    }
    Resolution {
        clusters: Some(Arc::new(known)),
        last_success: Some(unix(now - 5)),
        ..Resolution::default()
    }
}
