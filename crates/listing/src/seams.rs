//! Where two parts of a listing meet, and whether they agree: pure.

use std::collections::BTreeMap;

use s3_exporter_api::{Page, UnixTime};

use super::boundaries::Anchor;
use super::folder::successor;
use super::proof::Check;
use super::ranges::Start;

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
    /// With fewer keys: the store says that this folder, or the whole listing, has no more, as answer
    /// to a request that begins there.
    Ended(Box<str>, Start),
}

/// How the part behind a boundary begins.
#[derive(Debug)]
enum Right {
    /// With this key, which was last modified then, and what the scan before remembered is there.
    Anchored(Box<[u8]>, UnixTime),
    /// With this key, which was last modified then; `None`: there is none.
    First(Option<(Box<[u8]>, UnixTime)>),
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
    pub(super) fn left(&mut self, boundary: &str, left: Left) -> Option<Check> {
        if let Some(seam) = self.0.get_mut(boundary) {
            seam.left = Some(left);
        }
        self.judge(boundary)
    }

    /// The first keys behind a boundary have come; none, if there are none.
    pub(super) fn right(&mut self, boundary: &str, page: &Page) -> Option<Check> {
        if let Some(seam) = self.0.get_mut(boundary) {
            let is_anchored = seam
                .anchor
                .is_some_and(|anchor| page.keys().any(|key| Anchor::of(key) == anchor));
            let first = page.get(0).map(|of| (of.key.into(), of.last_modified));
            seam.right = Some(match first {
                Some((first, modified)) if is_anchored => Right::Anchored(first, modified),
                first => Right::First(first),
            });
        }
        self.judge(boundary)
    }

    /// The part behind a boundary lies in a folder, in which nothing follows.
    pub(super) fn nothing_right(&mut self, boundary: &str, folder: &str) -> Option<Check> {
        if let Some(seam) = self.0.get_mut(boundary) {
            seam.right = Some(Right::NothingIn(folder.into()));
        }
        self.judge(boundary)
    }

    /// What both sides together show, once they were heard.
    fn judge(&mut self, boundary: &str) -> Option<Check> {
        let is_heard = |seam: &Seam| seam.left.is_some() && seam.right.is_some();
        self.0.get(boundary).filter(|seam| is_heard(seam))?;
        let (boundary, seam) = self.0.remove_entry(boundary)?;
        let (left, right) = (seam.left?, seam.right?);
        let is_anchored = matches!(right, Right::Anchored(..));
        let (first, modified) = match right {
            Right::Anchored(first, modified) | Right::First(Some((first, modified))) => {
                (Some(first), Some(modified))
            }
            Right::First(None) => (None, None),
            // The part before may go on with what follows the folder.
            Right::NothingIn(folder) => (Some(successor(&folder).into_boxed_bytes()), None),
        };
        match left {
            Left::Ended(folder, start) => match (first, modified) {
                (Some(key), Some(modified)) if key.starts_with(folder.as_bytes()) => {
                    Some(Check::Ended {
                        key,
                        modified,
                        boundary,
                        request: (folder, start),
                    })
                }
                _ => None,
            },
            Left::ReachedEnd => None,
            _ if is_anchored => None,
            Left::Reached(prefix, token) => Some(Check::Follows {
                prefix,
                token,
                boundary,
                first,
            }),
            Left::Passed(key) => is_skipped(key, first.as_deref(), boundary),
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
        Err(_) => Check::BeginsWith { key, boundary },
    })
}
