use s3_exporter_api::FailureKind;

use super::*;

fn numbered(count: usize) -> Vec<Upload> {
    (0..count)
        .map(|index| Upload::new(format!("backup-{index:05}"), index as u64 % 100))
        .collect()
}

/// A bucket without objects is one page without objects.
pub async fn empty_bucket(fixture: &dyn Fixture) {
    let bucket = filled(fixture, &[]).await;
    let mut lister = Lister::new(fixture, Access::Full, &bucket).await;
    assert_eq!(lister.pages("", 1000).await, [vec![]]);
    assert_eq!(lister.pages("no/such/prefix", 1000).await, [vec![]]);
}

/// A bucket that fits a page is one page.
pub async fn one_page(fixture: &dyn Fixture) {
    let uploads = numbered(7);
    let bucket = filled(fixture, &uploads).await;
    let mut lister = Lister::new(fixture, Access::Full, &bucket).await;
    let pages = lister.pages("", 1000).await.into_iter();
    let pages: Vec<_> = pages.map(|page| in_order(fixture, page)).collect();
    assert_eq!(pages, [expected(&uploads)]);
}

/// A listing that ends where a page ends has no object too few or too many.
pub async fn exact_page_multiples(fixture: &dyn Fixture) {
    let uploads = numbered(12);
    let bucket = filled(fixture, &uploads).await;
    let mut lister = Lister::new(fixture, Access::Full, &bucket).await;
    for max_keys in [1, 2, 3, 4, 6, 12] {
        let pages = lister.pages("", max_keys).await;
        let all = in_order(fixture, pages.concat());
        assert_eq!(all, expected(&uploads), "{max_keys} a page");
        // Some stores say only with an empty page that there is no more.
        let full = 12 / usize::from(max_keys);
        assert!(
            pages.len() == full || (pages.len() == full + 1 && pages[full].is_empty()),
            "{max_keys} a page: {pages:?}"
        );
    }
}

/// 2,500 objects, in three pages of the largest size.
pub async fn many_pages(fixture: &dyn Fixture) {
    let uploads = numbered(2500);
    let bucket = filled(fixture, &uploads).await;
    let mut lister = Lister::new(fixture, Access::Full, &bucket).await;
    let pages = lister.pages("", 1000).await;
    let sizes: Vec<_> = pages.iter().map(Vec::len).collect();
    assert_eq!(sizes, [1000, 1000, 500]);
    assert_eq!(in_order(fixture, pages.concat()), expected(&uploads));
}

/// In the first version of the API a listing goes on after its last key, to the same end.
pub async fn by_markers(fixture: &dyn Fixture) {
    let uploads = numbered(12);
    let bucket = filled(fixture, &uploads).await;
    let mut lister = Lister::new(fixture, Access::Faulty, &bucket).await;
    if !lister.connection.backend.capabilities().marker {
        return; // `what_it_lacks_is_refused` looks
    }
    let mut next = lister.page("backup-", StartAt::Start, 5).await.unwrap();
    let (mut all, mut pages) = (lister.objects(), 1);
    while next != Continuation::End {
        let last = all.last().map(|listed| listed.key.clone()).unwrap();
        let asked = lister.page("backup-", StartAt::Marker(&last), 5).await;
        next = asked.unwrap();
        assert!(!matches!(next, Continuation::Token(_)), "{next:?}");
        all.extend(lister.objects());
        pages += 1;
        assert!(pages < 10, "the listing does not end: {all:?}");
    }
    assert_eq!(all, expected(&uploads));
    assert_eq!(lister.attempts(), pages);
    assert_eq!(lister.faults().requests(), pages);
}

