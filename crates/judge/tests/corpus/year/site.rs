//! A destination of the year: twenty clusters of one tool and rhythm, what is in its bucket, and
//! what goes wrong there.

mod begin;
mod happen;
mod run;
mod table;

use std::collections::{BTreeMap, VecDeque};
use std::mem;
use std::rc::Rc;

use s3_exporter_api::UnixTime;
use s3_exporter_judge::backups::{Backup, Beside, JobBackups, JobId};
use s3_exporter_judge::expectation::Rules;
use s3_exporter_judge::findings::FindingKind;
use s3_exporter_judge::judge::{Case, Judgement, judge};
use s3_exporter_judge::layouts::{Layout, named};
use s3_exporter_judge::memory::Memory;

use super::harm::{Harm, Harmed};
use super::{CLUSTERS, LENGTH, START, WARM};
use crate::text::{DAY, Fields, HOUR, MINUTE};
use crate::zones::Rhythm;
use table::{OTHERS, ROWS, Row, rules};

struct Job {
    slots: Rc<Vec<i64>>,
    next: usize,
    period: i64,
    jitter: i64,
    takes: i64,
    size: u64,
    made: u64,
    full: String,
    rng: fastrand::Rng,
    /// What is wrong with it now: a place in [`Site::harmed`].
    harm: Option<usize>,
    free_from: i64,
    spare: Option<Backup>,
    last: i64,
    gaps: VecDeque<i64>,
}

pub struct Site {
    pub name: String,
    row: &'static Row,
    layout: &'static Layout,
    jobs: Vec<Job>,
    shown: Vec<JobBackups>,
    /// The first site, of which this one is the copy.
    first: Option<Vec<JobBackups>>,
    clusters: BTreeMap<String, Option<UnixTime>>,
    rules: Rules,
    memory: Memory,
    uploads: Vec<(String, UnixTime)>,
    down: Vec<(i64, i64)>,
    rng: fastrand::Rng,
    day: i64,
    pub harmed: Vec<Harmed>,
    pub written: u64,
}

fn at(millis: i64) -> UnixTime {
    UnixTime::from_millis(millis)
}

impl Site {
    pub fn new(n: usize) -> Self {
        let row = &ROWS[n % ROWS.len()];
        let layout = named(row.layout).expect("a layout of the table");
        let mut rng = fastrand::Rng::with_seed(2026 + n as u64);
        let (is_other, turn) = (
            row.stated.is_none() && n >= 2 * ROWS.len() && row.slots != "every=1h",
            n / ROWS.len(),
        );
        let rhythm = if is_other && n % ROWS.len() != 9 {
            OTHERS[(turn + n) % 4]
        } else {
            row.slots
        };
        let rhythm = Rhythm::read(&Fields::read(rhythm)).expect("a rhythm of the table");
        let slots = Rc::new(rhythm.slots(START, START + LENGTH));
        let period = rhythm.longest();
        let name = format!("site{n:02}-{}", row.layout);
        let mut site = Self {
            row,
            layout,
            jobs: Vec::new(),
            shown: Vec::new(),
            first: row.harms.contains(&Harm::MirrorStops).then(Vec::new),
            clusters: BTreeMap::new(),
            rules: rules(row),
            memory: Memory::default(),
            uploads: Vec::new(),
            down: (0..2)
                .map(|_| rng.i64(WARM..LENGTH))
                .map(|day| (START + day, START + day + 5 * HOUR))
                .collect(),
            day: START + WARM,
            harmed: Vec::new(),
            written: 0,
            name,
            rng,
        };
        for cluster in 0..CLUSTERS {
            site.add(format!("c{n:02}x{cluster:02}"), slots.clone(), period);
        }
        site
    }

    fn add(&mut self, cluster: String, slots: Rc<Vec<i64>>, period: i64) {
        let mut rng = fastrand::Rng::with_seed(self.rng.u64(..));
        let shown = JobBackups {
            id: JobId {
                cluster: cluster.clone(),
                job: "main".to_owned(),
            },
            layout: self.layout,
            root: format!("{cluster}/"),
            backups: Vec::new(),
            count: 0,
            bytes: 0,
            beside: Beside::default(),
        };
        if let Some(first) = &mut self.first {
            first.push(shown.clone());
        }
        self.shown.push(shown);
        self.clusters.insert(cluster, Some(at(START)));
        let short = period < HOUR;
        self.jobs.push(Job {
            slots,
            next: 0,
            period,
            jitter: if short {
                1
            } else {
                rng.i64(1..period.min(4 * HOUR) / 16)
            },
            takes: if short {
                20_000
            } else {
                rng.i64(1..10) * MINUTE / 2
            },
            size: rng.u64(4 << 20..4 << 30),
            made: 0,
            full: String::new(),
            harm: None,
            free_from: START + WARM,
            spare: None,
            last: START,
            gaps: VecDeque::new(),
            rng,
        });
    }

    pub fn is_down(&self, now: i64) -> bool {
        self.down
            .iter()
            .any(|(from, to)| (*from..*to).contains(&now))
    }

    /// All that happens until then.
    pub fn advance(&mut self, now: i64) {
        while self.day < now {
            self.begin_harms(self.day);
            self.day += DAY;
        }
        for n in 0..self.jobs.len() {
            while let Some(slot) = self.due(n, now) {
                self.jobs[n].next += 1;
                self.run(n, slot);
            }
            self.happen(n, now);
            self.mend(n, now);
        }
    }

    fn due(&self, n: usize, now: i64) -> Option<i64> {
        let job = &self.jobs[n];
        // The longest that a run can take is over.
        job.slots
            .get(job.next)
            .copied()
            .filter(|slot| slot + job.jitter + 2 * job.takes <= now)
    }

    pub fn judged(&mut self, now: i64) -> Judgement {
        // Of what is not there at all, a fold tells nothing.
        let is_there = |one: &&JobBackups| !one.backups.is_empty();
        let there: Vec<JobBackups>;
        let jobs = if self.shown.iter().all(|one| is_there(&one)) {
            &self.shown
        } else {
            there = self.shown.iter().filter(is_there).cloned().collect();
            &there
        };
        let mut judgement = judge(&Case {
            jobs,
            clusters: Some(&self.clusters),
            all_expected: self.row.stated.is_some(),
            rules: &self.rules,
            memory: &self.memory,
            mirrored: self.first.as_deref(),
            uploads: &self.uploads,
            marker: None,
            now: at(now),
        });
        self.memory = mem::take(&mut judgement.memory);
        judgement
    }

    /// Whether a finding is of something that is or was wrong.
    pub fn explains(&self, cluster: &str, kind: FindingKind, since: i64, now: i64) -> bool {
        let slack = self.jobs[0].period;
        let is_outage = matches!(
            kind,
            FindingKind::Overdue | FindingKind::Gap | FindingKind::MirrorBehind
        ) && self
            .down
            .iter()
            .any(|(from, to)| since >= from - slack - HOUR && since <= to + 2 * slack);
        is_outage
            || self.harmed.iter().any(|harmed| {
                harmed.cluster == cluster
                    && harmed.harm.explains(kind)
                    && now >= harmed.from
                    && since >= harmed.from - 2 * self.row.full_each as i64 * slack.max(4 * DAY)
                    && since <= harmed.settled
            })
    }
}
