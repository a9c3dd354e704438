//! duplicity.

use super::clue::Clue;
use super::text::{component, name, number, text};
use super::time::civil;
use super::{
    Chain, Completeness, Example, KeyTime, Kind, Layout, Look, Part, Piece, Reading, Rest, Rewrite,
    Silence, SizeRule, TimeRule,
};

/// Sets of volumes, each with its manifest.
pub static DUPLICITY: Layout = Layout {
    name: "duplicity",
    signature: "`duplicity-full.<YYYYMMDDTHHMMSSZ>.`, `duplicity-inc.<T0>.to.<T1>.`, `duplicity-{full,new}-signatures.`",
    commit: "the set's `.manifest`, which is written last",
    cheap_prefix: "duplicity-, the keys that end in .manifest",
    look: Look::None,
    source: "duplicity 3.2.1, run",
    complete: Completeness::Commit,
    time: TimeRule::Utc,
    chain: Chain::Parent,
    silence: Silence::Late,
    size: SizeRule::Sum,
    rewrite: Rewrite::Usual,
    job_is_cluster: false,
    is_per_node: false,
    clue: Clue::FILE_30,
    needs: &[],
    read,
    examples: &[
        Example {
            key: "web/duplicity-full.20261128T184008Z.manifest",
            read: "root=web/ full commit id=20261128T184008Z time=2026-11-28T18:40:08Z",
        },
        Example {
            key: "web/duplicity-full.20261128T184016Z.vol2.difftar.gz",
            read: "root=web/ full data id=20261128T184016Z time=2026-11-28T18:40:16Z number=2",
        },
        Example {
            key: "web/duplicity-inc.20261128T184008Z.to.20261128T184013Z.manifest.gpg",
            read: "root=web/ incremental commit id=20261128T184013Z time=2026-11-28T18:40:13Z \
                   parent=20261128T184008Z",
        },
        Example {
            key: "home-duplicity-inc.20261128T184008Z.to.20261128T184013Z.vol1.difftar.gpg",
            read: "job=home incremental data id=20261128T184013Z time=2026-11-28T18:40:13Z \
                   parent=20261128T184008Z number=1",
        },
        Example {
            key: "web/duplicity-full-signatures.20261128T184008Z.sigtar.gz",
            read: "root=web/ full extra id=20261128T184008Z time=2026-11-28T18:40:08Z",
        },
        Example {
            key: "web/duplicity-new-signatures.20261128T184008Z.to.20261128T184013Z.sigtar.gz",
            read: "root=web/ incremental extra id=20261128T184013Z time=2026-11-28T18:40:13Z \
                   parent=20261128T184008Z",
        },
    ],
};

fn read(key: &[u8]) -> Option<Reading<'_>> {
    let name_at = component(key, key.len());
    if key.len() - name_at < 30 {
        return None;
    }
    let tool_at = name_at + memchr::memmem::find(&key[name_at..], b"duplicity-")?;
    let form_at = tool_at + b"duplicity-".len();
    let (is_full, is_signature, first_at) = match &key[form_at..] {
        [b'f', b'u', b'l', b'l', b'.', ..] => (true, false, form_at + 5),
        [b'i', b'n', b'c', b'.', ..] => (false, false, form_at + 4),
        rest if rest.starts_with(b"full-signatures.") => (true, true, form_at + 16),
        rest if rest.starts_with(b"new-signatures.") => (false, true, form_at + 15),
        _ => return None,
    };
    let first = stamp(key, first_at)?;
    let parent = &key[first.at.clone()];
    let time = if is_full {
        first
    } else {
        let to = key.get(first.at.end..first.at.end + 4)?;
        (to == b".to.").then(|| stamp(key, first.at.end + 4))??
    };
    let (part, number) = if is_signature {
        (Part::Extra, None)
    } else {
        part(&key[time.at.end..])?
    };
    let volume_at = time.at.end + VOLUME.len();
    let mut piece = Piece::new(&key[time.at.clone()], part).at(time);
    piece.number = number;
    if !is_full {
        piece = piece.adds(Kind::Incremental, text(parent));
    }
    let prefix = key[name_at..tool_at]
        .strip_suffix(b"-")
        .unwrap_or(&key[name_at..tool_at]);
    let reading = Reading::piece(name_at, name(prefix), piece);
    Some(match part {
        Part::Data => reading.alike_but(volume_at, Rest::Numbered(volume)),
        _ => reading,
    })
}

const VOLUME: &[u8] = b".vol";

fn stamp(key: &[u8], at: usize) -> Option<KeyTime> {
    civil(key, at).filter(|time| time.at.len() == 16 && time.is_utc())
}

/// What is after the time: `.manifest`, or the number of a volume and `.difftar`; and how it is packed.
fn part(rest: &[u8]) -> Option<(Part, Option<u32>)> {
    if rest.starts_with(b".manifest") {
        return Some((Part::Commit, None));
    }
    let number = volume(rest.strip_prefix(VOLUME)?)?;
    Some((Part::Data, Some(number)))
}

/// The number of a volume, with its suffixes behind it.
fn volume(rest: &[u8]) -> Option<u32> {
    let dot = memchr::memchr(b'.', rest)?;
    let is_volume = rest[dot..].starts_with(b".difftar") && memchr::memchr(b'/', rest).is_none();
    u32::try_from(number(&rest[..dot])?)
        .ok()
        .filter(|_| is_volume)
}
