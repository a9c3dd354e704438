//! Google's inventory reports: <https://cloud.google.com/storage/docs/insights/inventory-reports>

use s3_exporter_page::parse_time;
use serde::Deserialize;

use super::{Candidate, Filters, Form, Manifest, Place, ReportFile, has_form, json, unread};
use crate::csv::CsvForm;
use crate::error::Fault;
use crate::rows::Columns;

const COLUMNS: Columns = Columns {
    bucket: Some("bucket"),
    key: "name",
    size: "size",
    modified: "timecreated", // as a listing has it: `updated` changes with its metadata, too
    class: "storageclass",
    latest: "",
    marker: None,
    version: None,
    folder: &[],
    gone: &["timedeleted"],
};

/// How its name ends.
const MANIFEST: &str = "_manifest.json";

#[derive(Deserialize)]
struct Written {
    snapshot_time: String,
    records_processed: u64,
    shard_count: usize,
    report_shards_file_names: Vec<String>,
    #[serde(default)]
    report_config: Config,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Config {
    #[serde(alias = "csv_options")]
    csv_options: CsvOptions,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CsvOptions {
    delimiter: String,
}

/// `FOLDER/ID_2026-11-30T00:00_manifest.json`, which is made once all shards are.
pub fn candidate(place: &Place, key: &str) -> Option<(Candidate, bool)> {
    let rest = key.strip_prefix(&*place.folder)?;
    let rest = rest.strip_prefix(&*place.report)?.strip_prefix('_')?;
    let time = rest.strip_suffix(MANIFEST)?;
    let candidate = Candidate {
        time: time.to_owned(),
        manifest: key.to_owned(),
        checksum: None,
    };
    let forms = [
        "0000-00-00T00:00",
        "0000-00-00T00:00:00",
        "0000-00-00T00:00:00Z",
    ];
    forms
        .iter()
        .any(|form| has_form(time, form))
        .then_some((candidate, false))
}

pub fn read(candidate: &Candidate, text: &[u8]) -> Result<Manifest, Fault> {
    let written: Written = json(text)?;
    let names = &written.report_shards_file_names;
    if names.len() != written.shard_count {
        let (said, there) = (written.shard_count, names.len());
        return Err(Fault::new(format!(
            "it says that it has {said} files, and names {there}"
        )));
    }
    let as_of = parse_time(written.snapshot_time.as_bytes());
    let is_of = |end: &str| names.iter().all(|name| name.ends_with(end));
    let form = if is_of(".parquet") {
        Form::Parquet
    } else if is_of(".csv") {
        let delimiter = written.report_config.csv_options.delimiter;
        Form::Csv(CsvForm {
            names: None,
            delimiter: match delimiter.as_bytes() {
                [one] => *one,
                _ => b',',
            },
            is_compressed: false,
            is_encoded: false,
        })
    } else {
        let end = names.first().and_then(|name| name.rsplit_once('.'));
        return Err(unread(end.map_or("", |(_, end)| end)));
    };
    // They lie beside it.
    let (folder, _) = candidate.manifest.rsplit_once('/').unwrap_or_default();
    let files = names.iter().map(|name| {
        let name = name.rsplit('/').next().unwrap_or(name);
        ReportFile {
            key: match folder {
                "" => name.to_owned(),
                folder => format!("{folder}/{name}"),
            },
            size: None,
            md5: None,
        }
    });
    Ok(Manifest {
        as_of: as_of.ok_or_else(|| Fault::new("its snapshot_time is no time"))?,
        form,
        columns: COLUMNS,
        filters: Filters::default(),
        files: files.collect(),
        rows: Some(written.records_processed),
        bytes: None,
    })
}
