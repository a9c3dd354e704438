//! What a program prints: a line for each object.

use std::io::{self, Read};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use s3_exporter_api::{Object, StorageClass, UnixTime};

use crate::config::Bounds;

/// Of the fields of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Key, size in bytes and RFC 3339, with a tab between each.
    #[default]
    Tsv,
    /// What `rclone lsf --format pst` prints: the same with `;`, a time in the zone of the program,
    /// which is told to be UTC, and for folders -1 as their size.
    RcloneLsf,
}

/// No key is longer, in bytes: a path has 4,096 at most, and the rest of a line is short.
const LONGEST: usize = 16 << 10;
const CHUNK: usize = 64 << 10;

/// What is wrong with what was printed.
#[derive(Debug)]
pub enum Malformed {
    /// It cannot be read.
    Unreadable(io::Error),
    /// A line that is none of the format's, and its number from 1 on.
    Line(u64, Vec<u8>),
    /// A line without an end, or so long that it is none; its number.
    Endless(u64),
    /// The last line has no end: there may have been more.
    Cut(u64),
    /// More lines or bytes than are allowed.
    TooMuch,
}

/// Reads lines from a pipe.
#[derive(Debug)]
pub struct Lines<R> {
    from: R,
    format: Format,
    left: Bounds,
    buffer: Vec<u8>,
    /// Of the buffer, what was read and is not taken yet.
    start: usize,
    end: usize,
    lines: u64,
}

impl<R: Read> Lines<R> {
    /// Nothing is read yet.
    pub fn new(from: R, format: Format, bounds: Bounds) -> Self {
        Self {
            from,
            format,
            left: bounds,
            buffer: vec![0; CHUNK],
            start: 0,
            end: 0,
            lines: 0,
        }
    }

    /// The object of the next line; `None` at the end. A line of a folder has none.
    ///
    /// # Errors
    /// It is no line of an object.
    pub fn next(&mut self) -> Result<Option<Object<'_>>, Malformed> {
        while let Some((start, end)) = self.line()? {
            let line = &self.buffer[start..end];
            let Some(fields) = Fields::of(line, self.format) else {
                return Err(Malformed::Line(self.lines, line.to_vec()));
            };
            let Some(size) = fields.size else {
                continue;
            };
            return Ok(Some(Object {
                key: &self.buffer[start..start + fields.key],
                size,
                last_modified: fields.last_modified,
                storage_class: StorageClass::STANDARD,
            }));
        }
        Ok(None)
    }

    /// Where in the buffer the next line is, without its end.
    fn line(&mut self) -> Result<Option<(usize, usize)>, Malformed> {
        let mut searched = self.start;
        loop {
            let found = memchr::memchr(b'\n', &self.buffer[searched..self.end]);
            if let Some(at) = found {
                let (start, end) = (self.start, searched + at);
                self.start = end + 1;
                self.lines += 1;
                self.left.objects = take(self.left.objects, 1)?;
                return Ok(Some((start, end)));
            }
            if self.end - self.start > LONGEST {
                return Err(Malformed::Endless(self.lines + 1));
            }
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
            searched = self.end;
            let room = &mut self.buffer[self.end..];
            let read = loop {
                match self.from.read(room) {
                    Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                    read => break read.map_err(Malformed::Unreadable)?,
                }
            };
            if read == 0 {
                return match self.end {
                    0 => Ok(None),
                    _ => Err(Malformed::Cut(self.lines + 1)),
                };
            }
            self.left.bytes = take(self.left.bytes, read as u64)?;
            self.end += read;
        }
    }
}

fn take(left: u64, used: u64) -> Result<u64, Malformed> {
    left.checked_sub(used).ok_or(Malformed::TooMuch)
}

/// What is in a line.
struct Fields {
    /// Bytes of the key, which is at its beginning.
    key: usize,
    /// `None` for a folder.
    size: Option<u64>,
    last_modified: UnixTime,
}

