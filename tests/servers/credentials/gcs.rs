//! Every way in which programs log in to Google Cloud Storage works against fake-gcs-server, behind what
//! looks at tokens as Google documents it.

use s3_exporter_testkit::servers::FakeGcs;
use s3_exporter_testkit::{Google, OpenId, S3sServer, Upload};
use serde_json::json;

use crate::common::Exporter;
use crate::credentials::place::*;

struct Stage {
    google: Google,
    /// Whose identities it trusts.
    provider: OpenId,
    place: Place,
    _store: FakeGcs,
}

impl Stage {
    /// With [`BUCKET`], and [`Google::PUBLIC`], which is open to all.
    async fn new() -> Self {
        let (store, provider) = (FakeGcs::start().await, OpenId::start());
        let client = store.client();
        for bucket in [BUCKET, Google::PUBLIC] {
            client.create_bucket(bucket).await;
            let uploads = ["a-1", "a-2", "b-1"].map(|key| Upload::new(key, 7));
            client.try_put_all(bucket, uploads).await.unwrap();
        }
        Self {
            google: Google::start(&store.endpoint(), &provider),
            provider,
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
            for secret in ["PRIVATE KEY", "eyJ", "ya29.", "1//", "client-secret"] {
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
    let deleted = Google::deleted_key_of(Google::WATCHER);
    let mount = Mount::new(&stage.place, "secret", &[("key.json", &deleted)]);
    let rotated = mount.path("key.json");
    let stores = [
        stage.store("key", "credentials_file = \"key.json\""),
        stage.store("rotated", &format!("credentials_file = {rotated:?}")),
        stage.store("may-not-list", "credentials_file = \"stranger.json\""),
        stage.store("private", "anonymous = true"),
        stage.store("public", "anonymous = true").replace(
            &format!("bucket = \"{BUCKET}\""),
            &format!("bucket = \"{}\"", Google::PUBLIC),
        ),
    ];
    let mut exporter = stage.start(&stores, &[]).await;
    until_well(&mut exporter, &["key", "public"]).await;
    until_failing(&mut exporter, &["may-not-list"], "denied").await;
    until_failing(&mut exporter, &["private", "rotated"], "credentials").await;
    for (store, part) in [
        (
            "may-not-list",
            "access denied (403 forbidden); give it the role",
        ),
        ("may-not-list", "Permission 'storage.objects.list' denied"),
        ("private", "give `credentials_file`"),
        ("rotated", "check that what is in `credentials_file`"),
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

/// What `gcloud auth application-default login` leaves, in a file that is named and where it leaves it.
#[tokio::test]
async fn logins_of_persons() {
    let stage = Stage::new().await;
    let good = stage.google.login_with(Google::REFRESH);
    stage.place.write("person.json", &good);
    let revoked = stage.google.login_with("1//revoked");
    stage.place.write("revoked.json", &revoked);
    let elsewhere = good.replace(&stage.google.endpoint(), "http://127.0.0.1:1");
    stage.place.write("elsewhere.json", &elsewhere);
    stage
        .place
        .write(".config/gcloud/application_default_credentials.json", &good);
    let stores = [
        stage.store("own", ""),
        stage.store("person", "credentials_file = \"person.json\""),
        stage.store("revoked", "credentials_file = \"revoked.json\""),
        stage.store("elsewhere", "credentials_file = \"elsewhere.json\""),
    ];
    let mut exporter = stage.start(&stores, &[]).await;
    until_well(&mut exporter, &["own", "person"]).await;
    until_failing(&mut exporter, &["revoked", "elsewhere"], "credentials").await;
    for (store, part) in [
        (
            "revoked",
            "who hands out tokens says 400 \"invalid_grant: Token has been expired or revoked.\"",
        ),
        ("elsewhere", "its `token_uri` is neither at Google"),
    ] {
        let message = message(&exporter, store).await;
        assert!(message.contains(part), "{store}: {message}");
    }
    // Logged in again.
    stage.place.write("revoked.json", &good);
    until_well(&mut exporter, &["revoked"]).await;
    stage.shows_no_secret(&exporter).await;
}

/// With a token in a file, or at an address; for itself, or in the place of a service account.
#[tokio::test]
async fn federated_identities() {
    let stage = Stage::new().await;
    let token = |subject| stage.provider.token(subject, 3600);
    let path = stage.place.write("token", &token(Google::SUBJECT));
    let stranger = stage.place.write("stranger", &token("stranger"));
    let document = json!({"id_token": token(Google::SUBJECT)}).to_string();
    let as_json = stage.place.write("token.json", &document);
    let in_json = json!({"type": "json", "subject_token_field_name": "id_token"});
    let served = S3sServer::start(); // answers what is asked for in XML, which is no token
    let by_file = json!({"file": path});
    let sources = [
        ("file", by_file.clone(), None),
        ("json", json!({"file": as_json, "format": in_json}), None),
        ("account", by_file.clone(), Some(Google::WATCHER)),
        ("not-its-account", by_file, Some(Google::STRANGER)),
        ("stranger", json!({"file": stranger}), None),
        (
            "url",
            json!({"url": stage.provider.token_url(Google::SUBJECT), "headers": {"Metadata": "true"}, "format": in_json}),
            None,
        ),
        (
            "no-token",
            json!({"url": served.endpoint(), "format": in_json}),
            None,
        ),
        ("no-file", json!({"file": "/none/token"}), None),
    ];
    let stores = sources.each_ref().map(|(name, source, account)| {
        let file = format!("{name}.federated.json");
        stage
            .place
            .write(&file, &stage.google.federated(source, *account));
        stage.store(name, &format!("credentials_file = {file:?}"))
    });
    let mut exporter = stage.start(&stores, &[]).await;
    until_well(&mut exporter, &["file", "json", "account", "url"]).await;
    let failing = ["not-its-account", "stranger", "no-token", "no-file"];
    until_failing(&mut exporter, &failing, "credentials").await;
    for (store, part) in [
        (
            "not-its-account",
            "says 403 \"PERMISSION_DENIED: Permission",
        ),
        ("stranger", "says 400 \"invalid_grant: "),
        ("no-token", "asking 127.0.0.1 for a token: it says 403"),
        (
            "no-file",
            "reading the token in the file /none/token: there is no such file",
        ),
    ] {
        let message = message(&exporter, store).await;
        assert!(message.contains(part), "{store}: {message}");
    }
    // A pod's token is written anew before it ends.
    stage.place.write("stranger", &token(Google::SUBJECT));
    until_well(&mut exporter, &["stranger"]).await;
    stage.shows_no_secret(&exporter).await;
}
