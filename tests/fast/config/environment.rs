//! The environment, by its own variables and by `${NAME}`.

use crate::common::command::{BUCKET, Case, GOOD, STORE, refused};

#[test]
fn what_cannot_be_expanded() {
    refused(&[
        Case {
            file: &[STORE, r#"region = "${REGION}""#, BUCKET],
            says: &[
                "error: config.toml:3: `backends.s.region` uses ${REGION}, which is not set in the environment",
            ],
            ..Case::NONE
        },
        Case {
            file: &[
                STORE,
                r#"region = "${REGION""#,
                r#"endpoint = "${}""#,
                r#"profile = "${a-b}""#,
                BUCKET,
            ],
            says: &[
                "error: config.toml:3: `backends.s.region` holds a ${ without its }: write $${ where it is meant",
                "error: config.toml:4: `backends.s.endpoint` holds a ${...} without a variable's name in it: write $${ where it is meant",
                "error: config.toml:5: `backends.s.profile` holds a ${...} without a variable's name in it: write $${ where it is meant",
            ],
            ..Case::NONE
        },
        Case {
            file: &[
                STORE,
                r#"region = "${KEY}""#,
                BUCKET,
                r#"interval = "${KEY}""#,
                r#"expect = "${KEY}""#,
                r#"clusters = ["${KEY}/"]"#,
                r#"backend = "${KEY}""#,
            ],
            env: &[("KEY", "key-hunter-2 ")],
            says: &[
                r#"error: config.toml:3: `backends.s.region` is what its ${...} stands for: expected a region such as "eu-central-1""#,
                r#"error: config.toml:6: `destinations[0].interval` is what its ${...} stands for: expected a duration above zero such as "90s", "5m" or "1h30m""#,
                r#"error: config.toml:7: `destinations[0].expect` is what its ${...} stands for: expected "all" or "present""#,
                "error: config.toml:8: `destinations[0].clusters[0]` is what its ${...} stands for: no cluster's name holds a `/` or a control character",
                r#"error: config.toml:9: `destinations[0].backend` is what its ${...} stands for, which is not defined: expected one of "s""#,
            ],
            ..Case::NONE
        },
        Case {
            file: &[
                "[server]",
                r#"listen = ["${KEY}"]"#,
                "[log]",
                r#"level = "${KEY}""#,
                r#"format = "${KEY}""#,
                "[metrics]",
                r#"compat = ["${KEY}"]"#,
                r#"cluster_label = "${KEY}""#,
                STORE,
                "[[destinations]]",
                r#"bucket = "${KEY}""#,
            ],
            env: &[("KEY", "key-hunter-2 ")],
            says: &[
                r#"error: config.toml:2: `server.listen[0]` is what its ${...} stands for: expected host and port, such as ":9340", "127.0.0.1:9340" or "[::1]:9340""#,
                r#"error: config.toml:4: `log.level` is what its ${...} stands for: expected off, error, warn, info, debug or trace, or a filter such as "info,kube=warn""#,
                r#"error: config.toml:5: `log.format` is what its ${...} stands for: expected "json" or "console""#,
                r#"error: config.toml:7: `metrics.compat[0]` is what its ${...} stands for: expected "kubermatic_s3" or "kubermatic_etcdbackup" or "ribbybibby" or "tropnikovvl""#,
                "error: config.toml:8: `metrics.cluster_label` is what its ${...} stands for: expected a label's name: letters, digits and `_`, no digit at the start, and no `__`",
                "error: config.toml:12: `destinations[0].bucket` is what its ${...} stands for: no bucket's name holds a blank or a control character",
            ],
            ..Case::NONE
        },
        Case {
            file: &[
                STORE,
                r#"expected_bucket_owner = "${KEY}""#,
                r#"endpoint = "${KEY}""#,
                r#"proxy = "${KEY}""#,
                BUCKET,
            ],
            env: &[("KEY", "key-hunter-2 ")],
            says: &[
                "error: config.toml:3: `backends.s.expected_bucket_owner` is what its ${...} stands for: expected an account's 12 digits, in quotes",
                r#"error: config.toml:4: `backends.s.endpoint` is not an address (it holds a blank or a line end): expected one such as "https://minio.example:9000""#,
                r#"error: config.toml:5: `backends.s.proxy` holds a space at its end, once its ${...} is replaced: take it out"#,
            ],
            ..Case::NONE
        },
    ]);
}

#[test]
fn variables() {
    refused(&[
        Case {
            file: &[GOOD],
            env: &[("S3_EXPORTER__SCAN__INTERVALL", "1m")],
            says: &[
                "error: environment variable S3_EXPORTER__SCAN__INTERVALL: unknown key `scan.intervall`: did you mean `interval`?",
            ],
            ..Case::NONE
        },
        Case {
            file: &[GOOD],
            env: &[
                ("S3_EXPORTER__SCAN__INTERVAL", "often"),
                ("S3_EXPORTER__SCAN__CONCURRENCY", "0"),
            ],
            says: &[
                r#"error: environment variable S3_EXPORTER__SCAN__CONCURRENCY: `scan.concurrency` is "0": expected a whole number from 1 to 1000"#,
                r#"error: environment variable S3_EXPORTER__SCAN__INTERVAL: `scan.interval` is "often": expected a duration above zero such as "90s", "5m" or "1h30m""#,
            ],
            ..Case::NONE
        },
        Case {
            file: &[GOOD],
            env: &[
                ("S3_EXPORTER__SCAN", "1m"),
                ("S3_EXPORTER__SCAN__TIMEOUT", "1m"),
            ],
            says: &[
                r#"error: environment variable S3_EXPORTER__SCAN: `scan` is a text: expected a table"#,
                "error: environment variable S3_EXPORTER__SCAN__TIMEOUT: `scan` is set as a text and as a table by the environment",
            ],
            ..Case::NONE
        },
        Case {
            file: &[GOOD],
            env: &[("S3_EXPORTER__SCAN", "1m")],
            says: &[
                r#"error: environment variable S3_EXPORTER__SCAN: `scan` is a text: expected a table"#,
            ],
            ..Case::NONE
        },
        Case {
            file: &[GOOD],
            env: &[("S3_EXPORTER__scan__INTERVAL", "1m")],
            says: &[
                "error: environment variable S3_EXPORTER__scan__INTERVAL: its name must be in upper case: S3_EXPORTER__SCAN__INTERVAL",
            ],
            ..Case::NONE
        },
        Case {
            file: &[GOOD],
            env: &[("S3_EXPORTER__DESTINATIONS__0__BUCKET", "c")],
            says: &[
                "error: environment variable S3_EXPORTER__DESTINATIONS__0__BUCKET: destinations are not set by environment: write them into the file",
            ],
            ..Case::NONE
        },
        Case {
            file: &[GOOD],
            env: &[("S3_EXPORTER__", "c"), ("S3_EXPORTER____SCAN", "c")],
            says: &[
                "error: environment variable S3_EXPORTER__: it names no key: expected one such as S3_EXPORTER__SCAN__INTERVAL",
                "error: environment variable S3_EXPORTER____SCAN: it names no key: expected one such as S3_EXPORTER__SCAN__INTERVAL",
            ],
            ..Case::NONE
        },
        Case {
            file: &[GOOD],
            env: &[(
                "S3_EXPORTER__BACKENDS__S__SECRET_ACCESS_KEY_ID",
                "key-hunter-2",
            )],
            says: &[
                "error: environment variable S3_EXPORTER__BACKENDS__S__SECRET_ACCESS_KEY_ID: unknown key `backends.s.secret_access_key_id`: did you mean `secret_access_key_file`?",
            ],
            ..Case::NONE
        },
        Case {
            file: &[GOOD],
            env: &[(
                "S3_EXPORTER__BACKENDS__S__ENDPOINT",
                "https://id-hunter-1:key-hunter-2@x",
            )],
            says: &[
                "error: environment variable S3_EXPORTER__BACKENDS__S__ENDPOINT: `backends.s.endpoint` must not hold a user or a password: use `access_key_id` and `secret_access_key`",
            ],
            ..Case::NONE
        },
        Case {
            file: &[GOOD],
            env: &[("S3_EXPORTER__BACKENDS__S__SECRET_ACCESS_KEY_FILE", "f")],
            says: &[
                "error: environment variable S3_EXPORTER__BACKENDS__S__SECRET_ACCESS_KEY_FILE: `backends.s.secret_access_key_file` is given together with `secret_access_key`: give one of the two",
            ],
            ..Case::NONE
        },
        Case {
            file: &[GOOD],
            env: &[
                ("S3_EXPORTER__METRICS__COMPAT", "kubermatic_s3,other"),
                ("S3_EXPORTER__SERVER__LISTEN", "9340,:9341"),
            ],
            says: &[
                r#"error: environment variable S3_EXPORTER__METRICS__COMPAT: `metrics.compat[1]` is "other": expected "kubermatic_s3" or "kubermatic_etcdbackup" or "ribbybibby" or "tropnikovvl""#,
                r#"error: environment variable S3_EXPORTER__SERVER__LISTEN: `server.listen[0]` is "9340": expected host and port, such as ":9340", "127.0.0.1:9340" or "[::1]:9340""#,
            ],
            ..Case::NONE
        },
        Case {
            file: &[
                "[backends.a-b]",
                r#"type = "s3""#,
                "[backends.a_b]",
                r#"type = "s3""#,
                BUCKET,
                r#"backend = "a-b""#,
            ],
            env: &[("S3_EXPORTER__BACKENDS__A_B__REGION", "x")],
            says: &[
                "warning: config.toml:3: `backends.a_b` is defined, but no destination uses it",
                "error: environment variable S3_EXPORTER__BACKENDS__A_B__REGION: it may mean any of `backends.a-b`, `backends.a_b`: give them names that differ in more than `-` and `_`",
            ],
            ..Case::NONE
        },
        Case {
            file: &[GOOD],
            env: &[("S3_EXPORTER__BACKENDS__T__REGION", "x")],
            says: &[
                r#"error: config.toml:6: `destinations[0].backend` is missing: expected one of "s", "t""#,
                r#"error: environment variable S3_EXPORTER__BACKENDS__T__REGION: `backends.t.type` is missing: expected "inventory" or "opendal" or "azure" or "command" or "file" or "gcs" or "minio" or "s3""#,
            ],
            ..Case::NONE
        },
    ]);
}
