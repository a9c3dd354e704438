//! The expressions of `docs/metrics.md`, the one place where they stand.

use std::collections::BTreeMap;
use std::path::Path;

/// Name and expression of each row of the table of questions.
pub fn questions() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = std::fs::read_to_string(root.join("docs/metrics.md")).unwrap();
    let rows = docs
        .lines()
        .skip_while(|line| !line.starts_with("## Questions"))
        .skip_while(|line| !line.starts_with("|---"))
        .skip(1)
        .take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let [_, name, _, expression, _] = cells[..] else {
            panic!("not three cells: {row}");
        };
        (name.to_owned(), expression.trim_matches('`').to_owned())
    })
    .collect()
}
