//! `[fleet]`: which share of the destinations a process has.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use s3_exporter::config::Config;
use s3_exporter::discovery::DiscoveryOutcome;
use s3_exporter::fleet::Shard;

use crate::common::command::{Case, GOOD, Program, refused};
use crate::sample;

#[test]
fn shares_that_there_cannot_be() {
    refused(&[
        Case {
            file: &[
                "[fleet]",
                r#"shard = "6/5""#,
                "shards = 5",
                GOOD,
                "keep = 0",
            ],
            says: &[
                r#"error: config.toml:2: `fleet.shard` is "6/5": expected a number from 1 to 5 before the `/`, such as "2/5", or "NAME-1/5" with the name of a StatefulSet's pod"#,
                "error: config.toml:3: unknown key `fleet.shards`: did you mean `shard`?",
                "error: config.toml:11: `destinations[0].keep` is 0: expected a whole number from 1 to 1000000",
            ],
            ..Case::NONE
        },
        Case {
            file: &[GOOD],
            env: &[("S3_EXPORTER__FLEET__SHARD", "s3-exporter-5/5")],
            says: &[
                r#"error: environment variable S3_EXPORTER__FLEET__SHARD: `fleet.shard` is "s3-exporter-5/5": expected a pod's name that ends with a number from 0 to 4: is the count that of the StatefulSet's replicas?"#,
            ],
            ..Case::NONE
        },
        Case {
            file: &[GOOD],
            args: &["--shard", "1/0"],
            says: &[
                r#"error: flag --shard: `fleet.shard` is "1/0": expected a count from 1 to 1000 after the `/`, such as "2/5", or "NAME-1/5" with the name of a StatefulSet's pod"#,
            ],
            ..Case::NONE
        },
    ]);
}

#[cfg(feature = "kubernetes")]
#[test]
fn leases_that_are_of_no_use() {
    refused(&[
        Case {
            file: &[
                "[fleet]",
                r#"lease = "S3_exporter""#,
                r#"lease_duration = "2s""#,
                r#"shard = "7/5""#,
                GOOD,
            ],
            says: &[
                r#"error: config.toml:2: `fleet.lease` is "S3_exporter": expected the name of an object of Kubernetes: lower-case letters, digits, `-` and `.`"#,
                r#"error: config.toml:3: `fleet.lease_duration` is of no use: expected whole seconds, at least "3s""#,
                r#"error: config.toml:4: `fleet.shard` is "7/5": expected a number from 1 to 5 before the `/`, such as "2/5", or "NAME-1/5" with the name of a StatefulSet's pod"#,
            ],
            ..Case::NONE
        },
        Case {
            file: &[
                "[fleet]",
                r#"context = "seed""#,
                r#"lease_duration = "90m""#,
                GOOD,
            ],
            says: &[
                "error: config.toml:1: `fleet.lease` is missing: `context` says where it is",
                "error: config.toml:3: `fleet.lease_duration` is 1h 30m: expected at most 1h",
            ],
            ..Case::NONE
        },
        Case {
            file: &[
                "[fleet]",
                r#"lease = "a""#,
                r#"lease_duration = "3500ms""#,
                GOOD,
            ],
            says: &[
                r#"error: config.toml:3: `fleet.lease_duration` is of no use: expected whole seconds, at least "3s""#,
            ],
            ..Case::NONE
        },
    ]);
}

/// A pod beyond the count is another one of a shard, and each shard has a lease of its own.
#[cfg(feature = "kubernetes")]
#[test]
fn check_says_what_a_process_stands_by_for() {
    let file = "[fleet]\nlease = \"s3-exporter\"\nlease_duration = \"1m\"\nshard = \"${POD}/5\"\n";
    let program = Program::new(&["check"]).file("config.toml", &format!("{file}{GOOD}"));
    let printed = program.env("POD", "s3-exporter-6").prints();
    for line in [
        "fleet: whoever holds the lease s3-exporter-2 of 1m watches them, and others stand by\n",
        "fleet: this is shard 2/5, and has ",
    ] {
        assert!(printed.contains(line), "{printed}");
    }
}

