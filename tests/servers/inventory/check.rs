//! What `check` says of a backend that reads by another one.

use std::process::Command;

use crate::common::example;

const DESTINATION: &str =
    "[[destinations]]\nbackend = \"reports\"\nbucket = \"backups\"\nmax_age = \"49h\"\n";

/// The faults of a configuration with such a section.
fn faults(store: &str, more: &str) -> Vec<String> {
    let said = said_of(store, more, "");
    let errors = said.lines().filter(|line| line.starts_with("error: "));
    let errors = errors.map(|line| line.split_once("`backends").map_or(line, |(_, rest)| rest));
    errors.map(str::to_owned).collect()
}

/// What `check` says; `own` is what the section has beside what it needs.
fn said_of(store: &str, more: &str, own: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let config = format!(
        "{more}[backends.aws]\ntype = \"s3\"\nregion = \"eu-central-1\"\n\
         [backends.reports]\ntype = \"inventory\"\nstore = \"{store}\"\nreports = \"inventories\"\n{own}{DESTINATION}"
    );
    std::fs::write(folder.path().join("config.toml"), config).unwrap();
    let output = Command::new(example("with_inventory"))
        .arg("check")
        .current_dir(folder.path())
        .env_clear()
        .output()
        .unwrap();
    String::from_utf8(output.stderr).unwrap()
}

/// A report of each week cannot tell that a backup of each second day is late.
#[test]
fn a_max_age_is_held_against_the_time_between_reports() {
    let says = "`destinations[0].max_age` is shorter than the time from one report to the next (7days): \
                a late backup is noticed only by the next report";
    let weekly = said_of("aws", "", "every = \"7d\"\n");
    assert!(weekly.contains(says), "{weekly}");
    let daily = said_of("aws", "", "");
    assert!(!daily.contains("max_age"), "{daily}");
}

#[test]
fn it_reads_by_one_that_is_there_and_can_be_read_from() {
    assert_eq!(faults("aws", ""), [""; 0]);
    let none = faults("none", "");
    assert_eq!(
        none,
        [".reports.store` names the backend \"none\", which is not defined"]
    );
    let program = "[commands]\nallowed = [\"/bin/true\"]\n\
                   [backends.program]\ntype = \"command\"\nprogram = \"/bin/true\"\narguments = [\"{bucket}\"]\nformat = \"tsv\"\n";
    for (store, more) in [("reports", ""), ("program", program)] {
        let found = faults(store, more);
        let says = format!(
            ".reports.store` names the backend {store:?}: objects of this kind of store cannot be read"
        );
        assert!(found.len() == 1 && found[0].starts_with(&says), "{found:?}");
    }
}

#[test]
fn an_engine_needs_a_program_that_has_it() {
    let said = said_of("aws", "", "engine = \"http://ballista:50050\"\n");
    let says = "`backends.reports.engine` needs a program that was built with the feature for it";
    assert!(said.contains(says), "{said}");
}
