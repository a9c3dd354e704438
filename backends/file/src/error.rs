use std::io;

use rustix::io::Errno;
use s3_exporter_api::{BackendError, FailureKind};
use s3_exporter_stream::action;

use crate::URL;

/// A call of the file system that failed, and on what.
#[derive(Clone, Copy, Debug)]
pub enum Tried<'a> {
    /// Opening the bucket's folder.
    Root,
    /// Looking for the marker.
    Marker(&'a str),
    /// Opening or reading a folder below it, by its key.
    Folder(&'a [u8]),
    /// Asking what a file is, by its key.
    File(&'a [u8]),
}

/// The error of such a call.
pub fn failure(bucket: &str, tried: Tried<'_>, errno: Errno) -> BackendError {
    let what = match tried {
        Tried::Root => "the folder".to_owned(),
        Tried::Marker(marker) => format!("the marker {marker:?}"),
        Tried::Folder(b"") => "the folder".to_owned(),
        Tried::Folder(key) => format!("the folder {:?}", String::from_utf8_lossy(key)),
        Tried::File(key) => format!("the file {:?}", String::from_utf8_lossy(key)),
    };
    let (kind, reason, advice) = match errno {
        Errno::NOENT => (
            FailureKind::NotFound,
            "is not there",
            "see that the path is right and that its disk is mounted",
        ),
        Errno::NOTDIR => (
            FailureKind::NotFound,
            "is no folder",
            "`bucket` is the path of a folder",
        ),
        Errno::ACCESS | Errno::PERM => (
            FailureKind::Denied,
            "must not be read",
            "allow this user to read and enter the folder and all below it (`r-x`)",
        ),
        Errno::TIMEDOUT => (
            FailureKind::Timeout,
            "is not answered for",
            "see whether the file server is there",
        ),
        Errno::MFILE | Errno::NFILE | Errno::NOMEM => (
            FailureKind::Internal,
            "cannot be read",
            "allow this process more open files (`LimitNOFILE`) and memory",
        ),
        _ => (
            FailureKind::Unavailable,
            "cannot be read",
            "see whether its disk or file server is well",
        ),
    };
    BackendError::new(kind, action(URL, bucket), format!("{what} {reason}"))
        .with_advice(advice)
        .with_source(io::Error::from(errno))
}

/// The folder has nothing in it at all.
pub fn nothing(bucket: &str) -> BackendError {
    let reason = "the folder is empty, as that of a disk which is not mounted";
    BackendError::new(FailureKind::NotFound, action(URL, bucket), reason).with_advice(
        "mount it; where it is right that there is nothing yet, put a hidden file into it, and name that as `marker`",
    )
}

/// The path leads to another folder than before.
pub fn replaced(bucket: &str) -> BackendError {
    let reason = "the path leads to another folder than when the listing began";
    BackendError::new(FailureKind::Unavailable, action(URL, bucket), reason).with_advice(
        "see whether it was mounted or unmounted meanwhile; nothing of this listing is used",
    )
}

/// It has more folders in one another than are followed.
pub fn too_deep(bucket: &str, key: &[u8], most: usize) -> BackendError {
    let key = String::from_utf8_lossy(key);
    let reason = format!("the folder {key:?} lies deeper than {most} folders");
    BackendError::new(FailureKind::Protocol, action(URL, bucket), reason)
        .with_advice("leave it out by `ignore`, or watch what lies above it by `prefix`")
}
