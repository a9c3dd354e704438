use std::fmt;

/// What answers say that must not be. Its `Display` is for people.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Contradiction {
    /// A key comes after one that is not below it, where the order is relied on.
    Backwards { key: Box<[u8]>, before: Box<[u8]> },
    /// Answers ceased to show the order that is relied on.
    OrderLost,
    /// A part ended before its end, and the part behind that has this key.
    Ended { boundary: Box<str>, key: Box<[u8]> },
    /// Nothing was said to follow, and this key did, which is not new.
    Followed { key: Box<[u8]> },
    /// The part behind a boundary lacks this key, which the one before saw and which is there.
    Lacking { key: Box<[u8]>, boundary: Box<str> },
    /// The listing ended after this key, or had none at all, and this one is there.
    EarlyEnd {
        last: Option<Box<str>>,
        key: Box<[u8]>,
    },
    /// A token that came before.
    SameToken,
    /// So many pages in a row without an object.
    EmptyPages(u32),
    /// Requests without end.
    Runaway { requests: u64, pages: u64 },
    /// More is to come, and nothing says where.
    NoWayOn,
    /// Two pages end with this key.
    SameLastKey { key: Box<[u8]> },
    /// A key that was not asked for.
    Foreign { key: Box<[u8]>, prefix: Box<str> },
}

/// What a contradiction takes from what was listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The order, on which ranges rely: they may overlap or lack keys, so nothing of them is true.
    Order,
    /// Parts lack keys: the same.
    Parts,
    /// Everything: the store is wrong whatever the order.
    All,
}

impl Contradiction {
    pub(crate) const fn reach(&self) -> Reach {
        match self {
            Self::Backwards { .. } | Self::OrderLost => Reach::Order,
            Self::Ended { .. } | Self::Followed { .. } | Self::Lacking { .. } => Reach::Parts,
            _ => Reach::All,
        }
    }
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Backwards { key, before } => {
                let (key, before) = (show(key), show(before));
                write!(f, "the keys go backwards: {key} comes after {before}")
            }
            Self::OrderLost => f.write_str("the store's order is not known any more"),
            Self::Ended { boundary, key } => {
                let (boundary, key) = (show(boundary.as_bytes()), show(key));
                write!(
                    f,
                    "the store said that nothing follows before {boundary}, where {key} does"
                )
            }
            Self::Followed { key } => {
                write!(
                    f,
                    "the store said that nothing follows before {}",
                    show(key)
                )
            }
            Self::Lacking { key, boundary } => {
                let (boundary, key) = (show(boundary.as_bytes()), show(key));
                write!(f, "the part after {boundary} lacks {key}, which is there")
            }
            Self::EarlyEnd {
                last: Some(last),
                key,
            } => {
                let (last, key) = (show(last.as_bytes()), show(key));
                write!(
                    f,
                    "the store ended the listing after {last}, though {key} follows"
                )
            }
            Self::EarlyEnd { last: None, key } => {
                write!(
                    f,
                    "the store says that there is nothing, though there is {}",
                    show(key)
                )
            }
            Self::SameToken => f.write_str("the store gave the same continuation token twice"),
            Self::EmptyPages(pages) => write!(f, "{pages} pages in a row without an object"),
            Self::Runaway { requests, pages } => {
                write!(f, "{requests} requests for {pages} pages with objects")
            }
            Self::NoWayOn => f.write_str(
                "more is to come, and the store gave neither a token nor a key to go on after",
            ),
            Self::SameLastKey { key } => {
                write!(f, "two pages end with the same key {}", show(key))
            }
            Self::Foreign { key, prefix } => {
                write!(
                    f,
                    "the key {} is not under the prefix {prefix:?}",
                    show(key)
                )
            }
        }
    }
}

/// A key for people: quoted, with control characters and what is not UTF-8 escaped.
fn show(key: &[u8]) -> String {
    format!("{:?}", String::from_utf8_lossy(key))
}
