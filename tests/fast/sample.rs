//! Snapshots made by hand, for the tests and the benchmark.
#![allow(dead_code)] // each of them needs a part

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU16;
use std::time::Duration;

use s3_exporter::audit::Audit;
use s3_exporter::beside::{Also, Beside, Found, Posture, Uploads, Usage, Versions};
use s3_exporter::clusters::{Cluster, Clusters};
use s3_exporter::config::{Compat, Config, Metrics, Server};
use s3_exporter::destination::{Destination, Expect, Price};
use s3_exporter::discovery::{Discovered, DiscoveryOutcome, Places};
use s3_exporter::facts::{
    ClassTotals, Figures, ObjectCount, ObjectSizes, PrefixTotals, Recent, Totals, UnassignedDetail,
    UnassignedObject,
};
use s3_exporter::fleet::Lease;
use s3_exporter::logging::Log;
use s3_exporter::resolver::Resolution;
use s3_exporter::snapshot::{
    DestinationSnapshot, LookOutcome, PastFailure, PastScan, ScanCounts, ScanFailure, ScanHistory,
    ScanOutcome, Snapshot, StoreAnswer,
};
use s3_exporter_api::{
    BucketSetting, BucketUsage, FailureKind, Meter, Operation, SettingState, UnixTime,
};
use s3_exporter_judge::backups::JobId;
use s3_exporter_judge::calendar::{Calendar, Day};
use s3_exporter_judge::expectation::Source;
use s3_exporter_judge::findings::{Finding, FindingKind};
use s3_exporter_judge::judge::{Expected, JudgedJob, Judgement};

/// 2026-01-01T00:00:00Z.
pub const NOW: i64 = 1_767_225_600_000;

/// As it is by default.
pub const MAX_CLUSTERS: usize = 50_000;
/// Likewise.
pub const MAX_JOBS: usize = 20_000;

/// The moment so many seconds before [`NOW`].
pub fn ago(seconds: i64) -> UnixTime {
    UnixTime::from_millis(NOW - seconds * 1000)
}

pub fn metrics(compat: &[Compat], cluster_label: &str) -> Metrics {
    Metrics {
        compat: compat.to_vec(),
        cluster_label: cluster_label.to_owned(),
        job_label: "job".to_owned(),
        max_clusters: MAX_CLUSTERS,
        max_jobs: MAX_JOBS,
    }
}

/// Whoever holds it leads.
pub fn lease() -> Lease {
    Lease {
        name: "s3-exporter".to_owned(),
        namespace: None,
        duration: Duration::from_secs(15),
        kubeconfig: None,
        context: None,
    }
}

/// A configuration without destinations.
pub fn config(metrics: Metrics) -> Config {
    Config {
        server: Server {
            listen: vec!["127.0.0.1:0".to_owned()],
            ..Server::default()
        },
        log: Log::default(),
        metrics,
        state_directory: None,
        max_requests_in_flight: 128,
        backends: BTreeMap::new(),
        resolvers: BTreeMap::new(),
        destinations: Vec::new(),
        probe: Default::default(),
        fleet: Default::default(),
        resolver_labels: BTreeMap::new(),
        files: Vec::new(),
        discovery: BTreeMap::new(),
        max_discovered: 1000,
        discovered: BTreeMap::new(),
        metrics_at_any_path: false,
        warnings: Vec::new(),
    }
}

pub fn destination(name: &str, bucket: &str, resolver: Option<&str>) -> Destination {
    Destination {
        name: name.into(),
        bucket: bucket.into(),
        prefix: "".into(),
        filter: Default::default(),
        separator: "-".into(),
        backend: "onprem".into(),
        store_url: "https://minio.example:9000".into(),
        resolver: resolver.map(Into::into),
        expect: Expect::All,
        max_age: None,
        interval: Duration::from_secs(300),
        timeout: Duration::from_secs(1800),
        concurrency: 4,
        audit_interval: None,
        probe_interval: None,
        look_interval: None,
        report_interval: None,
        price: None,
        labels: Default::default(),
        tag_labels: Default::default(),
        also: Also::default(),
        judging: Default::default(),
    }
}

