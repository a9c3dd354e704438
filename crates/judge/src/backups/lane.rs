//! What the next key of a range has in common with the one before: mostly nearly all, so that it
//! need not be read anew.

use s3_exporter_api::Object;

use crate::layouts::{Alike, KeyTime, Never};

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
    pub(super) like: Option<Like>,
    /// The place of the storage class.
    pub(super) class: u8,
}

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
    Begin(fn(&[u8]) -> bool),
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
}

impl BackupLane {
    /// The latest object is none that layouts read.
    pub fn forget(&mut self) {
        self.latest = None;
    }

    /// Keeps what of a key holds for others that is never a backup.
    pub(super) fn keep_never(&mut self, of: &LikeOf<'_>, never: Never) {
        if let Some(Alike { begin, is_rest }) = of.alike {
            self.keep(of, begin, Form::Begin(is_rest), LikeRole::Never(never));
        }
    }

    /// The same of a piece. `time` is the one that it says, where others may differ in that alone.
    pub(super) fn keep_piece(
        &mut self,
        of: &LikeOf<'_>,
        bit: &Bit<'_>,
        text: &KeyText<'_>,
        time: Option<&KeyTime>,
    ) {
        let Some(id_at) = text.id_at else { return };
        let form = match of.alike {
            Some(Alike { begin, is_rest }) => {
                let is_before = |at: (usize, usize)| at.1 <= begin;
                let are_before = is_before(id_at) && text.time_at.is_none_or(is_before);
                are_before.then_some((begin, Form::Begin(is_rest)))
            }
            None => repeated(of.key, bit, text, time).map(|form| (of.key.len(), form)),
        };
        let Some((end, form)) = form else { return };
        let piece = LikePiece {
            bit: Bit {
                parent: None,
                covers: None,
                ..*bit
            },
            parent: bit.parent.map(Into::into),
            covers: bit.covers.map(Into::into),
            id_at,
            time_at: text.time_at,
            shape: text.shape,
        };
        self.keep(of, end, form, LikeRole::Piece(piece));
    }

    fn keep(&mut self, of: &LikeOf<'_>, end: usize, form: Form, role: LikeRole) {
        let Some(begin) = of.key.get(..end) else {
            return;
        };
        let mut key = self.like.take().map(|like| like.key).unwrap_or_default();
        key.clear();
        key.extend_from_slice(begin);
        self.like = Some(Like {
            job: of.job,
            owner: of.owner,
            is_dump: of.is_dump,
            key,
            form,
            role,
        });
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
    let written = Written::new(&key[at.0..at.1], time?)?;
    links.all(is_apart).then_some(Form::Time { at, written })
}

impl Like {
    /// Whether a key is like it: `Some` with the seconds that it says, where those may differ.
    #[inline]
    pub fn read(&mut self, key: &[u8], owner: Option<usize>) -> Option<Option<i64>> {
        if self.owner != owner {
            return None;
        }
        match &mut self.form {
            Form::Begin(is_rest) => {
                let rest = key.strip_prefix(&*self.key)?;
                let is_like = !rest.ends_with(b"/") && !rest.is_empty() && is_rest(rest);
                is_like.then_some(None)
            }
            Form::Time { at, written } => {
                let (start, end) = *at;
                let is_like = key.len() == self.key.len()
                    && key[..start] == self.key[..start]
                    && key[end..] == self.key[end..];
                is_like.then(|| written.read(&key[start..end]))?.map(Some)
            }
        }
    }
}

impl LikePiece {
    /// What an object is that is like it, which says these seconds where it says any.
    #[inline]
    pub fn bit(&self, object: &Object<'_>, class: u8, seconds: Option<i64>) -> Bit<'_> {
        let time = |time: BitTime| BitTime {
            seconds: seconds.unwrap_or(time.seconds),
            ..time
        };
        Bit {
            time: self.bit.time.map(time),
            modified: object.last_modified.as_millis(),
            size: object.size,
            class,
            parent: self.parent.as_deref(),
            covers: self.covers.as_deref(),
            ..self.bit
        }
    }

    #[inline]
    pub fn text<'k>(&self, key: &'k [u8]) -> KeyText<'k> {
        KeyText {
            key,
            id: &key[self.id_at.0..self.id_at.1],
            id_at: Some(self.id_at),
            time_at: self.time_at,
            shape: self.shape,
        }
    }
}
