//! The status page: for somebody who is tired. First a verdict, then what is wrong and
//! why, then everything. One page, no script.

use std::fmt::{Result, Write};

use crate::pages::{ClusterStatus, DestinationState, DestinationStatus, Status};
use crate::verdict::{Backup, Finding};

mod problems;
mod write;
use problems::{is_well, problems};
use write::{Ago, ByteSize, HtmlName, HtmlText, Span};

const STYLE: &str = include_str!("html/style.css");
/// The Content-Security-Policy: `STYLE` by its hash, which a test compares, and nothing else.
pub const POLICY: &str = "default-src 'none'; style-src 'sha256-mKOTuLgCK1eJnnRYATtuPeuG3zL+KsYCggcjrJOy6bw='; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// Clusters listed in each table of a page, those with problems first. The API has more of them.
const ROWS: usize = 500;

/// The page.
pub fn render(status: &Status<'_>) -> String {
    let mut out = String::new();
    let _ = page(&mut out, status); // into a String: cannot fail
    out
}

fn page(out: &mut String, status: &Status<'_>) -> Result {
    write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{}s3-exporter</title><style>{STYLE}</style></head>\n<body>\n\
         <h1>s3-exporter</h1>\n",
        if is_well(status) { "" } else { "(!) " },
    )?;
    problems(out, status)?;
    destinations(out, status)?;
    if !status.resolvers.is_empty() {
        resolvers(out, status)?;
    }
    writeln!(out, "<h2>Clusters</h2>")?;
    for destination in &status.destinations {
        clusters(out, destination)?;
    }
    writeln!(
        out,
        "<p class=\"dim\">As of {}. s3-exporter {} ({}), started {}. \
         <a href=\"metrics\">Metrics</a>, <a href=\"api/v1/status\">this page as JSON</a>.</p>\n</body></html>",
        status.now,
        status.version,
        HtmlText(status.revision),
        Ago(Some(status.started)),
    )
}

fn destinations(out: &mut String, status: &Status<'_>) -> Result {
    out.push_str(
        "<h2>Destinations</h2>\n<div class=\"scroll\"><table><tr><th>Destination<th>Bucket<th>State\
         <th>Latest scan<th>Latest complete scan<th class=\"n\">Objects<th class=\"n\">Size\
         <th class=\"n\">Clusters<th class=\"n\">Unassigned</tr>\n",
    );
    for destination in &status.destinations {
        let (class, state) = match (&destination.state, &destination.failure) {
            (DestinationState::Pending, _) => ("warn", "not yet scanned"),
            (DestinationState::Ok, _) => ("good", "ok"),
            (DestinationState::Failing, failure) => (
                "bad",
                failure.as_ref().map_or("failing", |failure| failure.kind),
            ),
        };
        let number = |n: Option<u64>| n.map_or("?".to_owned(), |n| n.to_string());
        let listed = destination.listed.as_ref();
        writeln!(
            out,
            "<tr><td>{}<td>{}{}<br><span class=\"dim\">{}</span><td class=\"{class}\">{}<td>{}<td>{}\
             <td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{}</tr>",
            HtmlName(destination.destination),
            HtmlName(destination.bucket),
            match destination.prefix {
                "" => String::new(),
                prefix => format!(" under {}", HtmlName(prefix)),
            },
            HtmlText(destination.store_url),
            HtmlText(state),
            match &destination.latest_scan {
                Some(scan) => format!(
                    "{}, took {:.1} s",
                    Ago(Some(scan.ended)),
                    scan.duration_seconds
                ),
                None => "none yet".to_owned(),
            },
            Ago(destination.last_success),
            number(listed.map(|listed| listed.objects)),
            listed.map_or("?".to_owned(), |listed| ByteSize(listed.size_bytes)
                .to_string()),
            match (&destination.resolver, listed) {
                (Some(_), Some(_)) => destination.backups.all.to_string(),
                (Some(_), None) => "?".to_owned(),
                (None, _) => "-".to_owned(),
            },
            number(
                destination
                    .unassigned
                    .as_ref()
                    .map(|unassigned| unassigned.objects)
            ),
        )?;
    }
    writeln!(out, "</table></div>")
}

fn resolvers(out: &mut String, status: &Status<'_>) -> Result {
    out.push_str(
        "<h2>Resolvers</h2>\n<div class=\"scroll\"><table><tr><th>Resolver<th>State\
         <th class=\"n\">Clusters<th>Last known to be right<th>Failure</tr>\n",
    );
    for resolver in &status.resolvers {
        let (class, state) = match (resolver.success, &resolver.failure) {
            (true, _) => ("good", "ok"),
            (false, Some(_)) => ("bad", "failing"),
            (false, None) => ("warn", "no answer yet"),
        };
        writeln!(
            out,
            "<tr><td>{}<td class=\"{class}\">{state}<td class=\"n\">{}<td>{}<td>{}</tr>",
            HtmlName(resolver.resolver),
            resolver.clusters.map_or("?".to_owned(), |n| n.to_string()),
            Ago(resolver.last_success),
            HtmlText(resolver.failure.unwrap_or("")),
        )?;
    }
    writeln!(out, "</table></div>")
}

