//! `[probe]` and its modules.

use crate::common::command::{Case, STORE, refused};

#[test]
fn modules() {
    refused(&[
        Case {
            file: &[STORE, "[probe]", "max_scans = 9"],
            says: &[
                "error: config.toml: `destinations` is missing: give at least one [[destinations]] with a `bucket`",
            ],
            ..Case::NONE
        },
        Case {
            file: &[
                STORE,
                "[probe]",
                "max_scans = 0",
                "max_targets = \"many\"",
                "timeout_offset = \"soon\"",
                "[probe.modules.A]",
                "buckets = [\"a\"]",
                "[probe.modules.b]",
                "[probe.modules.c]",
                "buckets = []",
                "[probe.modules.d]",
                r#"buckets = ["!x"]"#,
                "[probe.modules.e]",
                r#"buckets = ["a", "", "[x"]"#,
                "[probe.modules.f]",
                r#"bucket = "a""#,
                r#"prefix = "p/""#,
                r#"mirror_of = "x""#,
                r#"audit_interval = "1h""#,
                r#"buckets = ["a"]"#,
                r#"backend = "none""#,
                r#"max_age = "soon""#,
                r#"resolver = "nobody""#,
            ],
            says: &[
                r#"error: config.toml:4: `probe.max_scans` is 0: expected a whole number from 1 to 1000"#,
                r#"error: config.toml:5: `probe.max_targets` is "many": expected a whole number from 1 to 100000"#,
                r#"error: config.toml:6: `probe.timeout_offset` is "soon": expected a duration such as "12h" or "7d", or "0s" for never"#,
                r#"error: config.toml:7: `probe.modules.A` is no name that can be used: expected lower-case letters, digits, `_` and `-`"#,
                r#"error: config.toml:9: `probe.modules.b.buckets` is missing: expected the names or globs of those that may be asked for, such as ["backup-*", "!backup-old"]; ["*"] is all"#,
                r#"error: config.toml:11: `probe.modules.c.buckets` is empty: expected the names or globs of those that may be asked for, such as ["backup-*", "!backup-old"]; ["*"] is all"#,
                r#"error: config.toml:13: `probe.modules.d.buckets` is "!x", which allows none: expected the names or globs of those that may be asked for, such as ["backup-*", "!backup-old"]; ["*"] is all"#,
                r#"error: config.toml:15: `probe.modules.e.buckets[1]` is "", which is empty"#,
                r#"error: config.toml:15: `probe.modules.e.buckets[2]` is "[x", which is no glob: unclosed character class; missing ']'"#,
                r#"error: config.toml:17: unknown key `probe.modules.f.bucket`: did you mean `buckets`?"#,
                r#"error: config.toml:18: unknown key `probe.modules.f.prefix`"#,
                r#"error: config.toml:19: unknown key `probe.modules.f.mirror_of`"#,
                r#"error: config.toml:20: unknown key `probe.modules.f.audit_interval`: did you mean `also_interval`?"#,
                r#"error: config.toml:22: `probe.modules.f.backend` is "none", which is not defined: expected one of "s""#,
                r#"error: config.toml:23: `probe.modules.f.max_age` is "soon": expected a duration above zero such as "90s", "5m" or "1h30m""#,
                r#"error: config.toml:24: `probe.modules.f.resolver` is "nobody", which is not defined: define it as [resolvers.<name>]"#,
            ],
            ..Case::NONE
        },
    ]);
}
