//! From the time that a clock on some wall shows to UTC.
//!
//! A label says when a backup began, in a zone that nobody knows. Its oldest object is a little
//! younger than that, or a lot where the tool uploads late: so a label minus last-modified is the
//! zone's offset or less. Most backups of a job begin to upload soon, and so what most of some
//! neighbours show is the offset; daylight saving changes it by an hour from one day to the next.

use std::cell::LazyCell;

/// Zones differ by whole quarters of an hour, in seconds.
const QUARTER: i64 = 15 * 60;
const HOUR: i64 = 60 * 60;
/// No zone is further from UTC.
const FURTHEST: i64 = 14 * HOUR;

/// A label, and last-modified of the oldest object, in seconds since 1970, the label as if it
/// were UTC.
#[derive(Clone, Copy, Debug)]
pub(super) struct Label {
    pub says: i64,
    pub begun: i64,
}

/// How far the clock is ahead of UTC that wrote each label, in seconds. The labels come in their
/// order.
pub(super) fn offsets(labels: &[Label]) -> Vec<i64> {
    let raw: Vec<_> = labels.iter().map(|label| raw(*label)).collect();
    // Of all together, which is the same for each of them and takes the square of their number.
    let all = LazyCell::new(|| agreed(&raw, 4));
    (0..labels.len())
        .map(|at| offset(&raw, at, || *all))
        .collect()
}

/// What one backup shows; `None` where no zone is so far, as where all was copied later.
fn raw(label: Label) -> Option<i64> {
    let ahead = label.says - label.begun;
    let rounded = (ahead + QUARTER / 2).div_euclid(QUARTER) * QUARTER;
    (-FURTHEST..=FURTHEST).contains(&rounded).then_some(rounded)
}

/// `all`: what most show.
fn offset(raw: &[Option<i64>], at: usize, all: impl Fn() -> Option<i64>) -> i64 {
    /// Neighbours on each side.
    const NEAR: usize = 2;
    let last = raw.len() - 1;
    let is_inner = at >= NEAR && at + NEAR <= last;
    let from = at.saturating_sub(NEAR).min(last.saturating_sub(2 * NEAR));
    let to = (from + 2 * NEAR).min(last);
    let Some(usual) = agreed(&raw[from..=to], 2).or_else(all) else {
        return 0;
    };
    match raw[at] {
        // Nothing is uploaded before it began.
        Some(own) if own > usual + 2 * QUARTER => own,
        // At the ends nobody knows yet whether the clocks were changed or one took longer.
        Some(own) if !is_inner && own < usual => {
            if usual - own > HOUR / 2 {
                usual - HOUR
            } else {
                usual
            }
        }
        _ => usual,
    }
}

/// What most show, one of so many at least; `None` where none agree: what was copied says nothing of
/// the zone. Where two are shown equally often it is the greater one: what deviates is too little.
fn agreed(raw: &[Option<i64>], one_of: usize) -> Option<i64> {
    let known = || raw.iter().flatten().copied();
    let near = |one: i64| {
        known()
            .filter(|other| (one - other).abs() <= 2 * QUARTER)
            .count()
    };
    let (count, _) = known().map(|one| (near(one), one)).max()?;
    let mut agreeing: Vec<_> = known().filter(|one| near(*one) == count).collect();
    agreeing.sort_unstable();
    let is_enough = count * one_of > raw.len() && (count > 1 || raw.len() == 1);
    let middle = agreeing.get(agreeing.len() / 2).copied();
    middle.filter(|_| is_enough)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A backup each night at three of a zone that is `winter` ahead of UTC, and an hour more from
    /// one day to another; each begins to upload after so many seconds.
    fn nights(winter: i64, summer: std::ops::Range<i64>, after: impl Fn(i64) -> i64) -> Vec<Label> {
        let night = |day: i64| {
            let says = day * 24 * HOUR + 3 * HOUR;
            let ahead = winter + i64::from(summer.contains(&day)) * HOUR;
            let begun = says - ahead + after(day);
            Label { says, begun }
        };
        (0..60).map(night).collect()
    }

    /// Berlin, New York, Kathmandu (which has no summer time), Adelaide, Honolulu.
    const ZONES: [i64; 5] = [HOUR, -5 * HOUR, 23 * QUARTER, 38 * QUARTER, -10 * HOUR];

    #[test]
    fn labels_are_turned_to_utc_in_any_zone_over_both_changes_of_the_clocks() {
        for winter in ZONES {
            for summer in [0..0, 20..60, 0..25, 59..60, 0..59, 2..58] {
                let labels = nights(winter, summer.clone(), |day| 20 + day % 7 * 30);
                let expected = (0..60).map(|day| winter + i64::from(summer.contains(&day)) * HOUR);
                let found = offsets(&labels);
                assert!(
                    found.iter().copied().eq(expected),
                    "{winter} {summer:?} {found:?}"
                );
            }
        }
    }

    /// Some take hours until the first object is there. Only of the newest one nobody can tell.
    #[test]
    fn one_that_runs_long_is_of_no_other_zone() {
        for winter in ZONES {
            let labels = nights(winter, 0..0, |day| if day % 5 == 3 { 2 * HOUR } else { 60 });
            let found = offsets(&labels);
            assert!(
                found[..58].iter().all(|offset| *offset == winter),
                "{found:?}"
            );
        }
    }

    #[test]
    fn a_server_that_moves_is_followed() {
        let mut labels = nights(-5 * HOUR, 0..0, |_| 60);
        for label in &mut labels[40..] {
            label.says = label.begun - 60;
        }
        let found = offsets(&labels);
        let expected = (0..60).map(|day| if day < 40 { -5 * HOUR } else { 0 });
        assert!(found.iter().copied().eq(expected), "{found:?}");
    }

    /// Also where many were made on the day of the copy, and where new ones come after it.
    #[test]
    fn what_was_copied_later_shows_no_zone() {
        let hourly = (0..64).map(|hour| Label {
            says: hour * HOUR,
            begun: 64 * HOUR + hour,
        });
        assert_eq!(offsets(&hourly.collect::<Vec<_>>()), [0; 64]);
        let mut labels = nights(HOUR, 0..0, |_| 60);
        let copied = labels[40].begun + 9 * HOUR;
        labels[..=40]
            .iter_mut()
            .for_each(|label| label.begun = copied);
        assert_eq!(offsets(&labels), [HOUR; 60]);
        assert_eq!(offsets(&labels[36..41]), [0; 5]);

        let copied = |mut label: Label| {
            label.begun = 1_000 * 24 * HOUR;
            label
        };
        let labels: Vec<_> = nights(0, 0..0, |_| 0).into_iter().map(copied).collect();
        assert_eq!(offsets(&labels), [0; 60]);
        assert_eq!(offsets(&[]), [] as [i64; 0]);
    }
}
