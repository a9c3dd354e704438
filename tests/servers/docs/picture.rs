//! The picture of the architecture: its lines are well-formed, and the places that it names are there.

use std::collections::BTreeSet;

use crate::docs::{blocks, root};

/// What is wrong with a flowchart: nodes are `id["text<br/>places"]` or `id[("text")]`, and each line
/// is an arrow between two of them, of which the first mention has the text.
fn faults(text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let mut lines = text.lines();
    if lines.next() != Some("flowchart LR") {
        faults.push("it is no flowchart from left to right".to_owned());
    }
    let mut known = BTreeSet::new();
    for line in lines {
        let ends: Vec<_> = line.trim().split(" --> ").collect();
        if ends.len() != 2 {
            faults.push(format!("{line}: no arrow from one to another"));
        }
        for end in ends {
            let (id, text) = end.split_once('[').unwrap_or((end, ""));
            if text.is_empty() == known.insert(id) {
                faults.push(format!("{line}: {id} has no text, or another one"));
            }
            let text = text.trim_matches(['[', ']', '(', ')', '"']);
            let places = text.split_once("<br/>").map_or("", |(_, places)| places);
            for place in places.split(", ").filter(|place| !place.is_empty()) {
                let path = root().join(place);
                if !path.exists() {
                    faults.push(format!("{place} is not there"));
                }
            }
        }
    }
    faults
}

#[test]
fn what_it_shows_is_there() {
    let pictures = blocks::all("mermaid");
    assert_eq!(pictures.len(), 1);
    for picture in pictures {
        assert!(picture.text.matches("<br/>").count() > 6, "{picture:?}");
        assert_eq!(faults(&picture.text), [""; 0], "{}", picture.place);
    }
}

#[test]
fn what_is_not_is_noticed() {
    for bad in [
        "flowchart TD\n  a[\"x\"] --> b[\"y\"]\n",
        "flowchart LR\n  a[\"x\"] --> b\n",
        "flowchart LR\n  a[\"x<br/>src/nothing\"] --> b[\"y\"]\n",
        "flowchart LR\n  a[\"x\"] -> b[\"y\"]\n",
    ] {
        assert_ne!(faults(bad), [""; 0], "{bad}");
    }
}
