//! Expressions, each in the one place where it stands: the table of questions of `docs/metrics.md`, and
//! the alerts that come with the exporter.

use std::collections::BTreeMap;
use std::path::Path;

use s3_exporter::rules::{Settings, groups};

/// Questions that an alert answers.
const ALERTS: [(&str, &str); 9] = [
    ("late", "BackupTooOld"),
    ("missing", "BackupClusterWithoutAny"),
    ("names_lost", "BackupNamesLost"),
    ("never_good", "BackupNeverGood"),
    ("none_at_all", "BackupDestinationWithoutAny"),
    ("outdated", "BackupScanStale"),
    ("parts_wrong", "BackupListingWrong"),
    ("small", "BackupNewestObjectSmall"),
    ("unaudited", "BackupListingNotAudited"),
];

/// Name and expression of each.
pub fn questions() -> BTreeMap<String, String> {
    let mut questions = documented();
    let alerts = groups(&Settings::default()).into_iter();
    for alert in alerts.flat_map(|group| group.alerts) {
        if let Some((question, _)) = ALERTS.iter().find(|(_, name)| *name == alert.name) {
            let before = questions.insert((*question).to_owned(), alert.expression);
            assert_eq!(before, None, "{question} is documented too");
        }
    }
    questions
}

fn documented() -> BTreeMap<String, String> {
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
