//! Files that others name, read so that none of them can make us wait or fill the memory.
//!
//! To open a pipe waits for somebody who writes into it, to open some devices does things, and
//! `/dev/zero` never ends. So it is looked at what is there before it is opened, and no more is
//! read than makes sense.

use std::fs::{File, FileType, Metadata, OpenOptions};
use std::io::{self, Error, ErrorKind, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::fs::OFlags;
use zeroize::Zeroizing;

#[cfg(test)]
mod tests;

/// Far more than a key, a token or a bundle of certificates needs, in bytes.
pub const MAX_FILE: u64 = 1 << 20;

/// How often a pipe is asked for what has come.
const ASK: Duration = Duration::from_millis(10);

/// Reads a file whole. Never waits for anybody.
///
/// # Errors
/// It cannot be read, is no file (a folder, a pipe, a device, a socket), or holds more than
/// `largest` bytes.
pub fn read(path: &Path, largest: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    let (file, found) = open(path)?;
    // Room for all of it: what grows leaves copies behind.
    let room = usize::try_from(found.len().min(largest) + 1).unwrap_or_default();
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    file.take(largest + 1).read_to_end(&mut bytes)?;
    within(bytes, largest)
}

/// Looks whether [`read`] would find a file, for those who let another read it.
///
/// # Errors
/// As [`read`], but for the right to read it.
pub fn look(path: &Path, largest: u64) -> io::Result<()> {
    let found = std::fs::metadata(path)?;
    is_file(found.file_type())?;
    match found.len() > largest {
        true => Err(too_large(largest)),
        false => Ok(()),
    }
}

/// How long a pipe is waited for.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For somebody to write into it.
    pub writer: Duration,
    /// For its end, once somebody does.
    pub end: Duration,
}

/// As [`read`], but what a user hands over for one reading may be a pipe or a terminal, as
/// `/dev/stdin` and a shell's `<(...)` are.
///
/// # Errors
/// As [`read`]; or nobody writes into the pipe, or its end does not come.
pub fn read_handed_over(
    path: &Path,
    largest: u64,
    patience: Patience,
) -> io::Result<Zeroizing<Vec<u8>>> {
    let kind = std::fs::metadata(path)?.file_type();
    let is_terminal = || kind.is_char_device() && is_terminal(path);
    if !kind.is_fifo() && !is_terminal() {
        return read(path, largest);
    }
    let mut pipe = open_at_once(path)?;
    let mut bytes = Zeroizing::new(Vec::new());
    let mut buffer = Zeroizing::new([0; 16 * 1024]);
    let began = Instant::now();
    while bytes.len() as u64 <= largest {
        let (complaint, limit) = match pipe.read(&mut buffer[..]) {
            // There is nobody yet, or it is the end.
            Ok(0) if bytes.is_empty() => ("nobody writes into it", patience.writer),
            Ok(0) => break,
            Ok(count) => {
                bytes.extend_from_slice(&buffer[..count]);
                continue;
            }
            Err(cause) if cause.kind() == ErrorKind::Interrupted => continue,
            Err(cause) if cause.kind() == ErrorKind::WouldBlock => {
                ("who writes into it does not come to an end", patience.end)
            }
            Err(cause) => return Err(cause),
        };
        if began.elapsed() >= limit {
            return Err(Error::new(
                ErrorKind::TimedOut,
                format!("it is {}, and {complaint}", name(kind)),
            ));
        }
        std::thread::sleep(ASK);
    }
    within(bytes, largest)
}

/// Opens a file, with what it is.
fn open(path: &Path) -> io::Result<(File, Metadata)> {
    // Before it is opened, as that may do something; and afterwards, as it may be another then.
    is_file(std::fs::metadata(path)?.file_type())?;
    let file = open_at_once(path)?;
    let found = file.metadata()?;
    is_file(found.file_type())?;
    Ok((file, found))
}

/// Opens what is there and does not wait for another end of it.
fn open_at_once(path: &Path) -> io::Result<File> {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(flags.bits().cast_signed());
    options.open(path)
}

fn is_terminal(path: &Path) -> bool {
    use std::io::IsTerminal;
    // Of ours alone: to open another may do something.
    path == Path::new("/dev/stdin") && io::stdin().is_terminal()
}

fn is_file(kind: FileType) -> io::Result<()> {
    match kind.is_file() {
        true => Ok(()),
        false => Err(Error::new(
            ErrorKind::InvalidInput,
            format!("it is {}, not a file", name(kind)),
        )),
    }
}

fn name(kind: FileType) -> &'static str {
    if kind.is_dir() {
        "a folder"
    } else if kind.is_fifo() {
        "a pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

fn within(bytes: Zeroizing<Vec<u8>>, largest: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    match bytes.len() as u64 > largest {
        true => Err(too_large(largest)),
        false => Ok(bytes),
    }
}

fn too_large(largest: u64) -> Error {
    let mib = largest >> 20;
    Error::new(
        ErrorKind::FileTooLarge,
        format!("it is larger than {mib} MiB"),
    )
}

/// Why a file cannot be read, for people: one that is missing is the most frequent.
pub fn reason(cause: &Error) -> String {
    match cause.kind() {
        ErrorKind::NotFound => "there is no such file".to_owned(),
        _ => cause.to_string(),
    }
}

/// Tells one content of a file from the next, without reading it: device, inode, size, and
/// when it was changed. Links are followed, so that a mount of Kubernetes, which changes by
/// a link, shows another file then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileVersion {
    place: (u64, u64),
    size: u64,
    changed: (i64, i64),
}

impl FileVersion {
    /// Of the file as it is now; `None` where there is none.
    pub fn of(path: &Path) -> Option<Self> {
        std::fs::metadata(path).ok().map(Self::from)
    }

    /// Whether it was changed less than `age` before `now`, or after that.
    pub(crate) fn is_younger(&self, age: Duration, now: SystemTime) -> bool {
        let (seconds, nanos) = self.changed;
        let since = Duration::new(
            u64::try_from(seconds).unwrap_or_default(),
            u32::try_from(nanos).unwrap_or_default(),
        );
        now < UNIX_EPOCH + since + age
    }
}

impl From<Metadata> for FileVersion {
    fn from(file: Metadata) -> Self {
        Self {
            place: (file.dev(), file.ino()),
            size: file.size(),
            changed: (file.ctime(), file.ctime_nsec()),
        }
    }
}
