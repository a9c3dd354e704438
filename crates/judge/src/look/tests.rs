//! What a look takes, and what it must not take for a backup.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use s3_exporter_api::{Object, StorageClass, UnixTime};

use super::{Entry, Listed, Lists, Part, Seen, What, after, look};
use crate::backups::{BackupFold, BackupLane, JobBackups, Limits};
use crate::expectation::Rules;
use crate::judge::{Case, Judgement, judge};
use crate::layouts::LayoutChoice;
use crate::memory::Memory;

mod cost;
mod late;
mod limits;

/// 2026-11-01T00:00:00Z, in milliseconds.
const START: i64 = 1_793_491_200_000;
const HOUR: i64 = 3_600_000;
/// Objects in a page.
const PAGE: usize = 1000;

/// A bucket, by key: size, and last-modified in hours after the start.
#[derive(Clone, Default)]
struct Bucket(BTreeMap<String, (u64, f64)>);

impl Bucket {
    fn of(objects: &[(&str, u64, f64)]) -> Self {
        Self::default().with(objects)
    }

    fn with(mut self, objects: &[(&str, u64, f64)]) -> Self {
        for (key, size, hours) in objects {
            self.0.insert((*key).to_owned(), (*size, *hours));
        }
        self
    }

    fn without(mut self, key: &str) -> Self {
        self.0.remove(key).expect("it is there");
        self
    }

    fn entries(&self) -> impl Iterator<Item = Entry> {
        self.0.iter().map(|(key, (size, hours))| Entry {
            key: key.clone(),
            size: *size,
            last_modified: at(*hours),
            class: "STANDARD".to_owned(),
        })
    }

    fn jobs(&self) -> Vec<JobBackups> {
        jobs(self.entries())
    }
}

impl Lists for Bucket {
    type Error = Infallible;

    async fn list(&mut self, part: &Part) -> Result<Listed, Infallible> {
        let is_meant = |entry: &Entry| {
            entry.key.starts_with(&part.prefix)
                && part.after.as_ref().is_none_or(|after| entry.key > *after)
        };
        let there = self.entries().filter(is_meant);
        let mut entries: Vec<Entry> = match part.what {
            What::All | What::First => there.collect(),
            What::Folders => there
                .filter_map(|entry| entry.folder(&part.prefix))
                .collect(),
        };
        entries.dedup_by(|one, other| one.key == other.key);
        let is_all = part.what != What::First || entries.len() <= PAGE;
        if !is_all {
            entries.truncate(PAGE);
        }
        Ok(Listed { entries, is_all })
    }
}

impl Entry {
    fn folder(self, prefix: &str) -> Option<Self> {
        let slash = self.key[prefix.len()..].find('/')?;
        let key = self.key[..=prefix.len() + slash].to_owned();
        Some(Self { key, ..self })
    }
}

fn at(hours: f64) -> UnixTime {
    UnixTime::from_millis(START + (hours * HOUR as f64) as i64)
}

fn jobs(entries: impl Iterator<Item = Entry>) -> Vec<JobBackups> {
    let mut fold = BackupFold::new(LayoutChoice::Auto, Limits::DEFAULT);
    for entry in entries {
        let object = Object {
            key: entry.key.as_bytes(),
            size: entry.size,
            last_modified: entry.last_modified,
            storage_class: StorageClass::STANDARD,
        };
        fold.add(&mut BackupLane::default(), &object, 0, None);
    }
    fold.jobs(|_| "")
}

fn now<T>(future: impl Future<Output = T>) -> T {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("nothing is waited for"),
    }
}

fn looked(jobs: &[JobBackups], before: &Seen, lists: &mut impl Lists<Error = Infallible>) -> Seen {
    let Ok(seen) = now(look(jobs, before, lists));
    seen
}

