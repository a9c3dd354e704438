//! duplicacy.

use super::clue::Clue;
use super::text::{before, component, is_digits, is_hex, name};
use super::{
    Chain, Completeness, Example, Layout, Look, Never, Order, Part, Piece, Reading, Rewrite,
    Silence, SizeRule, TimeRule,
};

/// A storage: chunks by the hash of their content, and numbered revisions of each repository.
pub static DUPLICACY: Layout = Layout {
    name: "duplicacy",
    signature: "`snapshots/<id>/<number>`, `chunks/xx/` with names of 62 hexadecimal digits",
    commit: "the object `snapshots/<id>/<number>`, which is written last",
    cheap_prefix: "snapshots/<id>/, ordered as numbers",
    look: Look::All("snapshots/"),
    source: "duplicacy, run",
    complete: Completeness::Commit,
    time: TimeRule::LastModified,
    chain: Chain::Unknown,
    silence: Silence::Late,
    size: SizeRule::Nothing,
    rewrite: Rewrite::Never,
    job_is_cluster: false,
    is_per_node: false,
    clue: Clue::LONG_FILE.or(Clue::SNAPSHOTS),
    needs: &[Never::Data],
    read,
    examples: &[
        Example {
            key: "store/snapshots/web/12",
            read: "root=store/ job=web full commit id=12",
        },
        Example {
            key: "store/chunks/00/697f2bfce550451c7d00856ec0b2499c1cb3853688ea839dd34f35727ead16",
            read: "root=store/ never data",
        },
        Example {
            key: "chunks/2b/5da4f16465782a1f4b46e907729ba6e18f0af3d253a474e3e5769b6df653e0.fsl",
            read: "never data",
        },
    ],
};

fn read(key: &[u8]) -> Option<Reading<'_>> {
    let name_at = component(key, key.len());
    let file = &key[name_at..];
    if file.len() <= 9 && is_digits(file) {
        let (id_at, id) = before(key, name_at)?;
        let (root, folder) = before(key, id_at)?;
        let is_revision = folder == b"snapshots" && !id.is_empty();
        let piece = Piece::new(file, Part::Commit).by(Order::Number);
        return is_revision.then(|| Reading::piece(root, name(id), piece));
    }
    if !is_chunk(file) {
        return None;
    }
    let (shard_at, shard) = before(key, name_at)?;
    let (root, folder) = before(key, shard_at)?;
    let is_shard = folder == b"chunks" && is_hex(shard, 2);
    is_shard.then(|| Reading::never(root, "", Never::Data).alike(name_at, is_chunk))
}

fn is_chunk(file: &[u8]) -> bool {
    is_hex(file.strip_suffix(b".fsl").unwrap_or(file), 62)
}
