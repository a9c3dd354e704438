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

/// How a [look](crate::look) finds the newer whole backups of a job without listing all that is there. What is
/// listed lies in the root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// It does not: too much would have to be listed, or nobody has tried.
    None,
    /// This folder has what makes backups whole, an object for each, and nothing else does.
    All(&'static str),
    /// The folder that is called as the backup's id has one backup at a time, written anew in its place.
    Place {
        /// The object in it that is deleted first and written last.
        commit: &'static str,
        /// What of it shows that there is more.
        data: &'static str,
    },
    /// Beside the folder of a backup are those of the others.
    Folders {
        /// What comes after the name of the folder in the key of the object that makes the backup whole.
        commit: &'static str,
        /// What comes after it in all keys that are listed of a new one, of one page at most.
        of_new: &'static str,
    },
    /// The keys of a job differ in their time and what comes after it alone, so that those of newer backups
    /// come after all others.
    AfterLast,
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
