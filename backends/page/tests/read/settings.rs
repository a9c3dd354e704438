//! Answers on settings of a bucket, as AWS documents them and as MinIO and SeaweedFS give them.

use s3_exporter_api::BucketSetting::{self, *};
use s3_exporter_api::SettingState::{self, *};
use s3_exporter_page::{Untold, read_setting, setting_query};

fn read(setting: BucketSetting, body: &str) -> Option<SettingState> {
    read_setting(setting, 200, None, body.as_bytes()).unwrap()
}

#[test]
fn each_state_is_read() {
    let lock = |inner: &str| format!("<ObjectLockConfiguration>{inner}</ObjectLockConfiguration>");
    let retention = |mode: &str| {
        lock(&format!(
            "<ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>{mode}</Mode>\
             <Days>30</Days></DefaultRetention></Rule>"
        ))
    };
    let versioning = |inner: &str| {
        format!("<VersioningConfiguration xmlns=\"x\">{inner}</VersioningConfiguration>")
    };
    let life = |inner: &str| format!("<LifecycleConfiguration>{inner}</LifecycleConfiguration>");
    let rule = |status: &str, inner: &str| {
        format!(
            "<Rule><ID>a</ID><Filter><Prefix>x</Prefix></Filter>{inner}<Status>{status}</Status></Rule>"
        )
    };
    let days = "<Expiration><Days>3</Days></Expiration>";
    let date = "<Expiration><Date>2026-01-01T00:00:00Z</Date></Expiration>";
    let markers =
        "<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>";
    let noncurrent = "<NoncurrentVersionExpiration><NoncurrentDays>3</NoncurrentDays></NoncurrentVersionExpiration>";
    let moves = "<Transition><Days>30</Days><StorageClass>GLACIER</StorageClass></Transition>";
    let crypt = |algorithm: &str| {
        format!(
            "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>{algorithm}\
             </SSEAlgorithm></ApplyServerSideEncryptionByDefault><BucketKeyEnabled>false</BucketKeyEnabled></Rule>\
             </ServerSideEncryptionConfiguration>"
        )
    };
    let block = |four: [bool; 4]| {
        let names = [
            "BlockPublicAcls",
            "IgnorePublicAcls",
            "BlockPublicPolicy",
            "RestrictPublicBuckets",
        ];
        let inner: String = names
            .iter()
            .zip(four)
            .map(|(name, is)| format!("<{name}>{is}</{name}>"))
            .collect();
        format!("<PublicAccessBlockConfiguration>{inner}</PublicAccessBlockConfiguration>")
    };
    let policy =
        |public: &str| format!("<PolicyStatus><IsPublic>{public}</IsPublic></PolicyStatus>");
    for (setting, body, state) in [
        (
            ObjectLock,
            lock("<ObjectLockEnabled>Enabled</ObjectLockEnabled>"),
            Enabled,
        ),
        (ObjectLock, retention("GOVERNANCE"), Governance),
        (ObjectLock, retention("COMPLIANCE"), Compliance),
        (ObjectLock, lock(""), Off),
        (Versioning, versioning(""), Off),
        (Versioning, "<VersioningConfiguration/>".to_owned(), Off),
        (Versioning, versioning("<Status>Enabled</Status>"), Enabled),
        (
            Versioning,
            versioning("<Status>Suspended</Status><MfaDelete>Disabled</MfaDelete>"),
            Suspended,
        ),
        (Lifecycle, life(&rule("Enabled", days)), Expires),
        (Lifecycle, life(&rule("Enabled", date)), Expires),
        (Lifecycle, life(&rule("Disabled", days)), Off),
        (
            Lifecycle,
            life(&(rule("Disabled", days) + &rule("Enabled", moves))),
            Enabled,
        ),
        (
            Lifecycle,
            life(&(rule("Enabled", noncurrent) + &rule("Enabled", days))),
            Expires,
        ),
        (Lifecycle, life(&rule("Enabled", markers)), Enabled),
        (Lifecycle, life(&rule("Enabled", noncurrent)), Enabled),
        (Lifecycle, life(""), Off),
        (Encryption, crypt("AES256"), SseS3),
        (Encryption, crypt("aws:kms"), SseKms),
        (Encryption, crypt("aws:kms:dsse"), SseKms),
        (PublicAccessBlock, block([true; 4]), Full),
        (PublicAccessBlock, block([true, false, true, true]), Partial),
        (PublicAccessBlock, block([false; 4]), Off),
        (Policy, policy("TRUE"), Public),
        (Policy, policy("false"), Private),
    ] {
        assert_eq!(read(setting, &body), Some(state), "{body}");
        assert!(setting.states().contains(&state), "{setting} {state:?}");
    }
}

