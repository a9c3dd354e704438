//! The fenced blocks of documents.

use std::path::{Path, PathBuf};

use crate::docs::{documents, read};

/// A block between two lines of three backticks.
#[derive(Debug)]
pub struct Block {
    /// Its document and line, for a message.
    pub place: String,
    /// The word after the backticks.
    pub language: String,
    pub text: String,
}

/// The languages for which there is a test.
const TESTED: [&str; 7] = [
    "toml", "console", "promql", "yaml", "json", "sql", "mermaid",
];

/// The blocks of a document; of a Rust file, those of its `//!` lines.
pub fn of(document: &Path) -> Vec<Block> {
    let text = read(document);
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (number, line) in text.lines().enumerate() {
        let line = line
            .strip_prefix("//!")
            .map_or(line, |line| line.strip_prefix(' ').unwrap_or(line));
        match (line.strip_prefix("```"), &mut open) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(language), None) => {
                let place = format!("{}:{}", document.display(), number + 1);
                open = Some(Block {
                    place,
                    language: language.to_owned(),
                    text: String::new(),
                });
            }
            (None, Some(block)) => block.text.extend([line, "\n"]),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "{document:?}: a block is not closed");
    blocks
}

/// All blocks of README and docs in one language. Configurations of what this program is built without are
/// read by tests of their own (`backends/opendal/tests/real/docs.rs`, `tests/servers/inventory/docs.rs`).
pub fn all(language: &str) -> Vec<Block> {
    let blocks = documents()
        .into_iter()
        .flat_map(|document: PathBuf| of(&document));
    let is_left_out = |block: &Block| {
        let is_of_opendal = language == "toml" && block.place.starts_with("docs/opendal.md:");
        let is_of_reports = language == "toml" && is_of_reports(block);
        is_of_opendal && !cfg!(feature = "opendal") || is_of_reports && !cfg!(feature = "inventory")
    };
    let blocks: Vec<_> = blocks
        .filter(|block| block.language == language && !is_left_out(block))
        .collect();
    assert!(!blocks.is_empty(), "no block of {language} was found");
    blocks
}

/// Whether it is a configuration with the backend for reports (`tests/servers/inventory/docs.rs`).
pub fn is_of_reports(block: &Block) -> bool {
    block.text.contains("type = \"inventory\"")
}

/// Whether it is of objects for Kubernetes, which the tests of Seeds apply.
pub fn is_of_kubernetes(block: &Block) -> bool {
    block.language == "yaml" && block.text.starts_with("apiVersion:")
}

#[test]
fn every_block_is_of_a_language_that_is_tested() {
    for block in documents().iter().flat_map(|document| of(document)) {
        assert!(
            TESTED.contains(&&*block.language),
            "{}: {:?} is tested by nothing",
            block.place,
            block.language
        );
    }
}
