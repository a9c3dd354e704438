//! Where two parts of a listing meet, and whether they agree: pure.

use std::collections::BTreeMap;

use s3_exporter_api::Page;

use super::boundaries::Anchor;
use super::contradiction::Contradiction;
use super::folder::successor;
use super::proof::Check;

/// The boundaries between parts, until both sides of each were heard.
#[derive(Debug, Default)]
pub(super) struct Seams(BTreeMap<Box<str>, Seam>);

#[derive(Debug, Default)]
struct Seam {
    anchor: Option<Anchor>,
    left: Option<Left>,
    right: Option<Right>,
}

/// How the part before a boundary ended.
#[derive(Debug)]
pub(super) enum Left {
    /// With this key, the first one behind the boundary.
    Passed(Box<[u8]>),
    /// With the boundary itself; this token of a listing of such a prefix tells what follows.
    Reached(Box<str>, String),
    /// With the boundary itself, which is the last key of all.
    ReachedEnd,
    /// With fewer keys: the store says that this folder, or the whole listing, has no more.
    Ended(Box<str>),
}

/// How the part behind a boundary begins.
#[derive(Debug)]
enum Right {
    /// With this key, and what the scan before remembered is there.
    Anchored(Box<[u8]>),
    /// With this key; `None`: there is none.
    First(Option<Box<[u8]>>),
    /// With nothing in this folder, which it does not leave.
    NothingIn(Box<str>),
}

impl Seams {
    /// A boundary, and what is known of what follows it.
    pub(super) fn open(&mut self, boundary: &str, anchor: Option<Anchor>) {
        let seam = Seam {
            anchor,
            ..Seam::default()
        };
        self.0.insert(boundary.into(), seam);
    }

    /// The part before a boundary has ended.
    pub(super) fn left(
        &mut self,
        boundary: &str,
        left: Left,
    ) -> Result<Option<Check>, Contradiction> {
        if let Some(seam) = self.0.get_mut(boundary) {
            seam.left = Some(left);
        }
        self.judge(boundary)
    }

    /// The first keys behind a boundary have come; none, if there are none.
    pub(super) fn right(
        &mut self,
        boundary: &str,
        page: &Page,
    ) -> Result<Option<Check>, Contradiction> {
        if let Some(seam) = self.0.get_mut(boundary) {
            let is_anchored = seam
                .anchor
                .is_some_and(|anchor| page.keys().any(|key| Anchor::of(key) == anchor));
            let first = page.keys().next().map(Into::into);
            seam.right = Some(match first {
                Some(first) if is_anchored => Right::Anchored(first),
                first => Right::First(first),
            });
        }
        self.judge(boundary)
    }

    /// The part behind a boundary lies in a folder, in which nothing follows.
    pub(super) fn nothing_right(
        &mut self,
        boundary: &str,
        folder: &str,
    ) -> Result<Option<Check>, Contradiction> {
        if let Some(seam) = self.0.get_mut(boundary) {
            seam.right = Some(Right::NothingIn(folder.into()));
        }
        self.judge(boundary)
    }

    /// What both sides together show, once they were heard.
    fn judge(&mut self, boundary: &str) -> Result<Option<Check>, Contradiction> {
        let is_heard = |seam: &Seam| seam.left.is_some() && seam.right.is_some();
        if !self.0.get(boundary).is_some_and(is_heard) {
            return Ok(None);
        }
        let Some((boundary, seam)) = self.0.remove_entry(boundary) else {
            return Ok(None);
        };
        let (Some(left), Some(right)) = (seam.left, seam.right) else {
            return Ok(None);
        };
        let (first, is_anchored) = match right {
            Right::Anchored(first) => (Some(first), true),
            Right::First(first) => (first, false),
            Right::NothingIn(_) if matches!(left, Left::Ended(_)) => return Ok(None),
            // The part before may go on with what follows the folder.
            Right::NothingIn(folder) => (Some(successor(&folder).into_boxed_bytes()), false),
        };
        match left {
            _ if is_anchored && !matches!(left, Left::Ended(_)) => Ok(None),
            Left::Reached(prefix, token) => Ok(Some(Check::Follows {
                prefix,
                token,
                boundary,
                first,
            })),
            Left::ReachedEnd => Ok(None),
            Left::Passed(key) => Ok(is_skipped(key, first.as_deref(), boundary)),
            Left::Ended(folder) => match first {
                Some(key) if key.starts_with(folder.as_bytes()) => {
                    Err(Contradiction::Ended { boundary, key })
                }
                _ => Ok(None),
            },
        }
    }
}

/// What to ask where a key was seen by the part before the boundary, and not by the one behind.
pub(super) fn is_skipped(
    key: Box<[u8]>,
    first: Option<&[u8]>,
    boundary: Box<str>,
) -> Option<Check> {
    if first.is_some_and(|first| *first <= *key) {
        return None;
    }
    Some(match std::str::from_utf8(&key) {
        Ok(text) => Check::Exists {
            key: text.into(),
            boundary,
        },
        Err(_) => Check::Begins { key, boundary },
    })
}
