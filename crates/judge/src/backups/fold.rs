//! The fold of a listing's objects into backups.

use std::borrow::Cow;

use s3_exporter_api::Object;
use serde::{Deserialize, Serialize};

use crate::layouts::{Alike, Chain, Clue, Layout, LayoutChoice, Reading, Role};

use super::Limits;
use super::job::{Cluster, Name};
use super::kept::{JobRef, KeptJobs};
use super::lane::{BackupLane, LikeOf, LikeRole};
use super::saved::SavedFold;
use super::slot::{Bit, completes};
use super::text::KeyText;

/// Classes that are told apart; no store has so many.
const CLASSES: usize = 64;

/// What a listing says of backups, while it is read.
///
/// What is kept of it is read again as one that was read by all layouts: nothing is added to it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "SavedFold", into = "SavedFold")]
pub struct BackupFold {
    pub(super) layouts: LayoutChoice,
    pub(super) limits: Limits,
    pub(super) names_clusters: bool,
    pub(super) kept: KeptJobs,
    /// Where the latest piece came among the backups of its job.
    pub(super) near: usize,
    pub(super) classes: Vec<Box<str>>,
    /// Objects that a layout read.
    pub(super) matched: u64,
}

impl BackupFold {
    /// Nothing read yet.
    pub fn new(layouts: LayoutChoice, limits: Limits) -> Self {
        Self {
            layouts,
            limits,
            names_clusters: false,
            kept: KeptJobs::new(limits),
            near: 0,
            classes: Vec::new(),
            matched: 0,
        }
    }

    /// One that also takes a job's name for that of a cluster, where its layout
    /// [means one](Layout::job_is_cluster).
    #[must_use]
    pub fn naming_clusters(mut self) -> Self {
        self.names_clusters = true;
        self
    }

    /// Adds an object. `below` is how many bytes of its key come before what the layouts read: the
    /// destination's prefix, or that with the cluster's name and separator where `owner` is known.
    #[inline]
    pub fn add(
        &mut self,
        lane: &mut BackupLane,
        object: &Object<'_>,
        below: usize,
        owner: Option<usize>,
    ) {
        let Some(key) = object.key.get(below..) else {
            return lane.forget();
        };
        // A prefix may be written without the slash that ends it.
        let has_slash = owner.is_none() && key.first() == Some(&b'/');
        let below = below + usize::from(has_slash);
        if !self.add_like(lane, object, below, owner) {
            self.add_new(lane, object, below, owner);
        }
    }

    /// The listing is complete: what was of use for adding alone is let go, a quarter of the memory where each of
    /// many jobs has one backup.
    pub fn shrink(&mut self) {
        self.kept.shrink();
    }

    /// How many objects a layout read.
    pub const fn matched(&self) -> u64 {
        self.matched
    }

    /// The cluster that was read in the key of the latest object of a lane: of one whose job is kept
    /// apart.
    pub fn cluster(&self, lane: &BackupLane) -> Option<&str> {
        match &self.kept.get(lane.latest?)?.cluster {
            Cluster::Read(name) => Some(name),
            Cluster::None | Cluster::Owner(_) => None,
        }
    }

    /// Adds an object whose key is like the one before, or like what came after that in the turn
    /// before; gives whether it is.
    #[inline]
    fn add_like(
        &mut self,
        lane: &mut BackupLane,
        object: &Object<'_>,
        below: usize,
        owner: Option<usize>,
    ) -> bool {
        let mut turn = lane.turn;
        loop {
            if self.add_like_of(lane, turn, object, below, owner).is_some() {
                return true;
            }
            let next = lane.job.and_then(|job| self.kept.after(job));
            if next.is_none() || next == turn {
                return false;
            }
            turn = next;
        }
    }

    /// Adds an object whose key is like the one that is remembered for the turns of a job, or else by the
    /// lane.
    #[inline]
    fn add_like_of(
        &mut self,
        lane: &mut BackupLane,
        turn: Option<JobRef>,
        object: &Object<'_>,
        below: usize,
        owner: Option<usize>,
    ) -> Option<()> {
        let (job, like) = match turn {
            Some(of) => self.kept.in_turn(of)?,
            None => {
                let like = lane.like.as_ref()?;
                (self.kept.get_mut(like.job)?, like)
            }
        };
        let differs = like.read(object.key, owner, &mut lane.clock)?;
        // A tool may repeat a time in a key: what was somebody's dump is the tool's where they are the
        // same. What is told by the beginning of a key is so at its own start.
        if like.manner.may_be_own {
            let starts = [0, below];
            let starts = match like.is_by_beginning() {
                true => &self::starts(&starts)[..usize::from(below > 0)],
                false => self::starts(&starts),
            };
            if self.layouts.is_own_form(object.key, starts) {
                return None;
            }
        }
        self.matched = self.matched.saturating_add(1);
        match &like.manner.role {
            LikeRole::Never(never) => job.add_beside(*never, object),
            LikeRole::Piece(piece) => {
                let class = class(&mut self.classes, object, &mut lane.class);
                let bit = piece.bit(object, class, &differs);
                job.bytes = job.bytes.saturating_add(object.size);
                let text = piece.text(object.key, &differs);
                job.newest
                    .add(&bit, &text, self.limits.backups, &mut self.near);
            }
        }
        let of = Some(like.job);
        (lane.latest, lane.job, lane.turn) = (of, of, turn);
        Some(())
    }

