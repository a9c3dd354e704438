//! How many requests a look takes where a listing takes ten thousand.

use super::*;

/// Objects of a repository.
const OBJECTS: u64 = 10_000_000;
/// Objects in a page.
const PAGE: u64 = 1000;

/// The key at an index.
type Key = Box<dyn Fn(u64) -> String + Send>;

/// A repository of ten million objects, which are computed and not stored: in the order of their keys.
struct Repository {
    /// How many objects there are, and the key of each.
    runs: Vec<(u64, Key)>,
    /// When its objects were written, in hours.
    hours: f64,
    requests: u64,
}

impl Repository {
    fn new(runs: Vec<(u64, Key)>) -> Self {
        Self {
            runs,
            hours: 0.0,
            requests: 0,
        }
    }

    fn len(&self) -> u64 {
        self.runs.iter().map(|(count, _)| count).sum()
    }

    fn key(&self, mut index: u64) -> String {
        for (count, key) in &self.runs {
            match index.checked_sub(*count) {
                None => return key(index),
                Some(rest) => index = rest,
            }
        }
        unreachable!("there are no more")
    }

    /// The first index whose key is far enough.
    fn first(&self, is_far: impl Fn(&str) -> bool) -> u64 {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match is_far(&self.key(middle)) {
                true => high = middle,
                false => low = middle + 1,
            }
        }
        low
    }

    fn entry(&self, index: u64) -> Entry {
        Entry {
            key: self.key(index),
            size: 1 << 20,
            last_modified: at(self.hours),
            class: "STANDARD".to_owned(),
        }
    }

    /// Its jobs, by some of its keys.
    fn jobs(&self, index: impl Iterator<Item = u64>) -> Vec<JobBackups> {
        jobs(index.map(|index| self.entry(index)))
    }
}

impl Lists for Repository {
    type Error = Infallible;

    async fn list(&mut self, part: &Part) -> Result<Listed, Infallible> {
        let prefix = &*part.prefix;
        let mut index = self.first(|key| key >= prefix);
        if let Some(after) = &part.after {
            index = index.max(self.first(|key| key > &**after));
        }
        let end = self.first(|key| key >= prefix && !key.starts_with(prefix));
        let mut entries = Vec::new();
        let mut seen = 0;
        while index < end {
            if part.what == What::First && seen == PAGE {
                break;
            }
            let entry = self.entry(index);
            seen += 1;
            index += 1;
            if part.what != What::Folders {
                entries.push(entry);
            } else if let Some(folder) = entry.folder(prefix) {
                index = self.first(|key| key >= &*folder.key && !key.starts_with(&folder.key));
                entries.push(folder);
            }
        }
        self.requests += seen.div_ceil(PAGE).max(1);
        let is_all = index == end;
        Ok(Listed { entries, is_all })
    }
}

/// Backups of so many files each: what comes before and after the number of each, and before that of a file.
fn folders(
    backups: u64,
    files: u64,
    name: fn(u64) -> String,
    file: fn(&str, u64) -> String,
) -> (u64, Key) {
    let key = move |index: u64| file(&name(index / files), index % files);
    (backups * files, Box::new(key))
}

/// A day, as `20150101`.
fn day(nth: u64) -> String {
    let day = jiff::civil::date(2015, 1, 1);
    let nth = jiff::Span::new().days(i64::try_from(nth).expect("few"));
    day.checked_add(nth)
        .expect("near")
        .strftime("%Y%m%d")
        .to_string()
}

fn plain(count: u64, prefix: &'static str, digits: usize) -> (u64, Key) {
    (
        count,
        Box::new(move |nth| format!("{prefix}{nth:0digits$x}")),
    )
}

