use std::net::Ipv4Addr;

use super::*;

const US: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const OTHERS: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));

fn auth(users: &[(&str, &str, u32)]) -> Arc<Auth> {
    let users = users.iter().map(|(name, password, cost)| {
        let hash = bcrypt::hash(password, *cost).unwrap();
        ((*name).to_owned(), Secret::new(hash))
    });
    Arc::new(Auth::new(&users.collect()).unwrap().unwrap())
}

fn header(user: &str, password: &str) -> HeaderValue {
    let encoded = STANDARD.encode(format!("{user}:{password}"));
    HeaderValue::from_str(&format!("bAsIc {encoded}")).unwrap()
}

async fn check(auth: &Auth, user: &str, password: &str) -> AuthDecision {
    auth.check(Some(&header(user, password)), US).await
}

#[tokio::test]
async fn a_password_may_hold_anything() {
    for password in ["", ":", "a:b", "ü \u{1f511}", &"x".repeat(100), "\u{7f}"] {
        let auth = auth(&[("alice", password, 4)]);
        for _ in 0..2 {
            assert_eq!(check(&auth, "alice", password).await, AuthDecision::Granted);
            assert_eq!(check(&auth, "alice", "other").await, AuthDecision::Denied);
            assert_eq!(check(&auth, "", password).await, AuthDecision::Denied);
        }
    }
    assert!(Auth::new(&BTreeMap::new()).unwrap().is_none());
}

/// What is remembered of one user says nothing of another, however the bytes are split.
#[tokio::test]
async fn the_remembered_are_not_mixed_up() {
    let auth = auth(&[("ab", "c", 4), ("a", "x", 4)]);
    assert_eq!(check(&auth, "ab", "c").await, AuthDecision::Granted);
    for (user, password) in [
        ("a", "bc"),
        ("a", "c"),
        ("abc", ""),
        ("ab", "x"),
        ("", "abc"),
    ] {
        assert_eq!(
            check(&auth, user, password).await,
            AuthDecision::Denied,
            "{user}:{password}"
        );
    }
    assert_eq!(check(&auth, "a", "x").await, AuthDecision::Granted);
}

/// One client's guesses wait, up to a bound; another client has its place.
#[tokio::test]
async fn the_queue_is_bounded_for_each_client_and_for_all() {
    let auth = auth(&[("alice", "right", 4)]);
    let turn = Arc::clone(&auth.queue.turn).acquire_owned().await.unwrap();
    let mut guesses = Vec::new();
    let mut guess = |client: IpAddr, count: usize| {
        for _ in 0..count {
            let (auth, number) = (Arc::clone(&auth), guesses.len());
            guesses.push(tokio::spawn(async move {
                let header = header("alice", &number.to_string());
                auth.check(Some(&header), client).await
            }));
        }
    };
    guess(US, WAITING_OF_ONE);
    until_waiting(&auth, WAITING_OF_ONE).await;
    assert_eq!(check(&auth, "alice", "right").await, AuthDecision::Busy);
    let ours = header("alice", "right");
    let right = tokio::spawn({
        let auth = Arc::clone(&auth);
        async move { auth.check(Some(&ours), OTHERS).await }
    });
    until_waiting(&auth, WAITING_OF_ONE + 1).await;
    for client in 0..10 {
        guess(
            IpAddr::V4(Ipv4Addr::new(198, 51, 100, client)),
            WAITING_OF_ONE,
        );
    }
    until_waiting(&auth, WAITING).await;
    drop(turn);
    assert_eq!(right.await.unwrap(), AuthDecision::Granted);
    let mut busy = 0;
    for guess in guesses {
        match guess.await.unwrap() {
            AuthDecision::Granted => panic!("a guess was right"),
            AuthDecision::Busy => busy += 1,
            AuthDecision::Denied => (),
        }
    }
    assert_eq!(busy, 11 * WAITING_OF_ONE - (WAITING - 1));
    assert!(lock(&auth.queue.waiting).is_empty());
}

async fn until_waiting(auth: &Auth, count: usize) {
    for _ in 0..10_000 {
        if lock(&auth.queue.waiting).values().sum::<usize>() == count {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("not {count}: {:?}", auth.queue.waiting);
}

#[test]
fn no_more_is_remembered_than_is_stated() {
    let tag = |n: usize| {
        let mut tag = Tag::default();
        tag[..8].copy_from_slice(&n.to_be_bytes());
        tag
    };
    let mut known = Known::default();
    known.remember(tag(0), true);
    for n in 1..5 * REMEMBERED {
        known.remember(tag(n), false);
        known.remember(tag(n), false);
    }
    assert_eq!(
        (known.bad.all.len(), known.bad.order.len()),
        (REMEMBERED, REMEMBERED)
    );
    assert!(known.good.has(&tag(0)), "guesses push out no good answer");
    assert!(known.bad.has(&tag(5 * REMEMBERED - 1)) && !known.bad.has(&tag(1)));
}

/// A no costs as much for a user with a cheap hash as for one with a dear one, and for nobody.
#[test]
fn the_costs_of_a_no_are_equal() {
    for own in 4..12_u32 {
        let spent: u64 = (own..12).map(|cost| 1 << cost).sum();
        assert_eq!((1 << own) + spent, 1 << 12);
    }
    let hash = Secret::new(bcrypt::hash("right", 4).unwrap());
    assert!(verify(b"right", Some(&hash), 6));
    assert!(!verify(b"wrong", Some(&hash), 6));
    assert!(!verify(b"right", None, 6));
}
