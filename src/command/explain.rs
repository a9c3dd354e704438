//! `explain KEY`: which cluster a key belongs to, and why; what it is of a backup, and what the judge
//! thinks of that, by the latest scan that is kept, or by one that is made now.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::Duration;

use s3_exporter_api::UnixTime;

use crate::assign::{Assignment, Cursor};
use crate::clusters::Clusters;
use crate::command::{failure, first_word, fit};
use crate::config::Config;
use crate::destination::Destination;
use crate::snapshot::DestinationSnapshot;
use crate::supervisor::Supervisor;
use crate::words::NameList;
use judged::Seen;

mod judged;
mod pattern;

/// How long a resolver may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// A line for each destination whose prefix begins the key, of all or of the one named. Before
/// the key may stand its bucket, as in `bucket/key` and `s3://bucket/key`.
///
/// # Errors
/// No such destination, none with such a prefix, or names that cannot be had.
pub async fn explain(
    config: &Config,
    key: &str,
    only: Option<&str>,
    connects: bool,
) -> Result<String, String> {
    let mut supervisor = Supervisor::new(config);
    let resolvers = supervisor.snapshots().resolvers();
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
    let asked = Asked::new(config, key)?;
    if let Some(directory) = &config.state_directory {
        supervisor.recall(directory);
    }
    if connects {
        supervisor.run_once().await;
    }
    let mut text = String::new();
    for destination in &config.destinations {
        let readings = asked.readings(destination);
        if readings.is_empty() || only.is_some_and(|only| *destination.name != *only) {
            continue;
        }
        let readings = match counting(destination, &readings) {
            Ok(counting) => counting,
            Err(why) => {
                let name = &destination.name;
                let _ = writeln!(text, "{name}: left out, because {why}"); // into a String: cannot fail
                continue;
            }
        };
        let (why, key, owner) = match &destination.resolver {
            None => {
                let why = "unassigned, because the destination has no resolver".to_owned();
                (why, readings.last().copied().unwrap_or_default(), None)
            }
            Some(name) => {
                let resolution = first_word(resolvers[name].clone(), PATIENCE).await;
                let Some(clusters) = &resolution.clusters else {
                    return Err(format!(
                        "the resolver {name:?} does not know the clusters: {}",
                        failure(&resolution)
                    ));
                };
                of_clusters(clusters, destination, &readings)
            }
        };
        let _ = writeln!(text, "{}: {why}", destination.name); // as above
        let snapshot = supervisor.snapshots().snapshot();
        let of = snapshot.destinations.iter();
        let of = of.filter(|of| of.destination.name == destination.name);
        for of in of {
            let lines = of_backups(of, key, owner.as_deref()).into_iter();
            for line in lines.chain(pattern::counted(of)) {
                let _ = writeln!(text, "  {line}"); // as above
            }
        }
        if connects && let Some(line) = pattern::line(config, destination).await {
            let _ = writeln!(text, "  {line}"); // as above
        }
    }
    if text.is_empty() {
        return Err(format!(
            "no destination's prefix begins {key:?}; there are {}",
            known(config)
        ));
    }
    Ok(text)
}

/// Those of the keys that count at the destination.
///
/// # Errors
/// Where none does: why the last does not.
fn counting<'k>(destination: &Destination, keys: &[&'k str]) -> Result<Vec<&'k str>, String> {
    let filter = &destination.filter;
    let Ok(Some(now)) = filter.at(UnixTime::now(), &destination.prefix) else {
        return Ok(keys.to_vec());
    };
    let reason = |key: &str| filter.reason(&now, key.as_bytes());
    let counting = keys.iter().copied().filter(|key| reason(key).is_none());
    let counting: Vec<_> = counting.collect();
    match (keys.last(), counting.is_empty()) {
        (Some(last), true) => Err(reason(last).unwrap_or_default()),
        _ => Ok(counting),
    }
}