/// Of what can be listed and where a listing can begin, each that its capabilities lack is refused
/// before anything is sent, in the same words; and each that they have is not.
pub async fn what_it_lacks_is_refused(fixture: &dyn Fixture) {
    let bucket = filled(fixture, &[Upload::new("a", 1)]).await;
    let mut lister = Lister::new(fixture, Access::Full, &bucket).await;
    let can = lister.connection.backend.capabilities();
    for kind in ListingKind::ALL {
        for from in [StartAt::Start, StartAt::After("a"), StartAt::Marker("a")] {
            let sent = lister.attempts();
            let answer = lister.page_of(kind, "", from, 1000).await;
            let lacking = can.lists(kind).and_then(|()| can.starts(from)).err();
            let is_beside = matches!(
                kind,
                ListingKind::Versions | ListingKind::Uploads | ListingKind::Buckets
            );
            if matches!(kind, ListingKind::Prefixes { .. })
                && lack(fixture, Need::Folders).is_some()
            {
                continue; // `folders` looks
            }
            let Some(lacking) = lacking else {
                if !is_beside {
                    assert!(answer.is_ok(), "{kind:?} {from:?}: {answer:?}");
                } else if from != StartAt::Start {
                    assert_eq!(answer.unwrap_err().kind(), FailureKind::Internal);
                    assert_eq!(lister.attempts(), sent, "{kind:?} {from:?} was sent");
                }
                // Otherwise the backend can, and not every store.
                continue;
            };
            let error = answer.unwrap_err();
            assert_eq!(error.kind(), FailureKind::Internal);
            let text = error.to_string();
            assert!(text.contains(&lacking.to_string()), "{text}");
            let is_named = text.contains(&bucket) || kind == ListingKind::Buckets;
            assert!(is_named, "{text}");
            assert_eq!(lister.attempts(), sent, "{kind:?} {from:?} was sent");
        }
    }
}

/// Objects of size 0 are objects.
pub async fn empty_objects(fixture: &dyn Fixture) {
    let uploads = [Upload::new("empty", 0), Upload::new("full", 1)];
    let bucket = filled(fixture, &uploads).await;
    let mut lister = Lister::new(fixture, Access::Full, &bucket).await;
    assert_eq!(lister.all(fixture, "", 1000).await, expected(&uploads));
}

/// A storage class comes by the name that the store gives it.
pub async fn storage_class(fixture: &dyn Fixture) {
    let [usual, cold, colder] = fixture.classes();
    let uploads = [
        Upload::new("1", 1),
        Upload::new("2", 1).class(usual),
        Upload::new("3", 1).class(cold),
        Upload::new("4", 1).class(colder),
    ];
    let mut wanted: Vec<_> = [usual, usual, cold, colder]
        .map(|name| StorageClass::new(name.as_bytes()))
        .into();
    let bucket = match lack(fixture, Need::ColdClasses) {
        None => filled(fixture, &uploads).await,
        Some(reason) => {
            let filled_cold = fixture.fill(&uploads).await;
            assert!(filled_cold.is_err(), "it can, though {reason}");
            wanted.truncate(2);
            filled(fixture, &uploads[..2]).await
        }
    };
    let mut lister = Lister::new(fixture, Access::Full, &bucket).await;
    lister.page("", StartAt::Start, 1000).await.unwrap();
    let classes: Vec<_> = lister
        .page
        .iter()
        .map(|object| object.storage_class)
        .collect();
    assert_eq!(classes, wanted);
}

