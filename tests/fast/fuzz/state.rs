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

/// The body with the first line that belongs to it: of the version that it says, else the latest.
pub fn signed(bytes: &[u8]) -> Vec<u8> {
    let at = bytes.iter().position(|byte| *byte == b'\n');
    let line = String::from_utf8_lossy(&bytes[..at.unwrap_or(0)]);
    let version = line.split(' ').nth(1).and_then(|text| text.parse().ok());
    sign(version.unwrap_or(3), &bytes[at.map_or(0, |at| at + 1)..])
}

fn sign(version: u32, body: &[u8]) -> Vec<u8> {
    let mut summed = format!("{version}\n").into_bytes();
    summed.extend_from_slice(body);
    let sum = crc32fast::hash(&summed);
    let mut whole = format!("s3-exporter-state {version} {sum:08x}\n").into_bytes();
    whole.extend_from_slice(body);
    whole
}

/// Some that are good: of the second version, and the same as it is written today.
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
    let before = [
        format!("{{{identity},{},{good}}}", latest("null")),
        format!(
            r#"{{{identity},{},{good},"audit":{{"ended":7,"success":false}}}}"#,
            latest("null")
        ),
        format!(r#"{{{identity},{failed},"good":null}}"#),
    ]
    .map(|body| sign(2, body.as_bytes()));
    let today = before.clone().map(|bytes| {
        let (listing, saved) = parse(&bytes).unwrap();
        to_bytes(&listing, &saved).unwrap()
    });
    [before, today].concat()
}
