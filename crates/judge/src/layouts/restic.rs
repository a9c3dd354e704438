//! restic, which K8up runs too.

use super::clue::Clue;
use super::text::{before, component, is_hex};
use super::{
    Chain, Completeness, Example, Layout, Look, Never, Order, Part, Piece, Reading, Rewrite,
    Silence, SizeRule, TimeRule,
};

/// A repository: data by the hash of its content, and one object for each snapshot.
pub static RESTIC: Layout = Layout {
    name: "restic",
    signature: "`snapshots/`, `index/`, `keys/`, `locks/` and `data/xx/` with names of 64 hexadecimal digits",
    commit: "the object below `snapshots/`, which is written last",
    cheap_prefix: "snapshots/",
    look: Look::All("snapshots/"),
    source: "restic 0.18.1, run",
    complete: Completeness::Commit,
    time: TimeRule::LastModified,
    chain: Chain::Unknown,
    silence: Silence::Late,
    size: SizeRule::Nothing,
    rewrite: Rewrite::Never,
    job_is_cluster: false,
    is_per_node: false,
    clue: Clue::LONG_FILE.or(Clue::CONFIG),
    needs: &[Never::Index],
    read,
    examples: &[
        Example {
            key: "web/snapshots/3024400a49523e3619600e63f57d0a27d33bac7bc505d7613913a539f001803c",
            read: "root=web/ full commit id=3024400a49523e3619600e63f57d0a27d33bac7bc505d7613913a539f001803c",
        },
        Example {
            key: "web/locks/478099c958b379b34e3be907c8b6935fba6603ce618fafede31742334b1e6bda",
            read: "root=web/ never lock",
        },
        Example {
            key: "web/data/08/08265c64a73c99b5ef614aadd572db186144ce674a1d694b5f2278fe873d3a59",
            read: "root=web/ never data",
        },
        Example {
            key: "index/52eba657f878906f1b6e24b25ef7626542106f86f73db3df2661ae8891a89da6",
            read: "never index",
        },
        Example {
            key: "web/keys/deebe146758b787c3d78c655395a26e76f29ac96e74d764b4f9363df19e9d03b",
            read: "root=web/ never index",
        },
        Example {
            key: "web/config",
            read: "root=web/ never marker",
        },
    ],
};

fn read(key: &[u8]) -> Option<Reading<'_>> {
    let name_at = component(key, key.len());
    let name = &key[name_at..];
    if name == b"config" {
        return Some(Reading::never(name_at, "", Never::Marker));
    }
    if !is_hex(name, 64) {
        return None;
    }
    let (root, folder) = before(key, name_at)?;
    match folder {
        b"snapshots" => {
            let piece = Piece::new(name, Part::Commit).by(Order::LastModified);
            Some(Reading::piece(root, "", piece))
        }
        b"index" | b"keys" => {
            Some(Reading::never(root, "", Never::Index).alike(name_at, |name| is_hex(name, 64)))
        }
        b"locks" => Some(Reading::never(root, "", Never::Lock)),
        shard if shard.len() == 2 && name.starts_with(shard) => {
            let (root, folder) = before(key, root)?;
            let data = Reading::never(root, "", Never::Data);
            // The shard is the first two digits of all names in it.
            (folder == b"data").then(|| data.alike(name_at + 2, |rest| is_hex(rest, 62)))
        }
        _ => None,
    }
}
