//! Buckets whose keys look as they do in the field.

use s3_exporter_testkit::SyntheticBucket;

/// The key of one backup, as Kubermatic writes it.
pub fn backup(cluster: &str, nth: u64) -> String {
    let (day, hour, minute) = (nth / 72, nth / 3 % 24, nth % 3 * 20);
    let date = format!(
        "{}-{:02}-{:02}",
        2000 + day / 360,
        day / 30 % 12 + 1,
        day % 30 + 1
    );
    format!("{cluster}-default-backups-{date}t{hour:02}-{minute:02}-00.db.gz")
}

fn hash(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

pub fn cluster(nth: u64) -> String {
    let letters = b"abcdefghijklmnopqrstuvwxyz0123456789";
    (0..10)
        .map(|at| char::from(letters[(hash(nth * 10 + at) % 36) as usize]))
        .collect()
}

/// 3 to 22 letters, digits and hyphens.
fn word(nth: u64) -> String {
    let letters = b"abcdefghijklmnopqrstuvwxyz0123456789-";
    (0..3 + hash(nth) % 20)
        .map(|at| char::from(letters[(hash(nth * 100 + at) % 37) as usize]))
        .collect()
}

/// Buckets of 1,000 pages of 50 keys, of every layout that is usual.
pub fn layouts() -> Vec<(&'static str, Vec<String>)> {
    const N: u64 = 50_000;
    let uuid = |n: u64| {
        let (a, b) = (hash(n), hash(n + N));
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            a >> 32,
            a & 0xffff,
            a >> 16 & 0xfff,
            b >> 48,
            b & 0xffff_ffff_ffff
        )
    };
    vec![
        ("uuids", (0..N).map(uuid).collect()),
        (
            "100 clusters",
            (0..N).map(|n| backup(&cluster(n % 100), n / 100)).collect(),
        ),
        (
            "one cluster",
            (0..N).map(|n| backup("lg69pmx8wf", n)).collect(),
        ),
        (
            "dates",
            (0..N)
                .map(|n| {
                    format!(
                        "{}/{:02}/{:02}/{}.tar.gz",
                        2020 + n / 2000,
                        n / 170 % 12 + 1,
                        n / 6 % 28 + 1,
                        uuid(n)
                    )
                })
                .collect(),
        ),
        (
            "one deep prefix",
            (0..N)
                .map(|n| format!("backups/prod/eu-central-1/postgres/base/{n:09}/data.tar"))
                .collect(),
        ),
        (
            "not ASCII",
            (0..N)
                .map(|n| {
                    format!(
                        "резервные-копии/データ{}/{}",
                        char::from_u32(0x4e00 + (hash(n) % 5000) as u32).unwrap(),
                        n
                    )
                })
                .collect(),
        ),
        (
            "90 % in one of 100 clusters",
            (0..N)
                .map(|n| {
                    if n % 10 == 0 {
                        backup(&cluster(n % 99), n / 99)
                    } else {
                        backup("mmmmmmmmmm", n)
                    }
                })
                .collect(),
        ),
        (
            "names of any length",
            (0..N).map(|n| backup(&word(n % 200), n / 200)).collect(),
        ),
        (
            "accents",
            (0..N)
                .map(|n| {
                    format!(
                        "donn\u{e9}es/{}/\u{e9}l\u{e8}ve-{}",
                        word(n % 50),
                        backup("x", n / 50)
                    )
                })
                .collect(),
        ),
        (
            "clusters of three regions",
            (0..N)
                .map(|n| {
                    let region = ["ap-southeast-2", "eu-central-1", "us-east-1"][n as usize % 3];
                    format!("{region}/{}", backup(&cluster(n % 90), n / 90))
                })
                .collect(),
        ),
        (
            "content-addressed",
            (0..N)
                .map(|n| match (n % 50, uuid(n)) {
                    (0, id) => format!("snapshots/{id}"),
                    (1, id) => format!("index/{id}"),
                    (_, id) => format!("data/{}/{id}", &id[..2]),
                })
                .collect(),
        ),
        (
            "evenly spread clusters",
            synthetic(&SyntheticBucket::even(N, 100)),
        ),
        (
            "skewed, under folders",
            synthetic(&SyntheticBucket::skewed(N, 100)),
        ),
    ]
}

pub fn synthetic(bucket: &SyntheticBucket) -> Vec<String> {
    (0..bucket.objects())
        .map(|at| String::from_utf8(bucket.key(at)).unwrap())
        .collect()
}
