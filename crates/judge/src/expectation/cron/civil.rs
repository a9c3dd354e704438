//! The clock on the wall, as croner walks along it: it knows no time zone, so that it is we who say
//! what becomes of times that do not exist, or exist twice.

use std::cmp::Ordering;

use croner::errors::CronError;
use croner::{CivilDateTime, CronDateTime, Resolution, Weekday};
use jiff::ToSpan;
use jiff::civil::DateTime;

/// A time on the wall.
#[derive(Clone, Debug)]
pub(super) struct Civil(DateTime);

impl Civil {
    /// In whole seconds.
    pub(super) fn of(datetime: DateTime) -> Self {
        Self(datetime)
    }

    pub(super) fn datetime(&self) -> DateTime {
        self.0
    }
}

impl CronDateTime for Civil {
    fn to_civil(&self) -> CivilDateTime {
        let (date, time) = (self.0.date(), self.0.time());
        let part = |part: i8| u32::try_from(part).unwrap_or_default();
        CivilDateTime::from_ymd_hms_opt(
            i32::from(date.year()),
            part(date.month()),
            part(date.day()),
            part(time.hour()),
            part(time.minute()),
            part(time.second()),
        )
        .unwrap_or_else(|| unreachable!("jiff's dates are croner's"))
    }

    fn civil_weekday(&self) -> Weekday {
        const WEEK: [Weekday; 7] = [
            Weekday::Sunday,
            Weekday::Monday,
            Weekday::Tuesday,
            Weekday::Wednesday,
            Weekday::Thursday,
            Weekday::Friday,
            Weekday::Saturday,
        ];
        let day = self.0.weekday().to_sunday_zero_offset();
        WEEK[usize::try_from(day).unwrap_or_default() % WEEK.len()]
    }

    fn resolve_civil(&self, civil: CivilDateTime) -> Result<Resolution<Self>, CronError> {
        let part = |part: u32| i8::try_from(part).map_err(|_| CronError::InvalidDate);
        DateTime::new(
            i16::try_from(civil.year()).map_err(|_| CronError::InvalidDate)?,
            part(civil.month())?,
            part(civil.day())?,
            part(civil.hour())?,
            part(civil.minute())?,
            part(civil.second())?,
            0,
        )
        .map(|datetime| Resolution::Single(Self(datetime)))
        .map_err(|_| CronError::InvalidDate)
    }

    fn checked_add_seconds(&self, seconds: i64) -> Option<Self> {
        self.0.checked_add(seconds.seconds()).ok().map(Self)
    }

    fn cmp_instant(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}
