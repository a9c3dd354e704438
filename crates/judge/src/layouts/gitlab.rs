//! GitLab.

use super::clue::Clue;
use super::one_file::ONE_FILE;
use super::text::component;
use super::time::{civil, epoch};
use super::{Example, Layout, Part, Piece, Reading};

/// GitLab's own backup.
pub static GITLAB: Layout = Layout {
    name: "gitlab",
    signature: "`<unix>_2006_01_02_<version>_gitlab_backup.tar`",
    clue: Clue::TAR,
    read: read_gitlab,
    examples: &[
        Example {
            key: "1769828400_2026_01_31_17.8.1-ee_gitlab_backup.tar",
            read: "job=gitlab_backup full whole id=1769828400 time=2026-01-31T03:00:00Z",
        },
        Example {
            key: "git/1769914800_2026_02_01_17.9.0_gitlab_backup.tar",
            read: "root=git/ job=gitlab_backup full whole id=1769914800 time=2026-02-01T03:00:00Z",
        },
        Example {
            key: "git/gitlab_config_1769914800_2026_02_01.tar",
            read: "root=git/ job=gitlab_config full whole id=1769914800 time=2026-02-01T03:00:00Z",
        },
    ],
    ..ONE_FILE
};

fn read_gitlab(key: &[u8]) -> Option<Reading<'_>> {
    let stem = key.strip_suffix(b".tar")?;
    let name_at = component(key, key.len());
    let file = stem.get(name_at..)?;
    let (job, at) = if file.ends_with(b"_gitlab_backup") {
        ("gitlab_backup", name_at)
    } else if file.starts_with(b"gitlab_config_") {
        ("gitlab_config", name_at + b"gitlab_config_".len())
    } else {
        return None;
    };
    let time = epoch(stem, at..at + 10)?;
    civil(stem, at + 11)?;
    let piece = Piece::new(&key[at..at + 10], Part::Whole).at(time);
    Some(Reading::piece(name_at, job, piece))
}
