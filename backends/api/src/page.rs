use std::fmt;
use std::ops::Range;

use crate::{Report, UnixTime};

/// One object as a listing shows it, borrowed from a [`Page`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Object<'a> {
    /// The key's bytes. S3 keys are UTF-8, but some stores keep and list others: such a
    /// key is an object like any other (it is counted, and matched byte for byte), is
    /// shown with U+FFFD in place of what is not UTF-8, and is never sent back to the
    /// store as a place to start after.
    pub key: &'a [u8],
    /// Bytes.
    pub size: u64,
    /// When the store took the object.
    pub last_modified: UnixTime,
    /// How the store keeps the object.
    pub storage_class: StorageClass<'a>,
}

/// The class in which a store keeps an object, by the name that the store gives it, such as
/// `STANDARD` or `GLACIER`: there are more than anybody lists, and each store may have its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StorageClass<'a>(&'a [u8]);

impl<'a> StorageClass<'a> {
    /// Where S3 [names none](https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html),
    /// it means this one.
    pub const STANDARD: StorageClass<'static> = StorageClass(b"STANDARD");

    /// From the `StorageClass` of a listing; empty where it names none.
    pub const fn new(name: &'a [u8]) -> Self {
        if name.is_empty() {
            return Self::STANDARD;
        }
        Self(name)
    }

    /// The name, as the store says it: it may be anything.
    pub const fn name(self) -> &'a [u8] {
        self.0
    }
}

impl Default for StorageClass<'_> {
    fn default() -> Self {
        Self::STANDARD
    }
}

/// What a version of an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionState {
    /// What a listing of objects shows.
    Current,
    /// An earlier one, kept: it takes space.
    Noncurrent,
    /// Says that the object was deleted then; the latest such hides the key.
    DeleteMarker,
}

/// What a store says otherwise than it should, though what is meant can be told. A page is
/// taken all the same: one odd object must not hide all the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Oddity {
    /// An object without a size, as some stores list what they keep as a folder: 0 bytes.
    NoSize,
    /// The keys are said to be encoded for URLs, and a `%` begins no code: it is a `%`.
    LonePercent,
    /// The keys are said to be encoded for URLs and hold what would be: all are as they stand.
    NotEncoded,
}

impl Oddity {
    /// All of them, in the order of the declaration.
    pub const ALL: [Self; 3] = [Self::NoSize, Self::LonePercent, Self::NotEncoded];

    /// What the store does, and what is made of it, for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoSize => "the store lists an object without a size, which counts as 0 bytes",
            Self::LonePercent => {
                "the store says that keys are URL-encoded, but not this one: its % is taken as it is"
            }
            Self::NotEncoded => {
                "the store says that keys are URL-encoded, but they are not: all of the page are taken as they are"
            }
        }
    }
}

impl fmt::Display for Oddity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One page of a listing. The keys lie end to end in one buffer; clearing keeps the
/// memory, so that a scan of any length allocates for its largest page only.
#[derive(Debug, Default)]
pub struct Page {
    keys: Vec<u8>,
    entries: Vec<PageEntry>,
    classes: ClassNames,
    /// Of each entry, where versions were listed.
    states: Vec<VersionState>,
    /// At which object each was seen first.
    oddities: [Option<usize>; Oddity::ALL.len()],
    report: Option<Report>,
    /// Versions that the listing does not show.
    beside: Option<Box<Page>>,
}

#[derive(Debug)]
struct PageEntry {
    key: Range<usize>,
    size: u64,
    last_modified: UnixTime,
    /// Among the page's.
    storage_class: usize,
}

/// The names of the classes in a page, end to end. Most pages have one or two.
#[derive(Debug, Default)]
struct ClassNames {
    bytes: Vec<u8>,
    names: Vec<Range<usize>>,
}

impl ClassNames {
    /// So many are looked for. One that comes later is kept each time that another comes between:
    /// no store has so many, and one that makes them up costs no more than its answer has bytes.
    const KNOWN: usize = 32;

    fn clear(&mut self) {
        self.bytes.clear();
        self.names.clear();
    }

    #[inline]
    fn get(&self, at: usize) -> StorageClass<'_> {
        match self.names.get(at) {
            Some(name) => StorageClass(&self.bytes[name.clone()]),
            None => StorageClass::STANDARD, // of a page that has none
        }
    }

    /// The place of a class. Not inlined: most objects have that of the object before.
    #[inline(never)]
    fn add(&mut self, class: StorageClass<'_>) -> usize {
        let known = (0..self.names.len().min(Self::KNOWN)).find(|at| self.get(*at) == class);
        known.unwrap_or_else(|| {
            let start = self.bytes.len();
            self.bytes.extend_from_slice(class.name());
            self.names.push(start..self.bytes.len());
            self.names.len() - 1
        })
    }
}

impl Page {
    /// An empty page.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets the objects and keeps the memory.
    pub fn clear(&mut self) {
        self.keys.clear();
        self.entries.clear();
        self.classes.clear();
        self.states.clear();
        self.oddities = Default::default();
        self.report = None;
        if let Some(beside) = &mut self.beside {
            beside.clear();
        }
    }

