//! What the next key of a range has in common with the one before: mostly nearly all, so that it
//! need not be read anew.

use std::collections::BTreeMap;

use s3_exporter_api::Object;

use crate::layouts::{Alike, KeyTime, Never, Rest};

use super::digits::Written;
use super::kept::JobRef;
use super::newest::{Bit, BitTime};
use super::text::KeyText;

/// What is known of the latest object of a range of keys.
#[derive(Clone, Debug, Default)]
pub struct BackupLane {
    /// Whose the latest object is; `None` where no layout read it.
    pub(super) latest: Option<JobRef>,
    /// Whose the latest one is that was read anew.
    pub(super) job: Option<JobRef>,
    /// Keys that were read. There are several where those of some jobs take turns, as in a folder for
    /// each day: then in the order in which they came.
    likes: Vec<Like>,
    /// Which of them is of a job that took its turn.
    turns: BTreeMap<JobRef, usize>,
    /// Which of them the latest key was like.
    at: usize,
    /// The place of the storage class.
    pub(super) class: u8,
}

/// How many keys may be remembered by all lanes of a listing beyond one each: some 400 bytes each.
pub(super) const LIKES: u32 = 16_384;

/// A key that was read, and what of it holds for others.
#[derive(Clone, Debug)]
pub(super) struct Like {
    pub job: JobRef,
    owner: Option<usize>,
    /// Whether its layout reads a time in a name alone.
    pub is_dump: bool,
    /// The key, or how those begin that are like it.
    key: Vec<u8>,
    form: Form,
    pub role: LikeRole,
}

/// Which keys are like one.
#[derive(Clone, Debug)]
enum Form {
    /// Those that differ in the digits of their time, which are at this place, alone: a layout reads
    /// nothing else in them.
    Time {
        at: (usize, usize),
        written: Written,
    },
    /// Those that begin like it and go on so: see [`Alike`].
    Begin(Rest),
}

/// What of a key that is like another is not the same, where it may differ.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Differs {
    /// The seconds that it says.
    seconds: Option<i64>,
    /// Which piece of the backup it is.
    number: Option<u32>,
    /// Where its id ends.
    id_end: Option<usize>,
}

/// What they are.
#[derive(Clone, Debug)]
pub(super) enum LikeRole {
    Never(Never),
    Piece(LikePiece),
}

/// A piece, without what depends on the object.
#[derive(Clone, Debug)]
pub(super) struct LikePiece {
    bit: Bit<'static>,
    parent: Option<Box<str>>,
    covers: Option<Box<str>>,
    id_at: (usize, usize),
    time_at: Option<(usize, usize)>,
    shape: Option<u8>,
}

/// What was read anew.
pub(super) struct LikeOf<'k> {
    pub job: JobRef,
    /// Whether its layout reads a time in a name alone.
    pub is_dump: bool,
    pub owner: Option<usize>,
    pub key: &'k [u8],
    /// Which others are the same.
    pub alike: Option<Alike>,
    /// Whether the job was there before, and others were since: then others may come again after it.
    pub is_in_turn: bool,
}

impl BackupLane {
    /// The latest object is none that layouts read.
    pub fn forget(&mut self) {
        self.latest = None;
    }

    /// What a key is like: the one before, or what came after that in the turn before.
    #[inline]
    pub(super) fn like(&mut self, key: &[u8], owner: Option<usize>) -> Option<(&Like, Differs)> {
        let next = match self.at + 1 {
            next if next < self.likes.len() => next,
            _ => 0,
        };
        for at in [self.at, next] {
            if let Some(differs) = self.likes.get_mut(at)?.read(key, owner) {
                self.at = at;
                return Some((&self.likes[at], differs));
            }
        }
        None
    }

    /// Keeps what of a key holds for others that is never a backup.
    pub(super) fn keep_never(&mut self, of: &LikeOf<'_>, never: Never, left: &mut u32) {
        if let Some(Alike { begin, rest }) = of.alike {
            self.keep(of, begin, Form::Begin(rest), LikeRole::Never(never), left);
        }
    }

    /// The same of a piece. `time` is the one that it says, where others may differ in that alone.
    pub(super) fn keep_piece(
        &mut self,
        of: &LikeOf<'_>,
        bit: &Bit<'_>,
        text: &KeyText<'_>,
        time: Option<&KeyTime>,
        left: &mut u32,
    ) {
        let Some(id_at) = text.id_at else { return };
        let form = match of.alike {
            Some(Alike { begin, rest }) => {
                let is_before = |at: (usize, usize)| at.1 <= begin;
                let are_before = match rest {
                    Rest::Backups(_) => id_at.0 <= begin,
                    _ => is_before(id_at) && text.time_at.is_none_or(is_before),
                };
                are_before.then_some((begin, Form::Begin(rest)))
            }
            None => repeated(of.key, bit, text, time).map(|form| (of.key.len(), form)),
        };
        let Some((end, form)) = form else { return };
        // What comes after the time is another one in each that is alike.
        let (time_at, shape) = match form {
            Form::Time { .. } => (text.time_at, text.shape),
            Form::Begin(_) => (None, None),
        };
        let piece = LikePiece {
            bit: Bit {
                parent: None,
                covers: None,
                ..*bit
            },
            parent: bit.parent.map(Into::into),
            covers: bit.covers.map(Into::into),
            id_at,
            time_at,
            shape,
        };
        self.keep(of, end, form, LikeRole::Piece(piece), left);
    }

