//! The table of `docs/backends.md`. `UPDATE_GOLDEN=1` writes the rows of the stores that were tried anew.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

use crate::NAMES;
use crate::trial::Row;

const BEGIN: &str = "<!-- The table below is made by `make stores`. -->\n";
const END: &str = "<!-- The end of the table. -->\n";
const HEAD: &str = "| store | version, from | tried | figures | order | known by | parts with `ordered = true` \
                    | errors | odd keys | versions | uploads |\n|---|---|---|---|---|---|---|---|---|---|---|\n";

/// Compares a row with what is written of the same version; with another one things may be different.
pub fn compare(name: &str, version: &str, row: &Row) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/backends.md");
    let found = row.cells().join(" | ");
    println!("| {name} | {version} | {found} |");
    let _held = ONE_AT_A_TIME.lock().unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (table, after) = rest.split_once(END).unwrap();
    let mut rows: BTreeMap<&str, String> = BTreeMap::new();
    for line in table.lines().skip(2) {
        let name = line.trim_start_matches("| ").split(" | ").next().unwrap();
        rows.insert(name, line.to_owned());
    }
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let now = jiff::Timestamp::now().to_string();
        let today = &now[..10];
        let line = format!("| {name} | {version} | {today} | {found} |");
        rows.insert(name, line);
        let rows = NAMES.iter().filter_map(|name| rows.get(name));
        let rows: String = rows.map(|row| format!("{row}\n")).collect();
        std::fs::write(&path, format!("{before}{BEGIN}{HEAD}{rows}{END}{after}")).unwrap();
        return;
    }
    let Some(written) = rows.get(name) else {
        panic!(
            "{name} is not in {}: set UPDATE_GOLDEN=1 to have it there",
            path.display()
        );
    };
    let mut cells = written.trim_matches('|').split(" | ").map(str::trim);
    let (_, of, _) = (cells.next(), cells.next(), cells.next());
    let cells = cells.collect::<Vec<_>>().join(" | ");
    assert!(
        of != Some(version) || cells == found,
        "{} says of {name} {version}:\n{cells}\nand this was found:\n{found}\nlook at it, and set UPDATE_GOLDEN=1 \
         to accept it",
        path.display()
    );
}
