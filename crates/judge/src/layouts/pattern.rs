//! A user's own pattern for keys.

use std::ops::Range;

use jiff::civil::date;
use jiff::fmt::strtime::{self, BrokenDownTime};
use jiff::tz::TimeZone;
use regex::bytes::{Regex, RegexBuilder};

use super::one_file::ONE_FILE;
use super::text::name;
use super::time::last;
use super::{KeyTime, Layout, Part, Piece, Reading, SizeRule, TimeForm};

#[cfg(test)]
mod tests;

/// What a user says of a pattern: see [`Pattern::new`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PatternSpec<'a> {
    /// A regular expression that a whole key has, below the destination's prefix, with the named
    /// groups `time`, and if wanted `cluster`, `job` and `part`. Where it has `part`, all objects of
    /// one cluster, job and time are one backup.
    pub expression: &'a str,
    /// How `time` is written, as `strftime` would: `%Y%m%d-%H%M%S`, or `%s` for seconds since 1970.
    /// Where there is none, all forms are tried that layouts know.
    pub time_format: Option<&'a str>,
    /// The zone of `time` where it does not say it itself: a name of the IANA database, or `UTC`
    /// (which it is where there is none).
    pub time_zone: Option<&'a str>,
}

/// A pattern that was checked.
#[derive(Clone, Debug)]
pub struct Pattern {
    expression: String,
    time_format: Option<String>,
    time_zone: Option<String>,
    regex: Regex,
    zone: TimeZone,
    /// For how many seconds a time stands.
    span: i64,
    has_parts: bool,
}

/// What is wrong with a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternFault {
    /// Where.
    pub field: PatternField,
    /// What, why, and what to do.
    pub text: String,
}

/// Which value of a [`PatternSpec`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatternField {
    /// [`PatternSpec::expression`].
    Expression,
    /// [`PatternSpec::time_format`].
    TimeFormat,
    /// [`PatternSpec::time_zone`].
    TimeZone,
}

/// Patterns are the same where the user wrote the same.
impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.expression == other.expression
            && self.time_format == other.time_format
            && self.time_zone == other.time_zone
    }
}

impl Eq for Pattern {}

const GROUPS: [&str; 4] = ["cluster", "job", "part", "time"];

/// Bytes that a compiled expression may take: what people write for keys takes a few thousand.
const MAX_COMPILED: usize = 1 << 20;

/// One object a backup.
static WHOLE: Layout = Layout {
    name: "pattern",
    signature: "the pattern of the configuration",
    ..ONE_FILE
};

/// The name by which [`PARTS`] is kept: that by which it is shown is the other's too.
const PARTS_KEPT: &str = "pattern with parts";

/// By which name a layout is kept over a restart.
pub(super) fn kept_name(layout: &'static Layout) -> &'static str {
    match std::ptr::eq(layout, &PARTS) {
        true => PARTS_KEPT,
        false => layout.name,
    }
}

/// That of a pattern that was kept by this name.
pub(super) fn kept(name: &str) -> Option<&'static Layout> {
    [(WHOLE.name, &WHOLE), (PARTS_KEPT, &PARTS)]
        .into_iter()
        .find_map(|(kept, layout)| (kept == name).then_some(layout))
}

/// Several objects a backup.
static PARTS: Layout = Layout {
    name: "pattern",
    signature: "the pattern of the configuration",
    commit: "any object",
    size: SizeRule::Sum,
    ..ONE_FILE
};

impl Pattern {
    /// Checks a pattern; all faults at once.
    pub fn new(spec: &PatternSpec<'_>) -> Result<Self, Vec<PatternFault>> {
        let mut faults = Vec::new();
        let mut note = |field, text| faults.push(PatternFault { field, text });
        let regex = compile(spec.expression)
            .map_err(|texts| {
                for text in texts {
                    note(PatternField::Expression, text);
                }
            })
            .ok();
        let zone = zone(spec.time_zone)
            .map_err(|text| note(PatternField::TimeZone, text))
            .ok();
        let span = spec
            .time_format
            .map_or(Ok(1), span)
            .map_err(|text| note(PatternField::TimeFormat, text))
            .ok();
        let (Some(regex), Some(zone), Some(span)) = (regex, zone, span) else {
            return Err(faults);
        };
        Ok(Self {
            expression: spec.expression.to_owned(),
            time_format: spec.time_format.map(str::to_owned),
            time_zone: spec.time_zone.map(str::to_owned),
            has_parts: regex.capture_names().flatten().any(|name| name == "part"),
            regex,
            zone,
            span,
        })
    }

    /// The expression as the user wrote it.
    pub fn expression(&self) -> &str {
        &self.expression
    }

