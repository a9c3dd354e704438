//! The words of a case file: moments, durations, sizes and `key=value` fields.

use std::cell::RefCell;
use std::collections::BTreeMap;

pub const SECOND: i64 = 1000;
pub const MINUTE: i64 = 60 * SECOND;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

/// What cannot be read is said, with its line, and stops everything: a typo is no quiet case.
pub type Read<T> = Result<T, String>;

/// `90s`, `1h30m`, `60d`: milliseconds.
pub fn duration(text: &str) -> Read<i64> {
    let wrong = || format!("{text:?} is no duration, such as 1h30m");
    let (mut total, mut digits) = (0, String::new());
    for letter in text.chars() {
        if letter.is_ascii_digit() {
            digits.push(letter);
            continue;
        }
        let unit = match letter {
            's' => SECOND,
            'm' => MINUTE,
            'h' => HOUR,
            'd' => DAY,
            _ => return Err(wrong()),
        };
        total += digits.parse::<i64>().map_err(|_| wrong())? * unit;
        digits.clear();
    }
    if digits.is_empty() && !text.is_empty() {
        Ok(total)
    } else {
        Err(wrong())
    }
}

/// `d41`, `d41T06:00`, `d41T06:00:05.123`: milliseconds after the start of the case.
pub fn moment(text: &str) -> Read<i64> {
    let wrong = || format!("{text:?} is no moment, such as d41T06:00");
    let (day, time) = text
        .strip_prefix('d')
        .ok_or_else(wrong)?
        .split_once('T')
        .unwrap_or((&text[1..], "00:00"));
    let day = day.parse::<i64>().map_err(|_| wrong())?;
    Ok(day * DAY + time_of_day(time)?)
}

/// `06:00`, `06:00:05.123`: milliseconds after midnight.
pub fn time_of_day(text: &str) -> Read<i64> {
    let wrong = || format!("{text:?} is no time of day, such as 06:00");
    let mut parts = text.split(':');
    let mut whole = |unit: i64| -> Read<i64> {
        let part = parts.next().ok_or_else(wrong)?;
        Ok(part.parse::<i64>().map_err(|_| wrong())? * unit)
    };
    let minutes = whole(HOUR)? + whole(MINUTE)?;
    let seconds = parts.next().unwrap_or("0").parse::<f64>();
    Ok(minutes + (seconds.map_err(|_| wrong())? * 1000.0).round() as i64)
}

/// `20`, `1.2MiB`, `4KiB`: bytes.
pub fn size(text: &str) -> Read<u64> {
    let units = [
        ("KiB", 1u64 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("", 1),
    ];
    let (number, unit) = units
        .iter()
        .find_map(|(name, unit)| Some((text.strip_suffix(name)?, *unit)))
        .expect("the last unit is empty");
    let number: f64 = number.parse().map_err(|_| format!("{text:?} is no size"))?;
    Ok((number * unit as f64).round() as u64)
}

/// `5%` or `0.05`.
pub fn share(text: &str) -> Read<f64> {
    let wrong = |_| format!("{text:?} is no share, such as 5%");
    match text.strip_suffix('%') {
        Some(number) => Ok(number.parse::<f64>().map_err(wrong)? / 100.0),
        None => text.parse().map_err(wrong),
    }
}

/// Words, then `key=value`; a value with blanks stands in quotes. Each has to be asked for.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    pub words: Vec<String>,
    values: BTreeMap<String, String>,
    asked: RefCell<Vec<String>>,
}

impl Fields {
    pub fn read(text: &str) -> Self {
        let mut fields = Self::default();
        let (mut word, mut quoted) = (String::new(), false);
        for letter in text.chars().chain([' ']) {
            match letter {
                '"' => quoted = !quoted,
                ' ' if !quoted => {
                    match word.split_once('=') {
                        Some((key, value)) => {
                            fields.values.insert(key.to_owned(), value.to_owned());
                        }
                        None if word.is_empty() => {}
                        None => fields.words.push(word.clone()),
                    }
                    word.clear();
                }
                other => word.push(other),
            }
        }
        fields
    }

    pub fn get(&self, key: &str) -> Option<&str> {
        self.asked.borrow_mut().push(key.to_owned());
        self.values.get(key).map(String::as_str)
    }

    pub fn or<T>(&self, key: &str, read: fn(&str) -> Read<T>, default: T) -> Read<T> {
        self.get(key).map_or(Ok(default), read)
    }

    pub fn maybe<T>(&self, key: &str, read: fn(&str) -> Read<T>) -> Read<Option<T>> {
        self.get(key).map(read).transpose()
    }

    pub fn need<T>(&self, key: &str, read: fn(&str) -> Read<T>) -> Read<T> {
        read(self.get(key).ok_or_else(|| format!("{key}= is lacking"))?)
    }

    /// Fails for a field that nobody asked for.
    pub fn all_asked(&self) -> Read<()> {
        let asked = self.asked.borrow();
        match self.values.keys().find(|key| !asked.contains(key)) {
            Some(key) => Err(format!("nobody knows {key}=")),
            None => Ok(()),
        }
    }
}

pub fn number<T: std::str::FromStr>(text: &str) -> Read<T> {
    text.parse().map_err(|_| format!("{text:?} is no number"))
}

pub fn word(text: &str) -> Read<String> {
    Ok(text.to_owned())
}

/// Whether a text is like a pattern, in which `*` stands for anything.
pub fn is_like(text: &str, pattern: &str) -> bool {
    match pattern.split_once('*') {
        None => text == pattern,
        Some((head, tail)) => text.strip_prefix(head).is_some_and(|rest| {
            (0..=rest.len()).any(|at| rest.is_char_boundary(at) && is_like(&rest[at..], tail))
        }),
    }
}

/// The same number for the same text, everywhere and always (FNV-1a).
pub fn hash(text: &str) -> u64 {
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, mix)
}

/// As many hexadecimal digits as wanted that look like a hash, always the same for a text.
pub fn hex(text: &str, digits: usize) -> String {
    let mut rng = fastrand::Rng::with_seed(hash(text));
    (0..digits)
        .map(|_| char::from(b"0123456789abcdef"[rng.usize(0..16)]))
        .collect()
}

/// Writes out `{64:10794b}` in recorded keys: 64 hexadecimal digits that begin so.
pub fn written_out(key: &str) -> String {
    let mut out = String::new();
    let mut rest = key;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((short, tail)) = after.split_once('}') else {
            break;
        };
        out.push_str(before);
        match short
            .split_once(':')
            .map(|(digits, head)| (digits.parse::<usize>(), head))
        {
            Some((Ok(digits), head)) => {
                out.push_str(head);
                out.push_str(&hex(short, digits - head.len()));
            }
            _ => {
                out.push('{');
                out.push_str(short);
                out.push('}');
            }
        }
        rest = tail;
    }
    out + rest
}
