//! docs/layouts.md is made of the table.

use crate::layouts::{ALL, Chain, Layout, TimeRule};

const HEAD: &str = "\
# Layouts

How the keys of a bucket are read: each tool that makes backups is one row, by which its keys are
recognised, and which says what is a backup. `layout = \"auto\"`, the default, takes for each key the
first row whose form it has; a name from the first column takes that one alone. What is named here by
no row (locks, indexes, logs of transactions, data that backups share, markers) is never a backup, and
never refreshes one.

A *root* is what all keys of one repository begin with; prefixes are below it. The tool was *run*
where a row says so, and killed in the middle of a backup; of the others it is said from where the row
is known. `UPDATE_GOLDEN=1 cargo test -p s3-exporter-judge` writes this page anew.

| `layout` | keys | whole by | time | needs | enough to list | known from |
|---|---|---|---|---|---|---|
";

const TAIL: &str = "
- *time*: \"local\" labels are in the zone of the machine that wrote them, which no key says: it is
  found by comparing with last-modified. A date alone stands for its day. Where a key has no time
  though its layout's keys have one, the backup was made by hand: it is never due, and refreshes
  nothing.
- *needs*: on which others a backup depends, as far as keys show it.
- For `dump` and `folder`, times are found from the right: 19 digits (nanoseconds), 14 (year to
  second), 10 (seconds since 1970), and dates with or without a time of day, a fraction and a zone,
  with whatever between. Names of days, counters and hashes after the time are left out of the job's
  name, and so are folders that are dates, and suffixes; an archive of files keeps its own
  (`site-20260131.tar.gz` is the job `site.tar`), for it is another job than the dump
  `site-20260131.sql.gz`. `.sha256`, `.md5`, `.sig`, `.log` and the like beside a dump are not backups;
  `.part` and `.tmp` are ones that are not finished.
- A form that is not here: give a pattern of your own.
";

fn row(layout: &Layout) -> String {
    let time = match layout.time {
        TimeRule::Utc => "in the key, UTC",
        TimeRule::Local => "in the key, local",
        TimeRule::LastModified => "last-modified of what makes it whole",
    };
    let chain = match layout.chain {
        Chain::Unknown => "",
        Chain::Parent => "its parent",
        Chain::Range => "all before it in its range",
    };
    let list = match layout.cheap_prefix {
        "" => "all",
        prefix => &code(prefix),
    };
    let cells = [
        &code(layout.name),
        layout.signature,
        layout.commit,
        time,
        chain,
        list,
        layout.source,
    ];
    let cells = cells.map(|cell| cell.replace('|', "\\|"));
    format!("| {} |\n", cells.join(" | "))
}

/// A prefix is code as far as its first comma.
fn code(text: &str) -> String {
    match text.split_once(", ") {
        Some((code, rest)) => format!("`{code}`, {rest}"),
        None => format!("`{text}`"),
    }
}

#[test]
fn the_documents_show_the_table() {
    let rows: String = ALL.iter().map(|layout| row(layout)).collect();
    let text = format!("{HEAD}{rows}{TAIL}");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/layouts.md");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &text).expect("docs can be written");
    }
    let there = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        there == text,
        "docs/layouts.md is not what the table says; set UPDATE_GOLDEN=1 to write it anew"
    );
}

#[test]
fn each_row_says_all() {
    for layout in ALL {
        let is_said = [layout.name, layout.signature, layout.commit]
            .iter()
            .all(|it| !it.is_empty());
        assert!(is_said, "{}", layout.name);
    }
}
