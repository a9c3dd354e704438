//! Values as people read them, safe in HTML.

use std::fmt::{Display, Formatter, Result};

use crate::log_safe::log_safe;
use crate::pages::Moment;
pub use crate::words::{ByteSize, Count, Span};

/// Text in HTML, in elements and in quoted attributes alike. Marks that would turn the
/// direction of what stands around it are shown instead.
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

/// A name, set apart from the words around it.
pub struct HtmlName<'a>(pub &'a str);

impl Display for HtmlName<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "<code>{}</code>", HtmlText(self.0))
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
    }
}
