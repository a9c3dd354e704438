//! The folder of the state: who may write it, the names in it, and how a file is replaced.

use std::collections::HashSet;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use s3_exporter_config::file;
use sha2::{Digest, Sha256};

use super::record::{self, Unusable};
use super::{SavedState, StateError};
use crate::destination::{Destination, ListingId};

/// The file that is locked, and says by whom.
const LOCK: &str = "lock";
/// Ends the name of a destination's file.
const ENDING: &str = ".state";
/// Begins and ends the name of a file that is not finished.
const UNFINISHED: (&str, &str) = (".s3-exporter-", ".tmp");
/// A destination that is taken out of the configuration, and put back within this time,
/// comes back with its figures.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);
/// Letters of a destination's name that are seen in the name of its file.
const SHOWN: usize = 40;
/// A file of 100,000 clusters has about 20 MB: what is larger is none of ours.
const LARGEST: u64 = 64 << 20;

/// A folder that keeps state.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    lock: Mutex<Option<File>>,
}

impl Folder {
    pub(super) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            lock: Mutex::default(),
        }
    }

    /// Makes sure that there is a folder and that it is ours.
    pub(super) fn lock(&self) -> Result<(), StateError> {
        let mut lock = self.held();
        if lock.is_none() {
            *lock = Some(take(&self.path)?);
        }
        Ok(())
    }

    /// Lets another process have it.
    pub(super) fn unlock(&self) {
        *self.held() = None;
    }

    fn held(&self) -> MutexGuard<'_, Option<File>> {
        self.lock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces what is kept of a destination: at no moment is there half a file, and once
    /// this has returned it is there after a loss of power too.
    pub(super) fn save(
        &self,
        destination: &Destination,
        saved: &SavedState,
    ) -> Result<(), StateError> {
        let path = self.path.join(file_name(&destination.name));
        let failed = |cause| failed("writing", &path, cause);
        let bytes = record::to_bytes(&destination.listing(), saved)
            .map_err(|error| failed(error.into()))?;
        if bytes.len() as u64 > LARGEST {
            let bytes = bytes.len();
            return Err(StateError::TooLarge { path, bytes });
        }
        self.lock()?;
        self.replace(&path, &bytes).map_err(|cause| {
            if cause.kind() == ErrorKind::NotFound {
                self.unlock(); // the folder is gone, and the lock with it: the next one makes both
            }
            failed(cause)
        })
    }

    fn replace(&self, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
        let (prefix, suffix) = UNFINISHED;
        // Readable by its owner alone, and removed where anything below fails.
        let mut file = tempfile::Builder::new()
            .prefix(prefix)
            .suffix(suffix)
            .tempfile_in(&self.path)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|failed| failed.error)?;
        File::open(&self.path)?.sync_all()
    }

    /// What the destination's file says. One that is of no use is set aside with a warning:
    /// nothing is lost, and the next one takes its place.
    pub(super) fn load(&self, destination: &str) -> Option<(ListingId, SavedState)> {
        let path = self.path.join(file_name(destination));
        let unusable = match read(&path, destination) {
            Ok(found) => return found,
            Err(unusable) => unusable,
        };
        let ending = match unusable {
            Unusable::Corrupt(_) => "corrupt",
            Unusable::Newer(_) => "newer",
        };
        let aside = path.with_extension(format!("state.{ending}"));
        let moved = match std::fs::rename(&path, &aside) {
            Ok(()) => format!("it is now {}", aside.display()),
            Err(cause) => format!("it cannot be set aside: {cause}"),
        };
        let (file, error) = (path.display(), unusable.to_string());
        tracing::warn!(destination, %file, error, moved, "what was kept is of no use, and is not used");
        None
    }

    /// The same, where nothing there is ours to change: what is of no use stays.
    pub(super) fn peek(&self, destination: &str) -> Option<(ListingId, SavedState)> {
        let path = self.path.join(file_name(destination));
        read(&path, destination).unwrap_or_else(|unusable| {
            let (file, error) = (path.display(), unusable.to_string());
            tracing::warn!(destination, %file, error, "what was kept is of no use, and is not used");
            None
        })
    }

    /// Removes what is unfinished, and what was kept long ago of other destinations. What
    /// cannot be removed is left.
    pub(super) fn tidy<'a>(&self, destinations: impl IntoIterator<Item = &'a str>) {
        let own: HashSet<_> = destinations.into_iter().map(file_name).collect();
        let Ok(entries) = std::fs::read_dir(&self.path) else {
            return;
        };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            let (prefix, suffix) = UNFINISHED;
            let is_unfinished = name.starts_with(prefix) && name.ends_with(suffix);
            let is_foreign = is_ours(name) && !own.contains(in_use(name));
            let is_old = || {
                let modified = entry.metadata().and_then(|file| file.modified());
                let age = modified.map(|time| SystemTime::now().duration_since(time));
                matches!(age, Ok(Ok(age)) if age > KEPT)
            };
            if is_unfinished || is_foreign && is_old() {
                let removed = std::fs::remove_file(entry.path());
                tracing::debug!(file = name, ?removed, "no longer needed");
            }
        }
    }
}

