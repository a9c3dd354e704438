//! Reports of what is in a bucket, as S3, Azure and Google write them.

use std::io::Write;
use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
    TimestampMillisecondArray,
};
use csv::{QuoteStyle, WriterBuilder};
use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use md5::{Digest, Md5};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression as ParquetCompression;
use parquet::file::properties::WriterProperties;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3_exporter_api::UnixTime;
use serde_json::json;

/// What of a key S3 encodes in CSV.
const KEY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'*')
    .remove(b'/');

/// The columns of S3's CSV, in their order.
const SCHEMA: &str =
    "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag, StorageClass";

/// A version of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its key.
    pub key: String,
    /// Whether it is the latest of its key.
    pub is_latest: bool,
    /// Whether it says that the object was deleted.
    pub is_delete_marker: bool,
    /// Bytes; a delete marker has none.
    pub size: Option<u64>,
    /// When the store took it.
    pub last_modified: UnixTime,
    /// By the name that the store gives it.
    pub class: String,
}

/// How the files of a report are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// As S3 has it: by gzip and without a header; as others have it: plain and with one.
    Csv,
    /// With times in milliseconds, as S3 writes them.
    Parquet,
    /// With times in microseconds, as some tools write them.
    ParquetMicros,
}

/// What is put into a bucket for a report, in the order in which it is written: names and contents.
pub type Written = Vec<(String, Vec<u8>)>;

impl Row {
    /// The latest version of an object, of the class `STANDARD`.
    pub fn new(key: impl Into<String>, size: u64, last_modified: UnixTime) -> Self {
        Self {
            key: key.into(),
            is_latest: true,
            is_delete_marker: false,
            size: Some(size),
            last_modified,
            class: "STANDARD".to_owned(),
        }
    }
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Csv, Self::Parquet, Self::ParquetMicros];

    const fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Parquet | Self::ParquetMicros => "parquet",
        }
    }
}

/// A report of S3 Inventory below `folder`, with a file for each of `parts`.
pub fn s3(
    folder: &str,
    bucket: &str,
    made: UnixTime,
    format: Format,
    parts: &[Vec<Row>],
) -> Written {
    let files = parts.iter().enumerate().map(|(nth, rows)| {
        let name = format!("{folder}/data/{nth:08}-{}", made.as_millis());
        match format {
            Format::Csv => (format!("{name}.csv.gz"), s3_csv(bucket, rows)),
            _ => (format!("{name}.parquet"), s3_parquet(bucket, rows, format)),
        }
    });
    let mut written: Written = files.collect();
    let manifest = s3_manifest(bucket, made, format, &written);
    let time = moment(made, "%Y-%m-%dT%H-%MZ");
    let checksum = hex(&manifest);
    written.push((format!("{folder}/{time}/manifest.json"), manifest));
    written.push((
        format!("{folder}/{time}/manifest.checksum"),
        checksum.into(),
    ));
    written
}

/// The manifest of a report of S3 Inventory with these files.
pub fn s3_manifest(
    bucket: &str,
    made: UnixTime,
    format: Format,
    files: &[(String, Vec<u8>)],
) -> Vec<u8> {
    let files = files.iter();
    let files = files.map(|(key, content)| (&**key, content.len(), hex(content)));
    s3_manifest_of(bucket, made, format, &files.collect::<Vec<_>>())
}

/// The same of files by their keys, lengths and checksums.
pub fn s3_manifest_of(
    bucket: &str,
    made: UnixTime,
    format: Format,
    files: &[(&str, usize, String)],
) -> Vec<u8> {
    let files = files
        .iter()
        .map(|(key, size, md5)| json!({ "key": key, "size": size, "MD5checksum": md5 }));
    let (name, schema) = match format {
        Format::Csv => ("CSV", SCHEMA),
        _ => (
            "Parquet",
            "message s3.inventory {  required binary bucket (STRING); }",
        ),
    };
    let manifest = json!({
        "sourceBucket": bucket,
        "destinationBucket": "arn:aws:s3:::reports",
        "version": "2016-11-30",
        "creationTimestamp": made.as_millis().to_string(),
        "fileFormat": name,
        "fileSchema": schema,
        "files": files.collect::<Vec<_>>(),
    });
    serde_json::to_vec_pretty(&manifest).unwrap()
}

/// A file of S3's CSV.
pub fn s3_csv(bucket: &str, rows: &[Row]) -> Vec<u8> {
    let encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let mut writer = WriterBuilder::new()
        .has_headers(false)
        .quote_style(QuoteStyle::Always)
        .from_writer(encoder);
    for row in rows {
        let key = utf8_percent_encode(&row.key, KEY).to_string();
        let fields = [
            bucket,
            &key.replace("%20", "+"),
            "v1",
            flag(row.is_latest),
            flag(row.is_delete_marker),
            &row.size.map_or_else(String::new, |size| size.to_string()),
            &moment(row.last_modified, "%Y-%m-%dT%H:%M:%S.%3fZ"),
            "d41d8cd98f00b204e9800998ecf8427e",
            match row.is_delete_marker {
                true => "",
                false => &row.class,
            },
        ];
        writer.write_record(fields).unwrap();
    }
    let encoder = writer
        .into_inner()
        .unwrap_or_else(|error| panic!("{error}"));
    encoder.finish().unwrap()
}

