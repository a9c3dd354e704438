//! The commands that end by themselves: `once`, `check --connect` and `explain`, over a
//! real MinIO, with names from a list and from a Kubernetes API.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::Stdio;

use s3_exporter_api::UnixTime;
use s3_exporter_testkit::servers::{Kubernetes, MinIo, check_metrics};
use s3_exporter_testkit::{S3sServer, Upload};
use tokio::sync::OnceCell;

use crate::common::Metrics;
use crate::common::backups::{
    BYTES, CLUSTERS, EMPTIED, FIGURES, HEALTHY, NEVER, OBJECTS, SEED_FIGURES, assert_figures, fill,
};
use crate::common::command::{Output, Program};

/// A MinIO with the bucket `backups`, and a user who may list that one alone.
static MINIO: OnceCell<MinIo> = OnceCell::const_new();
const USER: [&str; 2] = ["id-hunter-1", "key-hunter-2"]; // what `Program` looks for in all output

async fn minio() -> &'static MinIo {
    let start = async || {
        let minio = MinIo::start().await;
        fill(&minio.client(), "backups").await;
        minio.client().create_bucket("secret").await;
        let policy = MinIo::policy(&["s3:ListBucket"], &["backups", "missing"]);
        minio.add_user(USER[0], USER[1], &policy).await;
        minio
    };
    MINIO.get_or_init(start).await
}

/// The store, and a list of names.
async fn store() -> String {
    let [id, secret] = USER;
    format!(
        "[backends.onprem]\ntype = \"minio\"\nendpoint = \"{}\"\n\
         access_key_id = \"{id}\"\nsecret_access_key = \"{secret}\"\n\
         [resolvers.list]\ntype = \"static\"\nclusters = {CLUSTERS:?}\n",
        minio().await.endpoint()
    )
}

const GOOD: &str = "[[destinations]]\nname = \"etcd\"\nbucket = \"backups\"\nresolver = \"list\"\nmax_age = \"1d\"\n";
/// One that the user may not list, and one that is not there.
const BAD: &str = "[[destinations]]\nbucket = \"secret\"\nresolver = \"list\"\n\
                   [[destinations]]\nbucket = \"missing\"\nresolver = \"list\"\n";

fn run(arguments: &[&str], config: &str) -> Output {
    Program::new(arguments).file("config.toml", config).run()
}

/// The good destination's figures are right, whatever the others do.
fn check_figures(metrics: &Metrics) {
    assert_figures(metrics, &FIGURES);
    for (name, value) in [
        ("objectstore_listed_objects", OBJECTS),
        ("objectstore_listed_size_bytes", BYTES),
        ("objectstore_unassigned_objects", 1.0),
        ("objectstore_scans_total", 1.0),
        ("objectstore_max_age_seconds", 86_400.0),
    ] {
        assert_eq!(
            metrics.get(name, &[("destination", "etcd")]),
            Some(value),
            "{name}"
        );
    }
}

#[tokio::test]
async fn once_prints_the_metrics() {
    let output = run(&["once"], &(store().await + GOOD));
    assert_eq!(output.code, Some(0), "{output:?}");
    check_metrics(&output.stdout).unwrap();
    let metrics = Metrics::parse(&output.stdout);
    check_figures(&metrics);
    assert_eq!(metrics.get("objectstore_scan_success", &[]), Some(1.0));
    assert!(metrics.get("process_cpu_seconds_total", &[]).is_some());
    assert_eq!(metrics.beginning("kubermatic_"), Metrics::default());
    // The log goes elsewhere.
    assert!(
        output
            .stderr
            .iter()
            .all(|line| line.starts_with("{\"time\":")),
        "{output:?}"
    );
}

#[tokio::test]
async fn a_failed_scan_is_exit_1_and_the_others_figures_are_there() {
    let output = run(&["once"], &(store().await + GOOD + BAD));
    assert_eq!(output.code, Some(1), "{output:?}");
    check_failed(&output.stdout);
}

