//! Snapshots of the etcd of Talos Linux, by talos-backup and by Omni.

use super::clue::Clue;
use super::text::{before, component, is_hex, is_uuid, name};
use super::time::{EPOCH, last};
use super::{
    Another, Chain, Completeness, Example, KeyTime, Layout, Look, Part, Piece, Reading, Rest,
    Rewrite, Silence, SizeRule, TimeForm, TimeRule,
};

/// talos-backup: one snapshot an object.
pub static TALOS: Layout = RULES;

const RULES: Layout = Layout {
    name: "talos-backup",
    signature: "`<cluster>-<RFC 3339>.snap[.zst][.age]`",
    commit: "each object",
    cheap_prefix: "",
    look: Look::None,
    source: "its source",
    complete: Completeness::OneObject,
    time: TimeRule::Utc,
    chain: Chain::Unknown,
    silence: Silence::Late,
    size: SizeRule::DumpVaries,
    rewrite: Rewrite::Usual,
    job_is_cluster: false,
    is_per_node: false,
    clue: Clue::COLON,
    needs: &[],
    read,
    examples: &[
        Example {
            key: "prod/prod-2026-01-31T03:00:00Z.snap.zst.age",
            read: "root=prod/ cluster=prod full whole id=2026-01-31T03:00:00Z time=2026-01-31T03:00:00Z",
        },
        Example {
            key: "talos-1-2026-01-31T03:00:00Z.snap",
            read: "cluster=talos-1 full whole id=2026-01-31T03:00:00Z time=2026-01-31T03:00:00Z",
        },
    ],
};

/// Omni: one snapshot an object, named so that the newest is the first of a listing.
pub static OMNI: Layout = Layout {
    name: "omni",
    signature: "`<uuid of the cluster>/<16 hexadecimal digits>.snapshot`",
    cheap_prefix: "<uuid>/, the first key",
    look: Look::None,
    clue: Clue::SNAP,
    read: read_omni,
    examples: &[Example {
        key: "6f0e4d0c-9a52-4d56-8a3a-0c1c9c64cb3c/FFFFFFFF96828FD0.snapshot",
        read: "root=6f0e4d0c-9a52-4d56-8a3a-0c1c9c64cb3c/ cluster=6f0e4d0c-9a52-4d56-8a3a-0c1c9c64cb3c \
               full whole id=FFFFFFFF96828FD0 time=2026-01-31T03:00:00Z",
    }],
    ..RULES
};

fn read(key: &[u8]) -> Option<Reading<'_>> {
    let rest = key.strip_suffix(b".age").unwrap_or(key);
    let rest = rest.strip_suffix(b".zst").unwrap_or(rest);
    let stem = rest.strip_suffix(b".snap")?;
    let name_at = component(key, key.len());
    // With colons: a time that others write in a `.snap` is no RFC 3339.
    let time = last(stem).filter(|time| time.at.end == stem.len() && time.is_utc())?;
    let is_written_so = stem[time.at.clone()].get(13) == Some(&b':');
    if !is_written_so || time.at.start < name_at + 2 || stem[time.at.start - 1] != b'-' {
        return None;
    }
    let cluster = name(&key[name_at..time.at.start - 1]);
    let piece = Piece::new(&key[time.at.clone()], Part::Whole).at(time);
    Some(Reading::piece(name_at, "", piece).of(cluster))
}

fn read_omni(key: &[u8]) -> Option<Reading<'_>> {
    let stem = key.strip_suffix(b".snapshot")?;
    let name_at = component(key, key.len());
    let (_, cluster) = before(key, name_at).filter(|it| is_uuid(it.1))?;
    let digits = stem.get(name_at..)?;
    let time = KeyTime {
        at: name_at..stem.len(),
        form: TimeForm::Other,
        seconds: negated(digits)?,
        span: 1,
    };
    let piece = Piece::new(digits, Part::Whole).at(time);
    let reading = Reading::piece(name_at, "", piece).of(name(cluster));
    Some(reading.alike_but(name_at, Rest::Backups(snapshot)))
}

/// The time of 16 hexadecimal digits, which make it the greater the smaller they are.
fn negated(digits: &[u8]) -> Option<i64> {
    let digits = std::str::from_utf8(digits)
        .ok()
        .filter(|it| is_hex(it.as_bytes(), 16))?;
    let negated = u64::from_str_radix(digits, 16).ok()?;
    let seconds = i64::try_from(negated.wrapping_neg()).ok()?;
    EPOCH.contains(&seconds).then_some(seconds)
}

fn snapshot(file: &[u8]) -> Option<Another> {
    let digits = file.strip_suffix(b".snapshot")?;
    let seconds = negated(digits)?;
    Some(Another {
        id: digits.len(),
        seconds: Some(seconds),
    })
}
