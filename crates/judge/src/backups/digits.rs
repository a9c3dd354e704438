//! The digits of a time, read again: the next key of a job differs from the one before in them
//! alone, mostly.

use crate::layouts::{EPOCH, KeyTime, TimeForm};

/// The longest text: `2026-11-28T03:00:00.123456789+02:00`, and some.
const LONGEST: usize = 40;

/// How a time was written.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Written {
    form: TimeForm,
    text: [u8; LONGEST],
    length: usize,
    /// What the key said more than its digits: where it has an offset, this one.
    shift: i64,
    /// Where the date ends, and its first second: keys that follow one another are of one day,
    /// mostly.
    date: (usize, i64),
}

impl Written {
    /// How a time is written; `None` where its digits cannot be read again.
    pub fn new(text: &[u8], time: &KeyTime) -> Option<Self> {
        let mut written = Self {
            form: time.form,
            text: [0; LONGEST],
            length: text.len(),
            shift: 0,
            date: (0, 0),
        };
        written.text.get_mut(..text.len())?.copy_from_slice(text);
        if let TimeForm::Civil { .. } = time.form {
            let mut digits = (0..).zip(text).filter(|it| it.1.is_ascii_digit());
            let end = digits.nth(DATE - 1)?.0 + 1;
            written.date.0 = end;
            written.set_date(&text[..end])?;
        }
        written.shift = time.seconds - written.read(text)?;
        let may_shift = matches!(time.form, TimeForm::Civil { .. });
        (written.shift == 0 || may_shift).then_some(written)
    }

    /// The seconds that another text says, which is written in the same way.
    #[inline]
    pub fn read(&mut self, text: &[u8]) -> Option<i64> {
        if text.len() != self.length {
            return None;
        }
        let seconds = match self.form {
            TimeForm::Nanoseconds if text.len() == 19 => decimal(text)? / 1_000_000_000,
            TimeForm::Seconds if text.len() == 10 => decimal(text)?,
            TimeForm::Civil { .. } => self.civil(text)?,
            _ => return None,
        };
        // What is beyond is read in full, or not at all.
        EPOCH.contains(&seconds).then_some(seconds + self.shift)
    }

    /// Year, month, day, hour, minute and second, of two digits each but for the year; between and
    /// after them is what was there.
    #[inline]
    fn civil(&mut self, text: &[u8]) -> Option<i64> {
        let (end, _) = self.date;
        if text[..end] != self.text[..end] {
            self.set_date(&text[..end])?;
        }
        let (mut clock, mut digits) = (0_u32, 0);
        for (new, old) in text[end..].iter().zip(&self.text[end..]) {
            // What comes after the seconds is a fraction or an offset.
            if old.is_ascii_digit() && digits < 6 {
                let digit = new.wrapping_sub(b'0');
                if digit > 9 {
                    return None;
                }
                clock = clock * 10 + u32::from(digit);
                digits += 1;
            } else if new != old {
                return None;
            }
        }
        let clock = match digits {
            0 | 6 => clock,
            2 => clock * 10_000,
            4 => clock * 100,
            _ => return None,
        };
        let (hour, minute, second) = (clock / 10_000, clock / 100 % 100, clock % 100);
        let is_time = hour < 24 && minute < 60 && second < 60;
        let seconds = i64::from((hour * 60 + minute) * 60 + second);
        is_time.then_some(self.date.1 + seconds)
    }

    /// Another date, which must be written as it was.
    #[inline(never)]
    fn set_date(&mut self, text: &[u8]) -> Option<()> {
        let own = &mut self.text[..text.len()];
        let mut number = 0_u32;
        for (new, old) in text.iter().zip(own.iter()) {
            let digit = new.wrapping_sub(b'0');
            match old.is_ascii_digit() {
                true if digit <= 9 => {
                    number = number.wrapping_mul(10).wrapping_add(u32::from(digit))
                }
                false if new == old => {}
                _ => return None,
            }
        }
        self.date.1 = date(number)?;
        own.copy_from_slice(text);
        Some(())
    }
}

fn decimal(text: &[u8]) -> Option<i64> {
    text.iter().try_fold(0_i64, |sum, byte| {
        let digit = byte.is_ascii_digit().then(|| i64::from(byte - b'0'))?;
        sum.checked_mul(10)?.checked_add(digit)
    })
}

/// Digits of a date.
const DATE: usize = 8;

/// The first second of a day, of the number that its year, month and day make.
fn date(number: u32) -> Option<i64> {
    let (year, month, day) = (number / 10_000, number / 100 % 100, number % 100);
    if !(1..=12).contains(&month) || !(2001..=2100).contains(&year) {
        return None;
    }
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(is_leap),
        _ => 31,
    };
    let is_day = (1..=days).contains(&day);
    is_day.then(|| i64::from(days_since_1970(year, month, day)) * 86_400)
}

/// By <https://howardhinnant.github.io/date_algorithms.html#days_from_civil>, for years after 1970.
const fn days_since_1970(year: u32, month: u32, day: u32) -> u32 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year / 400, year % 400);
    let from_march = (month + 9) % 12;
    let of_year = (153 * from_march + 2) / 5 + day - 1;
    let days = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    era * 146_097 + days - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(form: TimeForm, text: &str, seconds: i64) -> Written {
        let time = KeyTime {
            at: 0..text.len(),
            form,
            seconds,
            span: 1,
        };
        Written::new(text.as_bytes(), &time).expect(text)
    }

    #[test]
    fn digits_are_read_again() {
        let civil = TimeForm::Civil { has_zone: false };
        let is = |one: &Written, text: &str| one.clone().read(text.as_bytes());
        let one = written(civil, "2026-11-28t03-00-00", 1_795_834_800);
        assert_eq!(is(&one, "2026-11-28t03-00-01"), Some(1_795_834_801));
        assert_eq!(is(&one, "2024-02-29t00-00-00"), Some(1_709_164_800));
        assert_eq!(is(&one, "2099-12-31t23-59-59"), Some(4_102_444_799));
        for other in [
            "2026-02-29t03-00-00",
            "2026-13-01t03-00-00",
            "2026-11-00t03-00-00",
            "2026-11-28t24-00-00",
            "2026-11-28t03-60-00",
            "2026-11-28 03-00-00",
            "2026-11-28t03-00-0",
            "2026-11-28t03-00-0x",
            "1999-11-28t03-00-00",
            "2100-01-01t00-00-00",
        ] {
            assert_eq!(is(&one, other), None, "{other}");
        }
        // An offset is as before, or it is not read here.
        let one = written(civil, "2026-11-28T03:00:00+01:00", 1_795_831_200);
        assert_eq!(is(&one, "2026-11-28T04:00:00+01:00"), Some(1_795_834_800));
        assert_eq!(is(&one, "2026-11-28T04:00:00+02:00"), None);
        let one = written(civil, "20261128", 1_795_824_000);
        assert_eq!(is(&one, "20261129"), Some(1_795_910_400));
        let one = written(TimeForm::Seconds, "1795834800", 1_795_834_800);
        assert_eq!(is(&one, "1795834801"), Some(1_795_834_801));
        assert_eq!(is(&one, "9795834801"), None);
        assert_eq!(is(&one, "0979583480"), None);
        let one = written(TimeForm::Nanoseconds, "1795834800123456789", 1_795_834_800);
        assert_eq!(is(&one, "1795834801123456789"), Some(1_795_834_801));
        assert_eq!(is(&one, "17958348011234567x9"), None);
    }
}
