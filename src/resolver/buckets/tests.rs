use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use s3_exporter_api::{
    Backend, Capabilities, Continuation, FailureKind, ListRequest, Object, Order, Page,
    StorageClass, UnixTime,
};

use super::*;
use crate::resolver::{Resolution, ResolverHandle, channel};

/// A store of buckets with folders, some of whose lists fail.
#[derive(Clone, Debug, Default)]
struct Folders(Arc<Mutex<Content>>);

#[derive(Debug, Default)]
struct Content {
    /// The folders of each bucket.
    buckets: BTreeMap<String, Vec<String>>,
    /// Buckets that cannot be listed; without a name, the list of all.
    failing: BTreeMap<String, FailureKind>,
    /// The buckets that were listed, as above.
    asked: Vec<String>,
}

impl Folders {
    /// Each of these buckets has a folder of its own name.
    fn of(buckets: &[&str]) -> Self {
        let folders = Self::default();
        for bucket in buckets {
            let folder = format!("t/{bucket}/");
            let mut content = folders.content();
            content.buckets.insert((*bucket).to_owned(), vec![folder]);
        }
        folders
    }

    fn fail(&self, bucket: &str, kind: FailureKind) {
        self.content().failing.insert(bucket.to_owned(), kind);
    }

    fn fail_no_more(&self) {
        self.content().failing.clear();
    }

    /// What a resolver finds there, and which buckets it asks for.
    async fn look(
        &self,
        resolver: &BucketsResolver,
        known: Option<&Places>,
        after: Option<&Place>,
    ) -> (Look, Vec<String>) {
        let store = Store::new(Arc::new(self.clone()), 1);
        let look = resolver.look(&store, &Arc::default(), known, after).await;
        (look, std::mem::take(&mut self.content().asked))
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who asks for the folders of these buckets.
    fn resolver(&self, buckets: &[&str]) -> BucketsResolver {
        BucketsResolver {
            backend: "b".into(),
            connect: Arc::new(self.clone()),
            fingerprint: Fingerprint::default(),
            interval: Duration::from_secs(3600),
            lists_buckets: false,
            folders: vec![FolderQuestion {
                buckets: buckets.iter().map(|bucket| Arc::from(*bucket)).collect(),
                patterns: None,
                heads: vec!["t/".into()],
            }],
        }
    }
}

#[async_trait]
impl Connect for Folders {
    fn store_url(&self) -> String {
        "folders:".to_owned()
    }

    async fn connect(&self) -> Result<Arc<dyn Backend>, BackendError> {
        Ok(Arc::new(self.clone()))
    }
}

#[async_trait]
impl Backend for Folders {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            prefixes: true,
            buckets: true,
            ..Capabilities::OBJECTS
        }
    }

    fn order(&self, _: &str) -> Order {
        Order::Utf8
    }

    async fn list_page(
        &self,
        request: &ListRequest<'_>,
        page: &mut Page,
    ) -> Result<Continuation, BackendError> {
        page.clear();
        let mut content = self.content();
        content.asked.push(request.bucket.to_owned());
        if let Some(kind) = content.failing.get(request.bucket) {
            let reason = "told to fail";
            return Err(BackendError::new(*kind, request.action("folders:"), reason));
        }
        let names = match request.kind {
            ListingKind::Buckets => content.buckets.keys().cloned().collect(),
            _ => content.buckets[request.bucket].clone(),
        };
        for name in names {
            page.push(Object {
                key: name.as_bytes(),
                size: 0,
                last_modified: UnixTime::from_millis(0),
                storage_class: StorageClass::STANDARD,
            });
        }
        Ok(Continuation::End)
    }
}

/// What is known once it is as it should be, while the resolver runs.
async fn until(
    resolver: &BucketsResolver,
    publisher: &Publisher,
    handle: &mut ResolverHandle,
    fits: impl FnMut(&Resolution) -> bool,
) -> Resolution {
    tokio::select! {
        () = resolver.run(publisher) => unreachable!("it never ends"),
        now = handle.resolution.wait_for(fits) => now.unwrap().clone(),
    }
}

/// The folders that are known, of all buckets.
fn folders(now: &Resolution) -> Vec<&str> {
    let Some(Discovered::Places(places)) = now.discovered.as_deref() else {
        return Vec::new();
    };
    let all = places.folders.values().flatten();
    all.map(|folder| &**folder).collect()
}

fn fails(now: &Resolution) -> bool {
    let failure = now.failure.as_deref();
    failure.is_some_and(|failure| failure.contains("told to fail"))
}

