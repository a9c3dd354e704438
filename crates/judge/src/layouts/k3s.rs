//! Snapshots that k3s and RKE2 make of their etcd.

use super::clue::Clue;
use super::text::{before, component};
use super::time::epoch;
use super::{
    Chain, Completeness, Example, Layout, Look, Never, ONE_OFF, Part, Piece, Reading, Rewrite,
    Silence, SizeRule, TimeRule,
};

/// One snapshot an object; each server makes its own.
pub static K3S: Layout = Layout {
    name: "k3s",
    signature: "`{etcd-snapshot,on-demand}-<node>-<unix>[.zip]`",
    commit: "each object",
    cheap_prefix: "etcd-snapshot-",
    look: Look::None,
    source: "its source and documents",
    complete: Completeness::OneObject,
    time: TimeRule::Utc,
    chain: Chain::Unknown,
    silence: Silence::Late,
    size: SizeRule::DumpVaries,
    rewrite: Rewrite::Usual,
    job_is_cluster: false,
    is_per_node: true,
    clue: Clue::ETCD,
    needs: &[],
    read,
    examples: &[
        Example {
            key: "etcd-snapshot-server-0-1769828400",
            read: "job=etcd-snapshot full whole id=etcd-snapshot-server-0-1769828400 time=2026-01-31T03:00:00Z",
        },
        Example {
            key: "c1/etcd-snapshot-ip-10-0-0-7.ec2-1769828402.zip",
            read: "root=c1/ job=etcd-snapshot full whole id=etcd-snapshot-ip-10-0-0-7.ec2-1769828402 \
                   time=2026-01-31T03:00:02Z",
        },
        Example {
            key: "c1/on-demand-server-0-1769828400.zip",
            read: "root=c1/ job=(one-off) full whole id=on-demand-server-0-1769828400 time=2026-01-31T03:00:00Z",
        },
        Example {
            key: "c1/.metadata/etcd-snapshot-server-0-1769828400",
            read: "root=c1/ job=etcd-snapshot never index",
        },
    ],
};

fn read(key: &[u8]) -> Option<Reading<'_>> {
    let stem = key.strip_suffix(b".zip").unwrap_or(key);
    let name_at = component(key, key.len());
    let file = stem.get(name_at..)?;
    let (job, node) = match (
        file.strip_prefix(b"etcd-snapshot-"),
        file.strip_prefix(b"on-demand-"),
    ) {
        (Some(node), _) => ("etcd-snapshot", node),
        (_, Some(node)) => (ONE_OFF, node),
        _ => return None,
    };
    let dash = node.len().checked_sub(11)?;
    let time = epoch(stem, stem.len() - 10..stem.len())?;
    if dash == 0 || node[dash] != b'-' {
        return None;
    }
    if let Some((root, b".metadata")) = before(key, name_at) {
        return Some(Reading::never(root, job, Never::Index));
    }
    let piece = Piece::new(file, Part::Whole).at(time);
    Some(Reading::piece(name_at, job, piece))
}
