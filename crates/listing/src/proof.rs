//! What is asked to see whether a listing is complete, and what the answers show: pure.
//!
//! A store's word that nothing follows is not enough, where it was asked for a part: MinIO has
//! said so of parts that went on (`docs/backends.md`). So where two parts meet
//! ([`seams`](super::seams)), both must have seen the same key behind the boundary, or the one
//! that begins there must begin with the key that the scan before remembered; and the end of
//! everything is asked for once more, in another form. What does not agree is asked again, since
//! objects come and go meanwhile.

use s3_exporter_api::{Continuation, Page, UnixTime};

use super::contradiction::Contradiction;
use super::folder::{parent, successor, without_last_part};
use super::ranges::Start;
use super::seams::is_skipped;

/// A request that shows something.
#[derive(Debug)]
pub(super) enum Check {
    /// What the part before a boundary would go on with; `first` is what the one behind it has.
    Follows {
        prefix: Box<str>,
        token: String,
        boundary: Box<str>,
        first: Option<Box<[u8]>>,
    },
    /// Whether this key, which only the part before a boundary saw, is still there.
    Exists { key: Box<str>, boundary: Box<str> },
    /// Whether the part behind a boundary begins with that key now.
    Begins { key: Box<[u8]>, boundary: Box<str> },
    /// What follows the key that was the last one in the scan before, in a folder (`prefix`), then
    /// in the one around it, and so on; `last` is the last key that was seen.
    Ahead {
        prefix: Box<str>,
        after: Box<str>,
        last: Box<[u8]>,
    },
    /// Whether anything follows the last key of all; `request` said that nothing does.
    End {
        last: Box<str>,
        request: (Box<str>, Start),
    },
    /// Whether anything follows the last key of all in its folder (`prefix`), or follows that folder
    /// in the one around it, and so on.
    EndOfFolder {
        prefix: Box<str>,
        after: Box<str>,
        last: Box<str>,
    },
    /// Whether `request` still says that nothing follows, though `key` does.
    EndAgain {
        last: Box<str>,
        key: Box<[u8]>,
        request: (Box<str>, Start),
    },
    /// Whether there is really nothing; there was something when `after` was remembered.
    Empty { after: Box<str> },
    /// Whether there is still nothing, though there is this key.
    EmptyAgain { key: Box<[u8]> },
}

/// What a check has shown.
#[derive(Debug)]
pub(super) enum Proof {
    /// It is as it should be.
    Right,
    /// That depends on another one.
    Asks(Check),
    /// The listing ends with this key.
    EndsWith(Box<[u8]>),
    /// More has come since: the listing goes on after this key.
    GoesOn(Box<str>),
    /// The same, where what follows a key is asked for folder by folder.
    GoesOnInFolders(Box<str>),
}

/// What surrounds a check.
#[derive(Clone, Copy, Debug)]
pub(super) struct CheckContext<'a> {
    pub prefix: &'a str,
    pub ordered: bool,
    /// Objects that are not older may have come while this was listed.
    pub recent: UnixTime,
    /// The greatest key that was listed, where they do not rise.
    pub greatest: &'a [u8],
    /// Whether the listing may be asked for with the prefix alone.
    pub is_narrow: bool,
}

impl Check {
    /// What to ask for: a prefix (`None`: that of the part behind the boundary), where to begin,
    /// and how many objects (`None`: a page).
    pub(super) fn request(
        &self,
        context: &CheckContext<'_>,
    ) -> (Option<Box<str>>, Start, Option<u16>) {
        let around = || match context.is_narrow {
            true => Some(context.prefix.into()),
            false => Some(without_last_part(context.prefix).into()),
        };
        match self {
            Self::Follows { prefix, token, .. } => {
                (Some(prefix.clone()), Start::Token(token.clone()), Some(1))
            }
            Self::Exists { key, .. } => (Some(key.clone()), Start::First, Some(1)),
            Self::Begins { boundary, .. } => (None, Start::After(boundary.clone()), None),
            Self::Ahead { prefix, after, .. } => {
                let is_folder = prefix.len() > context.prefix.len();
                let prefix = is_folder.then(|| prefix.clone()).or_else(around);
                (prefix, Start::After(after.clone()), None)
            }
            Self::EndOfFolder { prefix, after, .. } => {
                (Some(prefix.clone()), Start::After(after.clone()), Some(1))
            }
            Self::End { last, .. } => (around(), Start::After(last.clone()), Some(1)),
            Self::EndAgain { request, .. } => (Some(request.0.clone()), request.1.clone(), None),
            Self::Empty { after } => (around(), Start::After(after.clone()), None),
            Self::EmptyAgain { .. } => (Some(context.prefix.into()), Start::First, None),
        }
    }

