use std::time::Duration;

use s3_exporter_api::FailureKind;

use super::*;
use crate::Fault;

const BUCKET_THAT_IS_NOT_THERE: &str = "no-such-bucket";

/// The listing fails of `kind`, says which bucket and no secret, and every attempt that
/// failed is counted as such.
async fn fails(fixture: &dyn Fixture, lister: &mut Lister, kind: FailureKind) {
    let error = match lister.page("", StartAt::Start, 1000).await {
        Err(error) => error,
        Ok(next) => panic!("{:?} and {next:?} instead of {kind}", lister.objects()),
    };
    let text = chain(&error);
    assert_eq!(error.kind(), kind, "{text}");
    assert!(
        text.contains(&lister.bucket),
        "the bucket is not named: {text}"
    );
    let debug = format!("{error:?}");
    for secret in fixture.secrets() {
        assert!(!text.contains(secret), "a secret is told: {text}");
        assert!(!debug.contains(secret), "a secret is told: {debug}");
    }
    assert_ne!(lister.attempts(), 0);
    assert_eq!(
        lister.meter.failures(Operation::ListObjectsV2, kind),
        lister.attempts(),
        "attempts that failed of {kind}"
    );
    if let Some(faults) = &lister.connection.faults {
        assert_eq!(
            lister.attempts(),
            faults.requests(),
            "attempts and requests"
        );
    }
}

async fn refused(fixture: &dyn Fixture, access: Access, kind: FailureKind) {
    let bucket = filled(fixture, &[Upload::new("a", 1)]).await;
    let mut lister = Lister::new(fixture, access, &bucket).await;
    fails(fixture, &mut lister, kind).await;
}

/// Fails for good, then heals, with the same backend.
async fn broken(fixture: &dyn Fixture, fault: Fault, kind: FailureKind) {
    let uploads: Vec<_> = (0..50)
        .map(|n| Upload::new(format!("key-{n:02}"), n))
        .collect();
    let bucket = filled(fixture, &uploads).await;
    let mut lister = Lister::new(fixture, Access::Faulty, &bucket).await;
    lister.faults().always(Some(fault));
    fails(fixture, &mut lister, kind).await;
    lister.faults().always(None);
    assert_eq!(lister.all(fixture, "", 1000).await, expected(&uploads));
}

/// A user without the right to list.
pub async fn denied(fixture: &dyn Fixture) {
    refused(fixture, Access::Denied, FailureKind::Denied).await;
}

/// A bucket that does not exist.
pub async fn missing_bucket(fixture: &dyn Fixture) {
    let mut lister = Lister::new(fixture, Access::Full, BUCKET_THAT_IS_NOT_THERE).await;
    fails(fixture, &mut lister, FailureKind::NotFound).await;
}

/// An access key that the store does not know.
pub async fn unknown_key(fixture: &dyn Fixture) {
    refused(fixture, Access::UnknownKey, FailureKind::Credentials).await;
}

/// A signature that is not right.
pub async fn wrong_secret(fixture: &dyn Fixture) {
    refused(fixture, Access::WrongSecret, FailureKind::Credentials).await;
}

/// Nobody listens.
pub async fn unreachable(fixture: &dyn Fixture) {
    refused(fixture, Access::Unreachable, FailureKind::Connect).await;
}

/// A certificate of an authority that nobody told us.
pub async fn tls_refused(fixture: &dyn Fixture) {
    refused(fixture, Access::UntrustedTls, FailureKind::Tls).await;
}

/// The connection ends in the middle of an answer.
pub async fn connection_cut_in_a_page(fixture: &dyn Fixture) {
    broken(fixture, Fault::Cut, FailureKind::Connect).await;
}

/// An answer that is whole to HTTP and ends in the middle of the document.
pub async fn document_cut_short(fixture: &dyn Fixture) {
    broken(fixture, Fault::Truncate, FailureKind::Protocol).await;
}

/// 200 with a page for people, as a captive portal gives it.
pub async fn not_a_listing(fixture: &dyn Fixture) {
    let portal = Fault::Answer {
        status: 200,
        headers: vec![("content-type".to_owned(), "text/html".to_owned())],
        body: "<!DOCTYPE html><html><body>Please log in</body></html>".into(),
    };
    broken(fixture, portal, FailureKind::Protocol).await;
}

/// The store says once to ask less: asked again it answers, and both attempts count.
pub async fn throttled_and_then_well(fixture: &dyn Fixture) {
    let uploads = [Upload::new("a", 1)];
    let bucket = filled(fixture, &uploads).await;
    let mut lister = Lister::new(fixture, Access::Faulty, &bucket).await;
    lister.faults().next([Some(fixture.throttled())]);
    if let Some(reason) = lack(fixture, Need::Retries) {
        let error = lister.page("", StartAt::Start, 1000).await.unwrap_err();
        assert_eq!(error.kind(), FailureKind::Throttled, "{reason}");
        return;
    }
    assert_eq!(lister.all(fixture, "", 1000).await, expected(&uploads));
    let throttled = lister
        .meter
        .failures(Operation::ListObjectsV2, FailureKind::Throttled);
    assert_eq!(throttled, 1);
    assert_eq!(lister.faults().requests(), lister.attempts());
    if lack(fixture, Need::RequestForPage).is_none() {
        assert_eq!(lister.attempts(), 2);
    }
}

/// The store says to ask less, again and again.
pub async fn throttled_for_good(fixture: &dyn Fixture) {
    broken(fixture, fixture.throttled(), FailureKind::Throttled).await;
}

/// The store is ill.
pub async fn unavailable(fixture: &dyn Fixture) {
    broken(fixture, fixture.unavailable(), FailureKind::Unavailable).await;
}

/// A call that is dropped in the middle of an answer leaves a backend and a page that
/// are of use.
pub async fn dropped_in_the_middle(fixture: &dyn Fixture) {
    let uploads: Vec<_> = (0..50)
        .map(|n| Upload::new(format!("key-{n:02}"), n))
        .collect();
    let bucket = filled(fixture, &uploads).await;
    let mut lister = Lister::new(fixture, Access::Faulty, &bucket).await;
    let faults = lister.faults().clone();
    for (round, fault) in [Fault::Stall, Fault::Silence].into_iter().enumerate() {
        faults.next([Some(fault)]);
        tokio::select! {
            result = lister.page("", StartAt::Start, 1000) => panic!("{result:?} in the middle"),
            () = faults.stalled(round as u64 + 1) => (),
        }
        assert_eq!(lister.all(fixture, "", 1000).await, expected(&uploads));
    }
}

/// Calls that are dropped at moments of all kinds: before they began, while the
/// connection is made, while the answer comes.
pub async fn dropped_at_any_moment(fixture: &dyn Fixture) {
    let uploads: Vec<_> = (0..50)
        .map(|n| Upload::new(format!("key-{n:02}"), n))
        .collect();
    let bucket = filled(fixture, &uploads).await;
    let mut lister = Lister::new(fixture, Access::Full, &bucket).await;
    for micros in (0..40).map(|step| step * step * 10) {
        let moment = tokio::time::sleep(Duration::from_micros(micros));
        tokio::select! {
            biased;
            _ = lister.page("", StartAt::Start, 1000) => (),
            () = moment => (),
        }
    }
    assert_eq!(lister.all(fixture, "", 1000).await, expected(&uploads));
}