    /// In place of the latest one, or of that of its job, or beside them.
    fn keep(&mut self, of: &LikeOf<'_>, end: usize, form: Form, role: LikeRole, left: &mut u32) {
        let Some(begin) = of.key.get(..end) else {
            return;
        };
        let mut like = Like {
            job: of.job,
            owner: of.owner,
            is_dump: of.is_dump,
            key: Vec::new(),
            form,
            role,
        };
        let mut at = self.at;
        if of.is_in_turn {
            at = match self.turns.get(&of.job) {
                Some(known) => *known,
                None if *left > 0 => {
                    *left -= 1;
                    self.turns.insert(of.job, self.likes.len());
                    self.likes.len()
                }
                None => at,
            };
        }
        match self.likes.get_mut(at) {
            Some(before) => {
                like.key = std::mem::take(&mut before.key);
                like.key.clear();
                like.key.extend_from_slice(begin);
                *before = like;
            }
            None => {
                like.key = begin.to_vec();
                at = self.likes.len();
                self.likes.push(like);
            }
        }
        self.at = at;
    }
}

/// How the time of a key is read again; `None` where other digits would say more than another time.
fn repeated(key: &[u8], bit: &Bit<'_>, text: &KeyText<'_>, time: Option<&KeyTime>) -> Option<Form> {
    let at = text.time_at?;
    let mut links = [bit.parent, bit.covers].into_iter().flatten();
    let is_apart = |link: &str| {
        let place = KeyText::place(key, link);
        place.is_some_and(|(start, end)| end <= at.0 || at.1 <= start)
    };
    if !links.all(is_apart) {
        return None;
    }
    let written = Written::new(&key[at.0..at.1], time?)?;
    Some(Form::Time { at, written })
}

impl Like {
    /// Whether a key is like it: what differs.
    #[inline]
    fn read(&mut self, key: &[u8], owner: Option<usize>) -> Option<Differs> {
        if self.owner != owner {
            return None;
        }
        let same = Differs::default();
        match &mut self.form {
            Form::Begin(form) => {
                let rest = key.strip_prefix(&*self.key)?;
                if rest.is_empty() || rest.ends_with(b"/") {
                    return None;
                }
                match form {
                    Rest::Same(is_rest) => is_rest(rest).then_some(same),
                    Rest::Numbered(read) => read(rest).map(|number| Differs {
                        number: Some(number),
                        ..same
                    }),
                    Rest::Backups(read) => read(rest).map(|another| Differs {
                        seconds: another.seconds,
                        id_end: Some(self.key.len() + another.id),
                        ..same
                    }),
                }
            }
            Form::Time { at, written } => {
                let (start, end) = *at;
                let is_like = key.len() == self.key.len()
                    && key[..start] == self.key[..start]
                    && key[end..] == self.key[end..];
                let seconds = is_like.then(|| written.read(&key[start..end]))?;
                seconds.map(|seconds| Differs {
                    seconds: Some(seconds),
                    ..same
                })
            }
        }
    }

    /// Whether what comes before a place of a key is the same in all that are like it, and has no time.
    pub const fn is_by_beginning(&self) -> bool {
        matches!(self.form, Form::Begin(_))
    }
}

impl LikePiece {
    /// What an object is that is like it, but for this.
    #[inline]
    pub fn bit(&self, object: &Object<'_>, class: u8, differs: &Differs) -> Bit<'_> {
        let time = |time: BitTime| BitTime {
            seconds: differs.seconds.unwrap_or(time.seconds),
            ..time
        };
        Bit {
            time: self.bit.time.map(time),
            modified: object.last_modified.as_millis(),
            size: object.size,
            class,
            parent: self.parent.as_deref(),
            covers: self.covers.as_deref(),
            number: differs.number.or(self.bit.number),
            ..self.bit
        }
    }

    #[inline]
    pub fn text<'k>(&self, key: &'k [u8], differs: &Differs) -> KeyText<'k> {
        let id_at = (self.id_at.0, differs.id_end.unwrap_or(self.id_at.1));
        KeyText {
            key,
            id: &key[id_at.0..id_at.1],
            id_at: Some(id_at),
            time_at: self.time_at,
            shape: self.shape,
        }
    }
}
