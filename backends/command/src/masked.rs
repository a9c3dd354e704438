//! What a program has printed, for people: without what it was told in secret, and safe to show.

use std::borrow::Cow;

use s3_exporter_config::Secret;

/// Characters of it at most.
const MOST: usize = 500;

/// The end of a text. Values of variables are left out, but short ones, which are no secrets and would
/// be everywhere; what would be obeyed is escaped.
pub fn end_of<'a>(text: &[u8], secrets: impl Iterator<Item = &'a Secret>) -> String {
    let masked = mask(&String::from_utf8_lossy(text), secrets)
        .trim()
        .to_owned();
    let count = masked.chars().count();
    let shown: String = masked.chars().skip(count.saturating_sub(MOST)).collect();
    match count > MOST {
        true => format!("...{}", escaped(&shown)),
        false => escaped(&shown),
    }
}

/// The beginning of a line, quoted.
pub fn line<'a>(text: &[u8], secrets: impl Iterator<Item = &'a Secret>) -> String {
    let masked = mask(&String::from_utf8_lossy(text), secrets);
    let shown: String = masked.chars().take(MOST).collect();
    format!("\"{}\"", escaped(&shown))
}

fn mask<'a>(text: &str, secrets: impl Iterator<Item = &'a Secret>) -> String {
    const SHORT: usize = 4;
    let mut secrets: Vec<_> = secrets
        .map(Secret::expose)
        .filter(|secret| secret.len() >= SHORT)
        .collect();
    secrets.sort_unstable_by_key(|secret| std::cmp::Reverse(secret.len())); // one may hold another
    let text = secrets.iter().fold(Cow::Borrowed(text), |text, secret| {
        Cow::Owned(text.replace(secret, "***"))
    });
    text.into_owned()
}

fn escaped(text: &str) -> String {
    let lines = text
        .lines()
        .map(|line| line.trim().escape_debug().to_string());
    lines.collect::<Vec<_>>().join(" | ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_shown_and_nothing_is_obeyed() {
        let secrets = ["hunter2", "hunter2-and-more", "x"].map(Secret::new);
        let text = b"line one\n\x1b[31mhunter2-and-more, hunter2 and x\r\n";
        assert_eq!(
            end_of(text, secrets.iter()),
            "line one | \\u{1b}[31m***, *** and x"
        );
        assert_eq!(
            line(b"a\tb\xffhunter2", secrets.iter()),
            "\"a\\tb\u{fffd}***\""
        );
    }

    #[test]
    fn of_much_the_end_is_shown() {
        let text = "x".repeat(3 * MOST) + "the end";
        let shown = end_of(text.as_bytes(), [].into_iter());
        assert_eq!(shown.chars().count(), MOST + 3);
        assert!(
            shown.starts_with("...x") && shown.ends_with("the end"),
            "{shown}"
        );
    }
}
