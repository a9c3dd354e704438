//! Files that are followed while what was made of them is in use.
//!
//! Whoever asks from time to time whether something changed has [`WatchedFiles`]. Whoever takes
//! up a change as a whole, and must not take half of what is being written, waits until two
//! looks agree: [`Settle`], and [`read_settled`] where there is no time between the looks.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::FileVersion;
use crate::file;

#[cfg(test)]
mod tests;

/// Files that something was made of, and what each held then. It is told by their content
/// whether they changed: an atomic rename, the symlinks that Kubernetes swaps and an edit in
/// place are all seen, and a file that was only touched is the same. As long as its version
/// ([`FileVersion`]) stays, a file is not read.
///
/// To be made before the files are read, so that a change in between is seen later.
#[derive(Clone, Default)]
pub struct WatchedFiles {
    files: Vec<(PathBuf, Sight)>,
    /// Nobody else has its keys, so that a hash tells nothing of what may be a secret.
    hashes: RandomState,
}

/// What was found at a path.
#[derive(Clone)]
struct Sight {
    version: Option<FileVersion>,
    /// Whether it may have changed since without another version to show for it.
    is_young: bool,
    /// A hash of what it holds, or why that cannot be read.
    content: Result<u64, String>,
}

/// A file system counts time in steps, in one of which a file may change twice; two seconds is
/// the longest, that of FAT.
const STEP: Duration = Duration::from_secs(2);

/// Far more than any file that is followed holds, in bytes.
const LARGEST: u64 = 16 << 20;

impl WatchedFiles {
    /// These, as they are now.
    pub fn new(paths: impl IntoIterator<Item = impl AsRef<Path>>) -> Self {
        let mut watched = Self::default();
        for path in paths {
            watched.add(path.as_ref());
        }
        watched
    }

    /// One more, as it is now.
    pub fn add(&mut self, path: &Path) {
        let look = Sight::new(path, None, &self.hashes);
        self.files.push((path.to_owned(), look));
    }

    /// The files, in their order.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|(path, _)| path.as_path())
    }

    /// Whether one of them is not as it was when this was asked last (or when they were added).
    /// One that is gone, or cannot be read any more, is not.
    pub fn changed(&mut self) -> bool {
        let mut changed = false;
        for (path, before) in &mut self.files {
            let now = Sight::new(path, Some(before), &self.hashes);
            changed |= now.content != before.content;
            *before = now;
        }
        changed
    }

    /// Whether one of them holds something else than when it was added. Those that are gone or
    /// unreadable do not: what was made of them is good without them.
    pub fn hold_something_else(&self) -> bool {
        self.files.iter().any(|(path, before)| {
            let now = Sight::new(path, Some(before), &self.hashes);
            now.content.is_ok() && now.content != before.content
        })
    }
}

/// Of the files alone: a hash is of no use to anybody.
impl fmt::Debug for WatchedFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.paths()).finish()
    }
}

impl Sight {
    fn new(path: &Path, before: Option<&Self>, hashes: &RandomState) -> Self {
        // Before it is read: what is written after that has another version.
        let version = FileVersion::of(path);
        let is_young = version.is_some_and(|version| version.is_younger(STEP, SystemTime::now()));
        let unread = before.filter(|before| before.stands_for(version));
        let content = match unread {
            Some(before) => before.content.clone(),
            None => file::read(path, LARGEST)
                .map(|bytes| hashes.hash_one(&bytes[..]))
                .map_err(|cause| cause.to_string()),
        };
        Self {
            version,
            is_young,
            content,
        }
    }

    /// Whether a file of this version holds what was found then.
    fn stands_for(&self, version: Option<FileVersion>) -> bool {
        version.is_some() && self.version == version && !self.is_young && self.content.is_ok()
    }
}

/// What changes is taken once two looks in a row find the same: what is being written is found
/// only once.
#[derive(Clone, Debug)]
pub struct Settle<T> {
    /// What was taken last, be it good or bad.
    taken: Option<T>,
    /// What the latest look found, where it is something else.
    candidate: Option<T>,
}

/// What a look at something that changes comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It is what was taken last.
    Same,
    /// It is something else, and the look before found yet another.
    Not,
    /// It is something else, and the look before found it, too: now it is taken.
    New,
}

impl<T: PartialEq> Settle<T> {
    /// After this was taken; `None` where nothing was yet.
    pub const fn new(taken: Option<T>) -> Self {
        Self {
            taken,
            candidate: None,
        }
    }

    /// What was taken last.
    pub const fn taken(&self) -> Option<&T> {
        self.taken.as_ref()
    }

    /// A look has found this.
    pub fn see(&mut self, found: T) -> Settled {
        if self.taken.as_ref() == Some(&found) {
            self.candidate = None;
            Settled::Same
        } else if self.candidate.as_ref() == Some(&found) {
            self.candidate = None;
            self.taken = Some(found);
            Settled::New
        } else {
            self.candidate = Some(found);
            Settled::Not
        }
    }
}

/// How often [`read_settled`] reads: whoever replaces files all the time still gets an answer.
const READS: usize = 10;

/// Reads until two readings agree: of files that belong together and are replaced one after
/// the other, one reading may be half old and half new.
///
/// # Errors
/// That of `read`.
pub fn read_settled<T: PartialEq, E>(mut read: impl FnMut() -> Result<T, E>) -> Result<T, E> {
    let mut found = read()?;
    for _ in 1..READS {
        let again = read()?;
        if again == found {
            break;
        }
        found = again;
    }
    Ok(found)
}
