//! kopia, and Velero's file system backup by it.

use super::clue::Clue;
use super::text::{component, is_digits, is_hex};
use super::{
    Chain, Completeness, Example, Layout, Look, Never, Reading, Rewrite, Silence, SizeRule,
    TimeRule,
};

/// A repository of blobs under flat names, of which none tells that a snapshot was made.
pub static KOPIA: Layout = Layout {
    name: "kopia",
    signature: "`kopia.repository`, and `p`, `q`, `s`, `x` and `_log_` with 32 hexadecimal digits",
    commit: "no object",
    cheap_prefix: "",
    look: Look::None,
    source: "kopia 0.21.1, run",
    complete: Completeness::Unknown,
    time: TimeRule::LastModified,
    chain: Chain::Unknown,
    silence: Silence::Unknown,
    size: SizeRule::Nothing,
    rewrite: Rewrite::Usual, // `kopia.maintenance`
    job_is_cluster: false,
    is_per_node: false,
    clue: Clue::BLOB,
    needs: &[Never::Marker],
    read,
    examples: &[
        Example {
            key: "web/kopia.repository",
            read: "root=web/ never marker",
        },
        Example {
            key: "kopia/ns1/kopia.maintenance",
            read: "root=kopia/ns1/ never index",
        },
        Example {
            key: "web/p0caa40451b1e2f71981b5ffd0cef27b3-s8ab82262bf0332ce",
            read: "root=web/ never data",
        },
        Example {
            key: "web/q0caa40451b1e2f71981b5ffd0cef27b3-s8ab82262bf0332ce",
            read: "root=web/ never index",
        },
        Example {
            key: "web/xn12_0caa40451b1e2f71981b5ffd0cef27b3-s8ab82262bf0332ce-c1",
            read: "root=web/ never index",
        },
        Example {
            key: "web/xw1795893953",
            read: "root=web/ never index",
        },
        Example {
            key: "web/s0caa40451b1e2f71981b5ffd0cef27b3-s8ab82262bf0332ce",
            read: "root=web/ never log",
        },
        Example {
            key: "web/_log_20261128192552_0f5b_1795893952_1795893953_1_1bef7857f51e4e5384f95091b4299f63",
            read: "root=web/ never log",
        },
    ],
};

fn read(key: &[u8]) -> Option<Reading<'_>> {
    let root = component(key, key.len());
    let file = &key[root..];
    let never = match file {
        b"kopia.repository" => Never::Marker,
        b"kopia.blobcfg" | b"kopia.maintenance" => Never::Index,
        [b'p', blob @ ..] if is_blob(blob) => {
            return Some(Reading::never(root, "", Never::Data).alike(root + 1, is_pack));
        }
        [b'q', blob @ ..] if is_blob(blob) => Never::Index,
        [b's', blob @ ..] if is_blob(blob) => Never::Log,
        [b'x', b'w', epoch @ ..] if epoch.len() == 10 && is_digits(epoch) => Never::Index,
        [b'x', b'n' | b's' | b'r' | b'e' | b'd', rest @ ..] if is_index(rest) => Never::Index,
        _ if file.starts_with(b"_log_") && is_hex(file.get(file.len().checked_sub(32)?..)?, 32) => {
            Never::Log
        }
        _ => return None,
    };
    Some(Reading::never(root, "", never))
}

fn is_pack(rest: &[u8]) -> bool {
    is_blob(rest) && memchr::memchr(b'/', rest).is_none()
}

/// 32 hexadecimal digits and a session.
fn is_blob(blob: &[u8]) -> bool {
    let Some((hash, session)) = blob.split_at_checked(32) else {
        return false;
    };
    let is_session = session.is_empty() || session.starts_with(b"-s");
    is_session && is_hex(hash, 32) && session.len() <= 40
}

/// An epoch, or a range of them, and a blob.
fn is_index(rest: &[u8]) -> bool {
    let blob = memchr::memrchr(b'_', rest).map_or(rest, |at| &rest[at + 1..]);
    is_blob(blob)
}
