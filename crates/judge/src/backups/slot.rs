//! A backup, as the pieces that were seen of it show it.

use std::cmp::Ordering;

use s3_exporter_api::Object;
use serde::{Deserialize, Serialize};

use crate::layouts::{Completeness, KeyTime, Kind, Order, Part, Piece};

use super::text::{KeyText, Shapes, Text};

/// A piece of a backup, as far as it is not the text of its key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bit<'a> {
    pub order: Order,
    pub time: Option<BitTime>,
    /// Last-modified, in milliseconds.
    pub modified: i64,
    pub size: u64,
    pub class: u8,
    pub kind: Kind,
    pub part: Part,
    pub parent: Option<&'a str>,
    pub covers: Option<&'a str>,
    /// Which of the pieces that are counted from 1.
    pub number: Option<u32>,
}

/// The time that a key says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct BitTime {
    pub seconds: i64,
    pub span: u32,
    pub is_utc: bool,
}

impl From<&KeyTime> for BitTime {
    fn from(time: &KeyTime) -> Self {
        Self {
            seconds: time.seconds,
            span: u32::try_from(time.span).unwrap_or(1),
            is_utc: time.is_utc(),
        }
    }
}

impl<'a> Bit<'a> {
    /// What an object is by what was read in its key, of this class.
    pub fn of(piece: &'a Piece<'_>, object: &Object<'_>, class: u8) -> Self {
        Self {
            order: piece.order,
            time: piece.time.as_ref().map(BitTime::from),
            modified: object.last_modified.as_millis(),
            size: object.size,
            class,
            kind: piece.kind,
            part: piece.part,
            parent: piece.parent.as_deref(),
            covers: piece.covers.as_deref(),
            number: piece.number,
        }
    }

    /// By which the backups of a job are ordered, before their ids are compared. Both are the same
    /// for all pieces of a backup: so a piece of one that was let go is never taken for the first
    /// piece of another.
    pub fn rank(&self, id: &[u8]) -> i64 {
        match self.order {
            Order::Time => self.time.map_or(i64::MIN, |time| time.seconds),
            Order::Bytes => 0,
            Order::Number => number(id),
            Order::LastModified => self.modified,
        }
    }

    pub const fn completes(&self) -> bool {
        completes(self.part)
    }

    /// Of two pieces, which one stands for their backup.
    const fn weight(&self) -> u8 {
        match self.part {
            Part::Extra => 0,
            Part::Data => 1,
            Part::Whole | Part::Commit => 2,
        }
    }
}

/// Whether a backup has what completes it with such an object.
pub(super) const fn completes(part: Part) -> bool {
    matches!(part, Part::Whole | Part::Commit)
}

/// What is no number comes before all numbers; one that is too great after them.
fn number(id: &[u8]) -> i64 {
    let digit = |byte: &u8| byte.is_ascii_digit().then(|| i64::from(byte - b'0'));
    let add = |sum: i64, byte| Some(sum.saturating_mul(10).saturating_add(digit(byte)?));
    let sum = id.iter().try_fold(0, add);
    sum.filter(|_| !id.is_empty()).unwrap_or(-1)
}

/// A backup, as its pieces so far show it.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) rank: i64,
    /// Last-modified of the piece that stands for it.
    pub made: i64,
    pub size: u64,
    /// Key of that piece, and the id.
    pub text: Text,
    /// What a backup of one piece can mostly do without.
    pub(super) more: Option<Box<More>>,
    pub parts: u32,
    pub(super) span: u32,
    /// How many of the pieces complete it.
    pub(super) commits: u16,
    pub class: u8,
    pub kind: Kind,
    pub(super) weight: u8,
    pub(super) is_utc: bool,
    /// Whether the rank is the time.
    pub(super) is_by_time: bool,
    pub(super) has_data: bool,
}

/// What backups have of many pieces, or with a parent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct More {
    /// Of the oldest piece that is not beside it.
    begun: Option<i64>,
    newest_data: Option<i64>,
    time: Option<BitTime>,
    parent: Option<Box<str>>,
    covers: Option<Box<str>>,
    /// How many pieces are numbered, and the highest number.
    #[serde(default)]
    numbers: (u32, u32),
}

impl Slot {
    pub fn new(rank: i64, bit: &Bit<'_>, text: Text) -> Self {
        let is_by_time = bit.order == Order::Time && bit.time.is_some();
        let mut slot = Self {
            rank,
            made: bit.modified,
            size: bit.size,
            text,
            more: None,
            parts: 1,
            span: bit.time.map_or(0, |time| time.span),
            commits: u16::from(bit.completes()),
            class: bit.class,
            kind: bit.kind,
            weight: bit.weight(),
            is_utc: bit.time.is_some_and(|time| time.is_utc),
            is_by_time,
            has_data: bit.part == Part::Data,
        };
        let time = bit.time.filter(|_| !is_by_time);
        let has_link = bit.parent.is_some() || bit.covers.is_some();
        if time.is_some() || has_link || bit.number.is_some() {
            let more = slot.more();
            more.time = time;
            more.parent = bit.parent.map(Into::into);
            more.covers = bit.covers.map(Into::into);
            more.numbers = bit.number.map_or((0, 0), |number| (1, number));
        }
        slot
    }

