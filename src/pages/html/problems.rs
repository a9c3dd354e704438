//! What is wrong, and why: what somebody who is woken up reads first.

use std::fmt::{Result, Write};

use crate::pages::html::write::{Ago, ByteSize, Count, HtmlName, HtmlText};
use crate::pages::{ClusterStatus, DestinationState, DestinationStatus, Status};
use crate::verdict::Finding;

fn failing<'a>(status: &'a Status<'_>) -> impl Iterator<Item = &'a DestinationStatus<'a>> {
    let failing =
        |destination: &&DestinationStatus<'_>| destination.state == DestinationState::Failing;
    status.destinations.iter().filter(failing)
}

fn with<'a>(
    destination: &'a DestinationStatus<'_>,
    finding: Finding,
) -> Vec<&'a ClusterStatus<'a>> {
    let with = |cluster: &&ClusterStatus<'_>| cluster.judged.has(finding);
    destination.clusters.iter().filter(with).collect()
}

/// How many destinations have this wrong as a whole.
fn wholes(status: &Status<'_>, finding: Finding) -> usize {
    let wholes = status.destinations.iter();
    let wholes = wholes.filter_map(|destination| destination.as_a_whole.as_ref());
    wholes.filter(|judged| judged.has(finding)).count()
}

fn pending(status: &Status<'_>) -> usize {
    let pending =
        |destination: &&DestinationStatus<'_>| destination.state == DestinationState::Pending;
    status.destinations.iter().filter(pending).count()
}

/// Whether there is nothing to tell.
pub fn is_well(status: &Status<'_>) -> bool {
    failing(status).next().is_none()
        && Finding::ALL
            .iter()
            .all(|finding| status.clusters.of(*finding) == 0 && wholes(status, *finding) == 0)
        && status.resolvers.iter().all(|resolver| resolver.success)
}

/// The verdict, and each problem with its reason.
pub fn problems(out: &mut String, status: &Status<'_>) -> Result {
    let unjudged = |destination: &&DestinationStatus<'_>| destination.max_age_seconds.is_none();
    let unjudged = status.destinations.iter().filter(unjudged).count();
    if is_well(status) {
        return well(out, pending(status), unjudged);
    }
    let broken = status
        .resolvers
        .iter()
        .filter(|resolver| !resolver.success)
        .count();
    let mut verdict = vec![
        (failing(status).count(), "destination", "failing"),
        (broken, "resolver", "without up-to-date names"),
    ];
    for finding in Finding::ALL {
        let how = match finding {
            Finding::None => "without any backup",
            Finding::Late => "with late backups",
            Finding::Empty => "with an empty newest object",
            Finding::Shrunk => "with a newest object that has shrunk",
        };
        verdict.push((status.clusters.of(finding), "cluster", how));
        verdict.push((wholes(status, finding), "destination", how));
    }
    verdict.push((pending(status), "destination", "not yet scanned"));
    verdict.push((unjudged, "destination", "not judged for lateness"));
    let verdict: Vec<_> = verdict
        .into_iter()
        .filter(|(n, ..)| *n > 0)
        .map(|(n, what, how)| format!("{} {how}", Count(n, what)))
        .collect();
    writeln!(
        out,
        "<p class=\"verdict bad\">{}</p>\n<div class=\"problems\"><ul>",
        verdict.join(" · ")
    )?;
    for destination in failing(status) {
        failure(out, destination)?;
    }
    for resolver in status.resolvers.iter().filter(|resolver| !resolver.success) {
        writeln!(
            out,
            "<li>Resolver {} <span class=\"bad\">has no up-to-date names</span>. {}</li>",
            HtmlName(resolver.resolver),
            HtmlText(resolver.failure.unwrap_or("It has not answered yet.")),
        )?;
    }
    for destination in &status.destinations {
        for finding in Finding::ALL {
            findings(out, destination, finding)?;
        }
    }
    writeln!(out, "</ul></div>")
}

