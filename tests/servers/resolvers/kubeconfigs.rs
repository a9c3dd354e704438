//! Kubeconfigs that kubectl takes, and the ways to an API server that they and the environment
//! show. Each is read by another process of this program, in an environment of its own.

use std::path::Path;
use std::process::Command;

use base64::prelude::{BASE64_STANDARD, Engine};
use s3_exporter::resolver::kubernetes::KubernetesResolver as Config;
use s3_exporter_testkit::Socks;
use s3_exporter_testkit::servers::Kubernetes;

use crate::resolvers::kubernetes::shared;
use crate::resolvers::{Running, listed};

/// Where no certificate of any authority is, as in an image without them.
const NO_ROOTS: [(&str, &str); 2] = [
    ("SSL_CERT_FILE", "/nonexistent/roots.pem"),
    ("SSL_CERT_DIR", "/nonexistent"),
];

/// What a resolver says of the namespaces there, in this environment.
fn ask(environment: &[(&str, &str)]) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "resolvers::kubeconfigs::in_another_process"])
        .args(["--ignored", "--nocapture"])
        .env_clear()
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test]
#[ignore = "run by other tests, in an environment of its own"]
async fn in_another_process() {
    let mut running = Running::start(Config {
        kubeconfig: None,
        context: None,
        api_version: "v1".to_owned(),
        kind: "Namespace".to_owned(),
        label_selector: None,
        field_selector: None,
        namespace: None,
    });
    let now = running
        .until("there is an outcome", |now| {
            now.is_success() || now.failure.is_some()
        })
        .await;
    match now.failure {
        None => println!("namespaces: {}", listed(&now).join(" ")),
        Some(failure) => println!("failed: {failure}"),
    }
}

/// A kubeconfig of the one who may do all, with this cluster.
fn kubeconfig(folder: &Path, name: &str, cluster: &str) -> String {
    let path = folder.join(name);
    let token = Kubernetes::ADMIN;
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\n\
         contexts: [{{name: c, context: {{cluster: c, user: c}}}}]\n\
         users: [{{name: c, user: {{token: {token}}}}}]\nclusters:\n- name: c\n  cluster:\n{cluster}"
    );
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// PEM in base64, in lines as `base64` writes it, as the value of a key of a cluster.
fn wrapped(pem: &str) -> String {
    let data = BASE64_STANDARD.encode(pem);
    let lines = data.as_bytes().chunks(76);
    let lines = lines.map(|line| format!("      {}\n", String::from_utf8_lossy(line)));
    format!(
        "    certificate-authority-data: |\n{}",
        lines.collect::<String>()
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_s_own_certificate_is_trusted_and_written_as_people_write_it() {
    let server = shared().await;
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty");
    std::fs::write(
        &empty,
        "apiVersion: v1\nkind: Config\ncurrent-context: \"\"\n",
    )
    .unwrap();
    let address = format!("127.0.0.1:{}", server.port());
    for (certificate, trusted) in [
        (server.certificate(), true),
        (server.authority().to_owned(), true),
        (
            s3_exporter_testkit::Authority::new().pem().to_owned(),
            false,
        ),
    ] {
        // No scheme, and TLS is spoken of.
        let cluster = format!("    server: {address}\n{}", wrapped(&certificate));
        let file = kubeconfig(folder.path(), "file", &cluster);
        let list = format!("{}:{file}", empty.display());
        let said = ask(&[("KUBECONFIG", &list)]);
        let expected = match trusted {
            true => "namespaces: default ",
            false => "the API server's certificate is not trusted",
        };
        assert!(said.contains(expected), "{said}");
    }
    let other_name = format!(
        "    tls-server-name: other\n{}",
        wrapped(&server.certificate())
    );
    let cluster = format!("    server: https://{address}\n{other_name}");
    let file = kubeconfig(folder.path(), "file", &cluster);
    let said = ask(&[("KUBECONFIG", &file)]);
    assert!(said.contains("not valid for name"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_image_without_authorities_needs_none_where_none_is_asked() {
    let server = shared().await;
    let folder = tempfile::tempdir().unwrap();
    let endpoint = server.endpoint();
    let ask_of = |cluster: String| {
        let file = kubeconfig(folder.path(), "file", &cluster);
        ask(&[&NO_ROOTS[..], &[("KUBECONFIG", &file)]].concat())
    };
    let careless = format!("    server: {endpoint}\n    insecure-skip-tls-verify: true\n");
    let said = ask_of(careless);
    assert!(said.contains("namespaces: default "), "{said}");
    let said = ask_of("    server: http://127.0.0.1:1\n".to_owned());
    assert!(said.contains("Connection refused"), "{said}");
    let said = ask_of(format!("    server: {endpoint}\n"));
    for part in ["knows no certificate authority", "ca-certificates"] {
        assert!(said.contains(part), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn proxies_of_the_kubeconfig_and_of_the_environment() {
    let server = shared().await;
    let folder = tempfile::tempdir().unwrap();
    let cluster = format!(
        "    server: {}\n{}",
        server.endpoint(),
        wrapped(server.authority())
    );
    let target = format!("127.0.0.1:{}", server.port());
    let socks = Socks::start().await;
    let by_file = format!("{cluster}    proxy-url: {}\n", socks.url("socks5"));
    let by_file = kubeconfig(folder.path(), "by-file", &by_file);
    let file = kubeconfig(folder.path(), "file", &cluster);
    let by_environment = [
        ("KUBECONFIG", &*file),
        ("HTTPS_PROXY", &socks.url("socks5h")),
    ];
    for environment in [&[("KUBECONFIG", &*by_file)][..], &by_environment] {
        let before = socks.targets().len();
        let said = ask(environment);
        assert!(said.contains("namespaces: default "), "{said}");
        let targets = socks.targets().split_off(before);
        assert!(
            !targets.is_empty() && targets.iter().all(|to| *to == target),
            "{targets:?}"
        );
    }

    let nobody = [
        ("KUBECONFIG", &*file),
        ("HTTPS_PROXY", "http://127.0.0.1:1"),
    ];
    let said = ask(&nobody);
    assert!(said.contains("cannot be reached"), "{said}");
    for exceptions in ["*", &target, "127.0.0.1", "10.0.0.0/8,, 127.0.0.0/8"] {
        let said = ask(&[&nobody[..], &[("NO_PROXY", exceptions)]].concat());
        assert!(
            said.contains("namespaces: default "),
            "{exceptions}: {said}"
        );
    }
    let unknown = format!("{cluster}    proxy-url: socks4://u:hidden@127.0.0.1:1\n");
    let unknown = kubeconfig(folder.path(), "unknown", &unknown);
    let said = ask(&[("KUBECONFIG", &unknown)]);
    let expected =
        "its proxy-url has the scheme \"socks4\": expected http, https, socks5 or socks5h";
    assert!(said.contains(expected), "{said}");
    assert!(!said.contains("hidden"), "{said}");
}
