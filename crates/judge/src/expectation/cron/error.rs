use std::error::Error;
use std::fmt;

/// Why a schedule cannot be read: in words that go on after "is ...".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScheduleError {
    /// There is nothing.
    Empty,
    /// There are as many fields as this.
    Fields(usize),
    /// A field is wrong, as the text says.
    Field(String),
    /// There is no such time zone.
    Zone(String),
    /// There is no such word, such as `@noon`.
    Word(String),
    /// What follows `@every` is no duration.
    Every(String),
}

impl fmt::Display for ScheduleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("is empty"),
            Self::Fields(count) => write!(
                f,
                "has {count} {}: expected five, which are minute, hour, day of the month, month and day of the week",
                if *count == 1 { "field" } else { "fields" }
            ),
            Self::Field(wrong) => f.write_str(wrong),
            Self::Zone(name) => write!(f, "names the time zone {name:?}, which does not exist"),
            Self::Word(word) => write!(
                f,
                "begins with {word:?}: expected @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually or @every with a duration"
            ),
            Self::Every(text) => write!(
                f,
                "says @every {text:?}: expected a duration such as 20m or 1h30m"
            ),
        }
    }
}

impl Error for ScheduleError {}
