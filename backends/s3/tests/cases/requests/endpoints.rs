//! Where the store is: by the section, by the SDK's own variables and profiles.

use s3_exporter_testkit::{S3sServer, Upload};

use super::{list_with, write};

const KEYS: [(&str, &str); 2] = [
    ("AWS_ACCESS_KEY_ID", S3sServer::ACCESS_KEY),
    ("AWS_SECRET_ACCESS_KEY", S3sServer::SECRET_KEY),
];
/// Nobody is there, so what goes to AWS fails.
const NOBODY: (&str, &str) = ("HTTPS_PROXY", "http://127.0.0.1:1");
const NOWHERE: &str = "http://127.0.0.1:1";

fn list(environment: &[(&str, &str)]) -> String {
    list_with(&[environment, &KEYS, &[NOBODY]].concat())
}

fn server() -> S3sServer {
    let server = S3sServer::start();
    server.store().put_all("bucket", [Upload::new("a", 1)]);
    server
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_section_without_an_endpoint_takes_that_of_the_environment() {
    let server = server();
    let endpoint = server.endpoint();
    let config = |text: &str| write(&format!("[profile p]\n{text}\n"));
    let by_profile = config(&format!("endpoint_url = {endpoint}"));
    let by_services = write(&format!(
        "[profile p]\nservices = s\nendpoint_url = {NOWHERE}\n[services s]\ns3 =\n  endpoint_url = {endpoint}\n"
    ));
    let file = |file: &tempfile::NamedTempFile| file.path().to_str().unwrap().to_owned();
    let (by_profile, by_services) = (file(&by_profile), file(&by_services));
    let (global, own) = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3");
    for environment in [
        &[(own, &*endpoint)][..],
        &[(global, &*endpoint)],
        &[(global, NOWHERE), (own, &*endpoint)],
        &[(global, &*endpoint), ("AWS_REGION", "eu-x-1")],
        &[("AWS_CONFIG_FILE", &*by_profile), ("AWS_PROFILE", "p")],
        &[("AWS_CONFIG_FILE", &*by_profile), ("TEST_PROFILE", "p")],
        &[("AWS_CONFIG_FILE", &*by_services), ("TEST_PROFILE", "p")],
    ] {
        let output = list(environment);
        assert!(
            output.contains("listed 1 objects"),
            "{environment:?}: {output}"
        );
    }
    let ignored = [
        (global, &*endpoint),
        ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"),
        ("AWS_REGION", "eu-west-1"),
    ];
    let output = list(&ignored);
    assert!(output.contains("connect in 4 attempts"), "{output}");
    let output = list(&[(own, "minio:9000")]);
    let expected = "the environment variable AWS_ENDPOINT_URL_S3 is no address of http or https";
    assert!(output.contains(expected), "{output}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ways_to_name_endpoints_of_aws_do_not_apply_where_there_is_one() {
    let server = server();
    let endpoint = ("TEST_ENDPOINT", &*server.endpoint());
    let config = write("[profile p]\nuse_fips_endpoint = true\nuse_dualstack_endpoint = true\n");
    let config = ("AWS_CONFIG_FILE", config.path().to_str().unwrap());
    for environment in [
        &[("AWS_USE_FIPS_ENDPOINT", "true")][..],
        &[("AWS_USE_DUALSTACK_ENDPOINT", "true")],
        &[config, ("AWS_PROFILE", "p")],
        &[config, ("TEST_PROFILE", "p")],
        &[
            ("AWS_ENDPOINT_URL", NOWHERE),
            ("AWS_ENDPOINT_URL_S3", NOWHERE),
        ],
    ] {
        let output = list(&[&[endpoint], environment].concat());
        assert!(
            output.contains("listed 1 objects"),
            "{environment:?}: {output}"
        );
    }
}
