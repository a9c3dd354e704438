//! What the program tells its web server.

use s3_exporter_testkit::site::TLS;

use crate::web::site::{Site, hash};

/// Its web configuration is followed, every answer has its headers, a refusal too, and its
/// probes need no password where that is said.
#[tokio::test]
async fn the_program_serves_as_it_is_told() {
    let site = Site::new();
    let users = |name: &str| format!("{TLS}basic_auth_users:\n  {name}: {}\n", hash("right"));
    site.write("web.yml", &users("alice"));
    let closed = site.exporter("").await;
    let mut open = site.exporter("probes_without_auth = true\n").await;
    for path in ["/-/healthy", "/-/ready"] {
        assert_eq!(closed.ask(path, &[]).await.status, 401, "{path}");
        let told = open.ask(path, &[]).await;
        assert!([200, 503].contains(&told.status), "{path}: {told:?}");
        assert_eq!(told.body, "", "{path}");
    }
    for (arguments, status) in [(&[][..], 401), (&["-u", "alice:right"], 200)] {
        let answer = open.ask("/metrics", arguments).await;
        assert_eq!(answer.status, status, "{answer:?}");
        for (name, value) in [
            ("Referrer-Policy", "no-referrer"),
            ("X-Content-Type-Options", "nosniff"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{answer:?}");
        }
        let policy = answer.header("Content-Security-Policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    }
    site.write("web.yml", &users("bob"));
    open.until_log("are used now").await;
    for (who, status) in [("alice:right", 401), ("bob:right", 200)] {
        let answer = open.ask("/metrics", &["-u", who]).await;
        assert_eq!(answer.status, status, "{who}");
    }
}
