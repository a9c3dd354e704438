//! `inventory-sql`: the statements of the documents are those that are printed, and DuckDB finds with its own what a
//! scan of the same report finds.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use s3_exporter_api::UnixTime;
use s3_exporter_testkit::reports::{Format, Row, s3};
use s3_exporter_testkit::tool;

use crate::common::hostile::foreign;
use crate::common::{Metrics, example, program};

const ENGINES: [&str; 4] = ["athena", "trino", "spark", "duckdb"];
const DOCUMENT: &str = "docs/scale.md";

/// What a command prints.
fn prints(program: &Path, folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {stderr}");
    String::from_utf8(output.stdout).unwrap()
}

/// `UPDATE_GOLDEN=1` writes them anew.
#[test]
fn those_of_the_documents_are_printed() {
    const CONFIG: &str = "[backends.aws]\ntype = \"s3\"\nregion = \"eu-central-1\"\n\
        [[destinations]]\nname = \"etcd\"\nbucket = \"etcd-backups\"\nprefix = \"prod/\"\n\
        clusters = [\"lab\", \"lab-1\"]\nmax_age = \"25h\"\n";
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("config.toml"), CONFIG).unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(DOCUMENT);
    let document = std::fs::read_to_string(&path).unwrap();
    let mut written = document.clone();
    for engine in ENGINES {
        let arguments = ["inventory-sql", "etcd", "--engine", engine];
        let statement = prints(program(), folder.path(), &arguments);
        let begin = format!("<!-- inventory-sql etcd --engine {engine} -->\n```sql\n");
        let (before, rest) = written.split_once(&begin).unwrap();
        let (_, after) = rest.split_once("```\n").unwrap();
        written = format!("{before}{begin}{statement}```\n{after}");
    }
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        return std::fs::write(path, written).unwrap();
    }
    assert_eq!(document, written, "UPDATE_GOLDEN=1 writes it anew");
}

/// Names that begin one another, and such as SQL and shells would obey.
const NAMES: [&str; 8] = [
    "lab",
    "lab-1",
    "lab-1-2",
    "it's",
    "back\\slash",
    "\u{fc}n\u{ef}",
    "'; DROP TABLE x; --",
    "none",
];

fn rows() -> Vec<Row> {
    let at = |nth: u64| UnixTime::from_millis(1_760_000_000_000 + nth as i64 * 1_001);
    let mut keys: Vec<String> = Vec::new();
    for (nth, name) in NAMES[..7].iter().enumerate() {
        keys.extend((0..=nth).map(|object| format!("{name}-{object}/x y+z")));
        keys.push((*name).to_owned()); // nobody's: no separator follows
    }
    keys.extend(foreign());
    let below = |key: String| format!("prod/\u{e4}/{key}");
    let mut rows: Vec<_> = (0..)
        .zip(
            keys.into_iter()
                .map(below)
                .chain(["elsewhere/lab-1".to_owned()]),
        )
        .map(|(nth, key)| Row::new(key, 7 * nth, at(nth)))
        .collect();
    let versions = rows.clone().into_iter().step_by(3);
    rows.extend(versions.clone().map(|row| Row {
        is_latest: false,
        ..row
    }));
    rows.extend(versions.map(|row| Row {
        key: format!("{}-gone", row.key),
        is_delete_marker: true,
        size: None,
        ..row
    }));
    rows
}

/// By cluster, empty for those of none: objects, bytes, and when the newest was made.
type Figures = BTreeMap<String, (u64, u64, f64)>;

fn by_duckdb(folder: &Path, statement: &str) -> Figures {
    const SCRIPT: &str = "
import duckdb, json, sys
con = duckdb.connect()
con.execute(\"SET TimeZone = 'UTC'\")
con.execute(f\"CREATE VIEW inventory AS SELECT * FROM read_parquet('{sys.argv[1]}/daily/data/*.parquet')\")
rows = con.execute(sys.stdin.read()).fetchall()
of = lambda time: con.execute('SELECT epoch_us(?) // 1000', [time]).fetchone()[0]
print(json.dumps([[name, int(objects), int(size), of(newest)] for name, objects, size, newest in rows]))
";
    let mut child = Command::new(tool("duckdb-python"))
        .args(["-c", SCRIPT])
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(statement.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{statement}");
    type Found = (Option<String>, u64, u64, i64);
    let rows: Vec<Found> = serde_json::from_slice(&output.stdout).unwrap();
    let each = rows.into_iter().map(|(name, objects, bytes, newest)| {
        (
            name.unwrap_or_default(),
            (objects, bytes, newest as f64 / 1000.0),
        )
    });
    each.collect()
}

fn by_a_scan(metrics: &Metrics) -> Figures {
    let families = [
        "objectstore_objects",
        "objectstore_objects_size_bytes",
        "objectstore_newest_object_timestamp_seconds",
    ];
    let [objects, bytes, newest] = families.map(|name| metrics.by(name, "cluster"));
    let mut figures = Figures::new();
    for (name, count) in objects {
        // As it is written.
        let plain = name.replace("\\\\", "\\");
        figures.insert(plain, (count as u64, bytes[name] as u64, newest[name]));
    }
    let of = |name: &str| metrics.get(name, &[]).unwrap();
    let unassigned = (
        of("objectstore_unassigned_objects") as u64,
        of("objectstore_unassigned_objects_size_bytes") as u64,
        of("objectstore_unassigned_newest_object_timestamp_seconds"),
    );
    figures.insert(String::new(), unassigned);
    figures.retain(|_, of| of.0 > 0); // in SQL what has none is not there
    figures
}

#[test]
fn duckdb_finds_what_a_scan_finds() {
    let folder = tempfile::tempdir().unwrap();
    let made = UnixTime::from_millis(1_764_464_400_000);
    let rows = rows();
    let (head, tail) = rows.split_at(rows.len() / 2);
    for format in [Format::Parquet, Format::ParquetMicros] {
        let written = s3(
            "daily",
            "backups",
            made,
            format,
            &[head.into(), tail.into()],
        );
        for (key, content) in &written {
            let path = folder.path().join("reports").join(key);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        let reports = folder.path().join("reports");
        let config = format!(
            "[backends.files]\ntype = \"file\"\n\
             [backends.reports]\ntype = \"inventory\"\nstore = \"files\"\nreports = {reports:?}\nfolder = \"daily\"\n\
             [[destinations]]\nname = \"d\"\nbackend = \"reports\"\nbucket = \"backups\"\nprefix = \"prod/\u{e4}/\"\n\
             clusters = {NAMES:?}\n"
        );
        std::fs::write(folder.path().join("config.toml"), config).unwrap();
        let exporter = example("with_inventory");
        let metrics = Metrics::parse(&prints(&exporter, folder.path(), &["once"]));
        let statement = prints(&exporter, folder.path(), &["inventory-sql", "d"]);
        let found = by_duckdb(&reports, &statement);
        assert_eq!(found, by_a_scan(&metrics), "{format:?}\n{statement}");
        assert_eq!(found.len(), 8, "{found:?}"); // seven of the names, and none
    }
}
