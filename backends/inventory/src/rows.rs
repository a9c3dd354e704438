//! Rows of a report, and the pages that they become.

use s3_exporter_api::{ListingKind, Object, Oddity, Page, StorageClass, UnixTime, VersionState};

use crate::error::Fault;

/// The names of the columns that are read, in lower case and without `_` and `-`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Columns {
    /// Whose objects they are; without it the key begins with the bucket's name and a slash.
    pub bucket: Option<&'static str>,
    pub key: &'static str,
    pub size: &'static str,
    pub modified: &'static str,
    pub class: &'static str,
    /// Whether it is the latest version.
    pub latest: &'static str,
    /// Whether it is a delete marker.
    pub marker: Option<&'static str>,
    /// The id of a version: where there is one, and nothing that says whether it is the latest, it is not.
    pub version: Option<&'static str>,
    /// What is true, or `directory`, of what is a folder and no object.
    pub folder: &'static [&'static str],
    /// What is not empty, and not `false`, in an earlier version or what was deleted.
    pub gone: &'static [&'static str],
}

/// A name as [`Columns`] has them.
pub fn plain(name: &str) -> String {
    let kept = name.trim().chars().filter(|c| !matches!(c, '_' | '-'));
    kept.flat_map(char::to_lowercase).collect()
}

/// Where in a row each column is; `None` where it has no such column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    pub bucket: Option<usize>,
    pub key: usize,
    pub size: usize,
    pub modified: usize,
    pub class: Option<usize>,
    pub latest: Option<usize>,
    pub marker: Option<usize>,
    pub version: Option<usize>,
    pub folder: Vec<usize>,
    pub gone: Vec<usize>,
}

impl Places {
    /// Of columns that are called so, in this order.
    ///
    /// # Errors
    /// One is missing that is needed.
    pub fn of<'a>(
        columns: &Columns,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, Fault> {
        let names: Vec<_> = names.into_iter().map(plain).collect();
        let find = |wanted: &str| names.iter().position(|name| name == wanted);
        let need = |wanted: &str| {
            find(wanted).ok_or_else(|| {
                Fault::new(format!("it has no column {wanted:?} among {names:?}"))
                    .with_advice("have the report made with it")
            })
        };
        let (version, latest) = (columns.version.and_then(find), find(columns.latest));
        if version.is_some() && latest.is_none() {
            let reason = format!("has versions, and no column {:?}", columns.latest);
            return Err(Fault::new(reason).with_advice("have the report made with it"));
        }
        let all = |of: &[&str]| of.iter().filter_map(|name| find(name)).collect();
        Ok(Self {
            bucket: columns.bucket.map(need).transpose()?,
            key: need(columns.key)?,
            size: need(columns.size)?,
            modified: need(columns.modified)?,
            class: find(columns.class),
            latest,
            marker: columns.marker.and_then(find),
            version,
            folder: all(columns.folder),
            gone: all(columns.gone),
        })
    }

    /// Whether it says of versions what they are.
    pub fn has_versions(&self) -> bool {
        self.latest.is_some() || !self.gone.is_empty()
    }
}

/// One row.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// `None` where the key begins with it.
    pub bucket: Option<&'a [u8]>,
    pub key: &'a [u8],
    pub size: Option<u64>,
    pub last_modified: UnixTime,
    /// Empty where none is named.
    pub class: &'a [u8],
    pub state: VersionState,
    /// It is no object, and nothing that a listing has.
    pub is_folder: bool,
}

/// Whether what stands in a column of folders says that it is one.
pub fn is_folder(text: &[u8]) -> bool {
    text.eq_ignore_ascii_case(b"true") || text.eq_ignore_ascii_case(b"directory")
}

/// What is wanted of rows.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub bucket: String,
    pub prefix: String,
    pub kind: ListingKind,
    /// Entries of a page, at most.
    pub page: usize,
}

/// What there was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// All rows, and their bytes.
    pub rows: u64,
    pub row_bytes: u64,
    /// What was wanted of them, and their bytes.
    pub objects: u64,
    pub bytes: u64,
    /// Rows of the bucket that is listed.
    pub own: u64,
    /// A file does not say of versions what they are.
    pub lacks_versions: bool,
}

impl Counted {
    pub fn add(&mut self, more: Self) {
        self.rows = self.rows.saturating_add(more.rows);
        self.row_bytes = self.row_bytes.saturating_add(more.row_bytes);
        self.objects = self.objects.saturating_add(more.objects);
        self.bytes = self.bytes.saturating_add(more.bytes);
        self.own = self.own.saturating_add(more.own);
        self.lacks_versions |= more.lacks_versions;
    }
}

