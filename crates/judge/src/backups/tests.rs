//! The laws of the fold, against its definition word by word.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use s3_exporter_api::{Object, StorageClass, UnixTime};

use super::*;
use crate::layouts::{
    self, Chain, Completeness, KeyTime, Layout, LayoutChoice, Never, Order, Part, Pattern,
    PatternSpec, Piece, Reading, Rewrite, Role, Silence, SizeRule, TimeForm, TimeRule,
};

/// `[@<cluster>/]<root>/<job>/<id>.<w|c|d|x>`, an id being `t2026-11-28T03-00-00`, `n12`, `b0a` or
/// `m5`, or `<root>/<lock|data|index>-<n>`.
pub(super) static LAB: Layout = Layout {
    name: "lab",
    complete: Completeness::CommitAfterData,
    time: TimeRule::Utc,
    chain: Chain::Parent,
    silence: Silence::Late,
    size: SizeRule::Sum,
    rewrite: Rewrite::Usual,
    needs: &[],
    read,
    examples: &[],
    ..Layout::NOTHING
};

fn read(key: &[u8]) -> Option<Reading<'_>> {
    let text = std::str::from_utf8(key).ok()?;
    let (cluster, rest) = match text.split_once('/')? {
        (name, rest) if name.starts_with('@') => (Some(name), rest),
        _ => (None, text),
    };
    let (_, rest) = rest.split_once('/')?;
    let root = text.len() - rest.len();
    let cluster = cluster.map(Into::into);
    let never = |never| Reading {
        root,
        cluster: cluster.clone(),
        job: "".into(),
        role: Role::Never(never),
        alike: None,
    };
    match rest.split_once('-').map(|(what, _)| what) {
        Some("lock") => return Some(never(Never::Lock)),
        Some("data") => return Some(never(Never::Data)),
        Some("index") => return Some(never(Never::Index)),
        _ => {}
    }
    let (job, name) = rest.split_once('/')?;
    let (id, part) = name.rsplit_once('.')?;
    let (part, order) = match (part, id.get(..1)?) {
        ("w", "m") => (Part::Whole, Order::LastModified),
        (part, order) => (
            match part {
                "c" => Part::Commit,
                "d" => Part::Data,
                "x" => Part::Extra,
                "w" => Part::Whole,
                _ => return None,
            },
            match order {
                "t" => Order::Time,
                "n" => Order::Number,
                "b" => Order::Bytes,
                _ => return None,
            },
        ),
    };
    let time = (order == Order::Time).then(|| seconds(&id[1..]));
    let at = text.len() - name.len() + 1;
    Some(Reading {
        root,
        cluster,
        job: job.into(),
        role: Role::Piece(Piece {
            id: id[1..].into(),
            order,
            kind: Kind::Full,
            part,
            time: time.map(|seconds| KeyTime {
                at: at..at + 19,
                form: TimeForm::Civil { has_zone: false },
                seconds,
                span: 1,
            }),
            parent: None,
            covers: None,
            number: None,
        }),
        alike: None,
    })
}

/// Of a time of November 2026.
fn seconds(text: &str) -> i64 {
    let number = |at: std::ops::Range<usize>| text[at].parse::<i64>().unwrap();
    let days = 20_758 + number(8..10) - 1; // since 2026-11-01
    ((days * 24 + number(11..13)) * 60 + number(14..16)) * 60 + number(17..19)
}

mod lanes;

pub(super) type Listed = (String, u64, i64);

fn object((key, size, millis): &Listed) -> Object<'_> {
    let class: &[u8] = if size % 3 == 0 { b"" } else { b"COLD" };
    Object {
        key: key.as_bytes(),
        size: *size,
        last_modified: UnixTime::from_millis(*millis),
        storage_class: StorageClass::new(class),
    }
}

const SMALL: Limits = Limits {
    jobs_per_cluster: 3,
    jobs: 5,
    backups: 4,
};