#[test]
fn what_was_never_set_is_off_and_what_is_denied_is_not() {
    let error = |code: &str| format!("<Error><Code>{code}</Code><Message>m</Message></Error>");
    let told =
        |setting, status, code: &str| read_setting(setting, status, None, error(code).as_bytes());
    for (setting, code) in [
        (ObjectLock, "ObjectLockConfigurationNotFoundError"),
        (Lifecycle, "NoSuchLifecycleConfiguration"),
        (Encryption, "ServerSideEncryptionConfigurationNotFoundError"),
        (PublicAccessBlock, "NoSuchPublicAccessBlockConfiguration"),
        (Policy, "NoSuchBucketPolicy"),
    ] {
        assert_eq!(told(setting, 404, code), Ok(Some(Off)), "{code}");
        // Of another setting it says nothing.
        assert!(matches!(
            told(Versioning, 404, code),
            Err(Untold::Refused(_))
        ));
    }
    for setting in BucketSetting::ALL {
        for (status, code) in [
            (403, "AccessDenied"),
            (404, "NoSuchBucket"),
            (503, "SlowDown"),
            (404, ""),
            (200, "InternalError"),
        ] {
            let told = told(setting, status, code);
            assert!(
                matches!(told, Err(Untold::Refused(_))),
                "{setting}: {code}: {told:?}"
            );
        }
        for (status, code) in [
            (501, "NotImplemented"),
            (400, "NotImplemented"),
            (405, "MethodNotAllowed"),
            (501, ""),
        ] {
            assert_eq!(told(setting, status, code), Ok(None), "{setting}: {code}");
        }
        // It knows no such query, and gives the listing that stands at this address.
        let listing = b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>";
        assert_eq!(read_setting(setting, 200, None, listing), Ok(None));
    }
}

#[test]
fn minio_is_believed_that_a_policy_is_public_and_not_that_it_is_private() {
    for (server, said, told) in [
        (Some("MinIO"), "FALSE", None),
        (Some("MinIO"), "TRUE", Some(Public)),
        (Some("AmazonS3"), "FALSE", Some(Private)),
        (None, "FALSE", Some(Private)),
    ] {
        let body = format!("<PolicyStatus><IsPublic>{said}</IsPublic></PolicyStatus>");
        assert_eq!(read_setting(Policy, 200, server, body.as_bytes()), Ok(told));
    }
}

#[test]
fn what_makes_no_sense_is_no_state() {
    for (setting, body) in [
        (
            Versioning,
            "<VersioningConfiguration><Status>On</Status></VersioningConfiguration>",
        ),
        (
            Versioning,
            "<VersioningConfiguration><Status>Enabled</Status>",
        ),
        (
            Policy,
            "<PolicyStatus><IsPublic>maybe</IsPublic></PolicyStatus>",
        ),
        (Policy, ""),
        (
            Lifecycle,
            "<LifecycleConfiguration><Rule><Status>x</Status></Rule></LifecycleConfiguration>",
        ),
        (Encryption, "not at all"),
    ] {
        let told = read_setting(setting, 200, None, body.as_bytes());
        assert!(
            matches!(told, Err(Untold::Malformed(_))),
            "{body}: {told:?}"
        );
    }
}

#[test]
fn each_is_asked_for_by_another_name() {
    let names: std::collections::BTreeSet<_> = BucketSetting::ALL.map(setting_query).into();
    assert_eq!(names.len(), BucketSetting::ALL.len());
}
