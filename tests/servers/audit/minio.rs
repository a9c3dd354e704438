//! The fault of MinIO that the store in memory can have is the one that MinIO has.

use std::collections::BTreeSet;
use std::sync::Arc;

use fastrand::Rng;
use s3_exporter::wire::plugins;
use s3_exporter_api::{Backend, Continuation, ListRequest, ListingKind, Meter, Page, StartAt};
use s3_exporter_testkit::conformance::connect;
use s3_exporter_testkit::servers::MinIo;
use s3_exporter_testkit::{Memory, Upload};

const FOLDERS: [&str; 6] = ["lab", "lab-1", "lab!", "lab0", "lab.x", "z"];

fn keys(random: &mut Rng) -> BTreeSet<String> {
    let count = random.usize(20..90);
    let key = |_| {
        let folders = (0..random.usize(0..3)).map(|_| FOLDERS[random.usize(0..FOLDERS.len())]);
        let folders: Vec<_> = folders.map(|name| format!("{name}/")).collect();
        format!("{}{:03}", folders.concat(), random.u32(0..40))
    };
    (0..count).map(key).collect()
}

/// The keys of an answer, and whether it is the last.
async fn answer(backend: &dyn Backend, request: &ListRequest<'_>) -> (Vec<String>, bool) {
    let mut page = Page::new();
    let next = backend.list_page(request, &mut page).await.unwrap();
    let keys = page
        .keys()
        .map(|key| String::from_utf8(key.to_vec()).unwrap());
    (keys.collect(), next == Continuation::End)
}

#[tokio::test]
async fn a_key_to_start_after_is_answered_in_memory_as_on_minio() {
    let server = MinIo::start().await;
    let client = server.client();
    let endpoint = server.endpoint();
    let section = [
        ("endpoint", &*endpoint),
        ("region", "us-east-1"),
        ("access_key_id", MinIo::ACCESS_KEY),
        ("secret_access_key", MinIo::SECRET_KEY),
    ];
    let backends = plugins().backends;
    let plugin = backends.iter().find(|plugin| plugin.name == "s3").unwrap();
    let minio = connect(plugin, &section).await.unwrap();
    let mut random = Rng::with_seed(7);
    let mut short = 0;
    for case in 0..15 {
        let bucket = format!("bucket-{case}");
        let keys: Vec<_> = keys(&mut random).into_iter().collect();
        let uploads = keys.iter().map(|key| Upload::new(&**key, 1));
        let memory = Memory::new().with_short_start_after();
        memory.put_all(&bucket, uploads.clone());
        client.create_bucket(&bucket).await;
        client.put_all(&bucket, uploads).await;
        for _ in 0..40 {
            let after = &keys[random.usize(0..keys.len())];
            let prefix = ["lab", "lab/", "", ""][random.usize(0..4)];
            let max_keys = random.u16(1..25);
            let request = ListRequest {
                bucket: &bucket,
                prefix,
                kind: ListingKind::Objects,
                from: StartAt::After(after),
                max_keys,
                meter: &Arc::new(Meter::default()),
            };
            let theirs = answer(&*minio, &request).await;
            let ours = answer(&memory, &request).await;
            let case = format!("{max_keys} of {prefix:?} after {after:?} of {keys:?}");
            assert_eq!(ours, theirs, "{case}");
            let follow = |key: &&String| key.starts_with(prefix) && *key > after;
            let all = keys.iter().filter(follow).count();
            short += usize::from(theirs.1 && theirs.0.len() < all);
        }
    }
    assert!(short > 20, "{short} answers were short: this tests nothing");
}
