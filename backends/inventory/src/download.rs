//! A file of a report, fetched and held against its manifest before it is read.

use std::fs::File;
use std::io::{self, Seek, Write};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use md5::{Digest, Md5};
use s3_exporter_api::{Backend, BackendError, FailureKind, Meter, ObjectPart};
use tokio::runtime::Handle;

use crate::error::Fault;
use crate::manifest::ReportFile;

/// What is asked for at a time: less than any answer may have.
pub const PART: u64 = 4 << 20;
/// The largest manifest that is read: 100,000 files.
const MANIFEST: u64 = 32 << 20;

/// Why there is no file.
#[derive(Debug)]
pub enum NoFile {
    /// The store could not give it.
    Store(BackendError),
    /// What it gave is not what was reported.
    Fault(Fault),
    /// Nobody wants it any more.
    Unwanted,
}

impl From<BackendError> for NoFile {
    fn from(error: BackendError) -> Self {
        Self::Store(error)
    }
}

impl From<Fault> for NoFile {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Where reports are.
#[derive(Clone)]
pub struct Source {
    pub store: Arc<dyn Backend>,
    pub bucket: String,
    pub meter: Arc<Meter>,
}

impl Source {
    /// The whole of a small object.
    ///
    /// # Errors
    /// As [`Backend::read_part`], and it is too large.
    pub async fn text(&self, key: &str) -> Result<Vec<u8>, NoFile> {
        let mut whole = Whole::default();
        let mut text = Vec::new();
        loop {
            let part = self.part(key, text.len() as u64).await?;
            if part.size > MANIFEST {
                let reason = format!("has {} bytes: more than a manifest", part.size);
                return Err(Fault::of_file(key, reason).into());
            }
            whole.goes_on(key, &part)?;
            text.extend_from_slice(&part.bytes);
            if text.len() as u64 >= part.size {
                return Ok(text);
            }
        }
    }

    /// A file of a report as one without a name in this folder, from its beginning. Blocks.
    ///
    /// # Errors
    /// As [`Backend::read_part`], and it is not what the manifest says of it.
    pub fn file(
        &self,
        of: &ReportFile,
        folder: &Path,
        runtime: &Handle,
        is_wanted: impl Fn() -> bool,
    ) -> Result<File, NoFile> {
        let mut file = tempfile::tempfile_in(folder).map_err(|cause| kept(folder, cause))?;
        let mut whole = Whole::default();
        let mut md5 = of.md5.map(|_| Md5::new());
        let mut read = 0;
        loop {
            if !is_wanted() {
                return Err(NoFile::Unwanted);
            }
            let part = runtime.block_on(self.part(&of.key, read))?;
            if let Some(size) = of.size.filter(|size| *size != part.size) {
                let reason = format!("has {} bytes, and {size} in the manifest", part.size);
                return Err(Fault::of_file(&of.key, reason).into());
            }
            whole.goes_on(&of.key, &part)?;
            if let Some(md5) = &mut md5 {
                md5.update(&part.bytes);
            }
            file.write_all(&part.bytes)
                .map_err(|cause| kept(folder, cause))?;
            read += part.bytes.len() as u64;
            if read >= part.size {
                break;
            }
        }
        let found = md5.map(|md5| <[u8; 16]>::from(md5.finalize()));
        if found != of.md5 {
            return Err(
                Fault::of_file(&of.key, "has another checksum than in the manifest").into(),
            );
        }
        file.rewind().map_err(|cause| kept(folder, cause))?;
        Ok(file)
    }

    async fn part(&self, key: &str, from: u64) -> Result<ObjectPart, NoFile> {
        self.range(key, from..from + PART).await
    }

    /// These bytes of an object, as far as [`Backend::read_part`] goes.
    ///
    /// # Errors
    /// As that.
    pub async fn range(&self, key: &str, range: Range<u64>) -> Result<ObjectPart, NoFile> {
        let part = self.store.read_part(&self.bucket, key, range, &self.meter);
        part.await.map_err(|error| match error.kind() {
            // Where reports are copied it may come yet.
            FailureKind::NotFound => Fault::of_file(key, "is missing")
                .with_cause(error)
                .that_may_pass()
                .into(),
            _ => NoFile::Store(error),
        })
    }
}

/// What an object's parts must have in common.
#[derive(Default)]
struct Whole {
    first: Option<(u64, Option<String>)>,
}

impl Whole {
    /// The next part is of the same object, and there is something in it unless that is empty.
    fn goes_on(&mut self, key: &str, part: &ObjectPart) -> Result<(), Fault> {
        let now = (part.size, part.etag.clone());
        if *self.first.get_or_insert_with(|| now.clone()) != now {
            return Err(Fault::of_file(key, "was replaced while it was read").that_may_pass());
        }
        match part.bytes.is_empty() && part.size > 0 {
            true => Err(Fault::of_file(key, "ends too early")),
            false => Ok(()),
        }
    }
}

fn kept(folder: &Path, cause: io::Error) -> NoFile {
    let action = format!("keeping a file of a report in {}", folder.display());
    let error = BackendError::new(FailureKind::Internal, action, "it cannot be written");
    let advice = "name a folder with room for it by `spool` in the backend's section";
    NoFile::Store(error.with_advice(advice).with_source(cause))
}
