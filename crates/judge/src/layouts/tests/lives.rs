//! What real tools left in a bucket when they were killed in the middle of a backup, after a good
//! one; cut to what matters.

use std::collections::BTreeMap;

use crate::layouts::{LayoutChoice, Part, Role};

/// By layout, the keys of a listing, and of each backup, by its id, how many objects complete it,
/// are data, and are beside; and of what is never a backup, how many.
struct Life {
    layout: &'static str,
    keys: &'static [&'static str],
    backups: &'static [(&'static str, [usize; 3])],
    never: &'static [(&'static str, usize)],
}

const LIVES: &[Life] = &[
    Life {
        layout: "restic",
        keys: &[
            "web/config",
            "web/data/08/08265c64a73c99b5ef614aadd572db186144ce674a1d694b5f2278fe873d3a59",
            "web/data/30/30d717987eed679ce9d7b0e0840594ad407b5d774929e2b8b1bfec7988d72935",
            "web/index/52eba657f878906f1b6e24b25ef7626542106f86f73db3df2661ae8891a89da6",
            "web/keys/deebe146758b787c3d78c655395a26e76f29ac96e74d764b4f9363df19e9d03b",
            "web/locks/cf9b5661bc84ce43969140d54a65bbcbf187cf13a58aae3398c87a098451b9a2",
            "web/snapshots/3024400a49523e3619600e63f57d0a27d33bac7bc505d7613913a539f001803c",
        ],
        backups: &[(
            "3024400a49523e3619600e63f57d0a27d33bac7bc505d7613913a539f001803c",
            [1, 0, 0],
        )],
        never: &[("Data", 2), ("Index", 2), ("Lock", 1), ("Marker", 1)],
    },
    Life {
        layout: "kopia",
        keys: &[
            "web/_log_20261128192546_5302_1795893946_1795893947_1_5d11e809592bdaf00283589c3d87e2e4",
            "web/kopia.blobcfg",
            "web/kopia.repository",
            "web/p9a775b0732ca1d16a9a7a11723ff2958-s0b216593ac17a1ad147",
            "web/q0caa40451b1e2f71981b5ffd0cef27b3-s0b216593ac17a1ad147",
            "web/s0caa40451b1e2f71981b5ffd0cef27b3-s0b216593ac17a1ad147",
            "web/xn0_0caa40451b1e2f71981b5ffd0cef27b3-s0b216593ac17a1ad147-c1",
        ],
        backups: &[],
        never: &[("Data", 1), ("Index", 3), ("Log", 2), ("Marker", 1)],
    },
    Life {
        layout: "duplicity",
        keys: &[
            "web/duplicity-full-signatures.20261128T184008Z.sigtar.gz",
            "web/duplicity-full.20261128T184008Z.manifest",
            "web/duplicity-full.20261128T184008Z.vol1.difftar.gz",
            "web/duplicity-full.20261128T184008Z.vol2.difftar.gz",
            "web/duplicity-full.20261128T184016Z.vol1.difftar.gz",
            "web/duplicity-full.20261128T184016Z.vol2.difftar.gz",
            "web/duplicity-inc.20261128T184008Z.to.20261128T184013Z.manifest",
            "web/duplicity-inc.20261128T184008Z.to.20261128T184013Z.vol1.difftar.gz",
            "web/duplicity-new-signatures.20261128T184008Z.to.20261128T184013Z.sigtar.gz",
        ],
        backups: &[
            ("20261128T184008Z", [1, 2, 1]),
            ("20261128T184013Z", [1, 1, 1]),
            ("20261128T184016Z", [0, 2, 0]), // killed
        ],
        never: &[],
    },
    Life {
        layout: "barman",
        keys: &[
            "pgs/db1/base/20261128T184759/backup.info", // killed
            "pgs/db1/base/20261128T184821/backup.info",
            "pgs/db1/base/20261128T184821/data.tar",
            "pgs/db1/base/20261128T184912/backup.info", // failed
            "pgs/db1/wals/0000000100000000/000000010000000000000042.00000028.backup.gz",
            "pgs/db1/wals/0000000100000000/000000010000000000000042.gz",
        ],
        backups: &[
            ("20261128T184759", [1, 0, 0]),
            ("20261128T184821", [1, 1, 0]),
            ("20261128T184912", [1, 0, 0]),
        ],
        never: &[("Log", 2)],
    },
    Life {
        layout: "pgbackrest",
        keys: &[
            "repo/archive/main/15-1/0000000100000000/000000010000000000000018-02b4a2593676a33f4f6bce31949e7cccbe994af3.gz",
            "repo/archive/main/archive.info",
            "repo/backup/main/20261128-184341F/backup.manifest",
            "repo/backup/main/20261128-184341F/backup.manifest.copy",
            "repo/backup/main/20261128-184341F/pg_data/global/1262.gz",
            "repo/backup/main/20261128-184341F_20261128-184346I/backup.manifest",
            "repo/backup/main/20261128-184341F_20261128-184346I/pg_data/backup_label.gz",
            "repo/backup/main/20261128-184448F/backup.manifest.copy", // killed
            "repo/backup/main/20261128-184448F/pg_data/global/1262.gz",
            "repo/backup/main/backup.history/2026/20261128-184341F.manifest.gz",
            "repo/backup/main/backup.info",
        ],
        backups: &[
            ("20261128-184341F", [1, 2, 0]),
            ("20261128-184341F_20261128-184346I", [1, 1, 0]),
            ("20261128-184448F", [0, 2, 0]),
        ],
        never: &[("Index", 3), ("Log", 1)],
    },
    Life {
        layout: "litestream",
        keys: &[
            "app/0000/0000000000000020-0000000000000020.ltx",
            "app/0000/0000000000000021-0000000000000021.ltx",
            "app/0002/000000000000001f-000000000000001f.ltx",
            "app/0009/0000000000000001-000000000000001f.ltx",
        ],
        backups: &[
            ("0000/0000000000000020-0000000000000020", [1, 0, 0]),
            ("0000/0000000000000021-0000000000000021", [1, 0, 0]),
            ("0002/000000000000001f-000000000000001f", [1, 0, 0]),
            ("0009/0000000000000001-000000000000001f", [1, 0, 0]),
        ],
        never: &[],
    },
    Life {
        layout: "etcd-backup-restore",
        keys: &[
            "etcd-main/v2/Full-00000000-00000021-1795894380.gz",
            "etcd-main/v2/Full-00000000-00000021-1795894440.gz", // idle: the same revision
            "etcd-main/v2/Incr-00000022-00000026-1795894447.gz",
        ],
        backups: &[
            ("Full-00000000-00000021-1795894380", [1, 0, 0]),
            ("Full-00000000-00000021-1795894440", [1, 0, 0]),
            ("Incr-00000022-00000026-1795894447", [1, 0, 0]),
        ],
        never: &[],
    },
    Life {
        layout: "wal-g",
        keys: &[
            "db1/basebackups_005/base_00000001000000000000005B/metadata.json",
            "db1/basebackups_005/base_00000001000000000000005B/tar_partitions/part_001.tar.lz4",
            "db1/basebackups_005/base_00000001000000000000005B/tar_partitions/pg_control.tar.lz4",
            "db1/basebackups_005/base_00000001000000000000005B_backup_stop_sentinel.json",
            "db1/basebackups_005/base_000000010000000000000065/tar_partitions/part_001.tar.lz4", // killed
            "db1/basebackups_005/base_000000010000000000000065/tar_partitions/part_002.tar.lz4",
            "db1/wal_005/00000001000000000000005B.00000028.backup.lz4",
            "db1/wal_005/00000001000000000000005B.lz4",
        ],
        backups: &[
            ("00000001000000000000005B", [1, 2, 1]),
            ("000000010000000000000065", [0, 2, 0]),
        ],
        never: &[("Log", 2)],
    },
    Life {
        layout: "vmbackup",
        keys: &[
            "vm1/latest/backup_metadata.ignore", // killed: without the marker
            "vm1/latest/data/small/2026_11/18EC4CC8F05D597F/timestamps.bin/0000000000000003_0000000000000000_0000000000000003",
            "vm1/latest/data/small/2026_11/parts.json/000000000000003A_0000000000000000_000000000000003A",
        ],
        backups: &[("latest", [0, 3, 0])],
        never: &[],
    },
    Life {
        layout: "duplicacy",
        keys: &[
            "store/chunks/00/697f2bfce550451c7d00856ec0b2499c1cb3853688ea839dd34f35727ead16", // killed
            "store/chunks/01/3a5ebd6b09a2e0e9d65c1cffacbf75b648c3af1c8ce37b84796a8c5d698803",
            "store/snapshots/web/10",
            "store/snapshots/web/9",
        ],
        backups: &[("10", [1, 0, 0]), ("9", [1, 0, 0])],
        never: &[("Data", 2)],
    },
    Life {
        layout: "dump",
        keys: &[
            "big/app-2026-11-28T18-53-08Z.sql.gz",
            "big/cut-rclone-2026-11-28T18-53-10Z.sql", // its pg_dump was killed: nothing shows it
            "my/xb-2026-11-28T18-53-33Z.xb.zst",
        ],
        backups: &[
            ("2026-11-28T18-53-08Z.sql.gz", [1, 0, 0]),
            ("2026-11-28T18-53-10Z.sql", [1, 0, 0]),
            ("2026-11-28T18-53-33Z.xb.zst", [1, 0, 0]),
        ],
        never: &[],
    },
];

