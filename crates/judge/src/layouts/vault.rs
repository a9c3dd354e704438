//! Snapshots that Vault Enterprise makes by itself.

use super::clue::Clue;
use super::text::{component, name};
use super::time::epoch;
use super::{
    Chain, Completeness, Example, Layout, Look, Part, Piece, Reading, Rewrite, Silence, SizeRule,
    TimeRule,
};

/// One snapshot an object.
pub static VAULT: Layout = Layout {
    name: "vault",
    signature: "`<file prefix>-<19 digits of nanoseconds>.snap`",
    commit: "each object",
    cheap_prefix: "<file prefix>-",
    look: Look::None,
    source: "its documents",
    complete: Completeness::OneObject,
    time: TimeRule::Utc,
    chain: Chain::Unknown,
    silence: Silence::Late,
    size: SizeRule::Dump,
    rewrite: Rewrite::Usual,
    job_is_cluster: false,
    is_per_node: false,
    clue: Clue::SNAP,
    needs: &[],
    read,
    examples: &[Example {
        key: "raft/vault-snapshot-1769828400123456789.snap",
        read: "root=raft/ job=vault-snapshot full whole id=1769828400123456789 time=2026-01-31T03:00:00Z",
    }],
};

fn read(key: &[u8]) -> Option<Reading<'_>> {
    let stem = key.strip_suffix(b".snap")?;
    let name_at = component(key, key.len());
    let at = stem.len().checked_sub(19).filter(|at| *at > name_at + 1)?;
    if stem[at - 1] != b'-' {
        return None;
    }
    let time = epoch(stem, at..stem.len())?;
    let piece = Piece::new(&key[at..stem.len()], Part::Whole).at(time);
    Some(Reading::piece(name_at, name(&key[name_at..at - 1]), piece))
}
