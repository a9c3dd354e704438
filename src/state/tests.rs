use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::SystemTime;

use s3_exporter_listing::Boundaries;
use tempfile::TempDir;

use super::folder::file_name;
use super::*;
use crate::assign::Assignment;
use crate::beside::{Beside, Found, Versions};
use crate::destination::Expect;
use crate::facts::{Facts, Totals};

mod file;
mod upgraded;

use file::signed;

/// For a disk that is slow: it ends a hang, and says nothing of speed.
const PATIENCE: Duration = Duration::from_secs(60);

fn destination(name: &str) -> Arc<Destination> {
    Arc::new(Destination {
        name: name.into(),
        bucket: "backups".into(),
        prefix: "p/".into(),
        filter: Default::default(),
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
        probe_interval: None,
        look_interval: None,
        report_interval: None,
        price: None,
        labels: Default::default(),
        tag_labels: Default::default(),
        also: Default::default(),
        judging: crate::destination::Judging::default(),
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
                report: None,
            }),
            known: Arc::default(),
            gone: Arc::default(),
            memory: Arc::default(),
        }),
        audit: None,
        history: Arc::default(),
        beside: BesideOutcomes::default(),
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

#[test]
fn a_file_is_kept_and_comes_back_until_the_destination_means_another_listing() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(&folder);
    let same = destination("d");
    assert!(state.load(&same).is_none(), "nothing is kept yet");
    state.save(&same, remembered(at(7), 3));
    state.close_within(PATIENCE);

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
    let mut before = SavedState {
        audit,
        ..remembered(future, 3)
    };
    let found = Arc::new(Found::Versions(Versions::default()));
    before.beside.of_mut(Beside::Versions).found = Some((future, found));
    state.save(&destination("d"), before);
    state.close_within(PATIENCE);
    let state = open(&folder);
    let back = state.load(&destination("d")).unwrap();
    let (listed, _) = back.beside.of(Beside::Versions).found.as_ref().unwrap();
    let ends = [back.latest.ended, back.completed.unwrap().ended(), *listed];
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
    state.close_within(PATIENCE);
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
    let newer = signed(7, body);
    assert_eq!(parse(newer.as_bytes()).unwrap_err(), Unusable::Newer(7));
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
        state.close_within(PATIENCE);
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
        state.close_within(PATIENCE);
        assert!(open(&folder).load(&destination(name)).is_some(), "{name:?}");
    }
}

/// Another process may have the folder from then on.
#[test]
fn what_is_not_written_in_time_is_not_written_later() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(&folder);
    let names: Vec<_> = (0..500).map(|nth| nth.to_string()).collect();
    let saved: Vec<_> = names
        .iter()
        .map(|name| (destination(name), remembered(at(7), 3)))
        .collect();
    for (destination, saved) in saved {
        state.save(&destination, saved);
    }
    state.close_within(Duration::ZERO);
    while Arc::strong_count(&state.folder) > 1 {
        std::thread::yield_now(); // the thread
    }
    let written = files(&folder).len();
    assert!(written < names.len(), "{written}");
    // And it is let go of.
    open(&folder);
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
    state.close_within(PATIENCE);
    state.save(&destination("a"), remembered(at(201), 201));
    let state = open(&folder);
    for name in names {
        assert_eq!(objects(&state.load(&destination(name)).unwrap()), 200);
    }
}
