//! What the fold found, for the judge.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use s3_exporter_api::UnixTime;

use crate::layouts::{
    Chain, Completeness, Layout, Reading, Rewrite, Role, Silence, SizeRule, TimeRule,
};

use super::fold::BackupFold;
use super::job::{BesideSums, Cluster, Job, Sums};
use super::slot::Slot;
use super::zone::{self, Label};
use super::{Backup, Beside, JobBackups, JobId, OTHER};

/// Of what is summed nothing is known.
static SUMMED: Layout = Layout {
    name: OTHER,
    complete: Completeness::Unknown,
    time: TimeRule::LastModified,
    chain: Chain::Unknown,
    silence: Silence::Unknown,
    size: SizeRule::Nothing,
    rewrite: Rewrite::Usual,
    needs: &[],
    read: |_| None,
    examples: &[],
    ..Layout::NOTHING
};

/// Jobs that belong together: those of a repository.
type RootKey<'a> = (&'a Cluster, &'static str, &'a [u8]);

/// What is known of a root.
#[derive(Default)]
struct Root {
    /// What is in it and never a backup.
    beside: BesideSums,
    /// Of what is never a backup and of no job that has any.
    bytes: u64,
    has_backups: bool,
}

impl BackupFold {
    /// The jobs that were found, sorted. `cluster` names an owner.
    pub fn jobs<'a>(&self, cluster: impl Fn(usize) -> &'a str) -> Vec<JobBackups> {
        let mut roots = self.roots();
        let mut names = Names::default();
        let mut found = Vec::new();
        for job in self.kept.iter() {
            let name = job.name();
            let Some(root) = roots.get_mut(&root_of(job)) else {
                continue;
            };
            if !root.beside.has(name.layout.needs) {
                continue;
            }
            let is_told_by_others = root.has_backups || job.beside.is_none();
            if !job.has_backups() && is_told_by_others {
                continue;
            }
            let id = names.id(job, &cluster);
            let bytes = job.bytes.saturating_add(std::mem::take(&mut root.bytes));
            let beside = root.beside.beside.clone();
            found.push(self.job_backups(job, id, bytes, beside));
        }
        let mut others = BTreeMap::<_, Sums>::new();
        for (of, sums) in self.kept.others() {
            let named = match of {
                Some(Cluster::Owner(owner)) => Cow::Borrowed(cluster(*owner)),
                Some(Cluster::Read(read)) => clean(read.as_bytes()),
                Some(Cluster::None) | None => Cow::Borrowed(""),
            };
            others.entry(named).or_default().add(sums);
        }
        let others = others.into_iter();
        found.extend(others.map(|(named, sums)| summed(named.into_owned(), sums)));
        found.sort_by(|a, b| a.id.cmp(&b.id));
        found
    }

    fn roots(&self) -> BTreeMap<RootKey<'_>, Root> {
        let mut roots: BTreeMap<_, Root> = BTreeMap::new();
        for job in self.kept.iter() {
            let root = roots.entry(root_of(job)).or_default();
            if let Some(beside) = &job.beside {
                root.beside.add(beside);
            }
            if job.has_backups() {
                root.has_backups = true;
            } else {
                root.bytes = root.bytes.saturating_add(job.bytes);
            }
        }
        for root in roots.values_mut().filter(|root| !root.has_backups) {
            root.bytes = 0; // each job has its own
        }
        roots
    }

    pub(super) fn job_backups(
        &self,
        job: &Job,
        id: JobId,
        bytes: u64,
        beside: Beside,
    ) -> JobBackups {
        let layout = job.name().layout;
        let slots: Vec<_> = job.newest.iter().filter(|slot| slot.is_backup()).collect();
        let times = times(layout, &slots);
        let classes: Vec<Arc<str>> = self.classes.iter().map(|class| (&**class).into()).collect();
        let mut backups: Vec<_> = slots
            .iter()
            .zip(times)
            .map(|(slot, time)| {
                let class = classes.get(usize::from(slot.class));
                backup(job, slot, time, class.cloned().unwrap_or_default())
            })
            .collect();
        // Stable: those of the same time stay in the order of their ids.
        backups.sort_by_key(|backup| backup.time);
        JobBackups {
            id,
            layout,
            root: String::from_utf8_lossy(job.name().root).into_owned(),
            backups,
            count: job.newest.count(),
            bytes,
            beside,
        }
    }
}

