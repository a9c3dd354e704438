//! Tools with their rhythms, and what goes wrong with them.

use s3_exporter_judge::expectation::{Rhythm, Rules, Selector, Source, Stated, Statement, Zone};

use crate::year::harm::Harm;

/// A tool with its rhythm: layout, key's end, slots, schedule that is stated, kept, harms.
pub struct Row {
    pub layout: &'static str,
    pub end: &'static str,
    pub slots: &'static str,
    pub stated: Option<&'static str>,
    pub keep: usize,
    pub full_each: u64,
    pub harms: &'static [Harm],
}

const DUMP: &[Harm] = &[
    Harm::Nothing,
    Harm::Shrunk,
    Harm::Grown,
    Harm::Duplicate,
    Harm::Rewritten,
    Harm::Uploads,
    Harm::Clock,
    Harm::Deleted,
];

/// The tenth large one in a row is usual: of hourly ones that is before the second scan.
const HOURLY: &[Harm] = &[
    Harm::Nothing,
    Harm::Shrunk,
    Harm::Rewritten,
    Harm::Uploads,
    Harm::Clock,
    Harm::Deleted,
];

const fn row(
    layout: &'static str,
    end: &'static str,
    slots: &'static str,
    keep: usize,
    harms: &'static [Harm],
) -> Row {
    Row {
        layout,
        end,
        slots,
        stated: None,
        keep,
        full_each: 1,
        harms,
    }
}

pub const ROWS: [Row; 10] = [
    Row {
        stated: Some("@every 20m"),
        ..row(
            "kubermatic",
            ".db.gz",
            "every=20m",
            20,
            &[
                Harm::Nothing,
                Harm::RetentionStops,
                Harm::Deleted,
                Harm::NeverBackedUp,
                Harm::Orphaned,
            ],
        )
    },
    Row {
        stated: Some("@every 24h"),
        ..row(
            "kubermatic",
            ".db.gz",
            "at=03:00",
            14,
            &[
                Harm::Nothing,
                Harm::Rewritten,
                Harm::RetentionStops,
                Harm::NeverBackedUp,
                Harm::Orphaned,
                Harm::Renamed,
                Harm::Duplicate,
            ],
        )
    },
    row(
        "k3s",
        "",
        "at=00:00,06:00,12:00,18:00",
        28,
        &[
            Harm::Truncated,
            Harm::Grown,
            Harm::Clock,
            Harm::Deleted,
            Harm::Shrunk,
        ],
    ),
    Row {
        stated: Some("@every 24h"),
        ..row(
            "velero",
            ".tar.gz",
            "at=03:30",
            14,
            &[
                Harm::Killed,
                Harm::RetentionStops,
                Harm::Shrunk,
                Harm::Clock,
                Harm::Rewritten,
                Harm::Grown,
                Harm::MirrorStops,
            ],
        )
    },
    row(
        "restic",
        "",
        "at=01:00",
        30,
        &[Harm::Lock, Harm::Deleted, Harm::Lock],
    ),
    Row {
        full_each: 7,
        ..row(
            "pgbackrest",
            "",
            "at=02:00",
            3,
            &[Harm::ChainBroken, Harm::Killed],
        )
    },
    Row {
        stated: Some("@every 24h"),
        ..row(
            "barman",
            "",
            "at=02:00",
            14,
            &[
                Harm::Killed,
                Harm::Shrunk,
                Harm::RetentionStops,
                Harm::Uploads,
            ],
        )
    },
    row("dump", ".sql.gz", "at=22:00 days=mon-fri", 30, DUMP),
    row("dump", ".sql.gz", "every=1h", 48, HOURLY),
    row("proxmox", ".vma.zst", "at=04:00 days=sun", 10, DUMP),
];
/// Others for the second and later sites of a row whose rhythm is learned.
pub const OTHERS: [&str; 4] = [
    "at=03:10",
    "at=08:00,12:00,16:00,20:00",
    "at=23:30 zone=America/New_York",
    "at=03:00 days=mon,thu",
];
pub const EVERYWHERE: [Harm; 4] = [Harm::Skipped, Harm::Dead, Harm::Cold, Harm::Emptied];

/// What is stated: how often. A year of cron, in a test that is not optimized, takes too long.
pub fn rules(row: &Row) -> Rules {
    let mut rules = Rules::default();
    if let Some(text) = row.stated {
        let zone = Zone::named("UTC").expect("UTC is known");
        let rhythm = Rhythm::parse(text, &zone).expect("a schedule of the table");
        rules.stated.push(Statement {
            of: Selector::default(),
            source: Source::Kubernetes,
            stated: Stated {
                rhythm: Some(rhythm),
                keep: u32::try_from(row.keep).ok(),
                ..Stated::default()
            },
            must_exist: false,
        });
    }
    rules
}
