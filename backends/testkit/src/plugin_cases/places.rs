//! Whose certificates are taken, and where a store may be.

use rcgen::{ExtendedKeyUsagePurpose, IsCa};
use s3_exporter_api::{FailureKind, chain};

use super::{backend, list, server};
use crate::conformance::{BackendPlugin, connect};
use crate::{Authority, Identity, Port, Proxy, S3sServer, Socks};

/// Gives a backend a bundle of these certificates, and lists a store that shows the identity.
async fn list_with(plugin: &BackendPlugin, shown: &Identity, handed: &[&str]) -> super::Listed {
    let server = server();
    let proxy = Proxy::start_tls(&server.endpoint(), shown);
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("ca.pem");
    std::fs::write(&bundle, handed.concat()).unwrap();
    let bundle = [("ca_bundle", bundle.to_str().unwrap())];
    list(&backend(plugin, &proxy.endpoint(), &bundle).await).await
}

/// `ca_bundle` may hold the certificate that the store shows, be it self-signed, as openssl
/// makes it, or issued by somebody. Its name, its dates and its purpose must be right.
pub async fn the_certificate_itself_is_trusted(plugin: &BackendPlugin) {
    let folder = tempfile::tempdir().unwrap();
    let (authority, other) = (Authority::new(), Authority::new());
    let here = &["127.0.0.1"];
    let issued = authority.issue(here);
    let handed = |identity: &Identity| identity.certificate.clone();
    let good = [
        Identity::by_openssl(folder.path(), "P-256", "sha256", "IP:127.0.0.1"),
        authority.issue_with(here, |params| {
            params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        }),
        Identity::self_signed(here),
        issued.clone(),
    ];
    for shown in &good {
        list_with(plugin, shown, &[other.pem(), &handed(shown)])
            .await
            .well();
        let listed = list_with(plugin, shown, &[other.pem()]).await;
        listed.failed(FailureKind::Tls, 1);
    }
    let elsewhere = Identity::by_openssl(folder.path(), "P-256", "sha256", "DNS:other.example");
    let client = authority.issue_with(here, |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    });
    let ended = authority.issue_expired(here);
    let to_come = authority.issue_with(here, |params| {
        params.not_before = rcgen::date_time_ymd(2199, 1, 1);
        params.not_after = rcgen::date_time_ymd(2200, 1, 1);
    });
    for (shown, reason) in [
        (&elsewhere, "not valid for name"),
        (&client, "InvalidPurpose"),
        (&ended, "expired"),
        (&to_come, "not valid yet"),
    ] {
        let listed = list_with(plugin, shown, &[&handed(shown)]).await;
        let text = listed.failed(FailureKind::Tls, 1);
        assert!(text.contains(reason), "{reason}: {text}");
    }
    // Another of the same authority is not the one that was handed over.
    let listed = list_with(plugin, &authority.issue(here), &[&handed(&issued)]).await;
    listed.failed(FailureKind::Tls, 1);
}

/// What the signatures of cannot be checked is said to be that.
pub async fn a_certificate_that_ring_does_not_know(plugin: &BackendPlugin) {
    let folder = tempfile::tempdir().unwrap();
    let authority = Identity::by_openssl(folder.path(), "P-384", "sha384", "DNS:ca");
    let signed = authority.sign_by_openssl(folder.path(), "sha512", "IP:127.0.0.1");
    let listed = list_with(plugin, &signed, &[&authority.certificate]).await;
    let text = listed.failed(FailureKind::Tls, 1);
    assert!(text.contains("ECDSA and SHA-512"), "{text}");
    // As it is itself it is trusted, for then no signature counts but the server's.
    list_with(plugin, &signed, &[&signed.certificate])
        .await
        .well();

    let shown = Identity::by_openssl(folder.path(), "P-521", "sha512", "IP:127.0.0.1");
    let port = Port::take();
    let _server = shown.serve_by_openssl(folder.path(), &port).await;
    let bundle = folder.path().join("ca.pem");
    std::fs::write(&bundle, &shown.certificate).unwrap();
    let bundle = [("ca_bundle", bundle.to_str().unwrap())];
    let endpoint = format!("https://127.0.0.1:{port}");
    let listed = list(&backend(plugin, &endpoint, &bundle).await).await;
    let text = listed.failed(FailureKind::Tls, 1);
    assert!(text.contains("P-521"), "{text}");
}

/// A store may be below a path, which is asked for and signed. To this one, which knows of no
/// path, it is an object in another bucket; it looks at the signature first.
pub async fn a_path_before_the_bucket(plugin: &BackendPlugin) {
    let server = server();
    for path in ["/outer", "/outer/", "/outer/a%20b/\u{e4}/s3"] {
        let endpoint = format!("{}{path}", server.endpoint());
        let listed = list(&backend(plugin, &endpoint, &[]).await).await;
        let kind = listed.result.unwrap_err().kind();
        let looked = [FailureKind::NotFound, FailureKind::Protocol];
        assert!(looked.contains(&kind), "{path}: {kind}");
        let wrong = [
            ("access_key_id", S3sServer::ACCESS_KEY),
            ("secret_access_key", "wrong"),
        ];
        let listed = list(&backend(plugin, &endpoint, &wrong).await).await;
        listed.failed(FailureKind::Credentials, 1);
    }
}

