//! What CONTRIBUTING.md names is there, and it stays one screen.

use std::path::Path;

const TEXT: &str = include_str!("../../CONTRIBUTING.md");

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|cause| panic!("{path}: {cause}"))
}

/// What stands between backticks outside of blocks and has the form of a path.
fn paths() -> Vec<&'static str> {
    let prose = TEXT.split("```").step_by(2);
    let quoted = prose.flat_map(|part| part.split('`').skip(1).step_by(2));
    let is_path = |words: &&str| {
        let ending = words.rsplit_once('.').map(|(_, ending)| ending);
        let is_file = matches!(ending, Some("rs" | "md" | "toml" | "sh" | "example"));
        !words.contains(' ') && (words.contains('/') || is_file)
    };
    quoted.filter(is_path).collect()
}

#[test]
fn every_path_is_there() {
    let paths = paths();
    assert!(paths.len() > 40, "only {} paths were found", paths.len());
    for path in paths {
        assert!(root().join(path).exists(), "{path} is not there");
    }
}

#[test]
fn each_question_has_an_answer_with_paths() {
    let (_, answers) = TEXT.split_once("## Where to add").unwrap();
    for letter in 'a'..='h' {
        let (_, answer) = answers
            .split_once(&format!("- ({letter}) "))
            .unwrap_or_else(|| panic!("({letter}) is not there"));
        let answer = answer.split("- (").next().unwrap();
        assert!(answer.matches('`').count() >= 4, "({letter}): {answer}");
    }
}

/// A command of the first block is of a target, a test binary or a module that is there.
#[test]
fn every_command_can_be_given() {
    let makefile = read("Makefile");
    let block = TEXT.split("```").nth(1).unwrap();
    for line in block.lines().skip(1) {
        let words: Vec<_> = line.split_whitespace().collect();
        match words[..] {
            ["make", target, ..] => {
                let rule = format!("{target}:");
                let is_there = makefile.lines().any(|line| line.starts_with(&rule));
                assert!(is_there, "no target {target}");
            }
            ["cargo", "test", "--test", binary, filter, "#", ..] => {
                let module = filter.split("::").next().unwrap();
                let main = read(&format!("tests/{binary}/main.rs"));
                assert!(main.contains(&format!("mod {module};")), "{line}");
            }
            ["cargo", "test", "-p", package, "--test", binary, "#", ..] => {
                let folder = package.trim_start_matches("s3-exporter-");
                let main = format!("backends/{folder}/tests/{binary}/main.rs");
                assert!(root().join(&main).exists(), "{line}: no {main}");
            }
            _ => panic!("{line}: the test does not know this command"),
        }
    }
}

#[test]
fn it_is_one_screen() {
    let lines = TEXT.lines().count();
    assert!(lines <= 70, "{lines} lines");
}
