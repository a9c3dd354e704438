//! How keys look: what tools write, what people write, and what is awkward.

use std::cell::Cell;

thread_local! {
    /// Decides which names and numbers keys have.
    static SEED: Cell<u64> = const { Cell::new(0) };
}

/// A number that looks like chance.
pub fn hash(x: u64) -> u64 {
    mix(x ^ SEED.get())
}

/// The same, whatever the seed.
pub fn mix(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

fn letters(seed: u64, count: u64, of: &str) -> String {
    let of: Vec<char> = of.chars().collect();
    (0..count)
        .map(|at| of[(hash(seed.wrapping_mul(131).wrapping_add(at)) % of.len() as u64) as usize])
        .collect()
}

const ALNUM: &str = "abcdefghijklmnopqrstuvwxyz0123456789";
const NAME: &str = "abcdefghijklmnopqrstuvwxyz0123456789-";

/// As Kubermatic names clusters.
fn cluster(nth: u64) -> String {
    letters(nth, 10, ALNUM)
}

/// 3 to 22 letters, digits and hyphens.
fn word(nth: u64) -> String {
    letters(nth + 7, 3 + hash(nth) % 20, NAME)
}

fn hex(seed: u64, digits: u64) -> String {
    letters(seed + 13, digits, "0123456789abcdef")
}

fn uuid(n: u64) -> String {
    let h = hex(n, 32);
    format!(
        "{}-{}-4{}-{}-{}",
        &h[..8],
        &h[8..12],
        &h[13..16],
        &h[16..20],
        &h[20..]
    )
}

/// So many steps of a number of minutes after 2025 began: year, month, day, hour, minute.
fn time(nth: u64, minutes: u64) -> [u64; 5] {
    let all = nth * minutes;
    let day = all / 1440;
    [
        2025 + day / 336,
        day / 28 % 12 + 1,
        day % 28 + 1,
        all / 60 % 24,
        all % 60,
    ]
}

fn date(nth: u64, minutes: u64) -> String {
    let [year, month, day, ..] = time(nth, minutes);
    format!("{year}-{month:02}-{day:02}")
}

fn iso(nth: u64, minutes: u64) -> String {
    let [.., hour, minute] = time(nth, minutes);
    format!(
        "{}T{hour:02}:{minute:02}:{:02}",
        date(nth, minutes),
        hash(nth) % 60
    )
}

fn kubermatic(cluster: &str, nth: u64) -> String {
    let [.., hour, minute] = time(nth, 20);
    format!(
        "{cluster}-default-backups-{}t{hour:02}-{minute:02}-00.db.gz",
        date(nth, 20)
    )
}

/// Which of many gets the object, where the first has most and each next one less.
fn falling(n: u64, of: u64) -> u64 {
    let share = (hash(n * 3 + 1) >> 11) as f64 / (1_u64 << 53) as f64;
    ((of as f64).powf(share) as u64).clamp(1, of) - 1
}

/// A layout: its name in the table, and its key number `n` of so many.
pub type Layout = (&'static str, fn(u64, u64) -> String);

/// The keys of a layout, sorted, each once; `seed` decides which names they have.
pub fn keys(layout: &Layout, count: u64, seed: u64) -> Vec<String> {
    SEED.set(mix(seed));
    let mut keys: Vec<_> = (0..count).map(|n| layout.1(n, count)).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// What names of clusters begin keys with, where they are known.
pub fn beginning(key: &str) -> Option<&str> {
    let found = key
        .find("-default-backups-")
        .or_else(|| key.find("-etcd-"))?;
    Some(&key[..=found])
}

pub const LAYOUTS: &[Layout] = &[
    ("1,000 numbered clusters", |n, _| {
        format!(
            "cluster-{:04}-etcd-{}-{}.db.gz",
            n % 1000,
            iso(n / 1000, 60),
            hex(n, 6)
        )
    }),
    ("100 clusters", |n, _| {
        kubermatic(&cluster(n % 100), n / 100)
    }),
    ("1,000 clusters", |n, _| {
        kubermatic(&cluster(n % 1000), n / 1000)
    }),
    ("5,000 clusters", |n, _| {
        kubermatic(&cluster(n % 5000), n / 5000)
    }),
    ("one cluster", |n, _| kubermatic("lg69pmx8wf", n)),
    ("three clusters, one of them large", |n, _| match n % 100 {
        0 => kubermatic("aaaaaaaaaa", n / 100),
        1..5 => kubermatic("zzzzzzzzzz", n / 4),
        _ => kubermatic("mmmmmmmmmm", n),
    }),
    ("nine tenths in one of 100 clusters", |n, _| match n % 10 {
        0 => kubermatic(&cluster(n % 990 / 10), n / 990),
        _ => kubermatic("mmmmmmmmmm", n),
    }),
    ("clusters of falling size", |n, _| {
        kubermatic(&cluster(falling(n, 1000)), n)
    }),
    ("names of any length", |n, _| {
        kubermatic(&word(n % 200), n / 200)
    }),
    ("names of any length, of falling size", |n, _| {
        kubermatic(&word(falling(n, 500)), n)
    }),
    ("clusters of three regions", |n, _| {
        let region = ["ap-southeast-2", "eu-central-1", "us-east-1"][n as usize % 3];
        format!("{region}/{}", kubermatic(&cluster(n % 90), n / 90))
    }),
    ("nine tenths in one cluster, four folders deep", |n, _| {
        let name = if n % 10 == 0 { n % 990 } else { 991 };
        format!("backups/prod/eu/v1/{}-{:09}.db.gz", hex(name, 8), n)
    }),
    ("UUIDs", |n, _| uuid(n)),
    ("a folder for each UUID", |n, _| {
        format!(
            "{}/{}",
            uuid(n / 3),
            ["data.tar", "index", "meta.json"][n as usize % 3]
        )
    }),
    ("dated folders", |n, _| {
        let [year, month, day, ..] = time(n, 30);
        format!("{year}/{month:02}/{day:02}/{}.tar.gz", uuid(n))
    }),
    ("dated folders of clusters", |n, _| {
        let [year, month, day, ..] = time(n / 60, 60);
        format!(
            "{}/{year}/{month:02}/{day:02}/{}.tar.gz",
            word(n % 60),
            hex(n, 12)
        )
    }),
    ("partitions by date", |n, count| {
        let day = n * 400 / count;
        format!(
            "events/year={}/month={:02}/day={:02}/hour={:02}/part-{:05}-{}.parquet",
            2025 + day / 336,
            day / 28 % 12 + 1,
            day % 28 + 1,
            hash(n) % 24,
            n % 97,
            uuid(n)
        )
    }),
    ("logs of accounts and regions", |n, _| {
        let account = 100_000_000_000 + hash(n % 7) % 900_000_000_000;
        let region = ["ap-south-1", "eu-central-1", "eu-west-1", "us-east-1"][hash(n) as usize % 4];
        let [year, month, day, hour, minute] = time(n / 7, 15);
        format!(
            "AWSLogs/{account}/CloudTrail/{region}/{year}/{month:02}/{day:02}/{account}_CloudTrail_{region}_{year}{month:02}{day:02}T{hour:02}{minute:02}Z_{}.json.gz",
            hex(n, 8)
        )
    }),
    ("one deep prefix", |n, _| {
        format!("backups/prod/eu-central-1/postgres/base/{n:09}/data.tar")
    }),
    ("a very long common prefix", |n, _| {
        format!(
            "{}/{}-{:08x}",
            "a-folder-with-a-long-name/".repeat(20),
            letters(n % 11, 60, ALNUM),
            n
        )
    }),
    ("deep trees", |n, _| {
        let mut key = String::new();
        let mut way = n;
        for level in 0..12 {
            key += ["alpha/", "beta/", "gamma/"][(way % 3) as usize];
            way = way / 3 + level * (way == 0) as u64;
        }
        format!("{key}{n}")
    }),
    ("folders of one letter, of any depth", |n, _| {
        let mut key = String::new();
        for at in 0..3 + hash(n) % 6 {
            key += &letters(hash(n).wrapping_add(at), 1, "abcdefghijkl");
            key.push('/');
        }
        key + &n.to_string()
    }),
    ("not ASCII", |n, _| {
        let sign = char::from_u32(0x4e00 + (hash(n) % 5000) as u32).unwrap();
        format!("резервные-копии/データ{sign}/{n}")
    }),
    ("accents", |n, _| {
        format!(
            "donn\u{e9}es/{}/\u{e9}l\u{e8}ve-{}",
            word(n % 50),
            kubermatic("x", n / 50)
        )
    }),
    ("Greek names", |n, _| {
        format!(
            "{}-{}",
            letters(n % 300, 8, "αβγδεζηθικλμνξοπρστυφχψω"),
            iso(n / 300, 60)
        )
    }),
    ("content-addressed", |n, _| match (n % 50, uuid(n)) {
        (0, id) => format!("snapshots/{id}"),
        (1, id) => format!("index/{id}"),
        (_, id) => format!("data/{}/{id}", &id[..2]),
    }),
    ("restic's shards", |n, _| {
        let id = hex(n, 64);
        match n % 400 {
            0 => format!("snapshots/{id}"),
            1..4 => format!("index/{id}"),
            4 if n < 400 => format!("keys/{id}"),
            _ => format!("data/{}/{id}", &id[..2]),
        }
    }),
    ("many repositories of restic", |n, _| {
        let id = hex(n, 64);
        let host = falling(n, 40);
        match n % 60 {
            0 => format!("restic/{}/snapshots/{id}", word(host)),
            1 => format!("restic/{}/index/{id}", word(host)),
            _ => format!("restic/{}/data/{}/{id}", word(host), &id[..2]),
        }
    }),
    ("kopia's blobs", |n, _| match n % 100 {
        0 => format!("xn0_{}-s{}-c1", hex(n, 32), hex(n / 5, 16)),
        1..20 => format!("q{}-s{}", hex(n, 32), hex(n / 50, 17)),
        _ => format!("p{}-s{}", hex(n, 32), hex(n / 50, 17)),
    }),
    ("shards of two levels", |n, _| {
        let id = hex(n, 40);
        format!("{}/{}/{id}.jpg", &id[..2], &id[2..4])
    }),
    ("WAL", |n, _| {
        format!("wal_005/00000003{:08X}{:08X}.lz4", n / 256, n % 256)
    }),
    ("WAL of many servers", |n, _| {
        let nth = n / 23;
        format!(
            "{}/wals/00000001{:08X}/00000001{:08X}{:08X}.gz",
            word(n % 23),
            nth / 256,
            nth / 256,
            nth % 256
        )
    }),
    ("pgBackRest", |n, count| match n % 5 {
        0 => format!(
            "archive/main/16-1/00000001{:08X}/00000001{:08X}{:08X}-{}.gz",
            n / 1280,
            n / 1280,
            n / 5 % 256,
            hex(n, 40)
        ),
        _ => {
            let backup = n * 12 / count;
            format!(
                "backup/main/2026{:02}05-010203F/pg_data/base/{}/{}.gz",
                backup + 1,
                16384 + hash(n) % 4,
                1000 + hash(n * 3) % 900_000
            )
        }
    }),
    ("WAL of litestream", |n, _| {
        let database = n % 12;
        format!(
            "db{database}/generations/{}/wal/{:08x}_{:08x}.wal.lz4",
            hex(database * 64 + n / 40_000, 16),
            n / 300,
            hash(n) % 65_536
        )
    }),
    ("Velero", |n, _| {
        let file = [
            "-csi-volumesnapshots.json.gz",
            "-logs.gz",
            "-podvolumebackups.json.gz",
            "-resource-list.json.gz",
            "-results.gz",
            ".tar.gz",
        ];
        let backup = format!(
            "{}-2026{:02}{:02}{:06}",
            ["daily", "hourly", "weekly"][n as usize / 6 % 3],
            n / 6 % 12 + 1,
            n / 72 % 28 + 1,
            n / 6 / 336
        );
        format!("velero/backups/{backup}/{backup}{}", file[n as usize % 6])
    }),
    ("numbers without zeros before them", |n, _| {
        format!("file-{n}.bin")
    }),
    ("hosts with numbers without zeros", |n, _| {
        format!(
            "web{}.prod.example.com/{}.tar.zst",
            n % 700,
            date(n / 700, 1440)
        )
    }),
    ("counters with gaps", |n, count| {
        let share = n as f64 / count as f64;
        format!("{:012}", ((share * 24.0).exp2() * 60_000.0) as u64 + n)
    }),
    ("seconds since 1970", |n, _| {
        format!("{}-{}", 1_735_689_600 + n * 37, hex(n, 4))
    }),
    ("seconds counted down", |n, _| {
        format!("audit/{}", 9_999_999_999 - 1_735_689_600 - n * 60)
    }),
    ("ULIDs", |n, _| {
        const CROCKFORD: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        let mut left = 1_735_689_600_000 + n * 9_000;
        let mut time = Vec::new();
        for _ in 0..10 {
            time.push(CROCKFORD.as_bytes()[left as usize % 32]);
            left /= 32;
        }
        time.reverse();
        String::from_utf8(time).unwrap() + &letters(n, 16, CROCKFORD)
    }),
    ("base64", |n, _| {
        letters(
            n,
            22,
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
        )
    }),
    ("people's addresses", |n, _| {
        let of = falling(n, 3000);
        format!(
            "mail/{}.{}@example.org/{:06}",
            letters(of, 3 + of % 6, "aeiostrnlmd"),
            letters(of + 9, 4 + of % 7, "aeioustrnlmdkbgp"),
            n
        )
    }),
    ("blanks and brackets", |n, _| {
        format!(
            "Backup of Server {} ({}).bak",
            n % 120,
            iso(n / 120, 90).replace(':', ".")
        )
    }),
    ("nearly all in the first folder", |n, _| match n % 200 {
        0 => format!("{}/{}", word(n % 40 + 40), uuid(n)),
        _ => format!("0-base/{n:08}"),
    }),
    ("nearly all in the last folder", |n, _| match n % 200 {
        0 => format!("{}/{}", word(n % 40 + 40), uuid(n)),
        _ => format!("zz/{}/{n:07}", hex(n % 50, 6)),
    }),
    ("a name that begins another", |n, _| match n % 3 {
        0 => format!("prod/{}.gz", iso(n, 30)),
        1 => format!("prod-eu/{}.gz", iso(n, 30)),
        _ => format!("prod.old/{}.gz", iso(n, 30)),
    }),
    ("half in folders, half in none", |n, _| match n % 2 {
        0 => format!("dump-{}-{}.sql.gz", word(n % 80), iso(n / 80, 90)),
        _ => format!("files/{}/{}", word(n % 90), uuid(n)),
    }),
    ("long names that differ at their ends", |n, _| {
        format!(
            "{}-{:07}",
            "snapshot-of-the-production-database-in-frankfurt".repeat(2),
            hash(n % 100_000) % 10_000_000 + n / 100_000
        )
    }),
    ("names right behind folders", |n, _| match n % 20 {
        0 => format!("{}0", hex(n / 40 % 300, 5)),
        _ => format!("{}/{n:07}", hex(n % 300, 5)),
    }),
    ("few of very many", |n, count| match n * 10 / count {
        0..3 => format!("a/{n:08}"),
        3..4 => format!("{}/x", hex(n, 10)),
        _ => format!("tmp/{}/{}", hex(n % 3, 4), uuid(n)),
    }),
];
