//! A configuration of so many destinations that each is read when it is its turn.

use std::path::PathBuf;

use s3_exporter::cli::Flags;
use s3_exporter::config::load::understand;
use s3_exporter::config::sources::Sources;
use s3_exporter::wire::plugins;

/// Everything that there is to see of what comes of a text.
fn read(text: &str) -> String {
    let flags = Flags::default();
    let environment = [("USED", "1h"), ("ACCESS_KEY_ID", "x")]
        .into_iter()
        .collect();
    let sources = Sources {
        flags: &flags,
        environment: &environment,
        file: Some((PathBuf::from("config.toml"), text.into())),
        faults: Vec::new(),
        warnings: Vec::new(),
    };
    match understand(&sources, &plugins()) {
        Ok(config) => format!("{config:?}"),
        Err(rejected) => {
            let faults = rejected.faults.iter().map(ToString::to_string);
            let all: Vec<_> = faults.chain(rejected.warnings).collect();
            all.join("\n")
        }
    }
}

/// A list so long that each table is read in its turn comes to what it does at once, be it good, odd or bad. (A
/// mark of strings over several lines, be it in a comment, has all read at once.)
#[test]
fn a_long_list_is_read_as_a_short_one() {
    let table = |nth: usize| {
        format!("\n[[destinations]] # {nth}\nbucket = \"bucket-{nth:04}\"\nmax_age = \"25h\"\n")
    };
    let all: Vec<_> = (0..1100).map(table).collect();
    let with = |changes: &[(usize, &str)]| {
        let mut all = all.clone();
        for (nth, line) in changes {
            all[*nth].push_str(line);
        }
        let text = all.concat();
        format!(
            "[backends.a]\ntype = \"s3\"\nendpoint = \"http://a\"\nregion = \"x\"\nanonymous = true\n{text}\n[scan]\ninterval = \"1m\"\n#"
        )
    };
    for (changes, said) in [
        (vec![], "bucket-1099"),
        (vec![(7, "timeout = \"${USED}\"\n")], "3600s"),
        (
            vec![(3, "mirror_of = \"bucket-1000\"\n")],
            "mirror_of: Some(\"bucket-1000\")",
        ),
        (
            vec![(9, "interval = \"50h\"\n")],
            "config.toml:45: `destinations[9].max_age` is shorter",
        ),
        (
            vec![(5, "intreval = \"1m\"\n"), (8, "name = \"bucket-0001\"\n")],
            "config.toml:30: unknown key `destinations[5].intreval`",
        ),
        (vec![(5, "= 1\n")], "config.toml:30: this is not TOML"),
        (
            vec![(6, "timeout = \"${NONE}\"\n")],
            "config.toml:34: `destinations[6].timeout` uses ${NONE}",
        ),
        (
            vec![(1099, "[log]\nunknown = 1\n")],
            "config.toml:4407: unknown key `log.unknown`",
        ),
        (
            vec![(1099, "[destinations.nothing]\na = 1\n")],
            "unknown key `destinations[1099].nothing`",
        ),
    ] {
        let text = with(&changes);
        let in_turn = read(&text);
        assert!(in_turn.contains(said), "{said}: {:.2000}", in_turn);
        assert_eq!(in_turn, read(&(text + "\"\"\"")));
    }
}