/// Whether anybody still wants pages.
pub type Goes = bool;

/// Makes pages of rows, and hands each on that is full.
pub struct Pages<F> {
    wanted: Wanted,
    page: Page,
    counted: Counted,
    /// Takes a page and gives an empty one; `None` where nobody wants any more.
    hand_on: F,
}

impl<F: FnMut(Page) -> Option<Page>> Pages<F> {
    pub fn new(wanted: Wanted, hand_on: F) -> Self {
        Self {
            wanted,
            page: Page::new(),
            counted: Counted::default(),
            hand_on,
        }
    }

    /// Whether what is wanted can be told from such columns.
    ///
    /// # Errors
    /// It cannot.
    pub fn can_be_of(&mut self, places: &Places) -> Result<(), Fault> {
        self.counted.lacks_versions |= !places.has_versions();
        match self.wanted.kind == ListingKind::Versions && !places.has_versions() {
            true => Err(Fault::new("has the current versions of objects alone")
                .with_advice("have the report made with all versions, or do without them")),
            false => Ok(()),
        }
    }

    /// Adds a row, if it is wanted.
    ///
    /// # Errors
    /// It is of another bucket than the report.
    #[inline]
    pub fn add(&mut self, row: Row<'_>) -> Result<Goes, Fault> {
        self.counted.rows += 1;
        self.counted.row_bytes = self.counted.row_bytes.saturating_add(row.size.unwrap_or(0));
        let wanted = &self.wanted;
        let key = match row.bucket {
            Some(bucket) if bucket == wanted.bucket.as_bytes() => row.key,
            Some(bucket) => return Err(foreign(bucket)),
            // The report is of several.
            None => match split(row.key) {
                Some((bucket, key)) if bucket == wanted.bucket.as_bytes() => key,
                Some(_) => return Ok(true),
                None => return Err(Fault::new("has a name without a container")),
            },
        };
        self.counted.own += 1;
        if row.is_folder || !key.starts_with(wanted.prefix.as_bytes()) {
            return Ok(true);
        }
        if key.is_empty() {
            return Err(Fault::new("has an object with an empty key"));
        }
        let object = Object {
            key,
            size: row.size.unwrap_or(0),
            last_modified: row.last_modified,
            storage_class: StorageClass::new(row.class),
        };
        match (wanted.kind, row.state) {
            (ListingKind::Versions, state) => self.page.push_version(object, state),
            (_, VersionState::Current) => self.page.push(object),
            (_, state) => {
                self.page.push_beside(object, state);
                return self.go_on();
            }
        }
        if row.size.is_none() && row.state != VersionState::DeleteMarker {
            self.page.note(Oddity::NoSize, self.page.len() - 1);
        }
        self.counted.objects += 1;
        self.counted.bytes = self.counted.bytes.saturating_add(object.size);
        self.go_on()
    }

    /// Hands on a page that is full.
    fn go_on(&mut self) -> Result<Goes, Fault> {
        let beside = self.page.beside().map_or(0, Page::len);
        match self.page.len().max(beside) < self.wanted.page {
            true => Ok(true),
            false => Ok(self.hand_on()),
        }
    }

    fn hand_on(&mut self) -> Goes {
        let full = std::mem::take(&mut self.page);
        match (self.hand_on)(full) {
            Some(mut empty) => {
                empty.clear();
                self.page = empty;
                true
            }
            None => false,
        }
    }

    /// Hands on what is left, and gives what there was.
    pub fn end(mut self) -> Counted {
        if !self.page.is_empty() || self.page.beside().is_some() {
            self.hand_on();
        }
        self.counted
    }
}

#[cold]
fn foreign(bucket: &[u8]) -> Fault {
    let bucket = String::from_utf8_lossy(bucket);
    Fault::new(format!("has an object of another bucket, {bucket:?}"))
}

/// What a version is that is said to be so.
#[inline]
pub const fn state(is_latest: bool, is_marker: bool) -> VersionState {
    match (is_marker, is_latest) {
        (true, _) => VersionState::DeleteMarker,
        (false, true) => VersionState::Current,
        (false, false) => VersionState::Noncurrent,
    }
}

/// What comes before the first slash, and after it.
fn split(name: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = name.iter().position(|b| *b == b'/')?;
    Some((&name[..at], &name[at + 1..]))
}