/// Nobody is asked for anything that only a leader shows.
#[test]
fn whoever_stands_by_has_no_destinations() {
    let mut config = config(&[("a", None)], &["a"]);
    config.fleet.lease = Some(sample::lease());
    config.fleet.leads = Some(true);
    assert_eq!(names(&config.own_share()), ["a"]);
    config.fleet.leads = Some(false);
    let own = config.own_share();
    assert_eq!(names(&own), [""; 0]);
    assert!(own.discovered.is_empty() && own.discovery.is_empty());
    assert_eq!(own.fleet, config.fleet);
}

/// A flag is stronger than the environment, and that is than the file.
#[test]
fn check_says_which_destinations_are_of_it() {
    let buckets = "buckets = [\"aaa\", \"bbb\", \"ccc\", \"ddd\", \"eee\", \"fff\"]";
    let config = GOOD.replace("bucket = \"bbb\"", buckets);
    let config = format!("[fleet]\nshard = \"1/3\"\n{config}");
    let said = |arguments: &[&str], environment: &[(&str, &str)]| {
        let program = Program::new(&[&["check"], arguments].concat());
        let program = program.file("config.toml", &config);
        let all = environment.iter();
        let program = all.fold(program, |program, (name, value)| program.env(name, value));
        let printed = program.prints();
        let line = printed.lines().find(|line| line.starts_with("fleet: "));
        line.unwrap_or_else(|| panic!("{printed}")).to_owned()
    };
    let own = |number: u16| {
        let shard = Shard::parse(&format!("{number}/3"), false).unwrap();
        let names = ["aaa", "bbb", "ccc", "ddd", "eee", "fff"].into_iter();
        let names: Vec<_> = names.filter(|name| shard.has(name)).collect();
        let names: Vec<_> = names.iter().map(|name| format!("{name:?}")).collect();
        format!(
            "fleet: this is shard {number}/3, and has {}",
            names.join(", ")
        )
    };
    let environment = [("S3_EXPORTER__FLEET__SHARD", "pod-1/3")];
    assert_eq!(said(&[], &[]), own(1));
    assert_eq!(said(&[], &environment), own(2));
    assert_eq!(said(&["--shard", "3/3"], &environment), own(3));
    let alone = said(&["--shard=1000/1000"], &[]);
    assert_eq!(
        alone,
        "fleet: this is shard 1000/1000, and has none of them"
    );
}

/// Destinations by their names, each with what it mirrors.
fn config(mirrors: &[(&str, Option<&str>)], found: &[&str]) -> Config {
    let mut config = sample::config(sample::metrics(&[], "cluster"));
    let all = mirrors.iter().map(|(name, of)| {
        let mut destination = sample::destination(name, name, None);
        destination.judging.mirror_of = of.map(Into::into);
        Arc::new(destination)
    });
    config.destinations = all.collect();
    let outcome = DiscoveryOutcome {
        destinations: found.iter().map(|name| (*name).into()).collect(),
        omitted: 2,
        reasons: vec!["two".to_owned()],
    };
    config.discovered = [("buckets:b".into(), Arc::new(outcome))].into();
    config
}

fn share(config: &Config, number: u16, count: u16) -> Config {
    let mut config = config.clone();
    config.fleet.shard = Some(Shard::parse(&format!("{number}/{count}"), false).unwrap());
    config.own_share()
}

fn names(config: &Config) -> Vec<&str> {
    let all = config.destinations.iter();
    all.map(|of| &*of.name).collect()
}

/// A mirror is judged by what it mirrors, so both are at one process, be it by others between; and of those
/// in a circle, whom nobody can judge, none is lost.
#[test]
fn a_mirror_goes_with_what_it_mirrors() {
    let mirrors = [
        ("a", None),
        ("b", Some("a")),
        ("c", Some("b")),
        ("d", Some("f")),
        ("e", Some("d")),
        ("f", Some("e")),
        ("g", Some("e")),
    ];
    let whole = config(&mirrors, &[]);
    for count in 1..=20 {
        let mut seen = Vec::new();
        for number in 1..=count {
            let share = share(&whole, number, count);
            let own: BTreeSet<_> = names(&share).into_iter().map(str::to_owned).collect();
            for together in [&["a", "b", "c"][..], &["d", "e", "f", "g"]] {
                let there = together.iter().filter(|name| own.contains(**name));
                let there = there.count();
                assert!(
                    there == 0 || there == together.len(),
                    "{number}/{count}: {own:?}"
                );
            }
            seen.extend(own);
        }
        seen.sort();
        assert_eq!(seen, ["a", "b", "c", "d", "e", "f", "g"]);
    }
}

