//! Azure's blob inventory: <https://learn.microsoft.com/azure/storage/blobs/blob-inventory>

use s3_exporter_page::parse_time;
use serde::Deserialize;

use super::{Candidate, Filters, Form, Manifest, Place, ReportFile, has_form, json, unread};
use crate::csv::CsvForm;
use crate::error::Fault;
use crate::rows::Columns;

/// A report is of several containers: `Name` begins with theirs.
const COLUMNS: Columns = Columns {
    bucket: None,
    key: "name",
    size: "contentlength",
    modified: "lastmodified",
    class: "accesstier",
    latest: "iscurrentversion",
    marker: None,
    version: Some("versionid"),
    folder: &["hdiisfolder", "resourcetype"],
    gone: &["deleted", "snapshot"],
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    status: String,
    #[serde(default)]
    inventory_start_time: String,
    #[serde(default)]
    rule_definition: Rule,
    #[serde(default)]
    summary: Option<Summary>,
    #[serde(default)]
    files: Vec<WrittenFile>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Rule {
    format: String,
    object_type: String,
    filters: WrittenFilters,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WrittenFilters {
    blob_types: Vec<String>,
    prefix_match: Vec<String>,
    exclude_prefix: Vec<String>,
    creation_time: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    object_count: u64,
    total_object_size: u64,
}

#[derive(Deserialize)]
struct WrittenFile {
    blob: String,
    size: u64,
}

/// `FOLDER/2026/11/30/01-00-00/RULE/RULE-manifest.json`, which is made at the start, and `.checksum`, at the end.
pub fn candidate(place: &Place, key: &str) -> Option<(Candidate, bool)> {
    let rest = key.strip_prefix(&*place.folder)?;
    let (time, file) = rest.split_at_checked("2026/11/30/01-00-00".len())?;
    let rule = &place.report;
    let file = file.strip_prefix(&format!("/{rule}/{rule}-manifest."))?;
    let is_checksum = match file {
        "json" => false,
        "checksum" => true,
        _ => return None,
    };
    let named = |end: &str| format!("{}{time}/{rule}/{rule}-manifest.{end}", place.folder);
    let candidate = Candidate {
        time: time.to_owned(),
        manifest: named("json"),
        checksum: Some(named("checksum")),
    };
    has_form(time, "0000/00/00/00-00-00").then_some((candidate, is_checksum))
}

pub fn read(text: &[u8]) -> Result<Manifest, Fault> {
    let written: Written = json(text)?;
    if written.status != "Succeeded" {
        return Err(Fault::unfinished(&written.status));
    }
    if !matches!(&*written.rule_definition.object_type, "" | "blob") {
        let of = &written.rule_definition.object_type;
        return Err(Fault::new(format!(
            "it is a report of {of:?}, and not of blobs"
        )));
    }
    let filters = written.rule_definition.filters;
    let has_blocks = |types: &[String]| types.iter().any(|of| of == "blockBlob");
    if !filters.blob_types.is_empty() && !has_blocks(&filters.blob_types) {
        let types = filters.blob_types;
        let reason = format!("its rule has blobs of the types {types:?} alone, and no blockBlob");
        return Err(Fault::new(reason).with_advice("add it to the rule's `blobTypes`"));
    }
    if filters.creation_time.is_some() {
        let reason = "its rule leaves blobs out by when they were made";
        return Err(Fault::new(reason).with_advice("take `creationTime` out of the rule's filters"));
    }
    let as_of = parse_time(written.inventory_start_time.as_bytes());
    let format = written.rule_definition.format.to_ascii_lowercase();
    let form = match &*format {
        "csv" => Form::Csv(CsvForm {
            names: None,
            delimiter: b',',
            is_compressed: false,
            is_encoded: false,
        }),
        "parquet" => Form::Parquet,
        _ => return Err(unread(&format)),
    };
    let files = written.files.into_iter().map(|file| ReportFile {
        key: file.blob,
        size: Some(file.size),
        md5: None,
    });
    let summary = written.summary.as_ref();
    Ok(Manifest {
        as_of: as_of.ok_or_else(|| Fault::new("its inventoryStartTime is no time"))?,
        form,
        columns: COLUMNS,
        filters: Filters {
            prefixes: filters.prefix_match,
            excluded: filters.exclude_prefix,
        },
        files: files.collect(),
        rows: summary.map(|summary| summary.object_count),
        bytes: summary.map(|summary| summary.total_object_size),
    })
}
