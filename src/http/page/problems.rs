//! What is wrong, and why: what somebody who is woken up reads first.

use std::fmt::{Result, Write};

use crate::http::page::write::{Ago, Count, Name, Text};
use crate::http::status::{Backup, Cluster, Destination, State, Status};

fn failing<'a>(status: &'a Status<'_>) -> impl Iterator<Item = &'a Destination<'a>> {
    let failing = |destination: &&Destination<'_>| destination.state == State::Failing;
    status.destinations.iter().filter(failing)
}

fn with<'a>(destination: &'a Destination<'_>, backup: Backup) -> Vec<&'a Cluster<'a>> {
    let with = |cluster: &&Cluster<'_>| cluster.backup == backup;
    destination.clusters.iter().filter(with).collect()
}

fn count(status: &Status, backup: Backup) -> usize {
    let count = |destination: &Destination<'_>| destination.backups.of(backup);
    status.destinations.iter().map(count).sum()
}

/// Whether there is nothing to tell.
pub fn is_well(status: &Status<'_>) -> bool {
    failing(status).next().is_none()
        && count(status, Backup::None) + count(status, Backup::Late) == 0
        && status.resolvers.iter().all(|resolver| resolver.success)
}

/// The verdict, and each problem with its reason.
pub fn problems(out: &mut String, status: &Status<'_>) -> Result {
    let pending = status.destinations.iter();
    let pending = pending
        .filter(|destination| destination.state == State::Pending)
        .count();
    if is_well(status) {
        return if pending == 0 {
            writeln!(out, "<p class=\"verdict good\">All is well.</p>")
        } else {
            let waiting = Count(pending, "destination");
            writeln!(
                out,
                "<p class=\"verdict warn\">Waiting for the first scan of {waiting}.</p>"
            )
        };
    }
    let broken = status
        .resolvers
        .iter()
        .filter(|resolver| !resolver.success)
        .count();
    let verdict: Vec<_> = [
        (failing(status).count(), "destination", "failing"),
        (broken, "resolver", "without up-to-date names"),
        (count(status, Backup::None), "cluster", "without any backup"),
        (count(status, Backup::Late), "cluster", "with late backups"),
        (pending, "destination", "not yet scanned"),
    ]
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
        let Some(failure) = &destination.failure else {
            continue;
        };
        writeln!(
            out,
            "<li>Destination {} <span class=\"bad\">fails: {}</span>. {}<br><span class=\"dim\">Its figures are {}.</span></li>",
            Name(destination.destination),
            Text(failure.kind),
            Text(failure.message),
            match destination.last_success {
                Some(ended) => format!("those of the latest complete scan, {}", Ago(Some(ended))),
                None => "not known: no scan has been complete yet".to_owned(),
            },
        )?;
    }
    for resolver in status.resolvers.iter().filter(|resolver| !resolver.success) {
        writeln!(
            out,
            "<li>Resolver {} <span class=\"bad\">has no up-to-date names</span>. {}</li>",
            Name(resolver.resolver),
            Text(resolver.failure.unwrap_or("It has not answered yet.")),
        )?;
    }
    for destination in &status.destinations {
        for (backup, class, words) in [
            (Backup::None, "bad", "no backup"),
            (Backup::Late, "warn", "late backups"),
        ] {
            let count = destination.backups.of(backup);
            if count > 0 {
                write!(
                    out,
                    "<li>Destination {}: <span class=\"{class}\">{words}</span> of {}: ",
                    Name(destination.destination),
                    Count(count, "cluster"),
                )?;
                names(out, &with(destination, backup), count)?;
                writeln!(out, "</li>")?;
            }
        }
    }
    writeln!(out, "</ul></div>")
}

/// The first of these clusters, of which there are so many, with what one asks first.
fn names(out: &mut String, clusters: &[&Cluster<'_>], count: usize) -> Result {
    const NAMED: usize = 20;
    for (at, cluster) in clusters.iter().take(NAMED).enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        write!(out, "{}", Name(cluster.cluster))?;
        match (cluster.backup, cluster.created) {
            (Backup::Late, _) => write!(out, " ({})", Ago(cluster.objects.newest_object))?,
            (Backup::None, Some(created)) => write!(out, " (created {})", Ago(Some(created)))?,
            _ => {}
        }
    }
    let more = count - clusters.len().min(NAMED);
    if more > 0 {
        write!(out, " and {more} more")?;
    }
    Ok(())
}
