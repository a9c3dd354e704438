use s3_exporter_api::Order;

use super::*;

/// Keys that break what is not careful: each has been somebody's bug.
fn awkward() -> Vec<Upload> {
    let component = "x".repeat(203);
    let longest = [component.as_str(); 5].join("/") + "/end.";
    assert_eq!(longest.len(), 1024);
    [
        "a b",
        "a  b+c",
        "a%20b",
        "a%2Bb",
        "100%",
        "%",
        "a+b",
        "deep/er/and/deeper",
        "quote\"double",
        "quote'single",
        "less<than>&amp;and&",
        "line\nbreak",
        "tab\tand\rreturn",
        "colon:semi;comma,equals=at@dollar$hash#question?star*bar|",
        "(round)[square]{curly}!^`~",
        "\u{e9}t\u{e9}",
        "\u{65e5}\u{672c}\u{8a9e}/\u{30c6}\u{30b9}\u{30c8}",
        "\u{1F600}-emoji",
        "\u{7f}delete",
        "\u{a0}no-break",
        "\u{fffd}replacement",
        &longest,
    ]
    .into_iter()
    .enumerate()
    .map(|(index, key)| Upload::new(key, index as u64))
    .collect()
}

/// Any key comes back as it was put, and a listing goes on after it, by its token and by
/// itself.
pub async fn awkward_keys(fixture: &dyn Fixture) {
    let uploads = awkward();
    let bucket = filled(fixture, &uploads).await;
    let mut lister = Lister::new(fixture, Access::Full, &bucket).await;
    let expected = expected(&uploads);
    assert_eq!(lister.all(fixture, "", 1000).await, expected);
    assert_eq!(lister.all(fixture, "", 1).await, expected, "one a page");
    for listed in &expected {
        let under = lister.all(fixture, &listed.key, 1000).await;
        assert!(under.contains(listed), "under its own key: {listed:?}");
    }
    if let Some(reason) = lack(fixture, Need::OrderAboveFfff) {
        let pages = lister.pages("", 1000).await;
        assert!(
            !pages.concat().is_sorted(),
            "these are sorted, though {reason}"
        );
    } else if lister.connection.backend.capabilities().start_after
        && lack(fixture, Need::ByteOrder).is_none()
    {
        for (index, listed) in expected.iter().enumerate() {
            let from = StartAt::After(&listed.key);
            lister.page("", from, 1000).await.unwrap();
            assert_eq!(lister.objects(), expected[index + 1..], "after {listed:?}");
        }
    }
}

/// Keys with characters that an XML document can't hold, not even escaped.
pub async fn keys_that_xml_cannot_hold(fixture: &dyn Fixture) {
    let uploads =
        ["a\u{1}b", "a\u{1b}[31mb", "a\u{ffff}b", "a\u{10ffff}b"].map(|key| Upload::new(key, 1));
    let filled = fixture.fill(&uploads).await;
    let bucket = match (filled, lack(fixture, Need::AnyCharacter)) {
        (Ok(bucket), None) => bucket,
        (Ok(bucket), Some(reason)) => {
            let mut lister = Lister::new(fixture, Access::Full, &bucket).await;
            let pages = lister.try_pages("", 1).await;
            let right = pages.is_ok_and(|pages| pages.concat() == expected(&uploads));
            assert!(!right, "it can, though {reason}");
            return;
        }
        (Err(error), _) => panic!("{error}"),
    };
    let mut lister = Lister::new(fixture, Access::Full, &bucket).await;
    assert_eq!(lister.all(fixture, "", 1000).await, expected(&uploads));
    assert_eq!(lister.all(fixture, "", 1).await, expected(&uploads));
}

/// A key of 1,024 bytes without a `/`.
pub async fn long_component(fixture: &dyn Fixture) {
    let uploads = [Upload::new("k".repeat(1024), 1), Upload::new("short", 2)];
    let filled = fixture.fill(&uploads).await;
    if let Some(reason) = lack(fixture, Need::LongComponents) {
        assert!(filled.is_err(), "it can, though the fixture says: {reason}");
        return;
    }
    let bucket = filled.unwrap();
    let mut lister = Lister::new(fixture, Access::Full, &bucket).await;
    assert_eq!(lister.all(fixture, "", 1).await, expected(&uploads));
}

