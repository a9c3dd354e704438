//! Where credentials come from.

use std::os::unix::fs::PermissionsExt;

use s3_exporter_testkit::{AskedOfAws, Aws};

use crate::common::Exporter;
use crate::credentials::place::*;

/// An exporter with one store of type s3 that says nothing of credentials but `lines`.
async fn with(place: &Place, lines: &str, environment: &[(&str, &str)]) -> Exporter {
    let endpoint = minio().await.endpoint();
    place
        .start(&[store("own", "s3", &endpoint, lines)], environment)
        .await
}

#[tokio::test]
async fn static_keys_and_temporary_ones() {
    let minio = minio().await;
    user(minio, "static-user").await;
    let session = session(minio, "static-session").await;
    let keys = |id: &str, secret: &str| {
        format!("access_key_id = \"{id}\"\nsecret_access_key = \"{secret}\"\n")
    };
    let of_user = keys("static-user", &secret_of("static-user"));
    let of_session = format!(
        "{}session_token = \"{}\"",
        keys(&session.access_key, &session.secret_key),
        session.token
    );
    let without_token = keys(&session.access_key, &session.secret_key);
    let endpoint = minio.endpoint();
    let stores = ["s3", "minio"].map(|kind| {
        let name = |what| format!("{kind}-{what}");
        store(&name("keys"), kind, &endpoint, &of_user)
            + &store(&name("session"), kind, &endpoint, &of_session)
            + &store(&name("half"), kind, &endpoint, &without_token)
    });
    let mut exporter = Place::new().start(&stores, &[]).await;
    let good = ["s3-keys", "minio-keys", "s3-session", "minio-session"];
    until_well(&mut exporter, &good).await;
    until_failing(&mut exporter, &["s3-half", "minio-half"], "credentials").await;
}

#[tokio::test]
async fn none_for_a_public_bucket() {
    let minio = minio().await;
    fill(minio, "public").await;
    minio.mc(&["anonymous", "set", "public", "it/public"]).await;
    let endpoint = minio.endpoint();
    let stores = ["s3", "minio"].map(|kind| {
        let store = store(kind, kind, &endpoint, "anonymous = true");
        store.replace(&format!("bucket = \"{BUCKET}\""), "bucket = \"public\"")
    });
    // The keys that are there are not used.
    let environment = [
        ("AWS_ACCESS_KEY_ID", "nobody"),
        ("AWS_SECRET_ACCESS_KEY", "nothing"),
    ];
    let mut exporter = Place::new().start(&stores, &environment).await;
    until_well(&mut exporter, &["s3", "minio"]).await;
}

#[tokio::test]
async fn the_environment() {
    let session = session(minio().await, "environment").await;
    let place = Place::new();
    let mut environment = vec![
        ("AWS_ACCESS_KEY_ID", &*session.access_key),
        ("AWS_SECRET_ACCESS_KEY", &*session.secret_key),
    ];
    let mut without_token = with(&place, "", &environment).await;
    environment.push(("AWS_SESSION_TOKEN", &*session.token));
    let mut exporter = with(&Place::new(), "", &environment).await;
    until_well(&mut exporter, &["own"]).await;
    until_failing(&mut without_token, &["own"], "credentials").await;
}

#[tokio::test]
async fn nowhere() {
    let mut exporter = with(&Place::new(), "", &[]).await;
    until_failing(&mut exporter, &["own"], "credentials").await;
    let message = message(&exporter, "own").await;
    let advice = "no credentials; give `access_key_id` and `secret_access_key`, or this process a role or a profile";
    assert!(message.contains(advice), "{message}");
}

#[tokio::test]
async fn a_program() {
    let session = session(minio().await, "program").await;
    let place = Place::new();
    let script = place.write("bin/credentials", "#!/bin/sh\ncat \"$1\"\n");
    std::fs::set_permissions(&script, PermissionsExt::from_mode(0o755)).unwrap();
    let printed = place.path().join("printed.json");
    let profile = format!(
        "[profile backup]\nregion = us-east-1\ncredential_process = {} {}\n",
        script.display(),
        printed.display()
    );
    place.write(".aws/config", &profile);
    let mut exporter = with(&place, "profile = \"backup\"", &[]).await;
    // There is nothing to print yet.
    until_failing(&mut exporter, &["own"], "credentials").await;
    place.write("printed.json", &session.printed().to_string());
    until_well(&mut exporter, &["own"]).await;
}

#[tokio::test]
async fn a_container_whose_token_is_replaced() {
    let session = session(minio().await, "container").await;
    let aws = Aws::start(&minio().await.endpoint());
    aws.hand_out(Some(&session));
    aws.want_authorization("token-of-the-pod");
    let place = Place::new();
    let mount = Mount::new(&place, "eks", &[("token", "token-of-before")]);
    let uri = format!("{}/v1/credentials", aws.endpoint());
    let file = mount.path("token");
    let environment = [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", &*uri),
        (
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
            file.to_str().unwrap(),
        ),
    ];
    let mut exporter = with(&place, "", &environment).await;
    until_failing(&mut exporter, &["own"], "credentials").await;
    mount.replace(&[("token", "token-of-the-pod")]);
    until_well(&mut exporter, &["own"]).await;
    let asked = last(&aws, "/v1/credentials");
    assert_eq!(asked.headers["authorization"], "token-of-the-pod");
}

