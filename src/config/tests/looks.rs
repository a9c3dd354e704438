//! Where `look_interval` is refused, where it is left out, and what is said of lateness in either case.

use std::time::Duration;

use s3_exporter_judge::{layouts, look};

use super::{environment, read, shown};
use crate::config::Config;

const MINUTE: Duration = Duration::from_secs(60);
const SCANNED: &str = "[scan]\nlook_interval = \"1m\"\n";
const OWN: &str = "look_interval = \"1m\"\n";
const A_PATTERN: &str = "[layouts.own]\npattern = \"(?<time>.*)\"\n";

/// A destination; `scan` and `own` are lines of these sections, `more` follows.
fn config(scan: &str, own: &str, more: &str) -> String {
    of_store(
        "type = \"nowhere\"\n",
        scan,
        &format!("bucket = \"bbb\"\n{own}\n{more}"),
    )
}

fn of_store(store: &str, scan: &str, destination: &str) -> String {
    format!("{scan}[backends.a]\n{store}[[destinations]]\n{destination}")
}

fn told(text: &str) -> Vec<String> {
    let result = read(text, &environment(&[]));
    assert!(result.is_err(), "{text}: {}", shown(&result));
    shown(&result).lines().map(str::to_owned).collect()
}

fn good(text: &str) -> Config {
    let result = read(text, &environment(&[]));
    result.unwrap_or_else(|rejected| panic!("{text}: {}", shown(&Err(rejected))))
}

/// From one look at the only destination to the next.
fn interval(text: &str) -> Option<Duration> {
    good(text).destinations[0].look_interval
}

#[track_caller]
fn is_refused(text: &str, why: &str) {
    let told = told(text);
    assert_eq!(told.len(), 1, "{text}: {told:#?}");
    let expected = format!("`destinations[0].look_interval` {why}");
    assert!(told[0].ends_with(&expected), "{text}: {told:#?}");
}

/// What each type of store needs, how it names a bucket, and whether looks can be made. (What `opendal` needs is of
/// its services.)
#[cfg(feature = "default")] // every plug-in
const STORES: [(&str, &str, &str, bool); 7] = [
    ("azure", "account = \"backups\"\n", "bbb", false),
    (
        "command",
        "program = \"/usr/bin/rclone\"\narguments = [\"lsf\", \"{bucket}\"]\nformat = \"rclone-lsf\"\n\
         [commands]\nallowed = [\"/usr/bin/rclone\"]\n",
        "bbb",
        false,
    ),
    ("file", "", "/bbb", false),
    ("gcs", "", "bbb", false),
    (
        "inventory",
        "store = \"b\"\nreports = \"reports\"\n[backends.b]\ntype = \"s3\"\n",
        "bbb",
        false,
    ),
    (
        "minio",
        "endpoint = \"https://minio.example:9000\"\naccess_key_id = \"a\"\nsecret_access_key = \"b\"\n",
        "bbb",
        true,
    ),
    ("s3", "", "bbb", true),
];

#[cfg(feature = "default")] // every plug-in
#[test]
fn only_stores_that_list_folders_are_looked_at() {
    let known = super::plugins().backends;
    let is_known = |name: &str| known.iter().any(|plugin| plugin.name == name);
    for name in known.iter().map(|plugin| plugin.name) {
        let is_here = STORES.iter().any(|(store, ..)| *store == name);
        assert!(is_here || name == "opendal", "{name}");
    }
    let built_in = STORES.into_iter().filter(|(name, ..)| is_known(name));
    for (name, keys, bucket, can) in built_in {
        let config = |scan, own| {
            let store = format!("type = \"{name}\"\n{keys}");
            let destination = format!("backend = \"a\"\nbucket = \"{bucket}\"\n{own}");
            of_store(&store, scan, &destination)
        };
        let looked_at = can.then_some(MINUTE);
        assert_eq!(interval(&config(SCANNED, "")), looked_at, "{name}");
        assert_eq!(interval(&config("", "look_interval = \"0s\"")), None);
        match can {
            true => assert_eq!(interval(&config("", OWN)), looked_at, "{name}"),
            false => is_refused(
                &config("", OWN),
                "is given, and in this kind of store no folder can be listed alone: leave it out",
            ),
        }
    }
}

