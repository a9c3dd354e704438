//! What must be true of any answer, with quick-xml as the oracle.

use fastrand::Rng;
use proptest::prelude::*;
use s3_exporter_api::{Continuation, Page};
use s3_exporter_page::read;

use crate::{answers, oracle};

/// A time as a store might write it, with the milliseconds that it means.
fn time() -> impl Strategy<Value = (String, i64)> {
    // From the year 1 to 9998.
    let seconds = -62_135_000_000_i64..253_370_000_000;
    let zone = prop_oneof![Just(0_i64), Just(0), -23 * 60..=23 * 60_i64];
    (seconds, "(|\\.[0-9]{1,12})", zone).prop_map(|(seconds, fraction, ahead)| {
        let local = jiff::Timestamp::from_second(seconds + ahead * 60).expect("in range");
        let local = local.strftime("%Y-%m-%dT%H:%M:%S").to_string();
        let zone = match ahead {
            0 => "Z".to_owned(),
            _ => format!(
                "{}{:02}:{:02}",
                if ahead < 0 { '-' } else { '+' },
                ahead.abs() / 60,
                ahead.abs() % 60
            ),
        };
        let millis = format!("{fraction:0<4}")[1..4].parse().unwrap_or(0);
        (format!("{local}{fraction}{zone}"), seconds * 1000 + millis)
    })
}

fn key() -> impl Strategy<Value = String> {
    let character = prop_oneof![
        4 => "[a-z0-9/.-]",
        3 => "[ +%&<>\"'\\];~*]",
        1 => "[\u{1}-\u{1f}\u{7f}\u{85}]",
        1 => any::<char>().prop_filter("XML has no way to write it", |c| *c != '\0').prop_map(String::from),
    ];
    proptest::collection::vec(character, 1..20).prop_map(|parts| parts.concat())
}

type Made = (answers::Object, oracle::Object);

fn object() -> impl Strategy<Value = Made> {
    let class = prop::sample::select(vec![
        ("", "STANDARD"),
        ("STANDARD", "STANDARD"),
        ("GLACIER", "GLACIER"),
        ("Cold & <frozen>", "Cold & <frozen>"),
    ]);
    let size = prop_oneof![Just(0), Just(u64::MAX), any::<u64>(), 0..1_000_000_u64];
    (key(), size, time(), class).prop_map(|(key, size, (text, millis), (name, class))| {
        let bytes = key.clone().into_bytes();
        (
            (key, size, text, name),
            (bytes, size, millis, class.as_bytes().to_vec()),
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// However an answer is spelled, it means the objects that it was made of, to us and to
    /// quick-xml; and wherever it is cut, it is an error.
    #[test]
    fn any_spelling_means_the_same(
        made in proptest::collection::vec(object(), 0..5),
        token in proptest::option::of("[a-zA-Z0-9+/=&<> %]{1,20}"),
        encoded in any::<bool>(),
        seed in any::<u64>(),
        cut in any::<prop::sample::Index>(),
    ) {
        let (objects, expected): (Vec<_>, Vec<_>) = made.into_iter().unzip();
        let body = answers::spell(&objects, token.as_deref(), encoded, &mut Rng::with_seed(seed));
        let next = token.map_or(Continuation::End, Continuation::Token);

        let mut page = Page::new();
        let result = read(body.as_bytes(), &mut page);
        prop_assert_eq!(result, Ok(next.clone()), "{}", body);
        prop_assert_eq!(oracle::objects(&page), expected.clone(), "{}", body);
        prop_assert_eq!(oracle::read(&body), (expected, next), "{}", body);

        let end = body.rfind("ListBucketResult").map_or(0, |end| end + "ListBucketResult".len());
        let cut = &body.as_bytes()[..cut.index(end + 1)];
        prop_assert!(read(cut, &mut page).is_err(), "{}", String::from_utf8_lossy(cut));
    }
}

/// The body of the fuzz target, for answers that were broken in every way we know.
#[test]
fn broken_answers() {
    const INPUTS: u64 = 20_000;
    let recorded: [&[u8]; 6] = [
        include_bytes!("pages/aws.xml"),
        include_bytes!("pages/backblaze.xml"),
        include_bytes!("pages/ceph.xml"),
        include_bytes!("pages/gcs.xml"),
        include_bytes!("pages/minio-metadata.xml"),
        include_bytes!("pages/minio-error.xml"),
    ];
    let some = [
        (
            "a b+%&<>'\"\u{1}ü".to_owned(),
            7,
            "2026-01-31T00:00:00Z".to_owned(),
            "GLACIER",
        ),
        (
            "b".to_owned(),
            u64::MAX,
            "1969-12-31T23:59:59.999999+01:00".to_owned(),
            "",
        ),
    ];
    let mut listings = 0;
    for seed in 0..INPUTS {
        let mut rng = Rng::with_seed(seed);
        let other = recorded[rng.usize(..recorded.len())];
        let mut body = if rng.bool() {
            other.to_vec()
        } else {
            answers::spell(&some, Some("t"), rng.bool(), &mut rng).into_bytes()
        };
        for _ in 0..rng.u8(..4) {
            answers::mutate(&mut body, other, &mut rng);
        }
        listings += u64::from(oracle::check(&body));
    }
    // Many are still listings, or nothing would have been compared.
    assert!((INPUTS / 10..INPUTS / 2).contains(&listings), "{listings}");
}
