//! `inventory-sql NAME`: the statement by which an engine of SQL finds in a report what the exporter finds
//! of a destination: which cluster owns how much. It is printed, and run by nobody here.

use std::fmt::Write;
use std::time::Duration;

use s3_exporter_config::ConfigError;

use crate::command::{choice, failure, first_word};
use crate::config::Config;
use crate::destination::Destination;
use crate::log_safe::is_obeyed;
use crate::supervisor::Supervisor;

/// How long a resolver may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// Who is to run it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engine {
    /// Amazon Athena, which is Trino.
    Athena,
    /// Trino.
    Trino,
    /// Apache Spark.
    Spark,
    /// DuckDB.
    #[default]
    DuckDb,
}

impl Engine {
    /// All of them, as the command line has them.
    pub const ALL: [(&str, Self); 4] = [
        ("athena", Self::Athena),
        ("trino", Self::Trino),
        ("spark", Self::Spark),
        ("duckdb", Self::DuckDb),
    ];

    /// The engine of this name; an empty one means unset.
    ///
    /// # Errors
    /// There is no such engine.
    pub fn parse(name: Option<&str>) -> Result<Self, Vec<ConfigError>> {
        let mut faults = Vec::new();
        let engine = choice("--engine", name, &Self::ALL, &mut faults);
        match faults.is_empty() {
            true => Ok(engine.unwrap_or_default()),
            false => Err(faults),
        }
    }

    /// A text as the engine writes it.
    fn text(self, text: &str) -> String {
        match self {
            // A doubled quote ends one text there and begins the next.
            Self::Spark => format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'")),
            _ => format!("'{}'", text.replace('\'', "''")),
        }
    }

    /// Rows of one column.
    fn rows(self, name: &str, column: &str, texts: &[&str]) -> String {
        let rows: Vec<_> = texts
            .iter()
            .map(|text| format!("({})", self.text(text)))
            .collect();
        let rows = rows.join(", ");
        match self {
            Self::Spark => format!("{name} AS (SELECT * FROM VALUES {rows} AS t ({column}))"),
            _ => format!("{name} ({column}) AS (VALUES {rows})"),
        }
    }

