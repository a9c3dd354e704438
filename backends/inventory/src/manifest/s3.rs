//! S3 Inventory: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html>

use s3_exporter_api::UnixTime;
use serde::Deserialize;

use super::{
    Candidate, Filters, Form, Manifest, Place, ReportFile, digest, has_form, json, unread,
};
use crate::csv::CsvForm;
use crate::error::Fault;
use crate::rows::Columns;

const COLUMNS: Columns = Columns {
    bucket: Some("bucket"),
    key: "key",
    size: "size",
    modified: "lastmodifieddate",
    class: "storageclass",
    latest: "islatest",
    marker: Some("isdeletemarker"),
    version: None,
    folder: &[],
    gone: &[],
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    source_bucket: String,
    /// Milliseconds since 1970, as text.
    creation_timestamp: String,
    file_format: String,
    #[serde(default)]
    file_schema: String,
    files: Vec<WrittenFile>,
}

#[derive(Deserialize)]
struct WrittenFile {
    key: String,
    size: u64,
    #[serde(rename = "MD5checksum")]
    md5: String,
}

/// `FOLDER/2026-11-30T01-00Z/manifest.json`, and `.checksum`, which is written last.
pub fn candidate(place: &Place, key: &str) -> Option<(Candidate, bool)> {
    let rest = key.strip_prefix(&*place.folder)?;
    let (time, file) = rest.split_once('/')?;
    let is_checksum = match file {
        "manifest.json" => false,
        "manifest.checksum" => true,
        _ => return None,
    };
    let candidate = Candidate {
        time: time.to_owned(),
        manifest: format!("{}{time}/manifest.json", place.folder),
        checksum: Some(format!("{}{time}/manifest.checksum", place.folder)),
    };
    has_form(time, "0000-00-00T00-00Z").then_some((candidate, is_checksum))
}

pub fn read(place: &Place, text: &[u8]) -> Result<Manifest, Fault> {
    let written: Written = json(text)?;
    if written.source_bucket != place.bucket {
        let of = &written.source_bucket;
        return Err(Fault::new(format!("it is of another bucket, {of:?}"))
            .with_advice("correct `folder` in the backend's section"));
    }
    let millis = written.creation_timestamp.parse();
    let millis = millis.map_err(|_| Fault::new("its creationTimestamp is no number"))?;
    let as_of = UnixTime::checked_from_millis(millis)
        .ok_or_else(|| Fault::new("its creationTimestamp is no time"))?;
    let format = written.file_format.to_ascii_lowercase();
    let form = match &*format {
        "csv" => Form::Csv(CsvForm {
            names: Some(written.file_schema.split(',').map(str::to_owned).collect()),
            delimiter: b',',
            is_compressed: true,
            is_encoded: true,
        }),
        "parquet" => Form::Parquet,
        _ => return Err(unread(&written.file_format)),
    };
    let files = written.files.into_iter().map(|file| {
        let md5 = digest(&file.md5);
        let md5 = md5.ok_or_else(|| Fault::of_file(&file.key, "has a checksum that is no MD5"))?;
        Ok(ReportFile {
            key: file.key,
            size: Some(file.size),
            md5: Some(md5),
        })
    });
    Ok(Manifest {
        as_of,
        form,
        columns: COLUMNS,
        filters: Filters::default(),
        files: files.collect::<Result<_, Fault>>()?,
        rows: None,
        bytes: None,
    })
}