/// `etcd` is well, `secret` is denied, `missing` is missing.
fn check_failed(text: &str) {
    check_metrics(text).unwrap();
    let metrics = Metrics::parse(text);
    check_figures(&metrics);
    let success = metrics.by("objectstore_scan_success", "destination");
    assert_eq!(
        success,
        BTreeMap::from([("etcd", 1.0), ("missing", 0.0), ("secret", 0.0)])
    );
    let failing = metrics.all("objectstore_scan_failing", &[]);
    let failing: Vec<_> = failing
        .iter()
        .filter(|(_, value)| *value != 0.0)
        .map(|(series, _)| *series)
        .collect();
    let expected = [("missing", "not_found"), ("secret", "denied")].map(|(name, kind)| {
        format!(
            "objectstore_scan_failing{{destination=\"{name}\",bucket=\"{name}\",kind=\"{kind}\"}}"
        )
    });
    assert_eq!(failing, expected);
}

#[tokio::test]
async fn a_textfile_is_replaced_whole_and_readable_by_all() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("s3.prom");
    let path = file.to_str().unwrap();
    // Somebody else's, which no one may read.
    fs::write(&file, "old 1\n").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let mut inode = fs::metadata(&file).unwrap().ino();
    let store = store().await;
    let seed = "[metrics]\ncompat = [\"kubermatic_s3\"]\n";
    for (config, code, names) in [
        (store.clone() + GOOD, 0, &["objectstore"][..]),
        (store.clone() + GOOD + BAD, 1, &["objectstore"]),
        (
            format!("{seed}{store}{GOOD}"),
            0,
            &["kubermatic", "objectstore"],
        ),
    ] {
        let output = run(&["once", "--textfile", path], &config);
        assert_eq!(output.code, Some(code), "{output:?}");
        assert_eq!(output.stdout, "", "{output:?}");
        let metadata = fs::metadata(&file).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o7777, 0o644);
        assert_ne!(
            metadata.ino(),
            inode,
            "written in place: a reader may see half of it"
        );
        inode = metadata.ino();
        let others: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(others, ["s3.prom"]);

        let text = fs::read_to_string(&file).unwrap();
        let metrics = Metrics::parse(&text);
        // process_* and promhttp_* are node_exporter's own.
        let mut first: Vec<_> = metrics
            .names()
            .iter()
            .map(|name| name.split('_').next().unwrap())
            .collect();
        first.dedup();
        assert_eq!(first, names);
        if names.len() == 2 {
            assert_figures(&metrics, &SEED_FIGURES);
        } else if code == 1 {
            check_failed(&text);
        } else {
            check_metrics(&text).unwrap();
            check_figures(&metrics);
        }
    }
}

/// A bucket of several pages is listed in parts, so it is audited, which costs something too.
#[tokio::test]
async fn check_connect_says_what_audits_cost() {
    let server = S3sServer::builder().server("MinIO").start();
    let keys = (0..60_001).map(|nth| Upload::new(format!("a-{nth:05}"), 1));
    server.store().put_all("big", keys);
    let (endpoint, id, secret) = (
        server.endpoint(),
        S3sServer::ACCESS_KEY,
        S3sServer::SECRET_KEY,
    );
    let config = format!(
        "[scan]\nprobe_interval = \"0s\"\n\
         [backends.s]\ntype = \"s3\"\nregion = \"us-east-1\"\nendpoint = \"{endpoint}\"\n\
         access_key_id = \"{id}\"\nsecret_access_key = \"{secret}\"\n\
         [[destinations]]\nbucket = \"big\"\nclusters = [\"a\"]\n"
    );
    for (own, ending) in [
        ("", ", and 1830 a month for an audit every 1day\n"),
        (
            "audit_interval = \"12h\"\n",
            ", and 3660 a month for an audit every 12h\n",
        ),
        (
            "audit_interval = \"0s\"\n",
            " a month with a scan every 5m\n",
        ),
        ("concurrency = 1\n", " a month with a scan every 5m\n"),
    ] {
        let output = run(&["check", "--connect"], &format!("{config}{own}"));
        assert_eq!(output.code, Some(0), "{output:?}");
        assert!(output.stdout.contains(ending), "{own}: {}", output.stdout);
    }
    let priced = config.replace("[[", "price_per_1000_requests = 2\n[[");
    let output = run(&["check", "--connect"], &priced);
    let (_, bill) = output.stdout.split_once("; ").unwrap();
    let numbers: Vec<f64> = bill
        .split([' ', '\n'])
        .filter_map(|word| word.parse().ok())
        .collect();
    // Requests a scan, a month, and of audits; what a scan costs, and a month.
    let [scan, scans, audits, cost, costs] = numbers[..5] else {
        panic!("{bill}");
    };
    assert_eq!((scans, audits), (scan * 8640.0, 1830.0), "{bill}");
    assert!((cost - scan * 0.002).abs() < 0.006, "{bill}");
    assert!((costs - (scans + audits) * 0.002).abs() < 0.006, "{bill}");
    assert!(bill.contains("; that costs "), "{bill}");
}

