//! HDFS: a name node and a data node of Hadoop's.

use opendal::Operator;
use opendal::services::HdfsNative;
use s3_exporter_api::{FailureKind, chain};
use s3_exporter_testkit::{Port, Process, tool};

use crate::{connect, list};

#[tokio::test]
async fn by_its_own_client() {
    let (folder, port) = (tempfile::tempdir().unwrap(), Port::take());
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let log = folder.path().join("log");
    let number = port.to_string();
    let arguments = [data.to_str().unwrap(), &number];
    let mut server = Process::start(&tool("minidfs"), &arguments, &[], &log);
    server
        .until("it is ready", || async {
            std::fs::read_to_string(&log).is_ok_and(|text| text.contains("ready"))
        })
        .await;
    let address = format!("hdfs://127.0.0.1:{port}");

    let options = [("name_node", address.as_str()), ("root", "/backups")];
    let options = options.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let writer = Operator::from_iter::<HdfsNative>(options).unwrap();
    for (key, size) in crate::folders::files() {
        let content = vec![b'x'; usize::try_from(size).unwrap()];
        writer.write(&key, content).await.unwrap();
    }
    writer.create_dir("empty/in/it/").await.unwrap();

    let section = format!("service = \"hdfs\"\noptions = {{ name_node = \"{address}\" }}\n");
    let backend = connect(&section).await;
    crate::folders::are_listed(&backend, "/backups").await;

    drop(server);
    let error = list(&backend, "/backups", "").await.0.unwrap_err();
    let is_right = matches!(error.kind(), FailureKind::Connect | FailureKind::Timeout);
    assert!(is_right, "{}: {}", error.kind(), chain(&error));
}
