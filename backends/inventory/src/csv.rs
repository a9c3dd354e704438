//! Reports as CSV.

use std::borrow::Cow;
use std::io::{self, BufReader, Read};

use csv::{ByteRecord, ReaderBuilder};
use flate2::bufread::MultiGzDecoder;
use percent_encoding::percent_decode;
use s3_exporter_api::Page;
use s3_exporter_page::parse_time;

use crate::error::Fault;
use crate::rows::{Columns, Pages, Places, Row, state};

/// What is read from the disk at a time, and what is decompressed.
const BUFFER: usize = 256 << 10;

/// How a report is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CsvForm {
    /// The names of its columns; `None` where its first line has them.
    pub names: Option<Vec<String>>,
    pub delimiter: u8,
    /// By gzip.
    pub is_compressed: bool,
    /// Keys are encoded for URLs, a blank by `+`.
    pub is_encoded: bool,
}

/// Reads all rows of a file.
///
/// # Errors
/// It is cut, or is no such file.
pub fn read<F: FnMut(Page) -> Option<Page>>(
    file: impl Read,
    form: &CsvForm,
    columns: &Columns,
    pages: &mut Pages<F>,
) -> Result<(), Fault> {
    let file = BufReader::with_capacity(BUFFER, file);
    match form.is_compressed {
        true => read_plain(MultiGzDecoder::new(file), form, columns, pages),
        false => read_plain(file, form, columns, pages),
    }
}

fn read_plain<F: FnMut(Page) -> Option<Page>>(
    file: impl Read,
    form: &CsvForm,
    columns: &Columns,
    pages: &mut Pages<F>,
) -> Result<(), Fault> {
    let mut reader = ReaderBuilder::new()
        .has_headers(form.names.is_none())
        .delimiter(form.delimiter)
        .buffer_capacity(BUFFER)
        .from_reader(file);
    let places = match &form.names {
        Some(names) => Places::of(columns, names.iter().map(String::as_str))?,
        None => {
            let names = reader.headers().map_err(malformed)?;
            if names.is_empty() {
                return Ok(()); // a report of nothing
            }
            Places::of(columns, names.iter())?
        }
    };
    pages.can_be_of(&places)?;
    let mut record = ByteRecord::new();
    let mut key = Vec::new();
    while reader.read_byte_record(&mut record).map_err(malformed)? {
        let row = row(&record, &places, form.is_encoded, &mut key).map_err(|what| {
            let line = record.position().map_or(0, csv::Position::line);
            Fault::new(format!("has {what}, in line {line}"))
        })?;
        if !pages.add(row)? {
            return Ok(());
        }
    }
    Ok(())
}

fn row<'a>(
    record: &'a ByteRecord,
    places: &Places,
    is_encoded: bool,
    key: &'a mut Vec<u8>,
) -> Result<Row<'a>, &'static str> {
    let at = |place: usize| record.get(place).ok_or("too few columns");
    let flag = |place: Option<usize>, default: bool| match place {
        None => Ok(default),
        Some(place) => match at(place)? {
            b"true" | b"TRUE" | b"True" => Ok(true),
            b"false" | b"FALSE" | b"False" => Ok(false),
            b"" => Ok(default),
            _ => Err("a flag that is neither true nor false"),
        },
    };
    let mut is_latest = flag(places.latest, true)?;
    for place in &places.gone {
        is_latest &= matches!(at(*place)?, b"" | b"false" | b"FALSE" | b"False");
    }
    let size = match at(places.size)? {
        b"" => None,
        size => Some(number(size).ok_or("a size that is no number")?),
    };
    let is_marker = flag(places.marker, false)?;
    Ok(Row {
        bucket: places.bucket.map(at).transpose()?,
        key: match is_encoded {
            true => decode(at(places.key)?, key),
            false => at(places.key)?,
        },
        size,
        last_modified: parse_time(at(places.modified)?).ok_or("a time that is none")?,
        class: places.class.map_or(Ok(&b""[..]), at)?,
        state: state(is_latest, is_marker),
    })
}

fn number(digits: &[u8]) -> Option<u64> {
    if !digits.iter().all(u8::is_ascii_digit) {
        return None; // a sign
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// A key as it is: in reports a blank is `+`, and a `+` is `%2B`.
fn decode<'a>(text: &'a [u8], key: &'a mut Vec<u8>) -> &'a [u8] {
    if !text.iter().any(|b| matches!(b, b'%' | b'+')) {
        return text;
    }
    key.clear();
    key.extend(text.iter().map(|b| if *b == b'+' { b' ' } else { *b }));
    if let Cow::Owned(decoded) = Cow::from(percent_decode(key)) {
        *key = decoded;
    }
    key
}

fn malformed(error: csv::Error) -> Fault {
    let cut = match error.kind() {
        csv::ErrorKind::Io(cause) => cause.kind() == io::ErrorKind::UnexpectedEof,
        csv::ErrorKind::UnequalLengths { .. } => {
            return Fault::new("has lines of more and fewer columns").with_cause(error);
        }
        _ => false,
    };
    let reason = match cut {
        true => "ends too early",
        false => "is no such file",
    };
    Fault::new(reason).with_cause(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_decoded_as_they_were_encoded() {
        let mut kept = Vec::new();
        for (text, key) in [
            ("plain/key", &b"plain/key"[..]),
            ("a+b%2Bc", b"a b+c"),
            ("%C3%A4%FF%", b"\xc3\xa4\xff%"),
            ("%2525+", b"%25 "),
            ("", b""),
        ] {
            assert_eq!(decode(text.as_bytes(), &mut kept), key, "{text}");
        }
    }

    #[test]
    fn a_size_is_digits() {
        assert_eq!(number(b"0"), Some(0));
        assert_eq!(number(b"18446744073709551615"), Some(u64::MAX));
        for none in [&b"+1"[..], b"-1", b" 1", b"1.0", b"18446744073709551616"] {
            assert_eq!(number(none), None);
        }
    }
}
