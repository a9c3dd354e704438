use super::election::Record;
use super::*;

const DURATION: Duration = Duration::from_secs(15);
const LONG: Duration = Duration::from_secs(3600);

fn candidate(works: bool) -> (Candidate, Leadership) {
    let of = Lease {
        name: "a".to_owned(),
        namespace: None,
        duration: DURATION,
        kubeconfig: None,
        context: None,
    };
    let (told, leads) = watch::channel(false);
    let works = watch::Sender::new(works);
    let candidate = Candidate {
        election: Election::new("own".to_owned(), DURATION),
        holder: Holder::new(of.clone()),
        told,
        works: works.subscribe(),
        lease_ends: None,
        watchdog: None,
        complaint: None,
    };
    let leadership = Leadership {
        of,
        leads,
        works,
        ends: CancellationToken::new(),
        task: AbortOnDropHandle::new(tokio::spawn(std::future::pending())),
    };
    (candidate, leadership)
}

fn record(holder: &str, version: &str) -> Record {
    Record {
        holder: holder.to_owned(),
        duration: DURATION,
        version: version.to_owned(),
    }
}

#[tokio::test]
async fn who_has_the_lead_again_may_go_on() {
    let (mut candidate, mut leadership) = candidate(false);
    candidate.election.got(record("own", "1"), now());
    candidate.tell();
    assert!(leadership.begin() && candidate.watchdog.is_none());
    // Whoever begins or stops then may be slow, and never see that it was lost in between.
    candidate.election.read(None, now());
    candidate.tell();
    assert!(!leadership.begin() && *leadership.works.borrow());
    assert!(
        candidate
            .watchdog
            .as_ref()
            .is_some_and(|of| !of.is_finished())
    );
    candidate.election.got(record("own", "2"), now());
    candidate.tell();
    assert!(leadership.begin() && candidate.watchdog.is_none());
}

#[tokio::test]
async fn it_is_to_stop_by_the_end_of_the_lease_however_late_that_is_noticed() {
    let (mut candidate, leadership) = candidate(true);
    let asked = now();
    candidate.election.got(record("own", "1"), asked);
    candidate.tell();
    candidate.election.read(Some(record("other", "2")), now());
    leadership.stopped(); // or the process would end
    candidate.tell();
    let by = candidate.is_to_stop_by();
    assert!(by <= now() + DURATION / 3, "another one has it already");
    // It was halted.
    candidate.lease_ends = Some(asked);
    assert_eq!(candidate.is_to_stop_by(), asked);
}

#[tokio::test]
async fn only_what_goes_on_past_the_end_of_the_lease_is_ended() {
    let works = watch::Sender::new(true);
    assert!(!stops(works.subscribe(), now()).await);
    let mut stopping = Box::pin(stops(works.subscribe(), now() + LONG));
    assert_eq!((&mut stopping).now_or_never(), None);
    works.send_replace(false);
    assert_eq!(stopping.now_or_never(), Some(true));
    assert!(stops(works.subscribe(), now()).await);
}

/// Else it would count as at work, and be ended for it.
#[tokio::test]
async fn who_begins_without_the_lead_does_nothing() {
    let (_candidate, mut leadership) = candidate(false);
    assert!(!leadership.begin() && !*leadership.works.borrow());
}
