//! Looks between the scans of all cases: what a look says is held against what a scan at that moment says.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use s3_exporter_api::UnixTime;
use s3_exporter_judge::backups::{JobBackups, JobId};
use s3_exporter_judge::findings::FindingKind;
use s3_exporter_judge::judge::{JudgedJob, Judgement, judge};
use s3_exporter_judge::look::{self, Entry, Listed as ListedPart, Lists, Part, Seen, What};

use crate::case::Case;
use crate::drive::{Destination, Listed};
use crate::generate::script;
use crate::play::{applied, copied, scans, shown};
use crate::store::{Store, Stored};
use crate::text::{Read, hash};

/// Of what a look tells.
const TOLD: [FindingKind; 2] = [FindingKind::Missing, FindingKind::Overdue];
/// Scans of a case after which looks are made, each.
const SCANS: usize = 6;
/// Looks after each of them.
const LOOKS: usize = 3;

/// What came of looks.
#[derive(Debug, Default)]
pub struct Looks {
    /// By layout: how often looks told of a job, told a newer backup, took something back, and told something.
    told: BTreeMap<&'static str, [u64; 4]>,
    problems: Vec<String>,
}

/// What a store has, listed by parts.
struct Parts(Vec<Entry>);

impl Parts {
    /// A listing's page.
    const PAGE: usize = 1000;

    fn of(store: &Store) -> Self {
        let entry = |(key, stored): (&Rc<str>, &Stored)| Entry {
            key: key.to_string(),
            size: stored.size,
            last_modified: UnixTime::from_millis(stored.at),
            class: stored.class.to_string(),
        };
        Self(store.objects.iter().map(entry).collect())
    }
}

impl Lists for Parts {
    type Error = Infallible;

    async fn list(&mut self, part: &Part) -> Result<ListedPart, Infallible> {
        let begin = self.0.partition_point(|entry| entry.key < part.prefix);
        let there = self.0[begin..].iter();
        let there = there.take_while(|entry| entry.key.starts_with(&part.prefix));
        let is_after = |entry: &&Entry| part.after.as_ref().is_none_or(|after| entry.key > *after);
        let there = there.filter(is_after).cloned();
        let mut entries: Vec<Entry> = match part.what {
            What::All => there.collect(),
            What::First => there.take(Self::PAGE + 1).collect(),
            What::Folders => there
                .filter_map(|entry| folder(entry, &part.prefix))
                .collect(),
        };
        entries.dedup_by(|one, other| one.key == other.key);
        let is_all = part.what != What::First || entries.len() <= Self::PAGE;
        if !is_all {
            entries.truncate(Self::PAGE);
        }
        Ok(ListedPart { entries, is_all })
    }
}

/// The folder below the prefix that an object is in.
fn folder(entry: Entry, prefix: &str) -> Option<Entry> {
    let slash = entry.key[prefix.len()..].find('/')?;
    let key = entry.key[..prefix.len() + slash + 1].to_owned();
    Some(Entry { key, ..entry })
}

/// What a future gives that waits for nothing.
fn now<T>(future: impl Future<Output = T>) -> T {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("nothing is waited for"),
    }
}

/// Makes looks between the scans of all cases.
pub fn hold(cases: &[Case]) -> Read<Looks> {
    let mut looks = Looks::default();
    for case in cases {
        looks.play(case)?;
    }
    Ok(looks)
}

/// A moment that is looked at.
struct Moment<'a> {
    at: i64,
    store: &'a Store,
    mirrored: Option<&'a Store>,
}

impl Looks {
    fn play(&mut self, case: &Case) -> Read<()> {
        let (ops, _) = script(case)?;
        let copies = copied(case, &ops);
        let (site, first) = match case.mirror {
            Some(_) => (&copies, Some(&ops)),
            None => (&ops, None),
        };
        let mut rng = fastrand::Rng::with_seed(hash(&case.name));
        let mut destination = Destination::of(case)?;
        let (mut store, mut mirrored) = (Store::default(), Store::default());
        let (mut at, mut at_first) = (0, 0);
        let scans = scans(case);
        let every = scans.len().div_ceil(SCANS);
        for (n, scan) in scans.iter().enumerate() {
            let now = case.start + scan;
            at = applied(&mut store, site, at, now);
            if let Some(first) = first {
                at_first = applied(&mut mirrored, first, at_first, now);
            }
            let full = destination.scan(&store, first.map(|_| &mirrored), now);
            if n % every != rng.usize(0..every) {
                continue;
            }
            let jobs = destination.jobs(&store, now);
            // A scan may be far behind: looks go on until what would be the fifth from here.
            let next = scans
                .get(n + rng.usize(1..6))
                .copied()
                .unwrap_or(case.length);
            let mut moments: Vec<i64> = (0..LOOKS)
                .map(|_| rng.i64(*scan..next.max(scan + 1)))
                .collect();
            moments.sort_unstable();
            let (listed, at_scan) = (store.clone(), (at, at_first));
            let (mut later, mut later_first) = (store.clone(), mirrored.clone());
            let (mut to, mut to_first) = at_scan;
            let mut seen = Seen::default();
            let mut newest: BTreeMap<JobId, Option<UnixTime>> = BTreeMap::new();
            for moment in moments {
                let moment = case.start + moment;
                to = applied(&mut later, site, to, moment);
                if let Some(first) = first {
                    to_first = applied(&mut later_first, first, to_first, moment);
                }
                if rng.u8(0..4) == 0 {
                    harm(&mut later, &mut rng);
                }
                let moment = Moment {
                    at: moment,
                    store: &later,
                    mirrored: first.map(|_| &later_first),
                };
                let full = (&listed, &*jobs, &full, now);
                self.look(
                    case,
                    &mut destination,
                    full,
                    &moment,
                    (&mut seen, &mut newest),
                );
            }
        }
        Ok(())
    }

