use s3_exporter_api::{FailureKind, ObjectPart};

use super::*;

/// Parts of objects are those that were asked for, or the backend says that it cannot.
pub async fn parts_of_objects(fixture: &dyn Fixture) {
    const KEY: &str = "a b/\u{fc}+%.bin";
    let bucket = filled(
        fixture,
        &[Upload::new(KEY, 10_000), Upload::new("empty", 0)],
    )
    .await;
    let connection = fixture.connect(Access::Full).await;
    let meter = Arc::new(Meter::default());
    let read = async |key: &str, from: u64, to: u64| {
        let range = from..to;
        let part = connection.backend.read_part(&bucket, key, range, &meter);
        part.await
    };
    if !connection.backend.capabilities().reads {
        let error = read(KEY, 0, 10).await.unwrap_err();
        assert_eq!(error.kind(), FailureKind::Internal, "{error}");
        return;
    }
    if lack(fixture, Need::Content).is_some() {
        assert!(read(KEY, 0, 10).await.is_err());
        return;
    }
    let mut etags = Vec::new();
    for (from, to, length) in [(0, 100, 100), (9_990, 20_000, 10), (0, 10_000, 10_000)] {
        let part = read(KEY, from, to).await;
        let ObjectPart { bytes, size, etag } =
            part.unwrap_or_else(|error| panic!("{}", chain(&error)));
        assert_eq!((bytes.len(), size), (length, 10_000), "{from} to {to}");
        etags.push(etag);
    }
    assert!(etags.iter().all(|etag| *etag == etags[0]), "{etags:?}");
    assert_eq!(meter.attempts(Operation::GetObject), 3);
    let empty = read("empty", 0, 100).await;
    let empty = empty.unwrap_or_else(|error| panic!("{}", chain(&error)));
    assert_eq!((empty.bytes.len(), empty.size), (0, 0));
    let error = read("a b/missing", 0, 100).await.unwrap_err();
    assert_eq!(error.kind(), FailureKind::NotFound, "{}", chain(&error));
    assert_eq!(meter.attempts(Operation::ListObjectsV2), 0);
}
