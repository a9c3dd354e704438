//! `explain KEY`: which cluster a key belongs to, and why.

use std::fmt::Write;
use std::time::Duration;

use crate::assign::{Assignment, Cursor};
use crate::command::{failure, first_word};
use crate::config::Config;
use crate::exporter::Exporter;

/// How long a resolver may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// A line for each destination whose prefix begins the key, of all or of the one named.
///
/// # Errors
/// No such destination, none with such a prefix, or names that cannot be had.
pub async fn explain(config: &Config, key: &str, only: Option<&str>) -> Result<String, String> {
    let exporter = Exporter::new(config);
    let resolvers = exporter.board().resolvers();
    if let Some(only) = only
        && !config
            .destinations
            .iter()
            .any(|destination| &*destination.name == only)
    {
        return Err(format!(
            "there is no destination {only:?}; there are {}",
            known(config)
        ));
    }
    let mut text = String::new();
    for destination in &config.destinations {
        if only.is_some_and(|only| *destination.name != *only)
            || !key.starts_with(&*destination.prefix)
        {
            continue;
        }
        let why = match &destination.resolver {
            None => "unassigned, because the destination has no resolver".to_owned(),
            Some(name) => {
                let resolution = first_word(resolvers[name].clone(), PATIENCE).await;
                let Some(clusters) = &resolution.clusters else {
                    return Err(format!(
                        "the resolver {name:?} does not know the clusters: {}",
                        failure(&resolution)
                    ));
                };
                let assignment =
                    Assignment::new(clusters, &destination.prefix, &destination.separator);
                because(
                    &assignment,
                    &destination.prefix,
                    &destination.separator,
                    key,
                )
            }
        };
        let _ = writeln!(text, "{}: {why}", destination.name); // into a String: cannot fail
    }
    if text.is_empty() {
        return Err(format!(
            "no destination's prefix begins {key:?}; there are {}",
            known(config)
        ));
    }
    Ok(text)
}

/// Which cluster owns a key that begins with the prefix, and why.
pub fn because(assignment: &Assignment, prefix: &str, separator: &str, key: &str) -> String {
    let Some(at) = assignment.owner(key.as_bytes(), &mut Cursor::default()) else {
        return format!(
            "unassigned, because none of the {} known clusters' names, followed by {:?}, begins {:?}",
            assignment.len(),
            separator,
            key.strip_prefix(prefix).unwrap_or(key),
        );
    };
    let pattern = String::from_utf8_lossy(assignment.pattern(at));
    let after = match prefix {
        "" => String::new(),
        prefix => format!(" after the prefix {prefix:?}"),
    };
    let mut text = format!(
        "{}, because {pattern:?} begins the key{after}",
        assignment.name(at)
    );
    if let Some(heir) = assignment.heir(at) {
        let _ = write!(
            text,
            " and is longer than that of {}",
            assignment.name(heir)
        ); // as above
    }
    text
}

fn known(config: &Config) -> String {
    let names: Vec<_> = config
        .destinations
        .iter()
        .map(|destination| {
            format!(
                "{:?} (prefix {:?})",
                &*destination.name, &*destination.prefix
            )
        })
        .collect();
    names.join(", ")
}
