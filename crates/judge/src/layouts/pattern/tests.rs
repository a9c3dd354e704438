use super::*;
use crate::layouts::Role;

fn spec<'a>(
    expression: &'a str,
    time_format: Option<&'a str>,
    time_zone: Option<&'a str>,
) -> PatternSpec<'a> {
    PatternSpec {
        expression,
        time_format,
        time_zone,
    }
}

/// Cluster, job, id, seconds and for how many they stand.
fn read(pattern: &Pattern, key: &str) -> Option<(String, String, String, i64, i64)> {
    let (_, reading) = pattern.read(key.as_bytes())?;
    let Role::Piece(piece) = reading.role else {
        panic!("never a piece");
    };
    let time = piece.time.expect("a time");
    Some((
        reading.cluster.unwrap_or_default().into_owned(),
        reading.job.into_owned(),
        piece.id.into_owned(),
        time.seconds,
        time.span,
    ))
}

fn some(
    cluster: &str,
    job: &str,
    id: &str,
    seconds: i64,
    span: i64,
) -> Option<(String, String, String, i64, i64)> {
    Some((cluster.into(), job.into(), id.into(), seconds, span))
}

#[test]
fn groups_are_read() {
    let pattern = Pattern::new(&spec(
        r"(?<cluster>[^/]+)/(?<job>\w+)\.(?<time>\d+_\d+)\.dat",
        Some("%Y%m%d_%H%M%S"),
        Some("Europe/Berlin"),
    ))
    .expect("a pattern");
    // In summer two hours, in winter one.
    let summer = "c1/db.20260731_030000.dat";
    assert_eq!(
        read(&pattern, summer),
        some("c1", "db", summer, 1_785_459_600, 1)
    );
    let winter = "c1/db.20260131_030000.dat";
    assert_eq!(
        read(&pattern, winter),
        some("c1", "db", winter, 1_769_824_800, 1)
    );
    for other in [
        "c1/db.20260131_030000.dat.tmp", // the whole key
        "x/c1/db.20260131_030000.dat",
        "c1/db.20260231_030000.dat", // no such day
        "c1/db.202601_030000.dat",
    ] {
        assert_eq!(read(&pattern, other), None, "{other}");
    }
}

#[test]
fn parts_of_one_time_are_one_backup() {
    let pattern = Pattern::new(&spec(r"(?<time>[^/]+)/(?<part>.+)", Some("%Y-%m-%d"), None))
        .expect("a pattern");
    assert_eq!(
        read(&pattern, "2026-01-31/a.bin"),
        some("", "", "2026-01-31", 1_769_817_600, 86_400)
    );
    assert_eq!(
        read(&pattern, "2026-01-31/b/c.bin"),
        some("", "", "2026-01-31", 1_769_817_600, 86_400)
    );
}

#[test]
fn without_a_format_the_known_forms_are_tried() {
    let pattern =
        Pattern::new(&spec(r"x-(?<time>.+)", None, Some("America/New_York"))).expect("a pattern");
    for (key, seconds) in [
        ("x-1769828400", 1_769_828_400),
        ("x-2026-01-30T22:00:00", 1_769_828_400),
        ("x-2026-01-31T03:00:00Z", 1_769_828_400),
        ("x-2026-01-31T04:00:00+01:00", 1_769_828_400),
    ] {
        assert_eq!(read(&pattern, key), some("", "", key, seconds, 1), "{key}");
    }
    assert_eq!(read(&pattern, "x-never"), None);
}

#[test]
fn seconds_since_1970_and_offsets_need_no_zone() {
    for (format, time) in [
        ("%s", "1769828400"),
        ("%Y%m%dT%H%M%S%z", "20260131T040000+0100"),
    ] {
        let pattern = Pattern::new(&spec(r"(?<time>.+)", Some(format), Some("Asia/Tokyo")))
            .expect("a pattern");
        assert_eq!(
            read(&pattern, time),
            some("", "", time, 1_769_828_400, 1),
            "{format}"
        );
    }
}

#[test]
fn each_fault_is_told() {
    let faults = |expression, format, zone| {
        Pattern::new(&spec(expression, format, zone))
            .expect_err("faults")
            .into_iter()
            .map(|fault| (fault.field, fault.text))
            .collect::<Vec<_>>()
    };
    let all = faults(r"(?<tiem>.+)(?<jop>x)", Some("%Y"), Some("Mars/Base"));
    let words = [
        (PatternField::Expression, "`tiem` is not known"),
        (PatternField::Expression, "`jop` is not known"),
        (PatternField::Expression, "`(?<time>...)` is missing"),
        (PatternField::TimeZone, "`Mars/Base`"),
        (PatternField::TimeFormat, "cannot be read back"),
    ];
    assert_eq!(all.len(), words.len(), "{all:?}");
    for ((field, text), (expected, word)) in all.iter().zip(words) {
        assert!(
            *field == expected && text.contains(word),
            "{text} should say {word}"
        );
    }
    for (expression, format, word) in [
        ("(?<time>.+", None, "no regular expression"),
        (
            "(?<time>(((a{1000}){1000}){1000}))",
            None,
            "bytes of memory",
        ),
        ("(?<time>.+)", Some("%Y%m%d-%I"), "another time"),
        ("(?<time>.+)", Some("%Q%"), "no format"),
        ("(?<time>.+)", Some("%Y-%m"), "cannot be read back"),
        ("(?<time>.+)", Some("%Y%m%d-%H%m"), "twice"),
        ("(?<time>.+)", Some("backup"), "cannot be read back"),
    ] {
        let all = faults(expression, format, None);
        assert!(
            all.len() == 1 && all[0].1.contains(word),
            "{expression} {format:?}: {all:?}"
        );
    }
}

#[test]
fn patterns_are_the_same_where_they_are_written_the_same() {
    let one = Pattern::new(&spec("(?<time>.+)", None, None)).expect("a pattern");
    let other = Pattern::new(&spec("(?<time>.+)", Some("%s"), None)).expect("a pattern");
    assert_eq!(one, one.clone());
    assert_ne!(one, other);
}