    /// What a key is by it, and of which layout: one that has no entry in the table.
    pub fn read<'k>(&self, key: &'k [u8]) -> Option<(&'static Layout, Reading<'k>)> {
        let groups = self.regex.captures(key)?;
        let time = self.time(key, groups.name("time")?.range())?;
        let (layout, id) = if self.has_parts {
            (&PARTS, &key[time.at.clone()])
        } else {
            (&WHOLE, key)
        };
        let job = groups.name("job").map_or(&b""[..], |job| job.as_bytes());
        let reading = Reading::piece(0, name(job), Piece::new(id, Part::Whole).at(time));
        let reading = match groups.name("cluster") {
            Some(cluster) => reading.of(name(cluster.as_bytes())),
            None => reading,
        };
        Some((layout, reading))
    }

    fn time(&self, key: &[u8], at: Range<usize>) -> Option<KeyTime> {
        let written = &key[at.clone()];
        let (seconds, span) = match &self.time_format {
            Some(format) => {
                let parsed = strtime::parse(format, std::str::from_utf8(written).ok()?).ok()?;
                (seconds(&parsed, &self.zone)?, self.span)
            }
            None => {
                let time = last(written).filter(|time| time.at == (0..written.len()))?;
                (self.zoned(&time)?, time.span)
            }
        };
        Some(KeyTime {
            at,
            form: TimeForm::Other,
            seconds,
            span,
        })
    }

    /// Seconds since 1970 of a time that was read as if it were UTC.
    fn zoned(&self, time: &KeyTime) -> Option<i64> {
        if time.is_utc() {
            return Some(time.seconds);
        }
        let moment = jiff::Timestamp::from_second(time.seconds).ok()?;
        let wall = TimeZone::UTC.to_datetime(moment);
        Some(self.zone.to_timestamp(wall).ok()?.as_second())
    }
}

fn compile(expression: &str) -> Result<Regex, Vec<String>> {
    let regex = RegexBuilder::new(&format!("^(?:{expression})$"))
        .unicode(false)
        .size_limit(MAX_COMPILED)
        .build()
        .map_err(|error| {
            vec![match error {
                regex::Error::CompiledTooBig(_) => format!(
                    "the expression takes more than {MAX_COMPILED} bytes of memory: use smaller \
                     repetitions"
                ),
                // The last of its lines says what is wrong.
                error => match error.to_string().lines().last() {
                    Some(line) => format!("no regular expression: {line}"),
                    None => "no regular expression".to_owned(),
                },
            }]
        })?;
    let names: Vec<&str> = regex.capture_names().flatten().collect();
    let mut faults: Vec<String> = names
        .iter()
        .filter(|name| !GROUPS.contains(name))
        .map(|name| {
            format!(
                "the group `{name}` is not known: there are `cluster`, `job`, `part` and `time`"
            )
        })
        .collect();
    if !names.contains(&"time") {
        faults.push("the group `(?<time>...)` is missing: without it no backup is late".to_owned());
    }
    if faults.is_empty() {
        Ok(regex)
    } else {
        Err(faults)
    }
}

fn zone(name: Option<&str>) -> Result<TimeZone, String> {
    let Some(name) = name else {
        return Ok(TimeZone::UTC);
    };
    TimeZone::get(name).map_err(|_| {
        format!("no time zone is named `{name}`: write one of the IANA database, as `Europe/Berlin`, or `UTC`")
    })
}

/// For how many seconds a time stands that is written so; found by writing one and reading it.
fn span(format: &str) -> Result<i64, String> {
    for directive in ["%Y", "%m", "%d", "%H", "%M", "%S"] {
        if format.matches(directive).count() > 1 {
            return Err(format!(
                "`{directive}` is there twice: `%M` is the minute, `%m` the month"
            ));
        }
    }
    let sample = TimeZone::UTC
        .to_zoned_datetime(date(2026, 11, 23).at(14, 25, 36, 0))
        .map_err(|error| error.to_string())?;
    let written = strtime::format(format, &sample)
        .map_err(|error| format!("no format of a time, as `%Y%m%d-%H%M%S`: {error}"))?;
    let read = strtime::parse(format, &written)
        .map_err(|error| error.to_string())
        .and_then(|parsed| {
            seconds(&parsed, &TimeZone::UTC).ok_or("it lacks a year, month or day".to_owned())
        })
        .map_err(|why| {
            format!("what it writes, `{written}`, cannot be read back: {why}; write all of it, as `%Y%m%d-%H%M%S`")
        })?;
    let sample = sample.timestamp().as_second();
    [1, 60, 3_600, 86_400]
        .into_iter()
        .find(|span| sample - sample.rem_euclid(*span) == read)
        .ok_or(format!(
            "what it writes, `{written}`, is read back as another time: `%I` needs `%p`"
        ))
}

/// Seconds since 1970 of what was read.
fn seconds(parsed: &BrokenDownTime, zone: &TimeZone) -> Option<i64> {
    if let Ok(moment) = parsed.to_timestamp() {
        return Some(moment.as_second()); // it has an offset, or is `%s`
    }
    let wall = match parsed.to_datetime() {
        Ok(wall) => wall,
        Err(_) => parsed.to_date().ok()?.at(0, 0, 0, 0),
    };
    Some(zone.to_timestamp(wall).ok()?.as_second())
}