/// Sizes are exact; last-modified is when the object was put, or what the store was told.
pub async fn size_and_last_modified(fixture: &dyn Fixture) {
    const SECOND: i64 = 1000;
    let before = UnixTime::now().as_millis();
    let uploads = [Upload::new("1", 1), Upload::new("2", 65_537)];
    let bucket = filled(fixture, &uploads).await;
    let after = UnixTime::now().as_millis();
    let mut lister = Lister::new(fixture, Access::Full, &bucket).await;
    assert_eq!(lister.all(fixture, "", 1000).await, expected(&uploads));
    for object in lister.page.iter() {
        // Some stores know whole seconds only. The clock is ours in either case.
        let time = object.last_modified.as_millis();
        let range = before - SECOND..=after + SECOND;
        assert!(range.contains(&time), "{time} is not in {range:?}");
    }

    // (MinIO takes the first second of 1970 for no time at all.)
    let told = [
        1_000,
        1_582_934_400_000,
        1_709_210_096_789,
        4_102_444_799_999,
    ];
    let uploads: Vec<_> = told
        .iter()
        .map(|millis| Upload::new(format!("{millis:020}"), 1).at(UnixTime::from_millis(*millis)))
        .collect();
    let Some(reason) = lack(fixture, Need::SetTime) else {
        let bucket = filled(fixture, &uploads).await;
        let mut lister = Lister::new(fixture, Access::Full, &bucket).await;
        lister.page("", StartAt::Start, 1000).await.unwrap();
        for object in lister.page.iter() {
            let told: i64 = std::str::from_utf8(object.key).unwrap().parse().unwrap();
            assert_eq!(object.last_modified.as_millis(), told);
        }
        assert_eq!(lister.page.len(), uploads.len());
        return;
    };
    assert!(
        fixture.fill(&uploads).await.is_err(),
        "it can, though {reason}"
    );
}

/// What a page held before is gone.
pub async fn the_page_is_cleared_first(fixture: &dyn Fixture) {
    let uploads = numbered(3);
    let bucket = filled(fixture, &uploads).await;
    let mut lister = Lister::new(fixture, Access::Full, &bucket).await;
    for prefix in ["", "", "backup-00001", "none"] {
        lister.page(prefix, StartAt::Start, 1000).await.unwrap();
        let wanted: Vec<_> = expected(&uploads)
            .into_iter()
            .filter(|listed| listed.key.starts_with(prefix))
            .collect();
        assert_eq!(in_order(fixture, lister.objects()), wanted);
    }
}

/// A probe says whether there is anything, for one attempt, and knows the order that a
/// listing knows.
pub async fn probe(fixture: &dyn Fixture) {
    let bucket = filled(fixture, &numbered(3)).await;
    let lister = Lister::new(fixture, Access::Full, &bucket).await;
    let backend = &lister.connection.backend;
    for (prefix, empty) in [("", false), ("backup-00002", false), ("none", true)] {
        let probe = backend.probe(&bucket, prefix, &lister.meter).await.unwrap();
        assert_eq!(probe.empty, empty, "under {prefix:?}");
        assert_eq!(probe.order, backend.order(&bucket));
    }
    match lack(fixture, Need::RequestForPage) {
        None => assert_eq!(lister.attempts(), 3),
        Some(reason) => assert!(lister.attempts() > 3, "it is, though {reason}"),
    }
}

/// Every request is counted, and nothing else.
pub async fn attempts_are_counted(fixture: &dyn Fixture) {
    let bucket = filled(fixture, &numbered(10)).await;
    let mut lister = Lister::new(fixture, Access::Faulty, &bucket).await;
    let pages = lister.pages("", 3).await.len() as u64;
    if lack(fixture, Need::RequestForPage).is_none() {
        assert_eq!(lister.attempts(), pages);
    }
    assert_ne!(pages, 0);
    assert_eq!(lister.attempts(), lister.faults().requests());
    for kind in s3_exporter_api::FailureKind::ALL {
        assert_eq!(
            lister.meter.failures(Operation::ListObjectsV2, kind),
            0,
            "{kind}"
        );
    }
}

/// A certificate is trusted whose authority is configured.
pub async fn tls_with_a_known_authority(fixture: &dyn Fixture) {
    let uploads = numbered(3);
    let bucket = filled(fixture, &uploads).await;
    let mut lister = Lister::new(fixture, Access::TrustedTls, &bucket).await;
    assert_eq!(lister.all(fixture, "", 2).await, expected(&uploads));
}