/// Variables of this process can't be changed safely, so another one of the same program lists
/// the store at `endpoint`, with the environment that a user would give.
async fn list_with_environment(endpoint: &str, environment: &[(&str, &str)]) -> String {
    let program = std::env::current_exe().unwrap();
    let output = tokio::process::Command::new(program)
        .args(["--exact", "in_another_process", "--ignored", "--nocapture"])
        .env_clear()
        .envs(environment.iter().copied())
        .env(ENDPOINT, endpoint)
        .output()
        .await
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

const ENDPOINT: &str = "TEST_ENDPOINT";

/// What that other process does.
pub async fn list_in_this_process(plugin: &BackendPlugin) {
    let endpoint = std::env::var(ENDPOINT).unwrap();
    let mut section = vec![("endpoint", endpoint.as_str())];
    section.extend(super::KEYS);
    let listed = match connect(plugin, &section).await {
        Ok(backend) => list(&backend).await.result,
        Err(error) => Err(error),
    };
    match listed {
        Ok(objects) => println!("listed {objects} objects"),
        Err(error) => println!("{}: {}", error.kind(), chain(&error)),
    }
}

/// As curl and Go read them: `NO_PROXY` by address, by port, with a dot at the end of a name;
/// SOCKS5 proxies, which look names up.
pub async fn the_environment_names_proxies_and_exceptions(_: &BackendPlugin) {
    let server = server();
    let by_address = server.endpoint();
    let (_, port) = by_address.rsplit_once(':').unwrap();
    let by_name = format!("http://localhost:{port}");
    let nobody = ("HTTP_PROXY", "http://127.0.0.1:1");
    let listed = list_with_environment(&by_address, &[nobody]).await;
    assert!(listed.contains("connect: "), "{listed}");
    let this_port = format!("127.0.0.1:{port}");
    for (endpoint, exceptions) in [
        (&by_address, "*"),
        (&by_address, "example, *"),
        (&by_address, &this_port),
        (&by_address, "127.0.0.0/8"),
        (&by_name, "LOCALHOST."),
    ] {
        for name in ["NO_PROXY", "no_proxy"] {
            let environment = [nobody, ("NO_PROXY", ""), (name, exceptions)];
            let listed = list_with_environment(endpoint, &environment).await;
            assert!(
                listed.contains("listed 10 objects"),
                "{exceptions}: {listed}"
            );
        }
    }
    let another_port = [nobody, ("NO_PROXY", "127.0.0.1:1")];
    let listed = list_with_environment(&by_address, &another_port).await;
    assert!(listed.contains("connect: "), "{listed}");

    for scheme in ["socks5", "socks5h"] {
        let socks = Socks::start().await;
        let environment = [("ALL_PROXY", &*socks.url(scheme))];
        let store = format!("http://store.invalid:{port}");
        let listed = list_with_environment(&store, &environment).await;
        assert!(listed.contains("listed 10 objects"), "{listed}");
        assert_eq!(socks.targets(), [format!("store.invalid:{port}")]);
    }
    let unknown = [("ALL_PROXY", "socks4://u:hidden@127.0.0.1:1")];
    let listed = list_with_environment(&by_address, &unknown).await;
    let expected = "internal: setting the proxy up: ALL_PROXY has the scheme \"socks4\": expected";
    assert!(listed.contains(expected), "{listed}");
    assert!(!listed.contains("hidden"), "{listed}");
}

/// Machines and load balancers at Amazon have names under amazonaws.com, and are stores like
/// any other.
pub async fn hosts_of_amazon_that_are_no_store_of_its_own(_: &BackendPlugin) {
    let server = server();
    let endpoint = server.endpoint();
    let (_, port) = endpoint.rsplit_once(':').unwrap();
    let socks = Socks::start().await;
    for host in [
        "ec2-203-0-113-1.us-west-2.compute.amazonaws.com",
        "minio-0123456789abcdef.elb.us-west-2.amazonaws.com",
        "minio-1234567890.us-west-2.elb.amazonaws.com",
        "minio.cn-north-1.elb.amazonaws.com.cn",
    ] {
        let environment = [("ALL_PROXY", &*socks.url("socks5"))];
        let store = format!("http://{host}:{port}");
        let listed = list_with_environment(&store, &environment).await;
        assert!(listed.contains("listed 10 objects"), "{host}: {listed}");
        assert_eq!(socks.targets().last(), Some(&format!("{host}:{port}")));
    }
}
