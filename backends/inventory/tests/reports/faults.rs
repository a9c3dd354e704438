//! What is wrong with a report fails the listing, by name, and nothing of it is taken.

use s3_exporter_api::{BackendError, FailureKind, ListingKind, UnixTime, chain};
use s3_exporter_testkit::Memory;
use s3_exporter_testkit::reports::{Format, Row, Written, azure, gcs, hex, s3, s3_manifest};

use super::{MADE, REPORTS, list, over, put, runtime};

const AZURE: &str = "format = \"azure\"\nreport = \"all\"";
const GCS: &str = "format = \"gcs\"\nreport = \"id-1\"";

fn rows() -> Vec<Vec<Row>> {
    let row = |nth: u64| {
        Row::new(
            format!("lab-{nth}"),
            nth,
            UnixTime::from_millis(1_000 * nth as i64),
        )
    };
    vec![(0..50).map(row).collect(), (50..90).map(row).collect()]
}

fn written(format: Format) -> Written {
    s3("daily", "backups", MADE, format, &rows())
}

/// The manifest and its checksum, anew, for the files as they are now.
fn resealed(mut written: Written, format: Format, change: impl Fn(String) -> String) -> Written {
    let files = written.len() - 2;
    let manifest = s3_manifest("backups", MADE, format, &written[..files]);
    let manifest = change(String::from_utf8(manifest).unwrap()).into_bytes();
    written[files + 1].1 = hex(&manifest).into();
    written[files].1 = manifest;
    written
}

fn fault_of(written: &Written, more: &str, kind: ListingKind) -> BackendError {
    let store = Memory::new();
    put(&store, written);
    let runtime = runtime();
    // One file after another, so that the first fault is the same each time.
    let more = format!("files = 1\n{more}");
    let backend = runtime.block_on(over(&store, &more));
    let listed = runtime.block_on(list(&*backend, "backups", "", kind));
    let error = listed.err().unwrap();
    // And so it stays.
    let again = runtime.block_on(list(&*backend, "backups", "", kind));
    assert_eq!(chain(&again.err().unwrap()), chain(&error));
    error
}

#[track_caller]
fn fails(written: &Written, more: &str, kind: FailureKind, says: &str) {
    let error = fault_of(written, more, ListingKind::Objects);
    let text = chain(&error);
    assert!(text.contains(says), "{says:?} is not in {text:?}");
    assert!(text.contains(REPORTS), "{text}");
    assert_eq!(error.kind(), kind, "{text}");
}

fn without(mut written: Written, ending: &str) -> Written {
    let before = written.len();
    written.retain(|(key, _)| !key.ends_with(ending));
    assert_ne!(written.len(), before);
    written
}

fn in_first(written: &Written, change: impl Fn(&mut Vec<u8>)) -> Written {
    let mut written = written.clone();
    change(&mut written[0].1);
    written
}

#[test]
fn each_fault_of_a_file_names_it() {
    use FailureKind::Protocol;
    for format in Format::ALL {
        let good = written(format);
        let ending = match format {
            Format::Csv => ".csv.gz",
            _ => ".parquet",
        };
        let name = format!(
            "its file \"daily/data/00000000-{}{ending}\"",
            MADE.as_millis()
        );
        let says = |what: &str| format!("{name} {what}");

        let missing = without(
            good.clone(),
            &format!("00000000-{}{ending}", MADE.as_millis()),
        );
        fails(&missing, "", Protocol, &says("is missing"));

        let cut = in_first(&good, |content| content.truncate(content.len() - 1));
        fails(
            &cut,
            "",
            Protocol,
            &says(&format!(
                "has {} bytes, and {} in the manifest",
                good[0].1.len() - 1,
                good[0].1.len()
            )),
        );

        let other = in_first(&good, |content| content[20] ^= 1);
        fails(
            &other,
            "",
            Protocol,
            &says("has another checksum than in the manifest"),
        );

        // Whoever wrote it has cut it.
        let cut = in_first(&good, |content| content.truncate(content.len() / 2));
        let expected = match format {
            Format::Csv => "ends too early",
            _ => "is no whole file of Parquet",
        };
        fails(
            &resealed(cut, format, |text| text),
            "",
            Protocol,
            &says(expected),
        );

        let nonsense = in_first(&good, |content| {
            *content = b"<html>not found</html>".repeat(9)
        });
        let expected = match format {
            Format::Csv => "is no such file",
            _ => "is no whole file of Parquet",
        };
        fails(
            &resealed(nonsense, format, |text| text),
            "",
            Protocol,
            &says(expected),
        );

        // It is of another report.
        let foreign = s3("daily", "other", MADE, format, &rows())[0].1.clone();
        let foreign = in_first(&good, |content| content.clone_from(&foreign));
        let expected = says("has an object of another bucket, \"other\"");
        fails(
            &resealed(foreign, format, |text| text),
            "",
            Protocol,
            &expected,
        );
    }
}

