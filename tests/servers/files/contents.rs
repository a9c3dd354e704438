//! `check` reads what the configuration names.

use s3_exporter_testkit::Authority;

use super::{Site, server, store};
use crate::common::Exporter;

#[test]
fn what_is_missing_or_of_no_use_is_told_with_its_line() {
    let site = Site::new();
    let own = Authority::new().issue(&["localhost"]);
    site.write("no.pem", "no certificate");
    site.write("cut.pem", &own.certificate[..100]);
    site.write("bad", b"\xff\xfe");
    site.write("empty", "\n");
    site.write("names", "a\nb/c\n");
    let config = [
        store("one", "s3", "https://127.0.0.1:1", "access_key_id_file = \"none\"\nsecret_access_key_file = \"bad\"\nca_bundle = \"no.pem\""),
        store("two", "minio", "https://127.0.0.1:1", "access_key_id_file = \"empty\"\nsecret_access_key_file = \"/none/secret\"\nca_bundle = \"cut.pem\""),
        "[resolvers.kube]\ntype = \"kubernetes\"\nkubeconfig = \"none.yaml\"\n".to_owned(),
        "[resolvers.list]\ntype = \"static\"\nclusters_file = \"none.txt\"\n".to_owned(),
        "[[destinations]]\nname = \"more\"\nbucket = \"more\"\nbackend = \"one\"\nclusters_file = \"names\"\n".to_owned(),
    ]
    .concat();
    site.write("config.toml", &config);
    let said = site.run(&["check"], &[]);
    assert_eq!((said.code, &*said.stdout), (Some(2), ""), "{said:?}");
    let errors: Vec<_> = said
        .stderr
        .lines()
        .filter_map(|line| line.strip_prefix("error: "))
        .collect();
    let expected = [
        "config.toml:5: `backends.one.access_key_id_file`: reading the secret file none: it cannot be read: there is no such file",
        "config.toml:6: `backends.one.secret_access_key_file`: reading the secret file bad: it is not UTF-8",
        "config.toml:7: `backends.one.ca_bundle`: reading the CA bundle no.pem: it holds no certificate",
        "config.toml:16: `backends.two.access_key_id_file`: reading the secret file empty: it is empty",
        "config.toml:17: `backends.two.secret_access_key_file`: reading the secret file /none/secret: it cannot be read: there is no such file",
        "config.toml:18: `backends.two.ca_bundle`: reading the CA bundle cut.pem: ",
        "config.toml:25: `resolvers.kube.kubeconfig` is \"none.yaml\", which cannot be read: there is no such file",
        "config.toml:28: `resolvers.list.clusters_file`: reading the cluster names in none.txt: there is no such file",
        "config.toml:33: `destinations[2].clusters_file`: reading the cluster names in names: line 2: the cluster name \"b/c\" holds",
    ];
    assert_eq!(errors.len(), expected.len(), "{errors:#?}");
    for (error, expected) in errors.iter().zip(expected) {
        assert!(error.starts_with(expected), "{expected} is not {error}");
    }
    // Those that are there are told, and then what comes of the others.
    let said = site.run(&["check", "--connect"], &[]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.stderr.contains(expected[0]), "{said:?}");
    assert!(
        said.stdout
            .contains("destination one: FAILED, credentials: "),
        "{said:?}"
    );
    // And who serves begins, for files may come.
    let said = site.run(&["explain", "x"], &[]);
    assert!(!said.stderr.contains("the configuration has"), "{said:?}");
}

/// What is meant for a human, or another program, in a file of names.
const ODD: &str =
    "- lab-1\n\"lab-2\"\n[lab-3, lab-4]\nlab-5, lab-6\nlab-7\nlab-7 # again\nclusters:\n";

#[tokio::test]
async fn names_that_are_hardly_meant_are_a_warning_and_names_all_the_same() {
    let server = server();
    let keys = format!(
        "access_key_id = \"{}\"\nsecret_access_key = \"{}\"",
        super::S3sServer::ACCESS_KEY,
        super::S3sServer::SECRET_KEY
    );
    let config = store("own", "s3", &server.endpoint(), &keys) + "clusters_file = \"names\"\n";
    let site = Site::new();
    site.write("config.toml", &config);
    site.write("names", ODD);
    let said = site.run(&["check"], &[]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let warning = said.stderr.lines().next().unwrap_or_default();
    assert!(
        warning.starts_with("warning: config.toml:11: `destinations[0].clusters_file`: reading the cluster names in names: line 1: the name \"- lab-1\" looks like an item of a YAML list"),
        "{said:?}"
    );
    for says in [
        "line 2: the name \"\\\"lab-2\\\"\" is in quotes",
        "line 3: the name \"[lab-3, lab-4]\" looks like a list",
        "line 4: the name \"lab-5, lab-6\" looks like a list",
        "line 6: the cluster name \"lab-7\" is given twice, first in line 5; it counts once",
        "and 1 more",
    ] {
        assert!(warning.contains(says), "{says} is not in {warning}");
    }

    let mut exporter = Exporter::with_config(&config, &[("names", "a\nb\na\n")]).await;
    let known = exporter
        .until("the names are known", |now| {
            now.get("objectstore_resolver_clusters", &[]) == Some(2.0)
        })
        .await;
    assert_eq!(known.get("objectstore_resolver_success", &[]), Some(1.0));
    let odd = |line: &serde_json::Value| {
        line["level"] == "warn"
            && line["odd"]
                .as_str()
                .is_some_and(|said| said.contains("line 3: the cluster name \"a\" is given twice"))
    };
    exporter
        .until_log("the odd one is told", |lines| lines.iter().any(odd))
        .await;
}

#[test]
fn names_in_the_configuration_itself_and_of_buckets() {
    let site = Site::new();
    let config = "[backends.s]\ntype = \"s3\"\nregion = \"eu-central-1\"\n[[destinations]]\n\
                  buckets = [\"My_Bucket\", \"192.168.1.1\", \"good-one\", \"ab\", \"a..b\", \"arn:aws:s3:eu-central-1:123456789012:accesspoint/Own\"]\n\
                  clusters = [\"lab-1\", \"- lab-2\", \"lab-3,lab-4\", \"'lab-5'\"]\nmax_age = \"26h\"\n";
    site.write("config.toml", config);
    let said = site.run(&["check"], &[]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let warnings: Vec<_> = said.stderr.lines().collect();
    let expected = [
        "warning: config.toml:5: `destinations[0].buckets[0]` is \"My_Bucket\": S3 and MinIO have no bucket of such a name, for a name holds lower-case",
        "warning: config.toml:5: `destinations[0].buckets[1]` is \"192.168.1.1\": S3 and MinIO have no bucket of such a name, for no name looks like an IP",
        "warning: config.toml:5: `destinations[0].buckets[3]` is \"ab\": S3 and MinIO have no bucket of such a name, for a name has 3 to 63",
        "warning: config.toml:5: `destinations[0].buckets[4]` is \"a..b\": S3 and MinIO have no bucket of such a name, for no name has two dots",
        "warning: config.toml:6: `destinations[0].clusters[1]` is \"- lab-2\": it looks like an item of a YAML list",
        "warning: config.toml:6: `destinations[0].clusters[2]` is \"lab-3,lab-4\": it looks like a list",
        "warning: config.toml:6: `destinations[0].clusters[3]` is \"'lab-5'\": it is in quotes",
    ];
    assert_eq!(warnings.len(), expected.len(), "{warnings:#?}");
    for (warning, expected) in warnings.iter().zip(expected) {
        assert!(warning.starts_with(expected), "{expected} is not {warning}");
    }
}
