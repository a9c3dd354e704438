//! Reports as Parquet.

use std::fs::File;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Int32Type, Int64Type, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt64Type,
};
use arrow_array::{Array, ArrayRef, BooleanArray, PrimitiveArray, RecordBatch};
use arrow_schema::{DataType, TimeUnit};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use s3_exporter_api::{Page, UnixTime, VersionState};
use s3_exporter_page::parse_time;

use crate::error::Fault;
use crate::rows::{Columns, Pages, Places, Row, is_folder, state};

/// Rows that are decoded at a time.
const BATCH: usize = 4096;

/// Reads all rows of a file.
///
/// # Errors
/// It is cut, or is no such file.
pub fn read<F: FnMut(Page) -> Option<Page>>(
    file: File,
    columns: &Columns,
    pages: &mut Pages<F>,
) -> Result<(), Fault> {
    // The types are those of the columns, and not what a writer keeps in mind of its own.
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options);
    let builder = builder.map_err(malformed)?;
    let schema = builder.schema();
    let names = || schema.fields().iter().map(|field| field.name().as_str());
    let there = Places::of(columns, names())?;
    pages.can_be_of(&there)?;
    let mut wanted: Vec<_> = [
        there.bucket,
        Some(there.key),
        Some(there.size),
        Some(there.modified),
        there.class,
        there.latest,
        there.marker,
        there.version,
    ]
    .into_iter()
    .flatten()
    .chain(there.folder.iter().copied())
    .chain(there.gone.iter().copied())
    .collect();
    wanted.sort_unstable();
    let names: Vec<_> = names()
        .enumerate()
        .filter(|(at, _)| wanted.contains(at))
        .collect();
    let places = Places::of(columns, names.iter().map(|(_, name)| *name))?;
    let mask = ProjectionMask::roots(builder.parquet_schema(), wanted);
    let expected = builder.metadata().file_metadata().num_rows();
    let reader = builder.with_projection(mask).with_batch_size(BATCH).build();
    let mut seen = 0;
    for batch in reader.map_err(malformed)? {
        let batch =
            batch.map_err(|cause| Fault::new("is no whole file of Parquet").with_cause(cause))?;
        seen += batch.num_rows() as i64;
        if !add(&batch, &places, pages)? {
            return Ok(());
        }
    }
    match seen == expected {
        true => Ok(()),
        false => Err(Fault::new(format!(
            "has {seen} rows, and says that it has {expected}"
        ))),
    }
}

fn malformed(cause: parquet::errors::ParquetError) -> Fault {
    Fault::new("is no whole file of Parquet").with_cause(cause)
}

