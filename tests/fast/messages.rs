//! What `docs/troubleshooting.md` quotes, the program says: each message is a text of its sources, or
//! one that a test provokes.

use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Where the program says something, and where tests look for what they provoked.
const SOURCES: [&str; 5] = [
    "src",
    "backends",
    "crates",
    "tests/servers/faults",
    "tests/servers/troubles",
];

fn literals(folder: &Path, to: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            literals(&path, to);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            literals_of(&std::fs::read_to_string(&path).unwrap(), to);
        }
    }
}

/// The string literals of a source, with `…` for what is put in.
fn literals_of(text: &str, to: &mut Vec<String>) {
    let code = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let code = code.collect::<Vec<_>>().join("\n").replace("'\"'", "");
    let mut letters = code.chars();
    while letters.by_ref().any(|c| c == '"') {
        let mut literal = String::new();
        while let Some(c) = letters.next().filter(|c| *c != '"') {
            match c {
                '\\' => match letters.next() {
                    // The next line goes on with its first letter.
                    Some('\n') => {
                        let rest = letters.as_str();
                        letters = rest.trim_start().chars();
                    }
                    Some(escaped) => literal.push(escaped),
                    None => {}
                },
                c => literal.push(c),
            }
        }
        to.push(with_gaps(&literal));
    }
}

/// `{cause}` and `{}` are `…`, `{{` is `{`; a `${` is one for users.
fn with_gaps(literal: &str) -> String {
    let mut text = String::new();
    let mut rest = literal.replace("{{", "\u{1}").replace("}}", "\u{2}");
    rest = rest.replace("${", "$\u{1}");
    while let Some((before, after)) = rest.split_once('{') {
        let Some((_, after)) = after.split_once('}') else {
            break;
        };
        text += &format!("{before}…");
        rest = after.to_owned();
    }
    (text + &rest).replace('\u{1}', "{").replace('\u{2}', "}")
}

/// What the first cells of the tables quote, and the introductions.
fn messages(document: &str) -> Vec<&str> {
    let cells = document
        .lines()
        .filter(|line| line.starts_with("| `"))
        .filter_map(|line| line.split('|').nth(1));
    let quoted = cells.flat_map(|cell| {
        let mark = if cell.contains("``") { "``" } else { "`" };
        cell.split(mark).skip(1).step_by(2)
    });
    quoted.map(str::trim).collect()
}

fn unsaid<'a>(document: &'a str, literals: &[String]) -> Vec<&'a str> {
    let is_said = |message: &&str| literals.iter().any(|literal| literal.contains(*message));
    let messages = messages(document);
    messages.into_iter().filter(|of| !is_said(of)).collect()
}

#[test]
fn each_is_one_that_the_program_says() {
    let mut all = Vec::new();
    for folder in SOURCES {
        literals(&root().join(folder), &mut all);
    }
    let document = std::fs::read_to_string(root().join("docs/troubleshooting.md")).unwrap();
    assert!(messages(&document).len() > 40, "{:?}", messages(&document));
    assert_eq!(unsaid(&document, &all), [""; 0]);
    assert_eq!(
        unsaid("| `no such message` | |\n", &all),
        ["no such message"]
    );
}

#[test]
fn literals_are_read_as_the_compiler_does() {
    let source = "// \"a comment\"\nlet a = '\"'; f(\"one \\\n    line {x:?}, \\\"{{}}\\\"\"); g(\"two\");\n";
    let mut found = Vec::new();
    literals_of(source, &mut found);
    assert_eq!(found, ["one line …, \"{}\"", "two"]);
}
