use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::config::Transport;

/// What the files of certificates look like: the same as long as nobody has written them or
/// put others in their place. Links are followed, so that the whole folder may be swapped, as
/// Kubernetes does.
#[derive(Debug, PartialEq, Eq)]
pub struct Files(Vec<Option<Look>>);

/// Device, inode, time of the latest change in seconds and nanoseconds, size.
type Look = (u64, u64, i64, i64, u64);

impl Files {
    /// Looks, and reads nothing. A file that is not there looks different from any that is.
    pub fn look(transport: &Transport) -> Self {
        Self(paths(transport).map(look).collect())
    }
}

/// The files that certificates and their keys are read from.
pub fn paths(transport: &Transport) -> impl Iterator<Item = &Path> {
    let own = transport.client_certificate.iter();
    let own = own.flat_map(|(certificate, key)| [certificate, key]);
    transport.ca_bundle.iter().chain(own).map(PathBuf::as_path)
}

fn look(path: &Path) -> Option<Look> {
    let of = |file: Metadata| {
        let changed = (file.ctime(), file.ctime_nsec());
        (file.dev(), file.ino(), changed.0, changed.1, file.size())
    };
    std::fs::metadata(path).ok().map(of)
}