/// The verdict where nothing is known to be wrong. Where nothing can be late, that is not
/// to say that all is well.
fn well(out: &mut String, pending: usize, unjudged: usize) -> Result {
    let mut verdict = Vec::new();
    if pending > 0 {
        let waiting = Count(pending, "destination");
        verdict.push(format!("Waiting for the first scan of {waiting}."));
    } else if unjudged > 0 {
        verdict.push("Nothing is known to be wrong.".to_owned());
    }
    if unjudged > 0 {
        let unjudged = Count(unjudged, "destination");
        verdict.push(format!(
            "{unjudged} not judged for lateness: <code>max_age</code> is not set."
        ));
    }
    if verdict.is_empty() {
        return writeln!(out, "<p class=\"verdict good\">All is well.</p>");
    }
    writeln!(out, "<p class=\"verdict warn\">{}</p>", verdict.join(" "))
}

fn failure(out: &mut String, destination: &DestinationStatus<'_>) -> Result {
    let Some(failure) = &destination.failure else {
        return Ok(());
    };
    writeln!(
        out,
        "<li>Destination {} <span class=\"bad\">fails: {}</span>. {}<br><span class=\"dim\">Its figures are {}.</span></li>",
        HtmlName(destination.destination),
        HtmlText(failure.kind),
        HtmlText(failure.message),
        match destination.last_success {
            Some(ended) => format!("those of the latest complete scan, {}", Ago(Some(ended))),
            None => "not known: no scan has been complete yet".to_owned(),
        },
    )
}

/// Of a destination as a whole, and of its clusters, where this is wrong.
fn findings(out: &mut String, destination: &DestinationStatus<'_>, finding: Finding) -> Result {
    let words = finding.words();
    let class = match finding {
        Finding::None => "bad",
        Finding::Late | Finding::Empty | Finding::Shrunk => "warn",
    };
    if let Some(judged) = &destination.as_a_whole
        && judged.has(finding)
    {
        let newest = destination.listed.as_ref().and_then(|of| of.newest_object);
        let more = match (finding, destination.resolver) {
            (Finding::None, Some(_)) => " of any known cluster".to_owned(),
            (Finding::Late, _) => format!(" ({})", Ago(newest)),
            _ => String::new(),
        };
        writeln!(
            out,
            "<li>Destination {}, as a whole: <span class=\"{class}\">{words}</span>{more}.</li>",
            HtmlName(destination.destination),
        )?;
    }
    let count = destination.backups.of(finding);
    if count > 0 {
        write!(
            out,
            "<li>Destination {}: <span class=\"{class}\">{words}</span> of {}: ",
            HtmlName(destination.destination),
            Count(count, "cluster"),
        )?;
        names(out, &with(destination, finding), finding, count)?;
        writeln!(out, "</li>")?;
    }
    Ok(())
}

/// The first of these clusters, of which there are so many, with what one asks first.
fn names(
    out: &mut String,
    clusters: &[&ClusterStatus<'_>],
    finding: Finding,
    count: usize,
) -> Result {
    const NAMED: usize = 20;
    for (at, cluster) in clusters.iter().take(NAMED).enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        write!(out, "{}", HtmlName(cluster.cluster))?;
        match (finding, cluster.created, cluster.last_seen) {
            (Finding::None, _, Some(seen)) => {
                write!(out, " (gone: it had some {})", Ago(Some(seen)))?
            }
            (Finding::None, Some(created), None) => {
                write!(out, " (created {})", Ago(Some(created)))?;
            }
            (Finding::Late, ..) => write!(out, " ({})", Ago(cluster.objects.newest_object))?,
            (Finding::Shrunk, ..) => {
                let size = cluster.objects.newest_object_size_bytes;
                write!(out, " ({})", ByteSize(size.unwrap_or(0)))?;
            }
            _ => {}
        }
    }
    let more = count - clusters.len().min(NAMED);
    if more > 0 {
        write!(out, " and {more} more")?;
    }
    Ok(())
}
