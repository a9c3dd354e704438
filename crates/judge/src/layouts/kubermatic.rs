//! Kubermatic's backups of the etcd of user clusters.

use super::clue::Clue;
use super::text::{component, name};
use super::time::{civil, last};
use super::{
    Chain, Completeness, Example, KeyTime, Layout, Look, ONE_OFF, Part, Piece, Reading, Rewrite,
    Silence, SizeRule, TimeRule,
};

/// One snapshot an object, named by its slot; without a time where its config has no schedule.
pub static KUBERMATIC: Layout = Layout {
    name: "kubermatic",
    signature: "`<cluster>-<config>[-2006-01-02t15-04-05].db.gz`, or `.db` before May 2024",
    commit: "each object",
    cheap_prefix: "<cluster>-",
    look: Look::AfterLast,
    source: "its controller's source",
    complete: Completeness::OneObject,
    time: TimeRule::Utc,
    chain: Chain::Unknown,
    silence: Silence::Late,
    size: SizeRule::DumpVaries,
    rewrite: Rewrite::Usual,
    job_is_cluster: false,
    is_per_node: false,
    clue: Clue::DB,
    needs: &[],
    read,
    examples: &[
        Example {
            key: "default-backups-2026-01-31t03-20-00.db.gz",
            read: "job=default-backups full whole id=2026-01-31t03-20-00 time=2026-01-31T03:20:00Z",
        },
        Example {
            key: "qvjtgbcxnp-default-backups-2026-01-31t03-20-00.db",
            read: "cluster=qvjtgbcxnp job=default-backups full whole id=2026-01-31t03-20-00 \
                   time=2026-01-31T03:20:00Z",
        },
        Example {
            key: "seed1/prod-eu-nightly-2026-01-31t03-20-00.db.gz",
            read: "root=seed1/ job=prod-eu-nightly full whole id=2026-01-31t03-20-00 \
                   time=2026-01-31T03:20:00Z",
        },
        Example {
            key: "qvjtgbcxnp-before-upgrade.db.gz",
            read: "cluster=qvjtgbcxnp job=(one-off) full whole id=before-upgrade",
        },
        Example {
            key: "before-upgrade.db.gz",
            read: "job=(one-off) full whole id=before-upgrade",
        },
    ],
};

fn read(key: &[u8]) -> Option<Reading<'_>> {
    let stem = key
        .strip_suffix(b".gz")
        .unwrap_or(key)
        .strip_suffix(b".db")?;
    let name_at = component(key, key.len());
    let file = stem.get(name_at..)?;
    let cluster = cluster(file);
    let config_at = name_at + cluster.map_or(0, |cluster| cluster.len() + 1);
    let reading = match slot(stem, config_at) {
        Some(time) => {
            let config = &key[config_at..time.at.start - 1];
            let piece = Piece::new(&key[time.at.clone()], Part::Whole).at(time);
            Reading::piece(name_at, name(config), piece)
        }
        // Other forms of time are of other tools.
        None if last(file).is_some() || !key.ends_with(b".gz") || !file.contains(&b'-') => {
            return None;
        }
        None => Reading::piece(
            name_at,
            ONE_OFF,
            Piece::new(&stem[config_at..], Part::Whole),
        ),
    };
    Some(match cluster {
        Some(cluster) => reading.of(name(cluster)),
        None => reading,
    })
}

/// `-2006-01-02t15-04-05` at the end, after something.
fn slot(stem: &[u8], config_at: usize) -> Option<KeyTime> {
    let at = stem.len().checked_sub(b"2006-01-02t15-04-05".len())?;
    let is_after = at > config_at + 1 && stem[at - 1] == b'-';
    if !is_after || stem[at + 10] != b't' || stem[at + 13] != b'-' {
        return None;
    }
    civil(stem, at).filter(|time| time.at.end == stem.len())
}

/// The name of a cluster as Kubermatic makes them: 10 of the characters of Kubernetes' random names.
fn cluster(file: &[u8]) -> Option<&[u8]> {
    let (name, dash) = (file.get(..10)?, file.get(10)?);
    let is_random = |byte: &u8| b"bcdfghjklmnpqrstvwxz2456789".contains(byte);
    (*dash == b'-' && name.iter().all(is_random)).then_some(name)
}
