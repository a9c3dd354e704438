use proptest::prelude::*;
use s3_exporter_api::{Object, StorageClass, UnixTime};

use super::*;

pub fn page(keys: &[&str]) -> Page {
    let mut page = Page::new();
    for key in keys {
        page.push(Object {
            key: key.as_bytes(),
            size: 0,
            last_modified: UnixTime::from_millis(0),
            storage_class: StorageClass::STANDARD,
        });
    }
    page
}

/// A range that starts after a key, one page of which was listed.
fn listed(start: &str, keys: &[&str]) -> (Listed, Alphabet) {
    let (mut listed, mut alphabet) = (Listed::new(start.as_bytes()), Alphabet::default());
    listed.add(&page(keys), keys.len(), &mut alphabet);
    (listed, alphabet)
}

fn rest<'a>(alphabet: &'a Alphabet, end: Option<&'a str>, page: u64) -> Rest<'a> {
    Rest {
        prefix: "",
        end,
        alphabet,
        page,
        behind: &Behind::Unknown,
    }
}

fn objects(outlook: &Outlook, at: usize, page: u64) -> f64 {
    let stretch = outlook.stretches.iter().find(|stretch| stretch.at == at);
    stretch.map_or(0.0, |stretch| stretch.pages * page as f64)
}

/// After 34 come 35 to 39: of the digits from 1 to 4 two were seen, where no other beginning had
/// two, so those tell nothing. Then come 40 to 99: of those from 0 to 3 three were seen, with an object
/// in each but the last.
#[test]
fn what_is_left_is_taken_to_be_as_dense_as_what_was_seen() {
    let (listed, alphabet) = listed("", &["00", "20", "31", "34"]);
    let outlook = listed.outlook(&rest(&alphabet, None, 2));
    let ones = 5.0 * (1.0 + OTHERS * UNKNOWN_DIGITS) / (3.0 + OTHERS);
    assert!((objects(&outlook, 1, 2) - ones).abs() < 1e-9, "{outlook:?}");
    let each = (2.0 + OTHERS * (2.0 + ones)) / (2.0 + OTHERS);
    let tens = 6.0 * (2.0 + OTHERS * UNKNOWN_DIGITS) / (3.0 + OTHERS) * each;
    assert!(
        (objects(&outlook, 0, 2) - tens).abs() < 1e-9,
        "{outlook:?}, not {tens}"
    );
    assert!(
        (outlook.pages - (ones + tens) / 2.0).abs() < 1e-9,
        "{outlook:?}"
    );
}

/// Otherwise as much would seem to lie before 91, where there is nothing, as from there to 94.
#[test]
fn a_gap_before_the_first_key_tells_nothing() {
    for start in ["", "9", "90"] {
        let (listed, alphabet) = listed(start, &["91", "92", "93", "94"]);
        let outlook = listed.outlook(&rest(&alphabet, None, 1));
        let ones = 5.0 * (3.0 + OTHERS * UNKNOWN_DIGITS) / (3.0 + OTHERS);
        assert!((objects(&outlook, 1, 1) - ones).abs() < 1e-9, "{outlook:?}");
    }
}

#[test]
fn a_range_ends_where_it_ends() {
    let (listed, alphabet) = listed("", &["10", "20", "30"]);
    let to = |end| listed.outlook(&rest(&alphabet, end, 1));
    let all = objects(&to(None), 0, 1);
    // 4 to 9 are left of it; up to 5 one, and up to 55 the half of another.
    assert!((objects(&to(Some("5")), 0, 1) - all / 6.0).abs() < 1e-9);
    let half = objects(&to(Some("55")), 0, 1) - all / 6.0;
    assert!(
        (half - all / 6.0 * 6.0 / 11.0).abs() < 1e-9,
        "{half} of {all}"
    );
    assert!(
        to(Some("30"))
            .stretches
            .iter()
            .all(|stretch| stretch.at > 0)
    );
}

