//! What robfig takes, written so that croner reads the same in it; and what it does not take.

use super::ScheduleError;

/// The five fields: name, least and greatest value, names of values from the least on.
const FIELDS: [(&str, u32, u32, &[&str]); 5] = [
    ("minute", 0, 59, &[]),
    ("hour", 0, 23, &[]),
    ("day of the month", 1, 31, &[]),
    (
        "month",
        1,
        12,
        &[
            "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
        ],
    ),
    (
        "day of the week",
        0,
        6,
        &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
    ),
];

/// Splits off `TZ=...` or `CRON_TZ=...`.
pub(super) fn split_zone(schedule: &str) -> Result<(Option<&str>, &str), ScheduleError> {
    let rest = schedule
        .strip_prefix("TZ=")
        .or_else(|| schedule.strip_prefix("CRON_TZ="));
    let (zone, text) = match rest {
        None => (None, schedule),
        Some(rest) => {
            let (zone, text) = rest.split_once(' ').ok_or(ScheduleError::Empty)?;
            (Some(zone), text.trim())
        }
    };
    if text.is_empty() {
        return Err(ScheduleError::Empty);
    }
    Ok((zone, text))
}

/// The five fields without what croner does not know or reads otherwise.
pub(super) fn plain(text: &str) -> Result<String, ScheduleError> {
    if text.starts_with('@') {
        return word(text).map(str::to_owned);
    }
    let fields: Vec<_> = text.split_whitespace().collect();
    if fields.len() != FIELDS.len() {
        return Err(ScheduleError::Fields(fields.len()));
    }
    let fields = fields.iter().zip(&FIELDS);
    let plain: Result<Vec<_>, _> = fields.map(|(field, of)| self::field(field, of)).collect();
    Ok(plain?.join(" "))
}

fn word(text: &str) -> Result<&'static str, ScheduleError> {
    Ok(match text {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        _ => return Err(ScheduleError::Word(text.to_owned())),
    })
}

type Field = (&'static str, u32, u32, &'static [&'static str]);

fn field(text: &str, of: &Field) -> Result<String, ScheduleError> {
    let items = text.split(',').filter(|item| !item.is_empty());
    let items: Result<Vec<_>, _> = items.map(|item| range(item, of)).collect();
    let items = items
        .map_err(|why| ScheduleError::Field(format!("has {text:?} as its {}: {why}", of.0)))?;
    if items.iter().any(|item| item == "*") {
        return Ok("*".to_owned()); // one star is enough: the other day field alone counts
    }
    if items.is_empty() {
        return Err(ScheduleError::Field(format!("has no {}: {text:?}", of.0)));
    }
    Ok(items.join(","))
}

/// `*`, `3`, `3-5`, each with a step: as `start-end/step`.
fn range(item: &str, of: &Field) -> Result<String, String> {
    let (name, least, greatest, _) = *of;
    let (bounds, step) = match item.split_once('/') {
        None => (item, None),
        Some((bounds, step)) => (bounds, Some(number(step)?)),
    };
    let (first, last) = match bounds.split_once('-') {
        None => (bounds, None),
        Some((first, last)) => (first, Some(last)),
    };
    let (start, end) = match (first, last, step) {
        (_, _, Some(0)) => return Err("a step of 0".to_owned()),
        ("*" | "?", _, None | Some(1)) => return Ok("*".to_owned()),
        ("*" | "?", ..) => return Ok(format!("*/{}", step.unwrap_or(1).min(greatest + 1))),
        (first, Some(last), _) => (value(first, of)?, value(last, of)?),
        (first, None, Some(_)) => (value(first, of)?, greatest),
        (first, None, None) => {
            let value = value(first, of)?;
            (value, value)
        }
    };
    if start < least || end > greatest {
        return Err(format!("expected {least} to {greatest} for the {name}"));
    }
    if start > end {
        return Err(format!("{start} is after {end}"));
    }
    // A step beyond all values is one that leaves the first.
    let step = step.unwrap_or(1).min(greatest + 1);
    Ok(format!("{start}-{end}/{step}"))
}

/// A value by its number, or by the first three letters of its name.
fn value(text: &str, of: &Field) -> Result<u32, String> {
    let (_, least, _, names) = *of;
    let place = names
        .iter()
        .position(|name| text.eq_ignore_ascii_case(name));
    match place.map(u32::try_from) {
        Some(Ok(place)) => Ok(least + place),
        _ => number(text),
    }
}

fn number(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| match text {
        "" => "a number is missing".to_owned(),
        text => format!("{text:?} is no number"),
    })
}
