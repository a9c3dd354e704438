//! `report`, over a real MinIO: what is well, late, empty, hostile, denied and not there, in each form.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use s3_exporter::log_safe::is_obeyed;
use s3_exporter_api::UnixTime;
use s3_exporter_testkit::servers::MinIo;
use s3_exporter_testkit::{Authority, Fault, S3sServer, Upload};
use serde_json::Value;
use textwrap::core::display_width;
use tokio::sync::OnceCell;

use crate::common::Exporter;
use crate::common::command::{Output, Program};
use crate::common::report::parse;

pub const HOUR: i64 = 3600;
pub const DAY: i64 = 24 * HOUR;
/// What [`Program`] looks for in all output.
const USER: [&str; 2] = ["id-hunter-1", "key-hunter-2"];

/// A dump of a job, taken so many seconds ago; its key says when.
pub fn dump(job: &str, seconds_ago: i64, size: u64) -> Upload {
    let now = UnixTime::now().as_millis() / 1000;
    let time = jiff::Timestamp::from_second(now - seconds_ago).unwrap();
    let key = format!("{job}-{}.sql.gz", time.strftime("%Y%m%dT%H%M%SZ"));
    let taken = UnixTime::from_millis((now - seconds_ago + 20) * 1000);
    Upload::new(key, size).at(taken)
}

/// One a day, the newest so many seconds ago.
pub fn daily(job: &str, newest: i64) -> Vec<Upload> {
    (0..12)
        .map(|nth| dump(job, newest + nth * DAY, 5_000_000 + 1000 * nth as u64))
        .collect()
}

/// Names that somebody chose to do harm.
const HOSTILE: [&str; 5] = [
    "\u{1b}[31mred\u{1b}]0;title\u{7}",
    "<img src=x onerror=alert(1)>@all",
    "a`|`b](http:||x) |",
    "\u{202e}rtl\u{9b}2J",
    "# *x* _y_",
];

static MINIO: OnceCell<MinIo> = OnceCell::const_new();

async fn minio() -> &'static MinIo {
    let start = async || {
        let minio = MinIo::start().await;
        let client = minio.client();
        let hostile = HOSTILE.iter().flat_map(|job| {
            let mut all = daily(job, HOUR);
            all.push(dump(job, 60, 20));
            all
        });
        let small = |mut all: Vec<Upload>, size| {
            all.push(dump("db", 60, size));
            all
        };
        for (bucket, uploads) in [
            ("good", daily("db", HOUR)),
            ("late", daily("db", 4 * DAY)),
            ("empty", small(daily("db", DAY), 20)),
            ("shrunk", small(daily("db", DAY), 2_000_000)),
            ("hostile", hostile.collect()),
            ("nothing", vec![]),
            ("foreign", vec![Upload::new("readme", 7)]),
            ("secret", vec![]),
        ] {
            client.create_bucket(bucket).await;
            if !uploads.is_empty() {
                client.put_archived(bucket, &uploads).await;
            }
        }
        let buckets = [
            "good", "late", "empty", "shrunk", "hostile", "nothing", "foreign", "missing",
        ];
        let policy = MinIo::policy(&["s3:ListBucket"], &buckets);
        minio.add_user(USER[0], USER[1], &policy).await;
        minio
    };
    MINIO.get_or_init(start).await
}

/// As somebody calls it who has nothing but credentials.
async fn report(bucket: &str, arguments: &[&str]) -> Output {
    let target = format!("s3://{bucket}");
    let endpoint = minio().await.endpoint();
    let own = ["report", &target, "--endpoint", &endpoint];
    Program::new(&[&own, arguments].concat())
        .env("AWS_ACCESS_KEY_ID", USER[0])
        .env("AWS_SECRET_ACCESS_KEY", USER[1])
        .run()
}

async fn json(bucket: &str) -> (Option<i32>, Value) {
    let output = report(bucket, &["--format", "json"]).await;
    assert_eq!(output.stderr, [""; 0], "{output:?}");
    (output.code, parse(&output.stdout))
}

/// The only destination's findings, each with its severity.
fn findings(report: &Value) -> Vec<(&str, &str)> {
    let all = report["destinations"][0]["findings"].as_array().unwrap();
    let word = |value: &'_ Value| -> &'static str { value.as_str().unwrap().to_owned().leak() };
    all.iter()
        .map(|it| (word(&it["finding"]), word(&it["severity"])))
        .collect()
}

#[track_caller]
fn check_text(output: &Output) {
    assert_eq!(
        output.stderr, [""; 0],
        "no progress where nobody looks: {output:?}"
    );
    for line in output.stdout.lines() {
        assert!(display_width(line) <= 80, "{line}");
        assert!(!line.contains(is_obeyed), "{line:?}");
    }
}