#[tokio::test]
async fn check_connect_says_what_it_found() {
    let store = store().await;
    let endpoint = minio().await.endpoint();
    let good = "resolver list: ok, 3 clusters\n\
                destination etcd: ok, 6 objects, 11.6 KiB, backups of 2 of 3 clusters (none of \"b4tdr8nw2p\"), \
                1 object of no known cluster; 1 list request a scan, 8640 a month with a scan every 5m, \
                and 77760 a month to see every 30s whether the store answers\n";
    let output = run(&["check", "--connect"], &(store.clone() + GOOD));
    assert_eq!(output.code, Some(0), "{output:?}");
    let sum = "ok: 1 resolver, 1 destination\n";
    assert!(
        output.stdout.ends_with(&format!("{good}{sum}")),
        "{}",
        output.stdout
    );
    assert!(
        output
            .stdout
            .contains("the configuration is good: 1 destination\n"),
        "{}",
        output.stdout
    );
    let late = format!("late backups of {HEALTHY}, {EMPTIED}");
    let wrong = format!("no backup of {NEVER}; {late}; an empty newest object of {EMPTIED}");
    let judged = format!("critical missing of {NEVER}; critical empty of {EMPTIED} daily");
    assert_eq!(
        output.stderr,
        [
            format!("warning: destination etcd: {wrong}"),
            format!("warning: destination etcd: jobs: {judged}"),
        ]
    );

    let output = run(&["check", "--connect"], &(store + GOOD + BAD));
    assert_eq!(output.code, Some(1), "{output:?}");
    let (_, report) = output.stdout.split_once("3 destinations\n").unwrap();
    let rest = report
        .strip_prefix(good)
        .unwrap_or_else(|| panic!("{report}"));
    let lines: Vec<_> = rest.lines().collect();
    for (line, (name, kind, cause)) in lines.iter().zip([
        ("secret", "denied", "AccessDenied"),
        ("missing", "not_found", "NoSuchBucket"),
    ]) {
        let begin =
            format!("destination {name}: FAILED, {kind}: listing bucket {name:?} at {endpoint}: ");
        assert!(line.starts_with(&begin) && line.contains(cause), "{line}");
    }
    assert_eq!(lines[2..], ["FAILED: 2 of 3 destinations"], "{report}");
}

