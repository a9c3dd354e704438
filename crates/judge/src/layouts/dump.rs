//! Files with a time in their name or their folder, whoever wrote them.

use std::borrow::Cow;

use super::clue::Clue;
use super::suffix::{self, Beside, Form, Suffix};
use super::text::{component, components, is_digits, is_separator, is_uuid, joined, name};
use super::time::{civil, last};
use super::{
    Chain, Completeness, Example, KeyTime, Layout, Look, Part, Piece, Reading, Rewrite, Silence,
    SizeRule, TimeRule,
};

/// One file a backup.
pub static DUMP: Layout = Layout {
    name: "dump",
    signature: "any name with a time in it or in its folder, read from the right",
    commit: "each object",
    cheap_prefix: "",
    look: Look::None,
    source: "pg_dump, mariadb-dump, mariabackup, etcdctl by rclone and mc, run",
    complete: Completeness::OneObject,
    time: TimeRule::Local,
    chain: Chain::Unknown,
    silence: Silence::Late,
    size: SizeRule::Dump,
    rewrite: Rewrite::Usual,
    job_is_cluster: false,
    is_per_node: false,
    clue: Clue::ANY,
    needs: &[],
    read: read_dump,
    examples: &[
        Example {
            key: "pg/app-2026-11-28T18-51-57Z.sql.gz",
            read: "root=pg/ job=app full whole id=2026-11-28T18-51-57Z.sql.gz time=2026-11-28T18:51:57Z",
        },
        Example {
            key: "pg/app-2026-11-28T18-51-57Z.sql",
            read: "root=pg/ job=app full whole id=2026-11-28T18-51-57Z.sql time=2026-11-28T18:51:57Z",
        },
        Example {
            key: "db-20260131.sql.gz",
            read: "job=db full whole id=20260131.sql.gz time=2026-01-31T00:00:00/86400",
        },
        Example {
            key: "db-2026-01-31.tar",
            read: "job=db.tar full whole id=2026-01-31.tar time=2026-01-31T00:00:00/86400",
        },
        Example {
            key: "2026/01/31/db.sql.gz",
            read: "job=db full whole id=2026/01/31/db.sql.gz time=2026-01-31T00:00:00/86400",
        },
        Example {
            key: "web/2026-01-31T03-00-00/part1.tar",
            read: "root=web/ job=part1.tar full whole id=2026-01-31T03-00-00/part1.tar time=2026-01-31T03:00:00",
        },
        Example {
            key: "2026-01-31/host1/db.sql.gz",
            read: "job=host1/db full whole id=2026-01-31/host1/db.sql.gz time=2026-01-31T00:00:00/86400",
        },
        Example {
            key: "old/2026/01/app-20260131_030000-9f3a1c.sql.gz",
            read: "root=old/ job=app full whole id=20260131_030000-9f3a1c.sql.gz time=2026-01-31T03:00:00",
        },
        Example {
            key: "2026-01-31_03-00_app-globals.sql",
            read: "job=app-globals full whole id=2026-01-31_03-00_app-globals.sql time=2026-01-31T03:00:00/60",
        },
        Example {
            key: "app-1769828400-001.dump",
            read: "job=app full whole id=1769828400-001.dump time=2026-01-31T03:00:00Z",
        },
        Example {
            key: "app/daily_app_2026-01-31_03h00m_Saturday.sql.gz",
            read: "root=app/ job=daily_app full whole id=2026-01-31_03h00m_Saturday.sql.gz \
                   time=2026-01-31T03:00:00/60",
        },
        Example {
            key: "pg/app-20260131030000.sql.gz.sha256",
            read: "root=pg/ job=app full extra id=20260131030000.sql.gz time=2026-01-31T03:00:00",
        },
        Example {
            key: "pg/app-20260131.log.gz",
            read: "root=pg/ job=app full extra id=20260131.log time=2026-01-31T00:00:00/86400",
        },
        Example {
            key: "pg/app-20260131030000.sql.gz.partial",
            read: "root=pg/ job=app full data id=20260131030000.sql.gz time=2026-01-31T03:00:00",
        },
    ],
};

