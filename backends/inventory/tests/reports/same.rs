//! Whatever the objects, a report of them is read as a listing of them.

use std::collections::BTreeMap;

use proptest::prelude::*;
use s3_exporter_api::{Capabilities, ListingKind, UnixTime, VersionState};
use s3_exporter_testkit::reports::{Format, Row, Written, azure, gcs, hex, s3};
use s3_exporter_testkit::{Memory, Upload};

use super::{Entry, MADE, list, over, put, runtime};

/// A key, what is at its end, and how many versions are before that.
type Version = (u64, i64, usize);

fn keys() -> impl Strategy<Value = String> {
    let hostile = prop::sample::select(vec![
        "a b+c",
        "%2B%",
        "100%",
        "\"q\",\"",
        "new\nline\r",
        "ä/ü",
        "a//b",
        "/lead",
        "tail/",
        "++",
        "'; --",
        "\u{1}\u{fffe}",
        "lab-1/",
        "lab-1-",
        "#",
        "?x=1&y",
        ",,,",
        "\t",
    ]);
    let any = any::<String>().prop_filter("a key has a byte", |key| !key.is_empty());
    prop_oneof![
        any,
        (hostile.clone(), "[a-z/]{0,4}").prop_map(|(odd, rest)| format!("{odd}{rest}")),
        ("lab-[0-9]/", hostile).prop_map(|(head, odd)| format!("{head}{odd}")),
    ]
}

fn bucket() -> impl Strategy<Value = BTreeMap<String, (Version, Vec<Version>, bool)>> {
    let version = (0_u64..1 << 45, 0_i64..1_900_000_000_000, 0_usize..3);
    let versions = prop::collection::vec(version.clone(), 0..3);
    let of_key = (version, versions, prop::bool::weighted(0.2));
    prop::collection::btree_map(keys(), of_key, 0..40)
}

const CLASSES: [&str; 3] = ["STANDARD", "GLACIER", "DEEP_ARCHIVE"];

fn row(key: &str, (size, millis, class): Version, is_latest: bool) -> Row {
    Row {
        is_latest,
        class: CLASSES[class].to_owned(),
        ..Row::new(key, size, UnixTime::from_millis(millis))
    }
}

/// Its versions; where it was deleted, the latest is a marker.
fn rows(bucket: &BTreeMap<String, (Version, Vec<Version>, bool)>, has_markers: bool) -> Vec<Row> {
    let each = bucket
        .iter()
        .flat_map(|(key, (latest, before, is_deleted))| {
            let is_deleted = *is_deleted && has_markers;
            let marker = is_deleted.then(|| Row {
                is_delete_marker: true,
                size: None,
                ..row(key, *latest, true)
            });
            let latest = row(key, *latest, !is_deleted);
            let before = before.iter().map(|version| row(key, *version, false));
            marker
                .into_iter()
                .chain([latest])
                .chain(before)
                .collect::<Vec<_>>()
        });
    each.collect()
}

/// What a store of the latest versions lists.
fn truth(rows: &[Row], prefix: &str) -> Vec<Entry> {
    let store = Memory::new().with_capabilities(Capabilities::OBJECTS);
    store.create_bucket("backups");
    for row in rows
        .iter()
        .filter(|row| row.is_latest && !row.is_delete_marker)
    {
        let upload = Upload::new(&*row.key, row.size.unwrap());
        store.put("backups", &upload.at(row.last_modified).class(&*row.class));
    }
    let listed = list(&store, "backups", prefix, ListingKind::Objects);
    runtime().block_on(listed).unwrap().entries
}

fn versions(rows: &[Row]) -> Vec<Entry> {
    let entry = |row: &Row| {
        let state = match (row.is_delete_marker, row.is_latest) {
            (true, _) => VersionState::DeleteMarker,
            (false, true) => VersionState::Current,
            (false, false) => VersionState::Noncurrent,
        };
        let class = match row.is_delete_marker {
            true => "STANDARD", // none is named
            false => &row.class,
        };
        let millis = row.last_modified.as_millis();
        (
            row.key.clone().into_bytes(),
            row.size.unwrap_or(0),
            millis,
            class.into(),
            Some(state),
        )
    };
    let mut all: Vec<_> = rows.iter().map(entry).collect();
    all.sort_unstable_by_key(|of| format!("{of:?}"));
    all
}

/// As many parts as there may be, of any length.
fn parts(rows: &[Row], count: usize) -> Vec<Vec<Row>> {
    let mut parts = vec![Vec::new(); count];
    for (nth, row) in rows.iter().enumerate() {
        parts[nth * nth % count].push(row.clone());
    }
    parts
}

