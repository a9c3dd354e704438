//! What `report --format json` promises.

use serde_json::Value;

/// A schema of its own: the keys of an object, each with what its value is. A `?` allows null, and
/// a key that ends in `?` may be lacking.
const REPORT: &[(&str, &str)] = &[("made", "time"), ("destinations", "[destination]")];
const DESTINATION: &[(&str, &str)] = &[
    ("name", "text"),
    ("bucket", "text"),
    ("prefix", "text"),
    ("tools", "[text]"),
    ("as_of", "time?"),
    ("error?", "text"),
    ("store_count?", "store_count"),
    ("excluded?", "excluded"),
    ("jobs", "[job]"),
    ("findings", "[finding]"),
];
const STORE_COUNT: &[(&str, &str)] = &[
    ("objects", "number"),
    ("bytes", "number"),
    ("differs_since", "time"),
];
const EXCLUDED: &[(&str, &str)] = &[("objects", "number"), ("bytes", "number")];
const JOB: &[(&str, &str)] = &[
    ("cluster", "text"),
    ("job", "text"),
    ("newest_good", "time?"),
    ("size", "number?"),
    ("backups", "number"),
    ("expectation", "expectation"),
];
const EXPECTATION: &[(&str, &str)] = &[
    ("source", "configuration|kubernetes|learned|unknown"),
    ("interval_seconds", "number?"),
    ("due", "time?"),
];
const FINDING: &[(&str, &str)] = &[
    ("cluster", "text"),
    ("job", "text"),
    ("finding", "text"),
    ("severity", "info|warning|critical"),
    ("since", "time"),
    ("text", "text"),
    ("keys", "[text]"),
];

/// Reads a report.
///
/// # Panics
/// Where it is not what is promised.
#[track_caller]
pub fn parse(text: &str) -> Value {
    let report: Value = serde_json::from_str(text).unwrap();
    fits(&report, "report", "report");
    for destination in report["destinations"].as_array().unwrap() {
        let (as_of, error) = (&destination["as_of"], destination.get("error"));
        assert!(!as_of.is_null() || error.is_some(), "{destination}");
        for finding in destination["findings"].as_array().unwrap() {
            assert!(finding["keys"].as_array().unwrap().len() <= 3, "{finding}");
        }
    }
    report
}

#[track_caller]
fn fits(value: &Value, kind: &str, place: &str) {
    if let Some(kind) = kind.strip_suffix('?') {
        if !value.is_null() {
            fits(value, kind, place);
        }
        return;
    }
    if let Some(kind) = kind
        .strip_prefix('[')
        .and_then(|kind| kind.strip_suffix(']'))
    {
        let all = value
            .as_array()
            .unwrap_or_else(|| panic!("{place} is no list: {value}"));
        return all.iter().for_each(|value| fits(value, kind, place));
    }
    let is_it = match kind {
        "report" => return has(value, REPORT, place),
        "destination" => return has(value, DESTINATION, place),
        "store_count" => return has(value, STORE_COUNT, place),
        "excluded" => return has(value, EXCLUDED, place),
        "job" => return has(value, JOB, place),
        "expectation" => return has(value, EXPECTATION, place),
        "finding" => return has(value, FINDING, place),
        "text" => value.is_string(),
        "number" => value.is_u64(),
        "time" => value
            .as_str()
            .is_some_and(|text| text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok()),
        one => value
            .as_str()
            .is_some_and(|text| one.split('|').any(|it| it == text)),
    };
    assert!(is_it, "{place} is no {kind}: {value}");
}

#[track_caller]
fn has(value: &Value, keys: &[(&str, &str)], place: &str) {
    let object = value
        .as_object()
        .unwrap_or_else(|| panic!("{place} is no object: {value}"));
    for (key, kind) in keys {
        let (key, may_lack) = match key.strip_suffix('?') {
            Some(key) => (key, true),
            None => (*key, false),
        };
        match object.get(key) {
            Some(value) => fits(value, kind, &format!("{place}.{key}")),
            None => assert!(may_lack, "{place} lacks {key}: {value}"),
        }
    }
    let names: Vec<_> = keys
        .iter()
        .map(|(key, _)| key.trim_end_matches('?'))
        .collect();
    for key in object.keys() {
        assert!(
            names.contains(&&**key),
            "{place} has {key}, which is not promised: {value}"
        );
    }
}
