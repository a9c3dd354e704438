use std::fmt;

/// A character that no secret holds, and where it stands: white space, or one that nobody sees.
/// It comes from an editor, a copied line or a quoted shell, and makes a secret that looks right
/// a wrong one. Says nothing of the secret itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Misplaced {
    what: char,
    place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Beginning,
    /// After so many characters.
    Within(usize),
    End,
}

impl Misplaced {
    /// The first one in a secret whose line end is cut already.
    pub fn find(text: &str) -> Option<Self> {
        Self::first(text, is_misplaced)
    }

    /// As [`Self::find`], in what becomes part of a header, where only ASCII can stand.
    pub fn find_in_header(text: &str) -> Option<Self> {
        Self::first(text, |c| !c.is_ascii_graphic())
    }

    fn first(text: &str, is_misplaced: impl Fn(char) -> bool) -> Option<Self> {
        let (before, (at, what)) = text
            .char_indices()
            .enumerate()
            .find(|(_, (_, c))| is_misplaced(*c))?;
        let place = if before == 0 {
            Place::Beginning
        } else if text[at..].chars().all(is_misplaced) {
            Place::End
        } else {
            Place::Within(before)
        };
        Some(Self { what, place })
    }
}

impl fmt::Display for Misplaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.what {
            ' ' => f.write_str("a space"),
            '\t' => f.write_str("a tab"),
            '\n' => f.write_str("a line end"),
            '\r' => f.write_str("a carriage return"),
            '\u{feff}' => f.write_str("a byte order mark"),
            c if c.is_control() => write!(f, "a control character (U+{:04X})", u32::from(c)),
            c if c.is_whitespace() => write!(f, "a blank (U+{:04X})", u32::from(c)),
            c if is_misplaced(c) => write!(f, "an invisible character (U+{:04X})", u32::from(c)),
            _ => f.write_str("a character that is not ASCII"), // which one is part of the secret
        }?;
        match self.place {
            Place::Beginning => f.write_str(" at its beginning"),
            Place::Within(before) => write!(f, " after its character {before}"),
            Place::End if self.what == '\n' => {
                f.write_str(" at its end, beside the one that is cut")
            }
            Place::End => f.write_str(" at its end"),
        }
    }
}

fn is_misplaced(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(
            c,
            // Of no width, marks of direction, and the byte order mark.
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{2069}' | '\u{feff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::without_line_end;

    #[test]
    fn what_is_around_and_within_a_secret() {
        for (text, expected) in [
            ("abc", None),
            ("abc\n", None),
            ("abc\r\n", None),
            ("pässwörd+/=$", None),
            (
                "abc\n\n",
                Some("a line end at its end, beside the one that is cut"),
            ),
            ("abc\r\n\r\n", Some("a carriage return at its end")),
            ("abc\r", Some("a carriage return at its end")),
            ("abc \n", Some("a space at its end")),
            ("\nabc", Some("a line end at its beginning")),
            (" a b ", Some("a space at its beginning")),
            ("ab\tcd\n", Some("a tab after its character 2")),
            (
                "ü\u{7}x",
                Some("a control character (U+0007) after its character 1"),
            ),
            ("\u{feff}abc", Some("a byte order mark at its beginning")),
            ("abc\u{a0}", Some("a blank (U+00A0) at its end")),
            (
                "a\u{200b}bc",
                Some("an invisible character (U+200B) after its character 1"),
            ),
            (" ", Some("a space at its beginning")),
        ] {
            let found = Misplaced::find(without_line_end(text));
            assert_eq!(
                found.map(|m| m.to_string()).as_deref(),
                expected,
                "{text:?}"
            );
        }
    }

    #[test]
    fn what_a_header_cannot_hold() {
        let find = |text| Misplaced::find_in_header(text).map(|m| m.to_string());
        assert_eq!(find("AKIA/x+=~").as_deref(), None);
        assert_eq!(
            find("a b").as_deref(),
            Some("a space after its character 1")
        );
        let not_ascii = "a character that is not ASCII after its character 2";
        assert_eq!(find("abü-").as_deref(), Some(not_ascii));
    }
}