fn check(written: &Written, more: &str, rows: &[Row], prefix: &str) -> Result<(), TestCaseError> {
    let store = Memory::new().with_page_size(3);
    put(&store, written);
    let runtime = runtime();
    let backend = runtime.block_on(over(&store, more));
    let objects = list(&*backend, "backups", prefix, ListingKind::Objects);
    let objects = runtime.block_on(objects).unwrap();
    prop_assert_eq!(&objects.entries, &truth(rows, prefix));
    let report = objects.report.unwrap();
    prop_assert_eq!(report.as_of, MADE);
    prop_assert_eq!(report.objects, objects.entries.len() as u64);
    prop_assert_eq!(
        report.bytes,
        objects.entries.iter().map(|of| of.1).sum::<u64>()
    );
    prop_assert!(report.has_versions);
    let mut beside = versions(rows);
    beside.retain(|of| of.4 != Some(VersionState::Current) && of.0.starts_with(prefix.as_bytes()));
    prop_assert_eq!(&objects.beside, &beside);
    if prefix.is_empty() {
        let all = list(&*backend, "backups", "", ListingKind::Versions);
        prop_assert_eq!(runtime.block_on(all).unwrap().entries, versions(rows));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn s3_says_what_a_listing_says(bucket in bucket(), count in 1_usize..6, prefix in prop_oneof![Just(""), Just("lab-1"), Just("a")], files in 1..4) {
        let rows = rows(&bucket, true);
        for format in Format::ALL {
            let written = s3("daily", "backups", MADE, format, &parts(&rows, count));
            check(&written, &format!("files = {files}"), &rows, prefix)?;
        }
    }

    /// No store of theirs has delete markers.
    #[test]
    fn azure_and_google_say_what_a_listing_says(bucket in bucket(), count in 1_usize..4, prefix in prop_oneof![Just(""), Just("lab-1")]) {
        let rows = rows(&bucket, false);
        for format in Format::ALL {
            let parts = parts(&rows, count);
            let written = azure("daily", "all", "backups", MADE, format, &parts);
            check(&written, "format = \"azure\"\nreport = \"all\"", &rows, prefix)?;
            let written = gcs("daily", "id-1", "backups", MADE, format, &parts);
            check(&written, "format = \"gcs\"\nreport = \"id-1\"", &rows, prefix)?;
        }
    }
}

/// Azure's are of several containers.
#[test]
fn a_report_of_several_containers_is_read_for_each() {
    let objects = |name: &str| {
        vec![
            Row::new(format!("{name}-1"), 5, MADE),
            Row::new("x/y", 7, MADE),
        ]
    };
    let both = [objects("a"), objects("b")].concat();
    let store = Memory::new();
    let mut written = azure("daily", "all", "one", MADE, Format::Csv, &[objects("a")]);
    put(&store, &written);
    // The same names in another container's place.
    written = azure(
        "daily",
        "all",
        "one",
        MADE,
        Format::Csv,
        std::slice::from_ref(&both),
    );
    let text = String::from_utf8(written[1].1.clone()).unwrap();
    let text = text.replace("one/b-1", "two/b-1");
    assert_eq!(text.len(), written[1].1.len());
    written[1].1 = text.into_bytes();
    put(&store, &written);
    let runtime = runtime();
    let more = "format = \"azure\"\nreport = \"all\"";
    for (container, expected) in [("one", 3), ("two", 1)] {
        let backend = runtime.block_on(over(&store, more));
        let listed = list(&*backend, container, "", ListingKind::Objects);
        let listed = runtime.block_on(listed).unwrap();
        assert_eq!(listed.entries.len(), expected, "{container}");
    }
    // A name that is not in it, nor in its rule, is misspelt.
    let backend = runtime.block_on(over(&store, more));
    let listed = list(&*backend, "three", "", ListingKind::Objects);
    let error = runtime.block_on(listed).err().unwrap().to_string();
    assert!(
        error.contains("it has nothing of \"three\"; correct `bucket`"),
        "{error}"
    );
}

/// What Azure's columns say of a row.
#[test]
fn rows_of_azure_are_what_their_columns_say() {
    const TABLE: &str = "\
        Name,Last-Modified,Content-Length,AccessTier,VersionId,IsCurrentVersion,Deleted,Snapshot,hdi_isfolder,ResourceType\n\
        one/folder,1970-01-01T00:00:01Z,0,,,,,,true,\n\
        one/other,1970-01-01T00:00:01Z,0,,,,,,,directory\n\
        one/plain,1970-01-01T00:00:01Z,1,Hot,,,,,false,file\n\
        one/latest,1970-01-01T00:00:01Z,2,Hot,v2,true,,,,\n\
        one/before,1970-01-01T00:00:01Z,3,Hot,v1,,,,,\n\
        one/false,1970-01-01T00:00:01Z,4,Hot,v1,false,,,,\n\
        one/deleted,1970-01-01T00:00:01Z,5,Hot,,,true,,,\n\
        one/snapshot,1970-01-01T00:00:01Z,6,Hot,,,,2025-11-01T00:00:00Z,,\n";
    let with = |table: &str| {
        let place = "daily/2025/11/30/01-00-00/all/all";
        let manifest = serde_json::json!({
            "files": [{ "blob": format!("{place}_0.csv"), "size": table.len() }],
            "inventoryStartTime": "2025-11-30T01:00:00Z",
            "ruleDefinition": { "format": "csv", "objectType": "blob" },
            "status": "Succeeded",
            "summary": { "objectCount": 8, "totalObjectSize": 21 },
        });
        let manifest = manifest.to_string().into_bytes();
        let checksum = hex(&manifest).into_bytes();
        let store = Memory::new();
        put(
            &store,
            &vec![
                (format!("{place}_0.csv"), table.into()),
                (format!("{place}-manifest.json"), manifest),
                (format!("{place}-manifest.checksum"), checksum),
            ],
        );
        let runtime = runtime();
        let backend = runtime.block_on(over(&store, "format = \"azure\"\nreport = \"all\""));
        runtime.block_on(list(&*backend, "one", "", ListingKind::Objects))
    };
    let listed = with(TABLE).unwrap();
    let names = |entries: &[Entry]| -> Vec<_> {
        let names = entries.iter();
        names
            .map(|of| String::from_utf8(of.0.clone()).unwrap())
            .collect()
    };
    assert_eq!(names(&listed.entries), ["latest", "plain"]);
    let others = ["before", "deleted", "false", "snapshot"];
    let mut beside = names(&listed.beside);
    beside.sort_unstable();
    assert_eq!(beside, others);
    // Without that column nobody knows which version counts.
    let error = with(&TABLE.replacen("IsCurrentVersion", "SomethingElse", 1)).err();
    let error = error.unwrap().to_string();
    assert!(
        error.contains("has versions, and no column \"iscurrentversion\""),
        "{error}"
    );
}
