//! Every way in which people log in to a storage account of Azure's works against Azurite; tokens come
//! from a service that answers as Entra ID documents it.

use s3_exporter_testkit::servers::Azurite;
use s3_exporter_testkit::{AzureClient, Entra, Upload};

use crate::common::Exporter;
use crate::credentials::place::*;

/// By https, as it wants it for tokens, with [`BUCKET`], and `public`, which is open to all.
async fn azurite() -> Azurite {
    let azurite = Azurite::start_tls().await;
    let client = azurite.client();
    for (container, is_public) in [(BUCKET, false), ("public", true)] {
        client.create_container(container, is_public).await;
        let uploads = ["a-1", "a-2", "b-1"].map(|key| Upload::new(key, 7));
        client.try_put_all(container, uploads).await.unwrap();
    }
    azurite
}

struct Stage {
    azurite: Azurite,
    entra: Entra,
    place: Place,
}

impl Stage {
    async fn new() -> Self {
        let (azurite, place) = (azurite().await, Place::new());
        place.write("ca.pem", &azurite.authority().unwrap());
        Self {
            azurite,
            entra: Entra::start(),
            place,
        }
    }

    fn client(&self) -> AzureClient {
        self.azurite.client()
    }

    fn store(&self, name: &str, lines: &str) -> String {
        let account = match lines.contains("connection_string = ") {
            true => String::new(),
            false => format!("account = \"{}\"\n", Azurite::ACCOUNT),
        };
        let lines = format!("ca_bundle = \"ca.pem\"\n{account}{lines}");
        store(name, "azure", &self.azurite.endpoint(), &lines)
    }

    fn application(&self, lines: &str) -> String {
        format!(
            "tenant_id = \"{}\"\nclient_id = \"{}\"\nauthority_host = \"{}\"\n{lines}",
            Entra::TENANT,
            Entra::CLIENT,
            self.entra.authority()
        )
    }

    async fn start(&self, stores: &[String], environment: &[(&str, &str)]) -> Exporter {
        let mut all = vec![("S3_EXPORTER__LOG__LEVEL", "trace")];
        all.extend(environment);
        self.place.start(stores, &all).await
    }

    /// Nothing of a secret is in anything that the exporter says.
    async fn shows_no_secret(&self, exporter: &Exporter) {
        let secrets = [
            Azurite::KEY,
            Entra::SECRET,
            Entra::FEDERATED,
            Entra::TOKEN,
            "sig=",
        ];
        let status = exporter.status().await.to_string();
        let texts = [exporter.log(), status, exporter.get("/metrics").await];
        for text in texts {
            for secret in secrets {
                let begins = &secret[..secret.len().min(12)];
                let at = text.find(begins);
                let around = at.map(|at| &text[at.saturating_sub(200)..at]);
                assert_eq!(around, None, "{begins}");
            }
        }
    }
}

