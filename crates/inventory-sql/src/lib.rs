//! The SQL that finds in a report of S3 Inventory which cluster owns how much, by the dialects of several engines:
//! what people run themselves, and what a program asks of an engine and adds up.
//!
//! A key is owned by the cluster whose name, followed by the separator, begins it; of several the longest wins. Names of
//! one length are one list: what begins a key is cut to that length and looked up, the longest first. So an engine reads
//! the report once, and moves no key from one of its workers to another, as it would have to for a join.

use std::collections::BTreeMap;
use std::fmt::Write;

mod parts;

pub use parts::{counts, newest, totals};

/// Whose SQL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// Amazon Athena, which is Trino.
    Athena,
    /// Trino.
    Trino,
    /// Apache Spark.
    Spark,
    /// DuckDB.
    #[default]
    DuckDb,
    /// Apache DataFusion, and so Ballista.
    DataFusion,
}

impl Dialect {
    /// A text as the engine writes it.
    pub fn text(self, text: &str) -> String {
        match self {
            // A doubled quote ends one text there and begins the next.
            Self::Spark => format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'")),
            _ => format!("'{}'", text.replace('\'', "''")),
        }
    }
}

/// What is asked of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question<'a> {
    /// Whose objects.
    pub bucket: &'a str,
    /// What their keys begin with.
    pub prefix: &'a str,
    /// What follows a cluster's name.
    pub separator: &'a str,
    /// The clusters' names.
    pub names: &'a [&'a str],
    /// The table that the report is in.
    pub table: &'a str,
}

/// The statement for people. Its columns are the cluster's name (NULL of what no cluster owns), and its objects, their
/// bytes, and when the newest was made.
pub fn statement(dialect: Dialect, of: &Question<'_>) -> String {
    let group = match of.names.is_empty() {
        true => "",
        false => "\nGROUP BY cluster\nORDER BY cluster",
    };
    let cluster = match of.names.is_empty() {
        true => "NULL AS cluster",
        false => "cluster",
    };
    format!(
        "{}SELECT {cluster}, count(*) AS objects, sum(size) AS bytes, max(modified) AS newest\nFROM owned{group};\n",
        owned(dialect, of, &[])
    )
}

/// `owned`: the objects, each with its `cluster` (NULL where it has none), `size`, when it was `modified`, and these
/// columns of the report.
fn owned(dialect: Dialect, of: &Question<'_>, more: &[&str]) -> String {
    let more: String = more.iter().map(|column| format!(", {column}")).collect();
    let below = chars(of.prefix) + 1;
    format!(
        "WITH objects AS (\n  SELECT substr(key, {below}) AS name, coalesce(size, 0) AS size, last_modified_date AS modified{more}\n  \
         FROM {}\n  WHERE {}\n),\nowned AS (\n  SELECT {} AS cluster, size, modified{more}\n  FROM objects\n)\n",
        of.table,
        counted(dialect, of),
        owner(dialect, of)
    )
}

/// Whether a row is of an object that counts.
fn counted(dialect: Dialect, of: &Question<'_>) -> String {
    let mut text = format!(
        "bucket = {} AND coalesce(is_latest, true) AND NOT coalesce(is_delete_marker, false)",
        dialect.text(of.bucket)
    );
    if !of.prefix.is_empty() {
        let (long, prefix) = (chars(of.prefix), dialect.text(of.prefix));
        // Into a String: writing cannot fail.
        let _ = write!(text, "\n    AND substr(key, 1, {long}) = {prefix}");
    }
    text
}

/// The cluster that owns what is called `name` below the prefix.
fn owner(dialect: Dialect, of: &Question<'_>) -> String {
    let mut by_length: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for name in of.names {
        by_length
            .entry(chars(name))
            .or_default()
            .push(dialect.text(name));
    }
    if by_length.is_empty() {
        return match dialect {
            Dialect::Spark => "CAST(NULL AS STRING)".to_owned(), // its VARCHAR has a length
            _ => "CAST(NULL AS VARCHAR)".to_owned(),
        };
    }
    let (wide, separator) = (chars(of.separator), dialect.text(of.separator));
    let mut text = "CASE".to_owned();
    for (long, names) in by_length.into_iter().rev() {
        let names = names.join(", ");
        let _ = write!(
            text,
            "\n    WHEN substr(name, {}, {wide}) = {separator} AND substr(name, 1, {long}) IN ({names}) THEN substr(name, 1, {long})",
            long + 1
        );
    }
    text += "\n  END";
    text
}

fn chars(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_the_engines_own() {
        let hostile = "it's \\ \"x\" -- ;";
        for dialect in [Dialect::DuckDb, Dialect::Trino, Dialect::DataFusion] {
            assert_eq!(dialect.text(hostile), "'it''s \\ \"x\" -- ;'");
        }
        assert_eq!(Dialect::Spark.text(hostile), "'it\\'s \\\\ \"x\" -- ;'");
    }

    const NOBODY: Question<'_> = Question {
        bucket: "b",
        prefix: "",
        separator: "-",
        names: &[],
        table: "inventory",
    };

    #[test]
    fn without_names_all_is_of_nobody() {
        let text = statement(Dialect::Trino, &NOBODY);
        assert!(text.contains("SELECT NULL AS cluster, count(*)"), "{text}");
        assert!(!text.contains("CASE"), "{text}");
        let text = newest(Dialect::DataFusion, &NOBODY, 10);
        assert!(text.contains("PARTITION BY size > 0"), "{text}");
    }

    #[test]
    fn the_longest_names_come_first() {
        let names = ["lab", "lab-1", "abc"];
        let of = Question {
            names: &names,
            ..NOBODY
        };
        let text = owner(Dialect::DataFusion, &of);
        let [long, short] = ["IN ('lab-1')", "IN ('lab', 'abc')"].map(|list| text.find(list));
        assert!(long.unwrap() < short.unwrap(), "{text}");
    }
}
