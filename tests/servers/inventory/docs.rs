//! The configurations of `docs/scale.md` that a program of ours takes which has the backend for reports.

use std::path::Path;

use crate::common::example;
use crate::docs::{blocks, configurations};

#[test]
fn each_configuration_is_good() {
    let blocks = blocks::of(Path::new("docs/scale.md"));
    let own: Vec<_> = blocks
        .iter()
        .filter(|block| block.language == "toml" && blocks::is_of_reports(block))
        .collect();
    assert!(own.len() >= 3, "of S3, Azure and Google");
    for block in own {
        configurations::check(&block.place, &example("with_inventory"), &block.text);
    }
}
