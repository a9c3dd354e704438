//! What is said of how backups are judged: each fault with its words, and what becomes of the rest.

use std::time::Duration;

use s3_exporter_judge::backups::JobId;
use s3_exporter_judge::expectation::{JobRules, Rhythm, Source, Thresholds};
use s3_exporter_judge::findings::{FindingKind, Severity};
use s3_exporter_judge::layouts::LayoutChoice;

use super::{environment, read, shown};
use crate::config::Config;

/// A store and a bucket, to stand before what a test is about.
const BUCKET: &str = "[backends.a]\ntype = \"nowhere\"\n[[destinations]]\nbucket = \"xxx\"\n";

fn told(text: &str) -> Vec<String> {
    let result = read(&format!("{BUCKET}{text}"), &environment(&[]));
    assert!(result.is_err(), "{text}: {}", shown(&result));
    shown(&result).lines().map(str::to_owned).collect()
}

fn good(text: &str) -> Config {
    let result = read(&format!("{BUCKET}{text}"), &environment(&[]));
    result.unwrap_or_else(|rejected| panic!("{text}: {}", shown(&Err(rejected))))
}

fn rules(config: &Config, cluster: &str, job: &str) -> JobRules {
    config.destinations[0].judging.rules.of(&JobId {
        cluster: cluster.to_owned(),
        job: job.to_owned(),
    })
}

#[test]
fn each_fault_is_told_with_what_would_be_right() {
    for (text, expected) in [
        (
            "schedule = \"0 3 * *\"",
            "`destinations[0].schedule` is \"0 3 * *\", which has 4 fields: expected five, which are minute, hour, day of the month, month and day of the week",
        ),
        (
            "schedule = \"0 3 * * 7\"",
            "`destinations[0].schedule` is \"0 3 * * 7\", which has \"7\" as its day of the week: expected 0 to 6 for the day of the week",
        ),
        (
            "schedule = \"0 0 30 2 *\"",
            "`destinations[0].schedule` is \"0 0 30 2 *\", which never comes: there is no such day",
        ),
        (
            "schedule = \"CRON_TZ=Europe/Berln 0 3 * * *\"",
            "`destinations[0].schedule` is \"CRON_TZ=Europe/Berln 0 3 * * *\", which names the time zone \"Europe/Berln\", which is no time zone: did you mean \"Europe/Berlin\"?",
        ),
        (
            "schedule = \"@dayly\"",
            "`destinations[0].schedule` is \"@dayly\", which begins with \"@dayly\": expected @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually or @every with a duration",
        ),
        (
            "schedule = \"0 3 * * *\"\ntimezone = \"Berlin\"",
            "`destinations[0].timezone` is \"Berlin\", which is no time zone: expected one such as \"Europe/Berlin\" or \"UTC\"",
        ),
        (
            "schedule = \"0 3 * * *\"\nevery = \"24h\"",
            "`destinations[0].every` is given together with `schedule`: give one of the two",
        ),
        (
            "every = \"24h\"\ntimezone = \"UTC\"",
            "`destinations[0].timezone` is given without `schedule`, and is of no use without one",
        ),
        (
            "min_size = \"64 apples\"",
            "`destinations[0].min_size` is \"64 apples\": expected a size such as \"512B\", \"100kB\" or \"64MiB\"",
        ),
        (
            "silence_until = \"tomorrow\"",
            "`destinations[0].silence_until` is \"tomorrow\": expected a date such as \"2026-12-24\", which is its beginning in UTC, or a time such as \"2026-12-24T18:00:00Z\"",
        ),
        (
            "silence_until = \"2026-12-24T18:00\"",
            "`destinations[0].silence_until` is \"2026-12-24T18:00\": expected a date such as \"2026-12-24\", which is its beginning in UTC, or a time such as \"2026-12-24T18:00:00Z\"",
        ),
        (
            "keep = 0",
            "`destinations[0].keep` is 0: expected a whole number from 1 to 1000000",
        ),
        (
            "layout = \"restik\"",
            "`destinations[0].layout` is \"restik\", which is no layout: did you mean \"restic\"?",
        ),
        (
            "mirror_of = \"xxx\"",
            "`destinations[0].mirror_of` is the destination itself: expected another one",
        ),
        (
            "mirror_of = \"yyz\"\n[[destinations]]\nbucket = \"yyy\"",
            "`destinations[0].mirror_of` is \"yyz\", which is not defined: did you mean \"yyy\"?",
        ),
        (
            "[destinations.findings]\nshrnk = \"off\"",
            "unknown key `destinations[0].findings.shrnk`: did you mean `shrunk`?",
        ),
        (
            "[destinations.findings]\nshrunk = \"warn\"",
            "`destinations[0].findings.shrunk` is \"warn\": expected \"off\" or \"info\" or \"warning\" or \"critical\"",
        ),
        (
            "[destinations.findings]\nshrunk = { below = \"half\" }",
            "`destinations[0].findings.shrunk.below` is \"half\": expected a share from \"1%\" to \"99%\"",
        ),
        (
            "[destinations.findings]\ngrown = { above = \"90%\" }",
            "`destinations[0].findings.grown.above` is \"90%\": expected a share from \"101%\" to \"100000%\"",
        ),
        (
            "[destinations.findings]\ngrown = { below = \"90%\" }",
            "unknown key `destinations[0].findings.grown.below`",
        ),
        (
            "[destinations.findings]\ngap = { told_for = \"1y\" }",
            "`destinations[0].findings.gap.told_for` is too long: expected at most 90d",
        ),
        (
            "[destinations.findings]\ncold = { severty = \"off\" }",
            "unknown key `destinations[0].findings.cold.severty`: did you mean `severity`?",
        ),
        (
            "[[destinations.jobs]]\nkeep = 3",
            "`destinations[0].jobs[0]` says of which jobs by neither `cluster` nor `job`: give one, or write what holds for all at the destination itself",
        ),
        (
            "[[destinations.jobs]]\njob = \"a\"\nlayout = \"restic\"",
            "unknown key `destinations[0].jobs[0].layout`",
        ),
        (
            "[layouts.restic]\npattern = \"(?<time>.*)\"",
            "`layouts.restic` has the name of a layout that is built in: expected another",
        ),
        (
            "[layouts.own]\ntime = \"%s\"",
            "`layouts.own.pattern` is missing: expected a regular expression of whole keys with a group `(?<time>...)`",
        ),
    ] {
        let told = told(text);
        assert_eq!(told.len(), 1, "{text}: {told:#?}");
        assert!(told[0].ends_with(expected), "{text}: {told:#?}");
    }
}

