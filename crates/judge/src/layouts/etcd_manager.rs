//! etcd-manager, which kOps runs.

use super::clue::Clue;
use super::text::{before, component, name};
use super::time::civil;
use super::{
    Chain, Completeness, Example, Layout, Look, Never, Part, Piece, Reading, Rewrite, Silence,
    SizeRule, TimeRule,
};

/// One folder for each backup, with a snapshot and what is known of it.
pub static ETCD_MANAGER: Layout = Layout {
    name: "etcd-manager",
    signature: "`<RFC 3339>Z-<number>/{etcd.backup.gz,_etcd_backup.meta}`",
    commit: "`etcd.backup.gz` and `_etcd_backup.meta`, both",
    cheap_prefix: "",
    look: Look::None,
    source: "its source",
    complete: Completeness::Both,
    time: TimeRule::Utc,
    chain: Chain::Unknown,
    silence: Silence::Late,
    size: SizeRule::SumVaries,
    rewrite: Rewrite::Usual,
    job_is_cluster: false,
    is_per_node: false,
    clue: Clue::ETCD,
    needs: &[],
    read,
    examples: &[
        Example {
            key: "k1.example.com/backups/etcd/main/2026-01-31T03:00:00Z-000001/_etcd_backup.meta",
            read: "root=k1.example.com/backups/etcd/ cluster=k1.example.com job=main full commit \
                   id=2026-01-31T03:00:00Z-000001 time=2026-01-31T03:00:00Z",
        },
        Example {
            key: "main/2026-01-31T03:00:00Z-000001/etcd.backup.gz",
            read: "job=main full data id=2026-01-31T03:00:00Z-000001 time=2026-01-31T03:00:00Z",
        },
        Example {
            key: "k1.example.com/backups/etcd/events/control/etcd-cluster-created",
            read: "root=k1.example.com/backups/etcd/ cluster=k1.example.com job=events never marker",
        },
    ],
};

fn read(key: &[u8]) -> Option<Reading<'_>> {
    let name_at = component(key, key.len());
    let part = match &key[name_at..] {
        b"_etcd_backup.meta" => Some(Part::Commit),
        b"etcd.backup.gz" => Some(Part::Data),
        b"etcd-cluster-created" | b"etcd-cluster-spec" => None,
        _ => return None,
    };
    let (folder_at, folder) = before(key, name_at)?;
    let (root, job) = before(key, folder_at).unwrap_or((0, b""));
    let reading = match part {
        Some(part) => {
            let time = civil(key, folder_at).filter(|time| time.is_utc())?;
            let number = key[time.at.end..].strip_prefix(b"-")?;
            if !number.first()?.is_ascii_digit() {
                return None;
            }
            Reading::piece(root, name(job), Piece::new(folder, part).at(time))
        }
        None if folder == b"control" => Reading::never(root, name(job), Never::Marker),
        None => return None,
    };
    Some(match key[..root].strip_suffix(b"/backups/etcd/") {
        Some(cluster) => reading.of(name(&cluster[component(cluster, cluster.len())..])),
        None => reading,
    })
}
