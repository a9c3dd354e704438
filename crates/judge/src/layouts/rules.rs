//! By what rules a tool's backups are folded and judged.

/// What makes a backup whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// There is an object of [`Part::Whole`](super::Part::Whole). Several of one id are one backup.
    OneObject,
    /// There is an object of [`Part::Commit`](super::Part::Commit).
    Commit,
    /// There is an object of [`Part::Commit`](super::Part::Commit) that is no older than any of
    /// [`Part::Data`](super::Part::Data), and there is one of these.
    CommitAfterData,
    /// There is at least one of each of [`Part::Commit`](super::Part::Commit) and
    /// [`Part::Data`](super::Part::Data), in whatever order.
    Both,
    /// No object tells that a backup was made.
    Unknown,
}

/// From where the time of a backup comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeRule {
    /// The key says it, in UTC.
    Utc,
    /// The key says it, in a zone that nobody knows unless
    /// [`KeyTime::is_utc`](super::KeyTime::is_utc): it is found by comparing with last-modified.
    Local,
    /// Last-modified of the object that completes it.
    LastModified,
}

/// On which other backups one depends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chain {
    /// None, or on ones that no listing shows.
    Unknown,
    /// On the one that is [`Piece::parent`](super::Piece::parent).
    Parent,
    /// On those that cover everything up to [`Piece::parent`](super::Piece::parent): what it begins
    /// after. A full one covers all up to its [`Piece::covers`](super::Piece::covers), an increment
    /// from the one to the other. Both have as many digits, so that they compare as bytes. Ranges
    /// may overlap.
    Range,
}

/// What the absence of a new backup means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// That one is late.
    Late,
    /// That one is late where it is a full one's; increments are made only when something changed.
    LateFull,
    /// Nothing: an idle source writes nothing.
    Healthy,
    /// Nobody can tell from a listing whether one was made.
    Unknown,
}

/// What sizes tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SizeRule {
    /// A backup is one object: also its sizes of nothing, by suffix, are known.
    Dump,
    /// The same, of an etcd: it is defragmented, and so shrinking is a warning at most.
    DumpVaries,
    /// The sum of the parts is the backup; single parts may be tiny or empty.
    Sum,
    /// The same, but sizes vary by nature: shrinking is a warning at most.
    SumVaries,
    /// Nothing: the data is shared by all backups.
    Nothing,
}

/// What it means that an object has a newer last-modified than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rewrite {
    /// The tool never does it: it was somebody else.
    Never,
    /// The tool does it, or a copy does.
    Usual,
}