#[tokio::test]
async fn an_instance() {
    let session = session(minio().await, "instance").await;
    let aws = Aws::start(&minio().await.endpoint());
    let endpoint = aws.endpoint();
    let environment = [
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", &*endpoint),
        ("AWS_EC2_METADATA_DISABLED", "false"),
    ];
    let mut exporter = with(&Place::new(), "", &environment).await;
    until_failing(&mut exporter, &["own"], "credentials").await;
    aws.hand_out(Some(&session));
    until_well(&mut exporter, &["own"]).await;
    // IMDSv2: whoever has no token learns nothing.
    let paths = aws.asked();
    assert_eq!(paths[0].path, "/latest/api/token");
    let role = format!(
        "/latest/meta-data/iam/security-credentials/{}",
        Aws::INSTANCE_ROLE
    );
    let asked = last(&aws, &role);
    assert_eq!(
        asked.headers["x-aws-ec2-metadata-token"],
        Aws::INSTANCE_TOKEN
    );
}

/// `aws sso login` has left its token on disk; the portal takes it.
#[tokio::test]
async fn single_sign_on() {
    let session = session(minio().await, "sso").await;
    let aws = Aws::start(&minio().await.endpoint());
    aws.hand_out(Some(&session));
    aws.want_authorization("sso-access-token");
    let place = Place::new();
    let start_url = "https://example.awsapps.com/start";
    place.write(
        ".aws/config",
        &format!(
            "[profile backup]\nregion = us-east-1\nsso_start_url = {start_url}\n\
             sso_region = us-east-1\nsso_account_id = 123456789012\nsso_role_name = reader\n"
        ),
    );
    let portal = aws.endpoint();
    let environment = [
        ("AWS_ENDPOINT_URL_SSO", &*portal),
        ("AWS_PROFILE", "backup"),
    ];
    let mut exporter = with(&place, "", &environment).await;
    // Nobody has logged in.
    until_failing(&mut exporter, &["own"], "credentials").await;
    let token = format!(
        r#"{{"accessToken": "sso-access-token", "expiresAt": "2099-01-01T00:00:00Z", "startUrl": "{start_url}", "region": "us-east-1"}}"#
    );
    // The file is named by the SHA-1 of the address.
    let name = "e8be5486177c5b5392bd9aa76563515b29358e6e";
    place.write(&format!(".aws/sso/cache/{name}.json"), &token);
    until_well(&mut exporter, &["own"]).await;
    let asked = last(&aws, "/federation/credentials");
    assert_eq!(asked.form["account_id"], "123456789012");
    assert_eq!(asked.form["role_name"], "reader");
}

/// With a named session the token is renewed before it expires.
#[tokio::test]
async fn single_sign_on_renewed() {
    let session = session(minio().await, "sso-session").await;
    let aws = Aws::start(&minio().await.endpoint());
    aws.hand_out(Some(&session));
    aws.want_authorization(Aws::SSO_TOKEN);
    let place = Place::new();
    place.write(
        ".aws/config",
        "[profile backup]\nregion = us-east-1\nsso_session = work\n\
         sso_account_id = 123456789012\nsso_role_name = reader\n\
         [sso-session work]\nsso_region = us-east-1\nsso_start_url = https://example.awsapps.com/start\n",
    );
    let token = r#"{"accessToken": "sso-access-token-of-before", "expiresAt": "2020-01-01T00:00:00Z",
        "refreshToken": "sso-refresh-token", "clientId": "client", "clientSecret": "sso-client-secret",
        "registrationExpiresAt": "2099-01-01T00:00:00Z",
        "startUrl": "https://example.awsapps.com/start", "region": "us-east-1"}"#;
    // The SHA-1 of the session's name.
    let name = "e274eeff768c6396088ec6eb091f4bf4d47ab1e0";
    place.write(&format!(".aws/sso/cache/{name}.json"), token);
    let portal = aws.endpoint();
    let environment = [
        ("AWS_ENDPOINT_URL_SSO", &*portal),
        ("AWS_ENDPOINT_URL_SSO_OIDC", &*portal),
    ];
    let mut exporter = with(&place, "profile = \"backup\"", &environment).await;
    until_well(&mut exporter, &["own"]).await;
    let asked = last(&aws, "/token");
    assert_eq!(asked.form["grantType"], "refresh_token");
    assert_eq!(asked.form["refreshToken"], "sso-refresh-token");
}

/// The latest request for this path.
fn last(aws: &Aws, path: &str) -> AskedOfAws {
    let asked = aws.asked();
    let own = asked.iter().rfind(|asked| asked.path == path);
    own.unwrap_or_else(|| panic!("no {path}: {asked:#?}"))
        .clone()
}
