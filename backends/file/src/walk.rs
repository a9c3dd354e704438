//! A folder, walked: file after file, as the file system gives them.

use std::sync::Arc;

use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat, fstat, open, openat, stat, statat};
use rustix::io::Errno;
use s3_exporter_api::{BackendError, Object, Page, StorageClass, UnixTime};
use s3_exporter_stream::{Stream, Watch};

use crate::config::FileConfig;
use crate::error::{Tried, failure, nothing, replaced, too_deep};

/// Folders in one another: each that is walked is an open file.
const MOST_FOLDERS: usize = 256;

/// No link is ever followed: what is opened is a folder itself, in the folder that it was read in.
const FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// A walk, and where it is.
pub struct Walk {
    config: FileConfig,
    bucket: String,
    watch: Arc<Watch>,
    /// What the bucket's path led to when it began.
    identity: (u64, u64),
    /// From the outermost on; those above the prefix's are not among them.
    folders: Vec<Folder>,
    /// What names in the outermost one begin with.
    start: Vec<u8>,
    /// The latest entry's, or what is left of it: a folder's ends with a `/`.
    key: Vec<u8>,
}

struct Folder {
    entries: Dir,
    /// Bytes of its key.
    key: usize,
}

/// What an entry turned out to be.
enum Entry {
    File(Stat),
    Folder(Dir),
    /// It is left out, or is gone.
    Nothing,
}

impl Walk {
    /// Opens the bucket's folder and goes to the one of the prefix.
    ///
    /// # Errors
    /// They must not be read, or the bucket's looks like that of a disk that is not mounted. A
    /// prefix that is not there is no error: nothing is below it.
    pub fn open(
        config: &FileConfig,
        bucket: &str,
        prefix: &str,
        watch: &Arc<Watch>,
    ) -> Result<Self, BackendError> {
        let at_root = |errno| failure(bucket, Tried::Root, errno);
        // The path is the user's own: links in it are followed.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = open(bucket, flags, Mode::empty()).map_err(at_root)?;
        let identity = identity(&fstat(&root).map_err(at_root)?);
        let (folders, start) = prefix.rsplit_once('/').unwrap_or(("", prefix));
        let mut walk = Self {
            config: config.clone(),
            bucket: bucket.to_owned(),
            watch: Arc::clone(watch),
            identity,
            folders: Vec::new(),
            start: start.as_bytes().to_vec(),
            key: Vec::new(),
        };
        walk.look_for_marker()?;
        if is_empty(&root).map_err(at_root)? {
            return Err(nothing(bucket));
        }
        if let Some(folder) = walk.descend(root, folders, prefix.contains('/'))? {
            let key = walk.key.len();
            let entries = Dir::new(folder).map_err(at_root)?;
            walk.folders.push(Folder { entries, key });
        }
        Ok(walk)
    }

    /// Opens the prefix's folders, one in the other.
    fn descend(
        &mut self,
        root: OwnedFd,
        folders: &str,
        is_below: bool,
    ) -> Result<Option<OwnedFd>, BackendError> {
        let mut folder = root;
        if !is_below {
            return Ok(Some(folder));
        }
        for name in folders.split('/') {
            // No key has these between its slashes.
            if matches!(name, "" | "." | "..") || self.is_ignored(name.as_bytes()) {
                return Ok(None);
            }
            self.enter(name.as_bytes());
            folder = match openat(&folder, name, FOLDER, Mode::empty()) {
                Ok(inner) => inner,
                Err(errno) if is_gone(errno) || errno == Errno::NAMETOOLONG => return Ok(None),
                Err(errno) => return Err(self.failed(errno, Tried::Folder)),
            };
        }
        Ok(Some(folder))
    }

    /// What must be in the folder is there.
    fn look_for_marker(&self) -> Result<(), BackendError> {
        let Some(marker) = &self.config.marker else {
            return Ok(());
        };
        let path = format!("{}/{marker}", self.bucket);
        let found = stat(&*path);
        found
            .map(drop)
            .map_err(|errno| failure(&self.bucket, Tried::Marker(marker), errno))
    }

    /// The walk is at its end: was it one of the same folder from the beginning on?
    fn settle(&self) -> Result<(), BackendError> {
        let found = stat(&*self.bucket);
        let found = found.map_err(|errno| failure(&self.bucket, Tried::Root, errno))?;
        if identity(&found) != self.identity {
            return Err(replaced(&self.bucket));
        }
        self.look_for_marker()
    }