#[tokio::test]
async fn what_is_well() {
    let output = report("good", &[]).await;
    check_text(&output);
    assert_eq!(output.code, Some(0), "{output:?}");
    for part in [
        "s3://good/",
        "12 objects",
        "1 job by dump",
        "Nothing is known to be wrong with 1 job.",
    ] {
        assert!(output.stdout.contains(part), "{part}: {}", output.stdout);
    }
    let (code, report) = json("good/db-").await;
    assert_eq!(code, Some(0));
    let destination = &report["destinations"][0];
    assert_eq!(destination["bucket"], "good");
    assert_eq!(destination["prefix"], "db-");
    let (_, report) = json("good").await;
    let destination = &report["destinations"][0];
    assert_eq!(destination["tools"], serde_json::json!(["dump"]));
    let job = &destination["jobs"][0];
    assert_eq!(
        (&job["job"], &job["backups"], &job["size"]),
        (&"db".into(), &12.into(), &5_000_000.into())
    );
    assert_eq!(job["expectation"]["source"], "learned", "{job}");
    assert!(findings(&report).is_empty(), "{report:#}");
}

#[tokio::test]
async fn what_is_late_or_empty_or_small() {
    for (bucket, finding, severity, by_default) in [
        ("late", "overdue", "critical", 1),
        ("empty", "empty", "critical", 1),
        ("shrunk", "shrunk", "warning", 0),
    ] {
        let (code, report) = self::json(bucket).await;
        assert_eq!(code, Some(by_default), "{bucket}");
        assert_eq!(findings(&report), [(finding, severity)], "{report:#}");
        let found = &report["destinations"][0]["findings"][0];
        assert_eq!(found["job"], "db");
        for (level, code) in [("critical", by_default), ("warning", 1)] {
            let output = self::report(bucket, &["--fail-on", level]).await;
            check_text(&output);
            assert_eq!(output.code, Some(code), "{bucket} {level}");
            let told = format!(
                "{} {finding}: db",
                if severity == "critical" {
                    "CRITICAL"
                } else {
                    "WARNING"
                }
            );
            assert!(output.stdout.contains(&told), "{}", output.stdout);
        }
    }
}

#[tokio::test]
async fn what_cannot_be_listed() {
    for (bucket, kind) in [("secret", "denied"), ("missing", "not_found")] {
        let (code, report) = json(bucket).await;
        assert_eq!(code, Some(1));
        let destination = &report["destinations"][0];
        let error = destination["error"].as_str().unwrap();
        assert!(error.starts_with(&format!("{kind}: ")), "{error}");
        assert_eq!(
            (&destination["as_of"], &destination["jobs"]),
            (&Value::Null, &serde_json::json!([]))
        );
        for format in ["text", "markdown"] {
            let output = self::report(bucket, &["--format", format]).await;
            assert_eq!(output.code, Some(1), "{output:?}");
            assert!(output.stdout.contains("could not be listed."), "{output:?}");
            assert_eq!(output.stderr, [""; 0], "it is told once: {output:?}");
        }
    }
}

#[tokio::test]
async fn what_holds_no_backup() {
    for (bucket, code) in [("nothing", 1), ("foreign", 0)] {
        let output = report(bucket, &[]).await;
        check_text(&output);
        assert_eq!(output.code, Some(code), "{output:?}");
        let is_told = output.stdout.contains("CRITICAL missing: s3://nothing/");
        assert_eq!(is_told, code == 1, "{output:?}");
        let says = "No backups were recognised by their keys.";
        assert!(output.stdout.ends_with(&format!("{says}\n")), "{output:?}");
    }
}

#[tokio::test]
async fn hostile_names_do_nothing() {
    for format in ["text", "json", "markdown"] {
        let output = report("hostile", &["--format", format]).await;
        assert_eq!(output.code, Some(1), "{output:?}");
        let obeyed = |letter: char| is_obeyed(letter) && letter != '\n';
        assert!(
            !output.stdout.contains(obeyed),
            "{format}: {:?}",
            output.stdout
        );
        let is_broken = output.stdout.contains("<img src=x")
            && format == "markdown"
            && !output.stdout.contains("`<img src=x onerror=alert(1)>@all`");
        assert!(!is_broken, "{}", output.stdout);
    }
    let (_, report) = json("hostile").await;
    let jobs = report["destinations"][0]["jobs"].as_array().unwrap();
    assert_eq!(jobs.len(), HOSTILE.len(), "{jobs:#?}");
    let findings = report["destinations"][0]["findings"].as_array().unwrap();
    let keys: Vec<_> = findings
        .iter()
        .filter_map(|it| it["keys"][0].as_str())
        .collect();
    // Keys are there to the letter, whatever is in them.
    for job in HOSTILE {
        assert!(
            keys.iter().any(|key| key.starts_with(job)),
            "{job:?} of {keys:?}"
        );
    }
}

