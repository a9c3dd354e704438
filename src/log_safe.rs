//! Names from outside, shown so that nobody is deceived: a terminal obeys some characters
//! instead of showing them, and others turn the direction of what stands around them.

use std::borrow::Cow;
use std::fmt::Write;

/// Whether a reader would not see the character but what it does.
pub fn is_obeyed(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            // Marks, embeddings, overrides and isolates of direction.
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            // Separators of lines and paragraphs.
            | '\u{2028}' | '\u{2029}'
        )
}

/// The text with such characters as `\u{202e}`, but for line feeds and tabs.
pub fn log_safe(text: &str) -> Cow<'_, str> {
    let hidden = |c: char| is_obeyed(c) && !matches!(c, '\n' | '\t');
    if !text.contains(hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if hidden(c) {
            let _ = write!(out, "{}", c.escape_unicode()); // into a String: cannot fail
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// The same, with line feeds and tabs as `\n` and `\t`: it stays in its line.
pub fn one_line(text: &str) -> Cow<'_, str> {
    match log_safe(text) {
        safe if safe.contains(['\n', '\t']) => {
            Cow::Owned(safe.replace('\n', "\\n").replace('\t', "\\t"))
        }
        safe => safe,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_obeyed_is_shown() {
        assert_eq!(
            log_safe("a\u{1b}[31m\u{9b}1m\r\u{202e}b\u{7f}\nc\td\u{2028}ü"),
            "a\\u{1b}[31m\\u{9b}1m\\u{d}\\u{202e}b\\u{7f}\nc\td\\u{2028}ü"
        );
        assert!(matches!(log_safe("plain ü \n"), Cow::Borrowed(_)));
        assert_eq!(one_line("a\n\tb\u{85}"), "a\\n\\tb\\u{85}");
    }
}
