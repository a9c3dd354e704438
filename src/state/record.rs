//! A file of the state: pure.
//!
//! ```text
//! s3-exporter-state 6 cbf43926
//! {"identity":{...},"saved":{"latest":{...},"completed":{...},"audit":{...},"history":[...]}}
//! ```
//!
//! The first line names the version of what follows, and the CRC-32 of that version, a
//! line's end and everything after this line. It stays as it is whatever the version.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{CompletedScan, SavedState, version_2};
use crate::destination::ListingId;
use crate::facts::Totals;

/// What the first line begins with.
const MAGIC: &str = "s3-exporter-state";
/// The version that is written. Those before it are read too.
///
/// - 1: the totals of each cluster, and the keys at which a listing is cut.
/// - 2: also the newest objects of each sum, the clusters whose backups are gone, audits, and
///   anchors.
/// - 3: the same, by the names of what it is read into.
/// - 4: also the backups of each job, and what is remembered of them.
/// - 5: also the last scans, whose the objects of no cluster may be, and what was left out by which globs.
/// - 6: also how large objects are, and what lies beside them.
const VERSION: u32 = 6;

/// Why a file is of no use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// It is not what was written: why.
    Corrupt(String),
    /// It is in a later form than this program knows: in this version.
    Newer(u32),
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Corrupt(why) => f.write_str(why),
            Self::Newer(version) => write!(
                f,
                "it was written by a newer s3-exporter (version {version} of the file, \
                 and this one knows version {VERSION})"
            ),
        }
    }
}

/// What a file says, in each version that was ever written. Another one becomes another variant
/// here, with the code that makes the next one of it: nothing that was kept is thrown away.
enum Saved {
    /// As the second version, with less in it.
    V1(version_2::FileBefore),
    V2(version_2::FileBefore),
    /// As the sixth version, with less in it.
    V3(Body<'static>),
    V4(Body<'static>),
    V5(Body<'static>),
    V6(Body<'static>),
}

/// Everything after the first line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body<'a> {
    identity: Cow<'a, ListingId>,
    saved: Cow<'a, SavedState>,
}

impl Saved {
    fn read(version: u32, body: &[u8]) -> Result<Self, Unusable> {
        let read = match version {
            1 => serde_json::from_slice(body).map(Self::V1),
            2 => serde_json::from_slice(body).map(Self::V2),
            3 => serde_json::from_slice(body).map(Self::V3),
            4 => serde_json::from_slice(body).map(Self::V4),
            5 => serde_json::from_slice(body).map(Self::V5),
            VERSION => serde_json::from_slice(body).map(Self::V6),
            0 => return Err(Unusable::Corrupt("there is no version 0".to_owned())),
            newer => return Err(Unusable::Newer(newer)),
        };
        read.map_err(|error| Unusable::Corrupt(error.to_string()))
    }

    /// As the latest version says it; `None` where what it says cannot be.
    fn upgraded(self) -> Option<Body<'static>> {
        match self {
            // What they lack is filled by the next scan.
            Self::V1(body) | Self::V2(body) => body.upgraded().map(|(identity, saved)| Body {
                identity: Cow::Owned(identity),
                saved: Cow::Owned(saved),
            }),
            Self::V3(body) | Self::V4(body) | Self::V5(body) | Self::V6(body) => Some(body),
        }
    }
}

/// The bytes of a file that says this of a destination.
///
/// # Errors
/// Never known to happen: everything in it can be written as JSON.
pub fn to_bytes(identity: &ListingId, saved: &SavedState) -> serde_json::Result<Vec<u8>> {
    let body = serde_json::to_vec(&Body {
        identity: Cow::Borrowed(identity),
        saved: Cow::Borrowed(saved),
    })?;
    let mut bytes = format!("{MAGIC} {VERSION} {}\n", checksum(VERSION, &body)).into_bytes();
    bytes.extend(body);
    Ok(bytes)
}

/// Reads the bytes of a file. Whatever they are, this neither panics nor takes much more
/// memory than they do.
///
/// # Errors
/// Why they are of no use.
pub fn parse(bytes: &[u8]) -> Result<(ListingId, SavedState), Unusable> {
    let corrupt = |why: &str| Unusable::Corrupt(why.to_owned());
    let (version, sum, body) =
        header(bytes).ok_or_else(|| corrupt("it does not begin as a state file does"))?;
    if checksum(version, body) != sum {
        return Err(corrupt("its checksum is wrong"));
    }
    let body = Saved::read(version, body)?.upgraded();
    let possible = body.filter(|body| {
        let completed = body.saved.completed.as_ref();
        completed.is_none_or(CompletedScan::is_possible)
    });
    let Body { identity, saved } = possible.ok_or_else(|| corrupt("it holds what cannot be"))?;
    Ok((identity.into_owned(), saved.into_owned()))
}

/// The version and the checksum, as text, that the first line says, and the rest.
fn header(bytes: &[u8]) -> Option<(u32, &str, &[u8])> {
    let at = bytes.iter().position(|byte| *byte == b'\n')?;
    let (line, body) = (std::str::from_utf8(&bytes[..at]).ok()?, &bytes[at + 1..]);
    let (version, sum) = line
        .strip_prefix(MAGIC)?
        .strip_prefix(' ')?
        .split_once(' ')?;
    Some((version.parse().ok()?, sum, body))
}

/// As it is written, so that one other letter is another checksum.
fn checksum(version: u32, body: &[u8]) -> String {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(format!("{version}\n").as_bytes());
    hasher.update(body);
    format!("{:08x}", hasher.finalize())
}

impl CompletedScan {
    /// Whether its parts fit together.
    fn is_possible(&self) -> bool {
        let (facts, boundaries) = (&self.found.fold, &self.found.boundaries);
        let is_named = |name| facts.assignment().position(name).is_some();
        boundaries.objects() <= Totals::MOST_OBJECTS
            && facts.excluded().objects <= Totals::MOST_OBJECTS
            && facts
                .sizes()
                .is_none_or(|sizes| sizes.objects() == facts.listed().objects)
            && self.gone.keys().all(|name| is_named(name))
    }
}
