//! What the next key of a range has in common with the one before: mostly nearly all, so that it
//! need not be read anew.

use std::sync::Arc;

use s3_exporter_api::Object;

use crate::layouts::{Alike, KeyTime, Never, Rest};

use super::digits::Written;
use super::kept::{JobRef, KeptJobs};
use super::slot::{Bit, BitTime};
use super::text::KeyText;

/// What is known of the latest object of a range of keys.
#[derive(Clone, Debug, Default)]
pub struct BackupLane {
    /// Whose the latest object is; `None` where no layout read it.
    pub(super) latest: Option<JobRef>,
    /// Whose the latest one is that a layout read.
    pub(super) job: Option<JobRef>,
    /// A key that was read anew: the latest that is not remembered for the turns of its job.
    pub(super) like: Option<Like>,
    /// Whose key for its turns the latest one was like.
    pub(super) turn: Option<JobRef>,
    /// How the time of a key was read the latest time: those of jobs that take turns mostly say the same one.
    pub(super) clock: Option<Clock>,
    /// The place of the storage class.
    pub(super) class: u8,
}

/// A key that was read, and what of it holds for others.
#[derive(Clone, Debug)]
pub(super) struct Like {
    pub job: JobRef,
    /// The key, or how those begin that are like it.
    key: Box<[u8]>,
    /// Jobs that take turns mostly share it: so little memory is read for the key of another job.
    pub manner: Arc<Manner>,
}

/// How keys are read that are like one, but for its own text.
#[derive(Debug)]
pub(super) struct Manner {
    owner: Option<usize>,
    /// Whether one that is like it may be a tool's own form all the same.
    pub may_be_own: bool,
    form: Form,
    pub role: LikeRole,
}

/// How times are read in a manner, with the latest date.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    manner: Arc<Manner>,
    written: Written,
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
#[derive(Clone, Debug, PartialEq)]
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
    /// Whether any tool may have a key as its own form that differs from it in digits alone.
    pub may_be_own: bool,
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

    /// Keeps what of a key holds for others that is never a backup.
    pub(super) fn keep_never(&mut self, of: &LikeOf<'_>, never: Never, kept: &mut KeptJobs) {
        if let Some(Alike { begin, rest }) = of.alike {
            self.keep(of, begin, Form::Begin(rest), LikeRole::Never(never), kept);
        }
    }

    /// The same of a piece. `time` is the one that it says, where others may differ in that alone.
    pub(super) fn keep_piece(
        &mut self,
        of: &LikeOf<'_>,
        bit: &Bit<'_>,
        text: &KeyText<'_>,
        time: Option<&KeyTime>,
        kept: &mut KeptJobs,
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
                modified: 0,
                size: 0,
                class: 0,
                ..*bit
            },
            parent: bit.parent.map(Into::into),
            covers: bit.covers.map(Into::into),
            id_at,
            time_at,
            shape,
        };
        self.keep(of, end, form, LikeRole::Piece(piece), kept);
    }

    /// For the turns of its job, or in place of the latest one of the lane.
    fn keep(
        &mut self,
        of: &LikeOf<'_>,
        end: usize,
        form: Form,
        role: LikeRole,
        kept: &mut KeptJobs,
    ) {
        let Some(begin) = of.key.get(..end) else {
            return;
        };
        let manner = self.share(Manner {
            owner: of.owner,
            may_be_own: match form {
                Form::Time { .. } => of.is_dump && of.may_be_own,
                Form::Begin(_) => of.is_dump,
            },
            form,
            role,
        });
        let like = Like {
            job: of.job,
            key: begin.into(),
            manner,
        };
        self.turn = of.is_in_turn.then_some(of.job);
        match of.is_in_turn {
            true => kept.keep_turn(of.job, like),
            false => self.like = Some(like),
        }
    }

    /// The latest manner by which a time was read, if it is the same.
    fn share(&mut self, manner: Manner) -> Arc<Manner> {
        let latest = self.clock.as_ref().map(|clock| &clock.manner);
        if let Some(latest) = latest.filter(|latest| latest.is_same(&manner)) {
            return Arc::clone(latest);
        }
        let manner = Arc::new(manner);
        if let Form::Time { written, .. } = &manner.form {
            self.clock = Some(Clock {
                manner: Arc::clone(&manner),
                written: written.clone(),
            });
        }
        manner
    }
}

impl Manner {
    /// Whether another one reads the same; of those alone that read a time.
    fn is_same(&self, other: &Self) -> bool {
        let is_same_form = match (&self.form, &other.form) {
            (
                Form::Time { at, written },
                Form::Time {
                    at: of,
                    written: by,
                },
            ) => at == of && written == by,
            _ => false,
        };
        let is_same_role = match (&self.role, &other.role) {
            (LikeRole::Piece(piece), LikeRole::Piece(of)) => piece == of,
            _ => false,
        };
        let are_same = (self.owner, self.may_be_own) == (other.owner, other.may_be_own);
        is_same_form && is_same_role && are_same
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
    pub fn read(
        &self,
        key: &[u8],
        owner: Option<usize>,
        clock: &mut Option<Clock>,
    ) -> Option<Differs> {
        if self.manner.owner != owner {
            return None;
        }
        let same = Differs::default();
        match &self.manner.form {
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
                let text = is_like.then(|| &key[start..end])?;
                let clock = match clock {
                    Some(clock) if Arc::ptr_eq(&clock.manner, &self.manner) => clock,
                    other => other.insert(Clock {
                        manner: Arc::clone(&self.manner),
                        written: written.clone(),
                    }),
                };
                let seconds = clock.written.read(text);
                seconds.map(|seconds| Differs {
                    seconds: Some(seconds),
                    ..same
                })
            }
        }
    }

    /// Whether what comes before a place of a key is the same in all that are like it, and has no time.
    pub fn is_by_beginning(&self) -> bool {
        matches!(self.manner.form, Form::Begin(_))
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
