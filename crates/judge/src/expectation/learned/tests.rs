use super::*;
use crate::layouts::Kind;
use s3_exporter_api::UnixTime;

mod simulated;

fn at(hours: f64) -> PastBackup {
    let time = UnixTime::from_millis((hours * HOUR as f64) as i64);
    PastBackup::new(time, time, 1, Kind::Full)
}

fn usual(hours: &[f64]) -> Option<f64> {
    let good: Vec<_> = hours.iter().copied().map(at).collect();
    learn(&good).map(|learned| learned.usual as f64 / HOUR as f64)
}

fn days(days: std::ops::Range<u32>) -> Vec<f64> {
    days.map(|day| f64::from(day) * 24.0).collect()
}

#[test]
fn too_few_tell_nothing() {
    assert_eq!(usual(&[]), None);
    assert_eq!(usual(&[0.0]), None);
    assert_eq!(usual(&days(0..4)), None);
    assert_eq!(usual(&days(0..5)), Some(24.0));
}

#[test]
fn near_duplicates_do_not_count() {
    assert_eq!(usual(&[0.0, 0.1, 24.0, 24.1, 48.0, 48.1, 72.0]), None);
    assert_eq!(
        usual(&[0.0, 24.0, 24.1, 48.0, 72.0, 96.0, 96.1]),
        Some(24.0)
    );
}

#[test]
fn one_made_by_hand_does_not_count() {
    let mut hours = days(0..6);
    hours.insert(3, 60.0);
    assert_eq!(usual(&hours), Some(24.0));
}

#[test]
fn one_old_outage_does_not_deafen() {
    let mut hours = days(0..12);
    hours.extend(days(17..28));
    assert_eq!(usual(&hours), Some(24.0));
}

#[test]
fn thinned_history_is_left_out() {
    let monthly = (0..6).map(|month| f64::from(month) * 30.0);
    let weekly = (0..4).map(|week| 180.0 + f64::from(week) * 7.0);
    let daily = (0..7).map(|day| 208.0 + f64::from(day));
    let hours: Vec<_> = monthly
        .chain(weekly)
        .chain(daily)
        .map(|day| day * 24.0)
        .collect();
    assert_eq!(usual(&hours), Some(24.0));
}

#[test]
fn another_rhythm_holds_once_it_shows() {
    let mut hours: Vec<_> = (0..10).map(|week| f64::from(week) * 168.0).collect();
    hours.extend((1..4).map(|day| 9.0 * 168.0 + f64::from(day) * 24.0));
    assert_eq!(usual(&hours), Some(168.0));
    hours.push(9.0 * 168.0 + 96.0);
    assert_eq!(usual(&hours), Some(24.0));
}

#[test]
fn a_short_history_has_not_shown_the_weekend() {
    let due = |hours: &[f64]| {
        let good: Vec<_> = hours.iter().copied().map(at).collect();
        let learned = learn(&good).expect("a rhythm");
        hours[hours.len() - 1] + (learned.usual + learned.grace) as f64 / HOUR as f64
    };
    let friday = 4.0 * 24.0;
    assert!(due(&days(0..5)) > friday + 72.5, "the first weekend");
    assert!(due(&days(0..10)) < 9.0 * 24.0 + 30.0, "a weekend was seen");
    let evening: Vec<_> = (0..9).map(|hour| f64::from(hour) + 9.0).collect();
    assert!(due(&evening) > 17.0 + 24.0, "the first night");
}