/// A tree of files, in a folder with a time.
pub static FOLDER: Layout = Layout {
    name: "folder",
    signature: "a folder with a time in its name, and files or a tree of folders in it",
    commit: "any object in it",
    cheap_prefix: "",
    look: Look::None,
    source: "",
    complete: Completeness::OneObject,
    time: TimeRule::Local,
    chain: Chain::Unknown,
    silence: Silence::Late,
    size: SizeRule::Sum,
    rewrite: Rewrite::Usual,
    job_is_cluster: false,
    is_per_node: false,
    clue: Clue::ANY,
    needs: &[],
    read: read_folder,
    examples: &[
        Example {
            key: "mongo/dump-2026-01-31/app/users.bson",
            read: "root=mongo/ job=dump full whole id=dump-2026-01-31 time=2026-01-31T00:00:00/86400",
        },
        Example {
            key: "export-20260131-030000/app.users.00000.sql.zst",
            read: "job=export full whole id=export-20260131-030000 time=2026-01-31T03:00:00",
        },
        Example {
            key: "host/2026-01-31T03-00-00Z/etc/ssh/sshd_config",
            read: "root=host/ full whole id=2026-01-31T03-00-00Z time=2026-01-31T03:00:00Z",
        },
    ],
};

/// Where a time stands: whether in a file's name, or in a folder's.
enum Place<'k> {
    /// In the name, or in the folder and the name, of a file, or in a folder that has no other
    /// name: what names the job is before and after it.
    File {
        before: &'k [u8],
        after: &'k [u8],
        suffix: Suffix,
    },
    /// In a folder that is one backup: where it ends, and what of its name is before the time.
    Folder { end: usize, before: &'k [u8] },
}

fn place<'k>(key: &'k [u8], time: &KeyTime) -> Option<Place<'k>> {
    let name_at = component(key, key.len());
    if name_at == key.len() {
        return None; // a folder object
    }
    let begin = component(key, time.at.start);
    let before = trimmed(&key[begin..time.at.start]);
    if time.at.end > name_at {
        return Some(file(before, &key[time.at.end..]));
    }
    let end = time.at.end + memchr::memchr(b'/', &key[time.at.end..])?;
    let has_name = !before.is_empty() || !trimmed(&key[time.at.end..end]).is_empty();
    let below = &key[end + 1..];
    let depth = memchr::memchr_iter(b'/', below).count();
    if !has_name && depth <= 1 {
        let file = file(b"", below);
        let is_dump = matches!(&file, Place::File { suffix, .. } if suffix.form != Form::Other);
        if depth == 0 || is_dump {
            return Some(file);
        }
    }
    Some(Place::Folder { end, before })
}

fn file<'k>(before: &'k [u8], after: &'k [u8]) -> Place<'k> {
    Place::File {
        before,
        after,
        suffix: suffix::read(after),
    }
}

/// By which of both a key is read.
pub fn read(key: &[u8]) -> Option<(&'static Layout, Reading<'_>)> {
    let time = last(key)?;
    Some(match place(key, &time)? {
        Place::File {
            before,
            after,
            suffix,
        } => (&DUMP, file_of(key, time, (before, after), suffix)),
        Place::Folder { end, before } => (&FOLDER, folder_of(key, time, end, before)),
    })
}

fn read_dump(key: &[u8]) -> Option<Reading<'_>> {
    let (layout, reading) = read(key)?;
    (*layout == DUMP).then_some(reading)
}

fn read_folder(key: &[u8]) -> Option<Reading<'_>> {
    let (layout, reading) = read(key)?;
    (*layout == FOLDER).then_some(reading)
}

fn file_of<'k>(
    key: &'k [u8],
    time: KeyTime,
    (before, after): (&'k [u8], &'k [u8]),
    suffix: Suffix,
) -> Reading<'k> {
    let (root, between) = dateless(key, component(key, time.at.start));
    let part = match suffix.beside {
        None => Part::Whole,
        Some(Beside::Sidecar) => Part::Extra,
        Some(Beside::Unfinished) => Part::Data,
    };
    let archive = match suffix.form {
        Form::Archive(form) => form,
        _ => "",
    };
    let id = &key[time.at.start..key.len() - after.len() + suffix.whole];
    let job = job(between, before, meant(&after[..suffix.stem]), archive);
    Reading::piece(root, job, Piece::new(id, part).at(time))
}

fn folder_of<'k>(key: &'k [u8], time: KeyTime, end: usize, before: &'k [u8]) -> Reading<'k> {
    let begin = component(key, time.at.start);
    let (root, between) = dateless(key, begin);
    let after = &key[time.at.end..end];
    let has_name = !before.is_empty() || !trimmed(after).is_empty();
    let is_rest = if has_name { is_of_tree } else { is_deep };
    let job = job(between, before, meant(after), "");
    let piece = Piece::new(&key[begin..end], Part::Whole).at(time);
    let reading = Reading::piece(root, job, piece);
    let (folders, rest) = key.split_at(end + 1);
    match Clue::of(folders).is_nothing() && is_rest(rest) {
        true => reading.alike(end + 1, is_rest),
        false => reading,
    }
}