/// The jobs that are found where each object comes through one of so many lanes.
fn jobs(objects: &[Listed], lanes: usize, limits: Limits) -> Vec<JobBackups> {
    let mut fold = BackupFold::new(LayoutChoice::One(&LAB), limits);
    let mut all: Vec<_> = (0..lanes).map(|_| BackupLane::default()).collect();
    for (nth, listed) in objects.iter().enumerate() {
        fold.add(&mut all[nth * 7 % lanes], &object(listed), 0, None);
    }
    fold.jobs(|_| "")
}

fn id() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => (1..29_u8, 0..3_u8).prop_map(|(day, hour)| format!("t2026-11-{day:02}T{hour:02}-00-00")),
        2 => (0..120_u8).prop_map(|number| format!("n{number}")),
        2 => "b[0-9a-f]{1,2}",
    ]
}

fn key() -> impl Strategy<Value = String> {
    let cluster = prop_oneof![2 => Just(String::new()), 1 => "@[a-e]/"];
    let piece =
        ("[jkl]{1,2}", id(), "[ccddxw]").prop_map(|(job, id, part)| format!("{job}/{id}.{part}"));
    let one = ("[jkl]", 0..40_u8).prop_map(|(job, id)| format!("{job}/m{id}.w"));
    let beside = prop_oneof!["lock-[0-9]", "data-[0-9]", "index-[0-9]"];
    let what = prop_oneof![8 => piece, 2 => one, 1 => beside];
    (cluster, "[rs]", what).prop_map(|(cluster, root, what)| format!("{cluster}{root}/{what}"))
}

fn objects() -> impl Strategy<Value = Vec<Listed>> {
    proptest::collection::btree_map(key(), (0..50_u64, 0..60_i64), 0..150).prop_map(|all| {
        let listed = all.into_iter();
        listed.map(|(key, (size, at))| (key, size, at)).collect()
    })
}