fn add<F: FnMut(Page) -> Option<Page>>(
    batch: &RecordBatch,
    places: &Places,
    pages: &mut Pages<F>,
) -> Result<bool, Fault> {
    let column = |place: usize| batch.column(place);
    let bucket = places
        .bucket
        .map(|place| Texts::of(column(place)))
        .transpose()?;
    let key = Texts::of(column(places.key))?;
    let sizes = Sizes::of(column(places.size))?;
    let times = Times::of(column(places.modified))?;
    let class = places
        .class
        .map(|place| Texts::of(column(place)))
        .transpose()?;
    let latest = places
        .latest
        .map(|place| Flags::of(column(place)))
        .transpose()?;
    let marker = places
        .marker
        .map(|place| Flags::of(column(place)))
        .transpose()?;
    let version = places.version.map(|place| Gone::of(column(place)));
    let version = version.transpose()?;
    let each = |of: &[usize]| -> Vec<_> { of.iter().map(|place| column(*place)).collect() };
    let folder = each(&places.folder).into_iter().map(Folders::of);
    let folder = folder.collect::<Result<Vec<_>, _>>()?;
    let gone = each(&places.gone).into_iter().map(Gone::of);
    let gone = gone.collect::<Result<Vec<_>, _>>()?;
    for at in 0..batch.num_rows() {
        let has_id = version.as_ref().is_some_and(|version| version.get(at));
        let is_latest = latest.as_ref().is_none_or(|flags| flags.get(at, !has_id))
            && !gone.iter().any(|gone| gone.get(at));
        let is_marker = marker.as_ref().is_some_and(|flags| flags.get(at, false));
        let state: VersionState = state(is_latest, is_marker);
        let row = Row {
            bucket: bucket.as_ref().map(|texts| texts.get(at)),
            key: key.get(at),
            size: sizes.get(at)?,
            last_modified: times.get(at)?,
            class: class.as_ref().map_or(b"", |texts| texts.get(at)),
            state,
            is_folder: folder.iter().any(|folder| folder.get(at)),
        };
        if !pages.add(row)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn another(column: &ArrayRef) -> Fault {
    Fault::new(format!("has a column of the type {}", column.data_type()))
}

/// A column of texts; empty where there is none.
pub enum Texts<'a> {
    Utf8(&'a arrow_array::StringArray),
    LargeUtf8(&'a arrow_array::LargeStringArray),
    Binary(&'a arrow_array::BinaryArray),
}

impl<'a> Texts<'a> {
    fn of(column: &'a ArrayRef) -> Result<Self, Fault> {
        Ok(match column.data_type() {
            DataType::Utf8 => Self::Utf8(column.as_string()),
            DataType::LargeUtf8 => Self::LargeUtf8(column.as_string()),
            DataType::Binary => Self::Binary(column.as_binary()),
            _ => return Err(another(column)),
        })
    }

    #[inline]
    fn get(&self, at: usize) -> &'a [u8] {
        match self {
            Self::Utf8(column) => column.value(at).as_bytes(),
            Self::LargeUtf8(column) => column.value(at).as_bytes(),
            Self::Binary(column) => column.value(at),
        }
    }
}

/// A column of numbers of bytes.
enum Sizes<'a> {
    Int64(&'a PrimitiveArray<Int64Type>),
    Int32(&'a PrimitiveArray<Int32Type>),
    UInt64(&'a PrimitiveArray<UInt64Type>),
}

impl<'a> Sizes<'a> {
    fn of(column: &'a ArrayRef) -> Result<Self, Fault> {
        Ok(match column.data_type() {
            DataType::Int64 => Self::Int64(column.as_primitive()),
            DataType::Int32 => Self::Int32(column.as_primitive()),
            DataType::UInt64 => Self::UInt64(column.as_primitive()),
            _ => return Err(another(column)),
        })
    }

    #[inline]
    fn get(&self, at: usize) -> Result<Option<u64>, Fault> {
        let (is_null, size) = match self {
            Self::Int64(column) => (column.is_null(at), u64::try_from(column.value(at))),
            Self::Int32(column) => (column.is_null(at), u64::try_from(column.value(at))),
            Self::UInt64(column) => (column.is_null(at), Ok(column.value(at))),
        };
        match (is_null, size) {
            (true, _) => Ok(None),
            (false, Ok(size)) => Ok(Some(size)),
            (false, Err(_)) => Err(Fault::new("has a size below 0")),
        }
    }
}

/// A column of times, in the unit that the file says.
pub enum Times<'a> {
    Seconds(&'a PrimitiveArray<TimestampSecondType>),
    Millis(&'a PrimitiveArray<TimestampMillisecondType>),
    Micros(&'a PrimitiveArray<TimestampMicrosecondType>),
    Nanos(&'a PrimitiveArray<TimestampNanosecondType>),
    Text(Texts<'a>, &'a ArrayRef),
}

impl<'a> Times<'a> {
    /// # Errors
    /// It has another type.
    pub fn of(column: &'a ArrayRef) -> Result<Self, Fault> {
        Ok(match column.data_type() {
            DataType::Timestamp(TimeUnit::Second, _) => Self::Seconds(column.as_primitive()),
            DataType::Timestamp(TimeUnit::Millisecond, _) => Self::Millis(column.as_primitive()),
            DataType::Timestamp(TimeUnit::Microsecond, _) => Self::Micros(column.as_primitive()),
            DataType::Timestamp(TimeUnit::Nanosecond, _) => Self::Nanos(column.as_primitive()),
            _ => Self::Text(Texts::of(column)?, column),
        })
    }

    /// # Errors
    /// There is none, or none that a clock says.
    #[inline]
    pub fn get(&self, at: usize) -> Result<UnixTime, Fault> {
        let millis = match self {
            Self::Seconds(column) => column
                .is_valid(at)
                .then(|| column.value(at).saturating_mul(1000)),
            Self::Millis(column) => column.is_valid(at).then(|| column.value(at)),
            Self::Micros(column) => column
                .is_valid(at)
                .then(|| column.value(at).div_euclid(1000)),
            Self::Nanos(column) => column
                .is_valid(at)
                .then(|| column.value(at).div_euclid(1_000_000)),
            Self::Text(texts, column) => {
                let time = column.is_valid(at).then(|| parse_time(texts.get(at)));
                time.flatten().map(UnixTime::as_millis)
            }
        };
        let time = millis.and_then(UnixTime::checked_from_millis);
        time.ok_or_else(|| Fault::new("has a time that is none"))
    }
}

/// A column of flags.
enum Flags<'a> {
    Boolean(&'a BooleanArray),
    Text(Texts<'a>, &'a ArrayRef),
}

impl<'a> Flags<'a> {
    fn of(column: &'a ArrayRef) -> Result<Self, Fault> {
        Ok(match column.data_type() {
            DataType::Boolean => Self::Boolean(column.as_boolean()),
            _ => Self::Text(Texts::of(column)?, column),
        })
    }

    #[inline]
    fn get(&self, at: usize, default: bool) -> bool {
        match self {
            Self::Boolean(column) if column.is_null(at) => default,
            Self::Boolean(column) => column.value(at),
            Self::Text(_, column) if column.is_null(at) => default,
            Self::Text(texts, _) => match texts.get(at) {
                b"" => default,
                text => text.eq_ignore_ascii_case(b"true"),
            },
        }
    }
}

/// A column that says whether something is a folder.
enum Folders<'a> {
    Boolean(&'a BooleanArray),
    Text(Texts<'a>, &'a ArrayRef),
}

impl<'a> Folders<'a> {
    fn of(column: &'a ArrayRef) -> Result<Self, Fault> {
        Ok(match column.data_type() {
            DataType::Boolean => Self::Boolean(column.as_boolean()),
            _ => Self::Text(Texts::of(column)?, column),
        })
    }

    fn get(&self, at: usize) -> bool {
        match self {
            Self::Boolean(column) => column.is_valid(at) && column.value(at),
            Self::Text(texts, column) => column.is_valid(at) && is_folder(texts.get(at)),
        }
    }
}

/// A column that says by not being empty, and not false, that an object is not there any more.
enum Gone<'a> {
    Flags(Flags<'a>),
    Text(Texts<'a>, &'a ArrayRef),
    Other(&'a ArrayRef),
}

impl<'a> Gone<'a> {
    fn of(column: &'a ArrayRef) -> Result<Self, Fault> {
        Ok(match column.data_type() {
            DataType::Boolean => Self::Flags(Flags::of(column)?),
            DataType::Utf8 | DataType::LargeUtf8 => Self::Text(Texts::of(column)?, column),
            _ => Self::Other(column),
        })
    }

    fn get(&self, at: usize) -> bool {
        match self {
            Self::Flags(flags) => flags.get(at, false),
            Self::Text(_, column) | Self::Other(column) if column.is_null(at) => false,
            Self::Text(texts, _) => {
                let text = texts.get(at);
                !text.is_empty() && !text.eq_ignore_ascii_case(b"false")
            }
            Self::Other(_) => true,
        }
    }
}
