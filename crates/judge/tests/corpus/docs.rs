//! The figures in `docs/judgement.md`: always those of this run.

use std::fs;
use std::path::PathBuf;

/// What stands in the file below the heading, up to the next one of its rank or the end.
const HEADING: &str = "### The figures\n";

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/judgement.md")
}

/// The section as it should stand.
pub fn section(corpus: &str, year: &str) -> String {
    format!(
        "{HEADING}\n\
         Made by `UPDATE_GOLDEN=1 cargo test -p s3-exporter-judge --test corpus`, which fails where these figures are\n\
         not those of its run, and on each finding that is missed or wrong.\n\n\
         **[The corpus](../tests/corpus/README.md)**: histories of buckets, recorded from real tools or written by a\n\
         generator; each says what must be found, by which scan, and what must not. Beside the judge, what others\n\
         would have said of the same buckets, in time; they know one alarm a prefix, and are told the rhythm of the\n\
         job, its retention and its usual size where they can be:\n\n\
         - *age over 25 h*, *age over twice the median gap*: of the newest object, by last-modified;\n\
         - *newest object in the prefix*: older than the period and an hour, or empty;\n\
         - *canary-checker*: its folder check with `filter.maxAge` of the period and an hour and `minCount: 1`, `maxCount`\n\
           of one and a half times what is kept, `minSize` of half of the usual size (for dumps);\n\
         - *Kubermatic's alert*: `time() - kubermatic_s3_object_last_modified_time_seconds > 3600` for its default of 20\n\
           minutes, so three periods.\n\n\
         {corpus}\n\
         \"found\" is in how many of the cases in which it must be found; of what is information alone, others are\n\
         not asked. \"false\" is in how many cases somebody was called while nothing was wrong.\n\n\
         **A simulated year** (`cargo test -p s3-exporter-judge --test corpus year`; `make year` scans each hour):\n\
         mixed tools and rhythms, retention, outages of stores and of the exporter; on one day in a hundred of each\n\
         job something goes wrong.\n\n\
         {year}"
    )
}

/// Whether the file says the same; with `UPDATE_GOLDEN=1` it is made to.
pub fn is_current(section: &str) -> Result<(), String> {
    let path = path();
    let text = fs::read_to_string(&path).unwrap_or_default();
    let (before, rest) = match text.find(HEADING) {
        Some(at) => (&text[..at], &text[at + HEADING.len()..]),
        None => (text.as_str(), ""),
    };
    let after = rest.find("\n## ").map_or("", |at| &rest[at..]);
    let gap = if before.is_empty() || before.ends_with("\n\n") {
        ""
    } else {
        "\n"
    };
    let wanted = format!("{before}{gap}{section}{after}");
    if wanted == text {
        return Ok(());
    }
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        return fs::write(&path, wanted).map_err(|error| format!("{}: {error}", path.display()));
    }
    Err(format!(
        "the figures in {} are not those of this run: see what changed, and write them anew with UPDATE_GOLDEN=1",
        path.display()
    ))
}