#[test]
fn each_fault_of_a_manifest_is_told() {
    use FailureKind::Protocol;
    let format = Format::Parquet;
    let good = written(format);
    let manifest = good.len() - 2;
    let mut changed = good.clone();
    changed[manifest].1.push(b'\n');
    fails(
        &changed,
        "",
        Protocol,
        "manifest.json\" in bucket \"reports\" at memory: the manifest is not the one that its checksum was made of",
    );
    changed = good.clone();
    changed[manifest + 1].1 = b"none".to_vec();
    fails(&changed, "", Protocol, "its checksum is none");

    let with = |from: &'static str, to: &'static str| {
        resealed(good.clone(), format, move |text| {
            assert!(text.contains(from), "{from} is not in {text}");
            text.replacen(from, to, 1)
        })
    };
    let table = [
        (
            "\"backups\"",
            "\"other\"",
            "it is of another bucket, \"other\"",
        ),
        (
            "\"Parquet\"",
            "\"ORC\"",
            "its files are written as \"ORC\", which is not read; have the report made as Parquet or CSV",
        ),
        ("{", "", "its manifest makes no sense, at line"),
        (
            "\"creationTimestamp\": \"1",
            "\"creationTimestamp\": \"x",
            "its creationTimestamp is no number",
        ),
        (
            "\"creationTimestamp\": \"1",
            "\"creationTimestamp\": \"-9999",
            "its creationTimestamp is no time",
        ),
        (
            "\"creationTimestamp\": \"1",
            "\"creationTimestamp\": \"9",
            "it is of a moment that is to come",
        ),
        (
            "\"MD5checksum\": \"",
            "\"MD5checksum\": \"-",
            "has a checksum that is no MD5",
        ),
    ];
    for (from, to, says) in table {
        fails(&with(from, to), "", Protocol, says);
    }
}

/// Ages are computed of them without a thought of overflow.
#[test]
fn a_time_that_no_store_says_is_a_fault() {
    for millis in [(1 << 53) + 1, -(1 << 53) - 1, i64::MAX, i64::MIN] {
        let row = Row::new("lab-1", 1, UnixTime::from_millis(millis));
        let written = s3("daily", "backups", MADE, Format::Parquet, &[vec![row]]);
        fails(
            &written,
            "",
            FailureKind::Protocol,
            "has a time that is none",
        );
    }
}

/// An Azure rule that leaves out what is asked for, or that never has such a container.
#[test]
fn a_rule_that_does_not_cover_the_container_is_told() {
    let report = |filters: &str| {
        let mut written = azure("daily", "all", "backups", MADE, Format::Csv, &rows());
        let (manifest, checksum) = (written.len() - 2, written.len() - 1);
        let text = String::from_utf8(written[manifest].1.clone()).unwrap();
        let kind = "\"objectType\": \"blob\"";
        let text = text.replace(kind, &format!("{kind}, \"filters\": {{ {filters} }}"));
        written[checksum].1 = hex(text.as_bytes()).into();
        written[manifest].1 = text.into_bytes();
        written
    };
    for (filters, says) in [
        (
            "\"prefixMatch\": [\"other/\", \"backups/lab-1\"]",
            "its rule leaves out what is in \"backups/\"; correct `bucket`",
        ),
        (
            "\"excludePrefix\": [\"backups/tmp\"]",
            "its rule leaves out \"backups/tmp\", which is of \"backups/\"",
        ),
        (
            "\"blobTypes\": [\"pageBlob\"]",
            "its rule has blobs of the types [\"pageBlob\"] alone, and no blockBlob",
        ),
        (
            "\"creationTime\": { \"lastNDays\": 7 }",
            "its rule leaves blobs out by when they were made",
        ),
    ] {
        fails(&report(filters), AZURE, FailureKind::Protocol, says);
    }
    let good = "\"blobTypes\": [\"blockBlob\"], \"prefixMatch\": [\"backups\", \"empty/\"], \"excludePrefix\": [\"other\"]";
    let store = Memory::new();
    put(&store, &report(good));
    let runtime = runtime();
    for (container, expected) in [("backups", 90), ("empty", 0)] {
        let backend = runtime.block_on(over(&store, AZURE));
        let listed = list(&*backend, container, "", ListingKind::Objects);
        let listed = runtime.block_on(listed).unwrap();
        assert_eq!(listed.entries.len(), expected, "{container}");
    }
}

