//! Reports as CSV.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::io::{self, BufReader, Read};

use csv::{ByteRecord, ReaderBuilder};
use flate2::bufread::MultiGzDecoder;
use percent_encoding::percent_decode;
use s3_exporter_api::Page;
use s3_exporter_page::parse_time;

use crate::error::Fault;
use crate::rows::{Columns, Pages, Places, Row, is_folder, state};

/// What is read from the disk at a time, and what is decompressed.
const BUFFER: usize = 256 << 10;
/// The longest row: keys have 1 KiB, thrice as much where they are encoded.
const LONGEST: usize = 1 << 20;

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
    let unread = Cell::new(0);
    let file = Bounded {
        file,
        read: &unread,
    };
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
    unread.set(0);
    pages.can_be_of(&places)?;
    let mut record = ByteRecord::new();
    let mut key = Vec::new();
    while reader.read_byte_record(&mut record).map_err(malformed)? {
        unread.set(0);
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

/// A file that is not read on where a row has no end: whoever reads it keeps the whole row.
struct Bounded<'a, R> {
    file: R,
    /// What was read since the last row ended.
    read: &'a Cell<usize>,
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        // What follows a row is in the reader's buffer already.
        if self.read.get() > LONGEST + BUFFER {
            return Err(io::Error::other(Endless));
        }
        let more = self.file.read(into)?;
        self.read.set(self.read.get() + more);
        Ok(more)
    }
}

/// A row that is longer than any can be.
#[derive(Debug)]
struct Endless;

impl fmt::Display for Endless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a row of more than {LONGEST} bytes")
    }
}

impl std::error::Error for Endless {}

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
    let version = places.version.map(at).transpose()?;
    let mut is_latest = flag(places.latest, version.is_none_or(<[u8]>::is_empty))?;
    for place in &places.gone {
        is_latest &= matches!(at(*place)?, b"" | b"false" | b"FALSE" | b"False");
    }
    let size = match at(places.size)? {
        b"" => None,
        size => Some(number(size).ok_or("a size that is no number")?),
    };
    let is_marker = flag(places.marker, false)?;
    let mut is_a_folder = false;
    for place in &places.folder {
        is_a_folder |= is_folder(at(*place)?);
    }
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
        is_folder: is_a_folder,
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
        csv::ErrorKind::Io(cause) if cause.get_ref().is_some_and(|of| of.is::<Endless>()) => {
            return Fault::new(format!("has {Endless}"));
        }
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
    use s3_exporter_api::ListingKind;

    use super::*;
    use crate::rows::Wanted;

    const COLUMNS: Columns = Columns {
        bucket: Some("bucket"),
        key: "key",
        size: "size",
        modified: "modified",
        class: "",
        latest: "",
        marker: None,
        version: None,
        folder: &[],
        gone: &[],
    };

    /// What comes of reading this, and how many bytes of it were read.
    fn fault_of(file: impl Read, names: Option<&str>) -> (Option<String>, usize) {
        struct Counted<'a, R>(R, &'a Cell<usize>);

        impl<R: Read> Read for Counted<'_, R> {
            fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
                let more = self.0.read(into)?;
                self.1.set(self.1.get() + more);
                Ok(more)
            }
        }

        let form = CsvForm {
            names: names.map(|names| names.split(',').map(str::to_owned).collect()),
            delimiter: b',',
            is_compressed: false,
            is_encoded: false,
        };
        let wanted = Wanted {
            bucket: "b".to_owned(),
            prefix: String::new(),
            kind: ListingKind::Objects,
            page: 1000,
        };
        let mut pages = Pages::new(wanted, Some);
        let read_bytes = Cell::new(0);
        let found = read(Counted(file, &read_bytes), &form, &COLUMNS, &mut pages);
        let says = found.err().map(|fault| fault.into_error("x").to_string());
        (says, read_bytes.get())
    }

    /// Nothing that is written so is kept in memory until it ends.
    #[test]
    fn a_row_without_an_end_is_given_up() {
        let names = Some("bucket,key,size,modified");
        for (head, names) in [("b,\"", names), ("b,", names), ("bucket,key,\"", None)] {
            let endless = head.as_bytes().chain(io::repeat(b'x'));
            let (says, bytes) = fault_of(endless, names);
            let says = says.unwrap();
            assert!(
                says.contains("has a row of more than 1048576 bytes"),
                "{says}"
            );
            assert!(bytes <= LONGEST + 4 * BUFFER, "{bytes}");
        }
        // However many rows there are.
        let rows = "b,k,1,1970-01-01T00:00:01Z\n".repeat(200_000);
        assert!(rows.len() > 2 * (LONGEST + BUFFER));
        assert_eq!(fault_of(rows.as_bytes(), names), (None, rows.len()));
        // The longest that there may be.
        let long = format!("b,{},1,1970-01-01T00:00:01Z\n", "k".repeat(LONGEST - 100)).repeat(3);
        assert_eq!(fault_of(long.as_bytes(), names), (None, long.len()));
    }

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
