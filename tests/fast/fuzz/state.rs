//! Reads any bytes as a state file: nothing panics, and what is taken for one is written and
//! read again as the same. The fuzz target `fuzz/fuzz_targets/state.rs` uses it too.

use s3_exporter::state::{parse, to_bytes};

/// Says whether the bytes are a state.
pub fn check(bytes: &[u8]) -> bool {
    match parse(bytes) {
        Ok((identity, saved)) => {
            let written = to_bytes(&identity, &saved).unwrap();
            let (again, after) = parse(&written).unwrap();
            assert_eq!(again, identity);
            assert_eq!(to_bytes(&again, &after).unwrap(), written);
            if let Some(good) = &saved.completed {
                // Sums of what was read must not overflow.
                good.found.fold.listed();
            }
            true
        }
        Err(unusable) => {
            let told = unusable.to_string();
            assert!(!told.is_empty() && told.len() < 1024, "{told}");
            false
        }
    }
}

/// The body with the first line that belongs to it.
pub fn signed(bytes: &[u8]) -> Vec<u8> {
    let at = bytes.iter().position(|byte| *byte == b'\n');
    let body = &bytes[at.map_or(0, |at| at + 1)..];
    let mut summed = b"2\n".to_vec();
    summed.extend_from_slice(body);
    let mut whole = format!("s3-exporter-state 2 {:08x}\n", crc32fast::hash(&summed)).into_bytes();
    whole.extend_from_slice(body);
    whole
}

/// Some that are good.
pub fn seeds() -> Vec<Vec<u8>> {
    let sums = |objects: u64| {
        format!(
            r#"{{"objects":{objects},"empty":0,"bytes":7,"newest_of_all":5,"newest":[5,7],"oldest":4,"largest":7}}"#
        )
    };
    let identity = r#""identity":{"destination":"d","store_url":"http://s","bucket":"b","prefix":"","separator":"-","resolver":"r"}"#;
    let latest = |failure: &str| {
        format!(r#""latest":{{"ended":9,"duration":{{"secs":1,"nanos":5}},"failure":{failure}}}"#)
    };
    let cluster = |name: &str, known: bool| {
        format!(
            r#"{{"cluster":"{name}","created":3,"known":{known},"totals":{}}}"#,
            sums(2)
        )
    };
    let good = format!(
        r#""good":{{"ended":8,"unassigned":{},"clusters":[{},{}],"boundaries":[["k",3],["m",9]],"loose":1}}"#,
        sums(3),
        cluster("a", true),
        cluster("a-b", false),
    );
    let failed = latest(r#"["denied","no"]"#);
    [
        format!("{{{identity},{},{good}}}", latest("null")),
        format!(
            r#"{{{identity},{},{good},"audit":{{"ended":7,"success":false}}}}"#,
            latest("null")
        ),
        format!(r#"{{{identity},{failed},"good":null}}"#),
    ]
    .map(|body| signed(body.as_bytes()))
    .to_vec()
}
