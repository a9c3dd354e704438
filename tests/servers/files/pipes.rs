//! A pipe in the place of a file: nobody writes into it, and nobody waits for that.

use std::io::Write;
use std::os::unix::net::UnixListener;
use std::process::Stdio;

use s3_exporter_testkit::Authority;

use super::{BUCKET, Site, end, pipe, server, store};
use crate::common::Exporter;

/// A configuration that names a file for each purpose, with the key's line.
const NAMED: [(&str, &str, &str, usize); 8] = [
    (
        "s3",
        "access_key_id_file = \"it\"\nsecret_access_key_file = \"secret\"",
        "backends.own.access_key_id_file",
        5,
    ),
    (
        "minio",
        "access_key_id_file = \"id\"\nsecret_access_key_file = \"it\"",
        "backends.own.secret_access_key_file",
        6,
    ),
    (
        "s3",
        "access_key_id = \"a\"\nsecret_access_key = \"b\"\nsession_token_file = \"it\"",
        "backends.own.session_token_file",
        7,
    ),
    (
        "s3",
        "anonymous = true\nca_bundle = \"it\"",
        "backends.own.ca_bundle",
        6,
    ),
    (
        "minio",
        "anonymous = true\nca_bundle = \"it\"",
        "backends.own.ca_bundle",
        6,
    ),
    (
        "s3",
        "anonymous = true\nclient_cert_file = \"it\"\nclient_key_file = \"key\"",
        "backends.own.client_cert_file",
        6,
    ),
    (
        "minio",
        "anonymous = true\n[resolvers.r]\ntype = \"kubernetes\"\nkubeconfig = \"it\"",
        "resolvers.r.kubeconfig",
        8,
    ),
    (
        "minio",
        "anonymous = true\n[resolvers.r]\ntype = \"static\"\nclusters_file = \"it\"",
        "resolvers.r.clusters_file",
        8,
    ),
];

#[test]
fn check_tells_of_each_with_its_line() {
    let site = Site::new();
    let own = Authority::new().issue(&["localhost"]);
    for (name, text) in [("id", "a"), ("secret", "b"), ("key", &own.key)] {
        site.write(name, text);
    }
    for (kind, lines, key, line) in NAMED {
        site.write(
            "config.toml",
            store("own", kind, "https://127.0.0.1:1", lines),
        );
        for what in ["a pipe", "a folder", "a socket"] {
            let path = site.0.path().join("it");
            let _listener;
            match what {
                "a pipe" => site.pipe("it"),
                "a folder" => std::fs::create_dir(&path).unwrap(),
                _ => _listener = UnixListener::bind(&path).unwrap(),
            }
            let said = site.run(&["check"], &[]);
            let is_told = said.stderr.lines().any(|said| {
                said.starts_with(&format!("error: config.toml:{line}: `{key}`"))
                    && said.contains(&format!("it is {what}, not a file"))
            });
            assert!(is_told, "{key} {what}: {said:?}");
            assert_eq!(said.code, Some(2), "{key} {what}: {said:?}");
            match what {
                "a folder" => std::fs::remove_dir(&path).unwrap(),
                _ => std::fs::remove_file(&path).unwrap(),
            }
        }
    }
}

/// Those of the web configuration keep it from being served, so the program ends, too.
#[test]
fn the_web_configuration_and_its_files() {
    let site = Site::new();
    let authority = Authority::new();
    let own = authority.issue(&["localhost"]);
    let text = "tls_server_config:\n  cert_file: crt\n  key_file: key\n  client_ca_file: ca\n  \
                client_auth_type: RequireAndVerifyClientCert\n";
    let config = store("own", "minio", "https://127.0.0.1:1", "anonymous = true");
    site.write(
        "config.toml",
        format!("server.web_config_file = \"web.yml\"\n{config}"),
    );
    for (name, said) in [
        (
            "web.yml",
            "web.yml: the web configuration cannot be read: it is a pipe",
        ),
        (
            "crt",
            "web.yml:2: `tls_server_config.cert_file` is \"crt\", which cannot be read: it is a pipe",
        ),
        (
            "key",
            "web.yml:3: `tls_server_config.key_file` is \"key\", which cannot be read: it is a pipe",
        ),
        (
            "ca",
            "web.yml:4: `tls_server_config.client_ca_file` is \"ca\", which cannot be read: it is a pipe",
        ),
    ] {
        site.write("web.yml", text);
        site.write("crt", &own.certificate);
        site.write("key", &own.key);
        site.write("ca", authority.pem());
        site.pipe(name);
        for command in [&["check"][..], &[], &["check", "--connect"]] {
            let result = site.run(command, &[]);
            assert_eq!(result.code, Some(2), "{result:?}");
            assert!(result.stderr.contains(said), "{said} is not in {result:?}");
        }
        std::fs::remove_file(site.0.path().join(name)).unwrap();
    }
}