    /// Adds an object at the end.
    #[inline] // into the loop of another crate
    pub fn push(&mut self, object: Object<'_>) {
        let start = self.keys.len();
        self.keys.extend_from_slice(object.key);
        let before = self.entries.last().map(|entry| entry.storage_class);
        let same = before.filter(|at| self.classes.get(*at) == object.storage_class);
        let storage_class = same.unwrap_or_else(|| self.classes.add(object.storage_class));
        self.entries.push(PageEntry {
            key: start..self.keys.len(),
            size: object.size,
            last_modified: object.last_modified,
            storage_class,
        });
    }

    /// Adds a version at the end. A page has versions alone, or none.
    pub fn push_version(&mut self, object: Object<'_>, state: VersionState) {
        self.push(object);
        self.states.push(state);
    }

    /// Adds a version to a listing of objects, which does not show it: where a report tells of it all the same.
    pub fn push_beside(&mut self, object: Object<'_>, state: VersionState) {
        let beside = self.beside.get_or_insert_default();
        beside.push_version(object, state);
    }

    /// The versions beside the objects; `None` where there are none in this page.
    pub fn beside(&self) -> Option<&Self> {
        self.beside.as_deref().filter(|beside| !beside.is_empty())
    }

    /// What each entry of a listing of versions is, in their order; of any other listing there are none.
    pub fn states(&self) -> &[VersionState] {
        &self.states
    }

    /// Says that the listing is of a report, and what that says of all of the listing: in its last page.
    pub fn set_report(&mut self, report: Report) {
        self.report = Some(report);
    }

    /// What the report says that the listing is of; `None` but in the last page of one.
    pub const fn report(&self) -> Option<Report> {
        self.report
    }

    /// Keeps in mind that the object at `index` is odd. Of each kind the first one is kept.
    pub fn note(&mut self, oddity: Oddity, index: usize) {
        self.oddities[oddity as usize].get_or_insert(index);
    }

    /// What is odd in the page, each kind once, with the first key that it was seen at.
    pub fn oddities(&self) -> impl Iterator<Item = (Oddity, &[u8])> {
        let found = Oddity::ALL.into_iter().zip(self.oddities);
        found.filter_map(|(oddity, index)| {
            let entry = self.entries.get(index?)?;
            Some((oddity, &self.keys[entry.key.clone()]))
        })
    }

    /// Decodes keys where they lie: `decode` changes a key's bytes and gives how many of
    /// them are left, and what is odd about them.
    #[inline]
    pub fn decode_keys(&mut self, mut decode: impl FnMut(&mut [u8]) -> (usize, Option<Oddity>)) {
        for index in 0..self.entries.len() {
            let key = &mut self.entries[index].key;
            let (left, oddity) = decode(&mut self.keys[key.clone()]);
            key.end = key.end.min(key.start + left);
            if let Some(oddity) = oddity {
                self.note(oddity, index);
            }
        }
    }

    /// Takes out objects whose key is that of the object before, the first one's being `before`:
    /// the first of several stays. Gives how many there were.
    pub fn remove_repeated(&mut self, before: &[u8]) -> usize {
        let Self { keys, entries, .. } = self;
        let count = entries.len();
        let mut last: Option<Range<usize>> = None;
        entries.retain(|entry| {
            let before = last.as_ref().map_or(before, |last| &keys[last.clone()]);
            let is_new = keys[entry.key.clone()] != *before;
            if is_new {
                last = Some(entry.key.clone());
            }
            is_new
        });
        count - entries.len()
    }

    /// Forgets all objects but the first `count`.
    pub fn truncate(&mut self, count: usize) {
        self.entries.truncate(count);
    }

    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The keys in the order in which they were added.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &[u8]> + ExactSizeIterator {
        self.entries
            .iter()
            .map(|entry| &self.keys[entry.key.clone()])
    }

    /// The bytes of all keys, end to end, as they were added.
    pub fn key_bytes(&self) -> &[u8] {
        &self.keys
    }

    /// The key of the object at `index`.
    ///
    /// # Panics
    /// There are not so many.
    pub fn key(&self, index: usize) -> &[u8] {
        &self.keys[self.entries[index].key.clone()]
    }

    /// The object at `index`; `None` where there are not so many.
    pub fn get(&self, index: usize) -> Option<Object<'_>> {
        let entry = self.entries.get(index)?;
        Some(Object {
            key: &self.keys[entry.key.clone()],
            size: entry.size,
            last_modified: entry.last_modified,
            storage_class: self.classes.get(entry.storage_class),
        })
    }

    /// The objects in the order in which they were added.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Object<'_>> + ExactSizeIterator {
        self.entries.iter().map(|entry| Object {
            key: &self.keys[entry.key.clone()],
            size: entry.size,
            last_modified: entry.last_modified,
            storage_class: self.classes.get(entry.storage_class),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever their order, and more than are looked for; also in a page that is used again.
    #[test]
    fn each_object_keeps_its_class() {
        let names: Vec<_> = (0..100)
            .map(|nth| format!("CLASS-{}", nth * 7 % 60))
            .collect();
        let mut page = Page::new();
        for round in 0..3 {
            page.clear();
            for name in names[round..].iter().chain(&names) {
                page.push(Object {
                    key: b"k",
                    size: 1,
                    last_modified: UnixTime::from_millis(0),
                    storage_class: StorageClass::new(name.as_bytes()),
                });
            }
            let found = page.iter().map(|object| object.storage_class.name());
            let expected = names[round..].iter().chain(&names);
            assert!(found.eq(expected.map(String::as_bytes)));
        }
        assert_eq!(StorageClass::new(b""), StorageClass::STANDARD);
    }
}