/// `After` a key begins at the next one, with and without a prefix. A store that can't
/// must not claim the order.
pub async fn start_after_is_exclusive(fixture: &dyn Fixture) {
    let keys = ["a-b", "a.c", "a/x", "a/y/z", "a0", "b/z", "b0", "c"];
    let uploads = keys.map(|key| Upload::new(key, 1));
    let bucket = filled(fixture, &uploads).await;
    let mut lister = Lister::new(fixture, Access::Full, &bucket).await;
    if !has_order(fixture, &mut lister, &bucket).await {
        return;
    }
    let keys_of = |lister: &Lister| -> Vec<String> {
        lister
            .objects()
            .into_iter()
            .map(|listed| listed.key)
            .collect()
    };
    for (index, key) in keys.iter().enumerate() {
        let next = lister.page("", StartAt::After(key), 1000).await.unwrap();
        assert_eq!(keys_of(&lister), keys[index + 1..], "after {key}");
        assert_eq!(next, Continuation::End);
    }
    lister.page("a", StartAt::After("a/x"), 1000).await.unwrap();
    assert_eq!(keys_of(&lister), ["a/y/z", "a0"]);
    lister.page("b", StartAt::After("a"), 1000).await.unwrap();
    assert_eq!(keys_of(&lister), ["b/z", "b0"]);
    lister.page("a", StartAt::After("b/z"), 1000).await.unwrap();
    assert!(lister.page.is_empty());

    // And it goes on by tokens from there.
    let next = lister.page("", StartAt::After("a.c"), 2).await.unwrap();
    assert_eq!(keys_of(&lister), ["a/x", "a/y/z"]);
    let Continuation::Token(token) = next else {
        panic!("more is left than {keys:?}")
    };
    lister.page("", StartAt::Token(&token), 1000).await.unwrap();
    assert_eq!(keys_of(&lister), ["a0", "b/z", "b0", "c"]);
}

/// A key to start after need not exist: split points are made up.
pub async fn start_after_a_key_that_is_not_there(fixture: &dyn Fixture) {
    let keys = ["a-b", "a/1", "a/2", "a0", "b", "\u{e9}/1", "\u{65e5}"];
    let uploads = keys.map(|key| Upload::new(key, 1));
    let bucket = filled(fixture, &uploads).await;
    let mut lister = Lister::new(fixture, Access::Full, &bucket).await;
    if !has_order(fixture, &mut lister, &bucket).await {
        return;
    }
    let made_up = [
        "0",
        "A",
        "a",
        "a/",
        "a/1a",
        "a/2/3",
        "a/~",
        "a//",
        "a!",
        "b b",
        "b+",
        "b%20",
        "zz",
        "\u{e9}",
        "\u{e9}/\u{e9}",
        "\u{65e4}",
        "\u{1F600}",
    ];
    for key in made_up {
        lister.page("", StartAt::After(key), 1000).await.unwrap();
        let listed: Vec<_> = lister.objects().into_iter().map(|o| o.key).collect();
        let rest: Vec<_> = keys.iter().filter(|k| **k > key).copied().collect();
        assert_eq!(listed, rest, "after {key:?}");
    }
}

/// Whether the store's order is what ranges need. One that lacks it must not claim it.
async fn has_order(fixture: &dyn Fixture, lister: &mut Lister, bucket: &str) -> bool {
    lister.page("", StartAt::Start, 1000).await.unwrap();
    let Some(reason) = lack(fixture, Need::ByteOrder) else {
        return true;
    };
    let order = lister.connection.backend.order(bucket);
    let is_claimed = matches!(order, Order::Utf8 | Order::Utf8ByFolder);
    assert!(!is_claimed, "claimed, though {reason}");
    let sorted = lister.objects().is_sorted();
    assert!(
        !sorted,
        "these are sorted, though {reason}: {:?}",
        lister.objects()
    );
    false
}

/// Only keys under the prefix, which is text and not a folder.
pub async fn prefix(fixture: &dyn Fixture) {
    let keys = [
        "etcd/a-1",
        "etcd/a-2",
        "etcd/b 1",
        "etcd/b+1",
        "etcd/b%1",
        "etcd-old/x",
        "etc",
        "f\u{e9}/1",
    ];
    let uploads = keys.map(|key| Upload::new(key, 1));
    let bucket = filled(fixture, &uploads).await;
    let mut lister = Lister::new(fixture, Access::Full, &bucket).await;
    let prefixes = [
        "etc", "etcd", "etcd/", "etcd/a", "etcd/a-1", "etcd/b ", "etcd/b+", "etcd/b%", "f",
        "f\u{e9}", "f\u{e9}/", "g",
    ];
    for prefix in prefixes {
        let wanted: Vec<_> = expected(&uploads)
            .into_iter()
            .filter(|listed| listed.key.starts_with(prefix))
            .collect();
        // Not 1 a page: MinIO, asked for one object under a prefix that is itself a key,
        // gives that object and says that there is no more.
        for max_keys in [2, 1000] {
            let listed = lister.all(fixture, prefix, max_keys).await;
            assert_eq!(listed, wanted, "under {prefix:?}, {max_keys} a page");
        }
    }
}