/// Whether a path in a folder is of nothing else, for it has no sign of a tool and no time.
fn is_of_tree(path: &[u8]) -> bool {
    let goes_on = path.first().is_none_or(u8::is_ascii_digit); // with the time of the folder, maybe
    !goes_on && !has_run(path) && Clue::of(path).is_within(TIMED)
}

/// Whether four digits follow one another. One of any four bytes that do is looked at.
fn has_run(path: &[u8]) -> bool {
    let digits = |bytes: &mut dyn Iterator<Item = &u8>| {
        bytes.take_while(|byte| byte.is_ascii_digit()).count()
    };
    (3..path.len()).step_by(4).any(|at| {
        let (before, from) = path.split_at(at);
        from[0].is_ascii_digit() && digits(&mut before.iter().rev()) + digits(&mut from.iter()) >= 4
    })
}

/// Signs of tools whose keys have a time in any case.
const TIMED: Clue = Clue::TYPED.or(Clue::NAMED).or(Clue::FILE_30);

/// The same, so deep that it is no file of a folder that has a time and no other name.
fn is_deep(path: &[u8]) -> bool {
    path.iter().filter(|byte| **byte == b'/').nth(1).is_some() && is_of_tree(path)
}

/// Folders before a file without those that are dates: where the first of them begins, else where
/// they all end; and what is between them and the file.
fn dateless(key: &[u8], end: usize) -> (usize, &[u8]) {
    let mut root = None;
    let mut rest = end;
    for (at, folder) in components(&key[..end]) {
        if is_date(folder)
            || (root.is_some() && rest == at && folder.len() == 2 && is_digits(folder))
        {
            root = root.or(Some(at));
            rest = at + folder.len() + 1;
        }
    }
    match root {
        Some(root) => (root, &key[rest.min(end)..end]),
        None => (end, b""),
    }
}

/// A year, a month, or a day, and nothing else.
fn is_date(folder: &[u8]) -> bool {
    if !folder.starts_with(b"20") {
        return false;
    }
    match folder.len() {
        4 => is_digits(folder),
        6 => is_digits(folder),
        7 => is_digits(&folder[..4]) && is_separator(&folder[4]) && is_digits(&folder[5..]),
        _ => civil(folder, 0).is_some_and(|time| time.at.end == folder.len()),
    }
}

/// What names a job.
fn job<'k>(between: &[u8], before: &'k [u8], after: &'k [u8], archive: &str) -> Cow<'k, str> {
    let is_one = before.is_empty() || after.is_empty();
    if between.is_empty() && is_one && (archive.is_empty() || before.len() + after.len() == 0) {
        return name(if before.is_empty() { after } else { before });
    }
    let and: &[u8] = if is_one { b"" } else { b"-" };
    let dot: &[u8] = if archive.is_empty() { b"" } else { b"." };
    joined(&[between, before, and, after, dot, archive.as_bytes()])
}

/// A name without what stands between its words at either end.
fn trimmed(mut name: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = name
        && is_separator(first)
    {
        name = rest;
    }
    while let [rest @ .., last] = name
        && is_separator(last)
    {
        name = rest;
    }
    name
}

/// What is after a time without counters, hashes and names of days at either end.
fn meant(after: &[u8]) -> &[u8] {
    let mut rest = trimmed(after);
    while !rest.is_empty() {
        let first = rest.iter().position(is_separator).unwrap_or(rest.len());
        let last = rest.iter().rposition(is_separator).map_or(0, |at| at + 1);
        if is_passing(&rest[..first]) || is_uuid(rest) {
            rest = trimmed(if is_uuid(rest) { b"" } else { &rest[first..] });
        } else if is_passing(&rest[last..]) {
            rest = trimmed(&rest[..last]);
        } else {
            break;
        }
    }
    rest
}

/// Whether a word is another one each time.
fn is_passing(word: &[u8]) -> bool {
    const DAYS: &[&[u8]] = &[
        b"monday",
        b"tuesday",
        b"wednesday",
        b"thursday",
        b"friday",
        b"saturday",
        b"sunday",
        b"mon",
        b"tue",
        b"wed",
        b"thu",
        b"fri",
        b"sat",
        b"sun",
        b"utc",
    ];
    let is_hash = word.len() >= 6 && word.iter().all(u8::is_ascii_hexdigit);
    is_digits(word) || is_hash || DAYS.iter().any(|day| day.eq_ignore_ascii_case(word))
}