#[test]
fn what_is_not_complete_is_no_report() {
    use FailureKind::{NotFound, Protocol};
    let begun = without(written(Format::Csv), "manifest.checksum");
    fails(
        &begun,
        "",
        Protocol,
        "it is not complete: it has no checksum yet",
    );
    let none = without(begun, "manifest.json");
    fails(
        &none,
        "",
        NotFound,
        "there is no complete report under \"daily/20\"",
    );

    let all = azure("daily", "all", "backups", MADE, Format::Csv, &rows());
    let pending = without(all.clone(), "manifest.checksum");
    let pending = vec![pending[0].clone()];
    fails(
        &pending,
        AZURE,
        Protocol,
        "it is not complete: its status is \"Pending\"",
    );
    // A checksum of what was there at its start makes it no better.
    let mut early = all;
    let end = early.len() - 1;
    early.remove(end - 1);
    early[end - 1].1 = hex(&early[0].1).into();
    fails(&early, AZURE, Protocol, "its status is \"Pending\"");
}

/// What was read has to be what the report says that it has.
#[test]
fn a_miscount_is_ours() {
    use FailureKind::{Internal, Protocol};
    let google = gcs("daily", "id-1", "backups", MADE, Format::Csv, &rows());
    let manifest = google.len() - 1;
    let with = |from: &str, to: &str| {
        let mut changed = google.clone();
        let text = String::from_utf8(changed[manifest].1.clone()).unwrap();
        assert!(text.contains(from), "{from} is not in {text}");
        changed[manifest].1 = text.replacen(from, to, 1).into_bytes();
        changed
    };
    fails(
        &with(":90,", ":91,"),
        GCS,
        Internal,
        "its files have 90 rows, and its manifest says 91",
    );
    fails(
        &with("\"shard_count\":2", "\"shard_count\":3"),
        GCS,
        Protocol,
        "it says that it has 3 files, and names 2",
    );
    fails(
        &with(".csv", ".json"),
        GCS,
        Protocol,
        "its files are written as",
    );

    let mut cut = azure("daily", "all", "backups", MADE, Format::Csv, &rows());
    let (manifest, checksum) = (cut.len() - 2, cut.len() - 1);
    let text = String::from_utf8(cut[manifest].1.clone()).unwrap();
    let bytes = (0..90).sum::<u64>();
    let changed = text.replacen(
        &format!("\"totalObjectSize\": {bytes}"),
        "\"totalObjectSize\": 1",
        1,
    );
    assert_ne!(changed, text);
    cut[checksum].1 = hex(changed.as_bytes()).into();
    cut[manifest].1 = changed.into_bytes();
    fails(
        &cut,
        AZURE,
        Internal,
        "its files have 4005 bytes, and its manifest says 1",
    );
}

#[test]
fn versions_are_told_or_refused() {
    let google = gcs("daily", "id-1", "backups", MADE, Format::Csv, &rows());
    let mut plain = google.clone();
    for (_, content) in &mut plain[..2] {
        let text = String::from_utf8(std::mem::take(content)).unwrap();
        *content = text.replace("timeDeleted", "somethingElse").into_bytes();
    }
    let error = fault_of(&plain, GCS, ListingKind::Versions);
    let text = chain(&error);
    assert!(
        text.contains("has the current versions of objects alone"),
        "{text}"
    );
}
