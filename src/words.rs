//! Numbers as people read them, on the page and at the command line.

use std::fmt::{Display, Formatter, Result};

pub use s3_exporter_judge::bytes::ByteSize;

/// A span of time in its two largest units, such as `3 h 12 min`.
#[derive(Clone, Copy, Debug, PartialEq)]
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

/// An amount of money in a currency that is not known: to the hundredth, and a smaller one in two
/// digits, such as `0.0042`.
pub struct Amount(pub f64);

impl Display for Amount {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let decimals = match self.0 {
            amount if amount > 0.0 && amount < 0.095 => 1 - amount.log10().floor() as i32,
            _ => 2,
        };
        let decimals = usize::try_from(decimals).unwrap_or(2).min(12);
        write!(f, "{:.decimals$}", self.0)
    }
}

/// A text as a sentence: with a capital and a full stop.
pub struct Sentence<'a>(pub &'a str);

impl Display for Sentence<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let mut letters = self.0.chars();
        let first = letters.next().into_iter().flat_map(char::to_uppercase);
        for letter in first {
            write!(f, "{letter}")?;
        }
        let stop = match self.0.ends_with(['.', '!', '?']) || self.0.is_empty() {
            true => "",
            false => ".",
        };
        write!(f, "{}{stop}", letters.as_str())
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
    fn amounts() {
        for (amount, text) in [
            (0.0, "0.00"),
            (0.000_042, "0.000042"),
            (0.005, "0.0050"),
            (0.0949, "0.095"),
            (0.095, "0.10"),
            (1.234, "1.23"),
            (98_765.4, "98765.40"),
            (1e-30, "0.000000000000"),
        ] {
            assert_eq!(Amount(amount).to_string(), text);
        }
    }

    #[test]
    fn counts_and_names() {
        assert_eq!(Count(1_usize, "cluster").to_string(), "1 cluster");
        assert_eq!(Count(0_u64, "object").to_string(), "0 objects");
        assert_eq!(NameList(&["a", "b"]).to_string(), r#""a", "b""#);
        for (text, sentence) in [("", ""), ("it is", "It is."), ("ö!", "Ö!"), ("1 x", "1 x.")] {
            assert_eq!(Sentence(text).to_string(), sentence);
        }
        let seven = ["a"; 7];
        assert_eq!(
            NameList(&seven).to_string(),
            r#""a", "a", "a", "a", "a" and 2 more"#
        );
    }
}