    /// `objects`, each row once for every place in `name` up to `longest`.
    fn places(self, longest: usize) -> String {
        let last = format!("least(length(name), {longest})");
        match self {
            Self::Athena | Self::Trino => {
                format!("objects CROSS JOIN UNNEST(sequence(1, {last})) AS t (place)")
            }
            Self::Spark => format!("objects LATERAL VIEW explode(sequence(1, {last})) t AS place"),
            Self::DuckDb => format!("objects, unnest(generate_series(1, {last})) AS t (place)"),
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

/// The statement. Its columns are the cluster's name (NULL of what no cluster owns), and its objects, their bytes,
/// and when the newest was made.
pub fn statement(engine: Engine, of: &Question<'_>) -> String {
    let chars = |text: &str| text.chars().count();
    let mut text = String::from("WITH ");
    if !of.names.is_empty() {
        text += &format!("{},\n", engine.rows("names", "cluster", of.names));
    }
    let below = chars(of.prefix) + 1;
    // Into a String: writing cannot fail.
    let _ = write!(
        text,
        "objects AS (\n  SELECT key, substr(key, {below}) AS name, coalesce(size, 0) AS size, last_modified_date AS modified\n  \
         FROM {}\n  WHERE bucket = {} AND coalesce(is_latest, true) AND NOT coalesce(is_delete_marker, false)\n",
        of.table,
        engine.text(of.bucket)
    );
    if !of.prefix.is_empty() {
        let prefix = engine.text(of.prefix);
        let _ = writeln!(text, "    AND substr(key, 1, {}) = {prefix}", below - 1);
    }
    let mut joined = "objects".to_owned();
    let mut cluster = "NULL";
    if let Some(longest) = of.names.iter().map(|name| chars(name)).max() {
        let separator = engine.text(of.separator);
        let wide = chars(of.separator);
        let _ = write!(
            text,
            "),\nheads AS (\n  SELECT key, substr(name, 1, place - 1) AS head\n  FROM {}\n  \
             WHERE substr(name, place, {wide}) = {separator}\n),\n\
             owners AS (\n  SELECT key, max_by(cluster, length(cluster)) AS cluster\n  \
             FROM heads JOIN names ON cluster = head\n  GROUP BY key\n",
            engine.places(longest + 1)
        );
        joined = "objects LEFT JOIN owners ON owners.key = objects.key".to_owned();
        cluster = "cluster";
    }
    let group = match of.names.is_empty() {
        true => "",
        false => "\nGROUP BY cluster\nORDER BY cluster",
    };
    let _ = write!(
        text,
        ")\nSELECT {cluster} AS cluster, count(*) AS objects, sum(size) AS bytes, max(modified) AS newest\n\
         FROM {joined}{group};\n"
    );
    text
}

/// The statement for a destination.
///
/// # Errors
/// There is no such destination, its names cannot be had, or it is asked for more than a statement can tell.
pub async fn inventory_sql(
    config: &Config,
    name: &str,
    engine: Engine,
    table: &str,
) -> Result<String, String> {
    let mut destinations = config.destinations.iter();
    let found = destinations.find(|destination| &*destination.name == name);
    let Some(destination) = found else {
        let known: Vec<_> = config.destinations.iter().map(|of| &*of.name).collect();
        let known = known.join(", ");
        return Err(format!(
            "there is no destination {name:?}; there are {known}"
        ));
    };
    if !destination.filter.is_empty() {
        let filter = &destination.filter;
        return Err(format!(
            "what counts of {name} ({filter}) cannot be written in SQL: leave `include` and `exclude` out"
        ));
    }
    let names = names_of(config, destination).await?;
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let question = Question {
        bucket: &destination.bucket,
        prefix: &destination.prefix,
        separator: &destination.separator,
        names: &names,
        table,
    };
    Ok(statement(engine, &question))
}

async fn names_of(config: &Config, destination: &Destination) -> Result<Vec<String>, String> {
    let Some(resolver) = &destination.resolver else {
        return Ok(Vec::new());
    };
    if destination.judging.reads_clusters {
        return Err(format!(
            "the clusters of {} are read in keys: no statement can name them",
            destination.name
        ));
    }
    let supervisor = Supervisor::new(config);
    let handle = supervisor.snapshots().resolvers().get(resolver).cloned();
    let Some(handle) = handle else {
        return Err(format!("there is no resolver {resolver:?}"));
    };
    let resolution = first_word(handle, PATIENCE).await;
    let Some(clusters) = &resolution.clusters else {
        return Err(format!(
            "the resolver {resolver:?} does not know the clusters: {}",
            failure(&resolution)
        ));
    };
    let names: Vec<_> = clusters.names().map(|name| name.to_string()).collect();
    match names.iter().find(|name| name.chars().any(is_obeyed)) {
        // It would be shown as another.
        Some(odd) => Err(format!("the name {odd:?} holds what a terminal would obey")),
        None => Ok(names),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_the_engines_own() {
        let hostile = "it's \\ \"x\" -- ;";
        assert_eq!(Engine::DuckDb.text(hostile), "'it''s \\ \"x\" -- ;'");
        assert_eq!(Engine::Trino.text(hostile), "'it''s \\ \"x\" -- ;'");
        assert_eq!(Engine::Spark.text(hostile), "'it\\'s \\\\ \"x\" -- ;'");
    }

    #[test]
    fn without_names_all_is_of_nobody() {
        let question = Question {
            bucket: "b",
            prefix: "",
            separator: "-",
            names: &[],
            table: "inventory",
        };
        for (_, engine) in Engine::ALL {
            let text = statement(engine, &question);
            assert!(text.contains("SELECT NULL AS cluster, count(*)"), "{text}");
            assert!(!text.contains("names"), "{text}");
        }
    }
}
