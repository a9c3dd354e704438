//! RFC 3339 times, as stores write `LastModified`: with and without fractions; and those of HTTP,
//! as Azure writes them.

use s3_exporter_api::UnixTime;

/// The moment that `text` names, fractions cut to milliseconds; `None` where it names none.
pub fn parse(text: &[u8]) -> Option<UnixTime> {
    let (date_time, rest) = text.split_first_chunk::<19>()?;
    let mut valid = true;
    let mut digit = |at: usize| {
        let digit = date_time[at].wrapping_sub(b'0');
        valid &= digit <= 9;
        i64::from(digit)
    };
    let mut two = |at: usize| 10 * digit(at) + digit(at + 1);
    let (year, month, day) = (100 * two(0) + two(2), two(5), two(8));
    let (hour, minute, second) = (two(11), two(14), two(17));
    let signs = [4, 7, 10, 13, 16].map(|at| date_time[at]);
    // A second 60 is a leap second; Unix time counts it as the next one.
    valid &= hour <= 23 && minute <= 59 && second <= 60;
    valid &= signs == *b"--T::" || signs == *b"--t::";
    let days = days_since_1970(year, month, day).filter(|_| valid)?;
    let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    let (millis, zone) = fraction(rest)?;
    let ahead = offset(zone)?;
    Some(UnixTime::from_millis((seconds - ahead) * 1000 + millis))
}

/// The moment that a date of HTTP such as `Sun, 06 Nov 1994 08:49:37 GMT` names (RFC 9110, 5.6.7,
/// `IMF-fixdate`); `None` where it is none. The day's name is not compared with the date.
pub(crate) fn parse_http(text: &[u8]) -> Option<UnixTime> {
    const MONTHS: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
    let text: &[u8; 29] = text.try_into().ok()?;
    let number = |from: usize, to: usize| {
        text[from..to].iter().try_fold(0, |sum, digit| {
            let digit = digit.is_ascii_digit().then(|| i64::from(digit - b'0'))?;
            Some(10 * sum + digit)
        })
    };
    let month = MONTHS.chunks(3).position(|name| *name == text[8..11])?;
    let (day, year) = (number(5, 7)?, number(12, 16)?);
    let (hour, minute, second) = (number(17, 19)?, number(20, 22)?, number(23, 25)?);
    let signs = [3, 4, 7, 11, 16, 19, 22].map(|at| text[at]);
    let valid = hour <= 23 && minute <= 59 && second <= 60;
    let valid = valid && signs == *b",    ::" && text[25..] == *b" GMT";
    let days = days_since_1970(year, i64::try_from(month).ok()? + 1, day).filter(|_| valid)?;
    let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    Some(UnixTime::from_millis(seconds * 1000))
}

/// The milliseconds of a fraction of any length, and what follows it.
fn fraction(rest: &[u8]) -> Option<(i64, &[u8])> {
    let [b'.', fraction @ ..] = rest else {
        return Some((0, rest));
    };
    let len = fraction
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let (digits, zone) = fraction.split_at(len);
    let millis = [100, 10, 1].iter().zip(digits);
    let millis = millis
        .map(|(weight, digit)| weight * i64::from(digit - b'0'))
        .sum();
    (len > 0).then_some((millis, zone))
}

/// The seconds that a time zone is ahead of UTC.
fn offset(zone: &[u8]) -> Option<i64> {
    match *zone {
        [b'Z' | b'z'] => Some(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            if ![h1, h2, m1, m2].iter().all(u8::is_ascii_digit) {
                return None;
            }
            let two = |tens: u8, ones: u8| i64::from(tens - b'0') * 10 + i64::from(ones - b'0');
            let (hours, minutes) = (two(h1, h2), two(m1, m2));
            let seconds = (hours * 60 + minutes) * 60;
            let valid = hours <= 23 && minutes <= 59;
            valid.then_some(if sign == b'-' { -seconds } else { seconds })
        }
        _ => None,
    }
}