/// What is judged at an hour.
fn judged<T>(
    jobs: &[JobBackups],
    memory: &Memory,
    hours: f64,
    of: impl FnOnce(&Case<'_>) -> T,
) -> T {
    of(&Case {
        jobs,
        clusters: None,
        all_expected: false,
        rules: &Rules::default(),
        memory,
        mirrored: None,
        uploads: &[],
        marker: None,
        now: at(hours),
    })
}

/// The newest good backup of the only job, in hours: by a scan after 30 hours, by a look after 60, and by a scan then.
fn newest(before: &Bucket, later: &Bucket) -> (Option<f64>, Option<f64>, Option<f64>) {
    let hours = |judgement: &Judgement| {
        let job = judgement.jobs.values().next().expect("one job");
        let newest = job.newest_good?;
        Some((newest.as_millis() - START) as f64 / HOUR as f64)
    };
    let jobs = before.jobs();
    let full = judged(&jobs, &Memory::default(), 30.0, judge);
    let seen = looked(&jobs, &Seen::default(), &mut later.clone());
    let told = judged(&jobs, &full.memory, 60.0, |case| after(case, &full, &seen));
    let truth = judged(&later.jobs(), &full.memory, 60.0, judge);
    (hours(&full), hours(&told), hours(&truth))
}

/// A tool's whole backups at two hours, of some objects, and what the second is without.
struct Tool {
    first: &'static [(&'static str, u64, f64)],
    second: &'static [(&'static str, u64, f64)],
    /// Each of these is needed.
    needed: &'static [&'static str],
}

const TOOLS: &[Tool] = &[
    Tool {
        first: &[
            ("r/config", 9, 1.0),
            (
                "r/index/1111111111111111111111111111111111111111111111111111111111111111",
                9,
                24.0,
            ),
            (
                "r/snapshots/2222222222222222222222222222222222222222222222222222222222222222",
                9,
                24.0,
            ),
        ],
        second: &[
            (
                "r/data/33/3333333333333333333333333333333333333333333333333333333333333333",
                9,
                48.0,
            ),
            (
                "r/snapshots/4444444444444444444444444444444444444444444444444444444444444444",
                9,
                48.5,
            ),
        ],
        needed: &["r/snapshots/4444444444444444444444444444444444444444444444444444444444444444"],
    },
    Tool {
        first: &[
            ("p/backup/main/20261102-000000F/backup.manifest", 9, 24.5),
            (
                "p/backup/main/20261102-000000F/backup.manifest.copy",
                9,
                24.4,
            ),
            (
                "p/backup/main/20261102-000000F/pg_data/PG_VERSION.gz",
                9,
                24.1,
            ),
        ],
        second: &[
            (
                "p/backup/main/20261102-000000F_20261103-000000I/backup.manifest",
                9,
                48.5,
            ),
            (
                "p/backup/main/20261102-000000F_20261103-000000I/backup.manifest.copy",
                9,
                48.4,
            ),
            (
                "p/backup/main/20261102-000000F_20261103-000000I/pg_data/PG_VERSION.gz",
                9,
                48.1,
            ),
        ],
        needed: &[
            "p/backup/main/20261102-000000F_20261103-000000I/backup.manifest",
            "p/backup/main/20261102-000000F/backup.manifest",
        ],
    },
    Tool {
        first: &[
            (
                "w/basebackups_005/base_00000001000000000000005B/tar_partitions/part_001.tar.lz4",
                9,
                24.1,
            ),
            (
                "w/basebackups_005/base_00000001000000000000005B_backup_stop_sentinel.json",
                9,
                24.5,
            ),
        ],
        second: &[
            (
                "w/basebackups_005/base_000000010000000000000061_D_00000001000000000000005B/tar_partitions/part_001.tar.lz4",
                9,
                48.1,
            ),
            (
                "w/basebackups_005/base_000000010000000000000061_D_00000001000000000000005B_backup_stop_sentinel.json",
                9,
                48.5,
            ),
        ],
        needed: &[
            "w/basebackups_005/base_000000010000000000000061_D_00000001000000000000005B_backup_stop_sentinel.json",
            "w/basebackups_005/base_00000001000000000000005B_backup_stop_sentinel.json",
        ],
    },
    Tool {
        first: &[
            ("b/db/base/20261102T000000/backup.info", 9, 24.5),
            ("b/db/base/20261102T000000/data.tar.gz", 9, 24.4),
        ],
        second: &[
            ("b/db/base/20261103T000000/backup.info", 9, 48.5),
            ("b/db/base/20261103T000000/data.tar.gz", 9, 48.4),
        ],
        needed: &[
            "b/db/base/20261103T000000/backup.info",
            "b/db/base/20261103T000000/data.tar.gz",
        ],
    },
    Tool {
        first: &[
            (
                "v/backups/nightly-20261102000000/nightly-20261102000000.tar.gz",
                9,
                24.2,
            ),
            (
                "v/backups/nightly-20261102000000/velero-backup.json",
                9,
                24.3,
            ),
        ],
        second: &[
            (
                "v/backups/nightly-20261103000000/nightly-20261103000000.tar.gz",
                9,
                48.2,
            ),
            (
                "v/backups/nightly-20261103000000/velero-backup.json",
                9,
                48.3,
            ),
        ],
        needed: &[
            "v/backups/nightly-20261103000000/nightly-20261103000000.tar.gz",
            "v/backups/nightly-20261103000000/velero-backup.json",
        ],
    },
    Tool {
        first: &[
            (
                "m/latest/data/small/2026_11/18EC4CC8F05D597F/timestamps.bin/0000000000000003_0000000000000000_0000000000000003",
                9,
                24.0,
            ),
            ("m/latest/backup_complete.ignore", 0, 24.5),
        ],
        second: &[("m/latest/backup_complete.ignore", 0, 48.5)],
        needed: &["m/latest/backup_complete.ignore"],
    },
    Tool {
        first: &[
            (
                "m/daily/2026-11-02/data/small/2026_11/18EC4CC8F05D597F/timestamps.bin/0000000000000003_0000000000000000_0000000000000003",
                9,
                24.0,
            ),
            ("m/daily/2026-11-02/backup_complete.ignore", 0, 24.5),
        ],
        second: &[
            (
                "m/daily/2026-11-03/data/small/2026_11/18EC4CC8F05D597F/timestamps.bin/0000000000000003_0000000000000000_0000000000000003",
                9,
                48.0,
            ),
            ("m/daily/2026-11-03/backup_complete.ignore", 0, 48.5),
        ],
        needed: &["m/daily/2026-11-03/backup_complete.ignore"],
    },
    Tool {
        first: &[("default-backups-2026-11-02t00-00-00.db.gz", 9999, 24.1)],
        second: &[("default-backups-2026-11-03t00-00-00.db.gz", 9999, 48.1)],
        needed: &["default-backups-2026-11-03t00-00-00.db.gz"],
    },
    Tool {
        first: &[
            (
                "d/chunks/00/697f2bfce550451c7d00856ec0b2499c1cb3853688ea839dd34f35727ead16",
                9,
                24.0,
            ),
            ("d/snapshots/web/1", 9, 24.5),
        ],
        second: &[("d/snapshots/web/2", 9, 48.5)],
        needed: &["d/snapshots/web/2"],
    },
];

