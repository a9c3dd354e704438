//! `docs/openapi.json` names what there is. That answers are as it says is tested in
//! `tests/servers/api.rs`.

use s3_exporter::verdict::Finding;
use s3_exporter_api::FailureKind;
use s3_exporter_judge::findings::{FindingKind, Severity};
use serde_json::{Value, json};

const DESCRIPTION: &str = include_str!("../../docs/openapi.json");

fn schema(name: &str) -> Value {
    let description: Value = serde_json::from_str(DESCRIPTION).unwrap();
    description["components"]["schemas"][name].clone()
}

#[test]
fn words_are_those_that_there_are() {
    let kinds = FailureKind::ALL.map(FailureKind::as_str);
    assert_eq!(schema("FailureKind")["enum"], json!(kinds));
    let findings: Vec<_> = FindingKind::ALL.iter().map(|kind| kind.as_str()).collect();
    assert_eq!(schema("FindingKind")["enum"], json!(findings));
    assert_eq!(
        schema("Severity")["enum"],
        json!(Severity::ALL.map(Severity::as_str))
    );
    let verdicts = Finding::ALL.map(|finding| serde_json::to_value(finding).unwrap());
    assert_eq!(schema("Verdict")["enum"], json!(verdicts));
}

/// Whoever reads it reads each word of it: none is there without a place that refers to it.
#[test]
fn every_schema_is_used() {
    let description: Value = serde_json::from_str(DESCRIPTION).unwrap();
    assert!(description["openapi"].as_str().unwrap().starts_with("3.1."));
    let schemas = description["components"]["schemas"].as_object().unwrap();
    for name in schemas.keys() {
        let reference = format!("\"#/components/schemas/{name}\"");
        assert!(DESCRIPTION.contains(&reference), "{name} is not used");
    }
    assert!(schemas.len() > 20, "{}", schemas.len());
}
