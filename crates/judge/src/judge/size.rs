//! `empty`, `truncated`, `shrunk` and `grown`: what the size of the newest backup tells.

use super::history::{Shown, State};
use super::job::{Draft, Job};
use super::words::count;
use crate::backups::{Backup, JobBackups};
use crate::bytes::ByteSize;
use crate::expectation::Stated;
use crate::findings::{FindingKind, Severity};
use crate::layouts::{Kind, SizeRule};
use crate::memory::PastBackup;

mod level;
mod nothing;

pub(super) use level::{Deviation, Level};

/// What is as small as this may be nothing in a form that is not known: it is worth a look.
const SUSPICIOUS: u64 = 512;
/// A tar archive is blocks of so many bytes; etcd's file is, too, and a hash of 32 bytes behind it.
const PAGE: u64 = 512;
const HASH: u64 = 32;
/// So many others must have the form before a size that has it not tells anything.
const PEERS: usize = 4;

/// Whether it holds nothing, or less than somebody says it must.
pub(super) fn is_empty(job: &JobBackups, backup: &Backup, stated: &Stated) -> bool {
    let size = match job.layout.size {
        SizeRule::Nothing => job.beside.data_bytes,
        _ => backup.size,
    };
    if stated.min_size.is_some_and(|least| size < least) {
        return true;
    }
    match job.layout.size {
        SizeRule::Dump | SizeRule::DumpVaries => nothing::holds(&backup.key, backup.size).is_some(),
        SizeRule::Sum | SizeRule::SumVaries => backup.size == 0,
        SizeRule::Nothing => false,
    }
}

/// The forms that the sizes of a job's whole backups have.
pub(super) struct Form<'a> {
    is_dump: bool,
    /// Whether any of its raw files is an etcd's, whatever its size.
    is_etcd: bool,
    /// The suffix of those that have the size of an etcd snapshot, where nearly all have.
    like_etcd: Option<Option<&'a str>>,
}

