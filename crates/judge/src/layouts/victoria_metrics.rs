//! vmbackup, and vmbackupmanager, which runs it by four rhythms.

use super::clue::Clue;
use super::text::{before, component, components, is_digits, is_hex, name};
use super::time::{civil, iso_week, month};
use super::{
    Chain, Completeness, Example, KeyTime, Layout, Look, Part, Piece, Reading, Rewrite, Silence,
    SizeRule, TimeRule,
};

const MARKER: &[u8] = b"backup_complete.ignore";

/// One place that each run brings up to date.
pub static VMBACKUP: Layout = RULES;

const RULES: Layout = Layout {
    name: "vmbackup",
    signature: "`backup_complete.ignore`, `data/{small,big,indexdb}/`, `metadata/` with names of three times 16 hexadecimal digits",
    commit: "`backup_complete.ignore`, which is empty, is deleted first and written last",
    cheap_prefix: "backup_complete.ignore",
    look: Look::Place {
        commit: "backup_complete.ignore",
        data: "data/",
    },
    source: "vmbackup, run",
    complete: Completeness::Commit,
    time: TimeRule::LastModified,
    chain: Chain::Unknown,
    silence: Silence::Late,
    size: SizeRule::SumVaries,
    rewrite: Rewrite::Usual,
    job_is_cluster: false,
    is_per_node: false,
    clue: Clue::VMBACKUP,
    needs: &[],
    read: read_place,
    examples: &[
        Example {
            key: "vm1/latest/backup_complete.ignore",
            read: "root=vm1/ job=latest full commit id=latest",
        },
        Example {
            key: "vm1/latest/data/small/2026_11/18EC4CC8F05D597F/timestamps.bin/0000000000000003_0000000000000000_0000000000000003",
            read: "root=vm1/ job=latest full data id=latest",
        },
        Example {
            key: "vm1/latest/metadata/minTimestampForCompositeIndex/0000000000000008_0000000000000000_0000000000000008",
            read: "root=vm1/ job=latest full data id=latest",
        },
        Example {
            key: "vm1/latest/backup_metadata.ignore",
            read: "root=vm1/ job=latest full data id=latest",
        },
        Example {
            key: "data/indexdb/2026_11/parts.json/0000000000000027_0000000000000000_0000000000000027",
            read: "full data id=",
        },
    ],
};

/// Copies of the latest, by hour, day, week and month.
pub static VMBACKUPMANAGER: Layout = Layout {
    name: "vmbackupmanager",
    signature: "`hourly/2006-01-02:15/`, `daily/2006-01-02/`, `weekly/2006-01/`, `monthly/2006-01/`, and vmbackup's below",
    cheap_prefix: "<rhythm>/<time>/backup_complete.ignore",
    look: Look::Folders {
        commit: "/backup_complete.ignore",
        of_new: "/",
    },
    time: TimeRule::Utc,
    source: "its documents; vmbackup below, run",
    read: read_rhythm,
    examples: &[
        Example {
            key: "vm1/daily/2026-11-28/backup_complete.ignore",
            read: "root=vm1/ job=daily full commit id=2026-11-28 time=2026-11-28T00:00:00Z/86400",
        },
        Example {
            key: "vm1/hourly/2026-11-28:19/metadata/minTimestampForCompositeIndex/0000000000000008_0000000000000000_0000000000000008",
            read: "root=vm1/ job=hourly full data id=2026-11-28:19 time=2026-11-28T19:00:00Z/3600",
        },
        Example {
            key: "vm1/daily/2026-11-28/data/big/2026_11/18EC4CC8F05D597F/values.bin/00000000000000A7_0000000000000000_00000000000000A7",
            read: "root=vm1/ job=daily full data id=2026-11-28 time=2026-11-28T00:00:00Z/86400",
        },
        Example {
            key: "weekly/2026-48/backup_complete.ignore",
            read: "job=weekly full commit id=2026-48 time=2026-11-23T00:00:00Z/604800",
        },
        Example {
            key: "monthly/2026-11/backup_metadata.ignore",
            read: "job=monthly full data id=2026-11 time=2026-11-01T00:00:00Z/2592000",
        },
    ],
    ..RULES
};

