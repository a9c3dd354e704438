use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::SystemTime;

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use s3_exporter_api::FailureKind;
use s3_exporter_listing::Boundaries;
use tempfile::TempDir;

use super::folder::file_name;
use super::*;
use crate::assign::Assignment;
use crate::clusters::Cluster;
use crate::destination::Expect;
use crate::facts::{Facts, Recent, Totals};
use crate::snapshot::ScanFailure;

fn destination(name: &str) -> Arc<Destination> {
    Arc::new(Destination {
        name: name.into(),
        bucket: "backups".into(),
        prefix: "p/".into(),
        separator: "-".into(),
        backend: "onprem".into(),
        store_url: "https://minio.example:9000".into(),
        resolver: Some("lab".into()),
        expect: Expect::All,
        max_age: None,
        interval: Duration::from_secs(60),
        timeout: Duration::from_secs(600),
        concurrency: 4,
        audit_interval: None,
    })
}

/// A complete scan that ended at this moment and found so many objects of no cluster.
fn remembered(ended: UnixTime, objects: u64) -> SavedState {
    let unassigned = Totals {
        objects,
        ..Totals::default()
    };
    let facts = Facts::restore(Arc::default(), |_| Totals::default(), unassigned);
    let boundaries = Boundaries::default();
    SavedState {
        latest: ScanOutcome {
            ended,
            duration: Duration::from_millis(5),
            failure: None,
        },
        completed: Some(CompletedScan {
            found: Arc::new(CompleteListing {
                fold: facts,
                boundaries,
                as_of: ended,
            }),
            known: Arc::default(),
            gone: Arc::default(),
        }),
        audit: None,
    }
}

fn at(millis: i64) -> UnixTime {
    UnixTime::from_millis(millis)
}

fn objects(remembered: &SavedState) -> u64 {
    remembered
        .completed
        .as_ref()
        .unwrap()
        .found
        .fold
        .listed()
        .objects
}

fn open(folder: &TempDir) -> Arc<State> {
    State::open(folder.path(), ["d"]).unwrap()
}

/// What was written of the destination `d`.
fn path(folder: &TempDir) -> PathBuf {
    folder.path().join(file_name("d"))
}

/// The names of the files in the folder but the lock.
fn files(folder: &TempDir) -> BTreeSet<String> {
    let names = std::fs::read_dir(folder.path()).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name != "lock").collect()
}

prop_compose! {
    fn totals()(
        objects in 0..1_u64 << 40,
        empty in 0..=100_u64,
        bytes in any::<u64>(),
        times in (option::of(-9_i64..1 << 53), option::of(-9_i64..1 << 53), option::of(-9_i64..1 << 53)),
        sizes in (any::<u64>(), option::of(any::<u64>())),
        recent in vec((-9_i64..1 << 53, any::<u64>()), 0..12),
    ) -> Totals {
        Totals {
            objects: objects + empty,
            empty,
            bytes,
            newest_of_all: times.0.map(at),
            newest: times.1.map(|time| (at(time), sizes.0)),
            oldest: times.2.map(at),
            largest: sizes.1,
            recent: Recent::restore(recent.into_iter().map(|(time, size)| (at(time), size))),
        }
    }
}

/// Of each cluster its totals, its creation and whether it is still known.
type Owned = std::collections::BTreeMap<String, (Totals, Option<i64>, bool)>;