#[test]
fn a_killed_backup_is_not_whole_and_the_good_one_is() {
    for life in LIVES {
        let mut backups: BTreeMap<String, [usize; 3]> = BTreeMap::new();
        let mut never: BTreeMap<String, usize> = BTreeMap::new();
        for key in life.keys {
            let (layout, reading) = LayoutChoice::Auto.read(key.as_bytes()).expect(key);
            assert_eq!(layout.name, life.layout, "{key}");
            match reading.role {
                Role::Never(what) => *never.entry(format!("{what:?}")).or_default() += 1,
                Role::Piece(piece) => {
                    let counts = backups.entry(piece.id.into_owned()).or_default();
                    counts[match piece.part {
                        Part::Whole | Part::Commit => 0,
                        Part::Data => 1,
                        Part::Extra => 2,
                    }] += 1;
                }
            }
        }
        let expected: BTreeMap<String, [usize; 3]> = life
            .backups
            .iter()
            .map(|(id, counts)| ((*id).to_owned(), *counts))
            .collect();
        assert_eq!(backups, expected, "{}", life.layout);
        let expected: BTreeMap<String, usize> = life
            .never
            .iter()
            .map(|(what, count)| ((*what).to_owned(), *count))
            .collect();
        assert_eq!(never, expected, "{}", life.layout);
    }
}
