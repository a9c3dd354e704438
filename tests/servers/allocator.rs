//! How many heaps the process has, however it is started.

use s3_exporter_testkit::S3sServer;

use crate::common::Exporter;

const VARIABLE: &str = "MALLOC_ARENA_MAX";

#[tokio::test]
async fn there_is_one_heap_unless_the_environment_says_how_many() {
    let server = S3sServer::start();
    let config = format!(
        "[backends.store]\ntype = \"minio\"\nendpoint = \"{}\"\naccess_key_id = \"{}\"\nsecret_access_key = \"{}\"\n\
         [[destinations]]\nbucket = \"backups\"\n",
        server.endpoint(),
        S3sServer::ACCESS_KEY,
        S3sServer::SECRET_KEY,
    );
    let three = [(VARIABLE, "3")];
    for (given, heaps) in [(&[][..], "1"), (&three, "3")] {
        let exporter = Exporter::with_config_in(&config, &[], given).await;
        let of =
            |file| std::fs::read_to_string(format!("/proc/{}/{file}", exporter.pid())).unwrap();
        let environment = of("environ");
        let found: Vec<_> = environment
            .split('\0')
            .filter_map(|variable| variable.strip_prefix(VARIABLE))
            .collect();
        assert_eq!(found, [format!("={heaps}")], "given {given:?}");
        let name = std::path::Path::new(env!("CARGO_BIN_EXE_s3-exporter"))
            .file_name()
            .unwrap();
        assert_eq!(of("comm").trim(), name, "it is still found by its name");
    }
}
