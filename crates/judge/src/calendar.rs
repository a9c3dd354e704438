//! The latest days of a job, one word each: whether on that day backups came in time, late, not at
//! all, or were bad. So one looks and sees the hole.

use s3_exporter_api::UnixTime;
use serde::{Deserialize, Serialize};

/// In milliseconds.
const DAY: i64 = 86_400_000;

/// What came on a day, the least first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Day {
    /// Nothing came, and nothing was due; or nobody knows.
    #[default]
    Nothing,
    /// What was due came in time, or one came that was not due.
    Good,
    /// What was due came after its grace.
    Late,
    /// Something was due, and nothing good came in its place.
    Missed,
    /// What came is of no use: empty, cut short, far too small, unfinished or without its chain.
    Bad,
}

impl Day {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Nothing,
        Self::Good,
        Self::Late,
        Self::Missed,
        Self::Bad,
    ];

    /// As it is written everywhere.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Good => "good",
            Self::Late => "late",
            Self::Missed => "missed",
            Self::Bad => "bad",
        }
    }

    const fn letter(self) -> char {
        match self {
            Self::Nothing => '-',
            Self::Good => 'g',
            Self::Late => 'l',
            Self::Missed => 'm',
            Self::Bad => 'b',
        }
    }
}

/// Five weeks of days in UTC. It is kept over a restart: frequent backups of five weeks are more
/// than are remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Kept", into = "Kept")]
pub struct Calendar {
    /// Which day the last is, counted from 1970-01-01.
    last: i64,
    days: [Day; Self::DAYS],
}

/// As it is kept: the last day, and a letter each, the oldest first.
type Kept = (i64, String);

impl Calendar {
    /// Days that it has.
    pub const DAYS: usize = 35;

    /// One of which nothing is known yet, whose last day is this moment's.
    pub const fn ending(now: UnixTime) -> Self {
        Self {
            last: now.as_millis().div_euclid(DAY),
            days: [Day::Nothing; Self::DAYS],
        }
    }

    /// Each day by its beginning, the oldest first.
    pub fn days(
        &self,
    ) -> impl DoubleEndedIterator<Item = (UnixTime, Day)> + ExactSizeIterator + use<> {
        let first = self.last - Self::DAYS as i64 + 1;
        let days = self.days.into_iter().enumerate();
        days.map(move |(at, day)| (begin(first + at as i64), day))
    }

    /// What came on the day of a moment; nothing where that is no day of these.
    pub fn of(&self, time: UnixTime) -> Day {
        let at = self.position(time.as_millis().div_euclid(DAY));
        at.map_or(Day::Nothing, |at| self.days[at])
    }

    /// Whether nothing is known of any day.
    pub fn is_blank(&self) -> bool {
        self.days == [Day::Nothing; Self::DAYS]
    }

    /// Says this of the day of a moment, unless worse is said of it; of no day before or after its own.
    pub fn mark(&mut self, time: UnixTime, day: Day) {
        if let Some(at) = self.position(time.as_millis().div_euclid(DAY)) {
            self.days[at] = self.days[at].max(day);
        }
    }

    /// Says this of the day of a moment and of each day after it whose same time is not after `last`.
    pub fn mark_daily(&mut self, first: UnixTime, last: UnixTime, day: Day) {
        let (first, last) = (first.as_millis(), last.as_millis());
        let number = first.div_euclid(DAY);
        for (begin, _) in self.days() {
            let days = begin.as_millis().div_euclid(DAY).saturating_sub(number);
            let time = first.saturating_add(days.saturating_mul(DAY));
            if days == 0 || (days > 0 && time <= last) {
                self.mark(begin, day);
            }
        }
    }

    /// Says of the day of a moment that what came is of no use, unless something of use came too.
    pub fn mark_try(&mut self, time: UnixTime) {
        if !matches!(self.of(time), Day::Good | Day::Late) {
            self.mark(time, Day::Bad);
        }
    }

    /// The worst of both on each day of this one.
    #[must_use]
    pub fn or(mut self, other: &Self) -> Self {
        for (time, day) in other.days() {
            self.mark(time, day);
        }
        self
    }

    /// With what an earlier one says of days. `from` which moment on this one had all that there is
    /// to know: there it is right, but for what came and cannot be seen any more.
    #[must_use]
    pub fn after(mut self, before: &Self, from: UnixTime) -> Self {
        let from = from.as_millis().div_euclid(DAY);
        let first = self.last - Self::DAYS as i64 + 1;
        for (at, now) in self.days.iter_mut().enumerate() {
            let number = first + at as i64;
            let was = before
                .position(number)
                .map_or(Day::Nothing, |at| before.days[at]);
            *now = match (was, *now) {
                (was, now) if number <= from => was.max(now),
                (Day::Bad, Day::Missed) => Day::Bad,
                (Day::Good | Day::Bad, Day::Nothing) => was,
                (_, now) => now,
            };
        }
        self
    }