fn backup(job: &Job, slot: &Slot, time: UnixTime, class: Arc<str>) -> Backup {
    let shapes = &job.newest.shapes;
    let is_complete = slot.is_complete(job.name().layout.complete);
    let newest = Some(slot.made).max(slot.newest_data().filter(|_| !is_complete));
    let (parent, covers) = links(job, slot);
    Backup {
        id: text(slot.text.id(shapes)),
        key: text(slot.text.key(shapes)),
        time,
        made: UnixTime::from_millis(newest.unwrap_or(slot.made)),
        begun: UnixTime::from_millis(slot.begun()),
        size: slot.size,
        parts: slot.parts,
        kind: slot.kind,
        is_complete,
        lacking: slot.lacking(),
        parent,
        covers,
        class,
    }
}

/// What is not UTF-8 is shown as it would be. There are hundreds of thousands, and most are: they are not copied.
fn text(bytes: Cow<'_, [u8]>) -> String {
    String::from_utf8(bytes.into_owned())
        .unwrap_or_else(|other| String::from_utf8_lossy(other.as_bytes()).into_owned())
}

/// What a backup needs, and what it covers. Of very many that go on where another ends only the key is
/// kept.
fn links(job: &Job, slot: &Slot) -> (Option<String>, Option<String>) {
    let name = job.name();
    let own = |link: Option<&str>| link.map(str::to_owned);
    let kept = (own(slot.parent()), own(slot.covers()));
    if name.layout.chain != Chain::Range || kept.1.is_some() {
        return kept;
    }
    let key = slot.text.key(&job.newest.shapes);
    let reading = key.get(name.root.len()..).and_then(name.layout.read);
    match reading.map(|reading| reading.role) {
        Some(Role::Piece(piece)) => (
            piece.parent.map(Cow::into_owned),
            piece.covers.map(Cow::into_owned),
        ),
        _ => kept,
    }
}

fn root_of(job: &Job) -> RootKey<'_> {
    let name = job.name();
    (&job.cluster, name.layout.name, name.root)
}

/// A job that stands for all that are not kept apart.
fn summed(cluster: String, sums: Sums) -> JobBackups {
    let job = OTHER.to_owned();
    JobBackups {
        id: JobId { cluster, job },
        layout: &SUMMED,
        root: String::new(),
        backups: Vec::new(),
        count: sums.count,
        bytes: sums.bytes,
        beside: Beside::default(),
    }
}

/// Which slot of the schedule each of a job's backups fills.
fn times(layout: &Layout, slots: &[&Slot]) -> Vec<UnixTime> {
    let is_local = |slot: &&Slot| {
        let time = slot.time().filter(|time| !time.is_utc);
        time.filter(|_| layout.time == TimeRule::Local)
    };
    let mut labels: Vec<_> = slots
        .iter()
        .enumerate()
        .filter_map(|(at, slot)| {
            let says = is_local(slot)?.seconds;
            let begun = slot.begun().div_euclid(1000);
            Some((at, Label { says, begun }))
        })
        .collect();
    labels.sort_by_key(|(at, label)| (label.says, *at));
    let plain: Vec<_> = labels.iter().map(|(_, label)| *label).collect();
    let mut offsets = vec![0; slots.len()];
    for ((at, _), offset) in labels.iter().zip(zone::offsets(&plain)) {
        offsets[*at] = offset;
    }
    let time = |(slot, offset): (&&Slot, i64)| time(layout, slot, offset);
    slots.iter().zip(offsets).map(time).collect()
}

