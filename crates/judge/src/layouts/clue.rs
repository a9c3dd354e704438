//! What is seen of a key at a glance, so that few layouts must be asked about it.

/// Signs of layouts: a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clue(u32);

macro_rules! signs {
    ($($(#[$doc:meta])+ $name:ident = $bit:literal;)+) => {
        impl Clue {
            $($(#[$doc])+ pub const $name: Self = Self(1 << $bit);)+
        }
    };
}

signs! {
    /// A file of at least 62 characters, as hashes have.
    LONG_FILE = 0;
    /// The file `config`.
    CONFIG = 1;
    /// The folder `snapshots`.
    SNAPSHOTS = 2;
    /// A file as kopia names blobs.
    BLOB = 3;
    /// The folder `backup` or `archive`.
    BACKUP = 4;
    /// A folder that ends in `_005`.
    WAL_G = 5;
    /// The folder `base` or `wals`.
    BASE = 6;
    /// A file of 50 characters, or that ends in `.ignore`.
    VMBACKUP = 7;
    /// A file that ends in `.ltx`.
    LTX = 8;
    /// The folder `generations`.
    GENERATIONS = 9;
    /// The folder `backupstore`.
    BACKUPSTORE = 10;
    /// A file of at least 30 characters.
    FILE_30 = 11;
    /// The folder `backups` or `restores`, or the file `revision`.
    BACKUPS = 12;
    /// A file that begins with `Full-` or `Incr-`.
    REVISIONS = 13;
    /// A file that begins with `etcd`, `_etcd` or `on-demand`.
    ETCD = 14;
    /// A colon, or a name that begins with `pbm` or `.pbm`.
    COLON = 15;
    /// A file that ends in `.db` or `.db.gz`.
    DB = 16;
    /// A file that ends in `.snap` or `.snapshot`.
    SNAP = 17;
    /// A file with `.tar` in it.
    TAR = 18;
    /// A file that begins with `vzdump`, `backup`, `physicalbackup` or `db_backup`.
    NAMED = 19;
    /// A file that begins with a letter that one of nfrastack's types has, and has an underscore.
    TYPED = 20;
    /// The folder `logical_backups`, `last`, `daily`, `weekly` or `monthly`.
    RHYTHM = 21;
}

impl Clue {
    /// All of them: to be asked about each key.
    pub const ANY: Self = Self(u32::MAX);

    /// What is seen of every key: no sign.
    const NOTHING: Self = Self(1 << 31);

    /// Whether none is seen but these.
    pub const fn is_within(self, others: Self) -> bool {
        self.0 & !(others.0 | Self::NOTHING.0) == 0
    }

    /// Whether none is seen.
    pub const fn is_nothing(self) -> bool {
        self.is_within(Self::NOTHING)
    }

    /// Any of both.
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether there is one that both have.
    pub fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// What is seen of a key.
    pub fn of(key: &[u8]) -> Self {
        let mut seen = Self::NOTHING; // so that ANY meets it
        let mut start = 0;
        for slash in memchr::memchr_iter(b'/', key) {
            seen = seen.or(of_folder(&key[start..slash]));
            start = slash + 1;
        }
        if memchr::memchr(b':', key).is_some() {
            seen = seen.or(Self::COLON);
        }
        seen.or(of_file(&key[start..])).or(of_suffix(&key[start..]))
    }

    /// What may be seen of keys that differ from one in digits alone.
    pub fn of_other_digits(key: &[u8]) -> Self {
        let may_be_wal_g = |slash: usize| {
            let end = key[..slash].last_chunk::<4>();
            end.is_some_and(|end| end[0] == b'_' && end[1..].iter().all(u8::is_ascii_digit))
        };
        let seen = Self::of(key);
        match memchr::memchr_iter(b'/', key).any(may_be_wal_g) {
            true => seen.or(Self::WAL_G),
            false => seen,
        }
    }
}

fn of_folder(folder: &[u8]) -> Clue {
    match folder {
        b"snapshots" => Clue::SNAPSHOTS,
        b"backup" | b"archive" => Clue::BACKUP,
        b"base" | b"wals" => Clue::BASE,
        b"generations" => Clue::GENERATIONS,
        b"backupstore" => Clue::BACKUPSTORE,
        b"backups" | b"restores" => Clue::BACKUPS,
        b"pbmPitr" => Clue::COLON,
        b"logical_backups" | b"last" | b"daily" | b"weekly" | b"monthly" => Clue::RHYTHM,
        [.., b'_', b'0', b'0', b'5'] => Clue::WAL_G,
        _ => Clue(0),
    }
}

/// By its length and how it begins.
fn of_file(file: &[u8]) -> Clue {
    let by_length = match file.len() {
        50 => Clue::VMBACKUP.or(Clue::FILE_30),
        62.. => Clue::LONG_FILE.or(Clue::FILE_30),
        30.. => Clue::FILE_30,
        _ => Clue(0),
    };
    let by_beginning = match file {
        b"config" => Clue::CONFIG,
        b"revision" => Clue::BACKUPS,
        [b'F', b'u', b'l', b'l', b'-', ..] | [b'I', b'n', b'c', b'r', b'-', ..] => Clue::REVISIONS,
        [b'e', b't', b'c', b'd', ..] | [b'_', b'e', ..] | [b'o', b'n', b'-', ..] => Clue::ETCD,
        [b'.', b'p', b'b', b'm', ..] => Clue::COLON,
        [b'v', b'z', ..] | [b'b', b'a', b'c', b'k', ..] | [b'd', b'b', b'_', ..] => Clue::NAMED,
        [b'p', b'h', b'y', ..] => Clue::NAMED,
        [b'k', b'o', b'p', ..] | [b'_', b'l', b'o', b'g', ..] => Clue::BLOB,
        [b'x', b'w', ..] => Clue::BLOB,
        [b'p' | b'q' | b's' | b'x', rest @ ..] if rest.len() >= 32 => Clue::BLOB.or(Clue::TYPED),
        [b'c' | b'i' | b'm' | b'p' | b'r' | b's', ..] => Clue::TYPED,
        _ => Clue(0),
    };
    by_length.or(by_beginning)
}

fn of_suffix(file: &[u8]) -> Clue {
    let unpacked = file.strip_suffix(b".gz").unwrap_or(file);
    let Some(dot) = memchr::memrchr(b'.', unpacked) else {
        return Clue(0);
    };
    match &unpacked[dot + 1..] {
        b"ignore" => Clue::VMBACKUP,
        b"ltx" => Clue::LTX,
        b"db" => Clue::DB,
        b"snap" | b"snapshot" => Clue::SNAP,
        b"tar" | b"enc" => Clue::TAR,
        _ => Clue(0),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Clue;

    proptest! {
        #[test]
        fn other_digits_show_what_they_may(
            key in "([a-z]{0,3}[_-]?[0-9]{0,4}|base|wals|basebackups_005|2026-11-28)(/(p?[0-9a-f]{28,70}|[a-z_]{1,6}_[0-9]{2,4}|etcd-[0-9]{3}\\.(db|snap|ltx)|a:[0-9]|config))+",
            digits in proptest::collection::vec(0..10_u8, 50),
        ) {
            let mut digits = digits.iter().cycle();
            let other: Vec<u8> = key.bytes().map(|byte| match byte.is_ascii_digit() {
                true => b'0' + digits.next().unwrap(),
                false => byte,
            }).collect();
            let (seen, may_be) = (Clue::of(&other), Clue::of_other_digits(key.as_bytes()));
            prop_assert!(seen.is_within(may_be), "{seen:?} {may_be:?} {}", String::from_utf8_lossy(&other));
        }
    }
}
