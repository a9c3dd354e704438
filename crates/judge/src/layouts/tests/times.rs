//! Times are found where they are, and nowhere else.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::prelude::*;

use crate::layouts::TimeForm;
use crate::layouts::time::last;

/// How a time may be written, and for how many seconds it then stands.
const FORMS: &[(&str, i64)] = &[
    ("%Y-%m-%dT%H:%M:%SZ", 1),
    ("%Y-%m-%dt%H-%M-%S", 1),
    ("%Y-%m-%d_%H-%M-%S", 1),
    ("%Y-%m-%d %H:%M:%S", 1),
    ("%Y-%m-%d-%H%M%S", 1),
    ("%Y-%m-%dT%H:%M:%S+00:00", 1),
    ("%Y-%m-%dT%H:%M:%S.123456Z", 1),
    ("%Y-%m-%dT%H:%M:%S.5+00:00", 1),
    ("%Y%m%dT%H%M%SZ", 1),
    ("%Y%m%d-%H%M%S", 1),
    ("%Y%m%d_%H%M%S", 1),
    ("%Y%m%d%H%M%S", 1),
    ("%Y_%m_%d-%H_%M_%S", 1),
    ("%Y.%m.%d.%H.%M.%S", 1),
    ("%Y/%m/%d/%H%M%S", 1),
    ("%Y-%m-%d_%Hh%Mm%Ss", 1),
    ("%s", 1),
    ("%s000000001", 1),
    ("%Y%m%d%H%M", 60),
    ("%Y-%m-%d_%H-%M", 60),
    ("%Y-%m-%d:%H", 3_600),
    ("%Y%m%d", 86_400),
    ("%Y-%m-%d", 86_400),
    ("%Y.%m.%d", 86_400),
    ("%Y/%m/%d", 86_400),
];

proptest! {
    #[test]
    fn a_time_that_is_written_is_read(
        seconds in 1_000_000_000_i64..4_102_444_800,
        form in 0..FORMS.len(),
        before in "(r/)?[a-z]{0,6}-",
        after in "(\\.[a-y]{3,5}){0,2}",
    ) {
        let (format, span) = FORMS[form];
        let moment = Timestamp::from_second(seconds).unwrap().to_zoned_datetime(TimeZone::UTC);
        let written = jiff::fmt::strtime::format(format, &moment).unwrap();
        let key = format!("{before}{written}{after}");
        let time = last(key.as_bytes()).expect(&key);
        prop_assert_eq!(time.seconds, seconds - seconds.rem_euclid(span), "{}", &key);
        prop_assert_eq!(time.span, span, "{}", &key);
        prop_assert_eq!(&key[time.at.clone()], &written);
        let says_zone = ["Z", "+00:00"].iter().any(|zone| written.ends_with(zone));
        prop_assert_eq!(time.is_utc(), says_zone || format.starts_with("%s"), "{}", &key);
        prop_assert_eq!(time.again(key.as_bytes()), Some(time));
    }

    #[test]
    fn an_id_or_a_segment_is_no_time(
        id in "[0-9a-f]{16}|[0-9a-f]{24}|[0-9A-F]{24}|[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}",
        before in "[a-z]{0,6}[-_/]?",
    ) {
        // By chance it has only letters before a date.
        prop_assume!(id.len() == 16 || !id.trim_start_matches(char::is_alphabetic).starts_with("20"));
        let key = format!("{before}{id}.gz");
        prop_assert_eq!(last(key.as_bytes()), None, "{}", &key);
    }
}

#[test]
fn what_looks_like_a_time_is_none() {
    for key in [
        "app-20260231.sql",                // no such day
        "app-2026-02-29.sql",              // no leap year
        "app-2100-01-01.sql",              // beyond
        "app-1999-12-31.sql",              // before
        "Full-00000000-00000021-12345.gz", // revisions
        "000000010000000000000042.gz",     // a segment
        "wal/00000002.history",
        "postgres-15.10.2.tar.gz", // versions
        "app-2026.1.2.tar.gz",
        "base/20261/12345_fsm.gz", // identifiers
        "data/small/2026_11/18EC4CC8F05D597A/index.bin",
        "img-0042.jpg",
        "x-9f20260131ab.sql", // a hash
        "x-20260131abcdef.sql",
        "app-123456789.sql",
        "app-202601311.sql",
    ] {
        assert_eq!(last(key.as_bytes()), None, "{key}");
    }
}

#[test]
fn the_last_time_counts() {
    for (key, written) in [
        ("2026/01/app-20260131.sql.gz", "20260131"),
        (
            "2026-01-30/app-2026-01-31T03-00-00.sql",
            "2026-01-31T03-00-00",
        ),
        ("app-2026-01-31-2048.sql", "2026-01-31-2048"),
        ("app-2024-02-29.sql", "2024-02-29"),
        (
            "app-2026-01-31T03:00:00-05:00.sql",
            "2026-01-31T03:00:00-05:00",
        ),
        ("app-2026-01-31T03-00-00-0001.sql", "2026-01-31T03-00-00"),
        (
            "app-2026-01-31T03-00-00-123Z.sql",
            "2026-01-31T03-00-00-123Z",
        ),
        ("app-2026-01-31_03-00-00_UTC.sql", "2026-01-31_03-00-00_UTC"),
        ("app-2026-01-31_03h00m.sql", "2026-01-31_03h00m"),
        ("app-2026-01-31.7z", "2026-01-31"),
        ("db20260131.sql", "20260131"),
        ("app-2026013103.sql", "2026013103"), // year to hour, as nobody counts seconds of 2034
    ] {
        let time = last(key.as_bytes()).expect(key);
        assert_eq!(&key[time.at.clone()], written, "{key}");
    }
    let offset = last(b"app-2026-01-31T03:00:00+02:00").expect("a time");
    assert_eq!(offset.seconds, 1_769_821_200);
    assert_eq!(offset.form, TimeForm::Civil { has_zone: true });
}