#[test]
fn all_faults_are_told_at_once() {
    let told = told(
        "schedule = \"x\"\nkeep = -1\nmin_size = \"\"\nlayout = \"\"\nmirror_of = \"elsewhere\"\n[[destinations.jobs]]\njob = \"a\"\nevery = \"0s\"\n",
    );
    let keys = [
        "schedule",
        "keep",
        "min_size",
        "layout",
        "mirror_of",
        "jobs[0].every",
    ];
    for key in keys {
        let key = format!("`destinations[0].{key}`");
        assert!(
            told.iter().any(|line| line.contains(&key)),
            "{key}: {told:#?}"
        );
    }
    assert_eq!(told.len(), keys.len(), "{told:#?}");
}

#[test]
fn contradictions_are_warned_of() {
    for (text, expected) in [
        (
            "every = \"1m\"",
            "`destinations[0].every` asks for a backup every 1m, and the bucket is listed every 5m: a late one is noticed only by the next scan",
        ),
        (
            "schedule = \"@every 1m\"",
            "`destinations[0].schedule` asks for a backup every 1m, and the bucket is listed every 5m: a late one is noticed only by the next scan",
        ),
        (
            "schedule = \"0 3 * * 1-5\"\nmax_age = \"25h\"",
            "`destinations[0].max_age` is shorter than the 3days from one backup to the next that `schedule` asks for: one that is in time is late by it",
        ),
        (
            "every = \"1h\"\ngrace = \"1h\"",
            "`destinations[0].grace` is no shorter than the 1h from one backup to the next that `every` asks for: one is called late only when others are due",
        ),
        (
            "[destinations.findings]\nmirror_behind = { after = \"1d\" }",
            "`destinations[0].findings.mirror_behind.after` says nothing: the destination mirrors no other one; give `mirror_of`, or leave this out",
        ),
        (
            "[[destinations.jobs]]\njob = \"db\"\nfindings.mirror_behind = { after = \"1d\" }",
            "`destinations[0].jobs[0].findings.mirror_behind.after` says nothing: the destination mirrors no other one; give `mirror_of`, or leave this out",
        ),
        (
            "[layouts.own]\npattern = \"(?<time>.*)\"",
            "`layouts.own` is defined, but no destination uses it",
        ),
    ] {
        let warnings = good(text).warnings;
        let is_told = warnings.iter().any(|warning| warning.ends_with(expected));
        assert!(is_told, "{text}: {warnings:#?}");
    }
    let sound = good("every = \"24h\"\nmax_age = \"25h\"\ngrace = \"2h\"\n");
    assert!(
        !sound
            .warnings
            .iter()
            .any(|warning| warning.contains("every")),
        "{:?}",
        sound.warnings
    );
}