#[test]
fn a_newer_backup_is_told_when_it_is_whole_and_not_before() {
    for tool in TOOLS {
        let before = Bucket::of(tool.first);
        let whole = before.clone().with(tool.second);
        let (full, told, truth) = newest(&before, &whole);
        let name = tool.first[0].0;
        assert!(
            told > full && told == truth,
            "{name}: {full:?} {told:?} {truth:?}"
        );
        for key in tool.needed {
            let (full, told, truth) = newest(&before, &whole.clone().without(key));
            assert_eq!(told, full, "{name} without {key}");
            assert!(truth <= full, "{name} without {key}: a scan says {truth:?}");
        }
        let (full, told, _) = newest(&before, &before);
        assert_eq!(told, full, "{name}: nothing came");
    }
}

/// It is written first, and once more at the end.
#[test]
fn barmans_is_not_whole_while_its_data_is_newer() {
    let tool = &TOOLS[3];
    let before = Bucket::of(tool.first);
    let running = before.clone().with(tool.second);
    let running = running.with(&[("b/db/base/20261103T000000/backup.info", 9, 48.1)]);
    let (full, told, truth) = newest(&before, &running);
    assert_eq!((told, truth), (full, full));
}

/// One that was begun again in its place is not whole, and nothing is said, whether or not a look has seen the one
/// before: a scan would not find it either.
#[test]
fn one_that_is_begun_again_in_its_place_is_not_told() {
    let tool = &TOOLS[5];
    let before = Bucket::of(tool.first);
    let whole = before.clone().with(tool.second);
    let jobs = before.jobs();
    let seen = looked(&jobs, &Seen::default(), &mut whole.clone());
    assert_eq!(seen.jobs.len(), 1);
    let at_work = whole.without("m/latest/backup_complete.ignore");
    for seen in [seen, Seen::default()] {
        assert_eq!(looked(&jobs, &seen, &mut at_work.clone()).jobs, []);
    }
}

#[test]
fn the_documents_name_each_layout() {
    let text = include_str!("../../../../docs/looks.md");
    for layout in super::layouts() {
        assert!(text.contains(&format!("`{layout}`")), "{layout}");
    }
}