impl<'a> Form<'a> {
    pub fn of(job: &JobBackups, backups: &[&'a Backup], past: &[PastBackup]) -> Self {
        let is_dump = matches!(job.layout.size, SizeRule::Dump | SizeRule::DumpVaries);
        let is_etcd = job.layout.size == SizeRule::DumpVaries;
        let full = backups
            .iter()
            .filter(|one| is_dump && one.is_complete && one.kind == Kind::Full);
        // What was good before tells more than what is there: that may be cut short for long.
        let there = full.clone().map(|one| one.size).filter(|_| past.is_empty());
        let past = past
            .iter()
            .filter(|past| is_dump && past.kind == Kind::Full);
        let sizes = there.chain(past.map(|past| past.size));
        let (all, such) = sizes.fold((0, 0), |(all, such), size| {
            (all + 1, such + usize::from(has_etcd_size(size)))
        });
        // By chance one in 512 has it.
        let is_rule = such >= PEERS && such * 5 >= all * 4;
        // Where none of these is there any more, it was like those that are.
        let like = full
            .clone()
            .find(|one| has_etcd_size(one.size))
            .or(full.clone().next());
        let like_etcd = like.filter(|_| is_rule).map(|one| suffix(&one.key));
        Self {
            is_dump,
            is_etcd,
            like_etcd,
        }
    }

    /// Whether its size shows that it was cut short: that of an etcd snapshot or a tar archive
    /// cannot be any.
    pub fn is_truncated(&self, backup: &Backup) -> bool {
        if !self.is_dump || backup.parts != 1 || backup.kind != Kind::Full {
            return false;
        }
        match suffix(&backup.key) {
            Some("tar") => !backup.size.is_multiple_of(PAGE),
            _ if has_etcd_size(backup.size) => false,
            Some("db" | "snap") if self.is_etcd => true,
            own => self.like_etcd == Some(own),
        }
    }
}

/// What is behind the last dot of a key's name.
fn suffix(key: &str) -> Option<&str> {
    let name = key.rsplit('/').next()?;
    Some(name.rsplit_once('.')?.1)
}

fn has_etcd_size(size: u64) -> bool {
    size % PAGE == HASH
}

/// Finds what the size of the newest backup tells.
pub(super) fn find(job: &Job<'_>, drafts: &mut Vec<Draft>) {
    let newest = job.history.shown.iter().rfind(|one| one.backup.is_complete);
    let Some((newest, shown)) = newest.zip(job.shown) else {
        return;
    };
    match newest.state {
        State::Empty => drafts.push(empty(job, shown, newest)),
        State::Truncated => drafts.push(truncated(job, newest)),
        State::Good => {
            drafts.extend(suspicious(job, shown, newest));
            if let Some(level) = Level::of(job) {
                drafts.extend(deviant(job, newest, &level));
            }
            drafts.extend(added_nothing(job, shown, newest));
        }
        _ => {}
    }
}

/// The first of those that are in this state, and all later ones too.
fn first_of<'j, 'a>(job: &'j Job<'a>, state: State) -> Option<&'j Shown<'a>> {
    let whole = job
        .history
        .shown
        .iter()
        .rev()
        .filter(|one| one.backup.is_complete);
    whole.take_while(|one| one.state == state).last()
}

fn keys_of(job: &Job<'_>, state: State) -> Vec<String> {
    let newest = job
        .history
        .shown
        .iter()
        .rev()
        .filter(|one| one.state == state);
    newest.map(|one| one.backup.key.clone()).collect()
}

fn empty(job: &Job<'_>, shown: &JobBackups, newest: &Shown<'_>) -> Draft {
    let size = newest.backup.size;
    let text = match (
        job.rules.stated.min_size,
        nothing::holds(&newest.backup.key, size),
    ) {
        (_, Some(what)) if shown.layout.size != SizeRule::Nothing => {
            format!(
                "the newest backup holds nothing: its {} are {what}",
                ByteSize(size)
            )
        }
        (Some(least), _) => format!(
            "the newest backup has {}, and {} is the least that is stated",
            ByteSize(match shown.layout.size {
                SizeRule::Nothing => shown.beside.data_bytes,
                _ => size,
            }),
            ByteSize(least),
        ),
        (None, _) => format!("the newest backup holds nothing: it has {}", ByteSize(size)),
    };
    Draft {
        since: first_of(job, State::Empty).map(|first| first.made),
        keys: keys_of(job, State::Empty),
        ..Draft::new(FindingKind::Empty, text)
    }
}

fn truncated(job: &Job<'_>, newest: &Shown<'_>) -> Draft {
    let size = newest.backup.size;
    let form = if newest.backup.key.ends_with(".tar") {
        "a tar archive is a multiple of 512 bytes"
    } else {
        "an etcd snapshot is a multiple of 512 bytes and 32 more"
    };
    let text = format!(
        "the newest backup was cut short: it has {size} bytes, {} more than a multiple of 512; {form}",
        size % PAGE
    );
    Draft {
        since: first_of(job, State::Truncated).map(|first| first.made),
        keys: keys_of(job, State::Truncated),
        ..Draft::new(FindingKind::Truncated, text)
    }
}

/// Tiny, though of no size that is known to be nothing: an empty database and one that does not
/// exist leave about the same.
fn suspicious(job: &Job<'_>, shown: &JobBackups, newest: &Shown<'_>) -> Option<Draft> {
    let is_dump = matches!(shown.layout.size, SizeRule::Dump | SizeRule::DumpVaries);
    let size = newest.backup.size;
    if !is_dump || size > SUSPICIOUS || newest.backup.kind != Kind::Full {
        return None;
    }
    let text = format!(
        "the newest backup has {} only: a dump of an empty database, or of none",
        ByteSize(size)
    );
    let tiny = job
        .history
        .good_ones()
        .rev()
        .take_while(|one| one.backup.size <= SUSPICIOUS);
    Some(Draft {
        severity: Severity::Info,
        since: tiny.last().map(|first| first.made),
        keys: vec![newest.backup.key.clone()],
        ..Draft::new(FindingKind::Empty, text)
    })
}

/// Far from what is usual, or beyond what is stated.
fn deviant(job: &Job<'_>, newest: &Shown<'_>, level: &Level) -> Option<Draft> {
    let deviation = level.deviation?;
    let size = newest.backup.size;
    let stated = job.thresholds();
    let (kind, than) = match deviation {
        Deviation::Shrunk { .. } if stated.shrunk_below.is_some() => (FindingKind::Shrunk, "less"),
        Deviation::Shrunk { .. } => (FindingKind::Shrunk, "far less"),
        Deviation::Grown if stated.grown_above.is_some() => (FindingKind::Grown, "more"),
        Deviation::Grown => (FindingKind::Grown, "far more"),
    };
    let in_a_row = match level.run {
        0 | 1 => String::new(),
        run => format!("; {} in a row are so far off", count(run as u64, "backup")),
    };
    let text = format!(
        "the newest backup has {}, {than} than the {} that were usual{in_a_row}",
        ByteSize(size),
        ByteSize(level.usual),
    );
    let severity = match deviation {
        Deviation::Shrunk { is_critical: true } => Severity::Critical,
        Deviation::Shrunk { is_critical: false } => Severity::Warning,
        Deviation::Grown => Severity::Info,
    };
    Some(Draft {
        severity,
        since: level.since,
        keys: vec![newest.backup.key.clone()],
        ..Draft::new(kind, text)
    })
}

/// A tool whose backups share their data saves an emptied source as gladly as a full one: only what
/// it added shows that, and an unchanged source adds as little.
fn added_nothing(job: &Job<'_>, shown: &JobBackups, newest: &Shown<'_>) -> Option<Draft> {
    const ENOUGH: usize = 3;
    const LITTLE: u64 = 16 << 10;
    if shown.layout.size != SizeRule::Nothing {
        return None;
    }
    let added: Vec<u64> = job
        .history
        .past
        .iter()
        .rev()
        .map_while(|past| past.added)
        .collect();
    let run = added.iter().take_while(|added| **added < LITTLE).count();
    let (recent, before) = added.split_at(run);
    let before = before.get(..5)?;
    let (most, usual) = (*recent.iter().max()?, *before.iter().min()?);
    if run < ENOUGH || usual < most.saturating_mul(10) {
        return None;
    }
    let text = format!(
        "the last {run} backups added {} at most, and those before {} at least: \
         nothing changes there any more, or the source is empty",
        ByteSize(most),
        ByteSize(usual),
    );
    Some(Draft {
        severity: Severity::Info,
        keys: vec![newest.backup.key.clone()],
        ..Draft::new(FindingKind::Shrunk, text)
    })
}

/// Whether the sizes of a backup of this kind can be compared: what an increment adds depends on
/// what changed.
pub(super) fn is_comparable(kind: Kind) -> bool {
    kind == Kind::Full
}

#[cfg(test)]
mod tests;
