//! Values as people read them, safe in HTML.

use std::fmt::{Display, Formatter, Result};

use crate::http::status::Moment;
use crate::visible::visible;

/// Text in HTML, in elements and in quoted attributes alike. Marks that would turn the
/// direction of what stands around it are shown instead.
pub struct Text<'a>(pub &'a str);

impl Display for Text<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let shown = visible(self.0);
        let mut rest = &*shown;
        while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
            f.write_str(&rest[..at])?;
            f.write_str(match rest.as_bytes()[at] {
                b'&' => "&amp;",
                b'<' => "&lt;",
                b'>' => "&gt;",
                b'"' => "&quot;",
                _ => "&#39;",
            })?;
            rest = &rest[at + 1..]; // each of them is one byte
        }
        f.write_str(rest)
    }
}

/// A name, set apart from the words around it.
pub struct Name<'a>(pub &'a str);

impl Display for Name<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "<code>{}</code>", Text(self.0))
    }
}

/// A number of bytes, such as `1.5 GiB`.
pub struct Bytes(pub u64);

impl Display for Bytes {
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

/// How long ago something was, with the exact time to be seen when pointed at.
pub struct Ago(pub Option<Moment>);

impl Display for Ago {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Some(Moment { time, age_seconds }) = self.0 else {
            return f.write_str("never");
        };
        let span = Span(age_seconds);
        if age_seconds < 0.0 {
            write!(f, r#"<time title="{time}">{span} in the future</time>"#)
        } else {
            write!(f, r#"<time title="{time}">{span} ago</time>"#)
        }
    }
}

/// `1 cluster`, `2 clusters`.
pub struct Count<'a>(pub usize, pub &'a str);

impl Display for Count<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let s = if self.0 == 1 { "" } else { "s" };
        write!(f, "{} {}{s}", self.0, self.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_is_text() {
        let hostile = Text(r#"<script>alert("1" & '2')</script>ü"#).to_string();
        assert_eq!(
            hostile,
            "&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)&lt;/script&gt;ü"
        );
        assert_eq!(Text("\u{202e}<").to_string(), "\\u{202e}&lt;");
    }

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
            assert_eq!(Bytes(bytes).to_string(), text);
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
}