/// All buckets, by as many pages as the store makes of them, each counted; or it is refused.
pub async fn buckets(fixture: &dyn Fixture) {
    const OPERATION: Operation = Operation::ListBuckets;
    let uploads = numbered(1);
    let mut names = [filled(fixture, &[]).await, filled(fixture, &uploads).await];
    names.sort();
    let mut lister = Lister::new(fixture, Access::Full, "").await;
    if !lister.connection.backend.capabilities().buckets {
        let asked = lister
            .page_of(ListingKind::Buckets, "", StartAt::Start, 1)
            .await;
        let error = asked.unwrap_err();
        assert_eq!(error.kind(), FailureKind::Internal, "{error}");
        assert_eq!(lister.meter.attempts(OPERATION), 0);
        return;
    }
    for max_keys in [1000, 1] {
        let (mut all, mut pages, mut token) = (Vec::new(), 0, None::<String>);
        let before = lister.meter.attempts(OPERATION);
        loop {
            let from = token.as_deref().map_or(StartAt::Start, StartAt::Token);
            // Which bucket is asked for, and below what, is of no matter.
            let next = lister
                .page_of(ListingKind::Buckets, "x/", from, max_keys)
                .await;
            all.extend(lister.objects().into_iter().map(|bucket| bucket.key));
            pages += 1;
            match next.unwrap_or_else(|error| panic!("{}", chain(&error))) {
                Continuation::End => break,
                Continuation::Token(next) => token = Some(next),
                Continuation::AfterLast => panic!("the page has no token"),
            }
        }
        assert_eq!(lister.meter.attempts(OPERATION) - before, pages);
        let found: Vec<_> = names.iter().filter(|name| all.contains(name)).collect();
        assert_eq!(
            found,
            names.iter().collect::<Vec<_>>(),
            "{max_keys} a page: {all:?}"
        );
        let mut single = all.clone();
        single.sort();
        single.dedup();
        assert_eq!(single.len(), all.len(), "one comes twice: {all:?}");
    }
    assert_eq!(lister.meter.attempts(Operation::ListObjectsV2), 0);
}

/// What keys have in common up to a `/`, each once, whatever lies beside and below; or it is refused.
pub async fn folders(fixture: &dyn Fixture) {
    let kind = ListingKind::Prefixes { delimiter: '/' };
    let keys = [
        "a",
        "t/1/x",
        "t/1/y",
        "t/2 \u{e9}/x",
        "t/3/x/y",
        "t/z",
        "u/1/x",
    ];
    let uploads: Vec<_> = keys.iter().map(|key| Upload::new(*key, 1)).collect();
    let bucket = filled(fixture, &uploads).await;
    let mut lister = Lister::new(fixture, Access::Full, &bucket).await;
    if !lister.connection.backend.capabilities().prefixes {
        let error = lister
            .page_of(kind, "", StartAt::Start, 1)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), FailureKind::Internal, "{error}");
        return;
    }
    if lack(fixture, Need::Folders).is_some() {
        let error = lister
            .page_of(kind, "", StartAt::Start, 1)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), FailureKind::Protocol, "{error}");
        return;
    }
    let expected: [(&str, &[&str]); 4] = [
        ("", &["t/", "u/"]),
        ("t/", &["t/1/", "t/2 \u{e9}/", "t/3/"]),
        ("t/2", &["t/2 \u{e9}/"]),
        ("none/", &[]),
    ];
    for (prefix, folders) in expected {
        for max_keys in [1000, 2] {
            let (mut all, mut token) = (Vec::new(), None::<String>);
            loop {
                let from = token.as_deref().map_or(StartAt::Start, StartAt::Token);
                let next = lister.page_of(kind, prefix, from, max_keys).await;
                all.extend(lister.objects().into_iter().map(|folder| folder.key));
                match next.unwrap_or_else(|error| panic!("{}", chain(&error))) {
                    Continuation::End => break,
                    Continuation::Token(next) => token = Some(next),
                    Continuation::AfterLast => panic!("the page has no token"),
                }
            }
            all.sort();
            assert_eq!(all, folders, "below {prefix:?}, {max_keys} a page");
        }
    }
}
