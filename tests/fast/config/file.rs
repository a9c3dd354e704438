//! What is wrong with the text of the file, and with its keys.

use crate::common::command::{BUCKET, Case, GOOD, STORE, refused};

#[test]
fn text_that_is_not_toml() {
    refused(&[
        Case {
            file: &["a = ", GOOD],
            says: &[
                "error: config.toml:1: this is not TOML, column 5: string values must be quoted, expected literal string",
            ],
            ..Case::NONE
        },
        Case {
            file: &["[scan", r#"interval = "5m""#, "[log]]", "level = "],
            says: &[
                "error: config.toml:1: this is not TOML, column 6: unclosed table, expected `]`",
                "error: config.toml:3: this is not TOML, column 6: unexpected key or value, expected newline, `#`",
                "error: config.toml:4: this is not TOML, column 9: string values must be quoted, expected literal string",
            ],
            ..Case::NONE
        },
        Case {
            file: &["[backends.s]", r#"secret_access_key = "key-hunter-2"#],
            says: &[
                r#"error: config.toml:2: this is not TOML, column 34: invalid basic string, expected `"`"#,
            ],
            ..Case::NONE
        },
        Case {
            file: &["[backends.s]", "secret_access_key = key-hunter-2"],
            says: &[
                "error: config.toml:2: this is not TOML, column 21: string values must be quoted, expected literal string",
            ],
            ..Case::NONE
        },
        Case {
            file: &["[backends.s]", r#"secret_access_key = "a" key-hunter-2"#],
            says: &[
                "error: config.toml:2: this is not TOML, column 25: unexpected key or value, expected newline, `#`",
            ],
            ..Case::NONE
        },
        Case {
            file: &["[scan]", r#"interval = "5m""#, r#"interval = "6m""#, GOOD],
            says: &["error: config.toml:3: this is not TOML, column 1: duplicate key"],
            ..Case::NONE
        },
        Case {
            file: &["[scan]", "interval = 1979-05-27", GOOD],
            says: &[
                "error: config.toml:2: `scan.interval` is a date or a time, which no key takes: put it in quotes where a text is meant",
            ],
            ..Case::NONE
        },
        Case {
            file: &[
                "[scan]",
                "max_requests_in_flight = 999999999999999999999999999999999999999999",
                GOOD,
            ],
            says: &["error: config.toml:2: `scan.max_requests_in_flight` is too large a number"],
            ..Case::NONE
        },
    ]);
}

#[test]
fn keys_that_nobody_knows() {
    refused(&[
        Case {
            file: &[r#"intervall = "5m""#, GOOD],
            says: &["error: config.toml:1: unknown key `intervall`"],
            ..Case::NONE
        },
        Case {
            file: &["[scann]", r#"interval = "5m""#, GOOD],
            says: &["error: config.toml:1: unknown key `scann`: did you mean `scan`?"],
            ..Case::NONE
        },
        Case {
            file: &["[scan]", r#"intervall = "5m""#, "foo = 1", GOOD],
            says: &[
                "error: config.toml:2: unknown key `scan.intervall`: did you mean `interval`?",
                "error: config.toml:3: unknown key `scan.foo`",
            ],
            ..Case::NONE
        },
        Case {
            file: &[
                "[backends.s]",
                r#"type = "minio""#,
                r#"endpoint = "https://minio.example:9000""#,
                r#"access_key_id = "id-hunter-1""#,
                r#"secret_acces_key = "key-hunter-2""#,
                BUCKET,
            ],
            says: &[
                "error: config.toml:5: unknown key `backends.s.secret_acces_key`: did you mean `secret_access_key`?",
            ],
            ..Case::NONE
        },
        Case {
            file: &[STORE, "[[destinations]]", r#"buckett = "b""#],
            says: &[
                "error: config.toml:4: unknown key `destinations[0].buckett`: did you mean `bucket`?",
            ],
            ..Case::NONE
        },
        Case {
            file: &["scan = 5", GOOD],
            says: &["error: config.toml:1: `scan` is 5: expected a table"],
            ..Case::NONE
        },
        Case {
            file: &["backends = 5", BUCKET],
            says: &["error: config.toml:1: `backends` is 5: expected a table"],
            ..Case::NONE
        },
        Case {
            file: &[r#"destinations = "b""#, STORE],
            says: &[
                r#"error: config.toml:1: `destinations` is "b": expected a list of tables, each of which begins with [[destinations]]"#,
            ],
            ..Case::NONE
        },
        Case {
            file: &[r#"destinations = ["b"]"#, STORE],
            says: &[r#"error: config.toml:1: `destinations[0]` is a text: expected a table"#],
            ..Case::NONE
        },
        Case {
            file: &["[backends]", r#"s = "s3""#, BUCKET],
            says: &[r#"error: config.toml:2: `backends.s` is a text: expected a table"#],
            ..Case::NONE
        },
    ]);
}

#[test]
fn a_role_that_nobody_can_assume() {
    refused(&[
        Case {
            file: &[
                STORE,
                r#"external_id = "key-hunter-2""#,
                r#"role_session_name = "x y""#,
                r#"sts_endpoint = "ftp://sts""#,
                BUCKET,
            ],
            says: &[
                "error: config.toml:3: `backends.s.external_id` is of no use without `role_arn`",
                "error: config.toml:4: `backends.s.role_session_name` is of no use without `role_arn`",
                "error: config.toml:5: `backends.s.sts_endpoint` is of no use without `role_arn`",
            ],
            ..Case::NONE
        },
        Case {
            file: &[
                STORE,
                r#"role_arn = "reader""#,
                r#"role_session_name = "x""#,
                r#"sts_endpoint = "https://sts/path?x""#,
                BUCKET,
            ],
            says: &[
                r#"error: config.toml:3: `backends.s.role_arn` is "reader": expected a role's ARN such as "arn:aws:iam::123456789012:role/backup-reader""#,
                r#"error: config.toml:4: `backends.s.role_session_name` is "x": expected 2 to 64 letters, digits and +=,.@-_"#,
                "error: config.toml:5: `backends.s.sts_endpoint` must end after host, port and path: a bucket goes into `bucket`",
            ],
            ..Case::NONE
        },
    ]);
}
