use std::ops::Range;

use crate::UnixTime;

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
    /// Where the store keeps the object.
    pub storage_class: StorageClass,
}

/// How a store keeps an object, as far as it matters to somebody who wants it back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StorageClass {
    /// Can be read at once: `STANDARD`, any class not named below, or none given.
    #[default]
    Online,
    /// `GLACIER` (Flexible Retrieval): minutes to hours until it can be read.
    Glacier,
    /// `DEEP_ARCHIVE`: up to two days until it can be read.
    DeepArchive,
}

impl StorageClass {
    /// From the `StorageClass` of a listing.
    pub fn parse(name: &[u8]) -> Self {
        match name {
            b"GLACIER" => Self::Glacier,
            b"DEEP_ARCHIVE" => Self::DeepArchive,
            _ => Self::Online,
        }
    }
}

/// One page of a listing. The keys lie end to end in one buffer; clearing keeps the
/// memory, so that a scan of any length allocates for its largest page only.
#[derive(Debug, Default)]
pub struct Page {
    keys: Vec<u8>,
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    key: Range<usize>,
    size: u64,
    last_modified: UnixTime,
    storage_class: StorageClass,
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
    }

    /// Adds an object at the end.
    #[inline] // into the loop of another crate
    pub fn push(&mut self, object: Object<'_>) {
        let start = self.keys.len();
        self.keys.extend_from_slice(object.key);
        self.entries.push(Entry {
            key: start..self.keys.len(),
            size: object.size,
            last_modified: object.last_modified,
            storage_class: object.storage_class,
        });
    }

    /// Decodes keys where they lie: `decode` changes a key's bytes and gives how many of
    /// them are left.
    ///
    /// # Errors
    /// The first error of `decode`; the keys are then unspecified.
    #[inline]
    pub fn decode_keys<E>(
        &mut self,
        mut decode: impl FnMut(&mut [u8]) -> Result<usize, E>,
    ) -> Result<(), E> {
        for Entry { key, .. } in &mut self.entries {
            let left = decode(&mut self.keys[key.clone()])?;
            key.end = key.end.min(key.start + left);
        }
        Ok(())
    }

    /// Takes out objects whose key is that of the object before, the first one's being `before`:
    /// the first of several stays. Gives how many there were.
    pub fn remove_repeated(&mut self, before: &[u8]) -> usize {
        let Self { keys, entries } = self;
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
            storage_class: entry.storage_class,
        })
    }

    /// The objects in the order in which they were added.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Object<'_>> + ExactSizeIterator {
        self.entries.iter().map(|entry| Object {
            key: &self.keys[entry.key.clone()],
            size: entry.size,
            last_modified: entry.last_modified,
            storage_class: entry.storage_class,
        })
    }
}