/// Days from 1970-01-01 to a day of the Gregorian calendar; `None` where it has no such day.
/// The years are made to begin in March, so that the leap day is the last day of a year
/// (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`).
fn days_since_1970(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if !(1..=12).contains(&month) || !(1..=last).contains(&day) {
        return None;
    }
    let year = year - i64::from(month <= 2);
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(year * 365 + leap_days + day_of_year - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(text: &str) -> Option<i64> {
        parse(text.as_bytes()).map(UnixTime::as_millis)
    }

    #[test]
    fn reads_the_forms_that_stores_write() {
        assert_eq!(millis("2009-10-12T17:50:30.000Z"), Some(1_255_369_830_000));
        assert_eq!(millis("2009-10-12T17:50:30Z"), Some(1_255_369_830_000));
        assert_eq!(millis("2009-10-12T17:50:30.1Z"), Some(1_255_369_830_100));
        assert_eq!(
            millis("2009-10-12T17:50:30.0129999999Z"),
            Some(1_255_369_830_012)
        );
        assert_eq!(
            millis("2009-10-12T19:50:30.5+02:00"),
            Some(1_255_369_830_500)
        );
        assert_eq!(millis("2009-10-12T17:20:30-00:30"), Some(1_255_369_830_000));
        assert_eq!(millis("1969-12-31T23:59:59.999Z"), Some(-1));
        assert_eq!(
            millis("2016-12-31T23:59:60Z"),
            millis("2017-01-01T00:00:00Z")
        );
    }

    #[test]
    fn refuses_what_is_no_time() {
        for text in [
            "",
            "2026",
            "1767225600",
            "2026-01-01",
            "2026-01-01T00:00:00",
            "2026-01-01 00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-04-31T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:60:00Z",
            "2026-01-01T00:00:61Z",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00.1",
            "2026-01-01T00:00:00+24:00",
            "2026-01-01T00:00:00+01:60",
            "2026-01-01T00:00:00+0100",
            "2026-01-01T00:00:0aZ",
            "-026-01-01T00:00:00Z",
            "2026-01-01T00:00:00ZZ",
            "Thu, 01 Jan 2026 00:00:00 GMT",
            "2026/01/01T00:00:00Z",
            "1900-02-29T00:00:00Z",
        ] {
            assert_eq!(millis(text), None, "{text}");
        }
    }

    fn http_millis(text: &str) -> Option<i64> {
        parse_http(text.as_bytes()).map(UnixTime::as_millis)
    }

    #[test]
    fn reads_the_date_of_http_and_no_other() {
        let read = http_millis("Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(read, Some(784_111_777_000));
        for text in [
            "",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Sun, 06 Nov 1994 08:49:37 UTC",
            "Sun, 06 Nov 1994 08:49:37 GMT ",
            "Sun, 31 Nov 1994 08:49:37 GMT",
            "Sun, 06 nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:49:37 GMT",
            "Sun, 06 Nov 1994 08:60:37 GMT",
            "Sun, 06 Nov 1994 08:49:61 GMT",
            "Sun, +6 Nov 1994 08:49:37 GMT",
            "Sun, 06-Nov-1994 08:49:37 GMT",
            "1994-11-06T08:49:37.00000000Z",
        ] {
            assert_eq!(http_millis(text), None, "{text}");
        }
    }

    /// Every day of 400 years, which is the whole calendar, and the years around them.
    #[test]
    fn agrees_with_jiff_on_every_day() {
        let mut day = jiff::civil::date(1969, 1, 1);
        while day < jiff::civil::date(2400, 1, 1) {
            let text = format!("{day}T12:34:56.789Z");
            let expected: jiff::Timestamp = text.parse().unwrap();
            assert_eq!(millis(&text), Some(expected.as_millisecond()), "{text}");
            let text = day.strftime("%a, %d %b %Y 12:34:56 GMT").to_string();
            let expected = expected.as_millisecond() - 789;
            assert_eq!(http_millis(&text), Some(expected), "{text}");
            day = day.tomorrow().unwrap();
        }
        for text in [
            "0000-01-01T00:00:00Z",
            "0001-12-31T00:00:00Z",
            "9999-12-30T00:00:00Z",
        ] {
            let expected: jiff::Timestamp = text.parse().unwrap();
            assert_eq!(millis(text), Some(expected.as_millisecond()), "{text}");
        }
    }
}