/// What is known before anything is known.
pub fn unscanned(destination: Destination) -> DestinationSnapshot {
    let concurrency = Arc::new(AtomicU16::new(destination.concurrency));
    DestinationSnapshot::new(
        Arc::new(destination),
        Arc::new(Meter::default()),
        concurrency,
    )
}

/// Objects of one size and one time, the last `empty` of them empty.
pub fn totals(objects: u64, empty: u64, size: u64, seconds_ago: i64) -> Totals {
    let time = ago(seconds_ago);
    let full = objects - empty;
    Totals {
        objects,
        empty,
        bytes: full * size,
        newest_of_all: (objects > 0).then_some(time),
        newest: (full > 0).then_some((time, size)),
        oldest: (objects > 0).then_some(UnixTime::from_millis(time.as_millis() - 86_400_250)),
        largest: (objects > 0).then_some(if full > 0 { size } else { 0 }),
        recent: Recent::restore((0..objects.min(10)).map(|nth| {
            let size = if nth < full { size } else { 0 };
            (time, size)
        })),
    }
}

pub fn figures(ended: UnixTime, unassigned: Totals, clusters: &[(&str, Totals)]) -> Arc<Figures> {
    let mut listed = unassigned.clone();
    clusters.iter().for_each(|(_, totals)| listed.merge(totals));
    Arc::new(Figures {
        classes: classes(&listed),
        listed,
        unassigned,
        known: clusters.len(),
        clusters: Arc::new(
            clusters
                .iter()
                .map(|(name, totals)| ((*name).into(), totals.clone()))
                .collect(),
        ),
        ..Figures::empty(ended)
    })
}

/// What is thought of a job whose newest good backup is so many seconds old, of 1,000 bytes, and one
/// of which is due each day; with these findings, since two hours.
pub fn judged(
    newest_good: Option<i64>,
    source: Source,
    findings: &[(FindingKind, &str)],
) -> JudgedJob {
    let newest_good = newest_good.map(ago);
    let is_known = source != Source::Unknown;
    let day = Duration::from_secs(86_400);
    let after_a_day = |of: UnixTime| UnixTime::from_millis(of.as_millis() + 86_400_000);
    JudgedJob {
        layout: "kubermatic",
        newest_good,
        newest_good_key: None,
        size: newest_good.map(|_| 1000),
        backups: newest_good.map_or(0, |_| 7),
        backups_expected: is_known.then_some(8),
        expected: Expected {
            source,
            interval: is_known.then_some(day),
            due: newest_good.filter(|_| is_known).map(after_a_day),
        },
        findings: findings
            .iter()
            .map(|(kind, text)| Finding {
                kind: *kind,
                severity: kind.severity(),
                since: ago(7200),
                text: (*text).to_owned(),
                keys: vec![format!("{text}/1"), format!("{text}/2")],
            })
            .collect(),
        calendar: calendar(newest_good, !findings.is_empty()),
        sizes: (0..newest_good.map_or(0, |_| 7))
            .map(|nth| (ago(86_400 * (8 - nth)), 1000 + nth as u64))
            .collect(),
    }
}

/// A month in which one day was missed, and the latest is bad.
fn calendar(newest_good: Option<UnixTime>, is_bad: bool) -> Calendar {
    let mut calendar = Calendar::ending(ago(0));
    for day in 0..newest_good.map_or(0, |_| 30) {
        let what = if day == 12 { Day::Missed } else { Day::Good };
        calendar.mark(ago(86_400 * day), what);
    }
    if is_bad {
        calendar.mark(ago(0), Day::Bad);
    }
    calendar
}

/// What is thought of jobs, by the names of cluster and job.
pub fn judgement(jobs: Vec<(&str, &str, JudgedJob)>) -> Arc<Judgement> {
    let jobs = jobs.into_iter().map(|(cluster, job, judged)| {
        let (cluster, job) = (cluster.to_owned(), job.to_owned());
        (JobId { cluster, job }, Box::new(judged))
    });
    Arc::new(Judgement {
        jobs: jobs.collect(),
        tools: vec!["kubermatic".to_owned()],
        ..Judgement::default()
    })
}

