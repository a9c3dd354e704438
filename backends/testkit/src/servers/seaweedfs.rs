use std::fs;

use reqwest::StatusCode;
use tempfile::TempDir;

use crate::process::data_folder;
use crate::{Port, Process, S3Client};

/// A SeaweedFS server with its S3 gateway: a store with another order than bytes.
pub struct SeaweedFs {
    _process: Process,
    port: Port,
    _other_ports: Vec<Port>,
    _folder: TempDir,
}

impl SeaweedFs {
    /// The access key of the user who may do all.
    pub const ACCESS_KEY: &str = "seaweed";
    /// Its secret.
    pub const SECRET_KEY: &str = "seaweed12345";
    /// The access key of a user who is known and may not list.
    pub const DENIED_ACCESS_KEY: &str = "nobody";
    /// Its secret.
    pub const DENIED_SECRET_KEY: &str = "nobody12345";

    /// Starts it.
    ///
    /// # Panics
    /// When it is not installed or does not come up.
    pub async fn start() -> Self {
        let folder = data_folder();
        let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
        fs::create_dir(folder.path().join("data")).unwrap();
        fs::write(folder.path().join("s3.json"), identities()).unwrap();
        let port = Port::take();
        let mut arguments = vec![
            "server".to_owned(),
            "-ip=127.0.0.1".to_owned(),
            "-ip.bind=127.0.0.1".to_owned(),
            format!("-dir={}", path("data")),
            "-master.telemetry=false".to_owned(),
            // Each bucket takes some volumes, of which it has eight by default.
            "-master.volumeSizeLimitMB=64".to_owned(),
            "-volume.max=2000".to_owned(),
            format!("-filer.localSocket={}", path("filer.sock")),
            "-s3".to_owned(),
            format!("-s3.port={port}"),
            format!("-s3.config={}", path("s3.json")),
            format!("-s3.localSocket={}", path("s3.sock")),
            "-s3.port.iceberg=0".to_owned(),
            "-s3.port.lance=0".to_owned(),
        ];
        let mut others = Vec::new();
        for name in [
            "master.port",
            "master.port.grpc",
            "volume.port",
            "volume.port.grpc",
            "filer.port",
            "filer.port.grpc",
            "s3.port.grpc",
        ] {
            let other = Port::take();
            arguments.push(format!("-{name}={other}"));
            others.push(other);
        }
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let home = path("home");
        let mut process = Process::serve("weed", &arguments, &[("HOME", &home)], folder.path());
        let endpoint = format!("http://127.0.0.1:{port}");
        let client = S3Client::new(&endpoint, Self::ACCESS_KEY, Self::SECRET_KEY);
        process
            .until("it is ready", || async {
                client.answers().await == Some(StatusCode::OK)
            })
            .await;
        Self {
            _process: process,
            port,
            _other_ports: others,
            _folder: folder,
        }
    }

    /// Its address: `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A new client of the user who may do all.
    pub fn client(&self) -> S3Client {
        S3Client::new(&self.endpoint(), Self::ACCESS_KEY, Self::SECRET_KEY)
    }
}

fn identities() -> String {
    let identity = |name: &str, access_key: &str, secret_key: &str, actions: &[&str]| {
        serde_json::json!({
            "name": name,
            "credentials": [{"accessKey": access_key, "secretKey": secret_key}],
            "actions": actions,
        })
    };
    serde_json::json!({"identities": [
        identity("admin", SeaweedFs::ACCESS_KEY, SeaweedFs::SECRET_KEY,
            &["Admin", "Read", "List", "Write"]),
        identity("nobody", SeaweedFs::DENIED_ACCESS_KEY, SeaweedFs::DENIED_SECRET_KEY,
            &["Read:another-bucket"]),
    ]})
    .to_string()
}
