//! Longhorn.

use super::clue::Clue;
use super::text::{before, component, components, is_hex, name};
use super::{
    Chain, Completeness, Example, Layout, Look, Never, Order, Part, Piece, Reading, Rewrite,
    Silence, SizeRule, TimeRule,
};

/// A backup store: blocks by their hash, and one object for each backup of a volume.
pub static LONGHORN: Layout = Layout {
    name: "longhorn",
    signature: "`backupstore/volumes/xx/yy/<volume>/backups/backup_<name>.cfg`",
    commit: "the object below `backups/`",
    cheap_prefix: "backupstore/volumes/xx/yy/<volume>/backups/",
    look: Look::None,
    source: "its source and documents",
    complete: Completeness::Commit,
    time: TimeRule::LastModified,
    chain: Chain::Unknown,
    silence: Silence::Late,
    size: SizeRule::Nothing,
    rewrite: Rewrite::Usual,
    job_is_cluster: false,
    is_per_node: false,
    clue: Clue::BACKUPSTORE,
    needs: &[],
    read,
    examples: &[
        Example {
            key: "backupstore/volumes/4a/1f/pvc-8d4c1c2e/backups/backup_backup-12ab34cd56ef7890.cfg",
            read: "job=pvc-8d4c1c2e full commit id=backup_backup-12ab34cd56ef7890.cfg",
        },
        Example {
            key: "lh/backupstore/volumes/4a/1f/pvc-8d4c1c2e/blocks/00/17/00172f8a5f3e0c6b1d9a47e2c8b05d6f3a1e94c7b2d8f06a5e3c1b9d7f4a2e80.blk",
            read: "root=lh/ job=pvc-8d4c1c2e never data",
        },
        Example {
            key: "lh/backupstore/volumes/4a/1f/pvc-8d4c1c2e/volume.cfg",
            read: "root=lh/ job=pvc-8d4c1c2e never index",
        },
        Example {
            key: "lh/backupstore/volumes/4a/1f/pvc-8d4c1c2e/locks/lock-12ab34cd.lck",
            read: "root=lh/ job=pvc-8d4c1c2e never lock",
        },
    ],
};

const STORE: &[u8] = b"backupstore/volumes/";
/// Two folders and a name, of hexadecimal digits.
const BLOCK: usize = "xx/yy/.blk".len() + 64;

fn read(key: &[u8]) -> Option<Reading<'_>> {
    let name_at = component(key, key.len());
    let file = &key[name_at..];
    let never = match file.rsplit(|byte| *byte == b'.').next()? {
        b"cfg" if file == b"volume.cfg" => Some(Never::Index),
        b"cfg" if file.starts_with(b"backup_") => None,
        b"blk" => Some(Never::Data),
        b"lck" => Some(Never::Lock),
        _ => return None,
    };
    let root = memchr::memmem::find(key, STORE)?;
    if root > 0 && key[root - 1] != b'/' {
        return None;
    }
    // Two folders by the hash of the volume's name, and the volume.
    let volumes = root + STORE.len();
    let (volume_at, volume) = components(&key[volumes..]).nth(2)?;
    if volume.is_empty() {
        return None;
    }
    let Some(never) = never else {
        let (_, folder) = before(key, name_at)?;
        let piece = Piece::new(file, Part::Commit).by(Order::LastModified);
        return (folder == b"backups").then(|| Reading::piece(root, name(volume), piece));
    };
    let reading = Reading::never(root, name(volume), never);
    let blocks_at = key.len().saturating_sub(BLOCK);
    let is_in_blocks = key[..blocks_at].ends_with(b"/blocks/")
        && volumes + volume_at < blocks_at
        && is_block(&key[blocks_at..]);
    Some(match is_in_blocks {
        true => reading.alike(blocks_at, is_block),
        false => reading,
    })
}

/// A block in the folders by its hash: `4a/1f/<64 hexadecimal digits>.blk`.
fn is_block(path: &[u8]) -> bool {
    path.len() == BLOCK
        && is_hex(&path[..2], 2)
        && path[2] == b'/'
        && is_hex(&path[3..5], 2)
        && path[5] == b'/'
        && is_hex(&path[6..70], 64)
        && path.ends_with(b".blk")
}
