use std::fs;

use reqwest::StatusCode;
use tempfile::TempDir;

use crate::process::data_folder;
use crate::{Authority, AzureClient, Port, Process};

/// Azurite, Microsoft's emulator of Blob Storage, with its data in memory.
pub struct Azurite {
    process: Process,
    port: Port,
    authority: Option<Authority>,
    _folder: TempDir,
}

impl Azurite {
    /// Its account.
    pub const ACCOUNT: &str = "backups";
    /// The account's key.
    pub const KEY: &str = "c3RvcmFnZS1hY2NvdW50LWtleS1vZi10aGUtdGVzdHM=";

    /// Starts it.
    ///
    /// # Panics
    /// When it is not installed or does not come up.
    pub async fn start() -> Self {
        Self::start_by(None).await
    }

    /// The same, by https, which it wants where it is to take the tokens of applications.
    ///
    /// # Panics
    /// As [`Self::start`].
    pub async fn start_tls() -> Self {
        Self::start_by(Some(Authority::new())).await
    }

    async fn start_by(authority: Option<Authority>) -> Self {
        let folder = data_folder();
        let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
        let port = Port::take();
        let mut arguments = vec![
            "--blobHost".to_owned(),
            "127.0.0.1".to_owned(),
            "--blobPort".to_owned(),
            port.to_string(),
            "--inMemoryPersistence".to_owned(),
            "--disableTelemetry".to_owned(),
            "--silent".to_owned(),
        ];
        if let Some(authority) = &authority {
            let identity = authority.issue(&["127.0.0.1"]);
            fs::write(folder.path().join("cert.pem"), &identity.certificate).unwrap();
            fs::write(folder.path().join("key.pem"), &identity.key).unwrap();
            let tls = [
                "--cert",
                &path("cert.pem"),
                "--key",
                &path("key.pem"),
                "--oauth",
                "basic",
            ];
            arguments.extend(tls.map(str::to_owned));
        }
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let accounts = format!("{}:{}", Self::ACCOUNT, Self::KEY);
        let environment = [("AZURITE_ACCOUNTS", &*accounts)];
        let process = Process::serve("azurite-blob", &arguments, &environment, folder.path());
        let mut azurite = Self {
            process,
            port,
            authority,
            _folder: folder,
        };
        let client = azurite.client();
        azurite
            .process
            .until("it is ready", || async {
                client.answers().await == Some(StatusCode::OK)
            })
            .await;
        azurite
    }

    /// Its address: `http://127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        let scheme = if self.authority.is_some() {
            "https"
        } else {
            "http"
        };
        format!("{scheme}://127.0.0.1:{}", self.port)
    }

    /// The account's address, as a section of the configuration has it.
    pub fn endpoint(&self) -> String {
        Self::endpoint_at(&self.address())
    }

    /// The same, where it is reached by another address.
    pub fn endpoint_at(address: &str) -> String {
        format!("{address}/{}", Self::ACCOUNT)
    }

    /// Who has issued its certificate (PEM), where it has one.
    pub fn authority(&self) -> Option<String> {
        self.authority
            .as_ref()
            .map(|authority| authority.pem().to_owned())
    }

    /// A client that may do all.
    pub fn client(&self) -> AzureClient {
        let client = AzureClient::new(&self.endpoint(), Self::ACCOUNT, Self::KEY);
        match self.authority() {
            Some(pem) => client.with_authority(&pem),
            None => client,
        }
    }
}
