//! litestream.

use std::borrow::Cow;

use super::clue::Clue;
use super::text::{before, component, is_digits, is_hex, text};
use super::{
    Another, Chain, Completeness, Example, Kind, Layout, Look, Never, Order, Part, Piece, Reading,
    Rest, Rewrite, Silence, SizeRule, TimeRule,
};

/// Since 0.5: ranges of transactions, in levels.
pub static LITESTREAM: Layout = RULES;

const RULES: Layout = Layout {
    name: "litestream",
    signature: "`<level, 4 digits>/<16 hexadecimal digits>-<16>.ltx`",
    commit: "each object; `0009/` are the snapshots",
    cheap_prefix: "",
    look: Look::None,
    source: "litestream 0.5.18, run",
    complete: Completeness::OneObject,
    time: TimeRule::LastModified,
    chain: Chain::Range,
    silence: Silence::Healthy,
    size: SizeRule::SumVaries,
    rewrite: Rewrite::Usual,
    job_is_cluster: false,
    is_per_node: false,
    clue: Clue::LTX,
    needs: &[],
    read,
    examples: &[
        Example {
            key: "app/0009/0000000000000001-000000000000001f.ltx",
            read: "root=app/ full whole id=0009/0000000000000001-000000000000001f covers=000000000000001f",
        },
        Example {
            key: "app/0000/0000000000000020-0000000000000020.ltx",
            read: "root=app/ incremental whole id=0000/0000000000000020-0000000000000020 \
                   parent=000000000000001f covers=0000000000000020",
        },
        Example {
            key: "0000/0000000000000001-0000000000000001.ltx",
            read: "incremental whole id=0000/0000000000000001-0000000000000001 covers=0000000000000001",
        },
    ],
};

/// Until 0.3: generations, each with snapshots and its log.
pub static LITESTREAM_0_3: Layout = Layout {
    name: "litestream-0.3",
    signature: "`generations/<16 hexadecimal digits>/{snapshots,wal}/`",
    commit: "the object below `snapshots/`",
    source: "its documents",
    chain: Chain::Unknown,
    clue: Clue::GENERATIONS,
    read: read_generation,
    examples: &[
        Example {
            key: "app/generations/5efbd8d042012dca/snapshots/00000001.snapshot.lz4",
            read: "root=app/ full whole id=5efbd8d042012dca/snapshots/00000001.snapshot.lz4",
        },
        Example {
            key: "app/generations/5efbd8d042012dca/wal/00000001/00000000.wal.lz4",
            read: "root=app/ never log",
        },
        Example {
            key: "generations/5efbd8d042012dca/wal/00000001_00001038.wal.lz4",
            read: "never log",
        },
    ],
    ..RULES
};

fn read(key: &[u8]) -> Option<Reading<'_>> {
    let name_at = component(key, key.len());
    let (first, last) = transactions(&key[name_at..])?;
    let (root, level) = before(key, name_at)?;
    let is_level = level.len() == 4 && is_digits(level);
    if !is_level {
        return None;
    }
    let mut piece = Piece::new(&key[root..name_at + 33], Part::Whole).by(Order::LastModified);
    piece.covers = Some(text(last));
    if level != b"0009" {
        let first = u64::from_str_radix(std::str::from_utf8(first).ok()?, 16).ok()?;
        piece.kind = Kind::Incremental;
        piece.parent = match first.checked_sub(1)? {
            0 => None, // the first of all
            before => Some(Cow::Owned(format!("{before:016x}"))),
        };
    }
    Some(Reading::piece(root, "", piece).alike_but(name_at, Rest::Backups(range)))
}

/// The first and the last one of a file: 16 hexadecimal digits each.
fn transactions(file: &[u8]) -> Option<(&[u8], &[u8])> {
    let range = file
        .strip_suffix(b".ltx")
        .filter(|range| range.len() == 33)?;
    let (first, last) = (&range[..16], &range[17..]);
    let is_range = range[16] == b'-' && is_hex(first, 16) && is_hex(last, 16);
    is_range.then_some((first, last))
}

fn range(file: &[u8]) -> Option<Another> {
    let (first, _) = transactions(file)?;
    let is_one = first.iter().any(|digit| *digit != b'0'); // they are counted from 1
    is_one.then_some(Another {
        id: 33,
        seconds: None,
    })
}

fn read_generation(key: &[u8]) -> Option<Reading<'_>> {
    let packed = memchr::memrchr(b'.', key)?;
    let file = &key[..packed];
    let mut at = component(key, key.len());
    if file.ends_with(b".snapshot") {
        let (snapshots_at, folder) = before(key, at)?;
        let (generation_at, root) = generation(key, snapshots_at)?;
        let piece = Piece::new(&key[generation_at..], Part::Whole).by(Order::LastModified);
        return (folder == b"snapshots").then(|| Reading::piece(root, "", piece));
    }
    if !file.ends_with(b".wal") {
        return None;
    }
    loop {
        let (folder_at, folder) = before(key, at)?;
        if folder == b"wal" {
            let (_, root) = generation(key, folder_at)?;
            return Some(Reading::never(root, "", Never::Log));
        }
        at = is_hex(folder, 8).then_some(folder_at)?;
    }
}

/// `generations/<16 hexadecimal digits>/` before: where the digits begin, and the whole.
fn generation(key: &[u8], at: usize) -> Option<(usize, usize)> {
    let (generation_at, generation) = before(key, at)?;
    let (root, folder) = before(key, generation_at)?;
    (is_hex(generation, 16) && folder == b"generations").then_some((generation_at, root))
}
