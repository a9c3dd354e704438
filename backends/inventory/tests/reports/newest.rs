//! Which report is read, and how often.

use std::sync::Arc;

use s3_exporter_api::{Backend, ListingKind, Meter, Operation, UnixTime};
use s3_exporter_testkit::Memory;
use s3_exporter_testkit::reports::{Format, Row, Written, azure, hex, s3};

use super::{MADE, REPORTS, list, list_counted, over, put};

const DAY: i64 = 24 * 3600 * 1000;

fn made(day: i64) -> UnixTime {
    UnixTime::from_millis(MADE.as_millis() + day * DAY)
}

fn report(day: i64, objects: u64) -> Vec<(String, Vec<u8>)> {
    let rows = (0..objects).map(|nth| Row::new(format!("{nth}"), 1, MADE));
    s3(
        "daily",
        "backups",
        made(day),
        Format::Csv,
        &[rows.collect()],
    )
}

async fn objects(backend: &dyn Backend) -> (u64, UnixTime) {
    let listed = list(backend, "backups", "", ListingKind::Objects)
        .await
        .unwrap();
    let report = listed.report.unwrap();
    assert_eq!(report.objects, listed.entries.len() as u64);
    (report.objects, report.as_of)
}

#[tokio::test]
async fn the_newest_that_is_complete_is_read() {
    let store = Memory::new();
    put(&store, &report(0, 1));
    let backend = over(&store, "").await;
    assert_eq!(objects(&*backend).await, (1, made(0)));
    let next = report(1, 2);
    for (key, content) in &next[..next.len() - 1] {
        store.put_content(REPORTS, key, content.clone());
        assert_eq!(objects(&*backend).await, (1, made(0)), "after {key}");
    }
    put(&store, &next);
    assert_eq!(objects(&*backend).await, (2, made(1)));
    put(&store, &report(-1, 9));
    assert_eq!(objects(&*backend).await, (2, made(1)));
}

/// To see that there is none that is newer takes a listing, and no content.
#[tokio::test]
async fn nothing_is_read_twice_to_see_whether_there_is_a_newer_one() {
    let store = Memory::new();
    put(&store, &report(0, 1));
    let backend = over(&store, "").await;
    let meter = Arc::new(Meter::default());
    let counts =
        |of: &Meter| [Operation::GetObject, Operation::ListObjectsV2].map(|op| of.attempts(op));
    assert_eq!(
        backend.report_time("backups", &meter).await.unwrap(),
        Some(made(0))
    );
    assert_eq!(counts(&meter), [2, 1]);
    assert_eq!(
        backend.report_time("backups", &meter).await.unwrap(),
        Some(made(0))
    );
    assert_eq!(counts(&meter), [2, 2]);
    backend.probe("backups", "", &meter).await.unwrap();
    assert_eq!(counts(&meter), [2, 3]);
    put(&store, &report(1, 2));
    assert_eq!(
        backend.report_time("backups", &meter).await.unwrap(),
        Some(made(1))
    );
    assert_eq!(counts(&meter), [4, 4]);
    let listed = list(&*backend, "backups", "", ListingKind::Objects)
        .await
        .unwrap();
    assert_eq!(listed.gets, 1, "the manifest is known");
}

const AZURE: &str = "format = \"azure\"\nreport = \"all\"";

/// Of Azure, with this status.
fn azure_report(day: i64, objects: u64, status: &str) -> Written {
    let rows = (0..objects).map(|nth| Row::new(format!("{nth}"), 1, MADE));
    let rows = [rows.collect()];
    let mut written = azure("daily", "all", "backups", made(day), Format::Csv, &rows);
    let [.., (_, manifest), (_, checksum)] = &mut *written else {
        unreachable!()
    };
    let text = String::from_utf8(std::mem::take(manifest)).unwrap();
    *manifest = text.replace("Succeeded", status).into_bytes();
    *checksum = hex(manifest).into_bytes();
    written
}

