//! A file of the state: pure.
//!
//! ```text
//! s3-exporter-state 2 cbf43926
//! {"identity":{...},"latest":{...},"good":{...},"audit":{...}}
//! ```
//!
//! The first line names the version of what follows, and the CRC-32 of that version, a
//! line's end and everything after this line. It stays as it is whatever the version.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use s3_exporter_api::{FailureKind, UnixTime};
use serde::{Deserialize, Serialize};

use super::{CompletedScan, SavedState};
use crate::assign::Assignment;
use crate::audit::Audit;
use crate::clusters::{Cluster, Clusters};
use crate::destination::ListingId;
use crate::facts::{Facts, Recent, Totals};
use crate::scan::{Boundaries, CompleteListing};
use crate::snapshot::{ScanFailure, ScanOutcome};

/// What the first line begins with.
const MAGIC: &str = "s3-exporter-state";
/// The version that is written. Those before it are read too: what they lack has a default.
///
/// 2: the newest objects of each sum, the clusters whose backups are gone, audits, and anchors.
const VERSION: u32 = 2;
/// No clock and no store says a time that is further from 1970, in milliseconds: ages can be
/// computed without a thought of overflow.
const FURTHEST: i64 = 1 << 53;
/// No bucket has more objects, and sums over clusters stay far from overflow.
const MOST_OBJECTS: u64 = 1 << 40;

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

