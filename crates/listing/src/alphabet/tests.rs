use proptest::prelude::*;

use super::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// The order of fractions is that of the keys, as far as a double can tell.
    #[test]
    fn fractions_rise_with_the_keys(a in "[a-f0-9]{1,6}", b in "[a-f0-9]{1,6}") {
        let mut alphabet = Alphabet::default();
        for key in ["abc012", "fed987", "012abc", "987fed"] {
            alphabet.learn(key.as_bytes());
        }
        let (fa, fb) = (alphabet.fraction(&a, 0), alphabet.fraction(&b, 0));
        prop_assert_eq!(a.cmp(&b), fa.total_cmp(&fb));
        prop_assert!((0.0..1.0).contains(&fa));
    }

    /// Keys that are made up rise with the fractions that they stand for, whatever characters
    /// were seen, and hold nothing that stores refuse.
    #[test]
    fn keys_rise_with_their_fractions(
        seen in proptest::collection::vec("[a-f0-9\u{81}\u{E9}\u{44F}\u{4E00}-\u{4E20}\u{D7A3}\u{1F600}\n]{1,4}", 1..6),
        a in 0.0..=1.0_f64,
        b in 0.0..=1.0_f64,
    ) {
        let mut alphabet = Alphabet::default();
        seen.iter().for_each(|key| alphabet.learn(key.as_bytes()));
        let (low, high) = (alphabet.key("", 0, a.min(b)), alphabet.key("", 0, a.max(b)));
        prop_assert!(low <= high, "{low:?} {high:?}");
        prop_assert!(alphabet.fraction(&low, 0) <= a.min(b) + 1e-9);
        prop_assert!(!(low + &high).chars().any(char::is_control));
    }
}

/// Letters were seen as far behind a letter: so they may come behind a digit, and in their order.
#[test]
fn what_stands_behind_a_letter_can_stand_behind_a_digit() {
    let mut alphabet = Alphabet::default();
    for key in ["12", "34", "ab"] {
        alphabet.learn(key.as_bytes());
    }
    let fraction = |key| alphabet.fraction(key, 0);
    assert!(fraction("19") < fraction("1a") && fraction("1a") < fraction("1b"));
    assert!(fraction("1b") < fraction("2"));
}
