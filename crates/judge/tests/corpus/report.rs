//! How well the judge does on the corpus, beside others: a table a person can read.

use std::collections::BTreeMap;
use std::fmt::Write;

use s3_exporter_judge::findings::FindingKind;

use crate::peers::Peer;
use crate::play::Played;

#[derive(Clone, Copy, Debug, Default)]
struct Share {
    found: usize,
    of: usize,
}

impl Share {
    fn add(&mut self, is_found: bool) {
        self.found += usize::from(is_found);
        self.of += 1;
    }

    fn shown(self) -> String {
        if self.of == 0 {
            "-".to_owned()
        } else {
            format!("{} of {}", self.found, self.of)
        }
    }
}

/// What came of all cases, as Markdown: for each finding, in how many of its cases it was found.
pub fn table(all: &[(bool, Played)]) -> String {
    let mut judge: BTreeMap<FindingKind, Share> = BTreeMap::new();
    let mut alarms: BTreeMap<FindingKind, u32> = BTreeMap::new();
    let mut peers: BTreeMap<(Peer, FindingKind), Share> = BTreeMap::new();
    let mut wrong: BTreeMap<Peer, usize> = BTreeMap::new();
    for (_, played) in all {
        for (kind, is_found) in &played.recall {
            judge.entry(*kind).or_default().add(*is_found);
        }
        for (kind, count) in &played.false_alarms {
            *alarms.entry(*kind).or_default() += count;
        }
        for seen in &played.peers {
            for (kind, is_found) in &seen.recall {
                peers.entry((seen.peer, *kind)).or_default().add(*is_found);
            }
            *wrong.entry(seen.peer).or_default() += usize::from(seen.is_false);
        }
    }
    let quiet = all.iter().filter(|(is_quiet, _)| *is_quiet).count();
    let judgements: u64 = all.iter().map(|(_, played)| played.judgements).sum();
    let mut out = format!(
        "{} cases, {quiet} of them with nothing wrong; {judgements} judgements of a job.\n\n| finding | found | false alarms |",
        all.len(),
    );
    let write = |out: &mut String, text: &str| out.push_str(text);
    for (_, name) in Peer::ALL {
        write(&mut out, &format!(" {name} |"));
    }
    write(
        &mut out,
        &format!("\n|---|---|---|{}\n", "---|".repeat(Peer::ALL.len())),
    );
    for kind in FindingKind::ALL {
        let found = judge.get(kind).copied().unwrap_or_default().shown();
        let false_alarms = alarms.get(kind).copied().unwrap_or(0);
        let _ = write!(out, "| `{}` | {found} | {false_alarms} |", kind.as_str());
        for (peer, _) in Peer::ALL {
            let share = peers.get(&(peer, *kind)).copied().unwrap_or_default();
            let _ = write!(out, " {} |", share.shown());
        }
        out.push('\n');
    }
    let total = judge.values().fold(Share::default(), |sum, share| Share {
        found: sum.found + share.found,
        of: sum.of + share.of,
    });
    let false_cases = all
        .iter()
        .filter(|(_, played)| !played.false_alarms.is_empty())
        .count();
    let _ = write!(
        out,
        "| **all** | {} | in {false_cases} of {} cases |",
        total.shown(),
        all.len()
    );
    for (peer, _) in Peer::ALL {
        let of_peer = peers
            .iter()
            .filter(|((of, _), _)| *of == peer)
            .map(|(_, share)| share);
        let total = of_peer.fold(Share::default(), |sum, share| Share {
            found: sum.found + share.found,
            of: sum.of + share.of,
        });
        let wrong = wrong.get(&peer).copied().unwrap_or(0);
        let _ = write!(out, " {}; false in {wrong} cases |", total.shown());
    }
    out + "\n"
}
