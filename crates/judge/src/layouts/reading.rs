//! What is read in a key.

use std::borrow::Cow;
use std::ops::Range;

use super::text::text;

/// The job of what was made by hand, or once for all: it is never due, and refreshes nothing.
pub const ONE_OFF: &str = "(one-off)";

/// What was read in a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading<'k> {
    /// Bytes of the key before the tool's own part: a repository's root, which all of its objects
    /// have in common.
    pub root: usize,
    /// The cluster, where the layout knows one.
    pub cluster: Option<Cow<'k, str>>,
    /// Which of the jobs of a root this is of: what is left of the key without root, time, node,
    /// suffix and all else that changes from one backup to the next; may be empty. [`ONE_OFF`] for
    /// what belongs to no schedule.
    pub job: Cow<'k, str>,
    /// What it is there.
    pub role: Role<'k>,
    /// Of which other keys all of this holds too, where that is known without reading them.
    pub alike: Option<Alike>,
}

/// Keys of which the same is read: all that begin with as much of one that was read, and go on in a
/// form. A folder of hundreds of thousands of them is read once, so.
#[derive(Clone, Copy, Debug)]
pub struct Alike {
    /// How much of the key that was read: bytes from its beginning.
    pub begin: usize,
    /// What comes after it. Nothing that ends in a slash is asked about.
    pub rest: Rest,
}

/// The form of what comes after the beginning of keys that are alike.
#[derive(Clone, Copy, Debug)]
pub enum Rest {
    /// Whether it has the form: nothing is read in it.
    Same(fn(&[u8]) -> bool),
    /// [`Piece::number`], where it has the form.
    Numbered(fn(&[u8]) -> Option<u32>),
    /// What is read in it, where it has the form. Each such key is another backup of the job; what it
    /// depends on can be read again in the key.
    Backups(fn(&[u8]) -> Option<Another>),
}

/// A backup that differs from another one in its id and its time alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Another {
    /// How much of the rest is of its id, which begins where that of the other does.
    pub id: usize,
    /// [`KeyTime::seconds`], where the other has a time.
    pub seconds: Option<i64>,
}

impl Rest {
    /// Whether something has the form.
    pub fn fits(self, rest: &[u8]) -> bool {
        match self {
            Self::Same(is_rest) => is_rest(rest),
            Self::Numbered(read) => read(rest).is_some(),
            Self::Backups(read) => read(rest).is_some(),
        }
    }
}

/// Of one layout: each has its own forms.
impl PartialEq for Alike {
    fn eq(&self, other: &Self) -> bool {
        self.begin == other.begin
    }
}

impl Eq for Alike {}

/// What an object is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role<'k> {
    /// A piece of a backup.
    Piece(Piece<'k>),
    /// Of the tool, and never a backup.
    Never(Never),
}

/// What of a tool is never a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Never {
    /// A lock: that of a command that runs, or that was killed.
    Lock,
    /// An index, a catalogue or a configuration, written by whatever command.
    Index,
    /// A log, be it of transactions or of what a command did: it goes on while no backup is made.
    Log,
    /// Data that backups share.
    Data,
    /// A marker, a flag file, a folder object.
    Marker,
}

/// A piece of a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece<'k> {
    /// The same for all pieces of one backup, and for no other of its job. Of two backups the later
    /// one has the greater id, by [`Self::order`].
    pub id: Cow<'k, str>,
    /// How ids are compared.
    pub order: Order,
    /// Full, or what it adds to another.
    pub kind: Kind,
    /// What it is of the backup.
    pub part: Part,
    /// The time that the key says. Where a layout's keys have one, a key without is a
    /// [one-off](ONE_OFF).
    pub time: Option<KeyTime>,
    /// The [`id`](Self::id) of the backup that it needs; for [`Chain::Range`](super::Chain::Range)
    /// what it begins after.
    pub parent: Option<Cow<'k, str>>,
    /// For [`Chain::Range`](super::Chain::Range): what it ends with.
    pub covers: Option<Cow<'k, str>>,
    /// Of pieces that are counted from 1, which one: where one is lacking, the backup is not whole.
    pub number: Option<u32>,
}

