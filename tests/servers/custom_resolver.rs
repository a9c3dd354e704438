//! A source of names from outside, by the example that shows how to write one.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use s3_exporter_testkit::{S3sServer, Upload};

use crate::common::{self, Metrics};

/// A service that answers every request in one way, until it is told another.
struct Service {
    address: String,
    answer: Arc<Mutex<String>>,
}

impl Service {
    fn start(names: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let service = Self {
            address: listener.local_addr().unwrap().to_string(),
            answer: Arc::default(),
        };
        service.say("200 OK", names);
        let answer = Arc::clone(&service.answer);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let _ = stream.read(&mut [0; 4096]);
                let answer = answer.lock().unwrap().clone();
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        service
    }

    fn say(&self, status: &str, body: &str) {
        let length = body.len();
        *self.answer.lock().unwrap() = format!(
            "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
    }
}

struct Output {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

/// Runs the example with this configuration in a folder.
fn run(config: &str, arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("config.toml"), config).unwrap();
    run_in(folder.path(), arguments)
}

fn run_in(folder: &Path, arguments: &[&str]) -> Output {
    let output = Command::new(common::example("custom_resolver"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .output()
        .unwrap();
    Output {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn config(server: &S3sServer, service: &Service) -> String {
    format!(
        "[resolvers.inventory]\ntype = \"http\"\nurl = \"http://{}/clusters\"\n\
         [backends.store]\ntype = \"s3\"\nendpoint = \"{}\"\naccess_key_id = \"{}\"\n\
         secret_access_key = \"{}\"\n\
         [[destinations]]\nbucket = \"etcd\"\nresolver = \"inventory\"\n",
        service.address,
        server.endpoint(),
        S3sServer::ACCESS_KEY,
        S3sServer::SECRET_KEY
    )
}

/// A bucket with two objects of lab-1 and one of lab-2.
fn bucket() -> S3sServer {
    let server = S3sServer::start();
    server.store().create_bucket("etcd");
    let keys = ["lab-1-a.gz", "lab-1-b.gz", "lab-2-a.gz"];
    let objects = keys.map(|key| Upload::new(key, 5));
    server.store().put_all("etcd", objects);
    server
}

fn objects(metrics: &Metrics, cluster: &str) -> Option<f64> {
    let labels = [("destination", "etcd"), ("cluster", cluster)];
    metrics.get("objectstore_objects", &labels)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_names_have_figures() {
    let (server, service) = (bucket(), Service::start("[\"lab-1\", \"lab-3\"]"));
    let config = config(&server, &service);
    let output = run(&config, &["once"]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let metrics = Metrics::parse(&output.stdout);
    assert_eq!(objects(&metrics, "lab-1"), Some(2.0));
    assert_eq!(objects(&metrics, "lab-2"), None);
    assert_eq!(objects(&metrics, "lab-3"), Some(0.0));
    let known = [("resolver", "inventory")];
    let known = metrics.get("objectstore_resolver_clusters", &known);
    assert_eq!(known, Some(2.0));

    service.say("200 OK", "[\"lab-2\"]");
    let metrics = Metrics::parse(&run(&config, &["once"]).stdout);
    assert_eq!(objects(&metrics, "lab-1"), None);
    assert_eq!(objects(&metrics, "lab-2"), Some(1.0));

    let output = run(&config, &["explain", "lab-2-a.gz"]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert!(
        output.stdout.starts_with("etcd: lab-2, because"),
        "{}",
        output.stdout
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_fails_is_a_resolver_that_fails() {
    let (server, service) = (bucket(), Service::start(""));
    let config = config(&server, &service);
    for (status, body, reason) in [
        ("503 Service Unavailable", "[]", "503 Service Unavailable"),
        ("200 OK", "{}", "its answer is no list of names"),
        (
            "200 OK",
            "[\"lab-1\", \"\"]",
            "a cluster's name must not be empty",
        ),
    ] {
        service.say(status, body);
        let output = run(&config, &["check", "--connect"]);
        assert_eq!(output.code, Some(1), "{reason}: {}", output.stdout);
        let line = format!(
            "resolver inventory: FAILED, asking http://{}/clusters",
            service.address
        );
        let told = output.stdout.lines().find(|told| told.starts_with(&line));
        assert!(
            told.is_some_and(|told| told.contains(reason)),
            "{reason}: {}",
            output.stdout
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_section_is_checked_as_those_of_the_others() {
    let (server, service) = (bucket(), Service::start("[]"));
    let good = config(&server, &service);
    let output = run(&good, &["check"]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let told = format!(
        "resolver inventory: the names that http://{}/clusters",
        service.address
    );
    assert!(output.stdout.contains(&told), "{}", output.stdout);
    for (from, to, message) in [
        (
            "\"http\"",
            "\"htp\"",
            "is \"htp\": expected \"kubernetes\" or \"static\" or \"keys\" or \"http\"; did you mean \"http\"?",
        ),
        (
            "type = \"http\"",
            "",
            "is missing: expected \"kubernetes\" or \"static\" or \"keys\" or \"http\"",
        ),
        (
            "url =",
            "ulr =",
            "unknown key `resolvers.inventory.ulr`: did you mean `url`?",
        ),
        (
            "url =",
            "interval =",
            "`resolvers.inventory.url` is missing: the address that answers with the names",
        ),
        (
            "\"http://127.0.0.1",
            "\"127.0.0.1",
            "`resolvers.inventory.url` is not an address",
        ),
    ] {
        let config = good.replacen(from, to, 1);
        assert_ne!(config, good);
        let output = run(&config, &["check"]);
        assert_eq!(output.code, Some(2), "{config}");
        assert!(
            output.stderr.contains(message),
            "{message} is not in {}",
            output.stderr
        );
    }
}