    /// Goes to the entry of this name in the latest folder. One that is left out is not asked for.
    fn look_at(&mut self, name: &[u8], kind: FileType) -> Result<Entry, BackendError> {
        let is_outermost = self.folders.len() == 1;
        let is_left_out = matches!(name, b"." | b"..")
            || (is_outermost && !name.starts_with(&self.start))
            || self.is_ignored(name);
        let Some(folder) = self.folders.last().filter(|_| !is_left_out) else {
            return Ok(Entry::Nothing);
        };
        self.key.truncate(folder.key);
        self.key.extend_from_slice(name);
        let found = folder.entries.fd().and_then(|folder| match kind {
            FileType::Directory => open_folder(folder, name),
            FileType::RegularFile | FileType::Unknown => {
                let found = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
                match FileType::from_raw_mode(found.st_mode) {
                    FileType::RegularFile => Ok(Entry::File(found)),
                    FileType::Directory => open_folder(folder, name),
                    _ => Ok(Entry::Nothing),
                }
            }
            _ => Ok(Entry::Nothing),
        });
        match found {
            Ok(entry) => Ok(entry),
            Err(errno) if is_gone(errno) => Ok(Entry::Nothing),
            Err(errno) if kind == FileType::Directory => Err(self.failed(errno, Tried::Folder)),
            Err(errno) => Err(self.failed(errno, Tried::File)),
        }
    }

    /// The key is that of a folder in the latest one.
    fn enter(&mut self, name: &[u8]) {
        self.key.extend_from_slice(name);
        self.key.push(b'/');
        self.watch.works_on(&self.key);
    }

    /// The latest folder is done.
    fn leave(&mut self) {
        self.folders.pop();
        let key = self.folders.last().map_or(0, |outer| outer.key);
        self.key.truncate(key);
        self.watch.works_on(&self.key);
    }

    fn is_ignored(&self, name: &[u8]) -> bool {
        let name = String::from_utf8_lossy(name);
        let mut patterns = self.config.ignore.iter();
        patterns.any(|pattern| pattern.matches(&name))
    }

    fn failed<'a>(
        &'a self,
        errno: Errno,
        tried: impl FnOnce(&'a [u8]) -> Tried<'a>,
    ) -> BackendError {
        failure(&self.bucket, tried(&self.key), errno)
    }
}

impl Stream for Walk {
    fn go_on(&mut self) {
        self.watch.allow(self.config.request_timeout);
    }

    fn fill(&mut self, page: &mut Page, objects: usize) -> Result<bool, BackendError> {
        while page.len() < objects && !self.watch.is_given_up() {
            self.watch.allow(self.config.request_timeout);
            let Some(folder) = self.folders.last_mut() else {
                self.settle()?;
                return Ok(false);
            };
            let key = folder.key;
            let entry = match folder.entries.read() {
                Some(Ok(entry)) => entry,
                // NFS: another client removed it. Where it is all that has gone, the end tells.
                Some(Err(Errno::STALE)) if self.folders.len() > 1 => {
                    self.leave();
                    continue;
                }
                Some(Err(errno)) => {
                    self.key.truncate(key);
                    return Err(self.failed(errno, Tried::Folder));
                }
                None => {
                    self.leave();
                    continue;
                }
            };
            match self.look_at(entry.file_name().to_bytes(), entry.file_type())? {
                Entry::Nothing => {}
                Entry::File(found) => page.push(Object {
                    key: &self.key,
                    size: u64::try_from(found.st_size).unwrap_or(0),
                    last_modified: modified(&found),
                    storage_class: StorageClass::STANDARD,
                }),
                Entry::Folder(entries) => {
                    self.enter(b"");
                    if self.folders.len() == MOST_FOLDERS {
                        return Err(too_deep(&self.bucket, &self.key, MOST_FOLDERS));
                    }
                    let key = self.key.len();
                    self.folders.push(Folder { entries, key });
                }
            }
        }
        Ok(true)
    }
}

/// A folder in another, which is not asked for what is in it yet.
fn open_folder(folder: impl AsFd, name: &[u8]) -> Result<Entry, Errno> {
    let inner = openat(folder, name, FOLDER, Mode::empty())?;
    Dir::new(inner).map(Entry::Folder)
}

/// Whether what was read in a folder is not there any more, or something else is in its place.
fn is_gone(errno: Errno) -> bool {
    matches!(
        errno,
        Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::STALE
    )
}

/// Whether nothing at all is in it.
fn is_empty(folder: &OwnedFd) -> Result<bool, Errno> {
    let mut entries = Dir::read_from(folder)?;
    while let Some(entry) = entries.read() {
        if !matches!(entry?.file_name().to_bytes(), b"." | b"..") {
            return Ok(false);
        }
    }
    Ok(true)
}

fn identity(of: &Stat) -> (u64, u64) {
    (of.st_dev, of.st_ino)
}

/// When its content was last written.
fn modified(of: &Stat) -> UnixTime {
    let millis = i64::from(of.st_mtime_nsec as u32) / 1_000_000;
    UnixTime::from_millis(of.st_mtime.saturating_mul(1000).saturating_add(millis))
}
