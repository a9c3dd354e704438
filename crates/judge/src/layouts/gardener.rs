//! Gardener's etcd-backup-restore.

use std::borrow::Cow;

use super::clue::Clue;
use super::text::{before, component, name, number, text};
use super::time::epoch;
use super::{
    Another, Chain, Completeness, Example, Kind, Layout, Look, Part, Piece, Reading, Rest, Rewrite,
    Silence, SizeRule, TimeRule,
};

/// Full snapshots of an etcd by the clock, and what changed since by revisions.
pub static GARDENER: Layout = Layout {
    name: "etcd-backup-restore",
    signature: "`v2/{Full,Incr}-<8 digits>-<8 digits>-<unix>[.gz][.final]`",
    commit: "each object",
    cheap_prefix: "v2/Full-",
    look: Look::None,
    source: "etcd-backup-restore 0.43.0, run",
    complete: Completeness::OneObject,
    time: TimeRule::Utc,
    chain: Chain::Range,
    silence: Silence::LateFull,
    size: SizeRule::DumpVaries,
    rewrite: Rewrite::Never,
    job_is_cluster: false,
    is_per_node: false,
    clue: Clue::REVISIONS,
    needs: &[],
    read,
    examples: &[
        Example {
            key: "etcd-main/v2/Full-00000000-00000021-1795894380.gz",
            read: "job=etcd-main full whole id=Full-00000000-00000021-1795894380 \
                   time=2026-11-28T19:33:00Z covers=00000021",
        },
        Example {
            key: "shoot--dev--one--4f1d/etcd-main/v2/Incr-00000087-00000091-1795894267.gz",
            read: "root=shoot--dev--one--4f1d/ cluster=shoot--dev--one--4f1d job=etcd-main \
                   incremental whole id=Incr-00000087-00000091-1795894267 \
                   time=2026-11-28T19:31:07Z parent=00000086 covers=00000091",
        },
        Example {
            key: "v2/Full-00000000-00000106-1795894320.gz.final",
            read: "full whole id=Full-00000000-00000106-1795894320 time=2026-11-28T19:32:00Z \
                   covers=00000106",
        },
    ],
};

fn read(key: &[u8]) -> Option<Reading<'_>> {
    let name_at = component(key, key.len());
    let file = &key[name_at..];
    let kind = match file.get(..5)? {
        b"Full-" => Kind::Full,
        b"Incr-" => Kind::Incremental,
        _ => return None,
    };
    let Revisions { begins, last, end } = revisions(&file[5..])?;
    let end = name_at + 5 + end;
    let time = epoch(key, end - 10..end)?;
    if begins < i64::from(kind != Kind::Full) {
        return None;
    }
    let mut piece = Piece::new(&key[name_at..end], Part::Whole).at(time);
    piece.covers = Some(text(last));
    if kind == Kind::Incremental {
        let width = last.len();
        piece.kind = kind;
        // The revision 1 is an empty etcd's.
        piece.parent = (begins > 1).then(|| Cow::Owned(format!("{:0width$}", begins - 1)));
    }
    let reading = place(key, name_at, piece);
    let may_be_another = Clue::of(&key[..name_at]).meets(Clue::BACKUPS); // Velero names files by folders
    Some(match kind {
        Kind::Incremental if !may_be_another => {
            reading.alike_but(name_at + 5, Rest::Backups(increment))
        }
        _ => reading,
    })
}

/// What a file's name says after what kind it is.
struct Revisions<'k> {
    begins: i64,
    last: &'k [u8],
    /// Where the time ends, which is the last ten digits before.
    end: usize,
}

/// `<first>-<last>-<unix>`, and a suffix.
fn revisions(rest: &[u8]) -> Option<Revisions<'_>> {
    let dash = memchr::memchr(b'-', rest)?;
    let second = dash + 1 + memchr::memchr(b'-', &rest[dash + 1..])?;
    let (first, last) = (&rest[..dash], &rest[dash + 1..second]);
    let (begins, _) = (number(first)?, number(last)?);
    let end = second + 1 + 10;
    let has_end = rest.len() >= end && matches!(rest.get(end), None | Some(b'.'));
    has_end.then_some(Revisions { begins, last, end })
}

fn increment(rest: &[u8]) -> Option<Another> {
    let Revisions { begins, end, .. } = revisions(rest)?;
    let seconds = epoch(rest, end - 10..end)?.seconds;
    let is_own = begins > 0 && rest.len() < LONG && Clue::of(rest).is_within(Clue::FILE_30);
    is_own.then_some(Another {
        id: end,
        seconds: Some(seconds),
    })
}

/// Names that are so long may be of another tool.
const LONG: usize = 45;

/// Which etcd, and of which cluster, by the folders: `[<cluster>/]<etcd>/v2/`.
fn place<'k>(key: &'k [u8], mut end: usize, piece: Piece<'k>) -> Reading<'k> {
    while let Some((at, b"v2")) = before(key, end) {
        end = at;
    }
    let Some((root, etcd)) = before(key, end) else {
        return Reading::piece(end, "", piece);
    };
    let reading = Reading::piece(root, name(etcd), piece);
    match before(key, root) {
        Some((_, cluster)) if etcd.starts_with(b"etcd-") => reading.of(name(cluster)),
        _ => reading,
    }
}
