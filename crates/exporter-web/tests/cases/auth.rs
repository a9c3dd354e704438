//! `basic_auth_users` and `server.probes_without_auth`.

use futures::future::join_all;

use crate::site::{Served, Site, TLS};

/// The hash of a password, at a cost that a test can wait for.
pub fn hash(password: &str) -> String {
    bcrypt::hash(password, 5).unwrap()
}

/// alice:wonderland and bob:builder.
fn users() -> String {
    let (alice, bob) = (hash("wonderland"), hash("builder"));
    format!("basic_auth_users:\n  alice: {alice}\n  bob: {bob}\n")
}

fn verified(served: &Served) -> usize {
    served.process.log().matches("verifying a password").count()
}

const DENIED: [&[&str]; 9] = [
    &[],
    &["-u", "alice:wrong"],
    &["-u", "nobody:wonderland"],
    &["-u", "alice:"],
    &["-u", ":"],
    &["-u", "alice:builder"],
    &["-H", "Authorization: Bearer wonderland"],
    &["-H", "Authorization: Basic !!!"],
    &["-H", "Authorization: Basic YWxpY2U="], // no colon
];

#[tokio::test]
async fn who_is_let_in_and_who_is_not() {
    let site = Site::new();
    site.write("web.yml", &users()); // without TLS
    let (ours, theirs) = tokio::join!(site.exporter(), site.node_exporter());
    for served in [&ours, &theirs] {
        for good in ["alice:wonderland", "bob:builder"] {
            let answer = served.ask_plainly("/metrics", &["-u", good]).await;
            assert_eq!(answer.status, 200, "{good}");
        }
        let mut seen = Vec::new();
        for denied in DENIED {
            let answer = served.ask_plainly("/metrics", denied).await;
            assert_eq!(answer.status, 401, "{denied:?}");
            assert_eq!(answer.header("WWW-Authenticate"), Some("Basic"));
            seen.push((answer.status, answer.body, head(answer.head)));
        }
        // Nobody can tell why.
        assert!(seen.windows(2).all(|two| two[0] == two[1]), "{seen:#?}");
    }
    for path in ["/", "/-/healthy", "/-/ready", "/api/v1/status", "/nothing"] {
        assert_eq!(ours.ask_plainly(path, &[]).await.status, 401, "{path}");
    }
    let log = ours.process.log();
    for secret in ["wonderland", "builder", "wrong", "$2b$", "$2y$"] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}

/// Without the time.
fn head(mut lines: Vec<String>) -> Vec<String> {
    lines.retain(|line| !line.to_lowercase().starts_with("date: "));
    lines
}

#[tokio::test]
async fn hundreds_of_scrapes_cost_one_verification() {
    let site = Site::new();
    site.write("web.yml", &users());
    let served = site.exporter().await;
    // The first ones come together.
    let many = (0..12).map(|_| served.ask_plainly("/-/healthy", &["-u", "alice:wonderland"]));
    for answer in join_all(many).await {
        assert_eq!(answer.status, 200);
    }
    assert_eq!(verified(&served), 1);
    let url = format!("http://{}/-/healthy", served.address);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let ask = async |user: &str, password: &str| {
        let request = client.get(&url).basic_auth(user, Some(password));
        request.send().await.unwrap().status().as_u16()
    };
    for _ in 0..300 {
        assert_eq!(ask("alice", "wonderland").await, 200);
        assert_eq!(ask("alice", "guess").await, 401);
        assert_eq!(ask("nobody", "wonderland").await, 401);
    }
    assert_eq!(verified(&served), 3);
    // Each new guess costs one: that they are counted shows that the count counts.
    for guess in 0..20 {
        assert_eq!(ask("alice", &format!("guess {guess}")).await, 401);
    }
    assert_eq!(verified(&served), 23);
}

/// A new hash holds from then on, the old password no more, and no restart is needed.
#[tokio::test]
async fn users_come_and_go() {
    let site = Site::with_tls(&users());
    let mut served = site.exporter().await;
    assert_eq!(status(&served, "alice:wonderland").await, 200);
    assert_eq!(status(&served, "carol:new").await, 401);
    let (alice, carol) = (hash("changed"), hash("new"));
    site.write(
        "web.yml",
        &format!("{TLS}basic_auth_users:\n  alice: {alice}\n  carol: {carol}\n"),
    );
    served.until_log("are used now").await;
    for (who, wanted) in [
        ("alice:wonderland", 401),
        ("alice:changed", 200),
        ("bob:builder", 401),
        ("carol:new", 200),
    ] {
        assert_eq!(status(&served, who).await, wanted, "{who}");
    }
}

async fn status(served: &Served, who: &str) -> u16 {
    served.ask("/metrics", &["-u", who]).await.status
}

#[tokio::test]
async fn probes_need_no_password_where_that_is_said() {
    let site = Site::with_tls(&users());
    let served = site.exporter_with_open_probes().await;
    let ask = async |path: &str, arguments: &[&str]| {
        let answer = served.ask(path, arguments).await;
        (answer.status, answer.body)
    };
    let nothing = || String::new();
    assert_eq!(ask("/-/healthy", &[]).await, (200, nothing()));
    let (status, body) = ask("/-/ready", &[]).await;
    assert!(
        [200, 503].contains(&status) && body.is_empty(),
        "{status} {body}"
    );
    let answer = served.ask("/-/healthy", &[]).await;
    assert_eq!(answer.header("Content-Type"), None, "{answer:?}");
    // Who gives a password is asked for the right one, and then told more.
    let told = ask("/-/healthy", &["-u", "alice:wonderland"]).await;
    assert_eq!(told, (200, "healthy\n".to_owned()));
    assert_eq!(ask("/-/healthy", &["-u", "alice:wrong"]).await.0, 401);
    for path in [
        "/metrics",
        "/",
        "/api/v1/status",
        "/-/healthy/",
        "/-/healthy/../../metrics",
        "/-//healthy",
        "//-/healthy",
        "/-/reload",
        "/%2d/healthy",
    ] {
        let answer = ask(path, &["--path-as-is"]).await;
        assert_eq!(answer.0, 401, "{path}");
    }
    assert_eq!(ask("/-/healthy?x=/metrics", &[]).await, (200, nothing()));
    let posted = ask("/-/healthy", &["-X", "POST"]).await;
    assert_eq!(posted, (405, nothing()));
}