/// Where no object is of a known cluster, that is a `prefix` or a `separator` more often than not.
#[tokio::test]
async fn check_connect_says_what_would_fit_where_nothing_does() {
    let store = S3sServer::start();
    let uploads = |keys: &[&str]| {
        keys.iter()
            .map(|key| Upload::new(*key, 7))
            .collect::<Vec<_>>()
    };
    for (bucket, keys) in [
        (
            "separated",
            &["lab-1/2026.gz", "lab-2/2026.gz", "readme"][..],
        ),
        ("prefixed", &["etcd/lab-1-2026.gz"]),
        ("foreign", &["x/1", "x/2", "x/3", "x/4"]),
    ] {
        store.store().create_bucket(bucket);
        store.store().put_all(bucket, uploads(keys));
    }
    let mut config = String::new();
    for plugin in ["s3", "minio"] {
        config += &format!(
            "[backends.{plugin}]\ntype = \"{plugin}\"\nendpoint = \"{}\"\naccess_key_id = \"{}\"\n\
             secret_access_key = \"{}\"\n",
            store.endpoint(),
            S3sServer::ACCESS_KEY,
            S3sServer::SECRET_KEY
        );
        for bucket in ["separated", "prefixed", "foreign"] {
            config += &format!(
                "[[destinations]]\nname = \"{bucket}-{plugin}\"\nbackend = \"{plugin}\"\nbucket = \"{bucket}\"\n\
                 clusters = [\"lab-1\", \"lab-2\"]\n"
            );
        }
    }
    let output = run(&["check", "--connect"], &config);
    assert_eq!(output.code, Some(0), "{output:?}");
    for plugin in ["s3", "minio"] {
        for (name, says) in [
            (
                "separated",
                "its keys are such as \"lab-1/2026.gz\", \"lab-2/2026.gz\", \"readme\"; \
                 with `separator = \"/\"` \"lab-1/2026.gz\" would be of lab-1",
            ),
            (
                "prefixed",
                "its keys are such as \"etcd/lab-1-2026.gz\"; \
                 with `prefix = \"etcd/\"` \"etcd/lab-1-2026.gz\" would be of lab-1",
            ),
            (
                "foreign",
                "its keys are such as \"x/1\", \"x/2\", \"x/4\"; \
                 no name of a cluster, such as \"lab-1\", \"lab-2\", stands in them",
            ),
        ] {
            let line = format!("destination {name}-{plugin}: {says}\n");
            assert!(
                output.stdout.contains(&line),
                "{line} is not in {}",
                output.stdout
            );
        }
    }
    let sum = "\nok: 6 resolvers, 6 destinations\n";
    assert!(output.stdout.ends_with(sum), "{}", output.stdout);
}

/// A destination without clusters is one job, and none is late where it is not said when.
#[tokio::test]
async fn check_warns_of_what_is_wrong_with_the_backups() {
    let unjudged = "warning: destination plain: not judged for lateness: give it a `max_age` \
                    (-max-age where flags make the destination), or no backup there is ever late";
    let jobs = "warning: destination plain: jobs: critical empty of x7kq2mzv9c daily, (one-off)";
    let plain = "[[destinations]]\nname = \"plain\"\nbucket = \"backups\"\n";
    let nothing = "[[destinations]]\nname = \"typo\"\nbucket = \"backups\"\nprefix = \"x/\"\nmax_age = \"1d\"\n";
    let present = nothing.replace("typo", "present").replace("x/", "y/")
        + "clusters = [\"a\"]\nexpect = \"present\"\n";
    let store = store().await;
    for (config, connected) in [
        (
            format!("{store}{plain}"),
            &[
                unjudged,
                "warning: destination plain: a newest object below a tenth of the usual size as a whole",
                jobs,
            ][..],
        ),
        (
            format!("{store}{plain}max_age = \"1d\"\n"),
            &[
                "warning: destination plain: late backups as a whole; \
                 a newest object below a tenth of the usual size as a whole",
                jobs,
            ],
        ),
        (
            format!("{store}{nothing}{present}"),
            &[
                "warning: destination typo: no backup as a whole",
                "warning: destination present: no backup of any known cluster",
            ],
        ),
    ] {
        let output = run(&["check", "--connect"], &config);
        assert_eq!(output.code, Some(0), "{output:?}");
        let unused = "`resolvers.list` is defined, but no destination uses it";
        let told = output.stderr.iter().filter(|line| !line.contains(unused));
        assert_eq!(told.collect::<Vec<_>>(), connected);
        let output = run(&["check"], &config);
        let told = output.stderr.contains(&unjudged.to_owned());
        assert_eq!(told, connected[0] == unjudged, "{output:?}");
    }
    let flags = ["-endpoint", "http://127.0.0.1:1", "-cluster", "a"];
    for (more, says) in [(&[][..], unjudged), (&["-max-age", "25h"], "")] {
        let program = Program::new(&[&["check"], &flags[..], more].concat());
        let program = program.env("ACCESS_KEY_ID", USER[0]);
        let output = program.env("SECRET_ACCESS_KEY", USER[1]).run();
        let says = says.replace("plain", "kubermatic-etcd-backups");
        assert_eq!(output.stderr.concat(), says, "{output:?}");
        let late = "every 1m, late after 1day 1h\n";
        assert_eq!(output.stdout.contains(late), says.is_empty(), "{output:?}");
    }
}

