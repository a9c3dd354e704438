//! What the Azure backend does beyond the conformance suite.
#![allow(clippy::unwrap_used)] // a test that can't go on ends with the place where it happened

use std::sync::Arc;

use s3_exporter_api::{
    Backend, BackendError, Continuation, FailureKind, ListRequest, ListingKind, Meter, Operation,
    Order, Page, StartAt, chain,
};
use s3_exporter_azure::PLUGIN;
use s3_exporter_testkit::conformance::connect;
use s3_exporter_testkit::{Fault, Proxy};

/// A store that gives this answer to whatever it is asked.
fn store(status: u16, body: &str) -> Proxy {
    let proxy = Proxy::start("http://127.0.0.1:1");
    proxy.faults().always(Some(Fault::Answer {
        status,
        headers: vec![("content-type".to_owned(), "application/xml".to_owned())],
        body: body.to_owned().into(),
    }));
    proxy
}

fn page_of(names: &[&str], marker: &str) -> String {
    let blobs: String = names
        .iter()
        .map(|name| {
            format!(
                "<Blob><Name>{name}</Name><Properties><Last-Modified>Sun, 06 Nov 1994 08:49:37 \
                 GMT</Last-Modified><Content-Length>1</Content-Length></Properties></Blob>"
            )
        })
        .collect();
    format!(
        "<?xml version=\"1.0\"?><EnumerationResults><Blobs>{blobs}</Blobs>\
         <NextMarker>{marker}</NextMarker></EnumerationResults>"
    )
}

async fn backend(store: &Proxy, more: &[(&str, &str)]) -> Arc<dyn Backend> {
    let endpoint = format!("{}/backups", store.endpoint());
    let mut section = vec![("account", "backups"), ("endpoint", &*endpoint)];
    section.extend(more);
    connect(&PLUGIN, &section).await.unwrap()
}

/// A page from there on: how it goes on, its keys, and the attempts that it took.
async fn list(
    backend: &Arc<dyn Backend>,
    from: StartAt<'_>,
) -> Result<(Continuation, Vec<String>, u64), BackendError> {
    let meter = Arc::new(Meter::default());
    let request = ListRequest {
        bucket: "bucket",
        prefix: "",
        kind: ListingKind::Objects,
        from,
        max_keys: 1000,
        meter: &meter,
    };
    let mut page = Page::new();
    let next = backend.list_page(&request, &mut page).await?;
    let keys = page
        .keys()
        .map(|key| String::from_utf8(key.to_vec()).unwrap());
    let attempts = meter.attempts(Operation::ListObjectsV2);
    Ok((next, keys.collect(), attempts))
}

/// `startFrom` begins with the name itself, which is left out.
#[tokio::test]
async fn a_page_begins_after_its_name() {
    let answer = page_of(&["b", "c"], "token");
    let store = store(200, &answer);
    let backend = backend(&store, &[("anonymous", "true"), ("ordered", "true")]).await;
    assert_eq!(backend.order("bucket"), Order::Utf8);
    let token = Continuation::Token("token".to_owned());
    for (after, keys) in [("b", &["c"][..]), ("ab", &["b", "c"])] {
        let (next, found, attempts) = list(&backend, StartAt::After(after)).await.unwrap();
        assert_eq!((&next, attempts), (&token, 1));
        assert_eq!(found, keys, "after {after}");
    }
    assert_eq!(backend.order("bucket"), Order::Utf8);
}

/// A store that does not know `startFrom` gives the first page again: that is not believed.
#[tokio::test]
async fn a_store_that_knows_no_start() {
    let store = store(200, &page_of(&["a", "b", "c"], ""));
    let backend = backend(&store, &[("anonymous", "true"), ("ordered", "true")]).await;
    let error = list(&backend, StartAt::After("b")).await.unwrap_err();
    assert_eq!(error.kind(), FailureKind::Protocol);
    let text = chain(&error);
    assert!(text.contains("the store knows no `startFrom`"), "{text}");
    assert!(text.contains("set `ordered = false`"), "{text}");
    assert_eq!(store.faults().requests(), 1, "it is not tried again");
    assert_eq!(backend.order("bucket"), Order::Other);
    let (next, keys, _) = list(&backend, StartAt::Start).await.unwrap();
    assert_eq!((next, keys.len()), (Continuation::End, 3));
}

/// Where nobody says that ranges of names are safe, none is asked for.
#[tokio::test]
async fn without_an_order_nothing_is_listed_in_parts() {
    let store = store(200, &page_of(&["a"], ""));
    let backend = backend(&store, &[("anonymous", "true")]).await;
    assert!(!backend.capabilities().start_after);
    let error = list(&backend, StartAt::After("a")).await.unwrap_err();
    assert_eq!(error.kind(), FailureKind::Internal);
    assert_eq!(store.faults().requests(), 0);
    assert_eq!(list(&backend, StartAt::Start).await.unwrap().2, 1);
    assert_eq!(backend.order("bucket"), Order::Other);
}

/// What Azure itself answers, where Azurite answers otherwise.
#[tokio::test]
async fn answers_of_azure_itself() {
    use FailureKind::*;
    let key = [("account_key", "aGlkZGVuLWtleQ==")];
    let anonymous = [("anonymous", "true")];
    for (status, code, message, login, kind, says) in [
        (
            403,
            "AuthenticationFailed",
            "Server failed to authenticate the request.",
            &key,
            Credentials,
            "check `account` and `account_key`, and this machine's clock",
        ),
        (
            403,
            "AuthorizationFailure",
            "This request is not authorized to perform this operation.",
            &key,
            Denied,
            "allow this machine's network",
        ),
        (
            403,
            "KeyBasedAuthenticationNotPermitted",
            "",
            &key,
            Credentials,
            "the account takes no keys",
        ),
        (
            409,
            "PublicAccessNotPermitted",
            "",
            &anonymous,
            Credentials,
            "give `account_key`, `sas_token` or another way to log in",
        ),
        (
            404,
            "ResourceNotFound",
            "",
            &anonymous,
            Credentials,
            "or log in",
        ),
        (
            404,
            "ContainerNotFound",
            "",
            &key,
            NotFound,
            "no such container",
        ),
        (404, "", "", &key, Protocol, "the address of a Blob service"),
    ] {
        let body = match code {
            "" => "<html>not here</html>".to_owned(),
            code => format!(
                "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{code}</Code><Message>{message}\nRequestId:1</Message></Error>"
            ),
        };
        let store = store(status, &body);
        let backend = backend(&store, login).await;
        let error = list(&backend, StartAt::Start).await.unwrap_err();
        let text = chain(&error);
        assert_eq!(error.kind(), kind, "{text}");
        assert!(text.contains(says), "{text}");
        assert!(text.contains("container \"bucket\""), "{text}");
        assert!(!format!("{error:?}{text}").contains("aGlkZGVu"), "{text}");
        assert_eq!(store.faults().requests(), 1, "{code} is not tried again");
    }
}

/// 503 `ServerBusy` is how Azure throttles.
#[tokio::test]
async fn a_busy_server_is_asked_again() {
    let store = store(200, &page_of(&["a"], ""));
    let busy = Fault::error(503, "ServerBusy", "Egress is over the account limit.");
    store.faults().next([Some(busy)]);
    let backend = backend(&store, &[("anonymous", "true")]).await;
    let (_, keys, attempts) = list(&backend, StartAt::Start).await.unwrap();
    assert_eq!((keys.len(), attempts), (1, 2));
}
