//! Times in keys: found from the right, and read.

use jiff::civil::{Date, DateTime, ISOWeekDate, Time, Weekday};
use jiff::tz::Offset;

use super::text::number;
use super::{KeyTime, TimeForm};

/// 2001-09-09, from when on seconds since 1970 have ten digits, to the end of 2099.
pub const EPOCH: std::ops::Range<i64> = 1_000_000_000..4_102_444_800;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

impl KeyTime {
    /// The time of another key that has the same bytes before and after this one's; `None` where it
    /// has none there, or another form.
    pub fn again(&self, key: &[u8]) -> Option<Self> {
        let time = match self.form {
            TimeForm::Other => return None,
            TimeForm::Nanoseconds | TimeForm::Seconds => epoch(key, self.at.clone())?,
            TimeForm::Civil { .. } => civil(key, self.at.start)?,
        };
        (time.at == self.at && time.form == self.form && time.span == self.span).then_some(time)
    }
}

/// The last time in a key: 19 digits, 14, 10 (seconds, or year to hour), or a date, with or
/// without the time of day.
pub fn last(key: &[u8]) -> Option<KeyTime> {
    let mut end = key.len();
    loop {
        let stop = key[..end].iter().rposition(u8::is_ascii_digit)? + 1;
        let start = key[..stop]
            .iter()
            .rposition(|byte| !byte.is_ascii_digit())
            .map_or(0, |before| before + 1);
        let found = match stop - start {
            4 | 8 | 12 | 14 | 17 => civil(key, start),
            10 => civil(key, start).or_else(|| epoch(key, start..stop)),
            19 => epoch(key, start..stop),
            _ => None,
        };
        if let Some(time) = found
            && stands_alone(key, &time)
        {
            return Some(time);
        }
        end = start;
    }
}

/// Whether a time is no piece of a longer word, such as a hash: letters may stand beside it, but
/// none that are mixed with digits, nor hexadecimal ones after it.
fn stands_alone(key: &[u8], time: &KeyTime) -> bool {
    let is_of_word = |byte: &&u8| byte.is_ascii_alphanumeric();
    let mut before = key[..time.at.start].iter().rev().take_while(is_of_word);
    let after = &key[time.at.end..];
    let after = &after[..after.iter().take_while(is_of_word).count()];
    before.all(u8::is_ascii_alphabetic)
        && after.iter().all(u8::is_ascii_alphabetic)
        && (after.is_empty() || !after.iter().all(u8::is_ascii_hexdigit))
}

/// 10 digits of seconds, or 19 of nanoseconds.
pub fn epoch(key: &[u8], at: std::ops::Range<usize>) -> Option<KeyTime> {
    let digits = key.get(at.clone())?;
    let (seconds, form) = match digits.len() {
        10 => (number(digits)?, TimeForm::Seconds),
        19 => (number(&digits[..10])?, TimeForm::Nanoseconds),
        _ => return None,
    };
    let is_all_digits = digits.iter().all(u8::is_ascii_digit);
    (is_all_digits && EPOCH.contains(&seconds)).then_some(KeyTime {
        at,
        form,
        seconds,
        span: 1,
    })
}

/// A date that begins at `start`, and the time of day after it if there is one.
pub fn civil(key: &[u8], start: usize) -> Option<KeyTime> {
    let mut rest = Rest { key, at: start };
    let year = rest.digits(4).filter(|year| (2000..2100).contains(year))?;
    let between = rest.separator(b"-_./:");
    let month = rest.digits(2)?;
    if between.is_some() && rest.separator(b"-_./:") != between {
        return None;
    }
    let day = rest.digits(2)?;
    let date = (year, month, day);
    let mut time = at(date, (0, 0, 0), DAY)?;
    let is_compact = between.is_none();
    if let Some((clock, span, has_zone, shift)) = rest.clock(is_compact)
        && let Some(found) = at(date, clock, span)
    {
        time = found;
        time.form = TimeForm::Civil { has_zone };
        time.seconds -= shift;
    } else if rest.peek().is_some_and(|byte| byte.is_ascii_digit()) {
        return None; // a longer number
    }
    time.at = start..rest.at;
    Some(time)
}

/// A moment that exists.
fn at(date: (i64, i64, i64), clock: (i64, i64, i64), span: i64) -> Option<KeyTime> {
    let small = |number: i64| i8::try_from(number).ok();
    let moment = DateTime::new(
        i16::try_from(date.0).ok()?,
        small(date.1)?,
        small(date.2)?,
        small(clock.0)?,
        small(clock.1)?,
        small(clock.2)?,
        0,
    );
    Some(KeyTime {
        at: 0..0,
        form: TimeForm::Civil { has_zone: false },
        seconds: Offset::UTC.to_timestamp(moment.ok()?).ok()?.as_second(),
        span,
    })
}

/// What of a key is not read yet.
#[derive(Clone, Copy)]
struct Rest<'k> {
    key: &'k [u8],
    at: usize,
}

/// Hour, minute and second; for how many seconds that stands; whether the zone is said, and how
/// many seconds it is east.
type Clock = ((i64, i64, i64), i64, bool, i64);