/// As it is found in a bucket: what is well, and what is not.
fn judgements() -> [Arc<Judgement>; 3] {
    let overdue = "The newest good backup is 1 d 3 h old; one was due every 1 d.";
    let etcd = judgement(vec![
        (
            "empty",
            "daily",
            judged(
                None,
                Source::Configuration,
                &[
                    (FindingKind::Missing, "There is no good backup"),
                    (FindingKind::Empty, "The newest is empty"),
                ],
            ),
        ),
        (
            "healthy",
            "daily",
            judged(Some(600), Source::Kubernetes, &[]),
        ),
        (
            "healthy",
            "weekly",
            judged(Some(90_000), Source::Unknown, &[]),
        ),
        (
            "late",
            "daily",
            judged(
                Some(100_000),
                Source::Learned,
                &[
                    (FindingKind::Overdue, overdue),
                    (FindingKind::Incomplete, "unfinished"),
                    (FindingKind::Incomplete, "another that is unfinished"),
                    (FindingKind::Cold, "in GLACIER"),
                ],
            ),
        ),
    ]);
    let hostile = judgement(vec![(
        HOSTILE,
        HOSTILE,
        judged(
            Some(60),
            Source::Learned,
            &[(FindingKind::Rewritten, HOSTILE)],
        ),
    )]);
    let whole = judgement(vec![("", "", judged(Some(5), Source::Unknown, &[]))]);
    [etcd, hostile, whole]
}

/// The same figures with what is thought of the backups.
pub fn with(judgement: Arc<Judgement>, figures: Arc<Figures>) -> Arc<Figures> {
    Arc::new(Figures {
        judgement,
        ..Arc::unwrap_or_clone(figures)
    })
}

/// Half of the bytes in a class with a hostile name, where there are several objects.
fn classes(listed: &Totals) -> ClassTotals {
    let objects = listed.objects / 2;
    let bytes = listed.bytes / 2 * objects.min(1);
    let rest = ObjectCount {
        objects: listed.objects - objects,
        bytes: listed.bytes - bytes,
    };
    let some = |(_, count): &(Box<str>, ObjectCount)| count.objects > 0;
    let all = [
        ("STANDARD".into(), rest),
        ("cold \"ice\"\n\\".into(), ObjectCount { objects, bytes }),
    ];
    ClassTotals::from(Vec::from_iter(all.into_iter().filter(some)))
}

pub fn attempt(seconds_ago: i64, failure: Option<(FailureKind, &str)>) -> Option<ScanOutcome> {
    Some(ScanOutcome {
        ended: ago(seconds_ago),
        duration: Duration::from_millis(1250),
        failure: failure.map(|(kind, message)| ScanFailure {
            kind,
            message: message.into(),
        }),
    })
}

/// A scan that began so long ago, and failed of these.
pub fn past(seconds_ago: i64, failure: Option<(FailureKind, &[&str])>) -> PastScan {
    PastScan {
        began: ago(seconds_ago),
        duration: Duration::from_millis(1250),
        pages: 10,
        objects: 9_876,
        requests: 12,
        failure: failure.map(|(kind, causes)| PastFailure {
            kind,
            causes: causes.iter().map(|cause| (*cause).into()).collect(),
        }),
    }
}

/// Two keys, one of them hostile, and what there is under their prefixes.
fn unassigned_detail() -> Arc<UnassignedDetail> {
    let object = |key: &str, size| UnassignedObject {
        key: key.as_bytes().into(),
        size,
        last_modified: ago(9_000_000),
    };
    let prefix = |prefix: &str, objects, bytes| PrefixTotals {
        prefix: prefix.as_bytes().into(),
        objects,
        bytes,
    };
    Arc::new(UnassignedDetail {
        keys: vec![object(HOSTILE, 1000), object("tmp/x", 0)],
        prefixes: vec![prefix(HOSTILE, 2, 2000), prefix("tmp/", 1, 0)],
        prefixes_in_all: 2,
    })
}

pub fn clusters(names: &[(&str, Option<UnixTime>)]) -> Arc<Clusters> {
    let mut clusters = Clusters::new();
    for (name, created) in names {
        clusters
            .insert(name, Cluster { created: *created })
            .unwrap();
    }
    Arc::new(clusters)
}