/// The tools, each with so many backups and the rest data, and with one backup more; and which of the keys of the first tell
/// its jobs.
fn repositories() -> Vec<(&'static str, Repository, Repository, Vec<u64>)> {
    type Make = fn(u64) -> Repository;
    let makes: [(&'static str, u64, u64, Make); 6] = [
        ("restic", 5000, 1, |n| {
            let rest = OBJECTS - n - 2;
            Repository::new(vec![
                (1, Box::new(|_| "r/config".to_owned())),
                (
                    rest,
                    Box::new(|nth| {
                        let hash = format!("{:064x}", u128::from(nth) << 96);
                        format!("r/data/{}/{hash}", &hash[..2])
                    }),
                ),
                plain(1, "r/index/", 64),
                plain(n, "r/snapshots/", 64),
            ])
        }),
        ("pgbackrest", 2000, 5000, |n| {
            let name = |nth| format!("p/backup/main/{}-030000F", day(nth));
            let file = |name: &str, nth: u64| match nth {
                0 => format!("{name}/backup.manifest"),
                1 => format!("{name}/backup.manifest.copy"),
                nth => format!("{name}/pg_data/base/5/{nth:06}.gz"),
            };
            Repository::new(vec![folders(n, 5000, name, file)])
        }),
        ("wal-g", 2000, 5, |n| {
            // The sentinel of each stands behind its folder.
            let name = |nth| format!("w/basebackups_005/base_{nth:024X}");
            let file = |name: &str, nth: u64| match nth {
                4 => format!("{name}_backup_stop_sentinel.json"),
                nth => format!("{name}/tar_partitions/part_{nth:03}.tar.lz4"),
            };
            let wal = |nth| format!("w/wal_005/{nth:024X}.lz4");
            Repository::new(vec![
                folders(n, 5, name, file),
                (OBJECTS - n * 5, Box::new(wal)),
            ])
        }),
        ("velero", 2000, 2, |n| {
            let name = |nth| format!("nightly-{}030000", day(nth));
            let file = |name: &str, nth: u64| match nth {
                0 => format!("v/backups/{name}/{name}.tar.gz"),
                _ => format!("v/backups/{name}/velero-backup.json"),
            };
            let kopia = |nth| format!("v/kopia/ns/p{nth:032x}");
            Repository::new(vec![
                folders(n, 2, name, file),
                (OBJECTS - n * 2, Box::new(kopia)),
            ])
        }),
        ("vmbackup", 1, 1, |n| {
            let part = |nth| {
                format!(
                    "m/latest/data/big/2026_11/18EC4CC8F05D597F/values.bin/{nth:016X}_0000000000000000_{nth:016X}"
                )
            };
            Repository::new(vec![
                (
                    1,
                    Box::new(|_| "m/latest/backup_complete.ignore".to_owned()),
                ),
                (OBJECTS - n, Box::new(part)),
            ])
        }),
        ("barman", 2000, 2, |n| {
            let name = |nth| format!("b/db/base/{}T030000", day(nth));
            let file = |name: &str, nth: u64| match nth {
                0 => format!("{name}/backup.info"),
                _ => format!("{name}/data.tar.gz"),
            };
            let wal = |nth: u64| format!("b/db/wals/{:016X}/{nth:024X}", nth / 256);
            Repository::new(vec![
                folders(n, 2, name, file),
                (OBJECTS - n * 2, Box::new(wal)),
            ])
        }),
    ];
    makes
        .into_iter()
        .map(|(name, backups, files, make)| {
            let known: Vec<u64> = match name {
                // Its index is what tells a repository, its snapshots are the last.
                "restic" => (OBJECTS - backups - 1..OBJECTS).collect(),
                "vmbackup" => vec![0, 1],
                "pgbackrest" => (0..backups)
                    .flat_map(|nth| [nth * files, nth * files + 1, nth * files + 2])
                    .collect(),
                _ => (0..backups * files).collect(),
            };
            (name, make(backups), make(backups + 1), known)
        })
        .collect()
}

#[test]
fn a_look_takes_a_thousandth_of_the_requests_of_a_listing() {
    let full = OBJECTS / PAGE;
    let mut table = String::new();
    for (name, before, mut later, known) in repositories() {
        assert!(before.len() >= OBJECTS, "{name}");
        let jobs = before.jobs(known.into_iter());
        let [job] = &jobs[..] else {
            panic!("{name}: {} jobs", jobs.len());
        };
        later.hours = 1.0;
        let seen = looked(&jobs, &Seen::default(), &mut later);
        let [now] = &seen.jobs[..] else {
            panic!("{name}: not looked at");
        };
        let newest = |job: &JobBackups| job.backups.last().map(|it| (it.made, it.id.clone()));
        assert!(newest(now) > newest(job), "{name}");
        table += &format!("{name}: {} requests, {full} of a listing\n", later.requests);
        assert!(later.requests * 1000 <= full, "{table}");
    }
    println!("{table}");
}
