//! Suffixes of dumps: what of a name says how it is packed.

/// A name without its suffixes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suffix {
    /// How long the name is without them.
    pub stem: usize,
    /// How long it is without the suffix of what only lies beside another file.
    pub whole: usize,
    /// What it is.
    pub form: Form,
    /// Whether it only lies beside another file, or is not all there yet.
    pub beside: Option<Beside>,
}

/// What a file is by its suffixes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A dump or an image; or packed, and nothing says what.
    Dump,
    /// An archive of files: this suffix.
    Archive(&'static str),
    /// Nobody knows.
    Other,
}

/// Why a file is no backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    /// A checksum, a signature, a log.
    Sidecar,
    /// What is still written.
    Unfinished,
}

/// What a suffix says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Says {
    Sidecar,
    Unfinished,
    Packed,
    Dump,
    Archive(&'static str),
}

fn says(suffix: &[u8]) -> Option<Says> {
    let mut lower = [0; 9];
    let lower = lower.get_mut(..suffix.len())?;
    lower.copy_from_slice(suffix);
    lower.make_ascii_lowercase();
    Some(match &*lower {
        b"asc" | b"info" | b"log" | b"manifest" | b"md5" | b"md5sum" | b"meta" | b"metadata"
        | b"minisig" | b"notes" | b"sha1" | b"sha1sum" | b"sha256" | b"sha256sum" | b"sha512"
        | b"sha512sum" | b"sig" => Says::Sidecar,
        b"filepart" | b"part" | b"partial" | b"tmp" => Says::Unfinished,
        b"z" | b"aes" | b"age" | b"br" | b"bz2" | b"bzip2" | b"enc" | b"gpg" | b"gz" | b"gzip"
        | b"lz4" | b"lzma" | b"lzo" | b"pgp" | b"s2" | b"snappy" | b"sz" | b"xz" | b"zst"
        | b"zstd" => Says::Packed,
        b"tar" | b"tbz2" | b"tgz" | b"txz" | b"tzst" => Says::Archive("tar"),
        b"7z" => Says::Archive("7z"),
        b"rar" => Says::Archive("rar"),
        b"zip" => Says::Archive("zip"),
        b"aof" | b"archive" | b"backup" | b"bak" | b"bson" | b"bundle" | b"cpio" | b"csv"
        | b"custom" | b"db" | b"dmp" | b"dump" | b"etcd" | b"img" | b"json" | b"ldif"
        | b"mbstream" | b"pgdump" | b"qcow2" | b"raw" | b"rdb" | b"snap" | b"snapshot" | b"sql"
        | b"sqlite" | b"sqlite3" | b"tdb" | b"vma" | b"xb" | b"xbstream" | b"xml" | b"yaml" => {
            Says::Dump
        }
        _ => return None,
    })
}

/// What the suffixes of a name say.
pub fn read(name: &[u8]) -> Suffix {
    let (whole, beside) = beside(name);
    let mut found = Suffix {
        stem: whole,
        whole,
        form: Form::Other,
        beside,
    };
    while let Some((dot, last)) = extension(&name[..found.stem]) {
        found.form = match says(last) {
            Some(Says::Packed | Says::Dump) => Form::Dump,
            Some(Says::Archive(form)) => Form::Archive(form),
            _ => {
                if found.form == Form::Other && is_extension(last) {
                    found.stem = dot;
                }
                break;
            }
        };
        found.stem = dot;
    }
    found
}

/// How long a name is without the suffix of what only lies beside another file, and why it does.
fn beside(name: &[u8]) -> (usize, Option<Beside>) {
    let Some((dot, last)) = extension(name) else {
        return (name.len(), None);
    };
    let before = || extension(&name[..dot]).map(|(_, last)| last);
    // What is known of a dump.
    let is_of_dump = || before().is_some_and(|last| says(last).is_some());
    match says(last) {
        // A log that was packed is one.
        Some(Says::Packed) if before() == Some(b"log") => (dot, Some(Beside::Sidecar)),
        Some(Says::Sidecar) => (dot, Some(Beside::Sidecar)),
        Some(Says::Unfinished) => (dot, Some(Beside::Unfinished)),
        Some(Says::Dump) if last == b"json" && is_of_dump() => (dot, Some(Beside::Sidecar)),
        _ => (name.len(), None),
    }
}

fn extension(name: &[u8]) -> Option<(usize, &[u8])> {
    let dot = memchr::memrchr(b'.', name)?;
    Some((dot, &name[dot + 1..]))
}

/// A short word that may be a suffix that is not listed.
fn is_extension(last: &[u8]) -> bool {
    (1..=5).contains(&last.len())
        && last.iter().all(u8::is_ascii_alphanumeric)
        && last.iter().any(u8::is_ascii_alphabetic)
}