/// The SDK would wait for them on the thread that scans.
#[tokio::test]
async fn what_the_sdk_reads() {
    let server = server();
    let config = store("own", "s3", &server.endpoint(), "[scan]\ninterval = \"1s\"");
    for name in [
        "AWS_CONFIG_FILE",
        "AWS_SHARED_CREDENTIALS_FILE",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    ] {
        let site = Site::new();
        site.pipe("it");
        site.write("config.toml", &config);
        let path = site.0.path().join("it").display().to_string();
        let said = site.run(&["check"], &[(name, &path)]);
        assert_eq!(said.code, Some(2), "{name}: {said:?}");
        assert!(
            said.stderr.contains(&path) && said.stderr.contains("it is a pipe"),
            "{said:?}"
        );
        let environment = [(name, &*path), ("AWS_EC2_METADATA_DISABLED", "true")];
        let mut exporter = Exporter::with_config_in(&config, &[], &environment).await;
        let failing = |now: &crate::common::Metrics| now.failing("own") == ["credentials"];
        exporter.until(name, failing).await;
        assert!(
            exporter.log().contains("it is a pipe, not a file"),
            "{}",
            exporter.log()
        );
        assert!(exporter.terminate().await.success());
    }
    assert_eq!(
        server.faults().requests(),
        0,
        "it was asked without credentials"
    );
}

/// What every library that speaks TLS would open.
#[test]
fn the_systems_certificates() {
    let site = Site::new();
    site.pipe("it");
    site.write(
        "config.toml",
        store("own", "s3", "https://127.0.0.1:1", "anonymous = true"),
    );
    for command in [&["check"][..], &["once"], &[]] {
        let said = site.run(command, &[("SSL_CERT_FILE", "it")]);
        assert_eq!(said.code, Some(2), "{said:?}");
        let expected = "error: environment variable SSL_CERT_FILE: the certificates in it cannot be read: it is a pipe, not a file";
        assert!(said.stderr.contains(expected), "{said:?}");
    }
}

/// Files that become pipes while they are followed, and files again.
#[tokio::test]
async fn one_that_is_followed_is_followed_on() {
    let server = server();
    let keys = "access_key_id_file = \"id\"\nsecret_access_key_file = \"secret\"";
    let config = ["s3", "minio"].map(|kind| store(kind, kind, &server.endpoint(), keys));
    let config = format!(
        "scan.interval = \"1s\"\nserver.web_config_file = \"web.yml\"\n[resolvers.r]\ntype = \"static\"\n\
         clusters_file = \"names\"\n{}",
        config.map(|store| store + "resolver = \"r\"\n").concat()
    );
    let files = [
        ("id", super::S3sServer::ACCESS_KEY),
        ("secret", super::S3sServer::SECRET_KEY),
        ("names", "a\n"),
        (
            "web.yml",
            "http_server_config:\n  headers:\n    X-Frame-Options: deny\n",
        ),
    ];
    let mut exporter = Exporter::with_config(&config, &files).await;
    let well = |now: &crate::common::Metrics| {
        ["s3", "minio"]
            .iter()
            .all(|name| now.of(name, "objectstore_scan_success") == Some(1.0))
            && now.get("objectstore_resolver_success", &[]) == Some(1.0)
    };
    exporter.until("all is well", well).await;
    for (name, _) in files {
        pipe(&exporter.file(name));
    }
    exporter
        .until("all are pipes", |now| {
            ["s3", "minio"]
                .iter()
                .all(|name| now.failing(name) == ["credentials"])
                && now.get("objectstore_resolver_success", &[]) == Some(0.0)
        })
        .await;
    let said = |lines: &[serde_json::Value]| {
        lines.iter().any(|line| {
            line["error"].as_str().is_some_and(|said| {
                said.contains("web.yml: the web configuration cannot be read: it is a pipe")
            })
        })
    };
    exporter
        .until_log("the web configuration is a pipe", said)
        .await;
    for (name, text) in files {
        let new = exporter.file("new");
        std::fs::write(&new, text.replace("deny", "sameorigin")).unwrap();
        std::fs::rename(new, exporter.file(name)).unwrap();
    }
    exporter.until("they are files again", well).await;
    let used = |lines: &[serde_json::Value]| {
        let said = |line: &serde_json::Value| {
            line["msg"]
                .as_str()
                .is_some_and(|said| said.contains("are used now"))
        };
        lines.iter().any(said)
    };
    exporter
        .until_log("the new web configuration is used", used)
        .await;
    let header = exporter.answer("/-/healthy").await.headers()["x-frame-options"].clone();
    assert_eq!(header, "sameorigin");
    assert!(exporter.terminate().await.success());
}

/// What a shell's `<(...)` and `| s3-exporter --config /dev/stdin` hand over.
#[test]
fn a_configuration_may_be_a_pipe_that_ends() {
    let site = Site::new();
    let config = store("own", "minio", "https://127.0.0.1:1", "anonymous = true");
    let mut command = site.command(&["check", "--config", "/dev/stdin"]);
    let (reader, mut writer) = std::io::pipe().unwrap();
    command.stdin(Stdio::from(reader));
    let writing = std::thread::spawn(move || writer.write_all(config.as_bytes()).unwrap());
    let said = end(command);
    writing.join().unwrap();
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.stdout.contains(BUCKET), "{said:?}");
}

#[test]
fn a_configuration_that_nobody_writes_is_given_up() {
    let site = Site::new();
    site.pipe("config.toml");
    for command in [&["check"][..], &[]] {
        let said = site.run(command, &[]);
        assert_eq!(said.code, Some(2), "{said:?}");
        assert!(
            said.stderr
                .contains("error: reading config.toml: it is a pipe, and nobody writes into it"),
            "{said:?}"
        );
    }
    for (path, what) in [("/dev/zero", "a device"), ("/", "a folder")] {
        let said = site.run(&["check", "--config", path], &[]);
        let expected = format!("flag --config: reading {path}: it is {what}, not a file");
        assert!(said.stderr.contains(&expected), "{said:?}");
    }
}
