//! Values that are of no use.

use crate::common::command::{Case, GOOD, refused};

#[test]
fn values_of_no_use() {
    refused(&[
        Case {
            file: &[
                "[scan]",
                r#"interval = "5""#,
                "timeout = 30",
                r#"concurrency = "many""#,
                "max_requests_in_flight = 0",
                GOOD,
            ],
            says: &[
                r#"error: config.toml:2: `scan.interval` is "5": expected a duration above zero such as "90s", "5m" or "1h30m""#,
                r#"error: config.toml:3: `scan.timeout` is 30: expected a duration above zero such as "90s", "5m" or "1h30m""#,
                r#"error: config.toml:4: `scan.concurrency` is "many": expected a whole number from 1 to 1000"#,
                "error: config.toml:5: `scan.max_requests_in_flight` is 0: expected a whole number from 1 to 10000",
            ],
            ..Case::NONE
        },
        Case {
            file: &["[scan]", r#"interval = "5M""#, r#"timeout = "0s""#, GOOD],
            says: &[
                r#"error: config.toml:2: `scan.interval` is "5M": expected a duration above zero such as "90s", "5m" or "1h30m""#,
                r#"error: config.toml:3: `scan.timeout` is "0s": expected a duration above zero such as "90s", "5m" or "1h30m""#,
            ],
            ..Case::NONE
        },
        Case {
            file: &[
                "[scan]",
                r#"interval = "10ms""#,
                r#"timeout = "18446744073709551615s""#,
                GOOD,
            ],
            says: &[
                r#"error: config.toml:2: `scan.interval` is shorter than a second: expected at least "1s""#,
                r#"error: config.toml:3: `scan.timeout` is "18446744073709551615s": expected a duration above zero such as "90s", "5m" or "1h30m""#,
            ],
            ..Case::NONE
        },
        Case {
            file: &[
                "[scan]",
                r#"audit_interval = "daily""#,
                GOOD,
                r#"audit_interval = "5ms""#,
            ],
            says: &[
                r#"error: config.toml:2: `scan.audit_interval` is "daily": expected a duration such as "12h" or "7d", or "0s" for never"#,
                r#"error: config.toml:10: `destinations[0].audit_interval` is shorter than a second: expected at least "1s", or "0s" for never"#,
            ],
            ..Case::NONE
        },
        Case {
            file: &[
                "[scan]",
                r#"look_interval = "5m""#,
                GOOD,
                r#"look_interval = "5ms""#,
            ],
            says: &[
                "error: config.toml:2: `scan.look_interval` is no shorter than the interval (5m): expected a shorter one, for a scan shows more than a look",
                r#"error: config.toml:10: `destinations[0].look_interval` is shorter than a second: expected at least "1s", or "0s" for never"#,
            ],
            ..Case::NONE
        },
        Case {
            file: &[
                "[scan]",
                "concurrency = 1.5",
                "max_requests_in_flight = -1",
                GOOD,
            ],
            says: &[
                "error: config.toml:2: `scan.concurrency` is a fraction: expected a whole number from 1 to 1000",
                "error: config.toml:3: `scan.max_requests_in_flight` is -1: expected a whole number from 1 to 10000",
            ],
            ..Case::NONE
        },
        Case {
            file: &["[server]", "listen = []", GOOD],
            says: &[
                r#"error: config.toml:2: `server.listen` is empty: expected at least one address such as ":9340""#,
            ],
            ..Case::NONE
        },
        Case {
            file: &["[server]", r#"listen = ":9340""#, GOOD],
            says: &[
                r#"error: config.toml:2: `server.listen` is ":9340": expected a list of strings such as ["a", "b"]"#,
            ],
            ..Case::NONE
        },
        Case {
            file: &[
                "[server]",
                r#"listen = [":9340", "9341", "::1:9342", ":99999", ":9340"]"#,
                GOOD,
            ],
            says: &[
                r#"error: config.toml:2: `server.listen[1]` is "9341": expected host and port, such as ":9340", "127.0.0.1:9340" or "[::1]:9340""#,
                r#"error: config.toml:2: `server.listen[2]` is "::1:9342": expected host and port, such as ":9340", "127.0.0.1:9340" or "[::1]:9340""#,
                r#"error: config.toml:2: `server.listen[3]` is ":99999": expected host and port, such as ":9340", "127.0.0.1:9340" or "[::1]:9340""#,
                r#"error: config.toml:2: `server.listen[4]` is ":9340", as one before it"#,
            ],
            ..Case::NONE
        },
        Case {
            file: &[
                "[server]",
                r#"admin_listen = ["9341", ":9340", "localhost:1", "localhost:1"]"#,
                r#"probes_without_auth = "x""#,
                GOOD,
            ],
            says: &[
                r#"error: config.toml:2: `server.admin_listen[0]` is "9341": expected host and port, such as ":9340", "127.0.0.1:9340" or "[::1]:9340""#,
                r#"error: config.toml:2: `server.admin_listen[1]` is ":9340", as one of `server.listen`"#,
                r#"error: config.toml:2: `server.admin_listen[3]` is "localhost:1", as one before it"#,
                r#"error: config.toml:3: `server.probes_without_auth` is "x": expected true or false"#,
            ],
            ..Case::NONE
        },
        Case {
            file: &[
                "[limits]",
                "max_clusters = 0",
                "[state]",
                "directory = 1",
                GOOD,
            ],
            says: &[
                "error: config.toml:2: `limits.max_clusters` is 0: expected a whole number from 1 to 1000000",
                "error: config.toml:4: `state.directory` is 1: expected a string",
            ],
            ..Case::NONE
        },
        Case {
            file: &["[log]", r#"level = "inof""#, r#"format = "xml""#, GOOD],
            says: &[
                r#"error: config.toml:2: `log.level` is "inof": expected off, error, warn, info, debug or trace, or a filter such as "info,kube=warn"; did you mean "info"?"#,
                r#"error: config.toml:3: `log.format` is "xml": expected "json" or "console""#,
            ],
            ..Case::NONE
        },
        Case {
            file: &["[log]", r#"level = "info,kube=loud""#, GOOD],
            says: &[
                r#"error: config.toml:2: `log.level` is "info,kube=loud": expected a filter such as "info,kube=warn", without blanks"#,
            ],
            ..Case::NONE
        },
        Case {
            file: &["[log]", r#"level = ["info"]"#, r#"format = """#, GOOD],
            says: &[
                "error: config.toml:2: `log.level` is a list: expected a string",
                "error: config.toml:3: `log.format` must not be empty",
            ],
            ..Case::NONE
        },
        Case {
            file: &[
                "[metrics]",
                r#"compat = ["kubermatic", "kubermatic_s3x"]"#,
                r#"cluster_label = "destination""#,
                GOOD,
            ],
            says: &[
                r#"error: config.toml:2: `metrics.compat[0]` is "kubermatic": expected "kubermatic_s3" or "kubermatic_etcdbackup" or "ribbybibby" or "tropnikovvl"; did you mean "kubermatic_s3"?"#,
                r#"error: config.toml:2: `metrics.compat[1]` is "kubermatic_s3x": expected "kubermatic_s3" or "kubermatic_etcdbackup" or "ribbybibby" or "tropnikovvl"; did you mean "kubermatic_s3"?"#,
                r#"error: config.toml:3: `metrics.cluster_label` is "destination": that label is there for another purpose: expected one such as "backup_cluster""#,
            ],
            ..Case::NONE
        },
        Case {
            file: &[
                "[metrics]",
                r#"compat = ["ribbybibby", "tropnikovvl"]"#,
                GOOD,
            ],
            says: &[
                r#"error: config.toml:2: `metrics.compat[1]` is "tropnikovvl", given together with another set that has `s3_list_duration_seconds` with other labels: give one of the two"#,
            ],
            ..Case::NONE
        },
        Case {
            file: &[
                "[metrics]",
                r#"cluster_label = "job""#,
                r#"job_label = "instance""#,
                GOOD,
            ],
            says: &[
                r#"error: config.toml:2: `metrics.cluster_label` is "job": that label is there for another purpose: expected one such as "backup_cluster""#,
                r#"error: config.toml:3: `metrics.job_label` is "instance": that label is there for another purpose: expected one such as "backup_job""#,
            ],
            ..Case::NONE
        },
        Case {
            file: &[
                "[metrics]",
                r#"cluster_label = "x""#,
                r#"job_label = "x""#,
                GOOD,
            ],
            says: &[
                r#"error: config.toml:3: `metrics.job_label` is "x", as `cluster_label` is: expected another name"#,
            ],
            ..Case::NONE
        },
        Case {
            file: &["[metrics]", r#"cluster_label = "my-cluster""#, GOOD],
            says: &[
                r#"error: config.toml:2: `metrics.cluster_label` is "my-cluster": expected a label's name: letters, digits and `_`, no digit at the start, and no `__`"#,
            ],
            ..Case::NONE
        },
        Case {
            file: &["[metrics]", r#"cluster_label = "__name__""#, GOOD],
            says: &[
                r#"error: config.toml:2: `metrics.cluster_label` is "__name__": expected a label's name: letters, digits and `_`, no digit at the start, and no `__`"#,
            ],
            ..Case::NONE
        },
    ]);
}