fn time(layout: &Layout, slot: &Slot, offset: i64) -> UnixTime {
    /// How far the zone of a date may be from UTC, in milliseconds.
    const ZONES: i64 = 14 * 3_600_000;
    let Some(said) = slot
        .time()
        .filter(|_| layout.time != TimeRule::LastModified)
    else {
        return UnixTime::from_millis(slot.made);
    };
    let start = said.seconds.saturating_sub(offset).saturating_mul(1000);
    if said.span <= 1 {
        return UnixTime::from_millis(start);
    }
    // A date alone: when on that day, last-modified tells unless it was copied later.
    let end = start.saturating_add(i64::from(said.span) * 1000);
    let is_then = (start.saturating_sub(ZONES)..end.saturating_add(ZONES)).contains(&slot.made);
    UnixTime::from_millis(if is_then { slot.made } else { start })
}

/// Names of jobs: each is there once.
#[derive(Default)]
struct Names(BTreeSet<JobId>);

impl Names {
    fn id<'a>(&mut self, job: &Job, cluster: &impl Fn(usize) -> &'a str) -> JobId {
        let name = job.name();
        let (owner, read) = match &job.cluster {
            Cluster::None => (None, None),
            Cluster::Owner(owner) => (Some(cluster(*owner)), None),
            Cluster::Read(read) => (None, Some(&**read)),
        };
        let mut id = plain(&name.root[name.below..], name.job, owner, read);
        let plain = id.job.clone();
        let mut nth = 1_u32;
        while id.job == OTHER || !self.0.insert(id.clone()) {
            id.job = match nth {
                1 => format!("{plain} ({})", name.layout.name),
                _ => format!("{plain} ({} {nth})", name.layout.name),
            };
            nth += 1;
        }
        id
    }
}

impl JobId {
    /// Of which job a key is that is read so, `owner` being the cluster that is known to own it: by
    /// the name that it has unless another job has that too.
    pub fn of(key: &[u8], reading: &Reading<'_>, owner: Option<&str>) -> Self {
        let read = reading.cluster.as_deref().filter(|_| owner.is_none());
        plain(&key[..reading.root], &reading.job, owner, read)
    }
}

/// `root` is that of the keys, below what comes before it; `read` is the cluster that they say where
/// nobody knows their owner.
fn plain(root: &[u8], job: &str, owner: Option<&str>, read: Option<&str>) -> JobId {
    let mut root = String::from_utf8_lossy(root).into_owned();
    let cluster = match (owner, read) {
        (Some(owner), _) => owner.to_owned(),
        (None, Some(read)) => {
            root = without_component(&root, read);
            clean(read.as_bytes()).into_owned()
        }
        (None, None) => String::new(),
    };
    let joint = [&root, job].concat();
    let job = clean(joint.trim_matches('/').as_bytes()).into_owned();
    JobId { cluster, job }
}

/// A path without the part that is the cluster's name.
fn without_component(path: &str, cluster: &str) -> String {
    let mut parts: Vec<_> = path.split('/').collect();
    if let Some(at) = parts.iter().rposition(|part| *part == cluster) {
        parts.remove(at);
    }
    parts.join("/")
}

/// A text that can be a label: bounded, and without what nobody can read.
fn clean(text: &[u8]) -> Cow<'_, str> {
    /// Bytes, before what tells two long ones apart.
    const LONGEST: usize = 200;
    let text = String::from_utf8_lossy(text);
    let is_clean = text.len() <= LONGEST && !text.contains(char::is_control);
    if is_clean {
        return text;
    }
    let mut short = text.replace(char::is_control, "\u{fffd}");
    if short.len() > LONGEST {
        short.truncate(short.floor_char_boundary(LONGEST));
        short = format!("{short}…{:08x}", fnv(text.as_bytes()));
    }
    Cow::Owned(short)
}

/// By <https://datatracker.ietf.org/doc/html/draft-eastlake-fnv>: the same in each version of this
/// program, so that a job keeps its name.
fn fnv(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}
