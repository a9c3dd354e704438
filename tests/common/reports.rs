//! A bucket in MinIO with objects of all kinds, and reports of what is in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use figment::value::Tag;
use reqwest::Method;
use s3_exporter_api::{
    Connect, Continuation, ListRequest, ListingKind, Meter, Page, StartAt, VersionState,
};
use s3_exporter_config::{Origin, Section};
use s3_exporter_testkit::reports::{Row, Written};
use s3_exporter_testkit::servers::MinIo;
use s3_exporter_testkit::{S3Client, Upload, values};

use super::Metrics;
use super::hostile::{foreign, names};

/// The section of a MinIO by this type of backend.
pub fn store(minio: &MinIo, kind: &str) -> String {
    let region = match kind {
        "s3" => "region = \"us-east-1\"\n",
        _ => "",
    };
    format!(
        "type = \"{kind}\"\nendpoint = \"{}\"\n{region}access_key_id = \"{}\"\nsecret_access_key = \"{}\"\n",
        minio.endpoint(),
        MinIo::ACCESS_KEY,
        MinIo::SECRET_KEY
    )
}

/// All versions in a bucket, as the store lists them.
pub async fn rows(minio: &MinIo, bucket: &str) -> Vec<Row> {
    let plugins = s3_exporter::wire::plugins();
    let plugin = plugins
        .backends
        .iter()
        .find(|plugin| plugin.name == "minio");
    let mut section = values(&store(minio, "minio"));
    section.remove("type");
    let origins = Arc::new(|_, _: &str| Origin::Default);
    let parsed = Section::parse("x", Tag::Default, section, origins, plugin.unwrap().parse);
    let connect: Box<dyn Connect> = parsed.value.unwrap();
    let backend = connect.connect().await.unwrap();
    let meter = Arc::new(Meter::default());
    let (mut rows, mut page) = (Vec::new(), Page::new());
    let mut token: Option<String> = None;
    loop {
        let request = ListRequest {
            bucket,
            prefix: "",
            kind: ListingKind::Versions,
            from: match &token {
                Some(token) => StartAt::Token(token),
                None => StartAt::Start,
            },
            max_keys: 1000,
            meter: &meter,
        };
        let next = backend.list_page(&request, &mut page).await.unwrap();
        for (object, state) in page.iter().zip(page.states()) {
            let is_delete_marker = *state == VersionState::DeleteMarker;
            rows.push(Row {
                key: String::from_utf8(object.key.to_vec()).unwrap(),
                is_latest: *state != VersionState::Noncurrent,
                is_delete_marker,
                size: (!is_delete_marker).then_some(object.size),
                last_modified: object.last_modified,
                class: String::from_utf8(object.storage_class.name().to_vec()).unwrap(),
            });
        }
        match next {
            Continuation::Token(next) => token = Some(next),
            _ => return rows,
        }
    }
}

pub async fn put(client: &S3Client, written: &Written) {
    for (key, content) in written {
        let path = format!("/reports/{key}");
        let put = client.send(Method::PUT, &path, &[], &[], content.clone());
        put.await
            .unwrap_or_else(|refused| panic!("putting {key}: {refused:?}"));
    }
}

/// Of the rows as many files as there may be.
pub fn parts(rows: &[Row], count: usize) -> Vec<Vec<Row>> {
    let mut parts = vec![Vec::new(); count];
    for (nth, row) in rows.iter().enumerate() {
        parts[nth % count].push(row.clone());
    }
    parts
}

/// Keys of clusters, hostile ones and others, with versions and delete markers.
pub async fn fill(client: &S3Client) -> usize {
    client.create_bucket("backups").await;
    client.enable_versioning("backups").await;
    client.create_bucket("reports").await;
    let mut put = 0;
    let hostile = names()
        .into_iter()
        .map(|name| format!("{name}-1\u{1b}[2J\n"));
    let own = (0..300).map(|nth| format!("lab-{}-{nth:03}", nth % 3));
    for (nth, key) in hostile.chain(foreign()).chain(own).enumerate() {
        let class = ["STANDARD", "REDUCED_REDUNDANCY"][nth % 2];
        // Not each can be kept by MinIO.
        let upload = Upload::new(&*key, 3 * nth as u64).class(class);
        put += usize::from(client.try_put("backups", &upload).await.is_ok());
        if nth % 5 == 0 && key.starts_with("lab-") {
            client.put("backups", &Upload::new(&*key, nth as u64)).await;
        }
        if nth % 7 == 0 && key.starts_with("lab-") {
            client.delete("backups", &key).await;
        }
    }
    put
}

/// Families that are of how it was listed, and when, and not of what there is.
const OF_THE_SCAN: [&str; 6] = [
    "objectstore_scan_",
    "objectstore_scans_",
    "objectstore_api_",
    "objectstore_beside_",
    "objectstore_store_up",
    "objectstore_destination_info",
];

/// What is shown of a destination's objects.
pub fn figures(metrics: &Metrics, destination: &str) -> BTreeMap<String, f64> {
    let own = metrics.with(&[("destination", destination)]);
    let mut figures = BTreeMap::new();
    for name in own.names() {
        if !name.starts_with("objectstore_") || OF_THE_SCAN.iter().any(|of| name.starts_with(of)) {
            continue;
        }
        for (series, value) in own.all(name, &[]) {
            let series = series.replace(&format!("destination=\"{destination}\""), "");
            figures.insert(series, value);
        }
    }
    figures
}