#[test]
fn only_layouts_of_which_looks_can_tell_are_looked_at() {
    let looked_at: Vec<&str> = look::layouts().collect();
    for name in layouts::names().chain(["auto", "own"]) {
        let more = if name == "own" { A_PATTERN } else { "" };
        let config = |scan, own: &str| config(scan, &format!("layout = \"{name}\"\n{own}"), more);
        let can = name == "auto" || looked_at.contains(&name);
        let looked_at = can.then_some(MINUTE);
        assert_eq!(interval(&config(SCANNED, "")), looked_at, "{name}");
        assert_eq!(interval(&config("", "look_interval = \"0s\"")), None);
        match can {
            true => assert_eq!(interval(&config("", OWN)), looked_at, "{name}"),
            false => is_refused(
                &config("", OWN),
                "is given, and of backups of this `layout` nothing less than a whole listing tells: leave it out",
            ),
        }
    }
}

#[test]
fn it_is_shorter_than_from_one_scan_to_the_next() {
    let longer = |interval: &str| {
        format!(
            "is no shorter than the interval ({interval}): expected a shorter one, for a scan shows more than a look"
        )
    };
    for own in ["5m", "6m"] {
        let own = format!("look_interval = \"{own}\"");
        is_refused(&config("", &own, ""), &longer("5m"));
    }
    let own = "interval = \"1m\"\nlook_interval = \"2m\"";
    is_refused(
        &config("[scan]\ninterval = \"1h\"\n", own, ""),
        &longer("1m"),
    );
    assert_eq!(
        interval(&config("", "look_interval = \"299s\"", "")),
        Some(Duration::from_secs(299))
    );
    let longer = "interval = \"1h\"\nlook_interval = \"6m\"";
    assert_eq!(interval(&config("", longer, "")), Some(6 * MINUTE));

    // The common one is no fault where a destination is scanned as often.
    for (scans, looks) in [("61s", Some(MINUTE)), ("1m", None), ("10s", None)] {
        let own = format!("interval = \"{scans}\"");
        assert_eq!(interval(&config(SCANNED, &own, "")), looks, "{scans}");
    }
    assert_eq!(
        interval(&config(SCANNED, "look_interval = \"0s\"", "")),
        None
    );
    assert_eq!(
        interval(&config(SCANNED, "look_interval = \"2m\"", "")),
        Some(2 * MINUTE)
    );
    assert_eq!(interval(&config("", "", "")), None);
}

#[test]
fn that_lateness_is_noticed_late_is_told_of_scans_where_no_look_is_made() {
    const SCAN: &str = "asks for a backup every 2m, and the bucket is listed every 5m: a late one is noticed only by the next scan";
    const LOOK: &str = "asks for a backup every 2m, and the bucket is looked at every 3m: a late one is noticed only by the next look";
    let every_3 = SCANNED.replace("1m", "3m");
    let module = "[probe.modules.m]\nbuckets = [\"*\"]\nevery = \"2m\"\n";
    for (scan, own, more, expected) in [
        ("", "", "", Some(SCAN)),
        (SCANNED, "", "", None),
        ("", OWN, "", None),
        (&*every_3, "", "", Some(LOOK)),
        ("", "look_interval = \"3m\"", "", Some(LOOK)),
        (SCANNED, "look_interval = \"0s\"", "", Some(SCAN)),
        (SCANNED, "layout = \"kopia\"", "", Some(SCAN)),
        (SCANNED, "layout = \"own\"", A_PATTERN, Some(SCAN)),
        (SCANNED, "layout = \"restic\"", "", None),
        // Each target of a module is scanned when it is asked for, and nobody looks at it between.
        (SCANNED, "every = \"1d\"", module, Some(SCAN)),
    ] {
        let own = match own.contains("every") {
            true => own.to_owned(),
            false => format!("{own}\nevery = \"2m\""),
        };
        let text = config(scan, &own, more);
        let warnings = good(&text).warnings.into_iter();
        let late: Vec<String> = warnings
            .filter(|line| line.contains("by the next"))
            .collect();

        let count = usize::from(expected.is_some());
        assert_eq!(late.len(), count, "{text}: {late:#?}");
        let is_told = expected.is_none_or(|words| late[0].ends_with(words));
        assert!(is_told, "{text}: {late:#?}");
    }
    // Of a store in which no folder can be listed alone.
    let text = of_store(
        "type = \"nowhere\"\nplace = \"without-a-list\"\n",
        SCANNED,
        "bucket = \"bbb\"\nevery = \"2m\"\n",
    );
    let warnings = good(&text).warnings;
    assert!(
        warnings
            .iter()
            .any(|line| line.ends_with("by the next scan")),
        "{warnings:#?}"
    );
}
