//! How what was found is kept over a restart: as compact as it is held.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::layouts::{self, Kind, LayoutChoice};

use super::Limits;
use super::fold::BackupFold;
use super::job::{BesideSums, Cluster, Job, Name, Sums};
use super::kept::KeptJobs;
use super::newest::Newest;
use super::slot::{More, Slot};
use super::text::{Ends, Shape, Shapes, Text};

/// Everything that a fold found.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SavedFold {
    classes: Vec<Box<str>>,
    jobs: Vec<SavedJob>,
    /// What is summed: of a cluster, or (`null`) of all that are not told apart.
    others: Vec<(Option<(Cluster,)>, Sums)>,
    #[serde(default)]
    matched: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedJob {
    cluster: Cluster,
    layout: String,
    root: String,
    below: usize,
    job: Box<str>,
    commits: u64,
    bytes: u64,
    shapes: Vec<(String, String, Ends)>,
    backups: Vec<SavedSlot>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    beside: Option<Box<BesideSums>>,
}

/// A backup: most are one whole object of the first class.
#[derive(Serialize)]
#[serde(untagged)]
enum SavedSlot {
    /// Rank, made, size, shape, what is between its head and tail, and flags.
    Plain(i64, i64, u64, u8, String, u8),
    Other(Box<OtherSlot>),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OtherSlot {
    rank: i64,
    made: i64,
    size: u64,
    /// Shape and what is between, or key and id.
    text: SavedText,
    flags: u8,
    parts: u32,
    span: u32,
    commits: u16,
    class: u8,
    kind: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    more: Option<Box<More>>,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum SavedText {
    Shaped(u8, String),
    Own(String, String),
}

/// Told by what it begins with. To try one form after another takes a copy of each, for hundreds of
/// thousands at a start.
impl<'de> Deserialize<'de> for SavedSlot {
    fn deserialize<D: Deserializer<'de>>(of: D) -> Result<Self, D::Error> {
        of.deserialize_any(SlotVisitor)
    }
}

struct SlotVisitor;

impl<'de> Visitor<'de> for SlotVisitor {
    type Value = SavedSlot;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a backup")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, of: A) -> Result<SavedSlot, A::Error> {
        let plain = Deserialize::deserialize(SeqAccessDeserializer::new(of))?;
        let (rank, made, size, shape, middle, flags) = plain;
        Ok(SavedSlot::Plain(rank, made, size, shape, middle, flags))
    }

    fn visit_map<A: MapAccess<'de>>(self, of: A) -> Result<SavedSlot, A::Error> {
        let other = Deserialize::deserialize(MapAccessDeserializer::new(of));
        other.map(SavedSlot::Other)
    }
}

/// What flags mean; the lowest two bits are a weight.
const IS_UTC: u8 = 4;
const IS_BY_TIME: u8 = 8;
const HAS_DATA: u8 = 16;

impl From<BackupFold> for SavedFold {
    fn from(fold: BackupFold) -> Self {
        let others = fold.kept.others();
        Self {
            jobs: fold.kept.iter().map(SavedJob::of).collect(),
            others: others
                .map(|(of, sums)| (of.cloned().map(|of| (of,)), sums))
                .collect(),
            classes: fold.classes,
            matched: fold.matched,
        }
    }
}

impl TryFrom<SavedFold> for BackupFold {
    type Error = String;

    fn try_from(saved: SavedFold) -> Result<Self, String> {
        let mut kept = KeptJobs::new(Limits::DEFAULT);
        for job in saved.jobs {
            // A layout that is not known any more: the next scan reads it by another.
            if layouts::kept(&job.layout).is_none() {
                continue;
            }
            let restored = job.restore().and_then(|job| kept.restore(job));
            restored.ok_or("a job that cannot be")?;
        }
        for (cluster, sums) in saved.others {
            kept.restore_sums(cluster.as_ref().map(|of| &of.0), sums);
        }
        Ok(Self {
            layouts: LayoutChoice::Auto,
            limits: Limits::DEFAULT,
            names_clusters: false,
            kept,
            near: 0,
            classes: saved.classes,
            matched: saved.matched,
        })
    }
}

