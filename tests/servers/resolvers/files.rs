use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, Instant};

use s3_exporter::resolver::fixed::StaticResolver;

use crate::resolvers::{Running, listed};

fn start(list: &[&str], file: Option<&Path>) -> Running {
    Running::start(StaticResolver {
        clusters: list.iter().map(ToString::to_string).collect(),
        clusters_file: file.map(Path::to_owned),
    })
}

/// Replaces a file as careful programs do.
fn replace(path: &Path, content: impl AsRef<[u8]>) {
    let new = path.with_extension("new");
    fs::write(&new, content).unwrap();
    fs::rename(&new, path).unwrap();
}

#[tokio::test]
async fn a_list_stays_as_it_is_and_is_confirmed() {
    let mut running = start(&["b", "a"], None);
    let first = running.knows(&["a", "b"]).await;
    let clusters = first.clusters.unwrap();
    assert!(
        clusters
            .iter()
            .all(|(_, cluster)| cluster.created.is_none())
    );
    running.confirmed_after(first.last_success).await;
}

#[tokio::test]
async fn a_list_with_a_fault_gives_no_names() {
    let mut running = start(&["a", "b/c"], None);
    running
        .fails(&["the list `clusters`: the cluster name \"b/c\" holds"])
        .await;
    assert!(running.now().clusters.is_none());
}

#[tokio::test]
async fn a_file_is_followed_and_its_last_good_names_stay() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("names");
    let mut running = start(&["listed"], Some(&path));
    let message = running.fails(&["there is no such file"]).await;
    assert!(message.contains(path.to_str().unwrap()), "{message}");
    assert!(running.now().clusters.is_none());

    fs::write(&path, "# ours\r\none\r\n two # old\r\n").unwrap();
    running.knows(&["listed", "one", "two"]).await;

    // Each fault keeps them, and the next good content heals it.
    let faults: [(&[u8], &str); 4] = [
        (b"", "it holds no name"),
        (b"# one\n", "it holds no name"),
        (b"one\nt/wo\n", "line 2: the cluster name \"t/wo\" holds"),
        (b"one\n\xfe\n", "line 2: not UTF-8"),
    ];
    for (content, fault) in faults {
        fs::write(&path, content).unwrap();
        running.fails(&[path.to_str().unwrap(), fault]).await;
        assert_eq!(listed(&running.now()), ["listed", "one", "two"]);
        fs::write(&path, "one\ntwo\n").unwrap();
        running.knows(&["listed", "one", "two"]).await;
    }
    // Names that are there twice are names.
    fs::write(&path, "two\nthree\ntwo\nlisted\n").unwrap();
    running.knows(&["listed", "three", "two"]).await;
    fs::write(&path, "one\ntwo\n").unwrap();
    running.knows(&["listed", "one", "two"]).await;
    fs::write(&path, vec![b'\n'; 9 << 20]).unwrap();
    running.fails(&["it is larger than 8 MiB"]).await;
    fs::remove_file(&path).unwrap();
    running.fails(&["there is no such file"]).await;
    fs::create_dir(&path).unwrap();
    running.fails(&["it is a folder, not a file"]).await;
    fs::remove_dir(&path).unwrap();
    assert_eq!(listed(&running.now()), ["listed", "one", "two"]);
    replace(&path, "three");
    running.knows(&["listed", "three"]).await;
    assert_eq!(
        running.history(),
        [
            vec!["listed", "one", "two"],
            vec!["listed", "three", "two"],
            vec!["listed", "one", "two"],
            vec!["listed", "three"]
        ]
    );
}

#[tokio::test]
async fn the_symlinks_that_kubernetes_swaps_are_followed() {
    // As kubelet lays out a ConfigMap: names -> ..data/names, ..data -> ..1
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for (version, content) in [("..1", "one\n"), ("..2", "two\n"), ("..3", "")] {
        fs::create_dir(at(version)).unwrap();
        fs::write(at(version).join("names"), content).unwrap();
    }
    symlink("..1", at("..data")).unwrap();
    symlink("..data/names", at("names")).unwrap();
    let mut running = start(&[], Some(&at("names")));
    running.knows(&["one"]).await;
    let swap = |version: &str| {
        symlink(version, at("..data_tmp")).unwrap();
        fs::rename(at("..data_tmp"), at("..data")).unwrap();
    };
    swap("..2");
    running.knows(&["two"]).await;
    swap("..3");
    running.fails(&["it holds no name"]).await;
    swap("..1");
    running.knows(&["one"]).await;
    assert_eq!(running.history(), [["one"], ["two"], ["one"]]);
}

#[tokio::test]
async fn a_file_that_is_being_written_is_not_read_half() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("names");
    let names: Vec<_> = (0..100).map(|n| format!("c{n:03}")).collect();
    fs::write(&path, names.join("\n")).unwrap();
    let mut running = start(&[], Some(&path));
    let all: Vec<_> = names.iter().map(String::as_str).collect();
    running.knows(&all).await;
    // Written in place for a few seconds, with no pause as long as a look takes to settle. Where
    // the machine makes a longer one, it is tried again: then half of the file is its content.
    for last in 0..20 {
        let before = running.history().len();
        fs::write(&path, "").unwrap();
        let mut longest = Duration::ZERO;
        for n in 0..100 {
            let began = Instant::now();
            fs::write(&path, names[..=n].join("\n")).unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
            longest = longest.max(began.elapsed());
        }
        let last = format!("last-{last}");
        replace(&path, format!("{}\n{last}", names.join("\n")));
        let mut all = all.clone();
        all.push(&last);
        running.knows(&all).await;
        if longest < SETTLE {
            let taken = running.history().split_off(before);
            assert!(taken.iter().all(|set| set.len() >= 100), "{taken:?}");
            return;
        }
    }
    panic!("the machine never writes a file for two seconds without a pause");
}

/// Half of the time for which a content must stay the same before it is taken.
const SETTLE: Duration = Duration::from_millis(125);
