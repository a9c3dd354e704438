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

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::unix::fs::symlink;

    use super::*;

    /// Each letter is what a look finds; `!` follows those that are taken.
    #[test]
    fn what_is_new_is_taken_once_and_when_it_has_settled() {
        for looks in [
            "aaa",
            "abb!bbb",
            "abcdd!d",
            "aba",
            "abb!aa!a",
            "abb!cbb",
            "abb!cc!bb!",
        ] {
            let mut state = Settle::new(Some('a'));
            let mut seen = String::new();
            for letter in looks.chars().filter(|letter| *letter != '!') {
                seen.push(letter);
                if state.see(letter) == Settled::New {
                    seen.push('!');
                }
            }
            assert_eq!(seen, looks);
        }
    }

    #[test]
    fn the_first_look_is_not_enough_either() {
        let mut state = Settle::new(None);
        let looks = ['a', 'a', 'a'].map(|found| state.see(found));
        assert_eq!(looks, [Settled::Not, Settled::New, Settled::Same]);
    }

    #[test]
    fn every_way_to_change_a_file_is_seen_and_a_touch_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("one"), "1").unwrap();
        symlink(at("one"), at("link")).unwrap();
        let mut files = WatchedFiles::new([at("link"), at("none")]);
        let mut changed = || (files.changed(), files.changed());
        assert_eq!(changed(), (false, false));
        // In place, of the same length, and within one step of the file system's clock.
        std::fs::write(at("one"), "2").unwrap();
        assert_eq!(changed(), (true, false));
        std::fs::write(at("new"), "3").unwrap();
        std::fs::rename(at("new"), at("one")).unwrap();
        assert_eq!(changed(), (true, false));
        std::fs::write(at("two"), "4").unwrap();
        symlink(at("two"), at("other")).unwrap();
        std::fs::rename(at("other"), at("link")).unwrap();
        assert_eq!(changed(), (true, false));
        std::fs::write(at("none"), "").unwrap();
        assert_eq!(changed(), (true, false));
        std::fs::remove_file(at("none")).unwrap();
        assert_eq!(changed(), (true, false));
        let file = File::options().append(true).open(at("two")).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!(changed(), (false, false));
    }

    #[test]
    fn what_is_gone_holds_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, "one").unwrap();
        let files = WatchedFiles::new([&path]);
        std::fs::remove_file(&path).unwrap();
        assert!(!files.hold_something_else());
        std::fs::write(&path, "one").unwrap();
        assert!(!files.hold_something_else());
        std::fs::write(&path, "two").unwrap();
        assert!(files.hold_something_else());
    }

    /// A file that nobody has written for a while is not read while its version stays.
    #[test]
    fn a_file_is_read_where_it_may_have_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "one").unwrap();
        let version = FileVersion::of(&path);
        let look = |is_young, content| Sight {
            version,
            is_young,
            content,
        };
        assert!(look(false, Ok(1)).stands_for(version));
        assert!(!look(true, Ok(1)).stands_for(version));
        assert!(!look(false, Err(String::new())).stands_for(version));
        assert!(!look(false, Ok(1)).stands_for(FileVersion::of(folder.path())));
        assert!(!look(false, Ok(1)).stands_for(None));
        let now = SystemTime::now();
        let version = version.unwrap();
        assert!(version.is_younger(STEP, now));
        assert!(!version.is_younger(STEP, now + STEP * 2));
        // A clock that was set back.
        assert!(version.is_younger(STEP, now - STEP * 2));
    }

    #[test]
    fn readings_agree_in_the_end_or_are_given_up() {
        let mut rest = [1, 2, 3, 3, 4].into_iter();
        assert_eq!(read_settled(|| rest.next().ok_or(())), Ok(3));
        let mut count = 0;
        let last = read_settled(|| {
            count += 1;
            Ok::<_, ()>(count)
        });
        assert_eq!(last, Ok(READS));
        assert_eq!(read_settled(|| Err::<(), _>("why")), Err("why"));
    }

    #[test]
    fn nothing_of_a_file_is_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "hidden").unwrap();
        let shown = format!("{:?}", WatchedFiles::new([&path]));
        assert_eq!(shown, format!("[{path:?}]"));
    }
}