/// What the key is of a backup, and what the judge thinks of that.
fn of_backups(of: &DestinationSnapshot, key: &str, owner: Option<&str>) -> Vec<String> {
    let destination = &of.destination;
    let of_owner = owner.map_or(0, |owner| owner.len() + destination.separator.len());
    let below = destination.prefix.len() + of_owner;
    let Some(seen) = Seen::new(&destination.judging.layouts, key, below, owner) else {
        return vec!["no layout: its key is not read as that of a backup".to_owned()];
    };
    let mut lines = vec![seen.line()];
    let figures = of.figures.as_ref();
    let job = figures.and_then(|figures| Some((seen.job(&figures.judgement)?, figures.ended)));
    match job {
        Some((job, as_of)) => {
            let newest = job.newest_good_key.as_deref();
            let is_newest = newest.is_some_and(|newest| seen.is_of_backup(newest));
            lines.extend(judged::lines(job, is_newest, as_of));
        }
        None if figures.is_none() => lines.push(
            "what the judge thinks of it is not known here: no scan is kept (`state.directory`); \
             --connect lists the bucket and says it"
                .to_owned(),
        ),
        None => {}
    }
    lines
}

/// What was asked for: a key, or a bucket with it.
struct Asked<'a> {
    key: &'a str,
    /// Whether it began with `s3://`, and so with a bucket.
    is_url: bool,
}

impl<'a> Asked<'a> {
    fn new(config: &Config, asked: &'a str) -> Result<Self, String> {
        let Some(key) = asked.strip_prefix("s3://") else {
            return Ok(Self {
                key: asked,
                is_url: false,
            });
        };
        let bucket = key.split('/').next().unwrap_or_default();
        let buckets = config.destinations.iter().map(|of| &*of.bucket);
        let buckets: BTreeSet<_> = buckets.collect();
        if !buckets.contains(bucket) {
            let buckets: Vec<_> = buckets.into_iter().collect();
            return Err(format!(
                "no destination watches the bucket {bucket:?}; there are {}",
                NameList(&buckets)
            ));
        }
        Ok(Self { key, is_url: true })
    }

    /// The keys that it may mean at this destination, the first first. A key may begin with
    /// what is also the bucket's name.
    fn readings(&self, destination: &Destination) -> Vec<&'a str> {
        let behind = self.key.strip_prefix(&*destination.bucket);
        let behind = behind.and_then(|rest| rest.strip_prefix('/'));
        let whole = (!self.is_url).then_some(self.key);
        let readings = whole.into_iter().chain(behind);
        let fits = |key: &&str| key.starts_with(&*destination.prefix);
        readings.filter(fits).collect()
    }
}

/// Which cluster owns the first of these keys that one owns, and why, and that key with its owner; or
/// why none does.
fn of_clusters<'k>(
    clusters: &Clusters,
    destination: &Destination,
    keys: &[&'k str],
) -> (String, &'k str, Option<String>) {
    let (prefix, separator) = (&*destination.prefix, &*destination.separator);
    let assignment = Assignment::new(clusters, prefix, separator);
    let owner = |key: &str| assignment.owner(key.as_bytes(), &mut Cursor::default());
    if let Some((key, owner)) = keys.iter().find_map(|key| Some((*key, owner(key)?))) {
        let why = because(&assignment, prefix, separator, key);
        return (why, key, Some(assignment.name(owner).to_string()));
    }
    // Nobody who names the bucket means a key that begins with it.
    let key = keys.last().copied().unwrap_or_default();
    let mut why = because(&assignment, prefix, separator, key);
    if let Some(advice) = fit::advice(&[key], clusters, prefix, separator) {
        let _ = write!(why, "; {advice}"); // as above
    }
    (why, key, None)
}

/// Which cluster owns a key that begins with the prefix, and why.
pub fn because(assignment: &Assignment, prefix: &str, separator: &str, key: &str) -> String {
    let Some(at) = assignment.owner(key.as_bytes(), &mut Cursor::default()) else {
        let key = key.strip_prefix(prefix).unwrap_or(key);
        return match assignment.len() {
            0 => "unassigned, because no cluster is known".to_owned(),
            1 => format!(
                "unassigned, because the name of the one known cluster, followed by {separator:?}, does not begin {key:?}"
            ),
            count => format!(
                "unassigned, because none of the {count} known clusters' names, followed by {separator:?}, begins {key:?}"
            ),
        };
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
    if let Some(fallback_owner) = assignment.fallback_owner(at) {
        let _ = write!(
            text,
            " and is longer than that of {}",
            assignment.name(fallback_owner)
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
