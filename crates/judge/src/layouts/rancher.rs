//! Rancher's backup operator.

use super::clue::Clue;
use super::text::{component, is_uuid, name};
use super::time::last;
use super::{
    Chain, Completeness, Example, Layout, Look, Part, Piece, Reading, Rewrite, Silence, SizeRule,
    TimeRule,
};

/// One archive an object, with the id of the cluster.
pub static RANCHER: Layout = Layout {
    name: "rancher-backup",
    signature: "`<Backup>-<uid of the cluster>-<RFC 3339 with - for :>.tar.gz[.enc]`",
    commit: "each object",
    cheap_prefix: "<Backup>-<uid>-",
    look: Look::None,
    source: "its source",
    complete: Completeness::OneObject,
    time: TimeRule::Utc,
    chain: Chain::Unknown,
    silence: Silence::Late,
    size: SizeRule::Dump,
    rewrite: Rewrite::Usual,
    job_is_cluster: false,
    is_per_node: false,
    clue: Clue::TAR,
    needs: &[],
    read,
    examples: &[
        Example {
            key: "rancher/daily-0b1e7fc1-44f5-4bb8-8b7e-3a9c2d6f7a10-2026-01-31T03-00-00Z.tar.gz",
            read: "root=rancher/ cluster=0b1e7fc1-44f5-4bb8-8b7e-3a9c2d6f7a10 job=daily full whole \
                   id=2026-01-31T03-00-00Z time=2026-01-31T03:00:00Z",
        },
        Example {
            key: "s3-rec-0b1e7fc1-44f5-4bb8-8b7e-3a9c2d6f7a10-2026-01-31T03-00-00Z.tar.gz.enc",
            read: "cluster=0b1e7fc1-44f5-4bb8-8b7e-3a9c2d6f7a10 job=s3-rec full whole \
                   id=2026-01-31T03-00-00Z time=2026-01-31T03:00:00Z",
        },
    ],
};

fn read(key: &[u8]) -> Option<Reading<'_>> {
    let stem = key
        .strip_suffix(b".enc")
        .unwrap_or(key)
        .strip_suffix(b".tar.gz")?;
    let name_at = component(key, key.len());
    let time = last(stem).filter(|time| time.at.end == stem.len() && time.span == 1)?;
    let uid_at = time
        .at
        .start
        .checked_sub(37)
        .filter(|at| *at > name_at + 1)?;
    let uid = &key[uid_at..time.at.start - 1];
    if !is_uuid(uid) || key[time.at.start - 1] != b'-' || key[uid_at - 1] != b'-' {
        return None;
    }
    let piece = Piece::new(&key[time.at.clone()], Part::Whole).at(time);
    let reading = Reading::piece(name_at, name(&key[name_at..uid_at - 1]), piece);
    Some(reading.of(name(uid)))
}