#[test]
fn what_is_said_of_some_jobs_is_stronger() {
    let config = good(
        "every = \"24h\"\nkeep = 7\nmarker = \"last-run\"\nsilence_until = \"2026-12-24\"\n\
         [destinations.findings]\nshrunk = \"off\"\ngap = \"info\"\n\
         [[destinations.jobs]]\ncluster = \"prod-*\"\nschedule = \"0 3 * * *\"\ntimezone = \"Europe/Berlin\"\nfindings = { gap = \"critical\" }\n\
         [[destinations.jobs]]\ncluster = \"prod-*\"\njob = \"db\"\nevery = \"1h\"\nkeep = 9\nmin_size = \"64MiB\"\n",
    );
    let judging = &config.destinations[0].judging;
    assert_eq!(judging.layouts, LayoutChoice::Auto);
    assert_eq!(judging.marker.as_deref(), Some("last-run"));
    let plain = rules(&config, "test-1", "db");
    let day = Rhythm::Every(Duration::from_secs(24 * 3600));
    assert_eq!(plain.stated.rhythm, Some(day));
    assert_eq!(plain.source, Some(Source::Configuration));
    assert_eq!((plain.stated.keep, plain.stated.min_size), (Some(7), None));
    assert_eq!(
        plain.tuning.silent_until.map(|until| until.as_millis()),
        Some(1_798_070_400_000)
    );
    let prod = rules(&config, "prod-1", "db");
    assert!(
        matches!(prod.stated.rhythm, Some(Rhythm::Cron(_))),
        "{prod:?}"
    );
    assert_eq!(
        (prod.stated.keep, prod.stated.min_size),
        (Some(9), Some(64 << 20))
    );
    assert!(prod.tuning.off.contains(&FindingKind::Shrunk));
    assert_eq!(
        prod.tuning.severity.get(&FindingKind::Gap),
        Some(&Severity::Critical)
    );
    assert_eq!(
        plain.tuning.severity.get(&FindingKind::Gap),
        Some(&Severity::Info)
    );
}

#[test]
fn thresholds_are_told_beside_severities() {
    let config = good(
        "mirror_of = \"yyy\"\n[destinations.findings]\nshrunk = { severity = \"critical\", below = \"80%\" }\n\
         grown = { severity = \"off\", above = \"300%\" }\nincomplete = { after = \"6h\" }\n\
         retention_stuck = { after = \"2h\" }\nmirror_behind = { after = \"12h\" }\n\
         missing = { told_for = \"3d\" }\ngap = { told_for = \"2d\" }\nretention_low = { told_for = \"1d\" }\n\
         [[destinations.jobs]]\ncluster = \"prod-*\"\nfindings.shrunk = { below = \"30%\" }\n\
         [[destinations]]\nbucket = \"yyy\"\n",
    );
    let hours = |hours: u64| Some(Duration::from_secs(hours * 3600));
    let all = Thresholds {
        shrunk_below: Some(80),
        grown_above: Some(300),
        incomplete_after: hours(6),
        retention_stuck_after: hours(2),
        mirror_behind_after: hours(12),
        missing_told_for: hours(72),
        gap_told_for: hours(48),
        retention_low_told_for: hours(24),
    };
    let of_mirrors = |warning: &String| warning.contains("mirror");
    assert!(
        !config.warnings.iter().any(of_mirrors),
        "{:#?}",
        config.warnings
    );
    let plain = rules(&config, "test-1", "db").tuning;
    assert_eq!(plain.thresholds, all);
    assert_eq!(plain.off, [FindingKind::Grown].into());
    let severity = [(FindingKind::Shrunk, Severity::Critical)].into();
    assert_eq!(plain.severity, severity);
    let prod = rules(&config, "prod-1", "db").tuning;
    let shrunk_below = Some(30);
    assert_eq!(
        prod.thresholds,
        Thresholds {
            shrunk_below,
            ..all
        }
    );
    assert_eq!(prod.severity, severity);
}

#[test]
fn a_layout_is_built_in_or_a_pattern() {
    let config = good("layout = \"restic\"\n");
    assert!(
        matches!(config.destinations[0].judging.layouts, LayoutChoice::One(of) if of.name == "restic")
    );
    let config =
        good("layout = \"own\"\n[layouts.own]\npattern = \"(?<time>[0-9]+)\"\ntime = \"%s\"\n");
    assert!(matches!(
        config.destinations[0].judging.layouts,
        LayoutChoice::Pattern(_)
    ));
    assert_eq!(
        config
            .warnings
            .iter()
            .filter(|warning| warning.contains("layouts"))
            .count(),
        0
    );
}

#[test]
fn a_mirror_may_be_of_one_further_down() {
    let config = good("mirror_of = \"yyy\"\n[[destinations]]\nbucket = \"yyy\"\n");
    assert_eq!(
        config.destinations[0].judging.mirror_of.as_deref(),
        Some("yyy")
    );
    assert_eq!(config.destinations[1].judging.mirror_of, None);
}

/// Where each class can be read at once nothing is cold, unless the user says so.
#[test]
fn a_store_without_cold_classes() {
    let all = "[backends.a]\ntype = \"nowhere\"\nplace = \"always-at-hand\"\n[[destinations]]\nbucket = \"x\"\n";
    let of = |text: &str| rules(&read(text, &environment(&[])).unwrap(), "prod", "").tuning;
    assert_eq!(of(all).off, [FindingKind::Cold].into());
    let told = format!("{all}[destinations.findings]\ncold = \"warning\"\nclock = \"off\"\n");
    let tuning = of(&told);
    assert_eq!(tuning.off, [FindingKind::Clock].into());
    let severity = [(FindingKind::Cold, Severity::Warning)].into();
    assert_eq!(tuning.severity, severity);
    assert_eq!(of(&all.replace("place", "#")).off, [].into());
}
