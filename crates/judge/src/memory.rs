//! What is remembered of a job from one scan to the next, beyond what retention leaves in the
//! bucket. It is kept over a restart as it is written here.

use std::borrow::Cow;
use std::collections::BTreeMap;

use s3_exporter_api::UnixTime;
use serde::{Deserialize, Serialize};

use crate::backups::JobId;
use crate::calendar::Calendar;
use crate::findings::FindingKind;
use crate::layouts::Kind;

/// What is remembered of a destination: of each job that is there or was not long ago.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Memory {
    /// By job.
    #[serde(default)]
    pub jobs: Vec<(JobId, JobMemory)>,
}

impl Memory {
    /// Backups of all jobs that are remembered at most, as long as none has fewer than
    /// [`JobMemory::PAST_AT_LEAST`]: some 10 MB in a state file.
    pub const PAST: usize = 128_000;

    /// Backups that are remembered of each of so many jobs.
    pub fn past_of(jobs: usize) -> usize {
        let share = Self::PAST / jobs.max(1);
        share.clamp(JobMemory::PAST_AT_LEAST, JobMemory::PAST)
    }
}

/// What is remembered of a job. A field that comes later must have a default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobMemory {
    /// End of the first scan that saw it, or that expected it.
    pub first_seen: UnixTime,
    /// End of the latest scan that saw it, or that expected it before anybody ever saw it.
    pub last_seen: UnixTime,
    /// The name of the layout of its backups; empty where none was ever seen.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub layout: Cow<'static, str>,
    /// Whole backups that were seen, the oldest first, at most [`Self::PAST`].
    #[serde(default)]
    pub past: Vec<PastBackup>,
    /// What held at the latest scan, since when; also what was turned off or silenced.
    #[serde(default)]
    pub open: BTreeMap<FindingKind, UnixTime>,
    /// What is told only when it has held for a while: since when it does.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pending: BTreeMap<FindingKind, UnixTime>,
    /// How many good ones there were at the latest scan.
    #[serde(default, skip_serializing_if = "is_default")]
    pub count: u64,
    /// How many good ones there were before more than half of them went, and when that was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<(u64, UnixTime)>,
    /// How many were to be kept at the latest scan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<u32>,
    /// How many were to be kept before that changed, and when it was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was_kept: Option<(u32, UnixTime)>,
    /// The size that is usual, in bytes, of which the newest is far off: it outlives the backups
    /// that showed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usual_size: Option<u64>,
    /// Bytes of the data that its backups share, at the latest scan.
    #[serde(default, skip_serializing_if = "is_default")]
    pub data_bytes: u64,
    /// Under which name the job goes on, where it was renamed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub successor: Option<String>,
    /// What came on which of the latest days, as of the latest scan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<Calendar>,
}

/// A whole backup that was seen once. It is kept as a sequence, for there are many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Row", into = "Row")]
pub struct PastBackup {
    /// Which slot it fills: what [`Backup::time`](crate::backups::Backup::time) said when it was
    /// first seen, or [`Self::made`] where it was finished by a later run than the one that its
    /// key is named by.
    pub time: UnixTime,
    /// When it was made.
    pub made: UnixTime,
    /// In bytes.
    pub size: u64,
    /// Full, or what it adds to another.
    pub kind: Kind,
    /// Hash of the [`id`](crate::backups::Backup::id) under which it was seen; 0 = another has that
    /// now.
    pub id: u64,
    /// Bytes that it added to the data that all share, where that was seen.
    pub added: Option<u64>,
    /// Its last-modified now, where its objects were copied, or written anew under other names.
    pub copied: Option<UnixTime>,
    /// Whether somebody wrote over it after it was whole.
    pub was_rewritten: bool,
    /// Whether others may have been made right before it and removed, and no scan saw them.
    pub follows_unseen: bool,
}

/// A [`PastBackup`] as it is kept, field by field; the last two are bits of one number.
type Row = (
    UnixTime,
    UnixTime,
    u64,
    Kind,
    u64,
    Option<u64>,
    Option<UnixTime>,
    u8,
);

impl From<Row> for PastBackup {
    fn from((time, made, size, kind, id, added, copied, bits): Row) -> Self {
        let (was_rewritten, follows_unseen) = (bits & 1 != 0, bits & 2 != 0);
        Self {
            time,
            made,
            size,
            kind,
            id,
            added,
            copied,
            was_rewritten,
            follows_unseen,
        }
    }
}

impl From<PastBackup> for Row {
    fn from(past: PastBackup) -> Self {
        let bits = u8::from(past.was_rewritten) | u8::from(past.follows_unseen) << 1;
        (
            past.time,
            past.made,
            past.size,
            past.kind,
            past.id,
            past.added,
            past.copied,
            bits,
        )
    }
}

impl PastBackup {
    /// One of which nothing else is known.
    pub const fn new(time: UnixTime, made: UnixTime, size: u64, kind: Kind) -> Self {
        Self {
            time,
            made,
            size,
            kind,
            id: 0,
            added: None,
            copied: None,
            was_rewritten: false,
            follows_unseen: false,
        }
    }
}

impl JobMemory {
    /// Backups of a job that are remembered at most.
    pub const PAST: usize = 128;
    /// Backups of a job that are remembered however many jobs there are.
    pub const PAST_AT_LEAST: usize = 24;

    /// A job that is seen, or expected, for the first time.
    pub fn new(now: UnixTime) -> Self {
        Self {
            first_seen: now,
            last_seen: now,
            layout: Cow::Borrowed(""),
            past: Vec::new(),
            open: BTreeMap::new(),
            pending: BTreeMap::new(),
            count: 0,
            lost: None,
            keep: None,
            was_kept: None,
            usual_size: None,
            data_bytes: 0,
            successor: None,
            calendar: None,
        }
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