/// Everything after the first line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    identity: ListingId,
    latest: Latest,
    #[serde(rename = "good")]
    completed: Option<Complete>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    audit: Option<Audited>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Audited {
    ended: i64,
    success: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Latest {
    ended: i64,
    duration: Duration,
    failure: Option<(String, String)>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Complete {
    ended: i64,
    unassigned: Sums,
    clusters: Vec<Owned>,
    /// Keys at which the listing is cut, with the objects up to each.
    boundaries: Vec<(String, u64)>,
    /// What stands for the first key behind each of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    anchors: Vec<u32>,
    /// Objects after the last of these.
    loose: u64,
    /// Clusters whose backups are gone, and when they were last seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    gone: Vec<(String, i64)>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Owned {
    cluster: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<i64>,
    /// Whether it was still known when this was written.
    known: bool,
    /// Left out where it has nothing, as most of the thousands of clusters that many
    /// destinations may share.
    #[serde(skip_serializing_if = "Option::is_none")]
    totals: Option<Sums>,
}

/// [`Totals`], with times in milliseconds since 1970.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sums {
    objects: u64,
    empty: u64,
    bytes: u64,
    newest_of_all: Option<i64>,
    newest: Option<(i64, u64)>,
    oldest: Option<i64>,
    largest: Option<u64>,
    /// Last-modified and size of the newest, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    recent: Vec<(i64, u64)>,
}

/// The bytes of a file that says this of a destination.
///
/// # Errors
/// Never known to happen: everything in it can be written as JSON.
pub fn to_bytes(identity: &ListingId, saved: &SavedState) -> serde_json::Result<Vec<u8>> {
    let body = serde_json::to_vec(&Body {
        identity: identity.clone(),
        latest: Latest::new(&saved.latest),
        completed: saved.completed.as_ref().map(Complete::new),
        audit: saved.audit.map(|audit| Audited {
            ended: audit.ended.as_millis(),
            success: audit.success,
        }),
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
    if version > VERSION {
        return Err(Unusable::Newer(version));
    }
    let body: Body = serde_json::from_slice(body).map_err(|error| corrupt(&error.to_string()))?;
    let saved = body
        .restore()
        .ok_or_else(|| corrupt("it holds what cannot be"))?;
    Ok((body.identity, saved))
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

impl Body {
    /// `None` where what it says cannot be.
    fn restore(&self) -> Option<SavedState> {
        let completed = match &self.completed {
            Some(completed) => Some(completed.restore(&self.identity)?),
            None => None,
        };
        let audit = match &self.audit {
            Some(audit) => Some(Audit {
                ended: time(audit.ended)?,
                success: audit.success,
            }),
            None => None,
        };
        Some(SavedState {
            latest: self.latest.restore()?,
            completed,
            audit,
        })
    }
}

impl Latest {
    fn new(latest: &ScanOutcome) -> Self {
        let failure = latest.failure.as_ref();
        Self {
            ended: latest.ended.as_millis(),
            duration: latest.duration,
            failure: failure.map(|of| (of.kind.as_str().to_owned(), of.message.to_string())),
        }
    }

    fn restore(&self) -> Option<ScanOutcome> {
        let failure = match &self.failure {
            Some((kind, message)) => Some(ScanFailure {
                kind: *FailureKind::ALL.iter().find(|of| of.as_str() == kind)?,
                message: message.as_str().into(),
            }),
            None => None,
        };
        Some(ScanOutcome {
            ended: time(self.ended)?,
            duration: self.duration,
            failure,
        })
    }
}

impl Complete {
    fn new(completed: &CompletedScan) -> Self {
        let CompleteListing {
            fold: facts,
            boundaries,
            as_of,
        } = &*completed.found;
        let created: BTreeMap<_, _> = completed
            .known
            .iter()
            .map(|(name, cluster)| (name, cluster.created))
            .collect();
        let clusters = facts.owned().map(|(name, totals)| Owned {
            cluster: name.to_string(),
            created: created
                .get(name)
                .copied()
                .flatten()
                .map(UnixTime::as_millis),
            known: created.contains_key(name),
            totals: (*totals != Totals::default()).then(|| Sums::new(totals)),
        });
        let (keys, loose) = boundaries.parts();
        Self {
            ended: as_of.as_millis(),
            unassigned: Sums::new(facts.unassigned()),
            clusters: clusters.collect(),
            boundaries: keys.map(|(key, sum)| (key.to_owned(), sum)).collect(),
            anchors: boundaries.anchors().collect(),
            loose,
            gone: completed
                .gone
                .iter()
                .map(|(name, seen)| (name.to_string(), seen.as_millis()))
                .collect(),
        }
    }

    fn restore(&self, identity: &ListingId) -> Option<CompletedScan> {
        let (mut names, mut known) = (Clusters::new(), Clusters::new());
        let mut owned = BTreeMap::new();
        for of in &self.clusters {
            let created = match of.created {
                Some(created) => Some(time(created)?),
                None => None,
            };
            let cluster = Cluster { created };
            names.insert(&of.cluster, cluster).ok()?;
            if of.known {
                known.insert(&of.cluster, cluster).ok()?;
            }
            if let Some(totals) = &of.totals {
                owned.insert(of.cluster.as_str(), totals.restore()?);
            }
        }
        let assignment = Arc::new(Assignment::new(
            &names,
            &identity.prefix,
            &identity.separator,
        ));
        let totals = |name: &str| owned.get(name).cloned().unwrap_or_default();
        let facts = Facts::restore(assignment, totals, self.unassigned.restore()?);
        let keys = self.boundaries.iter().map(|(key, sum)| (&**key, *sum));
        let boundaries = Boundaries::restore(keys, self.loose)?.with_anchors(&self.anchors);
        if boundaries.objects() > MOST_OBJECTS {
            return None;
        }
        let gone = self.gone.iter().map(|(name, seen)| {
            let seen = time(*seen)?;
            names.contains(name).then(|| (name.as_str().into(), seen))
        });
        Some(CompletedScan {
            found: Arc::new(CompleteListing {
                fold: facts,
                boundaries,
                as_of: time(self.ended)?,
            }),
            known: Arc::new(known),
            gone: Arc::new(gone.collect::<Option<_>>()?),
        })
    }
}

impl Sums {
    fn new(totals: &Totals) -> Self {
        Self {
            objects: totals.objects,
            empty: totals.empty,
            bytes: totals.bytes,
            newest_of_all: totals.newest_of_all.map(UnixTime::as_millis),
            newest: totals.newest.map(|(time, size)| (time.as_millis(), size)),
            oldest: totals.oldest.map(UnixTime::as_millis),
            largest: totals.largest,
            recent: totals
                .recent
                .iter()
                .map(|(time, size)| (time.as_millis(), size))
                .collect(),
        }
    }

    fn restore(&self) -> Option<Totals> {
        if self.objects > MOST_OBJECTS || self.empty > self.objects {
            return None;
        }
        let times = [
            self.newest_of_all,
            self.newest.map(|(time, _)| time),
            self.oldest,
        ];
        let recent = self.recent.iter().map(|(time, _)| *time);
        if self.recent.len() > Recent::KEPT
            || times
                .into_iter()
                .flatten()
                .chain(recent)
                .any(|millis| time(millis).is_none())
        {
            return None;
        }
        Some(Totals {
            objects: self.objects,
            empty: self.empty,
            bytes: self.bytes,
            newest_of_all: self.newest_of_all.map(UnixTime::from_millis),
            newest: self
                .newest
                .map(|(millis, size)| (UnixTime::from_millis(millis), size)),
            oldest: self.oldest.map(UnixTime::from_millis),
            largest: self.largest,
            recent: Recent::restore(
                self.recent
                    .iter()
                    .map(|(millis, size)| (UnixTime::from_millis(*millis), *size)),
            ),
        })
    }
}

fn time(millis: i64) -> Option<UnixTime> {
    let is_possible = millis.unsigned_abs() <= FURTHEST.unsigned_abs();
    is_possible.then(|| UnixTime::from_millis(millis))
}
