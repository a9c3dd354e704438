use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Tells one content of a file from the next, without reading it: device, inode, size, and
/// when it was changed. Links are followed, so that a mount of Kubernetes, which changes by
/// a link, shows another file then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileVersion {
    place: (u64, u64),
    size: u64,
    changed: (i64, i64),
}

impl FileVersion {
    /// Of the file as it is now; `None` where there is none.
    pub fn of(path: &Path) -> Option<Self> {
        std::fs::metadata(path).ok().map(Self::from)
    }
}

impl From<Metadata> for FileVersion {
    fn from(file: Metadata) -> Self {
        Self {
            place: (file.dev(), file.ino()),
            size: file.size(),
            changed: (file.ctime(), file.ctime_nsec()),
        }
    }
}