    #[inline(never)]
    fn add_new(
        &mut self,
        lane: &mut BackupLane,
        object: &Object<'_>,
        below: usize,
        owner: Option<usize>,
    ) {
        lane.latest = None;
        let starts = [0, below];
        let found = self.layouts.read_from(object.key, self::starts(&starts));
        let Some((start, layout, mut reading)) = found else {
            return;
        };
        self.matched = self.matched.saturating_add(1);
        let is_named = self.names_clusters && layout.job_is_cluster && reading.cluster.is_none();
        if is_named && !reading.job.is_empty() {
            reading.cluster = Some(std::mem::take(&mut reading.job));
        }
        let root = start + reading.root;
        let found = self.job(lane.job, object, (root, below), owner, (layout, &reading));
        let Some(found) = found else { return };
        let is_other = lane.job.replace(found) != Some(found);
        lane.latest = Some(found);
        let was_there = self.kept.get(found).is_some_and(|job| !job.is_new());
        // At the later start it is read so whatever comes after; at an earlier one that may be of
        // another tool.
        let alike = reading.alike.filter(|_| start == below);
        let is_dump = layout.clue == Clue::ANY;
        let of = LikeOf {
            job: found,
            is_dump,
            may_be_own: is_dump
                && self
                    .layouts
                    .may_be_own_form(object.key, self::starts(&starts)),
            owner,
            key: object.key,
            alike: alike.map(|alike| Alike {
                begin: start + alike.begin,
                ..alike
            }),
            is_in_turn: is_other && was_there,
        };
        let piece = match &reading.role {
            Role::Piece(piece) => piece,
            Role::Never(never) => {
                if let Some(job) = self.kept.get_mut(found) {
                    job.add_beside(*never, object);
                }
                return lane.keep_never(&of, *never, &mut self.kept);
            }
        };
        let class = class(&mut self.classes, object, &mut lane.class);
        let Some(job) = self.kept.get_mut(found) else {
            return;
        };
        let mut bit = Bit::of(piece, object, class);
        if layout.chain == Chain::Range {
            // Of the few that are kept in the end it is read again.
            (bit.parent, bit.covers) = (None, None);
        }
        let mut text = KeyText::of(piece, object.key, start);
        // Of what a backup is made of many keys may differ in more than their time.
        let may_repeat = completes(piece.part) && layout.chain != Chain::Range;
        if may_repeat {
            text.shape = text.shape(&mut job.newest.shapes);
        }
        job.bytes = job.bytes.saturating_add(object.size);
        job.newest
            .add(&bit, &text, self.limits.backups, &mut self.near);
        let time = piece.time.as_ref().filter(|_| may_repeat);
        lane.keep_piece(&of, &bit, &text, time, &mut self.kept);
    }

    /// The job of what was read in a key; `None` where it is not kept apart, and the object is
    /// summed with others.
    fn job(
        &mut self,
        latest: Option<JobRef>,
        object: &Object<'_>,
        (root, below): (usize, usize),
        owner: Option<usize>,
        (layout, reading): (&'static Layout, &Reading<'_>),
    ) -> Option<JobRef> {
        let name = Name {
            layout,
            root: object.key.get(..root)?,
            below: below.min(root),
            job: &reading.job,
        };
        let is_of = |cluster: &Cluster| match (cluster, owner, &reading.cluster) {
            (Cluster::Owner(known), Some(owner), _) => *known == owner,
            (Cluster::Read(known), None, Some(read)) => **known == **read,
            (Cluster::None, None, None) => true,
            _ => false,
        };
        if let Some(latest) = latest
            && let Some(job) = self.kept.get_mut(latest)
            && is_of(&job.cluster)
            && job.name() == name
        {
            return Some(latest);
        }
        // Where those of several jobs take turns, it is the one that followed before.
        if let Some(next) = latest.and_then(|latest| self.kept.after(latest))
            && let Some(job) = self.kept.get_mut(next)
            && is_of(&job.cluster)
            && job.name() == name
        {
            return Some(next);
        }
        let cluster = match (owner, &reading.cluster) {
            (Some(owner), _) => Cluster::Owner(owner),
            (None, Some(read)) => Cluster::Read((&**read).into()),
            (None, None) => Cluster::None,
        };
        match self.kept.find(cluster, name) {
            Ok(job) => {
                if let Some(latest) = latest {
                    self.kept.follow(latest, job);
                }
                Some(job)
            }
            Err(sums) => {
                sums.bytes = sums.bytes.saturating_add(object.size);
                let is_one = matches!(&reading.role, Role::Piece(piece) if completes(piece.part));
                sums.count = sums.count.saturating_add(u64::from(is_one));
                None
            }
        }
    }
}

/// The place of an object's storage class.
#[inline]
fn class(classes: &mut Vec<Box<str>>, object: &Object<'_>, latest: &mut u8) -> u8 {
    let name = object.storage_class.name();
    let known = classes.get(usize::from(*latest));
    if known.is_none_or(|known| known.as_bytes() != name) {
        *latest = class_place(classes, name);
    }
    *latest
}

#[inline(never)]
fn class_place(classes: &mut Vec<Box<str>>, name: &[u8]) -> u8 {
    let mut known = classes.iter().map(|known| known.as_bytes());
    let at = known.position(|known| known == name).unwrap_or_else(|| {
        if classes.len() < CLASSES {
            let name: Cow<'_, str> = String::from_utf8_lossy(name);
            classes.push(name.into());
        }
        classes.len() - 1
    });
    u8::try_from(at).unwrap_or(u8::MAX)
}

/// Where what layouts read may begin: a tool's own folder may stand in the destination's prefix.
fn starts(both: &[usize; 2]) -> &[usize] {
    &both[usize::from(both[1] == 0)..]
}
