//! A part of a file.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use rustix::fd::OwnedFd;
use rustix::fs::{FileType, Mode, OFlags, Stat, fstat, open, openat};
use rustix::io::Errno;
use s3_exporter_api::{BackendError, FailureKind, ObjectPart};

use crate::URL;
use crate::config::is_path;

/// No link is followed below the bucket's folder.
const WITHIN: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC)
    .union(OFlags::NONBLOCK); // a pipe is no file, and is not waited for

/// These bytes of a file. May block.
///
/// # Errors
/// `not_found` where there is no such file.
pub fn read(bucket: &str, key: &str, range: Range<u64>) -> Result<ObjectPart, BackendError> {
    read_file(bucket, key, range).map_err(|cause| {
        let kind = match cause.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => FailureKind::NotFound,
            io::ErrorKind::PermissionDenied => FailureKind::Denied,
            _ => FailureKind::Unavailable,
        };
        let reason = match kind {
            FailureKind::NotFound => "no such object",
            FailureKind::Denied => "it must not be read",
            _ => "it cannot be read",
        };
        let action = format!("reading object {key:?} of bucket {bucket:?} at {URL}");
        BackendError::new(kind, action, reason).with_source(cause)
    })
}

fn read_file(bucket: &str, key: &str, range: Range<u64>) -> io::Result<ObjectPart> {
    if !is_path(key) {
        return Err(Errno::NOENT.into()); // no file is listed so
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let mut at: OwnedFd = open(bucket, flags, Mode::empty())?;
    for name in key.split('/') {
        at = match openat(&at, name, WITHIN, Mode::empty()) {
            Err(Errno::LOOP) => return Err(Errno::NOENT.into()),
            opened => opened?,
        };
    }
    let found = fstat(&at)?;
    if FileType::from_raw_mode(found.st_mode) != FileType::RegularFile {
        return Err(Errno::NOENT.into());
    }
    let size = u64::try_from(found.st_size).unwrap_or(0);
    let wanted = range.end.min(size).saturating_sub(range.start);
    let mut bytes = vec![0; usize::try_from(wanted).unwrap_or(0)];
    let file = File::from(at);
    file.read_exact_at(&mut bytes, range.start)?;
    let etag = Some(etag(&found));
    Ok(ObjectPart { bytes, size, etag })
}

/// Another one where the file was written or replaced.
fn etag(of: &Stat) -> String {
    format!(
        "{:x}-{:x}-{:x}-{:x}",
        of.st_ino, of.st_mtime, of.st_mtime_nsec, of.st_size
    )
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_part_is_of_a_file_below_the_folder_or_there_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let bucket = folder.path().join("bucket");
        std::fs::create_dir_all(bucket.join("a")).unwrap();
        std::fs::write(bucket.join("a/b"), "0123456789").unwrap();
        std::fs::write(folder.path().join("beside"), "hidden").unwrap();
        symlink("../beside", bucket.join("link")).unwrap();
        symlink("..", bucket.join("up")).unwrap();
        let bucket = bucket.to_str().unwrap();
        for (range, expected) in [(0..4, "0123"), (8..99, "89"), (10..20, ""), (50..60, "")] {
            let part = read(bucket, "a/b", range).unwrap();
            assert_eq!((&*part.bytes, part.size), (expected.as_bytes(), 10));
        }
        for key in [
            "a",
            "a/c",
            "link",
            "up/beside",
            "../beside",
            "a/../a/b",
            "/a/b",
            "a//b",
            "",
            "a/b/c",
        ] {
            let error = read(bucket, key, 0..4).unwrap_err();
            assert_eq!(error.kind(), FailureKind::NotFound, "{key:?}: {error}");
        }
        let before = read(bucket, "a/b", 0..1).unwrap();
        std::fs::write(format!("{bucket}/a/b"), "012345678").unwrap();
        assert_ne!(read(bucket, "a/b", 0..1).unwrap().etag, before.etag);
    }
}
