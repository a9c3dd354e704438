//! What changes on disk while the exporter runs.

use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use s3_exporter_testkit::Identity;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::auth::hash;
use crate::site::{Served, Site, TLS};

type Stream = TlsStream<TcpStream>;

/// Whether it answers.
async fn is_healthy(stream: &mut Stream) -> bool {
    let request = b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n";
    if stream.write_all(request).await.is_err() {
        return false;
    }
    let mut answer = Vec::new();
    while !answer.ends_with(b"healthy\n") {
        let mut byte = [0];
        match stream.read(&mut byte).await {
            Ok(1) => answer.push(byte[0]),
            _ => return false,
        }
    }
    answer.starts_with(b"HTTP/1.1 200 OK")
}

fn shows(stream: &Stream, identity: &Identity) -> bool {
    let shown = stream.get_ref().1.peer_certificates().unwrap();
    let own = CertificateDer::from_pem_slice(identity.certificate.as_bytes()).unwrap();
    shown[0] == own
}

/// Waits until new connections get this certificate.
async fn until_shown(served: &Served, identity: &Identity) -> Stream {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let stream = served.connect(b"http/1.1").await;
        if shows(&stream, identity) {
            return stream;
        }
        assert!(Instant::now() < deadline, "{}", served.process.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A folder as Kubernetes mounts a secret: names that lead to `..data`, which leads to a
/// folder of this revision and is swapped as a whole.
fn mount(site: &Site, revision: usize, identity: &Identity) {
    let mounted = site.path("mounted");
    let folder = mounted.join(format!("..revision_{revision}"));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("tls.crt"), &identity.certificate).unwrap();
    std::fs::write(folder.join("tls.key"), &identity.key).unwrap();
    let (next, data) = (mounted.join("..data_tmp"), mounted.join("..data"));
    symlink(folder.file_name().unwrap(), &next).unwrap();
    std::fs::rename(&next, &data).unwrap();
    if revision == 1 {
        for name in ["tls.crt", "tls.key"] {
            symlink(format!("..data/{name}"), mounted.join(name)).unwrap();
        }
    }
}

#[tokio::test]
async fn certificates_swapped_as_kubernetes_does_it() {
    let site = Site::new();
    let [first, second, third] = [(); 3].map(|()| site.authority.issue(&["localhost"]));
    mount(&site, 1, &first);
    site.write(
        "web.yml",
        "tls_server_config:\n  cert_file: mounted/tls.crt\n  key_file: mounted/tls.key\n",
    );
    let served = site.exporter().await;
    let mut old = served.connect(b"http/1.1").await;
    assert!(shows(&old, &first) && is_healthy(&mut old).await);

    mount(&site, 2, &second);
    let mut new = until_shown(&served, &second).await;
    assert!(is_healthy(&mut new).await);
    assert!(is_healthy(&mut old).await, "an old connection goes on");

    // A key that belongs to another certificate changes nothing, and is said once.
    let (certificate, key) = (third.certificate.clone(), first.key.clone());
    mount(&site, 3, &Identity { certificate, key });
    let mut served = served;
    served.until_log("changed for the worse").await;
    assert!(shows(&served.connect(b"http/1.1").await, &second));

    mount(&site, 4, &third);
    until_shown(&served, &third).await;
    assert!(is_healthy(&mut new).await, "an old connection goes on");
    let log = served.process.log();
    let warned: Vec<_> = log.lines().filter(|line| line.contains("worse")).collect();
    assert_eq!(warned.len(), 1, "{log}");
    assert!(
        warned[0].contains("`tls_server_config.key_file` does not belong to the certificate"),
        "{log}"
    );
}

/// An authority that changed: who was known is known no more.
#[tokio::test]
async fn the_clients_authority_is_followed() {
    let site = Site::with_tls(
        "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: clients.crt\n",
    );
    std::fs::copy(site.path("ca.crt"), site.path("clients.crt")).unwrap();
    let mut served = site.exporter().await;
    let known = site.path("known.pem").to_string_lossy().into_owned();
    assert_eq!(
        served.ask("/-/healthy", &["--cert", &known]).await.status,
        200
    );
    let other = s3_exporter_testkit::Authority::new();
    site.write("clients.crt", other.pem());
    served.until_log("are used now").await;
    assert_eq!(
        served.ask("/-/healthy", &["--cert", &known]).await.status,
        0
    );
    site.write_identity("new.pem", &other.issue(&["x"]));
    let new = site.path("new.pem").to_string_lossy().into_owned();
    assert_eq!(
        served.ask("/-/healthy", &["--cert", &new]).await.status,
        200
    );
}

/// A file that was emptied, or lost its users, by accident must not open what was closed.
#[tokio::test]
async fn what_was_closed_stays_closed() {
    let site = Site::new();
    let users = format!("basic_auth_users:\n  alice: {}\n", hash("wonderland"));
    site.write("web.yml", &format!("{TLS}{users}"));
    let mut served = site.exporter().await;
    for (text, reason) in [
        ("", "TLS is switched on or off by a restart alone"),
        (
            TLS,
            "basic authentication is switched off by a restart alone",
        ),
        ("tls_server_config: [\n", "this is not YAML"),
        (
            "tls_server_config:\n  cert_file: server.crt\n  key_file: gone.key\n",
            "which cannot be read: there is no such file",
        ),
    ] {
        site.write("web.yml", text);
        served.until_log(reason).await;
        assert_eq!(served.ask_plainly("/-/healthy", &[]).await.status, 400);
        assert_eq!(served.ask("/-/healthy", &[]).await.status, 401);
        let good = served.ask("/-/healthy", &["-u", "alice:wonderland"]).await;
        assert_eq!(good.status, 200);
    }
    std::fs::remove_file(site.path("web.yml")).unwrap();
    served
        .until_log("the web configuration cannot be read")
        .await;
    assert_eq!(served.ask("/-/healthy", &[]).await.status, 401);
    let log = served.process.log();
    assert_eq!(log.matches("changed for the worse").count(), 5, "{log}");
}