    /// What it is of more pieces than one; of one so far.
    fn more(&mut self) -> &mut More {
        let (is_beside, is_data, made) = (self.weight == 0, self.has_data, self.made);
        self.more.get_or_insert_with(|| {
            Box::new(More {
                begun: (!is_beside).then_some(made),
                newest_data: is_data.then_some(made),
                ..More::default()
            })
        })
    }

    /// Adds a piece; the same whatever the order.
    pub fn add(&mut self, bit: &Bit<'_>, text: &KeyText<'_>, shapes: &mut Shapes) {
        let is_by_time = self.is_by_time;
        let more = self.more();
        let at = Some(bit.modified);
        if bit.part != Part::Extra {
            more.begun = more.begun.min(at).or(more.begun).or(at);
        }
        if bit.part == Part::Data {
            more.newest_data = more.newest_data.max(at);
        }
        if let Some(number) = bit.number {
            more.numbers = (more.numbers.0.saturating_add(1), more.numbers.1.max(number));
        }
        keep_greater(&mut more.parent, bit.parent);
        keep_greater(&mut more.covers, bit.covers);
        if !is_by_time {
            more.time = more.time.max(bit.time);
        } else {
            // The pieces of a backup say the same; if not, what is said more vaguely holds.
            let time = bit.time.map_or((0, false), |time| (time.span, time.is_utc));
            (self.span, self.is_utc) = (self.span.max(time.0), self.is_utc && time.1);
        }
        self.has_data |= bit.part == Part::Data;
        self.parts = self.parts.saturating_add(1);
        self.size = self.size.saturating_add(bit.size);
        self.commits = self.commits.saturating_add(u16::from(bit.completes()));
        self.kind = self.kind.max(bit.kind);
        let by_key = || self.text.compare_key(text.key, shapes);
        let order = bit
            .weight()
            .cmp(&self.weight)
            .then_with(|| match bit.completes() {
                true => bit
                    .modified
                    .cmp(&self.made)
                    .then_with(|| by_key().reverse()),
                // Not the newest: mostly each is newer than the one before, of thousands.
                false => by_key(),
            });
        if order == Ordering::Greater {
            (self.weight, self.made, self.class) = (bit.weight(), bit.modified, bit.class);
            let gone = std::mem::replace(&mut self.text, Text::NONE);
            self.text = text.keep_as(Some(gone), shapes);
        }
    }

    /// Whether there is more of it than what lies beside backups.
    pub const fn is_backup(&self) -> bool {
        self.weight > 0
    }

    /// Last-modified of its oldest piece.
    pub fn begun(&self) -> i64 {
        let more = self.more.as_ref().and_then(|more| more.begun);
        more.unwrap_or(self.made)
    }

    /// The time that its keys say.
    pub fn time(&self) -> Option<BitTime> {
        if self.is_by_time {
            return Some(BitTime {
                seconds: self.rank,
                span: self.span,
                is_utc: self.is_utc,
            });
        }
        self.more.as_ref()?.time
    }

    pub fn parent(&self) -> Option<&str> {
        self.more.as_ref()?.parent.as_deref()
    }

    pub fn covers(&self) -> Option<&str> {
        self.more.as_ref()?.covers.as_deref()
    }

    /// How many of the numbered pieces are not there, up to the highest that is.
    pub fn lacking(&self) -> u32 {
        let numbers = self.more.as_ref().map_or((0, 0), |more| more.numbers);
        numbers.1.saturating_sub(numbers.0)
    }

    /// Whether all is there that a layout asks for.
    pub fn is_complete(&self, rule: Completeness) -> bool {
        if self.lacking() > 0 {
            return false;
        }
        let has_commit = self.commits > 0;
        match rule {
            Completeness::OneObject | Completeness::Commit | Completeness::Unknown => has_commit,
            Completeness::Both => has_commit && self.has_data,
            Completeness::CommitAfterData => {
                has_commit && self.has_data && self.newest_data() <= Some(self.made)
            }
        }
    }

    /// Last-modified of its newest piece of data.
    pub fn newest_data(&self) -> Option<i64> {
        match &self.more {
            Some(more) => more.newest_data,
            None => self.has_data.then_some(self.made),
        }
    }
}

fn keep_greater(kept: &mut Option<Box<str>>, other: Option<&str>) {
    if other > kept.as_deref() {
        *kept = other.map(Into::into);
    }
}