#[tokio::test]
async fn wrong_usage_is_told_all_at_once() {
    let output = Program::new(&[
        "report",
        "s3://b b",
        "--format",
        "xml",
        "--fail-on",
        "info",
        "-config",
        "c.toml",
        "--endpoint",
        "ftp://x",
    ])
    .run();
    assert_eq!((output.code, &*output.stdout), (Some(2), ""), "{output:?}");
    for says in [
        "flag --format: is \"xml\": expected text or json or markdown",
        "flag --fail-on: is \"info\": expected warning or critical",
        "flag --config: it names a configuration, and so does s3://BUCKET[/PREFIX]: leave one of them out",
        "`backends.s3.endpoint` has the scheme \"ftp\"",
        "argument s3://BUCKET[/PREFIX]: `destinations[0].bucket` is \"b b\"",
    ] {
        let is_told = output
            .stderr
            .iter()
            .filter(|line| line.contains(says))
            .count();
        assert_eq!(is_told, 1, "{says}: {output:?}");
    }
    for (arguments, says) in [
        (&["report", "http://b"][..], "it does not begin with s3://"),
        (&["report", "some-bucket"], "names no file"),
        (
            &["report", "s3://"],
            "`destinations[0].bucket` must not be empty",
        ),
        (&["report"], "there is nothing to watch"),
        (&["report", "s3://b", "c"], "one argument too many"),
        (
            &["report", "s3://b", "-backend", "minio"],
            "`backends.minio.access_key_id` is missing",
        ),
    ] {
        let output = Program::new(arguments).run();
        assert_eq!((output.code, &*output.stdout), (Some(2), ""), "{output:?}");
        assert!(
            output.stderr.iter().any(|line| line.contains(says)),
            "{says}: {output:?}"
        );
    }
}

/// Credentials by a profile, as the AWS tools find them, and the region by a flag.
#[tokio::test]
async fn a_profile_is_found_where_the_aws_tools_find_it() {
    let [id, secret] = USER;
    let endpoint = minio().await.endpoint();
    let program = Program::new(&[
        "report",
        "s3://good",
        "--endpoint",
        &endpoint,
        "--profile",
        "backups",
        "--region",
        "eu-x-1",
    ])
    .file(
        "credentials",
        &format!("[backups]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n"),
    )
    .env("AWS_SHARED_CREDENTIALS_FILE", "credentials")
    .env("AWS_EC2_METADATA_DISABLED", "true");
    let output = program.run();
    assert_eq!(output.code, Some(0), "{output:?}");
}

/// Certificates likewise: without them the store is not trusted.
#[tokio::test]
async fn a_private_authority_is_trusted_as_the_aws_tools_trust_it() {
    let authority = Authority::new();
    let minio = MinIo::builder().tls(&authority).start().await;
    minio.client().create_bucket("good").await;
    let foreign = Upload::new("README", 1);
    minio.client().put("good", &foreign).await;
    let endpoint = minio.endpoint();
    let run = |more: &[(&str, &str)]| {
        let mut program = Program::new(&["report", "s3://good", "--endpoint", &endpoint])
            .file("ca.pem", authority.pem())
            .env("AWS_ACCESS_KEY_ID", MinIo::ACCESS_KEY)
            .env("AWS_SECRET_ACCESS_KEY", MinIo::SECRET_KEY);
        for (name, value) in more {
            program = program.env(name, value);
        }
        program.run()
    };
    let output = run(&[]);
    assert_eq!(output.code, Some(1), "{output:?}");
    assert!(output.stdout.contains("tls: "), "{output:?}");
    let output = run(&[("AWS_CA_BUNDLE", "ca.pem")]);
    assert_eq!(output.code, Some(0), "{output:?}");
}

/// The bytes of each file.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .filter_map(|path| Some((path.display().to_string(), fs::read(&path).ok()?))) // or renamed
        .collect()
}