impl Fields {
    /// The last two hold no separator, so a key may.
    fn of(line: &[u8], format: Format) -> Option<Self> {
        let separator = match format {
            Format::Tsv => b'\t',
            Format::RcloneLsf => b';',
        };
        let mut fields = line.rsplitn(3, |byte| *byte == separator);
        let (time, size, key) = (fields.next()?, fields.next()?, fields.next()?);
        let (time, size) = (
            std::str::from_utf8(time).ok()?,
            std::str::from_utf8(size).ok()?,
        );
        let time = match format {
            Format::Tsv => time.parse::<Timestamp>().ok()?,
            // Its day and second; a shorter form would be one that was cut.
            Format::RcloneLsf if time.len() != "2006-01-02 15:04:05".len() => return None,
            Format::RcloneLsf => {
                let time: DateTime = time.parse().ok()?;
                TimeZone::UTC.to_timestamp(time).ok()?
            }
        };
        let is_folder = format == Format::RcloneLsf && size == "-1" && key.ends_with(b"/");
        // Not a sign, which numbers may have elsewhere.
        let is_plain = size.bytes().all(|byte| byte.is_ascii_digit());
        let number = size.parse().ok().filter(|_| is_plain);
        if key.is_empty() || (number.is_none() && !is_folder) {
            return None;
        }
        Some(Self {
            key: key.len(),
            size: number,
            last_modified: UnixTime::from_millis(time.as_millisecond()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds {
        objects: 1000,
        bytes: 1 << 20,
    };

    /// Gives so many bytes at a time.
    struct Slowly<'a>(&'a [u8], usize);

    impl Read for Slowly<'_> {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            let most = self.1.min(room.len());
            self.0.read(&mut room[..most])
        }
    }

    type Read3 = Result<Vec<(Vec<u8>, u64, i64)>, Malformed>;

    fn read(text: &[u8], format: Format, bounds: Bounds, at_a_time: usize) -> Read3 {
        let mut lines = Lines::new(Slowly(text, at_a_time), format, bounds);
        let mut all = Vec::new();
        while let Some(of) = lines.next()? {
            all.push((of.key.to_vec(), of.size, of.last_modified.as_millis()));
        }
        Ok(all)
    }

    #[test]
    fn each_line_is_an_object_whatever_its_key_holds() {
        let tsv = "a\t5\t2024-02-29T12:34:56.789+02:00\n\
                   with\ttab\t0\t1970-01-01T00:00:00Z\n \t1\t2024-01-01T00:00:00Z\n";
        let lsf = "a;5;2024-02-29 10:34:56\nwith;semi;0;1970-01-01 00:00:00\nfolder/;-1;2024-01-01 00:00:00\n";
        for at_a_time in [1, 7, CHUNK] {
            let expected = vec![
                (b"a".to_vec(), 5, 1_709_202_896_789),
                (b"with\ttab".to_vec(), 0, 0),
                (b" ".to_vec(), 1, 1_704_067_200_000),
            ];
            let found = read(tsv.as_bytes(), Format::Tsv, BOUNDS, at_a_time).unwrap();
            assert_eq!(found, expected);
            let expected = vec![
                (b"a".to_vec(), 5, 1_709_202_896_000),
                (b"with;semi".to_vec(), 0, 0),
            ];
            let found = read(lsf.as_bytes(), Format::RcloneLsf, BOUNDS, at_a_time).unwrap();
            assert_eq!(found, expected);
        }
        assert_eq!(read(b"", Format::Tsv, BOUNDS, 1).unwrap(), []);
        let odd = read(b"\xff\t1\t2024-01-01T00:00:00Z\n", Format::Tsv, BOUNDS, 9).unwrap();
        assert_eq!(odd[0].0, b"\xff");
    }

    #[test]
    fn what_is_no_line_of_an_object_is_refused() {
        for line in [
            "",
            "a",
            "a\t1",
            "\t1\t2024-01-01T00:00:00Z",
            "a\t-1\t2024-01-01T00:00:00Z",
            "a\t+1\t2024-01-01T00:00:00Z",
            "a\t\t2024-01-01T00:00:00Z",
            "a\t1\t2024-01-01",
            "a\t1\t2024-01-01T00:00:00",
            "a\t1\t",
            "a\t18446744073709551616\t2024-01-01T00:00:00Z",
            "a;1;2024-01-01 00:00:00",
            "a\t1\t2024-01-01T00:00:00Z\r",
        ] {
            let text = format!("ok\t1\t2024-01-01T00:00:00Z\n{line}\n");
            let error = read(text.as_bytes(), Format::Tsv, BOUNDS, 5).unwrap_err();
            assert!(
                matches!(&error, Malformed::Line(2, of) if of == line.as_bytes()),
                "{line:?}: {error:?}"
            );
        }
        for line in [
            "a;-1;2024-01-01 00:00:00",
            "a;1;2024-01-01 00:00",
            "a;1;2024-01-01T00:00:00Z",
            "a;1",
            "a\t1\t2024-01-01 00:00:00",
            "a/;-1;",
            ";1;2024-01-01 00:00:00",
        ] {
            let error = read(
                format!("{line}\n").as_bytes(),
                Format::RcloneLsf,
                BOUNDS,
                99,
            )
            .unwrap_err();
            assert!(
                matches!(error, Malformed::Line(1, _)),
                "{line:?}: {error:?}"
            );
        }
    }

    #[test]
    fn a_listing_that_was_cut_in_a_line_is_refused() {
        let text = b"a\t1\t2024-01-01T00:00:00Z\nb\t1\t2024-01-01T00:00:00Z";
        for at_a_time in [1, CHUNK] {
            let error = read(text, Format::Tsv, BOUNDS, at_a_time).unwrap_err();
            assert!(matches!(error, Malformed::Cut(2)), "{error:?}");
        }
    }

    #[test]
    fn it_is_bounded() {
        let line = b"key\t1\t2024-01-01T00:00:00Z\n";
        let text = line.repeat(10);
        let bounds = |objects, bytes| Bounds { objects, bytes };
        let all = text.len() as u64;
        assert_eq!(
            read(&text, Format::Tsv, bounds(10, all), 3).unwrap().len(),
            10
        );
        for (objects, bytes) in [(9, all), (10, all - 1)] {
            let error = read(&text, Format::Tsv, bounds(objects, bytes), 3).unwrap_err();
            assert!(matches!(error, Malformed::TooMuch), "{error:?}");
        }
        let endless = vec![b'x'; 10 * CHUNK];
        for at_a_time in [1000, CHUNK] {
            let error = read(&endless, Format::Tsv, BOUNDS, at_a_time).unwrap_err();
            assert!(matches!(error, Malformed::Endless(1)), "{error:?}");
        }
        let longest = [
            &vec![b'x'; LONGEST - 30][..],
            b"\t1\t2024-01-01T00:00:00Z\n",
        ]
        .concat();
        for at_a_time in [1000, CHUNK] {
            assert!(read(&longest.repeat(9), Format::Tsv, BOUNDS, at_a_time).is_ok());
        }
    }
}