impl Rest<'_> {
    fn peek(&self) -> Option<u8> {
        self.key.get(self.at).copied()
    }

    fn digits(&mut self, count: usize) -> Option<i64> {
        let number = number(self.key.get(self.at..self.at + count)?)?;
        self.at += count;
        Some(number)
    }

    fn separator(&mut self, any: &[u8]) -> Option<u8> {
        let byte = self.peek().filter(|byte| any.contains(byte))?;
        self.at += 1;
        Some(byte)
    }

    /// How many digits follow.
    fn run(&self) -> usize {
        self.key[self.at..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count()
    }

    /// The time of day after a date; if there is none, nothing is read.
    fn clock(&mut self, is_compact: bool) -> Option<Clock> {
        let mut rest = *self;
        let before = rest.separator(b"Tt_- .:/+");
        if before.is_none() && !is_compact {
            return None;
        }
        let clock = rest.hours(before)?;
        *self = rest;
        Some(clock)
    }

    fn hours(&mut self, before: Option<u8>) -> Option<Clock> {
        let run = self.run();
        let hour = self.digits(2).filter(|hour| *hour < 24)?;
        match run {
            2 if before.is_some() => self.spaced(hour, before),
            2 => Some(((hour, 0, 0), HOUR, false, 0)),
            4 => Some(((hour, self.sixty()?, 0), MINUTE, self.zulu(), 0)),
            6 | 9 => {
                let (minute, second) = (self.sixty()?, self.sixty()?);
                self.at += run - 6; // milliseconds
                let (has_zone, shift) = self.zone(matches!(before, Some(b'T' | b't')));
                Some(((hour, minute, second), 1, has_zone, shift))
            }
            _ => None,
        }
    }

    /// Minutes and seconds with something between.
    fn spaced(&mut self, hour: i64, before: Option<u8>) -> Option<Clock> {
        let mut rest = *self;
        let between = rest.separator(b":-_.h");
        let minute = (between.is_some() && rest.run() == 2)
            .then(|| rest.sixty())
            .flatten();
        let Some(minute) = minute else {
            // An hour alone, where it can be nothing else: after others it may be a counter.
            return matches!(before, Some(b'T' | b't' | b':' | b'/'))
                .then(|| ((hour, 0, 0), HOUR, self.zulu(), 0));
        };
        *self = rest;
        let next = if between == Some(b'h') {
            b'm'
        } else {
            between?
        };
        let is_next = rest.separator(&[next]).is_some();
        let second = (is_next && rest.run() == 2).then(|| rest.sixty()).flatten();
        let Some(second) = second else {
            if next == b'm' {
                self.separator(b"m");
            }
            return Some(((hour, minute, 0), MINUTE, self.zulu(), 0));
        };
        *self = rest;
        if next == b'm' {
            self.separator(b"s");
        }
        let (has_zone, shift) = self.zone(next == b':');
        Some(((hour, minute, second), 1, has_zone, shift))
    }

    fn sixty(&mut self) -> Option<i64> {
        self.digits(2).filter(|number| *number < 60)
    }

    /// A fraction of a second and a zone, if they follow: whether there is a zone, and its seconds
    /// east. `is_strict`: a minus can be nothing but an offset.
    fn zone(&mut self, is_strict: bool) -> (bool, i64) {
        let mut rest = *self;
        if rest.separator(b".,-").is_some() {
            let run = rest.run();
            rest.at += run;
            let is_dotted = self.peek() != Some(b'-');
            let is_fraction = (1..=9).contains(&run)
                && (rest.zulu() || (is_dotted && (run >= 3 || rest.offset(true).is_some())));
            if is_fraction {
                self.at += 1 + run;
            }
        }
        if self.zulu() {
            return (true, 0);
        }
        match self.offset(is_strict) {
            Some(shift) => (true, shift),
            None => (false, 0),
        }
    }

    /// `Z` or `UTC`, and no other word.
    fn zulu(&mut self) -> bool {
        let rest = &self.key[self.at..];
        let length = match rest {
            [b'Z' | b'z', ..] => 1,
            [b'_' | b'-', b'U', b'T', b'C', ..] => 4,
            [b'U', b'T', b'C', ..] => 3,
            _ => return false,
        };
        let is_word = rest.get(length).is_some_and(u8::is_ascii_alphanumeric);
        if !is_word {
            self.at += length;
        }
        !is_word
    }

    /// `+02:00`, `+0200`, and `-05:00` where it can be nothing else.
    fn offset(&mut self, is_strict: bool) -> Option<i64> {
        let mut rest = *self;
        let sign = match rest.separator(b"+-")? {
            b'+' => 1,
            _ if is_strict => -1,
            _ => return None,
        };
        let hours = rest.digits(2).filter(|hours| *hours <= 14)?;
        rest.separator(b":");
        let minutes = rest.digits(2).filter(|it| matches!(it, 0 | 30 | 45))?;
        if rest.run() > 0 {
            return None;
        }
        *self = rest;
        Some(sign * (hours * HOUR + minutes * MINUTE))
    }
}

/// A week by ISO 8601, which begins on a Monday.
pub fn iso_week(year: &[u8], week: &[u8], at: std::ops::Range<usize>) -> Option<KeyTime> {
    let year = i16::try_from(number(year)?).ok()?;
    let week = i8::try_from(number(week)?).ok()?;
    let monday = ISOWeekDate::new(year, week, Weekday::Monday).ok()?;
    whole(monday.date(), 7 * DAY, at)
}

/// A month.
pub fn month(year: &[u8], month: &[u8], at: std::ops::Range<usize>) -> Option<KeyTime> {
    let year = i16::try_from(number(year)?).ok()?;
    let month = i8::try_from(number(month)?).ok()?;
    let first = Date::new(year, month, 1).ok()?;
    whole(first, i64::from(first.days_in_month()) * DAY, at)
}

fn whole(first: Date, span: i64, at: std::ops::Range<usize>) -> Option<KeyTime> {
    let midnight = first.to_datetime(Time::midnight());
    Some(KeyTime {
        at,
        form: TimeForm::Other,
        seconds: Offset::UTC.to_timestamp(midnight).ok()?.as_second(),
        span,
    })
}
