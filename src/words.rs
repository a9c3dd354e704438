//! Numbers as people read them, on the page and at the command line.

use std::fmt::{Display, Formatter, Result};

/// A number of bytes, such as `1.5 GiB`.
pub struct ByteSize(pub u64);

impl Display for ByteSize {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
        let (mut value, mut unit) = (self.0 as f64, "B");
        for next in UNITS {
            if value < 1023.95 {
                break;
            }
            (value, unit) = (value / 1024.0, next);
        }
        let decimals = usize::from(unit != "B");
        write!(f, "{value:.decimals$} {unit}")
    }
}

/// A span of time in its two largest units, such as `3 h 12 min`.
pub struct Span(pub f64);

impl Display for Span {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let seconds = self.0.abs() as u64;
        let (days, hours) = (seconds / 86_400, seconds / 3600 % 24);
        let (minutes, seconds) = (seconds / 60 % 60, seconds % 60);
        let parts = [(days, "d"), (hours, "h"), (minutes, "min"), (seconds, "s")];
        let first = parts.iter().position(|(n, _)| *n > 0).unwrap_or(3);
        let (n, unit) = parts[first];
        write!(f, "{n} {unit}")?;
        match parts.get(first + 1) {
            Some((n, unit)) if *n > 0 => write!(f, " {n} {unit}"),
            _ => Ok(()),
        }
    }
}

/// `1 cluster`, `2 clusters`.
pub struct Count<'a, N>(pub N, pub &'a str);

impl<N: Display + PartialEq + From<u8>> Display for Count<'_, N> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let s = if self.0 == N::from(1) { "" } else { "s" };
        write!(f, "{} {}{s}", self.0, self.1)
    }
}

/// Some of these names in quotes, and how many more there are: `"a", "b" and 3 more`.
pub struct NameList<'a>(pub &'a [&'a str]);

/// More of them are read by nobody.
const NAMED: usize = 5;

impl Display for NameList<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        for (at, name) in self.0.iter().take(NAMED).enumerate() {
            write!(f, "{}{name:?}", if at > 0 { ", " } else { "" })?;
        }
        match self.0.len().saturating_sub(NAMED) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1_048_575, "1.0 MiB"),
            (1_610_612_736, "1.5 GiB"),
            (u64::MAX, "16.0 EiB"),
        ] {
            assert_eq!(ByteSize(bytes).to_string(), text);
        }
    }

    #[test]
    fn spans() {
        for (seconds, text) in [
            (0.4, "0 s"),
            (59.9, "59 s"),
            (60.0, "1 min"),
            (11_520.0, "3 h 12 min"),
            (90_061.0, "1 d 1 h"),
            (86_460.0, "1 d"),
        ] {
            assert_eq!(Span(seconds).to_string(), text);
        }
    }

    #[test]
    fn counts_and_names() {
        assert_eq!(Count(1_usize, "cluster").to_string(), "1 cluster");
        assert_eq!(Count(0_u64, "object").to_string(), "0 objects");
        assert_eq!(NameList(&["a", "b"]).to_string(), r#""a", "b""#);
        let seven = ["a"; 7];
        assert_eq!(
            NameList(&seven).to_string(),
            r#""a", "a", "a", "a", "a" and 2 more"#
        );
    }
}
