//! Stores and resolvers.

use crate::common::command::{BUCKET, Case, GOOD, STORE, refused};

#[test]
fn stores() {
    refused(&[
        Case {
            file: &[BUCKET],
            says: &[
                "error: config.toml:1: `destinations[0].backend` is missing: define a store as [backends.<name>]",
            ],
            ..Case::NONE
        },
        Case {
            file: &["[backends.s]", r#"region = "x""#, BUCKET],
            says: &[
                r#"error: config.toml:1: `backends.s.type` is missing: expected "inventory" or "opendal" or "azure" or "command" or "file" or "gcs" or "minio" or "s3""#,
            ],
            ..Case::NONE
        },
        Case {
            file: &[
                "[backends.s]",
                r#"type = "minoi""#,
                r#"endpoint = "x""#,
                BUCKET,
            ],
            says: &[
                r#"error: config.toml:2: `backends.s.type` is "minoi": expected "inventory" or "opendal" or "azure" or "command" or "file" or "gcs" or "minio" or "s3"; did you mean "minio"?"#,
            ],
            ..Case::NONE
        },
        Case {
            file: &["[backends.s]", "type = 5", BUCKET],
            says: &[
                r#"error: config.toml:2: `backends.s.type` is 5: expected "inventory" or "opendal" or "azure" or "command" or "file" or "gcs" or "minio" or "s3""#,
            ],
            ..Case::NONE
        },
        Case {
            file: &["[backends.S3]", r#"type = "s3""#, STORE, BUCKET],
            says: &[
                "error: config.toml:1: `backends.S3` is no name that can be used: expected lower-case letters, digits, `_` and `-`",
                r#"error: config.toml:5: `destinations[0].backend` is missing: expected one of "S3", "s""#,
            ],
            ..Case::NONE
        },
        Case {
            file: &["[backends.s]", r#"type = "minio""#, BUCKET],
            says: &[
                r#"error: config.toml:1: `backends.s.endpoint` is missing: expected an address such as "https://minio.example:9000""#,
                "error: config.toml:1: `backends.s.access_key_id` is missing: give it and `secret_access_key` (or the two as `access_key_id_file` and `secret_access_key_file`), or `anonymous = true` for a public bucket",
            ],
            ..Case::NONE
        },
        Case {
            file: &[
                "[backends.s]",
                r#"type = "minio""#,
                r#"endpoint = "https://minio.example:9000""#,
                r#"access_key_id = "id-hunter-1""#,
                BUCKET,
            ],
            says: &[
                "error: config.toml:1: `backends.s.secret_access_key` is missing: `access_key_id` is of no use without it (or `secret_access_key_file`)",
            ],
            ..Case::NONE
        },
        Case {
            file: &[
                "[backends.s]",
                r#"type = "minio""#,
                r#"endpoint = "https://id-hunter-1:key-hunter-2@minio.example""#,
                "anonymous = true",
                BUCKET,
            ],
            says: &[
                "error: config.toml:3: `backends.s.endpoint` must not hold a user or a password: use `access_key_id` and `secret_access_key`",
            ],
            ..Case::NONE
        },
        Case {
            file: &[STORE, r#"endpoint = "ftp://x""#, BUCKET],
            says: &[
                r#"error: config.toml:3: `backends.s.endpoint` has the scheme "ftp": expected http or https"#,
            ],
            ..Case::NONE
        },
        Case {
            file: &[STORE, r#"endpoint = "https://x/path?bucket""#, BUCKET],
            says: &[
                "error: config.toml:3: `backends.s.endpoint` must end after host, port and path: a bucket goes into `bucket`",
            ],
            ..Case::NONE
        },
        Case {
            file: &[STORE, r#"endpoint = "https://""#, BUCKET],
            says: &[
                r#"error: config.toml:3: `backends.s.endpoint` is not an address (empty host): expected one such as "https://minio.example:9000""#,
            ],
            ..Case::NONE
        },
        Case {
            file: &[STORE, r#"endpoint = "https://a b""#, BUCKET],
            says: &[
                r#"error: config.toml:3: `backends.s.endpoint` is not an address (it holds a blank or a line end): expected one such as "https://minio.example:9000""#,
            ],
            ..Case::NONE
        },
        Case {
            file: &[
                STORE,
                r#"secret_access_key = "key-hunter-2""#,
                r#"secret_access_key_file = "f""#,
                "access_key_id = 5",
                BUCKET,
            ],
            says: &[
                "error: config.toml:4: `backends.s.secret_access_key_file` is given together with `secret_access_key`: give one of the two",
                "error: config.toml:5: `backends.s.access_key_id` is no string: put it in quotes",
            ],
            ..Case::NONE
        },
        Case {
            file: &[
                STORE,
                r#"secret_access_key = ["key-hunter-2"]"#,
                r#"access_key_id = """#,
                BUCKET,
            ],
            says: &[
                "error: config.toml:3: `backends.s.secret_access_key` is no string: put it in quotes",
                "error: config.toml:4: `backends.s.access_key_id` must not be empty",
            ],
            ..Case::NONE
        },
        Case {
            file: &[
                STORE,
                r#"anonymous = "yes""#,
                r#"proxy = "id-hunter-1:key-hunter-2@proxy""#,
                "max_requests_in_flight = 0",
                BUCKET,
            ],
            says: &[
                r#"error: config.toml:3: `backends.s.anonymous` is "yes": expected true or false"#,
                r#"error: config.toml:4: `backends.s.proxy` is no proxy's address: expected one such as "http://proxy.example:3128""#,
                "error: config.toml:5: `backends.s.max_requests_in_flight` is 0: expected a whole number from 1 to 10000",
            ],
            ..Case::NONE
        },
        Case {
            file: &[STORE, "price_per_1000_requests = -1", BUCKET],
            says: &[
                "error: config.toml:3: `backends.s.price_per_1000_requests` is -1: expected a number from 0 to 1000",
            ],
            ..Case::NONE
        },
        Case {
            file: &[STORE, r#"price_per_1000_requests = "0.005 USD""#, BUCKET],
            says: &[
                r#"error: config.toml:3: `backends.s.price_per_1000_requests` is "0.005 USD": expected a number from 0 to 1000"#,
            ],
            ..Case::NONE
        },
        Case {
            file: &[
                STORE,
                "anonymous = true",
                r#"access_key_id = "id-hunter-1""#,
                r#"secret_access_key = "key-hunter-2""#,
                BUCKET,
            ],
            says: &[
                "error: config.toml:3: `backends.s.anonymous` is of no use together with keys: give one of the two",
            ],
            ..Case::NONE
        },
    ]);
}

#[test]
fn resolvers() {
    refused(&[
        Case {
            file: &[
                "[resolvers.r]",
                r#"clusters = ["a"]"#,
                GOOD,
                r#"resolver = "r""#,
            ],
            says: &[
                r#"error: config.toml:1: `resolvers.r.type` is missing: expected "kubernetes" or "static" or "keys""#,
            ],
            ..Case::NONE
        },
        Case {
            file: &[
                "[resolvers.r]",
                r#"type = "kubernets""#,
                GOOD,
                r#"resolver = "r""#,
            ],
            says: &[
                r#"error: config.toml:2: `resolvers.r.type` is "kubernets": expected "kubernetes" or "static" or "keys"; did you mean "kubernetes"?"#,
            ],
            ..Case::NONE
        },
        Case {
            file: &[
                "[resolvers.r]",
                r#"type = "static""#,
                GOOD,
                r#"resolver = "r""#,
            ],
            says: &[
                "error: config.toml:1: `resolvers.r.clusters` is missing: give it, or `clusters_file`, or both",
            ],
            ..Case::NONE
        },
        Case {
            file: &[
                "[resolvers.r]",
                r#"type = "static""#,
                r#"clusters = ["a", "", "b/c", "a", "d\n"]"#,
                GOOD,
                r#"resolver = "r""#,
            ],
            says: &[
                "error: config.toml:3: `resolvers.r.clusters[1]` must not be empty",
                r#"error: config.toml:3: `resolvers.r.clusters[2]` is "b/c": no cluster's name holds a `/` or a control character"#,
                r#"error: config.toml:3: `resolvers.r.clusters[3]` is "a", which is there already"#,
                r#"error: config.toml:3: `resolvers.r.clusters[4]` is "d\n": no cluster's name holds a `/` or a control character"#,
            ],
            ..Case::NONE
        },
        Case {
            file: &[
                "[resolvers.r]",
                r#"type = "kubernetes""#,
                r#"api_version = "a/b/c""#,
                r#"kind = """#,
                r#"clusters = ["a"]"#,
                GOOD,
                r#"resolver = "r""#,
            ],
            says: &[
                r#"error: config.toml:3: `resolvers.r.api_version` is "a/b/c": expected group and version such as "kubermatic.k8c.io/v1""#,
                "error: config.toml:4: `resolvers.r.kind` must not be empty",
                "error: config.toml:5: unknown key `resolvers.r.clusters`",
            ],
            ..Case::NONE
        },
        Case {
            file: &[
                "[resolvers.rr]",
                r#"type = "static""#,
                r#"clusters = ["a"]"#,
                "[resolvers.s]",
                r#"type = "static""#,
                "clusters = []",
                GOOD,
                r#"resolver = "rrr""#,
            ],
            says: &[
                "error: config.toml:6: `resolvers.s.clusters` is empty: expected the clusters' names",
                r#"error: config.toml:14: `destinations[0].resolver` is "rrr", which is not defined: did you mean "rr"?"#,
            ],
            ..Case::NONE
        },
        Case {
            file: &[GOOD, r#"resolver = "kkp""#],
            says: &[
                r#"error: config.toml:8: `destinations[0].resolver` is "kkp", which is not defined: define it as [resolvers.<name>]"#,
            ],
            ..Case::NONE
        },
    ]);
}

/// Stores that are no servers, with every fault at once.
#[test]
#[cfg(all(feature = "file", feature = "command"))]
fn folders_and_programs() {
    refused(&[
        Case {
            file: &[
                "[backends.disk]",
                r#"type = "file""#,
                r#"ignore = ["a/b"]"#,
                r#"marker = "/config""#,
                "endpoint = 5",
                "[[destinations]]",
                r#"bucket = "backups""#,
            ],
            says: &[
                r#"error: config.toml:3: `backends.disk.ignore[0]` is "a/b": expected the pattern of a name such as "*.tmp", which holds no `/`"#,
                r#"error: config.toml:4: `backends.disk.marker` is "/config": expected a path below the bucket such as ".mounted", without `.`, `..` and `/` at an end"#,
                "error: config.toml:5: unknown key `backends.disk.endpoint`",
            ],
            ..Case::NONE
        },
        Case {
            file: &[
                "[backends.disk]",
                r#"type = "file""#,
                "[[destinations]]",
                r#"bucket = "backups""#,
                "[[destinations]]",
                r#"buckets = ["/srv/Backups_of all", "/srv/x/../y"]"#,
            ],
            says: &[
                r#"error: config.toml:4: `destinations[0].bucket` is "backups": expected the absolute path of a folder such as "/srv/backups", without `.`, `..` and `/` at its end"#,
                r#"error: config.toml:6: `destinations[1].buckets[1]` is "/srv/x/../y": expected the absolute path of a folder such as "/srv/backups", without `.`, `..` and `/` at its end"#,
            ],
            ..Case::NONE
        },
        Case {
            file: &[
                "[commands]",
                r#"allowed = ["rclone", "/usr/bin/other"]"#,
                "[backends.remote]",
                r#"type = "command""#,
                r#"program = "/usr/bin/rclone""#,
                r#"arguments = ["lsf", "{bucket}"]"#,
                r#"environment = { TZ = "CET", S = "key-hunter-2" }"#,
                "[[destinations]]",
                r#"bucket = "--config=x""#,
            ],
            says: &[
                r#"error: config.toml:2: `commands.allowed[0]` is "rclone": expected an absolute path such as "/usr/bin/rclone""#,
                "error: config.toml:5: `backends.remote.program` is not allowed to be run: add its path to `allowed` in [commands]",
                "error: config.toml:7: `backends.remote.environment.TZ` is always UTC here: leave it out",
                r#"error: config.toml:9: `destinations[0].bucket` is "--config=x": expected what the program knows the bucket by: it must not begin with `-` nor hold a control character"#,
            ],
            ..Case::NONE
        },
    ]);
}
