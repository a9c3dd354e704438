//! Local time, by rules that are written here: the judge must not check itself.

use jiff::civil::{DateTime, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan};

use crate::text::{DAY, Fields, Read, SECOND, duration, time_of_day};

/// A zone by its name: as the rules of 2026 are, in POSIX' way to write them.
pub fn zone(name: &str) -> Read<TimeZone> {
    let posix = match name {
        "UTC" => return Ok(TimeZone::UTC),
        "Europe/Berlin" => "CET-1CEST,M3.5.0,M10.5.0/3",
        "Europe/London" => "GMT0BST,M3.5.0/1,M10.5.0",
        "America/New_York" => "EST5EDT,M3.2.0,M11.1.0",
        "America/Los_Angeles" => "PST8PDT,M3.2.0,M11.1.0",
        "Australia/Sydney" => "AEST-10AEDT,M10.1.0,M4.1.0/3",
        "Asia/Kolkata" => "IST-5:30",
        "Asia/Tokyo" => "JST-9",
        _ => return Err(format!("{name:?} is no zone of the corpus (zones.rs)")),
    };
    TimeZone::posix(posix).map_err(|error| error.to_string())
}

/// What a clock in the zone shows at a moment, in milliseconds since 1970.
pub fn local(at: i64, zone: &TimeZone) -> DateTime {
    let at = Timestamp::from_millisecond(at).expect("a moment of this century");
    zone.to_datetime(at)
}

/// `%Y` and what else `strftime` knows, of a clock's time.
pub fn formatted(at: DateTime, form: &str) -> String {
    at.strftime(form).to_string()
}

/// When a job runs.
#[derive(Clone, Debug)]
pub enum Rhythm {
    /// From a moment after the start on.
    Every { each: i64, first: i64 },
    /// At times of day, on days.
    At {
        times: Vec<i64>,
        days: Vec<Weekday>,
        day_of_month: Option<i8>,
        zone: TimeZone,
    },
}

impl Rhythm {
    pub fn read(fields: &Fields) -> Read<Self> {
        let zone = fields.or("zone", zone, TimeZone::UTC)?;
        if let Some(each) = fields.maybe("every", duration)? {
            return Ok(Self::Every {
                each,
                first: fields.or("first", duration, 0)?,
            });
        }
        let times = fields.need("at", |text| text.split(',').map(time_of_day).collect())?;
        let days = fields.or("days", days, ALL.to_vec())?;
        let day_of_month = fields.maybe("dom", crate::text::number)?;
        Ok(Self::At {
            times,
            days,
            day_of_month,
            zone,
        })
    }

    /// All of its slots in a range, as cron keeps them: a time that a day has not is left out, one
    /// that a day has twice comes twice.
    pub fn slots(&self, from: i64, to: i64) -> Vec<i64> {
        match self {
            Self::Every { each, first } => (from + first..to)
                .step_by(usize::try_from(*each).expect("positive"))
                .collect(),
            Self::At {
                times,
                days,
                day_of_month,
                zone,
            } => {
                let mut slots = Vec::new();
                let mut date = local(from - DAY, zone).date();
                while date <= local(to, zone).date() {
                    let is_day = days.contains(&date.weekday())
                        && day_of_month.is_none_or(|day| date.day() == day);
                    for time in times.iter().filter(|_| is_day) {
                        let civil = date.to_datetime(jiff::civil::Time::midnight());
                        slots.extend(moments(civil + (time / SECOND).seconds(), zone));
                    }
                    date = date.tomorrow().expect("a day of this century");
                }
                slots.retain(|slot| (from..to).contains(slot));
                slots.sort_unstable();
                slots
            }
        }
    }

    /// The longest that is usual from one to the next, in milliseconds.
    pub fn longest(&self) -> i64 {
        let slots = self.slots(1_767_225_600_000, 1_767_225_600_000 + 120 * DAY);
        let gaps = slots.windows(2).map(|pair| pair[1] - pair[0]);
        gaps.max().unwrap_or(DAY)
    }
}

/// The moments at which a clock shows a time: none, one or two.
fn moments(civil: DateTime, zone: &TimeZone) -> Vec<i64> {
    let at = |offset: jiff::tz::Offset| {
        offset
            .to_timestamp(civil)
            .expect("a moment of this century")
            .as_millisecond()
    };
    match zone.to_ambiguous_timestamp(civil).offset() {
        AmbiguousOffset::Unambiguous { offset } => vec![at(offset)],
        AmbiguousOffset::Gap { .. } => Vec::new(),
        AmbiguousOffset::Fold { before, after } => vec![at(before), at(after)],
    }
}

const ALL: [Weekday; 7] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
    Weekday::Sunday,
];

/// `mon-fri`, `sun`, `mon,thu`.
fn days(text: &str) -> Read<Vec<Weekday>> {
    let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let place = |name: &str| {
        let found = names.iter().position(|known| *known == name);
        found.ok_or_else(|| format!("{name:?} is no day, such as mon"))
    };
    let mut days = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        days.extend_from_slice(&ALL[place(first)?..=place(last)?]);
    }
    Ok(days)
}