/// A cut file must not be taken for a whole one; a reader that has seen enough may go.
#[tokio::test]
async fn what_cannot_be_written_is_exit_1() {
    let config = store().await + GOOD;
    let full = || fs::File::options().write(true).open("/dev/full").unwrap();
    let read_only = || fs::File::open("/dev/null").unwrap();
    let gone = || std::io::pipe().unwrap().1;
    for arguments in [
        &["once"][..],
        &["check"],
        &["check", "--connect"],
        &["explain", "a-1"],
        &["--help"],
        &["--version"],
    ] {
        let program = Program::new(arguments).file("config.toml", &config);
        for stdout in [Stdio::from(full()), read_only().into()] {
            let output = program.run_into(stdout);
            assert_eq!(output.code, Some(1), "{arguments:?}: {output:?}");
            let errors = output.stderr.iter();
            let errors = errors.filter(|line| line.starts_with("error: writing to stdout: "));
            assert_eq!(errors.count(), 1, "{output:?}");
        }
        let output = program.run_into(gone().into());
        assert_eq!(output.code, Some(0), "{arguments:?}: {output:?}");
    }
    let output = run(&["once", "--textfile", "/dev/full/x"], &config);
    assert_eq!(output.code, Some(1), "{output:?}");
}

/// What `explain` says of clusters: what it says of backups is indented.
fn of_clusters(text: &str) -> String {
    let lines = text.split_inclusive('\n');
    lines.filter(|line| !line.starts_with(' ')).collect()
}