    fn position(&self, number: i64) -> Option<usize> {
        let back = usize::try_from(self.last.checked_sub(number)?).ok()?;
        (Self::DAYS - 1).checked_sub(back)
    }
}

const fn begin(number: i64) -> UnixTime {
    UnixTime::from_millis(number.saturating_mul(DAY))
}

impl From<Kept> for Calendar {
    fn from((last, letters): Kept) -> Self {
        // A file may hold what was never written.
        let furthest = i64::MAX / DAY;
        let mut kept = Self {
            last: last.clamp(-furthest, furthest),
            days: [Day::Nothing; Self::DAYS],
        };
        for (day, letter) in kept.days.iter_mut().rev().zip(letters.chars().rev()) {
            let known = Day::ALL.into_iter().find(|day| day.letter() == letter);
            *day = known.unwrap_or_default();
        }
        kept
    }
}

impl From<Calendar> for Kept {
    fn from(calendar: Calendar) -> Self {
        let letters = calendar.days.iter().map(|day| day.letter()).collect();
        (calendar.last, letters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: i64) -> UnixTime {
        UnixTime::from_millis(day * DAY + 1)
    }

    fn last(calendar: &Calendar, count: usize) -> String {
        let (_, letters): Kept = (*calendar).into();
        letters[Calendar::DAYS - count..].to_owned()
    }

    #[test]
    fn a_day_is_as_bad_as_the_worst_on_it() {
        let mut calendar = Calendar::ending(at(100));
        assert!(calendar.is_blank());
        for (day, what) in [
            (100, Day::Good),
            (99, Day::Missed),
            (99, Day::Good),
            (65, Day::Good),
            (66, Day::Late),
            (101, Day::Bad), // no day of it
        ] {
            calendar.mark(at(day), what);
        }
        calendar.mark_daily(at(90), at(93), Day::Late);
        calendar.mark_daily(at(i64::MIN / DAY), at(0), Day::Bad); // none of its days
        calendar.mark_daily(at(80), at(70), Day::Late); // the first in any case
        assert_eq!(calendar.of(at(93)), Day::Late);
        assert_eq!(
            (calendar.of(at(94)), calendar.of(at(81))),
            (Day::Nothing, Day::Nothing)
        );
        assert_eq!(
            (calendar.of(at(80)), calendar.of(at(66))),
            (Day::Late, Day::Late)
        );
        calendar.mark_try(at(98));
        calendar.mark_try(at(100)); // the one that was tried again is good
        assert_eq!(last(&calendar, 4), "-bmg");
        assert_eq!(
            calendar.days().next(),
            Some((begin(66), Day::Late)),
            "35 days"
        );
        assert_eq!(calendar.days().next_back(), Some((begin(100), Day::Good)));
        assert_eq!(calendar.of(at(65)), Day::Nothing);
    }

    #[test]
    fn what_was_known_before_goes_on() {
        let earlier = Calendar::from((100, "gmgbbmgm".to_owned()));
        let mut now = Calendar::ending(at(102));
        let found = [
            (95, Day::Good),
            (97, Day::Missed),
            (98, Day::Missed),
            (100, Day::Good),
        ];
        for (day, what) in found {
            now.mark(at(day), what);
        }
        // Days 93 to 102. All was to be seen from day 95 on, but for what was removed since.
        assert_eq!(last(&now.after(&earlier, at(95)), 10), "gmgbbmgg--");
    }

    #[test]
    fn it_is_kept_as_it_is() {
        let mut calendar = Calendar::ending(at(20_000));
        for (nth, day) in Day::ALL.into_iter().enumerate() {
            calendar.mark(at(20_000 - nth as i64), day);
        }
        let text = serde_json::to_string(&calendar).unwrap();
        assert_eq!(text, format!("[20000,\"{}bmlg-\"]", "-".repeat(30)));
        assert_eq!(serde_json::from_str::<Calendar>(&text).unwrap(), calendar);
        for odd in [
            "[9223372036854775807,\"?g\"]",
            "[-9223372036854775808,\"\"]",
        ] {
            let odd: Calendar = serde_json::from_str(odd).unwrap();
            assert_eq!(odd.days().count(), Calendar::DAYS);
            assert_eq!(odd.of(at(1)), Day::Nothing);
        }
    }
}
