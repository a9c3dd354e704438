//! Five weeks of a job, a table of weeks.

use s3_exporter_api::UnixTime;
use s3_exporter_judge::calendar::Calendar;

use super::rows::{Cell, Wall};

/// The weeks, each ending on the weekday of today.
#[derive(Debug)]
pub struct Weeks {
    /// The days of the week, as the columns are.
    pub weekdays: Vec<&'static str>,
    /// The weeks, the oldest first.
    pub weeks: Vec<Vec<Cell>>,
}

impl Weeks {
    /// Of these days, as of `now`.
    pub fn new(calendar: &Calendar, now: UnixTime) -> Self {
        const NAMES: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
        let days = Calendar::ending(now);
        let first = days.days().next();
        // 1970-01-01 was a Thursday.
        let number = first.map_or(0, |(day, _)| day.as_millis().div_euclid(86_400_000));
        let weekday = |at: i64| NAMES[(number + at + 3).rem_euclid(7) as usize];
        let mut cells = Wall::new(calendar, now).cells.into_iter();
        let weeks = (0..Calendar::DAYS / 7).map(|_| cells.by_ref().take(7).collect());
        let weeks = weeks.collect();
        Self {
            weekdays: (0..7).map(weekday).collect(),
            weeks,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_week_ends_today() {
        // 2026-01-01, a Thursday.
        let now = UnixTime::from_millis(1_767_225_600_000);
        let weeks = Weeks::new(&Calendar::ending(now), now);
        assert_eq!(
            weeks.weekdays,
            ["Fri", "Sat", "Sun", "Mon", "Tue", "Wed", "Thu"]
        );
        assert_eq!(weeks.weeks.len(), 5);
        assert!(weeks.weeks.iter().all(|week| week.len() == 7));
        assert_eq!(weeks.weeks[4][6].day, "01-01");
        assert_eq!(weeks.weeks[0][0].day, "11-28");
    }
}
