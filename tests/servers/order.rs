//! What is known of a store's order, as people see it.

use s3_exporter_testkit::{S3sServer, Upload};

use crate::common::command::Program;

/// By what its store is known, what is thought of it, and what parts would save.
#[tokio::test(flavor = "multi_thread")]
async fn check_connect_says_how_a_bucket_was_listed() {
    let shown = S3sServer::builder().server("VERSITYGW").start();
    let nobody = S3sServer::start();
    let (id, secret) = (S3sServer::ACCESS_KEY, S3sServer::SECRET_KEY);
    let mut config = String::new();
    for (name, server, more) in [
        ("shown", &shown, ""),
        ("nobody", &nobody, ""),
        ("told", &nobody, "ordered = true\n"),
        ("denied", &shown, "ordered = false\n"),
    ] {
        let keys = (0..10_001).map(|nth| Upload::new(format!("a-{nth:05}"), 1));
        server.store().put_all(name, keys);
        config += &format!(
            "[backends.{name}]\ntype = \"s3\"\nregion = \"us-east-1\"\nendpoint = \"{}\"\n\
             access_key_id = \"{id}\"\nsecret_access_key = \"{secret}\"\nmax_requests_in_flight = 64\n{more}\
             [[destinations]]\nbucket = \"{name}\"\nbackend = \"{name}\"\nconcurrency = 8\n",
            server.endpoint()
        );
    }
    let output = Program::new(&["check", "--connect"])
        .file("config.toml", &config)
        .run();
    assert_eq!(output.code, Some(0), "{output:?}");
    let parts = "listed in parts, up to 8 requests at once: the store lists in the order of the keys' bytes";
    let sequence = "listed one page after another, as";
    for (name, start, end) in [
        (
            "shown",
            format!("{parts} (versitygw, by the header `Server`)"),
            "",
        ),
        (
            "nobody",
            format!("{sequence} no answer shows that"),
            "set `ordered = true` for backend \"nobody\" if that is certain",
        ),
        ("told", format!("{parts} (`ordered = true`)"), ""),
        (
            "denied",
            format!(
                "{sequence} the store is held to list in an order of its own (`ordered = false`): 1"
            ),
            "s",
        ),
    ] {
        let start = format!("destination {name}: {start}");
        let line = output.stdout.lines().find(|line| line.starts_with(&start));
        assert!(
            line.is_some_and(|line| line.ends_with(end)),
            "{start}: {}",
            output.stdout
        );
    }
}