prop_compose! {
    fn completed()(
        owned in btree_map("[^/\\pC]{1,8}|[ab-]{1,3}", (totals(), option::of(0..1_i64 << 53), any::<bool>()), 0..6),
        unassigned in totals(),
        keys in btree_map(any::<String>(), 0..1_u64 << 30, 0..6),
        loose in 0..9_u64,
        ended in 0..1_i64 << 53,
        gone in option::of(0..1_i64 << 53),
    ) -> CompletedScan {
        let owned: Owned = owned;
        let (mut names, mut known) = (Clusters::new(), Clusters::new());
        for (name, (_, created, is_known)) in &owned {
            let cluster = Cluster { created: created.map(at) };
            names.insert(name, cluster).unwrap();
            if *is_known {
                known.insert(name, cluster).unwrap();
            }
        }
        let assignment = Arc::new(Assignment::new(&names, "p/", "-"));
        let facts = Facts::restore(assignment, |name| owned[name].0.clone(), unassigned);
        let mut sum = 0;
        let keys: Vec<_> = keys.iter().map(|(key, objects)| { sum += objects; (&**key, sum) }).collect();
        let anchors: Vec<u32> = (0..keys.len() as u32).collect(); // 0: not known
        let boundaries = Boundaries::restore(keys.into_iter(), loose).unwrap();
        let boundaries = boundaries.with_anchors(&anchors);
        let gone = names.names().zip(gone).map(|(name, seen)| (Arc::clone(name), at(seen))).collect();
        CompletedScan {
            found: Arc::new(CompleteListing { fold: facts, boundaries, as_of: at(ended) }),
            known: Arc::new(known),
            gone: Arc::new(gone),
        }
    }
}

prop_compose! {
    fn anything()(
        ended in 0..1_i64 << 53,
        duration in any::<Duration>(),
        failure in option::of((0..FailureKind::ALL.len(), any::<String>())),
        completed in option::of(completed()),
        audit in option::of((0..1_i64 << 53, any::<bool>())),
    ) -> SavedState {
        let failure = failure.map(|(kind, message)| ScanFailure {
            kind: FailureKind::ALL[kind],
            message: message.into(),
        });
        let audit = audit.map(|(ended, success)| Audit { ended: at(ended), success });
        SavedState { latest: ScanOutcome { ended: at(ended), duration, failure }, completed, audit }
    }
}

