//! A web configuration that is bad: all its faults at once, with those of the other
//! configuration, and exit 2.

use std::process::{Command, Output};

use s3_exporter_testkit::Authority;

use crate::common::program;
use crate::web::site::Site;

fn run(site: &Site, command: &[&str]) -> (Option<i32>, Vec<String>) {
    let web = format!("--web.config.file={}", site.path("web.yml").display());
    let config = format!("--config={}", site.path("config.toml").display());
    let Output { status, stderr, .. } = Command::new(program())
        .args(command)
        .args([web, config])
        .output()
        .unwrap();
    let folder = format!("{}/", site.path("").display()).replace("//", "/");
    let text = String::from_utf8(stderr).unwrap().replace(&folder, "");
    (status.code(), text.lines().map(str::to_owned).collect())
}

#[test]
fn all_at_once_and_beside_the_configurations_own() {
    let site = Site::new();
    site.write(
        "web.yml",
        "tls_server_config:\n  cert_file: server.crt\n  key_fiel: server.key\n  min_version: TLS10\n\
         http_server_config:\n  headers:\n    Server: me\nbasic_auth_users:\n  alice: hunter2\n",
    );
    let config = std::fs::read_to_string(site.path("config.toml")).unwrap();
    site.write(
        "config.toml",
        &format!("[scan]\ninterval = \"soon\"\n{config}"),
    );
    for command in [&[][..], &["check"], &["check", "--connect"]] {
        let (code, lines) = run(&site, command);
        assert_eq!(code, Some(2), "{lines:#?}");
        let starts = [
            "error: config.toml:2: `scan.interval` is \"soon\": ",
            "error: web.yml:3: unknown key `tls_server_config.key_fiel`: did you mean `key_file`?",
            "error: web.yml:4: `tls_server_config.min_version` is a version that this exporter's TLS (rustls) does not have",
            "error: web.yml:7: unknown key `http_server_config.headers.Server`",
            "error: web.yml:9: `basic_auth_users.alice` is no bcrypt hash",
            "s3-exporter: the configuration has 5 faults",
        ];
        assert_eq!(lines.len(), starts.len(), "{lines:#?}");
        for (line, start) in lines.iter().zip(starts) {
            assert!(line.starts_with(start), "{line}\n{start}");
        }
    }
    // Who asks for something else need not be able to read the key.
    let (_, lines) = run(&site, &["explain", "x"]);
    assert!(!lines.concat().contains("web.yml"), "{lines:#?}");
}

#[test]
fn certificates_and_keys() {
    let site = Site::with_tls(
        "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: clients.crt\n",
    );
    let other = Authority::new().issue(&["localhost"]);
    let good = site.authority.issue(&["localhost"]);
    let cases: [(&str, &str, &str, &[&str]); 6] = [
        (&good.certificate, &good.key, site.authority.pem(), &[]),
        (
            &good.certificate,
            &other.key,
            "",
            &[
                "web.yml:3: `tls_server_config.key_file` does not belong to the certificate of `tls_server_config.cert_file`",
                "web.yml:5: `tls_server_config.client_ca_file` holds no certificate: expected PEM",
            ],
        ),
        (
            &good.key,
            &good.certificate,
            "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n",
            &[
                "web.yml:2: `tls_server_config.cert_file` holds no certificate",
                "web.yml:3: `tls_server_config.key_file` holds no private key",
                "web.yml:5: `tls_server_config.client_ca_file` is broken",
            ],
        ),
        (
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            &good.key,
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            &[
                "web.yml:5: `tls_server_config.client_ca_file` has a certificate that is no authority's",
                "web.yml:2: `tls_server_config.cert_file` has a certificate of no use",
            ],
        ),
        (
            &good.certificate,
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            site.authority.pem(),
            &["web.yml:3: `tls_server_config.key_file` is of no use"],
        ),
        (&good.certificate, &good.key, site.authority.pem(), &[]),
    ];
    for (certificate, key, ca, wanted) in cases {
        site.write("server.crt", certificate);
        site.write("server.key", key);
        site.write("clients.crt", ca);
        let (code, lines) = run(&site, &["check"]);
        assert_eq!(code == Some(0), wanted.is_empty(), "{lines:#?}");
        for wanted in wanted {
            assert!(
                lines.iter().any(|line| line.contains(wanted)),
                "{wanted} is not in {lines:#?}"
            );
        }
        let faults = lines.iter().filter(|line| line.starts_with("error: "));
        assert_eq!(faults.count(), wanted.len(), "{lines:#?}");
        assert!(!lines.concat().contains("AAAA"));
    }
    for name in ["server.crt", "server.key", "clients.crt"] {
        std::fs::remove_file(site.path(name)).unwrap();
    }
    std::fs::create_dir(site.path("server.key")).unwrap();
    let (code, lines) = run(&site, &[]);
    assert_eq!(code, Some(2));
    let all = lines.join("\n");
    for (key, name, cause) in [
        ("cert_file", "server.crt", "there is no such file"),
        ("key_file", "server.key", "it is a folder, not a file"),
        ("client_ca_file", "clients.crt", "there is no such file"),
    ] {
        let wanted =
            format!("`tls_server_config.{key}` is \"{name}\", which cannot be read: {cause}");
        assert!(all.contains(&wanted), "{wanted} is not in {all}");
    }
}

#[test]
fn a_web_configuration_that_is_not_there() {
    let site = Site::new();
    let (code, lines) = run(&site, &[]);
    assert_eq!(code, Some(2));
    assert!(
        lines[0].starts_with(
            "error: web.yml: the web configuration cannot be read: there is no such file"
        ),
        "{lines:?}"
    );
    site.write("web.yml", &"#".repeat(2 << 20));
    let (_, lines) = run(&site, &[]);
    assert!(
        lines[0].contains("cannot be read: it is larger than 1 MiB"),
        "{lines:?}"
    );
}

/// Inline, as the documents of the toolkit have it.
#[tokio::test]
async fn certificates_that_are_written_right_there() {
    let site = Site::new();
    let server = site.authority.issue(&["127.0.0.1"]);
    let block = |text: &str| text.replace('\n', "\n    ");
    site.write(
        "web.yml",
        &format!(
            "tls_server_config:\n  cert: |\n    {}\n  key: |\n    {}\n  client_ca: |\n    {}\n  \
             client_auth_type: RequireAndVerifyClientCert\n",
            block(server.certificate.trim()),
            block(server.key.trim()),
            block(site.authority.pem().trim()),
        ),
    );
    let served = site.exporter("").await;
    let known = site.path("known.pem").to_string_lossy().into_owned();
    assert_eq!(
        served.ask("/-/healthy", &["--cert", &known]).await.status,
        200
    );
    assert_eq!(served.ask("/-/healthy", &[]).await.status, 0);
    assert!(!served.process.log().contains("PRIVATE KEY"));
}