    /// What the answer shows.
    pub(super) fn judge(
        self,
        page: &Page,
        next: &Continuation,
        context: &CheckContext<'_>,
    ) -> Result<Proof, Contradiction> {
        let first = page.keys().next();
        let lacking = |key: &[u8], boundary| Contradiction::Lacking {
            key: key.into(),
            boundary,
        };
        Ok(match self {
            Self::Follows {
                prefix,
                boundary,
                first: of_right,
                token,
            } => match (first, next) {
                (Some(key), _) => is_skipped(key.into(), of_right.as_deref(), boundary)
                    .map_or(Proof::Right, Proof::Asks),
                (None, Continuation::Token(more)) if *more != token => Proof::Asks(Self::Follows {
                    prefix,
                    token: more.clone(),
                    boundary,
                    first: of_right,
                }),
                _ => Proof::Right,
            },
            Self::Exists { key, boundary } => match page.get(0) {
                Some(found) if found.key == key.as_bytes() => {
                    if found.last_modified < context.recent {
                        return Err(lacking(key.as_bytes(), boundary));
                    }
                    let key = key.as_bytes().into();
                    Proof::Asks(Self::Begins { key, boundary })
                }
                _ => Proof::Right,
            },
            Self::Begins { key, boundary } => match first {
                Some(first) if *first <= *key => Proof::Right,
                _ => return Err(lacking(&key, boundary)),
            },
            Self::Ahead { prefix, last, .. } => {
                let is_ours = |key: &&[u8]| key.starts_with(context.prefix.as_bytes());
                let ours = page.keys().take_while(is_ours).count();
                let last = match ours.checked_sub(1) {
                    Some(index) => page.key(index).into(),
                    None => last,
                };
                if ours == page.len() && *next != Continuation::End {
                    return Ok(Proof::Right); // too much to be asked for ahead
                }
                if prefix.len() <= context.prefix.len() {
                    return Ok(Proof::EndsWith(last));
                }
                Proof::Asks(Self::Ahead {
                    prefix: parent(&prefix, context.prefix).into(),
                    after: successor(&prefix),
                    last,
                })
            }
            Self::EndOfFolder { prefix, last, .. } => match page.get(0) {
                Some(found)
                    if found.last_modified < context.recent
                        && found.key > last.as_bytes()
                        && found.key.starts_with(prefix.as_bytes()) =>
                {
                    let key = found.key.into();
                    return Err(Contradiction::Followed { key });
                }
                None if *next == Continuation::End => Proof::Right,
                _ => Proof::GoesOnInFolders(last),
            },
            Self::End { last, request } => {
                let after = match context.ordered {
                    true => last.as_bytes(),
                    false => context.greatest,
                };
                let mut found = page.iter().filter(|object| {
                    object.key > after && object.key.starts_with(context.prefix.as_bytes())
                });
                match found.next() {
                    None => Proof::Right,
                    Some(object) if object.last_modified < context.recent => {
                        return Err(early_end(Some(last), object.key));
                    }
                    Some(object) => Proof::Asks(Self::EndAgain {
                        last,
                        key: object.key.into(),
                        request,
                    }),
                }
            }
            Self::EndAgain { last, key, .. } => {
                if page.keys().all(|found| *found != *key) && *next == Continuation::End {
                    return Err(early_end(Some(last), &key));
                }
                match context.ordered {
                    true => Proof::GoesOn(last),
                    false => Proof::Right,
                }
            }
            Self::Empty { .. } => {
                let mut found = page
                    .iter()
                    .filter(|object| object.key.starts_with(context.prefix.as_bytes()));
                match found.next() {
                    None => Proof::Right,
                    Some(object) if object.last_modified < context.recent => {
                        return Err(early_end(None, object.key));
                    }
                    Some(object) => Proof::Asks(Self::EmptyAgain {
                        key: object.key.into(),
                    }),
                }
            }
            Self::EmptyAgain { key } => {
                if page.is_empty() && *next == Continuation::End {
                    return Err(early_end(None, &key));
                }
                Proof::GoesOn("".into())
            }
        })
    }
}

fn early_end(last: Option<Box<str>>, key: &[u8]) -> Contradiction {
    let key = key.into();
    Contradiction::EarlyEnd { last, key }
}