/// How ids are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// By the time that the key says, then by bytes.
    Time,
    /// By bytes.
    Bytes,
    /// As decimal numbers.
    Number,
    /// They are not: by last-modified.
    LastModified,
}

/// Full, or what it adds to another.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It needs no other.
    #[default]
    Full,
    /// What has changed since a full one.
    Differential,
    /// What has changed since any other.
    Incremental,
}

impl Kind {
    /// As it is written everywhere.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Differential => "differential",
            Self::Incremental => "incremental",
        }
    }
}

/// What an object is of a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    Whole,
    /// What is written last, or once more at the end.
    Commit,
    /// What it is made of.
    Data,
    /// What belongs to it and neither completes it nor is needed, such as a log or a checksum beside
    /// it. Alone it is no backup, and no try of one.
    Extra,
}

/// A time in a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyTime {
    /// Where it stands in the key.
    pub at: Range<usize>,
    /// How it is written, so that the next key of the job can be read at once.
    pub form: TimeForm,
    /// Seconds since 1970, as if it were UTC where the key does not say the zone.
    pub seconds: i64,
    /// How many seconds it stands for: 1, or 86,400 where it is a date alone. The backup was made in
    /// `seconds..seconds + span`.
    pub span: i64,
}

/// How a time is written in a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimeForm {
    /// 19 digits: nanoseconds since 1970.
    Nanoseconds,
    /// 10 digits: seconds since 1970.
    Seconds,
    /// Year, month, day, hour, minute, second, with whatever between them; what is lacking at the
    /// end is the first moment of what is there.
    Civil {
        /// Whether the key itself says the zone: it ends in `Z`, or has an offset.
        has_zone: bool,
    },
    /// Another, which only its layout can read: it is in UTC.
    Other,
}

impl<'k> Reading<'k> {
    /// A piece of a backup.
    pub(super) fn piece(root: usize, job: impl Into<Cow<'k, str>>, piece: Piece<'k>) -> Self {
        Self {
            root,
            cluster: None,
            job: job.into(),
            role: Role::Piece(piece),
            alike: None,
        }
    }

    /// What is never a backup.
    pub(super) fn never(root: usize, job: impl Into<Cow<'k, str>>, never: Never) -> Self {
        Self {
            root,
            cluster: None,
            job: job.into(),
            role: Role::Never(never),
            alike: None,
        }
    }

    /// The same, of a cluster.
    pub(super) fn of(mut self, cluster: Cow<'k, str>) -> Self {
        self.cluster = Some(cluster);
        self
    }

    /// The same is read in all keys that begin with so many bytes of this one, and go on so.
    pub(super) fn alike(self, begin: usize, is_rest: fn(&[u8]) -> bool) -> Self {
        self.alike_but(begin, Rest::Same(is_rest))
    }

    /// The same, but for what this says that they differ in.
    pub(super) fn alike_but(mut self, begin: usize, rest: Rest) -> Self {
        self.alike = Some(Alike { begin, rest });
        self
    }
}

impl<'k> Piece<'k> {
    /// Of a full one, whose id orders it.
    pub(super) fn new(id: &'k [u8], part: Part) -> Self {
        Self {
            id: text(id),
            order: Order::Bytes,
            kind: Kind::Full,
            part,
            time: None,
            parent: None,
            covers: None,
            number: None,
        }
    }

    /// The same, otherwise ordered.
    pub(super) fn by(mut self, order: Order) -> Self {
        self.order = order;
        self
    }

    /// The same with a time.
    pub(super) fn at(mut self, time: KeyTime) -> Self {
        self.order = Order::Time;
        self.time = Some(time);
        self
    }

    /// What it adds to a parent.
    pub(super) fn adds(mut self, kind: Kind, parent: Cow<'k, str>) -> Self {
        self.kind = kind;
        self.parent = Some(parent);
        self
    }
}

impl KeyTime {
    /// Whether it is known to be UTC, whatever the layout says.
    pub fn is_utc(&self) -> bool {
        !matches!(self.form, TimeForm::Civil { has_zone: false })
    }
}
