use proptest::prelude::*;

use super::*;
use crate::config::file;

fn environment() -> Environment {
    [("A", "1")].into_iter().collect()
}

fn in_turn(text: &str) -> Option<File> {
    parse_long(Path::new("c.toml"), &text.into(), &environment(), 1)
}

/// Reads both ways: whether the tables could be read in their turn, and then as they would be at once.
fn is_the_same(text: &str) -> bool {
    let whole = file::parse(Path::new("c.toml"), text, &environment());
    let Some(mut rest) = in_turn(text) else {
        return false;
    };
    let later = rest.later.take().expect("a list");
    let list = rest.layer.values.remove(DESTINATIONS);
    let count = list.and_then(|list| Some(list.as_array()?.len()));
    let read: Vec<_> = (0..count.expect("a list"))
        .map(|nth| later.read(nth))
        .collect();
    if later.have_a_bad_one() {
        return false;
    }
    assert!(!whole.broken, "only one of both is good: {text}");
    let mut expected = whole.layer.values.clone();
    assert_eq!(expected.remove(DESTINATIONS), Some(Value::from(read)));
    assert_eq!(rest.layer.values, expected, "{text}");
    for (path, origin) in &whole.layer.origins {
        let own = later.origin(path);
        let own = own.or_else(|| rest.layer.origins.get(path).cloned());
        assert_eq!(own.as_ref(), Some(origin), "{path} of {text}");
    }
    rest.used.extend(later.used());
    let mut used = whole.used;
    used.sort();
    rest.used.sort();
    assert_eq!(rest.used, used);
    true
}

#[test]
fn tables_are_what_they_are_at_once_and_know_their_lines() {
    for text in [
        "[[destinations]]\nbucket = \"a\"\n",
        "[scan]\ninterval = \"1m\"\n\n[[destinations]]\r\nbucket = \"a\" # b\r\n\r\n[[destinations]]\nx = [\n  1,\n]\n",
        "a = 1\n [[destinations]]\nb = 2\n[destinations.c]\nd = 3\n[[destinations.e]]\nf = 4\n[[destinations.e]]\nf = 5\n",
        "[[destinations]]\nb = 1\n[z]\nc = 2\n# [[destinations]]\n[[destinations]] # x\nb.d = { e = \"${A}$$\" }\n[y]\nw = [\n1]\n",
        "[[destinations]]",
    ] {
        assert!(is_the_same(text), "{text}");
    }
}

#[test]
fn what_is_wrong_or_cannot_be_cut_is_read_as_a_whole() {
    for text in [
        "",
        "[scan]\n",
        "[[destinations]]\nb = \"\"\"\n[[destinations]]\n\"\"\"\n",
        "[[destinations]]\nb = '''\n[[destinations]]\n'''\n",
        "[[destinations]]\nb = [\n[[destinations]]\n]\n",
        "[[destinations]]\nb = [\n[1],\n]\n",
        "b = [\n[[destinations]]\n[\n]\n]\n",
        "[[destinations]]\nb = \n",
        "[[destinations]]\nb = 1\nb = 2\n",
        "[[destinations]] x\n",
        "[[destinations]]]\n",
        "[[destinations]]\n[destinations]\nb = 1\n",
        "destinations = []\n[[destinations]]\n",
        "[[destinations]]\n[scan]\n[destinations.a]\nb = 1\n",
        "[[\"destinations\"]]\n[[destinations]]\n",
        "[scan]\n[[destinations]]\n[scan]\n",
        "[[destinations]]\nb = \"${NONE}\"\n",
        "[[destinations]]\nb = 1979-05-27\n",
        "\u{feff}[[destinations]]\nb = 1\n",
    ] {
        assert!(!is_the_same(text), "{text}");
    }
}

#[test]
fn a_short_list_is_read_at_once() {
    let text = |count| "[[destinations]]\nb = 1\n".repeat(count);
    let parsed = |count| parse(Path::new("c.toml"), &text(count).into(), &environment());
    assert!(parsed(LONG - 1).is_none() && parsed(LONG).is_some());
}

proptest! {
    /// Whatever lines follow each other, both ways agree where both are good.
    #[test]
    fn no_text_is_read_otherwise(lines in prop::collection::vec(prop::sample::select(vec![
        "[[destinations]]", "[[destinations]]", "[destinations.a]", "[[destinations.b]]", "[scan]", "[a.b]", "[[c]]",
        "k = 1", "l = [", "  [1], 2,", "]", "m = \"x\"", "n = 'x # ['", "# [[destinations]]", "", "o = { p = 1 }",
        "\"[[destinations]]\"", "q.r = \"$${A}\"", "[", "[[destinations]", "destinations = 1", "[[ destinations ]]",
        "s = \"\"\"", "\"\"\"",
    ]), 0..14)) {
        is_the_same(&lines.join("\n"));
    }
}