fn clusters(out: &mut String, destination: &DestinationStatus<'_>) -> Result {
    write!(
        out,
        "<h3>{}</h3>\n<p class=\"dim\">",
        HtmlName(destination.destination)
    )?;
    match (&destination.resolver, destination.last_success) {
        (None, ended) => {
            out.push_str("It has no resolver, so it is judged as a whole; ");
            if ended.is_some() {
                let listed = destination.listed.as_ref();
                let newest = listed.and_then(|listed| listed.newest_object);
                write!(out, "newest backup: {}; ", Ago(newest))?;
            }
            return lateness(out, destination);
        }
        (Some(_), None) => return writeln!(out, "No scan has been complete yet.</p>"),
        (Some(resolver), Some(ended)) => write!(
            out,
            "Names by {}; figures of {}; ",
            HtmlName(resolver),
            Ago(Some(ended))
        )?,
    }
    lateness(out, destination)?;
    if destination.backups.all == 0 {
        return writeln!(out, "<p>There are no clusters.</p>");
    }
    out.push_str(
        "<div class=\"scroll\"><table><tr><th>Cluster<th>Backup<th>Newest<th class=\"n\">Its size\
         <th class=\"n\">Objects<th class=\"n\">Empty<th class=\"n\">Size<th>Oldest<th class=\"n\">Largest</tr>\n",
    );
    let mut rows: Vec<_> = destination.clusters.iter().collect();
    rows.sort_by_key(|cluster| cluster.judged.backup); // stable: by name within
    rows.truncate(ROWS);
    for cluster in &rows {
        row(out, cluster)?;
    }
    writeln!(out, "</table></div>")?;
    let more = destination.backups.all - rows.len();
    if more > 0 {
        writeln!(
            out,
            "<p class=\"dim\">And {more} more: <a href=\"api/v1/status\">JSON</a> lists more of them, \
             <a href=\"metrics\">the metrics</a> have them.</p>",
        )?;
    }
    Ok(())
}

/// When a backup is late, at the end of a paragraph.
fn lateness(out: &mut String, destination: &DestinationStatus<'_>) -> Result {
    match destination.max_age_seconds {
        Some(age) => writeln!(out, "late when older than {}.</p>", Span(age)),
        None => writeln!(
            out,
            "<code>max_age</code> is not set, so none is ever late.</p>"
        ),
    }
}

fn row(out: &mut String, cluster: &ClusterStatus<'_>) -> Result {
    let (class, state) = match cluster.judged.backup {
        Backup::None => ("bad", "none".to_owned()),
        Backup::Late | Backup::Empty | Backup::Shrunk => {
            let findings = cluster.judged.findings.iter().map(|finding| match finding {
                Finding::None => "none",
                Finding::Late => "late",
                Finding::Empty => "newest is empty",
                Finding::Shrunk => "newest has shrunk",
            });
            ("warn", findings.collect::<Vec<_>>().join(", "))
        }
        Backup::Awaited => ("dim", "none yet".to_owned()),
        Backup::Ok => ("good", "ok".to_owned()),
    };
    let objects = &cluster.objects;
    let size = |size: Option<u64>| size.map_or(String::new(), |size| ByteSize(size).to_string());
    let empty = if objects.empty_objects > 0 {
        "n warn"
    } else {
        "n"
    };
    writeln!(
        out,
        "<tr><td>{}<td class=\"{class}\">{state}<td>{}<td class=\"n\">{}<td class=\"n\">{}\
         <td class=\"{empty}\">{}<td class=\"n\">{}<td>{}<td class=\"n\">{}</tr>",
        HtmlName(cluster.cluster),
        Ago(objects.newest_object),
        size(objects.newest_object_size_bytes),
        objects.objects,
        objects.empty_objects,
        ByteSize(objects.size_bytes),
        objects
            .oldest_object
            .map_or(String::new(), |oldest| Ago(Some(oldest)).to_string()),
        size(objects.largest_object_size_bytes),
    )
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;
    use sha2::{Digest, Sha256};

    use super::*;

    /// A browser refuses a style sheet whose hash the policy does not name.
    #[test]
    fn the_policy_allows_the_style() {
        let hash = BASE64_STANDARD.encode(Sha256::digest(STYLE));
        assert!(
            POLICY.contains(&format!("'sha256-{hash}'")),
            "sha256-{hash}"
        );
    }
}
