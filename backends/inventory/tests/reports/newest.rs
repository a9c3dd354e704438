//! Which report is read, and how often.

use std::sync::Arc;

use s3_exporter_api::{Backend, ListingKind, Meter, Operation, UnixTime};
use s3_exporter_testkit::Memory;
use s3_exporter_testkit::reports::{Format, Row, s3};

use super::{MADE, REPORTS, list, over, put};

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
