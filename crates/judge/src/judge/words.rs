//! Times and numbers: how they are counted, and how they are written in a sentence.

use std::time::Duration;

use s3_exporter_api::UnixTime;

/// In milliseconds.
pub(super) const MINUTE: i64 = 60_000;
/// In milliseconds.
pub(super) const HOUR: i64 = 60 * MINUTE;
/// In milliseconds.
pub(super) const DAY: i64 = 24 * HOUR;

/// The time, or the furthest that a clock says: what is kept must be one (see [`UnixTime`]), and of
/// it times can be reckoned without a thought of overflow.
pub(super) fn sane(time: UnixTime) -> UnixTime {
    const FURTHEST: i64 = 1 << 53;
    UnixTime::from_millis(time.as_millis().clamp(-FURTHEST, FURTHEST))
}

/// Milliseconds from one moment to another; negative where the other is earlier.
pub(super) fn between(from: UnixTime, to: UnixTime) -> i64 {
    to.as_millis().saturating_sub(from.as_millis())
}

/// So many milliseconds later.
pub(super) fn later(time: UnixTime, millis: i64) -> UnixTime {
    UnixTime::from_millis(time.as_millis().saturating_add(millis))
}

/// In milliseconds.
pub(super) fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

/// How long it is, by its two greatest units: `3 d 4 h`. Never negative.
pub(super) fn span(millis: i64) -> String {
    let seconds = millis.max(0) / 1000;
    let (first, second) = match seconds {
        0..60 => return format!("{seconds} s"),
        60..3600 => ((seconds / 60, "min"), (seconds % 60, "s")),
        3600..86_400 => ((seconds / 3600, "h"), (seconds % 3600 / 60, "min")),
        _ => ((seconds / 86_400, "d"), (seconds % 86_400 / 3600, "h")),
    };
    // Of many minutes or days nobody wants the seconds or hours.
    if second.0 == 0 || first.0 >= 10 {
        format!("{} {}", first.0, first.1)
    } else {
        format!("{} {} {} {}", first.0, first.1, second.0, second.1)
    }
}

/// An interval: `24 h`, `7 d`, `20 min`.
pub(super) fn interval(every: Duration) -> String {
    let seconds = every.as_secs();
    match seconds {
        172_800.. if seconds.is_multiple_of(86_400) => format!("{} d", seconds / 86_400),
        3600..172_800 if seconds.is_multiple_of(3600) => format!("{} h", seconds / 3600),
        _ => span(millis(every)),
    }
}

/// `one backup`, `2 backups`.
pub(super) fn count(number: u64, what: &str) -> String {
    let plural = match what.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None => format!("{what}s"),
    };
    match number {
        1 => format!("one {what}"),
        _ => format!("{number} {plural}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans() {
        for (millis, text) in [
            (0, "0 s"),
            (-5, "0 s"),
            (59_999, "59 s"),
            (90_000, "1 min 30 s"),
            (20 * MINUTE + 1000, "20 min"),
            (4 * HOUR, "4 h"),
            (3 * DAY + 4 * HOUR + MINUTE, "3 d 4 h"),
            (40 * DAY + HOUR, "40 d"),
            (i64::MAX, "106751991167 d"),
        ] {
            assert_eq!(span(millis), text);
        }
    }

    #[test]
    fn intervals() {
        for (seconds, text) in [
            (1200, "20 min"),
            (86_400, "24 h"),
            (172_800, "2 d"),
            (7 * 86_400, "7 d"),
            (95_040, "1 d 2 h"),
        ] {
            assert_eq!(interval(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn counts() {
        assert_eq!(count(1, "unfinished try"), "one unfinished try");
        assert_eq!(count(3, "unfinished try"), "3 unfinished tries");
        assert_eq!(count(2, "backup"), "2 backups");
    }
}
