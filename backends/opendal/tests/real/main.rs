//! What opendal lists of real servers, and of made-up answers where there is none.
#![allow(clippy::unwrap_used)]

mod answers;
mod docs;
mod folders;
mod hdfs;
mod sftp;
mod stub;
mod swift;
mod webdav;

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use figment::value::{Dict, Tag};
use s3_exporter_api::{
    Backend, BackendError, Connect, Continuation, ListRequest, ListingKind, Meter, Operation, Page,
    StartAt,
};
use s3_exporter_config::{Origin, Section};
use s3_exporter_testkit::{Upload, values};

/// A section, and what is wrong with it.
pub fn parse(section: &str) -> (Option<Box<dyn Connect>>, Vec<String>) {
    parse_values(&values(section))
}

/// The same; `type` is somebody else's.
pub fn parse_values(section: &Dict) -> (Option<Box<dyn Connect>>, Vec<String>) {
    let origins = Arc::new(|_, _: &str| Origin::Default);
    let mut section = section.clone();
    section.remove("type");
    let plugin = s3_exporter_opendal::PLUGIN;
    let parsed = Section::parse("backends.x", Tag::Default, section, origins, plugin.parse);
    let faults = parsed.errors.iter().map(ToString::to_string);
    (parsed.value, faults.collect())
}

/// A backend.
pub async fn connect(section: &str) -> Arc<dyn Backend> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (config, faults) = parse(section);
    assert_eq!(faults, [""; 0], "{section}");
    config.unwrap().connect().await.unwrap()
}

/// What it lists, three objects a page, sorted; and how many attempts it took.
pub async fn list(
    backend: &Arc<dyn Backend>,
    bucket: &str,
    prefix: &str,
) -> (Result<Vec<(String, u64)>, BackendError>, u64) {
    let (meter, mut page) = (Arc::<Meter>::default(), Page::new());
    let (mut all, mut token) = (Vec::new(), None::<String>);
    let listed = loop {
        let request = ListRequest {
            bucket,
            prefix,
            kind: ListingKind::Objects,
            from: token.as_deref().map_or(StartAt::Start, StartAt::Token),
            max_keys: 3,
            meter: &meter,
        };
        let next = backend.list_page(&request, &mut page).await;
        let objects = page.iter().map(|object| {
            let key = String::from_utf8_lossy(object.key).into_owned();
            (key, object.size)
        });
        match next {
            Err(error) => break Err(error),
            Ok(next) => {
                all.extend(objects);
                match next {
                    Continuation::Token(next) => token = Some(next),
                    _ => {
                        all.sort();
                        break Ok(all);
                    }
                }
            }
        }
    };
    (listed, meter.attempts(Operation::ListObjectsV2))
}

/// Makes a file, and the folders to it, where a folder can hold it.
pub fn put(folder: &Path, upload: &Upload) -> Result<(), String> {
    let told = |cause| format!("{:?}: {cause}", upload.key);
    let class = upload.storage_class.as_deref();
    if let Some(class) = class.filter(|class| *class != "STANDARD") {
        return Err(format!("no way to keep {:?} as {class}", upload.key));
    }
    let millis = upload.last_modified.map(|time| time.as_millis());
    if millis.is_some_and(|millis| millis % 1000 != 0) {
        return Err(format!("no way to tell the time of {upload:?}"));
    }
    let path = folder.join(&upload.key);
    fs::create_dir_all(path.parent().unwrap()).map_err(told)?;
    let file = File::create(path).map_err(told)?;
    file.set_len(upload.size).map_err(told)?;
    if let Some(millis) = millis.and_then(|millis| u64::try_from(millis).ok()) {
        let time = UNIX_EPOCH + Duration::from_millis(millis);
        file.set_modified(time).map_err(told)?;
    }
    Ok(())
}

/// Waits until somebody listens there.
pub async fn listens(port: u16) {
    let waiting = async {
        while tokio::net::TcpStream::connect(("127.0.0.1", port))
            .await
            .is_err()
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let came = tokio::time::timeout(Duration::from_secs(90), waiting).await;
    assert!(came.is_ok(), "nobody listens on {port}");
}