    fn look(
        &mut self,
        case: &Case,
        destination: &mut Destination<'_>,
        (store, jobs, full, scanned): (&Store, &[JobBackups], &Judgement, i64),
        moment: &Moment<'_>,
        (seen, newest): (&mut Seen, &mut BTreeMap<JobId, Option<UnixTime>>),
    ) {
        let Ok(latest) = now(look::look(jobs, seen, &mut Parts::of(moment.store)));
        *seen = latest;
        seen.marker = destination.marker(moment.at);
        let mirrored = moment
            .mirrored
            .map(|store| destination.jobs(store, moment.at));
        let before = Listed {
            store,
            jobs,
            mirrored: mirrored.as_deref(),
            at: scanned,
        };
        let clock = destination.with_case(&before, moment.at, judge);
        let after = destination.with_case(&before, moment.at, |case| look::after(case, full, seen));
        let there = destination.jobs(moment.store, moment.at);
        let listed = Listed {
            store: moment.store,
            jobs: &there,
            mirrored: mirrored.as_deref(),
            at: moment.at,
        };
        let truth = destination.with_case(&listed, moment.at, judge);
        for job in &there {
            let known = newest.entry(job.id.clone()).or_default();
            *known = (*known).max(truth.jobs.get(&job.id).and_then(|job| job.newest_good));
        }
        for (id, told) in &after.jobs {
            let before = &full.jobs[id];
            let Some(looked) = seen.jobs.iter().find(|job| job.id == *id) else {
                if told != before {
                    self.problem(
                        case,
                        moment.at,
                        id,
                        "it is told otherwise, and nobody looked",
                    );
                }
                continue;
            };
            let counts = self.told.entry(looked.layout.name).or_default();
            counts[0] += 1;
            let truth = truth.jobs.get(id);
            let mut wrong = Vec::new();
            if told.newest_good > before.newest_good {
                counts[1] += 1;
                let most = newest.get(id).copied().flatten();
                if told.newest_good > most {
                    wrong.push(format!(
                        "the newest is of {:?}, and a scan says {most:?}",
                        told.newest_good
                    ));
                }
                let job = there.iter().find(|job| job.id == *id);
                let mut backups = job.iter().flat_map(|job| &job.backups);
                let key = told.newest_good_key.as_deref();
                let is_whole = backups.any(|one| Some(&*one.key) == key && one.is_complete);
                let is_in_place = looked.backups.len() == 1;
                if !is_whole && !is_in_place {
                    wrong.push(format!("{key:?} is not whole"));
                }
            }
            for kind in TOLD {
                let [was, by_clock, is, truly] =
                    [Some(before), clock.jobs.get(id), Some(told), truth]
                        .map(|job| job.is_some_and(|job| has(job, kind)));
                counts[2] += u64::from((was || by_clock) && !is);
                counts[3] += u64::from(!was && is);
                if (was || by_clock) && !is && truly {
                    wrong.push(format!(
                        "{} is taken back, and a scan finds it",
                        kind.as_str()
                    ));
                }
                if is && !was && !by_clock {
                    wrong.push(format!("{} is told, and not by the clock", kind.as_str()));
                }
                let is_wrong = TOLD
                    .iter()
                    .any(|kind| truth.is_some_and(|job| has(job, *kind)));
                if is && !was && !is_wrong {
                    wrong.push(format!(
                        "{} is told, and a scan finds nothing of the kind",
                        kind.as_str()
                    ));
                }
            }
            if !is_but_told(before, told) {
                wrong.push("more is told than a look can know".to_owned());
            }
            for wrong in wrong {
                self.problem(case, moment.at, id, &wrong);
            }
        }
    }

    fn problem(&mut self, case: &Case, at: i64, id: &JobId, what: &str) {
        let at = shown(at - case.start);
        self.problems.push(format!(
            "{}::{} at {at}, {id:?}: {what}",
            case.file, case.name
        ));
    }

    /// What is wrong with looks, in words; nothing is well.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = self.problems.clone();
        for layout in look::layouts() {
            let [looked, newer, ..] = self.told.get(layout).copied().unwrap_or_default();
            if looked > 0 && newer == 0 {
                problems.push(format!("no look has told a newer backup of {layout}"));
            }
        }
        problems
    }

    /// How much was looked at.
    pub fn shown(&self) -> String {
        let line = |(layout, counts): (&&str, &[u64; 4])| {
            let [looked, newer, gone, come] = counts;
            format!(
                "{layout}: {looked} looks at a job, {newer} newer backups, {gone} findings taken back, {come} told\n"
            )
        };
        self.told.iter().map(line).collect()
    }
}

fn has(job: &JudgedJob, kind: FindingKind) -> bool {
    job.findings.iter().any(|finding| finding.kind == kind)
}

/// Whether both are the same but for what a look can know.
fn is_but_told(before: &JudgedJob, after: &JudgedJob) -> bool {
    let plain = |job: &JudgedJob| {
        let mut plain = job.clone();
        plain
            .findings
            .retain(|finding| !TOLD.contains(&finding.kind));
        (plain.newest_good, plain.newest_good_key, plain.expected.due) = (None, None, None);
        plain
    };
    plain(before) == plain(after)
}

/// Somebody deletes something.
fn harm(store: &mut Store, rng: &mut fastrand::Rng) {
    for _ in 0..rng.usize(1..4) {
        let keys: Vec<_> = store.objects.keys().cloned().collect();
        if let Some(key) = rng.choice(keys) {
            store.objects.remove(&key);
        }
    }
}
