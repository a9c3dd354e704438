//! What is not there, or comes and goes while it is walked.

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::Arc;

use s3_exporter_api::{
    Continuation, FailureKind, ListRequest, ListingKind, Meter, Page, StartAt, chain,
};

use super::Bucket;

/// A folder that becomes a link while it is walked is not entered by it.
#[tokio::test]
async fn a_folder_that_is_replaced_by_a_link_out_meanwhile_is_not_followed() {
    let elsewhere = tempfile::tempdir().unwrap();
    fs::write(elsewhere.path().join("secret"), "x").unwrap();
    for _ in 0..20 {
        let bucket = Bucket::new().await;
        (0..4).for_each(|n| bucket.put(&format!("{n}/file")));
        let (_, next) = bucket.page("", StartAt::Start, 1).await.unwrap();
        let Continuation::Token(token) = next else {
            panic!("{next:?}")
        };
        for n in 0..4 {
            let folder = bucket.path().join(n.to_string());
            fs::remove_dir_all(&folder).unwrap();
            symlink(elsewhere.path(), &folder).unwrap();
        }
        let rest = bucket.keys_from("", StartAt::Token(&token)).await.unwrap();
        assert_eq!(rest, [""; 0]);
    }
}

#[tokio::test]
async fn what_vanishes_while_it_is_walked_is_no_failure() {
    let bucket = Bucket::new().await;
    for n in 0..10 {
        bucket.put(&format!("file-{n}"));
        bucket.put(&format!("folder-{n}/file"));
    }
    let (page, next) = bucket.page("", StartAt::Start, 1).await.unwrap();
    let Continuation::Token(token) = next else {
        panic!("{next:?}")
    };
    assert_eq!(page.len(), 1);
    // What was read of the folder, and not looked at yet, is gone.
    for entry in fs::read_dir(bucket.path()).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => fs::remove_dir_all(path).unwrap(),
            false => fs::remove_file(path).unwrap(),
        }
    }
    let rest = bucket.keys_from("", StartAt::Token(&token)).await.unwrap();
    assert_eq!(rest, [""; 0]);
}

#[tokio::test]
async fn a_bucket_that_is_another_at_the_end_is_a_failure() {
    for is_there in [true, false] {
        let bucket = Bucket::new().await;
        (0..10).for_each(|n| bucket.put(&n.to_string()));
        let (_, next) = bucket.page("", StartAt::Start, 1).await.unwrap();
        let Continuation::Token(token) = next else {
            panic!("{next:?}")
        };
        let aside = bucket.path().with_extension("aside");
        fs::rename(bucket.path(), &aside).unwrap();
        if is_there {
            fs::create_dir(bucket.path()).unwrap();
        }
        let rest = bucket.keys_from("", StartAt::Token(&token)).await;
        fs::remove_dir_all(&aside).unwrap();
        let error = rest.unwrap_err();
        let expected = match is_there {
            true => (FailureKind::Unavailable, "leads to another folder"),
            false => (FailureKind::NotFound, "is not there"),
        };
        assert_eq!(error.kind(), expected.0, "{error}");
        assert!(error.to_string().contains(expected.1), "{error}");
    }
}

#[tokio::test]
async fn a_bucket_that_is_none_is_named() {
    let bucket = Bucket::new().await;
    let empty = bucket.fails("").await;
    assert_eq!(empty.0, FailureKind::NotFound);
    assert!(
        empty
            .1
            .contains("the folder is empty, as that of a disk which is not mounted"),
        "{}",
        empty.1
    );
    assert_eq!(bucket.fails("a/b").await.0, FailureKind::NotFound);
    bucket.put(".hidden");
    assert_eq!(
        bucket.keys("").await.unwrap(),
        [""; 0],
        "there is something, and no object"
    );

    for (name, says) in [("missing", "is not there"), ("file", "is no folder")] {
        bucket.put("file");
        let path = bucket.path().join(name);
        let request = ListRequest {
            bucket: path.to_str().unwrap(),
            prefix: "",
            kind: ListingKind::Objects,
            from: StartAt::Start,
            max_keys: 1000,
            meter: &Arc::<Meter>::default(),
        };
        let error = bucket
            .backend
            .list_page(&request, &mut Page::new())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), FailureKind::NotFound);
        let text = chain(&error);
        assert!(
            text.contains(says) && text.contains(path.to_str().unwrap()),
            "{text}"
        );
    }
}

#[tokio::test]
async fn without_its_marker_a_bucket_is_not_mounted() {
    let bucket = Bucket::with(&[("marker", "repo/config")]).await;
    bucket.put("written-while-it-was-not-mounted");
    let (kind, text) = bucket.fails("").await;
    assert_eq!(kind, FailureKind::NotFound);
    assert!(
        text.contains("the marker \"repo/config\" is not there"),
        "{text}"
    );
    bucket.put("repo/config");
    assert_eq!(
        bucket.keys("").await.unwrap(),
        ["repo/config", "written-while-it-was-not-mounted"]
    );
    assert_eq!(bucket.keys("none/").await.unwrap(), [""; 0]);

    // Nor if it goes meanwhile.
    let (_, next) = bucket.page("", StartAt::Start, 1).await.unwrap();
    let Continuation::Token(token) = next else {
        panic!("{next:?}")
    };
    fs::remove_file(bucket.path().join("repo/config")).unwrap();
    let rest = bucket.keys_from("", StartAt::Token(&token)).await;
    assert_eq!(rest.unwrap_err().kind(), FailureKind::NotFound);
}
