//! Roles that are assumed: with keys, and with a token.

use s3_exporter_testkit::{AskedOfAws, Aws, OpenId};

use crate::credentials::place::*;

const ROLE: &str = "arn:aws:iam::123456789012:role/backup-reader";

/// Of one who may assume roles.
fn keys(name: &str) -> String {
    format!(
        "access_key_id = \"{name}\"\nsecret_access_key = \"{}\"\n",
        secret_of(name)
    )
}

fn role(sts: &str, lines: &str) -> String {
    format!("role_arn = \"{ROLE}\"\nsts_endpoint = \"{sts}\"\n{lines}\n")
}

/// Who signed it, by the access key in `authorization`.
fn signer(asked: &AskedOfAws) -> &str {
    let authorization = asked.headers["authorization"].to_str().unwrap();
    let (_, rest) = authorization.split_once("Credential=").unwrap();
    assert!(rest.contains("/us-east-1/sts/aws4_request"), "{rest}");
    rest.split_once('/').unwrap().0
}

#[tokio::test]
async fn with_keys_an_external_id_and_a_name() {
    let minio = minio().await;
    user(minio, "role-user").await;
    let endpoint = minio.endpoint();
    let aws = Aws::start(&endpoint);
    aws.want_external_id("id-of-the-owner");
    let id = "external_id = \"id-of-the-owner\"";
    let name = "role_session_name = \"backup-watch\"";
    let of_user = keys("role-user");
    let store = |own: &str, lines: String| store(own, "s3", &endpoint, &lines);
    let place = Place::new();
    user(minio, "profile-user").await;
    let (secret, of_profile) = (secret_of("role-user"), secret_of("profile-user"));
    place.write(
        ".aws/credentials",
        &format!(
            "[base]\naws_access_key_id = profile-user\naws_secret_access_key = {of_profile}\n"
        ),
    );
    let sts = aws.endpoint();
    let stores = [
        store(
            "named",
            of_user.clone() + &role(&sts, &format!("{id}\n{name}")),
        ),
        store("unnamed", of_user.clone() + &role(&sts, id)),
        store("unsaid", of_user.clone() + &role(&sts, name)),
        store("profile", format!("profile = \"base\"\n{}", role(&sts, id))),
        // MinIO's own STS is at its own address.
        store("minio", of_user.clone() + &role(&endpoint, "")),
        // By the environment, which the key overrides.
        store(
            "environment",
            of_user + &format!("role_arn = \"{ROLE}\"\n{id}"),
        ),
        store("chain", role(&sts, id)),
    ];
    let environment = [
        ("AWS_ENDPOINT_URL_STS", &*sts),
        // A profile that is asked for comes before them.
        ("AWS_ACCESS_KEY_ID", "role-user"),
        ("AWS_SECRET_ACCESS_KEY", &*secret),
    ];
    let mut exporter = place.start(&stores, &environment).await;
    let good = [
        "named",
        "unnamed",
        "profile",
        "minio",
        "environment",
        "chain",
    ];
    until_well(&mut exporter, &good).await;
    until_failing(&mut exporter, &["unsaid"], "credentials").await;
    let text = message(&exporter, "unsaid").await;
    assert!(
        text.contains("not authorized to perform: sts:AssumeRole"),
        "{text}"
    );

    let asked = aws.asked();
    let mut names: Vec<_> = asked
        .iter()
        .filter(|asked| asked.form.contains_key("ExternalId"))
        .map(|asked| {
            assert_eq!(asked.form["Action"], "AssumeRole");
            assert_eq!(asked.form["RoleArn"], ROLE);
            assert_eq!(asked.form["ExternalId"], "id-of-the-owner");
            (signer(asked), &*asked.form["RoleSessionName"])
        })
        .collect();
    names.sort_unstable();
    // One session each, which is used again by each scan.
    let expected = [
        ("profile-user", "s3-exporter"),
        ("role-user", "backup-watch"),
        ("role-user", "s3-exporter"),
        ("role-user", "s3-exporter"),
        ("role-user", "s3-exporter"),
    ];
    assert_eq!(names, expected, "{asked:#?}");
}

#[tokio::test]
async fn by_a_profile_with_a_source() {
    let minio = minio().await;
    user(minio, "source-user").await;
    let aws = Aws::start(&minio.endpoint());
    aws.want_external_id("id-of-the-owner");
    let place = Place::new();
    let credentials = format!(
        "[source]\naws_access_key_id = source-user\naws_secret_access_key = {}\n",
        secret_of("source-user")
    );
    let credentials = place.write("elsewhere/credentials", &credentials);
    let config = place.write(
        "elsewhere/config",
        &format!(
            "[profile backup]\nregion = us-east-1\nrole_arn = {ROLE}\nsource_profile = source\n\
             external_id = id-of-the-owner\nrole_session_name = of-the-profile\n\
             services = local\n[services local]\nsts =\n  endpoint_url = {}\n",
            aws.endpoint()
        ),
    );
    let environment = [
        ("AWS_CONFIG_FILE", config.to_str().unwrap()),
        ("AWS_SHARED_CREDENTIALS_FILE", credentials.to_str().unwrap()),
    ];
    let endpoint = minio.endpoint();
    let stores = [store("own", "s3", &endpoint, "profile = \"backup\"")];
    let mut exporter = place.start(&stores, &environment).await;
    until_well(&mut exporter, &["own"]).await;
    let asked = aws.asked();
    assert_eq!(asked[0].form["RoleSessionName"], "of-the-profile");
    assert_eq!(signer(&asked[0]), "source-user");
}

/// As pods of EKS have it; MinIO's STS makes the session, for which it asks the token's
/// issuer for its keys.
#[tokio::test]
async fn with_a_token_that_is_replaced() {
    let (provider, minio) = servers().await;
    let place = Place::new();
    let expired = provider.token("pod", -60);
    let mount = Mount::new(&place, "token", &[("token", &expired)]);
    let (endpoint, arn) = (minio.endpoint(), OpenId::role_arn());
    let aws = Aws::start(&endpoint);
    let sts = aws.endpoint();
    let file = mount.path("token");
    let environment = [
        ("AWS_ROLE_ARN", &*arn),
        ("AWS_ROLE_SESSION_NAME", "pod"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", file.to_str().unwrap()),
        ("AWS_ENDPOINT_URL_STS", &*sts),
    ];
    let stores = [store("own", "s3", &endpoint, "")];
    let mut exporter = place.start(&stores, &environment).await;
    until_failing(&mut exporter, &["own"], "credentials").await;
    mount.replace(&[("token", &provider.token("pod", 3600))]);
    until_well(&mut exporter, &["own"]).await;
    let asked = aws.asked();
    let asked = asked.last().unwrap();
    assert_eq!(asked.form["Action"], "AssumeRoleWithWebIdentity");
    assert_eq!(asked.form["RoleArn"], arn);
    assert_eq!(asked.form["RoleSessionName"], "pod");
    assert!(!asked.headers.contains_key("authorization"), "{asked:?}");
}