#[test]
fn what_is_left_is_cut_evenly_behind_the_page_that_is_asked_for() {
    let (listed, alphabet) = listed("", &["05", "12"]);
    let rest = rest(&alphabet, None, 2);
    let outlook = Outlook {
        pages: 9.0,
        stretches: vec![Stretch {
            at: 0,
            pages: 9.0,
            from: 2.0 / 11.0,
            to: 1.0,
            is_sure: true,
        }],
        open: Vec::new(),
    };
    let cuts = listed.cuts(&outlook, 3, &rest);
    let digits: Vec<_> = cuts.iter().map(|cut| &cut[..1]).collect();
    // A page for each digit from 1 on, of which the first is asked for: two of them in each part.
    assert_eq!(digits, ["4", "6", "8"], "{cuts:?}");
}

#[test]
fn a_cut_is_made_where_keys_were_seen_to_differ() {
    let keys = [
        "a-2026-01-01",
        "a-2026-01-02",
        "a-2026-02-01",
        "b-2026-01-01",
    ];
    let (_, alphabet) = listed("", &keys);
    let (listed, _) = listed("", &keys[..2]);
    let outlook = listed.outlook(&rest(&alphabet, None, 2));
    let places: Vec<_> = outlook.stretches.iter().map(|stretch| stretch.at).collect();
    // Other days, other months, other clusters; nothing in between.
    assert_eq!(places, [11, 8, 0]);
}

/// All that was seen begins alike: whether anything begins otherwise is worth a request. At the very
/// beginning, behind the prefix if there is one, it is taken to, and cut there.
#[test]
fn what_never_differed_is_looked_behind() {
    for prefix in ["", "p/"] {
        let keys = ["ab-71", "ab-72"].map(|key| format!("{prefix}{key}"));
        let (listed, alphabet) = listed(prefix, &[&keys[0], &keys[1]]);
        let rest = Rest {
            prefix,
            ..rest(&alphabet, None, 2)
        };
        let outlook = listed.outlook(&rest);
        let from = prefix.len();
        assert_eq!(
            outlook.open,
            [from + 1, from + 3],
            "what begins with ab, with ab-7"
        );
        let places: Vec<_> = outlook.stretches.iter().map(|of| of.at).collect();
        assert_eq!(places, [from + 4, from], "other digits, other letters");
        let cuts = listed.cuts(&outlook, 1, &rest);
        let letter = format!("{prefix}b");
        assert!(cuts.iter().any(|cut| *cut > letter), "{cuts:?}");
        let probes = listed.probes(&outlook, 5, &rest);
        let expected = ["ab-8", "ac"].map(|key| format!("{prefix}{key}"));
        assert_eq!(probes, BTreeSet::from(expected));
        assert_eq!(listed.probes(&outlook, 1, &rest).len(), 1);
    }
}

/// Where keys lie evenly, what is left is told from how far they have come, and nothing where they do not.
#[test]
fn evenly_spread_keys_tell_what_is_left_of_them() {
    let keys = |of: &[u32]| of.iter().map(u32::to_string).collect::<Vec<_>>();
    let even = |start, keys: &[String], end| {
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let (listed, alphabet) = listed(start, &keys);
        let even = listed.even(&rest(&alphabet, end, 2))?;
        let cuts = listed.cuts(&even, 1, &rest(&alphabet, end, 2));
        Some((even.pages, cuts))
    };
    let evenly = keys(&[100, 150, 200, 250, 300, 350]);
    let (pages, cuts) = even("0", &evenly, None).unwrap();
    assert!((5.0..8.0).contains(&pages), "{pages}, and 400 to 950 are 6");
    assert!(
        cuts.iter().all(|cut| ("6".."8").contains(&&**cut)),
        "{cuts:?}"
    );
    let (pages, _) = even("0", &evenly, Some("500")).unwrap();
    assert!(
        (1.0..2.0).contains(&pages),
        "{pages}, and 400 to 500 are 1.5"
    );
    assert_eq!(
        even("0", &keys(&[100, 200, 300, 301, 302, 303]), None),
        None
    );
    // So few of all that may be there tell nothing of the others.
    assert_eq!(
        even("100", &keys(&[101, 102, 103, 104, 105, 106]), None),
        None
    );
}

