//! The ends of a report's files, which say what is in them.

use ::parquet::errors::ParquetError;
use ::parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use futures::stream::{self, StreamExt, TryStreamExt};

use super::Whole;
use crate::download::{NoFile, PART, Source};
use crate::error::Fault;
use crate::manifest::{Manifest, ReportFile};
use crate::rows::{Places, plain};

/// Bytes at the end of a file that are read first: what describes a few groups of rows is less.
const END: u64 = 64 << 10;

/// What the files say of themselves.
#[derive(Debug, Default)]
pub struct Footers {
    /// All rows.
    pub rows: u64,
    /// The columns, which are the same in all files; `None` where there is no file.
    pub columns: Option<Columns>,
}

/// The names of the columns as the files have them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    pub bucket: String,
    pub key: String,
    pub size: String,
    pub modified: String,
    pub class: Option<String>,
    pub latest: Option<String>,
    pub marker: Option<String>,
}

impl Footers {
    /// Reads them, several at a time.
    ///
    /// # Errors
    /// A file is missing, is not as long as the manifest says, is no Parquet, or has other columns than it needs or than the first.
    pub async fn read(of: &Whole<'_>) -> Result<Self, NoFile> {
        let files = stream::iter(of.manifest.files.clone());
        let read = files.map(|file| async move {
            let footer = footer(&of.source, &file).await?;
            let columns = Columns::of(of.manifest, &footer);
            let columns = columns.map_err(|fault| fault.within(&file.key))?;
            let rows = footer.file_metadata().num_rows();
            let rows = u64::try_from(rows);
            let rows = rows.map_err(|_| Fault::of_file(&file.key, "has fewer rows than none"))?;
            Ok::<_, NoFile>((file.key, rows, columns))
        });
        let mut read = read.buffered(of.files); // in their order: which is the first is always the same
        let mut all = Self::default();
        while let Some((key, rows, columns)) = read.try_next().await? {
            all.rows = all.rows.saturating_add(rows);
            if *all.columns.get_or_insert_with(|| columns.clone()) != columns {
                return Err(Fault::of_file(&key, "has other columns than the first one").into());
            }
        }
        Ok(all)
    }
}

impl Columns {
    fn of(manifest: &Manifest, footer: &ParquetMetaData) -> Result<Self, Fault> {
        let schema = footer.file_metadata().schema_descr().root_schema();
        let names: Vec<_> = schema.get_fields().iter().map(|of| of.name()).collect();
        Places::of(&manifest.columns, names.iter().copied())?;
        let find = |wanted: &str| {
            let found = names.iter().find(|name| plain(name) == wanted);
            found.map(|name| (*name).to_owned())
        };
        let wanted = &manifest.columns;
        let need = |wanted: &str| find(wanted).ok_or_else(|| Fault::new("lacks a column"));
        Ok(Self {
            bucket: need(wanted.bucket.unwrap_or("bucket"))?,
            key: need(wanted.key)?,
            size: need(wanted.size)?,
            modified: need(wanted.modified)?,
            class: find(wanted.class),
            latest: find(wanted.latest),
            marker: wanted.marker.and_then(find),
        })
    }
}

async fn footer(source: &Source, file: &ReportFile) -> Result<ParquetMetaData, NoFile> {
    let size = file.size.unwrap_or(0); // S3 says it of each
    let malformed = |cause: ParquetError| {
        NoFile::from(Fault::of_file(&file.key, "is no whole file of Parquet").with_cause(cause))
    };
    let mut wanted = END;
    loop {
        let from = size.saturating_sub(wanted);
        let mut end = Vec::new();
        while from + (end.len() as u64) < size {
            let at = from + end.len() as u64;
            let part = source.range(&file.key, at..size.min(at + PART)).await?;
            if part.size != size {
                let reason = format!("has {} bytes, and {size} in the manifest", part.size);
                return Err(Fault::of_file(&file.key, reason).into());
            }
            if part.bytes.is_empty() {
                return Err(Fault::of_file(&file.key, "ends too early").into());
            }
            end.extend_from_slice(&part.bytes);
        }
        let mut reader = ParquetMetaDataReader::new();
        match reader.try_parse_sized(&bytes::Bytes::from(end), size) {
            Ok(()) => return reader.finish().map_err(malformed),
            Err(ParquetError::NeedMoreData(more)) if more as u64 > wanted => wanted = more as u64,
            Err(cause) => return Err(malformed(cause)),
        }
    }
}
