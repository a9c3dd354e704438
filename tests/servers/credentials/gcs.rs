//! Every way in which programs log in to Google Cloud Storage works against fake-gcs-server, behind what
//! looks at tokens as Google documents it.

use s3_exporter_testkit::servers::FakeGcs;
use s3_exporter_testkit::{Google, Upload};

use crate::common::Exporter;
use crate::credentials::place::*;

struct Stage {
    google: Google,
    place: Place,
    _store: FakeGcs,
}

impl Stage {
    /// With [`BUCKET`], and [`Google::PUBLIC`], which is open to all.
    async fn new() -> Self {
        let store = FakeGcs::start().await;
        let client = store.client();
        for bucket in [BUCKET, Google::PUBLIC] {
            client.create_bucket(bucket).await;
            let uploads = ["a-1", "a-2", "b-1"].map(|key| Upload::new(key, 7));
            client.try_put_all(bucket, uploads).await.unwrap();
        }
        Self {
            google: Google::start(&store.endpoint()),
            place: Place::new(),
            _store: store,
        }
    }

    fn store(&self, name: &str, lines: &str) -> String {
        store(name, "gcs", &self.google.endpoint(), lines)
    }

    async fn start(&self, stores: &[String], environment: &[(&str, &str)]) -> Exporter {
        let mut all = vec![("S3_EXPORTER__LOG__LEVEL", "trace")];
        all.extend(environment);
        self.place.start(stores, &all).await
    }

    /// Nothing of a secret is in anything that the exporter says.
    async fn shows_no_secret(&self, exporter: &Exporter) {
        let status = exporter.status().await.to_string();
        let texts = [exporter.log(), status, exporter.get("/metrics").await];
        for text in texts {
            for secret in ["PRIVATE KEY", "eyJ", "ya29."] {
                let at = text.find(secret);
                let around = at.map(|at| &text[at.saturating_sub(200)..at]);
                assert_eq!(around, None, "{secret}");
            }
        }
    }
}

#[tokio::test]
async fn keys_of_service_accounts() {
    let stage = Stage::new().await;
    stage
        .place
        .write("key.json", &Google::key_of(Google::WATCHER));
    stage
        .place
        .write("stranger.json", &Google::key_of(Google::STRANGER));
    let person = "{\"type\": \"authorized_user\", \"refresh_token\": \"1//0e\"}";
    stage.place.write("person.json", person);
    let deleted = Google::deleted_key_of(Google::WATCHER);
    let mount = Mount::new(&stage.place, "secret", &[("key.json", &deleted)]);
    let rotated = mount.path("key.json");
    let stores = [
        stage.store("key", "credentials_file = \"key.json\""),
        stage.store("rotated", &format!("credentials_file = {rotated:?}")),
        stage.store("may-not-list", "credentials_file = \"stranger.json\""),
        stage.store("person", "credentials_file = \"person.json\""),
        stage.store("private", "anonymous = true"),
        stage.store("public", "anonymous = true").replace(
            &format!("bucket = \"{BUCKET}\""),
            &format!("bucket = \"{}\"", Google::PUBLIC),
        ),
    ];
    let mut exporter = stage.start(&stores, &[]).await;
    until_well(&mut exporter, &["key", "public"]).await;
    until_failing(&mut exporter, &["may-not-list"], "denied").await;
    until_failing(
        &mut exporter,
        &["private", "person", "rotated"],
        "credentials",
    )
    .await;
    for (store, part) in [
        (
            "may-not-list",
            "access denied (403 forbidden); give it the role",
        ),
        ("may-not-list", "Permission 'storage.objects.list' denied"),
        ("person", "make a key of a service account"),
        ("private", "give `credentials_file`"),
        ("rotated", "check that the key in `credentials_file`"),
    ] {
        let message = message(&exporter, store).await;
        assert!(message.contains(part), "{store}: {message}");
    }
    mount.replace(&[("key.json", &Google::key_of(Google::WATCHER))]);
    until_well(&mut exporter, &["rotated"]).await;
    stage.shows_no_secret(&exporter).await;
}

#[tokio::test]
async fn the_environment_and_the_machine() {
    let stage = Stage::new().await;
    let key = stage
        .place
        .write("key.json", &Google::key_of(Google::WATCHER));
    let file = [("GOOGLE_APPLICATION_CREDENTIALS", key.to_str().unwrap())];
    let host = stage.google.metadata_host();
    let machine = [("GCE_METADATA_HOST", &*host)];
    for environment in [&file[..], &machine] {
        let stores = [stage.store("own", "")];
        let mut exporter = stage.start(&stores, environment).await;
        until_well(&mut exporter, &["own"]).await;
        stage.shows_no_secret(&exporter).await;
    }
    // Where `gcloud` leaves it; the folder is the home, too.
    let file = ".config/gcloud/application_default_credentials.json";
    stage.place.write(file, &Google::key_of(Google::WATCHER));
    let mut exporter = stage.start(&[stage.store("own", "")], &[]).await;
    until_well(&mut exporter, &["own"]).await;
}