impl SavedJob {
    fn of(job: &Job) -> Self {
        let name = job.name();
        let shapes = &job.newest.shapes;
        let saved = |shape: &Shape| (text(&shape.head), text(&shape.tail), shape.id);
        Self {
            cluster: job.cluster.clone(),
            layout: layouts::kept_name(name.layout).to_owned(),
            root: text(name.root),
            below: name.below,
            job: name.job.into(),
            commits: job.newest.commits(),
            bytes: job.bytes,
            shapes: shapes.0.iter().map(saved).collect(),
            backups: (job.newest.iter().map(|slot| SavedSlot::of(slot, shapes))).collect(),
            beside: job.beside.clone(),
        }
    }

    /// `None` where it cannot be.
    fn restore(self) -> Option<Job> {
        let name = Name {
            layout: layouts::kept(&self.layout)?,
            root: self.root.as_bytes(),
            below: self.below,
            job: &self.job,
        };
        if self.below > self.root.len() || self.backups.len() > Limits::DEFAULT.backups {
            return None;
        }
        let shapes = self.shapes.into_iter().map(|(head, tail, id)| Shape {
            head: head.into_bytes().into(),
            tail: tail.into_bytes().into(),
            id,
        });
        let shapes = Shapes(shapes.collect());
        let slots = self.backups.into_iter().map(|slot| slot.restore(&shapes));
        let slots = slots.collect::<Option<Vec<_>>>()?;
        let mut job = Job::new(self.cluster, name);
        job.newest = Newest::restore(slots, shapes, self.commits)?;
        job.bytes = self.bytes;
        job.beside = self.beside;
        Some(job)
    }
}

impl SavedSlot {
    fn of(slot: &Slot, shapes: &Shapes) -> Self {
        let flag = |is: bool, flag: u8| if is { flag } else { 0 };
        let flags = slot.weight
            | flag(slot.is_utc, IS_UTC)
            | flag(slot.is_by_time, IS_BY_TIME)
            | flag(slot.has_data, HAS_DATA);
        let (rank, made, size) = (slot.rank, slot.made, slot.size);
        let rest = (slot.parts, slot.span, slot.commits, slot.class, slot.kind);
        let is_plain = rest == (1, 1, 1, 0, Kind::Full) && slot.more.is_none();
        let text = match &slot.text {
            Text::Shaped { shape, len, middle } => {
                SavedText::Shaped(*shape, text(&middle[..usize::from(*len)]))
            }
            Text::Own(_) => {
                SavedText::Own(text(&slot.text.key(shapes)), text(&slot.text.id(shapes)))
            }
        };
        match text {
            SavedText::Shaped(shape, middle) if is_plain => {
                Self::Plain(rank, made, size, shape, middle, flags)
            }
            text => Self::Other(Box::new(OtherSlot {
                rank,
                made,
                size,
                text,
                flags,
                parts: slot.parts,
                span: slot.span,
                commits: slot.commits,
                class: slot.class,
                kind: slot.kind,
                more: slot.more.clone(),
            })),
        }
    }

    /// `None` where it cannot be.
    fn restore(self, shapes: &Shapes) -> Option<Slot> {
        let other = match self {
            Self::Other(other) => *other,
            Self::Plain(rank, made, size, shape, middle, flags) => OtherSlot {
                rank,
                made,
                size,
                text: SavedText::Shaped(shape, middle),
                flags,
                parts: 1,
                span: 1,
                commits: 1,
                class: 0,
                kind: Kind::Full,
                more: None,
            },
        };
        let text = match other.text {
            SavedText::Own(key, id) => Text::own(key.as_bytes(), id.as_bytes()),
            SavedText::Shaped(shape, middle) => Text::shaped(shape, middle.as_bytes(), shapes)?,
        };
        Some(Slot {
            rank: other.rank,
            made: other.made,
            size: other.size,
            text,
            more: other.more,
            parts: other.parts,
            span: other.span,
            commits: other.commits,
            class: other.class,
            kind: other.kind,
            weight: other.flags & 3,
            is_utc: other.flags & IS_UTC != 0,
            is_by_time: other.flags & IS_BY_TIME != 0,
            has_data: other.flags & HAS_DATA != 0,
        })
    }
}

/// Bytes as a text: what is not UTF-8 is shown as it would be.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
