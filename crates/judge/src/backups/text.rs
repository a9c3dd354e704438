//! The keys of backups in little memory: of those of a job, most differ in their time alone.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::layouts::{KeyTime, Piece};

/// Bytes of a time that stand in its place: `2026-11-28T03:00:00Z` and one more.
const INLINE: usize = 21;
/// Shapes of a job; what has yet another one keeps its whole key.
const SHAPES: usize = 8;

/// A key, and the id of the backup that it is of.
#[derive(Clone, Debug)]
pub(super) enum Text {
    /// Its bytes between the head and the tail of a shape.
    Shaped {
        shape: u8,
        len: u8,
        middle: [u8; INLINE],
    },
    Own(Box<Own>),
}

/// A key that has no shape.
#[derive(Clone, Debug)]
pub(super) struct Own {
    key: Box<[u8]>,
    id: OwnId,
}

#[derive(Clone, Debug)]
enum OwnId {
    At(Range<u32>),
    Text(Box<[u8]>),
}

/// What keys have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub head: Box<[u8]>,
    pub tail: Box<[u8]>,
    pub id: Ends,
}

/// A part of a key, by the bytes before and after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ends {
    before: usize,
    after: usize,
}

/// The shapes of a job's keys.
#[derive(Clone, Debug, Default)]
pub(super) struct Shapes(pub Vec<Shape>);

/// A key with its id, as it is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct KeyText<'a> {
    pub key: &'a [u8],
    pub id: &'a [u8],
    /// Where the id stands in the key, if it does.
    pub id_at: Option<(usize, usize)>,
    /// Where the time stands in the key.
    pub time_at: Option<(usize, usize)>,
    /// The shape, where it is known.
    pub shape: Option<u8>,
}

impl<'a> KeyText<'a> {
    /// Of a piece that was read in what comes after `start`.
    pub fn of(piece: &'a Piece<'_>, key: &'a [u8], start: usize) -> Self {
        let time_at = |time: &KeyTime| (time.at.start + start, time.at.end + start);
        Self {
            key,
            id: piece.id.as_bytes(),
            id_at: Self::place(key, &piece.id),
            time_at: (piece.time.as_ref())
                .map(time_at)
                .filter(|(start, end)| start <= end && *end <= key.len()),
            shape: None,
        }
    }

    /// Where `id` lies in `key`, if it is a part of it.
    pub fn place(key: &[u8], id: &str) -> Option<(usize, usize)> {
        let start = (id.as_ptr() as usize).checked_sub(key.as_ptr() as usize)?;
        let end = start.checked_add(id.len())?;
        let is_it = key.get(start..end)? == id.as_bytes();
        is_it.then_some((start, end))
    }

    /// To be kept, in place of one that is let go: mostly it is as long.
    pub fn keep_as(&self, gone: Option<Text>, shapes: &mut Shapes) -> Text {
        if let Some((shape, (start, end))) = self.shape(shapes).zip(self.time_at)
            && let Some(text) = Text::shaped(shape, &self.key[start..end], shapes)
        {
            return text;
        }
        match (self.id_at, gone) {
            (Some((start, end)), Some(Text::Own(mut own))) if own.key.len() == self.key.len() => {
                let Some(at) = small(start, end) else {
                    return Text::at(self.key, (start, end));
                };
                own.key.copy_from_slice(self.key);
                own.id = OwnId::At(at);
                Text::Own(own)
            }
            (Some(at), _) => Text::at(self.key, at),
            (None, _) => Text::own(self.key, self.id),
        }
    }

    /// The place of its shape, which is added while there are few.
    pub fn shape(&self, shapes: &mut Shapes) -> Option<u8> {
        if self.shape.is_some() {
            return self.shape;
        }
        let ((start, end), (id_start, id_end)) = (self.time_at?, self.id_at?);
        let (head, tail) = (self.key.get(..start)?, self.key.get(end..)?);
        if end - start > INLINE {
            return None;
        }
        let id = Ends {
            before: id_start,
            after: self.key.len() - id_end,
        };
        let is = |shape: &Shape| *shape.head == *head && *shape.tail == *tail && shape.id == id;
        let known = shapes.0.iter().position(is);
        let at = match known {
            Some(at) => at,
            None if shapes.0.len() < SHAPES => {
                let (head, tail) = (head.into(), tail.into());
                shapes.0.reserve_exact(1);
                shapes.0.push(Shape { head, tail, id });
                shapes.0.len() - 1
            }
            None => return None,
        };
        u8::try_from(at).ok()
    }
}

impl Text {
    /// Nothing.
    pub const NONE: Self = Self::Shaped {
        shape: 0,
        len: 0,
        middle: [0; INLINE],
    };