/// Those that are found are known as found at their own process, and what is left out is told by all.
#[test]
fn what_is_found_is_shared_out_likewise() {
    let all: Vec<_> = (0..40).map(|nth| format!("n{nth}")).collect();
    let pairs: Vec<_> = all.iter().map(|name| (name.as_str(), None)).collect();
    let found: Vec<_> = all.iter().skip(20).map(String::as_str).collect();
    let whole = config(&pairs, &found);
    assert_eq!(names(&whole.own_share()), names(&whole));
    let mut told = BTreeMap::new();
    for number in 1..=3 {
        let share = share(&whole, number, 3);
        let outcome = &share.discovered["buckets:b"];
        assert_eq!((outcome.omitted, outcome.reasons.len()), (2, 1));
        let own = names(&share);
        for name in &outcome.destinations {
            assert!(own.contains(&&**name));
            assert_eq!(told.insert(name.to_string(), number), None);
        }
        assert_eq!(
            own.iter().filter(|name| found.contains(name)).count(),
            outcome.destinations.len()
        );
    }
    assert_eq!(told.len(), found.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever the names are and whatever mirrors what: each is of exactly one share, in the same order, and
    /// with one share more it stays or is the new one's.
    #[test]
    fn each_is_of_one_share(
        mirrors in prop::collection::btree_map("[a-z/.-]{1,9}", prop::option::of(0..12_usize), 1..12),
        count in 1..=50_u16,
    ) {
        let all: Vec<_> = mirrors.keys().map(String::as_str).collect();
        let pairs: Vec<_> = mirrors
            .iter()
            .map(|(name, of)| (name.as_str(), of.map(|of| all[of % all.len()])))
            .collect();
        let whole = config(&pairs, &[]);
        let owners = |count: u16| {
            let mut owners = BTreeMap::new();
            for number in 1..=count {
                let share = share(&whole, number, count);
                for name in names(&share) {
                    assert_eq!(owners.insert(name.to_owned(), number), None);
                }
            }
            owners
        };
        let (before, after) = (owners(count), owners(count + 1));
        prop_assert_eq!(before.len(), all.len());
        prop_assert_eq!(after.len(), all.len());
        for (name, owner) in &before {
            let now = after[name];
            prop_assert!(now == *owner || now == count + 1);
        }
    }
}

/// What asks stores does so for its share; what is said of keys and made for Prometheus is of all.
#[cfg(feature = "file")]
#[test]
fn commands_act_for_a_share() {
    let names: Vec<_> = (0..6).map(|nth| format!("folder-{nth}")).collect();
    let folder = tempfile::tempdir().unwrap();
    let mut config = "[backends.f]\ntype = \"file\"\n".to_owned();
    for name in &names {
        let bucket = folder.path().join(name);
        std::fs::create_dir(&bucket).unwrap();
        std::fs::write(bucket.join("k"), "x").unwrap();
        let bucket = bucket.display();
        config += &format!(
            "[[destinations]]\nname = \"{name}\"\nbucket = \"{bucket}\"\nmax_age = \"1h\"\n"
        );
    }
    let printed = |arguments: &[&str], shard: &str| {
        let arguments = [arguments, &["--shard", shard]].concat();
        Program::new(&arguments)
            .file("config.toml", &config)
            .prints()
    };
    let told = |text: &str| -> Vec<String> {
        let all = names.iter().filter(|name| text.contains(name.as_str()));
        all.cloned().collect()
    };
    for command in [&["once"][..], &["report"], &["report", "--format", "json"]] {
        let mut seen = Vec::new();
        for number in 1..=3 {
            let shard = Shard::parse(&format!("{number}/3"), false).unwrap();
            let own = told(&printed(command, &shard.to_string()));
            assert!(
                own.iter().all(|name| shard.has(name)),
                "{command:?}: {own:?}"
            );
            seen.extend(own);
        }
        seen.sort();
        assert_eq!(seen, names, "{command:?}");
    }
    let once = printed(&["once"], "2/3");
    let line = "\nobjectstore_exporter_shard{shard=\"2\",shards=\"3\"} 1\n";
    assert!(once.contains(line), "{once}");
    for command in [&["rules"][..], &["explain", "k"]] {
        assert_eq!(told(&printed(command, "2/3")), names, "{command:?}");
    }
}