/// With its layout, its backup, and what is thought of that one's job: where nothing is kept and
/// nothing is to be listed, no request is made.
#[tokio::test]
async fn explain_says_of_which_backup_a_key_is_and_whether_it_is_good() {
    let now = UnixTime::now().as_millis() / 1000;
    let server = S3sServer::builder().server("MinIO").start();
    let keys: Vec<_> = (0..12)
        .map(|nth| {
            let time = now - 4 * 86_400 - nth * 86_400;
            let name = jiff::Timestamp::from_second(time).unwrap();
            let name = name
                .strftime("lab-default-%Y-%m-%dt%H-%M-%S.db.gz")
                .to_string();
            let taken = UnixTime::from_millis(time * 1000);
            Upload::new(name, 5_000_000).at(taken)
        })
        .collect();
    let newest = keys[0].key.clone();
    let older = keys[3].key.clone();
    server.store().put_all("etcd", keys);
    let config = format!(
        "[backends.s]\ntype = \"s3\"\nregion = \"us-east-1\"\nendpoint = \"{}\"\n\
         access_key_id = \"{}\"\nsecret_access_key = \"{}\"\n\
         [[destinations]]\nbucket = \"etcd\"\nclusters = [\"lab\"]\n",
        server.endpoint(),
        S3sServer::ACCESS_KEY,
        S3sServer::SECRET_KEY
    );
    let explain = |key: &str, more: &[&str]| {
        let arguments = [&["explain", key], more].concat();
        Program::new(&arguments)
            .file("config.toml", &config)
            .prints()
    };
    let text = explain(&newest, &[]);
    for part in [
        "etcd: lab, because \"lab-\" begins the key\n  layout kubermatic, cluster \"lab\", job \"default\": \
         the whole of the full backup ",
        "  what the judge thinks of it is not known here: no scan is kept (`state.directory`); \
         --connect lists the bucket and says it\n",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(server.faults().requests(), 0);
    let text = explain(&newest, &["--connect"]);
    for part in [
        "  that is the newest good backup of this job, 4 d old\n",
        "  the next was due ",
        ", as its history shows\n",
        "  critical overdue since ",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let text = explain(&older, &["--connect"]);
    let other = format!("  the newest good backup of this job is 4 d old: {newest:?}\n");
    assert!(text.contains(&other), "{text}");
    let text = explain("lab-readme", &[]);
    assert!(
        text.contains("  no layout: its key is not read as that of a backup\n"),
        "{text}"
    );
}

#[tokio::test]
async fn explain_says_which_cluster_and_why() {
    // No request is made: nothing listens there.
    let config = "[backends.s]\ntype = \"minio\"\nendpoint = \"http://127.0.0.1:1\"\nanonymous = true\n\
         [[destinations]]\nname = \"plain\"\nbucket = \"bbb\"\nclusters = [\"a\", \"a-b\"]\n\
         [[destinations]]\nname = \"under\"\nbucket = \"bbb\"\nprefix = \"etcd/\"\nseparator = \"/\"\nclusters = [\"a\"]\n\
         [[destinations]]\nname = \"none\"\nbucket = \"bbb\"\nprefix = \"x/\"\n";
    for (arguments, says) in [
        (
            vec!["a-2026.db.gz"],
            "plain: a, because \"a-\" begins the key\n",
        ),
        (
            vec!["a-b-2026.db.gz"],
            "plain: a-b, because \"a-b-\" begins the key and is longer than that of a\n",
        ),
        (
            vec!["ab-2026.db.gz"],
            "plain: unassigned, because none of the 2 known clusters' names, followed by \"-\", begins \"ab-2026.db.gz\"\n",
        ),
        (
            vec!["etcd/a/1"],
            "plain: unassigned, because none of the 2 known clusters' names, followed by \"-\", begins \"etcd/a/1\"; \
             with `prefix = \"etcd/\"` and `separator = \"/\"` \"etcd/a/1\" would be of a\n\
             under: a, because \"a/\" begins the key after the prefix \"etcd/\"\n",
        ),
        (
            vec!["etcd/a-1", "--destination", "under"],
            "under: unassigned, because the name of the one known cluster, followed by \"/\", does not begin \"a-1\"; \
             with `separator = \"-\"` \"etcd/a-1\" would be of a\n",
        ),
        (
            vec!["a-b_2026", "--destination", "plain"],
            "plain: a, because \"a-\" begins the key\n",
        ),
        (
            vec!["s3://bbb/a-b-2026.db.gz"],
            "plain: a-b, because \"a-b-\" begins the key and is longer than that of a\n",
        ),
        (
            vec!["bbb/a-2026.db.gz"],
            "plain: a, because \"a-\" begins the key\n",
        ),
        (
            vec!["bbb/etcd/a/1", "--destination", "under"],
            "under: a, because \"a/\" begins the key after the prefix \"etcd/\"\n",
        ),
        (
            vec!["s3://bbb/bbb/etcd/a/1", "--destination", "plain"],
            "plain: unassigned, because none of the 2 known clusters' names, followed by \"-\", begins \"bbb/etcd/a/1\"; \
             with `prefix = \"bbb/etcd/\"` and `separator = \"/\"` \"bbb/etcd/a/1\" would be of a\n",
        ),
        (
            vec!["x/a-1", "--destination", "none"],
            "none: unassigned, because the destination has no resolver\n",
        ),
    ] {
        let arguments = [&["explain"], &arguments[..]].concat();
        let printed = Program::new(&arguments)
            .file("config.toml", config)
            .prints();
        assert_eq!(of_clusters(&printed), says, "{arguments:?}");
    }
    let known =
        "there are \"plain\" (prefix \"\"), \"under\" (prefix \"etcd/\"), \"none\" (prefix \"x/\")";
    for (arguments, says) in [
        (
            ["a-1", "--destination", "under"],
            format!("error: no destination's prefix begins \"a-1\"; {known}"),
        ),
        (
            ["a-1", "--destination", "other"],
            format!("error: there is no destination \"other\"; {known}"),
        ),
        (
            ["s3://other/a-1", "--destination", "plain"],
            "error: no destination watches the bucket \"other\"; there are \"bbb\"".to_owned(),
        ),
    ] {
        let output = run(&[&["explain"], &arguments[..]].concat(), config);
        assert_eq!((output.code, &*output.stdout), (Some(1), ""), "{output:?}");
        assert_eq!(output.stderr, [says]);
    }
}

#[tokio::test]
async fn with_the_clusters_of_a_kubernetes_api() {
    let minio = minio().await;
    let mut kubernetes = Kubernetes::start().await;
    kubernetes.install_clusters().await;
    let mut created = BTreeMap::new();
    for cluster in CLUSTERS {
        let object = kubernetes.create_cluster(cluster).await;
        let time: jiff::Timestamp = object["metadata"]["creationTimestamp"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        created.insert(cluster, time.as_second() as f64);
    }
    let kubeconfig = kubernetes.kubeconfig("kubeconfig", Kubernetes::ADMIN);
    let endpoint = minio.endpoint();
    let flags = [
        "-endpoint",
        &endpoint,
        "-bucket",
        "backups",
        "-kubeconfig",
        kubeconfig.to_str().unwrap(),
    ];
    let run = |arguments: &[&str]| {
        let program = Program::new(&[&flags, arguments].concat());
        program
            .env("ACCESS_KEY_ID", USER[0])
            .env("SECRET_ACCESS_KEY", USER[1])
            .run()
    };
    let key = format!("{HEALTHY}-daily-2026-01-01t03-00-00.db.gz");

    let once = run(&["once"]);
    assert_eq!(once.code, Some(0), "{once:?}");
    let metrics = Metrics::parse(&once.stdout);
    assert_figures(&metrics, &FIGURES);
    assert_figures(&metrics, &SEED_FIGURES);
    assert_eq!(
        metrics.by("objectstore_cluster_created_timestamp_seconds", "cluster"),
        created
    );
    let explain = run(&["explain", &key]);
    assert_eq!(explain.code, Some(0), "{explain:?}");
    assert_eq!(
        of_clusters(&explain.stdout),
        format!("backups: {HEALTHY}, because \"{HEALTHY}-\" begins the key\n")
    );
    let check = run(&["check", "--connect"]);
    assert_eq!(check.code, Some(0), "{check:?}");
    assert!(
        check
            .stdout
            .contains("\nresolver kubernetes: ok, 3 clusters\n"),
        "{}",
        check.stdout
    );
    assert!(
        check.stdout.contains("backups of 2 of 3 clusters"),
        "{}",
        check.stdout
    );

    kubernetes.kill();
    let server = kubernetes.endpoint();
    let reason = format!("{server}: the API server cannot be reached");
    let once = run(&["once"]);
    assert_eq!(once.code, Some(1), "{once:?}");
    let metrics = Metrics::parse(&once.stdout);
    assert_eq!(
        metrics.get("objectstore_scan_failing", &[("kind", "resolver")]),
        Some(1.0)
    );
    assert_eq!(metrics.get("objectstore_resolver_success", &[]), Some(0.0));
    assert_eq!(metrics.all("objectstore_objects", &[]), []);
    // What failed is told once by who knows what it means, not by a library too.
    let others: Vec<_> = once
        .stderr
        .iter()
        .filter(|line| line.contains("\"target\""))
        .collect();
    assert_eq!(others, [""; 0]);
    let explain = run(&["explain", &key]);
    assert_eq!(
        (explain.code, &*explain.stdout),
        (Some(1), ""),
        "{explain:?}"
    );
    let [error] = &explain.stderr[..] else {
        panic!("{explain:?}")
    };
    assert!(
        error.starts_with("error: the resolver \"kubernetes\" does not know the clusters: "),
        "{error}"
    );
    assert!(error.contains(&reason), "{error}");
    let check = run(&["check", "--connect"]);
    assert_eq!(check.code, Some(1), "{check:?}");
    for part in [
        "\nresolver kubernetes: FAILED, ",
        "\ndestination backups: FAILED, resolver: ",
        &reason,
    ] {
        assert!(check.stdout.contains(part), "{}", check.stdout);
    }
}