/// A file of S3's Parquet.
pub fn s3_parquet(bucket: &str, rows: &[Row], format: Format) -> Vec<u8> {
    let class = |row: &Row| (!row.is_delete_marker).then(|| row.class.clone());
    parquet_of(&[
        ("bucket", texts(rows, |_| Some(bucket.to_owned()))),
        ("key", texts(rows, |row| Some(row.key.clone()))),
        ("version_id", texts(rows, |_| Some("v1".to_owned()))),
        ("is_latest", flags(rows, |row| Some(row.is_latest))),
        (
            "is_delete_marker",
            flags(rows, |row| Some(row.is_delete_marker)),
        ),
        ("size", sizes(rows)),
        ("last_modified_date", times(rows, format)),
        (
            "e_tag",
            texts(rows, |_| {
                Some("d41d8cd98f00b204e9800998ecf8427e".to_owned())
            }),
        ),
        ("storage_class", texts(rows, class)),
    ])
}

/// The key of a folder, which hierarchical namespaces have in reports and in no listing of objects.
const FOLDER: &str = "folder of a hierarchical namespace";

/// A report of Azure's blob inventory below `folder`, of all blobs of a container. Each file begins with a folder.
pub fn azure(
    folder: &str,
    rule: &str,
    container: &str,
    made: UnixTime,
    format: Format,
    parts: &[Vec<Row>],
) -> Written {
    let time = moment(made, "%Y/%m/%d/%H-%M-%S");
    let place = format!("{folder}/{time}/{rule}/{rule}");
    let parts: Vec<Vec<Row>> = parts
        .iter()
        .map(|rows| [&[Row::new(FOLDER, 0, made)], &**rows].concat())
        .collect();
    let is_folder = |row: &Row| row.key == FOLDER;
    let files = parts.iter().enumerate().map(|(nth, rows)| {
        let name = format!("{place}_{nth}.{}", format.ending());
        let blobs = |row: &Row| format!("{container}/{}", row.key);
        let content = match format {
            Format::Csv => plain_csv(
                "Name,Last-Modified,Content-Length,AccessTier,VersionId,IsCurrentVersion,Deleted,Snapshot,hdi_isfolder",
                rows,
                |row| {
                    let size = row.size.unwrap_or(0).to_string();
                    let time = moment(row.last_modified, "%Y-%m-%dT%H:%M:%S.%3fZ");
                    let latest = if row.is_latest { "true" } else { "" };
                    let is_folder = flag(is_folder(row));
                    [&blobs(row), &*time, &size, &row.class, "v1", latest, "", "", is_folder]
                        .map(str::to_owned)
                        .into()
                },
            ),
            _ => parquet_of(&[
                ("Name", texts(rows, |row| Some(blobs(row)))),
                ("Last-Modified", times(rows, format)),
                ("Content-Length", sizes(rows)),
                ("AccessTier", texts(rows, |row| Some(row.class.clone()))),
                ("IsCurrentVersion", flags(rows, |row| row.is_latest.then_some(true))),
                ("VersionId", texts(rows, |_| Some("v1".to_owned()))),
                ("Deleted", flags(rows, |_| None)),
                ("hdi_isfolder", flags(rows, |row| Some(is_folder(row)))),
                ("Snapshot", texts(rows, |_| None)),
            ]),
        };
        (name, content)
    });
    let files: Written = files.collect();
    let manifest = azure_manifest(rule, "Succeeded", made, format, &parts, &files);
    let checksum = hex(&manifest);
    let mut written = vec![(
        format!("{place}-manifest.json"),
        azure_manifest(rule, "Pending", made, format, &[], &[]),
    )];
    written.extend(files);
    written.push((format!("{place}-manifest.json"), manifest));
    written.push((format!("{place}-manifest.checksum"), checksum.into()));
    written
}

fn azure_manifest(
    rule: &str,
    status: &str,
    made: UnixTime,
    format: Format,
    parts: &[Vec<Row>],
    files: &[(String, Vec<u8>)],
) -> Vec<u8> {
    let rows = || parts.iter().flatten();
    let files = files
        .iter()
        .map(|(key, content)| json!({ "blob": key, "size": content.len() }));
    let manifest = json!({
        "destinationContainer": "reports",
        "endpoint": "https://account.blob.core.windows.net",
        "files": files.collect::<Vec<_>>(),
        "inventoryStartTime": moment(made, "%Y-%m-%dT%H:%M:%SZ"),
        "ruleDefinition": { "format": format.ending(), "objectType": "blob", "schedule": "daily" },
        "ruleName": rule,
        "status": status,
        "summary": {
            "objectCount": rows().count(),
            "totalObjectSize": rows().filter_map(|row| row.size).sum::<u64>(),
        },
        "version": "1.0",
    });
    serde_json::to_vec_pretty(&manifest).unwrap()
}