/// An object of a place.
struct Place {
    /// Where the place ends, its slash included.
    end: usize,
    /// What it is of the backup.
    part: Part,
    /// From where on a part's path tells nothing more.
    alike: Option<usize>,
}

impl Place {
    /// The same of all parts in its folder.
    fn alike<'k>(&self, key: &[u8], reading: Reading<'k>) -> Reading<'k> {
        // Folders that mean something to another tool may go on in the rest.
        let mean_nothing =
            |begin: &usize| Clue::of(&key[..*begin]).is_within(Clue::RHYTHM.or(Clue::COLON));
        match self.alike.filter(mean_nothing) {
            Some(begin) if is_rest(&key[begin..]) => reading.alike(begin, is_rest),
            _ => reading,
        }
    }
}

/// Whether a file is named as a part: three times 16 hexadecimal digits.
fn is_part(file: &[u8]) -> bool {
    file.len() == 50
        && [&file[..16], &file[17..33], &file[34..]]
            .iter()
            .all(|it| is_hex(it, 16))
        && file[16] == b'_'
        && file[33] == b'_'
}

/// A part, in folders that are no tool's.
fn is_rest(path: &[u8]) -> bool {
    let own = Clue::VMBACKUP.or(Clue::FILE_30);
    is_part(&path[component(path, path.len())..]) && Clue::of(path).is_within(own)
}

fn place(key: &[u8]) -> Option<Place> {
    let name_at = component(key, key.len());
    let file = &key[name_at..];
    let plain = |part| Place {
        end: name_at,
        part,
        alike: None,
    };
    if file == MARKER {
        return Some(plain(Part::Commit));
    }
    if file == b"backup_metadata.ignore" {
        return Some(plain(Part::Data));
    }
    if !is_part(file) {
        return None;
    }
    let mut folders = components(&key[..name_at]).peekable();
    while let Some((at, folder)) = folders.next() {
        let (next_at, next) = folders.peek().copied().unwrap_or((0, b""));
        let is_data = folder == b"data" && matches!(next, b"small" | b"big" | b"indexdb");
        if is_data || folder == b"metadata" {
            return Some(Place {
                end: at,
                part: Part::Data,
                alike: is_data.then_some(next_at + next.len() + 1),
            });
        }
    }
    None
}

fn read_place(key: &[u8]) -> Option<Reading<'_>> {
    let place = place(key)?;
    let (root, folder) = before(key, place.end).unwrap_or((0, b""));
    let piece = Piece::new(folder, place.part);
    Some(place.alike(key, Reading::piece(root, name(folder), piece)))
}

fn read_rhythm(key: &[u8]) -> Option<Reading<'_>> {
    let place = place(key)?;
    let (at, folder) = before(key, place.end)?;
    let (root, rhythm) = before(key, at)?;
    let time = time(key, at, folder, rhythm)?;
    let piece = Piece::new(folder, place.part).at(time);
    Some(place.alike(key, Reading::piece(root, name(rhythm), piece)))
}

fn time(key: &[u8], at: usize, folder: &[u8], rhythm: &[u8]) -> Option<KeyTime> {
    let pair = || {
        let is_pair = folder.len() == 7 && folder[4] == b'-' && is_digits(&folder[5..]);
        is_pair.then_some((&folder[..4], &folder[5..], at..at + 7))
    };
    match rhythm {
        b"hourly" | b"daily" => civil(key, at).filter(|time| time.at.len() == folder.len()),
        b"weekly" => pair().and_then(|(year, week, at)| iso_week(year, week, at)),
        b"monthly" => pair().and_then(|(year, of_it, at)| month(year, of_it, at)),
        _ => None,
    }
}
