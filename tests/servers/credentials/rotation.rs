//! Keys that are replaced, revoked and restored while the exporter runs.

use s3_exporter_testkit::servers::MinIo;

use crate::common::{Exporter, Metrics};
use crate::credentials::place::*;

const BOTH: [&str; 2] = ["s3", "minio"];

/// Both backends with keys from a mount. It has a MinIO of its own, whose users it changes.
struct Stage {
    minio: MinIo,
    mount: Mount,
    exporter: Exporter,
    _place: Place,
}

impl Stage {
    async fn set() -> Self {
        let minio = MinIo::start().await;
        fill(&minio, BUCKET).await;
        minio.add_user("first", "first-secret", &may_list()).await;
        let place = Place::new();
        let mount = Mount::new(
            &place,
            "keys",
            &[("id", "first"), ("secret", "first-secret\n")],
        );
        let lines = format!(
            "access_key_id_file = \"{}\"\nsecret_access_key_file = \"{}\"",
            mount.path("id").display(),
            mount.path("secret").display()
        );
        let endpoint = minio.endpoint();
        let stores = BOTH.map(|kind| store(kind, kind, &endpoint, &lines));
        let mut exporter = place.start(&stores, &[]).await;
        until_well(&mut exporter, &BOTH).await;
        Self {
            minio,
            mount,
            exporter,
            _place: place,
        }
    }

    async fn until_scanned(&mut self) -> Metrics {
        until_scanned(&mut self.exporter, &BOTH).await
    }

    /// They fail with this kind, and the figures stay.
    async fn until_failing(&mut self, kind: &str) {
        let metrics = until_failing(&mut self.exporter, &BOTH, kind).await;
        for name in BOTH {
            let objects = metrics.of(name, "objectstore_listed_objects");
            assert_eq!(objects, Some(OBJECTS), "{name}");
        }
    }

    async fn until_well(&mut self) {
        until_well(&mut self.exporter, &BOTH).await;
    }
}

#[tokio::test]
async fn a_key_is_replaced_before_the_old_one_is_revoked() {
    let mut stage = Stage::set().await;
    stage
        .minio
        .add_user("second", "second-secret", &may_list())
        .await;
    stage
        .mount
        .replace(&[("id", "second"), ("secret", "second-secret")]);
    stage.until_scanned().await;
    stage.minio.remove_user("first").await;
    let metrics = stage.until_scanned().await;
    // Nobody has noticed.
    for name in BOTH {
        assert!(is_well(&metrics, name), "{name}");
        assert_eq!(failures(&metrics, name), 0.0, "{name}");
    }
}

#[tokio::test]
async fn what_is_revoked_fails_and_what_is_restored_heals() {
    let mut stage = Stage::set().await;
    let pid = stage.exporter.pid();

    stage.minio.remove_user("first").await;
    stage.until_failing("credentials").await;
    stage
        .minio
        .add_user("first", "first-secret", &may_list())
        .await;
    stage.until_well().await;

    // Another secret with the same id.
    stage
        .minio
        .add_user("first", "another-secret", &may_list())
        .await;
    stage.until_failing("credentials").await;
    stage
        .mount
        .replace(&[("id", "first"), ("secret", "another-secret")]);
    stage.until_well().await;

    // The right to list is taken away, and given back.
    let other = MinIo::policy(&["s3:GetObject"], &[BUCKET]);
    stage.minio.set_policy("first", &other).await;
    stage.until_failing("denied").await;
    stage.minio.set_policy("first", &may_list()).await;
    stage.until_well().await;

    // The files are gone for a moment.
    stage.mount.replace(&[("id", "first")]);
    stage.until_failing("credentials").await;
    stage
        .mount
        .replace(&[("id", "first"), ("secret", "another-secret")]);
    stage.until_well().await;
    assert!(stage.exporter.runs() && stage.exporter.pid() == pid);
}

/// What the SDK keeps: keys of a profile, and the session of a role. It keeps them for 15
/// minutes and an hour; what the store refuses is asked for again.
#[tokio::test]
async fn what_the_sdk_keeps_heals_too() {
    let minio = MinIo::start().await;
    fill(&minio, BUCKET).await;
    let add = async |name: &str, secret: &str| minio.add_user(name, secret, &may_list()).await;
    let file = |name: &str, secret: &str| {
        format!("[default]\naws_access_key_id = {name}\naws_secret_access_key = {secret}\n")
    };
    add("first", "first-secret").await;
    let place = Place::new();
    let first = file("first", "first-secret");
    let mount = Mount::new(&place, "aws", &[("credentials", &*first)]);
    let path = mount.path("credentials");
    let endpoint = minio.endpoint();
    let role = format!(
        "role_arn = \"arn:aws:iam::123456789012:role/reader\"\nsts_endpoint = \"{endpoint}\""
    );
    let both = ["profile", "role"];
    let stores = [
        store("profile", "s3", &endpoint, ""),
        store("role", "s3", &endpoint, &role),
    ];
    let environment = [("AWS_SHARED_CREDENTIALS_FILE", path.to_str().unwrap())];
    let mut exporter = place.start(&stores, &environment).await;
    until_well(&mut exporter, &both).await;

    // Sessions end with the user who asked for them.
    minio.remove_user("first").await;
    until_failing(&mut exporter, &both, "credentials").await;
    add("first", "first-secret").await;
    until_well(&mut exporter, &both).await;

    minio.remove_user("first").await;
    until_failing(&mut exporter, &both, "credentials").await;
    add("second", "second-secret").await;
    mount.replace(&[("credentials", &*file("second", "second-secret"))]);
    until_well(&mut exporter, &both).await;
}
