//! What is asked to see whether a listing is complete, and what the answers show: pure.
//!
//! A store's word that nothing follows is not enough, where it was asked for a part: MinIO has
//! said so of parts that went on (`docs/backends.md`). So where two parts meet
//! ([`seams`](super::seams)), both must have seen the same key behind the boundary, or the one
//! that begins there must begin with the key that the scan before remembered; and the end of
//! everything is asked for once more, in another form. What does not agree is asked again, since
//! objects come and go meanwhile: only an object that is there before and after an answer, and not in
//! it, contradicts it.

use s3_exporter_api::{Continuation, Object, Page, UnixTime};

use super::contradiction::Contradiction;
use super::folder::{parent, successor, without_last_part};
use super::ranges::Start;
use super::seams::is_skipped;

/// What to ask for: a prefix (`None`: that of the part behind the boundary), where to begin, and how many
/// objects (`None`: a page).
type Request = (Option<Box<str>>, Start, Option<u16>);

/// A key that came while this was listed.
#[derive(Debug)]
pub(super) struct Recent {
    key: Box<[u8]>,
    modified: UnixTime,
    /// What showed it.
    request: Request,
}

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
    Begins { key: Recent, boundary: Box<str> },
    /// The same of a key that cannot be asked for by itself, as it is not UTF-8.
    BeginsWith { key: Box<[u8]>, boundary: Box<str> },
    /// Whether `request`, which said that nothing follows in the part before a boundary, still says so,
    /// though the part behind begins with this key, which was last modified then.
    Ended {
        key: Box<[u8]>,
        modified: UnixTime,
        boundary: Box<str>,
        request: (Box<str>, Start),
    },
    /// Whether this key, which an answer lacked, is the object that it was before that answer: if it is,
    /// `denied` holds, and else it came and went.
    Remains { key: Recent, denied: Contradiction },
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
        key: Recent,
        request: (Box<str>, Start),
    },
    /// Whether there is really nothing; there was something when `after` was remembered.
    Empty { after: Box<str> },
    /// Whether there is still nothing, though there is this key.
    EmptyAgain { key: Recent },
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
    /// What to ask for.
    pub(super) fn request(&self, context: &CheckContext<'_>) -> Request {
        let around = || match context.is_narrow {
            true => Some(context.prefix.into()),
            false => Some(without_last_part(context.prefix).into()),
        };
        match self {
            Self::Follows { prefix, token, .. } => {
                (Some(prefix.clone()), Start::Token(token.clone()), Some(1))
            }
            Self::Exists { key, .. } => (Some(key.clone()), Start::First, Some(1)),
            Self::Remains { key, .. } => key.request.clone(),
            Self::Begins { boundary, .. } | Self::BeginsWith { boundary, .. } => behind(boundary),
            Self::Ahead { prefix, after, .. } => {
                let is_folder = prefix.len() > context.prefix.len();
                let prefix = is_folder.then(|| prefix.clone()).or_else(around);
                (prefix, Start::After(after.clone()), None)
            }
            Self::EndOfFolder { prefix, after, .. } => {
                (Some(prefix.clone()), Start::After(after.clone()), Some(1))
            }
            Self::End { last, .. } => (around(), Start::After(last.clone()), Some(1)),
            Self::EndAgain { request, .. } | Self::Ended { request, .. } => {
                (Some(request.0.clone()), request.1.clone(), None)
            }
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
        let request = self.request(context);
        let recent = |of: &Object<'_>| Recent {
            key: of.key.into(),
            modified: of.last_modified,
            request,
        };
        let first = page.keys().next();
        let lacking = |key: &[u8], boundary| Contradiction::Lacking {
            key: key.into(),
            boundary,
        };
        let lacks = |key: &[u8]| page.keys().all(|found| found != key);
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
                    let key = recent(&found);
                    Proof::Asks(Self::Begins { key, boundary })
                }
                _ => Proof::Right,
            },
            Self::Begins { key, boundary } => match first {
                Some(first) if *first <= *key.key => Proof::Right,
                _ => {
                    let denied = lacking(&key.key, boundary);
                    Proof::Asks(Self::Remains { key, denied })
                }
            },
            Self::BeginsWith { key, boundary } => match first {
                Some(first) if *first <= *key => Proof::Right,
                _ => return Err(lacking(&key, boundary)),
            },
            Self::Ended {
                key,
                modified,
                boundary,
                ..
            } => {
                let is_old = modified < context.recent;
                if !is_old && !lacks(&key) {
                    return Ok(Proof::Right); // it has come since
                }
                let request = behind(&boundary);
                let denied = Contradiction::Ended {
                    boundary,
                    key: key.clone(),
                };
                if is_old {
                    return Err(denied);
                }
                let key = Recent {
                    key,
                    modified,
                    request,
                };
                Proof::Asks(Self::Remains { key, denied })
            }
            Self::Remains { key, denied } => {
                let mut found = page.iter();
                if found.any(|of| *of.key == *key.key && of.last_modified == key.modified) {
                    return Err(denied);
                }
                match denied {
                    Contradiction::EarlyEnd { last: None, .. } => Proof::GoesOn("".into()),
                    Contradiction::EarlyEnd {
                        last: Some(last), ..
                    } => goes_on(last, context),
                    _ => Proof::Right,
                }
            }
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
                        key: recent(&object),
                        request,
                    }),
                }
            }
            Self::EndAgain { last, key, .. } => {
                match lacks(&key.key) && *next == Continuation::End {
                    true => {
                        let denied = early_end(Some(last), &key.key);
                        Proof::Asks(Self::Remains { key, denied })
                    }
                    false => goes_on(last, context),
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
                        key: recent(&object),
                    }),
                }
            }
            Self::EmptyAgain { key } => match page.is_empty() && *next == Continuation::End {
                true => {
                    let denied = early_end(None, &key.key);
                    Proof::Asks(Self::Remains { key, denied })
                }
                false => Proof::GoesOn("".into()),
            },
        })
    }
}

/// The part behind a boundary.
fn behind(boundary: &str) -> Request {
    (None, Start::After(boundary.into()), None)
}

/// More may have come after the last key.
fn goes_on(last: Box<str>, context: &CheckContext<'_>) -> Proof {
    match context.ordered {
        true => Proof::GoesOn(last),
        false => Proof::Right,
    }
}

fn early_end(last: Option<Box<str>>, key: &[u8]) -> Contradiction {
    let key = key.into();
    Contradiction::EarlyEnd { last, key }
}