#[tokio::test]
async fn what_opens_an_account_by_itself() {
    let stage = Stage::new().await;
    let key = Azurite::KEY;
    let sas = stage.client().sas("rl");
    let string = format!("AccountName={};AccountKey={key}", Azurite::ACCOUNT);
    stage.place.write("key", &format!("{key}\n"));
    stage.place.write("string", &string);
    let mount = Mount::new(&stage.place, "sas", &[("token", "sv=2024-01-01&sig=a%3D")]);
    let token = mount.path("token");
    let stores = [
        stage.store("key", &format!("account_key = \"{key}\"")),
        stage.store("key-in-a-file", "account_key_file = \"key\""),
        stage.store("sas", &format!("sas_token = \"?{sas}\"")),
        stage.store("string", &format!("connection_string = \"{string}\"")),
        stage.store("string-in-a-file", "connection_string_file = \"string\""),
        stage
            .store("public", "anonymous = true")
            .replace(&format!("bucket = \"{BUCKET}\""), "bucket = \"public\""),
        stage.store("rotated", &format!("sas_token_file = {token:?}")),
        stage.store(
            "may-not-list",
            &format!("sas_token = \"{}\"", stage.client().sas("r")),
        ),
        stage.store("private", "anonymous = true"),
        stage.store("wrong", "account_key = \"YW5vdGhlci1rZXktc2hvd24=\""),
    ];
    let mut exporter = stage.start(&stores, &[]).await;
    let well = [
        "key",
        "key-in-a-file",
        "sas",
        "string",
        "string-in-a-file",
        "public",
    ];
    until_well(&mut exporter, &well).await;
    until_failing(&mut exporter, &["may-not-list"], "denied").await;
    until_failing(
        &mut exporter,
        &["private", "wrong", "rotated"],
        "credentials",
    )
    .await;
    let message = message(&exporter, "may-not-list").await;
    assert!(message.contains("Storage Blob Data Reader"), "{message}");
    mount.replace(&[("token", &sas)]);
    until_well(&mut exporter, &["rotated"]).await;
    stage.shows_no_secret(&exporter).await;
}

#[tokio::test]
async fn applications_and_workloads() {
    let stage = Stage::new().await;
    let mount = Mount::new(&stage.place, "pod", &[("token", "token-of-another-pod")]);
    let token = mount.path("token");
    stage.place.write("secret", &format!("{}\n", Entra::SECRET));
    let secret = |text: &str| stage.application(&format!("client_secret = \"{text}\""));
    let stores = [
        stage.store("secret", &secret(Entra::SECRET)),
        stage.store(
            "in-a-file",
            &stage.application("client_secret_file = \"secret\""),
        ),
        stage.store("wrong", &secret("another-secret")),
        stage.store(
            "workload",
            &stage.application(&format!("federated_token_file = {token:?}")),
        ),
    ];
    let mut exporter = stage.start(&stores, &[]).await;
    until_well(&mut exporter, &["secret", "in-a-file"]).await;
    until_failing(&mut exporter, &["wrong", "workload"], "credentials").await;
    let message = message(&exporter, "wrong").await;
    for part in [
        "no credentials; check `tenant_id`, `client_id` and `client_secret`",
        "says 401 \"invalid_client: AADSTS7000215: Invalid client secret provided.\"",
    ] {
        assert!(message.contains(part), "{message}");
    }
    mount.replace(&[("token", Entra::FEDERATED)]);
    until_well(&mut exporter, &["workload"]).await;
    stage.shows_no_secret(&exporter).await;
}

#[tokio::test]
async fn the_environment_and_the_machine() {
    let stage = Stage::new().await;
    let pod = stage.place.write("token", Entra::FEDERATED);
    let authority = stage.entra.authority();
    let endpoint = stage.entra.identity_endpoint();
    let machine = [("IDENTITY_ENDPOINT", &*endpoint)];
    let application = [
        ("AZURE_TENANT_ID", Entra::TENANT),
        ("AZURE_CLIENT_ID", Entra::CLIENT),
        ("AZURE_AUTHORITY_HOST", &*authority),
    ];
    let of_pod = ("AZURE_FEDERATED_TOKEN_FILE", pod.to_str().unwrap());
    let of_secret = ("AZURE_CLIENT_SECRET", Entra::SECRET);
    for (environment, more) in [
        (&machine[..], None),
        (&application[..], Some(of_pod)),
        (&application[..], Some(of_secret)),
    ] {
        let environment: Vec<_> = environment.iter().copied().chain(more).collect();
        let stores = [stage.store("own", "")];
        let mut exporter = stage.start(&stores, &environment).await;
        until_well(&mut exporter, &["own"]).await;
        stage.shows_no_secret(&exporter).await;
    }
    let stores = [stage.store("own", "managed_identity = true")];
    let mut exporter = stage.start(&stores, &machine).await;
    until_well(&mut exporter, &["own"]).await;
}
