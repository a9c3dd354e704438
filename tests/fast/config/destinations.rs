//! Destinations.

use crate::common::command::{BUCKET, Case, STORE, refused};

#[test]
fn destinations() {
    refused(&[
        Case {
            file: &[STORE],
            says: &[
                "error: config.toml: `destinations` is missing: give at least one [[destinations]] with a `bucket`",
            ],
            ..Case::NONE
        },
        Case {
            file: &[STORE, "[[destinations]]", r#"prefix = "x""#],
            says: &[
                "error: config.toml:3: `destinations[0].bucket` is missing: expected the bucket's name",
            ],
            ..Case::NONE
        },
        Case {
            file: &[
                STORE,
                "[[destinations]]",
                r#"bucket = "aaa""#,
                r#"buckets = ["bbb", "ccc"]"#,
                r#"name = "d""#,
            ],
            says: &[
                "error: config.toml:4: `destinations[0].bucket` is given together with `buckets`: give one of the two",
                "error: config.toml:6: `destinations[0].name` is given together with `buckets`: each of those is a destination, named after the bucket",
            ],
            ..Case::NONE
        },
        Case {
            file: &[
                STORE,
                "[[destinations]]",
                "buckets = []",
                "[[destinations]]",
                r#"buckets = ["bbb", "", "bbb", "s3://c", "c/d", "e f"]"#,
            ],
            says: &[
                "error: config.toml:4: `destinations[0].buckets` is empty: expected the buckets' names",
                "error: config.toml:6: `destinations[1].buckets[1]` must not be empty",
                r#"error: config.toml:6: `destinations[1].buckets[3]` is "s3://c": expected the bucket's name alone; the store's address goes into the backend's `endpoint`"#,
                r#"error: config.toml:6: `destinations[1].buckets[4]` is "c/d": expected the bucket's name alone; what follows the `/` goes into `prefix`"#,
                r#"error: config.toml:6: `destinations[1].buckets[5]` is "e f": no bucket's name holds a blank or a control character"#,
                r#"error: config.toml:6: `destinations[1].buckets[2]` is "bbb", which is there already"#,
            ],
            ..Case::NONE
        },
        Case {
            file: &[
                STORE,
                "[scan]",
                "discovery_interval = \"2d\"",
                "[[destinations]]",
                r#"bucket = "backup-*""#,
                "[[destinations]]",
                r#"buckets = ["!a*", "!b"]"#,
                "[[destinations]]",
                r#"buckets = ["abc", "a[", "!", "x*", "!ab*"]"#,
                "[[destinations]]",
                r#"buckets = ["abd", "x*", "!ab*"]"#,
                r#"name = "d""#,
                r#"mirror_of = "abe""#,
                "[[destinations]]",
                r#"bucket = "abe""#,
            ],
            says: &[
                "error: config.toml:4: `scan.discovery_interval` is 2days: expected at most 1day",
                r#"error: config.toml:6: `destinations[0].bucket` is "backup-*", a pattern: write it as `buckets = ["backup-*"]`"#,
                r#"error: config.toml:8: `destinations[1].buckets[0]` leaves out what nothing lets in: give a pattern such as "*" beside it"#,
                r#"error: config.toml:10: `destinations[2].buckets[1]` is "a[", which is no glob: unclosed character class; missing ']'"#,
                r#"error: config.toml:10: `destinations[2].buckets[2]` is "!": expected a pattern such as "backup-*" or "!backup-old-*""#,
                r#"error: config.toml:12: `destinations[3].buckets[0]` is "abd", which a pattern beside it leaves out: take out one of the two"#,
                "error: config.toml:13: `destinations[3].name` is given together with `buckets`: each of those is a destination, named after the bucket",
                "error: config.toml:14: `destinations[3].mirror_of` is given together with `buckets`: write each mirror as a destination of its own",
            ],
            ..Case::NONE
        },
        Case {
            file: &[
                STORE,
                BUCKET,
                r#"name = "n""#,
                r#"prefix = "p/""#,
                r#"prefixes = ["a/*", "*/*/", "a/", "{job}/", "!a", "!["]"#,
                "[[destinations]]",
                r#"bucket = "ccc""#,
                r#"prefixes = ["!a/"]"#,
            ],
            says: &[
                r#"error: config.toml:5: `destinations[0].name` is given together with `prefixes`: each of those is a destination, named after its bucket and prefix"#,
                r#"error: config.toml:6: `destinations[0].prefix` is given together with `prefixes`: give one of the two"#,
                r#"error: config.toml:7: `destinations[0].prefixes[0]` is "a/*", expected one that ends in `/`, such as "tenants/*/""#,
                r#"error: config.toml:7: `destinations[0].prefixes[1]` is "*/*/", which has patterns in more than one folder: expected one such as "tenants/*/dumps/""#,
                r#"error: config.toml:7: `destinations[0].prefixes[2]` is "a/", which is no pattern: give it as the `prefix` of a section of its own"#,
                r#"error: config.toml:7: `destinations[0].prefixes[3]` is "{job}/", and metrics or alerts have a label "job" already: expected another name in the braces"#,
                r#"error: config.toml:7: `destinations[0].prefixes[4]` is "!a", which leaves out no folder: expected one that ends in `/`, such as "!tenants/test-*/""#,
                r#"error: config.toml:7: `destinations[0].prefixes[5]` is "![", which is no glob: unclosed character class; missing ']'"#,
                r#"error: config.toml:10: `destinations[1].prefixes[0]` leaves out what nothing lets in: give a pattern such as "tenants/*/" beside it"#,
            ],
            ..Case::NONE
        },
        Case {
            file: &[
                STORE,
                BUCKET,
                r#"prefixes = ["t/{tenant}/"]"#,
                r#"also = ["versions", "usage"]"#,
            ],
            says: &[
                r#"error: config.toml:6: `destinations[0].also[1]` has "usage": a store counts whole buckets, and `prefixes` leaves some of it out; take one of both out"#,
            ],
            ..Case::NONE
        },
        Case {
            file: &[
                "[backends.x]",
                "type = \"file\"",
                "[backends.google]",
                "type = \"gcs\"",
                "[[destinations]]",
                "backend = \"x\"",
                r#"buckets = ["/srv/*"]"#,
                "[[destinations]]",
                "backend = \"google\"",
                r#"buckets = ["a*", "!b"]"#,
            ],
            says: &[
                r#"error: config.toml:7: `destinations[0].buckets[0]` is "/srv/*", a pattern, and the buckets of this kind of store cannot be listed: name each"#,
                r#"error: config.toml:10: `destinations[1].buckets[0]` is "a*", a pattern, and Google lists the buckets of a project: set `project` in the backend's section, or name each"#,
                r#"error: config.toml:10: `destinations[1].buckets[1]` is "!b", a pattern, and Google lists the buckets of a project: set `project` in the backend's section, or name each"#,
            ],
            ..Case::NONE
        },
        Case {
            file: &[
                STORE,
                BUCKET,
                r#"prefix = "p/""#,
                "include = []",
                r#"exclude = ["", "[a", "{today", "{today@Europe/Berlim}", "{today:%H}", "{today,x}", "!a", "/a", "p/a"]"#,
                "[[destinations]]",
                r#"bucket = "ccc""#,
                r#"include = ["*.gz"]"#,
                r#"marker = "last-run""#,
            ],
            says: &[
                r#"warning: config.toml:7: `destinations[0].exclude[6]` begins with a `!`, which is a letter like any other: what is to be left out stands in `exclude`"#,
                r#"warning: config.toml:7: `destinations[0].exclude[7]` begins with a `/`, which keys hardly ever do: nothing may match it"#,
                r#"warning: config.toml:7: `destinations[0].exclude[8]` begins with the prefix "p/": globs are of what follows the prefix in a key"#,
                r#"error: config.toml:6: `destinations[0].include` has no glob, so that nothing would count: leave it out, or give one such as "**/*.gz""#,
                r#"error: config.toml:7: `destinations[0].exclude[0]` is empty: expected a glob such as "*.tmp" or "logs/**""#,
                r#"error: config.toml:7: `destinations[0].exclude[1]` is "[a", which is no glob: unclosed character class; missing ']'"#,
                r#"error: config.toml:7: `destinations[0].exclude[2]` is "{today", which has a `{today` without its `}`"#,
                r#"error: config.toml:7: `destinations[0].exclude[3]` is "{today@Europe/Berlim}", and names the time zone "Europe/Berlim", which is no time zone: did you mean "Europe/Berlin"?"#,
                r#"error: config.toml:7: `destinations[0].exclude[4]` is "{today:%H}", which has the date's form "%H": strftime formatting failed: %H failed: requires time to format; expected one such as "%Y%m%d""#,
                r#"error: config.toml:7: `destinations[0].exclude[5]` is "{today,x}", which has `today` as a word among alternatives: for the date write `{today}` there too"#,
                r#"error: config.toml:11: `destinations[1].marker` is "last-run", which would never be seen, for nothing of `include` matches it"#,
            ],
            ..Case::NONE
        },
        Case {
            file: &[STORE, BUCKET, BUCKET],
            says: &[
                r#"error: config.toml:6: `destinations[1].bucket` makes "bbb" the destination's name, which `destinations[0]` has too: give one of the two a `name`"#,
            ],
            ..Case::NONE
        },
        Case {
            file: &[
                STORE,
                BUCKET,
                r#"prefix = "x/""#,
                "[[destinations]]",
                r#"bucket = "ccc""#,
                r#"name = "bbb""#,
            ],
            says: &[
                r#"error: config.toml:8: `destinations[1].name` is "bbb", which is the name of `destinations[0]` too: expected another"#,
            ],
            ..Case::NONE
        },
        Case {
            file: &[
                STORE,
                BUCKET,
                "[[destinations]]",
                r#"buckets = ["aaa", "bbb"]"#,
            ],
            says: &[
                r#"error: config.toml:6: `destinations[1].buckets[1]` makes "bbb" a destination's name, which `destinations[0]` has too: write one of the two as a destination of its own, with a `name`"#,
            ],
            ..Case::NONE
        },
        Case {
            file: &[STORE, "[backends.t]", r#"type = "s3""#, BUCKET],
            says: &[
                r#"error: config.toml:5: `destinations[0].backend` is missing: expected one of "s", "t""#,
            ],
            ..Case::NONE
        },
        Case {
            file: &[
                "[backends.onprem]",
                r#"type = "s3""#,
                BUCKET,
                r#"backend = "onprm""#,
            ],
            says: &[
                r#"error: config.toml:5: `destinations[0].backend` is "onprm", which is not defined: did you mean "onprem"?"#,
            ],
            ..Case::NONE
        },
        Case {
            file: &[
                "[backends.onprem]",
                r#"type = "s3""#,
                BUCKET,
                r#"backend = "aws""#,
            ],
            says: &[
                r#"error: config.toml:5: `destinations[0].backend` is "aws", which is not defined: expected one of "onprem""#,
            ],
            ..Case::NONE
        },
        Case {
            file: &[
                STORE,
                "[resolvers.r]",
                r#"type = "static""#,
                r#"clusters = ["x"]"#,
                BUCKET,
                r#"resolver = "r""#,
                r#"clusters = ["a"]"#,
            ],
            says: &[
                "error: config.toml:8: `destinations[0].resolver` is given together with `clusters` or `clusters_file`: give one of them",
            ],
            ..Case::NONE
        },
        Case {
            file: &[
                STORE,
                BUCKET,
                r#"separator = """#,
                r#"expect = "some""#,
                r#"max_age = "25""#,
                r#"interval = "1ms""#,
                r#"timeout = """#,
                "concurrency = 0",
                "prefix = 5",
            ],
            says: &[
                r#"error: config.toml:5: `destinations[0].separator` must not be empty: the cluster "a" would own what belongs to "ab""#,
                r#"error: config.toml:6: `destinations[0].expect` is "some": expected "all" or "present""#,
                r#"error: config.toml:7: `destinations[0].max_age` is "25": expected a duration above zero such as "90s", "5m" or "1h30m""#,
                r#"error: config.toml:8: `destinations[0].interval` is shorter than a second: expected at least "1s""#,
                r#"error: config.toml:9: `destinations[0].timeout` is an empty string: expected a duration above zero such as "90s", "5m" or "1h30m""#,
                "error: config.toml:10: `destinations[0].concurrency` is 0: expected a whole number from 1 to 1000",
                "error: config.toml:11: `destinations[0].prefix` is 5: expected a string",
            ],
            ..Case::NONE
        },
        Case {
            file: &[
                STORE,
                BUCKET,
                r#"name = """#,
                r#"backend = """#,
                r#"resolver = """#,
                "clusters = [5]",
            ],
            says: &[
                "error: config.toml:5: `destinations[0].name` must not be empty",
                "error: config.toml:6: `destinations[0].backend` must not be empty",
                "error: config.toml:7: `destinations[0].resolver` must not be empty",
                "error: config.toml:8: `destinations[0].clusters[0]` is 5: expected a string",
            ],
            ..Case::NONE
        },
    ]);
}

/// Labels of alerts: Prometheus must take them, and each alert has some already.
#[test]
fn labels() {
    refused(&[Case {
        file: &[
            STORE,
            "[metrics]",
            r#"cluster_label = "backup_cluster""#,
            BUCKET,
            "[destinations.labels]",
            r#"team = "platform""#,
            r#"1st = "x""#,
            r#""a-b" = "x""#,
            r#"__x = "x""#,
            r#"severity = "critical""#,
            r#"exported_job = "x""#,
            r#"backup_cluster = "x""#,
            r#"empty = """#,
            r#"template = "{{ $value }}""#,
            "number = 1",
            "[backends.s.labels]",
            r#"operation = "x""#,
            r#"team = """#,
            "[resolvers.lab]",
            r#"type = "static""#,
            r#"clusters = ["a"]"#,
            r#"labels = { kind = "x", team = "lab" }"#,
        ],
        says: &[
            "error: config.toml:9: `destinations[0].labels.1st` is no label's name: expected letters, digits and `_`, no digit at the start, and no `__`",
            "error: config.toml:10: `destinations[0].labels.a-b` is no label's name: expected letters, digits and `_`, no digit at the start, and no `__`",
            "error: config.toml:11: `destinations[0].labels.__x` is no label's name: expected letters, digits and `_`, no digit at the start, and no `__`",
            "error: config.toml:12: `destinations[0].labels.severity` is how grave an alert is, which is its finding's: say that in [destinations.findings], and who is told by another label, such as \"team\" or \"page\"",
            "error: config.toml:13: `destinations[0].labels.exported_job` is a label that metrics or alerts have already: expected another name, such as \"team\"",
            "error: config.toml:14: `destinations[0].labels.backup_cluster` is a label that metrics or alerts have already: expected another name, such as \"team\"",
            "error: config.toml:15: `destinations[0].labels.empty` must not be empty",
            "error: config.toml:16: `destinations[0].labels.template` must not hold `{{`, which Prometheus takes for a template",
            "error: config.toml:17: `destinations[0].labels.number` is 1: expected a string",
            "error: config.toml:19: `backends.s.labels.operation` is a label that metrics or alerts have already: expected another name, such as \"team\"",
            "error: config.toml:20: `backends.s.labels.team` must not be empty",
            "error: config.toml:24: `resolvers.lab.labels.kind` is a label that metrics or alerts have already: expected another name, such as \"team\"",
        ],
        ..Case::NONE
    }]);
}

/// One character more than any tag's key has.
const LONG_TAG: &str = r#"labels_from_tags = ["xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"]"#;

/// Tags that are to be labels: their names have to be free, each by itself and of one another.
#[test]
fn labels_from_tags() {
    refused(&[
        Case {
            file: &[
                STORE,
                "[metrics]",
                r#"cluster_label = "backup_cluster""#,
                BUCKET,
                r#"labels_from_tags = ["team", "cost-center", "cost_center", "backup-cluster", "severity", "__x", "", "Kind", "kind"]"#,
            ],
            says: &[
                "error: config.toml:7: `destinations[0].labels_from_tags[2]` is \"cost_center\", which would be the label \"cost_center\", as \"cost-center\" is: leave one of them out",
                "error: config.toml:7: `destinations[0].labels_from_tags[3]` is \"backup-cluster\", which would be the label \"backup_cluster\", which metrics or alerts have already",
                "error: config.toml:7: `destinations[0].labels_from_tags[4]` is \"severity\", which would be the label \"severity\", which metrics or alerts have already",
                "error: config.toml:7: `destinations[0].labels_from_tags[5]` is \"__x\", which would be the label \"__x\", one of Prometheus' own",
                "error: config.toml:7: `destinations[0].labels_from_tags[6]` is empty: expected the key of a tag",
                "error: config.toml:7: `destinations[0].labels_from_tags[8]` is \"kind\", which would be the label \"kind\", which metrics or alerts have already",
            ],
            ..Case::NONE
        },
        Case {
            file: &[STORE, BUCKET, LONG_TAG],
            says: &[
                "error: config.toml:5: `destinations[0].labels_from_tags[0]` is longer than any tag's key: expected at most 128 characters",
            ],
            ..Case::NONE
        },
    ]);
}
