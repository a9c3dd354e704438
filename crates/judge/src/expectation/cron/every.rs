//! The duration of `@every`, as Go writes durations.

use std::time::Duration;

use jiff::SignedDuration;

use super::ScheduleError;

/// In whole seconds, and at least one, as robfig rounds it.
pub(super) fn every(text: &str) -> Result<Duration, ScheduleError> {
    let is_of_go = |c: char| c.is_ascii_digit() || ".hmsnuµ-".contains(c);
    let duration: Option<SignedDuration> = match text {
        "0" => Some(SignedDuration::ZERO),
        text if text.chars().all(is_of_go) => text.parse().ok(),
        _ => None,
    };
    let duration = duration.ok_or_else(|| ScheduleError::Every(text.to_owned()))?;
    let seconds = u64::try_from(duration.as_secs()).unwrap_or_default();
    Ok(Duration::from_secs(seconds.max(1)))
}
