//! What an engine does not tell is refused, all at once, when the configuration is read.

use std::process::Command;

use crate::common::program;

fn said(engine: &str, more: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let config = format!(
        "[backends.aws]\ntype = \"s3\"\nregion = \"eu-central-1\"\n[backends.account]\ntype = \"file\"\n\
         [resolvers.names]\ntype = \"keys\"\n\
         [backends.reports]\ntype = \"inventory\"\nreports = \"inventories\"\n{engine}\
         [[destinations]]\nbackend = \"reports\"\nbucket = \"backups\"\nmax_age = \"49h\"\n{more}"
    );
    std::fs::write(folder.path().join("config.toml"), config).unwrap();
    let output = Command::new(program())
        .arg("check")
        .current_dir(folder.path())
        .env_clear()
        .output()
        .unwrap();
    String::from_utf8(output.stderr).unwrap()
}

const ENGINE: &str = "store = \"aws\"\nengine = \"http://ballista:50050\"\n";

#[test]
fn what_needs_the_keys_of_objects() {
    let clean = said(ENGINE, "");
    assert!(!clean.contains("error: "), "{clean}");
    let more = "include = [\"**/*.gz\"]\nexclude = [\"tmp/**\"]\nlayout = \"restic\"\nkeep = 3\nevery = \"1d\"\n\
                marker = \"ran\"\nalso = [\"sizes\", \"versions\"]\nresolver = \"names\"\n";
    let found = said(ENGINE, more);
    let errors: Vec<_> = found
        .lines()
        .filter(|line| line.starts_with("error: "))
        .collect();
    let keys = [
        "include", "exclude", "layout", "keep", "every", "marker", "resolver",
    ];
    for key in keys {
        let says =
            format!("`destinations[0].{key}` is of no use: the `engine` of its backend tells sums");
        assert!(
            errors.iter().any(|error| error.contains(&says)),
            "{key}: {found}"
        );
    }
    let of_also = errors
        .iter()
        .filter(|error| error.contains("which is of no use"));
    assert_eq!(of_also.count(), 2, "{found}");
}

#[test]
fn what_an_engine_cannot_read() {
    for (engine, says) in [
        (
            "format = \"azure\"\nreport = \"x\"\n",
            "`backends.reports.engine` is of no use with this `format`",
        ),
        (
            "spool = \"/tmp\"\n",
            "`backends.reports.spool` is of no use with `engine`",
        ),
    ] {
        let found = said(&format!("{ENGINE}{engine}"), "");
        assert!(found.contains(says), "{found}");
    }
    let elsewhere = said(
        "store = \"account\"\nengine = \"http://ballista:50050\"\n",
        "",
    );
    assert!(
        elsewhere.contains("an engine reads what is in S3"),
        "{elsewhere}"
    );
    let leaked = said(
        "store = \"aws\"\nengine = \"http://x:hunter2@ballista:50050\"\n",
        "",
    );
    assert!(
        leaked.contains("error: ") && !leaked.contains("hunter2"),
        "{leaked}"
    );
}
