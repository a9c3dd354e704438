//! Barman for the cloud, and CloudNativePG by it.

use super::clue::Clue;
use super::text::{before, component, is_hex, is_segment, name};
use super::time::civil;
use super::{
    Chain, Completeness, Example, Layout, Look, Never, Part, Piece, Reading, Rewrite, Silence,
    SizeRule, TimeRule,
};

/// One folder for each base backup of a server, beside its log.
pub static BARMAN: Layout = Layout {
    name: "barman",
    signature: "`<server>/base/<YYYYMMDDTHHMMSS>/`, `<server>/wals/`",
    commit: "`backup.info` no older than any `data.tar*`: it is written first, and once more at the end",
    cheap_prefix: "<server>/base/",
    look: Look::Folders {
        commit: "/backup.info",
        of_new: "/",
    },
    source: "barman-cloud 3.19.1, run",
    complete: Completeness::CommitAfterData,
    time: TimeRule::Local,
    chain: Chain::Unknown,
    silence: Silence::Late,
    size: SizeRule::Sum,
    rewrite: Rewrite::Usual,
    job_is_cluster: true,
    is_per_node: false,
    clue: Clue::BASE,
    needs: &[],
    read,
    examples: &[
        Example {
            key: "pgs/db1/base/20261128T184821/backup.info",
            read: "root=pgs/ job=db1 full commit id=20261128T184821 time=2026-11-28T18:48:21",
        },
        Example {
            key: "pgs/db1/base/20261128T185003/data.tar.gz",
            read: "root=pgs/ job=db1 full data id=20261128T185003 time=2026-11-28T18:50:03",
        },
        Example {
            key: "base/20261128T185003/16401.tar.snappy",
            read: "full data id=20261128T185003 time=2026-11-28T18:50:03",
        },
        Example {
            key: "pgs/db1/wals/0000000100000000/000000010000000000000042.00000028.backup.gz",
            read: "root=pgs/ job=db1 never log",
        },
        Example {
            key: "pgs/db1/wals/00000002.history",
            read: "root=pgs/ job=db1 never log",
        },
    ],
};

fn read(key: &[u8]) -> Option<Reading<'_>> {
    let name_at = component(key, key.len());
    let (id_at, id) = before(key, name_at)?;
    let file = &key[name_at..];
    if is_id(id)
        && let Some((base_at, b"base")) = before(key, id_at)
    {
        let time = civil(key, id_at)?;
        let part = match file {
            b"" => return None,
            b"backup.info" => Part::Commit,
            _ => Part::Data,
        };
        let (root, server) = server(key, base_at);
        let piece = Piece::new(id, part).at(time);
        return Some(Reading::piece(root, name(server), piece));
    }
    read_wal(key, id_at, id, file)
}

/// `wals/<16 hexadecimal digits>/<24>...` and `wals/<8>.history`.
fn read_wal<'k>(key: &'k [u8], at: usize, folder: &[u8], file: &[u8]) -> Option<Reading<'k>> {
    let (wals_at, is_alike) = if is_hex(folder, 16) {
        let (wals_at, wals) = before(key, at)?;
        (is_segment(file) && wals == b"wals").then_some((wals_at, true))?
    } else {
        let is_history = is_hex(file.get(..8)?, 8) && file[8..].starts_with(b".history");
        (is_history && folder == b"wals").then_some((at, false))?
    };
    let (root, server) = server(key, wals_at);
    let log = Reading::never(root, name(server), Never::Log);
    Some(match is_alike {
        true => log.alike(key.len() - file.len(), is_segment),
        false => log,
    })
}

/// The component before: where it begins, and it; nothing where there is none.
fn server(key: &[u8], at: usize) -> (usize, &[u8]) {
    before(key, at).unwrap_or((0, b""))
}

fn is_id(id: &[u8]) -> bool {
    id.len() == 15 && id[8] == b'T'
}
