//! Dates in globs: `{today}` and `{yesterday}`, `{today:%Y%m%d}` in another form than 2026-11-29,
//! `{today@Europe/Berlin}` in another zone than UTC, `{today@Europe/Berlin:%Y%m%d}` both.

use std::fmt;

use jiff::civil::Date;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use s3_exporter_api::UnixTime;

/// The words, and how many days ago each is.
const DAYS: [(&str, u8); 2] = [("today", 0), ("yesterday", 1)];
const FORM: &str = "%Y-%m-%d";

/// What is wrong with a date; goes on after the glob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DayError {
    /// Its `}` is missing.
    Open(&'static str),
    /// It stands among alternatives, where it would be a word.
    Word(&'static str),
    /// There is no zone of that name.
    Zone(String),
    /// Its form says what a date does not have: what, and why not.
    Form(String, String),
    /// The clock is before or after all dates.
    Clock,
}

/// The glob with every date in it as it is now.
pub(super) fn written(glob: &str, now: UnixTime) -> Result<String, DayError> {
    let mut text = String::with_capacity(glob.len());
    let mut rest = glob;
    while let Some(at) = rest.find('{') {
        let (before, brace) = rest.split_at(at);
        text.push_str(before);
        let escapes = text.bytes().rev().take_while(|b| *b == b'\\').count();
        match begun(&brace[1..]).filter(|_| escapes % 2 == 0) {
            None => {
                text.push('{');
                rest = &brace[1..];
            }
            Some((word, ago, said)) => {
                let (said, behind) = said.split_once('}').ok_or(DayError::Open(word))?;
                text.push_str(&globset::escape(&day(said, ago, now)?));
                rest = behind;
            }
        }
    }
    text.push_str(rest);
    match DAYS.iter().find(|(word, _)| is_alternative(word, &text)) {
        Some((word, _)) => Err(DayError::Word(word)),
        None => Ok(text),
    }
}

/// The date's word, how many days ago it is, and what follows it.
fn begun(text: &str) -> Option<(&'static str, u8, &str)> {
    DAYS.iter().find_map(|(word, ago)| {
        let said = text.strip_prefix(word)?;
        let is_date = said.is_empty() || said.starts_with(['}', '@', ':']);
        is_date.then_some((*word, *ago, said))
    })
}

/// Of `@ZONE:FORM`, of which each may be left out.
fn day(said: &str, ago: u8, now: UnixTime) -> Result<String, DayError> {
    let (zone, form) = match said.split_once(':') {
        Some((zone, form)) => (zone, form),
        None => (said, FORM),
    };
    let zone = match zone.strip_prefix('@') {
        None | Some("UTC") => TimeZone::UTC,
        Some(name) => TimeZone::get(name).map_err(|_| DayError::Zone(name.to_owned()))?,
    };
    let now = jiff::Timestamp::from_millisecond(now.as_millis()).map_err(|_| DayError::Clock)?;
    let mut date = zone.to_datetime(now).date();
    for _ in 0..ago {
        date = date.yesterday().map_err(|_| DayError::Clock)?;
    }
    formed(form, date)
}

fn formed(form: &str, date: Date) -> Result<String, DayError> {
    match strtime::format(form, date) {
        Ok(text) if !text.is_empty() => Ok(text),
        Ok(_) => Err(DayError::Form(form.to_owned(), "it is empty".to_owned())),
        Err(error) => Err(DayError::Form(form.to_owned(), error.to_string())),
    }
}

/// Whether the word stands in `{a,word}`: whoever writes that means a date.
fn is_alternative(word: &str, text: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let (before, behind) = (&text[..at], &text[at + word.len()..]);
        let is_first = before.ends_with('{') && behind.starts_with(',');
        is_first || before.ends_with(',') && behind.starts_with([',', '}'])
    })
}

impl fmt::Display for DayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(word) => write!(f, "has a `{{{word}` without its `}}`"),
            Self::Word(word) => write!(
                f,
                "has `{word}` as a word among alternatives: for the date write `{{{word}}}` there too"
            ),
            Self::Zone(name) => write!(f, "names the time zone {name:?}, which is none"),
            Self::Form(form, why) => write!(
                f,
                "has the date's form {form:?}: {why}; expected one such as \"%Y%m%d\""
            ),
            Self::Clock => f.write_str("has a date, and the clock shows none that can be written"),
        }
    }
}
