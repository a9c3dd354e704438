//! What goes wrong, what it shows, and what comes with it.

use s3_exporter_judge::findings::FindingKind::{self, *};

/// What goes wrong with a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Harm {
    Skipped,
    Dead,
    Nothing,
    Shrunk,
    Grown,
    Truncated,
    Killed,
    ChainBroken,
    Deleted,
    RetentionStops,
    Lock,
    Uploads,
    Clock,
    Duplicate,
    Rewritten,
    Cold,
    Emptied,
    NeverBackedUp,
    Orphaned,
    Renamed,
    MirrorStops,
}

impl Harm {
    /// Name; what it must show, any of them; what else may come with it.
    fn row(self) -> (&'static str, &'static [FindingKind], &'static [FindingKind]) {
        match self {
            Self::Skipped => ("a run is left out", &[Overdue, Gap], &[]),
            Self::Dead => ("the schedule is dead", &[Overdue], &[Gap]),
            Self::Nothing => (
                "a backup of nothing",
                &[Empty],
                &[Overdue, Gap, Missing, FindingKind::Shrunk],
            ),
            Self::Shrunk => (
                "a twentieth of the size",
                &[FindingKind::Shrunk],
                &[Overdue, Gap],
            ),
            Self::Grown => ("nine times the size", &[FindingKind::Grown], &[]),
            Self::Truncated => ("cut short", &[FindingKind::Truncated], &[Overdue, Gap]),
            Self::Killed => ("killed half way", &[Incomplete], &[Overdue, Gap]),
            Self::ChainBroken => (
                "a full one is deleted",
                &[FindingKind::ChainBroken],
                &[Overdue, Gap, RetentionLow],
            ),
            Self::Deleted => ("three quarters are deleted", &[RetentionLow], &[Gap]),
            Self::RetentionStops => ("retention does not run", &[RetentionHigh], &[]),
            Self::Lock => (
                "a dead lock",
                &[RetentionStuck],
                &[Incomplete, RetentionHigh],
            ),
            Self::Uploads => ("unfinished uploads", &[RetentionStuck], &[Incomplete]),
            Self::Clock => (
                "a clock ahead",
                &[FindingKind::Clock],
                &[Overdue, Gap, RetentionLow],
            ),
            Self::Duplicate => ("a second run", &[FindingKind::Duplicate], &[]),
            Self::Rewritten => (
                "written again by somebody",
                &[FindingKind::Rewritten],
                &[Overdue, Gap, Clock],
            ),
            Self::Cold => (
                "the newest moves to a cold class",
                &[FindingKind::Cold],
                &[],
            ),
            Self::Emptied => (
                "everything is deleted",
                &[Missing],
                &[Overdue, RetentionLow, Gap, MirrorBehind],
            ),
            Self::NeverBackedUp => ("a new cluster is never backed up", &[Missing], &[Overdue]),
            Self::Orphaned => (
                "a cluster is deleted",
                &[FindingKind::Orphaned],
                &[Overdue, Gap],
            ),
            Self::Renamed => ("a job is renamed", &[FindingKind::Renamed], &[Overdue, Gap]),
            Self::MirrorStops => ("the second site stops", &[MirrorBehind], &[Overdue, Gap]),
        }
    }

    pub fn name(self) -> &'static str {
        self.row().0
    }

    /// Whether a finding is this.
    pub fn shows(self, kind: FindingKind) -> bool {
        self.row().1.contains(&kind)
    }

    /// Whether a finding is this or comes with it.
    pub fn explains(self, kind: FindingKind) -> bool {
        self.shows(kind) || self.row().2.contains(&kind)
    }
}

/// One thing that went wrong.
#[derive(Clone, Debug)]
pub struct Harmed {
    pub harm: Harm,
    pub cluster: String,
    pub from: i64,
    /// It is mended.
    pub to: i64,
    /// From then on it can be known; nobody knows before it has happened.
    pub known: i64,
    /// What it leaves is explained by it so long.
    pub settled: i64,
    /// The first scan at which it could be known.
    pub first_look: Option<i64>,
    pub found: Option<i64>,
}

impl Harmed {
    pub fn is_looked_for(&self, now: i64) -> bool {
        self.found.is_none() && self.from <= now && now <= self.settled
    }

    pub fn note(&mut self, is_found: bool, now: i64) {
        if now >= self.known && self.first_look.is_none() && now < self.to {
            self.first_look = Some(now);
        }
        if is_found {
            self.found = Some(now);
            self.first_look.get_or_insert(now);
        }
    }
}
