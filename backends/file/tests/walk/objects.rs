//! What is an object, and what is not.

use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use s3_exporter_api::{Continuation, FailureKind, ListRequest, ListingKind, Meter, Page, StartAt};

use super::Bucket;

#[tokio::test]
async fn each_regular_file_is_an_object_with_its_path_as_key() {
    let bucket = Bucket::new().await;
    for key in ["a", "b/c", "b/d/e/f", "b b/ü", "z\n"] {
        bucket.put(key);
    }
    let time = UNIX_EPOCH + Duration::from_millis(1_709_210_096_789);
    let file = File::options()
        .write(true)
        .open(bucket.path().join("a"))
        .unwrap();
    file.set_modified(time).unwrap();
    fs::create_dir(bucket.path().join("empty")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(bucket.path().join("socket")).unwrap();
    let odd = std::ffi::OsStr::from_bytes(b"odd\xff");
    fs::write(bucket.path().join(odd), "123").unwrap();

    let (page, next) = bucket.page("", StartAt::Start, 1000).await.unwrap();
    assert_eq!(next, Continuation::End);
    let mut found: Vec<_> = page.iter().map(|of| (of.key.to_vec(), of.size)).collect();
    found.sort();
    let expected: [(&[u8], u64); 6] = [
        (b"a", 1),
        ("b b/ü".as_bytes(), 6),
        (b"b/c", 3),
        (b"b/d/e/f", 7),
        (b"odd\xff", 3),
        (b"z\n", 2),
    ];
    assert_eq!(found, expected.map(|(key, size)| (key.to_vec(), size)));
    let first = page.iter().find(|of| of.key == b"a").unwrap();
    assert_eq!(first.last_modified.as_millis(), 1_709_210_096_789);
}

#[tokio::test]
async fn a_time_before_1970_is_one() {
    let bucket = Bucket::new().await;
    bucket.put("a");
    let file = File::options()
        .write(true)
        .open(bucket.path().join("a"))
        .unwrap();
    let time = UNIX_EPOCH - Duration::from_millis(1_250);
    file.set_modified(time).unwrap();
    // Not every file system keeps it: it is what it says.
    let kept: SystemTime = fs::metadata(bucket.path().join("a"))
        .unwrap()
        .modified()
        .unwrap();
    let (page, _) = bucket.page("", StartAt::Start, 1000).await.unwrap();
    let listed = page.get(0).unwrap().last_modified;
    assert_eq!(listed, kept.into());
}

#[tokio::test]
async fn no_link_is_followed_or_an_object() {
    let elsewhere = tempfile::tempdir().unwrap();
    fs::write(elsewhere.path().join("secret"), "x").unwrap();
    let bucket = Bucket::new().await;
    bucket.put("a/file");
    let links = [
        (elsewhere.path().to_owned(), "out"),
        (elsewhere.path().join("secret"), "file-out"),
        ("..".into(), "a/up"),
        (bucket.path().join("a"), "inside"),
        ("nowhere".into(), "dangling"),
    ];
    for (to, name) in links {
        symlink(to, bucket.path().join(name)).unwrap();
    }
    assert_eq!(bucket.keys("").await.unwrap(), ["a/file"]);
    for prefix in [
        "out/", "out/s", "inside/", "a/up/", "../", "a/../a/", "/", "a//", "./a/",
    ] {
        assert_eq!(bucket.keys(prefix).await.unwrap(), [""; 0], "{prefix}");
    }

    // But that of the bucket itself is the user's own.
    let link = elsewhere.path().join("bucket");
    symlink(bucket.path(), &link).unwrap();
    let request = ListRequest {
        bucket: link.to_str().unwrap(),
        prefix: "",
        kind: ListingKind::Objects,
        from: StartAt::Start,
        max_keys: 1000,
        meter: &Arc::<Meter>::default(),
    };
    let mut page = Page::new();
    bucket.backend.list_page(&request, &mut page).await.unwrap();
    assert_eq!(page.keys().collect::<Vec<_>>(), [b"a/file"]);
}

#[tokio::test]
async fn what_is_ignored_is_neither_listed_nor_entered() {
    let keys = [
        "a",
        "a.tmp",
        ".hidden",
        ".snapshots/a",
        "b/.c.XyZ",
        "b/c.partial",
        "b/c.part",
        "b/c",
        "lost+found/x",
        "lost+found.txt",
        "tmp",
        "x.tmp/y",
    ];
    let bucket = Bucket::new().await;
    keys.iter().for_each(|key| bucket.put(key));
    assert_eq!(
        bucket.keys("").await.unwrap(),
        ["a", "b/c", "lost+found.txt", "tmp"]
    );
    assert_eq!(bucket.keys(".snapshots/").await.unwrap(), [""; 0]);
    assert_eq!(bucket.keys(".h").await.unwrap(), [""; 0]);
}

#[tokio::test]
async fn a_prefix_is_text() {
    let bucket = Bucket::new().await;
    let keys = ["etc", "etcd/a-1", "etcd/a-2", "etcd/a/x", "etcd-old/x"];
    keys.iter().for_each(|key| bucket.put(key));
    let too_long = format!("{}/", "x".repeat(300));
    for prefix in [
        "",
        "e",
        "etc",
        "etcd",
        "etcd/",
        "etcd/a",
        "etcd/a-1",
        "etcd/a-1/",
        "etcd/a/",
        &too_long,
        "etc/",
    ] {
        let mut expected: Vec<_> = keys.iter().filter(|key| key.starts_with(prefix)).collect();
        expected.sort();
        let found = bucket.keys(prefix).await.unwrap();
        assert!(found.iter().eq(expected), "{prefix}: {found:?}");
    }
}

#[tokio::test]
async fn folders_without_end_are_refused_by_name() {
    let bucket = Bucket::new().await;
    let deep = |folders: usize| format!("{}file", "d/".repeat(folders));
    bucket.put(&deep(255));
    assert_eq!(bucket.keys("").await.unwrap(), [deep(255)]);
    bucket.put(&deep(256));
    let (kind, text) = bucket.fails("").await;
    assert_eq!(kind, FailureKind::Protocol);
    assert!(text.contains("lies deeper than 256 folders"), "{text}");
    assert_eq!(
        bucket.keys("d/d/").await.unwrap(),
        [deep(256), deep(255)],
        "below it"
    );
}

/// Whatever the folders are like: the files that another way of walking finds.
#[tokio::test]
async fn each_file_is_listed_once_whatever_the_page() {
    let bucket = Bucket::new().await;
    let mut keys: Vec<_> = (0..300)
        .map(|n| match n % 7 {
            0 => format!("f-{n:04}"),
            1..=3 => format!("d-{}/f-{n}", n % 11),
            _ => format!("d-{}/e-{}/f-{n}", n % 5, n % 13),
        })
        .collect();
    keys.iter().for_each(|key| bucket.put(key));
    keys.sort();
    assert_eq!(bucket.keys("").await.unwrap(), keys);
    for max_keys in [1, 7, 299, 300, 301] {
        let (mut found, mut token) = (Vec::new(), None::<String>);
        loop {
            let from = token.as_deref().map_or(StartAt::Start, StartAt::Token);
            let (page, next) = bucket.page("", from, max_keys).await.unwrap();
            assert!(page.len() <= usize::from(max_keys));
            found.extend(
                page.keys()
                    .map(|key| String::from_utf8(key.to_vec()).unwrap()),
            );
            match next {
                Continuation::Token(next) => token = Some(next),
                _ => break,
            }
        }
        found.sort();
        assert_eq!(found, keys, "{max_keys} a page");
    }
}
