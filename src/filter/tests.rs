use proptest::prelude::*;

use super::*;

/// 2026-11-29T23:30:00Z: in Berlin it is the next day already.
const NOW: UnixTime = UnixTime::from_millis(1_795_995_000_000);

fn filter(include: &[&str], exclude: &[&str]) -> Filter {
    let owned = |globs: &[&str]| globs.iter().map(|glob| (*glob).to_owned()).collect();
    Filter {
        include: owned(include),
        exclude: owned(exclude),
    }
}

/// Which of the keys count.
fn counted<'k>(filter: &Filter, prefix: &str, keys: &[&'k str]) -> Vec<&'k str> {
    let at = filter.at(NOW, prefix).unwrap();
    let counts = |key: &&&str| {
        let is_out = at.as_ref().is_some_and(|at| at.leaves_out(key.as_bytes()));
        let reason = at.as_ref().and_then(|at| filter.reason(at, key.as_bytes()));
        assert_eq!(reason.is_some(), is_out, "{key}");
        !is_out
    };
    keys.iter().filter(counts).copied().collect()
}

#[test]
fn a_glob_matches_keys_below_the_prefix() {
    for (glob, matched, not) in [
        (
            "*.tmp",
            &["a.tmp", "d/e/a.tmp", ".tmp", "d/.tmp"][..],
            &["a.tmp/x", "a.tmp.gz"][..],
        ),
        ("a?", &["ab", "d/ab"], &["a", "abc", "a/b"]),
        ("d/*", &["d/a", "d/"], &["d/e/a", "x/d/a", "d"]),
        ("d/**", &["d/a", "d/e/a", "d/"], &["d", "x/d/a"]),
        ("d/", &["d/a", "d/e/a", "d/"], &["d", "x/d/a"]),
        ("**/d/*", &["d/a", "x/d/a", "x/y/d/a"], &["d/e/a"]),
        ("**", &["a", "d/a", "d//a", "/a"], &[]),
        ("[!a-c]x", &["dx", "f/dx"], &["ax", "xx/a"]),
        ("{a,b}-*", &["a-1", "f/b-2"], &["c-1"]),
        (
            "{{today},{yesterday}}-*",
            &["2026-11-29-1", "2026-11-28-1"],
            &["2026-11-27-1"],
        ),
        ("\\*", &["*"], &["a"]),
        ("\\{today\\}", &["{today}"], &["2026-11-29"]),
        (
            "{today}/**",
            &["2026-11-29/a"],
            &["2026-11-28/a", "today/a"],
        ),
        (
            "*{yesterday}*",
            &["d/x-2026-11-28.gz"],
            &["x-2026-11-29.gz"],
        ),
        ("*{today:%Y%m%d}*", &["x20261129"], &["2026-11-29"]),
        (
            "{today:%Y/%m/%d}/*",
            &["2026/11/29/a"],
            &["2026/11/29/a/b", "29/a"],
        ),
        ("{today@Europe/Berlin}", &["2026-11-30"], &["2026-11-29"]),
        (
            "{yesterday@Europe/Berlin:%d.%m.}",
            &["29.11."],
            &["28.11.", "29x11x"],
        ),
        ("{today@UTC}", &["2026-11-29"], &[]),
        ("é*", &["éa"], &["e"]),
        ("a\nb", &["a\nb"], &["a"]),
        ("x*y", &["x\ny"], &[]),
    ] {
        let all = [matched, not].concat();
        assert_eq!(counted(&filter(&[glob], &[]), "", &all), matched, "{glob}");
        assert_eq!(counted(&filter(&[], &[glob]), "", &all), not, "{glob}");
        let below: Vec<_> = all.iter().map(|key| format!("p/{key}")).collect();
        let below: Vec<_> = below.iter().map(String::as_str).collect();
        let found = counted(&filter(&[glob], &[]), "p/", &below).len();
        assert_eq!(found, matched.len(), "{glob} below a prefix");
    }
}

#[test]
fn what_is_excluded_is_so_among_what_is_included_too() {
    let both = filter(&["a/**", "b/**"], &["*.tmp"]);
    let keys = ["a/1", "a/1.tmp", "b/c/2", "c/1"];
    assert_eq!(counted(&both, "", &keys), ["a/1", "b/c/2"]);
    assert_eq!(counted(&filter(&[], &[]), "", &keys), keys);
    assert_eq!(both.to_string(), r#"only "a/**", "b/**"; not "*.tmp""#);
    let at = both.at(NOW, "").unwrap().unwrap();
    let why = |key: &str| both.reason(&at, key.as_bytes());
    assert_eq!(why("a/1.tmp").unwrap(), "\"*.tmp\" of `exclude` matches it");
    assert_eq!(why("c/1").unwrap(), "nothing of `include` matches it");
    assert!(at.leaves_out(b"c/\xff") && !at.leaves_out(b"a/\xff"));
}

#[test]
fn what_is_no_glob_is_told() {
    for (text, wanted) in [
        (
            "",
            "is empty: expected a glob such as \"*.tmp\" or \"logs/**\"",
        ),
        ("[a", "is no glob: unclosed character class; missing ']'"),
        (
            "{a",
            "is no glob: unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)",
        ),
        ("{today", "has a `{today` without its `}`"),
        ("{today:%Q}", "has the date's form \"%Q\": "),
        ("{today:%H}", "has the date's form \"%H\": "),
        (
            "{today:}",
            "has the date's form \"\": it is empty; expected one such as \"%Y%m%d\"",
        ),
        (
            "{today@Mars}",
            "names the time zone \"Mars\", which is none",
        ),
        (
            "{today,yesterday}",
            "has `today` as a word among alternatives: for the date write `{today}` there too",
        ),
        (
            "{{today},yesterday}",
            "has `yesterday` as a word among alternatives: for the date write `{yesterday}` there too",
        ),
    ] {
        let error = glob(text, NOW).unwrap_err().to_string();
        assert!(error.starts_with(wanted), "{text}: {error}");
    }
    assert!(glob("todays", NOW).is_ok() && glob("{todays,x}", NOW).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Whatever stands in a configuration.
    #[test]
    fn no_glob_does_harm(text in "\\PC{0,40}|[{}@:,%\\\\*?\\[\\]!/a-]{0,20}|(\\{(to|yester)day[@:]?\\PC{0,5}\\}?){0,3}") {
        if let Ok(glob) = glob(&text, NOW) {
            let matches = glob.compile_matcher().is_match("a/b");
            let of = filter(&[&text], &[]);
            let at = of.at(NOW, "").unwrap().unwrap();
            prop_assert_eq!(!at.leaves_out(b"a/b"), matches);
        }
    }
}