/// The definition, with no regard to speed or memory: what there is of each job.
fn defined(objects: &[Listed], limits: Limits) -> Vec<(JobId, u64, u64, Vec<Backup>)> {
    type Pieces<'a> = Vec<(&'a Listed, Part)>;
    type Found<'a> = (u64, BTreeMap<(i64, String), Pieces<'a>>);
    let mut jobs = BTreeMap::<(String, String), Found<'_>>::new();
    for listed in objects {
        let reading = read(listed.0.as_bytes()).unwrap();
        let cluster = reading.cluster.unwrap_or_default().into_owned();
        let root = &listed.0[..reading.root];
        let job = jobs
            .entry((cluster, format!("{root}\0{}", reading.job)))
            .or_default();
        job.0 += listed.1;
        if let Role::Piece(piece) = reading.role {
            let rank = match piece.order {
                Order::Time => piece.time.unwrap().seconds,
                Order::Number => piece.id.parse().unwrap(),
                Order::Bytes => 0,
                Order::LastModified => listed.2,
            };
            let pieces = job.1.entry((rank, piece.id.into_owned())).or_default();
            pieces.push((listed, piece.part));
        }
    }
    let mut kept = BTreeMap::<&String, usize>::new();
    let mut first = Vec::new();
    for name in jobs.keys() {
        let of_cluster = kept.entry(&name.0).or_default();
        *of_cluster += 1;
        let fits = name.0.is_empty() || *of_cluster <= limits.jobs_per_cluster;
        if fits && first.len() < limits.jobs {
            first.push(name.clone());
        }
    }
    let mut found = Vec::new();
    let mut others = BTreeMap::<String, (u64, u64)>::new();
    for (name, (bytes, backups)) in &jobs {
        let completes = |part: &Part| matches!(part, Part::Whole | Part::Commit);
        let commits =
            |pieces: &Pieces<'_>| pieces.iter().filter(|piece| completes(&piece.1)).count() as u64;
        if !first.contains(name) {
            let has_kept = first.iter().any(|kept| kept.0 == name.0);
            let cluster = if has_kept {
                name.0.clone()
            } else {
                String::new()
            };
            let other = others.entry(cluster).or_default();
            other.0 += backups.values().map(commits).sum::<u64>();
            other.1 += bytes;
            continue;
        }
        let left = backups.len().saturating_sub(limits.backups);
        let mut count: u64 = backups.values().take(left).map(commits).sum();
        let mut newest = Vec::new();
        for ((rank, id), pieces) in backups.iter().skip(left) {
            if pieces.iter().all(|piece| piece.1 == Part::Extra) {
                count += commits(pieces);
                continue;
            }
            count += 1;
            let of = |wanted: fn(&Part) -> bool| {
                let of = pieces.iter().filter(move |piece| wanted(&piece.1));
                of.map(|piece| (piece.0.2, &piece.0.0, piece.0.1))
                    .collect::<Vec<_>>()
            };
            let commit = of(|part| matches!(part, Part::Whole | Part::Commit))
                .into_iter()
                .max();
            let data = of(|part| *part == Part::Data).into_iter().max();
            let is_complete = commit
                .zip(data)
                .is_some_and(|(commit, data)| commit.0 >= data.0);
            let first = pieces
                .iter()
                .filter(|piece| piece.1 == Part::Data)
                .min_by_key(|piece| &piece.0.0);
            let first = first.map(|piece| (piece.0.2, &piece.0.0, piece.0.1));
            let stands = commit.or(first).unwrap();
            let made = if is_complete {
                stands.0
            } else {
                stands.0.max(data.map_or(i64::MIN, |data| data.0))
            };
            let name = read(stands.1.as_bytes()).unwrap();
            let has_time = matches!(&name.role, Role::Piece(piece) if piece.time.is_some());
            newest.push(Backup {
                id: id.clone(),
                key: stands.1.clone(),
                time: UnixTime::from_millis(if has_time { rank * 1000 } else { stands.0 }),
                made: UnixTime::from_millis(made),
                begun: UnixTime::from_millis(
                    of(|part| *part != Part::Extra)
                        .iter()
                        .map(|of| of.0)
                        .min()
                        .unwrap(),
                ),
                size: pieces.iter().map(|piece| piece.0.1).sum(),
                parts: pieces.len() as u32,
                kind: Kind::Full,
                is_complete,
                lacking: 0,
                parent: None,
                covers: None,
                class: String::from_utf8_lossy(
                    object(&(String::new(), stands.2, 0)).storage_class.name(),
                )
                .into(),
            });
        }
        newest.sort_by_key(|backup| backup.time);
        let job = name
            .1
            .strip_prefix(&format!("{}/", name.0))
            .unwrap_or(&name.1);
        let job = job.replace('\0', "").trim_matches('/').to_owned();
        found.push((
            JobId {
                cluster: name.0.clone(),
                job,
            },
            count,
            *bytes,
            newest,
        ));
    }
    for (cluster, (count, bytes)) in others {
        if (count, bytes) != (0, 0) {
            found.push((
                JobId {
                    cluster,
                    job: OTHER.to_owned(),
                },
                count,
                bytes,
                Vec::new(),
            ));
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever the order of the objects and however they are parted into lanes.
    #[test]
    fn the_jobs_are_the_same_whatever_the_order(
        objects in objects(),
        shuffled in any::<prop::sample::Index>(),
        lanes in 1..5_usize,
    ) {
        for limits in [SMALL, Limits::DEFAULT] {
            let found = jobs(&objects, 1, limits);
            let mut moved = objects.clone();
            if !moved.is_empty() {
                moved.rotate_left(shuffled.index(objects.len()));
            }
            prop_assert_eq!(&jobs(&moved, lanes, limits), &found);
            moved.reverse();
            prop_assert_eq!(&jobs(&moved, lanes, limits), &found);
            moved.sort_by_key(|listed| (listed.1 % 5, listed.0.len(), listed.2));
            prop_assert_eq!(&jobs(&moved, lanes, limits), &found);
        }
    }

    /// What is kept are the first jobs by name and their newest backups, whole; all that was
    /// listed is counted once.
    #[test]
    fn the_jobs_are_what_was_listed(objects in objects(), lanes in 1..3_usize) {
        for limits in [SMALL, Limits::DEFAULT] {
            // What is beside backups is a job by itself only where there is no other.
            let pieces = |listed: &&Listed| !listed.0.contains(['-']) || listed.0.contains("/t");
            let pieces: Vec<_> = objects.iter().filter(pieces).cloned().collect();
            let found = jobs(&pieces, lanes, limits).into_iter();
            let mut found: Vec<_> = found.map(|job| (job.id, job.count, job.bytes, job.backups)).collect();
            let mut defined: Vec<_> = defined(&pieces, limits).into_iter()
                .filter(|job| job.1 > 0 || job.0.job == OTHER)
                .collect();
            if pieces.iter().any(|listed| listed.0.ends_with('x')) {
                // Where a job has nothing else, its bytes are its neighbour's.
                found.iter_mut().chain(&mut defined).for_each(|job| job.2 = 0);
            }
            prop_assert_eq!(found, defined);
            let listed: u64 = objects.iter().map(|listed| listed.1).sum();
            let all = jobs(&objects, lanes, limits);
            prop_assert!(all.iter().map(|job| job.bytes).sum::<u64>() <= listed);
        }
    }

    /// Over a restart, by the layouts of the table.
    #[test]
    fn what_is_kept_is_what_was_found(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), 0..40_u64, 0..60_i64), 0..80),
        owner in proptest::option::of(0..3_usize),
    ) {
        let examples: Vec<_> = layouts::ALL.iter().flat_map(|layout| layout.examples).collect();
        let (mut fold, mut lane) = (BackupFold::new(LayoutChoice::Auto, Limits::DEFAULT), BackupLane::default());
        for (example, size, at) in changes {
            let key = example.get(&examples).key.replace("03-20-00", &format!("{:02}-20-00", size % 24));
            fold.add(&mut lane, &object(&(format!("p/{key}"), size, at)), 2, owner);
        }
        let name = |owner: usize| ["a", "b", "c"][owner];
        let written = serde_json::to_string(&fold).unwrap();
        let read: BackupFold = serde_json::from_str(&written).unwrap();
        prop_assert_eq!(read.jobs(name), fold.jobs(name));
        prop_assert_eq!(serde_json::to_string(&read).unwrap(), written);
    }

    /// More backups of many pieces than are kept, in any order: none of those that are kept lacks
    /// a piece, and none comes back as half a backup.
    #[test]
    fn a_backup_is_kept_with_all_of_its_pieces_or_not(
        seed in proptest::collection::vec(any::<u32>(), 900),
        kind in 0..3_usize,
    ) {
        let id = |nth: usize| match kind {
            0 => format!("t2026-11-{:02}T{:02}-30-00", nth / 5 + 1, nth % 5),
            1 => format!("n{nth}"),
            _ => format!("b{nth:03}"),
        };
        let mut pieces: Vec<_> = (0..100_usize)
            .flat_map(|nth| (0..9).map(move |part| (nth, part)))
            .map(|(nth, part)| {
                let letter = if part == 8 { 'c' } else { 'd' };
                (format!("r/j/{}.{letter}", id(nth)), 1 << part, (nth * 10 + part) as i64)
            })
            .collect();
        let mut order = seed.iter();
        pieces.sort_by_cached_key(|_| *order.next().unwrap());
        let found = jobs(&pieces, 3, Limits::DEFAULT);
        prop_assert_eq!(found.len(), 1);
        prop_assert_eq!((found[0].count, found[0].bytes), (100, 100 * 511));
        prop_assert_eq!(found[0].backups.len(), 64);
        for (backup, nth) in found[0].backups.iter().zip(36..) {
            prop_assert_eq!(&backup.id, &id(nth)[1..]);
            prop_assert_eq!((backup.size, backup.parts, backup.is_complete), (511, 9, true));
        }
    }
}