/// A reload that asks for more, and a list that fails just then, take nothing away that is known.
#[tokio::test]
async fn what_was_known_before_a_reload_stays_where_it_cannot_be_listed() {
    let store = Folders::of(&["a", "b", "c"]);
    let (publisher, mut handle) = channel("buckets:b");
    let before = store.resolver(&["a", "b"]);
    let now = until(&before, &publisher, &mut handle, Resolution::is_success).await;
    assert_eq!(folders(&now), ["t/a/", "t/b/"]);

    publisher.renew();
    store.fail("b", FailureKind::Unavailable);
    let after = store.resolver(&["a", "b", "c"]);
    let now = until(&after, &publisher, &mut handle, fails).await;
    assert_eq!(folders(&now), ["t/a/", "t/b/", "t/c/"]);

    // What nobody asks for any more is gone.
    publisher.renew();
    let after = store.resolver(&["b", "c"]);
    let now = until(&after, &publisher, &mut handle, fails).await;
    assert_eq!(folders(&now), ["t/b/", "t/c/"]);
}

fn place(bucket: &str) -> Place {
    (bucket.into(), "t/".into())
}

/// Each list would be waited for in vain. The next look begins with those that were left out, so that one
/// folder that takes too long each time keeps no other from its turn.
#[tokio::test]
async fn where_the_store_does_not_answer_no_more_is_asked_for() {
    for kind in [FailureKind::Timeout, FailureKind::Connect] {
        let store = Folders::of(&["a", "b", "c", "d"]);
        let resolver = store.resolver(&["a", "b", "c", "d"]);
        store.fail("b", kind);
        let (first, asked) = store.look(&resolver, None, None).await;
        assert_eq!(asked, ["a", "b"]);
        assert_eq!(first.given_up, Some(place("b")));
        let fault = first.fault().unwrap();
        let put_off = "told to fail; 2 lists of folders were not asked for after that";
        assert!(fault.ends_with(put_off), "{fault}");
        let known = first.places.unwrap();
        assert_eq!(known.folders.keys().collect::<Vec<_>>(), [&place("a")]);

        let (second, asked) = store
            .look(&resolver, Some(&known), first.given_up.as_ref())
            .await;
        assert_eq!(asked, ["c", "d", "a", "b"]);
        assert_eq!(second.given_up, Some(place("b")));
        assert!(second.fault().unwrap().ends_with("told to fail"));
        assert_eq!(second.places.unwrap().folders.len(), 3);
    }
    // It answers, be it with no.
    let store = Folders::of(&["a", "b"]);
    store.fail("a", FailureKind::Denied);
    let (look, asked) = store.look(&store.resolver(&["a", "b"]), None, None).await;
    assert_eq!(asked, ["a", "b"]);
    assert_eq!(look.given_up, None);
}

/// Whether something is missing that was never known: as much as half of the destinations, after a restart.
#[tokio::test]
async fn it_is_whole_once_each_list_was_there() {
    let store = Folders::of(&["a", "b", "c"]);
    let two = store.resolver(&["a", "b"]);
    store.fail("b", FailureKind::Unavailable);
    let (look, _) = store.look(&two, None, None).await;
    let part = look.places.unwrap();
    assert!(!part.was_whole);
    let (look, _) = store.look(&two, Some(&part), None).await;
    assert!(!look.places.unwrap().was_whole, "it was never listed");
    store.fail_no_more();
    let (look, _) = store.look(&two, Some(&part), None).await;
    let whole = look.places.unwrap();
    assert!(whole.was_whole);
    // What comes later, and what fails later, takes nothing away.
    store.fail("b", FailureKind::Unavailable);
    store.fail("c", FailureKind::Unavailable);
    let three = store.resolver(&["a", "b", "c"]);
    let (look, _) = store.look(&three, Some(&whole), None).await;
    assert!(look.places.unwrap().was_whole);

    // The same where the list of buckets is there, and no list of folders is.
    let patterns = BucketsResolver {
        lists_buckets: true,
        folders: vec![FolderQuestion {
            buckets: Vec::new(),
            patterns: Some(BucketPatterns::new(vec!["*".to_owned()]).unwrap()),
            heads: vec!["t/".into()],
        }],
        ..store.resolver(&[])
    };
    store.fail("a", FailureKind::Unavailable);
    let (look, asked) = store.look(&patterns, None, None).await;
    assert_eq!(asked, ["", "a", "b", "c"]);
    assert!(!look.places.unwrap().was_whole);
    store.fail_no_more();
    let (look, _) = store.look(&patterns, None, None).await;
    assert!(look.places.unwrap().was_whole);
}
