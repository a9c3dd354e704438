//! What goes into a file that somebody else reads.

use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Replaces a file: readable by all, and at no moment half written.
///
/// # Errors
/// What the file system says.
pub fn replace_file(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    // node_exporter reads *.prom, and Prometheus *.yml: an unfinished one must not end like that.
    let mut file = tempfile::Builder::new()
        .prefix(".s3-exporter-")
        .suffix(".tmp")
        .tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file()
        .set_permissions(Permissions::from_mode(0o644))?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|failed| failed.error)?;
    Ok(())
}
