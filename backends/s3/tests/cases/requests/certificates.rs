//! Certificates on disk that others take the place of, while the backend stays.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustls::ServerConfig;
use s3_exporter_api::{Backend, Continuation, FailureKind, chain};
use s3_exporter_testkit::Authority;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::{answer, backend, list, mutual_tls};

/// Ends a hang, and says nothing of speed.
const PATIENCE: Duration = Duration::from_secs(60);

/// All of one authority: the store's certificate and the clients'.
struct Generation {
    authority: Authority,
    tls: Arc<ServerConfig>,
}

impl Generation {
    fn new() -> Self {
        let authority = Authority::new();
        let tls = mutual_tls(&authority.issue(&["127.0.0.1"]), &authority);
        Self {
            authority,
            tls: Arc::new(tls),
        }
    }

    /// Writes what the exporter needs of it.
    fn write(&self, folder: &Path) {
        let ours = self.authority.issue(&["exporter"]);
        std::fs::write(folder.join("ca.crt"), self.authority.pem()).unwrap();
        std::fs::write(folder.join("tls.crt"), ours.certificate).unwrap();
        std::fs::write(folder.join("tls.key"), ours.key).unwrap();
    }
}

/// A store that may be of another generation at each connection.
async fn store(now: Arc<Mutex<Arc<ServerConfig>>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let tls = TlsAcceptor::from(Arc::clone(&now.lock().unwrap()));
            if let Ok(stream) = tls.accept(stream).await {
                answer(stream).await;
            }
        }
    });
    format!("https://{address}")
}

/// A folder as Kubernetes mounts a Secret: its files are links through `..data`, which is a
/// link to the folder that holds them and is swapped.
fn mount(folder: &Path, generation: &Generation, name: &str) {
    let data = folder.join(name);
    std::fs::create_dir(&data).unwrap();
    generation.write(&data);
    symlink(name, folder.join("..next")).unwrap();
    std::fs::rename(folder.join("..next"), folder.join("..data")).unwrap();
}

async fn until_listed(backend: &dyn Backend) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (result, _) = list(backend, "bucket").await;
        match result {
            Ok(next) => return assert_eq!(next, Continuation::End),
            Err(error) => assert!(Instant::now() < deadline, "{}", chain(&error)),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn certificates_that_change_on_disk_are_taken_up() {
    let (old, new) = (Generation::new(), Generation::new());
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    mount(folder, &old, "..old");
    let files = ["ca.crt", "tls.crt", "tls.key"].map(|name| {
        symlink(PathBuf::from("..data").join(name), folder.join(name)).unwrap();
        folder.join(name).to_str().unwrap().to_owned()
    });
    let now = Arc::new(Mutex::new(Arc::clone(&old.tls)));
    let backend = backend(&[
        ("endpoint", &*store(Arc::clone(&now)).await),
        ("ca_bundle", &*files[0]),
        ("client_cert_file", &*files[1]),
        ("client_key_file", &*files[2]),
    ])
    .await;
    until_listed(&*backend).await;

    *now.lock().unwrap() = Arc::clone(&new.tls);
    let (result, _) = list(&*backend, "bucket").await;
    assert_eq!(
        result.unwrap_err().kind(),
        FailureKind::Tls,
        "not trusted yet"
    );
    mount(folder, &new, "..new");
    until_listed(&*backend).await;

    // And where they are written over.
    *now.lock().unwrap() = Arc::clone(&old.tls);
    old.write(folder);
    until_listed(&*backend).await;
}