/// A bucket that is locked and versioned; of who may see it the rights do not tell.
fn posture() -> Posture {
    let mut posture = Posture::default();
    let known = [
        (BucketSetting::ObjectLock, SettingState::Governance),
        (BucketSetting::Versioning, SettingState::Enabled),
        (BucketSetting::Encryption, SettingState::Off),
    ];
    posture.known.extend(known);
    let why = "access <b>denied</b> (403)".into();
    posture.unknown.insert(BucketSetting::Policy, why);
    posture
}

/// Versions, settings, and uploads that cannot be listed any more.
fn beside(of: &mut DestinationSnapshot) {
    let destination = Arc::make_mut(&mut of.destination);
    destination.also.sizes = true;
    let versions = Versions {
        noncurrent: 12,
        noncurrent_bytes: 3_000_000,
        delete_markers: 4,
    };
    let uploads = Uploads {
        count: 2,
        oldest: Some(ago(90_000)),
        kept: Vec::new(),
    };
    let usage = Usage {
        reported: BucketUsage {
            objects: 5,
            bytes: 628_200,
            counted: ago(4000),
            has_versions: true,
            has_parts: false,
        },
        differs_since: Some(ago(100_000)),
    };
    let tags = ["cost-center", "other"].map(|key| (key.to_owned(), format!("{key} of a tag")));
    let tags = tags.into();
    for (beside, found) in [
        (Beside::Versions, Found::Versions(versions)),
        (Beside::Uploads, Found::Uploads(uploads)),
        (Beside::Posture, Found::Posture(posture())),
        (Beside::Usage, Found::Usage(Some(usage))),
        (Beside::Tags, Found::Tags(tags)),
    ] {
        destination.also.set(beside, Duration::from_secs(24 * 3600));
        of.beside.of_mut(beside).found = Some((ago(3000), Arc::new(found)));
        beside
            .operations()
            .into_iter()
            .for_each(|of_it| of.meter.attempt(of_it));
    }
    let denied = attempt(30, Some((FailureKind::Denied, "listing uploads: denied")));
    of.beside.of_mut(Beside::Uploads).failure = denied.and_then(|it| it.failure);
}

pub const HOSTILE: &str = "q\"uo\\te} 1<script>alert('x')</script>ü";

