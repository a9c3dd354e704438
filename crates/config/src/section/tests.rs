use std::path::Path;
use std::sync::Arc;

use figment::Figment;
use figment::providers::Serialized;
use s3_exporter_testkit::values;

use super::*;

/// Parses a text, in which every value says that it is in the file `c`.
fn parse<T>(text: &str, read: impl FnOnce(&mut Section) -> T) -> Parsed<T> {
    let origins = Arc::new(|_, _: &str| Origin::of_file(Path::new("c"), None));
    Section::parse("", Tag::Default, values(text), origins, read)
}

fn messages<T>(parsed: &Parsed<T>) -> Vec<&str> {
    let errors = parsed.errors.iter();
    errors.map(|error| error.message.as_str()).collect()
}

const TABLES: &str = "[one]\nname = ''\nextra = 1\n\
    [many.a]\nfile = 'f'\n[many.b]\nname = 2\n\
    [[list]]\nname = 'x'\n[[list]]\nnmae = 'y'\n";

#[test]
fn a_table_of_a_list_may_be_made_when_it_is_its_turn() {
    let text = "[[list]]\n[[list]]\nname = 'y'\n[[list]]\n";
    let parsed = parse(text, |top| {
        let value = |nth, given| match nth {
            0 => Value::from(values("name = 'x'\nother = 1\n")),
            1 => given,
            _ => Value::from(figment::value::Empty::None), // what is wrong with it is known
        };
        top.table_list_in_turn("list", value, |inner| inner.name("name"))
    });
    assert_eq!(parsed.value, [Some("x".to_owned()), Some("y".to_owned())]);
    assert_eq!(messages(&parsed), ["unknown key `list[0].other`"]);
}

/// Whoever parses a table has nothing to do for that.
#[test]
fn what_is_wrong_within_a_table_is_told_by_the_one_around_it() {
    let parsed = parse(TABLES, |top| {
        let one = top.table("one", |one| {
            one.table("none", |none| none.name("name"));
            one.name("name")
        });
        let many = top.tables("many", |name, inner| {
            inner.warn("name", "is odd");
            inner.file("file");
            (name.to_owned(), inner.name("name"))
        });
        let list = top.table_list("list", |inner| inner.name("name"));
        (one, many.len(), list)
    });
    assert_eq!(parsed.value, (None, 2, vec![Some("x".to_owned()), None]));
    assert_eq!(
        messages(&parsed),
        [
            "`one.name` must not be empty",
            "unknown key `one.extra`",
            "`many.b.name` is 2: expected a string",
            "unknown key `list[1].nmae`: did you mean `name`?",
        ]
    );
    let warnings = parsed.warnings.iter().map(|warning| &warning.message);
    let warnings: Vec<_> = warnings.collect();
    assert_eq!(warnings, ["`many.a.name` is odd", "`many.b.name` is odd"]);
    let file = NamedFile {
        key: "many.a.file".to_owned(),
        origin: Origin::of_file(Path::new("c"), None),
        path: "f".into(),
    };
    assert_eq!(parsed.files, [file]);
    let kind = |path: &str| {
        let asked = parsed.asked.iter().find(|asked| asked.path == path);
        asked.map(|asked| asked.kind.clone())
    };
    assert_eq!(kind("one.none.name"), Some(ValueKind::Text));
    assert_eq!(kind("many.b.file"), Some(ValueKind::Path));
    assert_eq!(kind("list"), Some(ValueKind::TableList));
    assert_eq!(kind("many.a"), None, "a user's name");
}

#[test]
fn what_is_no_table_is_wrong_and_the_others_are_parsed() {
    let text = "one = 1\nmany = { a = 2, b = {} }\nlist = [{}, 3]\nother = {}\n";
    let parsed = parse(text, |top| {
        top.table("one", |_| ());
        let many = top.tables("many", |_, _| ()).len();
        let list = top.table_list("list", |_| ()).len();
        (many, list, top.table_list("other", |_| ()).len())
    });
    assert_eq!(parsed.value, (1, 1, 0));
    assert_eq!(
        messages(&parsed),
        [
            "`one` is 1: expected a table",
            "`many.a` is 2: expected a table",
            "`list[1]` is 3: expected a table",
            "`other` is a table: expected a list of tables, each of which begins with [[other]]",
        ]
    );
}

#[test]
fn a_guess_is_told_where_nothing_is_wrong() {
    let guesses = |text| {
        let parsed = parse(text, |top| {
            top.table("one", |one| {
                one.warn_where_all_is_good("a", "is never used")
            });
        });
        parsed.warnings.len()
    };
    assert_eq!((guesses("[one]\n"), guesses("[one]\nb = 1\n")), (1, 0));
}

#[test]
fn a_setting_knows_its_key_and_its_origin() {
    let parsed = parse("list = ['a', 'b']\nname = 'n'", |top| {
        let name = top.setting("name", Section::name);
        (name, top.items("list"), top.setting("none", Section::name))
    });
    let (name, items, none) = parsed.value;
    let origin = Origin::of_file(Path::new("c"), None);
    let setting = |key, value: &str| Setting::new(key, origin.clone(), value.to_owned());
    assert_eq!(name, Some(setting("name", "n")));
    let expected = vec![setting("list[0]", "a"), setting("list[1]", "b")];
    assert_eq!(items, Some(expected));
    assert_eq!(none, None);
}

#[test]
fn what_is_said_of_a_key_that_was_taken_names_its_own_origin() {
    let both = Figment::from(Serialized::globals(values("a = 1\nb = 1")))
        .merge(Serialized::globals(values("b = 2")));
    let values = both.find_value("").unwrap().into_dict().unwrap();
    let own = values["b"].tag();
    let origins = Arc::new(move |tag, _: &str| match tag == own {
        true => Origin::Environment("B".to_owned()),
        false => Origin::Default,
    });
    let parsed = Section::parse("", Tag::Default, values, origins, |top| {
        let known = [top.integer("a", 0..=9), top.integer("b", 0..=9)];
        for key in ["a", "b", "c"] {
            top.fault(key, "is odd");
        }
        known
    });
    assert_eq!(parsed.value, [Some(1), Some(2)]);
    let errors: Vec<_> = parsed.errors.iter().map(ToString::to_string).collect();
    let own = "environment variable B: `b` is odd";
    assert_eq!(errors, ["`a` is odd", own, "`c` is odd"]);
}
