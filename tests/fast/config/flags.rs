//! Flags alone, and flags beside a file.

use crate::common::command::{Case, GOOD, refused};

#[test]
fn flags() {
    refused(&[
        Case {
            file: &[GOOD],
            args: &[
                "--config.auto-reload",
                "--config.auto-reload-interval",
                "0s",
                "-bucket",
                "b",
            ],
            says: &[
                "error: flag --config.auto-reload-interval: it is \"0s\": expected a duration above zero and not above 1day, such as \"30s\"",
                "error: flag -bucket: it makes a destination, and so does the file config.toml: use flags or a file, not both",
            ],
            ..Case::NONE
        },
        Case {
            file: &["x = 1", GOOD],
            args: &["--config.auto-reload-interval=30s"],
            says: &[
                "warning: flag --config.auto-reload-interval: it is of no use without --config.auto-reload",
                "error: config.toml:1: unknown key `x`",
            ],
            ..Case::NONE
        },
        Case {
            says: &[
                "error: there is nothing to watch: name a configuration file with --config FILE (or put config.toml into the working folder), or give -endpoint, -access-key-id and -secret-access-key",
            ],
            ..Case::NONE
        },
        Case {
            args: &[
                "-access-key-id",
                "id-hunter-1",
                "-secret-access-key",
                "key-hunter-2",
            ],
            says: &[
                "error: there is nothing to watch: name a configuration file with --config FILE (or put config.toml into the working folder), or give -endpoint, -access-key-id and -secret-access-key",
            ],
            ..Case::NONE
        },
        Case {
            args: &["-endpoint", "minio:9000"],
            says: &[
                "error: without a configuration file all of -endpoint, -access-key-id and -secret-access-key are needed (or ACCESS_KEY_ID and SECRET_ACCESS_KEY in the environment for the latter two), but there is no -access-key-id and no -secret-access-key",
            ],
            ..Case::NONE
        },
        Case {
            args: &["-endpoint", "minio:9000", "-access-key-id", "id-hunter-1"],
            says: &[
                "error: without a configuration file all of -endpoint, -access-key-id and -secret-access-key are needed (or ACCESS_KEY_ID and SECRET_ACCESS_KEY in the environment for the latter two), but there is no -secret-access-key",
            ],
            ..Case::NONE
        },
        Case {
            args: &[
                "-endpoint",
                "minio:9000",
                "-access-key-id",
                "id-hunter-1",
                "-secret-access-key=",
            ],
            says: &[
                "error: without a configuration file all of -endpoint, -access-key-id and -secret-access-key are needed (or ACCESS_KEY_ID and SECRET_ACCESS_KEY in the environment for the latter two), but there is no -secret-access-key",
            ],
            ..Case::NONE
        },
        Case {
            args: &[
                "-endpoint",
                "https://id-hunter-1:key-hunter-2@minio",
                "-access-key-id",
                "id-hunter-1",
                "-secret-access-key",
                "key-hunter-2",
            ],
            says: &[
                "error: flag -endpoint: `backends.minio.endpoint` must not hold a user or a password: use `access_key_id` and `secret_access_key`",
            ],
            ..Case::NONE
        },
        Case {
            args: &[
                "-endpoint",
                "minio:9000",
                "-access-key-id",
                "id-hunter-1",
                "-secret-access-key",
                "key-hunter-2",
                "-backend",
                "swift",
            ],
            says: &[
                r#"error: flag -backend: `backends.minio.type` is "swift": expected "inventory" or "opendal" or "azure" or "command" or "file" or "gcs" or "minio" or "s3""#,
            ],
            ..Case::NONE
        },
        Case {
            args: &[
                "-endpoint",
                "minio:9000",
                "-access-key-id",
                "id-hunter-1",
                "-secret-access-key",
                "key-hunter-2",
                "-cluster",
                "a",
                "-cluster",
                "a/b",
            ],
            says: &[
                r#"error: flag -cluster: `resolvers.static.clusters[1]` is "a/b": no cluster's name holds a `/` or a control character"#,
            ],
            ..Case::NONE
        },
        Case {
            args: &[
                "-endpoint",
                "minio:9000",
                "-access-key-id",
                "id-hunter-1",
                "-secret-access-key",
                "key-hunter-2",
                "-bucket",
                "a/b",
                "-region",
                "x y",
                "-address",
                "9340",
                "-log-format",
                "xml",
            ],
            says: &[
                r#"error: flag -address: `server.listen[0]` is "9340": expected host and port, such as ":9340", "127.0.0.1:9340" or "[::1]:9340""#,
                r#"error: flag -bucket: `destinations[0].bucket` is "a/b": expected the bucket's name alone; what follows the `/` goes into `prefix`"#,
                r#"error: flag -log-format: `log.format` is "xml": expected "json" or "console""#,
                r#"error: flag -region: `backends.minio.region` is "x y": expected a region such as "eu-central-1""#,
            ],
            ..Case::NONE
        },
        Case {
            env: &[("S3_EXPORTER__SCAN__INTERVAL", "x")],
            args: &[
                "-endpoint",
                "minio:9000",
                "-access-key-id",
                "id-hunter-1",
                "-secret-access-key",
                "key-hunter-2",
            ],
            says: &[
                r#"error: environment variable S3_EXPORTER__SCAN__INTERVAL: `scan.interval` is "x": expected a duration above zero such as "90s", "5m" or "1h30m""#,
            ],
            ..Case::NONE
        },
        Case {
            file: &[GOOD],
            args: &["-bucket", "b"],
            says: &[
                "error: flag -bucket: it makes a destination, and so does the file config.toml: use flags or a file, not both",
            ],
            ..Case::NONE
        },
        Case {
            file: &[GOOD],
            args: &[
                "--config",
                "config.toml",
                "-endpoint",
                "minio:9000",
                "-access-key-id",
                "id-hunter-1",
                "-secret-access-key",
                "key-hunter-2",
            ],
            says: &[
                "error: flag -access-key-id: it makes a destination, and so does the file config.toml: use flags or a file, not both",
                "error: flag -endpoint: it makes a destination, and so does the file config.toml: use flags or a file, not both",
                "error: flag -secret-access-key: it makes a destination, and so does the file config.toml: use flags or a file, not both",
            ],
            ..Case::NONE
        },
        Case {
            file: &[GOOD],
            args: &["--config", "nowhere.toml"],
            says: &[
                "error: flag --config: reading nowhere.toml: No such file or directory (os error 2)",
            ],
            ..Case::NONE
        },
        Case {
            file: &[GOOD],
            args: &["--listen", "x", "--listen", ":1", "--log.level", "inof"],
            says: &[
                r#"error: flag --listen: `server.listen[0]` is "x": expected host and port, such as ":9340", "127.0.0.1:9340" or "[::1]:9340""#,
                r#"error: flag --log.level: `log.level` is "inof": expected off, error, warn, info, debug or trace, or a filter such as "info,kube=warn"; did you mean "info"?"#,
            ],
            ..Case::NONE
        },
    ]);
}
