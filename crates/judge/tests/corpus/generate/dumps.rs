//! Tools that write one object, or a few, a backup, under a name with a time in it.

use std::collections::VecDeque;
use std::rc::Rc;

use super::{Job, Run, Tool};
use crate::store::Script;
use crate::text::{Read, hex};
use crate::zones::formatted;

/// How a tool names its objects. `{p}` is the prefix, `{c}` the cluster, `{j}` the job, `{n}` a
/// node, `{s}` seconds and `{ns}` nanoseconds since 1970, `{neg}` the negated seconds in hex, `{id}`
/// a constant of the job, `{x}` one of the run; what begins with `%` is strftime's.
struct Form {
    name: &'static str,
    /// In the order of writing, with their bytes: those of the backup where there are none.
    objects: &'static [(&'static str, Option<u64>)],
    /// The time in the key is the slot, not the start of the run.
    is_slot: bool,
    /// A raw etcd snapshot: size modulo 512 is 32.
    is_raw: bool,
    /// A tar archive: its size is a multiple of 10,240.
    is_tar: bool,
    /// After which share of its objects it is whole.
    whole_at: f64,
}

const fn one(name: &'static str, objects: &'static [(&'static str, Option<u64>)]) -> Form {
    Form {
        name,
        objects,
        is_slot: false,
        is_raw: false,
        is_tar: false,
        whole_at: 1.0,
    }
}

const FORMS: &[Form] = &[
    Form {
        is_slot: true,
        ..one(
            "kubermatic",
            &[("{p}{c}-{j}-%Y-%m-%dt%H-%M-%S.db.gz", None)],
        )
    },
    Form {
        is_slot: true,
        is_raw: true,
        ..one(
            "kubermatic-db",
            &[("{p}{c}-{j}-%Y-%m-%dt%H-%M-%S.db", None)],
        )
    },
    one("kubermatic-once", &[("{p}{c}-{j}.db.gz", None)]),
    Form {
        is_raw: true,
        ..one("k3s", &[("{p}{j}-{n}-{s}", None)])
    },
    Form {
        is_raw: true,
        ..one("etcd-db", &[("{p}{j}-%Y-%m-%dT%H-%M-%SZ.db", None)])
    },
    one("rke2", &[("{p}{j}-{n}-{s}.zip", None)]),
    Form {
        is_raw: true,
        ..one("talos", &[("{p}{c}/{c}-%Y-%m-%dT%H:%M:%SZ.snap", None)])
    },
    one(
        "talos-age",
        &[("{p}{c}/{c}-%Y-%m-%dT%H:%M:%SZ.snap.zst.age", None)],
    ),
    one("omni", &[("{p}{id}/{neg}.snapshot", None)]),
    one("zalando", &[("{p}{j}/logical_backups/{s}.sql.gz", None)]),
    one(
        "etcd-manager",
        &[
            ("{p}%Y-%m-%dT%H:%M:%SZ-000001/etcd.backup.gz", None),
            ("{p}%Y-%m-%dT%H:%M:%SZ-000001/_etcd_backup.meta", Some(287)),
        ],
    ),
    one(
        "rancher",
        &[("{p}{j}-{id}-%Y-%m-%dT%H-%M-%SZ.tar.gz", None)],
    ),
    one("vault", &[("{p}{j}-{ns}.snap", None)]),
    one(
        "pbm",
        &[
            ("{p}%Y-%m-%dT%H:%M:%SZ/rs0/metadata.json", Some(2_412)),
            ("{p}%Y-%m-%dT%H:%M:%SZ/rs0/app.users.gz", None),
            (
                "{p}%Y-%m-%dT%H:%M:%SZ/rs0/oplog/20260101000000-1.gz",
                Some(1_800),
            ),
            ("{p}%Y-%m-%dT%H:%M:%SZ.pbm.json", Some(3_105)),
        ],
    ),
    one(
        "mariadb-operator",
        &[("{p}backup.%Y-%m-%dT%H:%M:%SZ.sql.gz", None)],
    ),
    one(
        "mariadb-physical",
        &[("{p}physicalbackup-%Y%m%d%H%M%S.xb.gz", None)],
    ),
    one(
        "databacker",
        &[("{p}db_backup_%Y-%m-%dT%H:%M:%SZ.tgz", None)],
    ),
    one(
        "nfrastack",
        &[("{p}pgsql_{j}_dbhost_%Y%m%d-%H%M%S.sql.zst", None)],
    ),
    one("offen", &[("{p}backup-%Y-%m-%dT%H-%M-%S.tar.gz", None)]),
    Form {
        is_tar: true,
        ..one(
            "gitlab",
            &[("{p}{s}_%Y_%m_%d_17.5.1-ee_gitlab_backup.tar", None)],
        )
    },
    Form {
        is_tar: true,
        ..one(
            "gitlab-newer",
            &[("{p}{s}_%Y_%m_%d_17.6.0-ee_gitlab_backup.tar", None)],
        )
    },
    one(
        "proxmox",
        &[("{p}vzdump-qemu-{j}-%Y_%m_%d-%H_%M_%S.vma.zst", None)],
    ),
    one("docker-last", &[("{p}last/{j}-%Y%m%d-%H%M%S.sql.gz", None)]),
    one("docker-daily", &[("{p}daily/{j}-%Y%m%d.sql.gz", None)]),
    one("docker-weekly", &[("{p}weekly/{j}-%G%V.sql.gz", None)]),
    one("docker-monthly", &[("{p}monthly/{j}-%Y%m.sql.gz", None)]),
    Form {
        whole_at: 0.67,
        ..one(
            "longhorn",
            &[
                (
                    "{p}backupstore/volumes/ab/cd/{j}/blocks/{b2}/{b4}/{b}.blk",
                    None,
                ),
                (
                    "{p}backupstore/volumes/ab/cd/{j}/backups/backup_backup-{x}.cfg",
                    Some(1_114),
                ),
                ("{p}backupstore/volumes/ab/cd/{j}/volume.cfg", Some(604)),
            ],
        )
    },
    Form {
        whole_at: 0.5,
        ..one(
            "velero",
            &[
                (
                    "{p}backups/{j}-%Y%m%d%H%M%S/{j}-%Y%m%d%H%M%S-logs.gz",
                    Some(14_201),
                ),
                (
                    "{p}backups/{j}-%Y%m%d%H%M%S/velero-backup.json",
                    Some(3_044),
                ),
                ("{p}backups/{j}-%Y%m%d%H%M%S/{j}-%Y%m%d%H%M%S.tar.gz", None),
                (
                    "{p}backups/{j}-%Y%m%d%H%M%S/{j}-%Y%m%d%H%M%S-podvolumebackups.json.gz",
                    Some(29),
                ),
                (
                    "{p}backups/{j}-%Y%m%d%H%M%S/{j}-%Y%m%d%H%M%S-volumesnapshots.json.gz",
                    Some(29),
                ),
                (
                    "{p}backups/{j}-%Y%m%d%H%M%S/{j}-%Y%m%d%H%M%S-resource-list.json.gz",
                    Some(5_120),
                ),
            ],
        )
    },
    one("dump", &[("{p}{j}-%Y-%m-%dT%H-%M-%SZ.sql.gz", None)]),
    one("dump-plain", &[("{p}{j}-%Y-%m-%dT%H-%M-%SZ.sql", None)]),
    one("dump-zst", &[("{p}{j}-%Y-%m-%dT%H-%M-%SZ.xb.zst", None)]),
    one("dump-xz", &[("{p}{j}-%Y-%m-%dT%H-%M-%SZ.sql.xz", None)]),
    one("dump-tgz", &[("{p}{j}-%Y-%m-%dT%H-%M-%SZ.tar.gz", None)]),
    one("dump-gpg", &[("{p}{j}-%Y-%m-%dT%H-%M-%SZ.sql.gpg", None)]),
    one("dump-age", &[("{p}{j}-%Y-%m-%dT%H-%M-%SZ.sql.age", None)]),
    one("dump-custom", &[("{p}{j}-%Y-%m-%dT%H-%M-%SZ.dump", None)]),
    one("dump-local", &[("{p}{j}-%Y-%m-%d_%H-%M-%S.sql.gz", None)]),
    one("dump-day", &[("{p}{j}-%Y%m%d.sql.gz", None)]),
    one("dump-folder", &[("{p}%Y/%m/%d/{j}-%H%M.sql.gz", None)]),
];

pub struct Dumps {
    form: &'static Form,
    kept: VecDeque<Vec<Rc<str>>>,
}

impl Dumps {
    pub fn of(name: &str) -> Read<Self> {
        let form = FORMS.iter().find(|form| form.name == name);
        let form = form.ok_or_else(|| format!("no tool of the generator is called {name:?}"))?;
        Ok(Self {
            form,
            kept: VecDeque::new(),
        })
    }

    fn keys(&self, job: &mut Job, run: &Run) -> Vec<(Rc<str>, Option<u64>)> {
        let at = if self.form.is_slot {
            run.slot
        } else {
            run.start
        } + run.shift;
        let (once, block) = (job.hex(16), job.hex(64));
        let mut keys = Vec::new();
        for node in 1..=job.nodes {
            for (form, size) in self.form.objects {
                let words = [
                    ("{p}", job.prefix.clone()),
                    ("{c}", job.cluster.clone()),
                    ("{j}", job.name.clone()),
                    ("{n}", format!("node{node}")),
                    // The nodes do not begin in the same second.
                    ("{s}", (at / 1000 + node as i64 - 1).to_string()),
                    ("{ns}", (at * 1_000_000 + 123_456).to_string()),
                    ("{neg}", format!("{:016x}", (-(at / 1000)).cast_unsigned())),
                    ("{id}", uuid(&(job.cluster.clone() + &job.name))),
                    ("{x}", once.clone()),
                    ("{b2}", block[..2].to_owned()),
                    ("{b4}", block[2..4].to_owned()),
                    ("{b}", block.clone()),
                ];
                let filled = words
                    .iter()
                    .fold((*form).to_owned(), |text, (word, value)| {
                        text.replace(word, value)
                    });
                keys.push((formatted(job.clock(at), &filled).into(), *size));
            }
        }
        keys
    }
}

impl Tool for Dumps {
    fn run(&mut self, job: &mut Job, run: &Run, to: &mut Script) {
        let mut size = if run.is_empty { run.nothing } else { run.size };
        if self.form.is_raw && !run.is_empty {
            size = size / 512 * 512 + 32 - if run.is_cut { 19 } else { 0 };
        }
        if self.form.is_tar && !run.is_empty {
            size = size.next_multiple_of(10_240);
        }
        let keys = self.keys(job, run);
        let count = keys.len();
        for (n, (key, fixed)) in keys.iter().enumerate() {
            if fixed.is_none() && size > 8 << 20 {
                to.begin(run.at(n as f64 / count as f64), key.clone());
            }
            to.put(
                run.at((n + 1) as f64 / count as f64),
                key.clone(),
                fixed.unwrap_or(size),
            );
        }
        if !run.is_killed {
            let keys: Vec<Rc<str>> = keys.into_iter().map(|(key, _)| key).collect();
            // Written again under the same name, it is still one.
            self.kept.retain(|kept| *kept != keys);
            self.kept.push_back(keys);
        }
    }

    fn whole_at(&self) -> f64 {
        self.form.whole_at
    }

    fn retain(&mut self, job: &Job, at: i64, to: &mut Script) {
        while self.kept.len() > job.keep {
            for key in self.kept.pop_front().unwrap_or_default() {
                to.delete(at, key);
            }
        }
    }

    fn command(&mut self, _job: &mut Job, name: &str, at: i64, to: &mut Script) -> Read<()> {
        if name != "thin" {
            return Err(format!("no such command: {name}"));
        }
        // One a day is left of what is older than two days, as grandfather, father and son do it.
        let mut kept = VecDeque::new();
        let (len, per_day) = (self.kept.len(), 4);
        for (n, keys) in self.kept.drain(..).enumerate() {
            if n + 2 * per_day >= len || n % per_day == 0 {
                kept.push_back(keys);
            } else {
                keys.into_iter().for_each(|key| to.delete(at, key));
            }
        }
        self.kept = kept;
        Ok(())
    }
}

/// Always the same for a text, in the form of a UUID.
pub fn uuid(text: &str) -> String {
    let hex = hex(text, 32);
    format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}
