//! Certificates that are replaced on disk are picked up, with no reload.

use s3_exporter_testkit::{Authority, Proxy};

use crate::common::Exporter;
use crate::credentials::place::*;

const BOTH: [&str; 2] = ["s3", "minio"];

/// They fail for want of trust, and the figures stay.
async fn until_distrusted(exporter: &mut Exporter, names: &[&str]) {
    let metrics = until_failing(exporter, names, "tls").await;
    for name in names {
        let objects = metrics.of(name, "objectstore_listed_objects");
        assert_eq!(objects, Some(OBJECTS), "{name}");
    }
}

async fn keys() -> String {
    let minio = minio().await;
    user(minio, "certificates").await;
    let secret = secret_of("certificates");
    format!("access_key_id = \"certificates\"\nsecret_access_key = \"{secret}\"\n")
}

#[tokio::test]
async fn an_authority_is_replaced() {
    let (right, wrong) = (Authority::new(), Authority::new());
    let identity = right.issue(&["127.0.0.1"]);
    let proxy = Proxy::start_tls(&minio().await.endpoint(), &identity);
    let place = Place::new();
    let mount = Mount::new(&place, "ca", &[("ca.pem", right.pem())]);
    let bundle = mount.path("ca.pem");
    let lines = format!("{}ca_bundle = \"{}\"", keys().await, bundle.display());
    let stores = BOTH.map(|kind| store(kind, kind, &proxy.endpoint(), &lines));
    let mut exporter = place.start(&stores, &[]).await;
    until_well(&mut exporter, &BOTH).await;

    mount.replace(&[("ca.pem", wrong.pem())]);
    until_distrusted(&mut exporter, &BOTH).await;
    // Both, as while an authority is on its way out.
    mount.replace(&[("ca.pem", &format!("{}{}", wrong.pem(), right.pem()))]);
    until_well(&mut exporter, &BOTH).await;
    // What is of no use changes nothing: it may be half written, or about to come.
    for files in [&[("ca.pem", "no certificate")][..], &[]] {
        mount.replace(files);
        let metrics = until_scanned(&mut exporter, &BOTH).await;
        assert!(BOTH.iter().all(|name| is_well(&metrics, name)), "{files:?}");
    }
    mount.replace(&[("ca.pem", wrong.pem())]);
    until_distrusted(&mut exporter, &BOTH).await;
    mount.replace(&[("ca.pem", right.pem())]);
    until_well(&mut exporter, &BOTH).await;
}

#[tokio::test]
async fn our_own_certificate_is_replaced() {
    let (authority, clients, strangers) = (Authority::new(), Authority::new(), Authority::new());
    let identity = authority.issue(&["127.0.0.1"]);
    let proxy = Proxy::start_tls_for(&clients, &minio().await.endpoint(), &identity);
    let [ours, other] = [&clients, &strangers].map(|by| by.issue(&["exporter"]));
    let place = Place::new();
    place.write("ca.pem", authority.pem());
    let files = [("tls.crt", &*ours.certificate), ("tls.key", &*ours.key)];
    let mount = Mount::new(&place, "tls", &files);
    let lines = format!(
        "{}ca_bundle = \"ca.pem\"\nclient_cert_file = \"{}\"\nclient_key_file = \"{}\"",
        keys().await,
        mount.path("tls.crt").display(),
        mount.path("tls.key").display()
    );
    let stores = [store("s3", "s3", &proxy.endpoint(), &lines)];
    let mut exporter = place.start(&stores, &[]).await;
    until_well(&mut exporter, &["s3"]).await;

    mount.replace(&[("tls.crt", &*other.certificate), ("tls.key", &*other.key)]);
    until_distrusted(&mut exporter, &["s3"]).await;
    mount.replace(&files);
    until_well(&mut exporter, &["s3"]).await;
}