/// One of everything: a good destination, one that fails with figures of before, one
/// that never succeeded, one that was not scanned yet, and hostile names throughout.
pub fn snapshot() -> Snapshot {
    let mut good = unscanned(Destination {
        max_age: Some(Duration::from_secs(25 * 3600)),
        price: Price::new(0.005),
        ..destination("etcd", "etcd-backups", Some("kkp"))
    });
    good.latest = attempt(60, None);
    good.scans.finished = 7;
    let [etcd, hostile, whole] = judgements();
    good.figures = Some(with(
        etcd,
        figures(
            ago(60),
            totals(3, 1, 1000, 9_000_000),
            &[
                ("empty", totals(2, 2, 0, 120)),
                ("healthy", totals(20, 0, 5_368_709_120, 600)),
                ("late", totals(4, 0, 1_048_576, 100_000)),
                ("never", Totals::default()),
            ],
        ),
    ));
    let refused: &[&str] = &[
        "listing bucket \"etcd-backups\": no answer",
        "connection refused",
    ];
    good.history = Arc::new(ScanHistory::from(vec![
        past(90_000, Some((FailureKind::Connect, refused))),
        past(361, None),
        past(61, None),
    ]));
    if let Some(figures) = &mut good.figures {
        let figures = Arc::make_mut(figures);
        figures.unassigned_detail = unassigned_detail();
        let mut sizes = ObjectSizes::default();
        // Those of the totals.
        for (size, objects) in [(1000, 2), (0, 3), (5_368_709_120, 20), (1_048_576, 4)] {
            (0..objects).for_each(|_| sizes.add(size));
        }
        figures.sizes = Some(sizes);
    }
    for _ in 0..9 {
        good.meter.attempt(Operation::ListObjectsV2);
    }
    good.meter.attempt(Operation::ListObjectsV2);
    good.meter
        .failed(Operation::ListObjectsV2, FailureKind::Throttled);

    good.store = Some(Arc::new(StoreAnswer {
        since: ago(90_000),
        failure: None,
    }));
    let mut look = LookOutcome {
        finished: 12,
        ended: Some(ago(60)),
        requests: 2,
        jobs: 1,
        ..LookOutcome::default()
    };
    look.failed[FailureKind::Timeout as usize] = 1;
    good.look = Some(look);
    beside(&mut good);
    good.is_audited = true;
    good.audit = Some(Audit {
        ended: ago(40_000),
        success: true,
    });

    let mut failing = unscanned(Destination {
        prefix: "back\\slash\nline/".into(),
        ..destination(HOSTILE, "bucket\\n", Some("lab"))
    });
    failing.latest = attempt(
        30,
        Some((FailureKind::Denied, "access <b>denied</b> (403)")),
    );
    failing.figures = Some(with(
        hostile,
        figures(
            ago(7200),
            Totals::default(),
            &[(HOSTILE, totals(1, 0, 7, 86_400))],
        ),
    ));
    let denied: &[&str] = &["access <b>denied</b> (403)", HOSTILE];
    failing.history = Arc::new(ScanHistory::from(vec![past(
        31,
        Some((FailureKind::Denied, denied)),
    )]));
    failing.store = Some(Arc::new(StoreAnswer {
        since: ago(600),
        failure: failing.latest.as_ref().unwrap().failure.clone(),
    }));
    failing.scans = ScanCounts {
        finished: 5,
        ..ScanCounts::default()
    };
    failing.scans.failed[FailureKind::Denied as usize] = 3;
    failing.scans.failed[FailureKind::Timeout as usize] = 1;
    failing.audit = Some(Audit {
        ended: ago(90_000),
        success: false,
    });

    let mut never = unscanned(destination("never-worked", "gone", Some("slow")));
    never.latest = attempt(45, Some((FailureKind::Resolver, "no names")));
    never.scans.finished = 1;
    never.scans.failed[FailureKind::Resolver as usize] = 1;

    let mut plain = unscanned(destination("plain", "plain", None));
    plain.latest = attempt(0, None);
    plain.scans.finished = 1;
    plain.is_audited = true;
    plain.figures = Some(with(whole, figures(ago(0), totals(12, 0, 10, 5), &[])));

    let new = unscanned(destination("new", "new", Some("kkp")));

    let resolutions = [
        (
            "kkp",
            Resolution {
                clusters: Some(clusters(&[
                    ("empty", Some(ago(90_000))),
                    ("healthy", Some(ago(9_000_000))),
                    ("late", Some(ago(8_000_000))),
                    ("never", Some(ago(7200))),
                ])),
                last_success: Some(ago(1)),
                ..Resolution::default()
            },
        ),
        (
            "lab",
            Resolution {
                clusters: Some(clusters(&[(HOSTILE.replace('/', "|").as_str(), None)])),
                failure: Some("the file <is> gone".into()),
                last_success: Some(ago(3600)),
                ..Resolution::default()
            },
        ),
        ("slow", Resolution::default()),
        ("buckets:onprem", buckets()),
    ];
    let outcome = DiscoveryOutcome {
        destinations: vec!["plain".into(), "new".into()],
        omitted: 1,
        reasons: vec!["the bucket \"etcd\" of the backend \"onprem\" is <taken>".to_owned()],
    };
    Snapshot {
        destinations: [good, failing, never, plain, new].map(Arc::new).to_vec(),
        resolvers: resolutions
            .into_iter()
            .map(|(name, resolution)| (name.into(), resolution))
            .collect(),
        discovered: [("buckets:onprem".into(), Arc::new(outcome))].into(),
        ..Snapshot::default()
    }
}

/// What is known of a backend's buckets, which were listed twice.
fn buckets() -> Resolution {
    let names = ["etcd", "new", "other", "plain"].map(Into::into);
    let now = Resolution {
        discovered: Some(Arc::new(Discovered::Places(Places {
            buckets: names.to_vec(),
            was_whole: true,
            ..Places::default()
        }))),
        last_success: Some(ago(100)),
        ..Resolution::default()
    };
    for _ in 0..2 {
        now.meter.attempt(Operation::ListBuckets);
    }
    let kind = FailureKind::Unavailable;
    now.meter.failed(Operation::ListBuckets, kind);
    now
}
