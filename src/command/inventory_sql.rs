//! `inventory-sql NAME`: the statement by which an engine of SQL finds in a report what the exporter finds
//! of a destination: which cluster owns how much. It is printed, and run by nobody here.

use std::time::Duration;

use s3_exporter_config::ConfigError;
use s3_exporter_inventory_sql::{Dialect, Question, statement};

use crate::command::{choice, failure, first_word};
use crate::config::Config;
use crate::destination::Destination;
use crate::log_safe::is_obeyed;
use crate::supervisor::Supervisor;

/// How long a resolver may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// The engines, as the command line has them.
pub const ENGINES: [(&str, Dialect); 4] = [
    ("athena", Dialect::Athena),
    ("trino", Dialect::Trino),
    ("spark", Dialect::Spark),
    ("duckdb", Dialect::DuckDb),
];

/// The dialect of the engine of this name; an empty one means unset.
///
/// # Errors
/// There is no such engine.
pub fn dialect(name: Option<&str>) -> Result<Dialect, Vec<ConfigError>> {
    let mut faults = Vec::new();
    let dialect = choice("--engine", name, &ENGINES, &mut faults);
    match faults.is_empty() {
        true => Ok(dialect.unwrap_or_default()),
        false => Err(faults),
    }
}

/// The statement for a destination.
///
/// # Errors
/// There is no such destination, its names cannot be had, or it is asked for more than a statement can tell.
pub async fn inventory_sql(
    config: &Config,
    name: &str,
    dialect: Dialect,
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
    Ok(statement(dialect, &question))
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