/// Volume 2 of 3 is not there: the manifest makes it whole no more.
#[test]
fn a_backup_that_lacks_a_numbered_piece_is_not_whole() {
    let key = |what: &str| format!("duplicity-full.20261128T030000Z.{what}");
    let one = |what: &str| (key(what), 1, 5);
    let volumes = [
        one("vol1.difftar.gz"),
        one("vol3.difftar.gz"),
        one("manifest"),
    ];
    let backup = |objects: &[Listed]| {
        let (mut fold, mut lane) = (
            BackupFold::new(LayoutChoice::Auto, Limits::DEFAULT),
            BackupLane::default(),
        );
        objects
            .iter()
            .for_each(|listed| fold.add(&mut lane, &object(listed), 0, None));
        fold.jobs(|_| "").remove(0).backups.remove(0)
    };
    let lacking = backup(&volumes);
    assert_eq!((lacking.is_complete, lacking.lacking), (false, 1));
    let [first, third, manifest] = volumes;
    let whole = backup(&[third, one("vol2.difftar.gz"), manifest, first]);
    assert_eq!((whole.is_complete, whole.lacking), (true, 0));
}

/// Servers and stanzas are clusters where their names are asked for, and only there.
#[test]
fn names_of_clusters_are_read_where_they_are_asked_for() {
    let keys = [
        "pgs/db1/base/20261128T184821/backup.info",
        "repo/backup/main/20261128-184821F/backup.manifest",
        "etcd/app-2026-11-28.tar.gz",
    ];
    let ids = |mut fold: BackupFold| {
        for key in keys {
            let object = Object {
                key: key.as_bytes(),
                size: 7,
                last_modified: UnixTime::from_millis(0),
                storage_class: StorageClass::STANDARD,
            };
            fold.add(&mut BackupLane::default(), &object, 0, None);
        }
        let jobs = fold.jobs(|_| "");
        let ids = jobs.into_iter().map(|job| (job.id.cluster, job.id.job));
        ids.collect::<Vec<_>>()
    };
    let of = |pairs: [(&str, &str); 3]| pairs.map(|(a, b)| (a.to_owned(), b.to_owned())).to_vec();
    let fold = || BackupFold::new(LayoutChoice::Auto, Limits::DEFAULT);
    let plain = of([("", "etcd/app.tar"), ("", "pgs/db1"), ("", "repo/main")]);
    assert_eq!(ids(fold()), plain);
    let named = of([("", "etcd/app.tar"), ("db1", "pgs"), ("main", "repo")]);
    assert_eq!(ids(fold().naming_clusters()), named);
}

/// Over a restart, by users' own patterns: all of them share one name.
#[test]
fn what_patterns_read_is_kept() {
    for expression in [
        r"(?<job>[a-z]+)-(?<time>\d{8})",
        r"(?<job>[a-z]+)/(?<time>\d{8})/(?<part>.+)",
    ] {
        let spec = PatternSpec {
            expression,
            time_format: None,
            time_zone: None,
        };
        let pattern = LayoutChoice::Pattern(Arc::new(Pattern::new(&spec).unwrap()));
        let mut fold = BackupFold::new(pattern, Limits::DEFAULT);
        let mut lane = BackupLane::default();
        for day in 1..5 {
            for key in [format!("db-2026110{day}"), format!("db/2026110{day}/a")] {
                fold.add(&mut lane, &object(&(key, 7, day)), 0, None);
            }
        }
        assert_eq!(fold.matched(), 4);
        let written = serde_json::to_string(&fold).unwrap();
        let read: BackupFold = serde_json::from_str(&written).unwrap();
        let jobs = read.jobs(|_| "");
        assert_eq!(jobs.len(), 1, "{expression}");
        assert_eq!(jobs, fold.jobs(|_| ""), "{expression}");
        assert_eq!(read.matched(), 4);
    }
}