    /// What stands between the head and the tail of a shape; `None` for what cannot stand there.
    pub fn shaped(shape: u8, text: &[u8], shapes: &Shapes) -> Option<Self> {
        let mut middle = [0; INLINE];
        middle.get_mut(..text.len())?.copy_from_slice(text);
        let len = u8::try_from(text.len()).ok()?;
        shapes.0.get(usize::from(shape))?;
        Some(Self::Shaped { shape, len, middle })
    }

    /// A key and an id, as they are.
    pub fn own(key: &[u8], id: &[u8]) -> Self {
        match memchr::memmem::rfind(key, id) {
            Some(at) => Self::at(key, (at, at + id.len())),
            None => Self::Own(Box::new(Own {
                key: key.into(),
                id: OwnId::Text(id.into()),
            })),
        }
    }

    /// A key, and where its id is.
    fn at(key: &[u8], (start, end): (usize, usize)) -> Self {
        let id = match small(start, end) {
            Some(at) => OwnId::At(at),
            None => OwnId::Text(key[start..end].into()),
        };
        let key = key.into();
        Self::Own(Box::new(Own { key, id }))
    }

    /// How the key compares with another.
    pub fn compare_key(&self, other: &[u8], shapes: &Shapes) -> Ordering {
        let parts = self.parts(shapes);
        let length = parts.iter().map(|part| part.len()).sum();
        compare(parts, 0..length, other)
    }

    /// How the id compares with another. It is asked for each piece.
    pub fn compare_id(&self, other: &[u8], shapes: &Shapes) -> Ordering {
        match self {
            Self::Own(own) => own.id().cmp(other),
            Self::Shaped { shape, .. } => {
                let parts = self.parts(shapes);
                let length: usize = parts.iter().map(|part| part.len()).sum();
                let id = shapes.0[usize::from(*shape)].id;
                let end = length.saturating_sub(id.after);
                compare(parts, id.before.min(end)..end, other)
            }
        }
    }

    /// What the key is put together from.
    fn parts<'a>(&'a self, shapes: &'a Shapes) -> [&'a [u8]; 3] {
        match self {
            Self::Own(own) => [&own.key, &[], &[]],
            Self::Shaped { shape, len, middle } => {
                let Shape { head, tail, .. } = &shapes.0[usize::from(*shape)];
                [head, &middle[..usize::from(*len)], tail]
            }
        }
    }

    /// The key.
    pub fn key<'a>(&'a self, shapes: &'a Shapes) -> Cow<'a, [u8]> {
        match self {
            Self::Own(own) => Cow::Borrowed(&own.key),
            Self::Shaped { shape, len, middle } => {
                let Shape { head, tail, .. } = &shapes.0[usize::from(*shape)];
                let middle = &middle[..usize::from(*len)];
                Cow::Owned([head, middle, tail].concat())
            }
        }
    }

    /// The id.
    pub fn id<'a>(&'a self, shapes: &'a Shapes) -> Cow<'a, [u8]> {
        match self {
            Self::Own(own) => Cow::Borrowed(own.id()),
            Self::Shaped { shape, len, middle } => {
                let Shape { head, tail, id } = &shapes.0[usize::from(*shape)];
                let middle = &middle[..usize::from(*len)];
                if id.before == head.len() && id.after == tail.len() {
                    return Cow::Borrowed(middle);
                }
                let mut key = self.key(shapes).into_owned();
                key.truncate(key.len().saturating_sub(id.after));
                key.drain(..id.before.min(key.len()));
                Cow::Owned(key)
            }
        }
    }
}

impl Own {
    fn id(&self) -> &[u8] {
        match &self.id {
            OwnId::At(at) => &self.key[at.start as usize..at.end as usize],
            OwnId::Text(id) => id,
        }
    }
}

fn small(start: usize, end: usize) -> Option<Range<u32>> {
    Some(u32::try_from(start).ok()?..u32::try_from(end).ok()?)
}

/// Compares a range of some parts that are one text.
fn compare(parts: [&[u8]; 3], range: Range<usize>, other: &[u8]) -> Ordering {
    let (mut at, mut rest) = (0, other);
    for part in parts {
        let from = range.start.saturating_sub(at).min(part.len());
        let to = range.end.saturating_sub(at).min(part.len());
        at += part.len();
        let part = part.get(from..to).unwrap_or_default();
        let common = part.len().min(rest.len());
        let order = part[..common].cmp(&rest[..common]);
        if order != Ordering::Equal {
            return order;
        }
        if part.len() > common {
            return Ordering::Greater;
        }
        rest = &rest[common..];
    }
    if rest.is_empty() {
        Ordering::Equal
    } else {
        Ordering::Less
    }
}