#[tokio::test]
async fn one_that_did_not_succeed_does_not_hide_those_before_it() {
    let store = Memory::new();
    for (day, objects, status) in [(0, 1, "Succeeded"), (1, 2, "Failed"), (2, 3, "Pending")] {
        put(&store, &azure_report(day, objects, status));
    }
    let backend = over(&store, AZURE).await;
    let meter = Arc::new(Meter::default());
    let newest = async || backend.report_time("backups", &meter).await.unwrap();
    assert_eq!(newest().await, Some(made(0)));
    // Three manifests with their checksums, once.
    assert_eq!(meter.attempts(Operation::GetObject), 6);
    assert_eq!(newest().await, Some(made(0)));
    assert_eq!(meter.attempts(Operation::GetObject), 6);
    assert_eq!(objects(&*backend).await, (1, made(0)));
    put(&store, &azure_report(3, 4, "Succeeded"));
    assert_eq!(objects(&*backend).await, (4, made(3)));

    let store = Memory::new();
    for day in 0..2 {
        put(&store, &azure_report(day, 1, &format!("Failed {day}")));
    }
    let backend = over(&store, AZURE).await;
    let error = backend.report_time("backups", &meter).await.unwrap_err();
    assert!(
        error.to_string().contains("its status is \"Failed 1\""),
        "{error}"
    );
}

/// A pending one that is written anew is read anew.
#[tokio::test]
async fn one_that_ends_after_it_was_seen_is_read() {
    let store = Memory::new();
    put(&store, &azure_report(0, 1, "Pending"));
    let backend = over(&store, AZURE).await;
    let meter = Arc::new(Meter::default());
    assert!(backend.report_time("backups", &meter).await.is_err());
    tokio::time::sleep(std::time::Duration::from_millis(5)).await; // of another millisecond
    put(&store, &azure_report(0, 1, "Succeeded"));
    assert_eq!(objects(&*backend).await, (1, made(0)));
}

/// What is wrong with a report is seen once, and told until there is another one.
#[tokio::test]
async fn a_bad_report_is_fetched_once() {
    let listed = async |backend: &dyn Backend, prefix: &str| {
        let meter = Arc::new(Meter::default());
        let listed = list_counted(backend, "backups", prefix, ListingKind::Objects, &meter).await;
        let gets = meter.attempts(Operation::GetObject);
        (listed.err().map(|error| error.to_string()), gets)
    };
    // Of a file: its content is another one.
    let mut bad = report(1, 2);
    bad[0].1[30] ^= 1;
    let store = Memory::new();
    put(&store, &report(0, 1));
    put(&store, &bad);
    let backend = over(&store, "").await;
    let (error, gets) = listed(&*backend, "").await;
    assert!(error.as_ref().unwrap().contains("another checksum"));
    assert_eq!(gets, 3);
    assert_eq!(listed(&*backend, "").await, (error, 0));
    // Another listing may be of what is good of it.
    assert_eq!(listed(&*backend, "x").await.1, 1);
    put(&store, &report(2, 3));
    assert_eq!(listed(&*backend, "").await, (None, 3));
    assert_eq!(listed(&*backend, "").await, (None, 1));

    // Of a manifest.
    let mut bad = report(3, 1);
    bad[1].1.push(b' ');
    put(&store, &bad);
    let (error, gets) = listed(&*backend, "").await;
    assert!(error.as_ref().unwrap().contains("its checksum was made of"));
    assert_eq!(gets, 2);
    assert_eq!(listed(&*backend, "").await, (error, 0));

    // One that is missing may come yet.
    let next = report(4, 5);
    put(&store, &next[1..].to_vec());
    let (error, gets) = listed(&*backend, "").await;
    assert!(error.unwrap().contains("is missing"));
    assert_eq!(gets, 3);
    put(&store, &next);
    assert_eq!(listed(&*backend, "").await.0, None);
}

/// Pages of a listing that nobody goes on with hold nobody up.
#[tokio::test]
async fn one_that_is_given_up_is_forgotten() {
    let store = Memory::new();
    put(&store, &report(0, 5000));
    let backend = over(&store, "").await;
    let mut page = s3_exporter_api::Page::new();
    let meter = Arc::new(Meter::default());
    for _ in 0..3 {
        let request = s3_exporter_api::ListRequest {
            bucket: "backups",
            prefix: "",
            kind: ListingKind::Objects,
            from: s3_exporter_api::StartAt::Start,
            max_keys: 10,
            meter: &meter,
        };
        backend.list_page(&request, &mut page).await.unwrap();
    }
    assert_eq!(objects(&*backend).await, (5000, made(0)));
    let error = backend
        .list_page(
            &s3_exporter_api::ListRequest {
                bucket: "backups",
                prefix: "",
                kind: ListingKind::Objects,
                from: s3_exporter_api::StartAt::Token("0.7"),
                max_keys: 10,
                meter: &meter,
            },
            &mut page,
        )
        .await;
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("is not there any more")
    );
}
