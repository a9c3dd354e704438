//! `docs/opendal.md` is of this plug-in, as the documents' other tests are of a program without it.

use std::path::Path;

use s3_exporter_config::Plugin;
use s3_exporter_opendal::SERVICES;
use s3_exporter_testkit::values;

use crate::parse;

fn page() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::fs::read_to_string(root.join("docs/opendal.md")).unwrap()
}

/// The text of its blocks of TOML.
fn blocks(page: &str) -> Vec<&str> {
    let parts = page.split("```toml\n").skip(1);
    parts
        .map(|rest| rest.split_once("\n```").unwrap().0)
        .collect()
}

#[test]
fn there_is_a_configuration_of_each_service_that_is_good() {
    let page = page();
    let mut seen = Vec::new();
    for block in blocks(&page) {
        let values = values(block);
        let backends = values.get("backends").and_then(|all| all.as_dict());
        for (name, section) in backends.into_iter().flatten() {
            let section = section.as_dict().unwrap();
            let service = section["service"].as_str().unwrap().to_owned();
            let (config, faults) = crate::parse_values(section);
            assert_eq!(faults, [""; 0], "{name}");
            let config = config.unwrap();
            for destination in values["destinations"].as_array().unwrap() {
                let destination = destination.as_dict().unwrap();
                if destination["backend"].as_str() == Some(name) {
                    let bucket = config.bucket(destination["bucket"].as_str().unwrap());
                    let is_bad = matches!(bucket, s3_exporter_api::BucketName::Bad(_));
                    assert!(!is_bad, "{name}: {bucket:?}");
                }
            }
            seen.push(service);
        }
    }
    for (service, _) in SERVICES {
        assert!(
            seen.iter().any(|of| of == service),
            "no configuration of {service}"
        );
    }
}

#[test]
fn each_key_is_told() {
    let page = page();
    let Plugin { keys, .. } = s3_exporter_opendal::PLUGIN;
    for key in keys {
        assert!(page.contains(&format!("`{}`", key.name)), "{}", key.name);
        if let Some(default) = key.default.filter(|default| *default != "false") {
            assert!(
                page.contains(default.trim_matches('"')),
                "{}: {default}",
                key.name
            );
        }
    }
}

#[test]
fn defaults_are_those_of_the_keys() {
    let text = "service = \"webdav\"\noptions = { endpoint = \"https://x.example\" }\n";
    let keys = s3_exporter_opendal::PLUGIN.keys.iter();
    let defaults: String = keys
        .filter_map(|key| Some(format!("{} = {}\n", key.name, key.default?)))
        .collect();
    let [(own, faults), (written, none)] = [parse(text), parse(&format!("{text}{defaults}"))];
    assert_eq!((faults, none), (Vec::new(), Vec::new()));
    assert_eq!(format!("{own:?}"), format!("{written:?}"));
}

#[test]
fn faults_say_what_would_be_right() {
    let table: [(&str, &[&str]); 11] = [
        (
            "",
            &[
                "`backends.x.service` is missing: expected one of \"swift\", \"webdav\", \"sftp\", \"b2\", \"oss\", \"cos\", \"obs\", \"hdfs\"",
            ],
        ),
        (
            "service = \"webdav\"",
            &[
                "`backends.x.options.endpoint` is missing: expected an address such as \"https://cloud.example/remote.php/dav/files/me\"",
            ],
        ),
        (
            "service = \"webdav\"\noptions = { endpoint = \"https://x.example\", username = \"me\", rot = \"/\" }",
            &[
                "`backends.x.options.password` is missing: `username` is of no use without it",
                "unknown key `backends.x.options.rot`",
            ],
        ),
        (
            "service = \"swift\"\noptions = { auth_url = \"https://x.example/auth/v1.0\", username = \"me\", password = \"hidden\", project = \"p\" }",
            &[
                "`backends.x.options.project` is of no use without Keystone: an `auth_url` that ends in `/v3`",
            ],
        ),
        (
            "service = \"swift\"\noptions = { endpoint = \"https://x.example/v1/AUTH_a\" }",
            &[
                "`backends.x.options.username` is missing: expected `auth_url`, `username` and `password`, or `endpoint` and `token`",
            ],
        ),
        (
            "service = \"sftp\"\nca_bundle = \"x\"\noptions = { endpoint = \"-oProxyCommand=x\" }",
            &[
                "`backends.x.ca_bundle` is of no use to this service, which is not reached by HTTP",
                "`backends.x.options.endpoint` is \"-oProxyCommand=x\": expected a host such as \"backup.example:22\"; who logs in goes into `user`",
            ],
        ),
        (
            "service = \"sftp\"\noptions = { endpoint = \"x.example\", known_hosts_strategy = \"accept\" }",
            &[
                "`backends.x.options.known_hosts_strategy` is \"accept\": expected \"strict\" or \"add\"",
            ],
        ),
        (
            "service = \"obs\"\noptions = { endpoint = \"https://backups.example\", access_key_id = \"id\", secret_access_key = \"hidden\" }",
            &[
                "`backends.x.options.endpoint` is of no use to opendal: expected a host such as \"obs.ap-southeast-3.myhuaweicloud.com\"; for others take type \"s3\"",
            ],
        ),
        (
            "service = \"b2\"\noptions = { application_key_id = \"id\" }",
            &["`backends.x.options.application_key` is missing (or `application_key_file`)"],
        ),
        (
            "service = \"hdfs\"\noptions = { name_node = \"namenode\" }",
            &[
                "`backends.x.options.name_node` is \"namenode\": expected such as \"hdfs://namenode.example:8020\", several with a comma between",
            ],
        ),
        (
            "service = \"oss\"\noptions = { endpoint = \"https://x.example\", access_key_id = \"id\", access_key_secret = 4711 }",
            &["`backends.x.options.access_key_secret` is no string: put it in quotes"],
        ),
    ];
    for (text, expected) in table {
        let (_, faults) = parse(text);
        assert_eq!(faults, expected, "{text}");
    }
}

#[test]
fn no_secret_is_shown() {
    for (service, options) in [
        (
            "webdav",
            "endpoint = \"https://x.example\", token = \"hidden\"",
        ),
        (
            "b2",
            "application_key_id = \"hidden\", application_key = \"hidden\"",
        ),
        (
            "oss",
            "endpoint = \"https://x.example\", access_key_id = \"hidden\", access_key_secret = \"hidden\"",
        ),
        (
            "swift",
            "endpoint = \"https://x.example/v1/a\", token = \"hidden\"",
        ),
    ] {
        let (config, faults) = parse(&format!(
            "service = \"{service}\"\noptions = {{ {options} }}"
        ));
        assert_eq!(faults, [""; 0]);
        let config = config.unwrap();
        let shown = format!("{config:?} {}", config.store_url());
        assert!(!shown.contains("hidden"), "{shown}");
    }
}
