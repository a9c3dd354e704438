use std::path::{Path, PathBuf};

use s3_exporter_config::FileVersion;

use crate::Transport;

/// What the files of certificates look like: the same as long as nobody has written them or
/// put others in their place. One that is not there looks different from any that is.
#[derive(Debug, PartialEq, Eq)]
pub struct CertificateFiles(Vec<Option<FileVersion>>);

impl CertificateFiles {
    /// Looks, and reads nothing.
    pub fn look(transport: &Transport) -> Self {
        Self(paths(transport).map(FileVersion::of).collect())
    }
}

/// The files that certificates and their keys are read from.
pub fn paths(transport: &Transport) -> impl Iterator<Item = &Path> {
    let own = transport.client_certificate.iter();
    let own = own.flat_map(|(certificate, key)| [certificate, key]);
    transport.ca_bundle.iter().chain(own).map(PathBuf::as_path)
}