/// What a destination's file says; `None` where there is none, or none that can be read.
fn read(path: &Path, destination: &str) -> Result<Option<(ListingId, SavedState)>, Unusable> {
    match file::read(path, LARGEST) {
        Ok(bytes) => record::parse(&bytes).map(Some),
        Err(cause) if cause.kind() == ErrorKind::FileTooLarge => {
            Err(Unusable::Corrupt(cause.to_string()))
        }
        Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(None),
        Err(cause) if cause.kind() == ErrorKind::NotADirectory => Ok(None), // said at the opening
        Err(cause) => {
            let (file, error) = (path.display(), cause.to_string());
            tracing::warn!(destination, %file, error, "what was kept cannot be read, and is not used");
            Ok(None)
        }
    }
}

/// The name of a destination's file, whatever the destination's name is: what people
/// recognise, and a hash that tells it from any other.
pub(super) fn file_name(destination: &str) -> String {
    let seen = |letter: char| match letter {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '-' => letter,
        _ => '_',
    };
    let shown: String = destination.chars().take(SHOWN).map(seen).collect();
    let hash = Sha256::digest(destination);
    let hash: String = hash[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{hash}-{shown}{ENDING}")
}

/// What a file was called before it was set aside.
fn in_use(name: &str) -> &str {
    let end = name.rfind(ENDING).map(|at| at + ENDING.len());
    &name[..end.unwrap_or(name.len())]
}

/// Whether [`file_name`] gave this name, or it was set aside.
fn is_ours(name: &str) -> bool {
    let is_hash =
        |hash: &str| hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    let named = name.split_once('-').is_some_and(|(hash, _)| is_hash(hash));
    named
        && ["", ".corrupt", ".newer"]
            .iter()
            .any(|aside| name.ends_with(&format!("{ENDING}{aside}")))
}

/// Makes the folder where there is none, and locks it. The lock ends with the process,
/// however that ends.
fn take(folder: &Path) -> Result<File, StateError> {
    let path = folder.join(LOCK);
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|cause| failed("making the folder", folder, cause))?;
    let mut options = OpenOptions::new();
    options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600);
    let mut file = options
        .open(&path)
        .map_err(|cause| failed("opening", &path, cause))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(StateError::Held {
                folder: folder.to_owned(),
                holder: words(&path),
            });
        }
        Err(TryLockError::Error(cause)) => return Err(failed("locking", &path, cause)),
    }
    // For people only, so a disk that is full does not matter.
    let host = words(Path::new("/proc/sys/kernel/hostname"));
    let holder = format!("{} on {host}\n", std::process::id());
    let _ = file
        .set_len(0)
        .and_then(|()| file.write_all(holder.as_bytes()));
    Ok(file)
}

/// What a small file says; nothing where it cannot be read.
fn words(path: &Path) -> String {
    let bytes = file::read(path, file::MAX_FILE).unwrap_or_default();
    String::from_utf8_lossy(&bytes).trim().to_owned()
}

fn failed(action: &'static str, path: &Path, cause: std::io::Error) -> StateError {
    StateError::Failed {
        action,
        path: path.to_owned(),
        cause,
    }
}
