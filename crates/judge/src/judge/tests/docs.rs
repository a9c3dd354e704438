//! That the page for users names all that there is.

use crate::findings::FindingKind;
use crate::layouts;

#[test]
fn every_finding_and_layout_is_described() {
    let page = include_str!("../../../../../docs/judgement.md");
    let findings = FindingKind::ALL.iter().map(|kind| kind.as_str());
    for name in findings.chain(layouts::names()) {
        assert!(page.contains(&format!("`{name}`")), "{name}");
    }
}
