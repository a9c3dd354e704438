//! Velero.

use super::clue::Clue;
use super::text::{components, name};
use super::time::civil;
use super::{
    Chain, Completeness, Example, KeyTime, Layout, Look, Never, ONE_OFF, Part, Piece, Reading,
    Rewrite, Silence, SizeRule, TimeRule,
};

/// A backup storage location: one folder for each backup. What kopia stores is beside it.
pub static VELERO: Layout = Layout {
    name: "velero",
    signature: "`backups/<name>/velero-backup.json` and `backups/<name>/<name>.tar.gz` with other files of that name",
    commit: "`velero-backup.json` and `<name>.tar.gz`, both",
    cheap_prefix: "backups/",
    look: Look::Folders {
        commit: "/velero-backup.json",
        of_new: "/",
    },
    source: "its source and documents",
    complete: Completeness::Both,
    time: TimeRule::Utc,
    chain: Chain::Unknown,
    silence: Silence::Late,
    size: SizeRule::Sum,
    rewrite: Rewrite::Usual,
    job_is_cluster: false,
    is_per_node: false,
    clue: Clue::BACKUPS,
    needs: &[],
    read,
    examples: &[
        Example {
            key: "backups/nightly-20260131030000/velero-backup.json",
            read: "job=nightly full commit id=nightly-20260131030000 time=2026-01-31T03:00:00Z",
        },
        Example {
            key: "p/backups/nightly-20260131030000/nightly-20260131030000.tar.gz",
            read: "root=p/ job=nightly full data id=nightly-20260131030000 time=2026-01-31T03:00:00Z",
        },
        Example {
            key: "p/backups/nightly-20260131030000/nightly-20260131030000-logs.gz",
            read: "root=p/ job=nightly full extra id=nightly-20260131030000 time=2026-01-31T03:00:00Z",
        },
        Example {
            key: "backups/before-upgrade/velero-backup.json",
            read: "job=(one-off) full commit id=before-upgrade",
        },
        Example {
            key: "p/restores/nightly-20260131030000-20260201101112/restore-nightly-20260131030000-20260201101112-logs.gz",
            read: "root=p/ never log",
        },
        Example {
            key: "metadata/revision",
            read: "never index",
        },
    ],
};

fn read(key: &[u8]) -> Option<Reading<'_>> {
    if let Some(root) = key.strip_suffix(b"metadata/revision") {
        let is_folder = root.is_empty() || root.ends_with(b"/");
        return is_folder.then(|| Reading::never(root.len(), "", Never::Index));
    }
    let mut parts = components(key).skip_while(|it| !matches!(it.1, b"backups" | b"restores"));
    let (root, folder) = parts.next()?;
    let (backup_at, backup) = parts.next()?;
    let (_, file) = parts.next()?;
    if parts.next().is_some() || backup.is_empty() {
        return None;
    }
    if folder == b"restores" {
        let is_own = file
            .strip_prefix(b"restore-")
            .is_some_and(|it| it.starts_with(backup));
        return is_own.then(|| Reading::never(root, "", Never::Log));
    }
    let part = match file {
        b"velero-backup.json" => Part::Commit,
        _ => match file.strip_prefix(backup)? {
            b".tar.gz" => Part::Data,
            [b'-', rest @ ..] if rest.ends_with(b".gz") || rest.ends_with(b".json") => Part::Extra,
            _ => return None,
        },
    };
    let piece = Piece::new(backup, part);
    Some(match stamp(key, backup_at, backup) {
        Some(time) => {
            let schedule = &key[backup_at..time.at.start - 1];
            Reading::piece(root, name(schedule), piece.at(time))
        }
        None => Reading::piece(root, ONE_OFF, piece),
    })
}

/// `-20060102150405` at the end, after something.
fn stamp(key: &[u8], at: usize, backup: &[u8]) -> Option<KeyTime> {
    let dash = backup.len().checked_sub(15).filter(|dash| *dash > 0)?;
    let time = civil(key, at + dash + 1)?;
    (backup[dash] == b'-' && time.at.len() == 14).then_some(time)
}