/// All destinations of a configuration, with the history that a running exporter keeps: it is read
/// and not touched, and tells what no listing does.
#[tokio::test]
async fn with_the_history_of_a_running_exporter() {
    let server = S3sServer::builder().server("MinIO").start();
    let lost = daily("db", HOUR);
    server.store().put_all("gone", lost.clone());
    server.store().put_all("well", daily("db", HOUR));
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let config = format!(
        "[state]\ndirectory = \"{}\"\n[scan]\ninterval = \"1h\"\n\
         [backends.s]\ntype = \"s3\"\nregion = \"us-east-1\"\nendpoint = \"{}\"\n\
         access_key_id = \"{}\"\nsecret_access_key = \"{}\"\n\
         [[destinations]]\nbucket = \"well\"\n[[destinations]]\nname = \"lost\"\nbucket = \"gone\"\n",
        state.display(),
        server.endpoint(),
        S3sServer::ACCESS_KEY,
        S3sServer::SECRET_KEY
    );
    let mut exporter = Exporter::with_config(&config, &[]).await;
    let both =
        |metrics: &crate::common::Metrics| metrics.all("objectstore_scan_success", &[]).len() == 2;
    let shown = exporter.until("both were scanned", both).await;
    let scanned = "objectstore_scan_last_success_timestamp_seconds";
    let scanned = shown.all(scanned, &[("destination", "well")])[0].1;
    let is_written = || {
        let names: Vec<_> = contents(&state).into_keys().collect();
        let written = names.iter().filter(|name| name.ends_with(".state"));
        written.count() == 2 && !names.iter().any(|name| name.ends_with(".tmp"))
    };
    while !is_written() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for upload in &lost {
        assert!(server.store().delete("gone", &upload.key));
    }
    let before = contents(&state);
    let run = |more: &[&str]| {
        let arguments = match more {
            [] => vec!["report", "--format", "json"],
            more => [&["report"], more].concat(),
        };
        Program::new(&arguments).file("config.toml", &config).run()
    };
    let output = run(&[]);
    assert_eq!(output.code, Some(1), "{output:?}");
    let report = parse(&output.stdout);
    let names: Vec<_> = report["destinations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["name"])
        .collect();
    assert_eq!(names, ["well", "lost"], "in the order of the configuration");
    assert_eq!(report["destinations"][0]["findings"], serde_json::json!([]));
    let lost = &report["destinations"][1];
    assert_eq!(lost["findings"][0]["severity"], "critical", "{lost:#}");
    assert_eq!(lost["jobs"][0]["job"], "db");
    assert_eq!(contents(&state), before, "its state was touched");
    // Nor is what is of no use set aside, which its owner does.
    let file = before
        .keys()
        .find(|name| name.ends_with("-lost.state"))
        .unwrap();
    fs::write(file, "nonsense").unwrap();
    let output = run(&[]);
    assert_eq!(output.code, Some(1), "{output:?}");
    let report = parse(&output.stdout);
    let lost = &report["destinations"][1];
    assert_eq!(lost["findings"][0]["text"], "there is no object");
    assert_eq!(lost["jobs"], serde_json::json!([]), "{lost:#}");
    assert!(
        output
            .stderr
            .iter()
            .any(|line| line.contains("what was kept is of no use")),
        "{output:?}"
    );
    assert_eq!(fs::read(file).unwrap(), b"nonsense");
    assert!(exporter.runs());

    // What cannot be listed is told as it was, and that it is so; of what is not kept nothing is.
    let denied = Fault::error(403, "AccessDenied", "Access Denied.");
    server.faults().always(Some(denied));
    // Times are told in whole seconds: in that of the scan both would be the same.
    while UnixTime::now().as_seconds() < scanned + 1.0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let output = run(&[]);
    assert_eq!(output.code, Some(1), "{output:?}");
    let report = parse(&output.stdout);
    let [well, lost] = &report["destinations"].as_array().unwrap()[..] else {
        panic!("{report:#}");
    };
    for of in [well, lost] {
        assert!(
            of["error"].as_str().unwrap().starts_with("denied: "),
            "{of:#}"
        );
    }
    assert_eq!(well["jobs"][0]["job"], "db");
    assert_eq!(well["jobs"][0]["backups"], 12);
    let as_of = well["as_of"].as_str();
    assert!(as_of < report["made"].as_str(), "{report:#}");
    let as_of: jiff::Timestamp = as_of.unwrap().parse().unwrap();
    assert_eq!(as_of.as_second(), scanned as i64);
    assert_eq!(
        (&lost["as_of"], &lost["jobs"]),
        (&Value::Null, &serde_json::json!([]))
    );
    for format in ["text", "markdown"] {
        let output = run(&["--format", format]);
        assert_eq!(output.code, Some(1), "{output:?}");
        let words = output
            .stdout
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        assert_eq!(
            words.matches("What follows is what was known").count(),
            1,
            "{words}"
        );
    }
}
