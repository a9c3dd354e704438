//! Whose certificates are taken, and where a store may be.

use rcgen::{ExtendedKeyUsagePurpose, IsCa};
use s3_exporter_api::{FailureKind, Plugin};

use super::{backend, list, server};
use crate::{Authority, Identity, Port, Proxy, S3sServer};

/// Gives a backend a bundle of these certificates, and lists a store that shows the identity.
async fn list_with(plugin: &Plugin, shown: &Identity, handed: &[&str]) -> super::Listed {
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
pub async fn the_certificate_itself_is_trusted(plugin: &Plugin) {
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
pub async fn a_certificate_that_ring_does_not_know(plugin: &Plugin) {
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
pub async fn a_path_before_the_bucket(plugin: &Plugin) {
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
