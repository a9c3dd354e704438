//! A report as a table of an engine: its files by name, and no other.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3_exporter_inventory_sql::Dialect;

use super::footers::Columns;
use crate::manifest::ReportFile;

/// What of a key is written otherwise in a URL.
const KEY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// What is made for one question, and goes with it.
pub struct Tables {
    /// The files' table; of columns as the files have them.
    files: String,
    /// The view of it, with the names and types that a question has.
    view: String,
    locations: String,
    columns: String,
}

impl Tables {
    /// Of these files. Sessions may be shared: their names are nobody else's.
    pub fn new(bucket: &str, files: &[ReportFile], columns: &Columns) -> Self {
        let view = format!("s3_exporter_{:016x}", fastrand::u64(..));
        let locations = files.iter().map(|file| {
            let key = utf8_percent_encode(&file.key, KEY);
            Dialect::DataFusion.text(&format!("s3://{bucket}/{key}"))
        });
        Self {
            files: format!("{view}_files"),
            view,
            locations: locations.collect::<Vec<_>>().join(", "),
            columns: columns.selected(),
        }
    }

    /// What is asked.
    pub fn view(&self) -> &str {
        &self.view
    }

    /// The statements that make them.
    pub fn made(&self) -> [String; 2] {
        let Self {
            files,
            view,
            locations,
            columns,
        } = self;
        [
            format!("CREATE EXTERNAL TABLE {files} STORED AS PARQUET LOCATION ({locations})"),
            format!("CREATE VIEW {view} AS SELECT {columns} FROM {files}"),
        ]
    }

    /// Those that take them away, whatever was made.
    pub fn dropped(&self) -> [String; 2] {
        [
            format!("DROP VIEW IF EXISTS {}", self.view),
            format!("DROP TABLE IF EXISTS {}", self.files),
        ]
    }
}

impl Columns {
    /// Of types that any of them may be read as. Times are cut to milliseconds, as they are everywhere here: of two objects of one
    /// millisecond the larger is the newer.
    fn selected(&self) -> String {
        let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
        let cast = |name: &Option<String>, kind: &str| match name {
            Some(name) => format!("CAST({} AS {kind})", quoted(name)),
            None => format!("CAST(NULL AS {kind})"),
        };
        format!(
            "CAST({} AS VARCHAR) AS bucket, CAST({} AS VARCHAR) AS key, CAST({} AS BIGINT) AS size, \
             date_trunc('millisecond', {}) AS last_modified_date, coalesce({}, '') AS storage_class, \
             {} AS is_latest, {} AS is_delete_marker",
            quoted(&self.bucket),
            quoted(&self.key),
            quoted(&self.size),
            quoted(&self.modified),
            cast(&self.class, "VARCHAR"),
            cast(&self.latest, "BOOLEAN"),
            cast(&self.marker, "BOOLEAN"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_and_columns_cannot_end_a_statement() {
        let columns = Columns {
            bucket: "Bucket".to_owned(),
            key: "ke\"y".to_owned(),
            size: "size".to_owned(),
            modified: "last_modified_date".to_owned(),
            class: None,
            latest: Some("is_latest".to_owned()),
            marker: None,
        };
        let file = ReportFile {
            key: "a b/it's 100%/\u{fc}.parquet".to_owned(),
            size: None,
            md5: None,
        };
        let [files, view] = Tables::new("reports", &[file], &columns).made();
        assert!(
            files.ends_with("LOCATION ('s3://reports/a%20b/it%27s%20100%25/%C3%BC.parquet')"),
            "{files}"
        );
        assert!(
            view.contains("CAST(\"ke\"\"y\" AS VARCHAR) AS key"),
            "{view}"
        );
        assert!(
            view.contains("coalesce(CAST(NULL AS VARCHAR), '')"),
            "{view}"
        );
    }
}
