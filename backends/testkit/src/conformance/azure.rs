use s3_exporter_api::async_trait;
use tokio::sync::OnceCell;

use super::fixtures::{Section, connection, new_bucket};
use super::{Access, BackendPlugin, Connection, Fixture, Need};
use crate::Upload;
use crate::servers::Azurite;

/// A plug-in for Azure against Azurite: one server for all tests of a binary.
pub struct AzureFixture {
    plugin: BackendPlugin,
    server: &'static Azurite,
}

/// `another-key-shown`, as a key is written.
const WRONG_KEY: &str = "YW5vdGhlci1rZXktc2hvd24=";

impl AzureFixture {
    /// Where names may be listed in ranges.
    pub async fn new(plugin: BackendPlugin) -> Self {
        static AZURITE: OnceCell<Azurite> = OnceCell::const_new();
        let server = AZURITE.get_or_init(Azurite::start).await;
        Self { plugin, server }
    }

    fn section(&self, address: &str, access: Access) -> Section {
        let mut section = vec![
            ("endpoint", Azurite::endpoint_at(address)),
            ("account", Azurite::ACCOUNT.to_owned()),
            ("ordered", "true".to_owned()),
        ];
        section.push(match access {
            Access::Denied => ("sas_token", self.server.client().sas("r")),
            Access::WrongSecret => ("account_key", WRONG_KEY.to_owned()),
            _ => ("account_key", Azurite::KEY.to_owned()),
        });
        if access == Access::UnknownKey {
            section[0].1 = format!("{address}/nobody");
            section[1].1 = "nobody".to_owned();
        }
        section
    }
}

#[async_trait]
impl Fixture for AzureFixture {
    fn lacks(&self) -> &[(Need, &'static str)] {
        &[
            (
                Need::OrderAboveFfff,
                "Azurite is written in JavaScript, and sorts as that does",
            ),
            (
                Need::AnyCharacter,
                "Azurite fails where XML cannot hold a name",
            ),
            (Need::SetTime, "Azure can't be told a time"),
        ]
    }

    fn classes(&self) -> [&'static str; 3] {
        ["Hot", "Cool", "Archive"]
    }

    async fn fill(&self, uploads: &[Upload]) -> Result<String, String> {
        if let Some(timed) = uploads.iter().find(|upload| upload.last_modified.is_some()) {
            return Err(format!("no way to tell the time of {timed:?}"));
        }
        let (client, container) = (self.server.client(), new_bucket());
        client.create_container(&container, false).await;
        client.try_put_all(&container, uploads.to_vec()).await?;
        Ok(container)
    }

    async fn connect(&self, access: Access) -> Connection {
        let section = |address: &str| self.section(address, access);
        connection(&self.plugin, &self.server.address(), access, &section).await
    }

    fn secrets(&self) -> &[&str] {
        &[Azurite::KEY, WRONG_KEY, "sig="]
    }
}