fn written(remembered: &SavedState) -> Vec<u8> {
    to_bytes(&destination("d").listing(), remembered).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn what_was_written_is_what_is_read(before in anything(), name in any::<String>()) {
        let identity = destination(&name).listing();
        let bytes = to_bytes(&identity, &before).unwrap();
        let (found, after) = parse(&bytes).unwrap();
        prop_assert_eq!(found, identity);
        prop_assert_eq!(format!("{:?}", &after.latest), format!("{:?}", &before.latest));
        prop_assert_eq!(after.completed.is_some(), before.completed.is_some());
        prop_assert_eq!(after.audit, before.audit);
        if let (Some(after), Some(before)) = (after.completed, before.completed) {
            prop_assert_eq!(after.ended(), before.ended());
            prop_assert_eq!(&after.known, &before.known);
            prop_assert_eq!(&after.gone, &before.gone);
            prop_assert_eq!(&after.found.boundaries, &before.found.boundaries);
            let (after, known, before) = (&after.found.fold, &after.known, &before.found.fold);
            prop_assert_eq!(after.unassigned(), before.unassigned());
            prop_assert!(after.owned().eq(before.owned()));
            prop_assert_eq!(after.split(known, Expect::All), before.split(known, Expect::All));
        }
    }

    /// As the fuzzer does: whatever comes, it is an answer.
    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in vec(any::<u8>(), 0..200), body in any::<String>()) {
        prop_assert!(parse(&bytes).is_err());
        for json in [body.as_str(), "{}", "[[[[", r#"{"identity":{},"latest":{},"good":null}"#] {
            for version in 0..=3 {
                prop_assert!(matches!(parse(signed(version, json).as_bytes()), Err(Unusable::Corrupt(_))));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]

    #[test]
    fn one_wrong_byte_or_a_missing_end_is_seen(of in anything(), wrong in 1..=255_u8) {
        let bytes = written(&of);
        for at in 0..bytes.len() {
            prop_assert!(matches!(parse(&bytes[..at]), Err(Unusable::Corrupt(_))), "cut at {}", at);
            for wrong in [wrong, 0x01, 0x20, 0x80] {
                let mut bytes = bytes.clone();
                bytes[at] ^= wrong;
                prop_assert!(matches!(parse(&bytes), Err(Unusable::Corrupt(_))), "{} at {}", wrong, at);
            }
        }
    }
}

/// A file of this version with this body.
fn signed(version: u32, body: &str) -> String {
    let sum = crc32fast::hash(format!("{version}\n{body}").as_bytes());
    format!("s3-exporter-state {version} {sum:08x}\n{body}")
}

/// What the second version wrote of three objects of no cluster.
const BODY_2: &str = r#"{"identity":{"destination":"d","store_url":"https://minio.example:9000","bucket":"backups","prefix":"p/","separator":"-","resolver":"lab"},"latest":{"ended":1,"duration":{"secs":0,"nanos":5000000},"failure":null},"good":{"ended":1,"unassigned":{"objects":3,"empty":0,"bytes":0,"newest_of_all":null,"newest":null,"oldest":null,"largest":null},"clusters":[],"boundaries":[],"loose":0},"audit":{"ended":1,"success":true}}"#;

/// The same as it is written today.
fn body_3() -> String {
    let audit = Some(Audit {
        ended: at(1),
        success: true,
    });
    let before = SavedState {
        audit,
        ..remembered(at(1), 3)
    };
    let text = String::from_utf8(written(&before)).unwrap();
    text.split_once('\n').unwrap().1.to_owned()
}

const TOTALS: &str = r#"{"objects":1,"empty":0,"bytes":1,"newest_of_all":null,"newest":null,"oldest":null,"largest":null}"#;

/// Changes of a body that nobody can have written are refused.
fn refuses(version: u32, body: &str, cluster: fn(&str) -> String, gone: (&str, &str)) {
    parse(signed(version, body).as_bytes()).unwrap();
    let clusters = |clusters: &str| (r#""clusters":[]"#, format!(r#""clusters":[{clusters}]"#));
    let (one, other) = clusters(&cluster("a"));
    parse(signed(version, &body.replace(one, &other)).as_bytes()).unwrap();
    for (from, to) in [
        clusters(&format!("{0},{0}", cluster("a"))),
        clusters(&cluster("")),
        clusters(&cluster("a/b")),
        clusters(&cluster("a").replace(r#""objects":1"#, r#""objects":1099511627777"#)),
        (
            r#""objects":3"#,
            r#""objects":18446744073709551615"#.to_owned(),
        ),
        (r#""empty":0"#, r#""empty":4"#.to_owned()),
        (
            r#""oldest":null"#,
            r#""oldest":-9223372036854775808"#.to_owned(),
        ),
        (r#""ended":1"#, r#""ended":9223372036854775807"#.to_owned()),
        (r#""loose":0"#, r#""loose":-1"#.to_owned()),
        (
            r#""boundaries":[]"#,
            r#""boundaries":[["b",1],["a",2]]"#.to_owned(),
        ),
        (
            r#""boundaries":[]"#,
            r#""boundaries":[["a",2],["b",1]]"#.to_owned(),
        ),
        (
            r#""boundaries":[]"#,
            r#""boundaries":[["a",18446744073709551615]]"#.to_owned(),
        ),
        (r#""success":true"#, r#""success":1"#.to_owned()),
        (
            r#""audit":{"ended":1"#,
            r#""audit":{"ended":9223372036854775807"#.to_owned(),
        ),
        (r#""failure":null"#, r#""failure":["tired","x"]"#.to_owned()),
        (r#""loose":0"#, r#""loose":0,"more":1"#.to_owned()),
        (gone.0, gone.1.to_owned()),
        (
            r#""largest":null"#,
            format!(r#""largest":null,"recent":[{}[1,1]]"#, "[1,1],".repeat(10)),
        ),
        (
            r#""largest":null"#,
            r#""largest":null,"recent":[[-9223372036854775808,1]]"#.to_owned(),
        ),
    ] {
        let changed = body.replace(from, &to);
        assert_ne!(changed, body, "{from}");
        let result = parse(signed(version, &changed).as_bytes());
        assert!(matches!(result, Err(Unusable::Corrupt(_))), "{to}");
    }
}

#[test]
fn what_cannot_be_is_refused_though_its_checksum_is_right() {
    let cluster = |name: &str| format!(r#"["{name}",{TOTALS}]"#);
    let gone = (r#""gone":[]"#, r#""gone":[["x",1]]"#);
    refuses(3, &body_3(), cluster, gone);
    let cluster = |name: &str| {
        format!(r#"{{"cluster":"{name}","created":null,"known":true,"totals":{TOTALS}}}"#)
    };
    let gone = (r#""loose":0"#, r#""loose":0,"gone":[["x",1]]"#);
    refuses(2, BODY_2, cluster, gone);
}

/// A file names the kinds of failures as the label `kind` does.
#[test]
fn kinds_are_kept_by_their_names() {
    for kind in FailureKind::ALL {
        let written = serde_json::to_string(&kind).unwrap();
        assert_eq!(written, format!("\"{kind}\""));
        assert_eq!(serde_json::from_str::<FailureKind>(&written).unwrap(), kind);
    }
}

/// What the first version has written is read: it lacks what is new.
#[test]
fn an_older_file_is_read() {
    let totals = r#"{"objects":2,"empty":1,"bytes":7,"newest_of_all":9,"newest":[8,7],"oldest":8,"largest":7}"#;
    let cluster = format!(r#"{{"cluster":"a","known":true,"totals":{totals}}}"#);
    let body = BODY_2.replace(r#""clusters":[]"#, &format!(r#""clusters":[{cluster}]"#));
    let body = body.replace(r#","audit":{"ended":1,"success":true}"#, "");
    let (_, remembered) = parse(signed(1, &body).as_bytes()).unwrap();
    let good = remembered.completed.as_ref().unwrap();
    let (_, totals) = good.found.fold.owned().next().unwrap();
    assert_eq!(totals.newest, Some((at(8), 7)));
    assert_eq!((totals.recent.newest(), good.gone.len()), (None, 0));
    assert_eq!(remembered.audit, None);
}

/// Of two destinations of one resolver, which a process may have hundreds of.
#[test]
fn names_that_are_kept_twice_are_held_once() {
    let names = Clusters::from_names(["a", "b"]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let state = open(&folder);
    for name in ["d", "e"] {
        let mut saved = remembered(at(1), 0);
        let completed = saved.completed.as_mut().unwrap();
        let assignment = Arc::new(Assignment::new(&names, "p/", "-"));
        Arc::get_mut(&mut completed.found).unwrap().fold = Facts::new(assignment);
        completed.known = Arc::new(names.clone());
        state.save(&destination(name), saved);
    }
    drop(state);

    let (state, interner) = (open(&folder), Interner::default());
    let [first, second] = ["d", "e"].map(|name| {
        let saved = state.load(&destination(name)).unwrap();
        let mut completed = saved.completed.unwrap();
        completed.share_names(&interner);
        completed
    });
    assert_eq!(*first.known, names);
    assert!(Arc::ptr_eq(&first.known, &second.known));
    let [first, second] = [&first, &second].map(|of| of.found.fold.assignment());
    assert!(Arc::ptr_eq(first, second) && first.covers(&names));
}

/// What programs of before have written of real stores comes with all its figures, and is written
/// as it is today.
#[test]
fn files_of_older_programs_are_upgraded() {
    let read = |bytes: &[u8]| {
        let (listing, saved) = parse(bytes).unwrap();
        let again = to_bytes(&listing, &saved).unwrap();
        assert!(again.starts_with(b"s3-exporter-state 3 "));
        let (same, after) = parse(&again).unwrap();
        assert_eq!((&same, to_bytes(&same, &after).unwrap()), (&listing, again));
        (listing, after)
    };
    let (listing, saved) = read(include_bytes!("../../tests/saved/v2-etcd.state"));
    assert_eq!((&*listing.destination, &*listing.prefix), ("etcd", "kkp/"));
    assert!(saved.latest.failure.is_none());
    assert_eq!(saved.latest.duration, Duration::from_nanos(2_614_828));
    let completed = saved.completed.unwrap();
    assert_eq!(completed.ended(), at(1_795_914_614_852));
    let figures = completed.figures(&completed.known, Expect::All);
    let of = |name: &str| &figures.clusters[name];
    assert_eq!((figures.listed.objects, figures.known), (16, 5));
    assert_eq!(
        (figures.unassigned.objects, figures.unassigned.bytes),
        (2, 24)
    );
    assert_eq!(of("lab-1").newest, Some((at(1_795_914_594_007), 1200)));
    assert_eq!(
        of("lab-1").recent.newest(),
        Some((at(1_795_914_594_040), 0))
    );
    assert_eq!((of("lab-1").objects, of("lab-1").empty), (13, 1));
    assert_eq!((of("lab-2").bytes, of("idle").objects), (7, 0));
    assert_eq!(figures.gone["gone"], at(1_795_914_606_827));
    let boundaries = &completed.found.boundaries;
    assert_eq!(boundaries.parts().0.count(), 9);
    assert_eq!(boundaries.anchors().next(), Some(154_379_767));

    let (_, saved) = read(include_bytes!("../../tests/saved/v2-failed.state"));
    let failure = saved.latest.failure.unwrap();
    assert_eq!(failure.kind, FailureKind::NotFound);
    assert!(
        failure.message.contains("NoSuchBucket"),
        "{}",
        failure.message
    );
    assert!(saved.completed.is_none());

    let (_, saved) = read(include_bytes!("../../tests/saved/v2-audited.state"));
    let audit = Audit {
        ended: at(1_795_914_639_155),
        success: true,
    };
    assert_eq!(saved.audit, Some(audit));
    assert_eq!(objects(&saved), 4000);
}

#[test]
fn a_file_is_kept_and_comes_back_until_the_destination_means_another_listing() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(&folder);
    let same = destination("d");
    assert!(state.load(&same).is_none(), "nothing is kept yet");
    state.save(&same, remembered(at(7), 3));
    state.close();

    let state = open(&folder);
    let back = state.load(&same).unwrap();
    assert_eq!((objects(&back), back.latest.ended), (3, at(7)));
    let other = |change: &dyn Fn(&mut Destination)| {
        let mut other = (*same).clone();
        change(&mut other);
        state.load(&other).is_none()
    };
    assert!(other(&|of| of.bucket = "x".into()));
    assert!(other(&|of| of.prefix = "".into()));
    assert!(other(&|of| of.separator = "/".into()));
    assert!(other(&|of| of.store_url = "http://x".into()));
    assert!(other(&|of| of.resolver = None));
    assert!(other(&|of| of.name = "x".into()));
    assert!(!other(&|of| of.interval = Duration::from_secs(1)));
    assert!(!other(&|of| of.expect = Expect::Present));
    // What was not used is still there.
    assert_eq!(objects(&state.load(&same).unwrap()), 3);
}

#[test]
fn what_is_from_the_future_ends_now() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(&folder);
    let now = UnixTime::now();
    let future = at(now.as_millis() + 86_400_000);
    let audit = Some(Audit {
        ended: future,
        success: true,
    });
    let before = SavedState {
        audit,
        ..remembered(future, 3)
    };
    state.save(&destination("d"), before);
    state.close();
    let state = open(&folder);
    let back = state.load(&destination("d")).unwrap();
    let ends = [back.latest.ended, back.completed.unwrap().ended()];
    for ended in ends.into_iter().chain(back.audit.map(|audit| audit.ended)) {
        assert!(ended >= now && ended <= UnixTime::now(), "{ended:?}");
    }
}

#[test]
fn only_its_owner_reads_it() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("a/b");
    let state = State::open(&directory, []).unwrap();
    state.save(&destination("d"), remembered(at(7), 3));
    state.close();
    let mode = |path: PathBuf| path.metadata().unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(directory.join(file_name("d"))), 0o600);
    assert_eq!(mode(directory.join("lock")), 0o600);
    assert_eq!(
        (mode(directory.clone()), mode(parent.path().join("a"))),
        (0o700, 0o700)
    );
}

#[test]
fn a_folder_has_one_holder_who_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(&folder);
    let refused = State::open(folder.path(), []).unwrap_err().to_string();
    let pid = std::process::id();
    assert!(
        refused.contains(&format!("process {pid} on "))
            && refused.contains(&*folder.path().to_string_lossy())
            && refused.contains("state.directory"),
        "{refused}"
    );
    drop(first);
    open(&folder);
}

#[test]
fn what_is_of_no_use_is_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    let body = "{}";
    let newer = signed(4, body);
    assert_eq!(parse(newer.as_bytes()).unwrap_err(), Unusable::Newer(4));
    for (text, ending) in [
        ("nonsense", ".corrupt"),
        (&*newer, ".newer"),
        ("", ".corrupt"),
    ] {
        std::fs::write(path(&folder), text).unwrap();
        let state = open(&folder);
        assert!(state.load(&destination("d")).is_none());
        assert!(!path(&folder).exists());
        let aside = format!("{}{ending}", path(&folder).display());
        assert_eq!(std::fs::read_to_string(aside).unwrap(), text);
        // The next one takes its place, and nothing is lost.
        state.save(&destination("d"), remembered(at(7), 3));
        state.close();
        assert_eq!(objects(&open(&folder).load(&destination("d")).unwrap()), 3);
    }
    assert_eq!(files(&folder).len(), 3, "{:?}", files(&folder));
}

#[test]
fn leftovers_and_what_is_long_forgotten_are_cleared_away() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, days: u64| {
        std::fs::write(folder.path().join(name), "").unwrap();
        let file = std::fs::File::options()
            .append(true)
            .open(folder.path().join(name))
            .unwrap();
        let age = Duration::from_secs(days * 86_400);
        file.set_modified(SystemTime::now() - age).unwrap();
        name.to_owned()
    };
    let (gone, aside) = (file_name("gone"), format!("{}.newer", file_name("gone")));
    let kept: BTreeSet<_> = [
        put(&file_name("d"), 100),
        put(&format!("{}.corrupt", file_name("d")), 100),
        put(&file_name("taken out"), 29),
        put("somebody-elses.state", 100),
        put("notes.txt", 100),
        put(".hidden.tmp", 100),
    ]
    .into();
    put(".s3-exporter-x1y2z3.tmp", 0);
    put(&gone, 31);
    put(&aside, 31);
    open(&folder);
    assert_eq!(files(&folder), kept);
}

#[test]
fn any_name_has_a_file_of_its_own_in_the_folder() {
    let long = "x".repeat(1024);
    let names = [
        "etcd",
        "ETCD",
        "",
        ".",
        "..",
        "/",
        "../../etc/passwd",
        "a/b",
        "a_b",
        "a\0b",
        "a\nb",
        "\u{1b}[31m",
        "-rf",
        "lock",
        "ü",
        "\u{202e}",
        &long,
        &long[1..],
    ];
    let files: BTreeSet<_> = names
        .iter()
        .map(|name| file_name(name).to_lowercase())
        .collect();
    assert_eq!(files.len(), names.len());
    for file in files {
        let harmless = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
        assert!(file.chars().all(harmless) && file.len() < 100, "{file}");
        assert!(
            file.ends_with(".state") && file.as_bytes()[0].is_ascii_hexdigit(),
            "{file}"
        );
    }
    assert!(file_name("etcd").ends_with("-etcd.state"));
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        let state = open(&folder);
        state.save(&destination(name), remembered(at(7), 3));
        state.close();
        assert!(open(&folder).load(&destination(name)).is_some(), "{name:?}");
    }
}

/// The latest of each wins, however fast they come, and the end waits for it.
#[test]
fn writes_do_not_overtake_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let names = ["a", "b", "c", "d", "e"];
    let state = open(&folder);
    for nth in 1..=200 {
        for name in names {
            state.save(&destination(name), remembered(at(nth), nth.unsigned_abs()));
        }
        // Not written yet, for the most part; a destination that comes back has it all the same.
        let came_back = state.load(&destination("a")).unwrap();
        assert_eq!(objects(&came_back), nth.unsigned_abs());
    }
    state.close();
    state.save(&destination("a"), remembered(at(201), 201));
    let state = open(&folder);
    for name in names {
        assert_eq!(objects(&state.load(&destination(name)).unwrap()), 200);
    }
}