/// A report of Google's below `folder`.
pub fn gcs(
    folder: &str,
    id: &str,
    bucket: &str,
    made: UnixTime,
    format: Format,
    parts: &[Vec<Row>],
) -> Written {
    let time = moment(made, "%Y-%m-%dT%H:%M");
    let names: Vec<_> = (0..parts.len())
        .map(|nth| format!("{id}_{time}_{nth}.{}", format.ending()))
        .collect();
    let files = names.iter().zip(parts).map(|(name, rows)| {
        let gone = |row: &Row| (!row.is_latest).then_some(row.last_modified);
        let content = match format {
            Format::Csv => plain_csv(
                "project,bucket,name,location,size,timeCreated,timeDeleted,storageClass",
                rows,
                |row| {
                    let text = |time| moment(time, "%Y-%m-%dT%H:%M:%S.%3fZ");
                    let size = row.size.unwrap_or(0).to_string();
                    let gone = gone(row).map_or_else(String::new, text);
                    [
                        "p",
                        bucket,
                        &row.key,
                        "EU",
                        &size,
                        &text(row.last_modified),
                        &gone,
                        &row.class,
                    ]
                    .map(str::to_owned)
                    .into()
                },
            ),
            _ => parquet_of(&[
                ("bucket", texts(rows, |_| Some(bucket.to_owned()))),
                ("name", texts(rows, |row| Some(row.key.clone()))),
                ("size", sizes(rows)),
                ("timeCreated", times(rows, format)),
                (
                    "timeDeleted",
                    Arc::new(TimestampMicrosecondArray::from_iter(
                        rows.iter()
                            .map(|row| gone(row).map(|time| time.as_millis() * 1000)),
                    )),
                ),
                ("storageClass", texts(rows, |row| Some(row.class.clone()))),
            ]),
        };
        (format!("{folder}/{name}"), content)
    });
    let mut written: Written = files.collect();
    let manifest = json!({
        "report_config": { "csvOptions": { "delimiter": ",", "headerRequired": true } },
        "records_processed": parts.iter().map(Vec::len).sum::<usize>(),
        "snapshot_time": moment(made, "%Y-%m-%dT%H:%M:%SZ"),
        "shard_count": names.len(),
        "report_shards_file_names": names,
    });
    let name = format!("{folder}/{id}_{time}_manifest.json");
    written.push((name, serde_json::to_vec(&manifest).unwrap()));
    written
}

fn plain_csv(header: &str, rows: &[Row], fields: impl Fn(&Row) -> Vec<String>) -> Vec<u8> {
    let mut text = format!("{header}\n").into_bytes();
    let mut writer = WriterBuilder::new()
        .has_headers(false)
        .from_writer(&mut text);
    for row in rows {
        writer.write_record(fields(row)).unwrap();
    }
    writer.flush().unwrap();
    drop(writer);
    text
}

fn parquet_of(columns: &[(&str, ArrayRef)]) -> Vec<u8> {
    let columns = columns
        .iter()
        .map(|(name, column)| (*name, Arc::clone(column), true));
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let properties = WriterProperties::builder()
        .set_compression(ParquetCompression::SNAPPY)
        .build();
    let mut content = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut content, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    content
}

fn texts(rows: &[Row], of: impl Fn(&Row) -> Option<String>) -> ArrayRef {
    Arc::new(StringArray::from_iter(rows.iter().map(of)))
}

fn flags(rows: &[Row], of: impl Fn(&Row) -> Option<bool>) -> ArrayRef {
    Arc::new(BooleanArray::from_iter(rows.iter().map(of)))
}

fn sizes(rows: &[Row]) -> ArrayRef {
    let sizes = rows.iter().map(|row| row.size.map(|size| size as i64));
    Arc::new(Int64Array::from_iter(sizes))
}

fn times(rows: &[Row], format: Format) -> ArrayRef {
    let millis = rows.iter().map(|row| Some(row.last_modified.as_millis()));
    match format {
        Format::ParquetMicros => {
            let micros = millis.map(|millis| millis.map(|millis| millis * 1000 + 999));
            Arc::new(TimestampMicrosecondArray::from_iter(micros))
        }
        _ => Arc::new(TimestampMillisecondArray::from_iter(millis)),
    }
}

const fn flag(yes: bool) -> &'static str {
    match yes {
        true => "true",
        false => "false",
    }
}

fn moment(time: UnixTime, form: &str) -> String {
    let time = Timestamp::from_millisecond(time.as_millis()).unwrap();
    time.strftime(form).to_string()
}

/// The MD5 of a content, in digits.
pub fn hex(content: &[u8]) -> String {
    let mut digits = Vec::new();
    for byte in Md5::digest(content) {
        write!(digits, "{byte:02x}").unwrap();
    }
    String::from_utf8(digits).unwrap()
}