/// How many ways on there are at a place, and how much each has, is learned from elsewhere.
#[test]
fn the_next_is_taken_to_be_like_the_others() {
    let keys = ["a-1", "a-2", "b-1", "b-2", "c-1", "c-2", "d-1"];
    let (listed, alphabet) = listed("", &keys);
    let outlook = listed.outlook(&rest(&alphabet, None, 1));
    let more = objects(&outlook, 2, 1);
    // Three had 1 and 2, and nothing else is expected any more.
    assert!((more - 1.0).abs() < 1e-9, "{outlook:?}");
}

/// What was seen to be empty behind the end tells how dense keys are before it.
#[test]
fn a_gap_behind_the_end_tells_of_what_is_before_it() {
    let (listed, alphabet) = listed("", &["10", "20", "30"]);
    let with = |behind| {
        let rest = Rest {
            behind: &behind,
            ..rest(&alphabet, Some("5"), 1)
        };
        objects(&listed.outlook(&rest), 0, 1)
    };
    let unknown = with(Behind::Unknown);
    assert!(with(Behind::Key("9".into())) < unknown);
    assert!(with(Behind::Nothing) < with(Behind::Key("9".into())));
    assert!(with(Behind::Key("51".into())) > with(Behind::Key("71".into())));
}

/// Digits alone were seen at the first place: whether letters follow is worth a request.
#[test]
fn behind_the_last_digit_a_letter_is_looked_for() {
    let (listed, alphabet) = listed("", &["7-a", "8-b", "9-a", "9-b"]);
    let rest = rest(&alphabet, None, 4);
    let outlook = listed.outlook(&rest);
    let probes = listed.probes(&outlook, 5, &rest);
    assert!(probes.contains("a"), "{probes:?}");
    let rest = Rest {
        end: Some("9-z"),
        ..rest
    };
    assert!(!listed.probes(&outlook, 5, &rest).contains("a"));
}

#[test]
fn what_stores_refuse_is_not_made_up() {
    let alphabet = Alphabet::default();
    let rest = rest(&alphabet, None, 1);
    let after = |last: &str| Listed::new(last.as_bytes());
    assert!(!after("a").is_good("a/.", &rest));
    assert!(!after("a").is_good("a/..", &rest));
    assert!(!after("a").is_good("b//c", &rest));
    assert!(
        after("a//b").is_good("a//c", &rest),
        "this store has such keys"
    );
    assert!(!after("").is_good("/a", &rest));
    assert!(after("/a").is_good("/b", &rest));
    assert!(!after("a").is_good(&"b".repeat(1025), &rest));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Whatever was seen, a cut lies between the last key and the end, and under the prefix.
    #[test]
    fn cuts_lie_in_the_range(
        mut keys in proptest::collection::vec("(p|p/)?[ -~\u{E9}\u{4E00}-\u{4E20}\u{1F600}\n]{0,12}", 4..9),
        bounded in any::<bool>(),
        count in 1..20_usize,
    ) {
        keys.sort();
        let prefix = if keys.iter().all(|key| key.starts_with('p')) { "p" } else { "" };
        let mut alphabet = Alphabet::default();
        keys.iter().for_each(|key| alphabet.learn(key.as_bytes()));
        let mut listed = Listed::new(keys[0].as_bytes());
        listed.add(&page(&[&keys[1], &keys[2]]), 2, &mut alphabet);
        let end = bounded.then(|| keys[keys.len() - 1].as_str());
        let rest = Rest { prefix, ..rest(&alphabet, end, 1) };
        let outlook = listed.outlook(&rest);
        prop_assert!(outlook.pages.is_finite(), "{outlook:?}");
        for cuts in [listed.cuts(&outlook, count, &rest), listed.probes(&outlook, count, &rest)] {
            prop_assert!(cuts.len() <= count);
            for cut in &cuts {
                prop_assert!(*cut > keys[2] && end.is_none_or(|end| **cut < *end), "{cut:?}");
                prop_assert!(cut.starts_with(prefix));
                let made_up = &cut[shared(cut, &keys[2])..];
                prop_assert!(!made_up.chars().any(char::is_control), "{cut:?}");
            }
        }
    }
}
