use tempfile::TempDir;

use crate::process::data_folder;
use crate::{GcsClient, Port, Process};

/// fake-gcs-server, with its data in memory. It lets everybody do everything: [`Google`] stands before
/// it where that matters.
///
/// [`Google`]: crate::Google
pub struct FakeGcs {
    _process: Process,
    port: Port,
    _folder: TempDir,
}

impl FakeGcs {
    /// Starts it.
    ///
    /// # Panics
    /// When it is not installed or does not come up.
    pub async fn start() -> Self {
        let (folder, port) = (data_folder(), Port::take());
        let address = format!("127.0.0.1:{port}");
        let number = port.to_string();
        let arguments = [
            "-backend",
            "memory",
            "-scheme",
            "http",
            "-host",
            "127.0.0.1",
            "-port",
            &number,
            "-public-host",
            &address,
            "-log-level",
            "warn",
        ];
        let mut process = Process::serve("fake-gcs-server", &arguments, &[], folder.path());
        let client = GcsClient::new(&format!("http://{address}"));
        process
            .until("it is ready", || async { client.answers().await })
            .await;
        Self {
            _process: process,
            port,
            _folder: folder,
        }
    }

    /// Its address: `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A client for it.
    pub fn client(&self) -> GcsClient {
        GcsClient::new(&self.endpoint())
    }
}
