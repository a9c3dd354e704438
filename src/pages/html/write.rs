//! Values as people read them, safe in HTML: what is marked so is not escaped again.

use std::fmt::{Display, Formatter, Result};

use askama::filters::HtmlSafe;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3_exporter_api::UnixTime;

use crate::log_safe::log_safe;
use crate::pages::Time;
pub use crate::words::{ByteSize, Count, Span};

/// Text in HTML, in elements and in quoted attributes alike. Marks that would turn the
/// direction of what stands around it are shown instead.
#[derive(Clone, Copy, Debug)]
pub struct HtmlText<'a>(pub &'a str);

impl Display for HtmlText<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let shown = log_safe(self.0);
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

impl HtmlSafe for HtmlText<'_> {}

/// The same, of its own.
#[derive(Clone, Debug, Default)]
pub struct Sentences(pub String);

impl Display for Sentences {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        HtmlText(&self.0).fmt(f)
    }
}

impl HtmlSafe for Sentences {}

/// A name, set apart from the words around it.
#[derive(Clone, Copy, Debug)]
pub struct HtmlName<'a>(pub &'a str);

impl<'a> HtmlName<'a> {
    /// The name where no element can be.
    pub const fn text(self) -> HtmlText<'a> {
        HtmlText(self.0)
    }
}

impl Display for HtmlName<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "<code>{}</code>", HtmlText(self.0))
    }
}

impl HtmlSafe for HtmlName<'_> {}

/// A moment in UTC with its age beside it.
#[derive(Clone, Copy, Debug)]
pub struct When {
    /// When; `None` = never.
    pub time: Option<UnixTime>,
    /// As of when the age is.
    pub now: UnixTime,
}

impl Display for When {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Some(time) = self.time else {
            return f.write_str("never");
        };
        let exact = Time(time).to_string();
        let age = self.now.as_seconds() - time.as_seconds();
        let span = Span(age);
        write!(f, r#"<time datetime="{exact}">{}</time> "#, minute(&exact))?;
        match age < 0.0 {
            true => write!(f, r#"<span class="age">in {span}</span>"#),
            false => write!(f, r#"<span class="age">{span} ago</span>"#),
        }
    }
}

impl HtmlSafe for When {}

/// `2026-01-01 00:00` of an RFC 3339 time; anything else as it is.
fn minute(exact: &str) -> String {
    match exact.get(..16) {
        Some(minute) => minute.replace('T', " "),
        None => exact.to_owned(),
    }
}

/// What stays as it is in a segment of a path and in a query.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A name as a segment of a path, or as a value in a query.
#[derive(Clone, Copy, Debug)]
pub struct Segment<'a>(pub &'a str);

impl Display for Segment<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        utf8_percent_encode(self.0, PLAIN).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_is_text() {
        let hostile = HtmlText(r#"<script>alert("1" & '2')</script>ü"#).to_string();
        assert_eq!(
            hostile,
            "&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)&lt;/script&gt;ü"
        );
        assert_eq!(HtmlText("\u{202e}<").to_string(), "\\u{202e}&lt;");
        assert_eq!(
            Segment("a/../b?<\"%ü\n").to_string(),
            "a%2F..%2Fb%3F%3C%22%25%C3%BC%0A"
        );
    }

    #[test]
    fn moments() {
        let at = |seconds: i64| When {
            time: Some(UnixTime::from_millis(1_767_225_600_000 + seconds * 1000)),
            now: UnixTime::from_millis(1_767_225_600_000),
        };
        assert_eq!(
            at(-3700).to_string(),
            "<time datetime=\"2025-12-31T22:58:20Z\">2025-12-31 22:58</time> \
             <span class=\"age\">1 h 1 min ago</span>"
        );
        assert!(at(3600).to_string().ends_with(">in 1 h</span>"));
        assert_eq!(
            When {
                time: None,
                ..at(0)
            }
            .to_string(),
            "never"
        );
    }
}
