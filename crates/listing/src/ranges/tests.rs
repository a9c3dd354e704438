use s3_exporter_api::Continuation;

use super::*;
use crate::split::tests::page;

/// Pages of ten of the keys from `0000` to `9999`, eight at a time, the oldest request first.
#[test]
fn there_are_never_more_ranges_than_requests_at_a_time() {
    const FLYING: usize = 8;
    let hints = Boundaries::default();
    let can = Capabilities {
        start_after: true,
        ..Capabilities::OBJECTS
    };
    let mut plan = ListingPlan::new("", 10, &hints, UnixTime::from_millis(0), can);
    plan.set_order(Order::Utf8);
    let keys: Vec<_> = (0..10_000).map(|key| format!("{key:04}")).collect();
    let mut flying = VecDeque::new();
    let (mut objects, mut starts) = (0, 0);
    loop {
        while flying.len() < FLYING
            && let Some(asked) = plan.next(flying.len(), FLYING)
        {
            starts += u32::from(matches!(asked.start, Start::After(_)));
            flying.push_back(asked);
        }
        assert!(plan.ranges.len() <= FLYING);
        let Some(PageRequest { purpose, start, .. }) = flying.pop_front() else {
            break;
        };
        let after = match start.clone() {
            Start::First => String::new(),
            Start::After(key) | Start::Marker(key) | Start::Next(key, _) => key.into(),
            Start::Token(token) => token,
        };
        let rest = &keys[keys.partition_point(|key| *key <= after)..];
        let keys: Vec<_> = rest.iter().take(10).map(String::as_str).collect();
        let next = match rest.len() {
            0..=10 => Continuation::End,
            _ => Continuation::Token(keys[9].to_owned()),
        };
        match purpose {
            Purpose::Range(at) => {
                objects += plan.take(at, start, &mut page(&keys), next).unwrap();
            }
            Purpose::Named(key) => objects += usize::from(plan.take_named(&key, &page(&keys))),
            Purpose::Check(check) => plan.judge(check, &page(&keys), &next).unwrap(),
        }
    }
    assert_eq!(objects, 10_000);
    let is_reused = starts > 3 * FLYING as u32 / 2;
    assert!(is_reused, "{starts} ranges: this tests nothing");
}
