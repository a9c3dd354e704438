//! Proxmox VE.

use super::one_file::ONE_FILE;
use super::text::{component, name};
use super::time::civil;
use super::{Example, Layout, Look, Part, Piece, Reading, TimeRule};

/// Proxmox VE's vzdump: of each guest.
pub static PROXMOX: Layout = Layout {
    name: "proxmox",
    signature: "`vzdump-{qemu,lxc,openvz}-<id>-2006_01_02-15_04_05.{vma,tar}[.zst]`",
    cheap_prefix: "vzdump-",
    look: Look::None,
    time: TimeRule::Local,
    read: read_proxmox,
    examples: &[
        Example {
            key: "dump/vzdump-qemu-100-2026_01_31-03_00_02.vma.zst",
            read: "root=dump/ job=vzdump-qemu-100 full whole id=2026_01_31-03_00_02 time=2026-01-31T03:00:02",
        },
        Example {
            key: "dump/vzdump-lxc-7-2026_01_31-03_00_02.log",
            read: "root=dump/ job=vzdump-lxc-7 full extra id=2026_01_31-03_00_02 time=2026-01-31T03:00:02",
        },
        Example {
            key: "vzdump-qemu-100-2026_01_31-03_00_02.vma.zst.notes",
            read: "job=vzdump-qemu-100 full extra id=2026_01_31-03_00_02 time=2026-01-31T03:00:02",
        },
    ],
    ..ONE_FILE
};

fn read_proxmox(key: &[u8]) -> Option<Reading<'_>> {
    let name_at = component(key, key.len());
    let file = &key[name_at..];
    let guest = file.strip_prefix(b"vzdump-")?;
    let number_at = guest.iter().position(|byte| *byte == b'-')? + 1;
    let digits = guest[number_at..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit());
    let dash = name_at + b"vzdump-".len() + number_at + digits.count();
    let time = civil(key, dash + 1).filter(|time| time.at.len() == 19)?;
    let part = match &key[time.at.end..] {
        rest if rest.ends_with(b".log") || rest.ends_with(b".notes") => Part::Extra,
        rest if rest.starts_with(b".vma")
            || rest.starts_with(b".tar")
            || rest.starts_with(b".tgz") =>
        {
            Part::Whole
        }
        _ => return None,
    };
    if key[dash] != b'-' {
        return None;
    }
    let piece = Piece::new(&key[time.at.clone()], part).at(time);
    Some(Reading::piece(name_at, name(&key[name_at..dash]), piece))
}
