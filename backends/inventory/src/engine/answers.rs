//! What an engine answers, read by the places of the columns.

use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Int64Type};
use arrow_array::{Array, ArrayRef, Decimal128Array, Int64Array, RecordBatch, StringArray};
use arrow_schema::DataType;
use s3_exporter_api::{NewestObject, ObjectSet, UnixTime};

use crate::error::Fault;
use crate::parquet::Times;

/// What an engine finds in a report by a plain count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// All rows.
    pub written: u64,
    /// Those of the bucket.
    pub own: u64,
    /// The objects that count,
    pub objects: u64,
    /// and their bytes.
    pub bytes: u64,
    /// Rows that make no sense.
    pub odd: u64,
}

/// # Errors
/// It is no row of counts.
pub fn counts(batches: &[RecordBatch]) -> Result<Counts, Fault> {
    let rows = each(batches, 5, |batch, at| {
        Ok(Counts {
            written: number(&numbers(batch, 0)?, at)?,
            own: number(&numbers(batch, 1)?, at)?,
            objects: number(&numbers(batch, 2)?, at)?,
            bytes: sum(&decimals(batch, 3)?, at)?,
            odd: number(&numbers(batch, 4)?, at)?,
        })
    })?;
    match *rows {
        [row] => Ok(row),
        _ => Err(senseless(format!("{} rows, and not one", rows.len()))),
    }
}

/// # Errors
/// They are no sums by owner and class.
pub fn sets(batches: &[RecordBatch]) -> Result<Vec<ObjectSet>, Fault> {
    let mut sets = Vec::new();
    for batch in batches {
        has_columns(batch, 8)?;
        let (owners, classes) = (texts(batch, 0)?, texts(batch, 1)?);
        let (objects, empty) = (numbers(batch, 2)?, numbers(batch, 3)?);
        let (bytes, largest) = (decimals(batch, 4)?, numbers(batch, 7)?);
        let (oldest, newest) = (Times::of(batch.column(5))?, Times::of(batch.column(6))?);
        for at in 0..batch.num_rows() {
            sets.push(ObjectSet {
                owner: owner(&owners, at),
                storage_class: classes.value(at).to_owned(),
                objects: number(&objects, at)?,
                empty: number(&empty, at)?,
                bytes: sum(&bytes, at)?,
                oldest: oldest.get(at)?,
                newest: newest.get(at)?,
                largest: number(&largest, at)?,
            });
        }
    }
    Ok(sets)
}

/// # Errors
/// They are no newest objects by owner.
pub fn newest(batches: &[RecordBatch]) -> Result<Vec<NewestObject>, Fault> {
    let mut objects = Vec::new();
    for batch in batches {
        has_columns(batch, 3)?;
        let (owners, sizes) = (texts(batch, 0)?, numbers(batch, 2)?);
        let times = Times::of(batch.column(1))?;
        for at in 0..batch.num_rows() {
            let time: UnixTime = times.get(at)?;
            objects.push(NewestObject {
                owner: owner(&owners, at),
                time,
                size: number(&sizes, at)?,
            });
        }
    }
    Ok(objects)
}

fn each<T>(
    batches: &[RecordBatch],
    columns: usize,
    row: impl Fn(&RecordBatch, usize) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    let mut rows = Vec::new();
    for batch in batches {
        has_columns(batch, columns)?;
        for at in 0..batch.num_rows() {
            rows.push(row(batch, at)?);
        }
    }
    Ok(rows)
}

fn senseless(what: String) -> Fault {
    Fault::new(format!("the engine's answer has {what}"))
}

fn has_columns(batch: &RecordBatch, columns: usize) -> Result<(), Fault> {
    match batch.num_columns() == columns {
        true => Ok(()),
        false => Err(senseless(format!(
            "{} columns, and not {columns}",
            batch.num_columns()
        ))),
    }
}

/// A column as of this type: engines have several for the same.
fn cast(batch: &RecordBatch, at: usize, to: &DataType) -> Result<ArrayRef, Fault> {
    let column = batch.column(at);
    let kind = column.data_type();
    let cast = arrow_cast::cast(column, to);
    cast.map_err(|cause| senseless(format!("a column of the type {kind}")).with_cause(cause))
}

fn texts(batch: &RecordBatch, at: usize) -> Result<StringArray, Fault> {
    Ok(cast(batch, at, &DataType::Utf8)?.as_string().clone())
}

fn numbers(batch: &RecordBatch, at: usize) -> Result<Int64Array, Fault> {
    let column = cast(batch, at, &DataType::Int64)?;
    Ok(column.as_primitive::<Int64Type>().clone())
}

fn decimals(batch: &RecordBatch, at: usize) -> Result<Decimal128Array, Fault> {
    let column = cast(batch, at, &DataType::Decimal128(38, 0))?;
    Ok(column.as_primitive::<Decimal128Type>().clone())
}

fn owner(owners: &StringArray, at: usize) -> Option<String> {
    owners.is_valid(at).then(|| owners.value(at).to_owned())
}

fn number(numbers: &Int64Array, at: usize) -> Result<u64, Fault> {
    let number = numbers.is_valid(at).then(|| numbers.value(at));
    let number = number.and_then(|number| u64::try_from(number).ok());
    number.ok_or_else(|| senseless("a count that is none".to_owned()))
}

/// No rows have no sum.
fn sum(sums: &Decimal128Array, at: usize) -> Result<u64, Fault> {
    if sums.is_null(at) {
        return Ok(0);
    }
    let sum = u64::try_from(sums.value(at));
    sum.map_err(|_| senseless("a sum that is none".to_owned()))
}
