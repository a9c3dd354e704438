//! One range of keys.

use super::Start;
use crate::alphabet::MAX_KEY;
use crate::folder::is_flat;
use crate::split::{Behind, Listed, Outlook};

/// So many pages in a row that lie in one folder: what is left of a part goes on by tokens then.
const LARGE_FOLDER: u32 = 12;

/// A range of keys: after where it starts, up to and including its end.
#[derive(Debug)]
pub(super) struct KeyRange {
    /// What to ask for next; `None` while it is asked for, and at the end.
    pub next: Option<Start>,
    /// The listing that the next page is one of: the destination's prefix, or that and folders.
    pub prefix: Box<str>,
    /// What was taken.
    pub listed: Listed,
    /// The boundary that it begins at, until its first keys have come.
    pub begins: Option<Box<str>>,
    /// Whether a page was taken.
    pub explored: bool,
    /// Whether it has objects.
    pub has_objects: bool,
    pub done: bool,
    /// How many were made before it.
    pub number: u64,
    pub end: Option<Box<str>>,
    /// What is known of what follows its end.
    pub behind: Behind,
    /// Whether there are others.
    pub is_part: bool,
    /// Whether it is there to show that the listing ends where it began.
    pub proves_end: bool,
    /// Whether the store gives no tokens.
    pub by_last: bool,
    /// Pages in a row whose last keys lie in one folder.
    pub in_folder: u32,
    /// Pages in a row without an object.
    pub empty_pages: u32,
    /// Objects that were taken since a page with a key that the scan before remembered.
    pub unforeseen: u64,
    /// The latest key that was remembered for the next scan, and the objects behind it.
    pub remembered: Box<str>,
    pub carry: u64,
    /// What is left of it, as the alphabet and the pages were then.
    pub outlook: Option<(u64, u64, Outlook)>,
}

impl KeyRange {
    /// A range of the listing of `prefix`, after a key.
    pub fn new(next: Start, prefix: &str, after: &str, end: Option<Box<str>>) -> Self {
        let is_part = !matches!(next, Start::First);
        Self {
            next: Some(next),
            prefix: prefix.into(),
            listed: Listed::new(after.as_bytes()),
            begins: is_part.then(|| after.into()),
            explored: false,
            has_objects: false,
            done: false,
            number: 0,
            end,
            behind: Behind::Unknown,
            is_part,
            proves_end: false,
            by_last: false,
            in_folder: 0,
            empty_pages: 0,
            unforeseen: 0,
            remembered: "".into(),
            carry: 0,
            outlook: None,
        }
    }

    /// A page ends with this key.
    pub fn follow(&mut self, last: &[u8]) {
        let folder = |key: &[u8]| key.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
        let before = self.listed.last();
        let stays = before[..folder(before)] == last[..folder(last)];
        self.in_folder = if stays { self.in_folder + 1 } else { 0 };
    }

    /// The key after which a part of the listing goes on. With a token, MinIO lists all that
    /// follows, to the end of the bucket, for each part anew: 16 parts of 20,000 keys cost it
    /// 2.7 s of CPU, and 1.0 s with a key. With a key it reads all names of a folder for each
    /// page, so in a large one a token is cheaper in the end, and at once where there is one
    /// part. What follows a key is certain where that lies in no folder of the listing. No key is
    /// known after an empty page, and none can be sent that is not UTF-8 or is longer than any
    /// key may be.
    pub fn resume(&self, taken: usize) -> Option<Box<str>> {
        let last = std::str::from_utf8(self.listed.last()).ok()?;
        let can_be_sent = taken > 0 && last.len() <= MAX_KEY;
        let by_key = self.is_part
            && can_be_sent
            && is_flat(last, &self.prefix)
            && self.in_folder < LARGE_FOLDER;
        by_key.then(|| last.into())
    }
}
