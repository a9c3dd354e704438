//! What holds for any schedule in any zone.

use proptest::prelude::*;

use super::*;

/// Schedules that fire, in zones that change their clocks.
fn schedule() -> impl Strategy<Value = String> {
    let field = |least: u32, greatest: u32| {
        prop_oneof![
            Just("*".to_owned()),
            (1..=greatest).prop_map(|step| format!("*/{step}")),
            (least..=greatest).prop_map(|value| value.to_string()),
            (least..=greatest, least..=greatest).prop_map(|(a, b)| format!(
                "{}-{}",
                a.min(b),
                a.max(b)
            )),
            (least..=greatest, least..=greatest).prop_map(|(a, b)| format!("{a},{b}")),
        ]
    };
    let zone = prop::sample::select(vec![
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "America/Santiago",
        "Asia/Kolkata",
    ]);
    let cron = (
        field(0, 59),
        field(0, 23),
        field(1, 28),
        field(1, 12),
        field(0, 6),
    );
    let every = (1..100_000_u32).prop_map(|seconds| format!("@every {seconds}s"));
    let cron = (zone, cron).prop_map(|(zone, (minute, hour, day, month, weekday))| {
        format!("CRON_TZ={zone} {minute} {hour} {day} {month} {weekday}")
    });
    prop_oneof![8 => cron, 1 => every]
}

/// In two years around the present.
fn moment() -> impl Strategy<Value = UnixTime> {
    (1_767_225_600_000..1_830_297_600_000_i64).prop_map(UnixTime::from_millis)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_next_is_due_later_and_no_earlier_for_a_later_one(
        schedule in schedule(), time in moment(), later in 0..90 * DAY,
    ) {
        let expectation = Expectation::of(&rules(&schedule), &[]);
        let later = UnixTime::from_millis(time.as_millis() + later);
        let (due, due_later) = (expectation.due(time), expectation.due(later));
        prop_assert!(due > Some(time));
        prop_assert!(due <= due_later);
        prop_assert!(expectation.interval >= Some(Duration::from_secs(1)));
    }

    #[test]
    fn what_comes_in_its_slot_is_never_missed(
        schedule in schedule(), begin in moment(), late in 0.0..1.0_f64,
    ) {
        let expectation = Expectation::of(&rules(&schedule), &[]);
        let mut before = begin;
        for _ in 0..20 {
            let Some(slot) = expectation.next(before.as_millis()) else { break };
            // Within its grace, and before it would be taken for the next one.
            let next = expectation.next(slot).unwrap_or(slot + DAY);
            let room = millis(expectation.grace).min(next - slot - EARLY - 1).max(0);
            let time = UnixTime::from_millis(slot + (room as f64 * late) as i64);
            prop_assert_eq!(expectation.missed(before, time), 0);
            if !matches!(expectation.slots, Slots::Every(_)) {
                prop_assert_eq!(expectation.lacking(before, time), 0);
            }
            before = time;
        }
    }

    #[test]
    fn as_many_are_missed_as_slots_go_by(schedule in schedule(), begin in moment(), count in 1..30_u64) {
        let expectation = Expectation::of(&rules(&schedule), &[]);
        let slots: Vec<_> = std::iter::successors(expectation.next(begin.as_millis()), |slot| expectation.next(*slot))
            .take(usize::try_from(count).unwrap_or_default() + 1)
            .collect();
        let last = slots[slots.len() - 2];
        let over = UnixTime::from_millis(last + millis(expectation.grace));
        let just_before = UnixTime::from_millis(over.as_millis() - 1);
        prop_assert!(expectation.missed(begin, over) >= count);
        prop_assert!(expectation.missed(begin, just_before) < count);
        if matches!(expectation.slots, Slots::Cron(_)) {
            prop_assert_eq!(expectation.lacking(begin, UnixTime::from_millis(last)), count - 1);
        }
    }
}
