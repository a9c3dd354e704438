//! Readings in one line.

use jiff::Timestamp;

use crate::layouts::{KeyTime, Layout, Reading, Role, TimeRule};

/// What is read in a key by a layout: what is empty is left out.
pub fn line(layout: &Layout, key: &[u8], reading: &Reading<'_>) -> String {
    let mut words = Vec::new();
    let mut say = |name: &str, value: &str| {
        if !value.is_empty() {
            words.push(format!("{name}={value}"));
        }
    };
    say("root", &String::from_utf8_lossy(&key[..reading.root]));
    say("cluster", reading.cluster.as_deref().unwrap_or_default());
    say("job", &reading.job);
    let piece = match &reading.role {
        Role::Never(never) => {
            words.push(format!("never {never:?}").to_lowercase());
            return words.join(" ");
        }
        Role::Piece(piece) => piece,
    };
    let what = format!("{:?} {:?}", piece.kind, piece.part).to_lowercase();
    words.push(format!("{what} id={}", piece.id));
    if let Some(time) = &piece.time {
        words.push(format!("time={}", moment(layout, time)));
    }
    for (name, value) in [("parent", &piece.parent), ("covers", &piece.covers)] {
        if let Some(value) = value {
            words.push(format!("{name}={value}"));
        }
    }
    if let Some(number) = piece.number {
        words.push(format!("number={number}"));
    }
    words.join(" ")
}

/// A time as RFC 3339 writes it, without a zone where none is known; and for how many seconds it
/// stands where it is not one.
fn moment(layout: &Layout, time: &KeyTime) -> String {
    let mut text = Timestamp::from_second(time.seconds)
        .map(|moment| format!("{moment:.0}"))
        .unwrap_or_default();
    if layout.time != TimeRule::Utc && !time.is_utc() {
        text.truncate(text.trim_end_matches('Z').len());
    }
    if time.span != 1 {
        text = format!("{text}/{}", time.span);
    }
    text
}
